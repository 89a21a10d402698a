package codelist

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// legacySize is how many columns an organisation file without names has at
// least: code and name come first, the dates are the eleventh and twelfth.
const legacySize = 12

// The codes that the kinds hold, and what names of files say.
var (
	icdCode  = regexp.MustCompile(`^[A-Z][0-9]{2}[0-9]{0,2}$`)
	opcsCode = regexp.MustCompile(`^[A-Z][0-9]{2}[0-9]?$`)
	orgCode  = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)
	areaCode = regexp.MustCompile(`^[A-Z][0-9]{8}$`)
	opcsName = regexp.MustCompile(`(?i)opcs[-_ ]?4?[._]?([0-9]{1,2})?`)
	icdName  = regexp.MustCompile(`(?i)icd[-_ ]?10(?:.*?edition[-_ ]?([0-9]))?`)
)

// sniff finds what a file is from its first row, and between the two
// classifications, whose bare rows look alike, from its name; "" if it does not
// know.
func sniff(name string, t *table) Kind {
	clinical := t.column("code") >= 0 && t.column("description", "title") >= 0
	_, _, lsoa := t.areaColumns()
	from, to, _ := t.successorColumns()
	code, title, _, _ := t.orgColumns()
	// bare rows
	first, second := plain(hes.ICD10, t.at(0)), plain(hes.ICD10, t.at(1))
	on := t.at(3)
	if len(t.row) == 3 {
		on = t.at(2)
	}
	_, dated := day(on)
	switch {
	case clinical && (t.column("altcode") >= 0 || t.column("usage") >= 0 || t.column("gendermask") >= 0):
		return ICD10
	case clinical && opcsName.MatchString(name), clinical && icdName.MatchString(name),
		len(t.row) == 2 && icdCode.MatchString(first) && t.at(1) != "":
		if icdName.MatchString(name) {
			return ICD10
		}
		return OPCS4
	case lsoa:
		return LSOA
	case from >= 0 && to >= 0:
		return Successors
	case code >= 0 && title >= 0:
		return ODS
	case len(t.row) >= 3 && len(t.row) <= 6 && orgCode.MatchString(first) && orgCode.MatchString(second) && dated && on != "":
		return Successors
	case len(t.row) >= legacySize && orgCode.MatchString(t.at(0)) && t.at(1) != "" && strings.ContainsAny(t.at(10), "0123456789"):
		return ODS
	}
	return ""
}

// place finds the edition and its days: those that were said, else those that
// the file's name and the known editions give.
func (l *List) place(o Options) error {
	l.Edition, l.From, l.To = o.Edition, o.From, o.To
	switch l.Kind {
	case ICD10:
		if m := icdName.FindStringSubmatch(l.Source); l.Edition == "" && m != nil {
			l.Edition = m[1]
		}
	case OPCS4:
		if m := opcsName.FindStringSubmatch(l.Source); l.Edition == "" && m != nil && m[1] != "" {
			l.Edition = "4." + m[1]
		}
	default:
		if l.Edition == "" {
			base, _, _ := strings.Cut(l.Source, ".")
			l.Edition = strings.Trim(regexp.MustCompile(`[^a-z0-9_-]+`).ReplaceAllString(strings.ToLower(base), "-"), "-_")
			if l.Edition = l.Edition[:min(len(l.Edition), 40)]; l.Edition == "" {
				l.Edition = string(l.Kind)
			}
		}
		return nil
	}
	if l.Edition == "" {
		return fault.New(fault.Invalid, "%s does not say which edition it is: add --edition, such as 5 for ICD-10 or 4.10 for OPCS-4.", l.Source)
	}
	if l.From == "" {
		for _, e := range editions(l.Kind) {
			if e.edition == l.Edition {
				l.From = e.from
				if l.To == "" {
					l.To = e.to
				}
			}
		}
	}
	if l.From == "" {
		return fault.New(fault.Invalid, "It is not known when edition %s came into use: add --from, such as 2016-04-01.", l.Edition)
	}
	if l.To != "" && l.From > l.To {
		return fault.New(fault.Invalid, "Edition %s came into use on %s, after the day given with --to.", l.Edition, l.From)
	}
	return nil
}

type edition struct{ edition, from, to string }

// editions returns when the editions were in use in England. Both change on the
// first of April. Source: folders and names of the national releases for ICD-10
// and OPCS-4.10; the older OPCS-4 days are common knowledge among coders.
func editions(k Kind) []edition {
	if k == ICD10 {
		return []edition{{"4", "2012-04-01", "2016-03-31"}, {"5", "2016-04-01", ""}}
	}
	return []edition{
		{"4.3", "2006-04-01", "2007-03-31"}, {"4.4", "2007-04-01", "2009-03-31"}, {"4.5", "2009-04-01", "2011-03-31"}, {"4.6", "2011-04-01", "2014-03-31"},
		{"4.7", "2014-04-01", "2017-03-31"}, {"4.8", "2017-04-01", "2020-03-31"}, {"4.9", "2020-04-01", "2023-03-31"}, {"4.10", "2023-04-01", ""},
	}
}

