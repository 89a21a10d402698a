package web_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/web"
)

// Random states of the explorer, through the real pages over the real engine:
// every number on each page, and where its links lead, as looking at every row
// in turn says. WEBENABLE_TORTURE=1 walks through all 500.
func TestStates(t *testing.T) {
	n := 120
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		n = 500
	}
	r := makeRelease(t, 8000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	w := &walker{Rand: rand.New(rand.NewPCG(seed(t), 4)), r: r, columns: r.covered(), labelled: map[string]labelled{}}
	visits, steps := 0, map[string]int{}
	for visits < n {
		role := policy.Researcher
		if w.chance(5) {
			role = policy.Clinician
		}
		start := w.state(role)
		p := &stand{t: t, site: s, walker: w, role: role, path: []string{"a link"}}
		p.openState(w.address(start), start)
		// from here on by links and forms, as long as there are some
		for visits++; visits < n && !w.chance(6); visits++ {
			how := p.step()
			if how == "" {
				break
			}
			steps[how]++
		}
		if t.Failed() {
			t.Fatalf("after %d states", visits)
		}
	}
	t.Logf("%d states of %d episodes; reached %v", visits, len(r.rows), steps)
	ways := []string{"a chip", "a facet", "a mark", "a month", "next", "unit"}
	if n == 500 {
		ways = append(ways, "a mark off", "a year of the strip", "a heading", "previous", "clear", "columns", "wrap")
	}
	for _, how := range ways {
		if steps[how] == 0 {
			t.Errorf("nothing was reached by %s", how)
		}
	}
}

// stand is where a walk has got to: a page, and what is so there.
type stand struct {
	t *testing.T
	*site
	*walker
	role  policy.Role
	path  []string // how it was reached
	url   string   // its canonical address
	at    int      // lines before the page
	doc   node
	truth truth
}

const onPage = 50

// wrong says what is wrong with the page, and how to get there.
func (p *stand) wrong(format string, args ...any) {
	p.t.Helper()
	p.t.Errorf("%s\n at %s as %s, by %s", fmt.Sprintf(format, args...), p.url, p.role, strings.Join(p.path, ", "))
}

// openState goes to an address that must show a state, from its first line on, and
// checks the page.
func (p *stand) openState(address string, s state) { p.openAt(address, s, 0) }

func (p *stand) openAt(address string, s state, at int) {
	p.t.Helper()
	p.url, p.at = address, at
	got := p.visit(p.role, address)
	if got.Code == http.StatusSeeOther {
		p.url = got.Header().Get("Location")
		got = p.visit(p.role, p.url)
	}
	if got.Code != http.StatusOK {
		p.wrong("status %d: %s", got.Code, parse(p.t, got.Body.String()).first(byTag("main")).text())
		p.t.FailNow()
	}
	p.doc, p.truth = parse(p.t, got.Body.String()), p.walker.truth(p.role, s)
	p.headline()
	p.chips()
	p.panel()
	p.strip()
	p.drawn()
	if p.chance(8) {
		p.allValues()
	}
	p.list()
	p.sendsItself()
	p.names(got.Body.String())
	if p.chance(8) { // the part of the page that a click fetches is the same
		part := p.visit(p.role, p.url, "X-Part", "app")
		app := parse(p.t, part.Body.String()).first(byID("app"))
		if part.Code != http.StatusOK || app.text() != p.doc.first(byID("app")).text() || part.Header().Get("X-Canonical") != "" {
			p.wrong("the part of the page differs from the page")
		}
	}
	if p.t.Failed() {
		p.t.FailNow() // from a wrong page on nothing is right
	}
}

// headline checks the totals.
func (p *stand) headline() {
	h := p.doc.first(byID("count"))
	of := map[string]int{}
	for _, m := range regexp.MustCompile(`([\d,]+) (episodes|patients|spells)`).FindAllStringSubmatch(h.text(), -1) {
		of[m[2]], _ = number(m[1])
	}
	if want := map[string]int{"episodes": p.truth.episodes, "patients": p.truth.patients, "spells": p.truth.spells}; !cmp.Equal(want, of) {
		p.wrong("the headline says %v, want %v", of, want)
	}
	app := p.doc.first(byID("app"))
	if app.attr("data-total") != grouped(p.truth.size()) || app.attr("data-url") != p.url {
		p.wrong("the page says of itself %s lines at %s, want %d", app.attr("data-total"), app.attr("data-url"), p.truth.size())
	}
}

