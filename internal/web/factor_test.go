package web_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/web"
)

// shows is what an app shows for the secret on a page.
func shows(t *testing.T, body string, at time.Time) string {
	t.Helper()
	_, rest, _ := strings.Cut(body, `<code class="secret">`)
	text, _, _ := strings.Cut(rest, "<")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(secret) != 20 {
		t.Fatalf("secret %q: %v", text, err)
	}
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// weak adds somebody who has given a password only.
func (s *site) weak(name string, role policy.Role) {
	s.t.Helper()
	u := registry.User{Name: name, Display: "Somebody", Role: role}
	var err error
	if u.Hash, err = s.auth.Hash(s.t.Context(), u, "a long password of a test"); err == nil {
		err = s.store.AddUser(s.t.Context(), u)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	w := s.post(policy.Role(name), "/sign-in", url.Values{"name": {name}, "password": {"a long password of a test"}})
	if w.Code != http.StatusSeeOther {
		s.t.Fatalf("sign-in: %d", w.Code)
	}
}

// Until the second factor is given, every way leads to it, and none to data.
func TestNothingBeforeTheSecondFactor(t *testing.T) {
	s := open(t, &web.Assets{})
	s.weak("ann", policy.Researcher)
	const ann policy.Role = "ann"
	for _, w := range s.ways() {
		if w.gives == nothing {
			continue
		}
		before := s.events()
		got := s.take(ann, w)
		switch {
		case w.part == "" && w.form == nil:
			if to := got.Header().Get("Location"); got.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/second-factor?next=") || plain(got.Body.String()) != "See Other ." {
				t.Errorf("%s: status %d to %s", w, got.Code, to)
			}
		default:
			bare(t, w, got, http.StatusForbidden, "You may not see this Give your second factor first.")
		}
		if s.events() != before {
			t.Errorf("%s: an event", w)
		}
	}
	for _, address := range []string{"/purpose", "/purpose?next=%2Frecords", "/account/log", "/account/log?before=9"} {
		if w := s.take(ann, way{address: address}); !strings.HasPrefix(w.Header().Get("Location"), "/second-factor?next=") {
			t.Errorf("%s leads to %s", address, w.Header().Get("Location"))
		}
	}
	if w := s.post(ann, "/purpose", agreed("DSA-1", "1.1")); w.Code != http.StatusForbidden {
		t.Errorf("choosing a purpose: %d", w.Code)
	}
	for _, address := range []string{"/account", "/account/second-factor", "/", "/dictionary"} {
		if status, _, at := s.get(ann, address); status != http.StatusOK || at != address {
			t.Errorf("%s: %d at %s", address, status, at)
		}
	}
	if w := s.post(ann, "/sign-out", url.Values{}); w.Code != http.StatusSeeOther {
		t.Errorf("signing out: %d", w.Code)
	}
}

// Setting an app up, giving its code the next time, and a recovery code after it.
func TestSecondFactor(t *testing.T) {
	s := open(t, &web.Assets{})
	s.weak("ann", policy.Researcher)
	const ann policy.Role = "ann"
	_, body, at := s.get(ann, "/records?sex=1")
	if at != "/account/second-factor?next=%2Frecords%3Fsex%3D1" {
		t.Fatalf("led to %s", at)
	}
	contains(t, body, "it needs more than a password")
	if w := s.post(ann, "/account/app", url.Values{"next": {"/records?sex=1"}}); w.Header().Get("Location") != "/account/app?next=%2Frecords%3Fsex%3D1" {
		t.Fatalf("led to %s", w.Header().Get("Location"))
	}
	_, form, _ := s.get(ann, "/account/app?next=%2Frecords%3Fsex%3D1")
	contains(t, form, "Scan this picture")
	for _, want := range []string{"otpauth://totp/WebEnable%20HES:ann?issuer=WebEnable%20HES&amp;secret=", `<svg class="qr" viewBox="0 0 `} {
		if !strings.Contains(form, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	before := s.cookies[ann].Value
	if w := s.post(ann, "/account/app/code", url.Values{"code": {"12345x"}}); w.Code != http.StatusForbidden || s.cookies[ann].Value != before {
		t.Errorf("a wrong code: %d", w.Code)
	}
	w := s.post(ann, "/account/app/code", url.Values{"code": {shows(t, form, s.now)}, "next": {"/records?sex=1"}})
	codes := between(w.Body.String(), `<li><code>`, `</code>`)
	if w.Code != http.StatusOK || len(codes) != 10 || s.cookies[ann].Value == before || !strings.Contains(w.Body.String(), `href="/records?sex=1"`) || !strings.Contains(w.Body.String(), "Somebody") {
		t.Fatalf("status %d, %d codes", w.Code, len(codes))
	}
	if _, _, at := s.get(ann, "/records?sex=1"); !strings.HasPrefix(at, "/purpose?next=") {
		t.Errorf("strong, led to %s", at)
	}
	_, body, _ = s.get(ann, "/account")
	contains(t, body, "Authenticator app was added to your account", "10 recovery codes left", "This session")
	s.post(ann, "/account/notices", url.Values{"last": {"999"}})
	if _, body, _ = s.get(ann, "/account"); strings.Contains(body, "Please check") {
		t.Error("a notice that was read is shown again")
	}
	s.now = s.now.Add(6 * time.Minute)
	if w := s.post(ann, "/account/app/remove", url.Values{}); w.Header().Get("Location") != "/second-factor?next=%2Faccount%2Fsecond-factor" {
		t.Errorf("changing factors late: %d to %s", w.Code, w.Header().Get("Location"))
	}
	for i, typed := range []string{shows(t, form, s.now), codes[0]} {
		s.post(ann, "/sign-in", url.Values{"name": {"ann"}, "password": {"a long password of a test"}})
		if _, body, at := s.get(ann, "/records"); !strings.HasPrefix(at, "/second-factor?next=") || !strings.Contains(body, "or a recovery code") {
			t.Fatalf("led to %s", at)
		}
		if w := s.post(ann, "/second-factor", url.Values{"code": {typed}, "next": {"/records?sex=2"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/records?sex=2" {
			t.Fatalf("code %d: %d %s", i, w.Code, plain(w.Body.String()))
		}
		s.post(ann, "/sign-in", url.Values{"name": {"ann"}, "password": {"a long password of a test"}})
		if w := s.post(ann, "/second-factor", url.Values{"code": {typed}}); w.Code != http.StatusForbidden || !strings.Contains(plain(w.Body.String()), "it has been used already") {
			t.Errorf("code %d again: %d", i, w.Code)
		}
		s.now = s.now.Add(time.Minute)
	}
}

// Sessions are listed and ended by their owner.
func TestEndingSessions(t *testing.T) {
	s := open(t, &web.Assets{})
	s.weak("ann", policy.Planner)
	const ann policy.Role = "ann"
	first := s.cookies[ann]
	delete(s.cookies, ann)
	r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("name=ann&password=a+long+password+of+a+test"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1")
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	second := w.Result().Cookies()[0]
	s.cookies[ann] = first
	_, body, _ := s.get(ann, "/account")
	contains(t, body, "Safari on iPhone", "End all others")
	_, rest, _ := strings.Cut(body, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	if w := s.post(ann, "/account/sessions", url.Values{"id": {id}}); w.Code != http.StatusSeeOther {
		t.Fatalf("ending it: %d", w.Code)
	}
	if w := s.post(ann, "/account/sessions", url.Values{"id": {id}}); w.Code != http.StatusGone {
		t.Errorf("ending it again: %d", w.Code)
	}
	s.cookies[ann] = second
	if _, _, at := s.get(ann, "/account"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the ended session opens %s", at)
	}
	s.cookies[ann] = first
	if status, _, _ := s.get(ann, "/account"); status != http.StatusOK {
		t.Errorf("the other one: %d", status)
	}
}

// A registry that cannot be read or written is no mistake of the program: it says
// so, and nobody is signed in or out unawares.
func TestSigningInAndOutWithoutTheRegistry(t *testing.T) {
	s := open(t, &web.Assets{})
	closed, err := sqlstore.Open(t.Context(), t.TempDir())
	if err == nil {
		err = closed.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.paper.Store = closed
	for address, form := range map[string]url.Values{"/sign-in": {"name": {"planner"}, "password": {"a long password of a test"}}, "/sign-out": {}} {
		w := s.post(policy.Planner, address, form)
		if w.Code != http.StatusServiceUnavailable || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: status %d, %s", address, w.Code, plain(w.Body.String()))
		}
	}
}
