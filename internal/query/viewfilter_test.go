package query_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
)

// forms are what forms, links and people send besides plain filters, with the
// canonical text and the condition.
func forms() map[string][2]string {
	return map[string][2]string{
		"op=S06&oppos=any": {"op=S06&oppos=any", "OPERTN_nn starts with S06"},
		"op=.0 .":          {"op=0", "OPERTN_01 starts with 0"},
		"not=sex&sex=1":    {"sex=!1", "not (SEX is 1)"},
		"not=sex":          {"", ""},
		// a code under another adds nothing, unless it is the one that was ticked now
		"dx=L40&dx=L400&dx=L41":             {"dx=L40&dx=L41", "DIAG_01 starts with L40 or L41"},
		"dx=L40&dx=L400&was.dx=L40":         {"dx=L400", "DIAG_01 starts with L400"},
		"dx=L40,L400&was.dx=L400":           {"dx=L40", "DIAG_01 starts with L40"},
		"dx=L40,L400,L401&was.dx=L400,L401": {"dx=L40", "DIAG_01 starts with L40"},
		"dx=!L40,!L400&was.dx=L40":          {"dx=!L400", "not (DIAG_01 starts with L400)"},
		"dx=L40,none&was.dx=L40":            {"dx=L40&dx=none", "DIAG_01 starts with L40 or DIAG_01 is not recorded"},
		"op=S,S06,S065&was.op=S06&not=op":   {"op=!S", "not (OPERTN_01 starts with S)"},
		// not recorded, and spans
		"age=none":                         {"age=none", "STARTAGE is not recorded"},
		"age=!none":                        {"age=!none", "not (STARTAGE is not recorded)"},
		"age=none&age_from=18&age_to=64":   {"age=18..64&age=none", "STARTAGE from 18 to 64 or STARTAGE is not recorded"},
		"age=!18..64":                      {"age=!18..64", "not (STARTAGE from 18 to 64)"},
		"age=18..64&not=age":               {"age=!18..64", "not (STARTAGE from 18 to 64)"},
		"age=any":                          {"", ""},
		"los=0&los=1&los=2..3":             {"los=0..3", "LOS_DAYS from 0 to 3"},
		"los=15..&los=0&los=none&los=2..3": {"los=0&los=2..3&los=15..&los=none", "LOS_DAYS from 0 to 0 or LOS_DAYS from 2 to 3 or LOS_DAYS from 15 or LOS_DAYS is not recorded"},
		"los=4..9&los=..5&los_from=20":     {"los=..9&los=20..", "LOS_DAYS up to 9 or LOS_DAYS from 20"},
		"los=..5&los=3..":                  {"los=!none", "not (LOS_DAYS is not recorded)"},
		"los=0..&not=los":                  {"los=none", "LOS_DAYS is not recorded"},
		"los=0..&los=none":                 {"", ""},
		"adm=none":                         {"adm=none", "ADMIDATE is not recorded"},
		"not=adm&adm=2008-04-02..":         {"adm=!2008-04-02..", "not (ADMIDATE from 2008-04-02)"},
		"wait=..18":                        {"wait=..18", "ELECDUR_CALC up to 18"},
		// conditions
		"if=sex is 1": {"if=SEX+is+1", "SEX is 1"},
		"sex=2&if=sex is 1 or not diag_nn from L40 to L41": {"sex=2&if=SEX+is+1+or+not+(DIAG_nn+from+L40+to+L41)", "SEX is 2 and (SEX is 1 or not (DIAG_nn from L40 to L41))"},
		"if=anything":                     {"", ""},
		`if=PROCODE3+is+"and"`:            {"if=PROCODE3+is+%22and%22", "PROCODE3 is and"},
		"if=SEX+is+1%0Aand+FYEAR+is+0910": {"if=SEX+is+1+and+FYEAR+is+0910", "SEX is 1 and FYEAR is 0910"},
	}
}

func TestWhatFormsSend(t *testing.T) {
	d := MustLoad(t)
	for in, want := range forms() {
		t.Run(in, func(t *testing.T) {
			values, err := url.ParseQuery(in)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d, everything(d))
			if err != nil {
				t.Fatal(err)
			}
			where := ""
			if w := v.Where(); w != nil {
				where = w.String()
			}
			if v.Encode() != want[0] || where != want[1] {
				t.Errorf("canonical = %q, where = %q, want %q", v.Encode(), where, want)
			}
		})
	}
	for _, in := range []string{"sex=!!1", "age=18&age=!20", "age=!any", "los=0..&los=none&not=los", "adm=2008-01..2008-02&adm=2010-01..2010-02", "oppos=third", "op=.",
		"if=sex", "if=NOPE+is+1", "if=SEX+is+1+and", "if=STARTAGE+is+old", "if=((((((((((SEX+is+1", "if=" + strings.Repeat("SEX+is+1+or+", 400) + "SEX+is+1", "if=%00"} {
		values, _ := url.ParseQuery(in)
		if _, err := query.ParseView(values, d, everything(d)); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// An error in the conditions says where it is and what to do, and which limit
// was passed.
// Codes are compared with each other, so a pasted library of them is refused before
// it is.
func TestTooManyValues(t *testing.T) {
	d := MustLoad(t)
	var many []string
	for i := range query.MaxValues + 1 {
		many = append(many, "X"+strconv.Itoa(1000+i))
	}
	offer := query.NewOffer(d, []string{"DIAG_nn", "STARTAGE"}, nil)
	for _, in := range []url.Values{{"dx": many}, {"not.dx": many}, {"dx": {"L40"}, "was.dx": {strings.Join(many, ",")}}, {"age": {strings.Repeat("1,", query.MaxValues+1)}}} {
		_, err := query.ParseView(in, d, offer)
		if fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), "at most 2000 values") {
			t.Errorf("%d keys: %v", len(in), err)
		}
	}
	if _, err := query.ParseView(url.Values{"dx": many[:query.MaxView/len("dx=X1234&")]}, d, offer); err != nil {
		t.Error(err)
	}
	_, err := query.ParseView(url.Values{"dx": many[1:]}, d, offer)
	if fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), "too long for a link") {
		t.Error(err)
	}
}

func TestParseIfSays(t *testing.T) {
	d := MustLoad(t)
	o := query.NewOffer(d, []string{"SEX", "DIAG_nn", "STARTAGE"}, nil)
	for text, want := range map[string]string{
		"SEX is 1 and\nAGE is 2":    "Line 2, column 1: There is no field of that name in the data dictionary.",
		"SEX is 1 or FYEAR is 0910": "Line 1, column 13: the release that is served does not hold FYEAR; choose another field.",
		"STARTAGE from young":       "Line 1, column 1: STARTAGE takes a whole number.",
		"SEX 1":                     "Line 1, column 5: expected “is”, “starts with”, “from” or “up to”, found another word.",
		"not (not (not (not (not (not (not SEX is 1))))))":              "The conditions are too deep: at most 6 groups, one in another.",
		strings.Repeat("DIAG_02 starts with L40 or ", 150) + "SEX is 1": "The conditions are too long for a link: 4058 characters, at most 4000. Take some out, or choose groups of codes by their beginning.",
	} {
		if _, err := query.ParseIf(text, d, o); fault.Say(err) != want {
			t.Errorf("%.40q: %s, want %s", text, fault.Say(err), want)
		}
	}
	e, err := query.ParseIf("diag_02 starts with L40", d, o)
	if err != nil || query.Format(e) != "DIAG_02 starts with L40" {
		t.Errorf("%v, %v", e, err)
	}
}
