package store

import (
	"cmp"
	"context"
	"slices"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Ask answers a plan.
func (s *Store) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	for _, mark := range [...]driver.RowID{p.After, p.Before, p.Row} {
		if mark != driver.NoRow && int(mark) >= s.rows {
			return nil, fault.New(fault.Invalid, "There is no such row in this release.")
		}
	}
	matched := map[string]bitmap{} // by what is left of Where
	match := func(where query.Expr) (bitmap, error) {
		key := ""
		if where != nil {
			key = "=" + where.String()
		}
		if b, ok := matched[key]; ok {
			return b, nil
		}
		b, err := s.under(ctx, p, query.Both(p.Guard, where))
		if err != nil {
			return nil, err
		}
		matched[key] = b
		return b, nil
	}
	all, err := match(p.Where)
	if err != nil {
		return nil, err
	}
	a := &driver.Answer{}
	if p.Counts {
		a.Episodes, a.Patients, a.Spells = all.count(), s.distinct(all), s.spells(all)
	}
	if p.Misses {
		if a.Misses, err = s.misses(ctx, p); err != nil {
			return nil, err
		}
	}
	for _, f := range p.Facets {
		leave := f.Leave
		if len(leave) == 0 {
			leave = []string{f.Field}
		}
		b, err := match(query.Both(query.Without(p.Where, leave), f.Where))
		if err != nil {
			return nil, err
		}
		a.Facets = append(a.Facets, s.facet(b, f))
	}
	for _, t := range p.Tables {
		b, err := match(query.Without(p.Where, query.Free(t)))
		if err != nil {
			return nil, err
		}
		a.Tables = append(a.Tables, s.groups(b, t))
	}
	if p.Limit > 0 {
		s.page(a, p, all)
	}
	return a, ctx.Err()
}

// page fills in the page.
func (s *Store) page(a *driver.Answer, p driver.Plan, all bitmap) {
	l := s.sequence(p, all)
	from, to := window(p, l.rows, l.order)
	if from < to {
		a.Rows = l.read(l.rows[from:to])
	}
	a.Offset, a.More = from, to < len(l.rows)
}

// order compares rows by the codes of the sort columns, missing last.
func (s *Store) order(sort []query.Sort) func(x, y driver.RowID) int {
	type key struct {
		at   func(int) uint32
		desc bool
	}
	var keys []key
	for _, k := range sort {
		if _, at := s.accessor(k.Field); at != nil {
			keys = append(keys, key{at, k.Desc})
		}
	}
	return func(x, y driver.RowID) int {
		for _, k := range keys {
			a, b := k.at(int(x)), k.at(int(y))
			switch {
			case a == b:
				continue
			case a == 0:
				return 1
			case b == 0:
				return -1
			case k.desc:
				return cmp.Compare(b, a)
			}
			return cmp.Compare(a, b)
		}
		return cmp.Compare(x, y)
	}
}

// window says which part of the sorted rows is the page. A mark need not be
// among them: the page begins behind, or ends before, where it would stand.
func window(p driver.Plan, sorted []driver.RowID, order func(x, y driver.RowID) int) (from, to int) {
	if p.Before != driver.NoRow {
		to, _ = slices.BinarySearchFunc(sorted, p.Before, order)
		return max(0, to-p.Limit), to
	}
	if p.After != driver.NoRow {
		at, found := slices.BinarySearchFunc(sorted, p.After, order)
		if found {
			at++
		}
		from = at
	}
	return from, min(len(sorted), from+p.Limit)
}

func (s *Store) personOf(row driver.RowID) driver.PersonID {
	if s.person == nil {
		return driver.NoPerson
	}
	return driver.PersonID(s.person[row])
}
