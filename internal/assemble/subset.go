package assemble

import (
	"slices"

	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
	"webenablehes/internal/query"
	"webenablehes/internal/subset"
)

// chosen are the rows that stay, and which rules each meets, a bit for a rule.
type chosen struct {
	rules []uint16 // nil: no rules, all stay
	keep  []bool   // nil: all stay
	rows  int
}

// choose asks each rule of the subset of each row.
func (a *assembly) choose(out *Result) error {
	s := a.o.Subset
	a.kept.rows = a.n
	if len(s.Rules) > 0 {
		if err := a.ask(s); err != nil {
			return err
		}
	}
	out.Rows = a.kept.rows
	for i, r := range s.Rules {
		n := 0
		for row, met := range a.kept.rules {
			if met>>i&1 == 1 && (a.kept.keep == nil || a.kept.keep[row]) {
				n++
			}
		}
		out.Report.SubsetRules = append(out.Report.SubsetRules, quality.RuleCount{ID: r.ID, What: r.Title, Source: query.Format(r.Where), Count: n})
	}
	return nil
}

func (a *assembly) ask(s subset.Subset) error {
	a.kept.rules, a.kept.keep = make([]uint16, a.n), make([]bool, a.n)
	var columns []hes.Field
	var at []func(row uint32) uint32 // of each column the code of a row
	var dicts [][]string
	held := map[string]bool{}
	add := func(f hes.Field, values []string, code func(uint32) uint32) {
		columns, dicts, at = append(columns, f), append(dicts, values), append(at, code)
	}
	for _, r := range s.Rules {
		for _, name := range query.Fields(r.Where) {
			f, _ := a.o.Dictionary.Field(name)
			if f.Family != "" {
				name = f.Family
			}
			if held[name] {
				continue
			}
			held[name] = true
			if err := a.operand(name, add); err != nil {
				return err
			}
		}
	}
	var tests []*subset.Test
	for _, r := range s.Rules {
		t, err := subset.Compile(r.Where, columns, func(c int) []string { return dicts[c] })
		if err != nil {
			return err
		}
		tests = append(tests, t)
	}
	var tasks []func() error
	const size = 1 << 17
	for from := 0; from < a.n; from += size {
		tasks = append(tasks, func() error {
			row := uint32(0)
			code := func(c int) uint32 { return at[c](row) }
			for i := from; i < min(a.n, from+size); i++ {
				row = uint32(i)
				for k, t := range tests {
					if t.Row(code) {
						a.kept.rules[i] |= 1 << k
						a.kept.keep[i] = true
					}
				}
			}
			return nil
		})
	}
	if err := a.parallel(tasks); err != nil {
		return err
	}
	if s.People {
		a.people()
	}
	a.kept.rows = 0
	for _, k := range a.kept.keep {
		if k {
			a.kept.rows++
		}
	}
	return nil
}

// people keeps all rows of everyone who has a row that qualifies.
func (a *assembly) people() {
	most := uint32(0)
	for _, p := range a.persons {
		most = max(most, p)
	}
	qualifies := make([]bool, most+1)
	for row, k := range a.kept.keep {
		if p := a.persons[row]; k && p > 0 {
			qualifies[p] = true
		}
	}
	for row, p := range a.persons {
		a.kept.keep[row] = a.kept.keep[row] || qualifies[p]
	}
}

// operand reads a field that a rule mentions: a column, an identifier, a family
// slot by slot, or a derived field.
func (a *assembly) operand(name string, add func(hes.Field, []string, func(uint32) uint32)) error {
	f, _ := a.o.Dictionary.Field(name)
	switch {
	case name == "EPI_FLAG_n":
		values := flagRules()
		for i := range values { // a rule to a slot: which slot does not matter to a condition
			slot, _ := a.o.Dictionary.Field(f.SlotName(i + 1))
			add(slot, values, func(row uint32) uint32 { return uint32(a.results[row].Flags>>i&1) * uint32(i+1) })
		}
	case f.Derived():
		for _, d := range a.derived() {
			if d.field.Name == name {
				codes := make([]uint32, a.n)
				values := d.of(a.results, codes)
				add(f, values, func(row uint32) uint32 { return codes[row] })
			}
		}
	case f.List():
		l, err := a.family(name)
		if err != nil {
			return err
		}
		values, rank := ranked(f.Type, l.entries, nil)
		for _, slot := range l.slots {
			place := uint32(slot.Slot - 1)
			add(slot, values, func(row uint32) uint32 {
				if i := l.offsets[row] + place; i < l.offsets[row+1] {
					return rank[l.rows[i]]
				}
				return 0
			})
		}
	case !slices.ContainsFunc(a.columns, func(c hes.Field) bool { return c.Name == name }):
		// in no source: missing in every row, as Compile takes it
	case f.Type == hes.Key:
		t, rows, err := a.key(name)
		if err != nil {
			return err
		}
		values := make([]string, t.Len())
		for i := range values {
			values[i] = string(t.At(i))
		}
		add(f, values, func(row uint32) uint32 { return rows[row] })
	default:
		c, err := a.scalar(name)
		if err != nil {
			return err
		}
		values, rank := ranked(f.Type, c.entries, nil)
		rows := narrowed(c.rows, rank)
		a.give(c.rows)
		add(f, values, rows.at)
	}
	return nil
}
