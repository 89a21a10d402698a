package view

import (
	"slices"

	"webenablehes/internal/policy"
)

// Conditions is the page on which conditions beyond the filters are put together.
type Conditions struct {
	Facts
	Agreement, Purpose string
	State              string // of the explorer, as an address's query
	Back, RemoveURL    string
	Sentence           string // the conditions in plain words; "" if there are none
	Counted            bool
	Episodes, Patients policy.Count
	Wrong              string // why they cannot be used yet
	Text, TextWrong    string // as text, and what is wrong with it
	Top                Branch
	Fields             []Choice
	Operations         []Pair
	Lists              []ValueList
}

// Branch is a group of conditions, which has a How, or one condition.
type Branch struct {
	Path, How                   string
	Parts                       []Branch
	First, Last                 bool // in its group
	Field, Label, Op, Value, To string
	List                        string // id of the ValueList of its field
	Wrong                       string
}

// ValueList is the codes of a field.
type ValueList struct {
	ID     string
	Values []Pair // code and meaning
}

// name tells branches apart for those who hear the page.
func (b Branch) name() string { return "condition " + b.Path[min(len(b.Path), 2):] }

func (b Branch) span() bool { return b.Op == "span" || b.Op == "not span" }

func (b Branch) bare() bool { return b.Op == "missing" || b.Op == "not missing" }

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

func offered(fields []Choice, name string) bool {
	return slices.ContainsFunc(fields, func(c Choice) bool { return c.Value == name })
}
