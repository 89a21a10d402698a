package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/policy"
)

// panel is a part of the trend with a scale of its own: a line that is far above
// the others would press them flat.
type panel struct {
	class  string
	ticks  []string // from the top down to 0
	curves []curve
	ends   []end
}

// curve is one line, in thousandths of the panel's width and height. Numbers
// that are not shown leave a gap in it and a stub on the ground.
type curve struct{ class, line, dots, stubs string }

// end is the name at the end of a line.
type end struct {
	class string
	row   int // where it begins, in rows of the panel
	Name
}

// dotted is how many points a line may have to show each; of more only those that
// stand alone are shown, which no line would tell of.
const dotted = 36

// label is how many rows a name at the end of a line takes, so that it is high
// enough to be hit; the styles know the height of a row.
const label = 4

// panels returns the panel of all records and that of the named lines.
func (c Chart) panels() []panel {
	var all, named []int
	for i, col := range c.Columns {
		if col.Total {
			all = append(all, i)
		} else {
			named = append(named, i)
		}
	}
	var out []panel
	if len(all) > 0 {
		out = append(out, c.panel("pan--all", all, 2, 14))
	}
	if len(named) > 0 {
		out = append(out, c.panel("pan--named", named, 4, 38))
	}
	return out
}

func (c Chart) panel(class string, columns []int, ticks, rows int) panel {
	years, most := c.drawn(), 1
	for _, l := range years {
		for _, i := range columns {
			most = max(most, l.Cells[i].Count.Published())
		}
	}
	step, top := axis(most, ticks)
	p := panel{class: class}
	for n := top; n >= 0; n -= step {
		p.ticks = append(p.ticks, policy.Thousands(n))
	}
	for _, i := range columns {
		v := curve{class: "l0"} // of all records
		if !c.Columns[i].Total {
			v.class = "l" + itoa(1+slices.Index(columns, i))
		}
		var line, dots, stubs strings.Builder
		pen := "M"
		for x, l := range years {
			at, m := (2*x+1)*500/len(years), l.Cells[i]
			hidden := func(x int) bool { return x < 0 || x == len(years) || years[x].Cells[i].Count.Hidden() }
			if m.Count.Hidden() {
				fmt.Fprintf(&stubs, "M%d 1000v-60", at)
				pen = "M"
				continue
			}
			y := 1000 - 1000*m.Count.Published()/top
			fmt.Fprintf(&line, "%s%d %d", pen, at, y)
			if len(years) <= dotted || hidden(x-1) && hidden(x+1) {
				fmt.Fprintf(&dots, "M%d %dh0", at, y)
			}
			pen = "L"
		}
		v.line, v.dots, v.stubs = line.String(), dots.String(), stubs.String()
		p.curves = append(p.curves, v)
		if len(years) > 0 {
			last := years[len(years)-1].Cells[i].Count.Published()
			p.ends = append(p.ends, end{class: v.class, row: (top-last)*rows/top - label/2, Name: c.Columns[i]})
		}
	}
	apart(p.ends, rows)
	return p
}

// apart moves names that would lie on one another apart, first downwards and
// then, where they leave the panel, up again.
func apart(ends []end, rows int) {
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.row, b.row) })
	free := 0
	for i := range ends {
		ends[i].row = max(ends[i].row, free)
		free = ends[i].row + label
	}
	free = rows - label
	for i := len(ends) - 1; i >= 0; i-- {
		ends[i].row = max(0, min(ends[i].row, free))
		free = ends[i].row - label
	}
}

// axis returns the distance of round numbers of which at most n reach up to most,
// and the highest of them.
func axis(most, n int) (step, top int) {
	for ten := 1; ; ten *= 10 {
		for _, f := range [...]int{1, 2, 5} {
			if step = f * ten; step*n >= most {
				return step, (most + step - 1) / step * step
			}
		}
	}
}

// shown tells whether a year's name fits under the trend.
func (c Chart) shown(year int) bool {
	if slices.ContainsFunc(c.Lines, func(l ChartLine) bool { return l.Tick != "" }) {
		return false
	}
	n := len(c.drawn())
	every := (n + 11) / 12
	return (n-1-year)%every == 0
}

// shade is a part of a panel that a filter lets through, in thousandths.
type shade struct{ from, width int }

// shaded returns those parts, neighbours as one.
func (c Chart) shaded() (out []shade) {
	drawn := c.drawn()
	for i := 0; i < len(drawn); i++ {
		first := i
		for i < len(drawn) && drawn[i].In {
			i++
		}
		if i > first {
			from := first * 1000 / len(drawn)
			out = append(out, shade{from, i*1000/len(drawn) - from})
		}
	}
	return out
}
