package disclosure

// flow is a table whose cells are to be found: each within its bounds, its lines
// and columns with sums within theirs. That is a flow from lines to columns, so
// whole numbers are found if any are, by mending one sum after the other along a
// path of cells that give and take in turn.
type flow struct {
	cells       [][]int
	low, high   [][]int
	sums, spans [2][]Span // sums: Low is the sum, High is not used
}

func newFlow(cells [][]Cell, lines, columns []Span) *flow {
	f := &flow{spans: [2][]Span{lines, columns}}
	f.sums[0], f.sums[1] = make([]Span, len(lines)), make([]Span, len(columns))
	for i, line := range cells {
		low, high, start := make([]int, len(line)), make([]int, len(line)), make([]int, len(line))
		for j, c := range line {
			low[j], high[j] = c.Low, c.High
			start[j] = c.Low
			if c.High-c.Low < 20 { // from the middle there is least to mend
				start[j] = (c.Low + c.High) / 2
			}
			f.sums[0][i].Low += start[j]
			f.sums[1][j].Low += start[j]
		}
		f.low, f.high, f.cells = append(f.low, low), append(f.high, high), append(f.cells, start)
	}
	return f
}

// fix gives a cell its value.
func (f *flow) fix(i, j, value int) {
	f.add(i, j, value-f.cells[i][j])
	f.low[i][j], f.high[i][j] = value, value
}

func (f *flow) add(i, j, n int) {
	f.cells[i][j] += n
	f.sums[0][i].Low += n
	f.sums[1][j].Low += n
}

// fit mends all sums, and that of all; it returns false if no numbers fit.
func (f *flow) fit(all Span) bool {
	for side := range f.sums {
		for i := range f.sums[side] {
			for {
				sum, span := f.sums[side][i].Low, f.spans[side][i]
				if span.Low > span.High {
					return false
				}
				if sum >= span.Low && sum <= span.High {
					break
				}
				short := max(span.Low-sum, sum-span.High)
				if !f.mend(side, i, short, sum < span.Low, false) {
					return false
				}
			}
		}
	}
	for all.Low <= all.High {
		sum := 0
		for _, line := range f.sums[0] {
			sum += line.Low
		}
		if sum >= all.Low && sum <= all.High {
			return true
		}
		if !f.mendAll(max(all.Low-sum, sum-all.High), sum < all.Low) {
			return false
		}
	}
	return false
}

// mendAll brings the sum of all nearer to its bounds: from a line that can bear it
// to a column that can.
func (f *flow) mendAll(short int, up bool) bool {
	for i := range f.sums[0] {
		if spare := f.spare(0, i, up); spare > 0 && f.mend(0, i, min(short, spare), up, true) {
			return true
		}
	}
	return false
}

// step is where a search came from.
type step struct {
	side, at int // of the node before; side -1 at the start
	seen     bool
}

// mend changes the sum of a line (side 0) or a column (side 1), up or down, by at
// most so much, at the cost of another that can bear it; across asks for one of the
// other side. Going from the side it
// started on, cells change in the wanted direction; going back, in the other.
func (f *flow) mend(side, at, most int, up, across bool) bool {
	seen := [2][]step{make([]step, len(f.sums[0])), make([]step, len(f.sums[1]))}
	seen[side][at] = step{side: -1, seen: true}
	type node struct{ side, at int }
	queue := []node{{side, at}}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		grows := up == (n.side == side) // the cell on the way out of this node
		for next := range f.sums[1-n.side] {
			if seen[1-n.side][next].seen || f.room(n.side, n.at, next, grows) == 0 {
				continue
			}
			seen[1-n.side][next] = step{n.side, n.at, true}
			// the far end of the path changes as its last cell does
			if spare := f.spare(1-n.side, next, grows); spare > 0 && (!across || n.side == side) {
				f.push(seen, side, 1-n.side, next, min(most, spare), up)
				return true
			}
			queue = append(queue, node{1 - n.side, next})
		}
	}
	return false
}

// room is by how much the cell between two nodes can change.
func (f *flow) room(side, at, next int, grows bool) int {
	i, j := at, next
	if side == 1 {
		i, j = next, at
	}
	if grows {
		return f.high[i][j] - f.cells[i][j]
	}
	return f.cells[i][j] - f.low[i][j]
}

// spare is by how much a sum can change and be no worse for it.
func (f *flow) spare(side, at int, grows bool) int {
	if grows {
		return max(0, f.spans[side][at].High-f.sums[side][at].Low)
	}
	return max(0, f.sums[side][at].Low-f.spans[side][at].Low)
}

// push changes the cells along a path by at most an amount, as far as all of them
// allow.
func (f *flow) push(seen [2][]step, side, endSide, end, amount int, up bool) {
	walk := func(visit func(fromSide, from, to int, grows bool)) {
		for s, x := endSide, end; seen[s][x].side >= 0; {
			p := seen[s][x]
			visit(p.side, p.at, x, up == (p.side == side))
			s, x = p.side, p.at
		}
	}
	walk(func(s, from, to int, grows bool) { amount = min(amount, f.room(s, from, to, grows)) })
	walk(func(s, from, to int, grows bool) {
		if !grows {
			amount = -amount
		}
		if s == 0 {
			f.add(from, to, amount)
		} else {
			f.add(to, from, amount)
		}
		if !grows {
			amount = -amount
		}
	})
}
