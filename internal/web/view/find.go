package view

import (
	"strconv"
	"strings"
)

// Find is what was found for what somebody typed or pasted.
type Find struct {
	Typed, Back string
	State       []Pair // of the explorer, for a form to carry
	Found       []Found
	Number      int // suggestions that there are, of which Found may hold the first
	Limit       int // how many the list under the box shows
	MoreURL     string
	Pasted      bool // it was read as a list of codes
	Both        []string
	Unread      []string // parts of the list that were not understood
	UnreadMore  int      // and how many more there are
}

// Found is one suggestion.
type Found struct {
	Code, Label, Of string
	URL             string // the records with it; "" if there is no such address, and Why says so
	Why             string
	Opens           string // key of the filter that it opens in place of a value
	On              bool   // chosen already
}

// Shown is how many suggestions the list under the box has.
func (x Find) Shown() []Found { return x.Found[:min(len(x.Found), x.Limit)] }

// Says is the announcement of the list.
func (x Find) Says() string {
	switch {
	case x.Pasted && len(x.Unread) > 0:
		return plural(len(x.Found), "suggestion") + ", and " + plural(len(x.Unread)+x.UnreadMore, "part") + " of the list not understood"
	case len(x.Found) == 0:
		return "Nothing found"
	case x.MoreURL != "":
		return plural(len(x.Shown()), "suggestion") + " of " + strconv.Itoa(x.Number)
	}
	return plural(len(x.Shown()), "suggestion")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func (x Find) heading() string {
	switch {
	case len(x.Found) == 0:
		return "Nothing found"
	case x.Number > len(x.Found):
		return "The first " + strconv.Itoa(len(x.Found)) + " of " + strconv.Itoa(x.Number) + " suggestions"
	}
	return plural(x.Number, "suggestion")
}

// line is what was typed, if it is one line.
func (x Find) line() string {
	if x.Pasted {
		return ""
	}
	return x.Typed
}

// list is what was pasted.
func (x Find) list() string {
	if x.Pasted {
		return x.Typed
	}
	return ""
}

func commas(words []string) string { return strings.Join(words, ", ") }
