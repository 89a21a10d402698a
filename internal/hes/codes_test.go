package hes

import (
	"fmt"
	"regexp"
	"strconv"
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
		{ICD10, "L52X9", "Erythema nodosum"},
		{ICD10, "L97X", "Lower limb ulcer (leg or foot)"},
		{ICD10, "L97", "Lower limb ulcer (leg or foot)"},
		{ICD10, "R69X", "Diagnosis not known or not recorded"},
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
		{ICD10, "L400", "L40.0"}, {ICD10, "L52X", "L52"}, {ICD10, "L52", "L52"}, {ICD10, "L40", "L40"}, {ICD10, "L4", "L4"}, {ICD10, "", ""},
		{OPCS4, "S065", "S06.5"}, {OPCS4, "S06", "S06"}, {OPCS4, "X99X", "X99.X"},
		{"SEX", "1", "1"}, {Provider, "RGP75", "RGP75"}, {"", "L400", "L400"},
	} {
		if got := Display(w.list, w.code); got != w.want {
			t.Errorf("Display(%q, %q) = %q, want %q", w.list, w.code, got, w.want)
		}
	}
}

// A load writes an undivided ICD-10 category in three characters, so that a
// code with the filler X in the list would never be met.
func TestNoFillerInTheList(t *testing.T) {
	_, c := MustLoad(t)
	for _, v := range c.Values(ICD10) {
		if v.Code != noFiller(v.Code) {
			t.Errorf("%s has the filler X", v.Code)
		}
	}
}

// Every category and code of the Charlson and Elixhauser lists (Quan 2005), by
// which comorbidities are derived, has a label: as a list a condition is only
// as good as what a reader can check. A dash stands for all between.
func TestComorbiditiesAreLabelled(t *testing.T) {
	_, c := MustLoad(t)
	const prefixes = "B18 B20-B22 B24 C00-C26 C30-C34 C37-C41 C43 C45-C58 C60-C85 C88 C90-C97 D51-D53 D65-D68 E00-E03 E40-E46 E52 E66 E86-E87 F00-F03 F10-F16 " +
		"F18-F20 F22-F25 F28-F29 F32-F33 G10-G13 G20-G22 G30 G32 G35-G37 G40-G41 G45-G46 G81-G82 I05-I08 I10-I13 I15 I21-I22 I26-I27 I34-I39 I43 " +
		"I47-I50 I60-I71 I85 J40-J47 J60-J67 K25-K28 K70 K72-K74 M05-M06 M08 M30 M32-M35 M45 N18-N19 R56 R64 T51 A520 C900 C902 D500 D508-D509 " +
		"D691 D693-D696 E100-E149 E222 E890 F051 F204 F302 F312-F315 F341 F412 F432 G041 G114 G254-G255 G311-G312 G318-G319 G621 G801-G802 " +
		"G830-G834 G839 G931 G934 H340 I091 I098-I099 I110 I120 I130-I132 I252 I255 I278-I280 I288-I289 I420 I425-I429 I441-I443 I456 I459 I731 " +
		"I738-I739 I771 I790 I792 I850 I859 I864 I982 J684 J701 J703 K257 K259 K267 K269 K277 K279 K287 K289 K292 K551 K558-K559 K700-K704 K709 " +
		"K711 K713-K715 K717 K721 K729 K760 K762-K769 L940-L941 L943 M120 M123 M310-M313 M315 M351 M353 M360 M461 M468-M469 N032-N037 N052-N057 " +
		"N250 P290 Q230-Q233 R000-R001 R008 R470 R634 T821 Z450 Z490-Z492 Z502 Z714-Z715 Z721-Z722 Z940 Z944 Z950 Z952-Z954 Z958-Z959 Z992"
	n := 0
	for _, part := range strings.Fields(prefixes) {
		first, last, _ := strings.Cut(part, "-")
		if last == "" {
			last = first
		}
		at, _ := strconv.Atoi(first[1:])
		end, _ := strconv.Atoi(last[1:])
		for ; at <= end; at++ {
			code := fmt.Sprintf("%s%0*d", first[:1], len(first)-1, at)
			n++
			if _, ok := c.Label(ICD10, code); !ok {
				t.Errorf("%s has no label", code)
			}
		}
	}
	if n != 453 {
		t.Errorf("%d codes were looked at", n)
	}
}

func TestWith(t *testing.T) {
	_, c := MustLoad(t)
	before := len(c.Values(Provider))
	own, _ := c.Label(ICD10, "L400")
	x := c.With(map[string][]CodeValue{
		ICD10:    {{Code: "L400", Label: "A long official title"}, {Code: "Z999", Label: "Loaded title"}, {Code: "", Label: "No code"}, {Code: "Z998"}},
		Provider: {{Code: "RGP", Label: "Loaded name of a trust"}, {Code: "RGP75", Label: "Loaded name of a site"}, {Code: "NTX01", Label: "Independent hospital"}},
		"NEW":    {{Code: "1", Label: "One"}},
	})
	for _, w := range []struct{ list, code, want string }{
		{ICD10, "L400", own}, {ICD10, "Z999", "Loaded title"},
		{Provider, "RGP", "Loaded name of a trust"}, {Provider, "RGP75", "Loaded name of a site"}, {Provider, "RGP99", "Loaded name of a trust"},
		{Provider, "NTX01", "Independent hospital"}, {Provider, "89997", "Provider without a code, outside the UK"}, {Provider, "ZZZ", ""},
		{"SEX", "2", "Female"}, {"NEW", "1", "One"}, {ICD10, "Z998X", label(c, ICD10, "Z998")},
	} {
		if got := label(x, w.list, w.code); got != w.want {
			t.Errorf("Label(%s, %s) = %q, want %q", w.list, w.code, got, w.want)
		}
	}
	if got := len(x.Values(Provider)); got != before+2 || x.Values(Provider)[0].Code != c.Values(Provider)[0].Code {
		t.Errorf("%d providers, want our %d first and two more", got, before)
	}
	if got := label(c, Provider, "RGP"); got != "James Paget University Hospitals" || len(c.Values(Provider)) != before || label(c, Provider, "NTX01") != "" {
		t.Errorf("the lists themselves were changed: %q", got)
	}
	if x.Closed(ICD10) || x.Closed(Provider) || !x.Closed("SEX") {
		t.Error("loading codes changed which lists are closed")
	}
}

func label(c *Codes, list, code string) string {
	text, _ := c.Label(list, code)
	return text
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

// What is known of a code's years is among its values; a site's own list, which
// knows its editions, has the last word.
func TestYearsOfClinicalCodes(t *testing.T) {
	codes, err := LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	find := func(c *Codes, code string) CodeValue {
		return c.lists[ICD10][c.at[ICD10][code]]
	}
	if v := find(codes, "L412"); v.To != "2015-16" || v.Label == "" {
		t.Errorf("%+v", v)
	}
	site := codes.With(map[string][]CodeValue{ICD10: {{Code: "L412", Label: "Official", To: "2014-15"}, {Code: "L987", Label: "Official", From: ""}}})
	if v := find(site, "L412"); v.To != "2014-15" || v.Label == "Official" {
		t.Errorf("%+v", v)
	}
	if v := find(site, "L987"); v.From != "2016-17" {
		t.Errorf("%+v", v)
	}
	if v := find(codes, "L412"); v.To != "2015-16" {
		t.Error("the program's own list was changed")
	}
}
