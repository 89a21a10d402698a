package web_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// mixture are episodes of many kinds, with gaps.
func mixture(n int) []driver.Record {
	r := rand.New(rand.NewPCG(1, 2))
	one := func(values ...string) string { return values[r.IntN(len(values))] }
	var out []driver.Record
	for i := range n {
		e := driver.Record{"EPIKEY": fmt.Sprint(1000 + i), hes.PersonField: fmt.Sprintf("SYNTH%027d", i/3), "ADMIDATE": fmt.Sprintf("2009-%02d-%02d", 1+i%12, 1+i%28), "FYEAR": "0910", "EPISTAT": "3", "DUPLICATE": "0",
			"SUBSET_1": "N1", "MAINSPEF": "330", "TRETSPEF": "330", "CLASSPAT": one("1", "2"), "SEX": one("1", "2", "2", ""), "STARTAGE": one("", fmt.Sprint(r.IntN(104))), "AGE_BAND": one("0", "20-24", "90+"),
			"PROCODE3": fmt.Sprintf("R%02d", r.IntN(30)), "LOS_DAYS": one("", "0", "0", "1", "2", "3", "5", "16", "40"), "CHARLSON": one("0", "0", "1", "7"),
			"DIAG_01": one("", "L400", "L400", "L401", "L409", "L209", "C443", "C444", "L52", "D225", "L820", "L570", "L031", "L720"), "DIAG_02": one("", "", "L400", "I10", "E119"), "OPERTN_01": one("", "S065", "S066", "S121")}
		out = append(out, e)
	}
	return out
}

// over makes a site over other episodes than its own.
func over(t testing.TB, records []driver.Record) func(*source) {
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return func(s *source) { s.engine = memory.New(dict, drivertest.Columns(t, dict, held()), records) }
}

// panel returns the part of a page that is one filter.
func sidePanel(body, key string) string {
	_, rest, _ := strings.Cut(body, `id="fac-`+key+`"`)
	out, _, _ := strings.Cut(rest, "</details>")
	return out
}

var optionHTML = regexp.MustCompile(`(?s)<input type="(?:checkbox|radio)" id="[^"]*" name="([a-z]+)" value="([^"]*)"( checked)?>\s*<span class="t">(.*?)</span>\s*<span class="n">([\d,]+)</span>`)

// options returns the counts of a filter's values, and those ticked.
func options(body, key string) (counts map[string]string, ticked []string) {
	counts = map[string]string{}
	for _, m := range optionHTML.FindAllStringSubmatch(sidePanel(body, key), -1) {
		counts[m[2]] = m[5]
		if m[3] != "" {
			ticked = append(ticked, m[2])
		}
	}
	return counts, ticked
}

