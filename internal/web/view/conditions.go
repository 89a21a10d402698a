package view

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/policy"
)

// Conditions is the page on which conditions beyond the filters are put together.
type Conditions struct {
	Facts
	Agreement, Purpose string
	State              []Pair // of the explorer
	Back, RemoveURL    string
	Sentence           string // the conditions in plain words; "" if there are none
	Counted            bool
	Episodes, Patients policy.Count
	Wrong              string // why they cannot be used yet
	Uncounted          int    // conditions that are not filled in or cannot be used
	Text, TextWrong    string // as text, and what is wrong with it
	Wrote              string // mark of the text that belongs to the form
	Unread             bool   // the text is another one
	Long               bool   // the form is too long for an address
	Top                Branch
	Fields             []Choice
	Lists              []ValueList
}

// Branch is a group of conditions, which has a How, or one condition.
type Branch struct {
	Path, How                   string
	In                          string // How of the group that it is in
	Parts                       []Branch
	First, Last                 bool // in its group
	Full                        bool // no group fits into it
	Added                       bool // just now
	Choosing                    bool // among all fields
	Field, Label, Op, Value, To string
	Operations                  []Pair
	Ticks                       []Tick // in place of a box to write in
	List                        string // id of the ValueList of its field
	Example                     string
	Reads                       string // what the codes mean
	Wrong                       string
}

// Tick is a value that can be ticked.
type Tick struct {
	Value, Label string
	On           bool
}

// ValueList is the codes of a field.
type ValueList struct {
	ID     string
	Values []Pair // code and meaning
}

// number counts conditions as people do: "2.1" is the first in the second group.
func (b Branch) number() string {
	var out []string
	for _, step := range strings.Split(b.Path, ".")[1:] {
		n, _ := strconv.Atoi(step)
		out = append(out, strconv.Itoa(n+1))
	}
	return strings.Join(out, ".")
}

// name tells branches apart for those who hear the page.
func (b Branch) name() string {
	switch {
	case b.Path == "0":
		return "the first group"
	case b.How != "":
		return "group " + b.number()
	}
	return "condition " + b.number()
}

// joint is the word before a part of a group.
func (b Branch) joint() string {
	switch {
	case b.First, b.In == "":
		return ""
	case b.In == "all":
		return "and"
	}
	return "or"
}

func (b Branch) span() bool { return strings.HasSuffix(b.Op, "span") }

func (b Branch) bare() bool {
	return strings.HasSuffix(b.Op, "missing") || strings.HasPrefix(b.Field, "*")
}

// choices are fields under one heading.
type choices struct {
	Title   string
	Choices []Choice
}

// grouped puts fields under their headings, in the order in which these come.
func grouped(fields []Choice) []choices {
	var out []choices
	for _, f := range fields {
		i := slices.IndexFunc(out, func(g choices) bool { return g.Title == f.Group })
		if i < 0 {
			i = len(out)
			out = append(out, choices{Title: f.Group})
		}
		out[i].Choices = append(out[i].Choices, f)
	}
	return out
}

// kept are the values of a condition that shows none, for when it shows some again.
func (b Branch) kept() []Pair {
	return []Pair{{Key: "value " + b.Path, Value: b.Value}, {Key: "to " + b.Path, Value: b.To}}
}
