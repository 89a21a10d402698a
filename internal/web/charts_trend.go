package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// lines is how many diagnoses the trend follows: more cannot be told apart.
const lines = 5

// timeAxis is what the trend runs along.
type timeAxis struct {
	group               query.Group
	title, term, method string
	own, outside        string                           // the filter that the trend leaves out, and what is said of it
	moments             func(keys []string) []timeMoment // from the keys of a table
}

// timeMoment is a year or a month, or what lies outside them.
type timeMoment struct {
	view.ChartLine
	keys []string // of a table, summed up
}

// years are the financial years in which the episodes ended.
func (c *chartist) years() timeAxis {
	t := timeAxis{group: query.Group{Field: hes.YearField, Free: true}, title: "Episodes by financial year", term: "Financial year", own: "year",
		outside: "Years outside your filter are shown too, so that you can add them; yours are shaded.",
		method:  "The years are those in which the episodes ended, from April to March (FYEAR)."}
	pickYear := c.picker(t.group)
	t.moments = func(keys []string) (out []timeMoment) {
		slices.SortFunc(keys, compareYears)
		for _, y := range keys {
			m := timeMoment{view.ChartLine{Name: c.named(c.name(c.field(hes.YearField), y), pickYear(y)), Aside: y == ""}, []string{y}}
			if m.In = m.On; len(m.Text) == len("2008/09") {
				m.Short = m.Text[2:]
			}
			out = append(out, m)
		}
		return out
	}
	return t
}

// months are those of the admissions, over the years of the release as the strip
// of months has them; what was admitted before and after stands aside.
func (c *chartist) months() timeAxis {
	t := timeAxis{group: query.Group{Field: hes.AdmissionDate, Chars: len("2008-04"), Free: true}, title: "Episodes by month of admission", term: "Month", own: stripKey,
		outside: "Months outside your filter are shown too, so that you can choose them; yours are shaded.",
		method:  "The months are those of the admissions (ADMIDATE). Admissions before and after the years of the release stand in the table."}
	first, last, _ := stripSpan(c.sc.facts.Years)
	t.moments = func(keys []string) (out []timeMoment) {
		beside := map[string][]string{}
		for _, key := range keys {
			switch {
			case key == "":
				beside["Not recorded"] = []string{key}
			case key < month(first):
				beside["Before "+first.Format(monthForm)] = append(beside["Before "+first.Format(monthForm)], key)
			case key > month(last):
				beside["After "+last.Format(monthForm)] = append(beside["After "+last.Format(monthForm)], key)
			}
		}
		aside := func(label string) {
			if at := beside[label]; len(at) > 0 {
				out = append(out, timeMoment{view.ChartLine{Name: view.Name{Text: label}, Aside: true}, at})
			}
		}
		aside("Before " + first.Format(monthForm))
		for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
			out = append(out, timeMoment{c.month(m), []string{month(m)}})
		}
		aside("After " + last.Format(monthForm))
		aside("Not recorded")
		return out
	}
	return t
}

// month is a month of the trend: it filters by itself alone, since there is one
// span of days.
func (c *chartist) month(m time.Time) view.ChartLine {
	this := query.Filter{Key: stripKey, From: m.Format(time.DateOnly), To: m.AddDate(0, 1, -1).Format(time.DateOnly)}
	l := view.ChartLine{Name: view.Name{Text: m.Format(monthForm)}}
	if m.Month() == time.January {
		l.Tick = m.Format("2006")
	}
	if !c.sc.offer.Has(stripKey) {
		return l
	}
	on, filtered := c.sc.state.Filter(stripKey)
	l.On = on.From == this.From && on.To == this.To && !on.Exclude && !on.Missing()
	l.In = filtered && !on.Exclude && !on.Missing() && (on.From == "" || on.From <= this.To) && (on.To == "" || on.To >= this.From)
	to := c.sc.state.With(this)
	if l.On {
		to = c.sc.state.With(query.Filter{Key: stripKey})
	}
	if url := firstPage(to); len(url) <= maxMark {
		l.URL = url
	}
	return l
}

