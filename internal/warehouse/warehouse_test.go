package warehouse_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
)

// record keeps events in memory, or fails.
type record struct {
	events []audit.Event
	err    error
}

func (r *record) Record(_ context.Context, e audit.Event) error {
	if r.err == nil {
		r.events = append(r.events, e)
	}
	return r.err
}

type source struct {
	engine driver.Engine
	facts  warehouse.Facts
}

func (s *source) Acquire(context.Context) (driver.Engine, warehouse.Facts, func(), error) {
	return s.engine, s.facts, func() {}, nil
}

var years = []string{"0304", "0405", "0506", "0607", "0708", "0809", "0910"}

type door struct {
	*warehouse.Warehouse
	log    *record
	source *source
	f      drivertest.Fixture
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func setUp(t *testing.T, change ...func(*warehouse.Options)) door {
	t.Helper()
	f := drivertest.New(t)
	e := memory.New(f.Dictionary, f.Columns, f.Records)
	d := door{log: &record{}, source: &source{e, warehouse.Facts{ID: "r1", Subset: policytest.Subset, Columns: e.Info().Columns}}, f: f}
	o := warehouse.Options{Dictionary: f.Dictionary, Source: d.source, Recorder: d.log, Key: make([]byte, 32), Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Budget: warehouse.Budget{Records: 1_000_000, Rows: 100_000_000}} // a test looks at more in no time
	for _, c := range change {
		c(&o)
	}
	var err error
	d.Warehouse, err = warehouse.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func access(t *testing.T, e policy.Evidence) policy.Access {
	t.Helper()
	if e.Role == policy.Researcher || e.Role == policy.Clinician {
		if e.Years == nil {
			e.Years = years
		}
		e = policytest.Complete(e, noon)
	}
	a, err := policy.New(e, noon)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func researcher(t *testing.T) policy.Access {
	return access(t, policy.Evidence{Account: "ana", Role: policy.Researcher})
}

var ten = query.Query{Limit: 10, Counts: true, Columns: []string{"ADMIDATE", "SEX"}}

func TestNoEventNoAnswer(t *testing.T) {
	d := setUp(t)
	d.log.err = errors.New("disk full")
	a, err := d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{})
	if fault.Of(err) != fault.Unavailable || a != nil {
		t.Errorf("answer %v, error %v", a, err)
	}
	d.log.err = nil
	if a, err = d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{Address: "127.0.0.1"}); err != nil {
		t.Fatal("it does not recover:", err)
	}
	e := d.log.events[len(d.log.events)-1]
	if e.Actor != "ana" || e.Rows != len(a.Rows) || e.Release != "r1" || e.Outcome != "shown" || e.Address != "127.0.0.1" {
		t.Errorf("event %+v", e)
	}
}

func TestZeroAccessIsDenied(t *testing.T) {
	d := setUp(t)
	if _, err := d.Explore(t.Context(), policy.Access{}, ten, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.SignIn {
		t.Errorf("explore: %v", err)
	}
	if _, err := d.FixedTable(t.Context(), policy.Access{}, "year-by-sex", warehouse.Client{}); err == nil {
		t.Error("table: no error")
	}
	if _, err := d.Patient(t.Context(), policy.Access{}, query.Query{}, "x", "", nil, warehouse.Client{}); err == nil {
		t.Error("patient: no error")
	}
	if _, err := d.Episode(t.Context(), policy.Access{}, query.Query{}, "x", warehouse.Client{}); err == nil {
		t.Error("episode: no error")
	}
}

// Nothing outside the agreement's years, or the clinician's team, comes out by
// any way.
func TestRowRules(t *testing.T) {
	d := setUp(t)
	one := access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0506"}})
	want := 0
	for _, r := range d.f.Records {
		if r["FYEAR"] == "0506" {
			want++
		}
	}
	q := query.Query{Limit: 200, Counts: true, Columns: []string{"FYEAR"}, Facets: []query.Facet{{Field: "FYEAR"}}, Where: query.And{query.Or{query.In{Field: "FYEAR", Values: []string{"0607", ""}}, query.Not{Of: query.Never{}}}}}
	a, err := d.Explore(t.Context(), one, q, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Episodes.Published() != want || len(a.Rows) != want || len(a.Facets[0].Values) != 1 {
		t.Errorf("%v episodes, %d rows, want %d; years %v", a.Episodes, len(a.Rows), want, a.Facets[0].Values)
	}
	team := access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}})
	persons := map[string]bool{}
	for _, r := range d.f.Records {
		if r["PROCODE3"] == "RAL" && (r["MAINSPEF"] == "330" || r["TRETSPEF"] == "330") && slices.Contains(years, r["FYEAR"]) && r[hes.PersonField] != "" {
			persons[r[hes.PersonField]] = true
		}
	}
	a, err = d.Explore(t.Context(), team, query.Query{Unit: query.Patients, Limit: 200, Columns: []string{"PROCODE3"}}, warehouse.Page{}, warehouse.Client{})
	if err != nil || len(a.Rows) != len(persons) {
		t.Fatalf("%d patients, want %d, %v", len(a.Rows), len(persons), err)
	}
	for _, r := range a.Rows {
		p, err := d.Patient(t.Context(), team, query.Query{Columns: []string{"PROCODE3"}}, r.PatientID, "", nil, warehouse.Client{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Rows {
			if e.Values[0] != "RAL" {
				t.Errorf("an episode at %s", e.Values[0])
			}
		}
	}
	if _, err := d.Explore(t.Context(), team, ten, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Errorf("a clinician's list of episodes: %v", err)
	}
}

func TestFieldsBeyondTheAgreementAreRefused(t *testing.T) {
	d := setUp(t)
	acc := researcher(t)
	for name, q := range map[string]query.Query{
		"column": {Limit: 1, Columns: []string{hes.PersonField}}, "where": {Where: query.Prefix{Field: "CONSULT", Prefixes: []string{"C"}}}, "inside-not": {Where: query.Not{Of: query.Missing{Field: "LSOA01"}}},
		"sort": {Limit: 1, Sort: []query.Sort{{Field: "MYDOB"}}}, "facet": {Facets: []query.Facet{{Field: "POSTDIST"}}}, "leave": {Facets: []query.Facet{{Field: "SEX", Leave: []string{"LOPATID"}}}}, "facet-where": {Facets: []query.Facet{{Field: "SEX", Where: query.Missing{Field: "CONSULT"}}}}, "group": {Tables: [][]query.Group{{{Field: "NEWNHSNO"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(d.log.events)
			if _, err := d.Explore(t.Context(), acc, q, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Denied {
				t.Errorf("error = %v", err)
			}
			if len(d.log.events) != before+1 || d.log.events[before].Outcome != "refused" {
				t.Error("the refusal is not recorded")
			}
		})
	}
	listed := access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Fields: []string{"CONSULT"}})
	if _, err := d.Explore(t.Context(), listed, query.Query{Where: query.Missing{Field: "CONSULT"}, Counts: true}, warehouse.Page{}, warehouse.Client{}); err != nil {
		t.Errorf("a listed field: %v", err)
	}
}

func TestIDsBelongToTheirMakerAndRelease(t *testing.T) {
	d := setUp(t)
	ana, bob := researcher(t), access(t, policy.Evidence{Account: "bob", Role: policy.Researcher})
	a, err := d.Explore(t.Context(), ana, ten, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	id := a.Rows[0].ID
	if _, err := d.Episode(t.Context(), ana, query.Query{}, id, warehouse.Client{}); err != nil {
		t.Errorf("one's own id: %v", err)
	}
	for name, try := range map[string]func() error{
		"foreign": func() error { _, err := d.Episode(t.Context(), bob, query.Query{}, id, warehouse.Client{}); return err },
		"guess": func() error {
			_, err := d.Episode(t.Context(), ana, query.Query{}, "AAAAAAAAAAAAAAAAAAAAAA", warehouse.Client{})
			return err
		},
		"short": func() error {
			_, err := d.Episode(t.Context(), ana, query.Query{}, "x", warehouse.Client{})
			return err
		},
		"patient-as-episode": func() error {
			_, err := d.Episode(t.Context(), ana, query.Query{}, a.Rows[0].PatientID+"", warehouse.Client{})
			return err
		},
		"cursor-of-another-question": func() error {
			q := ten
			q.Where = query.Missing{Field: "SEX"}
			_, err := d.Explore(t.Context(), ana, q, warehouse.Page{After: a.After}, warehouse.Client{})
			return err
		},
	} {
		if err := try(); fault.Of(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := d.Explore(t.Context(), bob, ten, warehouse.Page{}, warehouse.Client{})
	if err != nil || b.Rows[0].Patient == a.Rows[0].Patient && a.Rows[0].Patient != "" {
		t.Errorf("two people see one pseudonym (%v)", err)
	}
	d.source.facts.ID = "r2"
	if _, err := d.Explore(t.Context(), ana, ten, warehouse.Page{After: a.After}, warehouse.Client{}); fault.Of(err) != fault.Gone {
		t.Errorf("a page of an earlier release: %v", err)
	}
	again, err := d.Explore(t.Context(), ana, ten, warehouse.Page{}, warehouse.Client{})
	if err != nil || again.Rows[0].Patient != a.Rows[0].Patient {
		t.Errorf("the pseudonym changed with the release: %v", err)
	}
	for _, r := range a.Rows {
		for _, v := range append(r.Values, r.ID, r.Patient, r.PatientID) {
			if strings.Contains(v, "SYNTH") {
				t.Error("the person key came out")
			}
		}
	}
}

// The planner's table hides small numbers, and its totals are sums of what it shows.
func TestProtectedTable(t *testing.T) {
	d := setUp(t)
	planner := access(t, policy.Evidence{Account: "pat", Role: policy.Planner})
	x, err := d.FixedTable(t.Context(), planner, "year-by-sex", warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if x.Withheld != "" {
		t.Fatal(x.Withheld)
	}
	for i, row := range x.Cells {
		sum := 0
		for _, c := range row {
			if !c.Hidden() && c.Published()%5 != 0 {
				t.Errorf("a cell of %s is not rounded", c)
			}
			sum += c.Published()
		}
		if x.Totals[i].Published() != sum {
			t.Errorf("the total of row %d is not the sum of what is shown", i)
		}
	}
	for name, q := range map[string]query.Query{"filter": {Tables: policy.FixedTables()[0].Query().Tables, Where: query.In{Field: "SEX", Values: []string{"1"}}}, "counts": {Counts: true}, "rows": ten, "another table": {Tables: [][]query.Group{{{Field: "SEX"}, {Field: "FYEAR"}}}}, "facet": {Facets: []query.Facet{{Field: "SEX"}}}} {
		if _, err := d.Explore(t.Context(), planner, q, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.FixedTable(t.Context(), researcher(t), "year-by-sex", warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Errorf("a researcher's: %v", err)
	}
}

// A file of counts is an event of its own kind and holds no rows; a clinical team
// gets counts of its own patients.
func TestTabulate(t *testing.T) {
	d := setUp(t)
	team := access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}})
	q := query.Query{Counts: true, Tables: [][]query.Group{{{Field: "PROCODE3"}, {Field: "SEX"}}}, Where: query.Range{Field: "STARTAGE", From: "18"}}
	for _, acc := range []policy.Access{researcher(t), team} {
		n := len(d.log.events)
		a, err := d.Tabulate(t.Context(), acc, q, "the chart of an age", warehouse.Client{})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, c := range a.Tables[0] {
			if total += c.Episodes.Published(); acc.Role() == policy.Clinician && c.Keys[0] != "RAL" {
				t.Errorf("the team sees %s", c.Keys[0])
			}
		}
		e := d.log.events[n]
		if total != a.Episodes.Published() || total == 0 || len(a.Rows) > 0 || len(d.log.events) != n+1 || e.Kind != "file" || e.Rows != 0 || e.Outcome != "shown" || !strings.HasPrefix(e.Question, "the chart of an age: episodes where STARTAGE from 18 counted by PROCODE3, SEX") {
			t.Errorf("%d of %v episodes, %+v", total, a.Episodes, e)
		}
	}
	q.Limit = 1
	if _, err := d.Tabulate(t.Context(), researcher(t), q, "rows", warehouse.Client{}); fault.Of(err) != fault.Invalid {
		t.Errorf("rows in a file: %v", err)
	}
	for _, acc := range []policy.Access{{}, access(t, policy.Evidence{Account: "pat", Role: policy.Planner})} {
		if _, err := d.Tabulate(t.Context(), acc, query.Query{Counts: true}, "counts", warehouse.Client{}); err == nil {
			t.Errorf("%q gets counts", acc.Role())
		}
	}
}
