package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// What another site makes a browser fetch or send is refused by every page, and so
// is what another name under the same domain does. A link to a page is followed.
func TestOtherSites(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct {
		name, site, mode, dest string
		refused                bool // when it reads
		sends                  bool // may send as well
	}{
		{name: "this-site", site: "same-origin", mode: "cors", dest: "empty", sends: true},
		{name: "typed", site: "none", mode: "navigate", dest: "document", sends: true},
		{name: "link-elsewhere", site: "cross-site", mode: "navigate", dest: "document"},
		{name: "link-next-door", site: "same-site", mode: "navigate", dest: "document"},
		{name: "fetch", site: "cross-site", mode: "cors", dest: "empty", refused: true},
		{name: "fetch-next-door", site: "same-site", mode: "cors", dest: "empty", refused: true},
		{name: "image", site: "cross-site", mode: "no-cors", dest: "image", refused: true},
		{name: "script-next-door", site: "same-site", mode: "no-cors", dest: "script", refused: true},
		{name: "frame", site: "cross-site", mode: "navigate", dest: "iframe", refused: true},
		{name: "frame-next-door", site: "same-site", mode: "navigate", dest: "iframe", refused: true},
		{name: "object", site: "same-site", mode: "navigate", dest: "object", refused: true},
		{name: "fetch-as-document", site: "same-site", mode: "cors", dest: "document", refused: true},
		{name: "unknown", site: "elsewhere", mode: "cors", dest: "empty", refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, w := range s.ways() {
				if w.pattern == "POST /sign-out" {
					continue // the others need whom it signs out
				}
				before := s.events()
				got := s.take(w.who, w, "Sec-Fetch-Site", c.site, "Sec-Fetch-Mode", c.mode, "Sec-Fetch-Dest", c.dest)
				refused := c.refused
				if w.form != nil {
					refused = !c.sends
				}
				if !refused {
					if strings.Contains(said(t, got), "came from another site") {
						t.Errorf("%s: status %d", w, got.Code)
					}
					continue
				}
				bare(t, w, got, http.StatusForbidden, "You may not see this This request came from another site and was not carried out. Open the page here and try again.")
				if events := s.since(before); len(events) != 1 || events[0].Outcome != "refused" || events[0].Question != "another site" || events[0].Actor != string(w.who) {
					t.Errorf("%s: events %+v", w, events)
				}
			}
		})
	}
	// whoever is not signed in is nobody to name
	before := s.events()
	if got := s.take("", way{address: "/records"}, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"); got.Code != http.StatusForbidden || s.events() != before {
		t.Errorf("of a stranger: status %d, %d events", got.Code, s.events()-before)
	}
	// the size of a page cannot be asked for either
	r := httptest.NewRequest(http.MethodHead, "/records", nil)
	r.AddCookie(s.cookies[policy.Researcher])
	for k, v := range map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
		r.Header.Set(k, v)
	}
	got := httptest.NewRecorder()
	if s.server.ServeHTTP(got, r); got.Code != http.StatusForbidden {
		t.Errorf("a HEAD from next door: status %d", got.Code)
	}
}

// A page that is there says for what; what is not there says nothing of methods.
func TestMethods(t *testing.T) {
	s := open(t, &web.Assets{})
	allow := map[string][]string{}
	for _, w := range s.ways() {
		method, _, ok := strings.Cut(w.pattern, " ")
		if !ok {
			continue
		}
		path, _, _ := strings.Cut(w.address, "?")
		if !slices.Contains(allow[path], method) {
			allow[path] = append(allow[path], method)
		}
	}
	allow["/static/app.css"] = []string{http.MethodGet}
	allow["/nowhere"], allow["/records/a/b"] = nil, nil
	for path, there := range allow {
		var want []string
		if slices.Contains(there, http.MethodGet) {
			want = append(want, http.MethodGet, http.MethodHead)
		}
		if slices.Contains(there, http.MethodPost) {
			want = append(want, http.MethodPost)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
			if slices.Contains(want, method) {
				continue
			}
			r := httptest.NewRequest(method, path, strings.NewReader("a=b"))
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.AddCookie(s.cookies[policy.Researcher])
			got := httptest.NewRecorder()
			before := s.events()
			s.server.ServeHTTP(got, r)
			status, title := http.StatusMethodNotAllowed, "This address is used in another way"
			if len(want) == 0 {
				status, title = http.StatusNotFound, "Page not found"
			}
			if got.Code != status || got.Header().Get("Allow") != strings.Join(want, ", ") || !strings.HasPrefix(said(t, got), title) || s.events() != before {
				t.Errorf("%s %s: status %d, allowed %q, want %q: %s", method, path, got.Code, got.Header().Get("Allow"), want, said(t, got))
			}
		}
	}
}
