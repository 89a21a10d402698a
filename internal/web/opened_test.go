package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// This file follows lines to what they stand for: a record with its neighbours, a
// patient, a stay, the page of all values. And it measures what is drawn.

// page fetches a page that must be there.
func (p *stand) page(what, address string) (node, bool) {
	got := p.visit(p.role, address)
	if got.Code != http.StatusOK {
		p.wrong("%s: status %d at %s", what, got.Code, address)
		return node{}, false
	}
	doc := parse(p.t, got.Body.String())
	for _, bad := range p.r.names(doc, got.Body.String()) {
		p.wrong("%s: %s", what, bad)
	}
	return doc, true
}

// record opens a line of episodes: the record must be that one, and those before
// and after it the lines beside it.
func (p *stand) record(i int, tr node) {
	doc, ok := p.page("a record", tr.first(byAttr("data-row", "")).attr("href"))
	if !ok {
		return
	}
	key := func(doc node) string { return doc.first(byClass("rcd__key")).first(byTag("code")).text() }
	at := p.at + i
	if got := key(doc); got != p.truth.lines[at].Values[0] {
		p.wrong("line %d opens episode %s, want %s", at, got, p.truth.lines[at].Values[0])
	}
	for _, side := range [...]struct {
		attr string
		at   int
	}{{"data-previous-record", at - 1}, {"data-next-record", at + 1}} {
		link := doc.first(byAttr(side.attr, ""))
		if there := side.at >= 0 && side.at < len(p.truth.lines); link.ok() != there || !there {
			if link.ok() != there {
				p.wrong("line %d of %d: %s is there: %v", at, len(p.truth.lines), side.attr, link.ok())
			}
			continue
		}
		if beside, ok := p.page("the record beside", link.attr("href")); ok && key(beside) != p.truth.lines[side.at].Values[0] {
			p.wrong("line %d, %s: episode %s, want %s", at, side.attr, key(beside), p.truth.lines[side.at].Values[0])
		}
	}
}

// keys reads the episodes of the list on a patient's page.
func (p *stand) keys(doc node) []string {
	f, _ := p.r.dict.Field("EPIKEY")
	var out []string
	for _, td := range doc.first(byClass("sheet--episodes")).all(byAttr("data-l", f.Label)) {
		key, _, _ := strings.Cut(td.text(), " ")
		out = append(out, strings.TrimSuffix(key, ","))
	}
	slices.Sort(out)
	return out
}

// keysOf are those of rows.
func keysOf(rows []driver.Record) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r["EPIKEY"])
	}
	slices.Sort(out)
	return out
}

// opens follows a link of a line: the number in its cell is of the episodes that
// it opens.
func (p *stand) opens(tr node, line driver.Row) {
	links := tr.all(func(n node) bool { return n.Data == "a" && strings.HasPrefix(n.attr("href"), "/patients/") })
	if len(links) == 0 || !slices.Contains(p.truth.s.cols, "EPIKEY") {
		return
	}
	a := pick(p.walker, links)
	column := a.up(byTag("td")).attr("data-l")
	doc, ok := p.page("a patient", a.attr("href"))
	if !ok {
		return
	}
	rec := p.r.rows[line.ID]
	rows := p.truth.of(hes.PersonField, rec[hes.PersonField])
	stay := false
	switch column {
	case "Patient", "Episodes", "Spells", "Stays", "Bed days", "Diagnoses", "Sex":
	default:
		stay = p.truth.s.unit == "spells"
	}
	if p.truth.s.unit == "spells" && (stay || column == "Episodes") {
		// a stay opens whole, with what the filters leave out of it
		rows = nil
		for row := range p.r.rows {
			if p.r.guard(p.role, row) && p.r.rows[row][hes.SpellField] == rec[hes.SpellField] && p.r.rows[row][hes.PersonField] == rec[hes.PersonField] {
				rows = append(rows, p.r.rows[row])
			}
		}
	} else if column == "Day cases" || column == "Emergencies" || column == "Condition groups" {
		return // of spells; a filter of its own
	}
	if got, want := p.keys(doc), keysOf(rows); !slices.Equal(got, want) {
		p.wrong("%q in the column %s opens the episodes %v, want %v", a.text()+a.attr("aria-label"), column, got, want)
	}
}

// bars reads the heights of a path of bars that stand side by side, by where they
// begin.
func bars(d string, height int) map[int]int {
	out := map[int]int{}
	for _, m := range regexp.MustCompile(fmt.Sprintf(`M(\d+) %dv-(\d+)h`, height)).FindAllStringSubmatch(d, -1) {
		at, _ := strconv.Atoi(m[1])
		out[at], _ = strconv.Atoi(m[2])
	}
	return out
}

