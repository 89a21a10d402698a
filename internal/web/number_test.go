package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// numbered is a site with a log, of whose patients 4 is of another
// team at the same trust, and 5 is at another trust.
func numbered(t *testing.T, log *bytes.Buffer) *site {
	t.Helper()
	s := open(t, &web.Assets{}, func(o *source) {
		rows := episodes()
		for i := range rows {
			switch i / 2 {
			case 4:
				rows[i]["MAINSPEF"], rows[i]["TRETSPEF"] = "100", "100"
			case 5:
				rows[i]["PROCODE3"] = "RTH"
			}
		}
		o.engine = memory.New(o.dict, drivertest.Columns(t, o.dict, held()), rows)
		o.facts.Columns = o.engine.Info().Columns
		o.log = slog.NewTextHandler(log, nil)
	})
	return s
}

// patientID is the sealed part of a patient's address.
func patientID(w http.Header) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(w.Get("Location"), "/patients/"), "?")
	return id
}

// A clinician finds a patient of the team by the hospital's own number, and nobody
// else's; the number is in no address, page, log or event.
func TestFindingByLocalNumber(t *testing.T) {
	var log bytes.Buffer
	s := numbered(t, &log)
	const cli = policy.Clinician
	before := s.events()
	w := s.post(cli, "/patients/find", url.Values{"number": {" QQLOCAL8 "}})
	if w.Code != http.StatusSeeOther {
		t.Fatalf("own patient: %d: %s", w.Code, plain(w.Body.String()))
	}
	if status, body, _ := s.get(cli, w.Header().Get("Location")); status != http.StatusOK || strings.Contains(body, "QQLOCAL") {
		t.Errorf("the patient's page: %d", status)
	}
	var answers []string
	for _, number := range []string{"QQLOCAL4", "QQLOCAL5", "QQLOCAL99", "<b>"} {
		w := s.post(cli, "/patients/find", url.Values{"number": {number}})
		if w.Code != http.StatusNotFound || !strings.Contains(plain(w.Body.String()), "There is no such patient among yours.") || strings.Contains(w.Body.String(), "QQLOCAL") {
			t.Errorf("%s: %d: %s", number, w.Code, plain(w.Body.String()))
		}
		answers = append(answers, w.Body.String())
	}
	for _, a := range answers[1:] {
		if a != answers[0] {
			t.Error("answers to numbers of others and of nobody differ")
		}
	}
	for _, number := range []string{"", strings.Repeat("1", 50)} {
		if w := s.post(cli, "/patients/find", url.Values{"number": {number}}); w.Code != http.StatusBadRequest {
			t.Errorf("a number of %d characters: %d", len(number), w.Code)
		}
	}
	if w := s.post(policy.Researcher, "/patients/find", url.Values{"number": {"QQLOCAL8"}}); w.Code != http.StatusForbidden {
		t.Errorf("a researcher: %d", w.Code)
	}
	for _, e := range s.since(before) {
		if strings.Contains(fmt.Sprintf("%+v", e), "QQLOCAL") {
			t.Errorf("the number is in the record: %+v", e)
		}
	}
	if strings.Contains(log.String(), "QQLOCAL") {
		t.Error("the number is in the log")
	}
	// the number opens no field and no filter
	if status, _, _ := s.get(cli, "/records?view=patients&if=LOPATID+is+QQLOCAL8"); status == http.StatusOK {
		t.Error("the number is a filter")
	}
}

const why = "Emergency consult on ward 7, the team is away."

