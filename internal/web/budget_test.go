package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web"
)

// Somebody who opens records one after the other is stopped within the hour on every
// page that shows any, in plain words; the information governance lead reads of it
// under Alerts. What shows no record goes on.
func TestBudgetOfRecords(t *testing.T) {
	s := open(t, &web.Assets{}, func(o *source) { o.budget = warehouse.Budget{Records: 20, Rows: 300} })
	ids := s.shown(policy.Researcher)
	stopped := 0
	for i, id := range ids {
		switch got := s.visit(policy.Researcher, "/records/"+id); got.Code {
		case http.StatusTooManyRequests:
			if stopped++; stopped == 1 && i > 20 {
				t.Errorf("stopped at the %dth", i+1)
			}
			if !strings.Contains(plain(got.Body.String()), "within an hour, which is as many as one person may") {
				t.Fatal(plain(got.Body.String()))
			}
		case http.StatusOK, http.StatusNotFound:
			if stopped > 0 {
				t.Error("it goes on once it was stopped")
			}
		default:
			t.Errorf("status %d", got.Code)
		}
	}
	if stopped < 10 {
		t.Errorf("stopped %d times", stopped)
	}
	for range 20 {
		s.visit(policy.Researcher, "/records")
	}
	for _, address := range []string{"/records", "/records?view=patients", "/records?view=spells", "/patients/" + ids[0]} {
		if got := s.visit(policy.Researcher, address); got.Code != http.StatusTooManyRequests {
			t.Errorf("%s is a way round the budget: status %d", address, got.Code)
		}
	}
	if got := s.visit(policy.Researcher, "/records?view=charts"); got.Code != http.StatusOK {
		t.Errorf("charts show no record: status %d", got.Code)
	}
	_, body, _ := s.get(policy.Governance, "/oversight/record?kind=alert")
	if text := plain(body); !strings.Contains(text, "within an hour") || !strings.Contains(text, "researcher") {
		t.Error(text)
	}
	s.now = s.now.Add(time.Hour)
	s.join("rob", policy.Researcher, s.records.agreement.Ref)
	if got := s.visit("rob", "/records"); got.Code != http.StatusOK {
		t.Errorf("another person: status %d", got.Code)
	}
}
