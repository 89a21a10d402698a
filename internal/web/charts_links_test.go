package web_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
)

var (
	marksAt  = regexp.MustCompile(`(?s)<a data-nav[^>]* href="([^"]*)"([^>]*)>`)
	labelAt  = regexp.MustCompile(`aria-label="([^"]*)"`)
	numberAt = regexp.MustCompile(`([0-9,]+) episodes`)
)

// mark is a link of a chart.
type mark struct {
	url, label string
	on         bool
}

func marks(chart string) []mark {
	var out []mark
	for _, m := range marksAt.FindAllStringSubmatch(chart, -1) {
		x := mark{url: html.UnescapeString(m[1]), on: strings.Contains(m[2], `aria-current="true"`)}
		if l := labelAt.FindStringSubmatch(m[2]); l != nil {
			x.label = html.UnescapeString(l[1])
		}
		out = append(out, x)
	}
	return out
}

// A mark leads to the records that it counts, where it is pressed and leads back.
func TestMarksFilter(t *testing.T) {
	s := charts(t)
	const start = "/records?sex=2&view=charts"
	_, body, _ := s.get(policy.Researcher, start)
	followed := map[string]int{}
	for key, chart := range figure(body) {
		if key == "age-sex" {
			continue // its own filter is on; below
		}
		for _, m := range marks(chart) {
			if m.label == "" {
				continue // a line of the table, which leads where its mark does
			}
			followed[key]++
			if m.on || !strings.HasSuffix(m.label, ": filter by this") {
				t.Errorf("%s: %q is pressed", key, m.label)
			}
			status, there, at := s.get(policy.Researcher, m.url)
			if status != http.StatusOK || at != m.url {
				t.Fatalf("%s: %q leads to %s (%d)", key, m.label, at, status)
			}
			total := between(there, "<strong>", "</strong>")[0]
			if n := numberAt.FindStringSubmatch(m.label); n != nil && n[1] != total {
				t.Errorf("%s: %q leads to %s episodes", key, m.label, total)
			}
			if total == "0" {
				continue // nothing is drawn
			}
			back := slices.IndexFunc(marks(figure(there)[key]), func(b mark) bool { return b.on && b.url == start && b.label != "" })
			if back < 0 {
				t.Errorf("%s: %q is not pressed where it leads, or does not lead back", key, m.label)
			} else if l := marks(figure(there)[key])[back].label; !strings.HasSuffix(l, ": in use, take this filter off") {
				t.Errorf("%s: the pressed mark is called %q", key, l)
			}
		}
	}
	for key, least := range map[string]int{"trend": 8, "diagnosis": 10, "provider": 10, "procedure": 4, "condition": 4, "region": 9, "region-year": 36, "stay": 5} {
		if followed[key] < least {
			t.Errorf("%s: only %d marks were followed", key, followed[key])
		}
	}
	if followed["waiting"] > 0 {
		t.Error("waits are filtered by a field that holds codes for “not applicable”")
	}
}

