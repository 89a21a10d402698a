package web_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

var wordText = regexp.MustCompile(`[0-9A-Za-z]{8,}`)

// names returns what on a page names a patient or an episode where only an address
// or a form's value stands.
func (r *realRelease) names(doc node, body string) []string {
	var out []string
	if strings.Contains(body, synthMark) {
		out = append(out, "a person key is on the page")
	}
	for _, n := range doc.all(func(node) bool { return true }) {
		for _, a := range n.Attr {
			if a.Key != "href" && a.Key != "action" && a.Key != "formaction" && a.Key != "value" && !strings.HasPrefix(a.Key, "data-") && a.Key != "src" && a.Key != "id" {
				continue
			}
			text, err := url.QueryUnescape(a.Val)
			if err != nil {
				text = a.Val
			}
			for _, word := range wordText.FindAllString(text, -1) {
				if r.naming[word] {
					out = append(out, fmt.Sprintf("%s=%q names a patient or an episode", a.Key, a.Val))
				}
			}
		}
	}
	return out
}

var idText = regexp.MustCompile(`([/=])[\w-]{22}\b`)

// shape is an address without what tells pages of one sort apart: ids, codes and
// the names of fields, and of the query all but how a list is looked at.
func shape(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	parts := strings.Split(idText.ReplaceAllString(u.Path, "${1}ID"), "/")
	if len(parts) > 2 && (parts[1] == "dictionary" || parts[1] == "codes") {
		parts[len(parts)-1] = "NAME"
	}
	out := strings.Join(parts, "/")
	for _, k := range []string{"view", "lanes", "spell", "list", "row", "after", "before", "more", "den", "sort", "find", "q"} {
		switch {
		case k == "view":
			out += " " + u.Query().Get(k)
		case u.Query().Has(k):
			out += " " + k
		}
	}
	return out
}

// Nobody is led to an address that names a patient or an episode: every link of
// every sort of page that can be reached by three clicks.
func TestNoAddressNamesAPatient(t *testing.T) {
	r := makeRelease(t, 2000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	most := 1 // page of each sort for each number of clicks
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		most = 50
	}
	for _, role := range append(policy.Roles(), "") {
		next := []string{"/", "/account"}
		switch role {
		case policy.Researcher:
			next = append(next, "/records", "/records?cols=ADMIDATE,EPIKEY,DIAG_01&sort=EPIKEY", "/records?view=spells", "/records?view=charts&by=SEX,FYEAR", "/records?view=patients&more=1")
		case policy.Clinician:
			next = append(next, "/records?view=patients", "/records?view=charts")
		}
		seen, visited := map[string]int{}, map[string]bool{}
		sorts := map[string]bool{}
		for click := 0; click <= 3; click++ {
			var found []string
			for _, address := range next {
				visited[address] = true
				got := s.visit(role, address)
				for got.Code == http.StatusSeeOther {
					hardened(t, address, got)
					got = s.visit(role, got.Header().Get("Location"))
				}
				hardened(t, address, got)
				sorts[shape(address)] = true
				doc := parse(t, got.Body.String())
				for _, what := range r.names(doc, got.Body.String()) {
					t.Errorf("%s at %s: %s", role, address, what)
				}
				for _, n := range doc.all(func(n node) bool { return n.Data == "a" || n.Data == "form" }) {
					to := cmp.Or(n.attr("href"), n.attr("action"))
					to, _, _ = strings.Cut(to, "#")
					if n.Data == "form" && n.attr("method") == "get" {
						to += "?" + n.form().Encode()
					} else if n.Data == "form" {
						continue // sends what it holds in its body
					}
					if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "/static/") || visited[to] {
						continue
					}
					k := strconv.Itoa(click) + shape(to)
					if seen[k]++; seen[k] <= most {
						visited[to] = true
						found = append(found, to)
					}
				}
			}
			next = found
		}
		t.Logf("%s: %d pages of %d sorts", role, len(visited), len(sorts))
		if least := map[policy.Role]int{policy.Researcher: 100, policy.Clinician: 60}[role]; len(visited) < least {
			t.Errorf("%s was led to %d pages only", role, len(visited))
		}
	}
}