// Over random filters, each count of each open part is what a plain loop over
// the episodes counts under all filters but the part's own.
func TestFacetCounts(t *testing.T) {
	records := mixture(400)
	s := open(t, &web.Assets{}, over(t, records))
	starts := func(field, code string) func(driver.Record) bool {
		return func(e driver.Record) bool { return strings.HasPrefix(e[field], code) }
	}
	is := func(field string, values ...string) func(driver.Record) bool {
		return func(e driver.Record) bool { return slices.Contains(values, e[field]) }
	}
	not := func(p func(driver.Record) bool) func(driver.Record) bool {
		return func(e driver.Record) bool { return !p(e) }
	}
	any := func(ps ...func(driver.Record) bool) func(driver.Record) bool {
		return func(e driver.Record) bool {
			return slices.ContainsFunc(ps, func(p func(driver.Record) bool) bool { return p(e) })
		}
	}
	number := func(field string, from, to int) func(driver.Record) bool {
		return func(e driver.Record) bool {
			var n int
			_, err := fmt.Sscan(e[field], &n)
			return err == nil && n >= from && n <= to
		}
	}
	filters := []struct {
		key, in string
		meets   func(driver.Record) bool
	}{
		{"dx", "dx=L40", starts("DIAG_01", "L40")},
		{"dx", "dx=L40&dx=C443", any(starts("DIAG_01", "L40"), starts("DIAG_01", "C443"))},
		{"dx", "dx=!L40", not(starts("DIAG_01", "L40"))},
		{"dx", "dx=none&dx=L20", any(is("DIAG_01", ""), starts("DIAG_01", "L20"))},
		{"dx", "dx=L40&dxpos=any", any(starts("DIAG_01", "L40"), starts("DIAG_02", "L40"))},
		{"dx", "dx=L40&dxpos=further", starts("DIAG_02", "L40")},
		{"op", "op=S06", starts("OPERTN_01", "S06")},
		{"op", "op=none", is("OPERTN_01", "")},
		{"sex", "sex=1", is("SEX", "1")},
		{"sex", "sex=none", is("SEX", "")},
		{"sex", "not=sex&sex=1", not(is("SEX", "1"))},
		{"age", "age=18..64", number("STARTAGE", 18, 64)},
		{"age", "age=none", is("STARTAGE", "")},
		{"age", "age=!18..64", not(number("STARTAGE", 18, 64))},
		{"los", "los=0&los=2..3", any(is("LOS_DAYS", "0"), number("LOS_DAYS", 2, 3))},
		{"los", "los=15..&los=none", any(number("LOS_DAYS", 15, 9999), is("LOS_DAYS", ""))},
		{"prov", "prov=R01&prov=R02", is("PROCODE3", "R01", "R02")},
		{"cls", "cls=2", is("CLASSPAT", "2")},
		{"if", "if=SEX+is+2+and+STARTAGE+from+30", func(e driver.Record) bool { return e["SEX"] == "2" && number("STARTAGE", 30, 200)(e) }},
		{"if", "if=SEX+is+1", is("SEX", "1")},
	}
	spans := func(field string, ends ...int) map[string]func(driver.Record) bool {
		out := map[string]func(driver.Record) bool{"none": is(field, "")}
		for i, from := range ends {
			to, text := 9999, fmt.Sprintf("%d..", from)
			if i+1 < len(ends) {
				if to = ends[i+1] - 1; to == from {
					text = fmt.Sprint(from)
				} else {
					text = fmt.Sprintf("%d..%d", from, to)
				}
			}
			out[text] = number(field, from, to)
		}
		return out
	}
	values := func(key string, state []int) map[string]func(driver.Record) bool {
		out := map[string]func(driver.Record) bool{}
		switch key {
		case "sex":
			out = map[string]func(driver.Record) bool{"1": is("SEX", "1"), "2": is("SEX", "2"), "9": is("SEX", "9"), "0": is("SEX", "0"), "none": is("SEX", "")}
		case "cls":
			for _, v := range []string{"1", "2", "3", "4", "5", "8"} {
				out[v] = is("CLASSPAT", v)
			}
		case "los":
			out = spans("LOS_DAYS", 0, 1, 2, 4, 8, 15, 31)
		case "charl":
			out = spans("CHARLSON", 0, 1, 2, 3, 5)
		case "dx":
			out["L40"], out["L400"], out["L409"], out["C44"] = starts("DIAG_01", "L40"), starts("DIAG_01", "L400"), starts("DIAG_01", "L409"), starts("DIAG_01", "C44")
			for _, i := range state {
				if strings.Contains(filters[i].in, "dxpos=any") {
					out = map[string]func(driver.Record) bool{"L40": filters[i].meets, "L400": any(starts("DIAG_01", "L400"), starts("DIAG_02", "L400"))}
				}
				if strings.Contains(filters[i].in, "dxpos=further") {
					out = map[string]func(driver.Record) bool{"L40": filters[i].meets, "L400": starts("DIAG_02", "L400")}
				}
			}
		case "prov":
			out["R01"], out["R02"] = is("PROCODE3", "R01"), is("PROCODE3", "R02")
		}
		return out
	}
	r := rand.New(rand.NewPCG(3, 4))
	shown := 0
	for range 80 {
		var state []int
		query := "rule=any&fin=any&dup=any"
		for _, i := range r.Perm(len(filters))[:r.IntN(5)] {
			if !slices.ContainsFunc(state, func(j int) bool { return filters[j].key == filters[i].key }) {
				state = append(state, i)
				query += "&" + filters[i].in
			}
		}
		status, body, _ := s.get(policy.Researcher, "/records?"+query+"&open=dx,dx.L40,sex,cls,los,charl,prov")
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", query, status)
		}
		for _, key := range []string{"sex", "cls", "los", "charl", "dx", "prov"} {
			counts, _ := options(body, key)
			for value, has := range values(key, state) {
				want := 0
				for _, e := range records {
					meets := has(e)
					for _, i := range state {
						meets = meets && (filters[i].key == key || filters[i].meets(e))
					}
					if meets {
						want++
					}
				}
				got, there := counts[value]
				switch {
				case there && got != fmt.Sprint(want):
					t.Errorf("%s: %s %s has %s episodes, want %d", query, key, value, got, want)
				case !there && want > 0 && (key == "sex" || key == "cls" || key == "los" || key == "charl"):
					t.Errorf("%s: %s %s is not there, want %d", query, key, value, want)
				case there:
					shown++
				}
			}
		}
	}
	if shown < 1000 {
		t.Errorf("only %d counts were compared", shown)
	}
}

