package web_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
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
		o.engine, o.facts, o.agreement = r.engine, r.facts, r.agreement(o.agreement.From.AddDate(0, 1, 0))
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
		p.open(w.address(start), start)
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
	for _, how := range []string{"a chip", "a facet", "a mark", "next", "unit"} {
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

// open goes to an address that must show a state, from its first line on, and
// checks the page.
func (p *stand) open(address string, s state) { p.openAt(address, s, 0) }

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
	p.facets()
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

// without is how many episodes there would be without one filter.
func (p *stand) without(key string) int { return len(p.truth.under(key)) }

// chips checks that each filter is said, and that its link takes off that one.
func (p *stand) chips() {
	chips := p.doc.all(byClass("chip"))
	wishes := p.truth.s.wishes
	if len(chips) != len(wishes) {
		p.wrong("%d chips for %d filters", len(chips), len(wishes))
		return
	}
	for i, o := range wishes {
		says := chips[i].text()
		for _, part := range p.parts(o) {
			if !strings.Contains(says, part) {
				p.wrong("the chip %q does not say %q", says, part)
			}
		}
		link := chips[i].first(byTag("a"))
		if label := link.attr("aria-label"); !strings.Contains(label, says) {
			p.wrong("the link of the chip %q is called %q", says, label)
		}
	}
	if len(chips) > 0 {
		i := p.IntN(len(chips))
		if got, want := p.total(chips[i].first(byTag("a"))), p.without(wishes[i].key); got != want {
			p.wrong("without %q there are %d episodes, want %d", chips[i].text(), got, want)
		}
	}
	// an empty list says what brings something back
	if empty := p.doc.first(byClass("empty")); empty.ok() != (p.truth.size() == 0) {
		p.wrong("%d lines, and the list says that it is empty: %v", p.truth.size(), empty.ok())
	}
}

// parts are words that the chip of a wish cannot do without.
func (p *stand) parts(o wish) []string {
	var out []string
	long := func(iso string) string {
		d, _ := time.Parse(time.DateOnly, iso)
		return d.Format("2 January 2006")
	}
	for _, end := range [...]string{o.from, o.to} {
		switch {
		case end == "":
		case o.kind == query.Dates:
			out = append(out, long(end))
		default:
			out = append(out, end)
		}
	}
	if len(o.values) > 3 || slices.ContainsFunc(p.standing(), o.is) {
		return out // shortened; a sentence of its own
	}
	if o.exclude && o.key != "dup" && !slices.Equal(o.values, []string{""}) {
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

// facets checks the number beside each value of each filter, which are there, and
// which are chosen.
func (p *stand) facets() {
	for _, c := range panel() {
		box := p.doc.first(byID("fac-" + c.key))
		if held := p.r.holdsField(c.field); box.ok() != held || !held {
			if box.ok() != held {
				p.wrong("the filter %s is there: %v", c.key, box.ok())
			}
			continue
		}
		on, _ := p.truth.s.wish(c.key)
		if c.kind == query.Dates || c.kind == query.Numbers {
			form := box.form()
			if form.Get(c.key+"_from") != on.from || form.Get(c.key+"_to") != on.to {
				p.wrong("the filter %s holds %v, want %s to %s", c.key, form, on.from, on.to)
			}
			continue
		}
		if c.key == "dup" {
			p.duplicates(box, c, on)
			continue
		}
		p.options(box, c, on)
	}
}

// options checks a filter with a list of values.
func (p *stand) options(box node, c control, on wish) {
	mark := ""
	if on.exclude {
		mark = "!"
	}
	chars := 0
	if c.kind == query.Prefixes {
		chars = 3
	}
	tally := p.truth.tally(c.key, p.truth.s.fieldOf(c), chars)
	shown := map[string]bool{}
	least := -1 // of what is shown and was not chosen
	for _, in := range box.all(func(n node) bool { return n.Data == "input" && n.attr("type") == "checkbox" && n.attr("name") == c.key }) {
		value, marked := strings.CutPrefix(in.attr("value"), mark)
		if value == "none" {
			value = ""
		}
		if !marked || shown[value] {
			p.wrong("the filter %s offers %q", c.key, in.attr("value"))
		}
		shown[value] = true
		label := in.up(byTag("label"))
		n, ok := number(label.first(byClass("n")).text())
		if want := p.truth.count(c, value); !ok || n != want {
			p.wrong("%s: %q has %d episodes, want %d", c.key, label.text(), n, want)
		}
		_, checked := in.has("checked")
		if checked != slices.Contains(on.values, value) {
			p.wrong("%s: %q is chosen: %v", c.key, label.text(), checked)
		}
		if !checked && value != "" && (least < 0 || n < least) {
			least = n
		}
	}
	hidden := 0
	for value, n := range tally {
		if shown[value] || n == 0 {
			continue
		}
		if hidden++; len(shown) < 10 || n > least {
			p.wrong("%s: the value %q with %d episodes is not offered", c.key, value, n)
		}
	}
	delete(tally, "")
	more := box.first(func(n node) bool { return n.class("more") && strings.HasPrefix(n.text(), "The commonest of") })
	if hidden > 0 && more.text() != "The commonest of "+grouped(len(tally))+"." {
		p.wrong("%s: %d values are not shown, and it says %q", c.key, hidden, more.text())
	}
	for _, v := range on.values {
		if !shown[v] && !slices.Contains(strings.Split(strings.Join(box.form()[c.key], ", "), ", "), mark+v) {
			p.wrong("%s: the chosen %q is neither offered nor written", c.key, v)
		}
	}
}

// duplicates checks the three ways to deal with them.
func (p *stand) duplicates(box node, c control, on wish) {
	twice := p.truth.count(c, "1")
	all := len(p.truth.under("dup"))
	for value, want := range map[string]int{"!1": all - twice, "any": all, "1": twice} {
		in := box.first(func(n node) bool { return n.attr("name") == "dup" && n.attr("value") == value })
		if n, ok := number(in.up(byTag("label")).first(byClass("n")).text()); !ok || n != want {
			p.wrong("duplicates, %s: %d episodes, want %d", value, n, want)
		}
		_, checked := in.has("checked")
		is := slices.Equal(on.values, []string{"1"})
		if want := value == "!1" && is && on.exclude || value == "1" && is && !on.exclude || value == "any" && len(on.values) == 0; checked != want {
			p.wrong("duplicates, %s: chosen %v", value, checked)
		}
	}
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
	for i, tr := range rows {
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
	if strings.Contains(body, synthMark) {
		p.wrong("a person key is on the page")
	}
	for _, n := range p.doc.all(func(node) bool { return true }) {
		for _, a := range n.Attr {
			if a.Key != "href" && a.Key != "action" && a.Key != "value" && !strings.HasPrefix(a.Key, "data-") && a.Key != "src" {
				continue
			}
			text, err := url.QueryUnescape(a.Val)
			if err != nil {
				text = a.Val
			}
			for _, word := range regexp.MustCompile(`[0-9A-Za-z]{8,}`).FindAllString(text, -1) {
				if p.r.naming[word] {
					p.wrong("%s=%q names a patient or an episode", a.Key, a.Val)
				}
			}
		}
	}
}

// step goes on by a link or a form of the page and returns by which; "" if there
// is none.
func (p *stand) step() string {
	s := p.truth.s
	link := func(test func(node) bool) node { return p.doc.first(test) }
	if a := link(byAttr("data-prev", "")); a.ok() && !p.chance(3) {
		return p.follow("previous", a, s, max(0, p.at-onPage))
	}
	if s.unit == "charts" && p.truth.episodes > 0 && p.chance(2) {
		if how := p.mark(); how != "" {
			return how
		}
	}
	for range 20 {
		switch p.IntN(10) {
		case 0: // a chip taken off
			if len(s.wishes) > 0 {
				i := p.IntN(len(s.wishes))
				return p.follow("a chip", p.doc.all(byClass("chip"))[i].first(byTag("a")), s.without(s.wishes[i].key), 0)
			}
		case 1, 2, 3: // a value of a filter ticked or unticked
			if how := p.tick(); how != "" {
				return how
			}
		case 4: // sorted by a column
			if heads := p.doc.first(byClass("grid")).all(func(n node) bool { return n.Data == "th" && n.first(byTag("a")).ok() }); len(heads) > 0 && s.unit == "" {
				return p.heading(pick(p.walker, heads))
			}
		case 5, 8, 9:
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
			s.unit = to
			name := map[string]string{"": "Episodes", "spells": "Spells", "patients": "Patients", "charts": "Charts"}[to]
			a := link(byClass("seg")).first(func(n node) bool { return n.Data == "a" && n.text() == name })
			return p.follow("unit", a, s, 0)
		case 7:
			if p.chance(3) {
				cleared := s
				cleared.wishes, cleared.any = p.standing(), false
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

// tick changes one value of a filter in the form and sends it.
func (p *stand) tick() string {
	c := pick(p.walker, panel())
	box := p.doc.first(byID("fac-" + c.key))
	options := box.all(func(n node) bool {
		return n.Data == "input" && n.attr("name") == c.key && (n.attr("type") == "checkbox" || n.attr("type") == "radio")
	})
	if len(options) == 0 {
		return ""
	}
	in := pick(p.walker, options)
	form := p.doc.first(byID("f")).form()
	s := p.truth.s
	on, _ := s.wish(c.key)
	value, exclude := strings.CutPrefix(in.attr("value"), "!")
	if value == "none" {
		value = ""
	}
	switch _, checked := in.has("checked"); {
	case in.attr("type") == "radio":
		form[c.key] = []string{in.attr("value")}
		if s = s.without(c.key); value != "any" {
			s = s.with(wish{control: c, values: []string{value}, exclude: exclude})
		}
	case checked:
		i := slices.Index(form[c.key], in.attr("value"))
		form[c.key] = slices.Delete(form[c.key], i, i+1)
		on.values = slices.DeleteFunc(slices.Clone(on.values), func(v string) bool { return v == value })
		if s = s.without(c.key); len(on.values) > 0 {
			s = s.with(on)
		}
	default:
		if c.kind == query.Prefixes && slices.ContainsFunc(on.values, func(v string) bool { return v != "" && strings.HasPrefix(value, v) }) {
			return "" // it is in already
		}
		form.Add(c.key, in.attr("value"))
		on.control, on.exclude = c, exclude
		on.values = slices.DeleteFunc(slices.Clone(on.values), func(v string) bool { return c.kind == query.Prefixes && value != "" && strings.HasPrefix(v, value) })
		on.values = append(on.values, value)
		slices.Sort(on.values)
		s = s.with(on)
	}
	p.path = append(p.path, fmt.Sprintf("%s=%s", c.key, in.attr("value")))
	p.open(p.doc.first(byID("f")).attr("action")+"?"+form.Encode(), s)
	return "a facet"
}
