package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// send posts a form as somebody and returns the status, where it leads and what
// it says.
func (s *site) send(role policy.Role, address string, form url.Values) (status int, location, body string) {
	s.t.Helper()
	form.Set("purpose", s.purpose(role))
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(s.cookies[role])
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Location"), w.Body.String()
}

// heads are the columns of the list at an address.
func (s *site) heads(address string) (heads []string, canonical, body string) {
	s.t.Helper()
	status, body, canonical := s.get(policy.Researcher, address)
	if status != http.StatusOK {
		s.t.Fatalf("%s: status %d", address, status)
	}
	for _, th := range parse(s.t, body).first(byClass("grid")).all(byTag("th")) {
		heads = append(heads, th.text())
	}
	return heads, canonical, body
}

// Columns are remembered for the person, and carried to others by the link,
// which changes nothing that is remembered there unless they are kept.
func TestColumnsAreRememberedAndCarried(t *testing.T) {
	s := open(t, &web.Assets{})
	usual, at, body := s.heads("/records?sex=1")
	if at != "/records?sex=1" || strings.Contains(body, "came with the link") {
		t.Errorf("the default columns: %s", at)
	}
	// a link with columns
	lent, at, body := s.heads("/records?sex=1&cols=SEX,ADMIDATE")
	if want := []string{"Sex", "Patient", "Admitted"}; !cmp.Equal(want, lent) || at != "/records?sex=1&cols=SEX,ADMIDATE" {
		t.Errorf("%v at %s", lent, at)
	}
	contains(t, body, "These columns came with the link.", `href="/records?sex=1">Use`)
	if heads, _, _ := s.heads("/records"); !cmp.Equal(usual, heads) {
		t.Errorf("the link has changed what is remembered: %v", heads)
	}
	// which are kept
	form := parse(t, body).first(byClass("lent")).form()
	status, to, _ := s.send(policy.Researcher, "/records/columns", form)
	if status != http.StatusSeeOther || to != "/records?sex=1" {
		t.Fatalf("status %d to %s", status, to)
	}
	heads, at, body := s.heads(to)
	if !cmp.Equal(lent, heads) || at != "/records?sex=1&cols=SEX,ADMIDATE" || strings.Contains(body, "came with the link") {
		t.Errorf("%v at %s", heads, at)
	}
	// another link
	_, _, body = s.heads("/records?cols=DIAG_01")
	contains(t, body, "These columns came with the link.")
	// the others units have their own
	if heads, at, _ := s.heads("/records?view=spells"); at != "/records?view=spells" || slices.Equal(heads, lent) {
		t.Errorf("spells: %v at %s", heads, at)
	}
	if tab := parse(t, body).first(byClass("seg")).all(byTag("a"))[1].attr("href"); tab != "/records?view=spells" {
		t.Errorf("the tab of spells leads to %s", tab)
	}
	// and back to the default ones
	if status, to, _ := s.send(policy.Researcher, "/records/columns", url.Values{"return": {"/records?sex=1&cols=SEX,ADMIDATE"}, "reset": {"1"}}); status != http.StatusSeeOther || to != "/records?sex=1" {
		t.Errorf("status %d to %s", status, to)
	}
	if heads, at, _ := s.heads("/records?sex=1"); !cmp.Equal(usual, heads) || at != "/records?sex=1" {
		t.Errorf("%v at %s", heads, at)
	}
	// of spells nothing is remembered
	if status, to, _ := s.send(policy.Researcher, "/records/columns", url.Values{"return": {"/records?view=spells"}, "column": {"SEX"}}); status != http.StatusSeeOther || to != "/records?cols=SEX&view=spells" {
		t.Errorf("status %d to %s", status, to)
	}
	if heads, _, _ := s.heads("/records"); !cmp.Equal(usual, heads) {
		t.Errorf("after spells: %v", heads)
	}
}

