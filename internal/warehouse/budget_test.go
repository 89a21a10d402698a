package warehouse_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
)

// budgeted is a door with a budget and a clock that can be put on.
func budgeted(t *testing.T, b warehouse.Budget) (d door, now *time.Time) {
	at := noon
	return setUp(t, func(o *warehouse.Options) { o.Budget, o.Now = b, func() time.Time { return at } }), &at
}

// told are the alerts in the access record.
func (d door) told() (out []string) {
	for _, e := range d.log.events {
		if e.Kind == "alert" {
			out = append(out, e.Actor+": "+e.Question+": "+e.Outcome)
		}
	}
	return out
}

// ways are all by which records come out: each opens one, or lists them.
func ways(t *testing.T, d door, acc policy.Access) map[string]func() error {
	t.Helper()
	a, err := d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	row := a.Rows[0]
	unit := func(u query.Unit) query.Query { return query.Query{Unit: u, Limit: 10, Columns: []string{"SEX"}} }
	return map[string]func() error{
		"a record": func() error {
			_, err := d.Episode(t.Context(), acc, query.Query{}, row.ID, warehouse.Client{})
			return err
		},
		"a patient": func() error {
			_, err := d.Patient(t.Context(), acc, query.Query{}, row.PatientID, "", nil, warehouse.Client{})
			return err
		},
		"episodes": func() error {
			_, err := d.Explore(t.Context(), acc, ten, warehouse.Page{}, warehouse.Client{})
			return err
		},
		"patients": func() error {
			_, err := d.People(t.Context(), acc, unit(query.Patients), warehouse.Page{}, warehouse.Client{})
			return err
		},
		"spells": func() error {
			_, err := d.Spells(t.Context(), acc, unit(query.Spells), warehouse.Page{}, warehouse.Client{})
			return err
		},
	}
}

// Without other numbers, the record after the thousandth within an hour is refused,
// the governance lead has heard of it long before, and an hour later it goes on.
func TestBudgetOfRecords(t *testing.T) {
	d, now := budgeted(t, warehouse.Budget{})
	acc := researcher(t)
	one := ways(t, d, acc)["a record"]
	for i := range 1000 {
		if err := one(); err != nil {
			t.Fatalf("record %d: %v", i+1, err)
		}
		*now = now.Add(time.Second)
	}
	for range 3 {
		before := len(d.log.events)
		err := one()
		if fault.Of(err) != fault.Limited || !strings.Contains(fault.Say(err), "1000 records and patients within an hour") {
			t.Fatalf("one more: %v", err)
		}
		if e := d.log.events[len(d.log.events)-1]; len(d.log.events) == before || e.Kind != "record" || e.Outcome != "refused" || e.Rows != 0 {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff([]string{"ana: more than 500 records and patients within an hour: shown", "ana: more than 1000 records and patients within an hour: refused"}, d.told()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := d.Episode(t.Context(), access(t, policy.Evidence{Account: "ben", Role: policy.Researcher}), query.Query{}, "AAAAAAAAAAAAAAAAAAAAAA", warehouse.Client{}); fault.Of(err) != fault.NotFound {
		t.Errorf("another person: %v", err)
	}
	if _, err := d.Explore(t.Context(), acc, query.Query{Counts: true}, warehouse.Page{}, warehouse.Client{}); err != nil {
		t.Errorf("counts alone show no record: %v", err)
	}
	*now = noon.Add(time.Hour)
	if err := one(); err != nil {
		t.Errorf("an hour after the first: %v", err)
	}
	if err := one(); fault.Of(err) != fault.Limited {
		t.Errorf("and the second: %v", err)
	}
}

// Whoever turns page after page is stopped within the hour, whatever the pages are of,
// under whichever agreement, and has seen no more than a page beyond the budget.
func TestBudgetOfRows(t *testing.T) {
	d, now := budgeted(t, warehouse.Budget{Rows: 100})
	acc, other := researcher(t), access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Agreement: "DSA-2"})
	first := noon
	others := ways(t, d, other)
	for name, way := range ways(t, d, acc) {
		*now = first.Add(2 * time.Hour)
		first = *now
		before := len(d.log.events)
		var err error
		for range 200 {
			if err = way(); err != nil {
				break
			}
			*now = now.Add(time.Second)
		}
		if fault.Of(err) != fault.Limited || !strings.Contains(fault.Say(err), "100 rows of records within an hour") {
			t.Errorf("%s: %v", name, err)
		}
		rows := 0
		for _, e := range d.log.events[before:] {
			rows += e.Rows
		}
		if rows < 100 || rows >= 100+50 {
			t.Errorf("%s: %d rows were shown", name, rows)
		}
		if err := others[name](); fault.Of(err) != fault.Limited {
			t.Errorf("%s under another agreement: %v", name, err)
		}
	}
}

// Whoever asks for many pages at once gets no more than one after the other.
func TestBudgetOfManyAtOnce(t *testing.T) {
	locked := &lockedRecord{Recorder: &record{}}
	d := setUp(t, func(o *warehouse.Options) { o.Budget, o.Recorder = warehouse.Budget{Rows: 100}, locked })
	acc := researcher(t)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { d.Explore(context.WithoutCancel(t.Context()), acc, ten, warehouse.Page{}, warehouse.Client{}) })
	}
	all.Wait()
	if locked.rows < 50 || locked.rows > 100 {
		t.Errorf("%d rows were shown", locked.rows)
	}
}

// What fails or shows nobody costs nothing; what looks for somebody does.
func TestBudgetOfWhatIsNotShown(t *testing.T) {
	d, _ := budgeted(t, warehouse.Budget{Rows: 30, Records: 5})
	acc := researcher(t)
	for range 20 {
		if _, err := d.Explore(t.Context(), acc, query.Query{Where: query.Never{}, Limit: 10}, warehouse.Page{}, warehouse.Client{}); err != nil {
			t.Fatalf("a list of nobody: %v", err)
		}
	}
	d.log.err = errors.New("disk full")
	for range 20 {
		if _, err := d.Explore(t.Context(), acc, ten, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Unavailable {
			t.Fatalf("without a record of it: %v", err)
		}
	}
	d.log.err = nil
	for i := range 8 {
		_, err := d.Episode(t.Context(), acc, query.Query{}, "AAAAAAAAAAAAAAAAAAAAAA", warehouse.Client{})
		want := fault.NotFound
		if i >= 5 {
			want = fault.Limited
		}
		if fault.Of(err) != want {
			t.Errorf("guess %d: %v", i+1, err)
		}
	}
}

// lockedRecord takes events of many at once, and counts their rows.
type lockedRecord struct {
	audit.Recorder
	mu   sync.Mutex
	rows int
}

func (r *lockedRecord) Record(ctx context.Context, e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows += e.Rows
	return r.Recorder.Record(ctx, e)
}
