package sqlstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

// An event that would be of long before the last one is not written, by whichever
// process, until the clock is right again or somebody says in the record that it is;
// those that come with it are.
func TestEventsGoForward(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	must(t, err)
	other, err := Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { s.Close(); other.Close() })
	at := func(d time.Duration, kind string) audit.Event {
		return audit.Event{At: noon.Add(d), Kind: kind, Actor: "ana", Outcome: "shown"}
	}
	must(t, s.Record(t.Context(), at(0, "view")))
	for _, c := range []struct {
		after time.Duration
		kind  string
		ok    bool
	}{
		{time.Second, "view", true},
		{-4 * time.Second, "view", true}, // at the same time as the one before, and later written
		{time.Hour, "view", true},
		{time.Hour - 6*time.Second, "view", false},
		{0, "sign-in", false},
		{-24 * time.Hour, "view", false},
		{time.Hour - time.Second, "view", true}, // it is right again
		{0, "view", false},
		{0, audit.ClockKind, true}, // it was wrong before
		{time.Minute, "view", true},
	} {
		for _, store := range []*Store{s, other} {
			err := store.Record(t.Context(), at(c.after, c.kind))
			if (err == nil) != c.ok {
				t.Errorf("%s after %v: %v", c.kind, c.after, err)
			}
			if _, back := errors.AsType[*audit.ClockBack](err); !c.ok && (!back || fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "clock of this server was put back") || !strings.Contains(err.Error(), "2026-")) {
				t.Errorf("%s after %v: %v", c.kind, c.after, err)
			}
		}
	}
	var together []pending
	for i, d := range []time.Duration{time.Minute, -time.Hour, 2 * time.Minute, -time.Hour} {
		e := at(d, "view")
		body, err := audit.Encode(e)
		must(t, err)
		together = append(together, pending{event: e, body: body})
		if i == 0 {
			together[0].event.Kind = audit.ClockKind
		}
	}
	for i, err := range s.write(together) {
		if (err == nil) != (i%2 == 0) {
			t.Errorf("the %d. of four at once: %v", i+1, err)
		}
	}
	var last time.Time
	n := int64(0)
	must(t, s.Entries(t.Context(), 1, func(e audit.Entry) bool {
		if n++; e.Seq != n {
			t.Errorf("entry %d is numbered %d", n, e.Seq)
		}
		return true
	}))
	must(t, s.Search(t.Context(), audit.Filter{Oldest: true}, func(e audit.Entry) bool {
		if e.Event.Kind != audit.ClockKind && e.Event.At.Add(audit.SameTime).Before(last) {
			t.Errorf("entry %d is of %v, that before of %v", e.Seq, e.Event.At, last)
		}
		last = e.Event.At
		return true
	}))
}
