package web_test

import (
	"fmt"
	"regexp"
	"time"

	"webenablehes/internal/hes"
)

// strip checks the months: the number of each, those beside them, which are in
// the window, and the window's edges.
func (p *stand) strip() {
	on, filtered := p.truth.s.wish("adm")
	var from, to string
	if len(on.spans) == 1 && len(on.values) == 0 && !on.exclude {
		from, to = on.spans[0][0], on.spans[0][1]
	}
	tally, rest := p.truth.tally("adm", "ADMIDATE", len("2009-04")), 0
	cells := p.doc.first(byClass("mth-tbl")).all(byTag("td"))
	if len(cells) != 12*len(p.r.facts.Years) {
		p.wrong("the strip has %d months of %d years", len(cells), len(p.r.facts.Years))
		return
	}
	low, high := -1, 0
	for i, td := range cells {
		month := fmt.Sprintf("%d-%02d", hes.FirstYear(p.r.facts.Years[0])+(i+3)/12, (i+3)%12+1)
		n, ok := number(td.text())
		if !ok || n != tally[month] {
			p.wrong("the strip says %q of %s, want %d", td.text(), month, tally[month])
		}
		delete(tally, month)
		if button := td.first(byTag("button")); n > 0 && button.attr("value") != month {
			p.wrong("%s: the button is %q", month, button.attr("value"))
		}
		if (from == "" || from[:7] <= month) && (to == "" || to[:7] >= month) {
			if high = i + 1; low < 0 {
				low = i
			}
		}
	}
	for _, n := range tally {
		rest += n
	}
	said := 0
	for _, m := range regexp.MustCompile(`(?:earlier|later|not recorded): ([\d,]+)\.`).FindAllStringSubmatch(p.doc.first(byClass("mth-pop")).text(), -1) {
		n, _ := number(m[1])
		said += n
	}
	if said != rest {
		p.wrong("%d episodes beside the strip, want %d", said, rest)
	}
	if b := p.doc.first(byID("brush")); b.attr("data-low") != fmt.Sprint(max(low, 0)) || b.attr("data-high") != fmt.Sprint(high) {
		p.wrong("the window is from %s to %s, want %d to %d", b.attr("data-low"), b.attr("data-high"), low, high)
	}
	if all := p.doc.first(func(n node) bool { return n.Data == "a" && n.text() == "Show all months" }); all.ok() != filtered {
		p.wrong("all months can be shown: %v", all.ok())
	} else if filtered && p.chance(4) {
		if got, want := p.total(all), p.without("adm"); got != want {
			p.wrong("all months have %d episodes, want %d", got, want)
		}
	}
}

// wholeMonths tells whether a span of days is one of months.
func wholeMonths(span [2]string) bool {
	from, err := time.Parse(time.DateOnly, span[0])
	if span[0] != "" && (err != nil || from.Day() != 1) {
		return false
	}
	to, err := time.Parse(time.DateOnly, span[1])
	return span[1] == "" || err == nil && to.AddDate(0, 0, 1).Day() == 1
}
