// Package disclosure proves that no hidden cell of a set of published tables can be
// narrowed.
//
// An intruder knows everything that is published: the shown cells, rounded, the
// zeros, how the tables share their margins. A hidden cell is safe if, for all of
// that, it can still have most of the values that a hidden cell may have. The
// intruder's arithmetic (the smallest and the largest value that the published
// numbers allow) gives an outer bound: there may be cleverer arithmetic. So the
// proof goes the other way. For a value of a hidden cell a witness is looked for:
// whole numbers for every cell of every table that are published in exactly the
// same way. Whatever the intruder does, a value that has a witness cannot be
// excluded.
//
// The tables are by two dimensions and form a tree (New checks that): then a set of
// tables whose margins agree is always the count of some set of records, because
// records can be put together one table after the other along the tree. A witness
// is found by fitting one table and then its neighbours to it, each as a flow
// through a small network (flow.go), outwards along the tree.
//
// The package is given bounds, never counts: what it decides is a function of what
// is published, so that the decision tells nothing more.
package disclosure

import (
	"errors"
	"fmt"
	"maps"
)

// Cell is what is known of a cell: the smallest and the largest number that it may
// hold. One that is Hidden is to be proved; of other cells a number is shown, or
// nothing is said of them.
type Cell struct {
	Low, High int
	Hidden    bool
}

// Table is a table by two dimensions, which are numbered. The last line and the
// last column are of the records that are left out of the dimension. A table that is
// not published is one of cells of which nothing is known.
type Table struct {
	A, B  int
	Cells [][]Cell
}

// Span is the smallest and the largest of some numbers.
type Span struct{ Low, High int }

// far is beyond any number of records.
const far = 1 << 40

// System is a set of tables that share their margins.
type System struct {
	tables []Table
	at     map[int][]int  // dimension → its tables
	rest   map[int]Span   // dimension → how many records are left out of it
	sums   [2][][]Span    // side, table, line → what its cells may sum to
	aims   map[int][]Span // dimension, part → near what it is likely to sum to
}

// New makes a system. rest says what is known of the number of records that are
// left out of a dimension. The tables must form
// a tree that reaches every dimension.
func New(tables []Table, rest map[int]Span) (*System, error) {
	s := &System{tables: tables, at: map[int][]int{}, rest: rest}
	root := map[int]int{}
	find := func(d int) int {
		for root[d] != 0 {
			d = root[d] - 1
		}
		return d
	}
	sizes := map[int]int{}
	for n, t := range tables {
		a, b := find(t.A), find(t.B)
		if a == b {
			return nil, fmt.Errorf("disclosure: table %d closes a ring, so nothing can be proved of the set", n)
		}
		root[a] = b + 1
		s.at[t.A], s.at[t.B] = append(s.at[t.A], n), append(s.at[t.B], n)
		for d, size := range map[int]int{t.A: len(t.Cells), t.B: len(t.Cells[0])} {
			if sizes[d] != 0 && sizes[d] != size {
				return nil, fmt.Errorf("disclosure: dimension %d has %d parts in one table and %d in another", d, sizes[d], size)
			}
			sizes[d] = size
		}
		s.sums[0] = append(s.sums[0], lines(t.Cells))
		s.sums[1] = append(s.sums[1], lines(transposed(t.Cells)))
	}
	if len(tables) != len(sizes)-1 {
		return nil, errors.New("disclosure: the tables are not in one piece; name those that are not published too")
	}
	s.aim()
	return s, nil
}

func lines(cells [][]Cell) []Span {
	out := make([]Span, len(cells))
	for i, line := range cells {
		for _, c := range line {
			out[i].Low, out[i].High = out[i].Low+c.Low, out[i].High+c.High
		}
	}
	return out
}

// aim says near what the parts of each dimension are likely to sum to: the mean of
// what its tables say, those of few cells first. A witness with such margins is the
// likeliest to suit all tables.
func (s *System) aim() {
	s.aims = map[int][]Span{}
	for d, tables := range s.at {
		n := len(s.sums[s.side(tables[0], d)][tables[0]])
		sum, weight := make([]float64, n), make([]float64, n)
		for _, t := range tables {
			x, other := s.tables[t].Cells, s.tables[t].B
			if s.side(t, d) == 1 {
				x, other = transposed(x), s.tables[t].A
			}
			rest := s.rest[other]
			for i, line := range x[:n-1] {
				mid := float64(rest.Low+rest.High) / 2 / float64(n)
				for _, c := range line[:len(line)-1] {
					mid += float64(c.Low+c.High) / 2
				}
				w := 1 / (float64(len(line)) + float64(rest.High)/float64(n))
				if line[0].High-line[0].Low > many {
					continue // nothing is published of it
				}
				sum[i], weight[i] = sum[i]+w*mid, weight[i]+w
			}
		}
		slack := 4 + 20/n
		for i := range sum {
			aim := Span{0, far}
			if weight[i] > 0 {
				mid := int(sum[i]/weight[i] + .5)
				aim = Span{mid - slack, mid + slack}
			}
			s.aims[d] = append(s.aims[d], aim)
		}
	}
}

// many is a width beyond that of any rounding.
const many = 1000

func transposed(cells [][]Cell) [][]Cell {
	out := make([][]Cell, len(cells[0]))
	for _, line := range cells {
		for j, c := range line {
			out[j] = append(out[j], c)
		}
	}
	return out
}

