package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/web"
)

const (
	oldForm = `{"csp-report":{"document-uri":"http://example.com/records/QZXID?dx=QZXCODE","referrer":"","violated-directive":"script-src 'self'","effective-directive":%q,"blocked-uri":%q,"script-sample":"QZXSAMPLE","line-number":3}}`
	newForm = `{"type":"csp-violation","age":10,"url":"http://example.com/patients/QZXID","user_agent":"QZXAGENT","body":{"documentURL":"http://example.com/records?q=QZXCODE","effectiveDirective":%q,"blockedURL":%q,"sample":"QZXSAMPLE"}}`
	oldType = "application/csp-report"
	newType = "application/reports+json"
)

// reporting is a site whose log is read, and a browser that sends it reports.
func reporting(t *testing.T) (s *site, log *strings.Builder, send func(kind, body string, header ...string) int) {
	log = &strings.Builder{}
	s = open(t, &web.Assets{}, func(o *source) { o.log = slog.NewTextHandler(log, nil) })
	return s, log, func(kind, body string, header ...string) int {
		r := httptest.NewRequest(http.MethodPost, "/csp-reports", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		hardened(t, "a report", w)
		if w.Code == http.StatusNoContent && w.Body.Len() > 0 {
			t.Error("a report is answered in words")
		}
		return w.Code
	}
}

// kept are the log's lines of reports, without what is another each time.
func kept(log *strings.Builder) (out []string) {
	for line := range strings.Lines(log.String()) {
		if _, rest, ok := strings.Cut(line, `msg="a page was kept from doing something" `); ok {
			words, _, _ := strings.Cut(rest, " request=")
			out = append(out, words)
		}
	}
	log.Reset()
	return out
}

// What a browser says was kept out is taken without signing in, in both forms, and
// counted. The log has the rule and the sort of thing in our own words, and nothing
// that the report held.
func TestReportsOfWhatWasKeptOut(t *testing.T) {
	s, log, send := reporting(t)
	before := s.events()
	n := 0
	for _, c := range []struct{ directive, blocked, rule, what string }{
		{"script-src-elem", "inline", "script-src-elem", "inline"},
		{"require-trusted-types-for", "trusted-types-sink", "require-trusted-types-for", "trusted-types-sink"},
		{"script-src", "eval", "script-src", "eval"},
		{"img-src", "https://tracker.example/QZXID?x=QZXCODE", "img-src", "elsewhere"},
		{"connect-src", "http://example.com/records/QZXID", "connect-src", `"this site"`},
		{"img-src", "data", "img-src", "data"},
		{"img-src", "data:image/png;base64,QZXSAMPLE", "img-src", "data"},
		{"script-src", "chrome-extension://qzxid/QZXID.js", "script-src", "extension"},
		{"QZXCODE\" count=9", "QZXID", "another", "elsewhere"},
		{"style-src", "", "style-src", "unknown"},
		{"style-src", "http://[QZXID", "style-src", "unknown"},
	} {
		for kind, body := range map[string]string{oldType: fmt.Sprintf(oldForm, c.directive, c.blocked), newType: "[" + fmt.Sprintf(newForm, c.directive, c.blocked) + "]"} {
			n++
			if status := send(kind, body, "Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"); status != http.StatusNoContent {
				t.Errorf("%s %+v: status %d", kind, c, status)
			}
			if strings.Contains(strings.ToUpper(log.String()), "QZX") {
				t.Errorf("the log holds what was reported: %s", log)
			}
			if got, want := strings.Join(kept(log), "\n"), fmt.Sprintf("rule=%s what=%s count=%d left=0", c.rule, c.what, n); got != want {
				t.Errorf("%s: the log says %q, want %q", kind, got, want)
			}
		}
	}
	s.now = s.now.Add(time.Minute)
	if status := send(oldType, `{"csp-report":{"violated-directive":"font-src 'self'","blocked-uri":"self"}}`); status != http.StatusNoContent { // as some send it: no word of where from
		t.Errorf("an older browser: status %d", status)
	}
	if got := kept(log); len(got) != 1 || !strings.HasPrefix(got[0], `rule=font-src what="this site"`) {
		t.Errorf("an older browser: %q", got)
	}
	if status := send(newType, `[{"type":"deprecation","body":{"id":"QZXID"}}]`); status != http.StatusNoContent || len(kept(log)) != 0 {
		t.Errorf("a report of something else: status %d", status)
	}
	if s.events() != before {
		t.Error("reports are in the access record")
	}
}

// Reports are bounded: in size, in how many come at once and within a minute, and to
// what browsers send of this site.
func TestReportsAreBounded(t *testing.T) {
	s, log, send := reporting(t)
	one := fmt.Sprintf(oldForm, "img-src", "data")
	for name, c := range map[string]struct {
		kind, body string
		header     []string
		status     int
	}{
		"another-site": {oldType, one, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, http.StatusForbidden},
		"another-name": {oldType, one, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"form":         {"application/x-www-form-urlencoded", "a=1", nil, http.StatusBadRequest},
		"json":         {"application/json", one, nil, http.StatusBadRequest},
		"no-type":      {"", one, nil, http.StatusBadRequest},
		"broken":       {oldType, one[:40], nil, http.StatusBadRequest},
		"other-form":   {newType, one, nil, http.StatusBadRequest},
		"empty":        {newType, "", nil, http.StatusBadRequest},
		"deep":         {newType, strings.Repeat("[", 60_000), nil, http.StatusBadRequest},
		"endless":      {oldType, one + strings.Repeat(" ", 64<<10), nil, http.StatusBadRequest},
	} {
		if status := send(c.kind, c.body, c.header...); status != c.status {
			t.Errorf("%s: status %d", name, status)
		}
		if got := kept(log); len(got) != 0 {
			t.Errorf("%s: the log says %q", name, got)
		}
	}
	line := fmt.Sprintf(newForm, "img-src", "data")
	if status := send(newType, "["+strings.Repeat(line+",", 99)+line+"]"); status != http.StatusNoContent || len(kept(log)) != 20 {
		t.Errorf("a hundred at once: status %d", status)
	}
	var last int
	for range 100 {
		last = send(oldType, one)
	}
	if got := kept(log); last != http.StatusTooManyRequests || len(got) != 40 {
		t.Errorf("many within a minute: status %d, %d in the log", last, len(got))
	}
	s.now = s.now.Add(time.Minute)
	if status := send(oldType, one); status != http.StatusNoContent {
		t.Errorf("a minute later: status %d", status)
	}
	if got := kept(log); len(got) != 1 || !strings.HasSuffix(got[0], "count=61 left=60") {
		t.Errorf("a minute later the log says %q", got)
	}
	if got := s.visit("", "/csp-reports"); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("read: status %d", got.Code)
	}
}

// Over TLS, where newer browsers know it, they are told of the address in their own
// way too; in the clear they would then send nothing.
func TestBrowsersAreToldWhereToReport(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := open(t, &web.Assets{}, func(o *source) { o.secure = secure })
		r := httptest.NewRequest(http.MethodGet, "https://example.com/sign-in", nil)
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		policy, to := w.Header().Get("Content-Security-Policy"), w.Header().Get("Reporting-Endpoints")
		if !strings.Contains(policy, "; report-uri /csp-reports") || strings.HasSuffix(policy, "; report-to csp") != secure || (to == `csp="/csp-reports"`) != secure {
			t.Errorf("over TLS %v: %q, %q", secure, policy, to)
		}
	}
}
