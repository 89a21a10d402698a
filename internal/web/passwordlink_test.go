package web_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

const chosen = "tulips under the bridge"

// handed is the path of the link that a page shows to be handed over.
func (s *site) handed(w *httptest.ResponseRecorder) string {
	s.t.Helper()
	link := parse(s.t, w.Body.String()).first(byTag("main")).first(byTag("code")).text()
	path, ok := strings.CutPrefix(link, "http://localhost/sign-in/link/")
	if w.Code != http.StatusOK || !ok || len(path) < 43 {
		s.t.Fatalf("status %d, link %q", w.Code, link)
	}
	return "/sign-in/link/" + path
}

// open chooses a password by a link, and goes on signed in.
func (s *site) open(who policy.Role, link string) {
	s.t.Helper()
	status, body, at := s.get(who, link)
	token := parse(s.t, body).first(func(n node) bool { return n.attr("name") == "token" }).attr("value")
	if status != http.StatusOK || at != link || !strings.HasSuffix(link, "/"+token) {
		s.t.Fatalf("status %d at %s", status, at)
	}
	if w := s.post(who, "/sign-in/link", url.Values{"token": {token}, "password": {chosen}, "again": {chosen}}); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/second-factor?next=") {
		s.t.Fatalf("choosing a password: %d to %s: %s", w.Code, w.Header().Get("Location"), plain(w.Body.String()))
	}
}