// clinical reads ICD-10 or OPCS-4: with a row of names, or code and title.
// Columns of the national ICD-10 file: CODE, ALT_CODE, USAGE, USAGE_UK,
// DESCRIPTION, MODIFIER_4, MODIFIER_5, QUALIFIERS, GENDER_MASK, MIN_AGE,
// MAX_AGE, TREE_DESCRIPTION.
func (t *table) clinical(d *Draft) error {
	list, form := hes.OPCS4, opcsCode
	if d.List.Kind == ICD10 {
		list, form = hes.ICD10, icdCode
	}
	code, title := t.column("code"), t.column("description", "title")
	sex, least, most := t.column("gendermask"), t.column("minage"), t.column("maxage")
	header := code >= 0 && title >= 0
	said := "code and title from the columns " + strings.ToUpper(t.at(code)) + " and " + strings.ToUpper(t.at(title))
	if !header {
		code, title, sex, least, most = 0, 1, -1, -1, -1
		said = "code and title from the first two columns, which have no names"
	}
	d.List.Notes = append(d.List.Notes, "taken: "+said)
	if sex >= 0 || least >= 0 || most >= 0 {
		d.List.Notes = append(d.List.Notes, "taken: limits of sex and age")
	}
	seen := map[string]bool{}
	return t.each(header, func() {
		e := Entry{Code: plain(list, t.at(code)), Title: t.at(title), Sex: t.sex(t.at(sex)), MinAge: t.age(t.at(least), 1, 150), MaxAge: t.age(t.at(most), 0, 119)}
		switch {
		case !form.MatchString(e.Code):
			t.drop("rows without a code of the classification")
		case e.Title == "":
			t.drop("rows without a title")
		case seen[e.Code]:
			t.drop(again)
		default:
			seen[e.Code] = true
			d.Entries = append(d.Entries, e)
		}
	})
}

// sex reads a mask of sexes: one sex, as in the field SEX, or "" for both. The
// national file's own description was not at hand, so that only what can mean
// one thing is taken: a letter, or the codes of the field SEX.
func (t *table) sex(text string) string {
	switch strings.ToUpper(text) {
	case "1", "M", "MALE":
		return "1"
	case "2", "F", "FEMALE":
		return "2"
	case "", "0", "3", "9", "B", "BOTH", "U", "N", "A", "ALL":
		return ""
	}
	t.lose("masks of sexes that are not known")
	return ""
}

// age reads a limit in whole years; one below least or above most limits nothing.
func (t *table) age(text string, least, most int) string {
	if text == "" {
		return ""
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0 || n > 999:
		t.lose("age limits that are not whole years")
		return ""
	case n < least || n > most:
		return ""
	}
	return strconv.Itoa(n)
}

// orgColumns finds the columns of an organisation file by name, -1 for each
// that is not there.
func (t *table) orgColumns() (code, name, opened, closed int) {
	return t.column("organisationcode", "orgcode", "odscode", "code", "organisationid", "orgid", "practicecode", "trustcode", "sitecode"),
		t.column("name", "organisationname", "orgname", "practicename", "trustname", "sitename"),
		t.column("opendate", "operationalstartdate", "operationalstart", "startdate", "legalstartdate", "opened", "dateopened", "openeddate"),
		t.column("closedate", "operationalenddate", "operationalend", "enddate", "legalenddate", "closed", "dateclosed", "closeddate")
}

// organisations reads an ODS file: the old ones of 27 columns without names
// (code, name, national grouping, geography, five lines of address, postcode,
// open date, close date, …), or a report with names.
func (t *table) organisations(d *Draft) error {
	code, name, opened, closed := t.orgColumns()
	header := code >= 0 && name >= 0
	switch {
	case header:
		d.List.Notes = append(d.List.Notes, "taken: code and name from the columns "+t.at(code)+" and "+t.at(name))
	case len(t.row) >= legacySize:
		code, name, opened, closed = 0, 1, 10, 11
		d.List.Notes = append(d.List.Notes, "taken: code, name, open and close date from the columns 1, 2, 11 and 12, which have no names")
	default:
		code, name, opened, closed = 0, 1, -1, -1
		d.List.Notes = append(d.List.Notes, "taken: code and name from the first two columns, which have no names")
	}
	if header && opened < 0 && closed < 0 {
		d.List.Notes = append(d.List.Notes, "left out: open and close dates, because no column has a name that says so")
	}
	at := map[string]int{}
	return t.each(header, func() {
		e := Entry{Code: plain(hes.Provider, t.at(code)), Title: t.at(name), From: t.day(t.at(opened)), To: t.day(t.at(closed))}
		if !orgCode.MatchString(e.Code) || e.Title == "" {
			t.drop("rows without a code and name")
			return
		}
		i, twice := at[e.Code]
		if !twice {
			at[e.Code] = len(d.Entries)
			d.Entries = append(d.Entries, e)
			return
		}
		t.drop(again)
		if d.Entries[i].To != "" && (e.To == "" || e.To > d.Entries[i].To) {
			d.Entries[i] = e // the later life of a code that was used again
		}
	})
}

