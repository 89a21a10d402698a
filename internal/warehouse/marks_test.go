package warehouse_test

import (
	"strings"
	"testing"

	"webenablehes/internal/audit"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
)

// Each event that shows rows has marks of the patients whose rows they are, of no
// others, and nothing by which anybody without the key can tell whose they are.
func TestTheRecordKnowsWhoWasSeen(t *testing.T) {
	d, records := lives(t)
	acc := access(t, policy.Evidence{Account: "ana", Role: policy.Researcher})
	person := map[string]string{} // by EPIKEY
	for _, r := range records {
		person[r[hes.EpisodeKey]] = r[hes.PersonField]
	}
	last := func() audit.Event { return d.log.events[len(d.log.events)-1] }
	event := func(what string, err error, rows []warehouse.Row) audit.Event {
		t.Helper()
		if err != nil {
			t.Fatal(what, err)
		}
		e := last()
		var want []audit.Mark
		for _, r := range rows {
			if key := person[d.key(t, acc, r.ID)]; key != "" {
				want = append(want, d.Mark(key))
			}
		}
		if len(want) == 0 {
			t.Fatalf("%s: nobody was shown, so this tests nothing", what)
		}
		if got := e.Persons; got != audit.NewPersons(want) {
			t.Errorf("%s: marks %q, want %q", what, got, audit.NewPersons(want))
		}
		return e
	}
	q := query.Query{Limit: 20, Counts: true, Columns: []string{"SEX"}}
	a, err := d.Explore(t.Context(), acc, q, warehouse.Page{}, warehouse.Client{})
	events := []audit.Event{event("episodes", err, a.Rows)}
	q.Unit = query.Patients
	p, err := d.People(t.Context(), acc, q, warehouse.Page{}, warehouse.Client{})
	events = append(events, event("patients", err, p.Rows))
	q.Unit = query.Spells
	s, err := d.Spells(t.Context(), acc, q, warehouse.Page{}, warehouse.Client{})
	events = append(events, event("spells", err, s.Rows))
	one := p.Rows[0]
	r, err := d.Episode(t.Context(), acc, query.Query{}, one.ID, warehouse.Client{})
	events = append(events, event("a record", err, []warehouse.Row{r.Row}))
	none := query.Query{Where: query.Never{}}
	if _, err := d.Patient(t.Context(), acc, none, one.PatientID, "", nil, warehouse.Client{}); err != nil {
		t.Fatal(err)
	}
	e := last()
	if len(e.Persons) != audit.MarkLength || e.Persons != audit.NewPersons([]audit.Mark{d.Mark(person[d.key(t, acc, one.ID)])}) {
		t.Errorf("a patient none of whose episodes match: marks %q", e.Persons)
	}
	for _, e := range append(events, e) {
		body, err := audit.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range person {
			if key != "" && strings.Contains(string(body), key) {
				t.Errorf("an event holds the key of a patient: %s", body)
			}
		}
		if e.Persons.Len() > query.MaxLimit {
			t.Errorf("%d marks", e.Persons.Len())
		}
	}
	counts := query.Query{Counts: true}
	if _, err := d.Tabulate(t.Context(), acc, counts, "counts", warehouse.Client{}); err != nil || last().Persons != "" {
		t.Errorf("counts alone: %v, marks %q", err, last().Persons)
	}
}

// Another site's marks are others.
func TestMarksAreOfOneSite(t *testing.T) {
	d, other := setUp(t), setUp(t, func(o *warehouse.Options) { o.Key = []byte(strings.Repeat("k", 32)) })
	if m := d.Mark("P1"); m != d.Mark(" P1\n") || m == d.Mark("P2") || m == other.Mark("P1") || len(m) != audit.MarkLength {
		t.Errorf("%q, %q, %q", m, d.Mark("P2"), other.Mark("P1"))
	}
}
