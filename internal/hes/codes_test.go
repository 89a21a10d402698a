package hes

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLabel(t *testing.T) {
	_, c := MustLoad(t)
	for _, w := range []struct{ list, code, want string }{
		{"SEX", "2", "Female"},
		{"SEX", "7", ""},
		{"SPELEND", "1", "Last episode"},
		{"SPELEND", "0", "Not the last episode"},
		{"ADMIMETH", "2A", "Emergency: another provider's emergency department"},
		{"TRETSPEF", "330", "Dermatology"},
		{"TRETSPEF", "257", "Paediatric dermatology"},
		{"TRETSPEF", "3301", ""}, // only clinical lists and providers fall back
		{"IMD04_DECILE", "MOST DEPRIVED 10%", "Most deprived 10%"},
		{ICD10, "L52X", "Erythema nodosum"}, // as delivered, with a filler
		{ICD10, "L97X", "Lower limb ulcer (leg or foot)"},
		{ICD10, "L97", "Lower limb ulcer (leg or foot)"},
		{ICD10, "L52", "Erythema nodosum"},   // the category of a code that is not divided
		{ICD10, "L5299", "Erythema nodosum"}, // a fifth character
		{ICD10, "A46", "Erysipelas"},
		{ICD10, "ZZ9", ""},
		{ICD10, "ZZ99", ""},
		{ICD10, "L4", ""},
		{ICD10, "", ""},
		{OPCS4, "X999", "No procedure"},
		{Provider, "RGP", "James Paget University Hospitals"},
		{Provider, "RGP75", "James Paget University Hospitals"}, // a site
		{Provider, "89997", "Provider without a code, outside the UK"},
		{Provider, "NTX01", ""},
		{"NOSUCH", "1", ""},
	} {
		if got, ok := c.Label(w.list, w.code); got != w.want || ok != (w.want != "") {
			t.Errorf("Label(%s, %s) = %q, %v; want %q", w.list, w.code, got, ok, w.want)
		}
	}
	own, _ := c.Label(ICD10, "L400")
	category, _ := c.Label(ICD10, "L40")
	if own == "" || category == "" || own == category {
		t.Errorf("L400 is %q and its category %q, want two labels", own, category)
	}
}

func TestDisplay(t *testing.T) {
	for _, w := range []struct{ list, code, want string }{
		{ICD10, "L400", "L40.0"}, {ICD10, "L52X", "L52"}, {ICD10, "L40", "L40"}, {ICD10, "L4", "L4"}, {ICD10, "", ""},
		{OPCS4, "S065", "S06.5"}, {OPCS4, "S06", "S06"}, {OPCS4, "X99X", "X99.X"},
		{"SEX", "1", "1"}, {Provider, "RGP75", "RGP75"}, {"", "L400", "L400"},
	} {
		if got := Display(w.list, w.code); got != w.want {
			t.Errorf("Display(%q, %q) = %q, want %q", w.list, w.code, got, w.want)
		}
	}
}

func TestClosed(t *testing.T) {
	d, c := MustLoad(t)
	for list, want := range map[string]bool{"SEX": true, "ETHNOS": true, "FLAG": true, "MAINSPEF": true, "PBC": true,
		ICD10: false, OPCS4: false, Provider: false, "GPPRAC": false, "AREA": false, "STARTAGE": false, "": false, "NOSUCH": false} {
		if got := c.Closed(list); got != want {
			t.Errorf("Closed(%q) = %v, want %v", list, got, want)
		}
	}
	for _, f := range d.Fields() {
		if f.Type != Code && f.Name != "RANK_ORDER" && c.Closed(f.Codes) {
			t.Errorf("%s is a number or key, and yet %s holds all its values", f.Name, f.Codes)
		}
	}
}

// TestLists holds every list to the style of what stands beside a value.
func TestLists(t *testing.T) {
	d, c := MustLoad(t)
	used := map[string]bool{ICD10Chapter: true, ICD10Block: true, OPCS4Chapter: true}
	for _, f := range d.Fields() {
		used[f.Codes] = true
	}
	junk := regexp.MustCompile(`(?i)[,;:.]$|  |\?|\b(null|misprint|pipeline|source|labelled|submitted)\b|^\(`)
	for list, values := range c.lists {
		if !used[list] {
			t.Errorf("no field uses the list %s", list)
		}
		for _, v := range values {
			if junk.MatchString(v.Label) && list != "CONSULT" && list != "REFERRER" && list != "REGGMP" && list != "GPPRAC" && list != "PCONSULT" {
				t.Errorf("%s %s: label %q reads as a remark", list, v.Code, v.Label)
			}
			if n := utf8.RuneCountInString(v.Label); n > 60 {
				t.Errorf("%s %s: label %q is %d letters long", list, v.Code, v.Label, n)
			}
			if r := []rune(v.Label)[0]; !unicode.IsUpper(r) && !unicode.IsDigit(r) {
				t.Errorf("%s %s: label %q does not begin with a capital letter", list, v.Code, v.Label)
			}
			// A load writes codes in capitals, so that others would never be met.
			ours := list == "ETHNIC5" || list == "ADMISSION_GROUP" || list == "CONDITION_GROUP" // values of derived fields
			if !ours && v.Code != strings.ToUpper(v.Code) || v.Code != strings.TrimSpace(v.Code) {
				t.Errorf("%s %s: the code is not in capitals", list, v.Code)
			}
			if list == ICD10 && len(v.Code) == 4 && v.Code[3] == 'X' {
				t.Errorf("%s %s: a load takes the filler X off, so the code would never be met", list, v.Code)
			}
			if v.From != "" && v.To != "" && v.From > v.To {
				t.Errorf("%s %s: valid from %s to %s", list, v.Code, v.From, v.To)
			}
		}
	}
}

