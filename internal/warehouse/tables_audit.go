package warehouse

import (
	"fmt"

	"webenablehes/internal/disclosure"
	"webenablehes/internal/policy"
)

// company is the fewest cells among which a number can hide. Whoever knows what a
// line sums to from another table, or what all sum to, and takes the other cells
// off, misses by their rounding; among few cells that is little, and the guess is
// better than by chance, though no value can be excluded. The tests of the attacks
// say how much better. Lines whose sum another table tells never have so many.
const company = 180

// auditor finds out which tables can be shown together.
type auditor struct {
	*publisher
	rule       policy.Rule
	dimensions map[string]int
	names      []string // of the tables of the system, in order
	tables     []disclosure.Table
	open       []disclosure.Table // the same, if nothing were published of them
	rest       map[int]disclosure.Span
}

// audit returns why tables are withheld, by name. It knows what is published and
// nothing else, so that two releases of which the same is published have the same
// tables.
func (b *publisher) audit(cells map[string][][]policy.Count) (map[string]string, error) {
	a := auditor{publisher: b, rule: b.acc.Rule(), dimensions: map[string]int{}, rest: map[int]disclosure.Span{}}
	for _, t := range b.two() {
		a.add(t, cells[t.Name])
	}
	a.join()
	withheld := map[string]string{}
	withhold := func(n int, why string) {
		withheld[a.names[n]], a.tables[n] = why, a.open[n]
	}
	for n, t := range a.tables {
		cells, hides := filled(t)
		switch {
		case !hides:
		case a.linked(n, withheld):
			withhold(n, fmt.Sprintf("A number from %s in it could be guessed, because other tables tell what its lines sum to.", a.rule.Few()))
		case cells < company:
			withhold(n, fmt.Sprintf("A number from %s in it could be guessed: it has only %d cells that are not 0.", a.rule.Few(), cells))
		}
	}
	for {
		failed, err := a.failed(withheld)
		if err != nil || failed < 0 {
			return withheld, err
		}
		withhold(failed, fmt.Sprintf("From this table and the others together a number from %s could be narrowed down to fewer than %d values.", a.rule.Few(), a.rule.Needs()))
	}
}

// filled is how many cells of a table may hold something, but for what is left out
// of it, and whether one is hidden.
func filled(t disclosure.Table) (cells int, hides bool) {
	for _, line := range t.Cells[:len(t.Cells)-1] {
		for _, c := range line[:len(line)-1] {
			if c.High > 0 {
				cells++
			}
			hides = hides || c.Hidden
		}
	}
	return cells, hides
}

// linked tells whether another table that is shown has a dimension of this one.
func (a *auditor) linked(table int, withheld map[string]string) bool {
	t := a.tables[table]
	for n, other := range a.tables {
		if n != table && a.names[n] != "" && withheld[a.names[n]] == "" && (other.A == t.A || other.A == t.B || other.B == t.A || other.B == t.B) {
			return true
		}
	}
	return false
}

// failed is the last of the tables that have a cell, or an account of what is left
// out, of which too little is proved; -1 if there is none.
func (a *auditor) failed(withheld map[string]string) (int, error) {
	s, err := disclosure.New(a.tables, a.rest)
	if err != nil {
		return -1, err
	}
	for n := len(a.tables) - 1; n >= 0; n-- {
		for i, line := range s.Values(n, a.rule.Needs()) {
			for j, proved := range line {
				if a.tables[n].Cells[i][j].Hidden && proved < a.rule.Needs() {
					return n, nil
				}
			}
		}
	}
	for n := len(a.tables) - 1; n >= 0; n-- {
		for _, d := range [2]int{a.tables[n].A, a.tables[n].B} {
			if rest := a.rest[d]; a.names[n] != "" && withheld[a.names[n]] == "" && rest.High == a.rule.High && s.RestValues(d, a.rule.Needs()) < a.rule.Needs() {
				return n, nil
			}
		}
	}
	return -1, nil
}

// add puts a table into the system. Of the episodes that are left out of it only
// their number is known, dimension by dimension.
func (a *auditor) add(t policy.FixedTable, cells [][]policy.Count) {
	var left [2]disclosure.Span
	var at [2]int
	for side, d := range t.Dimensions {
		left[side].Low, left[side].High = a.rule.Bounds(a.acc.Protect(a.left[d.Name]))
		at[side] = a.dimension(d.Name)
		a.rest[at[side]] = left[side]
	}
	x := disclosure.Table{A: at[0], B: at[1]}
	for _, line := range cells {
		var out []disclosure.Cell
		for _, c := range line {
			low, high := a.rule.Bounds(c)
			out = append(out, disclosure.Cell{Low: low, High: high, Hidden: c.Hidden()})
		}
		x.Cells = append(x.Cells, append(out, disclosure.Cell{High: left[1].High}))
	}
	last := make([]disclosure.Cell, len(x.Cells[0]))
	for j := range last {
		last[j].High = left[0].High
	}
	last[len(last)-1].High = min(left[0].High, left[1].High)
	x.Cells = append(x.Cells, last)
	a.put(t.Name, x)
}

func (a *auditor) put(name string, t disclosure.Table) {
	open := disclosure.Table{A: t.A, B: t.B}
	for _, line := range t.Cells {
		free := make([]disclosure.Cell, len(line))
		for j := range free {
			free[j].High = policy.Unbounded
		}
		open.Cells = append(open.Cells, free)
	}
	a.names, a.tables, a.open = append(a.names, name), append(a.tables, t), append(a.open, open)
}

func (a *auditor) dimension(name string) int {
	n, ok := a.dimensions[name]
	if !ok {
		n = len(a.dimensions) + 1
		a.dimensions[name] = n
	}
	return n
}

// join makes the tables hang together where the release does not hold the field
// that would: by tables that nobody has seen.
func (a *auditor) join() {
	size, piece := map[int]int{}, map[int]int{}
	for d := range len(a.dimensions) {
		piece[d+1] = d + 1
	}
	merge := func(x, y int) {
		from, to := piece[x], piece[y]
		for d, p := range piece {
			if p == from {
				piece[d] = to
			}
		}
	}
	for _, t := range a.tables {
		merge(t.A, t.B)
		size[t.A], size[t.B] = len(t.Cells), len(t.Cells[0])
	}
	for d := 2; d <= len(a.dimensions); d++ {
		if piece[d] == piece[1] {
			continue
		}
		x := disclosure.Table{A: 1, B: d}
		for range size[1] {
			x.Cells = append(x.Cells, make([]disclosure.Cell, size[d]))
		}
		a.put("", x)
		a.tables[len(a.tables)-1] = a.open[len(a.open)-1]
		merge(1, d)
	}
}
