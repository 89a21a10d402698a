package web_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// question is a form as somebody fills it in.
func question(text string) url.Values {
	return url.Values{"name": {"Somebody"}, "email": {"somebody@example.org"}, "question": {text}}
}

// asks sends the contact form from an address, as nobody.
func (s *site) asks(from string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/contact", strings.NewReader(form.Encode()))
	r.RemoteAddr = from
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}

const here = "192.0.2.7:1000"

func (s *site) kept() []registry.Message {
	s.t.Helper()
	all, err := s.store.Messages(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func wasSent(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusSeeOther && w.Header().Get("Location") == "/contact/sent"
}

// A message is kept once, however often it is sent, and may be sent again when the
// first was answered.
func TestMessageIsKeptOnce(t *testing.T) {
	s := open(t, &web.Assets{})
	form := question("How do I ask for access?\r\nWe are a study team.")
	var all sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, 4)
	for i := range answers {
		all.Go(func() { answers[i] = s.asks(here, form) })
	}
	all.Wait()
	for _, w := range answers {
		if !wasSent(w) {
			t.Errorf("status %d: %s", w.Code, plain(w.Body.String()))
		}
	}
	got := s.kept()
	if len(got) != 1 || got[0].Name != "Somebody" || got[0].Email != "somebody@example.org" || got[0].Text != "How do I ask for access?\nWe are a study team." || !got[0].Sent.Equal(s.now) || !got[0].Answered.IsZero() {
		t.Fatalf("kept: %+v", got)
	}
	if w := s.post(policy.Governance, fmt.Sprintf("/oversight/messages/%d", got[0].ID), url.Values{}); w.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", w.Code, plain(w.Body.String()))
	}
	if s.asks("192.0.2.8:1", form); len(s.kept()) != 2 {
		t.Errorf("%d messages after it was asked again", len(s.kept()))
	}
}

func TestMessageForm(t *testing.T) {
	for name, c := range map[string]struct {
		key, value string
		says       string
	}{
		"no-name":       {"name", " ", "Give your name."},
		"long-name":     {"name", strings.Repeat("n", 101), "at most 100 characters"},
		"name-of-lines": {"name", "A\nB", "letters, digits and punctuation only"},
		"no-email":      {"email", "", "Give your work email"},
		"wrong-email":   {"email", "me at work", "Write an email address"},
		"two-emails":    {"email", "a@example.org, b@example.org", "Write an email address"},
		"mail-header":   {"email", "a@example.org\r\nBcc: b@example.org", "Write an email address"},
		"no-question":   {"question", "", "at least 10 characters"},
		"long-question": {"question", strings.Repeat("long ", 801), "at most 4,000 characters"},
		"turned-round":  {"question", "This is \u202eturned round", "cannot be seen"},
		"no-text":       {"question", "This is \xff no text", "cannot be seen"},
		"zero":          {"question", "This has a \x00 in it", "cannot be seen"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, &web.Assets{})
			form := question("A question of the usual length")
			form.Set(c.key, c.value)
			w := s.asks(here, form)
			doc := parse(t, w.Body.String())
			field := doc.first(byID(c.key))
			if w.Code != http.StatusBadRequest || !strings.Contains(doc.first(byClass("error-summary")).text(), c.says) || field.attr("aria-invalid") != "true" || len(s.kept()) != 0 {
				t.Errorf("status %d, %d kept: %s", w.Code, len(s.kept()), plain(w.Body.String()))
			}
			if kept := doc.first(byID("name")).attr("value"); c.key != "name" && kept != "Somebody" {
				t.Errorf("what was typed is lost: %q", kept)
			}
		})
	}
	s := open(t, &web.Assets{})
	if w := s.asks(here, question(strings.Repeat("x", 1<<17))); w.Code != http.StatusBadRequest || len(s.kept()) != 0 {
		t.Errorf("a form of 128 kB: status %d", w.Code)
	}
	robot := question("Buy our excellent things now")
	robot.Set("website", "https://example.org")
	if w := s.asks(here, robot); !wasSent(w) || len(s.kept()) != 0 {
		t.Errorf("a robot: status %d, %d kept", w.Code, len(s.kept()))
	}
}

