// Package quality is the account that a load gives of itself: every row read
// is kept, rejected with a reason, or outside the subset, and every rule that
// changed something says how often. A report holds counts, places and names of
// fields, never a value.
package quality

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Examples is how many places are kept for each reason of rejection.
const Examples = 20

// Report is the account of one load.
type Report struct {
	Rows      Rows         `json:"rows"`
	Files     []File       `json:"files"`
	Rules     []RuleCount  `json:"rules"`              // in the order of the rules; those that did nothing too
	Rejects   []Reject     `json:"rejects"`            // the commonest first
	Years     []YearCount  `json:"years"`              // kept rows by FYEAR
	Filled    []FieldCount `json:"filled"`             // kept rows in which each field is recorded, in the order of the dictionary
	Unlisted  []FieldCount `json:"unlisted,omitempty"` // rows whose code is not in the field's list, fields with any
	Extracts  []string     `json:"extracts,omitempty"` // PARTYEAR values of the rows: year and number of the extract, 99 or 13 for the final one
	Subset    string       `json:"subset"`
	Synthetic bool         `json:"synthetic"` // every person id read carries the mark of a generator

	// Of the release as a whole, which holds the rows of all loaded years; Rows
	// above and the parts before are of the files of this load alone.
	Whole        Whole         `json:"whole"`
	Derived      []RuleCount   `json:"derived,omitempty"`      // rules V, D1, E, S, P, R and so on, in their order; episodes unless What says otherwise
	SubsetRules  []RuleCount   `json:"subset_rules,omitempty"` // how many episodes meet each rule of the subset
	WholeYears   []Part        `json:"whole_years,omitempty"`  // by FYEAR
	Providers    []Part        `json:"providers,omitempty"`    // by PROCODE3, "" if not recorded
	Completeness []FieldByYear `json:"completeness,omitempty"` // kept rows in which each field is recorded, fields in the order of the dictionary
	Notes        []string      `json:"notes,omitempty"`        // what a person should know: a file whose name and years disagree, methods chosen
}

// Whole balances: Staged = Kept + OutsideSubset.
type Whole struct {
	Staged        int `json:"staged"` // cleaned rows of all loaded years
	Kept          int `json:"kept"`
	OutsideSubset int `json:"outside_subset"`
	Persons       int `json:"persons"`            // distinct person keys among the kept
	Replaced      int `json:"replaced,omitempty"` // rows of earlier loads whose year this load replaced
}

// Part is the rows of the release that share a value: a year, a provider.
type Part struct {
	Value         string `json:"value"`
	Kept          int    `json:"kept"`
	OutsideSubset int    `json:"outside_subset"`
}

// FieldByYear says how complete a field is in each year.
type FieldByYear struct {
	Field  string `json:"field"`
	Filled []int  `json:"filled"` // kept rows in which it is recorded, as WholeYears
}

// Rows balances: Read = Kept + Rejected + OutsideSubset.
type Rows struct {
	Read          int `json:"read"`
	Kept          int `json:"kept"`
	Rejected      int `json:"rejected"`
	OutsideSubset int `json:"outside_subset"`
}

// File is one input.
type File struct {
	Name    string    `json:"name"` // base name; of an archive's member "archive.zip: member"
	Size    int64     `json:"size"` // bytes as delivered
	SHA256  string    `json:"sha256"`
	Rows    int       `json:"rows"`
	Form    string    `json:"form"` // "pipe-separated, gzip"
	Columns int       `json:"columns"`
	Years   []string  `json:"years"` // FYEAR values of its kept rows
	LeftOut []LeftOut `json:"left_out,omitempty"`
}

// LeftOut is a column that was not loaded, and why.
type LeftOut struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

// RuleCount says how many values (or rows) a rule changed.
type RuleCount struct {
	ID     string `json:"id"`
	What   string `json:"what"`
	Source string `json:"source"`
	Count  int    `json:"count"`
}

// Reject is a reason for which rows were rejected.
type Reject struct {
	Reason string  `json:"reason"`
	Count  int     `json:"count"`
	At     []Place `json:"at"` // the first of them
}

// Place is where in the input something was seen.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`             // from 1, the header is line 1
	Column string `json:"column,omitempty"` // the field's name as in the file
}

