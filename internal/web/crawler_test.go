package web_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// A world is a release of which each part belongs to somebody. In its values stands
// whose they are, so that a value that is shown to somebody else is found wherever
// it comes out.
const (
	ofTeam     = "QZXTEAM"     // episodes of the clinical team's patients
	elsewhere  = "QZXELSE"     // of patients of another trust
	otherYear  = "QZXYEAR"     // of a year that no agreement covers
	notCovered = "QZXUNLISTED" // in fields that no agreement lists
)

// beyond are the fields of a world that no agreement covers.
func beyond() []string { return []string{"NEWNHSNO", "PROVSPNO", "LSOA01", "CONSULT"} }

// world is 24 episodes of a team, 60 of another trust and 12 of another year.
func world() []driver.Record {
	var out []driver.Record
	for i := range 96 {
		mark, r := ofTeam, driver.Record{"EPIKEY": fmt.Sprint(5000 + i), hes.PersonField: fmt.Sprintf("SYNTH%04d", i/2), "ADMIDATE": fmt.Sprintf("2009-%02d-%02d", 4+i%9, 1+i%28), "FYEAR": "0910",
			"EPISTAT": "3", "ADMIMETH": "12", "CLASSPAT": "2", "STARTAGE": fmt.Sprint(20 + i%60), "SEX": fmt.Sprint(1 + i%2), "PROCODE3": "RAL", "MAINSPEF": "330", "TRETSPEF": "330",
			"DIAG_01": "L400", "DUPLICATE": "0", "SUBSET_1": "N1", "AGE_BAND": "40-44", "ADMISSION_GROUP": "day case", "CONDITION_GROUP": "psoriasis", "LOS_DAYS": fmt.Sprint(i % 4), "CHARLSON": "0", "STAY_NHSD": fmt.Sprint(i), "PROVIDER_SPELL": fmt.Sprint(i)}
		switch {
		case i >= 84:
			mark = otherYear
			r["FYEAR"], r["ADMIDATE"] = "0708", fmt.Sprintf("2007-%02d-11", 4+i%9)
		case i >= 24:
			mark = elsewhere
			r["PROCODE3"], r["MAINSPEF"], r["TRETSPEF"] = "RTH", "160", "160"
		}
		for _, f := range []string{"ETHNIC5", "DIAG_02", "OPERTN_01"} {
			r[f] = mark + fmt.Sprint(i%7)
		}
		for _, f := range beyond() {
			r[f] = notCovered + fmt.Sprint(i)
		}
		out = append(out, r)
	}
	return out
}

// changed are the rows of a world in which everything that belongs to one of some
// marks is another: values, codes, people, ages, days.
func changed(rows []driver.Record, fields []string, marks ...string) []driver.Record {
	out := make([]driver.Record, len(rows))
	for i, r := range rows {
		out[i] = driver.Record{}
		mine := slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(r["DIAG_02"], m) })
		for k, v := range r {
			switch {
			case slices.Contains(fields, k):
				v += "9"
			case !mine:
			case k == hes.PersonField:
				v += "9"
			case k == "SEX":
				v = "2"
			case k == "ADMIDATE" && slices.Contains(marks, ofTeam): // rows stand in this order, and ids go by it
				v = v[:8] + "28"
			case k == "STARTAGE":
				v = "77"
			case k == "DIAG_01":
				v = "C443"
			case k == "LOS_DAYS":
				v = "9"
			case k == "AGE_BAND":
				v = "75-79"
			case k == "CONDITION_GROUP":
				v = "nmsc"
			case k == "DIAG_02" || k == "OPERTN_01" || k == "ETHNIC5":
				v += "8"
			}
			out[i][k] = v
		}
	}
	return out
}

// counting is an engine that counts what it is asked.
type counting struct {
	driver.Engine
	asked atomic.Int64
}

func (c *counting) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	c.asked.Add(1)
	return c.Engine.Ask(ctx, p)
}

// The people of a crawl besides one of each role.
const (
	nobody   policy.Role = ""
	owing    policy.Role = "owing"    // a study's, but the second factor is not given
	unchosen policy.Role = "unchosen" // a study's, but no purpose is chosen
	stranger policy.Role = "stranger" // a clinical team's at another trust, without patients here
)

