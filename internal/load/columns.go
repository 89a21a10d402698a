package load

import (
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// decide maps every input's columns to fields, refuses what must not be loaded,
// and gives the columns of the load: the union, in the order of the dictionary.
func decide(d *hes.Dictionary, ins []*input, o Options) ([]hes.Field, error) {
	m, err := readMap(o.Map, d)
	if err != nil {
		return nil, err
	}
	if len(ins) == 0 {
		return nil, fault.New(fault.Invalid, "Only headers were named; name the files that they belong to.")
	}
	chosen := map[string]bool{}
	maps := make([]map[string]int, len(ins)) // field → column of the input
	for i, in := range ins {
		p, err := in.plan(d, o, m)
		if err == nil {
			err = in.check(p)
		}
		if err != nil {
			return nil, err
		}
		maps[i] = p.column
		for name := range p.column {
			chosen[name] = true
		}
	}
	if err := m.unused(); err != nil {
		return nil, err
	}
	chosen[hes.YearField] = true // worked out if it was not delivered
	if chosen["PROCODE"] {
		chosen["PROCODE3"] = true // likewise
	}
	var columns []hes.Field
	for _, f := range d.Fields() {
		if !f.List() && chosen[f.Name] {
			columns = append(columns, f)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			if s, _ := d.Field(f.SlotName(slot)); chosen[s.Name] {
				columns = append(columns, s)
			}
		}
	}
	for i, in := range ins {
		in.column = make([]int, len(in.header))
		for c := range in.column {
			in.column[c] = -1
		}
		for at, f := range columns {
			if c, ok := maps[i][f.Name]; ok {
				in.column[c] = at
			}
		}
	}
	return columns, nil
}

// plan is what becomes of an input's columns.
type plan struct {
	column  map[string]int // field → column
	refused []string       // identifying fields that no agreement named for the load lists
}

// plan finds the field of each of an input's columns.
func (in *input) plan(d *hes.Dictionary, o Options, m *mapping) (plan, error) {
	p := plan{column: map[string]int{}}
	if err := in.nameColumns(d, o, m); err != nil {
		return p, err
	}
	if why := otherDataSet(in.header); why != "" {
		return p, fault.New(fault.Invalid, "%s is not admitted patient care: %s This program loads admitted patient care episodes only.", in.name, why)
	}
	seen := map[string]bool{}
	for _, h := range in.header {
		if h != "" && seen[h] {
			return p, fault.New(fault.Invalid, "%s has two columns with the same name; take one of them away.", in.name)
		}
		seen[h] = true
	}
	// Where a mapping is silent, a field's own name comes before its older ones.
	direct, mapped := map[string]bool{}, map[string]bool{}
	for c, h := range in.header {
		if f, ok := in.mapped(m, c, h); ok {
			if mapped[f.Name] {
				return p, fault.New(fault.Invalid, "The mapping gives two columns of %s to %s.", in.name, f.Name)
			}
			mapped[f.Name] = true
		} else if f, ok := d.Field(h); ok && f.AliasOf == "" && f.Repeats == "" {
			direct[f.Name] = true
		}
	}
	names := slices.Clone(in.header) // that the mapping leaves free
	for c, h := range in.header {
		if _, ok := in.mapped(m, c, h); ok {
			names[c] = ""
		}
	}
	for c, h := range in.header {
		leave := func(why string) { in.left = append(in.left, leftOut{h, why}) }
		f, ok := d.Field(h)
		to, byMap := in.mapped(m, c, h)
		// An identifying column stays one under whatever name it is mapped to.
		for _, x := range [...]hes.Field{f, to} {
			if x.Class == hes.Prohibited && !o.allows(x) && !slices.Contains(p.refused, x.Name) {
				p.refused = append(p.refused, x.Name)
			}
		}
		switch {
		case byMap:
			p.column[to.Name] = c
			continue
		case !ok || f.List():
			leave("not in the data dictionary")
			continue
		case f.Derived():
			leave("worked out by this program")
			continue
		case f.Class == hes.Prohibited && !o.allows(f):
			continue
		}
		if f.Repeats != "" {
			// A file with three-character codes only is better than none.
			stand, known := d.Field(strings.Replace(h, "_3", "", 1))
			if !known || stand.Name == h || direct[stand.Name] || seen[strings.Replace(h, "_3", "_4", 1)] {
				leave("repeats " + f.Repeats)
				continue
			}
			f = stand
		}
		canonical := d.Canonical(f)
		if mapped[canonical.Name] {
			leave("another name of " + canonical.Name + ", which the mapping takes from elsewhere")
			continue
		}
		if f.AliasOf != "" && direct[canonical.Name] {
			leave("an older name of " + canonical.Name + ", which is in the file too")
			continue
		}
		if best := preferred(d, names, canonical); best != "" && best != h && f.AliasOf != "" {
			leave("another name of " + canonical.Name + ", taken from " + best)
			continue
		}
		p.column[canonical.Name] = c
	}
	return p, nil
}

// check refuses what must not be loaded and what cannot be.
func (in *input) check(p plan) error {
	if len(p.refused) > 0 {
		return fault.New(fault.Denied, "%s holds identifying fields (%s). They may be loaded only under an agreement that lists them: take them out, or name the agreement.",
			in.name, strings.Join(p.refused, ", "))
	}
	if _, ok := p.column[hes.EpisodeKey]; !ok {
		return fault.New(fault.Invalid, "%s has no column EPIKEY, so its episodes cannot be told apart. Check that its first line is a header.", in.name)
	}
	_, admitted := p.column[hes.AdmissionDate]
	_, started := p.column["EPISTART"]
	if !admitted && !started {
		return fault.New(fault.Invalid, "%s has neither ADMIDATE nor EPISTART, so its episodes have no date.", in.name)
	}
	return nil
}

// allows tells whether an identifying field may be loaded. An agreement may list
// a repeated field by its family's name.
func (o Options) allows(f hes.Field) bool {
	return slices.ContainsFunc(o.Identifiers, func(name string) bool {
		return strings.EqualFold(name, f.Name) || f.Family != "" && strings.EqualFold(name, f.Family)
	})
}

// preferred returns which of the header's names for a field is taken when the
// file has several older ones: the one that the dictionary names first. It must
// not be a matter of the columns' order, which differs between the files of one
// load: their keys would be of two kinds.
func preferred(d *hes.Dictionary, header []string, canonical hes.Field) string {
	for _, f := range d.Fields() {
		if f.AliasOf == "" || f.AliasOf != canonical.Name && f.AliasOf != canonical.Family {
			continue
		}
		name := f.Name
		if f.List() {
			name = f.SlotName(canonical.Slot)
		}
		if name = strings.ToUpper(name); slices.Contains(header, name) {
			return name
		}
	}
	return ""
}

// otherDataSet recognises HES's sister data sets by columns that only they have.
func otherDataSet(header []string) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(header, n) })
	}
	switch {
	case has("ATTENDKEY", "APPTDATE", "ATTENDED"):
		return "it holds outpatient appointments (column ATTENDKEY or APPTDATE)."
	case has("ARRIVALDATE", "AEATTENDCAT", "AEARRIVALMODE"):
		return "it holds A&E attendances (column ARRIVALDATE or AEATTENDCAT)."
	case has("CCSTARTDATE"):
		return "it holds critical care periods (column CCSTARTDATE)."
	}
	return ""
}