// TestFilterLists holds the lists that people choose filters from: complete, and
// short enough for a sidebar.
func TestFilterLists(t *testing.T) {
	_, c := MustLoad(t)
	for list, want := range map[string]int{
		"SEX": 6, "ADMIMETH": 26, "CLASSPAT": 7, "MAINSPEF": 97, "TRETSPEF": 184, "DISMETH": 9, "DISDEST": 28, "ADMISORC": 29,
		"EPISTAT": 3, "EPITYPE": 6, "ETHNOS": 29, "ADMINCAT": 6, "INTMANIG": 7, "OPERSTAT": 3, "SPELBGIN": 3, "RESGOR": 16,
		"IMD04_DECILE": 10, "NEOCARE": 6, "MARSTAT": 12, "CARERSI": 3, "RURURB_IND": 9, Provider: 244,
		ICD10Chapter: 22, ICD10Block: 263, OPCS4Chapter: 25,
	} {
		values := c.Values(list)
		if len(values) != want {
			t.Errorf("%s has %d codes, want %d", list, len(values), want)
		}
		for _, v := range values {
			if n := utf8.RuneCountInString(v.Label); n > 56 {
				t.Errorf("%s %s: %q is too long for a filter", list, v.Code, v.Label)
			}
		}
	}
}

// TestSpecialtiesInSentenceCase catches a capital in mid-label that is no
// abbreviation.
func TestSpecialtiesInSentenceCase(t *testing.T) {
	_, c := MustLoad(t)
	capital := regexp.MustCompile(` [A-Z][a-z]`)
	for _, list := range []string{"MAINSPEF", "TRETSPEF"} {
		for _, v := range c.Values(list) {
			if capital.MatchString(v.Label) {
				t.Errorf("%s %s: %q", list, v.Code, v.Label)
			}
		}
	}
}

func TestChapters(t *testing.T) {
	_, c := MustLoad(t)
	find := func(list, category string) string {
		for _, v := range c.Values(list) {
			if category >= v.From && category <= v.To {
				return v.Code + " " + v.Label
			}
		}
		return ""
	}
	for _, w := range []struct{ list, category, want string }{
		{ICD10Chapter, "L40", "XII Skin"}, {ICD10Chapter, "C44", "II Cancers and other tumours"}, {ICD10Chapter, "D50", "III Blood and immune disorders"},
		{OPCS4Chapter, "S06", "S Skin"}, {OPCS4Chapter, "I01", ""},
	} {
		if got := find(w.list, w.category); got != w.want {
			t.Errorf("%s of %s is %q, want %q", w.list, w.category, got, w.want)
		}
	}
	for _, v := range c.Values(ICD10Block) {
		if find(ICD10Chapter, v.From) != find(ICD10Chapter, v.To) {
			t.Errorf("the block %s lies in two chapters", v.Code)
		}
	}
	for _, v := range c.Values(ICD10) {
		if find(ICD10Chapter, v.Code[:3]) == "" {
			t.Errorf("%s is in no chapter", v.Code)
		}
	}
	for _, v := range c.Values(OPCS4) {
		if find(OPCS4Chapter, v.Code[:3]) == "" {
			t.Errorf("%s is in no chapter", v.Code)
		}
	}
}

func TestCodesReadRefuses(t *testing.T) {
	const header = "list,code,label,from,to"
	value := func(r []string) CodeValue { return CodeValue{Code: r[1], Label: r[2]} }
	for name, w := range map[string]struct{ table, want string }{
		"empty":           {"", "the header is not"},
		"wrong-header":    {"list,code,title,from,to\n", "the header is not"},
		"too-few-columns": {header + "\nSEX,1\n", "wrong number of fields"},
		"no-list":         {header + "\n,1,Male,,\n", "line 2: list, code and label are needed"},
		"no-code":         {header + "\nSEX,,Male,,\n", "line 2: list, code and label are needed"},
		"no-label":        {header + "\nSEX,1,,,\n", "line 2: list, code and label are needed"},
		"twice":           {header + "\nSEX,1,Male,,\nSEX,1,Man,,\n", "line 3: SEX 1 is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Codes{lists: map[string][]CodeValue{}, at: map[string]map[string]int{}}
			err := c.read(strings.NewReader(w.table), "test.csv", header, value)
			if err == nil || !strings.Contains(err.Error(), w.want) {
				t.Errorf("error %v, want one that says %q", err, w.want)
			}
		})
	}
}