func (t *table) successorColumns() (from, to, on int) {
	return t.column("predecessor", "predecessorcode", "oldcode", "fromcode", "legacyorganisationcode", "predecessororganisationcode"),
		t.column("successor", "successorcode", "newcode", "tocode", "successororganisationcode", "successionorganisationcode"),
		t.column("effectivedate", "successioneffectivedate", "date", "legalstartdate", "startdate")
}

// successors reads which organisation follows which: old code, new code, reason,
// date (the old files succ and succarc, without names), or a report with names,
// or three columns old code, new code, date.
func (t *table) successors(d *Draft) error {
	from, to, on := t.successorColumns()
	header := from >= 0 && to >= 0
	said := "old code, new code and date from the columns " + t.at(from) + ", " + t.at(to) + ", " + t.at(on)
	if !header {
		from, to, on = 0, 1, 3
		if len(t.row) == 3 {
			on = 2
		}
		said = fmt.Sprintf("old code, new code and date from the columns 1, 2 and %d, which have no names", on+1)
	}
	d.List.Notes = append(d.List.Notes, "taken: "+said)
	seen := map[[3]string]bool{}
	return t.each(header, func() {
		e := Entry{Code: plain(hes.Provider, t.at(from)), Next: plain(hes.Provider, t.at(to)), From: t.day(t.at(on))}
		switch {
		case !orgCode.MatchString(e.Code) || !orgCode.MatchString(e.Next):
			t.drop("rows without an old and a new code")
		case e.Code == e.Next:
			t.drop("rows in which a code follows itself")
		case seen[[3]string{e.Code, e.Next, e.From}]:
			t.drop(again)
		default:
			seen[[3]string{e.Code, e.Next, e.From}] = true
			d.Entries = append(d.Entries, e)
		}
	})
}

// areaColumns finds the columns of a look-up of neighbourhoods; what it fills is
// by the place of the texts in Area.
func (t *table) areaColumns() (code int, area [5]int, ok bool) {
	code, area = -1, [5]int{-1, -1, -1, -1, -1}
	deciles := 0
	for i, name := range t.row {
		name = letters(name)
		isCode := strings.HasSuffix(name, "cd") || strings.Contains(name, "code") || strings.HasSuffix(name, "cdh")
		set := func(at *int) {
			if *at < 0 {
				*at = i
			}
		}
		switch {
		case strings.Contains(name, "decile"):
			deciles++
			if overall := strings.Contains(name, "imd") || strings.Contains(name, "indexofmultipledeprivation"); overall || deciles == 1 && area[0] < 0 {
				set(&area[0])
				if overall {
					area[0], deciles = i, -1<<20
				}
			}
		case strings.HasPrefix(name, "lsoa") && (isCode || name == "lsoa"):
			set(&code)
		case (strings.HasPrefix(name, "rgn") || strings.HasPrefix(name, "region")) && isCode:
			set(&area[1])
		case strings.HasPrefix(name, "rgn") || strings.HasPrefix(name, "region"):
			set(&area[2])
		case (strings.HasPrefix(name, "icb") || strings.HasPrefix(name, "integratedcareboard")) && isCode:
			set(&area[3])
		case strings.HasPrefix(name, "icb") || strings.HasPrefix(name, "integratedcareboard"):
			set(&area[4])
		}
	}
	if deciles > 1 {
		area[0] = -1 // several, and none says that it is the overall one
	}
	return code, area, code >= 0 && area != [5]int{-1, -1, -1, -1, -1}
}

// areas reads a look-up of neighbourhoods with a row of names.
func (t *table) areas(d *Draft) error {
	code, at, ok := t.areaColumns()
	if !ok {
		return fault.New(fault.Invalid, "%s:%d: the first row must name the columns: the LSOA code, and any of IMD decile, region code, region name, ICB code and ICB name.", t.name, t.line)
	}
	said := "taken: LSOA code from " + t.at(code)
	for i, what := range [...]string{"decile", "region code", "region", "ICB code", "ICB"} {
		if at[i] >= 0 {
			said += ", " + what + " from " + t.at(at[i])
		}
	}
	d.List.Notes = append(d.List.Notes, said)
	seen := map[string]bool{}
	return t.each(true, func() {
		e := Entry{Code: plain("", t.at(code)), Area: Area{Decile: t.at(at[0]), RegionCode: t.at(at[1]), Region: t.at(at[2]), ICBCode: t.at(at[3]), ICB: t.at(at[4])}}
		if n, err := strconv.Atoi(e.Area.Decile); e.Area.Decile != "" && (err != nil || n < 1 || n > 10) {
			e.Area.Decile = ""
			t.lose("deciles that are not 1 to 10")
		}
		switch {
		case !areaCode.MatchString(e.Code):
			t.drop("rows without an LSOA code")
		case seen[e.Code]:
			t.drop(again)
		default:
			seen[e.Code] = true
			d.Entries = append(d.Entries, e)
		}
	})
}
