package codelist

import (
	"slices"
	"strings"

	"webenablehes/internal/fault"
)

// maxChain is how many organisations may follow one another. Real chains have up
// to six; a longer one is a hostile or a broken file.
const maxChain = 50

// Step says that from a day on one organisation's work was done by another.
type Step struct {
	Code string // that follows
	Day  string // of the change, 2011-04-01; empty if not known
}

// chains says for each organisation which ones follow it, the earliest first.
type chains map[string][]Step

func follow(lists ...[]Entry) chains {
	c := chains{}
	for _, entries := range lists {
		for _, e := range entries {
			if s := (Step{e.Next, e.From}); !slices.Contains(c[e.Code], s) {
				c[e.Code] = append(c[e.Code], s)
			}
		}
	}
	for _, steps := range c {
		slices.SortFunc(steps, func(a, b Step) int { return strings.Compare(a.Day+a.Code, b.Day+b.Code) })
	}
	return c
}

// walk follows an organisation from one to the next as long as there is one and
// only one, never back in time: codes have been given back to an organisation
// that had them before. split tells that the walk ended where the work was
// divided among several; loop, that it would not end.
func (c chains) walk(code string) (steps []Step, split, loop bool) {
	today := ""
	for len(steps) < maxChain {
		var next []Step
		for _, s := range c[code] {
			switch {
			case s.Day != "" && s.Day < today: // of an earlier life of the code
			case len(next) > 0 && next[0].Day != s.Day: // of a later one
			default:
				next = append(next, s)
			}
		}
		switch len(next) {
		case 0:
			return steps, false, false
		case 1:
		default:
			return steps, true, false
		}
		if slices.Contains(steps, next[0]) {
			return steps, false, true
		}
		steps = append(steps, next[0])
		code, today = next[0].Code, max(today, next[0].Day)
	}
	return steps, false, true
}

// check refuses successions that do not end.
func (c chains) check(name string) error {
	for code := range c {
		if steps, _, loop := c.walk(code); loop {
			return fault.New(fault.Invalid, "%s: the organisations that follow %s come back to where they were, by way of %s, or do not end. Take out the row that is wrong.", name, code, steps[len(steps)-1].Code)
		}
	}
	return nil
}
