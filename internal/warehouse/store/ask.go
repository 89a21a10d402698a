package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
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
		if p.Unit == query.Episodes {
			s.page(a, p, all)
		} else {
			s.lines(a, p, all)
		}
	}
	return a, ctx.Err()
}

// page fills in the page of episodes.
func (s *Store) page(a *driver.Answer, p driver.Plan, all bitmap) {
	rows := make([]driver.RowID, 0, all.count())
	all.each(func(row int) bool { rows = append(rows, driver.RowID(row)); return true })
	order := s.order(p.Sort)
	if len(p.Sort) > 0 {
		slices.SortFunc(rows, order)
	}
	from, to := window(p, rows, order)
	for _, id := range rows[from:to] {
		a.Rows = append(a.Rows, s.row(p, id))
	}
	a.Offset, a.More = from, to < len(rows)
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

func (s *Store) row(p driver.Plan, id driver.RowID) driver.Row {
	out := driver.Row{ID: id, Person: s.personOf(id), Values: make([]string, len(p.Columns))}
	for i, name := range p.Columns {
		f, _ := s.dict.Field(name)
		if !f.List() {
			if c, at := s.accessor(name); c != nil {
				out.Values[i] = c.value(at(int(id)))
			}
			continue
		}
		if c := s.family(f); c != nil {
			from, to := c.slots(int(id), f)
			slots := make([]string, from-c.offset[id], to-c.offset[id])
			for at := from; at < to; at++ {
				slots = append(slots, c.value(c.codes.at(int(at))))
			}
			out.Values[i] = strings.Join(slots, ",")
		}
	}
	if p.Raw {
		out.Raw, out.Origin = s.rawRow(p.Columns, int(id)), string(s.origin.appendTo(nil, int(id)))
	}
	return out
}

// keys numbers the persons or spells that lines stand for: of a row its number,
// which is not below n if it has none, from 0.
func (s *Store) keys(u query.Unit) (of func(driver.RowID) uint32, n int) {
	if u == query.Patients {
		return func(row driver.RowID) uint32 { return uint32(s.personOf(row)) }, s.persons
	}
	c, at := s.accessor(hes.SpellField)
	if c == nil {
		return func(driver.RowID) uint32 { return 0 }, 0
	}
	return func(row driver.RowID) uint32 { return at(int(row)) - 1 }, c.meta.Values // 0 wraps round
}

// lines fills in the page of persons or spells: each stands where its first
// matching row stands.
func (s *Store) lines(a *driver.Answer, p driver.Plan, all bitmap) {
	of, n := s.keys(p.Unit)
	counts := make([]uint32, n)
	var firsts []driver.RowID
	all.each(func(row int) bool {
		if k := of(driver.RowID(row)); int(k) < n {
			if counts[k] == 0 {
				firsts = append(firsts, driver.RowID(row))
			}
			counts[k]++
		}
		return true
	})
	episodes := func(row driver.RowID) uint32 {
		if k := of(row); int(k) < n {
			return counts[k]
		}
		return 0
	}
	order := func(x, y driver.RowID) int {
		if len(p.Sort) > 0 {
			c := cmp.Compare(episodes(x), episodes(y))
			if p.Sort[0].Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(x, y)
	}
	if len(p.Sort) > 0 {
		slices.SortFunc(firsts, order)
	}
	from, to := window(p, firsts, order)
	place := make(map[uint32]int, to-from) // of a person or spell its line
	for i, id := range firsts[from:to] {
		out := s.row(p, id)
		out.Episodes = int(episodes(id))
		a.Rows = append(a.Rows, out)
		place[of(id)] = i
	}
	s.spans(a.Rows, place, of, p.Unit, all)
	a.Offset, a.More = from, to < len(firsts)
}

// spans fills in the first and last admission of each line.
func (s *Store) spans(rows []driver.Row, place map[uint32]int, of func(driver.RowID) uint32, u query.Unit, all bitmap) {
	admitted, at := s.accessor(hes.AdmissionDate)
	if admitted == nil {
		return
	}
	see := func(row int) bool { // newest first
		i, wanted := place[of(driver.RowID(row))]
		if !wanted || at(row) == 0 {
			return true
		}
		rows[i].First = admitted.value(at(row))
		if rows[i].Last == "" {
			rows[i].Last = rows[i].First
		}
		return true
	}
	if u != query.Patients {
		all.each(see)
		return
	}
	for _, r := range rows {
		for _, row := range s.list[s.starts[r.Person]:s.starts[r.Person+1]] {
			if all.has(int(row)) {
				see(int(row))
			}
		}
	}
}
