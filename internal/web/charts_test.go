package web_test

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// charted are episodes with many values and gaps, some of a year that the
// agreement does not cover, of other specialties, unfinished or doubled.
func charted() []driver.Record {
	seed := uint32(7)
	pick := func(values ...string) string {
		seed = seed*1664525 + 1013904223
		return values[int(seed>>8)%len(values)]
	}
	number := func(below int) string {
		seed = seed*1664525 + 1013904223
		return strconv.Itoa(int(seed>>8) % below)
	}
	var out []driver.Record
	for i := range 700 {
		r := driver.Record{"EPIKEY": fmt.Sprint(1000 + i), hes.PersonField: fmt.Sprintf("SYNTH%027d", i*7%190), "ADMIDATE": fmt.Sprintf("2009-%02d-%02d", 1+i%12, 1+i%28), "ADMIMETH": "12", "CLASSPAT": pick("1", "2"),
			"FYEAR": pick("0708", "0809", "0809", "0910", "0910", "1011"), "EPISTAT": pick("3", "3", "3", "3", "1"), "DUPLICATE": pick("0", "0", "0", "0", "1"), "SUBSET_1": pick("N1", "N1", "N1", "N2"),
			"SEX": pick("1", "2", "2", "9", ""), "AGE_BAND": pick("0", "1-4", "5-9", "10-14", "35-39", "30-34", "85-89", "90+", ""), "STARTAGE": number(90), "MAINSPEF": pick("330", "330", "100"), "TRETSPEF": pick("330", "160"),
			"PROCODE3": pick("RAL", "RAL", "RTH", "RJ1", "RW3", "RR8", "RGT", "RX1", "RYR", "RK9", "RM1", "RP5", "RQ3"), "OPERTN_01": pick("S065", "S061", "S121", "S081", "X921", ""), "DIAG_02": pick("", "", "L209", "C449"),
			"DIAG_01":         pick("L400", "L401", "L20", "C443", "C449", "D22", "D229", "L97", "L57", "L82", "C437", "D17", "L03", "L30", "D23", "L91", "L50", "B07", ""),
			"CONDITION_GROUP": pick("psoriasis", "nmsc", "benign", "atopic_eczema", ""), "RESGOR": pick("A", "B", "C", "D", "E", "F", "G", "H", "H", "J", "K", "W", "Y", ""),
			"LOS_DAYS": pick("0", "0", "0", "1", "2", number(40), ""), "ELECDUR": pick(number(60), number(400), "9998", "9999", ""), "CHARLSON": pick("0", "0", "1", "2", "5")}
		out = append(out, r)
	}
	return out
}

// charts is a site over those episodes.
func charts(t testing.TB, change ...func(*source)) *site {
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return open(t, &web.Assets{}, append([]func(*source){func(r *source) {
		r.engine = memory.New(dict, drivertest.Columns(t, dict, append(held(), "RESGOR", "ELECDUR", "MYDOB", "IMD04RK")), charted())
		r.facts.Columns = r.engine.Info().Columns
	}}, change...)...)
}

// file returns a chart's table as the file has it, with its heading first, and
// what stands above it.
func (s *site) file(role policy.Role, key, query string) (preface map[string]string, table [][]string) {
	s.t.Helper()
	status, body, _ := s.get(role, "/records/charts/"+key+".csv?"+query)
	if status != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", key, status, plain(body))
	}
	above, below, ok := strings.Cut(strings.TrimPrefix(body, "\ufeff"), "\n\n")
	if !ok || !strings.HasPrefix(body, "\ufeff") {
		s.t.Fatalf("%s: nothing stands above the table, or it does not say that it is UTF-8:\n%s", key, body)
	}
	preface = map[string]string{}
	for _, l := range lines(s.t, above) {
		preface[l[0]] = l[1]
	}
	return preface, lines(s.t, below)
}

// lines reads a file of commas.
func lines(t testing.TB, text string) [][]string {
	t.Helper()
	out, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	figures = regexp.MustCompile(`(?s)<figure class="ch ch--([a-z-]+)".*?</figure>`)
	tableAt = regexp.MustCompile(`(?s)<table.*?</table>`)
	rowsAt  = regexp.MustCompile(`(?s)<tr>.*?</tr>`)
	cellsAt = regexp.MustCompile(`(?s)<t[hd].*?</t[hd]>`)
	printed = regexp.MustCompile(`(?s)<(?:span class="n"|b)>([^<]*)</`)
)

