package dump

import (
	"cmp"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/rollup"
)

// Names of columns that are no fields of the dictionary.
const (
	everything = "ALL"      // every column held; "*" too
	counted    = "EPISODES" // number of episodes of a spell or patient
	origin     = "ORIGIN"   // "file:line" that the row was read from
	rawPrefix  = "RAW_"     // before a field: its text as delivered
)

// source is where a column of an episode's or a spell's line comes from.
type source struct {
	from part
	at   int // in the part
	cell int // the same among all cells of a gathered row; -1: nowhere
	pick rollup.Pick
}

type part uint8

const (
	nowhere part = iota // the release does not hold it
	value
	raw
	whence // the origin
	number // of episodes
)

// of returns the column of an episode's line.
func (s source) of(r Row) string {
	switch s.from {
	case value:
		return r.Values[s.at]
	case raw:
		return r.Raw[s.at]
	case whence:
		return r.Origin
	}
	return ""
}

// resolver gathers what a request's names come to.
type resolver struct {
	d       *hes.Dictionary
	held    map[string]bool
	allow   bool
	t       *Table
	missing []string // named, but not held
}

// Resolve reads a request against what a release holds. held are the release's
// fields as an engine names them, a family by its own name.
//
// Names are those of the dictionary in any case, older names too (their values
// come under the name that was asked for); a slot (DIAG_02), or a family
// (DIAG_nn), which stands for all its slots. RAW_ before a name asks for the
// text as delivered; ORIGIN for the file and line that a row was read from.
// "all" or "*" stands for every column held but those that identify a person
// directly, which have to be named. Spells have EPISODES beside; patients have
// columns of their own (see PatientColumns) and no others.
//
// Errors are of kind Invalid and list the names that come near, or what the
// release does not hold.
func Resolve(r Request, held []string, d *hes.Dictionary, c *hes.Codes) (*Table, error) {
	rs := &resolver{d: d, held: map[string]bool{}, allow: r.AllowMissing, t: &Table{unit: r.Unit}}
	for _, h := range held {
		rs.held[h] = true
	}
	var err error
	switch r.Unit {
	case Episodes, Spells:
		err = rs.rows(r.Columns, held)
	case Patients:
		err = rs.patients(r.Columns, c)
	default:
		err = fault.New(fault.Invalid, "A line stands for an episode, a spell or a patient.")
	}
	if err != nil {
		return nil, err
	}
	if len(rs.missing) > 0 {
		return nil, fault.New(fault.Invalid, "This release does not hold what is needed for %s. Leave out what it does not hold, or ask for empty columns with --allow-missing.", strings.Join(rs.missing, ", "))
	}
	if len(rs.t.columns) == 0 {
		return nil, fault.New(fault.Invalid, "No columns are named. Name some, or “all”.")
	}
	seen := map[string]bool{}
	for _, col := range rs.t.columns {
		if seen[col.Name] {
			return nil, fault.New(fault.Invalid, "The column %s is asked for twice.", col.Name)
		}
		seen[col.Name] = true
	}
	for i := range rs.t.sources {
		s := &rs.t.sources[i]
		s.cell = [...]int{nowhere: -1, value: s.at, raw: len(rs.t.fields) + s.at, whence: len(rs.t.fields) + len(rs.t.raw), number: -1}[s.from]
	}
	return rs.t, nil
}