// An exception opens exactly one patient of the own trust for 15 minutes, is in the
// record before, and closes the way to others unless it is reviewed in time.
func TestException(t *testing.T) {
	var log bytes.Buffer
	s := numbered(t, &log)
	const cli = policy.Clinician
	s.join("cleo", cli, "CLINIC-1")
	except := func(number, reason string) (int, string) {
		w := s.post(cli, "/patients/find/exception", url.Values{"exception-number": {number}, "reason": {reason}})
		return w.Code, "/patients/" + patientID(w.Header())
	}
	if code, _ := except("QQLOCAL4", "urgent"); code != http.StatusBadRequest {
		t.Errorf("without a reason: %d", code)
	}
	s.paper.torn = true
	if code, _ := except("QQLOCAL4", why); code != http.StatusServiceUnavailable {
		t.Errorf("without the record: %d", code)
	}
	s.paper.torn = false
	if code, _ := except("QQLOCAL5", why); code != http.StatusNotFound {
		t.Errorf("a patient of another trust: %d", code)
	}
	before := s.events()
	code, at := except("QQLOCAL4", why)
	events := s.since(before)
	if code != http.StatusSeeOther || len(events) < 3 || events[0].Kind != "exception" || events[0].Outcome != "begun" {
		t.Fatalf("status %d, events %+v", code, events)
	}
	status, body, canonical := s.get(cli, at)
	if status != http.StatusOK || !strings.Contains(body, "Opened as an exception until 24/11/2026 12:15") {
		t.Fatalf("status %d: %s", status, plain(body))
	}
	// neither the list that it was not on nor one that it would be on, were everybody
	// of the trust let in, has patients before or behind it
	for _, list := range []string{"", "?list=" + url.QueryEscape("view=patients&rule=any&dup=any&fin=any")} {
		_, body, _ := s.get(cli, at+list)
		for _, a := range parse(t, body).all(func(n node) bool { return n.Data == "a" && strings.HasPrefix(n.attr("href"), "/patients/") }) {
			if !strings.HasPrefix(a.attr("href"), at) && a.attr("href") != "/patients/find" {
				t.Errorf("beside the patient: %s %s", a.text(), a.attr("href"))
			}
		}
	}
	record := parse(t, body).first(func(n node) bool {
		return n.Data == "a" && rowAddress.MatchString(n.attr("href")) && strings.HasPrefix(n.attr("href"), "/records/")
	}).attr("href")
	if status, _, _ := s.get(cli, record); status != http.StatusOK {
		t.Errorf("an episode of the patient: %d", status)
	}
	// one patient, for one person: no list has more, and nobody else opens it
	_, list, _ := s.get(cli, "/records?view=patients&rule=any&dup=any&fin=any")
	_, others, _ := s.get("cleo", "/records?view=patients&rule=any&dup=any&fin=any")
	count := func(body string) string { return parse(t, body).first(byID("count")).text() }
	if count(list) != count(others) {
		t.Errorf("the list has %s with an exception and %s without", count(list), count(others))
	}
	for _, address := range []string{canonical, record} {
		if status, _, _ := s.get("cleo", address); status != http.StatusNotFound {
			t.Errorf("somebody else opens %s: %d", address, status)
		}
	}
	s.now = s.now.Add(policy.ExceptionLasts - time.Second)
	s.touch(cli, "cleo", lead)
	if status, _, _ := s.get(cli, canonical); status != http.StatusOK {
		t.Errorf("just before the end: %d", status)
	}
	s.now = s.now.Add(time.Second)
	for _, address := range []string{canonical, record} {
		if status, _, _ := s.get(cli, address); status != http.StatusNotFound {
			t.Errorf("after the end: %d", status)
		}
	}
	// two were asked for, and wait to be reviewed
	before = s.events()
	_, body, _ = s.get(lead, "/oversight/exceptions")
	if events := s.since(before); len(events) != 1 || events[0].Kind != "oversight" || events[0].Question != "reasons of exceptions" || events[0].Outcome != "shown" {
		t.Errorf("reading the reasons: %+v", events)
	}
	s.paper.torn = true
	if status, body, _ := s.get(lead, "/oversight/exceptions"); status != http.StatusServiceUnavailable || strings.Contains(body, why) {
		t.Errorf("reading the reasons without the record: %d", status)
	}
	s.paper.torn = false
	contains(t, body, "One patient, until 24/11/2026 12:15", "Nobody was found", why, "within 24 hours")
	s.now = s.now.Add(24 * time.Hour)
	for _, p := range []policy.Role{cli, lead, policy.Auditor} {
		s.again(p)
	}
	if code, _ := except("QQLOCAL4", why); code != http.StatusForbidden {
		t.Errorf("with unreviewed ones of yesterday: %d", code)
	}
	for id := 1; id <= 2; id++ {
		if w := s.post(policy.Auditor, fmt.Sprintf("/oversight/exceptions/%d", id), url.Values{}); w.Code == http.StatusSeeOther {
			t.Error("an auditor reviews")
		}
		if w := s.post(lead, fmt.Sprintf("/oversight/exceptions/%d", id), url.Values{}); w.Code != http.StatusSeeOther {
			t.Errorf("reviewing %d: %d: %s", id, w.Code, plain(w.Body.String()))
		}
	}
	if code, _ := except("QQLOCAL4", why); code != http.StatusSeeOther {
		t.Errorf("after the review: %d", code)
	}
	// an agreement that allows them no longer closes what is open
	a, err := s.store.Agreement(t.Context(), "CLINIC-1")
	if err == nil {
		was := a
		a.Exceptions = false
		err = s.store.AmendAgreement(t.Context(), was, a)
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.get(cli, canonical); status != http.StatusNotFound {
		t.Errorf("without exceptions: %d", status)
	}
	if code, _ := except("QQLOCAL4", why); code != http.StatusForbidden {
		t.Errorf("asked for where none are allowed: %d", code)
	}
	for _, e := range s.since(0) {
		if strings.Contains(fmt.Sprintf("%+v", e), "QQLOCAL") {
			t.Errorf("the number is in the record: %+v", e)
		}
	}
	if strings.Contains(log.String(), "QQLOCAL") {
		t.Error("the number is in the log")
	}
}

// touch uses the sessions of people, so that they go on.
func (s *site) touch(people ...policy.Role) {
	s.t.Helper()
	for _, p := range people {
		if _, _, err := s.auth.Check(s.t.Context(), s.cookies[p].Value); err != nil {
			s.t.Fatal(err)
		}
	}
}

// again signs somebody in anew, for the same purpose.
func (s *site) again(name policy.Role) {
	s.t.Helper()
	token, u, err := s.auth.SignIn(s.t.Context(), string(name), "a long password of a test", auth.From{Address: "127.0.0.1", Request: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	token = s.strong(token)
	if u.SeesRecords() {
		token = s.choose(token, u, map[policy.Role]string{policy.Researcher: "DSA-1", policy.Clinician: "CLINIC-1"}[u.Role])
	}
	s.cookies[name] = &http.Cookie{Name: "session", Value: token}
}