// String writes a place as file:line:column.
func (p Place) String() string {
	s := fmt.Sprintf("%s:%d", p.File, p.Line)
	if p.Column != "" {
		s += ":" + p.Column
	}
	return s
}

// YearCount is the kept rows of a financial year.
type YearCount struct {
	Year string `json:"year"` // FYEAR; "" if not recorded
	Rows int    `json:"rows"`
}

// FieldCount is a number of rows for a field.
type FieldCount struct {
	Field string `json:"field"`
	Rows  int    `json:"rows"`
}

// Check makes sure that the report balances. An error is a mistake of the
// program and must stop the load.
func (r *Report) Check() error {
	var errs []error
	if r.Rows.Read != r.Rows.Kept+r.Rows.Rejected+r.Rows.OutsideSubset {
		errs = append(errs, fmt.Errorf("rows do not balance: %+v", r.Rows))
	}
	rejected, read, kept := 0, 0, 0
	for _, x := range r.Rejects {
		rejected += x.Count
	}
	for _, f := range r.Files {
		read += f.Rows
	}
	for _, y := range r.Years {
		kept += y.Rows
	}
	if rejected != r.Rows.Rejected || read != r.Rows.Read || kept != r.Rows.Kept {
		errs = append(errs, fmt.Errorf("parts do not add up: %d rejected, %d read, %d kept of %+v", rejected, read, kept, r.Rows))
	}
	return errors.Join(errs...)
}

// Sort puts the parts into the order that the report promises.
func (r *Report) Sort() {
	slices.SortFunc(r.Rejects, func(a, b Reject) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(r.Years, func(a, b YearCount) int { return strings.Compare(a.Year, b.Year) })
}

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	// The whole is made before any of it is written: a tabwriter cannot take a
	// writer that fails.
	var text bytes.Buffer
	out := tabwriter.NewWriter(&text, 2, 8, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	line("Rows read\t%d", r.Rows.Read)
	line("  kept\t%d", r.Rows.Kept)
	line("  rejected\t%d", r.Rows.Rejected)
	line("  outside the subset “%s”\t%d", r.Subset, r.Rows.OutsideSubset)
	line("Synthetic\t%s", map[bool]string{true: "yes: every person id carries a generator's mark", false: "no"}[r.Synthetic])
	line("")
	line("File\tRows\tColumns\tForm")
	for _, f := range r.Files {
		line("%s\t%d\t%d\t%s", f.Name, f.Rows, f.Columns, f.Form)
		for _, l := range f.LeftOut {
			line("  left out %s\t\t\t%s", l.Column, l.Why)
		}
	}
	line("")
	line("Rule\tChanged in all rows read\tWhat it does")
	for _, c := range r.Rules {
		line("%s\t%d\t%s", c.ID, c.Count, c.What)
	}
	for _, c := range r.Unlisted {
		line("code not in the list of %s\t%d\tkept as it is", c.Field, c.Rows)
	}
	if r.Whole.Staged > 0 {
		line("")
		line("The release as a whole\tRows")
		line("  staged, of all loads\t%d", r.Whole.Staged)
		line("  kept\t%d", r.Whole.Kept)
		line("  outside the subset\t%d", r.Whole.OutsideSubset)
		line("  of earlier loads, replaced\t%d", r.Whole.Replaced)
		line("  people among the kept\t%d", r.Whole.Persons)
	}
	for _, part := range []struct {
		title string
		rules []RuleCount
	}{{"Derived", r.Derived}, {"Subset rule", r.SubsetRules}} {
		if len(part.rules) == 0 {
			continue
		}
		line("")
		line("%s\tCount\tWhat is counted", part.title)
		for _, c := range part.rules {
			line("%s\t%d\t%s", c.ID, c.Count, c.What)
		}
	}
	for _, n := range r.Notes {
		line("")
		line("%s", n)
	}
	line("")
	line("Financial year\tRows kept")
	for _, y := range r.Years {
		line("%s\t%d", cmp.Or(y.Year, "not recorded"), y.Rows)
	}
	if len(r.Rejects) > 0 {
		line("")
		line("Rejected because\tRows\tFirst at")
	}
	for _, x := range r.Rejects {
		places := make([]string, min(3, len(x.At)))
		for i := range places {
			places[i] = x.At[i].String()
		}
		line("%s\t%d\t%s", x.Reason, x.Count, strings.Join(places, "  "))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := w.Write(text.Bytes())
	return err
}
