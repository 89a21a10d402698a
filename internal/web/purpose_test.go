package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// post sends a form as somebody.
func (s *site) post(role policy.Role, address string, form url.Values) *httptest.ResponseRecorder {
	s.t.Helper()
	if !form.Has("purpose") {
		form.Set("purpose", s.purpose(role))
	}
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name == "session" {
			s.cookies[role] = c
		}
	}
	return w
}

func agreed(ref, terms string) url.Values {
	return url.Values{"agreement": {ref}, "terms." + ref: {terms}, "agree-1": {"yes"}, "agree-2": {"yes"}, "agree-3": {"yes"}, "next": {"/records?sex=1"}}
}

// Nobody sees a record before saying what for, and what was shown for one purpose
// opens nothing for another.
func TestPurpose(t *testing.T) {
	s := open(t, &web.Assets{})
	second := s.records.agreement
	second.Ref, second.Title, second.Terms = "DSA-2", "Another study", "Not for teaching."
	if err := s.store.AddAgreement(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	s.join("ana", policy.Researcher, "")
	const ana policy.Role = "ana"
	u, err := s.store.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	_, body, at := s.get(ana, "/records?sex=1")
	if at != "/purpose?next=%2Frecords%3Fsex%3D1" || !strings.Contains(plain(body), "You are named on no agreement that is in force") {
		t.Fatalf("at %s: %s", at, plain(body))
	}
	place := policytest.Member(s.records.agreement.From.AddDate(0, 1, 0))
	for _, ref := range []string{"DSA-1", "DSA-2"} {
		if err := s.store.PutMember(t.Context(), registry.Member{Agreement: ref, UserID: u.ID, From: place.From, Trained: place.Trained}); err != nil {
			t.Fatal(err)
		}
	}
	_, body, _ = s.get(ana, "/purpose?next=%2Frecords%3Fsex%3D1")
	contains(t, body, "What will you use the data for today?", "Not for teaching.", "DSA-1, ends 24 December 2026, 12:00.", "ends in 30 days")
	if w := s.part(ana, "/records", "app"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Say first") {
		t.Errorf("a part of a page before the purpose: %d", w.Code)
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		say    string
	}{
		"nothing":     {url.Values{}, http.StatusBadRequest, "Choose what you will use the data for."},
		"not-agreed":  {url.Values{"agreement": {"DSA-1"}, "terms.DSA-1": {"1.1"}, "agree-1": {"yes"}}, http.StatusBadRequest, "you must agree to all"},
		"not-named":   {agreed("CLINIC-1", "1.1"), http.StatusForbidden, "not named on"},
		"unknown":     {agreed("DSA-99", "1.1"), http.StatusForbidden, "You are not named on an agreement of that reference"},
		"older-terms": {agreed("DSA-1", "0.9"), http.StatusConflict, "The terms have changed"},
	} {
		before := s.cookies[ana].Value
		w := s.post(ana, "/purpose", c.form)
		if w.Code != c.status || !strings.Contains(plain(w.Body.String()), c.say) || s.cookies[ana].Value != before {
			t.Errorf("%s: status %d, %s", name, w.Code, plain(w.Body.String()))
		}
	}
	before := s.cookies[ana]
	if w := s.post(ana, "/purpose", agreed("DSA-1", "1.1")); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/records?sex=1" {
		t.Fatalf("status %d to %s", w.Code, w.Header().Get("Location"))
	}
	status, list, _ := s.get(ana, "/records?sex=1")
	if status != http.StatusOK || !strings.Contains(plain(list), "Purpose: Study DSA-1") {
		t.Fatalf("status %d", status)
	}
	now := s.cookies[ana]
	s.cookies[ana] = before
	if _, _, at := s.get(ana, "/records?sex=1"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the token of before the choice still opens %s", at)
	}
	s.cookies[ana] = now
	row := s.rows(ana, "/records?sex=1")[0]
	if status, _, _ := s.get(ana, row); status != http.StatusOK {
		t.Fatalf("own record: %d", status)
	}
	if w := s.post(ana, "/purpose", agreed("DSA-2", "1.1")); w.Code != http.StatusSeeOther {
		t.Fatalf("switching: %d", w.Code)
	}
	if status, _, _ := s.get(ana, row); status != http.StatusNotFound {
		t.Errorf("a record shown for another purpose: %d", status)
	}
	// new terms are to be accepted before anything else is shown
	was, err := s.store.Agreement(t.Context(), second.Ref)
	second = was
	second.Terms = "Not for teaching, nor for talks."
	if err == nil {
		err = s.store.AmendAgreement(t.Context(), was, second)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, at := s.get(ana, "/records"); at != "/purpose?next=%2Frecords" {
		t.Errorf("under changed terms: %s", at)
	}
	if w := s.post(ana, "/purpose", agreed("DSA-2", "1.2")); w.Code != http.StatusSeeOther {
		t.Fatalf("accepting the new terms: %d", w.Code)
	}
	// whatever ends has ended at the next request
	if err := s.store.RemoveMember(t.Context(), "DSA-2", u.ID); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := s.get(ana, "/records"); status != http.StatusForbidden || !strings.Contains(plain(body), "not named on agreement DSA-2") {
		t.Errorf("after being taken off: %d", status)
	}
	if err := s.store.RevokeAgreement(t.Context(), "DSA-1", "the study is over", time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/records", "/records?view=patients", "/records?view=charts", "/records/charts/provider.csv"} {
		if status, body, _ := s.get(policy.Researcher, address); status != http.StatusForbidden || !strings.Contains(plain(body), "revoked") {
			t.Errorf("%s after the revocation: %d", address, status)
		}
	}
	_, body, _ = s.get(policy.Researcher, "/purpose")
	contains(t, body, "Not open to you now", "Agreement DSA-1 has been revoked.")
	// those who see no records have no purpose to choose
	if _, _, at := s.get(policy.Planner, "/purpose"); at != "/tables" {
		t.Errorf("a planner is led to %s", at)
	}
}

// The terms are ticked again when they change, or were accepted too long ago, and
// for each agreement by itself; else a purpose is one click, and the record says
// each time when they were accepted.
func TestTermsAreRemembered(t *testing.T) {
	s := open(t, &web.Assets{})
	second := s.records.agreement
	second.Ref, second.Title = "DSA-2", "Another study"
	if err := s.store.AddAgreement(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	s.join("ana", policy.Researcher, "")
	const ana policy.Role = "ana"
	u, err := s.store.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	name := func(ref string) {
		t.Helper()
		place := policytest.Member(s.records.agreement.From.AddDate(0, 1, 0))
		if err := s.store.PutMember(t.Context(), registry.Member{Agreement: ref, UserID: u.ID, From: place.From, Trained: place.Trained}); err != nil {
			t.Fatal(err)
		}
	}
	name("DSA-1")
	again := func() {
		t.Helper()
		token, _, err := s.auth.SignIn(t.Context(), "ana", "a long password of a test", auth.From{Address: "127.0.0.1", Request: "test"})
		if err != nil {
			t.Fatal(err)
		}
		s.cookies[ana] = &http.Cookie{Name: "session", Value: s.strong(token)}
	}
	bare := func(ref, terms string) url.Values { return url.Values{"agreement": {ref}, "terms." + ref: {terms}} }
	boxes := func() (all, required int, body string) {
		t.Helper()
		_, body, _ = s.get(ana, "/purpose")
		for _, n := range parse(t, body).all(func(n node) bool { return strings.HasPrefix(n.attr("name"), "agree-") }) {
			all++
			if _, must := n.has("required"); must {
				required++
			}
		}
		return all, required, body
	}
	said := func(form url.Values) string {
		t.Helper()
		before := s.events()
		if w := s.post(ana, "/purpose", form); w.Code != http.StatusSeeOther {
			t.Fatalf("choosing: %d: %s", w.Code, plain(w.Body.String()))
		}
		events := s.since(before)
		return events[len(events)-1].Question
	}
	if all, required, _ := boxes(); all != 3 || required != 3 {
		t.Errorf("the first time: %d boxes, %d required", all, required)
	}
	if w := s.post(ana, "/purpose", bare("DSA-1", "1.1")); w.Code != http.StatusBadRequest || !strings.Contains(plain(w.Body.String()), "you must agree to all") {
		t.Errorf("the first time without a tick: %d", w.Code)
	}
	if got := said(agreed("DSA-1", "1.1")); got != "terms 1.1 accepted" {
		t.Errorf("recorded: %s", got)
	}
	for _, days := range []int{1, 28} { // choosing again does not make it last longer
		s.now = time.Date(2026, 11, 24+days, 12, 0, 0, 0, time.UTC)
		again()
		all, _, body := boxes()
		contains(t, body, "You accepted its terms on 24 November 2026.", "Read the terms that you accepted", "not try to identify anyone", "30 days after")
		if _, chosen := parse(t, body).first(func(n node) bool { return n.attr("name") == "agreement" }).has("checked"); all != 0 || !chosen {
			t.Errorf("after %d days: %d boxes, or the only purpose is not chosen already", days, all)
		}
		if got := said(bare("DSA-1", "1.1")); got != "terms 1.1, accepted on 2026-11-24 12:00" {
			t.Errorf("after %d days: recorded: %s", days, got)
		}
	}
	name("DSA-2") // another agreement asks for itself
	if all, required, body := boxes(); all != 3 || required != 0 || !strings.Contains(plain(body), "For a purpose whose terms you have not accepted") {
		t.Errorf("beside another purpose: %d boxes, %d required", all, required)
	}
	if w := s.post(ana, "/purpose", bare("DSA-2", "1.1")); w.Code != http.StatusBadRequest {
		t.Errorf("another purpose without a tick: %d", w.Code)
	}
	if got := said(bare("DSA-1", "1.1")); !strings.Contains(got, "accepted on 2026-11-24") {
		t.Errorf("the one that is remembered: %s", got)
	}
	if w := s.post(ana, "/purpose", bare("DSA-1", "0.9")); w.Code != http.StatusConflict {
		t.Errorf("older terms: %d", w.Code)
	}
	// new terms, and in the end the same after 30 days
	was, err := s.store.Agreement(t.Context(), "DSA-1")
	if err != nil {
		t.Fatal(err)
	}
	is := was
	is.Terms, is.Until = "Not for talks.", s.now.AddDate(1, 0, 0)
	is.Proofs = policytest.Proofs(policy.Study, s.now)
	if err := s.store.AmendAgreement(t.Context(), was, is); err != nil {
		t.Fatal(err)
	}
	if w := s.post(ana, "/purpose", bare("DSA-1", "1.2")); w.Code != http.StatusBadRequest {
		t.Errorf("new terms without a tick: %d", w.Code)
	}
	if got := said(agreed("DSA-1", "1.2")); got != "terms 1.2 accepted" {
		t.Errorf("new terms: %s", got)
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{auth.TermsLast - time.Second, http.StatusSeeOther}, {time.Second, http.StatusBadRequest}} {
		s.now = s.now.Add(c.after)
		again()
		if w := s.post(ana, "/purpose", bare("DSA-1", "1.2")); w.Code != c.want {
			t.Errorf("%v later: %d: %s", c.after, w.Code, plain(w.Body.String()))
		}
	}
}

// A page that is left open under another purpose changes nothing and fetches
// nothing; opened anew it is of the purpose that is chosen by now.
func TestSwitchingInAnotherWindow(t *testing.T) {
	s := open(t, &web.Assets{})
	second := s.records.agreement
	second.Ref, second.Title = "DSA-2", "Another study"
	if err := s.store.AddAgreement(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	s.join("ana", policy.Researcher, "DSA-1")
	const ana policy.Role = "ana"
	u, err := s.store.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := s.get(ana, "/records?sex=1")
	if made := parse(t, list).first(byTag("body")).attr("data-purpose"); made != "DSA-1" {
		t.Fatalf("the page says that it was made for %q", made)
	}
	s.cookies[ana].Value = s.choose(s.cookies[ana].Value, u, "DSA-2")
	for _, part := range []string{"app", "fac-sex", "columns"} {
		got := s.take(ana, way{address: "/records?sex=1", part: part}, "X-Purpose", "DSA-1")
		if got.Code != http.StatusConflict || !strings.Contains(plain(got.Body.String()), "The purpose was changed in another window") || strings.Contains(got.Body.String(), `class="grid`) {
			t.Errorf("%s: status %d, %s", part, got.Code, plain(got.Body.String()))
		}
		doc := parse(t, got.Body.String())
		for _, want := range []string{"/purpose", "/records?sex=1"} {
			if !doc.first(func(n node) bool { return n.Data == "a" && n.attr("href") == want && n.attr("data-nav") == "" }).ok() {
				t.Errorf("%s: no way to %s", part, want)
			}
		}
	}
	if got := s.take(ana, way{address: "/records?sex=1", part: "app"}, "X-Purpose", "DSA-2"); got.Code != http.StatusOK {
		t.Errorf("a part for the purpose of now: %d", got.Code)
	}
	for name, form := range map[string]url.Values{"of-the-other": {"purpose": {"DSA-1"}, "column": {"SEX"}}, "of-none": {"purpose": {""}, "column": {"SEX"}}} {
		for _, address := range []string{"/records/columns", "/records/conditions", "/records/find"} {
			w := s.post(ana, address, form)
			if w.Code != http.StatusConflict || !strings.Contains(plain(w.Body.String()), "The purpose was changed in another window") {
				t.Errorf("%s to %s: %d", name, address, w.Code)
			}
		}
	}
	if u, err = s.store.UserByName(t.Context(), "ana"); err != nil || u.Columns != "" {
		t.Errorf("columns were changed to %q, %v", u.Columns, err)
	}
	if status, body, _ := s.get(ana, "/records?sex=1"); status != http.StatusOK || !strings.Contains(plain(body), "DSA-2") {
		t.Errorf("the page opened anew: %d", status)
	}
}

// Whoever is refused because the purpose has ended is told the way to another; on
// all pages it is said before, once.
func TestEndingIsSaid(t *testing.T) {
	s := open(t, &web.Assets{})
	_, body, _ := s.get(policy.Researcher, "/records")
	if n := strings.Count(plain(body), "Agreement DSA-1 ends in 30 days, on 24 December 2026, 12:00."); n != 1 {
		t.Errorf("the end is said %d times", n)
	}
	for _, address := range []string{"/account", "/dictionary", "/codes", "/records/columns", "/records/conditions", "/purpose"} {
		if _, body, _ := s.get(policy.Researcher, address); strings.Count(plain(body), "Agreement DSA-1 ends in 30 days") != 1 {
			t.Errorf("%s says it %d times", address, strings.Count(plain(body), "ends in 30 days"))
		}
	}
	if err := s.store.RevokeAgreement(t.Context(), "DSA-1", "the study is over", s.now); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"", "app"} {
		got := s.take(policy.Researcher, way{address: "/records", part: part})
		if doc := parse(t, got.Body.String()); got.Code != http.StatusForbidden || !doc.first(func(n node) bool {
			return n.attr("href") == "/purpose" && strings.Contains(n.text(), "Choose another purpose")
		}).ok() {
			t.Errorf("part %q: status %d without a way to another purpose", part, got.Code)
		}
	}
}
