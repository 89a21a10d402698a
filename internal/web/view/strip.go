package view

import (
	"strings"

	"webenablehes/internal/policy"
)

// Months is the strip of admissions by month: whole financial years.
type Months struct {
	Shown                  bool // not folded away
	Years                  []StripYear
	From, To               string // the chosen months, or the ends of the strip
	TypedFrom, TypedTo     string // what the fields for typing hold
	AllURL                 string // takes the span away; "" if there is none
	Hidden                 []Pair // the rest of the state
	Before, After, Missing policy.Count
}

// StripYear is a financial year of the strip, April first.
type StripYear struct {
	Label, URL string
	Months     []Month
}

// Month is one month of the strip.
type Month struct {
	Value, Label string // "2008-04", "Apr"
	Count        policy.Count
	On           bool // in the chosen span
}

// all returns the months one after another.
func (m Months) all() []Month {
	var out []Month
	for _, y := range m.Years {
		out = append(out, y.Months...)
	}
	return out
}

// Peak says the largest month's number.
func (m Months) Peak() string {
	var most policy.Count
	for i, x := range m.all() {
		if i == 0 || x.Count.Published() > most.Published() || most.Zero() && x.Count.Hidden() {
			most = x.Count
		}
	}
	return most.String()
}

// The strip is drawn in units: ten to a month across, monthHeight up.
const (
	monthWidth  = 10
	monthHeight = 60
	monthStub   = 4 // of a month whose number is hidden, whatever it is
)

func (m Months) width() string { return itoa(monthWidth * len(m.all())) }

// bars returns the outline of all bars, one path for the whole strip.
func (m Months) bars() string {
	most := 1
	for _, x := range m.all() {
		most = max(most, x.Count.Published())
	}
	var b strings.Builder
	for i, x := range m.all() {
		h := (monthHeight*x.Count.Published() + most - 1) / most
		if x.Count.Hidden() {
			h = monthStub
		}
		if h > 0 {
			b.WriteString("M" + itoa(monthWidth*i+1) + " " + itoa(monthHeight) + "v-" + itoa(h) + "h8V" + itoa(monthHeight) + "z")
		}
	}
	return b.String()
}

// low and high are the edges of the chosen span, in months from the left.
func (m Months) low() int {
	for i, x := range m.all() {
		if x.On {
			return i
		}
	}
	return 0
}

func (m Months) high() int {
	high := 0
	for i, x := range m.all() {
		if x.On {
			high = i + 1
		}
	}
	return high
}

// every is how many years go to one label, so that labels do not run together.
func (m Months) every() int { return 1 + (len(m.Years)-1)/13 }
