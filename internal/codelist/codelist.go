// Package codelist keeps the code lists that a site loads from its own files.
//
// Official titles of diagnoses (ICD-10) and procedures (OPCS-4) are licensed, so
// the program ships short labels of its own and the site adds the titles that it
// has a licence for. Names of organisations and the areas of neighbourhoods are
// added in the same way, because they change more often than the program.
//
//	data/codelists/lists/ID/manifest.json   what the list is, and from which file
//	data/codelists/lists/ID/codes.json      its codes, one a line
//	data/codelists/in-use                   the IDs of the lists in use, one a line
//	data/codelists/building/                what is being written or removed
//	data/codelists/codes.lock               held while "in-use" is replaced
//
// A list never changes. Loading writes new ones and then replaces the file
// "in-use" by rename, the one switch, for all files of a command together.
// Editions of a classification stand side by side: an episode of 2013/14 takes
// its titles from the edition of that year. A list of the same kind and edition
// goes out of use when a newer one is loaded, and comes back when that one is
// removed.
//
// Files come from outside, so that readers are bounded in bytes, rows and text,
// take what they know and say what they took and left.
package codelist

import (
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Kind says what a file lists.
type Kind string

// The kinds.
const (
	ICD10      Kind = "icd10"          // diagnoses: code, title, sex and age limits
	OPCS4      Kind = "opcs4"          // procedures: code, title
	ODS        Kind = "ods"            // organisations: code, name, open and close date
	Successors Kind = "ods-successors" // organisations that follow others: old code, new code, date
	LSOA       Kind = "lsoa"           // neighbourhoods: code, deprivation decile, region, integrated care board
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{ICD10, OPCS4, ODS, Successors, LSOA} }

// List says what a stored list is.
type List struct {
	Format  int       `json:"format"`
	ID      string    `json:"id"`
	Kind    Kind      `json:"kind"`
	Edition string    `json:"edition"`        // "5", "4.10"; of organisations and areas the file's name, "epraccur"
	From    string    `json:"from,omitempty"` // first and last day on which the edition is in use, empty if open
	To      string    `json:"to,omitempty"`
	Source  string    `json:"source"` // the file's name, without its folder
	SHA256  string    `json:"sha256"` // of the file as it was read
	Loaded  time.Time `json:"loaded"`
	Codes   int       `json:"codes"`
	Notes   []string  `json:"notes,omitempty"` // what was taken and what was left, for people
	Stored  string    `json:"stored"`          // SHA-256 of codes.json
}

// slot names what lists replace one another.
func (l List) slot() string { return string(l.Kind) + " " + l.Edition }

// Entry is one code of a list.
type Entry struct {
	Code   string `json:"code"`            // as a load writes it: "L400", "L52", "RAL"
	Title  string `json:"title,omitempty"` // as delivered
	From   string `json:"from,omitempty"`  // first and last day on which it is valid, empty if open or not known; of a successor the day of the change
	To     string `json:"to,omitempty"`
	Sex    string `json:"sex,omitempty"`     // code of the one sex that it applies to, as in the field SEX; empty for both
	MinAge string `json:"min_age,omitempty"` // in whole years
	MaxAge string `json:"max_age,omitempty"`
	Next   string `json:"next,omitempty"` // of a successor list, the code that follows
	Area   Area   `json:"area,omitzero"`  // of a neighbourhood
}

// Area is where a neighbourhood lies.
type Area struct {
	Decile     string `json:"decile,omitempty"` // of deprivation in England, "1" the most deprived to "10"
	RegionCode string `json:"region_code,omitempty"`
	Region     string `json:"region,omitempty"`
	ICBCode    string `json:"icb_code,omitempty"` // integrated care board
	ICB        string `json:"icb,omitempty"`
}

// Draft is a list that was read and is not stored yet.
type Draft struct {
	List    List // without ID, Loaded and Stored
	Entries []Entry
}

// plain returns a code as a load writes it: capitals, without the point that
// clinicians write, and without the filler X of an undivided ICD-10 category.
func plain(list, code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if list != hes.ICD10 && list != hes.OPCS4 {
		return code
	}
	code = strings.ReplaceAll(strings.TrimRight(code, "*+†‡ "), ".", "")
	if list == hes.ICD10 && len(code) > 3 && code[3] == 'X' {
		return code[:3]
	}
	return code
}

// day reads a date in the forms that the files use and returns it as
// 2008-04-01; the empty text is no date and is fine.
func day(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if at := strings.IndexAny(text, "T "); at >= 8 {
		text = text[:at] // a time of day follows
	}
	if text == "" {
		return "", true
	}
	for _, form := range [...]string{"20060102", time.DateOnly, "02/01/2006", "2/1/2006", "2-Jan-2006", "02-01-2006"} {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1800 && t.Year() < 2200 {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// year returns the first and last day of a financial year given as FYEAR has it,
// "0809" for 2008/09.
func year(fyear string) (first, last string, ok bool) {
	from := hes.FirstYear(fyear)
	t := time.Date(from, time.April, 1, 0, 0, 0, 0, time.UTC)
	if from == 0 || t.AddDate(1, 0, 0).Format("06") != fyear[2:] {
		return "", "", false
	}
	return t.Format(time.DateOnly), t.AddDate(1, 0, -1).Format(time.DateOnly), true
}

// yearOf returns the financial year of a day, "2015-16" for 2016-03-31; "" for no
// day.
func yearOf(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	if t.Month() < time.April {
		t = t.AddDate(-1, 0, 0)
	}
	return t.Format("2006-") + time.Date(t.Year()+1, time.April, 1, 0, 0, 0, 0, time.UTC).Format("06")
}

// CheckYear tells whether a text is a financial year as FYEAR has it.
func CheckYear(fyear string) error {
	if _, _, ok := year(fyear); !ok {
		return fault.New(fault.Invalid, "A financial year is written as FYEAR has it: 0809 for 2008/09.")
	}
	return nil
}

// dayBefore returns the day before one given as 2016-04-01.
func dayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}
