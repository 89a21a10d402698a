package disclosure_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"webenablehes/internal/disclosure"
)

// The judges here share nothing with the package: each publishes numbers by a rule
// written down again, and counts records, or tries all numbers.

func bounds(n int) disclosure.Cell {
	switch {
	case n == 0:
		return disclosure.Cell{}
	case n <= 7:
		return disclosure.Cell{Low: 1, High: 7, Hidden: true}
	}
	at := (n + 2) / 5 * 5
	return disclosure.Cell{Low: max(8, at-2), High: at + 2}
}

// plan is a tree of tables over dimensions of given sizes.
type plan struct {
	sizes []int // of dimensions 1, 2, …
	edges [][2]int
}

// people are records, each with a part for every dimension; the last part of each
// is that of those left out.
type people [][]int

// some makes records whose cells are small and large in turn.
func (p plan) some(r *rand.Rand) people {
	var out people
	weights := make([][]float64, len(p.sizes))
	for d, n := range p.sizes {
		for range n {
			weights[d] = append(weights[d], []float64{.05, .3, 1, 2}[r.IntN(4)])
		}
		weights[d] = append(weights[d], []float64{0, 0, .02}[r.IntN(3)])
	}
	for range 100 + r.IntN(1200) {
		one := make([]int, len(p.sizes))
		for d, w := range weights {
			sum := 0.
			for _, x := range w {
				sum += x
			}
			at := r.Float64() * sum
			for at >= w[one[d]] && one[d] < len(w)-1 {
				at -= w[one[d]]
				one[d]++
			}
		}
		out = append(out, one)
	}
	return out
}

func (p plan) count(x people) (tables [][][]int, rest []int) {
	rest = make([]int, len(p.sizes))
	for _, e := range p.edges {
		t := make([][]int, p.sizes[e[0]-1]+1)
		for i := range t {
			t[i] = make([]int, p.sizes[e[1]-1]+1)
		}
		for _, one := range x {
			t[one[e[0]-1]][one[e[1]-1]]++
		}
		tables = append(tables, t)
	}
	for _, one := range x {
		for d := range one {
			if one[d] == p.sizes[d] {
				rest[d]++
			}
		}
	}
	return tables, rest
}

// system publishes records.
func (p plan) system(t testing.TB, x people) (*disclosure.System, []disclosure.Table) {
	t.Helper()
	counts, left := p.count(x)
	rest := map[int]disclosure.Span{}
	for d, n := range left {
		c := bounds(n)
		rest[d+1] = disclosure.Span{Low: c.Low, High: c.High}
	}
	var tables []disclosure.Table
	for n, e := range p.edges {
		table := disclosure.Table{A: e[0], B: e[1]}
		for i, line := range counts[n] {
			var cells []disclosure.Cell
			for j, c := range line {
				cell := bounds(c)
				if i == len(counts[n])-1 || j == len(line)-1 {
					cell = disclosure.Cell{High: 1 << 30}
					if i == len(counts[n])-1 {
						cell.High = min(cell.High, rest[e[0]].High)
					}
					if j == len(line)-1 {
						cell.High = min(cell.High, rest[e[1]].High)
					}
				}
				cells = append(cells, cell)
			}
			table.Cells = append(table.Cells, cells)
		}
		tables = append(tables, table)
	}
	s, err := disclosure.New(tables, rest)
	if err != nil {
		t.Fatal(err)
	}
	return s, tables
}

// rebuild makes records of a witness, along the tree.
func (p plan) rebuild(t testing.TB, numbers [][][]int) people {
	var out people
	known := map[int]bool{}
	for n, e := range p.edges {
		a, b := e[0]-1, e[1]-1
		if n == 0 {
			for i, line := range numbers[0] {
				for j, c := range line {
					for range c {
						one := make([]int, len(p.sizes))
						one[a], one[b] = i, j
						out = append(out, one)
					}
				}
			}
			known[a], known[b] = true, true
			continue
		}
		from, to, at := a, b, func(i, j int) int { return numbers[n][i][j] }
		if known[b] {
			from, to, at = b, a, func(i, j int) int { return numbers[n][j][i] }
		}
		left := make([][]int, p.sizes[from]+1)
		for i := range left {
			for j := range p.sizes[to] + 1 {
				left[i] = append(left[i], at(i, j))
			}
		}
		for _, one := range out {
			j := 0
			for j < len(left[one[from]]) && left[one[from]][j] == 0 {
				j++
			}
			if j == len(left[one[from]]) {
				t.Fatal("the margins of a witness do not agree")
			}
			left[one[from]][j]--
			one[to] = j
		}
		known[to] = true
	}
	return out
}

func samePublished(p plan, a, b people) bool {
	x, restX := p.count(a)
	y, restY := p.count(b)
	for d := range restX {
		if bounds(restX[d]) != bounds(restY[d]) {
			return false
		}
	}
	for n := range x {
		for i := range len(x[n]) - 1 {
			for j := range len(x[n][i]) - 1 {
				if bounds(x[n][i][j]) != bounds(y[n][i][j]) {
					return false
				}
			}
		}
	}
	return true
}

