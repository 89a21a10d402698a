package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// List implements driver.Engine. The rows are found and put in order once; of
// each only its number is kept.
func (s *Store) List(ctx context.Context, p driver.Plan, visit func([]driver.Row) error) error {
	all, err := s.under(ctx, p, query.Both(p.Guard, p.Where))
	if err != nil {
		return err
	}
	l := s.sequence(p, all)
	l.allSpans()
	for some := range slices.Chunk(l.rows, max(p.Limit, 1)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(l.read(some)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sequence is the rows of a plan's unit in the order asked for. A person or a
// spell stands where its first matching row stands.
type sequence struct {
	s     *Store
	p     driver.Plan
	all   bitmap // the matching rows
	rows  []driver.RowID
	order func(x, y driver.RowID) int
	cells []func(row int) string // as p.Columns
	// Of persons and spells:
	of       func(driver.RowID) uint32 // number
	episodes func(driver.RowID) uint32 // matching rows
	first    []uint32                  // codes of the first and last admission by number; nil: not found yet
	last     []uint32
}

func (s *Store) sequence(p driver.Plan, all bitmap) sequence {
	l := sequence{s: s, p: p, all: all, order: s.order(p.Sort)}
	for _, name := range p.Columns {
		l.cells = append(l.cells, s.reading(name))
	}
	if p.Unit == query.Episodes {
		l.rows = make([]driver.RowID, 0, all.count())
		all.each(func(row int) bool { l.rows = append(l.rows, driver.RowID(row)); return true })
	} else {
		l.lines()
	}
	if len(p.Sort) > 0 {
		slices.SortFunc(l.rows, l.order)
	}
	return l
}

// lines finds the first rows of persons or spells.
func (l *sequence) lines() {
	of, n := l.s.keys(l.p.Unit)
	counts := make([]uint32, n)
	l.all.each(func(row int) bool {
		if k := of(driver.RowID(row)); int(k) < n {
			if counts[k] == 0 {
				l.rows = append(l.rows, driver.RowID(row))
			}
			counts[k]++
		}
		return true
	})
	l.of = of
	l.episodes = func(row driver.RowID) uint32 {
		if k := of(row); int(k) < n {
			return counts[k]
		}
		return 0
	}
	sort := l.p.Sort
	l.order = func(x, y driver.RowID) int {
		if len(sort) > 0 {
			c := cmp.Compare(l.episodes(x), l.episodes(y))
			if sort[0].Desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(x, y)
	}
}

// read reads some of the rows.
func (l *sequence) read(rows []driver.RowID) []driver.Row {
	out := make([]driver.Row, len(rows))
	values := make([]string, len(rows)*len(l.cells))
	for i, id := range rows {
		mine := values[i*len(l.cells) : (i+1)*len(l.cells) : (i+1)*len(l.cells)]
		for j, cell := range l.cells {
			mine[j] = cell(int(id))
		}
		out[i] = driver.Row{ID: id, Person: l.s.personOf(id), Values: mine}
		if l.p.Raw {
			out[i].Raw, out[i].Origin = l.s.rawRow(l.p.Columns, int(id)), string(l.s.origin.appendTo(nil, int(id)))
		}
	}
	if l.of == nil {
		return out
	}
	place := make(map[uint32]int, len(rows)) // of a person or spell its line
	for i, id := range rows {
		out[i].Episodes = int(l.episodes(id))
		place[l.of(id)] = i
	}
	l.spans(out, place)
	return out
}

// reading returns how a column's value in a row is read; what the release does
// not hold is missing everywhere.
func (s *Store) reading(name string) func(row int) string {
	f, _ := s.dict.Field(name)
	if !f.List() {
		c, at := s.accessor(name)
		if c == nil {
			return func(int) string { return "" }
		}
		return func(row int) string { return c.value(at(row)) }
	}
	c := s.family(f)
	if c == nil {
		return func(int) string { return "" }
	}
	return func(row int) string {
		from, to := c.slots(row, f)
		slots := make([]string, from-c.offset[row], to-c.offset[row])
		for at := from; at < to; at++ {
			slots = append(slots, c.value(c.codes.at(int(at))))
		}
		return strings.Join(slots, ",")
	}
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

// spans fills in the first and last admission of each line.
func (l *sequence) spans(rows []driver.Row, place map[uint32]int) {
	admitted, at := l.s.accessor(hes.AdmissionDate)
	if admitted == nil {
		return
	}
	if l.first != nil {
		for i, r := range rows {
			k := l.of(r.ID)
			rows[i].First, rows[i].Last = admitted.value(l.first[k]), admitted.value(l.last[k])
		}
		return
	}
	see := func(row int) bool { // newest first
		i, wanted := place[l.of(driver.RowID(row))]
		if !wanted || at(row) == 0 {
			return true
		}
		rows[i].First = admitted.value(at(row))
		if rows[i].Last == "" {
			rows[i].Last = rows[i].First
		}
		return true
	}
	if l.p.Unit != query.Patients {
		l.all.each(see)
		return
	}
	for _, r := range rows {
		for _, row := range l.s.list[l.s.starts[r.Person]:l.s.starts[r.Person+1]] {
			if l.all.has(int(row)) {
				see(int(row))
			}
		}
	}
}

// allSpans finds the first and last admission of every spell in one pass, for a
// list of them all: spans would make one for each part of it.
func (l *sequence) allSpans() {
	admitted, at := l.s.accessor(hes.AdmissionDate)
	if admitted == nil || l.p.Unit != query.Spells {
		return
	}
	of, n := l.s.keys(l.p.Unit)
	l.first, l.last = make([]uint32, n), make([]uint32, n)
	l.all.each(func(row int) bool { // newest first
		if k := of(driver.RowID(row)); int(k) < n && at(row) != 0 {
			l.first[k] = at(row)
			if l.last[k] == 0 {
				l.last[k] = at(row)
			}
		}
		return true
	})
}
