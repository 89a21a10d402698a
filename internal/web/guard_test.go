package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/web"
)

// While fifty people turn pages, the agreement is revoked: whoever asks after that has
// been kept sees no row, in any of their windows.
func TestNoRowAfterTheRevocation(t *testing.T) {
	s := open(t, &web.Assets{})
	const windows = 50
	type seen struct {
		after bool // asked when the revocation was kept
		code  int
		rows  bool
	}
	var mu sync.Mutex
	var revoked bool
	var all []seen
	var wait sync.WaitGroup
	half := make(chan struct{}, windows)
	for i := range windows {
		wait.Go(func() {
			for turn, late := 0, 0; late < 2; turn++ {
				mu.Lock()
				after := revoked
				mu.Unlock()
				if after {
					late++
				}
				got := s.visit(policy.Researcher, []string{"/records", "/records?view=patients", "/records?view=charts", "/records/charts/provider.csv"}[(i+turn)%4])
				mu.Lock()
				all = append(all, seen{after, got.Code, strings.Contains(got.Body.String(), "data-total") || strings.Contains(got.Body.String(), "Counts of")})
				mu.Unlock()
				if turn == 0 {
					half <- struct{}{}
				}
			}
		})
	}
	for range windows / 2 {
		<-half
	}
	err := s.store.RevokeAgreement(t.Context(), s.records.agreement.Ref, "the study is over", s.now)
	mu.Lock()
	revoked = true
	mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	before, late := 0, 0
	for _, x := range all {
		switch {
		case x.after:
			if late++; x.code != http.StatusForbidden || x.rows {
				t.Errorf("asked after the revocation: status %d, rows %v", x.code, x.rows)
			}
		case x.code == http.StatusOK && x.rows:
			before++
		case x.code != http.StatusForbidden:
			t.Errorf("status %d", x.code)
		}
	}
	if before < windows/4 || late < windows {
		t.Errorf("%d answers before and %d after: this tests little", before, late)
	}
}

// What a raw file holds is text on every page, in every column and form.
func TestStoredMarkupIsText(t *testing.T) {
	hostile := []string{`<img src=x onerror=alert(1)>`, `</script><script>alert(1)</script>`, `javascript:alert(1)`, "\u202etxt.exe", `"><svg onload=alert(1)>`, `' onfocus=alert(1) autofocus='`, strings.Repeat("A", 10_000), `{{.}}%s%n`, `</title><b qzx=1>`}
	rows := episodes()
	for i, r := range rows {
		bad := hostile[i%len(hostile)]
		for _, f := range []string{"DIAG_01", "DIAG_02", "OPERTN_01", "ADMIMETH", "CLASSPAT", "ETHNIC5", "CONDITION_GROUP", "AGE_BAND", "TRETSPEF", "EPIKEY"} {
			if i%2 == 0 || f != "TRETSPEF" {
				r[f] = bad
			}
		}
		r[driver.RawKey("DIAG_01")], r[driver.OriginKey] = bad+" ", bad+":12"
	}
	s := open(t, &web.Assets{}, serving(t, rows))
	shown := 0
	look := func(who policy.Role, address string) string {
		t.Helper()
		status, body, at := s.get(who, address)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", at, status)
		}
		doc := parse(t, body)
		if found := doc.first(func(n node) bool {
			_, qzx := n.has("qzx")
			return qzx || n.Data == "img" || n.Data == "script" && n.attr("src") == "" || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
				return strings.HasPrefix(a.Key, "on") || a.Key == "autofocus" && n.Data != "input"
			}) || strings.HasPrefix(n.attr("href"), "javascript:")
		}); found.ok() {
			t.Errorf("%s: <%s> is made of a value", at, found.Data)
		}
		if strings.Contains(body, "&lt;img src=x") || strings.Contains(body, "&lt;svg onload") {
			shown++
		}
		return body
	}
	all := "fin=any&rule=any&dup=any"
	for _, at := range []string{"/records?" + all, "/records?" + all + "&cols=EPIKEY,DIAG_01,DIAG_02,ETHNIC5,ADMIMETH", "/records?view=patients&more=1&" + all, "/records?view=spells&" + all, "/records?view=charts&" + all + "&by=ETHNIC5,CLASSPAT", "/records/values/eth?" + all, "/records/values/dx?" + all, "/records?open=dx,eth,meth,cls&" + all} {
		look(policy.Researcher, at)
	}
	for _, at := range s.rows(policy.Researcher, "/records?"+all)[:18] {
		look(policy.Researcher, at)
	}
	for _, at := range []string{"/records?view=patients&" + all, "/records?view=charts&" + all} {
		look(policy.Clinician, at)
	}
	if shown < 8 {
		t.Errorf("only %d pages show such a value", shown)
	}
}

