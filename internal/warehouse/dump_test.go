package warehouse_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// paper is a sink that keeps what happened, in the order of the record's events.
type paper struct {
	log   *record
	lines [][]string
	saw   []int // events that were recorded before each step
	steps []string
	fails string // the step that fails
}

func (p *paper) step(name string) error {
	p.saw, p.steps = append(p.saw, len(p.log.events)), append(p.steps, name)
	if p.fails == name {
		return errors.New("disk full")
	}
	return nil
}

func (p *paper) Line(v []string) error {
	if len(p.lines) == 3 {
		if err := p.step("line"); err != nil {
			return err
		}
	}
	if len(p.lines) == 0 {
		_ = p.step("first")
	}
	p.lines = append(p.lines, slices.Clone(v))
	return nil
}

func (p *paper) Finish() (string, error) { return "abc123", p.step("finish") }
func (p *paper) Commit() error           { return p.step("commit") }
func (p *paper) Abort() error            { return p.step("abort") }

// resolved makes the table of a dump and the access for it.
func (d door) resolved(t *testing.T, unit dump.Unit, columns ...string) (*dump.Table, policy.Access) {
	t.Helper()
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	table, err := dump.Resolve(dump.Request{Columns: columns, Unit: unit}, d.source.facts.Columns, d.f.Dictionary, codes)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := policy.Handover("system user ana", "r1", append(table.Names(), "FYEAR"), noon)
	if err != nil {
		t.Fatal(err)
	}
	return table, acc
}

var one = query.In{Field: "FYEAR", Values: []string{"0506"}}

func TestDump(t *testing.T) {
	d := setUp(t)
	table, acc := d.resolved(t, dump.Episodes, "EPIKEY", "PSEUDO_HESID", "FYEAR")
	out := &paper{log: d.log}
	got, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table, Where: one}, out, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, r := range d.f.Records {
		if r["FYEAR"] == "0506" {
			want++
			if !slices.ContainsFunc(out.lines, func(l []string) bool { return slices.Equal(l, []string{r["EPIKEY"], r[hes.PersonField], "0506"}) }) {
				t.Error("a row is not there")
			}
		}
	}
	if got.Lines != want || len(out.lines) != want || got.SHA256 != "abc123" {
		t.Errorf("%+v, want %d lines", got, want)
	}
	// begun before the first row; done before the file has its name
	if !slices.Equal(out.steps, []string{"first", "line", "finish", "commit"}) || !slices.Equal(out.saw, []int{1, 1, 1, 2}) {
		t.Errorf("%v after so many events: %v", out.steps, out.saw)
	}
	event := audit.Event{At: noon, Kind: "dump", Actor: "system user ana", Role: "data-owner", Release: "r1", Unit: "episodes", Outcome: "begun",
		Question: "columns EPIKEY, PSEUDO_HESID, FYEAR of episodes where FYEAR is 0506"}
	done := event
	done.Rows, done.Outcome, done.Question = want, "done", event.Question+"; SHA-256 abc123"
	if !slices.Equal(d.log.events, []audit.Event{event, done}) {
		t.Errorf("events %+v", d.log.events)
	}
}

// Each way to fail leaves no file and says so in the record.
func TestDumpThatFails(t *testing.T) {
	for _, c := range []struct {
		fails   string
		outcome string
		rows    int
		says    string
	}{
		{"line", "failed", 3, "stopped half-way"}, {"finish", "failed", -1, "stopped half-way"}, {"commit", "failed", -1, "could not be given its name"},
	} {
		d := setUp(t)
		table, acc := d.resolved(t, dump.Episodes, "EPIKEY")
		out := &paper{log: d.log, fails: c.fails}
		if _, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table}, out, warehouse.Client{}); err == nil {
			t.Errorf("%s: no error", c.fails)
		}
		e := d.log.events[len(d.log.events)-1]
		if e.Outcome != c.outcome || c.rows >= 0 && e.Rows != c.rows || !strings.Contains(e.Question, c.says) {
			t.Errorf("%s: event %+v", c.fails, e)
		}
		if last := out.steps[len(out.steps)-1]; last != "abort" && c.fails != "commit" {
			t.Errorf("%s: it ends with %s", c.fails, last)
		}
	}
	t.Run("stopped-by-hand", func(t *testing.T) {
		d := setUp(t)
		table, acc := d.resolved(t, dump.Episodes, "EPIKEY")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		out := &paper{log: d.log}
		_, err := d.Dump(ctx, acc, warehouse.Dump{Table: table}, out, warehouse.Client{})
		if !errors.Is(err, context.Canceled) || d.log.events[len(d.log.events)-1].Outcome != "failed" || !slices.Equal(out.steps, []string{"abort"}) {
			t.Errorf("%v, %v", err, out.steps)
		}
	})
	t.Run("no-record", func(t *testing.T) {
		d := setUp(t)
		table, acc := d.resolved(t, dump.Episodes, "EPIKEY")
		d.log.err = errors.New("disk full")
		out := &paper{log: d.log}
		_, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table}, out, warehouse.Client{})
		if fault.Of(err) != fault.Unavailable || !slices.Equal(out.steps, []string{"abort"}) {
			t.Errorf("%v, %v", err, out.steps)
		}
	})
	t.Run("no-closing-record", func(t *testing.T) {
		d := setUp(t)
		table, acc := d.resolved(t, dump.Episodes, "EPIKEY")
		out := &paper{log: d.log}
		d.source.engine = forgetful{d.source.engine, d.log}
		_, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table}, out, warehouse.Client{})
		if fault.Of(err) != fault.Unavailable || !slices.Equal(out.steps, []string{"first", "line", "finish", "abort"}) {
			t.Errorf("%v, %v", err, out.steps)
		}
	})
	t.Run("no-scanner", func(t *testing.T) {
		d := setUp(t)
		table, acc := d.resolved(t, dump.Episodes, "EPIKEY")
		d.source.engine = struct{ driver.Engine }{d.source.engine}
		out := &paper{log: d.log}
		_, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table}, out, warehouse.Client{})
		if fault.Of(err) != fault.Unavailable || !slices.Equal(out.steps, []string{"abort"}) {
			t.Errorf("%v, %v", err, out.steps)
		}
	})
}

