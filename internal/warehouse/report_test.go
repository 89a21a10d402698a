package warehouse_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/quality"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/memory"
)

// loads keeps reports in memory, the newest release first.
type loads struct {
	list    []warehouse.Loaded
	reports map[string]*quality.Report
}

func (l loads) List(context.Context) ([]warehouse.Loaded, error) { return l.list, nil }

func (l loads) Report(_ context.Context, id string) (*quality.Report, error) {
	r, ok := l.reports[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no such release.")
	}
	return r, nil
}

// twoLoads are an earlier load of one year and a later one of two. The numbers
// of parts are small where a test wants them hidden.
func twoLoads() loads {
	before := &quality.Report{
		Rows:  quality.Rows{Read: 9003, Kept: 9001, Rejected: 2},
		Files: []quality.File{{Name: "/srv/in/a.txt", Size: 10, Rows: 9003}},
		Rules: []quality.RuleCount{{ID: "C1", Count: 3}, {ID: "C5", Count: 8}},
		Whole: quality.Whole{Staged: 9001, Kept: 9001, Persons: 8000}, WholeYears: []quality.Part{{Value: "0809", Kept: 9001}},
		Rejects:      []quality.Reject{{Reason: "The row has no EPIKEY.", Count: 2, At: []quality.Place{{File: "/srv/in/a.txt", Line: 9, Column: "EPIKEY"}}}},
		Completeness: []quality.FieldByYear{{Field: "SEX", Filled: []int{9001}}, {Field: "ETHNOS", Filled: []int{8000}}},
	}
	now := &quality.Report{
		Rows:  quality.Rows{Read: 9013, Kept: 9006, Rejected: 3, OutsideSubset: 4},
		Files: []quality.File{{Name: `C:\in\b.zip: folder/b.txt`, Size: 10, Rows: 9013}},
		Rules: []quality.RuleCount{{ID: "C1", Count: 4}, {ID: "C5", Count: 8}}, Derived: []quality.RuleCount{{ID: "D1", Count: 1}},
		Whole:        quality.Whole{Staged: 9010, Kept: 9006, OutsideSubset: 4, Persons: 8002},
		WholeYears:   []quality.Part{{Value: "0809", Kept: 9003, OutsideSubset: 4}, {Value: "0910", Kept: 3}},
		Providers:    []quality.Part{{Value: "RZZ", Kept: 1}, {Value: "RAX", Kept: 7, OutsideSubset: 4}, {Value: "RAL", Kept: 8998}},
		Completeness: []quality.FieldByYear{{Field: "SEX", Filled: []int{9003, 3}}, {Field: "ETHNOS", Filled: []int{4500, 2}}, {Field: "OPERTN_nn", Filled: []int{5, 0}}},
		Unlisted:     []quality.FieldCount{{Field: "SEX", Rows: 6}},
	}
	for i := range 25 {
		now.Rejects = append(now.Rejects, quality.Reject{Reason: "Reason " + string(rune('a'+i)), Count: 25 - i})
	}
	return loads{[]warehouse.Loaded{{ID: "r2", Served: true, Rows: now.Rows}, {ID: "r1", Rows: before.Rows}}, map[string]*quality.Report{"r2": now, "r1": before}}
}

func withLoads(t *testing.T, l loads) door {
	t.Helper()
	return setUp(t, func(o *warehouse.Options) { o.Loads = l })
}

func manager(t *testing.T) policy.Access {
	return access(t, policy.Evidence{Account: "dan", Role: policy.DataManager})
}

