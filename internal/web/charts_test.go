package web_test

import (
	stdcmp "cmp"
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

// narrow is a filter: how a URL holds it, and which episodes it lets through.
type narrow struct {
	key, query string
	holds      func(driver.Record) bool
	rare       []string // values chosen that are not among the commonest ten
}

func is(field string, values ...string) func(driver.Record) bool {
	return func(r driver.Record) bool { return slices.Contains(values, r[field]) }
}

func starts(field string, heads ...string) func(driver.Record) bool {
	return func(r driver.Record) bool {
		return slices.ContainsFunc(heads, func(h string) bool { return strings.HasPrefix(r[field], h) })
	}
}

// plainly counts what should be counted, one episode after another.
type plainly struct {
	filters []narrow
	codes   *hes.Codes
	dict    *hes.Dictionary
}

// left are the episodes that the agreement, the defaults and the filters let
// through, but for the filters named.
func (p plainly) left(own ...string) []driver.Record {
	var out []driver.Record
	for _, r := range charted() {
		ok := slices.Contains([]string{"0809", "0910", "1011"}, r["FYEAR"]) && r["EPISTAT"] == "3" && r["DUPLICATE"] != "1" && r["SUBSET_1"] == "N1"
		for _, f := range p.filters {
			ok = ok && (slices.Contains(own, f.key) || f.holds(r))
		}
		if ok {
			out = append(out, r)
		}
	}
	return out
}

func count(rows []driver.Record, holds ...func(driver.Record) bool) string {
	n := 0
	for _, r := range rows {
		ok := true
		for _, h := range holds {
			ok = ok && h(r)
		}
		if ok {
			n++
		}
	}
	return strconv.Itoa(n)
}

// commonest are the values of a field by their first characters, the most
// frequent first, without the missing one.
func commonest(rows []driver.Record, field string, chars int) []string {
	n := map[string]int{}
	for _, r := range rows {
		if v := r[field]; v != "" {
			n[v[:min(len(v), stdcmp.Or(chars, len(v)))]]++
		}
	}
	var out []string
	for v := range n {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b string) int { return stdcmp.Or(stdcmp.Compare(n[b], n[a]), stdcmp.Compare(a, b)) })
	return out
}

func (p plainly) label(field, value string) string {
	f, _ := p.dict.Field(field)
	if field == hes.YearField {
		return "20" + value[:2] + "/" + value[2:]
	}
	if label, ok := p.codes.Label(f.Codes, value); ok {
		return label
	}
	return stdcmp.Or(value, "Not recorded")
}

// ranking are the lines that a chart of the commonest values should have.
func (p plainly) ranking(own, field string, chars int) [][]string {
	rows := p.left(own)
	var out [][]string
	for i, v := range commonest(rows, field, chars) {
		chosen := slices.ContainsFunc(p.filters, func(f narrow) bool { return f.key == own && slices.Contains(f.rare, v) })
		if i < 10 || chosen {
			out = append(out, []string{v, p.label(field, v), count(rows, starts(field, v))})
		}
	}
	if n := count(rows, is(field, "")); n != "0" {
		out = append(out, []string{"", "Not recorded", n})
	}
	if chars == 0 {
		for i := range out {
			out[i] = out[i][1:]
		}
	}
	return out
}

// wanted are the lines that each chart's table should have.
func (p plainly) wanted() map[string][][]string {
	out := map[string][][]string{
		"diagnosis": p.ranking("dx", "DIAG_01", 3), "procedure": p.ranking("op", "OPERTN_01", 3),
		"provider": p.ranking("prov", "PROCODE3", 0), "condition": p.ranking("cond", "CONDITION_GROUP", 0),
	}
	years := p.left("year")
	codes := commonest(years, "DIAG_01", 3)
	codes = codes[:min(5, len(codes))]
	for _, y := range []string{"0809", "0910", "1011"} {
		line := []string{p.label("FYEAR", y), count(years, is("FYEAR", y))}
		for _, c := range codes {
			line = append(line, count(years, is("FYEAR", y), starts("DIAG_01", c)))
		}
		if line[1] != "0" {
			out["trend"] = append(out["trend"], line)
		}
	}
	places := [][]string{{"A"}, {"B", "C"}, {"D"}, {"F"}, {"E"}, {"G"}, {"K"}, {"J"}, {"H"}, {"W"}, {"Y"}, {""}}
	regions, both := p.left("rgn"), p.left("rgn", "year")
	for i, place := range places {
		n := count(regions, is("RESGOR", place...))
		if i < 9 || n != "0" {
			out["region"] = append(out["region"], []string{p.label("RESGOR", place[0]), n})
		}
		line := []string{p.label("RESGOR", place[0])}
		for _, y := range []string{"0809", "0910", "1011"} {
			line = append(line, count(both, is("RESGOR", place...), is("FYEAR", y)))
		}
		out["region-year"] = append(out["region-year"], line)
	}
	ages := p.left("band", "sex")
	for _, b := range [][]string{{"90 and over", "90+"}, {"80 to 89", "80-84", "85-89"}, {"70 to 79"}, {"60 to 69"}, {"50 to 59"}, {"40 to 49"}, {"30 to 39", "30-34", "35-39"}, {"20 to 29"}, {"10 to 19", "10-14", "15-19"}, {"0 to 9", "0", "1-4", "5-9"}, {"Not recorded", ""}} {
		out["age-sex"] = append(out["age-sex"], []string{b[0], count(ages, is("AGE_BAND", b[1:]...), is("SEX", "1")), count(ages, is("AGE_BAND", b[1:]...), is("SEX", "2")), count(ages, is("AGE_BAND", b[1:]...), is("SEX", "9", ""))})
	}
	return out
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

// Every chart shows what a plain count gives, under filters of every kind; its
// file, its table and its marks say the same.
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
			p := plainly{filters, codes, dict}
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
			on := figure(body)
			for key, want := range p.wanted() {
				_, file := s.file(policy.Researcher, key, query)
				if diff := cmp.Diff(want, file[1:]); diff != "" {
					t.Errorf("file of %s (-want +got):\n%s", key, diff)
				}
				same(t, key, on[key], file)
			}
			for _, key := range []string{"stay", "waiting"} {
				_, file := s.file(policy.Researcher, key, query)
				spread(t, p, key, file)
				same(t, key, on[key], file)
			}
		})
	}
}

