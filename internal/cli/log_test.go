package cli

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Each line of the log is one event, as names with values or as JSON; each request
// has its number, route and status; and nothing is in it of what was asked or shown.
func TestTheLogIsStructuredAndTellsOfNobody(t *testing.T) {
	const canary = "qqcanary"
	data := smallSite(t, 400)
	terms := termsOf(t, data, "DEMO-STUDY")
	pair := regexp.MustCompile(`^([a-z_.]+=("([^"\\]|\\.)*"|[^ "=]*))( [a-z_.]+=("([^"\\]|\\.)*"|[^ "=]*))*$`)
	for _, form := range []string{"text", "json"} {
		t.Run(form, func(t *testing.T) {
			at, log := serveAt(t, data, "--log-format", form)
			someone := newGuest(at)
			if err := someone.enter(t.Context(), "researcher", "DEMO-STUDY", terms); err != nil {
				t.Fatal(err)
			}
			page := ""
			for _, path := range []string{"/records", "/records?dx=" + canary, "/" + canary + "%0amsg=forged", "/records/" + canary, "/healthz"} {
				_, body, err := someone.get(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if path == "/records" {
					page = body
				}
			}
			if _, _, err := someone.post(t.Context(), "/sign-in", url.Values{"name": {canary}, "password": {canary}}); err != nil {
				t.Fatal(err)
			}
			// what the server itself says of a connection is no line of another kind
			if c, err := tls.Dial("tcp", strings.TrimPrefix(at, "http://"), &tls.Config{InsecureSkipVerify: true}); err == nil {
				c.Close()
			}
			for end := time.Now().Add(20 * time.Second); strings.Count(log.String(), "POST /sign-in") < 2 && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
			requests := 0
			for line := range strings.Lines(log.String()) {
				line = strings.TrimSuffix(line, "\n")
				var e struct {
					Msg, Route, Request string
					Status              int
				}
				if form == "json" {
					if err := json.Unmarshal([]byte(line), &e); err != nil {
						t.Errorf("%v: %s", err, line)
					}
				} else if !pair.MatchString(line) {
					t.Errorf("no names with values: %s", line)
				}
				if strings.Contains(line, "msg=request ") || e.Msg == "request" {
					requests++
					if form == "json" && (e.Route == "" || len(e.Request) != 10 || e.Status < http.StatusOK) || form == "text" && !regexp.MustCompile(` route=.* status=\d{3} request=[a-z0-9]{10} `).MatchString(line) {
						t.Errorf("a request without its number, route or status: %s", line)
					}
				}
			}
			if requests < 8 {
				t.Errorf("only %d requests", requests)
			}
			told := []string{canary, "forged", "Demo researcher", "DEMO-STUDY", "SYNTH", demoPassword}
			for _, m := range regexp.MustCompile(`href="/(?:records|patients)/([^"?/]{20,})`).FindAllStringSubmatch(page, -1) {
				told = append(told, m[1])
			}
			if len(told) < 20 {
				t.Errorf("only %d things to look for", len(told))
			}
			for _, word := range told {
				if strings.Contains(log.String(), word) {
					t.Errorf("the log tells of %q", word)
				}
			}
		})
	}
}