// rows resolves the columns of episodes and spells.
func (rs *resolver) rows(names, held []string) error {
	t := rs.t
	for _, name := range names {
		upper := strings.ToUpper(strings.TrimSpace(name))
		f, known := rs.d.Field(upper)
		bare, delivered := strings.CutPrefix(upper, rawPrefix)
		switch {
		case known:
			rs.field(f, value)
		case upper == everything || upper == "*":
			for _, h := range held {
				if f, ok := rs.d.Field(h); ok && f.Class != hes.Prohibited {
					rs.field(f, value)
				}
			}
			if t.unit == Spells {
				rs.put(Column{counted, hes.Int}, source{from: number})
			}
		case upper == counted && t.unit == Spells:
			rs.put(Column{counted, hes.Int}, source{from: number})
		case upper == origin:
			rs.put(Column{origin, hes.Key}, source{from: whence})
		case delivered:
			f, known := rs.d.Field(bare)
			if !known {
				return unknown(rs.d, bare)
			}
			if f.Derived() {
				return fault.New(fault.Invalid, "%s is worked out by this program, so there is no delivered text of it.", f.Name)
			}
			rs.field(f, raw)
		default:
			return unknown(rs.d, upper)
		}
	}
	if t.unit == Episodes {
		return nil
	}
	if !rs.held["PROVIDER_SPELL"] {
		return fault.New(fault.Invalid, "This release has no spells: it was made before they were worked out. Load the files again.")
	}
	t.spell, t.order = rs.input("PROVIDER_SPELL"), rollup.NewOrder(rs.input)
	return nil
}

// field adds a field's column, a family's slot by slot.
func (rs *resolver) field(f hes.Field, from part) {
	for slot := 1; slot <= f.Slots; slot++ {
		if s, ok := rs.d.Field(f.SlotName(slot)); ok {
			rs.field(s, from)
		}
	}
	if f.List() {
		return
	}
	c := rs.d.Canonical(f)
	s := source{from: from, pick: rollup.PickOf(c.Name)}
	col := Column{f.Name, f.Type}
	if from == raw {
		col = Column{rawPrefix + f.Name, hes.Code}
	}
	switch {
	case !rs.held[cmp.Or(c.Family, c.Name)]:
		if !rs.allow {
			rs.missing = append(rs.missing, col.Name)
		}
		s.from = nowhere
	case from == raw:
		rs.t.raw, s.at = index(rs.t.raw, c.Name)
	default:
		s.at = rs.input(c.Name)
	}
	rs.put(col, s)
}

func (rs *resolver) put(c Column, s source) {
	rs.t.columns = append(rs.t.columns, c)
	rs.t.sources = append(rs.t.sources, s)
}

// input returns the cell of a field, which is scanned from now on; -1 if the
// release does not hold it.
func (rs *resolver) input(name string) int {
	f, _ := rs.d.Field(name)
	if !rs.held[cmp.Or(f.Family, f.Name)] {
		return -1
	}
	var at int
	rs.t.fields, at = index(rs.t.fields, name)
	return at
}

// index returns a list that holds a name, and where.
func index(list []string, name string) ([]string, int) {
	if i := slices.Index(list, name); i >= 0 {
		return list, i
	}
	return append(list, name), len(list)
}

// unknown says that there is no such column, and which names come near.
func unknown(d *hes.Dictionary, name string) error {
	var all []string
	for _, f := range d.Fields() {
		all = append(all, f.Name)
	}
	return noColumn(name, all, "See “webenable dictionary”.")
}

func noColumn(name string, all []string, otherwise string) error {
	if len(name) > 60 {
		return fault.New(fault.Invalid, "There is no column of that name. %s", otherwise)
	}
	if n := near(name, all); len(n) > 0 {
		return fault.New(fault.Invalid, "There is no column %s. Did you mean %s?", name, strings.Join(n, ", "))
	}
	return fault.New(fault.Invalid, "There is no column %s. %s", name, otherwise)
}

// near returns at most three names that a mistyped one may have meant: those
// with few letters changed, and those that contain it.
func near(name string, all []string) []string {
	type guess struct {
		name string
		far  int
	}
	var out []guess
	for _, n := range all {
		upper := strings.ToUpper(n)
		far := distance(name, upper)
		if len(name) >= 3 && strings.Contains(upper, name) {
			far = 1
		}
		if far <= max(1, len(name)/3) {
			out = append(out, guess{n, far})
		}
	}
	slices.SortStableFunc(out, func(a, b guess) int { return a.far - b.far })
	var names []string
	for _, g := range out[:min(3, len(out))] {
		names = append(names, g.name)
	}
	return names
}

// distance is how many bytes have to be put in, taken out or changed to make
// one text from the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
