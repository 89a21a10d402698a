// Package hes is the vocabulary: the fields of admitted patient care in
// Hospital Episode Statistics and the codes that they hold.
//
// The dictionary is a table (dictionary.csv), one row a field or a family of
// repeated fields such as DIAG_nn with slots DIAG_01 to DIAG_20. Everything
// that names a field in this program (a filter, a column, a file's header) is
// looked up here first; a name that is not here does not exist. Code lists
// (codes.csv and the clinical lists) give each code a short label of our own;
// official titles are licensed and are loaded by the site from its own files.
package hes

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed data/*.csv
var files embed.FS

// Dictionary holds all fields. It is immutable and safe for concurrent use.
type Dictionary struct {
	fields []Field // one a row of dictionary.csv, in its order
	rules  map[string]Rule
	byName map[string]int // upper-case name → index in fields, families by their own name
}

// Load reads the embedded dictionary. It fails only if the embedded file is
// broken, which a test excludes.
func Load() (*Dictionary, error) {
	f, err := files.Open("data/dictionary.csv")
	if err != nil {
		return nil, fmt.Errorf("open dictionary: %w", err)
	}
	defer f.Close()
	d, err := read(f)
	if err != nil {
		return nil, err
	}
	d.rules, err = readRules()
	return d, err
}

// columns is the header of dictionary.csv.
var columns = []string{"name", "slots", "type", "class", "group", "codes", "label", "meaning", "from", "to", "source", "alias_of", "repeats"}

func read(r io.Reader) (*Dictionary, error) {
	in := csv.NewReader(r)
	rows, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read dictionary: %w", err)
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != strings.Join(columns, ",") {
		return nil, fmt.Errorf("read dictionary: the header is not %s", strings.Join(columns, ","))
	}
	d := &Dictionary{byName: make(map[string]int, len(rows))}
	for i, row := range rows[1:] {
		f, err := parseField(row)
		if err != nil {
			return nil, fmt.Errorf("dictionary line %d: %w", i+2, err)
		}
		key := strings.ToUpper(f.Name)
		if _, twice := d.byName[key]; twice {
			return nil, fmt.Errorf("dictionary line %d: %s is there twice", i+2, f.Name)
		}
		d.byName[key] = len(d.fields)
		d.fields = append(d.fields, f)
	}
	for _, f := range d.fields {
		if f.AliasOf == "" {
			continue
		}
		target, ok := d.byName[strings.ToUpper(f.AliasOf)]
		if !ok || d.fields[target].AliasOf != "" || d.fields[target].Slots != f.Slots {
			return nil, fmt.Errorf("dictionary: %s is an alias of %s, which is not a field of its kind", f.Name, f.AliasOf)
		}
	}
	return d, nil
}

func parseField(row []string) (Field, error) {
	f := Field{Name: row[0], Group: row[4], Codes: row[5], Label: row[6], Meaning: row[7],
		From: row[8], To: row[9], Source: row[10], AliasOf: row[11], Repeats: row[12]}
	if row[1] != "" {
		n, err := strconv.Atoi(row[1])
		if err != nil || n < 1 {
			return f, fmt.Errorf("%s: slots is not a number of 1 or more", f.Name)
		}
		f.Slots, f.First = n, 1
		if !strings.HasSuffix(f.Name, "_n") && !strings.HasSuffix(f.Name, "_nn") {
			return f, fmt.Errorf("%s: a repeated field must end in _n or _nn", f.Name)
		}
	}
	for t := Code; t <= Decimal; t++ {
		if t.String() == row[2] {
			f.Type = t
		}
	}
	for c := Public; c <= Prohibited; c++ {
		if c.String() == row[3] {
			f.Class = c
		}
	}
	if f.Name == "" || f.Label == "" || f.Type == 0 || f.Class == 0 || f.Group == "" {
		return f, fmt.Errorf("%q: name, type, class, group and label are needed", f.Name)
	}
	return f, nil
}

// Fields returns every field in the order of the dictionary, a family as one.
// The caller must not change the slice.
func (d *Dictionary) Fields() []Field { return d.fields }

// Field looks a name up, in any case. The name of a slot ("DIAG_02") gives the
// slot; that of a family ("DIAG_nn") gives the family, whose values are lists, and
// that of its further slots ("DIAG_02_nn") all of it but the first.
func (d *Dictionary) Field(name string) (Field, bool) {
	key := strings.ToUpper(name)
	if i, ok := d.byName[key]; ok {
		return d.fields[i], true
	}
	if base, ok := strings.CutSuffix(key, "_02_NN"); ok {
		at, ok := d.byName[base+"_NN"]
		if !ok || d.fields[at].Slots < 2 {
			return Field{}, false
		}
		return d.fields[at].further(), true
	}
	i := strings.LastIndexByte(key, '_')
	if i < 0 {
		return Field{}, false
	}
	slot, err := strconv.Atoi(key[i+1:])
	if err != nil || slot < 1 {
		return Field{}, false
	}
	for _, suffix := range [...]string{"_NN", "_N"} {
		at, ok := d.byName[key[:i]+suffix]
		if !ok {
			continue
		}
		f := d.fields[at]
		if slot > f.Slots || key != strings.ToUpper(f.SlotName(slot)) {
			continue
		}
		return f.slot(slot), true
	}
	return Field{}, false
}

// SlotName returns the name of a family's slot: two digits for _nn, one for _n.
func (f Field) SlotName(slot int) string {
	name := f.Name
	if f.First > 1 {
		name = f.Family
	}
	if base, ok := strings.CutSuffix(name, "_nn"); ok {
		return fmt.Sprintf("%s_%02d", base, slot)
	}
	return fmt.Sprintf("%s_%d", strings.TrimSuffix(name, "_n"), slot)
}

// Among tells whether a condition on the field of a name looks at f, which is a
// column: it is f's own name, its family's, or that of the family's further slots.
func (f Field) Among(name string) bool {
	return name == f.Name || f.Family != "" && (name == f.Family || f.Slot > 1 && name == furtherName(f.Family))
}

func furtherName(family string) string { return strings.TrimSuffix(family, "_nn") + "_02_nn" }

// further is a family without its first slot.
func (f Field) further() Field {
	if f.AliasOf != "" {
		f.AliasOf = furtherName(f.AliasOf)
	}
	f.Name, f.Family, f.First = furtherName(f.Name), f.Name, 2
	f.Label = "Further " + strings.ToLower(f.Label)
	return f
}

func (f Field) slot(n int) Field {
	s := f
	s.Name, s.Family, s.Slot, s.Slots, s.First = f.SlotName(n), f.Name, n, 0, 0
	s.Label = fmt.Sprintf("%s %d", f.Label, n)
	switch s.Name {
	case MainDiagnosis:
		s.Label = "Primary diagnosis"
	case MainProcedure:
		s.Label = "Main procedure"
	}
	if f.AliasOf != "" { // the alias of a family is slot for slot
		s.AliasOf = Field{Name: f.AliasOf}.SlotName(n)
	}
	return s
}

// Canonical follows an older or delivery name to the field that its values
// belong to. A field that is no alias is its own.
func (d *Dictionary) Canonical(f Field) Field {
	if f.AliasOf == "" {
		return f
	}
	if c, ok := d.Field(f.AliasOf); ok {
		return c
	}
	return f
}
