package derive

import (
	"embed"
	"encoding/csv"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/*.csv
var files embed.FS

// Marks of a row's diagnoses, which decide whether a stay counts in rule R1.
const (
	MarkCancer       uint8 = 1 << iota // C00 to C97 in any place
	MarkChemotherapy                   // Z51.1 in any place
	MarkObstetric                      // O00 to O99 as the main diagnosis
)

// Diagnoses is what comorbidity and readmission need of a row's diagnoses: bit
// sets of the conditions of either score, in the order of the embedded table,
// and marks.
type Diagnoses struct {
	Charlson   uint32
	Elixhauser uint32
	Marks      uint8
}

// Or returns both together.
func (d Diagnoses) Or(e Diagnoses) Diagnoses {
	return Diagnoses{d.Charlson | e.Charlson, d.Elixhauser | e.Elixhauser, d.Marks | e.Marks}
}

// Tables holds the codes of conditions and condition groups. It is immutable
// and safe for concurrent use.
type Tables struct {
	diagnoses  []Diagnoses // by place
	groups     []uint8     // by place
	names      []string    // of the groups
	other      uint8       // group of every diagnosis that no prefix names
	charlson   score
	elixhauser score
}

// score is the conditions of a comorbidity score. Sources: ICD-10 prefixes of
// Quan and others 2005; weights of Charlson 1987 and of van Walraven 2009.
type score struct {
	conditions []string
	weights    [32]int16
	removes    [32]uint32 // M3: the milder conditions that this one stands for
}

// A place in a table is that of a code's category, A00 to Z99, and its fourth
// character; codes without one, or with none that is a digit, share the last.
const (
	fourths = 11
	places  = 26 * 100 * fourths
)

func digit(b byte) bool { return '0' <= b && b <= '9' }

// place returns where a code stands. A code that is not of ICD-10's form has no
// place. It takes the code as rule C7 leaves it and minds no filler X.
func place(code string) (int, bool) {
	if len(code) < 3 || code[0] < 'A' || code[0] > 'Z' || !digit(code[1]) || !digit(code[2]) {
		return 0, false
	}
	at := (int(code[0]-'A')*100+int(code[1]-'0')*10+int(code[2]-'0'))*fourths + fourths - 1
	if len(code) > 3 && digit(code[3]) {
		at += int(code[3]-'0') - (fourths - 1)
	}
	return at, true
}

// under calls visit for every place that begins with the prefix.
func under(prefix string, visit func(at int)) error {
	at, ok := place(prefix)
	if !ok || len(prefix) > 4 || len(prefix) == 4 && !digit(prefix[3]) {
		return fmt.Errorf("%q is not the beginning of an ICD-10 code", prefix)
	}
	if len(prefix) == 4 {
		visit(at)
		return nil
	}
	for i := range fourths {
		visit(at - i)
	}
	return nil
}

// Load reads the embedded tables. It fails only if they are broken, which a
// test excludes.
func Load() (*Tables, error) {
	t := &Tables{diagnoses: make([]Diagnoses, places), groups: make([]uint8, places)}
	if err := t.loadConditions(); err != nil {
		return nil, err
	}
	if err := t.loadGroups(); err != nil {
		return nil, err
	}
	return t, nil
}

func read(name, header string) ([][]string, error) {
	f, err := files.Open("data/" + name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(rows) < 2 || strings.Join(rows[0], ",") != header {
		return nil, fmt.Errorf("read %s: the header is not %s", name, header)
	}
	return rows[1:], nil
}

func (t *Tables) loadConditions() error {
	rows, err := read("comorbidity.csv", "scheme,condition,weight,prefixes")
	if err != nil {
		return err
	}
	for i, row := range rows {
		s, bit := &t.charlson, func(d *Diagnoses) *uint32 { return &d.Charlson }
		if row[0] == "elixhauser" {
			s, bit = &t.elixhauser, func(d *Diagnoses) *uint32 { return &d.Elixhauser }
		} else if row[0] != "charlson" {
			return fmt.Errorf("comorbidity.csv line %d: the scheme is neither charlson nor elixhauser", i+2)
		}
		n := len(s.conditions)
		weight, err := strconv.ParseInt(row[2], 10, 16)
		if err != nil || n == 32 {
			return fmt.Errorf("comorbidity.csv line %d: the weight is no number, or the scheme has more than 32 conditions", i+2)
		}
		s.conditions, s.weights[n] = append(s.conditions, row[1]), int16(weight)
		for _, prefix := range strings.Fields(row[3]) {
			if err := under(prefix, func(at int) { *bit(&t.diagnoses[at]) |= 1 << n }); err != nil {
				return fmt.Errorf("comorbidity.csv line %d: %w", i+2, err)
			}
		}
	}
	for _, mark := range [...]struct {
		from, to string
		bit      uint8
	}{{"C00", "C97", MarkCancer}, {"O00", "O99", MarkObstetric}} {
		from, _ := place(mark.from)
		to, _ := place(mark.to)
		for at := from - (fourths - 1); at <= to; at++ {
			t.diagnoses[at].Marks |= mark.bit
		}
	}
	chemotherapy, _ := place("Z511")
	t.diagnoses[chemotherapy].Marks |= MarkChemotherapy
	if err := t.charlson.rank([][2]string{{"msld", "mld"}, {"diabwc", "diab"}, {"metacanc", "canc"}}); err != nil {
		return err
	}
	return t.elixhauser.rank([][2]string{{"diabc", "diabunc"}, {"metacanc", "solidtum"}, {"hypc", "hypunc"}})
}

// rank notes which condition stands for which milder one.
func (s *score) rank(pairs [][2]string) error {
	for _, pair := range pairs {
		severe, mild := slices.Index(s.conditions, pair[0]), slices.Index(s.conditions, pair[1])
		if severe < 0 || mild < 0 {
			return fmt.Errorf("comorbidity.csv: the conditions %s and %s are needed", pair[0], pair[1])
		}
		s.removes[severe] = 1 << mild
	}
	return nil
}

// sum returns the score of a set of conditions, the hierarchy M3 applied.
func (s *score) sum(set uint32) int16 {
	for rest := set; rest != 0; rest &= rest - 1 {
		set &^= s.removes[bits.TrailingZeros32(rest)]
	}
	total := int16(0)
	for ; set != 0; set &= set - 1 {
		total += s.weights[bits.TrailingZeros32(set)]
	}
	return total
}

func (t *Tables) loadGroups() error {
	rows, err := read("condition_groups.csv", "group,prefixes")
	if err != nil {
		return err
	}
	// The last group is the default. Categories go first, so that a prefix of
	// four characters has the last word.
	t.other = uint8(len(rows) - 1)
	for at := range t.groups {
		t.groups[at] = t.other
	}
	for _, length := range [...]int{3, 4} {
		for i, row := range rows {
			for _, prefix := range strings.Fields(row[1]) {
				if len(prefix) != length && (len(prefix) == 3 || len(prefix) == 4) {
					continue
				}
				if err := under(prefix, func(at int) { t.groups[at] = uint8(i) }); err != nil {
					return fmt.Errorf("condition_groups.csv line %d: %w", i+2, err)
				}
			}
		}
	}
	for _, row := range rows {
		t.names = append(t.names, row[0])
	}
	return nil
}

// Diagnosis returns what one code says: a cleaned diagnosis as rule C7 leaves
// it, four characters at most ("L400", "L40", "C439"). Obstetric codes count in
// the main diagnosis only. The caller joins the row's codes with Or.
func (t *Tables) Diagnosis(code string, main bool) Diagnoses {
	at, ok := place(code)
	if !ok {
		return Diagnoses{}
	}
	d := t.diagnoses[at]
	if !main {
		d.Marks &^= MarkObstetric
	}
	return d
}

// ConditionGroup returns the index in Groups of a main diagnosis, written as
// for Diagnosis. The longest prefix wins; what no prefix names, and a missing
// diagnosis, is in the last group.
func (t *Tables) ConditionGroup(mainDiagnosis string) uint8 {
	at, ok := place(mainDiagnosis)
	if !ok {
		return t.other
	}
	return t.groups[at]
}

// Groups returns the codes of the condition groups, as in the code list
// CONDITION_GROUP. The caller may change the slice.
func (t *Tables) Groups() []string { return slices.Clone(t.names) }
