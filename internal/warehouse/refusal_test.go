package warehouse_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// listening is a recorder that writes nothing for whoever has gone, as a database
// does, and that must be given an end.
type listening struct {
	*record
	endless bool
}

func (l *listening) Record(ctx context.Context, e audit.Event) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ends := ctx.Deadline(); !ends {
		l.endless = true
	}
	return l.record.Record(ctx, e)
}

// gone is a context that whoever asks has given up.
func gone(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// Whoever hangs up does not escape the record of a refusal, whatever was refused.
func TestARefusalIsRecordedThoughTheClientHasGone(t *testing.T) {
	l := &listening{record: &record{}}
	d := setUp(t, func(o *warehouse.Options) { o.Recorder, o.Loads = l, twoLoads() })
	planner := access(t, policy.Evidence{Account: "pat", Role: policy.Planner})
	from := warehouse.Client{Address: "127.0.0.1", Request: "r7"}
	for name, ask := range map[string]func(context.Context) error{
		"question": func(ctx context.Context) error {
			_, err := d.Explore(ctx, planner, ten, warehouse.Page{}, from)
			return err
		},
		"cursor": func(ctx context.Context) error {
			_, err := d.Explore(ctx, researcher(t), ten, warehouse.Page{After: "AAAAAAAAAAAAAAAAAAAAAA"}, from)
			return err
		},
		"table": func(ctx context.Context) error {
			_, err := d.FixedTable(ctx, researcher(t), "year-by-sex", from)
			return err
		},
		"record": func(ctx context.Context) error {
			_, err := d.Episode(ctx, planner, query.Query{}, "x", from)
			return err
		},
		"reports": func(ctx context.Context) error {
			_, err := d.Loads(ctx, planner, from)
			return err
		},
		"page": func(ctx context.Context) error {
			return d.Refused(ctx, warehouse.Refusal{Account: "pat", Role: policy.Planner, Page: "GET /page"}, from, fault.New(fault.Denied, "No."))
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(l.events)
			err := ask(gone(t))
			if k := fault.Of(err); k != fault.Denied && k != fault.NotFound {
				t.Fatalf("error %v", err)
			}
			if len(l.events) != before+1 {
				t.Fatalf("%d events", len(l.events)-before)
			}
			if e := l.events[before]; e.Outcome != "refused" || e.Actor == "" || e.Address != from.Address || e.Request != from.Request {
				t.Errorf("event %+v", e)
			}
			if l.endless {
				t.Error("recording may take for ever")
			}
		})
	}
}

// What a page refuses is one event with names of the program's own. What the door
// has recorded, what is no refusal and what nobody is named for is none.
func TestWhatAPageRefuses(t *testing.T) {
	d := setUp(t)
	ended := fault.New(fault.Denied, "Agreement DSA-1 has ended.")
	who := warehouse.Refusal{Account: "ana", Role: policy.Researcher, Purpose: "DSA-1", Page: "GET /records/{id}"}
	err := d.Refused(t.Context(), who, warehouse.Client{Address: "10.0.0.1", Request: "r1"}, ended)
	want := []audit.Event{{At: noon, Kind: "page", Actor: "ana", Role: "researcher", Purpose: "DSA-1", Question: "GET /records/{id}", Outcome: "refused", Address: "10.0.0.1", Request: "r1"}}
	if diff := cmp.Diff(want, d.log.events); diff != "" || fault.Of(err) != fault.Denied || fault.Say(err) != fault.Say(ended) {
		t.Errorf("%v, events (-want +got):\n%s", err, diff)
	}
	_, door := d.Explore(t.Context(), access(t, policy.Evidence{Account: "pat", Role: policy.Planner}), ten, warehouse.Page{}, warehouse.Client{})
	n := len(d.log.events)
	for name, why := range map[string]error{"twice": err, "by-the-door": door, "not-found": fault.New(fault.NotFound, "No."), "nothing": nil} {
		if got := d.Refused(t.Context(), who, warehouse.Client{}, why); !errors.Is(got, why) || len(d.log.events) != n {
			t.Errorf("%s: %v, %d more events", name, got, len(d.log.events)-n)
		}
	}
	if got := d.Refused(t.Context(), warehouse.Refusal{Page: "GET /"}, warehouse.Client{}, ended); got != ended || len(d.log.events) != n {
		t.Errorf("of nobody: %v, %d more events", got, len(d.log.events)-n)
	}
	d.log.err = errors.New("disk full")
	if got := d.Refused(t.Context(), who, warehouse.Client{}, ended); fault.Of(got) != fault.Denied {
		t.Errorf("a refusal that cannot be recorded: %v", got)
	}
}