// figure returns the charts of a page by name.
func figure(body string) map[string]string {
	out := map[string]string{}
	for _, m := range figures.FindAllStringSubmatch(body, -1) {
		out[m[1]] = m[0]
	}
	return out
}

// tables opens the tables of charts.
const tables = "trend.table,diagnosis.table,region.table,age-sex.table,provider.table,procedure.table,condition.table,stay.table,waiting.table"

// chartTable returns the lines of a chart's table on the page.
func chartTable(chart string) [][]string {
	var out [][]string
	for _, tr := range rowsAt.FindAllString(tableAt.FindString(chart), -1) {
		var line []string
		for _, cell := range cellsAt.FindAllString(tr, -1) {
			line = append(line, html.UnescapeString(plain(cell)))
		}
		out = append(out, line)
	}
	return out
}

// Every chart shows what a plain count gives, under filters of every kind, in its
// table and its marks; its file has what the rule of 2018 makes of it.
func TestChartsCountPlainly(t *testing.T) {
	s := charts(t)
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	los := func(r driver.Record) bool { n, err := strconv.Atoi(r["LOS_DAYS"]); return err == nil && n <= 3 }
	for name, filters := range map[string][]narrow{
		"none": nil,
		"diagnoses": {{"dx", "dx=L40&dx=C44&dx=L20&dx=L57&dx=L30&dx=D23&dx=none", func(r driver.Record) bool {
			return r["DIAG_01"] == "" || starts("DIAG_01", "L40", "C44", "L20", "L57", "L30", "D23")(r)
		}, []string{"D23", "L57", "L30"}}},
		"years-and-sex":   {{"sex", "sex=2", is("SEX", "2"), nil}, {"year", "year=0910&year=1011", is("FYEAR", "0910", "1011"), nil}},
		"left-out":        {{"rgn", "rgn=!H", func(r driver.Record) bool { return r["RESGOR"] != "H" }, nil}, {"band", "band=none&band=30-34", is("AGE_BAND", "", "30-34"), nil}},
		"a-stay-provider": {{"prov", "prov=RAL", is("PROCODE3", "RAL"), nil}, {"los", "los=0..3", los, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			p, inFile := plainly{filters: filters, codes: codes, dict: dict}, plainly{filters: filters, codes: codes, dict: dict, file: true}
			var parts []string
			for _, f := range filters {
				parts = append(parts, f.query)
			}
			query := strings.Join(append(parts, "view=charts"), "&")
			status, body, _ := s.get(policy.Researcher, "/records?"+query+"&open="+tables)
			if status != http.StatusOK {
				t.Fatalf("status %d: %s", status, plain(body))
			}
			if n := strings.ReplaceAll(between(body, "<strong>", "</strong>")[0], ",", ""); n != count(p.left()) {
				t.Errorf("the headline says %s, want %s", n, count(p.left()))
			}
			on, published := figure(body), inFile.wanted()
			hidden := 0
			for key, want := range p.wanted() {
				page := drawn(t, key, on[key])
				if diff := cmp.Diff(want, page[1:]); diff != "" {
					t.Errorf("table of %s (-want +got):\n%s", key, diff)
				}
				_, file := s.file(policy.Researcher, key, query)
				if diff := cmp.Diff(published[key], file[1:]); diff != "" {
					t.Errorf("file of %s (-want +got):\n%s", key, diff)
				}
				heads := page[0]
				if key == "trend" { // its columns go by what is shown
					years := inFile.left("year")
					heads = heads[:2:2]
					for _, c := range inFile.lines(years, head("FYEAR", 0)) {
						heads = append(heads, c+" "+p.label("DIAG_01", c))
					}
				}
				if diff := cmp.Diff(heads, flat(file)[0]); diff != "" {
					t.Errorf("the columns of the file of %s (-want +got):\n%s", key, diff)
				}
				for _, line := range file {
					hidden += strings.Count(strings.Join(line, ""), "*")
				}
			}
			if hidden < 20 {
				t.Errorf("only %d numbers are hidden: that tests too little", hidden)
			}
			for _, key := range []string{"stay", "waiting"} {
				p.spread(t, key, drawn(t, key, on[key]))
				_, file := s.file(policy.Researcher, key, query)
				inFile.spread(t, key, file)
			}
		})
	}
}

