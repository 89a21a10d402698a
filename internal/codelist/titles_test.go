package codelist

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
)

func icd(rows ...string) string {
	text := icdHeader
	for _, r := range rows {
		code, title, _ := strings.Cut(r, "=")
		text += code + "\t\t\t\t" + title + "\t\t\t\t\t\t\t\n"
	}
	return text
}

func loaded(t testing.TB, drafts ...*Draft) *Titles {
	t.Helper()
	s := open(t)
	add(t, s, drafts...)
	titles, err := s.Titles(own(t))
	if err != nil {
		t.Fatal(err)
	}
	return titles
}

func TestTitleByYear(t *testing.T) {
	x := loaded(t,
		must(t, icdName5, icd("L40.0=New plaques", "L98.7=Spare skin", "Q99.8=Both", "L52=Lumps"), Options{}),
		must(t, icdName4, icd("L40.0=Old plaques", "L41.2=Retired", "Q99.8=Both", "L52X=Old lumps"), Options{}))
	for _, c := range []struct {
		code, fyear string
		want        Title // without the list's ID
	}{
		{"L400", "1314", Title{Code: "L400", Text: "Old plaques", Edition: "4"}},
		{"L40.0", "1516", Title{Code: "L400", Text: "Old plaques", Edition: "4"}},
		{"L400", "1617", Title{Code: "L400", Text: "New plaques", Edition: "5"}},
		{"l400", "", Title{Code: "L400", Text: "New plaques", Edition: "5"}},
		{"L400", "0809", Title{Code: "L400", Text: "Old plaques", Edition: "4"}}, // before any edition that is loaded
		{"L400", "9798", Title{Code: "L400", Text: "Old plaques", Edition: "4"}},
		{"L412", "1415", Title{Code: "L412", Text: "Retired", Edition: "4", To: "2016-03-31"}},
		{"L412", "1819", Title{Code: "L412", Text: "Retired", Edition: "4", To: "2016-03-31", Outside: true}},
		{"L412", "", Title{Code: "L412", Text: "Retired", Edition: "4", To: "2016-03-31"}},
		{"L987", "1617", Title{Code: "L987", Text: "Spare skin", Edition: "5", From: "2016-04-01"}},
		{"L987", "1314", Title{Code: "L987", Text: "Spare skin", Edition: "5", From: "2016-04-01", Outside: true}},
		{"L52X", "1314", Title{Code: "L52", Text: "Old lumps", Edition: "4"}},
		{"L52", "1718", Title{Code: "L52", Text: "Lumps", Edition: "5"}},
		{"L4009", "1718", Title{Code: "L400", Text: "New plaques", Edition: "5"}}, // a fifth character
		{"L529", "1718", Title{Code: "L52", Text: "Lumps", Edition: "5"}},
		{"Z99", "1718", Title{}},
		{"", "", Title{}},
	} {
		got, ok := x.Title(hes.ICD10, c.code, c.fyear)
		got.List = ""
		if diff := cmp.Diff(c.want, got); diff != "" || ok != (c.want.Code != "") {
			t.Errorf("Title(%s, %s): %v (-want +got)\n%s", c.code, c.fyear, ok, diff)
		}
	}
	if got := x.Lists(); len(got) != 2 || got[0].Kind != ICD10 || got[0].SHA256 == "" || got[0].Edition == got[1].Edition {
		t.Errorf("%+v", got)
	}
	if got := x.Editions(hes.ICD10, "L40.0"); len(got) != 2 || got[0].Edition != "5" || got[1].Text != "Old plaques" {
		t.Errorf("%+v", got)
	}
	// Short labels of our own come first; titles fill the gaps, by year.
	psoriasis, _ := own(t).Label(hes.ICD10, "L400")
	for _, c := range []struct{ code, fyear, want string }{{"L400", "1314", psoriasis}, {"L40.0", "", psoriasis}, {"Q998", "", "Both"}, {"ZZ9", "", ""}} {
		if got, ok := x.Label(hes.ICD10, c.code, c.fyear); got != c.want || ok != (c.want != "") {
			t.Errorf("Label(%s, %s) = %q, want %q", c.code, c.fyear, got, c.want)
		}
	}
	if got, _ := x.Codes().Label(hes.ICD10, "L400"); got != psoriasis {
		t.Errorf("screens show %q", got)
	}
	years := map[string]string{}
	for _, v := range x.Codes().Values(hes.ICD10) {
		years[v.Code] = v.From + "/" + v.To
	}
	for code, want := range map[string]string{"Q998": "/", "L412": "/2015-16", "L987": "2016-17/", "L400": "/"} {
		if years[code] != want {
			t.Errorf("%s is valid %q, want %q", code, years[code], want)
		}
	}
	if got, _ := x.Codes().Label(hes.ICD10, "Q998"); got != "Both" {
		t.Errorf("screens show %q where we have no label", got)
	}
}