// The chooser works step by step by its address alone.
func TestColumnsAreChosenStepByStep(t *testing.T) {
	s := open(t, &web.Assets{})
	order := func(address string) (names []string, form url.Values, canonical string) {
		status, body, canonical := s.get(policy.Researcher, address)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", address, status)
		}
		form = parse(t, body).first(byID("cols")).form()
		return form["order"], form, canonical
	}
	const start = "/records/columns?dx=L40&sort=SEX&cols=SEX,STARTAGE,DIAG_01"
	names, form, _ := order(start)
	if want := []string{"SEX", "STARTAGE", "DIAG_01"}; !cmp.Equal(want, names) || form.Get("dx") != "L40" || form.Get("sort") != "SEX" || form.Get("return") != "/records?dx=L40&sort=SEX&cols=SEX,STARTAGE,DIAG_01" {
		t.Fatalf("%v, %v", names, form)
	}
	for _, c := range []struct {
		move string
		tick []string
		find string
		want string
	}{
		{"up:DIAG_01", nil, "", "SEX,DIAG_01,STARTAGE"},
		{"down:SEX", nil, "", "STARTAGE,SEX,DIAG_01"},
		{"up:SEX", nil, "", "SEX,STARTAGE,DIAG_01"},
		{"down:DIAG_01", nil, "", "SEX,STARTAGE,DIAG_01"},
		{"out:STARTAGE", nil, "", "SEX,DIAG_01"},
		{"up:EPIKEY", nil, "", "SEX,STARTAGE,DIAG_01"},
		{"", []string{"SEX", "DIAG_01", "FYEAR"}, "", "SEX,DIAG_01,FYEAR"},
		{"up:FYEAR", []string{"SEX", "DIAG_01", "FYEAR"}, "", "SEX,FYEAR,DIAG_01"},
		{"", nil, "diagnosis 2", "SEX,STARTAGE,DIAG_01"},
	} {
		sent := url.Values{"dx": {"L40"}, "sort": {"SEX"}, "order": names, "column": names, "return": {"/records"}, "find": {c.find}}
		if c.tick != nil {
			sent["column"] = c.tick
		}
		if c.move != "" {
			sent.Set("move", c.move)
		}
		got, form, at := order("/records/columns?" + sent.Encode())
		want := "/records/columns?dx=L40&sort=SEX&cols=" + c.want
		if c.find != "" {
			want += "&find=" + url.QueryEscape(c.find)
		}
		if strings.Join(got, ",") != c.want || at != want {
			t.Errorf("%q, %v: %v at %s, want %s", c.move, c.tick, got, at, want)
		}
		// what a search leaves out stays chosen
		for _, name := range got {
			if !slices.Contains(form["column"], name) {
				t.Errorf("%q: %s is not ticked any more", c.find, name)
			}
		}
	}
	// wrong input
	var many []string
	for i := 1; i <= 20; i++ {
		many = append(many, fmt.Sprintf("DIAG_%02d", i))
	}
	for i := 1; i <= 24; i++ {
		many = append(many, fmt.Sprintf("OPERTN_%02d", i))
	}
	for _, c := range []struct {
		name, says string
		columns    []string
		status     int
	}{
		{"none", "Choose at least one column.", nil, http.StatusBadRequest},
		{"too-many", "Choose at most 40 columns", many, http.StatusBadRequest},
		{"not-covered", "not covered by your agreement", []string{"LSOA01"}, http.StatusForbidden},
		{"person-key", "not covered by your agreement", []string{"TOKEN_PERSON_ID"}, http.StatusForbidden},
		{"unknown", "not covered by your agreement", []string{"NOPE"}, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := s.send(policy.Researcher, "/records/columns", url.Values{"column": c.columns, "return": {"/records?sex=1"}})
			if status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("status %d: %s", status, plain(body))
			}
			if c.status == http.StatusBadRequest && len(parse(t, body).first(byID("cols")).form()["order"]) != len(c.columns) {
				t.Error("what was chosen is lost")
			}
		})
	}
	// nothing has been remembered, and others have nothing to choose
	if _, at, _ := s.heads("/records"); at != "/records" {
		t.Errorf("remembered: %s", at)
	}
	for _, role := range []policy.Role{policy.Clinician, policy.Planner, policy.DataManager, policy.Auditor} {
		if status, _, _ := s.get(role, "/records/columns"); status != http.StatusForbidden {
			t.Errorf("%s: %d", role, status)
		}
	}
}