// same checks that a chart's table and its marks say what its file does.
func same(t *testing.T, key, chart string, file [][]string) {
	t.Helper()
	got := chartTable(chart)
	if len(got) != len(file) {
		t.Errorf("%s: the table has %d lines, the file %d", key, len(got), len(file))
		return
	}
	coded := file[0][0] == "Code"
	var numbers []string
	for i, line := range file {
		if coded {
			line = append([]string{strings.TrimSpace(line[0] + " " + line[1])}, line[2:]...)
			if i == 0 {
				line[0] = file[0][1]
			}
		}
		if diff := cmp.Diff(line, got[i]); diff != "" {
			t.Errorf("%s, line %d of the table (-file +table):\n%s", key, i, diff)
		}
		if i > 0 {
			numbers = append(numbers, line[1:min(len(line), 3)]...)
		}
	}
	marks := regexp.MustCompile(`(?s)<div class="ch__f">.*`).ReplaceAllString(chart, "")
	for i, m := range printed.FindAllStringSubmatch(marks, -1) {
		if i >= len(numbers) || m[1] != numbers[i] && key != "age-sex" {
			t.Errorf("%s: mark %d says %s, the file has %v", key, i, m[1], numbers)
			break
		}
	}
}

// spread checks a histogram: each column holds what lies in it, and together
// with what stands apart they hold every episode.
func spread(t *testing.T, p plainly, key string, file [][]string) {
	t.Helper()
	field, own := "LOS_DAYS", "los"
	if key == "waiting" {
		field, own = "ELECDUR", ""
	}
	rows := p.left(own)
	sum := 0
	for _, line := range file[1:] {
		n, _ := strconv.Atoi(line[1])
		sum += n
		var want string
		switch from, to, two := strings.Cut(line[0], " to "); {
		case line[0] == "Not recorded":
			want = count(rows, is(field, ""))
		case line[0] == "Not applicable":
			want = count(rows, is(field, "9998"))
		case line[0] == "Not known":
			want = count(rows, is(field, "9999"))
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
			want = count(rows, func(r driver.Record) bool {
				v, err := strconv.Atoi(r[field])
				return err == nil && v >= low && v <= high
			})
		}
		if line[1] != want {
			t.Errorf("%s: %s has %s episodes, want %s", key, line[0], line[1], want)
		}
	}
	if sum != len(rows) {
		t.Errorf("%s: the columns hold %d episodes of %d", key, sum, len(rows))
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
	codes := commonest(left, "DIAG_01", 3)[:5]
	line := func(label string, holds func(driver.Record) bool) []string {
		out := []string{label, count(left, holds)}
		for _, c := range codes {
			out = append(out, count(left, holds, starts("DIAG_01", c)))
		}
		return out
	}
	day := func(from, to string) func(driver.Record) bool {
		return func(r driver.Record) bool { return r["ADMIDATE"] != "" && r["ADMIDATE"] >= from && r["ADMIDATE"] < to }
	}
	want := [][]string{line("Before Apr 2008", day("0", "2008-04"))}
	for m := time.Date(2008, 4, 1, 0, 0, 0, 0, time.UTC); m.Year() < 2011 || m.Month() < 4; m = m.AddDate(0, 1, 0) {
		want = append(want, line(m.Format("Jan 2006"), starts("ADMIDATE", m.Format("2006-01"))))
	}
	want = append(want, line("After Mar 2011", day("2011-04", "9")), line("Not recorded", is("ADMIDATE", "")))
	_, file := s.file(policy.Researcher, "trend", in)
	if diff := cmp.Diff(want, file[1:]); diff != "" {
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