// total visits a link and returns the episodes in the headline there.
func (p *stand) total(link node) int {
	p.t.Helper()
	got := p.visit(p.role, link.attr("href"))
	if got.Code != http.StatusOK {
		p.wrong("the link %q leads to status %d", link.text()+link.attr("aria-label"), got.Code)
		return -1
	}
	m := regexp.MustCompile(`([\d,]+) episodes`).FindStringSubmatch(parse(p.t, got.Body.String()).first(byID("count")).text())
	if m == nil {
		p.wrong("the link %q leads to no list", link.text())
		return -1
	}
	n, _ := number(m[1])
	return n
}

// without is how many episodes there would be without one filter, or without the
// conditions beyond them.
func (p *stand) without(key string) int {
	if key != "if" {
		return len(p.truth.under(key))
	}
	s := p.truth.s
	s.ifs = nil
	return len(p.truth.r.rowsOf(p.role, s))
}

// chips checks that each filter is said, and that its link takes off that one.
func (p *stand) chips() {
	chips := p.doc.all(byClass("chip"))
	wishes := p.truth.s.wishes
	var keys []string
	for _, o := range wishes {
		keys = append(keys, o.key)
	}
	if p.truth.s.ifs != nil {
		keys = append(keys, "if")
	}
	if len(chips) != len(keys) {
		p.wrong("%d chips for %d filters", len(chips), len(keys))
		return
	}
	for i := range chips {
		says := chips[i].text()
		if i < len(wishes) {
			for _, part := range p.parts(wishes[i]) {
				if !strings.Contains(says, part) {
					p.wrong("the chip %q does not say %q", says, part)
				}
			}
		}
		if short := chips[i].first(byTag("summary")); short.ok() {
			says = short.text()
		}
		link := chips[i].first(byTag("a"))
		if label := link.attr("aria-label"); !strings.Contains(label, says) {
			p.wrong("the link of the chip %q is called %q", says, label)
		}
	}
	if len(chips) > 0 {
		i := p.IntN(len(chips))
		if got, want := p.total(chips[i].first(byTag("a"))), p.without(keys[i]); got != want {
			p.wrong("without %q there are %d episodes, want %d", chips[i].text(), got, want)
		}
	}
	// an empty list says what brings something back
	empty := p.doc.first(byClass("empty"))
	if empty.ok() != (p.truth.size() == 0) {
		p.wrong("%d lines, and the list says that it is empty: %v", p.truth.size(), empty.ok())
	}
	if !empty.ok() {
		return
	}
	brings, want := map[string]int{}, map[string]int{}
	for _, li := range empty.all(byTag("li")) {
		n, _ := number(strings.TrimSuffix(li.first(byClass("n")).text(), " episodes"))
		brings[li.first(byTag("a")).attr("href")] = n
	}
	for i, key := range keys {
		if n := p.without(key); n > 0 {
			want[chips[i].first(byTag("a")).attr("href")] = n
		}
	}
	if !cmp.Equal(want, brings) {
		p.wrong("without one filter each there would be %v episodes, and the page says %v", want, brings)
	}
}

// parts are words that the chip of a wish cannot do without.
func (p *stand) parts(o wish) []string {
	var out []string
	if len(o.values)+len(o.spans) > 3 || slices.ContainsFunc(p.standing(), o.is) {
		return nil // shortened; a sentence of its own
	}
	for _, span := range o.spans {
		form := "2 January 2006"
		if wholeMonths(span) {
			form = "Jan 2006"
		}
		for _, end := range span {
			if d, err := time.Parse(time.DateOnly, end); err == nil {
				end = d.Format(form)
			}
			if end != "" && len(o.spans) == 1 { // others may have been joined
				out = append(out, end)
			}
		}
	}
	if o.exclude && o.key != "dup" && !(len(o.spans) == 0 && slices.Equal(o.values, []string{""})) {
		out = append(out, "not")
	}
	for _, v := range o.values {
		switch {
		case v == "":
			out = append(out, map[bool]string{false: "not recorded", true: "recorded"}[o.exclude])
		case o.kind == query.Prefixes:
			out = append(out, strings.ToUpper(v[:min(3, len(v))]))
		}
	}
	return out
}

