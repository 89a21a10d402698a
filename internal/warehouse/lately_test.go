package warehouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
)

// Of late are the alerts and the refusals from their days on, each counted only
// so far.
func TestLately(t *testing.T) {
	at := func(days int, e audit.Event) audit.Event { e.At = noon.AddDate(0, 0, days); return e }
	events := []audit.Event{
		at(-9, audit.Event{Kind: "alert", Outcome: "done"}), at(-3, audit.Event{Kind: "alert", Outcome: "done"}), at(0, audit.Event{Kind: "alert", Outcome: "refused"}),
		at(-1, audit.Event{Kind: "view", Outcome: "refused"}), at(0, audit.Event{Kind: "view", Outcome: "shown"}),
	}
	acc := access(t, policy.Evidence{Account: "eve", Role: policy.Auditor})
	look := func(events []audit.Event) warehouse.Lately {
		t.Helper()
		got, err := overseen(t, events...).Lately(t.Context(), acc, noon.AddDate(0, 0, -6), noon.Add(-time.Hour), warehouse.Client{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(warehouse.Lately{Alerts: 2, Refusals: 1}, look(events)); diff != "" {
		t.Error(diff)
	}
	for range 2 * warehouse.MostCounted {
		events = append(events, at(0, audit.Event{Kind: "page", Outcome: "refused"}))
	}
	if got := look(events); got.Refusals != warehouse.MostCounted {
		t.Errorf("%d refusals", got.Refusals)
	}
}

// Everybody who was shown rows of a patient is named once, whoever saw them last
// first; who only asked about the patient, or saw others, is not.
func TestWhoSaw(t *testing.T) {
	one, other := audit.Mark("AAAAAAAAAAAA"), audit.Mark("BBBBBBBBBBBB")
	var events []audit.Event
	add := func(who, under string, rows int, marks ...audit.Mark) {
		events = append(events, audit.Event{At: noon.Add(time.Duration(len(events)) * time.Minute), Kind: "view", Actor: who, Purpose: under, Rows: rows, Outcome: "shown", Persons: audit.NewPersons(marks)})
	}
	add("ana", "DSA-1 Study", 50, one, other)
	add("bob", "DSA-2 Clinic", 1, one)
	add("ana", "DSA-3 Other", 1, one)
	add("dan", "DSA-1 Study", 5, other)
	add("eve", "", 0, one)
	for range warehouse.EventsAtOnce {
		add("ana", "DSA-1 Study", 2, one)
	}
	d := overseen(t, events...)
	acc := access(t, policy.Evidence{Account: "eve", Role: policy.Auditor})
	seen, page, err := d.WhoSaw(t.Context(), acc, one, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	want := []warehouse.Seer{
		{Person: "ana", Times: 52, Rows: 151, First: noon, Last: noon.Add(54 * time.Minute), Agreements: []string{"DSA-1 Study", "DSA-3 Other"}},
		{Person: "bob", Times: 1, Rows: 1, First: noon.Add(time.Minute), Last: noon.Add(time.Minute), Agreements: []string{"DSA-2 Clinic"}},
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	if len(page.List) != warehouse.EventsAtOnce || !page.Older || page.Newer {
		t.Errorf("page of %d, older %t, newer %t", len(page.List), page.Older, page.Newer)
	}
	if last := d.log.events[len(d.log.events)-1]; last.Kind != "oversight" || !last.Persons.Holds(one) {
		t.Errorf("recorded: %+v", last)
	}
}
