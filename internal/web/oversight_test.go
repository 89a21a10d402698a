package web_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/auth"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

const lead = policy.Governance

// filled is the form of a page as it stands, with changes.
func (s *site) filled(role policy.Role, address string, change url.Values) url.Values {
	s.t.Helper()
	status, body, _ := s.get(role, address)
	if status != http.StatusOK {
		s.t.Fatalf("%s: status %d", address, status)
	}
	out := parse(s.t, body).first(func(n node) bool { return n.Data == "form" && strings.Contains(n.attr("class"), "form") }).form()
	for key, value := range change {
		out[key] = value
	}
	return out
}

// second is another lead, who consents.
const second policy.Role = "leo"

// consented has the other lead consent to what a lead has just proposed, and returns
// where that leads.
func (s *site) consented(w *httptest.ResponseRecorder) string {
	s.t.Helper()
	at := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/oversight/proposals/") {
		s.t.Fatalf("nothing was proposed: %d to %q: %s", w.Code, at, plain(w.Body.String()))
	}
	if _, err := s.store.UserByName(s.t.Context(), string(second)); err != nil {
		s.join(string(second), policy.Governance, "")
	}
	got := s.post(second, at, url.Values{"do": {"consent"}})
	if got.Code != http.StatusSeeOther {
		s.t.Fatalf("consent: %d: %s", got.Code, plain(got.Body.String()))
	}
	return got.Header().Get("Location")
}

// changes are the events of changes since the first n, in short.
func (s *site) changes(n int) []string {
	var out []string
	for _, e := range s.since(n) {
		if e.Outcome != "shown" {
			out = append(out, strings.Join([]string{e.Kind, e.Actor, e.Outcome}, " "))
		}
	}
	return out
}

