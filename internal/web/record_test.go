package web_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// part asks for a part of a page as somebody.
func (s *site) part(role policy.Role, address, part string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("X-Part", part)
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}

// rows returns the addresses of the records in a list.
func (s *site) rows(role policy.Role, address string) []string {
	s.t.Helper()
	_, body, _ := s.get(role, address)
	var out []string
	for _, m := range regexp.MustCompile(`<a [^>]*?href="(/records/[^"]+)"[^>]*>`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(m[0], "data-row") {
			continue
		}
		out = append(out, strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	if len(out) == 0 {
		s.t.Fatalf("%s sees no records at %s", role, address)
	}
	return out
}

func cut(body, from, to string) string {
	_, rest, _ := strings.Cut(body, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

// The drawer says the same as the page, and is no page.
func TestDrawerAndPageSayTheSame(t *testing.T) {
	s := open(t, &web.Assets{})
	address := s.rows(policy.Researcher, "/records?sort=EPIKEY&rule=any&fin=any&dup=any")[10]
	_, page, _ := s.get(policy.Researcher, address)
	w := s.part(policy.Researcher, address, "drawer")
	drawer := w.Body.String()
	if w.Code != http.StatusOK || !strings.HasPrefix(drawer, `<section id="drawer"`) || strings.Contains(drawer, "<html") || w.Header().Get("Vary") == "" {
		t.Fatalf("status %d, %.80s", w.Code, drawer)
	}
	body := func(html string) string { return plain(cut(html, `<div class="rcd__main">`, `</details>`)) }
	if diff := cmp.Diff(body(page), body(drawer)); diff != "" || body(page) == "" {
		t.Errorf("(-page +drawer):\n%s", diff)
	}
	contains(t, drawer, "L40.0 Psoriasis vulgaris", "Admitted 11 Nov 2009", "aged 30", "male",
		"S06.5", "Main", "Primary", "2 episodes that your agreement covers.", "not recorded", "Read from hes_0910.txt , line 12.", now)
	if n := strings.Count(drawer, "data-other-record"); n != 1 {
		t.Errorf("%d other episodes, want 1", n)
	}
	if n := strings.Count(drawer, `class="this"`); n != 1 {
		t.Errorf("%d episodes ringed", n)
	}
	for _, link := range []string{"data-previous-record", "data-next-record"} {
		if !strings.Contains(drawer, link) || !strings.Contains(page, link) {
			t.Errorf("no %s", link)
		}
	}
	if strings.Contains(drawer, "SYNTH0") {
		t.Error("the person key is in the drawer")
	}
}

// Each record of the patient leads to the others, and each field to the
// dictionary.
func TestRecordLinksLead(t *testing.T) {
	s := open(t, &web.Assets{})
	_, page, _ := s.get(policy.Researcher, s.rows(policy.Researcher, "/records?sex=1")[0])
	tried := map[string]bool{}
	for _, m := range regexp.MustCompile(`href="(/(?:records/|patients/|dictionary/)[^"]*)"`).FindAllStringSubmatch(page, -1) {
		address := strings.ReplaceAll(m[1], "&amp;", "&")
		if tried[address] {
			continue
		}
		tried[address] = true
		if status, _, _ := s.get(policy.Researcher, address); status != http.StatusOK {
			t.Errorf("%d at %s", status, address)
		}
		if strings.HasPrefix(address, "/records/") && !strings.HasSuffix(address, "?sex=1") {
			t.Errorf("%s forgets the list", address)
		}
	}
	if len(tried) < 25 {
		t.Errorf("only %d links", len(tried))
	}
}

// Whose record it is not, whoever asks and however: no such record, in the same
// words as for a record that is none.
func TestRecordsBelongToTheirFinder(t *testing.T) {
	s := open(t, &web.Assets{})
	theirs := s.rows(policy.Researcher, "/records")[0]
	unknown := "/records/AAAAAAAAAAAAAAAAAAAAAA"
	say := func(role policy.Role, address, part string) (int, string) {
		w := s.part(role, address, part)
		return w.Code, regexp.MustCompile(`quote \w+`).ReplaceAllString(plain(w.Body.String()), "")
	}
	for _, part := range []string{"", "drawer"} {
		status, words := say(policy.Clinician, theirs, part)
		status2, words2 := say(policy.Clinician, unknown, part)
		if status != http.StatusNotFound || status2 != http.StatusNotFound || words != words2 || !strings.Contains(words, "There is no such record") {
			t.Errorf("part %q: %d %q, %d %q", part, status, words, status2, words2)
		}
		for _, role := range []policy.Role{policy.Planner, policy.DataManager, policy.Governance, policy.Auditor} {
			if status, words := say(role, theirs, part); status != http.StatusForbidden || strings.Contains(words, "Psoriasis") {
				t.Errorf("%s, part %q: %d", role, part, status)
			}
		}
	}
	if w := s.part("", theirs, "drawer"); w.Code != http.StatusUnauthorized {
		t.Errorf("a stranger: %d", w.Code)
	}
	for _, address := range []string{"/records/x", "/records/..%2f", unknown + "?adm=yesterday"} {
		if w := s.part(policy.Researcher, address, "drawer"); w.Code != http.StatusNotFound && w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

// A clinician sees the patient's episodes of the team, and no way along a list
// that they do not have.
func TestRecordOfAClinician(t *testing.T) {
	s := open(t, &web.Assets{})
	_, list, _ := s.get(policy.Clinician, "/records?view=patients")
	patient := strings.ReplaceAll(regexp.MustCompile(`href="(/patients/[\w-]{22}[^"]*)"`).FindStringSubmatch(list)[1], "&amp;", "&")
	w := s.part(policy.Clinician, s.rows(policy.Clinician, patient)[0], "drawer")
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "data-next-record") || strings.Contains(w.Body.String(), "data-previous-record") {
		t.Errorf("status %d", w.Code)
	}
	contains(t, w.Body.String(), "2 episodes that your agreement covers.")
}

// Nobody knows whose a record without a person key is: it stands alone.
func TestRecordWithoutAPersonKey(t *testing.T) {
	s := open(t, &web.Assets{}, func(r *source) {
		d, err := hes.Load()
		if err != nil {
			t.Fatal(err)
		}
		var some []driver.Record
		for _, e := range episodes()[10:13] {
			delete(e, hes.PersonField)
			delete(e, "ADMIDATE")
			some = append(some, e)
		}
		r.engine = memory.New(d, drivertest.Columns(t, d, held()), some)
	})
	w := s.part(policy.Researcher, s.rows(policy.Researcher, "/records")[0], "drawer")
	contains(t, w.Body.String(), "The record has no person key, so nobody knows whose it is.")
	for _, never := range []string{"data-other-record", "/patients/", "Admitted ", `class="life"`} {
		if strings.Contains(cut(w.Body.String(), "<section", `class="rcd__facts"`), never) {
			t.Errorf("it holds %s", never)
		}
	}
}
