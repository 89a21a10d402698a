package view

import (
	"strings"

	"webenablehes/internal/policy"
)

// Drawing says how a chart is drawn.
type Drawing string

// The drawings.
const (
	Trend   Drawing = "trend"   // a line for each column over the lines, which are years
	Bars    Drawing = "bars"    // a bar for each line
	Pyramid Drawing = "pyramid" // two bars for each line, back to back
	Tiles   Drawing = "tiles"   // a tile for each line, where it lies on the map
	Heat    Drawing = "heat"    // a table, its cells tinted
	Columns Drawing = "columns" // a column for each line, side by side: a histogram
	Nothing Drawing = ""        // there is nothing to draw yet
)

// Chart is one chart. Its numbers are here once, as a table: the marks and the
// table under it are made of this, and its file of one whose numbers may leave.
type Chart struct {
	Key, Title, Sub string
	Draw            Drawing
	Term            string // what the lines are: "Provider"
	Unit            string // of the numbers: "episodes"
	Columns         []Name
	Lines           []ChartLine
	Says            []string // what else is to be said of it, below the marks
	Spread          Spread   // of Columns
	How             How
	FileURL         string          // "" where it may not be taken away
	FileSays        string          // what the file does with small numbers
	Switch          []Tab           // other ways to draw it
	Form            *ChartForm      // by which its fields are chosen
	Open            map[string]bool // which of ChartParts are
}

// The parts of a chart that can be opened beside its marks. One that is closed is
// not sent: all of them are as long as the marks.
const (
	TablePart  = "table"
	HowPart    = "how"
	FieldsPart = "fields"
)

// ChartParts are those parts.
func ChartParts() []string { return []string{FieldsPart, TablePart, HowPart} }

// Name is what a line or a column of a chart stands for.
type Name struct {
	Code, Text string
	Short      string // where there is little room; "" is Text
	URL        string // adds its filter or takes it off; "" if there is none
	On         bool   // the filter is on
	Total      bool   // it sums the others and is drawn apart
}

// ChartLine is a line of a chart's table.
type ChartLine struct {
	Name
	Cells []Mark
	Aside bool   // it has no mark: Says or the table tell of it
	In    bool   // of a trend: its filter lets some of it through
	Tick  string // of a trend: what stands under it; if no line has any, the lines' own names do where there is room
	Place string // of a tile
}

// Mark is a number of a chart.
type Mark struct {
	Count policy.Count
	URL   string
	On    bool
}

// Spread is where the middle of a distribution lies.
type Spread struct {
	Known                      bool
	Lower, Median, Upper       string // quartiles, as text
	LowerAt, MedianAt, UpperAt int    // where on the axis, in thousandths of its width
}

// ChartForm chooses what a chart is of.
type ChartForm struct {
	Hidden  []Pair
	Selects []Select
	Count   []Choice // what is counted; none: it cannot be chosen
}

// Select is one list of choices, in groups.
type Select struct {
	Name, Label, Empty string // Empty is the choice of none; "" if one must be chosen
	Choices            []Choice
}

// Full is the name with its code.
func (n Name) Full() string { return strings.TrimSpace(n.Code + " " + n.Text) }

func (n Name) short() string {
	if n.Short != "" {
		return n.Short
	}
	return n.Text
}

// drawn returns the lines that have marks.
func (c Chart) drawn() []ChartLine {
	var out []ChartLine
	for _, l := range c.Lines {
		if !l.Aside && !l.Total {
			out = append(out, l)
		}
	}
	return out
}

// most is the largest number among the marks that are drawn, at least 1: what
// they are scaled by.
func (c Chart) most() int {
	most := 1
	for _, l := range c.drawn() {
		for i, m := range l.Cells {
			if !c.Columns[i].Total {
				most = max(most, m.Count.Published())
			}
		}
	}
	return most
}

// thousandths is the length of a bar; what is not nothing can be seen.
func thousandths(m Mark, most int) int {
	n := m.Count.Published()
	if n > 0 {
		return max(6, 1000*n/most)
	}
	return 0
}

// tint returns the class of a mark's shade, 0 for nothing to 7 for the most.
func tint(m Mark, most int) string {
	switch n := m.Count.Published(); {
	case m.Count.Hidden():
		return "few"
	case n == 0:
		return "h0"
	default:
		return "h" + itoa(min(7, 1+7*(n-1)/most))
	}
}

// number is the class of a printed number.
func number(m Mark) string {
	if m.Count.Hidden() {
		return "n few-n"
	}
	return "n"
}

func (m Mark) text() string { return m.Count.String() }

// does says what following a mark's link does.
func does(on bool) string {
	if on {
		return "in use, take this filter off"
	}
	return "filter by this"
}

// hear is a name that is followed, in words; "" if it is not.
func (n Name) hear() string {
	if n.URL == "" {
		return ""
	}
	return n.Full() + ": " + does(n.On)
}

// hear is a line with one number, in words; "" if it is not followed. What is
// seen of it comes first.
func (l ChartLine) hear(unit string) string {
	if l.URL == "" {
		return ""
	}
	out := l.Full() + " " + l.Cells[0].text() + " " + unit
	if l.Short != "" {
		out = l.Short + " " + l.Cells[0].text() + " " + unit + ", " + l.Full()
	}
	return out + ": " + does(l.On)
}

// says is a mark in words, for those who do not see where it stands.
func (c Chart) says(m Mark, names ...string) string {
	out := m.text() + " " + c.Unit + ", " + strings.Join(names, ", ")
	if m.URL != "" {
		out += ": " + does(m.On)
	}
	return out
}
