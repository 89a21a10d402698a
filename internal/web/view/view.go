// Package view is what the pages look like: one typed struct for each page and
// a templ component that draws it. Counts arrive as policy.Count, already
// protected; nothing here knows a raw number.
package view

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
)

// Frame is what surrounds a page.
type Frame struct {
	Title   string
	Section string // key of the current Link
	Asset   func(name string) string
	User    string // display name; "" if nobody is signed in
	Now     string // day and time, for paper
	Nav     []Link
	Home    string // where the person's work begins; "" if nobody is signed in
	Purpose string // reference of the agreement that was chosen; "" if none is, or for roles without one
	Ending  string // warning that the access ends soon; ""
	Confirm bool   // what ends is the person's own confirmation of responsibility
	Notices int    // how many things the person is to be told about their own account
	Switch  bool   // the person works under agreements, and can choose another
}

// Start is where to begin again.
func (f Frame) Start() string {
	if f.Home != "" {
		return f.Home
	}
	return "/"
}

// pages is the main navigation.
func (f Frame) pages() []Link {
	if f.User == "" {
		return signedOutPages()
	}
	return f.Nav
}

// Link is an entry of the main navigation, or a way to go on.
type Link struct{ Text, URL, Key string }

// Whole is the Key of a way to go on that needs a page of its own, not a part.
const Whole = "whole"

// sentFor is the address that a form of a page made for a purpose is sent to,
// where the form has no place for a hidden field.
func sentFor(address, agreement string) string {
	if agreement == "" {
		return address
	}
	return address + "?purpose=" + url.QueryEscape(agreement)
}

// Pair is a hidden form field.
type Pair struct{ Key, Value string }

// Facts are what is known of the release.
type Facts struct {
	ID, Rows, Years, Subset, Loaded string
	First, Last                     string
	Synthetic                       bool
}

// Problem is an error page.
type Problem struct {
	Status int
	Say    string
	ID     string // of the request
	Ways   []Link // to go on
	Filter string // key of the filter that the problem lies in; "" if none
}

// Title heads an error page.
func (p Problem) Title() string {
	switch p.Status {
	case 400:
		return "That could not be understood"
	case 401:
		return "Sign in to go on"
	case 403:
		return "You may not see this"
	case 404:
		return "Page not found"
	case 405:
		return "This address is used in another way"
	case 409:
		return "Something has changed meanwhile"
	case 410:
		return "The data have been replaced"
	case 429:
		return "Too much for now"
	case 503:
		return "Not available just now"
	}
	return "Something went wrong"
}

// SignIn is the sign-in page.
type SignIn struct {
	Next, Name, Error string
	Passkeys          bool   // can be used
	Elsewhere         string // another service by which people sign in; ""
}

// ElsewhereURL is where signing in by the other service begins.
func (s SignIn) ElsewhereURL() string {
	if s.Next == "" {
		return "/sign-in/elsewhere"
	}
	return "/sign-in/elsewhere?next=" + url.QueryEscape(s.Next)
}

// Explorer is the record explorer.
type Explorer struct {
	Facts
	Agreement, Purpose                  string
	Episodes, Patients, Spells          policy.Count
	From, To                            policy.Count
	By                                  query.Unit // what a row is
	Clinical, Wrap                      bool
	Begins, Cleared                     bool // there are default filters; they alone are on
	EverythingURL, ConditionsURL        string
	ByNumber                            bool // patients can be found by the hospital's own number
	How                                 How
	Methods                             []string // by which the stays shown or filtered by were put together
	Chips                               []Chip
	Facets                              []Facet
	Open                                string // what is open in the side panel, where the filters do not suggest it
	Months                              Months
	Hidden                              []Pair
	State                               []Pair // all of it, for the box that finds
	Columns                             []Column
	Rows                                []Line   // of episodes
	Lines                               *Sheet   // of patients or spells; nil for episodes
	Charts                              []Chart  // in place of rows
	Lent                                []string // columns of the link that are not the person's own
	OwnURL                              string   // shows the person's own
	ColumnsURL                          string   // where columns are chosen
	DefinitionURL                       string   // where what the list is of is fetched; "" where ExportURL has a way to it
	ExportURL                           string   // where a file is asked for; "" if the agreement allows none
	ClearURL, NextURL, BackURL, WrapURL string
	Return                              string
	Tabs                                []Tab // the ways to look at what the filters leave
}

// Heading is the page's title.
func (x Explorer) Heading() string { return said(x.Total()) + " " + x.Unit() }

// said is a count as a headline says it.
func said(c policy.Count) string {
	if c.About() {
		return "about " + c.String()
	}
	return c.String()
}

