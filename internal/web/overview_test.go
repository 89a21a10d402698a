package web_test

import (
	"net/http"
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// Those who answer for access begin where it says what waits for them; only the
// lead is offered what only the lead may do.
func TestOverview(t *testing.T) {
	s := open(t, &web.Assets{})
	s.get(policy.Planner, "/records") // refused
	s.get(policy.Researcher, "/oversight")
	for _, role := range policy.Roles() {
		status, body, _ := s.get(role, "/oversight")
		if role != policy.Governance && role != policy.Auditor {
			if status != http.StatusForbidden {
				t.Errorf("%s: status %d", role, status)
			}
			continue
		}
		if status != http.StatusOK || strings.Contains(body, "Give somebody access") != (role == policy.Governance) {
			t.Errorf("%s: status %d, %s", role, status, plain(body))
		}
		if refusals := between(body, `?outcome=refused&amp;from=2026-11-24">`, "</a>"); len(refusals) == 0 || !strings.HasSuffix(refusals[0], "Refusals") || strings.HasPrefix(refusals[0], "0") {
			t.Errorf("%s: %q", role, refusals)
		}
	}
}

// A person's page leads to what they saw, and says how they stand on each
// agreement.
func TestWhatAPersonSaw(t *testing.T) {
	s := open(t, &web.Assets{})
	s.get(policy.Researcher, "/records?sex=1")
	_, body, _ := s.get(lead, "/oversight/people/researcher")
	contains(t, plain(body), "What this person saw", "DSA-1", "nothing", "Change or take off")
	status, body, _ := s.get(lead, "/oversight/record?person=researcher&from=2026-11-18")
	if status != http.StatusOK || !strings.Contains(body, "Sex is 1") || !strings.Contains(body, "--person &#39;researcher&#39; --from &#39;2026-11-18&#39;") {
		t.Errorf("status %d, %s", status, plain(body))
	}
	_, body, _ = s.get(policy.Auditor, "/oversight/people/researcher")
	if strings.Contains(body, "Change or take off") {
		t.Error("an auditor is offered a change")
	}
}