// forgetful breaks the access record at the end of a scan.
type forgetful struct {
	driver.Engine
	log *record
}

func (f forgetful) Scan(ctx context.Context, s driver.Scan, visit func(driver.ScanRow) error) error {
	err := f.Engine.(driver.Scanner).Scan(ctx, s, visit)
	f.log.err = errors.New("disk full")
	return err
}

func TestDumpRefusesOthers(t *testing.T) {
	d := setUp(t)
	table, acc := d.resolved(t, dump.Episodes, "EPIKEY", "SEX")
	handover := func(release string, at time.Time, columns ...string) policy.Access {
		a, err := policy.Handover("system user ana", release, columns, at)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for name, c := range map[string]struct {
		acc   policy.Access
		where query.Expr
		kind  fault.Kind
	}{
		"zero":              {policy.Access{}, nil, fault.SignIn},
		"researcher":        {researcher(t), nil, fault.Denied},
		"planner":           {access(t, policy.Evidence{Account: "pat", Role: policy.Planner}), nil, fault.Denied},
		"data-manager":      {access(t, policy.Evidence{Account: "dan", Role: policy.DataManager}), nil, fault.Denied},
		"other-release":     {handover("r0", noon, "EPIKEY", "SEX"), nil, fault.Denied},
		"a-column-less":     {handover("r1", noon, "SEX"), nil, fault.Denied},
		"filter-not-named":  {handover("r1", noon, "EPIKEY", "SEX"), one, fault.Denied},
		"long-ago":          {handover("r1", noon.AddDate(0, 0, -2), "EPIKEY", "SEX"), nil, fault.Denied},
		"filter-not-a-rule": {acc, query.In{Field: "NOPE", Values: []string{"1"}}, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			d.log.events = nil
			out := &paper{log: d.log}
			_, err := d.Dump(t.Context(), c.acc, warehouse.Dump{Table: table, Where: c.where}, out, warehouse.Client{})
			if fault.Of(err) != c.kind || !slices.Equal(out.steps, []string{"abort"}) {
				t.Errorf("%v, %v", err, out.steps)
			}
			if c.kind == fault.Denied && (len(d.log.events) != 1 || d.log.events[0].Outcome != "refused" || d.log.events[0].Question == "") {
				t.Errorf("events %+v", d.log.events)
			}
		})
	}
}

// Spells and patients are put together from the rows of a person.
func TestDumpOfPatients(t *testing.T) {
	d := setUp(t)
	table, acc := d.resolved(t, dump.Patients, "TOKEN_PERSON_ID", "EPISODES")
	out := &paper{log: d.log}
	got, err := d.Dump(t.Context(), acc, warehouse.Dump{Table: table}, out, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	persons, nobody := map[string]bool{}, 0
	for _, r := range d.f.Records {
		if r[hes.PersonField] == "" {
			nobody++
		} else {
			persons[r[hes.PersonField]] = true
		}
	}
	if got.Lines != len(persons) || got.LeftOut != nobody || nobody == 0 {
		t.Errorf("%+v, want %d patients and %d rows of nobody", got, len(persons), nobody)
	}
}

// Whatever else the door has, and will have, it does not open to a handover.
func TestHandoverOpensNoPage(t *testing.T) {
	d := setUp(t)
	_, acc := d.resolved(t, dump.Episodes, "EPIKEY", "SEX", "ADMIDATE")
	for name, err := range map[string]error{
		"explore": func() error {
			_, err := d.Explore(t.Context(), acc, ten, warehouse.Page{}, warehouse.Client{})
			return err
		}(),
		"patients": func() error {
			_, err := d.Explore(t.Context(), acc, query.Query{Unit: query.Patients, Limit: 5}, warehouse.Page{}, warehouse.Client{})
			return err
		}(),
		"fixed-table": func() error {
			_, err := d.FixedTable(t.Context(), acc, "year-by-sex", warehouse.Client{})
			return err
		}(),
		"patient": func() error {
			_, err := d.Patient(t.Context(), acc, query.Query{Columns: []string{"SEX"}}, "x", "", nil, warehouse.Client{})
			return err
		}(),
		"episode": func() error {
			_, err := d.Episode(t.Context(), acc, query.Query{}, "x", warehouse.Client{})
			return err
		}(),
	} {
		if fault.Of(err) != fault.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	door, tried := reflect.ValueOf(d.Warehouse), 0
	for i := range door.NumMethod() {
		name, m := door.Type().Method(i).Name, door.Method(i)
		args := []reflect.Value{}
		takes := false
		for j := range m.Type().NumIn() {
			switch in := m.Type().In(j); in {
			case reflect.TypeFor[context.Context]():
				args = append(args, reflect.ValueOf(t.Context()))
			case reflect.TypeFor[policy.Access]():
				takes = true
				args = append(args, reflect.ValueOf(acc))
			default:
				args = append(args, reflect.Zero(in))
			}
		}
		if !takes || name == "Dump" {
			continue
		}
		tried++
		out := m.Call(args)
		if err, _ := out[len(out)-1].Interface().(error); err == nil && (out[0].Kind() != reflect.Slice || out[0].Len() > 0) {
			t.Errorf("%s answers a handover", name)
		}
	}
	if tried < 5 {
		t.Errorf("only %d methods were tried", tried)
	}
}