// trend is the episodes of each year or month: all of them, and those of the
// commonest primary diagnoses.
func (c *chartist) trend() drawer {
	var t timeAxis
	_, _, spans := stripSpan(c.sc.facts.Years)
	monthly := spans && c.has(hes.AdmissionDate)
	switch {
	case monthly && c.sc.state.Chart.Month:
		t = c.months()
	case c.has(hes.YearField):
		t = c.years()
	default:
		return nil
	}
	all, split := c.table(t.group), func(*warehouse.Answer) warehouse.Cells { return nil }
	if c.has(hes.MainDiagnosis) {
		split = c.table(t.group, query.Group{Field: hes.MainDiagnosis, Chars: categoryChars})
	}
	return func(a *warehouse.Answer) view.Chart {
		chart := view.Chart{Title: t.title, Draw: view.Trend, Term: t.term, Unit: "episodes"}
		if monthly && c.has(hes.YearField) {
			chart.Switch = c.steps()
		}
		cells, whole, method := gridOf(split(a)), all(a), t.method
		if c.rough && len(split(a)) > 0 { // a total that is rounded by itself can give a hidden cell of its line away
			whole = split(a)
			method += " “All episodes” adds up the counts of all categories that are not hidden, so it is too low where many are."
		}
		total := map[string][]policy.Count{}
		for _, cell := range whole {
			total[cell.Keys[0]] = append(total[cell.Keys[0]], cell.Episodes)
		}
		codes, only := commonestCodes(split(a))
		if !only {
			chart.Columns = []view.Name{{Text: "All episodes", Total: true}}
		}
		switch {
		case only:
			chart.Sub = "Of one primary diagnosis."
		case len(codes) == 0:
			chart.Sub = "Of all together."
		default:
			chart.Sub = "All, and those of the " + strconv.Itoa(len(codes)) + " commonest primary diagnoses."
		}
		for _, code := range codes {
			// a filter on any position is not what a line of primary diagnoses shows
			diagnosis := c.picker(query.Group{Field: hes.MainDiagnosis})
			chart.Columns = append(chart.Columns, c.named(c.name(c.field(hes.MainDiagnosis), code), diagnosis(code)))
		}
		for _, m := range t.moments(keys(all(a), 0)) {
			sum := func(of func(key string) []policy.Count) {
				var parts []policy.Count
				for _, key := range m.keys {
					parts = append(parts, of(key)...)
				}
				m.Cells = append(m.Cells, view.Mark{Count: merge(parts...)})
			}
			if !only {
				sum(func(key string) []policy.Count { return total[key] })
			}
			for _, code := range codes {
				sum(func(key string) []policy.Count { return []policy.Count{cells.episodes(key, code)} })
			}
			chart.Lines = append(chart.Lines, m.ChartLine)
		}
		if _, on := c.sc.state.Filter(t.own); on {
			chart.Says = append(chart.Says, t.outside)
		}
		chart.How = c.how(chart, t.own, view.Point{Term: "Lines", Text: "The five three-character ICD-10 categories that are the primary diagnosis most often, over all that is shown. " + method})
		return chart
	}
}

// steps are the ways to divide the trend's time.
func (c *chartist) steps() []view.Tab {
	var out []view.Tab
	for i, text := range [...]string{"By year", "By month"} {
		state := c.sc.state
		state.Chart.Month = i == 1
		out = append(out, view.Tab{Text: text, URL: firstPage(state), On: state.Chart.Month == c.sc.state.Chart.Month})
	}
	return out
}

// commonestCodes returns those of the second dimension of a table that have the
// most episodes. only tells that there is just one, which is all of them.
func commonestCodes(cells warehouse.Cells) (codes []string, only bool) {
	counts := map[string][]policy.Count{}
	for _, c := range cells {
		counts[c.Keys[1]] = append(counts[c.Keys[1]], c.Episodes)
	}
	only = len(counts) == 1
	for code := range counts {
		if code != "" {
			codes = append(codes, code)
		}
	}
	byCount(codes, func(code string) policy.Count { return merge(counts[code]...) })
	return codes[:min(len(codes), lines)], only && len(codes) == 1
}

// compareYears orders FYEAR values by time, with the missing one last.
func compareYears(a, b string) int {
	if (a == "") != (b == "") {
		return len(b) - len(a)
	}
	if d := hes.FirstYear(a) - hes.FirstYear(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}