// Whole-load numbers are exact and add up; numbers of parts are protected.
func TestReportIsProtected(t *testing.T) {
	d := withLoads(t, twoLoads())
	r, err := d.Report(t.Context(), manager(t), "r2", warehouse.Client{Address: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	say := func(parts []warehouse.Part) (out []string) {
		for _, p := range parts {
			out = append(out, p.Value+" "+p.Kept.String()+" "+p.Outside.String())
		}
		return out
	}
	for name, c := range map[string]struct{ got, want any }{
		"rows":         {[]string{r.Read.String(), r.Kept.String(), r.Rejected.String(), r.Outside.String()}, []string{"9,013", "9,006", "3", "4"}},
		"whole":        {[]string{r.Whole.Staged.String(), r.Whole.Persons.String()}, []string{"9,010", "8,002"}},
		"years":        {say(r.ByYear), []string{"0809 9,005 1–7", "0910 1–7 0"}},
		"providers":    {say(r.Providers), []string{"RAL 9,000 0", "RAX 1–7 1–7", "RZZ 1–7 0"}},
		"rules":        {r.Rules[0].Count.String() + " " + r.Derived[0].Count.String(), "4 1"},
		"sex":          {r.Completeness[0].Shares[0].String() + " " + r.Completeness[0].Shares[1].String(), "100.0% *"},
		"procedures":   {r.Completeness[2].Shares[0].String(), "*"},
		"unlisted":     {r.Unlisted[0].Rows.String(), "1–7"},
		"file":         {r.Files[0].Name, "b.zip: b.txt"},
		"reasons":      {[]int{len(r.Rejects), r.Reasons}, []int{20, 25}},
		"compared":     {r.Compared.With.ID, "r1"},
		"rules-moved":  {len(r.Compared.Rules), 2}, // C1, and D1 that was not there
		"fields-moved": {[]string{r.Compared.Moves[0].Name, r.Compared.Moves[0].Before.String(), r.Compared.Moves[0].Now.String()}, []string{"ETHNOS", "88.9%", "50.0%"}},
		"moves":        {len(r.Compared.Moves), 1},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	e := d.log.events[len(d.log.events)-1]
	if e.Kind != "report" || e.Actor != "dan" || e.Release != "r2" || e.Rows != 0 || e.Outcome != "shown" || e.Address != "127.0.0.1" {
		t.Errorf("event %+v", e)
	}
	first, err := d.Report(t.Context(), manager(t), "r1", warehouse.Client{})
	if err != nil || first.Compared != nil || first.Rejects[0].At[0] != "a.txt:9:EPIKEY" {
		t.Errorf("the first release: %+v, %v", first, err)
	}
}

// Two releases whose parts differ only within what is hidden or rounded give the
// same bytes, orders and comparisons included.
func TestReportsThatMayNotBeToldApart(t *testing.T) {
	text := func(l loads) string {
		r, err := withLoads(t, l).Report(t.Context(), manager(t), "r2", warehouse.Client{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	other := twoLoads()
	now := other.reports["r2"]
	now.WholeYears = []quality.Part{{Value: "0809", Kept: 9005, OutsideSubset: 3}, {Value: "0910", Kept: 1}}
	now.Providers = []quality.Part{{Value: "RAX", Kept: 1, OutsideSubset: 1}, {Value: "RAL", Kept: 9001}, {Value: "RZZ", Kept: 4}}
	now.Completeness = []quality.FieldByYear{{Field: "SEX", Filled: []int{9004, 1}}, {Field: "ETHNOS", Filled: []int{4502, 1}}, {Field: "OPERTN_nn", Filled: []int{1, 0}}}
	now.Unlisted[0].Rows = 2
	if diff := cmp.Diff(text(twoLoads()), text(other)); diff != "" {
		t.Errorf("they differ (-one +other):\n%s", diff)
	}
	other.reports["r2"].Providers[0].Kept = 13
	if text(twoLoads()) == text(other) {
		t.Error("nothing would be told apart, so this tests nothing")
	}
}

func TestWhoSeesReports(t *testing.T) {
	d := withLoads(t, twoLoads())
	for name, c := range map[string]struct {
		acc  policy.Access
		kind fault.Kind
		ok   bool
	}{
		"zero": {policy.Access{}, fault.SignIn, false}, "researcher": {researcher(t), fault.Denied, false},
		"clinician":    {access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}}), fault.Denied, false},
		"planner":      {access(t, policy.Evidence{Account: "pat", Role: policy.Planner}), fault.Denied, false},
		"data-manager": {manager(t), 0, true},
		"ig-lead":      {access(t, policy.Evidence{Account: "ig", Role: policy.Governance}), 0, true},
		"auditor":      {access(t, policy.Evidence{Account: "aud", Role: policy.Auditor}), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(d.log.events)
			list, err := d.Loads(t.Context(), c.acc, warehouse.Client{})
			_, too := d.Report(t.Context(), c.acc, "r1", warehouse.Client{})
			if c.ok != (err == nil) || c.ok != (too == nil) || !c.ok && (fault.Of(err) != c.kind || fault.Of(too) != c.kind) {
				t.Fatalf("list: %v; report: %v", err, too)
			}
			if c.ok && (len(list) != 2 || !list[0].Served || list[0].Kept.String() != "9,006") {
				t.Errorf("list %+v", list)
			}
			outcome := map[bool]string{true: "shown", false: "refused"}[c.ok]
			for _, e := range d.log.events[before:] {
				if e.Outcome != outcome {
					t.Errorf("event %+v", e)
				}
			}
			if c.kind != fault.SignIn && len(d.log.events) != before+2 {
				t.Error("not everything is recorded")
			}
		})
	}
	if _, err := d.Report(t.Context(), manager(t), "../r1", warehouse.Client{}); fault.Of(err) != fault.NotFound {
		t.Errorf("a foreign id: %v", err)
	}
	d.log.err = errors.New("disk full")
	if list, err := d.Loads(t.Context(), manager(t), warehouse.Client{}); fault.Of(err) != fault.Unavailable || list != nil {
		t.Errorf("without the access record: %v", err)
	}
	if r, err := d.Report(t.Context(), manager(t), "r1", warehouse.Client{}); fault.Of(err) != fault.Unavailable || r != nil {
		t.Errorf("without the access record: %v", err)
	}
}

// A release made before it was counted as a whole shows the years of its load.
func TestReportOfAnOlderRelease(t *testing.T) {
	l := loads{[]warehouse.Loaded{{ID: "r1"}}, map[string]*quality.Report{"r1": {Years: []quality.YearCount{{Year: "0809", Rows: 21}, {Year: "", Rows: 2}}}}}
	r, err := withLoads(t, l).Report(t.Context(), manager(t), "r1", warehouse.Client{})
	if err != nil || r.Whole != nil || r.ByYear[0].Kept.String() != "20" || r.ByYear[1].Kept.String() != "1–7" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := setUp(t).Report(t.Context(), manager(t), "r1", warehouse.Client{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("without reports: %v", err)
	}
}

// Beside a value stands what was delivered, for covered fields alone and for one
// episode alone.
func TestDeliveredText(t *testing.T) {
	d := setUp(t)
	d.source.engine = memory.New(d.f.Dictionary, d.f.Columns, []driver.Record{{"EPIKEY": "1", "FYEAR": "0809", "SEX": "2", hes.PersonField: "SYNTH1",
		"RAW:SEX": " 2", "RAW:" + hes.PersonField: "AS-DELIVERED", "ORIGIN": "in/a.txt:12"}})
	all, err := d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{})
	if err != nil || len(all.Rows) != 1 || all.Rows[0].Raw != nil || all.Rows[0].Origin != "" {
		t.Fatalf("a list: %+v, %v", all, err)
	}
	one, err := d.Episode(t.Context(), researcher(t), ten, all.Rows[0].ID, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if one.Row.Raw == nil {
		t.Fatal("the delivered text is not there")
	}
	for i, f := range one.Columns {
		want := map[string]string{"SEX": " 2"}[f.Name]
		if one.Row.Raw[i] != want {
			t.Errorf("%s was delivered as %q, want %q", f.Name, one.Row.Raw[i], want)
		}
	}
	if len(one.Row.Raw) != len(one.Columns) || one.Row.Origin != "a.txt:12" {
		t.Errorf("%d texts for %d fields, read from %s", len(one.Row.Raw), len(one.Columns), one.Row.Origin)
	}
}