// crawled is a site over a world.
type crawled struct {
	*site
	engine *counting
}

func crawlSite(t testing.TB, rows []driver.Record) crawled {
	t.Helper()
	c := crawled{engine: &counting{}}
	c.site = open(t, &web.Assets{}, func(o *source) {
		e := memory.New(o.dict, drivertest.Columns(t, o.dict, append(held(), beyond()...)), rows)
		c.engine.Engine = e
		o.engine, o.facts.Columns, o.facts.Years = c.engine, e.Info().Columns, []string{"0708", "0910"}
		o.agreement.Years = []string{"0910"}
	})
	away := c.records.clinic()
	away.Ref, away.Title, away.Provider = "CLINIC-2", "Another clinic", "RXX"
	if err := c.store.AddAgreement(t.Context(), away); err != nil {
		t.Fatal(err)
	}
	c.join(string(stranger), policy.Clinician, away.Ref)
	c.join(string(unchosen), policy.Researcher, "")
	c.weak(string(owing), policy.Researcher)
	return c
}

// may are the marks whose values somebody may meet.
func may(who policy.Role) []string {
	switch who {
	case policy.Researcher:
		return []string{ofTeam, elsewhere}
	case policy.Clinician:
		return []string{ofTeam}
	}
	return nil
}

// names that an answer may have headers of, and nothing else.
func knownHeaders() []string {
	return []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy",
		"Cache-Control", "Content-Type", "Content-Disposition", "Vary", "Location", "Allow", "X-Canonical", "Set-Cookie", "Clear-Site-Data", "Connection"}
}

// hardened checks what every answer must carry and must not carry.
func hardened(t testing.TB, what string, got *httptest.ResponseRecorder) {
	t.Helper()
	h := got.Header()
	for name, want := range map[string]string{
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types hes; report-uri /csp-reports",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
		"Cache-Control":                "no-store",
	} {
		if got := h.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: the header %s is %q", what, name, got)
		}
	}
	for name := range h {
		if name == "Content-Length" && strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=\"hes-export-") {
			continue // of a file that lies there, so that a browser shows how far it is
		}
		if !slices.Contains(knownHeaders(), name) {
			t.Errorf("%s: a header %s: %q", what, name, h.Get(name))
		}
	}
	if got.Body.Len() > 0 && h.Get("Content-Type") == "" {
		t.Errorf("%s: no type for %d bytes", what, got.Body.Len())
	}
	for _, text := range h.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(text)
		if err != nil || c.Name != "session" && c.Name != "__Host-session" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !c.Expires.IsZero() || c.Secure != strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("%s: the cookie %s, %v", what, text, err)
		}
	}
}

// leaks says what in an answer somebody may not have.
func (c crawled) leaks(who policy.Role, address string, got *httptest.ResponseRecorder) []string {
	var out []string
	path, _, _ := strings.Cut(address, "?")
	text := got.Body.String()
	for name, values := range got.Header() {
		text += "\n" + name + ": " + strings.Join(values, " ")
		for _, mark := range []string{ofTeam, elsewhere, otherYear, notCovered} {
			if strings.Contains(strings.Join(values, " "), mark) && name != "Location" && name != "X-Canonical" {
				out = append(out, "the header "+name+" holds "+mark)
			}
		}
	}
	for _, mark := range []string{ofTeam, elsewhere, otherYear, notCovered, "SYNTH"} {
		if strings.Contains(text, mark) && !slices.Contains(may(who), mark) && !strings.Contains(address, mark) {
			out = append(out, "a value of "+mark)
		}
	}
	if at, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); !slices.Contains([]string{"dictionary", "codes", "quality", "oversight", "account"}, at) { // which name fields to whoever may open them, or say what one has asked oneself
		words := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' && r < 'A' || r > 'Z' && r != '_' })
		for _, name := range beyond() {
			if slices.Contains(words, name) && !strings.Contains(address, name) { // what one asks for is said back
				out = append(out, "the name of the field "+name)
			}
			if f, ok := c.records.dict.Field(name); ok && strings.Contains(plain(text), f.Label+" ") && len(f.Label) > 12 {
				out = append(out, "the field "+f.Label)
			}
		}
		for _, name := range held() {
			if !canSee(who) && len(name) > 5 && slices.Contains(words, name) && !strings.Contains(address, name) {
				out = append(out, "the name of the column "+name)
			}
		}
	}
	if !canSee(who) && (strings.Contains(text, "data-row") || strings.Contains(text, "data-total")) {
		out = append(out, "a list")
	}
	return out
}