func plans() []plan {
	return []plan{
		{[]int{3, 4}, [][2]int{{1, 2}}},
		{[]int{6, 8, 3}, [][2]int{{1, 2}, {1, 3}}},
		{[]int{5, 9, 2, 6}, [][2]int{{1, 2}, {2, 3}, {1, 4}}},
		{[]int{10, 8, 2, 4, 3, 7}, [][2]int{{1, 2}, {1, 3}, {2, 4}, {1, 5}, {5, 6}}},
	}
}

// Every value that is said to be possible has records that are published in the
// same way and have it: so nobody can exclude it.
func TestTortureWitnessesHold(t *testing.T) {
	sets := 60
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		sets = 10_000
	}
	hidden, safe := 0, 0
	for n := range sets {
		r := rand.New(rand.NewPCG(uint64(n), 5))
		p := plans()[n%len(plans())]
		x := p.some(r)
		s, tables := p.system(t, x)
		for k, table := range tables {
			proved := s.Values(k, 5)
			for i := range proved {
				for j := range proved[i] {
					if !table.Cells[i][j].Hidden {
						continue
					}
					hidden++
					if proved[i][j] < 5 {
						continue // such a table is not shown
					}
					safe++
					found := 0
					for v := 1; v <= 7; v++ {
						numbers, ok := s.Witness(k, i, j, v)
						if !ok {
							continue
						}
						y := p.rebuild(t, numbers)
						again, _ := p.count(y)
						if again[k][i][j] != v || !samePublished(p, x, y) {
							t.Fatalf("set %d, table %d, cell %d %d, value %d: the witness is published in another way", n, k, i, j, v)
						}
						found++
					}
					if found < 5 {
						t.Errorf("set %d, table %d, cell %d %d: %d values", n, k, i, j, found)
					}
				}
			}
		}
	}
	if safe < hidden/4 || hidden < 5*sets {
		t.Errorf("%d hidden cells, %d of them safe: this tests little", hidden, safe)
	}
	t.Logf("TORTURE witnesses: %d data sets, %d hidden cells, %d shown as safe, none with fewer than 5 of 7 values", sets, hidden, safe)
}

// In one small table trying all numbers says what is possible; the proof claims no
// more, and on the worked example (1, 8, 8 beside a margin) it claims less.
func TestAgainstAllNumbers(t *testing.T) {
	claimed := 0
	for n := range 300 {
		r := rand.New(rand.NewPCG(uint64(n), 9))
		// two dimensions of three and of two, with a second table of one part beside
		// the first: its only part is the margin, which is shown
		p := plan{[]int{2, 3, 1}, [][2]int{{1, 2}, {1, 3}}}
		x := people{}
		for i := range 2 {
			for j := range 3 {
				for range []int{1, 2, 3, 5, 7, 8, 9, 12, 16}[r.IntN(9)] {
					x = append(x, []int{i, j, 0})
				}
			}
		}
		s, tables := p.system(t, x)
		proved := s.Values(0, 7)
		for i := range 2 {
			for j := range 3 {
				if !tables[0].Cells[i][j].Hidden {
					continue
				}
				claimed += proved[i][j]
				possible := map[int]bool{}
				a, b, c, margin := tables[0].Cells[i][0], tables[0].Cells[i][1], tables[0].Cells[i][2], tables[1].Cells[i][0]
				for u := a.Low; u <= a.High; u++ {
					for v := b.Low; v <= b.High; v++ {
						for w := c.Low; w <= c.High; w++ {
							if sum := u + v + w; sum >= margin.Low && sum <= margin.High {
								possible[[]int{u, v, w}[j]] = true
							}
						}
					}
				}
				if proved[i][j] > len(possible) {
					t.Errorf("set %d, cell %d %d: %d values proved, %d possible", n, i, j, proved[i][j], len(possible))
				}
			}
		}
	}
	if claimed < 1000 {
		t.Errorf("only %d values were claimed", claimed)
	}
}

// The example of the rounded total: 1, 8, 8 with a total of 15 can only be that.
func TestRoundedTotalGivesAway(t *testing.T) {
	p := plan{[]int{1, 3, 1}, [][2]int{{1, 2}, {1, 3}}}
	x := people{{0, 0, 0}}
	for range 8 {
		x = append(x, []int{0, 1, 0}, []int{0, 2, 0})
	}
	s, _ := p.system(t, x)
	if got := s.Values(0, 7)[0][0]; got != 1 {
		t.Errorf("%d values, want the one", got)
	}
}

func TestNoRings(t *testing.T) {
	cell := [][]disclosure.Cell{{{}, {}}, {{}, {}}}
	if _, err := disclosure.New([]disclosure.Table{{1, 2, cell}, {2, 3, cell}, {3, 1, cell}}, nil); err == nil {
		t.Error("a ring of tables is taken")
	}
	if _, err := disclosure.New([]disclosure.Table{{1, 2, cell}, {3, 4, cell}}, nil); err == nil {
		t.Error("tables that do not hang together are taken")
	}
}