// within is what the tables of a dimension but one allow its parts to sum to.
func (s *System) within(dimension, but int) []Span {
	var out []Span
	add := func(spans []Span) {
		for i, x := range spans {
			out[i].Low, out[i].High = max(out[i].Low, x.Low), min(out[i].High, x.High)
		}
	}
	for _, n := range s.at[dimension] {
		side := s.side(n, dimension)
		if out == nil {
			out = make([]Span, len(s.sums[side][n]))
			for i := range out {
				out[i].High = far
			}
			if rest, ok := s.rest[dimension]; ok {
				out[len(out)-1] = rest
			}
		}
		if n != but {
			add(s.sums[side][n])
		}
	}
	return out
}

// all is what is known of the number of all records, from every dimension.
func (s *System) all() Span {
	out := Span{0, far}
	for d := range s.at {
		var sum Span
		for _, x := range s.within(d, -1) {
			sum.Low, sum.High = sum.Low+x.Low, sum.High+x.High
		}
		out.Low, out.High = max(out.Low, sum.Low), min(out.High, sum.High)
	}
	return out
}

func (s *System) side(table, dimension int) int {
	if s.tables[table].A == dimension {
		return 0
	}
	return 1
}

// Values returns for each hidden cell of a table how many of the values that it
// may have are proved to be possible; 0 for the other cells. Of a cell that may
// have more, it stops at enough.
func (s *System) Values(table, enough int) [][]int {
	t := s.tables[table]
	out := make([][]int, len(t.Cells))
	for i, line := range t.Cells {
		out[i] = make([]int, len(line))
		for j, c := range line {
			if !c.Hidden {
				continue
			}
			last := min(c.High, c.Low+4*enough)
			for v := c.Low; v <= last && out[i][j] < enough && last-v+1+out[i][j] >= enough; v++ {
				if _, ok := s.witness(table, i, j, v); ok {
					out[i][j]++
				}
			}
		}
	}
	return out
}

// witness returns numbers for the cells of every table that are published in the
// same way, and in which one cell of a table has a value; a line of -1 asks for no
// cell. It returns false if none were found.
func (s *System) witness(table, i, j, value int) ([][][]int, bool) {
	t := s.tables[table]
	a, b := s.within(t.A, table), s.within(t.B, table)
	for _, x := range [][2][]Span{{near(a, s.aims[t.A]), near(b, s.aims[t.B])}, {a, b}} {
		f := newFlow(t.Cells, x[0], x[1])
		if i >= 0 {
			f.fix(i, j, value)
		}
		numbers := make([][][]int, len(s.tables))
		if f.fit(s.all()) && s.settle(numbers, table, f.cells) {
			return numbers, true
		}
	}
	return nil, false
}

// near narrows spans down to what is aimed at, where that is possible.
func near(spans, aims []Span) []Span {
	out := make([]Span, len(spans))
	for i, x := range spans {
		out[i] = Span{max(x.Low, aims[i].Low), min(x.High, aims[i].High)}
		if out[i].Low > out[i].High {
			out[i] = x
		}
	}
	return out
}

// settle takes the numbers of a table as settled and fits its neighbours to them,
// and theirs.
func (s *System) settle(numbers [][][]int, table int, cells [][]int) bool {
	numbers[table] = cells
	t := s.tables[table]
	for side, d := range [2]int{t.A, t.B} {
		margin := totals(cells, side)
		for _, n := range s.at[d] {
			if numbers[n] != nil {
				continue
			}
			if !s.neighbour(numbers, n, d, margin) {
				return false
			}
		}
	}
	return true
}

// neighbour fits a table to the numbers that one of its dimensions has.
func (s *System) neighbour(numbers [][][]int, table, dimension int, margin []int) bool {
	exact := make([]Span, len(margin))
	for i, n := range margin {
		exact[i] = Span{n, n}
	}
	t := s.tables[table]
	other := t.A + t.B - dimension
	within := s.within(other, table)
	for _, x := range [][]Span{near(within, s.aims[other]), within} {
		a, b := exact, x
		if t.A != dimension {
			a, b = x, exact
		}
		if f := newFlow(t.Cells, a, b); f.fit(Span{0, far}) {
			return s.settle(numbers, table, f.cells)
		}
	}
	return false
}

func totals(cells [][]int, side int) []int {
	if side == 0 {
		out := make([]int, len(cells))
		for i, line := range cells {
			for _, n := range line {
				out[i] += n
			}
		}
		return out
	}
	out := make([]int, len(cells[0]))
	for _, line := range cells {
		for j, n := range line {
			out[j] += n
		}
	}
	return out
}

// RestValues returns how many of the values that the number of records left out of
// a dimension may have are proved to be possible; it stops at enough.
func (s *System) RestValues(dimension, enough int) int {
	tables := s.at[dimension]
	if len(tables) == 0 {
		return enough // no table tells of it
	}
	out, known := 0, s.rest[dimension]
	for v := known.Low; v <= known.High && out < enough; v++ {
		try := *s
		try.rest = maps.Clone(s.rest)
		try.rest[dimension] = Span{v, v}
		if _, ok := try.witness(tables[0], -1, -1, 0); ok {
			out++
		}
	}
	return out
}