// Marks of two filters: of one of several chosen values only that one is given up.
func TestMarksOfTwoFilters(t *testing.T) {
	s := charts(t)
	for _, c := range []struct{ name, at, chart, label, to string }{
		{"first", "/records?view=charts", "age-sex", ", Male, 30 to 39: filter", "/records?band=30-34&band=35-39&sex=1&view=charts"},
		{"second-of-its-sex", "/records?band=30-34&band=35-39&sex=1&view=charts", "age-sex", ", Male, 90 and over: filter", "/records?band=30-34&band=35-39&band=90%2B&sex=1&view=charts"},
		{"one-of-two-bands", "/records?band=30-34&band=35-39&band=90%2B&sex=1&view=charts", "age-sex", ", Male, 90 and over: in use", "/records?band=30-34&band=35-39&sex=1&view=charts"},
		{"the-last", "/records?band=90%2B&sex=1&view=charts", "age-sex", ", Male, 90 and over: in use", "/records?view=charts"},
		{"half-a-band-is-not-on", "/records?band=30-34&sex=1&view=charts", "age-sex", ", Male, 30 to 39: filter", "/records?band=30-34&band=35-39&sex=1&view=charts"},
		{"left-out-gives-way", "/records?sex=!1&view=charts", "age-sex", ", Male, 90 and over: filter", "/records?band=90%2B&sex=1&view=charts"},
		{"region-and-year", "/records?rgn=H&year=0910&year=1011&view=charts", "region-year", ", London, 2009/10: in use", "/records?rgn=H&year=1011&view=charts"},
		{"two-codes-in-one-region", "/records?view=charts", "region", "North West", "/records?rgn=B&rgn=C&view=charts"},
		{"touching-columns", "/records?los=0..6&view=charts", "stay", "7–13 ", "/records?los=0..13&view=charts"},
		{"chosen-and-nobody-has-it", "/records?dx=L40&dx=Q80&view=charts", "diagnosis", "Q80 Congenital ichthyosis 0 episodes: in use", "/records?dx=L40&view=charts"},
		{"any-procedure", "/records?oppos=any&view=charts", "procedure", "S06 ", "/records?op=S06&oppos=any&view=charts"},
		{"not-in-this-position", "/records?dxpos=any&view=charts", "diagnosis", "L40 ", "/records?dx=L40&dxpos=any&view=charts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, body, _ := s.get(policy.Researcher, c.at)
			all := marks(figure(body)[c.chart])
			i := slices.IndexFunc(all, func(m mark) bool { return strings.Contains(m.label, c.label) })
			if i < 0 {
				t.Fatalf("there is no mark %q among %v", c.label, all)
			}
			if all[i].url != c.to {
				t.Errorf("it leads to %s, want %s", all[i].url, c.to)
			}
		})
	}
	// under “any position” the lines, which are primary diagnoses, filter by nothing
	_, body, _ := s.get(policy.Researcher, "/records?dxpos=any&view=charts")
	for _, m := range marks(figure(body)["trend"]) {
		if strings.Contains(m.url, "dx=") {
			t.Errorf("a line leads to %s", m.url)
		}
	}
}