// A lead adds an agreement, names a person, amends, takes the person off and
// revokes; each is in the record before and after, and what is wrong is said with
// all that was typed.
func TestAgreementsByTheLead(t *testing.T) {
	s := open(t, &web.Assets{})
	s.join("ana", policy.Researcher, "")
	const ana policy.Role = "ana"
	add := url.Values{"ref": {"DSA/9"}, "title": {"Eczema and asthma"}, "basis": {"study"}, "organisation": {"University"}, "from": {"01/11/2026"}, "until": {"31/12/2026"}, "subsets": {"dermatology"}, "years": {"0809, 0910"},
		"fields": {"LSOA01 nothing"}, "proof.dspt": {"8XX"}, "proof.dspt.from": {"tomorrow"}, "terms": {"Not for teaching."}}
	before := s.events()
	w := s.post(lead, "/oversight/add-agreement", add)
	doc := parse(t, w.Body.String())
	if w.Code != http.StatusBadRequest || len(s.changes(before)) != 0 {
		t.Fatalf("status %d, %v", w.Code, s.changes(before))
	}
	contains(t, w.Body.String(), "Error: Add an agreement", "There is a problem", "There is no field nothing in the data dictionary.", "Write a day as 31/03/2027")
	for _, at := range []string{"#fields", "#proof.dspt.from"} {
		if !doc.first(func(n node) bool { return n.attr("href") == at }).ok() || !doc.first(byID(at[1:])).ok() {
			t.Errorf("no way from the summary to %s", at)
		}
	}
	if diff := cmp.Diff("Eczema and asthma", doc.first(byID("title")).attr("value")); diff != "" || doc.first(byID("proof.dspt.from")).attr("value") != "tomorrow" {
		t.Error("what was typed is lost", diff)
	}
	add.Set("fields", "lsoa01")
	add.Set("proof.dspt.from", "2026-11-01")
	if to := s.consented(s.post(lead, "/oversight/add-agreement", add)); to != "/oversight/agreements/DSA%2F9" {
		t.Fatalf("to %q", to)
	}
	signIn := func(e string) bool { return strings.HasPrefix(e, "sign-in") }
	if diff := cmp.Diff([]string{"agreement-added-proposed ig-lead begun", "agreement-added-proposed ig-lead done", "agreement-added leo begun", "agreement-added leo done"}, slices.DeleteFunc(s.changes(before), signIn)); diff != "" {
		t.Error(diff)
	}
	if w = s.post(lead, "/oversight/add-agreement", add); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "of that reference already") {
		t.Errorf("added twice: %d", w.Code)
	}
	at := "/oversight/agreements/DSA%2F9"
	_, body, _ := s.get(lead, at)
	contains(t, body, "Nobody sees anything under it yet. Missing: study protocol.", "Nobody is named on it", "LSOA01", "31/12/2026", "Study protocol missing", "Not for teaching.")
	_, body, _ = s.get(lead, "/oversight/agreements")
	contains(t, body, "DSA/9 Eczema and asthma incomplete study protocol", "Ends within 90 days", "24/12/2026 12:00 30 days agreement DSA-1")
	// naming
	name := url.Values{"person": {"ana"}, "from": {"01/11/2026"}, "trained": {"25/11/2026"}}
	w = s.post(lead, at+"/person", name)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "This day has not come yet.") {
		t.Errorf("training to come: %d", w.Code)
	}
	name.Set("trained", "1 November 2026")
	_, body, _ = s.get(second, s.consented(s.post(lead, at+"/person", name)))
	contains(t, body, "is named on it and sees nothing yet: study protocol is missing.")
	_, body, _ = s.get(ana, "/purpose")
	contains(t, body, "Agreement DSA/9 has no study protocol on file.")
	// amending
	form := s.filled(lead, at+"/amend", url.Values{"proof.protocol": {"v1"}, "proof.protocol.from": {"01/11/2026"}})
	stale := s.filled(lead, at+"/amend", url.Values{"title": {"Another title"}})
	before = s.events()
	s.consented(s.post(lead, at+"/amend", form))
	events := s.since(before)
	if len(events) != 4 || events[3].Question != "protocol: v1 from 2026-11-01 00:00 (was nothing); proposed by ig-lead" || events[3].Purpose != "DSA/9 Eczema and asthma" {
		t.Errorf("events of the change: %+v", events)
	}
	if w = s.post(lead, at+"/amend", stale); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Another title") {
		t.Errorf("a form from before another change: %d", w.Code)
	}
	if w = s.post(ana, "/purpose", agreed("DSA/9", "1.1")); w.Code != http.StatusSeeOther {
		t.Fatalf("choosing: %d: %s", w.Code, plain(w.Body.String()))
	}
	if status, _, _ := s.get(ana, "/records"); status != http.StatusOK {
		t.Fatalf("records: %d", status)
	}
	// off, and on again, and revoked
	if w = s.post(lead, at+"/take-off", url.Values{"person": {"ana"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("taking off: %d", w.Code)
	}
	if status, _, _ := s.get(ana, "/records"); status != http.StatusForbidden {
		t.Errorf("after being taken off: %d", status)
	}
	s.consented(s.post(lead, at+"/person", name))
	if w = s.post(lead, at+"/revoke", url.Values{"why": {" "}}); w.Code != http.StatusBadRequest {
		t.Errorf("revoked for no reason: %d", w.Code)
	}
	if w = s.post(lead, at+"/revoke", url.Values{"why": {"The study is over."}}); w.Code != http.StatusSeeOther {
		t.Fatalf("revoking: %d", w.Code)
	}
	if status, body, _ := s.get(ana, "/records"); status != http.StatusForbidden || !strings.Contains(body, "revoked") {
		t.Errorf("after the revocation: %d", status)
	}
	_, body, _ = s.get(policy.Auditor, at)
	contains(t, body, "revoked", "The study is over.")
	if strings.Contains(body, "/amend") {
		t.Error("an auditor is offered a change")
	}
}

// A clinician's confirmation is the clinician's own: what a lead sends of it counts
// for nothing, and what is on file stays.
func TestALeadConfirmsForNobody(t *testing.T) {
	s := open(t, &web.Assets{})
	at := "/oversight/agreements/CLINIC-1/person"
	place := func(name string) registry.Member {
		t.Helper()
		u, err := s.store.UserByName(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.store.Member(t.Context(), "CLINIC-1", u.ID)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	was := place("clinician")
	s.weak("cleo", policy.Clinician)
	for _, name := range []string{"clinician", "cleo"} {
		form := s.filled(lead, at+"?person="+name, url.Values{"person": {name}, "from": {"01/11/2026"}, "trained": {"01/11/2026"}, "registration": {"C1"}, "sponsor": {"Dr New"}, "attested": {"24/11/2026 11:00"}})
		s.consented(s.post(lead, at, form))
	}
	if is := place("clinician"); is.Sponsor != "Dr New" || !is.Attested.Equal(was.Attested) {
		t.Errorf("of a clinician who confirmed %v there is on file %+v", was.Attested, is)
	}
	if is := place("cleo"); !is.Attested.IsZero() {
		t.Errorf("a lead confirmed for somebody else: %v", is.Attested)
	}
}

// A form that was opened before another lead changed the person's place gives nothing
// back that was taken away; a confirmation in between does not matter.
func TestAFormFromBeforeAnotherChangeOfAPlace(t *testing.T) {
	s := open(t, &web.Assets{})
	at := "/oversight/agreements/CLINIC-1/person"
	stale := s.filled(lead, at+"?person=clinician", nil)
	other := s.filled(lead, at+"?person=clinician", url.Values{"until": {"24/11/2026 12:00"}, "from": {"01/11/2026"}})
	u, err := s.store.UserByName(t.Context(), "clinician")
	if err == nil {
		err = s.store.Attest(t.Context(), "CLINIC-1", u.ID, s.now)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w := s.post(lead, at, other); w.Code != http.StatusSeeOther {
		t.Fatalf("ending the place: %d: %s", w.Code, plain(w.Body.String()))
	}
	for _, again := range []url.Values{stale, {"person": {"clinician"}, "from": {"01/11/2026"}, "trained": {"01/11/2026"}}} {
		if w := s.post(lead, at, again); w.Code != http.StatusConflict || !strings.Contains(plain(w.Body.String()), "Somebody else has changed what is on file of this person") {
			t.Errorf("status %d: %s", w.Code, plain(w.Body.String()))
		}
	}
	m, err := s.store.Member(t.Context(), "CLINIC-1", u.ID)
	if err != nil || !m.Until.Equal(s.now) || !m.Attested.Equal(s.now) {
		t.Errorf("%+v, %v", m, err)
	}
	if status, _, _ := s.get(policy.Clinician, "/records?view=patients"); status != http.StatusForbidden {
		t.Errorf("after the place has ended: %d", status)
	}
}

// Nothing is changed that the record does not hold, and a lead changes nothing of
// his or her own.
func TestWhatALeadMayNot(t *testing.T) {
	s := open(t, &web.Assets{})
	s.paper.torn = true
	for address, form := range map[string]url.Values{
		"/oversight/agreements/DSA-1/revoke":   {"why": {"over"}},
		"/oversight/agreements/DSA-1/take-off": {"person": {"researcher"}},
		"/oversight/people/researcher":         {"do": {"close"}},
		"/oversight/people/planner":            {"do": {"link"}},
		"/oversight/add-person":                {"account": {"bob"}, "display": {"Bob"}, "role": {"planner"}},
	} {
		if w := s.post(lead, address, form); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "nothing was changed") {
			t.Errorf("%s without the record: %d", address, w.Code)
		}
	}
	s.paper.torn = false
	if status, _, _ := s.get(policy.Researcher, "/records"); status != http.StatusOK {
		t.Errorf("something was changed: %d", status)
	}
	if _, err := s.store.UserByName(t.Context(), "bob"); err == nil {
		t.Error("an account was added without the record")
	}
	place := url.Values{"from": {"01/11/2026"}, "trained": {"01/11/2026"}}
	with := func(name string) url.Values {
		out := maps.Clone(place)
		out.Set("person", name)
		return out
	}
	for _, c := range []struct {
		as      policy.Role
		address string
		form    url.Values
		status  int
		say     string
	}{
		{lead, "/oversight/agreements/DSA-1/person", with("ig-lead"), http.StatusForbidden, "Nobody changes their own account"},
		{lead, "/oversight/people/ig-lead", url.Values{"do": {"close"}}, http.StatusForbidden, "Nobody changes their own account"},
		{lead, "/oversight/agreements/DSA-1/person", with("planner"), http.StatusBadRequest, "The role “Planner” sees no records"},
		{lead, "/oversight/agreements/DSA-1/person", with("auditor"), http.StatusBadRequest, "The role “Auditor” sees no records"},
		{lead, "/oversight/agreements/DSA-1/person", with("nobody"), http.StatusBadRequest, "no such account"},
		{lead, "/oversight/people/ig-lead", url.Values{"do": {"link"}}, http.StatusForbidden, "Nobody changes their own account"},
		{policy.Auditor, "/oversight/people/researcher", url.Values{"do": {"link"}}, http.StatusForbidden, "Only an information governance lead"},
		{policy.Auditor, "/oversight/people/researcher", url.Values{"do": {"close"}}, http.StatusForbidden, "Only an information governance lead"},
		{policy.Researcher, "/oversight/agreements/DSA-1/person", with("researcher"), http.StatusForbidden, "are seen by information governance leads"},
		{policy.DataManager, "/oversight/people/researcher", url.Values{"do": {"close"}}, http.StatusForbidden, "are seen by information governance leads"},
	} {
		w := s.post(c.as, c.address, c.form)
		if w.Code != c.status || !strings.Contains(plain(w.Body.String()), c.say) {
			t.Errorf("%s as %s: %d: %s", c.address, c.as, w.Code, plain(w.Body.String()))
		}
	}
}

// An account is added without a password; closing it ends its sessions.
func TestAccountsByTheLead(t *testing.T) {
	s := open(t, &web.Assets{})
	w := s.post(lead, "/oversight/add-person", url.Values{"account": {"A b"}, "display": {"Bob Brown"}})
	if w.Code != http.StatusBadRequest || parse(t, w.Body.String()).first(byID("display")).attr("value") != "Bob Brown" {
		t.Fatalf("status %d", w.Code)
	}
	w = s.post(lead, "/oversight/add-person", url.Values{"account": {"Bob"}, "display": {"Bob Brown"}, "role": {"researcher"}, "password": {"a password of the lead"}, "hash": {"x"}})
	if u, err := s.store.UserByName(t.Context(), "bob"); w.Code != http.StatusOK || err != nil || u.Hash != "" {
		t.Fatalf("status %d, the account %+v, %v", w.Code, u, err)
	}
	_, body, _ := s.get(lead, "/oversight/people")
	contains(t, body, "Bob Brown bob Study team open Never")
	_, body, _ = s.get(lead, "/oversight/people/bob")
	contains(t, body, "Not chosen yet.", "it works until 27/11/2026 12:00")
	s.open("bob", s.handed(w))
	_, body, _ = s.get(lead, "/oversight/people")
	contains(t, body, "Bob Brown bob Study team open 24/11/2026 12:00")
	_, body, _ = s.get(lead, "/oversight/people/bob")
	contains(t, body, "By a link, on 24/11/2026 12:00", "Make a password link")
	if w := s.post(lead, "/oversight/people/bob", url.Values{"do": {"end-sessions"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("ending sessions: %d", w.Code)
	}
	if _, _, at := s.get("bob", "/account"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("after all sessions were ended: %s", at)
	}
	if w := s.post(lead, "/oversight/people/bob", url.Values{"do": {"close"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("closing: %d", w.Code)
	}
	if _, _, err := s.auth.SignIn(t.Context(), "bob", chosen, auth.From{Address: "127.0.0.1", Request: "test"}); err == nil {
		t.Error("a closed account signs in")
	}
	if w := s.post(lead, "/oversight/people/bob", url.Values{"do": {"link"}}); w.Code != http.StatusConflict || !strings.Contains(plain(w.Body.String()), "The account is closed") {
		t.Errorf("a link for a closed account: %d", w.Code)
	}
}

// A clinician confirms the responsibility again when it ends within 30 days or has
// ended, and only if nothing else is missing.
func TestConfirmingResponsibility(t *testing.T) {
	s := open(t, &web.Assets{})
	const cli = policy.Clinician
	if _, body, _ := s.get(cli, "/purpose"); strings.Contains(body, "responsible.CLINIC-1") {
		t.Error("asked for 60 days before")
	}
	u, err := s.store.UserByName(t.Context(), "clinician")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.store.Member(t.Context(), "CLINIC-1", u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, days := range []int{70, 91} {
		m.Attested = s.now.AddDate(0, 0, -days)
		m.Trained = m.Attested
		if err := s.store.PutMember(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		_, body, _ := s.get(cli, "/purpose")
		contains(t, body, "Confirm your responsibility", "I still have day-to-day clinical responsibility")
		if w := s.post(cli, "/purpose/confirm", url.Values{"agreement": {"CLINIC-1"}}); w.Code != http.StatusBadRequest {
			t.Errorf("without the tick: %d", w.Code)
		}
		before := s.events()
		if w := s.post(cli, "/purpose/confirm", url.Values{"agreement": {"CLINIC-1"}, "responsible": {"yes"}}); w.Code != http.StatusSeeOther {
			t.Fatalf("confirming: %d", w.Code)
		}
		if diff := cmp.Diff([]string{"attested clinician begun", "attested clinician done"}, s.changes(before)); diff != "" {
			t.Error(diff)
		}
		if m, err = s.store.Member(t.Context(), "CLINIC-1", u.ID); err != nil || !m.Attested.Equal(s.now) {
			t.Errorf("confirmed at %v, %v", m.Attested, err)
		}
		if status, _, _ := s.get(cli, "/records?view=patients"); status != http.StatusOK {
			t.Errorf("after confirming: %d", status)
		}
	}
	m.Attested, m.Sponsor = registry.Member{}.Attested, ""
	if err := s.store.PutMember(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if w := s.post(cli, "/purpose/confirm", url.Values{"agreement": {"CLINIC-1"}, "responsible": {"yes"}}); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "vouches") {
		t.Errorf("confirmed without a sponsor: %d", w.Code)
	}
}