// flat puts the codes and the texts of a file's lines together, as pages do.
func flat(file [][]string) [][]string {
	if file[0][0] != "Code" {
		return file
	}
	var out [][]string
	for i, line := range file {
		name := strings.TrimSpace(line[0] + " " + line[1])
		if i == 0 {
			name = line[1]
		}
		out = append(out, append([]string{name}, line[2:]...))
	}
	return out
}

// drawn returns a chart's table on the page, having checked that its marks say the
// same.
func drawn(t *testing.T, key, chart string) [][]string {
	t.Helper()
	table := chartTable(chart)
	if len(table) < 2 {
		t.Fatalf("%s has no table", key)
	}
	var numbers []string
	for _, line := range table[1:] {
		numbers = append(numbers, line[1:min(len(line), 3)]...)
	}
	marks := regexp.MustCompile(`(?s)<div class="ch__f">.*`).ReplaceAllString(chart, "")
	for i, m := range printed.FindAllStringSubmatch(marks, -1) {
		if i >= len(numbers) || m[1] != numbers[i] && key != "age-sex" {
			t.Errorf("%s: mark %d says %s, the table has %v", key, i, m[1], numbers)
			break
		}
	}
	return table
}

// spread checks a histogram: each column holds what lies in it, and together
// with what stands apart they hold every value.
func (p plainly) spread(t *testing.T, key string, table [][]string) {
	t.Helper()
	field, own := "LOS_DAYS", "los"
	if key == "waiting" {
		field, own = "ELECDUR", ""
	}
	rows := p.left(own)
	seen := 0
	for _, line := range table[1:] {
		var in func(driver.Record) bool
		switch from, to, two := strings.Cut(line[0], " to "); {
		case line[0] == "Not recorded":
			in = is(field, "")
		case line[0] == "Not applicable":
			in = is(field, "9998")
		case line[0] == "Not known":
			in = is(field, "9999")
		default:
			low, err := strconv.Atoi(strings.TrimSuffix(from, " or more"))
			if err != nil {
				t.Fatalf("%s: a column is called %q", key, line[0])
			}
			high := low
			if two {
				high, _ = strconv.Atoi(to)
			} else if strings.HasSuffix(from, " or more") {
				high = 9997
			}
			in = func(r driver.Record) bool {
				v, err := strconv.Atoi(r[field])
				return err == nil && v >= low && v <= high
			}
		}
		of := only(rows, in)
		seen += len(of)
		if want := p.say(kinds(of, head(field, 0))...); line[1] != want {
			t.Errorf("%s: %s has %s episodes, want %s", key, line[0], line[1], want)
		}
	}
	if seen != len(rows) {
		t.Errorf("%s: the columns hold %d episodes of %d", key, seen, len(rows))
	}
}