// What people send is text on the page of those who read it, and nowhere else.
func TestHostileMessages(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script> and a question`, `<img src=x onerror=alert(1)> what now`, `"><svg onload=alert(1)> closing`, `</textarea><script src=//example.org></script>`,
		`javascript:alert(document.cookie)`, `{{7*7}} ${7*7} #{7*7} <%= 7*7 %>`, `'; drop table message; --`, `' union select name, hash from person --`,
		`=HYPERLINK("http://example.org","x")`, `+44 20 7946 0000|cmd`, `@SUM(A1:A9)*cmd|' /C calc'!A0`, "line one\r\nSet-Cookie: session=stolen", "\r\n\r\n<html>another answer</html>",
		`../../../../etc/passwd%00.txt`, `%0d%0aLocation:%20https://example.org`, `&lt;b&gt;not bold&lt;/b&gt; &amp;`, "<!-- --><style>*{display:none}</style>",
		strings.Repeat("𝕏", 4000), "<a href='/oversight/messages/1' id=main>mark</a>", `<form action="/sign-out" method="post"><button>Click</button></form>`,
	}
	var log bytes.Buffer
	s := open(t, &web.Assets{}, func(o *source) { o.log = slog.NewTextHandler(&log, nil) })
	for i, text := range hostile {
		if w := s.asks(fmt.Sprintf("192.0.2.%d:1", i), question(text)); !wasSent(w) || len(w.Header()["Set-Cookie"]) > 0 {
			t.Errorf("%q: status %d, %v", text, w.Code, w.Header())
		}
		odd := question("A question of the usual length")
		odd.Set("name", text)
		w := s.asks("192.0.3.1:1", odd) // a name may be refused, and is said back on the form
		doc := parse(t, w.Body.String())
		for _, n := range doc.all(func(n node) bool { return n.Data == "script" || n.Data == "style" || n.Data == "img" }) {
			if src := n.attr("src"); n.Data != "script" || !strings.HasPrefix(src, "/static/") && src != "" {
				t.Errorf("%q becomes markup: %s %s", text, n.Data, src)
			}
		}
	}
	all := s.kept()
	if len(all) < len(hostile) {
		t.Fatalf("%d of %d were kept", len(all), len(hostile))
	}
	_, body, _ := s.get(policy.Governance, "/oversight/messages")
	doc := parse(t, body)
	shown := map[string]bool{}
	for _, p := range doc.all(byClass("msg")) {
		shown[strings.Join(strings.Fields(p.first(byClass("own")).text()), " ")] = true
		if n := p.all(func(n node) bool {
			return n.Data != "h3" && n.Data != "p" && n.Data != "a" && n.Data != "form" && n.Data != "input" && n.Data != "button"
		}); len(n) > 0 {
			t.Errorf("a message has a %s", n[0].Data)
		}
		for _, a := range p.all(byTag("a")) {
			if !strings.HasPrefix(a.attr("href"), "mailto:somebody@") {
				t.Errorf("a message leads to %s", a.attr("href"))
			}
		}
	}
	for _, text := range hostile {
		if !shown[strings.Join(strings.Fields(text), " ")] {
			t.Errorf("%.60q is not shown as it was sent", text)
		}
	}
	if text := log.String(); strings.Contains(text, "alert") || strings.Contains(text, "somebody@") || !strings.Contains(text, "POST /contact") {
		t.Errorf("the log tells of messages, or of none")
	}
}

