package view

import (
	"slices"

	"webenablehes/internal/policy"
)

// Dictionary is the list of fields.
type Dictionary struct {
	Find           string
	HeldOnly       bool // only what the release holds
	Known          bool // there is a release
	Sections       []Section[DictionaryEntry]
	Listed, Fields int // fields
}

// DictionaryEntry is a field in the list.
type DictionaryEntry struct {
	Name, Label, Meaning, AliasOf string
	Class                         string // "" where everybody who sees records sees it
	Absent                        bool   // the release does not hold it
}

// Add puts a field under its heading.
func (d *Dictionary) Add(group string, e DictionaryEntry) { d.Sections = add(d.Sections, group, e) }

// Field is one field of the dictionary.
type Field struct {
	Seen
	Name, Label, Meaning, Group string
	Kind, Class, ClassSays      string
	Asked, Covered              bool // the reader sees records, and this field of them
	From, To, Source            string
	AliasOf, Family, Repeats    string
	Slots                       string // of a family
	Others                      []string
	Known, Held                 bool // there is a release, and it holds the field
	Cleaning, Derivation        []Rule
	Counted                     bool
	Filled, Of                  policy.Count
	FilledShare                 string
	ByYear                      []FieldYear
	Values                      []FieldValue
	ValuesNote                  string
	BrowseURL, BrowseName       string // of a classification
	Table, TableURL             string // the published table that the counts are from
}

// Rule is a rule that changes or makes values.
type Rule struct{ ID, What, Source string }

// FieldYear is how complete a field is in a financial year.
type FieldYear struct {
	Year       string
	Filled, Of policy.Count
	Share      string
	Percent    int
}

// FieldValue is a value of a field.
type FieldValue struct {
	Code, Label, Years, URL string
	Missing                 bool
	Count                   policy.Count
	Share                   int // of the largest, in percent
}

// anchor is a heading's place in its page.
func anchor(title string) string {
	out := []byte(title)
	for i, c := range out {
		if c == ' ' {
			out[i] = '-'
		}
	}
	return string(out)
}

// collected says in which years a field was collected.
func (x Field) collected() string {
	dash := func(year string) string {
		if len(year) == len("2008-09") {
			return year[:4] + "/" + year[5:]
		}
		return year
	}
	switch {
	case x.From != "" && x.To != "":
		return dash(x.From) + " to " + dash(x.To)
	case x.From != "":
		return "since " + dash(x.From)
	case x.To != "":
		return "until " + dash(x.To)
	}
	return "not stated in the sources"
}

// valueLabel names a value that nobody has labelled by itself.
func valueLabel(v FieldValue) string {
	if v.Label == "" {
		return v.Code
	}
	return v.Label
}

// labelled tells whether the values have codes and meanings apart.
func (x Field) labelled() bool {
	return slices.ContainsFunc(x.Values, func(v FieldValue) bool { return v.Code != "" && v.Label != "" })
}
