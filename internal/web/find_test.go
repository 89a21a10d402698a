package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// list asks for the list under the box.
func (s *site) list(role policy.Role, query string) (status int, body string) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/records/find?"+query, nil)
	r.Header.Set("X-Part", "list")
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// links returns the addresses of the suggestions, in order.
func links(body string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`<a role="option"[^>]* href="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		out = append(out, strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	return out
}

// Only those who see records find filters for them. Nothing is asked of the data,
// so nothing but refusals is recorded.
func TestFindByRole(t *testing.T) {
	s := open(t, &web.Assets{})
	refusals := s.events()
	for _, role := range policy.Roles() {
		want := map[bool]int{true: http.StatusOK, false: http.StatusForbidden}[role == policy.Researcher || role == policy.Clinician]
		if status, _, _ := s.get(role, "/records/find?q=psor"); status != want {
			t.Errorf("%s: %d", role, status)
		}
		if status, _ := s.list(role, "q=psor"); status != want {
			t.Errorf("%s, the list: %d", role, status)
		}
		if want == http.StatusForbidden {
			refusals += 2
		}
	}
	if _, _, at := s.get("", "/records/find?q=psor"); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("a stranger is at %s", at)
	}
	if got := s.events(); got != refusals {
		t.Errorf("%d events, want %d", got, refusals)
	}
}

// Each suggestion is a link to the list as it is with that filter added.
func TestFindAddsToWhatIsThere(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct{ name, query, first string }{
		{"plain", "q=psor", "/records?dx=L40"},
		{"beside", "q=female&dx=L40&cols=SEX,STARTAGE", "/records?dx=L40&sex=2&cols=SEX,STARTAGE"},
		{"or", "q=female&sex=1", "/records?sex=1&sex=2"},
		{"position", "q=psor&dxpos=any", "/records?dx=L40&dxpos=any"},
		{"cursor-goes", "q=psor&after=AAAAAAAAAAAAAAAAAAAAAA", "/records?dx=L40"},
		{"view", "q=psor&view=patients", "/records?dx=L40&view=patients"},
		{"year", "q=2009", "/records?year=0910"},
		{"month", "q=apr+2009", "/records?adm=2009-04"},
		{"age", "q=65", "/records?age=65"},
		{"duplicates", "q=only+duplicates", "/records?dup=1"},
		{"rule", "q=a+skin+diagnosis", "/records?rule=N1&rule=N2"},
		{"opens", "q=provider&sex=2", "/records?sex=2&open=dx,op,age,sex,prov#fac-prov"},
		{"hospital", "q=Guildford", "/records?prov=RA2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := s.list(policy.Researcher, c.query)
			got := links(body)
			if status != http.StatusOK || len(got) == 0 || got[0] != c.first {
				t.Fatalf("%d: %v, want %s first", status, got, c.first)
			}
			for _, link := range got {
				path, _, _ := strings.Cut(link, "#")
				if status, _, at := s.get(policy.Researcher, path); status != http.StatusOK || at != path && !strings.Contains(path, "open=") {
					t.Errorf("%s leads to %s: %d", path, at, status)
				}
			}
		})
	}
	_, body := s.list(policy.Researcher, "q=psor&dx=L40")
	contains(t, body, "L40 Psoriasis Primary diagnosis chosen already")
	_, body = s.list(policy.Researcher, "q=xyzzy")
	contains(t, body, "Nothing found")
	_, body = s.list(policy.Researcher, "q=psor&dxpos=any")
	contains(t, body, "L40 Psoriasis Any diagnosis")
	// not what the release does not hold: it has no region
	_, body = s.list(policy.Researcher, "q=south+east")
	if got := links(body); len(got) > 0 && strings.Contains(got[0], "rgn") {
		t.Errorf("%s is suggested", got[0])
	}
	if status, _ := s.list(policy.Researcher, "q=psor&dx=%00"); status != http.StatusBadRequest {
		t.Errorf("a broken state: %d", status)
	}
}

// The page works without a script: what the list says, as links, and a box for
// long lists.
func TestFindPage(t *testing.T) {
	s := open(t, &web.Assets{})
	_, body, _ := s.get(policy.Researcher, "/records/find?q=psor&sex=2")
	contains(t, body, "Find a code or filter", "L40 Psoriasis", "Primary diagnosis", "Back to the records")
	for _, want := range []string{`<input type="hidden" name="sex" value="2">`, `href="/records?dx=L40&amp;sex=2"`, `value="psor"`, `href="/records?sex=2"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	_, body, _ = s.get(policy.Researcher, "/records/find?q=%3Cscript%3E")
	if strings.Contains(body, "<script>") {
		t.Error("what was typed is in the page as it is")
	}
	_, body, _ = s.get(policy.Researcher, "/records?sex=2&view=patients")
	form, _, _ := strings.Cut(body[strings.Index(body, `<form id="finder"`):], "</form>")
	for _, want := range []string{`name="sex" value="2"`, `name="view" value="patients"`, `action="/records/find"`} {
		if !strings.Contains(form, want) {
			t.Errorf("the box has no %s", want)
		}
	}
	if strings.Count(body, "<form") != strings.Count(body, "</form>") || regexp.MustCompile(`(?s)<form(?:[^/]|/[^f])*?<form`).MatchString(form) {
		t.Error("forms are one in another")
	}
}