func TestFloodOfMessages(t *testing.T) {
	s := open(t, &web.Assets{})
	n := 0
	ask := func(from string) int {
		n++
		return s.asks(from, question(fmt.Sprintf("This is question number %d", n))).Code
	}
	for range 5 {
		if got := ask(here); got != http.StatusSeeOther {
			t.Fatalf("status %d", got)
		}
	}
	if got := ask(here); got != http.StatusTooManyRequests {
		t.Errorf("the sixth from one address: status %d", got)
	}
	if w := s.asks(here, question("This is question number 5")); !wasSent(w) {
		t.Errorf("the last one sent twice: status %d", w.Code)
	}
	for i := range 5 {
		if got := ask(fmt.Sprintf("[2001:db8::%x]:1", i+1)); got != http.StatusSeeOther {
			t.Fatalf("status %d", got)
		}
	}
	if got := ask("[2001:db8::ffff:1]:1"); got != http.StatusTooManyRequests {
		t.Errorf("another address of one network: status %d", got)
	}
	for i := range 50 {
		if got := ask(fmt.Sprintf("198.51.100.%d:1", i)); got != http.StatusSeeOther {
			t.Fatalf("the %d. of many: status %d", i+11, got)
		}
	}
	if got := ask("203.0.113.1:1"); got != http.StatusTooManyRequests || len(s.kept()) != 60 {
		t.Errorf("the 61st of all: status %d, %d kept", got, len(s.kept()))
	}
	s.now = s.now.Add(time.Hour)
	if got := ask(here); got != http.StatusSeeOther {
		t.Errorf("an hour later: status %d", got)
	}
}

// Those who oversee the site read messages, which is an event; the lead marks them.
func TestMessagesForStaff(t *testing.T) {
	s := open(t, &web.Assets{})
	s.asks(here, question("Who may see the records?"))
	_, body, _ := s.get(policy.Governance, "/oversight")
	contains(t, plain(body), "1 Messages to answer")
	for _, role := range policy.Roles() {
		reads := role == policy.Governance || role == policy.Auditor
		before := s.events()
		status, body, _ := s.get(role, "/oversight/messages")
		events := s.since(before)
		if (status == http.StatusOK) != reads || strings.Contains(body, "Who may see the records?") != reads || len(events) != 1 {
			t.Errorf("%s: status %d, events %+v", role, status, events)
		}
		if strings.Contains(body, "Mark message") != (role == policy.Governance) {
			t.Errorf("%s can mark it, or the lead cannot", role)
		}
		if role != policy.Governance {
			if w := s.post(role, "/oversight/messages/1", url.Values{}); w.Code != http.StatusForbidden {
				t.Errorf("%s marks it: status %d", role, w.Code)
			}
		}
	}
	before := s.events()
	if w := s.post(policy.Governance, "/oversight/messages/1", url.Values{}); w.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", w.Code, plain(w.Body.String()))
	}
	if events := s.since(before); len(events) != 2 || events[0].Kind != "message-answered" || events[0].Outcome != "begun" || events[1].Outcome != "done" || events[0].Question != "message 1" {
		t.Errorf("events %+v", events)
	}
	_, body, _ = s.get(policy.Governance, "/oversight/messages")
	contains(t, plain(body), "Marked as answered 24/11/2026 12:00 by ig-lead")
	if w := s.post(policy.Governance, "/oversight/messages/1", url.Values{}); w.Code != http.StatusConflict {
		t.Errorf("marked twice: status %d", w.Code)
	}
	if w := s.post(policy.Governance, "/oversight/messages/2", url.Values{}); w.Code != http.StatusBadRequest {
		t.Errorf("one that is not there: status %d", w.Code)
	}
}

// Messages go a year after they were answered, and not before.
func TestOldMessagesAreRemoved(t *testing.T) {
	s := open(t, &web.Assets{})
	s.asks(here, question("The first question of two"))
	s.asks(here, question("The second question of two"))
	if err := s.store.AnswerMessage(t.Context(), 1, "ig-lead", s.now); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(365 * 24 * time.Hour)
	if s.site.Tend(context.Background()); len(s.kept()) != 2 {
		t.Errorf("%d are kept on the last day", len(s.kept()))
	}
	s.now = s.now.Add(time.Second)
	s.site.Tend(context.Background())
	if got := s.kept(); len(got) != 1 || got[0].ID != 2 {
		t.Errorf("kept after a year: %+v", got)
	}
}