// A breakdown counts episodes or patients by any fields; what its limits cut off
// is added up, or said to be left out.
func TestBreakdown(t *testing.T) {
	s := charts(t)
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, inFile := plainly{codes: codes, dict: dict}, plainly{codes: codes, dict: dict, file: true}
	rows := p.left()
	// both returns a breakdown as the page and as the file has it
	both := func(query string) (page, file [][]string) {
		_, body, _ := s.get(policy.Researcher, "/records?view=charts&open=breakdown.table&"+query)
		page = drawn(t, "breakdown", figure(body)["breakdown"])
		_, file = s.file(policy.Researcher, "breakdown", query)
		return page, file
	}
	compare := func(what string, want, got [][]string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	people := func(p plainly, holds ...func(driver.Record) bool) string {
		seen := map[string]bool{}
		for _, r := range rows {
			if !slices.ContainsFunc(holds, func(h func(driver.Record) bool) bool { return !h(r) }) {
				seen[r[hes.PersonField]] = true
			}
		}
		return p.say(len(seen))
	}
	every := func(values ...string) []string { return values }
	sexes, years := every("1", "2", "9", ""), every("0809", "0910", "1011")
	episodes := func(p plainly) [][]string {
		number := func(sexes, years []string) string {
			return p.say(numbersOf(rows, among{"SEX", sexes}, among{"FYEAR", years})...)
		}
		out := [][]string{{"Sex", "2008/09", "2009/10", "2010/11", "All"}}
		for _, sex := range sexes {
			line := []string{p.label("SEX", sex)}
			for _, y := range years {
				line = append(line, number(every(sex), every(y)))
			}
			out = append(out, append(line, number(every(sex), years)))
		}
		return append(out, []string{"All", number(sexes, every("0809")), number(sexes, every("0910")), number(sexes, every("1011")), number(sexes, years)})
	}
	page, file := both("by=SEX,FYEAR")
	compare("episodes", episodes(p), page)
	compare("episodes in the file", episodes(inFile), file)
	// of patients the page counts the totals again; in a file they could give a
	// hidden cell away, and are not there
	page, file = both("by=SEX,FYEAR&count=patients")
	wantPage, wantFile := [][]string{{"Sex", "2008/09", "2009/10", "2010/11", "All"}}, [][]string{{"Sex", "2008/09", "2009/10", "2010/11"}}
	foot := []string{"All"}
	for _, sex := range sexes {
		one, other := []string{p.label("SEX", sex)}, []string{p.label("SEX", sex)}
		for _, y := range years {
			one, other = append(one, people(p, is("SEX", sex), is("FYEAR", y))), append(other, people(inFile, is("SEX", sex), is("FYEAR", y)))
		}
		wantPage, wantFile = append(wantPage, append(one, people(p, is("SEX", sex)))), append(wantFile, other)
	}
	for _, y := range years {
		foot = append(foot, people(p, is("FYEAR", y)))
	}
	compare("patients", append(wantPage, append(foot, people(p))), page)
	compare("patients in the file", wantFile, file)

	const query = "by=DIAG_01,PROCODE3"
	page, file = both(query)
	compare("what the limits cut off", flat(inFile.crossed(rows)), flat(file))
	compare("what the limits cut off, on the page", p.crossed(rows), page)
	last := len(page) - 1
	if page[0][9] != "Others (4)" || page[0][10] != "All" || page[last-1][0] != "Others (4)" || page[last][0] != "All" || page[last][10] != count(rows) {
		t.Errorf("the limits: %v … %v", page[0], page[last-1:])
	}
	_, body, _ := s.get(policy.Researcher, "/records?view=charts&"+query)
	chart := figure(body)["breakdown"]
	contains(t, chart, "Primary diagnosis (the 12 commonest of 16) by Provider (the 8 commonest of 12).")
	cells := slices.DeleteFunc(marks(chart), func(m mark) bool { return !numberAt.MatchString(m.label) })
	m := cells[len(cells)/2]
	if _, there, at := s.get(policy.Researcher, m.url); at != m.url || between(there, "<strong>", "</strong>")[0] != numberAt.FindStringSubmatch(m.label)[1] {
		t.Errorf("%q leads to %s", m.label, at)
	}
	dx := p.commonest(rows, head("DIAG_01", 3), head("PROCODE3", 0))
	page, file = both(query + "&count=patients")
	if len(page) != 14 || page[13][0] != "All" || len(page[0]) != 10 || page[1][9] != people(p, starts("DIAG_01", dx[0])) {
		t.Errorf("patients of others are added up: %v", page[0])
	}
	if len(file) != 13 || len(file[0]) != 10 {
		t.Errorf("patients of others, or totals, in the file: %v", file[0])
	}
	// one field; and one without a filter, whose marks lead nowhere
	scores := func(p plainly) [][]string {
		out := [][]string{{"Charlson score", "Episodes"}}
		for _, n := range every("0", "1", "2", "5") {
			out = append(out, []string{n, p.say(tally(rows, is("CHARLSON", n)))})
		}
		return out
	}
	page, file = both("by=CHARLSON")
	compare("one field", scores(p), page)
	compare("one field in the file", scores(inFile), file)
	_, body, _ = s.get(policy.Researcher, "/records?view=charts&by=EPISTART,DIAG_02&of=STARTAGE")
	if m := marks(figure(body)["breakdown"]); len(m) > 0 {
		t.Errorf("%d marks of fields without a filter", len(m))
	}
	contains(t, figure(body)["distribution"], "Age", "Median", "0–9")
}

// What cannot be drawn is said in words.
func TestChartsOfWrongInput(t *testing.T) {
	s := charts(t)
	for address, says := range map[string]string{
		"/records?view=charts&by=SEX,FYEAR,CLASSPAT":  "choose at most 2 fields",
		"/records?view=charts&by=EPIKEY":              "cannot be broken down by episode key",
		"/records?view=charts&by=HRG40":               "does not hold resource group",
		"/records?view=charts&of=SEX":                 "sex is not a number",
		"/records?view=charts&of=BEDYEAR":             "does not hold bed days in year",
		"/records?view=charts&count=beds":             "counts episodes or patients",
		"/records?view=pie":                           "choose episodes",
		"/records/charts/breakdown.csv":               "Choose what the chart is of",
		"/records/charts/distribution.csv?sex=1":      "Choose what the chart is of",
		"/records/charts/trend.csv?by=nope":           "not in the data dictionary",
		"/records/charts/trend.csv?adm=yesterday":     "write a day as",
		"/records/charts/nope.csv":                    "no chart of that name",
		"/records/charts/trend":                       "no chart of that name",
		"/records/charts/.csv":                        "no chart of that name",
		"/records?view=charts&by=MYDOB,SEX":           "field MYDOB is not covered by agreement DSA-1",
		"/records?view=charts&of=IMD04RK":             "field IMD04RK is not covered by agreement DSA-1",
		"/records/charts/breakdown.csv?by=MYDOB":      "field MYDOB is not covered by agreement DSA-1",
		"/records/charts/distribution.csv?of=IMD04RK": "field IMD04RK is not covered by agreement DSA-1",
		"/records?view=charts&sex=1&of=&by=&count=":   "episodes",
		"/records?view=charts&sex=1&after=zzz&before": "episodes",
	} {
		status, body, at := s.get(policy.Researcher, address)
		if !strings.Contains(plain(body), says) || (status == http.StatusOK) != (says == "episodes") {
			t.Errorf("%s: %d, %s", address, status, plain(body))
		}
		if says == "episodes" && at != "/records?sex=1&view=charts" {
			t.Errorf("%s is shown at %s", address, at)
		}
	}
	// fields that the agreement does not cover are not offered
	_, body, _ := s.get(policy.Researcher, "/records?view=charts&open=breakdown.fields")
	if form := figure(body)["breakdown"]; strings.Contains(form, "MYDOB") || strings.Contains(form, "STAY_CHE") || !strings.Contains(form, `<option value="READMITTED_30">`) {
		t.Error("the fields that a breakdown offers")
	}
	// nothing left: the page says what to drop, as for lists
	_, body, _ = s.get(policy.Researcher, "/records?dx=Z99&view=charts")
	if len(figure(body)) > 0 || !strings.Contains(body, `class="empty"`) {
		t.Error("nothing is drawn as charts")
	}
}

// Everybody sees charts of what they may see only: a clinical team counts of its
// own patients and no rows, planners and others nothing. A page is one entry in
// the access record, a file is another of its own kind; neither has rows.
func TestWhoSeesCharts(t *testing.T) {
	s := charts(t)
	theirs := map[string]bool{} // the patients whom the team treated
	at := func(r driver.Record) bool {
		return slices.Contains([]string{"0809", "0910", "1011"}, r["FYEAR"]) && r["PROCODE3"] == "RAL" && r[hes.PersonField] != ""
	}
	for _, r := range charted() {
		if at(r) && (r["MAINSPEF"] == "330" || r["TRETSPEF"] == "330") {
			theirs[r[hes.PersonField]] = true
		}
	}
	own := 0
	for _, r := range charted() {
		if at(r) && theirs[r[hes.PersonField]] {
			own++
		}
	}
	for _, role := range append(policy.Roles(), "") {
		for _, address := range []string{"/records?rule=any&fin=any&dup=any&view=charts&by=SEX,CLASSPAT&open=provider.table", "/records/charts/provider.csv?rule=any&fin=any&dup=any"} {
			before := s.events()
			status, body, at := s.get(role, address)
			var last audit.Event
			if err := s.store.Entries(t.Context(), int64(before)+1, func(e audit.Entry) bool { return json.Unmarshal(e.Body, &last) == nil }); err != nil {
				t.Fatal(err)
			}
			asked := s.events() - before
			switch {
			case role == "":
				if !strings.HasPrefix(at, "/sign-in") || asked != 0 {
					t.Errorf("a stranger gets %d at %s", status, at)
				}
			case role != policy.Researcher && (role != policy.Clinician || kind(address) == "file"):
				if status != http.StatusForbidden || asked != 1 || last.Outcome != "refused" {
					t.Errorf("%s gets %d at %s; %d events, %+v", role, status, address, asked, last)
				}
			default:
				want := map[string]string{"file": "file", "page": "view"}[kind(address)]
				if status != http.StatusOK || asked != 1 || last.Kind != want || last.Rows != 0 || last.Outcome != "shown" {
					t.Errorf("%s gets %d at %s; %d events, %+v", role, status, address, asked, last)
				}
				if regexp.MustCompile(`/(records|patients)/[\w-]{22}`).MatchString(body) || strings.Contains(body, "SYNTH") {
					t.Errorf("%s: a row or a patient is on the page", role)
				}
			}
			if role == policy.Researcher && kind(address) == "page" {
				contains(t, figure(body)["provider"], "Download CSV : Provider In the file 1 to 7 are hidden, others rounded")
			}
			if role == policy.Clinician && kind(address) == "page" {
				if n := between(body, "<strong>", "</strong>")[0]; n != strconv.Itoa(own) {
					t.Errorf("the clinical team has %s episodes, want %d", n, own)
				}
				if got := chartTable(figure(body)["provider"]); len(got) != 2 {
					t.Errorf("the clinical team sees %v", got)
				}
				if strings.Contains(body, ".csv") || strings.Contains(body, "Download") {
					t.Error("the clinical team is offered a file")
				}
				if strings.Contains(body, ">Episodes</a>") || !strings.Contains(body, ">Charts</a>") {
					t.Error("the clinical team's tabs")
				}
			}
		}
	}
}

func kind(address string) string {
	if strings.Contains(address, ".csv") {
		return "file"
	}
	return "page"
}

// A file says where it is from, under which filters, when it was made and what it
// counts, and is one for a spreadsheet.
func TestChartFileSaysWhatItIs(t *testing.T) {
	s := charts(t)
	r := httptest.NewRequest(http.MethodGet, "/records/charts/age-sex.csv?sex=2&dx=L40", nil)
	r.AddCookie(s.cookies[policy.Researcher])
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	if w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Content-Disposition") != `attachment; filename="hes-chart-age-sex.csv"` || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", w.Header())
	}
	got, _ := s.file(policy.Researcher, "age-sex", "sex=2&dx=L40")
	for key, want := range map[string]string{
		"Chart": "Age and sex", "Counts of": "episodes; * is a number that is not shown", "Small numbers": "Counts from 1 to 7 are hidden and the others are rounded to the nearest 5; 0 is shown.", "Release": now + ", loaded 24 November 2026", "Made": "24 November 2026 12:00 UTC",
		"Filters": "Primary diagnosis is L40 Psoriasis; and Sex is Female; and Care under dermatology (N1); and Finished episodes only; and Duplicates left out",
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
	if !strings.Contains(got["Counted"], "but those on age band and sex") {
		t.Errorf("counted: %q", got["Counted"])
	}
}