// stuck is an engine that answers the first question only.
type stuck struct {
	driver.Engine
	left int
}

func (s *stuck) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	if s.left--; s.left < 0 {
		return nil, errors.New("disk failed")
	}
	return s.Engine.Ask(ctx, p)
}

// What goes wrong half-way is no refusal.
func TestWhatGoesWrongIsNoRefusal(t *testing.T) {
	d := setUp(t)
	for name, engine := range map[string]driver.Engine{"at-first": &stuck{d.source.engine, 0}, "half-way": &stuck{d.source.engine, 1}} {
		d.source.engine = engine
		_, err := d.People(t.Context(), researcher(t), query.Query{Unit: query.Patients, Limit: 10}, warehouse.Page{}, warehouse.Client{})
		if fault.Of(err) != fault.Internal || len(d.log.events) != 0 {
			t.Errorf("%s: %v, events %+v", name, err, d.log.events)
		}
		d.source.engine = engine.(*stuck).Engine
	}
}

// A report's address may hold any text, which a refusal does not repeat.
func TestARefusedReportIsNotNamedByItsAddress(t *testing.T) {
	d := withLoads(t, twoLoads())
	if _, err := d.Report(t.Context(), researcher(t), "9434765919", warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Fatal(err)
	}
	if e := d.log.events[0]; e.Release != "" || e.Question != "load report" {
		t.Errorf("event %+v", e)
	}
}

// The record names the columns that were shown and the fields whose values were
// counted. A cursor goes on from a page that counted others.
func TestTheRecordNamesWhatWasCounted(t *testing.T) {
	d := setUp(t)
	q := ten
	q.Where = query.In{Field: "SEX", Values: []string{"1", "2"}}
	q.Limit = 3
	q.Facets = []query.Facet{{Field: "DIAG_nn", Chars: 3, Limit: 7}, {Field: "DIAG_nn", Chars: 3, Under: []string{"L40"}}, {Field: "SEX"}, {Field: "FYEAR", Where: query.Missing{Field: "DIAG_02_nn"}}}
	first, err := d.Explore(t.Context(), researcher(t), q, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.log.events[0].Question, q.String()+", showing ADMIDATE, SEX, with the values of DIAG_nn (first 3), SEX, FYEAR where DIAG_02_nn is not recorded"; got != want {
		t.Errorf("the record says\n%q, want\n%q", got, want)
	}
	q.Facets = nil
	if _, err := d.Explore(t.Context(), researcher(t), q, warehouse.Page{After: first.After}, warehouse.Client{}); err != nil {
		t.Errorf("the next page, which counts nothing: %v", err)
	}
	if _, err := d.Explore(t.Context(), researcher(t), query.Query{Where: q.Where, Misses: true}, warehouse.Page{}, warehouse.Client{}); err != nil {
		t.Fatal(err)
	}
	if got, want := d.log.events[2].Question, q.String()+", without each condition in turn"; got != want {
		t.Errorf("the record says %q, want %q", got, want)
	}
	q.Facets = []query.Facet{{Field: "LSOA01"}}
	if _, err := d.Explore(t.Context(), researcher(t), q, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Fatal(err)
	}
	if got, want := d.log.events[3].Question, q.String()+", showing ADMIDATE, SEX, with the values of LSOA01"; got != want {
		t.Errorf("the record of a refusal says %q, want %q", got, want)
	}
}
