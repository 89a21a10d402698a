package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
)

// shelf is an access record in memory.
type shelf struct{ events []audit.Event }

func (s *shelf) Search(_ context.Context, f audit.Filter, visit func(audit.Entry) bool) error {
	all := make([]audit.Entry, len(s.events))
	for i, e := range s.events {
		all[i] = audit.Entry{Seq: int64(i + 1), Event: e}
	}
	if !f.Oldest {
		slices.Reverse(all)
	}
	for _, e := range all {
		if f.Meets(e.Event) && e.Seq > f.After && (f.Before == 0 || e.Seq < f.Before) && !visit(e) {
			return nil
		}
	}
	return nil
}

func (s *shelf) Kinds(context.Context) ([]string, error) { return []string{"view"}, nil }

func (s *shelf) Checkpoints(context.Context) ([]audit.Signed, error) {
	return []audit.Signed{{Entries: 1}, {Entries: 2}}, nil
}

func overseen(t *testing.T, events ...audit.Event) door {
	return setUp(t, func(o *warehouse.Options) { o.Archive = &shelf{events} })
}

// Only whoever oversees the others sees their events; every look and every
// refusal is an event, and without the event nothing is shown.
func TestWhoSeesTheRecord(t *testing.T) {
	d := overseen(t, audit.Event{At: noon, Kind: "view", Actor: "ana", Outcome: "shown"})
	for name, look := range map[string]func(acc policy.Access) error{
		"list": func(acc policy.Access) error {
			_, err := d.Record(t.Context(), acc, audit.Filter{}, warehouse.Client{})
			return err
		},
		"entry": func(acc policy.Access) error {
			_, err := d.RecordEntry(t.Context(), acc, 1, warehouse.Client{})
			return err
		},
		"viewing": func(acc policy.Access) error {
			_, err := d.Viewing(t.Context(), acc, warehouse.Span{Days: 1, Start: noon}, warehouse.Client{})
			return err
		},
		"lately": func(acc policy.Access) error {
			_, err := d.Lately(t.Context(), acc, noon, noon, warehouse.Client{})
			return err
		},
		"who saw": func(acc policy.Access) error {
			_, _, err := d.WhoSaw(t.Context(), acc, "AAAAAAAAAAAA", warehouse.Client{})
			return err
		},
		"checkpoints": func(acc policy.Access) error {
			_, err := d.Checkpoints(t.Context(), acc, warehouse.Client{})
			return err
		},
	} {
		for _, role := range policy.Roles() {
			e := policy.Evidence{Account: "eve", Role: role}
			if role == policy.Clinician {
				e.Provider, e.Specialties = "RAL", []string{"330"}
			}
			acc := access(t, e)
			before := len(d.log.events)
			err := look(acc)
			want, kind := "shown", fault.Internal
			if role != policy.Governance && role != policy.Auditor {
				want, kind = "refused", fault.Denied
			}
			if (err != nil) != (want == "refused") || err != nil && fault.Of(err) != kind {
				t.Errorf("%s as %s: %v", name, role, err)
			}
			if got := d.log.events[before:]; len(got) != 1 || got[0].Kind != "oversight" || got[0].Outcome != want || got[0].Actor != "eve" {
				t.Errorf("%s as %s: %+v", name, role, got)
			}
		}
		d.log.err = errors.New("disk full")
		if err := look(access(t, policy.Evidence{Account: "eve", Role: policy.Auditor})); fault.Of(err) != fault.Unavailable {
			t.Errorf("%s without the event: %v", name, err)
		}
		d.log.err = nil
		if err := look(policy.Access{}); fault.Of(err) != fault.SignIn {
			t.Errorf("%s of nobody: %v", name, err)
		}
	}
}