// list checks the lines of the page and where it stands.
func (p *stand) list() {
	if p.truth.s.unit == "charts" {
		if p.truth.episodes > 0 {
			p.charts()
		}
		return
	}
	to := min(p.at+onPage, len(p.truth.lines))
	want := p.truth.lines[p.at:to]
	if len(p.truth.lines) != p.truth.size() {
		p.wrong("%d lines, and %d %s", len(p.truth.lines), p.truth.size(), p.truth.s.unit)
	}
	rows := p.doc.first(byClass("grid")).first(byTag("tbody")).all(byTag("tr"))
	if len(rows) != len(want) {
		p.wrong("%d lines, want %d", len(rows), len(want))
		return
	}
	if len(rows) == 0 {
		return
	}
	if pos := p.doc.first(byClass("pos")).text(); strings.ReplaceAll(pos, " ", "") != fmt.Sprintf("%s–%sof%s", grouped(p.at+1), grouped(to), grouped(p.truth.size())) {
		p.wrong("the page says %q of itself", pos)
	}
	follow := -1
	if p.chance(3) {
		follow = p.IntN(len(rows))
	}
	for i, tr := range rows {
		switch {
		case follow == i && p.truth.s.unit == "":
			p.record(i, tr)
		case follow == i:
			p.opens(tr, want[i])
		}
		switch p.truth.s.unit {
		case "patients":
			p.person(i, tr, want[i])
			continue
		case "spells":
			p.spell(i, tr, want[i])
			continue
		}
		if slices.Contains(p.truth.s.cols, "EPIKEY") {
			f, _ := p.r.dict.Field("EPIKEY")
			if key, _, _ := strings.Cut(tr.first(func(n node) bool { return n.attr("data-l") == f.Label }).text(), " "); key != want[i].Values[0] {
				p.wrong("line %d is episode %s, want %s", i, key, want[i].Values[0])
			}
		}
	}
	next, previous := p.doc.first(byAttr("data-next", "")), p.doc.first(byAttr("data-prev", ""))
	if next.ok() != (to < len(p.truth.lines)) || previous.ok() != (p.at > 0) {
		p.wrong("lines %d to %d: next page %v, previous page %v", p.at+1, to, next.ok(), previous.ok())
	}
}

// sendsItself checks that the form of filters, sent as it is, asks for the state
// that the page shows.
func (p *stand) sendsItself() {
	form := p.doc.first(byID("f"))
	got := p.visit(p.role, form.attr("action")+"?"+form.form().Encode())
	at := got.Header().Get("Location")
	if got.Code == http.StatusOK {
		at = form.attr("action") + "?" + form.form().Encode()
	}
	if want := first(p.url); at != want {
		p.wrong("the form leads to %s, want %s", at, want)
	}
}

// first is the address of the first page of a list.
func first(address string) string {
	path, q, _ := strings.Cut(address, "?")
	parts := slices.DeleteFunc(strings.Split(q, "&"), func(p string) bool {
		return p == "" || strings.HasPrefix(p, "after=") || strings.HasPrefix(p, "before=")
	})
	if len(parts) == 0 {
		return path
	}
	return path + "?" + strings.Join(parts, "&")
}

// names checks that no address on the page, and nothing that a form sends, holds
// what names a patient or an episode.
func (p *stand) names(body string) {
	for _, what := range p.r.names(p.doc, body) {
		p.wrong("%s", what)
	}
}