// Signing out leaves nothing behind: the cookie is taken away, what the browser kept
// is cleared, and the token opens nothing any more.
func TestSigningOutClears(t *testing.T) {
	s := open(t, &web.Assets{})
	held := *s.cookies[policy.Researcher]
	got := s.post(policy.Researcher, "/sign-out", url.Values{})
	c := got.Result().Cookies()
	if got.Code != http.StatusSeeOther || got.Header().Get("Clear-Site-Data") != `"cache", "storage"` || len(c) != 1 || c[0].Value != "" || c[0].MaxAge >= 0 {
		t.Errorf("status %d, %v", got.Code, got.Header())
	}
	s.cookies[policy.Researcher] = &held
	if _, _, at := s.get(policy.Researcher, "/records"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the token opens %s", at)
	}
}

// A token that somebody else has put into the browser is never signed in with, and no
// page but those of signing in makes one.
func TestAPresetTokenOpensNothing(t *testing.T) {
	s := open(t, &web.Assets{})
	const planted policy.Role = "planted"
	s.cookies[planted] = &http.Cookie{Name: "session", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
	mine := *s.cookies[planted]
	got := s.post(planted, "/sign-in", url.Values{"name": {"planner"}, "password": {"a long password of a test"}})
	if now := s.cookies[planted].Value; got.Code != http.StatusSeeOther || now == mine.Value {
		t.Errorf("status %d, and the token is the one before: %v", got.Code, now == mine.Value)
	}
	s.cookies[planted] = &mine
	if _, _, at := s.get(planted, "/account"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the planted token opens %s", at)
	}
	// somebody else's session in the browser ends when another person signs in there
	before := *s.cookies[policy.DataManager]
	s.post(policy.DataManager, "/sign-in", url.Values{"name": {"auditor"}, "password": {"a long password of a test"}})
	s.cookies[policy.DataManager] = &before
	if _, _, at := s.get(policy.DataManager, "/account"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("the session before opens %s", at)
	}
	makers := map[string]bool{"POST /sign-in": true, "POST /sign-out": true, "POST /purpose": true, "POST /second-factor": true, "POST /account/app/code": true}
	for _, w := range s.ways() {
		for _, who := range append(policy.Roles(), nobody) {
			if w.pattern == "POST /sign-out" {
				continue
			}
			if got := s.take(who, w); got.Header().Get("Set-Cookie") != "" && !makers[w.pattern] {
				t.Errorf("%s as %s sets %s", w, who, got.Header().Get("Set-Cookie"))
			}
		}
	}
}

// Over TLS the cookie has a name that browsers take over TLS only and for the whole
// host, a cookie by the other name opens nothing, and the browser is told to stay.
func TestTheCookieOverTLS(t *testing.T) {
	s := open(t, &web.Assets{}, func(o *source) { o.secure = true })
	const site = "https://example.com"
	if got := s.visit(policy.Planner, site+"/account"); !strings.HasPrefix(got.Header().Get("Location"), "/sign-in") {
		t.Errorf("a cookie by the plain name opens the page: status %d", got.Code)
	}
	if got := s.visit(policy.Planner, "/sign-in"); got.Code < 400 || len(got.Result().Cookies()) != 0 {
		t.Errorf("without TLS: status %d", got.Code)
	}
	r := httptest.NewRequest(http.MethodPost, site+"/sign-in", strings.NewReader("name=planner&password=a+long+password+of+a+test"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	got := httptest.NewRecorder()
	s.server.ServeHTTP(got, r)
	c := got.Result().Cookies()
	if len(c) != 1 || c[0].Name != "__Host-session" || !c[0].Secure || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" || c[0].Domain != "" || len(c[0].String()) > 4096 {
		t.Fatalf("status %d, cookies %v", got.Code, c)
	}
	if got.Header().Get("Strict-Transport-Security") == "" {
		t.Error("the browser is not told to stay with TLS")
	}
	s.cookies[policy.Planner] = c[0]
	if got := s.visit(policy.Planner, site+"/account"); got.Code != http.StatusOK || strings.Contains(got.Body.String(), c[0].Value) {
		t.Errorf("status %d, the token on the page: %v", got.Code, strings.Contains(got.Body.String(), c[0].Value))
	}
}

// Whoever has signed in or chosen goes nowhere but within the site.
func TestNextLeadsNowhereElse(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, next := range []string{"//evil.example", "https:evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example/", "%0d%0aSet-Cookie:a=b", "/\r\nX-Evil: 1", "/\t/evil.example", "javascript:alert(1)", "///evil.example", "/sign-out", "/sign-in?next=/sign-in", "evil.example", "http:/evil.example", "/%5cevil.example\x00"} {
		got := s.post("", "/sign-in", url.Values{"name": {"planner"}, "password": {"a long password of a test"}, "next": {next}})
		delete(s.cookies, "")
		to, err := url.Parse(got.Header().Get("Location"))
		if got.Code != http.StatusSeeOther || err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "//") || strings.ContainsAny(got.Header().Get("Location"), "\\\r\n") || got.Header().Get("X-Evil") != "" {
			t.Errorf("next=%q leads to %q", next, got.Header().Get("Location"))
		}
		_, body, _ := s.get("", "/sign-in?next="+url.QueryEscape(next))
		if v := parse(t, body).first(func(n node) bool { return n.Data == "input" && n.attr("name") == "next" }).attr("value"); strings.Contains(v, "evil.example") && !strings.HasPrefix(v, "/%5c") {
			t.Errorf("the form of next=%q sends %q", next, v)
		}
	}
}

// The address in the access record is that of the connection, whatever a client says.
func TestHeadersGiveNoAddress(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"} {
		before := s.events()
		s.visit(policy.Researcher, "/records?sex=1", name, "203.0.113.9", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https")
		if events := s.since(before); len(events) != 1 || events[0].Address != "192.0.2.1" {
			t.Errorf("%s: %+v", name, events)
		}
	}
}

// A form that sends more than its page has gives nobody more: no other role, account,
// agreement or end.
func TestNoKeyTooMany(t *testing.T) {
	s := open(t, &web.Assets{})
	more := url.Values{"role": {"ig-lead"}, "admin": {"1"}, "user": {"1"}, "id": {"1"}, "person": {"1"}, "disabled": {"0"}, "until": {"2099-01-01"}, "agreement": {"DSA-1", "CLINIC-1"}, "purpose": {"", "DSA-1"}, "strong": {"1"}, "factor": {"totp"}, "columns": {"LSOA01"}, "access": {"all"}}
	who, err := s.store.UserByName(t.Context(), string(policy.Planner))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range s.ways() {
		if w.form == nil || w.pattern == "POST /sign-out" {
			continue
		}
		at := w
		at.form = url.Values{}
		for _, form := range []url.Values{w.form, more} {
			for k, v := range form {
				at.form[k] = append(at.form[k], v...)
			}
		}
		if got := s.take(policy.Planner, at); got.Code >= 500 {
			t.Errorf("%s: status %d", w, got.Code)
		}
	}
	after, err := s.store.UserByName(t.Context(), string(policy.Planner))
	if err != nil || after.Role != who.Role || after.Columns != who.Columns || after.Disabled != who.Disabled || after.Demo != who.Demo {
		t.Errorf("the account became %+v, %v", after, err)
	}
	if places, err := s.store.Memberships(t.Context(), who.ID); err != nil || len(places) != 0 {
		t.Errorf("it was named on %v, %v", places, err)
	}
	if got := s.visit(policy.Planner, "/records"); got.Code != http.StatusForbidden {
		t.Errorf("it sees records: %d", got.Code)
	}
}
