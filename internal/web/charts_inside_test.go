package web

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
	"webenablehes/internal/spreadsheet"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web/view"
)

// unlike makes episodes of five kinds that have no value in common, so that every
// count of a value is the number of one kind.
func unlike(numbers [5]int) []driver.Record {
	fields := map[string][5]string{
		"FYEAR": {"0708", "0809", "0910", "1011", "1112"}, "SEX": {"1", "2", "9", "0", ""}, "AGE_BAND": {"0", "10-14", "35-39", "65-69", "90+"},
		"DIAG_01": {"L400", "C443", "D229", "L209", "L82"}, "OPERTN_01": {"S065", "S121", "S081", "X921", "S131"}, "PROCODE3": {"RAL", "RTH", "RJ1", "RW3", "RR8"},
		"CONDITION_GROUP": {"psoriasis", "nmsc", "benign", "atopic_eczema", ""}, "RESGOR": {"A", "B", "H", "J", "W"}, "LOS_DAYS": {"0", "1", "2", "5", "9"}, "ELECDUR": {"3", "40", "90", "9998", ""}, "ADMIDATE": {"2008-04-05", "2008-06-01", "2009-01-01", "2009-03-31", "2007-01-01"}, "CHARLSON": {"0", "1", "2", "3", "4"},
	}
	var out []driver.Record
	for kind, n := range numbers {
		for range n {
			r := driver.Record{"EPIKEY": strconv.Itoa(100000 + len(out)), hes.PersonField: fmt.Sprintf("SYNTH%027d", len(out))}
			for name, values := range fields {
				r[name] = values[kind]
			}
			out = append(out, r)
		}
	}
	return out
}

// drawn draws every chart of some episodes under an access, and writes the files.
func drawn(t *testing.T, acc policy.Access, rows []driver.Record, in map[string][]string) string {
	t.Helper()
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	var covered []string
	for name := range rows[0] {
		covered = append(covered, name)
	}
	slices.Sort(covered)
	e := memory.New(dict, drivertest.Columns(t, dict, covered), rows)
	s := &Server{c: Config{Dictionary: dict, Codes: codes, Now: func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }}}
	facts := warehouse.Facts{ID: "r1", Columns: e.Info().Columns, Years: []string{"0809"}}
	sc := scene{offer: query.NewOffer(dict, facts.Columns, nil), facts: facts}
	if sc.state, err = query.ParseView(in, dict, sc.offer); err != nil {
		t.Fatal(err)
	}
	c := &chartist{s: s, sc: sc, rough: acc.Protects()}
	for _, name := range covered {
		f, _ := dict.Field(name)
		c.covered = append(c.covered, f)
	}
	drawers, err := c.gather("")
	if err != nil {
		t.Fatal(err)
	}
	c.q.Counts, c.q.Where = true, sc.state.Where()
	raw, err := e.Ask(t.Context(), driver.NewPlan(c.q))
	if err != nil {
		t.Fatal(err)
	}
	var list []view.Chart
	var files string
	for _, draw := range drawers {
		list = append(list, draw(published(acc, raw)))
		files += fmt.Sprintln(chartRows(list[len(list)-1]))
	}
	var out bytes.Buffer
	if err := view.Charts(list).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String() + files
}

// published is what the door lets out of an answer.
func published(acc policy.Access, raw *driver.Answer) *warehouse.Answer {
	a := &warehouse.Answer{Episodes: acc.Protect(raw.Episodes), Patients: acc.Protect(raw.Patients)}
	for _, f := range raw.Facets {
		x := warehouse.Facet{Missing: acc.Protect(f.Missing), Distinct: acc.Protect(f.Distinct)}
		for _, v := range f.Values {
			x.Values = append(x.Values, warehouse.Value{Value: v.Value, Count: acc.Protect(v.Count)})
		}
		a.Facets = append(a.Facets, x)
	}
	for _, table := range raw.Tables {
		var cells warehouse.Cells
		for _, c := range table {
			cells = append(cells, warehouse.Cell{Keys: c.Keys, Episodes: acc.Protect(c.Episodes), Patients: acc.Protect(c.Patients)})
		}
		a.Tables = append(a.Tables, cells)
	}
	return a
}

// Two releases whose counts differ only in what is not published draw the same,
// byte for byte: lengths, places, shades, order and files.
func TestProtectedChartsTellNothingMore(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	protected, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, now)
	if err != nil {
		t.Fatal(err)
	}
	exact, err := policy.New(policytest.Complete(policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0809"}}, now), now)
	if err != nil {
		t.Fatal(err)
	}
	one, other := unlike([5]int{3, 9, 101, 23, 6}), unlike([5]int{7, 12, 98, 27, 1})
	for name, in := range map[string]map[string][]string{
		"as-it-begins": nil,
		"filtered":     {"sex": {"1", "9"}, "dx": {"L40", "D22"}, "los": {"0..2"}},
		"two-fields":   {"by": {"DIAG_01", "PROCODE3"}, "of": {"CHARLSON"}},
		"patients":     {"by": {"DIAG_01", "PROCODE3"}, "count": {"patients"}},
		"one-field":    {"by": {"RESGOR"}},
		"by-month":     {"per": {"month"}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := drawn(t, protected, one, in), drawn(t, protected, other, in)
			if a != b {
				t.Errorf("they differ: %s", cmp.Diff(strings.Split(a, "<"), strings.Split(b, "<")))
			}
			for _, want := range []string{`class="few"`, `few-n">1–7<`, ">100<", "*"} {
				if !strings.Contains(a, want) {
					t.Errorf("there is no %s", want)
				}
			}
			if strings.Contains(a, ">101<") || strings.Contains(a, "101 episodes") {
				t.Error("a raw number is drawn")
			}
			if drawn(t, exact, one, in) == drawn(t, exact, other, in) {
				t.Error("exact counts draw the same too, so this tests nothing")
			}
		})
	}
}

