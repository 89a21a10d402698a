package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/web"
)

// payloads are 500 and more texts by which somebody might make a value more than a
// value: for SQL, for the language of conditions, for pages, patterns and paths.
func payloads() []string {
	heads := []string{"", "1", "x", "L40", "1'", `1"`, "1)", "x')", "')", "1;", "\\", "1\x00", "L4%", "1 ", "é"}
	bodies := []string{"' OR 1=1--", "' OR '1'='1", "\" OR \"\"=\"", "' UNION SELECT * FROM person--", "') UNION SELECT name, hash FROM person--", "; DROP TABLE episode", "; ATTACH DATABASE '/etc/passwd' AS x", " OR 1=1", " OR SEX is 1", ") or (SEX is 1",
		"\u2019 OR \u20191\u2019=\u20191", "\uff07 OR 1=1", "/**/OR/**/1=1", "%27%20OR%201=1", "' AND sleep(9)--", "' AND randomblob(1000000000)--", "read_csv('/etc/passwd')", "${jndi:ldap://x}", "{{7*7}}", "%s%s%n",
		".*(a+)+$", "[0-9]*", "_", "%", "*", "../../etc/passwd", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\r\nSet-Cookie: session=x", "\u202etxt", "\ufeff", "=cmd|' /C calc'!A0", "`id`", "$(id)", "\x1b[2J"}
	var out []string
	for _, h := range heads {
		for _, b := range bodies {
			out = append(out, h+b)
		}
	}
	return out
}

// A value is only ever a value: whatever is put into a filter is refused as no value
// of it, or finds what it says to the letter, which nobody has. WEBENABLE_TORTURE=1
// puts each text into each filter.
func TestAValueIsOnlyAValue(t *testing.T) {
	s := open(t, &web.Assets{})
	all := payloads()
	if len(all) < 500 {
		t.Fatalf("only %d texts", len(all))
	}
	random := rand.New(rand.NewPCG(5, 3))
	lists := regexp.MustCompile(`^([\d,]+) (episodes?|patients?|spells?)`)
	refused, found := 0, 0
	_, whole, _ := s.get(policy.Researcher, "/records")
	if at := lists.FindString(parse(t, whole).first(byID("count")).text()); at == "" {
		t.Fatal("the page says no number")
	}
	for i, text := range all {
		keys := []string{"dx", "if"}
		for _, c := range query.Controls() {
			keys = append(keys, c.Key)
		}
		if os.Getenv("WEBENABLE_TORTURE") == "" {
			keys = []string{keys[random.IntN(len(keys))]}
		}
		for _, key := range keys {
			said := text
			if key == "if" {
				said = []string{`DIAG_01 is "` + text + `"`, "DIAG_nn starts with " + text, text}[i%3]
			}
			got := s.visit(policy.Researcher, "/records?"+url.Values{key: {said}}.Encode())
			for hops := 0; got.Code == http.StatusSeeOther && hops < 4; hops++ {
				got = s.visit(policy.Researcher, got.Header().Get("Location"))
			}
			switch got.Code {
			case http.StatusBadRequest:
				refused++
			case http.StatusOK:
				found++
				n := lists.FindStringSubmatch(parse(t, got.Body.String()).first(byID("count")).text())
				if n == nil || n[1] != "0" {
					t.Errorf("%s=%q finds %v", key, text, n)
				}
			case http.StatusForbidden: // a condition on a field that is not covered
				if key != "if" {
					t.Errorf("%s=%q: status %d", key, text, got.Code)
				}
			default:
				t.Errorf("%s=%q: status %d: %s", key, text, got.Code, plain(got.Body.String())[:200])
			}
		}
	}
	t.Logf("%d texts, %d times refused, %d times looked for and not found", len(all), refused, found)
	if refused < 100 || found < 5 {
		t.Errorf("%d were refused and %d found nothing: this tests little", refused, found)
	}
}

// What names a column, an order, a page or a chart is taken from a list of names, and
// what an agreement does not cover is refused and recorded.
func TestNamesAreFromAList(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, key := range []string{"sort", "cols", "by", "of", "view", "count", "order", "lanes", "den", "more", "dxpos", "oppos", "not", "open", "column"} {
		for _, text := range []string{"(select 1)", "SEX;drop table episode", "SEX desc", "1", "SEX--", "-(select 1)", "\"SEX\"", "sEx", "nhs_no", "rowid", "*", "SEX,(select 1)", "../SEX", "PERSON_KEY"} {
			got := s.visit(policy.Researcher, "/records?view=charts&"+url.Values{key: {text}}.Encode())
			if key == "view" || key == "sort" || key == "cols" {
				got = s.visit(policy.Researcher, "/records?"+url.Values{key: {text}}.Encode())
				if got.Code != http.StatusBadRequest && got.Code != http.StatusSeeOther {
					t.Errorf("%s=%q: status %d", key, text, got.Code)
				}
			}
			if got.Code == http.StatusSeeOther {
				to, err := url.Parse(got.Header().Get("Location"))
				if err != nil || strings.Contains(to.Query().Get(key), text) && text != "1" {
					t.Errorf("%s=%q is sent to %s", key, text, to)
				}
			} else if got.Code >= 500 {
				t.Errorf("%s=%q: status %d", key, text, got.Code)
			}
		}
	}
	for _, address := range []string{"/records?sort=LSOA01", "/records?cols=SEX,LSOA01", "/records?cols=NEWNHSNO", "/records?sort=-HOMEADD", "/records?if=LSOA01+is+E01000001", "/records?view=charts&by=LSOA01", "/records?view=charts&of=DOB", "/records/columns?column=LSOA01", "/records/charts/breakdown.csv?by=LSOA01"} {
		before := s.events()
		got := s.visit(policy.Researcher, address)
		for got.Code == http.StatusSeeOther {
			got = s.visit(policy.Researcher, got.Header().Get("Location"))
		}
		if got.Code == http.StatusBadRequest || got.Code == http.StatusOK && strings.HasPrefix(address, "/records/columns") {
			continue // there is no such column to be chosen
		}
		if last := s.last(); got.Code != http.StatusForbidden || s.events() != before+1 || last.Outcome != "refused" || last.Actor != "researcher" {
			t.Errorf("%s: status %d, %+v", address, got.Code, last)
		}
	}
}

// What somebody sends is said back as text, wherever it is said back.
func TestWhatIsSentIsNoMarkup(t *testing.T) {
	s := open(t, &web.Assets{})
	const text = `<svg onload=alert(1)>"'><b qzx=1>`
	said := 0
	check := func(what string, got *httptest.ResponseRecorder) {
		t.Helper()
		body := got.Body.String()
		if strings.Contains(body, "<svg onload") || strings.Contains(body, "<b qzx") || got.Code >= 500 {
			t.Errorf("%s: status %d, and what was sent is markup", what, got.Code)
		}
		if strings.Contains(body, html.EscapeString("<svg onload")) {
			said++
		}
		if parse(t, body).first(func(n node) bool { _, has := n.has("qzx"); _, on := n.has("onload"); return has || on }).ok() {
			t.Errorf("%s: an element is made of what was sent", what)
		}
	}
	for _, w := range s.ways() {
		path, _, _ := strings.Cut(w.address, "?")
		if w.pattern == "POST /sign-out" {
			continue
		}
		for _, key := range []string{"q", "find", "dx", "prov", "if", "sort", "cols", "view", "by", "of", "open", "after", "spell", "list", "row", "next", "name", "text", "node", "agreement", "code", "id", "column", "return", text} {
			for _, who := range []policy.Role{w.who, ""} {
				at := w
				if at.form != nil {
					at.form = url.Values{key: {text}}
				} else {
					at.address = path + "?" + url.Values{key: {text}}.Encode()
				}
				check(w.String()+" "+key, s.take(who, at, "Referer", text, "User-Agent", text))
			}
		}
	}
	for _, path := range []string{"/", "/records/", "/patients/", "/codes/", "/codes/icd10/", "/dictionary/", "/tables/", "/quality/loads/", "/records/charts/", "/records/values/", "/static/"} {
		for _, who := range []policy.Role{policy.Researcher, policy.Planner, policy.DataManager, ""} {
			check(path, s.visit(who, path+url.PathEscape(text)))
		}
	}
	if said < 10 {
		t.Errorf("it is said back %d times only, so this tests little", said)
	}
	t.Logf("said back %d times", said)
}

// Whatever somebody sends, a request is one line of the log, in either form of it.
func TestARequestIsOneLineOfTheLog(t *testing.T) {
	for name, form := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := open(t, &web.Assets{}, func(o *source) { o.log = form(&log) })
			log.Reset()
			asked := 0
			for _, text := range []string{"a\n{\"event\":\"grant\"}", "a\r\nlevel=INFO msg=forged", "a\x00b", "\x1b[31mred", "a\u2028b", "a\nmsg=forged level=ERROR"} {
				for _, at := range []string{"/records?dx=", "/records/", "/patients/", "/nowhere/", "/quality/loads/", "/codes/icd10/", "/sign-in?next="} {
					s.visit(policy.Researcher, at+url.QueryEscape(text), "X-Part", text, "User-Agent", text, "Referer", text)
					asked++
				}
				s.post("", "/sign-in", url.Values{"name": {text}, "password": {text}, "purpose": {text}})
				s.post(policy.Researcher, "/records/find", url.Values{"q": {text}, "purpose": {text}})
				asked += 2
			}
			lines := strings.Split(strings.TrimRight(log.String(), "\n"), "\n")
			if len(lines) != asked || strings.Contains(log.String(), "forged") || strings.Contains(log.String(), "grant") {
				t.Errorf("%d lines for %d requests", len(lines), asked)
			}
			for _, line := range lines {
				var e map[string]any
				if name == "json" && json.Unmarshal([]byte(line), &e) != nil || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
					t.Errorf("no line of the log: %q", line)
				}
			}
			if entries := s.since(0); slices.ContainsFunc(entries, func(e audit.Event) bool { return strings.Contains(fmt.Sprint(e), "forged") }) {
				t.Error("the access record holds what somebody sent")
			}
		})
	}
}
