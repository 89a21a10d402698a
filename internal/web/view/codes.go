package view

import (
	"strings"

	"webenablehes/internal/policy"
)

// Seen is what a page that may show counts says of them: for whom and over what
// they are, or why there are none.
type Seen struct {
	Facts
	Agreement, Purpose string
	Why                string   // there are none
	Clinical           bool     // they are of the team's own patients
	Begins             []string // filters that the explorer begins with, as sentences
}

// over says what the counts of a page are over.
func (x Seen) over() string {
	whose := "all episodes that your agreement covers"
	if x.Clinical {
		whose = "your own patients’ episodes"
	}
	out := "Counts are of " + whose + " in release " + x.ID
	if len(x.Begins) > 0 {
		out += ", with the filters that the list of records begins with: " + strings.Join(x.Begins, ", ")
	}
	return out + ". This view was recorded."
}

// Codes is the entrance of the code browser.
type Codes struct {
	Find  string
	Lists []CodeList
}

// CodeList is a classification, and what was found in it.
type CodeList struct {
	Link  // Key is what its codes are of
	Found FoundCodes
}

// FoundCodes are the codes that a search found.
type FoundCodes struct {
	Rows []CodeRow
	More int // and how many more there are
}

// Code is a chapter, block, category or code, or a whole classification.
type Code struct {
	Seen
	List, ListURL, What string // "ICD-10", "/codes/icd10", "diagnoses"
	Path                []CodeRow
	Code, Label, Level  string // Code is "" for the whole list
	Synonyms, Years     string
	Retired             bool
	Counted             bool
	Episodes, Patients  policy.Count // that have it in any position
	Totals              []Tally      // by position, as the counts of a row
	ByYear              []CodeRow    // Label is the year
	Rows                []CodeRow
	Filter, FilterAny   string
}

// CodeRow is a code in a table or on the way to one, or a year of a code.
type CodeRow struct {
	Code, Label, URL, Years string
	Within                  string  // what it lies in, of a code that was found
	Counts                  []Tally // in the main position, in further ones, in any; none if nothing is counted
}

// zero tells that a row is of a code that no episode has.
func (r CodeRow) zero() bool { return len(r.Counts) > 0 && r.Counts[len(r.Counts)-1].Count.Zero() }

// Tally is a count of episodes, and where they are.
type Tally struct {
	Count policy.Count
	Share int // of the largest of the table, in percent
	URL   string
}

// ShareCounts sets the counts of a table beside the largest of them.
func ShareCounts(rows []CodeRow) {
	most := 1
	for _, r := range rows {
		for _, t := range r.Counts {
			most = max(most, t.Count.Published())
		}
	}
	for _, r := range rows {
		for i := range r.Counts {
			r.Counts[i].Share = 100 * r.Counts[i].Count.Published() / most
		}
	}
}

// one is what an entry of the list is called.
func (x Code) one() string {
	if x.What == "diagnoses" {
		return "diagnosis"
	}
	return "procedure"
}

// main is what the first position is called.
func (x Code) main() string {
	if x.What == "diagnoses" {
		return "Primary diagnosis"
	}
	return "Main procedure"
}

// columns head the counts of a table, in the order of a row's.
func (x Code) columns() []string {
	return []string{x.main(), "Further " + x.one(), "Any position"}
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }

func labelled(label string) string {
	if label == "" {
		return "No label in the lists of this site"
	}
	return label
}