func canSee(who policy.Role) bool {
	return who == policy.Researcher || who == policy.Clinician || who == stranger
}

// ids of requests and hashes of entries of the access record
var changesEachTime = regexp.MustCompile(`\b([a-z2-7]{10}|[0-9a-f]{64})\b`)

// steady is an answer without what is another each time.
func steady(got *httptest.ResponseRecorder) (http.Header, string) {
	h := got.Header().Clone()
	h.Del("Set-Cookie")
	return h, changesEachTime.ReplaceAllString(got.Body.String(), "-")
}

// Every route as every role, and wherever its links lead: nobody is told more than
// is theirs. Two releases that differ only in what somebody may not see give them the
// same statuses, headers and bytes, and take the engine the same questions; so
// neither a number nor a length nor an order can tell. What is no part of that is
// looked for by marks in the values.
func TestCrawl(t *testing.T) {
	rows := world()
	most := 1 // addresses of each sort at each click
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		most = 12
	}
	all := []string{ofTeam, elsewhere, otherYear}
	for _, c := range []struct {
		who   policy.Role
		marks []string // what belongs to others
		least int      // pages to be reached
	}{
		{nobody, all, 30}, {owing, all, 30}, {unchosen, all, 30},
		{policy.DataManager, all, 30}, {policy.Governance, all, 30}, {policy.Auditor, all, 30},
		{policy.Planner, nil, 30}, // counts of everything are theirs, by year and sex: see TestBucketsLookAlike
		{policy.Researcher, []string{otherYear}, 120},
		{policy.Clinician, []string{elsewhere, otherYear}, 80},
		{stranger, all, 30},
	} {
		t.Run(cmp.Or(string(c.who), "nobody"), func(t *testing.T) {
			base, other := crawlSite(t, rows), crawlSite(t, changed(rows, beyond(), c.marks...))
			pages := base.crawl(t, other, c.who, most)
			if t.Logf("%d answers", pages); pages < c.least {
				t.Errorf("only %d answers were looked at", pages)
			}
		})
	}
}

