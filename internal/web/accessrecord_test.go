package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// whoSaw sends the form that asks who saw a patient.
func (s *site) whoSaw(role policy.Role, form url.Values) (int, string) {
	s.t.Helper()
	got := s.take(role, way{address: "/oversight/patient", form: form})
	return got.Code, got.Body.String()
}

func TestWhoSawAPatient(t *testing.T) {
	s := open(t, &web.Assets{})
	const key = "SYNTH000000000000000000000000010" // of episodes 20 and 21
	if status, body := s.whoSaw(policy.Governance, url.Values{"key": {key}}); status != http.StatusOK || !strings.Contains(plain(body), "Nobody, as far as the record goes back.") {
		t.Errorf("before anybody saw the patient: %d, %s", status, plain(body))
	}
	s.get(policy.Researcher, "/records?den=w") // 50 rows, the patient's among them
	s.get(policy.Clinician, "/records?view=patients&age=200")
	status, body := s.whoSaw(policy.Governance, url.Values{"key": {" " + key + "\n"}})
	people, rest, _ := strings.Cut(body, "<h2>Events of this patient</h2>")
	if seers := between(people, "<tr>", "</tr>"); len(seers) != 2 || !strings.Contains(seers[1], "researcher 1 50 24 Nov 2026") || !strings.Contains(seers[1], "DSA-1 Study") {
		t.Errorf("who was shown the patient: %q", seers)
	}
	lines := between(rest, "<tr>", "</tr>")
	if status != http.StatusOK || len(lines) != 3 || !strings.Contains(lines[1], "researcher Study team List or charts seen DSA-1 Study") || !strings.Contains(lines[2], "Access record seen list of events that showed one patient 1 Shown") {
		t.Errorf("%d, %q", status, lines)
	}
	if strings.Contains(body, key) {
		t.Error("the key stands on the page again")
	}
	for _, form := range []url.Values{{}, {"key": {"  "}}, {"mark": {"x"}}, {"mark": {strings.Repeat("\xff", 12)}}, {"mark": {"a b c d e f "}}} {
		if status, body := s.whoSaw(policy.Auditor, form); status != http.StatusBadRequest || !strings.Contains(body, "There is a problem") {
			t.Errorf("%v: status %d", form, status)
		}
	}
	if status, _ := s.whoSaw(policy.Researcher, url.Values{"key": {key}}); status != http.StatusForbidden {
		t.Errorf("as a researcher: status %d", status)
	}
	for _, e := range s.since(0) {
		if strings.Contains(e.Question, key) {
			t.Errorf("the key is in the record: %+v", e)
		}
	}
}

func TestTheRecordIsFiltered(t *testing.T) {
	s := open(t, &web.Assets{})
	s.get(policy.Planner, "/records") // refused
	s.get(policy.Researcher, "/records?sex=1")
	for address, want := range map[string]struct{ canonical, says, not string }{
		"/oversight/record?person=planner&outcome=refused":                         {"/oversight/record?person=planner&outcome=refused", "Planner", "Study team"},
		"/oversight/record?to=&from=&outcome=refused&kind=&person=":                {"/oversight/record?outcome=refused", "Planner", "Study team"},
		"/oversight/record?purpose=DSA-1&kind=view&x=1":                            {"/oversight/record?purpose=DSA-1&kind=view", "Sex is 1", "Planner"},
		"/oversight/record?from=2026-11-24&to=2026-11-24&person=nobody":            {"/oversight/record?person=nobody&from=2026-11-24&to=2026-11-24", "No event meets this.", "Sex is 1"},
		"/oversight/record?from=24/11/2026&to=24+Nov+2026&kind=view&outcome=shown": {"/oversight/record?kind=view&outcome=shown&from=2026-11-24&to=2026-11-24", "Sex is 1", "Planner"},
		"/oversight/record?to=2026-11-23":                                          {"/oversight/record?to=2026-11-23", "No event meets this.", "Sex is 1"},
	} {
		status, body, canonical := s.get(policy.Governance, address)
		text := strings.Join(between(body, "<tbody>", "</tbody>"), " ") + strings.Join(between(body, "<p>", "</p>"), " ")
		if status != http.StatusOK || canonical != want.canonical || !strings.Contains(text, want.says) || strings.Contains(text, want.not) {
			t.Errorf("%s: %d, %s, %s", address, status, canonical, text)
		}
	}
	for _, bad := range []string{"from=yesterday", "kind=" + strings.Repeat("k", 200), "outcome=QQ", "before=x", "before=-1", "before=1&after=1", "person=" + strings.Repeat("a", 200), "from=99999-01-01", "from=31/02/2026", "from=2026-11-25&to=2026-11-24"} {
		if status, _, _ := s.get(policy.Governance, "/oversight/record?"+bad); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, status)
		}
	}
	for _, entry := range []string{"0", "-1", "x", "999999", "99999999999999999999"} {
		if status, _, _ := s.get(policy.Governance, "/oversight/record/"+entry); status != http.StatusNotFound {
			t.Errorf("entry %s: status %d", entry, status)
		}
	}
	if status, _, _ := s.get(policy.Governance, "/oversight/bulk?day=x"); status != http.StatusBadRequest {
		t.Errorf("bulk of no day: %d", status)
	}
	_, body, _ := s.get(policy.Governance, "/oversight/bulk?by=week&rank=rows")
	contains(t, body, "Week from 23 November 2026", "researcher")
}

// Everybody sees what was recorded of themselves, whatever they may do otherwise,
// and nothing of anybody else.
func TestOwnRecord(t *testing.T) {
	s := open(t, &web.Assets{})
	s.get(policy.Researcher, "/records?sex=1")
	for _, role := range policy.Roles() {
		status, body, _ := s.get(role, "/account/log")
		if status != http.StatusOK || !strings.Contains(body, "Signed in") || strings.Contains(body, "Sex is 1") != (role == policy.Researcher) {
			t.Errorf("%s: status %d, %s", role, status, plain(body))
		}
	}
	if status, body, _ := s.get(policy.Planner, "/account/log?person=researcher"); status != http.StatusOK || strings.Contains(body, "Sex is 1") {
		t.Error("a planner sees the events of a researcher")
	}
	s.paper.torn = true
	if status, body, _ := s.get(policy.Researcher, "/account/log"); status != http.StatusServiceUnavailable || strings.Contains(body, "Sex is 1") {
		t.Errorf("without the record: status %d", status)
	}
}
