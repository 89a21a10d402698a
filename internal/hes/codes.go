package hes

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Names of the clinical and organisational lists; every other list is named
// for a field that it belongs to ("SEX", "ADMIMETH") or for what its fields
// share ("AREA", "FLAG").
const (
	ICD10        = "ICD10"
	OPCS4        = "OPCS4"
	Provider     = "PROVIDER"
	ICD10Chapter = "ICD10_CHAPTER" // no field's: headings for pickers and tables
	ICD10Block   = "ICD10_BLOCK"
	OPCS4Chapter = "OPCS4_CHAPTER"
)

// CodeValue is one code of a list.
type CodeValue struct {
	Code     string // as a load writes it: "11", "L400", "L52", "RAL"; always in capitals
	Label    string // short, in our own words
	Synonyms string // search words separated by "; "; clinical lists only
	From, To string // first and last financial year in which it is valid, empty if open or not known; of a chapter or block its first and last category
}

// Codes holds all code lists. It is immutable and safe for concurrent use.
type Codes struct {
	lists map[string][]CodeValue
	at    map[string]map[string]int // list → code → index
}

// LoadCodes reads the embedded lists: data/codes.csv (list,code,label,from,to),
// data/clinical.csv (list,code,label,synonyms) and data/clinical_years.csv
// (list,code,from,to,source).
func LoadCodes() (*Codes, error) {
	c := &Codes{lists: map[string][]CodeValue{}, at: map[string]map[string]int{}}
	for _, file := range [...]struct {
		name, header string
		value        func([]string) CodeValue
	}{
		{"data/codes.csv", "list,code,label,from,to", func(r []string) CodeValue {
			return CodeValue{Code: r[1], Label: r[2], From: r[3], To: r[4]}
		}},
		{"data/clinical.csv", "list,code,label,synonyms", func(r []string) CodeValue {
			return CodeValue{Code: r[1], Label: r[2], Synonyms: r[3]}
		}},
	} {
		f, err := files.Open(file.name)
		if err != nil {
			return nil, fmt.Errorf("open code lists: %w", err)
		}
		err = c.read(f, file.name, file.header, file.value)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	f, err := files.Open("data/clinical_years.csv")
	if err != nil {
		return nil, fmt.Errorf("open code lists: %w", err)
	}
	defer f.Close()
	return c, c.readYears(f)
}

// readYears adds the financial years in which clinical codes are valid, where
// they are known to have come or gone.
func (c *Codes) readYears(r io.Reader) error {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return fmt.Errorf("read data/clinical_years.csv: %w", err)
	}
	for i, row := range rows {
		if i == 0 {
			continue
		}
		at, ok := c.at[row[0]][row[1]]
		if !ok {
			return fmt.Errorf("data/clinical_years.csv line %d: there is no code %s in %s", i+1, row[1], row[0])
		}
		v := &c.lists[row[0]][at]
		v.From, v.To = row[2], row[3]
	}
	return nil
}

func (c *Codes) read(r io.Reader, name, header string, value func([]string) CodeValue) error {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != header {
		return fmt.Errorf("read %s: the header is not %s", name, header)
	}
	for i, row := range rows[1:] {
		list, v := row[0], value(row)
		if list == "" || v.Code == "" || v.Label == "" {
			return fmt.Errorf("%s line %d: list, code and label are needed", name, i+2)
		}
		if c.at[list] == nil {
			c.at[list] = map[string]int{}
		}
		if _, twice := c.at[list][v.Code]; twice {
			return fmt.Errorf("%s line %d: %s %s is there twice", name, i+2, list, v.Code)
		}
		c.at[list][v.Code] = len(c.lists[list])
		c.lists[list] = append(c.lists[list], v)
	}
	return nil
}

// Values returns the codes of a list in the order of the file; nil if there is
// no such list. The caller must not change the slice.
func (c *Codes) Values(list string) []CodeValue { return c.lists[list] }

// Closed tells whether a list holds every value that its fields may have, so
// that a value outside it is worth a remark. The other lists label only the
// values that somebody has labelled, or the special values of a field that is
// otherwise a number, a place or an organisation.
func (c *Codes) Closed(list string) bool {
	open := [...]string{
		ICD10, OPCS4, Provider,
		"AREA", "CANNET", "CANREG", "PCT", "POSTDIST", "HOMEADD", // places
		"CONSULT", "GPPRAC", "PCONSULT", "PRIMERCP", "PURCODE", "REFERORG", "REFERRER", "REGGMP", // people and organisations
		"ACPN_n", "ADMIAGE", "BIRWEIT_n", "DEPDAYS_n", "ELECDUR", "EPIORDER", "GESTAT_n", "ORGSUP_n", "STARTAGE", "STARTAGE_CALC", // numbers
	}
	return len(c.lists[list]) > 0 && !slices.Contains(open[:], list)
}

// With returns lists that also hold codes which a site has loaded, given by
// list. Of a diagnosis or procedure our own label stays, because official titles
// are long, and the loaded years are added; of an organisation or any other code the loaded value takes the
// place of ours, because organisations are renamed. Own codes come first, in
// their order. The receiver is not changed.
func (c *Codes) With(loaded map[string][]CodeValue) *Codes {
	out := &Codes{lists: maps.Clone(c.lists), at: maps.Clone(c.at)}
	for list, values := range loaded {
		own := c.lists[list]
		all := append(make([]CodeValue, 0, len(own)+len(values)), own...)
		at := make(map[string]int, len(own)+len(values))
		for i, v := range own {
			at[v.Code] = i
		}
		for _, v := range values {
			i, known := at[v.Code]
			switch {
			case v.Code == "" || v.Label == "":
			case !known:
				at[v.Code] = len(all)
				all = append(all, v)
			case list != ICD10 && list != OPCS4:
				all[i] = v
			default:
				all[i].From, all[i].To = cmp.Or(v.From, all[i].From), cmp.Or(v.To, all[i].To)
			}
		}
		out.lists[list], out.at[list] = all, at
	}
	return out
}

// Label returns the short label of a code. A longer clinical code without a
// label of its own takes that of its four-character code or three-character
// category, and an ICD-10 code is found with and without the filler X; a
// hospital site takes the label of its trust.
func (c *Codes) Label(list, code string) (string, bool) {
	if list == ICD10 {
		code = noFiller(code)
	}
	if i, ok := c.at[list][code]; ok {
		return c.lists[list][i].Label, true
	}
	var shorter []int // how many characters of the code name something wider
	switch list {
	case ICD10, OPCS4:
		shorter = []int{4, 3}
	case Provider:
		shorter = []int{3}
	}
	for _, n := range shorter {
		if len(code) <= n {
			continue
		}
		if i, ok := c.at[list][code[:n]]; ok {
			return c.lists[list][i].Label, true
		}
	}
	return "", false
}

// noFiller drops the X that stands in fourth place in an ICD-10 code whose
// category is not divided, with whatever follows it.
func noFiller(code string) string {
	if len(code) > 3 && code[3] == 'X' {
		return code[:3]
	}
	return code
}

// Display returns a code as clinicians write it: a point after the third
// character of an ICD-10 or OPCS-4 code ("L40.0"), no filler X ("L52").
func Display(list, code string) string {
	if list == ICD10 {
		code = noFiller(code)
	}
	if list != ICD10 && list != OPCS4 || len(code) <= 3 {
		return code
	}
	return code[:3] + "." + code[3:]
}