// From the lead's button to the second factor: the lead sees the link once, the
// person chooses the password, and no page, log or event holds either.
func TestALinkIsHandedOver(t *testing.T) {
	var log bytes.Buffer
	s := open(t, &web.Assets{}, func(s *source) { s.log = slog.NewTextHandler(&log, nil) })
	before := s.events()
	w := s.post(lead, "/oversight/add-person", url.Values{"account": {"bob"}, "display": {"Bob Brown"}, "role": {"researcher"}})
	link := s.handed(w)
	contains(t, w.Body.String(), "Account added", "It works once, until 27/11/2026 12:00", "name them on an agreement")
	const bob policy.Role = "bob"
	got := s.take(bob, way{address: link})
	contains(t, got.Body.String(), "Welcome, Bob Brown", "At least 12 characters", "Your account name is not in it", "stolen elsewhere")
	if h := got.Header(); h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || len(got.Result().Cookies()) != 0 {
		t.Errorf("headers %v", h)
	}
	if n := strings.Count(got.Body.String(), strings.TrimPrefix(link, "/sign-in/link/")); n != 1 {
		t.Errorf("the page holds the token %d times, not in the form alone", n)
	}
	token := strings.TrimPrefix(link, "/sign-in/link/")
	for name, c := range map[string]struct {
		form url.Values
		at   string
	}{
		"nothing":   {url.Values{"token": {token}}, "password"},
		"not-twice": {url.Values{"token": {token}, "password": {chosen}, "again": {chosen + "x"}}, "again"},
		"short":     {url.Values{"token": {token}, "password": {"short"}, "again": {"short"}}, "password"},
		"known":     {url.Values{"token": {token}, "password": {"password1234567"}, "again": {"password1234567"}}, "password"},
		"account":   {url.Values{"token": {token}, "password": {"bob and the bridges"}, "again": {"bob and the bridges"}}, "password"},
	} {
		w := s.post(bob, "/sign-in/link", c.form)
		if doc := parse(t, w.Body.String()); w.Code != http.StatusBadRequest || doc.first(byID(c.at)).attr("aria-invalid") != "true" || doc.first(byID("password")).attr("value") != "" {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	s.open(bob, link)
	if _, body, at := s.get(bob, "/records"); !strings.HasPrefix(at, "/account/second-factor?next=") || !strings.Contains(plain(body), "Set up a second factor to go on") {
		t.Errorf("after the password: %s", at)
	}
	again := s.post("", "/sign-in/link", url.Values{"token": {token}, "password": {chosen}, "again": {chosen}})
	for name, w := range map[string]*httptest.ResponseRecorder{"opened": s.take("", way{address: link}), "sent": again} {
		if w.Code != http.StatusGone || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s again: %d", name, w.Code)
		}
		contains(t, w.Body.String(), "This link does not work any more", "has been used, and works once", "Go to sign-in")
	}
	want := []string{"user-added begun", "user-added done", "password-chosen begun", "password-chosen done", "sign-in done", "password-chosen refused"}
	var events []string
	for _, e := range s.since(before) {
		events = append(events, e.Kind+" "+e.Outcome)
		if body, err := json.Marshal(e); err != nil || strings.Contains(string(body), token) || strings.Contains(string(body), chosen) {
			t.Errorf("the event %s holds a secret, %v", e.Kind, err)
		}
	}
	if strings.Join(events, ", ") != strings.Join(want, ", ") {
		t.Errorf("events: %v", events)
	}
	if said := log.String(); strings.Contains(said, token) || !strings.Contains(said, "GET /sign-in/link/{token}") {
		t.Error("the log holds the token, or not the page")
	}
}

// A lead starts the replacement of a password and never learns one; what was set
// up beside the password stays.
func TestALinkInPlaceOfAPassword(t *testing.T) {
	s := open(t, &web.Assets{})
	w := s.post(lead, "/oversight/people/planner", url.Values{"do": {"link"}, "password": {"a password of the lead"}})
	link := s.handed(w)
	contains(t, w.Body.String(), "Link to replace a password", "It works once, until 24/11/2026 12:15", "The second factor stays")
	if _, body, _ := s.get(policy.Planner, "/account"); !strings.Contains(plain(body), "ig-lead made a link to replace your password") {
		t.Error("the owner is not told of the link")
	}
	older := link
	link = s.handed(s.post(lead, "/oversight/people/planner", url.Values{"do": {"link"}}))
	if w := s.take("", way{address: older}); w.Code != http.StatusGone {
		t.Errorf("the link before the newest: %d", w.Code)
	}
	const other policy.Role = "other browser"
	s.open(other, link)
	if _, _, at := s.get(policy.Planner, "/account"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the session of before: %s", at)
	}
	_, body, at := s.get(other, "/second-factor?next=/tables")
	if at != "/account/second-factor?next=%2Ftables" || !strings.Contains(body, `href="/tables"`) {
		t.Errorf("led to %s without a way on", at)
	}
	_, body, _ = s.get(other, "/account")
	contains(t, body, "Your password was replaced by a link")
	for _, do := range []string{"password", "set-password", ""} {
		if w := s.post(lead, "/oversight/people/planner", url.Values{"do": {do}, "password": {chosen}}); w.Code != http.StatusBadRequest {
			t.Errorf("%q: %d", do, w.Code)
		}
	}
	link = s.handed(s.post(lead, "/oversight/people/planner", url.Values{"do": {"link"}}))
	s.now = s.now.Add(16 * time.Minute)
	w = s.take("", way{address: link})
	if w.Code != http.StatusGone {
		t.Errorf("after 16 minutes: %d", w.Code)
	}
	contains(t, w.Body.String(), "This link ended on 24 November 2026 at 12:15", "for a new one")
}

// One's own password is changed on the account's page, after saying that it is
// oneself; the next page tells of it.
func TestOwnPassword(t *testing.T) {
	s := open(t, &web.Assets{})
	const pla, now = policy.Planner, "a long password of a test"
	s.now = s.now.Add(6 * time.Minute)
	for _, w := range []*httptest.ResponseRecorder{s.take(pla, way{address: "/account/password"}), s.post(pla, "/account/password", url.Values{"current": {now}, "password": {chosen}, "again": {chosen}})} {
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/second-factor?next=%2Faccount%2Fpassword" {
			t.Errorf("late: %d to %s", w.Code, w.Header().Get("Location"))
		}
	}
	if w := s.post(pla, "/second-factor", url.Values{"password": {now}, "next": {"/account/password"}}); w.Header().Get("Location") != "/account/password" {
		t.Fatalf("after the password: %d to %s", w.Code, w.Header().Get("Location"))
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		at     string
	}{
		"wrong-now": {url.Values{"current": {"wrong"}, "password": {chosen}, "again": {chosen}}, http.StatusForbidden, "current"},
		"not-twice": {url.Values{"current": {now}, "password": {chosen}, "again": {"x"}}, http.StatusBadRequest, "again"},
		"short":     {url.Values{"current": {now}, "password": {"short"}, "again": {"short"}}, http.StatusBadRequest, "password"},
	} {
		if w := s.post(pla, "/account/password", c.form); w.Code != c.status || parse(t, w.Body.String()).first(byID(c.at)).attr("aria-invalid") != "true" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	before := s.cookies[pla].Value
	if w := s.post(pla, "/account/password", url.Values{"current": {now}, "password": {chosen}, "again": {chosen}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/account" || s.cookies[pla].Value == before {
		t.Fatalf("changing: %d to %s", w.Code, w.Header().Get("Location"))
	}
	_, body, _ := s.get(pla, "/account")
	contains(t, body, "Your password was changed, from 192.0.2.1", "Change password")
	s.weak("ann", policy.Researcher) // who owes a second factor
	if _, _, at := s.get("ann", "/account/password"); !strings.HasPrefix(at, "/account/second-factor?next=%2Faccount%2Fpassword") {
		t.Errorf("before the second factor: %s", at)
	}
}
