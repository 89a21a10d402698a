package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// List implements driver.Engine.
func (e *Engine) List(ctx context.Context, p driver.Plan, visit func([]driver.Row) error) error {
	return driver.Leaf(ctx, e, p, visit)
}

// page fills in the page of episodes.
func (e *Engine) page(a *driver.Answer, p driver.Plan, matching []driver.RowID) {
	order := func(x, y driver.RowID) int { return e.order(p.Sort, x, y) }
	slices.SortFunc(matching, order)
	from, to := window(p, matching, order)
	for _, id := range matching[from:to] {
		a.Rows = append(a.Rows, e.row(p, id))
	}
	a.Offset, a.More = from, to < len(matching)
}

// order compares two rows by the sort keys, missing last, then by RowID.
func (e *Engine) order(sort []query.Sort, x, y driver.RowID) int {
	for _, s := range sort {
		f, _ := e.dict.Field(s.Field)
		a, b := e.rows[x][f.Name], e.rows[y][f.Name]
		switch {
		case a == b:
			continue
		case a == "":
			return 1
		case b == "":
			return -1
		}
		c := query.Compare(f.Type, a, b)
		if s.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(x, y)
}

// window says which part of the sorted rows is the page. A mark need not be
// among them: the page begins behind, or ends before, where it would stand.
func window(p driver.Plan, sorted []driver.RowID, order func(x, y driver.RowID) int) (from, to int) {
	switch {
	case p.Before != driver.NoRow:
		to, _ = slices.BinarySearchFunc(sorted, p.Before, order)
		return max(0, to-p.Limit), to
	case p.After != driver.NoRow:
		at, found := slices.BinarySearchFunc(sorted, p.After, order)
		if found {
			at++
		}
		from = at
	}
	return from, min(len(sorted), from+p.Limit)
}

func (e *Engine) row(p driver.Plan, id driver.RowID) driver.Row {
	out := driver.Row{ID: id, Person: e.person[id], Values: make([]string, len(p.Columns))}
	for i, name := range p.Columns {
		f, _ := e.dict.Field(name)
		if !f.List() {
			out.Values[i] = e.rows[id][f.Name]
			continue
		}
		slots := make([]string, f.Slots)
		for s := f.First; s <= f.Slots; s++ {
			slots[s-1] = e.rows[id][f.SlotName(s)]
		}
		out.Values[i] = strings.TrimRight(strings.Join(slots, ","), ",")
	}
	if p.Raw {
		out.Raw, out.Origin = make([]string, len(p.Columns)), e.rows[id][driver.OriginKey]
		for i, name := range p.Columns {
			out.Raw[i] = e.rows[id][driver.RawKey(name)]
		}
	}
	return out
}

// lines fills in the page of persons or spells: each stands where its first
// matching row stands.
func (e *Engine) lines(a *driver.Answer, p driver.Plan, matching []driver.RowID) {
	of := func(id driver.RowID) string {
		if p.Unit == query.Spells {
			return e.rows[id][hes.SpellField]
		}
		return e.rows[id][hes.PersonField]
	}
	rows := map[string][]driver.RowID{} // in release order
	var firsts []driver.RowID
	for _, id := range matching {
		key := of(id)
		if key == "" {
			continue
		}
		if rows[key] == nil {
			firsts = append(firsts, id)
		}
		rows[key] = append(rows[key], id)
	}
	order := func(x, y driver.RowID) int {
		if len(p.Sort) > 0 {
			c := cmp.Compare(len(rows[of(x)]), len(rows[of(y)]))
			if p.Sort[0].Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(x, y)
	}
	slices.SortFunc(firsts, order)
	from, to := window(p, firsts, order)
	for _, id := range firsts[from:to] {
		out := e.row(p, id)
		mine := rows[of(id)]
		out.Episodes = len(mine)
		for _, other := range mine { // newest first
			if d := e.rows[other][hes.AdmissionDate]; d != "" {
				out.First = d
				if out.Last == "" {
					out.Last = d
				}
			}
		}
		a.Rows = append(a.Rows, out)
	}
	a.Offset, a.More = from, to < len(firsts)
}