// In any position an episode counts once for each category that it has.
func TestChartOfAnyPosition(t *testing.T) {
	s := charts(t)
	_, body, _ := s.get(policy.Researcher, "/records?dxpos=any&sex=1&view=charts&open=diagnosis.table")
	page := drawn(t, "diagnosis", figure(body)["diagnosis"])
	_, file := s.file(policy.Researcher, "diagnosis", "dxpos=any&sex=1")
	rows := plainly{filters: []narrow{{key: "sex", holds: is("SEX", "1")}}}.left()
	for what, table := range map[string][][]string{"page": page, "file": flat(file)} {
		p := plainly{file: what == "file"}
		if len(table) != 12 || table[11][0] != "Not recorded" {
			t.Fatalf("%s: %v", what, table)
		}
		before := len(rows)
		for _, line := range table[1:11] {
			code, _, _ := strings.Cut(line[0], " ")
			want := tally(rows, func(r driver.Record) bool { return starts("DIAG_01", code)(r) || starts("DIAG_02", code)(r) })
			n, _ := strconv.Atoi(line[1])
			if line[1] != p.say(want) || n > before {
				t.Errorf("%s: %s has %s episodes, want %s and no more than %d", what, code, line[1], p.say(want), before)
			}
			before = n
		}
		if want := p.say(tally(rows, is("DIAG_01", ""), is("DIAG_02", ""))); table[11][1] != want {
			t.Errorf("%s: not recorded: %s, want %s", what, table[11][1], want)
		}
	}
}

// With a long list of codes the marks of charts have no links: a page of some
// thousand of them would be too heavy to send.
func TestMarksOfManyCodes(t *testing.T) {
	s := charts(t)
	for _, c := range []struct {
		codes int
		links bool
	}{{100, true}, {500, false}} {
		in := "/records?view=charts&dx=L40"
		for i := range c.codes {
			in += fmt.Sprintf("&dx=C%03d", i)
		}
		status, body, _ := s.get(policy.Researcher, in)
		n := 0
		for _, chart := range figure(body) {
			n += len(marks(chart))
		}
		if status != http.StatusOK || (n > 50) != c.links || n > 2 != c.links { // two choose how the trend is drawn
			t.Errorf("%d codes: status %d, %d marks lead on", c.codes, status, n)
		}
	}
}