// crawl goes through the routes and links of a site as somebody, beside another site
// that must look the same to them. It returns how many answers it looked at.
func (c crawled) crawl(t *testing.T, other crawled, who policy.Role, most int) int {
	t.Helper()
	answers := 0
	look := func(w way) *httptest.ResponseRecorder {
		answers++
		one, two := c.engine.asked.Load(), other.engine.asked.Load()
		got, twin := c.take(who, w), other.take(who, w)
		one, two = c.engine.asked.Load()-one, other.engine.asked.Load()-two
		hardened(t, w.String(), got)
		for _, what := range c.leaks(who, w.address, got) {
			t.Errorf("%s is told %s at %s", cmp.Or(who, "nobody"), what, w)
		}
		h, body := steady(got)
		g, again := steady(twin)
		at, _, _ := strings.Cut(w.address, "?")
		if strings.HasPrefix(at, "/account") || strings.HasPrefix(at, "/second-factor") || strings.HasPrefix(at, "/sign-in/") { // tells of oneself, with ids and secrets made at random
			body, again = "", ""
		}
		if got.Code != twin.Code || !gocmp.Equal(h, g) || body != again {
			t.Errorf("%s can tell by %s what others have:\n%d %d %s %s", cmp.Or(who, "nobody"), w, got.Code, twin.Code, gocmp.Diff(h, g), gocmp.Diff(plain(body), plain(again)))
		}
		if one != two {
			t.Errorf("%s: %s takes %d questions over one release and %d over the other", cmp.Or(who, "nobody"), w, one, two)
		}
		if one > 0 && !canSee(who) && who != policy.Planner {
			t.Errorf("%s: %s takes the engine %d questions", cmp.Or(who, "nobody"), w, one)
		}
		return got
	}
	other.ways() // what others have done stands in the access record of both
	next := []string{"/", "/account", "/nowhere", "/records/a/b", "/static/nothing.css", "/robots.txt", "/.git/config", "/debug/pprof/", "/metrics", "/records.json"}
	for _, w := range c.ways() {
		if w.form != nil && w.pattern != "POST /sign-out" && w.pattern != "POST /sign-in" {
			look(w)
			continue
		}
		if w.part != "" {
			look(w)
		}
		next = append(next, w.address)
	}
	if canSee(who) {
		next = append(next, "/records?view=patients", "/records?view=charts&by=SEX,AGE_BAND", "/records?view=patients&more=1", "/records?dx=L40", "/records?cols=LSOA01", "/records?sort=NEWNHSNO", "/records?if=CONSULT+is+C1", "/records?view=charts&by=PROVSPNO",
			"/records?view=patients&eth="+elsewhere+"1", "/records/charts/breakdown.csv?by=SEX", "/records/values/prov", "/records/values/dx?find=L")
	}
	seen, visited := map[string]int{}, map[string]bool{}
	for click := 0; click <= 3; click++ {
		var found []string
		for _, address := range next {
			if visited[address] {
				continue
			}
			visited[address] = true
			got := look(way{address: address})
			to := got.Header().Get("Location")
			for _, n := range parse(t, got.Body.String()).all(func(n node) bool { return n.Data == "a" || n.Data == "form" }) {
				link, _, _ := strings.Cut(cmp.Or(n.attr("href"), n.attr("action")), "#")
				if n.Data == "form" && n.attr("method") != "get" {
					continue
				}
				if n.Data == "form" {
					link += "?" + n.form().Encode()
				}
				if strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "/static/") && !visited[link] {
					k := strconv.Itoa(click) + shape(link)
					if seen[k]++; seen[k] <= most {
						found = append(found, link)
					}
				}
			}
			if to != "" && !visited[to] {
				found = append(found, to)
			}
		}
		next = found
	}
	return answers
}

// Two releases that differ only inside the range that a published number stands for
// look the same to whoever sees protected numbers: to the byte, in order, in length
// and in headers.
func TestBucketsLookAlike(t *testing.T) {
	rows := world()
	// 33 to 37 are published as 35, 48 to 52 as 50 and 8 to 12 as 10
	sexes := func(men, few int) []driver.Record {
		out := changed(rows, beyond(), ofTeam, elsewhere)
		for i := range out {
			switch {
			case i < men:
				out[i]["SEX"] = "1"
			case i < 84:
				out[i]["SEX"] = "2"
			case i < 84+few:
				out[i]["SEX"] = "1"
			default:
				delete(out[i], "SEX")
			}
		}
		return out
	}
	base := crawlSite(t, sexes(34, 12))
	other := crawlSite(t, sexes(36, 12))
	pages := base.crawl(t, other, policy.Planner, 3)
	_, table, _ := base.get(policy.Planner, "/tables/year-by-sex")
	contains(t, table, "35", "50")
	different := crawlSite(t, sexes(44, 12))
	if _, got, _ := different.get(policy.Planner, "/tables/year-by-sex"); plain(got) == plain(table) {
		t.Error("a table of other numbers looks the same too, so this tests nothing")
	}
	t.Logf("%d answers", pages)
}