func TestPagesOfTheRecord(t *testing.T) {
	var events []audit.Event
	for i := range 2*warehouse.EventsAtOnce + 10 {
		events = append(events, audit.Event{At: noon.Add(time.Duration(i) * time.Second), Kind: "view", Actor: []string{"ana", "bob"}[i%2], Outcome: "shown"})
	}
	d := overseen(t, events...)
	acc := access(t, policy.Evidence{Account: "eve", Role: policy.Auditor})
	page := func(f audit.Filter) string {
		t.Helper()
		p, err := d.Record(t.Context(), acc, f, warehouse.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.List) == 0 {
			return "none"
		}
		return fmt.Sprint(p.List[0].Seq, p.List[len(p.List)-1].Seq, p.Newer, p.Older)
	}
	for _, c := range []struct {
		f    audit.Filter
		want string
	}{
		{audit.Filter{}, "110 61 false true"}, {audit.Filter{Before: 61}, "60 11 true true"}, {audit.Filter{Before: 11}, "10 1 true false"},
		{audit.Filter{After: 10}, "60 11 true true"}, {audit.Filter{After: 60}, "110 61 false true"}, {audit.Filter{Actor: "ana"}, "109 11 false true"}, {audit.Filter{Actor: "nobody QQ"}, "none"},
	} {
		if got := page(c.f); got != c.want {
			t.Errorf("%+v: %s, want %s", c.f, got, c.want)
		}
	}
	if last := d.log.events[len(d.log.events)-1]; strings.Contains(last.Question, "QQ") {
		t.Errorf("words that somebody typed are in the record: %s", last.Question)
	}
	own, err := d.OwnRecord(t.Context(), "bob", policy.Planner, audit.Filter{Actor: "ana"}, warehouse.Client{})
	if err != nil || slices.ContainsFunc(own.List, func(e audit.Entry) bool { return e.Event.Actor != "bob" }) || len(own.List) != warehouse.EventsAtOnce {
		t.Errorf("%v, %d", err, len(own.List))
	}
	for _, n := range []int64{-1, 0, 111, 1 << 62} {
		if _, err := d.RecordEntry(t.Context(), acc, n, warehouse.Client{}); fault.Of(err) != fault.NotFound {
			t.Errorf("entry %d: %v", n, err)
		}
	}
}

// Viewing is added up by person and span, patients once, and measured by what is
// usual for the same person.
func TestBulkViewing(t *testing.T) {
	patients := func(from, n int) audit.Persons {
		var out []audit.Mark
		for i := range n {
			out = append(out, audit.Mark(fmt.Sprintf("P%011d", from+i)))
		}
		return audit.NewPersons(out)
	}
	day := noon.Truncate(24 * time.Hour)
	var events []audit.Event
	see := func(who string, ago, from, n int) {
		events = append(events, audit.Event{At: day.AddDate(0, 0, -ago).Add(time.Hour), Kind: "view", Actor: who, Rows: n, Persons: patients(from, n), Outcome: "shown"})
	}
	for ago := 30; ago > 0; ago-- {
		see("steady", ago, 0, 40)
		see("burst", ago, 0, 20)
	}
	see("steady", 100, 0, 9000) // too long ago to be usual
	slices.SortStableFunc(events, func(a, b audit.Event) int { return a.At.Compare(b.At) })
	see("steady", 0, 0, 100)
	see("burst", 0, 0, 50)
	see("burst", 0, 40, 30) // ten of them again
	see("new", 0, 0, 200)
	see("new", 0, 100, 101)
	events = append(events, audit.Event{At: noon, Kind: "view", Actor: "counts", Outcome: "shown"})
	d := overseen(t, events...)
	acc := access(t, policy.Evidence{Account: "eve", Role: policy.Governance})
	got, err := d.Viewing(t.Context(), acc, warehouse.Span{Days: 1, Start: day}, warehouse.Client{})
	want := []warehouse.Viewing{
		{Person: "new", Views: 2, Rows: 301, Patients: 201, LimitRows: 1000, LimitPatients: 200, Marked: true},
		{Person: "steady", Views: 1, Rows: 100, Patients: 100, Spans: 30, UsualRows: 40, UsualPatients: 40, LimitRows: 250, LimitPatients: 120},
		{Person: "burst", Views: 2, Rows: 80, Patients: 70, Spans: 30, UsualRows: 20, UsualPatients: 20, LimitRows: 250, LimitPatients: 60, Marked: true},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	monday := day.AddDate(0, 0, -1) // the 24th is a Tuesday
	week, err := d.Viewing(t.Context(), acc, warehouse.Span{Days: 7, Start: monday}, warehouse.Client{})
	if err != nil || len(week) != 3 || week[1].Person != "steady" || week[1].Rows != 140 || week[1].Patients != 100 || week[1].Spans != 5 || week[1].UsualRows != 280 {
		t.Errorf("%v, %+v", err, week)
	}
}
