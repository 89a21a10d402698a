package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// Nobody sees a record by one lead's word alone, whoever is asked for it.
func TestTwoPeopleGrant(t *testing.T) {
	s := open(t, &web.Assets{})
	s.join("ana", policy.Researcher, "")
	s.join(string(second), policy.Governance, "")
	const ana policy.Role = "ana"
	at := "/oversight/agreements/DSA-1/person"
	form := s.filled(lead, at+"?person=ana", url.Values{"person": {"ana"}, "from": {"01/11/2026"}, "trained": {"01/11/2026"}})
	named := func() bool {
		t.Helper()
		u, err := s.store.UserByName(t.Context(), "ana")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.store.Member(t.Context(), "DSA-1", u.ID)
		return err == nil
	}
	w := s.post(lead, at, form)
	waits := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(waits, "/oversight/proposals/") || named() {
		t.Fatalf("status %d to %q, named %v", w.Code, waits, named())
	}
	_, body, _ := s.get(lead, waits)
	contains(t, body, "waits for a second person", "Nothing is changed yet.", "ana: from 2026-11-01")
	_, body, _ = s.get(lead, "/oversight")
	contains(t, body, "1 Changes for two")
	for _, role := range []policy.Role{lead, policy.Auditor, policy.Researcher, policy.Clinician, policy.Planner, policy.DataManager, ana} {
		if w := s.post(role, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusForbidden || named() {
			t.Errorf("%s consents: %d, named %v", role, w.Code, named())
		}
	}
	if w := s.post(second, waits, url.Values{"do": {"refuse"}, "why": {" "}}); w.Code != http.StatusBadRequest {
		t.Errorf("refused for no reason: %d", w.Code)
	}
	if w := s.post(second, waits, url.Values{"do": {"refuse"}, "why": {"The training is of another person."}}); w.Code != http.StatusSeeOther {
		t.Errorf("refusing: %d", w.Code)
	}
	if w := s.post(second, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusConflict || named() {
		t.Errorf("consent after the refusal: %d, named %v", w.Code, named())
	}
	_, body, _ = s.get(lead, waits)
	contains(t, body, "refused", "The training is of another person.")
	// withdrawn by who proposed it
	waits = s.post(lead, at, form).Header().Get("Location")
	if w := s.post(lead, waits, url.Values{"do": {"refuse"}}); w.Code != http.StatusSeeOther {
		t.Errorf("withdrawing: %d", w.Code)
	}
	if w := s.post(second, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusConflict || named() {
		t.Errorf("consent after it was withdrawn: %d, named %v", w.Code, named())
	}
	// consented to, once
	waits = s.post(lead, at, form).Header().Get("Location")
	if w := s.post(second, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusSeeOther || !named() {
		t.Errorf("consent: %d, named %v", w.Code, named())
	}
	if w := s.post(second, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusConflict {
		t.Errorf("consent twice: %d", w.Code)
	}
}

// What narrows counts at once; what widens does not count before the consent; and
// what was changed meanwhile is not changed back by it.
func TestWhatTakesTwo(t *testing.T) {
	for name, c := range map[string]struct {
		change url.Values
		two    bool
	}{
		"another title":     {url.Values{"title": {"Psoriasis"}}, false},
		"fewer years":       {url.Values{"years": {"0809"}}, false},
		"no files":          {url.Values{"exports": nil}, false},
		"an earlier end":    {url.Values{"until": {"01/12/2026"}}, false},
		"more years":        {url.Values{"years": {"0809 0910 1011 1112"}}, true},
		"a field":           {url.Values{"fields": {"LSOA01"}}, true},
		"a later end":       {url.Values{"until": {"01/12/2027"}}, true},
		"an earlier start":  {url.Values{"from": {"01/01/2026"}}, true},
		"another data set":  {url.Values{"subsets": {"dermatology all"}}, true},
		"newer evidence":    {url.Values{"proof.dspt": {"8YY"}}, true},
		"another basis":     {url.Values{"basis": {"approved"}}, true},
		"fewer and a field": {url.Values{"years": {"0809"}, "fields": {"LSOA01"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, &web.Assets{})
			was, err := s.store.Agreement(t.Context(), "DSA-1")
			if err != nil {
				t.Fatal(err)
			}
			at := "/oversight/agreements/DSA-1/amend"
			w := s.post(lead, at, s.filled(lead, at, c.change))
			to := w.Header().Get("Location")
			is, _ := s.store.Agreement(t.Context(), "DSA-1")
			waits := strings.HasPrefix(to, "/oversight/proposals/")
			same := is.Title == was.Title && slices.Equal(is.Years, was.Years) && slices.Equal(is.Fields, was.Fields) && slices.Equal(is.Exports, was.Exports) && slices.Equal(is.Subsets, was.Subsets) &&
				is.Until.Equal(was.Until) && is.From.Equal(was.From) && is.Basis == was.Basis && slices.Equal(is.Proofs, was.Proofs)
			if w.Code != http.StatusSeeOther || waits != c.two || same != c.two {
				t.Fatalf("status %d to %q; it is changed: %v: %s", w.Code, to, !same, plain(w.Body.String()))
			}
			if !c.two {
				return
			}
			// meanwhile it is narrowed: the consent must not undo that
			if w := s.post(lead, at, s.filled(lead, at, url.Values{"title": {"Narrower"}})); w.Code != http.StatusSeeOther {
				t.Fatal(w.Code)
			}
			s.join(string(second), policy.Governance, "")
			if w := s.post(second, to, url.Values{"do": {"consent"}}); w.Code != http.StatusConflict {
				t.Errorf("consent to what has changed: %d", w.Code)
			}
			if is, _ := s.store.Agreement(t.Context(), "DSA-1"); is.Title != "Narrower" || !slices.Equal(is.Years, was.Years) {
				t.Errorf("it is %+v", is)
			}
			if p, _ := s.store.Proposal(t.Context(), 1); p.State != registry.ProposalWaiting {
				t.Errorf("it is %s", p.State)
			}
		})
	}
}

// One lead does not become two.
func TestALeadMakesNoOtherLead(t *testing.T) {
	s := open(t, &web.Assets{})
	s.join(string(second), policy.Governance, "")
	w := s.post(lead, "/oversight/add-person", url.Values{"account": {"friend"}, "display": {"A friend"}, "role": {"ig-lead"}})
	if _, err := s.store.UserByName(t.Context(), "friend"); err == nil || w.Code != http.StatusForbidden {
		t.Errorf("status %d, the account is there: %v", w.Code, err == nil)
	}
	w = s.post(lead, "/oversight/people/"+string(second), url.Values{"do": {"link"}})
	if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "/sign-in/link/") {
		t.Errorf("a link to another lead's password: %d", w.Code)
	}
	if _, body, _ := s.get(lead, "/oversight/people/"+string(second)); strings.Contains(body, "Make a password link") {
		t.Error("a link to another lead's password is offered")
	}
	for _, role := range []string{"researcher", "auditor"} {
		if w := s.post(lead, "/oversight/add-person", url.Values{"account": {"new." + role}, "display": {"Somebody"}, "role": {role}}); w.Code != http.StatusOK {
			t.Errorf("%s: %d", role, w.Code)
		}
	}
}

// The record is torn while a second person consents: nothing is changed, and the
// change still waits.
func TestNoConsentWithoutTheRecord(t *testing.T) {
	s := open(t, &web.Assets{})
	s.join("ana", policy.Researcher, "")
	s.join(string(second), policy.Governance, "")
	at := "/oversight/agreements/DSA-1/person"
	waits := s.post(lead, at, s.filled(lead, at+"?person=ana", url.Values{"person": {"ana"}, "from": {"01/11/2026"}, "trained": {"01/11/2026"}})).Header().Get("Location")
	s.paper.torn = true
	if w := s.post(second, waits, url.Values{"do": {"consent"}}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	s.paper.torn = false
	u, _ := s.store.UserByName(t.Context(), "ana")
	if _, err := s.store.Member(t.Context(), "DSA-1", u.ID); err == nil {
		t.Error("it is made without a record")
	}
	if p, _ := s.store.Proposal(t.Context(), 1); p.State != registry.ProposalWaiting {
		t.Errorf("it is %s", p.State)
	}
}

// Before access is granted and a file let out, whoever decides has said within five
// minutes that it is them.
func TestDecidingTakesAFactorOfJustNow(t *testing.T) {
	s := open(t, &web.Assets{})
	s.join("ana", policy.Researcher, "")
	s.join(string(second), policy.Governance, "")
	at := "/oversight/agreements/DSA-1/person"
	change := s.post(lead, at, s.filled(lead, at+"?person=ana", url.Values{"person": {"ana"}, "from": {"01/11/2026"}, "trained": {"01/11/2026"}})).Header().Get("Location")
	file := "/oversight" + s.asked(policy.Researcher, "sex=1", "csv")
	s.site.Tend(t.Context())
	s.now = s.now.Add(5*time.Minute + time.Second)
	for address, do := range map[string]string{change: "consent", file: "approve"} {
		_, body, _ := s.get(second, address)
		contains(t, body, "Say that it is you")
		if strings.Contains(body, `value="`+do+`"`) {
			t.Errorf("%s is offered", do)
		}
		if w := s.post(second, address, url.Values{"do": {do}}); w.Code != http.StatusForbidden {
			t.Errorf("%s six minutes after: %d", do, w.Code)
		}
	}
	s.again(second)
	for address, do := range map[string]string{change: "consent", file: "approve"} {
		if w := s.post(second, address, url.Values{"do": {do}}); w.Code != http.StatusSeeOther {
			t.Errorf("%s after saying so: %d: %s", do, w.Code, plain(w.Body.String()))
		}
	}
}