// last returns the newest entry of the access record.
func (s *site) last() (e audit.Event) {
	s.t.Helper()
	err := s.store.Entries(s.t.Context(), int64(s.events()), func(x audit.Entry) bool { return json.Unmarshal(x.Body, &e) == nil })
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

var quotedText = regexp.MustCompile(`quote <code>\w+</code>`)

// Ids of rows, patients, stays and pages belong to whom they were shown and to the
// purpose: to everybody else they are like ids that there never were, and asking
// is recorded as a refusal.
func TestIdsAreLikeUnknownOnes(t *testing.T) {
	s := open(t, &web.Assets{})
	other := s.records.agreement
	other.Ref, other.Title = "DSA-2", "Another study"
	if err := s.store.AddAgreement(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	s.join("colleague", policy.Researcher, s.records.agreement.Ref)
	s.join("stranger", policy.Researcher, other.Ref)
	const mine = policy.Researcher
	links := map[string]string{}
	take := func(name, at string, test func(node) bool) string {
		t.Helper()
		_, body, _ := s.get(mine, at)
		to := parse(t, body).first(test).attr("href")
		if !idText.MatchString(to) {
			t.Fatalf("no %s at %s: %q", name, at, to)
		}
		links[name] = to
		return to
	}
	starts := func(with string) func(node) bool {
		return func(n node) bool { return n.Data == "a" && strings.HasPrefix(n.attr("href"), with) }
	}
	row := take("row", "/records", byAttr("data-row", ""))
	take("patient", "/records", starts("/patients/"))
	take("next-record", row, starts("/records/"))
	take("patient-of-a-record", row, starts("/patients/"))
	after := take("after", "/records", byAttr("data-next", ""))
	take("before", after, byAttr("data-prev", ""))
	take("line-of-a-patient", "/records?view=patients", starts("/patients/"))
	take("stay", "/records?view=spells", func(n node) bool { return strings.Contains(n.attr("href"), "spell=") })
	if !strings.Contains(links["stay"], "spell=") {
		t.Fatal("no link to a stay")
	}
	for name, to := range links {
		if got := s.visit(mine, to); got.Code != http.StatusOK {
			t.Errorf("%s: its maker gets %d at %s", name, got.Code, to)
		}
		unknown := idText.ReplaceAllString(to, "${1}"+strings.Repeat("A", 22))
		garbled := idText.ReplaceAllStringFunc(to, func(id string) string { return id[:1] + "AAAA" + id[5:] })
		for _, who := range []policy.Role{"colleague", "stranger", policy.Clinician, policy.Planner, policy.DataManager} {
			answer := func(address string) string {
				before := s.events()
				got := s.visit(who, address)
				for got.Code == http.StatusSeeOther {
					got = s.visit(who, got.Header().Get("Location"))
				}
				if last := s.last(); s.events() != before+1 || last.Outcome != "refused" || last.Actor != string(who) {
					t.Errorf("%s, %s: %d entries, the last %+v", name, who, s.events()-before, last)
				}
				if got.Code < 400 {
					t.Errorf("%s, %s: status %d", name, who, got.Code)
				}
				return strconv.Itoa(got.Code) + idText.ReplaceAllString(quotedText.ReplaceAllString(got.Body.String(), ""), "${1}ID")
			}
			want := answer(unknown)
			if d := gocmp.Diff(want, answer(to)); d != "" {
				t.Errorf("%s: %s can tell it from one that there never was (-unknown +foreign):\n%s", name, who, d)
			}
			if d := gocmp.Diff(want, answer(garbled)); d != "" {
				t.Errorf("%s: %s can tell a garbled one (-unknown +garbled):\n%s", name, who, d)
			}
		}
	}
}

// A colleague who opens a link sees the same filters, order, columns and view, of
// what he himself may see.
func TestAColleagueOpensALink(t *testing.T) {
	r := makeRelease(t, 2000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	later := s.records.agreement
	later.Ref, later.Title, later.Years = "DSA-2", "The last year", r.facts.Years[len(r.facts.Years)-1:]
	if err := s.store.AddAgreement(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	s.join("colleague", policy.Researcher, s.records.agreement.Ref)
	s.join("later", policy.Researcher, later.Ref)
	for _, link := range []string{
		"/records?dx=C44&dx=L&sex=!1&rule=any&sort=-STARTAGE,SEX&cols=EPIKEY,STARTAGE,SEX,DIAG_01&den=w",
		"/records?age=18..64&rule=any&dxpos=any&sort=EPISODES&more=1&view=patients",
		"/records?sex=2&dup=any&sort=-EPISODES&view=spells",
		"/records?sex=2&rule=any&view=charts&by=SEX,CLASSPAT",
	} {
		said := func(who policy.Role) (node, []string) {
			status, body, at := s.get(who, link)
			if status != http.StatusOK || at != link {
				t.Fatalf("%s gets %d at %s for %s", who, status, at, link)
			}
			doc := parse(t, body)
			var out []string
			for _, n := range doc.all(func(n node) bool { return n.class("chip") || n.Data == "th" && n.up(byClass("grid")).ok() }) {
				out = append(out, n.text()+" "+n.attr("aria-sort"))
			}
			current := doc.first(byClass("seg")).first(byAttr("aria-current", "true"))
			return doc, append(out, current.text())
		}
		doc, want := said(policy.Researcher)
		same, got := said("colleague")
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("%s: a colleague sees (-maker +colleague):\n%s", link, d)
		}
		if a, b := doc.first(byID("count")).text(), same.first(byID("count")).text(); a != b {
			t.Errorf("%s: %s for the maker and %s for a colleague", link, a, b)
		}
		if doc.first(byClass("pid")).text() != "" && doc.first(byClass("pid")).text() == same.first(byClass("pid")).text() {
			t.Errorf("%s: both know the patient by one name", link)
		}
		year, got := said("later")
		if d := gocmp.Diff(want, got); d != "" {
			t.Errorf("%s: under another agreement (-maker +other):\n%s", link, d)
		}
		all, _ := number(doc.first(byID("count")).first(byTag("strong")).text())
		part, _ := number(year.first(byID("count")).first(byTag("strong")).text())
		if part == 0 || part >= all {
			t.Errorf("%s: %d lines of one year, %d of all", link, part, all)
		}
		for _, who := range []policy.Role{policy.Planner, policy.DataManager, policy.Governance, policy.Auditor} {
			if got := s.visit(who, link); got.Code != http.StatusForbidden {
				t.Errorf("%s gets %d at %s", who, got.Code, link)
			}
		}
		if got := s.visit(policy.Clinician, link); (got.Code == http.StatusOK) != (strings.Contains(link, "view=patients") || strings.Contains(link, "view=charts")) {
			t.Errorf("a clinician gets %d at %s", got.Code, link)
		}
	}
}