// Unit returns the word for what a row is.
func (x Explorer) Unit() string { return x.By.String() }

// Total returns how many rows there are in all.
func (x Explorer) Total() policy.Count {
	switch x.By {
	case query.Patients:
		return x.Patients
	case query.Spells:
		return x.Spells
	}
	return x.Episodes
}

// others are the totals beside the headline, each with its unit.
func (x Explorer) others() []Fact {
	var out []Fact
	for _, u := range [...]struct {
		by    query.Unit
		total policy.Count
	}{{query.Episodes, x.Episodes}, {query.Spells, x.Spells}, {query.Patients, x.Patients}} {
		if u.by != x.By {
			out = append(out, Fact{Label: u.by.String(), Value: said(u.total)})
		}
	}
	return out
}

// Empty tells that nothing matches.
func (x Explorer) Empty() bool {
	return len(x.Rows) == 0 && (x.Lines == nil || len(x.Lines.Lines) == 0)
}

// Tab is a way to look at what the filters leave.
type Tab struct {
	Text, URL string
	On        bool
}

// Chip is a filter that is on.
type Chip struct {
	Field, Text, Remove string
	Edit                string       // where it is changed; "" if beside the list
	Whole               string       // all of a text that was cut short; else ""
	Brings              policy.Count // the episodes that there would be without it; asked for when there are none
}

// Says is the chip as a sentence.
func (c Chip) Says() string { return strings.TrimSpace(c.Field + " " + c.Text) }

// Brings returns the chips that stand alone in the way of some records.
func (x Explorer) Brings() []Chip {
	var out []Chip
	for _, c := range x.Chips {
		if !c.Brings.Zero() && c.Brings != (policy.Count{}) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Chip) int { return policy.CompareCounts(a.Brings, b.Brings) })
	return out
}

// Column is a column's heading.
type Column struct {
	Label, Name, Class, URL string
	Order                   string // "ascending", "descending" or ""
}

// Line is one row of a table of records.
type Line struct {
	URL, Patient, PatientURL string
	Cells                    []Cell
}

// Cell is one value.
type Cell struct {
	Label, Class      string
	Code, Text, Title string
	Missing           bool
	More              int    // further codes that the episode has beside this one
	MoreOf            string // "diagnoses"
}

// more says how many further codes there are: "further diagnoses".
func (c Cell) more() string {
	if c.More == 1 {
		return "further " + map[string]string{"diagnoses": "diagnosis", "procedures": "procedure"}[c.MoreOf]
	}
	return "further " + c.MoreOf
}

// Says is the cell's text.
func (c Cell) Says() string {
	if c.Missing {
		return "Not recorded"
	}
	return strings.TrimSpace(c.Code + " " + c.Text)
}

// Whole is the full text of a cell that can be cut short, or the code behind its
// text; "" where there is nothing more to say.
func (c Cell) Whole() string {
	switch {
	case c.Missing:
		return ""
	case c.Title != "":
		return c.Title + " " + c.Text
	case c.Code != "" || c.Class == "text":
		return c.Says()
	}
	return ""
}

// Choice is a column that may be chosen.
type Choice struct {
	Value, Label, Group string
	Hint                string
	On                  bool
}

// Section is a group of entries under a heading.
type Section[E any] struct {
	Title   string
	Entries []E
}

// Entry is a labelled value.
type Entry struct {
	Name, Label, Value, Meaning string
	Delivered, Cleaned          string // text in the file and what it was cleaned to; Delivered is "" where they are alike
	Rule, Source                string // of a derived field
}

// add puts an entry under its heading.
func add[E any](in []Section[E], group string, e E) []Section[E] {
	for i := range in {
		if in[i].Title == group {
			in[i].Entries = append(in[i].Entries, e)
			return in
		}
	}
	return append(in, Section[E]{Title: group, Entries: []E{e}})
}

func itoa(n int) string { return strconv.Itoa(n) }

func initials(name string) string {
	out := ""
	for _, w := range strings.Fields(name) {
		if len(out) < 2 {
			out += strings.ToUpper(w[:1])
		}
	}
	return out
}

// colClass gives a column its width.
func colClass(c Column) string {
	if c.Class == "num" && len(c.Label) <= 6 { // an age, and other numbers with a short name
		return "c-short"
	}
	return "c-" + c.Class
}

func gridClass(wrap bool) string {
	if wrap {
		return "grid ge grid--w"
	}
	return "grid ge"
}

func cellClass(c Cell) string {
	if c.Missing {
		return c.Class + " mut"
	}
	return c.Class
}
