package web_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
)

// This file follows the marks of charts, and reads what they and the charts' files
// say.

var hears = regexp.MustCompile(`: (filter by this|in use, take this filter off)$`)

// marks checks that each mark says a number of the table under the names that it
// has there.
func (p *stand) marks(key string, fig node, t chartData, unit string) {
	for _, a := range fig.all(func(n node) bool { return n.Data == "a" && n.attr("aria-label") != "" }) {
		label := a.attr("aria-label")
		says := hears.ReplaceAllString(label, "")
		if pressed := a.attr("aria-current") == "true"; says == label || pressed != strings.HasSuffix(label, "take this filter off") {
			p.wrong("chart %s: the mark %q does not say what it does", key, label)
		}
		ok := slices.Contains(t.lines, says) || slices.Contains(t.columns, says)
		for i, l := range t.lines {
			for j, m := range t.columns {
				n := t.cells[i][j] + " " + unit
				ok = ok || says == n+", "+l+", "+m || says == n+", "+m+", "+l || len(t.columns) == 1 && (says == l+" "+n || strings.HasSuffix(says, " "+n+", "+l)) || strings.HasSuffix(says, " "+n+", "+l) && j == 0
			}
		}
		if !ok {
			p.wrong("chart %s: the mark %q says what the table does not", key, label)
		}
	}
	// bars are as long as their numbers say
	bars := fig.all(byClass("bar1"))
	most := 1
	for _, b := range bars {
		n, _ := number(b.first(byClass("n")).text())
		most = max(most, n)
	}
	for _, b := range bars {
		n, _ := number(b.first(byClass("n")).text())
		want := 0
		if n > 0 {
			want = max(6, 1000*n/most)
		}
		if got := b.first(byTag("rect")).attr("width"); got != fmt.Sprint(want) {
			p.wrong("chart %s: the bar of %d of at most %d is %s long", key, n, most, got)
		}
	}
}

// file checks that the file of a chart holds what may leave of its table, for whom
// it is there.
func (p *stand) file(c plot, fig node) {
	link := fig.first(func(n node) bool { return n.Data == "a" && strings.Contains(n.attr("href"), ".csv") })
	if p.role != policy.Researcher {
		if link.ok() {
			p.wrong("chart %s has a file", c.key)
		}
		return
	}
	address, query, _ := strings.Cut(link.attr("href"), "?")
	if address != "/records/charts/"+c.key+".csv" {
		p.wrong("the file of chart %s is at %q", c.key, address)
		return
	}
	_, table := p.site.file(p.role, c.key, query)
	table = flat(table)
	got := chartData{columns: table[0][1:]}
	for _, line := range table[1:] {
		got.lines, got.cells = append(got.lines, strings.TrimPrefix(line[0], "'")), append(got.cells, line[1:])
	}
	p.cells(c, got, true)
}

// mark follows a mark of a chart, or the name of a line or a column.
func (p *stand) mark() string {
	c := pick(p.walker, p.plots())
	fig := p.doc.first(byID("ch-" + c.key))
	links := fig.all(func(n node) bool { return n.Data == "a" && n.attr("aria-label") != "" })
	numbers := c.key == "breakdown" && (slices.Contains(p.truth.s.by, "CHARLSON") || slices.Contains(p.truth.s.by, "STARTAGE"))
	if len(links) == 0 || numbers { // spans are for tests of their own
		return ""
	}
	if pressed := slices.DeleteFunc(slices.Clone(links), func(n node) bool { return n.attr("aria-current") == "" }); len(pressed) > 0 && p.chance(2) {
		links = pressed
	}
	a := pick(p.walker, links)
	says := hears.ReplaceAllString(a.attr("aria-label"), "")
	t := p.table(fig)
	// a longer name may hold a shorter one
	names := func(from []string) string {
		best := ""
		for _, n := range from {
			if len(n) > len(best) && (strings.HasPrefix(says, n) || strings.HasSuffix(says, ", "+n) || strings.Contains(says, ", "+n+", ")) {
				best = n
			}
		}
		return best
	}
	s := p.truth.s
	line, column := names(t.lines), ""
	if c.col.labels != nil {
		column = names(t.columns)
	}
	type pickOf struct {
		control
		values []string
	}
	var picks []pickOf
	for _, d := range [...]struct {
		dimension
		label string
	}{{c.line, line}, {c.col, column}} {
		if d.label == "" || d.picks == nil {
			continue
		}
		if k, values, ok := d.picks(d.label); ok {
			picks = append(picks, pickOf{k, values})
		}
	}
	on := func(x pickOf) bool {
		w, _ := s.wish(x.key)
		return !w.exclude && !slices.ContainsFunc(x.values, func(v string) bool { return !slices.Contains(w.values, v) })
	}
	alone := func(x pickOf) bool { w, _ := s.wish(x.key); return len(w.values) == len(x.values) }
	all := !slices.ContainsFunc(picks, func(x pickOf) bool { return !on(x) })
	one := slices.ContainsFunc(picks, alone) && slices.ContainsFunc(picks, func(x pickOf) bool { return !alone(x) })
	next := s
	for _, x := range picks {
		// what is on together is taken off together, but of a filter with more
		// values beside one with this alone, only the first gives its value up
		if all && one && alone(x) || !all && on(x) {
			continue
		}
		w, _ := s.wish(x.key)
		w.control = x.control
		var kept []string
		for _, v := range w.values {
			// a code gives way to a narrower one, and to a wider one
			under := slices.ContainsFunc(x.values, func(y string) bool {
				return v == y || x.kind == query.Prefixes && !on(x) && v != "" && y != "" && (strings.HasPrefix(v, y) || strings.HasPrefix(y, v))
			})
			if !w.exclude && !under {
				kept = append(kept, v)
			}
		}
		if !on(x) {
			kept = append(kept, x.values...)
		}
		w.values, w.exclude = tidy(x.control, kept), false
		if next = next.without(x.key); len(kept) > 0 {
			next = next.with(w)
		}
	}
	p.path = append(p.path, p.url, c.key+": "+says)
	return p.follow(map[bool]string{false: "a mark", true: "a mark off"}[a.attr("aria-current") == "true"], a, next, 0)
}
