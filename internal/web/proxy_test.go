package web_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"webenablehes/internal/web"
)

// What a proxy says of a request counts from the one that is named, and nobody else;
// what comes in the clear is not answered.
func TestTheProxyThatIsNamed(t *testing.T) {
	s := open(t, &web.Assets{}, func(o *source) {
		o.secure, o.proxy = true, []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("fd00::/64")}
	})
	for name, c := range map[string]struct {
		peer   string
		header http.Header
		tls    bool
		status int
		client string // as the access record has it; "": nothing is recorded
	}{
		"by-the-proxy":         {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"https"}}, false, 403, "192.0.2.7"},
		"by-one-of-a-range":    {"[fd00::7]:999", http.Header{"X-Forwarded-For": {"2001:db8::1"}, "X-Forwarded-Proto": {"https"}}, false, 403, "2001:db8::1"},
		"client-adds-its-own":  {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"203.0.113.5, 192.0.2.7"}, "X-Forwarded-Proto": {"https"}}, false, 403, "192.0.2.7"},
		"in-two-lines":         {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"203.0.113.5", "192.0.2.7"}, "X-Forwarded-Proto": {"https"}}, false, 403, "192.0.2.7"},
		"for-nonsense":         {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"somebody"}, "X-Forwarded-Proto": {"https"}}, false, 403, "10.1.2.3"},
		"over-tls-from-others": {"198.51.100.9:999", http.Header{"X-Forwarded-For": {"192.0.2.7"}}, true, 403, "198.51.100.9"},
		"proxy-in-the-clear":   {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"192.0.2.7"}, "X-Forwarded-Proto": {"http"}}, false, 403, ""},
		"proxy-says-not":       {"10.1.2.3:999", http.Header{"X-Forwarded-For": {"192.0.2.7"}}, false, 403, ""},
		"proxy-says-twice":     {"10.1.2.3:999", http.Header{"X-Forwarded-Proto": {"http", "https"}}, false, 403, ""},
		"another-says-so":      {"10.1.2.4:999", http.Header{"X-Forwarded-For": {"10.1.2.3"}, "X-Forwarded-Proto": {"https"}}, false, 403, ""},
		"loopback-says-so":     {"127.0.0.1:999", http.Header{"X-Forwarded-For": {"10.1.2.3"}, "X-Forwarded-Proto": {"https"}}, false, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("password=wrong&name="+name))
			r.Header = c.header
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.RemoteAddr = c.peer
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			before := s.events()
			w := httptest.NewRecorder()
			s.server.ServeHTTP(w, r)
			events := s.since(before)
			if w.Code != c.status || w.Header().Get("Strict-Transport-Security") == "" {
				t.Errorf("status %d, %v", w.Code, w.Header())
			}
			switch {
			case c.client == "":
				if len(events) != 0 || !strings.Contains(plain(w.Body.String()), "reached over HTTPS only") {
					t.Errorf("%s; events %+v", plain(w.Body.String()), events)
				}
			case len(events) != 1 || events[0].Address != c.client:
				t.Errorf("events %+v", events)
			}
		})
	}
}