func TestOrganisations(t *testing.T) {
	x := loaded(t,
		must(t, "etr.csv", legacy("RZZ", "INVENTED TRUST", "20010401", "")+legacy("RZY", "CLOSED TRUST", "19910401", "20100331"), Options{}),
		must(t, "ets.csv", legacy("RZZ01", "INVENTED SITE", "20010401", ""), Options{}),
		must(t, "archive.csv", legacy("RZZ", "FORMER TRUST", "19910401", "20010331"), Options{}),
		must(t, "epraccur.csv", legacy("A81001", "INVENTED PRACTICE", "19740401", "20150331"), Options{}))
	for _, c := range []struct {
		list, code, fyear, want string
		ok                      bool
	}{
		{hes.Provider, "RZZ", "", "INVENTED TRUST", true},
		{hes.Provider, "RZZ", "0809", "INVENTED TRUST", true},
		{hes.Provider, "RZZ", "9899", "FORMER TRUST", true}, // the code's earlier life
		{hes.Provider, "RZZ01", "", "INVENTED SITE", true},
		{hes.Provider, "RZZ02", "", "INVENTED TRUST", true}, // an unknown site has its trust's name
		{hes.Provider, "RZY", "1516", "CLOSED TRUST", true},
		{hes.Provider, "RGP", "", "James Paget University Hospitals", true}, // not loaded: ours
		{hes.Provider, "ZZZ", "", NotInList, false},
		{hes.Provider, "89997", "", "Provider without a code, outside the UK", true},
		{practices, "A81001", "1314", "INVENTED PRACTICE", true},
		{practices, "V81997", "", "Not registered with a practice", true},
		{practices, "A81002", "", NotInList, false},
		{referrers, "A81001", "", "INVENTED PRACTICE", true},
		{"PURCODE", "RZZ", "", "INVENTED TRUST", true},
		{"SEX", "2", "", "Female", true},
		{"SEX", "7", "", "", false},
		{hes.Provider, "", "", "", false},
	} {
		if got, ok := x.Label(c.list, c.code, c.fyear); got != c.want || ok != c.ok {
			t.Errorf("Label(%s, %s, %s) = %q, %v; want %q", c.list, c.code, c.fyear, got, ok, c.want)
		}
		screen, ok := x.Codes().Label(c.list, c.code)
		if c.fyear == "" && (ok != c.ok || ok && screen != c.want) {
			t.Errorf("a screen shows %q, %v for %s %s", screen, ok, c.list, c.code)
		}
	}
	closed, _ := x.Title(hes.Provider, "RZY", "1516")
	if !closed.Outside || closed.To != "2010-03-31" {
		t.Errorf("%+v", closed)
	}
	if _, ok := x.Title(practices, "A81001X", ""); ok {
		t.Error("a longer code has a practice's name")
	}
	for _, v := range x.Codes().Values(hes.Provider) {
		if v.Code == "A81001" {
			t.Error("a practice stands among the providers")
		}
	}
}

func TestSuccessors(t *testing.T) {
	x := loaded(t,
		must(t, "succ.csv", "RAA,RAB,R,20100401,\nRAB,RAC,R,20150401,\nRSP,RS1,R,20100401,\nRSP,RS2,R,20100401,\nRON,ROX,R,20000401,\nROX,RON,R,20050401,\n", Options{}),
		must(t, "succarc.csv", "R00,RAA,R,20010401,\nRAA,RAB,R,20100401,\nRRE,RR1,R,20000401,\nRRE,RR2,R,20150401,\nRLA,RRE,R,20100401,\n", Options{}))
	for _, c := range []struct {
		code, want string
		split      bool
	}{
		{"R00", "RAA 2001-04-01, RAB 2010-04-01, RAC 2015-04-01", false},
		{"rab", "RAC 2015-04-01", false},
		{"RAC", "", false},
		{"RSP", "", true},
		{"RON", "ROX 2000-04-01, RON 2005-04-01", false}, // the code was given back
		{"RRE", "RR1 2000-04-01", false},                 // its first life
		{"RLA", "RRE 2010-04-01, RR2 2015-04-01", false}, // its second
		{"", "", false},
	} {
		steps, split := x.Successors(c.code)
		var got []string
		for _, s := range steps {
			got = append(got, s.Code+" "+s.Day)
		}
		if text := strings.Join(got, ", "); text != c.want || split != c.split {
			t.Errorf("%s is followed by %q, split %v; want %q", c.code, text, split, c.want)
		}
	}
}

func TestEndlessChainsAreRefused(t *testing.T) {
	var long strings.Builder
	for i := range maxChain + 1 {
		fmt.Fprintf(&long, "R%03d,R%03d,R,20100401,\n", i, i+1)
	}
	if _, err := parse("succ.csv", []byte(long.String()), Options{}); err == nil || !strings.Contains(err.Error(), "do not end") {
		t.Errorf("a chain of %d: %v", maxChain+1, err)
	}
}

func TestAreas(t *testing.T) {
	x := loaded(t,
		must(t, "imd.csv", "LSOA11CD,IMD Decile\nE01000001,4\nE01000002,5\n", Options{}),
		must(t, "region.csv", "LSOA11CD,RGN22CD,RGN22NM\nE01000001,E12000007,London\n", Options{}))
	if got, ok := x.Area("e01000001"); !ok || got != (Area{Decile: "4", RegionCode: "E12000007", Region: "London"}) {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := x.Area("E01000002"); !ok || got != (Area{Decile: "5"}) {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := x.Area("E01000003"); ok {
		t.Error("an area that is in no list was found")
	}
}

func TestNothingLoaded(t *testing.T) {
	x, err := open(t).Titles(own(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := x.Title(hes.ICD10, "L400", "0809"); ok {
		t.Error("there is a title that nobody loaded")
	}
	if got, ok := x.Label(hes.Provider, "RGP75", ""); !ok || got != "James Paget University Hospitals" {
		t.Errorf("%q", got)
	}
	if got, ok := x.Label(hes.ICD10, "L52X", ""); !ok || got != "Erythema nodosum" {
		t.Errorf("%q", got)
	}
}

func TestYear(t *testing.T) {
	for fyear, want := range map[string]string{"0809": "2008-04-01 2009-03-31", "8990": "1989-04-01 1990-03-31", "9900": "1999-04-01 2000-03-31", "0810": "", "2008": "", "": "", "xxxx": ""} {
		first, last, ok := year(fyear)
		if got := strings.TrimSpace(first + " " + last); got != want || ok != (want != "") || (CheckYear(fyear) == nil) != ok {
			t.Errorf("year(%q) = %q, want %q", fyear, got, want)
		}
	}
}
