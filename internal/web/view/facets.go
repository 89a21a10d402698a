package view

import (
	"fmt"
	"strings"

	"webenablehes/internal/policy"
)

// Facet is one filter of the side panel. A closed one holds no values.
type Facet struct {
	Key, Title, Hint string
	Group            string // the heading that it stands first under, or ""
	Active           int    // values chosen
	Open             bool
	Span, Dates      bool // two ends can be typed
	Codes            bool // codes can be typed
	From, To, Typed  string
	Was              string // the codes that are chosen, by which the server knows what was ticked last
	Positions        []Position
	Exclude          bool   // what is chosen is left out
	Begins, Radio    bool   // a default filter stands; one option of all is chosen
	Note             string // the method behind the field
	Options          []Option
	Histogram        *Histogram
	More             int    // values that are not shown
	AllURL           string // the page of all values
	Browse           Link   // the code browser, if its codes are in there
	Search           bool   // there are enough values to search among
	Hidden           []Pair // what is chosen and not shown
}

// Option is one value of a facet.
type Option struct {
	Value, Code, Label string
	Count              policy.Count
	Share              int // of the largest, in percent
	On                 bool
	Opens              string // name of the category that it opens, "dx.L40"; "" if it is none
	Open, Stays        bool   // its codes are shown; because it is chosen, so that it cannot be closed
	Kids               []Option
}

// Position is where in the record a tree's codes are looked for.
type Position struct {
	Name, Value, Label string
	On                 bool
}

// Histogram is bars over equal steps of a number, and the window that is chosen.
type Histogram struct {
	Bars      []int // of the largest, in percent
	Step      int   // numbers in a bar
	Most      int   // episodes in the largest, as published
	Low, High int   // edges of the window
}

// End is the right edge of the last bar.
func (h Histogram) End() int { return h.Step * len(h.Bars) }

// bars draws the bars as one path.
func (h Histogram) bars() string {
	var b strings.Builder
	for i, share := range h.Bars {
		if share > 0 {
			fmt.Fprintf(&b, "M%d 100v-%dh%d.4v%dz", h.Step*i, max(share, 2), h.Step-1, max(share, 2))
		}
	}
	return b.String()
}

// edge says a number at the right of the window; the last bar is open.
func (h Histogram) edge() string {
	if h.High >= h.End() {
		return itoa(h.End()-h.Step) + " or over"
	}
	return itoa(h.High - 1)
}

// id names the option's box, so that focus stays on it when the values change
// places.
func (o Option) id(f Facet) string {
	return "o-" + f.Key + "-" + strings.ReplaceAll(o.Value, " ", "_")
}

func optClass(o Option) string {
	if o.Count.Zero() {
		return "opt opt--0"
	}
	return "opt"
}

// turn is what a button sends to open or close something.
func turn(name string, open bool) string {
	if open {
		return "-" + name
	}
	return "+" + name
}

func mode(f Facet) string {
	if f.Dates {
		return "text"
	}
	return "numeric"
}

func example(f Facet) string {
	if f.Dates {
		return "2008-04-01"
	}
	return ""
}

func exampleCode(f Facet) string {
	if f.Key == "dx" {
		return "L40 or C44.3"
	}
	return "S06 or S06.5"
}

func expanded(open bool) string {
	if open {
		return "true"
	}
	return "false"
}
