package store

import (
	"cmp"
	"slices"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// flat is how many cells a table may have at most to be counted in an array of
// all of them; a larger one is mostly empty and is counted in a map.
const flat = 1 << 18

// cellKey holds for each dimension of a table the number of its folded value.
type cellKey [query.MaxGroups]uint32

type tally struct {
	key                cellKey
	episodes, patients int
	last               uint32 // the person counted last, plus 1
}

// dimension is one of a table.
type dimension struct {
	at    func(int) uint32
	fold  []uint32 // by code
	heads []string // by folded code; 0 is missing
}

func (s *Store) dimension(g query.Group) dimension {
	d := dimension{heads: []string{""}}
	c, at := s.accessor(g.Field)
	if c == nil {
		return d
	}
	d.at, d.fold = at, make([]uint32, c.meta.Values+1)
	for code := 1; code <= c.meta.Values; code++ {
		head := query.Head(c.value(uint32(code)), g.Chars)
		if d.heads[len(d.heads)-1] != head || len(d.heads) == 1 {
			d.heads = append(d.heads, head)
		}
		d.fold[code] = uint32(len(d.heads) - 1)
	}
	return d
}

// groups counts episodes and persons in each cell of a table.
func (s *Store) groups(b bitmap, by []query.Group) []driver.GroupCount {
	dims, size := make([]dimension, len(by)), 1
	for i, g := range by {
		dims[i] = s.dimension(g)
		size = min(flat+1, size*len(dims[i].heads))
	}
	var cells []*tally
	all, some := []tally(nil), map[cellKey]*tally{}
	if size <= flat {
		all = make([]tally, size)
	}
	s.byPerson(b, func(row int, who uint32) {
		var k cellKey
		place := 0
		for i := range dims {
			if dims[i].at != nil {
				k[i] = dims[i].fold[dims[i].at(row)]
			}
			place = place*len(dims[i].heads) + int(k[i])
		}
		var c *tally
		if all != nil {
			c = &all[place]
		} else if c = some[k]; c == nil {
			c = &tally{}
			some[k] = c
		}
		if c.episodes == 0 {
			c.key = k
			cells = append(cells, c)
		}
		c.episodes++
		if int(who) < s.persons && c.last != who+1 {
			c.last = who + 1
			c.patients++
		}
	})
	slices.SortFunc(cells, func(a, b *tally) int {
		for i := range by {
			// missing (0) wraps round to the largest number, so it comes last
			if c := cmp.Compare(a.key[i]-1, b.key[i]-1); c != 0 {
				return c
			}
		}
		return 0
	})
	var out []driver.GroupCount
	for _, c := range cells {
		keys := make([]string, len(by))
		for i, d := range dims {
			keys[i] = d.heads[c.key[i]]
		}
		out = append(out, driver.GroupCount{Keys: keys, Episodes: c.episodes, Patients: c.patients})
	}
	return out
}

// byPerson calls visit for every row of a bitmap, the rows of one person one
// after another, with the person's number; one that is not below s.persons
// stands for nobody. So distinct persons are counted without a set of them.
func (s *Store) byPerson(b bitmap, visit func(row int, who uint32)) {
	if s.person == nil {
		b.each(func(row int) bool { visit(row, uint32(driver.NoPerson)); return true })
		return
	}
	if n := b.count(); n < s.rows/8 { // sorting them costs less than going through everybody's
		rows := make([]uint32, 0, n)
		b.each(func(row int) bool { rows = append(rows, uint32(row)); return true })
		slices.SortFunc(rows, func(x, y uint32) int { return cmp.Compare(s.person[x], s.person[y]) })
		for _, row := range rows {
			visit(int(row), s.person[row])
		}
		return
	}
	for who := range s.persons {
		for _, row := range s.list[s.starts[who]:s.starts[who+1]] {
			if b.has(int(row)) {
				visit(int(row), uint32(who))
			}
		}
	}
	b.each(func(row int) bool {
		if who := s.person[row]; int(who) >= s.persons {
			visit(row, who)
		}
		return true
	})
}