// By month the trend runs over all months of the release's years; what lies
// outside them, and what is not dated, stands aside. The filter on days is left
// out, all others hold, the year too.
func TestTrendByMonth(t *testing.T) {
	rows := charted()
	rows[0]["ADMIDATE"], rows[1]["ADMIDATE"], rows[2]["ADMIDATE"], rows[3]["ADMIDATE"] = "1999-12-31", "2008-03-31", "2011-04-01", "2008-04-01"
	delete(rows[4], "ADMIDATE")
	for i := range 6 {
		rows[i]["EPISTAT"], rows[i]["DUPLICATE"], rows[i]["SUBSET_1"], rows[i]["FYEAR"], rows[i]["SEX"] = "3", "0", "N1", "0910", "2"
	}
	s := charts(t, func(r *source) {
		r.engine = memory.New(r.dict, drivertest.Columns(t, r.dict, append(held(), "RESGOR", "ELECDUR", "MYDOB", "IMD04RK")), rows)
		r.facts.Years = []string{"0809", "0910", "1011"}
	})
	in := "year=0910&year=1011&sex=2&adm=2009-02..2009-05&view=charts&per=month"
	base := []func(driver.Record) bool{is("EPISTAT", "3"), is("DUPLICATE", "0"), is("SUBSET_1", "N1"), is("FYEAR", "0910", "1011"), is("SEX", "2")}
	var left []driver.Record
	for _, r := range rows {
		if count([]driver.Record{r}, base...) == "1" {
			left = append(left, r)
		}
	}
	month := head("ADMIDATE", len("2009-03"))
	day := func(from, to string) func(driver.Record) bool {
		return func(r driver.Record) bool { return r["ADMIDATE"] != "" && r["ADMIDATE"] >= from && r["ADMIDATE"] < to }
	}
	wanted := func(p plainly) (out [][]string) {
		codes := p.lines(left, month)
		line := func(label string, holds func(driver.Record) bool) {
			out = append(out, p.moment(label, only(left, holds), codes, month))
		}
		line("Before Apr 2008", day("0", "2008-04"))
		for m := time.Date(2008, 4, 1, 0, 0, 0, 0, time.UTC); m.Year() < 2011 || m.Month() < 4; m = m.AddDate(0, 1, 0) {
			line(m.Format("Jan 2006"), starts("ADMIDATE", m.Format("2006-01")))
		}
		line("After Mar 2011", day("2011-04", "9"))
		line("Not recorded", is("ADMIDATE", ""))
		return out
	}
	want := wanted(plainly{})
	_, file := s.file(policy.Researcher, "trend", in)
	if diff := cmp.Diff(wanted(plainly{file: true}), file[1:]); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if want[0][1] != "2" || want[1][1] == "0" || want[2][1] != "0" {
		t.Fatalf("the episodes test too little: %v", want[:3])
	}
	status, body, at := s.get(policy.Researcher, "/records?"+in+"&open=trend.table")
	if status != http.StatusOK || !strings.HasPrefix(at, "/records?sex=2&year=0910&year=1011&adm=2009-02..2009-05&view=charts&per=month") {
		t.Fatalf("%d at %s", status, at)
	}
	chart := figure(body)["trend"]
	got := chartTable(chart)
	if diff := cmp.Diff(want, got[1:]); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	// shaded as one: 4 of 36 months from the tenth
	if n := strings.Count(chart, `class="sel"`); n != 2 || !strings.Contains(chart, `x="277" width="111"`) {
		t.Errorf("%d parts are shaded", n)
	}
	// a month alone is a filter, which the month takes off again
	var march mark
	for _, m := range marks(chart) {
		if strings.Contains(m.url, "adm=2009-03&") {
			march = m
		}
	}
	if march.url != "/records?sex=2&year=0910&year=1011&adm=2009-03&view=charts&per=month" || march.on {
		t.Fatalf("March 2009 leads to %q", march.url)
	}
	_, body, _ = s.get(policy.Researcher, march.url+"&open=trend.table")
	if n := between(body, "<strong>", "</strong>")[0]; n != want[1+11][1] {
		t.Errorf("March 2009 has %s episodes, want %s", n, want[1+11][1])
	}
	off := slices.IndexFunc(marks(figure(body)["trend"]), func(m mark) bool {
		return m.on && m.url == "/records?sex=2&year=0910&year=1011&view=charts&per=month"
	})
	if off < 0 {
		t.Error("March does not take itself off")
	}
	// by year again, with the same filters
	if !strings.Contains(body, `href="/records?sex=2&amp;year=0910&amp;year=1011&amp;adm=2009-03&amp;view=charts">By year</a>`) {
		t.Error("no way back to years")
	}
	if status, body, _ := s.get(policy.Researcher, "/records?view=charts&per=week"); status != http.StatusBadRequest {
		t.Errorf("%d: %s", status, plain(body))
	}
	// without days there are years only
	bare := charts(t, func(r *source) {
		r.facts.Columns = slices.DeleteFunc(slices.Clone(r.facts.Columns), func(f string) bool { return f == "ADMIDATE" })
	})
	_, body, _ = bare.get(policy.Researcher, "/records?view=charts&per=month")
	if chart := figure(body)["trend"]; !strings.Contains(chart, "by financial year") || strings.Contains(chart, "By month") {
		t.Error("months without days")
	}
}
