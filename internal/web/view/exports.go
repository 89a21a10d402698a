package view

import "webenablehes/internal/policy"

// ExportForm is the form on which a file of a list is asked for.
type ExportForm struct {
	Errors            []FormError
	Lines             policy.Count
	Unit, Words, List string
	Back              string
	DefinitionText    string // where the list's definition is fetched
	DefinitionJSON    string
	Ref, Title        string
	Formats           []Box
	FormatError       string
	Reason            FormField
	AgreeError        string
	Checks            []Fact
}

// ExportsList is files that were asked for.
type ExportsList struct{ Waiting, Lines []ExportLine }

// ExportLine is one of them.
type ExportLine struct {
	Number, URL, Who, Words, Asked, Format, Ref, State, Lines, Until string
	Good                                                             bool
}

// ExportSheet is one file, with what can be done with it.
type ExportSheet struct {
	Line         ExportLine
	Facts        []Fact
	Errors       []FormError
	Open, Making bool
	File, Side   string // where it is fetched; "" not now
	Elsewhere    string // agreement under which it can be; "" none but this
	Reason       FormField
	// For whoever decides:
	Who, WhoURL, RefURL string
	Decide              bool
	ProveURL            string // where they say first that it is them; \"\": they did just now
	Why                 FormField
}