// drawn checks the heights of the bars of the strip and of the ages.
func (p *stand) drawn() {
	if cells := p.doc.first(byClass("mth-tbl")).all(byTag("td")); len(cells) > 0 {
		most := 1
		var counts []int
		for _, td := range cells {
			n, _ := number(td.text())
			counts, most = append(counts, n), max(most, n)
		}
		got := bars(p.doc.first(byID("bars")).attr("d"), 60)
		for i, n := range counts {
			if want := (60*n + most - 1) / most; got[10*i+1] != want {
				p.wrong("the bar of month %d is %d high, want %d", i, got[10*i+1], want)
			}
		}
		if say := p.doc.first(byID("strip-say")).text(); most > 1 && say != "peak "+grouped(most)+" in a month" {
			p.wrong("the strip says %q, want a peak of %d", say, most)
		}
	}
	if ages := p.doc.first(byID("ages")); ages.ok() {
		of := map[int]int{}
		most := 1
		for _, row := range p.truth.under("age") {
			if n, err := strconv.Atoi(p.r.rows[row]["STARTAGE"]); err == nil && n >= 0 {
				of[min(n/5*5, 100)]++
			}
		}
		for _, n := range of {
			most = max(most, n)
		}
		got := bars(ages.attr("d"), 100)
		for from := 0; from <= 100; from += 5 {
			want := 100 * of[from] / most
			if want > 0 {
				want = max(want, 2)
			}
			if got[from] != want {
				p.wrong("the bar of ages from %d is %d high, want %d", from, got[from], want)
			}
		}
	}
}

// allValues checks the page with every value of a filter.
func (p *stand) allValues() {
	c := controlOf(pick(p.walker, p.opened(p.truth.s)))
	if c.kind != query.Choice && c.kind != query.Prefixes || c.key == "dup" || !p.r.offers(c.field) {
		return
	}
	_, q, _ := strings.Cut(first(p.url), "?")
	chars, address := 0, "/records/values/"+c.key+"?"+q
	if c.kind == query.Prefixes {
		if chars = 3; p.chance(2) {
			chars, address = 4, address+"&detail=1"
		}
	}
	doc, ok := p.page("all values", address)
	if !ok {
		return
	}
	tally, seen := p.truth.tally(c.key, p.truth.s.fieldOf(c), chars), 0
	for _, in := range doc.all(func(n node) bool { return n.attr("type") == "checkbox" && n.attr("name") == c.key }) {
		value := in.attr("value")
		if value == "none" {
			value = ""
		}
		label := in.up(byTag("label"))
		n, ok := number(label.first(byClass("n")).text())
		if !ok || n != tally[value] {
			p.wrong("all values of %s: %q has %d episodes, want %d", c.key, label.text(), n, tally[value])
		}
		if n > 0 {
			seen++
		}
	}
	if seen != len(tally) {
		p.wrong("all values of %s: %d have episodes, want %d", c.key, seen, len(tally))
	}
	// sent as it is, it leads back to where it came from
	form := doc.first(byClass("vals"))
	sent := p.visit(p.role, form.attr("action")+"?"+form.form().Encode())
	to := form.attr("action") + "?" + form.form().Encode()
	if sent.Code == http.StatusSeeOther {
		to = sent.Header().Get("Location")
	}
	bare := func(a string) string {
		path, q, _ := strings.Cut(first(a), "?")
		parts := slices.DeleteFunc(strings.Split(q, "&"), func(s string) bool { return s == "" || strings.HasPrefix(s, "open=") })
		return path + "?" + strings.Join(parts, "&")
	}
	if bare(to) != bare(p.url) {
		p.wrong("all values of %s lead to %s", c.key, to)
	}
}

// month chooses a month, or a financial year, of the strip.
func (p *stand) month() string {
	s := p.truth.s
	adm := controlOf("adm")
	if years := p.doc.first(byClass("yrs")).all(byTag("a")); p.chance(2) && len(years) > 0 {
		a := pick(p.walker, years)
		from, _ := strconv.Atoi(a.text()[:4])
		s = s.with(wish{control: adm, spans: [][2]string{{fmt.Sprintf("%d-04-01", from), fmt.Sprintf("%d-03-31", from+1)}}})
		return p.follow("a year of the strip", a, s, 0)
	}
	buttons := p.doc.first(byClass("mth-tbl")).all(byTag("button"))
	if len(buttons) == 0 {
		return ""
	}
	b := pick(p.walker, buttons)
	n, _ := number(b.text())
	form := b.up(byTag("form")).form()
	form.Set("adm", b.attr("value"))
	for _, part := range p.doc.first(byClass("mth-pop")).all(byTag("form")) {
		if got := part.form(); got.Has("open") != form.Has("open") {
			p.wrong("one form of the strip keeps the side panel as it is, the other does not")
		}
	}
	if s.open = nil; form.Get("open") != "" {
		s.open = strings.Split(form.Get("open"), ",")
	}
	s = s.with(wish{control: adm, spans: [][2]string{month(b.attr("value"))}})
	p.path = append(p.path, b.attr("value"))
	p.openState("/records?"+form.Encode(), s)
	if p.truth.episodes != n {
		p.wrong("the month was said to have %d episodes, and has %d", n, p.truth.episodes)
	}
	return "a month"
}

// month is the days of one.
func month(text string) [2]string {
	y, _ := strconv.Atoi(text[:4])
	m, _ := strconv.Atoi(text[5:])
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m-1]
	if m == 2 && y%4 == 0 {
		last = 29
	}
	return [2]string{text + "-01", fmt.Sprintf("%s-%d", text, last)}
}
