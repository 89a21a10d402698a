package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

// A clock that was put back does not bring back what has ended: the site is not served
// until it is right again, or somebody says in the record that it is.
func TestTheClockGoesBack(t *testing.T) {
	data := t.TempDir()
	real := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	serve := func(at time.Time, right bool) (ran bool, kinds []string, err error) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		g := &globals{ctx: ctx, now: func() time.Time { return at }, Data: data, env: Env{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, safe: func(string) (bool, error) { return true, nil }}
		reg, err := g.openRegistry()
		if err != nil {
			t.Fatal(err)
		}
		defer reg.Close()
		err = serveCmd{Listen: "127.0.0.1:0", Small: "nhsd-2018", ClockRight: right}.serve(g, reg, func(string) { ran = true; stop() })
		if e := reg.Entries(t.Context(), 1, func(e audit.Entry) bool {
			_, rest, _ := strings.Cut(string(e.Body), `"kind":"`)
			kind, _, _ := strings.Cut(rest, `"`)
			kinds = append(kinds, kind)
			return true
		}); e != nil {
			t.Fatal(e)
		}
		return ran, kinds, err
	}
	if ran, _, err := serve(real, false); !ran || err != nil {
		t.Fatalf("over an empty record: %v, %v", ran, err)
	}
	g := &globals{ctx: t.Context(), now: time.Now, Data: data}
	reg, err := g.openRegistry()
	if err == nil {
		err = reg.Record(t.Context(), audit.Event{At: real, Kind: "view", Actor: "ana", Outcome: "shown"})
	}
	if err != nil {
		t.Fatal(err)
	}
	reg.Close()
	for _, c := range []struct {
		back time.Duration
		runs bool
	}{{-time.Hour, true}, {0, true}, {4 * time.Second, true}, {6 * time.Second, false}, {24 * time.Hour, false}} {
		ran, _, err := serve(real.Add(-c.back), false)
		if ran != c.runs || !c.runs && (fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "--clock-put-right")) {
			t.Errorf("put back by %v it runs: %v, %v", c.back, ran, err)
		}
	}
	ran, kinds, err := serve(real.Add(-24*time.Hour), true)
	if !ran || err != nil || kinds[len(kinds)-1] != "clock" {
		t.Errorf("and it was said: %v, %v, %v", ran, kinds, err)
	}
	if ran, _, err := serve(real.Add(-24*time.Hour), false); !ran {
		t.Errorf("once it was said: %v", err)
	}
}
