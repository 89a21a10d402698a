package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
)

// Rule says how counts are published. It is one object for pages, charts and
// files alike, and is applied inside the door only. The zero Rule hides every
// count. Shares, means and medians are worked out from what it publishes, so there
// are none of a count that it hides.
type Rule struct {
	Name       string // by which it is chosen
	Title      string // for people
	Source     string
	Low, High  int  // counts from Low to High are hidden
	Round      int  // the others are rounded to the nearest multiple; 0: they are not
	ZeroHidden bool // and so is nought
	Secondary  bool // further cells are hidden, so that no line of a table has only one

	exact bool // counts are published as they are: people who see the records anyway
}

// Rules returns the rules that a site can choose from, the default first.
func Rules() []Rule {
	return []Rule{
		{Name: "nhsd-2018", Title: "NHS Digital, September 2018", Source: "NHS Digital, disclosure control methodology for HES and ECDS, September 2018", Low: 1, High: 7, Round: 5},
		{Name: "hes-pre-2018", Title: "HES before September 2018", Source: "HES analysis guide: 1 to 5 suppressed, and further cells where those could be worked out", Low: 1, High: 5, Secondary: true},
		{Name: "threshold-10", Title: "Threshold of 10", Source: "UK LLC trusted research environment: below 10, nought included; rounded as the ACRO tool does", Low: 1, High: 9, Round: 5, ZeroHidden: true},
	}
}

// RuleNamed returns the rule of a name.
func RuleNamed(name string) (Rule, error) {
	var names []string
	for _, r := range Rules() {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Rule{}, fault.New(fault.Invalid, "There is no rule for small numbers of that name. Choose one of %s.", strings.Join(names, ", "))
}

// Says describes the rule in a sentence.
func (r Rule) Says() string {
	if r.High == 0 {
		return "Every count is hidden."
	}
	low, others := r.Low, "the others are shown as they are"
	if r.ZeroHidden {
		low = 0
	}
	if r.Round > 0 {
		others = fmt.Sprintf("the others are rounded to the nearest %d", r.Round)
	}
	out := fmt.Sprintf("Counts from %d to %d are hidden and %s", low, r.High, others)
	if !r.ZeroHidden {
		out += "; 0 is shown"
	}
	if r.Secondary {
		out += "; where a hidden count could be worked out from the others of its line, one more is hidden"
	}
	return out + "."
}

// Hides says what a hidden count may be, as it stands in a table: "1–7".
func (r Rule) Hides() string { return r.hidden().String() }

func (r Rule) hidden() Count {
	switch {
	case r.Secondary:
		return Count{} // some of them are larger
	case r.ZeroHidden:
		return Count{hides: [2]int{0, r.High}}
	}
	return Count{hides: [2]int{r.Low, r.High}}
}

func (r Rule) protect(n int) Count {
	switch {
	case r.exact:
		return Count{n: n, state: shown}
	case r.High == 0 || n >= r.Low && n <= r.High || n == 0 && r.ZeroHidden:
		return r.hidden()
	case r.Round > 0:
		return Count{n: (n + r.Round/2) / r.Round * r.Round, state: rounded}
	}
	return Count{n: n, state: shown}
}

// grid protects the cells of a table. With Secondary it goes on to hide the
// smallest shown cell of each line and column that has exactly one hidden cell,
// until there is none: what is already hidden and what is shown decide, so that
// the choice tells nothing more.
func (r Rule) grid(raw [][]int) [][]Count {
	out := make([][]Count, len(raw))
	for i, line := range raw {
		for _, n := range line {
			out[i] = append(out[i], r.protect(n))
		}
	}
	if !r.Secondary || len(raw) == 0 {
		return out
	}
	var lines [][]*Count
	for i := range out {
		var line []*Count
		for j := range out[i] {
			line = append(line, &out[i][j])
		}
		lines = append(lines, line)
	}
	for j := range out[0] {
		var column []*Count
		for i := range out {
			column = append(column, &out[i][j])
		}
		lines = append(lines, column)
	}
	for more := true; more; {
		more = slices.ContainsFunc(lines, r.second)
	}
	return out
}

// second hides the smallest shown cell of a line with exactly one hidden cell.
func (r Rule) second(line []*Count) bool {
	hidden := 0
	var least *Count
	for _, c := range line {
		switch {
		case c.Hidden():
			hidden++
		case !c.Zero() && (least == nil || c.n < least.n):
			least = c
		}
	}
	if hidden != 1 || least == nil {
		return false
	}
	*least = r.hidden()
	return true
}

// Unbounded stands for a number of which no upper bound is known.
const Unbounded = 1 << 30

// Bounds returns the smallest and the largest number that is published as c.
func (r Rule) Bounds(c Count) (low, high int) {
	switch {
	case c.state == hidden && (r.High == 0 || r.ZeroHidden):
		return 0, cmp.Or(r.High, Unbounded)
	case c.state == hidden && r.Secondary:
		return r.Low, Unbounded
	case c.state == hidden:
		return r.Low, r.High
	case c.n == 0 || r.Round == 0:
		return c.n, c.n
	}
	return max(c.n-r.Round/2, r.High+1), c.n + (r.Round-1)/2
}

// Needs is how many values a hidden count must be able to have, for all that is
// published: five of the seven of the rule of 2018, and as many of another's.
func (r Rule) Needs() int {
	n := r.High - r.Low + 1
	if r.ZeroHidden {
		n++
	}
	return (n*5 + 6) / 7
}

// Few says the rule's small numbers in words: "1 to 7".
func (r Rule) Few() string {
	low := r.Low
	if r.ZeroHidden {
		low = 0
	}
	return strconv.Itoa(low) + " to " + strconv.Itoa(r.High)
}