// Bands stand in order of age, groups in the order of their list, with what
// nobody has; both boxes of the form and the radio buttons send what the address
// says.
func TestFacets(t *testing.T) {
	s := open(t, &web.Assets{})
	_, body, _ := s.get(policy.Researcher, "/records?open=band,kind,rule,fin,dup,read")
	for key, want := range map[string][]string{
		"rule": {"Care under dermatology (N1)", "A skin diagnosis (N2)"},
		"fin":  {"Unfinished", "Finished", "Unfinished, worked out"},
		"dup":  {"Left out", "Shown with the rest", "Duplicates only"},
	} {
		if diff := cmp.Diff(want, between(sidePanel(body, key), `<span class="t">`, `</span>`)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	for key, want := range map[string]string{
		"band": "Under 1 1 to 4 5 to 9 10 to 14 15 to 19",
		"kind": "Regular attender Birth Paediatric Maternity Emergency",
	} {
		if got := strings.Join(between(sidePanel(body, key), `<span class="t">`, `</span>`), " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s first", key, got, want)
		}
	}
	if diff := cmp.Diff([]string{"51", "53", "2"}, between(sidePanel(body, "dup"), `<span class="n">`, `</span>`)); diff != "" {
		t.Errorf("counts of duplicates (-want +got):\n%s", diff)
	}
	if !strings.Contains(sidePanel(body, "rule"), `<input type="hidden" name="rule" value="any">`) {
		t.Error("unticking the last rule would bring the default back")
	}
	if !strings.Contains(sidePanel(body, "dup"), `name="dup" value="!1" checked`) {
		t.Error("“Left out” is not chosen")
	}
	contains(t, sidePanel(body, "read"), "NHS Digital’s method (P1)")
	_, body, _ = s.get(policy.Researcher, "/records?cols=ADMIDATE,STAY_CHE,READMITTED_30")
	chips, _, _ := strings.Cut(body, `class="res"`)
	contains(t, chips, "NHS Digital’s method (P1)", "Centre for Health Economics (P2)")
}

// What is open follows the filters until somebody opens or closes a part; then
// the address says it, behind everything else, and forms keep it.
func TestWhatIsOpen(t *testing.T) {
	s := open(t, &web.Assets{})
	for in, want := range map[string][2]string{
		"/records":                                 {"/records", "dx op age sex"},
		"/records?open=":                           {"/records", "dx op age sex"},
		"/records?cls=2":                           {"/records?cls=2", "dx op age sex cls"},
		"/records?cls=2&open=sex,age,op,dx":        {"/records?cls=2&open=dx,op,age,sex", "dx op age sex"},
		"/records?cls=2&open=dx,op,age,sex,cls":    {"/records?cls=2", "dx op age sex cls"},
		"/records?open=cls&sort=SEX":               {"/records?sort=SEX&open=cls", "cls"},
		"/records?open=&open=%2Bcls":               {"/records?open=dx,op,age,sex,cls", "dx op age sex cls"},
		"/records?open=+cls":                       {"/records?open=dx,op,age,sex,cls", "dx op age sex cls"},
		"/records?open=dx,sex&open=-sex":           {"/records?open=dx", "dx"},
		"/records?open=dx&open=-dx":                {"/records?open=none", ""},
		"/records?open=none":                       {"/records?open=none", ""},
		"/records?open=none&open=%2Bsex":           {"/records?open=sex", "sex"},
		"/records?open=nonsense,dx.L40,dx,sex.L40": {"/records?open=dx,dx.L40", "dx"},
		"/records?open=dx&open=%2Bdx.C44":          {"/records?open=dx,dx.C44", "dx"},
		"/records?open=dx,dx.l40,dx.L4001,dx.%3Cb": {"/records?open=dx", "dx"},
	} {
		t.Run(in, func(t *testing.T) {
			_, body, canonical := s.get(policy.Researcher, in)
			var open []string
			for _, m := range regexp.MustCompile(`id="fac-([a-z]+)"[^>]* open>`).FindAllStringSubmatch(body, -1) {
				open = append(open, m[1])
			}
			if canonical != want[0] || strings.Join(open, " ") != want[1] {
				t.Errorf("%s, %v, want %v", canonical, open, want)
			}
			keeps := ""
			if _, after, ok := strings.Cut(canonical, "open="); ok {
				keeps = after
			}
			if !strings.Contains(body, `<input type="hidden" name="open" value="`+keeps+`">`) {
				t.Error("the form does not keep what is open")
			}
		})
	}
}

// A closed part keeps its filter in the form and can be opened without a script.
func TestClosedParts(t *testing.T) {
	s := open(t, &web.Assets{})
	_, body, _ := s.get(policy.Researcher, "/records?dx=!L40&dxpos=any&age=18..30&age=none&fin=any&los=0&los=2..3&cls=2&open=none")
	for key, want := range map[string][]string{
		"dx":  {`name="dx" value="!L40"`, `name="dxpos" value="any"`},
		"age": {`name="age" value="18..30"`, `name="age" value="none"`},
		"fin": {`name="fin" value="any"`}, "los": {`name="los" value="0"`, `name="los" value="2..3"`}, "cls": {`name="cls" value="2"`}, "sex": nil, "dup": nil,
	} {
		html := sidePanel(body, key)
		if n := strings.Count(html, `type="hidden"`); n != len(want) {
			t.Errorf("%s keeps %d values, want %d", key, n, len(want))
		}
		for _, w := range append(want, `<button class="btn btn--s" name="open" value="+`+key+`">`) {
			if !strings.Contains(html, w) {
				t.Errorf("%s: no %s", key, w)
			}
		}
		if counts, _ := options(body, key); len(counts) > 0 {
			t.Errorf("%s shows values though it is closed", key)
		}
	}
}

// A category opens its codes; it is ticked with all below, or a code instead.
func TestTree(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	const all = "/records?rule=any&fin=any&dup=any"
	for in, c := range map[string]struct {
		there, ticked []string
		typed         string
	}{
		"":                         {[]string{"L40", "L82"}, nil, ""},
		"&dx=L40":                  {[]string{"L40", "L400", "L401", "L409"}, []string{"L40"}, ""},
		"&dx=L400":                 {[]string{"L40", "L400", "L401", "L409"}, []string{"L400"}, ""},
		"&open=dx,dx.C44":          {[]string{"C44", "C443", "C444"}, nil, ""},
		"&dx=L40&dx=C443":          {[]string{"L40", "L400", "C44", "C443", "C444"}, []string{"L40", "C443"}, ""},
		"&dx=L407&dx=Z99":          {[]string{"L40", "L400", "L407", "Z99"}, []string{"L407", "Z99"}, ""},
		"&dx=D&dx=L4001&dx=none":   {[]string{"L40"}, []string{"none"}, "D, L4001"},
		"&dx=!L400&dx=!L401":       {[]string{"L40", "L400"}, []string{"L400", "L401"}, ""},
		"&op=S06&oppos=any&dx=L52": {[]string{"L52"}, []string{"L52"}, ""},
	} {
		t.Run(in, func(t *testing.T) {
			_, body, _ := s.get(policy.Researcher, all+in)
			counts, ticked := options(body, "dx")
			for _, v := range c.there {
				if _, ok := counts[v]; !ok {
					t.Errorf("%s is not there", v)
				}
			}
			slices.Sort(ticked)
			slices.Sort(c.ticked)
			if diff := cmp.Diff(c.ticked, ticked); diff != "" {
				t.Errorf("ticked (-want +got):\n%s", diff)
			}
			if !strings.Contains(sidePanel(body, "dx"), `<input name="dx" value="`+c.typed+`"`) {
				t.Errorf("the box does not hold %q", c.typed)
			}
			if not := strings.Contains(sidePanel(body, "dx"), `name="not" value="dx" checked`); not != strings.Contains(in, "!") {
				t.Errorf("left out: %v", not)
			}
			if strings.Contains(in, "oppos=any") && !strings.Contains(sidePanel(body, "op"), `name="oppos" value="any" checked`) {
				t.Error("procedures in any position are not chosen")
			}
		})
	}
	// ticking narrows and widens, whatever was ticked before
	for in, want := range map[string]string{
		"/records?dx=L40&dx=L400&was.dx=L40":  "/records?dx=L400",
		"/records?dx=L40&dx=L400&was.dx=L400": "/records?dx=L40",
		"/records?dx=&was.dx=L400":            "/records",
	} {
		if _, _, at := s.get(policy.Researcher, in); at != want {
			t.Errorf("%s leads to %s, want %s", in, at, want)
		}
	}
}

// Ticks say the spans of a number if they can; else the ends are typed.
func TestSpans(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	for in, c := range map[string]struct {
		ticked   []string
		from, to string
	}{
		"los=0..1":           {[]string{"0", "1"}, "", ""},
		"los=0&los=15..":     {[]string{"0", "15..30", "31.."}, "", ""},
		"los=0&los=none":     {[]string{"0", "none"}, "", ""},
		"los=2..5":           {nil, "2", "5"},
		"los=2..5&los=40..":  {[]string{"2..5", "40.."}, "", ""},
		"los=!none":          {[]string{"none"}, "", ""},
		"los=3..&los=none":   {[]string{"none"}, "3", ""},
		"los_from=5&los_to=": {nil, "5", ""},
	} {
		t.Run(in, func(t *testing.T) {
			_, body, _ := s.get(policy.Researcher, "/records?"+in)
			_, ticked := options(body, "los")
			if diff := cmp.Diff(c.ticked, ticked); diff != "" {
				t.Errorf("ticked (-want +got):\n%s", diff)
			}
			html := sidePanel(body, "los")
			if !strings.Contains(html, `name="los_from" value="`+c.from+`"`) || !strings.Contains(html, `name="los_to" value="`+c.to+`"`) {
				t.Errorf("typed: not %q to %q", c.from, c.to)
			}
		})
	}
	_, body, _ := s.get(policy.Researcher, "/records?age=18..64")
	html := sidePanel(body, "age")
	if !strings.Contains(html, `max="105" value="18" aria-label="Age from"`) || !strings.Contains(html, `max="105" value="65" aria-label="Age to" aria-valuetext="64"`) || !strings.Contains(html, `name="age_to" value="64"`) {
		t.Error("the sliders are not at 18 and 64")
	}
}

// Filters are said in words.
func TestChips(t *testing.T) {
	s := open(t, &web.Assets{})
	for in, want := range map[string]string{
		"sex=!1":                          "Sex is not Male",
		"sex=!1&sex=!none":                "Sex is not Male, and is recorded",
		"sex=!none":                       "Sex is recorded",
		"age=none":                        "Age is not recorded",
		"age=18..64&age=none":             "Aged 18 to 64 or not recorded",
		"age=!18..64":                     "Aged not 18 to 64",
		"los=0&los=2..3":                  "Stayed 0 days or 2 to 3 days",
		"los=1":                           "Stayed 1 day",
		"los=1..&age=..9":                 "Stayed 1 day or more",
		"age=..9":                         "Aged 9 or under",
		"age=65..":                        "Aged 65 or over",
		"charl=2..":                       "Charlson score 2 or more",
		"adm=2009-04..2010-03":            "Admitted Apr 2009 to Mar 2010",
		"adm=2009-04-02..2010-03":         "Admitted 2 April 2009 to 31 March 2010",
		"adm=2009-04..":                   "Admitted from Apr 2009",
		"adm=!none":                       "Admission date is recorded",
		"dx=L40&dxpos=further":            "Further diagnosis is L40 Psoriasis",
		"op=S06&oppos=any":                "Any procedure is S06 Other excision of skin lesion",
		"if=DIAG_nn+starts+with+L40":      "Any diagnosis starts with L40 Psoriasis",
		"if=not+(SEX+is+1,+not+recorded)": "Sex is not Male or not recorded",
		"if=DIAG_nn+starts+with+L40+or+(OPERTN_01+is+S065+and+STARTAGE+from+65)": "Any diagnosis starts with L40 Psoriasis, or (Main procedure is S06.5 Excision of skin lesion: head/neck and Age is 65 or more)",
		"if=not+(ADMIDATE+from+2009-04-01+or+STARTAGE+is+not+recorded)":          "Not (Admission date is on or after 1 April 2009 or Age is not recorded)",
	} {
		_, body, _ := s.get(policy.Researcher, "/records?"+in)
		if chips := between(body, `<span class="chip"><span>`, `</span>`); !slices.Contains(chips, want) {
			t.Errorf("%s: %q, want %q", in, chips, want)
		}
	}
}

// A condition on a field that the agreement does not cover is refused by the
// door, in words; one on a field that the release does not hold is named with
// its place.
func TestConditionsBeyondTheAgreement(t *testing.T) {
	s := open(t, &web.Assets{})
	for text, c := range map[string]struct {
		status int
		say    string
	}{
		"TOKEN_PERSON_ID is SYNTH1":   {http.StatusForbidden, "The field TOKEN_PERSON_ID is not covered by agreement DSA-1."},
		"SEX is 1 or NEWNHSNO is 1":   {http.StatusBadRequest, "Line 1, column 13: the release that is served does not hold NEWNHSNO"},
		"SEX is 1 and AGE is 2":       {http.StatusBadRequest, "Line 1, column 14: There is no field of that name"},
		"SEX is 1 and DUPLICATE is 0": {http.StatusOK, "Sex is Male and Duplicate is"},
	} {
		for _, page := range []string{"/records?if=", "/records?view=charts&if="} {
			status, body, _ := s.get(policy.Researcher, page+url.QueryEscape(text))
			if status != c.status || !strings.Contains(plain(body), c.say) {
				t.Errorf("%s%s: %d without %q", page, text, status, c.say)
			}
		}
	}
}
