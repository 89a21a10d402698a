package web_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// A clock that is put back while the site runs is noticed with the next question:
// nothing is shown, nobody signs in and nothing is changed until it is right, and the
// log says why. So what has ended does not come back.
func TestTheClockIsPutBack(t *testing.T) {
	var log strings.Builder
	s := open(t, &web.Assets{}, func(o *source) { o.log = slog.NewTextHandler(&log, nil) })
	right := s.now
	ways := map[policy.Role]string{policy.Researcher: "/records", policy.Clinician: "/records?view=patients", policy.Planner: "/tables/sex", policy.Governance: "/oversight/record", policy.DataManager: "/quality"}
	for role, address := range ways {
		if got := s.visit(role, address); got.Code != http.StatusOK {
			t.Fatalf("%s: status %d", address, got.Code)
		}
	}
	for _, back := range []time.Duration{6 * time.Second, time.Hour, 24 * time.Hour} {
		s.now = right.Add(-back)
		before := s.events()
		for role, address := range ways {
			got := s.visit(role, address)
			if text := plain(got.Body.String()); got.Code != http.StatusServiceUnavailable || !strings.Contains(text, "The clock of this server was put back, so nothing is shown or done until it is right") || strings.Contains(got.Body.String(), "<td") {
				t.Errorf("put back by %v, %s: status %d: %s", back, address, got.Code, text)
			}
		}
		if n := s.events() - before; n != 0 {
			t.Errorf("put back by %v there are %d events", back, n)
		}
	}
	if !strings.Contains(log.String(), "this machine's clock says 2026-11-23 12:00:00, and the access record holds an event of 2026-11-24 12:00:00") {
		t.Error(log.String())
	}
	s.now = right.Add(time.Second)
	for role, address := range ways {
		if got := s.visit(role, address); got.Code != http.StatusOK {
			t.Errorf("it is right again, %s: status %d", address, got.Code)
		}
	}
}
