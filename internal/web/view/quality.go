package view

import "webenablehes/internal/policy"

// Loads is the list of releases.
type Loads struct{ Releases []LoadLine }

// LoadLine is one release.
type LoadLine struct {
	ID, URL, Made, Subset, Years  string
	Served, Synthetic             bool
	Read, Kept, Rejected, Outside policy.Count
}

// Report is the account of one load.
type Report struct {
	LoadLine
	JSONURL, Program, Agreement string
	Serve                       bool     // it may be served in place of the one that is
	Whole                       []Figure // of the release with all its years; empty for an older one
	Files                       []LoadFile
	Rules, Derived, SubsetRules []RuleLine
	Rejects                     []RejectLine
	Commonest                   bool // not all reasons are shown
	ByYear, Providers           []PartLine
	Years                       []string // headings of Heat
	Heat                        []HeatSection
	Unlisted                    []Figure
	Notes                       []string
	Compared                    *Compared
}

// Figure is a labelled number.
type Figure struct {
	Label, Name string
	Count       policy.Count
}

// LoadFile is one input.
type LoadFile struct {
	Name, Form, Size, SHA256, Columns, Years string
	Read                                     policy.Count
	LeftOut                                  []Pair // column and why
}

// RuleLine is a rule and how often it did something.
type RuleLine struct {
	ID, What, Source string
	Count            policy.Count
}

// RejectLine is a reason for rejection.
type RejectLine struct {
	Reason string
	Count  policy.Count
	At     []string // file:line:column
}

// PartLine is the rows of a year or a provider.
type PartLine struct {
	Label, Code   string
	Kept, Outside policy.Count
}

// HeatSection is a group of fields with their completeness by year.
type HeatSection struct {
	Title string
	Rows  []HeatRow
}

// HeatRow is one field.
type HeatRow struct {
	Name, Label string
	Cells       []HeatCell
}

// HeatCell is one share. Level is its shade, "a" (good) to "d"; "" is not shaded.
type HeatCell struct{ Text, Level string }

// Compared is how a release differs from the one before it.
type Compared struct {
	ID, URL, Made, Subset string
	Tables                []ChangeTable
}

// ChangeTable is one table of a comparison.
type ChangeTable struct {
	Title, Corner string
	Rows          []ChangeLine
	None          string // what is said when there is nothing to show
}

// ChangeLine is a number of two releases and the difference of what is shown.
type ChangeLine struct{ Label, Before, Now, Change string }

// about says what a release is of, by what and under which agreement.
func about(r Report) string {
	out := "Subset " + r.Subset + ", made by version " + r.Program
	if r.Agreement != "" {
		out += ", held under agreement " + r.Agreement
	}
	return out + "."
}

func heatClass(c HeatCell) string {
	if c.Level == "" {
		return "num"
	}
	return "num heat-" + c.Level
}