// Whatever goes wrong, and however it is asked: every answer carries the headers,
// and methods that no page has are refused alike for everybody.
func TestEveryAnswerIsHardened(t *testing.T) {
	s := crawlSite(t, world())
	people := append(policy.Roles(), nobody, owing, unchosen, stranger)
	codes := map[int]int{}
	ask := func(who policy.Role, method, address string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, address, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if c, ok := s.cookies[who]; ok {
			r.AddCookie(c)
		}
		got := httptest.NewRecorder()
		s.server.ServeHTTP(got, r)
		codes[got.Code]++
		hardened(t, fmt.Sprintf("%s: %s %s", who, method, address), got)
		return got
	}
	// each method that no page has
	paths := map[string]bool{"/nowhere": true}
	for _, w := range s.ways() {
		path, _, _ := strings.Cut(w.address, "?")
		paths[path] = true
	}
	for path := range paths {
		for _, method := range []string{http.MethodTrace, "TRACK", http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "FOO"} {
			var first *httptest.ResponseRecorder
			for _, who := range people {
				got := ask(who, method, path, "Sec-Fetch-Site", "same-origin", "X-Echo", "QZXECHO")
				want := http.StatusMethodNotAllowed
				if path == "/nowhere" {
					want = http.StatusNotFound
				}
				if got.Code != want || (got.Header().Get("Allow") == "") != (want == http.StatusNotFound) || strings.Contains(got.Body.String(), "QZXECHO") {
					t.Errorf("%s: %s %s: status %d, allowed %q", who, method, path, got.Code, got.Header().Get("Allow"))
				}
				if first == nil {
					first = got
				}
				if got.Header().Get("Allow") != first.Header().Get("Allow") || said(t, got) != said(t, first) {
					t.Errorf("%s: %s %s says %q, to others %q", who, method, path, said(t, got), said(t, first))
				}
			}
			if got := ask(policy.Researcher, method, path); method != http.MethodOptions && got.Code != http.StatusForbidden {
				t.Errorf("%s %s without a word where it comes from: %d", method, path, got.Code)
			}
		}
	}
	// what the mux answers by itself, what is not read, what breaks
	for _, address := range []string{"//records", "/records/../records", "/./", "/records/", "/static/", "/static/../x", "/static/nothing.js", "/sign-in/", "/records?dx=%zz", "/records;a=b", "/records/charts/", "/patients/", "/codes//"} {
		ask(policy.Researcher, http.MethodGet, address)
		ask(nobody, http.MethodGet, address)
		ask(nobody, http.MethodHead, address)
	}
	ask(nobody, http.MethodGet, "/records", "X-Part", "app")
	for _, c := range []struct{ address, site string }{{"/records", "cross-site"}, {"/records?view=all", ""}, {"/records", ""}, {"/quality", ""}} {
		ask(policy.Researcher, http.MethodGet, c.address, "Sec-Fetch-Site", c.site)
	}
	s.paper.torn = true
	ask(policy.Researcher, http.MethodGet, "/records")
	s.paper.torn = false
	whole, ways := s.engine.Engine, s.ways()
	s.engine.Engine = breaking{whole}
	for _, w := range ways {
		if w.gives == data && canSee(w.who) && w.form == nil && !strings.Contains(w.address, "/conditions") && !strings.HasPrefix(w.pattern, "GET /exports/{id}/") && !strings.HasPrefix(w.pattern, "GET /exports/definition/") { // these ask the engine nothing
			if got := s.take(w.who, w); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "QZXBROKEN") || strings.Contains(got.Body.String(), "goroutine") {
				t.Errorf("%s: status %d: %s", w, got.Code, plain(got.Body.String()))
			} else {
				codes[got.Code]++
				hardened(t, w.String(), got)
			}
		}
	}
	s.engine.Engine = whole
	for name, form := range map[string]url.Values{"/sign-in": {"name": {"planner"}, "password": {"a long password of a test"}}, "/sign-out": {}} {
		got := s.post(policy.Planner, name, form)
		hardened(t, name, got)
		if codes[got.Code]++; len(got.Result().Cookies()) != 1 {
			t.Errorf("%s: %d cookies", name, len(got.Result().Cookies()))
		}
	}
	t.Logf("answers by status: %v", codes)
	for _, want := range []int{200, 303, 400, 401, 403, 404, 405, 500, 503} {
		if codes[want] == 0 {
			t.Errorf("no answer of status %d was looked at", want)
		}
	}
}

// breaking is an engine that breaks whenever it is asked, after the site has found
// out where its pages are.
type breaking struct{ driver.Engine }

func (b breaking) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	panic("QZXBROKEN of the engine")
}