// step goes on by a link or a form of the page and returns by which; "" if there
// is none.
func (p *stand) step() string {
	s := p.truth.s
	link := func(test func(node) bool) node { return p.doc.first(test) }
	if a := link(byAttr("data-prev", "")); a.ok() && p.chance(2) {
		return p.follow("previous", a, s, max(0, p.at-onPage))
	}
	if s.unit == "charts" && p.truth.episodes > 0 && p.chance(2) {
		if how := p.mark(); how != "" {
			return how
		}
	}
	for range 20 {
		switch p.IntN(13) {
		case 0: // a chip taken off
			if len(s.wishes) > 0 {
				i := p.IntN(len(s.wishes))
				return p.follow("a chip", p.doc.all(byClass("chip"))[i].first(byTag("a")), s.without(s.wishes[i].key), 0)
			}
		case 1, 2, 3, 10, 11: // a value of a filter ticked or unticked
			if how := p.tick(); how != "" {
				return how
			}
		case 12:
			if how := p.month(); how != "" {
				return how
			}
		case 4: // sorted by a column
			if heads := p.doc.first(byClass("grid")).all(func(n node) bool { return n.Data == "th" && n.first(byTag("a")).ok() }); len(heads) > 0 && s.unit == "" {
				return p.heading(pick(p.walker, heads))
			}
		case 5, 8:
			if a := link(byAttr("data-next", "")); a.ok() {
				return p.follow("next", a, s, p.at+onPage)
			}
		case 6: // another unit
			to := pick(p.walker, []string{"", "spells", "patients", "charts"})
			if p.role == policy.Clinician && (to == "" || to == "spells") || to == s.unit {
				continue
			}
			lines := func(unit string) bool { return unit == "spells" || unit == "patients" }
			if lines(to) != lines(s.unit) {
				s.sort = nil // lines are sorted by their number of episodes
			}
			if to != "charts" && s.unit != "charts" || lines(to) || lines(s.unit) {
				s.cols = nil // each has its own
			}
			s.unit = to
			name := map[string]string{"": "Episodes", "spells": "Spells", "patients": "Patients", "charts": "Charts"}[to]
			a := link(byClass("seg")).first(func(n node) bool { return n.Data == "a" && n.text() == name })
			return p.follow("unit", a, s, 0)
		case 7, 9:
			if p.chance(3) {
				cleared := s
				cleared.wishes, cleared.anyDx, cleared.anyOp, cleared.ifs = p.standing(), false, false, nil
				if a := link(func(n node) bool { return n.Data == "a" && n.text() == "Clear all" }); a.ok() {
					return p.follow("clear", a, cleared, 0)
				}
				if s.unit == "patients" && p.chance(2) {
					s.more = !s.more
					return p.follow("columns", link(func(n node) bool { return n.class("wraps") && strings.HasSuffix(n.text(), "columns") }), s, 0)
				}
				if s.unit == "charts" {
					continue
				}
				s.wrap = !s.wrap
				return p.follow("wrap", link(func(n node) bool { return n.class("wraps") && !strings.HasSuffix(n.text(), "columns") }), s, 0)
			}
		}
	}
	return ""
}

// follow goes to where a link leads.
func (p *stand) follow(how string, a node, s state, at int) string {
	p.path = append(p.path, how)
	if !a.ok() {
		p.wrong("no link for %s", how)
		p.t.FailNow()
	}
	if s.open = nil; strings.Contains(a.attr("href"), "open=") {
		p.wrong("the link for %s keeps the side panel as it is", how)
	}
	p.openAt(a.attr("href"), s, at)
	if p.url != a.attr("href") {
		p.wrong("the link leads to %s, which is not the canonical address", a.attr("href"))
	}
	return how
}

// heading sorts by a column.
func (p *stand) heading(th node) string {
	s := p.truth.s
	name := ""
	for _, f := range p.columns {
		if f.Label == th.text() {
			name = f.Name
		}
	}
	if name == "" {
		p.wrong("no column is called %q", th.text())
		return ""
	}
	f, _ := p.r.dict.Field(name)
	down := f.Type == hes.Date
	if order := th.attr("aria-sort"); order != "" {
		down = order == "ascending"
	}
	if s.sort = []string{name}; down {
		s.sort = []string{"-" + name}
	}
	if name == "ADMIDATE" && down {
		s.sort = nil
	}
	return p.follow("a heading", th.first(byTag("a")), s, 0)
}