func (s *site) paste(role policy.Role, list string, state ...string) (status int, body string) {
	s.t.Helper()
	form := url.Values{"q": {list}}
	for i := 0; i < len(state); i += 2 {
		form.Add(state[i], state[i+1])
	}
	form.Set("purpose", s.purpose(role))
	r := httptest.NewRequest(http.MethodPost, "/records/find", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Part", "list")
	r.AddCookie(s.cookies[role])
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestPastedLists(t *testing.T) {
	s := open(t, &web.Assets{})
	status, body := s.paste(policy.Researcher, "L40.0 Psoriasis vulgaris\nL20\nS12.2\nS12.1\nnonsense\nL4O", "sex", "2")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	contains(t, body, "Primary diagnosis is one of 2 codes", "Main procedure is one of 2 codes", "Not understood: nonsense L4O")
	if diff := cmp.Diff([]string{"/records?dx=L20&dx=L400&sex=2", "/records?op=S121&op=S122&sex=2"}, links(body)); diff != "" {
		t.Error(diff)
	}
	// added to what is chosen; codes below others go
	_, body = s.paste(policy.Researcher, "L40, L40.0, L30", "dx", "C44")
	contains(t, body, "Primary diagnosis is one of 3 codes")
	if diff := cmp.Diff([]string{"/records?dx=C44&dx=L30&dx=L40"}, links(body)); diff != "" {
		t.Error(diff)
	}
	_, body = s.paste(policy.Researcher, "S06, S13")
	contains(t, body, "In both lists, so in both suggestions: S06, S13.")
	// as long as an address may be, and longer
	codes := func(n int) string {
		var out []string
		for i := range n {
			if n <= 900 {
				out = append(out, fmt.Sprintf("I%02d.%d", i/9, i%9)) // OPCS-4 has no chapter I
			} else {
				out = append(out, fmt.Sprintf("I%02d.%02d", i/100, i%100))
			}
		}
		return strings.Join(out, "\n")
	}
	_, body = s.paste(policy.Researcher, codes(180))
	if got := links(body); len(got) != 1 || len(got[0]) < 1000 || len(got[0]) > 1500 {
		t.Errorf("180 codes: %d addresses", len(got))
	} else if status, page, _ := s.get(policy.Researcher, got[0]); status != http.StatusOK {
		t.Errorf("180 codes: %d: %s", status, plain(page))
	}
	_, body = s.paste(policy.Researcher, codes(450))
	contains(t, body, "Primary diagnosis is one of 450 codes", "Too long for a link: with these 450 codes it has 3,608 characters and may have 1,500, which is about 187 codes. Take the shorter list below, or paste it in parts.", "Primary diagnosis is one of 50 categories", "Wider than your list")
	if got := links(body); len(got) != 1 || !strings.HasPrefix(got[0], "/records?dx=I00&dx=I01&") {
		t.Errorf("450 codes: %v", got)
	}
	_, body = s.paste(policy.Researcher, codes(3000))
	contains(t, body, "Primary diagnosis is one of 3000 codes", "Too long for a link: with these 3000 codes it has 27,008 characters and may have 1,500, which is about 187 codes. Take the shorter list below, or paste it in parts.")
	if got := links(body); len(got) != 1 || strings.Count(got[0], "dx=") != 30 {
		t.Errorf("3000 codes: %v", got)
	}
	// every code of the skin chapter that the site lists: as short as the same can be said
	known, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	var skin []string
	for _, v := range known.Values(hes.ICD10) {
		if v.Code[0] == 'L' && len(v.Code) > 3 && v.Code != "L409" {
			skin = append(skin, v.Code)
		}
	}
	_, body = s.paste(policy.Researcher, strings.Join(skin, " "))
	contains(t, body, "The same list, shorter")
	got := links(body)
	if len(got) != 1 || !strings.Contains(got[0], "dx=L20&") || !strings.Contains(got[0], "dx=L408&") || strings.Contains(got[0], "dx=L40&") || strings.Contains(got[0], "dx=L200") {
		t.Errorf("the skin chapter without L40.9: %v", got)
	}
	for _, long := range []string{strings.Repeat("L40 ", 20_000), strings.Repeat("L40 ", 200_000)} {
		if status, _ := s.paste(policy.Researcher, long); status != http.StatusBadRequest {
			t.Errorf("%d bytes: %d", len(long), status)
		}
	}
	if status, _ := s.paste(policy.Planner, "L40 L20"); status != http.StatusForbidden {
		t.Errorf("a planner: %d", status)
	}
}