// Adding up protected counts: what is made of hidden ones alone is not nothing.
func TestMerge(t *testing.T) {
	acc, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		counts []int
		want   string
	}{{nil, "0"}, {[]int{0, 0}, "0"}, {[]int{3}, "1–7"}, {[]int{0, 3, 0}, "1–7"}, {[]int{3, 3}, "not shown"}, {[]int{3, 23}, "25"}, {[]int{8, 12}, "20"}} {
		var in []policy.Count
		for _, n := range c.counts {
			in = append(in, acc.Protect(n))
		}
		if got := merge(in...).String(); got != c.want {
			t.Errorf("%v is shown as %s, want %s", c.counts, got, c.want)
		}
	}
}

// exactly makes amounts of values and counts, for a histogram.
func exactly(t *testing.T, pairs ...float64) []amount {
	t.Helper()
	acc, err := policy.New(policytest.Complete(policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0809"}}, time.Now()), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var out []amount
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, amount{pairs[i], acc.Protect(int(pairs[i+1]))})
	}
	return out
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64 // and their counts
		part   float64
		want   float64
	}{
		{[]float64{0, 1}, .5, 0}, {[]float64{0, 1, 1, 1}, .5, .5}, {[]float64{0, 1, 1, 1, 7, 1}, .5, 1}, {[]float64{0, 3, 5, 1}, .5, 0}, {[]float64{0, 3, 5, 1}, .75, 2.5},
		{[]float64{1, 1, 2, 1, 3, 1, 4, 1}, .25, 1.5}, {[]float64{1, 1, 2, 0, 4, 1}, .5, 2.5}, {[]float64{1, 100, 9, 1}, .97, 1}, {[]float64{-3, 2, 2, 2}, .25, -3},
	} {
		if got := quantile(exactly(t, c.values...), c.part); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.part, c.values, got, c.want)
		}
	}
}

// Columns are equally wide, have round ends and reach as far as most records do.
func TestDivide(t *testing.T) {
	for _, c := range []struct {
		name        string
		values      []float64
		days, whole bool
		want        []string // the first columns and the last
	}{
		{"one-value", []float64{4, 10}, false, true, []string{"4", "4"}},
		{"few-values", []float64{0, 10, 3, 10}, false, true, []string{"0", "1", "3"}},
		{"weeks", []float64{0, 100, 80, 100, 500, 1}, true, true, []string{"0 to 6", "7 to 13", "84 or more"}},
		{"four-weeks", []float64{0, 100, 300, 100}, true, true, []string{"0 to 27", "28 to 55", "280 to 307"}},
		{"years", []float64{0, 100, 100000, 100}, true, true, []string{"0 to 11647", "11648 to 23295", "93184 to 104831"}},
		{"tens", []float64{0, 100, 99, 100}, false, true, []string{"0 to 9", "10 to 19", "90 to 99"}},
		{"below-zero", []float64{-8, 10, 11, 10}, false, true, []string{"−8 to −7", "−6 to −5", "10 to 11"}},
		{"tenths", []float64{.1, 10, 1, 10}, false, false, []string{"0.1 to under 0.2", "0.2 to under 0.3", "1 to under 1.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := exactly(t, c.values...)
			b := divide(values, c.days, c.whole)
			last := b.n - 1
			if b.open {
				last++
			}
			got := []string{b.name(0).Text, b.name(min(1, last)).Text, b.name(last).Text}
			if last == 0 {
				got = got[:2]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if b.n > bands {
				t.Errorf("%d columns", b.n)
			}
			for _, v := range values {
				if i := b.of(v.value); i < 0 || i > last {
					t.Errorf("%v lies in column %d of %d", v.value, i, last)
				}
				if at := b.at(v.value); at < 0 || at > 1000 {
					t.Errorf("%v lies at %d", v.value, at)
				}
			}
		})
	}
}

// A spreadsheet must not take a text for a formula.
func TestSafeCells(t *testing.T) {
	chart := view.Chart{Term: "=cmd", Columns: []view.Name{{Text: "+1"}}, Lines: []view.ChartLine{
		{Name: view.Name{Code: "@x", Text: "-2+3"}, Cells: []view.Mark{{Count: policy.Sum(nil)}}},
		{Name: view.Name{Text: "a, \"b\" = c"}, Cells: []view.Mark{{}}},
		{Name: view.Name{Text: "\tx"}, Cells: []view.Mark{{}}}, {Name: view.Name{Text: "\rx"}, Cells: []view.Mark{{}}}, {Name: view.Name{}, Cells: []view.Mark{{}}},
	}}
	want := [][]string{{"Code", "'=cmd", "'+1"}, {"'@x", "'-2+3", "0"}, {"", "a, \"b\" = c", "*"}, {"", "'\tx", "*"}, {"", "'\rx", "*"}, {"", "", "*"}}
	if diff := cmp.Diff(want, chartRows(chart)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{"\n=1", "\x00=1", "＝1+1", "＋1", "－1", "＠SUM(1)"} {
		if got := spreadsheet.Safe(text); got != "'"+text {
			t.Errorf("%q stands as %q", text, got)
		}
	}
}
