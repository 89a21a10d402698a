package view

import "webenablehes/internal/policy"

// Tables is the list of the fixed tables.
type Tables struct {
	Facts
	Find       string
	Rule, Says string // for small numbers
	Hides      string // how a hidden number stands on the page
	Offered    int
	Sections   []Section[TableEntry]
}

// TableEntry is a table on the list.
type TableEntry struct {
	Title, Why, URL string
	Withheld        string // why it is not shown; "" if it is
}

// Add puts a table under its heading.
func (t *Tables) Add(group string, e TableEntry) { t.Sections = add(t.Sections, group, e) }

// FixedTable is a table of protected counts.
type FixedTable struct {
	Facts
	Title, Why string
	Rule, Says string // for small numbers
	Hides      string // how a hidden number stands on the page
	Withheld   string // why it is not shown; "" if it is
	Chart      Chart
	All        policy.Count
	How        How
	FileURL    string
}

// share is what a line of a table by one dimension is of the sum of all.
func (t FixedTable) share(m Mark) string { return policy.Share{Part: m.Count, Of: t.All}.String() }

// written says how a hidden number stands on a page and in a file.
func written(hides string) string {
	if hides == "*" {
		return "A hidden number is written *."
	}
	return "A hidden number is written " + hides + " here and * in a file."
}
