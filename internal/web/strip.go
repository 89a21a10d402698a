package web

import (
	"net/http"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// stripKey is the filter that the strip of months sets.
const stripKey = "adm"

// monthForm is how the strip writes a month.
const monthForm = "Jan 2006"

// months makes the strip of admissions by month. It runs over the financial
// years that the release holds, whatever the filters are, so that it stands
// still while they change; what was admitted before and after is told in words.
func months(sc scene, f warehouse.Facet) view.Months {
	first, last, ok := stripSpan(sc.facts.Years)
	if !ok {
		return view.Months{}
	}
	free := sc.state.With(query.Filter{Key: stripKey})
	on, filtered := sc.state.Filter(stripKey)
	if on.Exclude || on.Missing() {
		on = query.Filter{} // no window
	}
	out := view.Months{Shown: true, Hidden: pairs(free), From: first.Format(monthForm), To: last.Format(monthForm)}
	if filtered {
		out.AllURL = address(free, warehouse.Page{})
		out.TypedFrom, out.TypedTo = typedDay(on.From, false), typedDay(on.To, true)
	}
	if on.From != "" {
		out.From = date(on.From, monthForm)
	}
	if on.To != "" {
		out.To = date(on.To, monthForm)
	}
	counts := map[string]policy.Count{}
	var before, after []policy.Count
	for _, v := range f.Values {
		switch {
		case v.Value < month(first):
			before = append(before, v.Count)
		case v.Value > month(last):
			after = append(after, v.Count)
		default:
			counts[v.Value] = v.Count
		}
	}
	out.Before, out.After, out.Missing = policy.Sum(before), policy.Sum(after), f.Missing
	for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
		key := month(m)
		if m.Month() == time.April {
			whole := query.Filter{Key: stripKey, From: m.Format(time.DateOnly), To: m.AddDate(1, 0, -1).Format(time.DateOnly)}
			out.Years = append(out.Years, view.StripYear{Label: yearLabel(m.Format("06") + m.AddDate(1, 0, 0).Format("06")), URL: address(sc.state.With(whole), warehouse.Page{})})
		}
		n := countIn(counts, key)
		inside := (on.From == "" || on.From[:len(key)] <= key) && (on.To == "" || on.To[:len(key)] >= key)
		year := &out.Years[len(out.Years)-1]
		year.Months = append(year.Months, view.Month{Value: key, Label: m.Format("Jan"), Count: n, On: inside})
	}
	return out
}

// stripSpan returns the first month of the first and the last month of the last
// of some financial years.
func stripSpan(years []string) (first, last time.Time, ok bool) {
	for _, y := range years {
		n := hes.FirstYear(y)
		if n == 0 {
			continue
		}
		from, to := time.Date(n, time.April, 1, 0, 0, 0, 0, time.UTC), time.Date(n+1, time.March, 1, 0, 0, 0, 0, time.UTC)
		if !ok || from.Before(first) {
			first = from
		}
		if !ok || to.After(last) {
			last = to
		}
		ok = true
	}
	return first, last, ok
}

func month(t time.Time) string { return t.Format("2006-01") }

// typedDay writes an end of a span as it is typed: as a month if it is the
// month's first or last day.
func typedDay(iso string, last bool) string {
	if query.WholeMonth(iso, last) {
		return date(iso, monthForm)
	}
	return date(iso, "2 Jan 2006")
}

// stripFolded tells whether the browser remembers that its person folded the
// strip away.
func stripFolded(r *http.Request) bool {
	c, err := r.Cookie("strip")
	return err == nil && c.Value == "folded"
}
