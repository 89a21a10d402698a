package web

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// ranking is a chart of the commonest values of one field.
type ranking struct {
	field, title, what string
	chars              int
	method             string
}

func (c *chartist) diagnoses() drawer {
	return c.rank(c.codesRanked("dx", "ICD-10", "of the primary diagnosis"))
}

func (c *chartist) procedures() drawer {
	return c.rank(c.codesRanked("op", "OPCS-4", "of the main procedure"))
}

// codesRanked is the ranking of codes in the position that their filter looks at.
func (c *chartist) codesRanked(key, list, main string) ranking {
	control, _ := query.ControlOf(key)
	name := c.sc.state.FieldOf(control)
	method := "Three-character " + list + " categories " + main + "."
	if f := c.field(name); f.List() {
		where := map[bool]string{true: "in any position but the first", false: "in any position"}[f.First > 1]
		method = "Three-character " + list + " categories " + where + ". An episode counts once for each category that it has, so the bars add up to more than the episodes."
	}
	return ranking{name, c.s.fieldName(name), "categories", categoryChars, method}
}

func (c *chartist) providers() drawer {
	return c.rank(ranking{"PROCODE3", "Provider", "providers", 0, "Providers by their three-character code; hospital sites count to their provider."})
}

func (c *chartist) conditions() drawer {
	return c.rank(ranking{"CONDITION_GROUP", "Condition group", "groups", 0, "Groups of skin conditions, by the primary diagnosis."})
}

func (c *chartist) rank(r ranking) drawer {
	if !c.has(r.field) {
		return nil
	}
	field, group := c.field(r.field), query.Group{Field: r.field, Chars: r.chars}
	picked := c.picker(group)
	ask := query.Facet{Field: r.field, Chars: r.chars}
	on, _ := c.sc.state.Filter(c.key(group))
	for _, v := range on.Values { // a chosen value can be given up even if nothing has it
		if v != query.None && !on.Exclude && (r.chars == 0 || len(v) == r.chars) {
			ask.Also = append(ask.Also, v)
		}
	}
	facet := c.facet(ask)
	return func(a *warehouse.Answer) view.Chart {
		f := facet(a)
		counts := byValue(f)
		var values []string
		all := 0 // that somebody has
		for _, v := range f.Values {
			values = append(values, v.Value)
			if !v.Count.Zero() {
				all++
			}
		}
		byCount(values, func(v string) policy.Count { return counts[v] })
		shown := values[:min(len(values), commonest)]
		sub := "The " + strconv.Itoa(len(shown)) + " commonest of " + strconv.Itoa(all) + " " + r.what
		for _, v := range values[len(shown):] {
			if slices.Contains(ask.Also, v) {
				shown = append(slices.Clip(shown), v)
			}
		}
		switch {
		case all <= commonest:
			sub = "All " + strconv.Itoa(all) + " " + r.what
			if all == 1 {
				sub = "One only"
			}
		case len(shown) > commonest:
			sub += ", and those that you have chosen"
		}
		chart := view.Chart{Title: r.title, Sub: sub + ".", Draw: view.Bars, Term: r.title, Unit: "episodes", Columns: []view.Name{{Text: "Episodes"}}}
		line := func(value string) view.ChartLine {
			l := view.ChartLine{Name: c.named(c.name(field, value), picked(value))}
			l.Cells = []view.Mark{{Count: counts[value], URL: l.URL, On: l.On}}
			return l
		}
		for _, v := range shown {
			chart.Lines = append(chart.Lines, line(v))
		}
		if counts[""] = f.Missing; !f.Missing.Zero() {
			l := line("")
			l.Aside = true
			chart.Lines = append(chart.Lines, l)
			chart.Says = append(chart.Says, "Not recorded: "+f.Missing.String()+" episodes.")
		}
		chart.Sub += selects(chart)
		chart.How = c.how(chart, c.key(group), view.Point{Term: "Bars", Text: r.method})
		return chart
	}
}

// selects ends a subtitle where marks can be followed.
func selects(chart view.Chart) string {
	if slices.ContainsFunc(chart.Lines, func(l view.ChartLine) bool {
		return l.URL != "" || slices.ContainsFunc(l.Cells, func(m view.Mark) bool { return m.URL != "" })
	}) {
		return " Select to filter."
	}
	return ""
}

// key returns the key of the filter on a group's field; "" without one.
func (c *chartist) key(g query.Group) string {
	for _, control := range c.sc.offer.Controls {
		if c.sc.state.FieldOf(control) == g.Field {
			return control.Key
		}
	}
	return ""
}

// how says how a chart was worked out. own are the keys of the filters that it
// leaves out of its count.
func (c *chartist) how(chart view.Chart, own string, points ...view.Point) view.How {
	var names []string
	for _, key := range strings.Split(own, ",") {
		if control, ok := query.ControlOf(key); ok {
			names = append(names, strings.ToLower(title(control, c.field(control.Field))))
		}
	}
	return c.s.howCharted(c.sc, chart.Title, strings.Join(names, " and "), points...)
}

// regions are those of the map: a name for the style sheet and the codes of
// RESGOR. Merseyside had a code of its own until 1999 and lies in the North West.
func regions() []struct {
	place string
	codes []string
} {
	return []struct {
		place string
		codes []string
	}{
		{"ne", []string{"A"}}, {"nw", []string{"B", "C"}}, {"yh", []string{"D"}}, {"wm", []string{"F"}}, {"em", []string{"E"}},
		{"ee", []string{"G"}}, {"sw", []string{"K"}}, {"se", []string{"J"}}, {"ln", []string{"H"}},
	}
}

// onlyHeld leaves of a region's codes those that the release has, and the first
// in any case.
func onlyHeld(codes []string, held func(string) bool) []string {
	out := codes[:1:1]
	for _, code := range codes[1:] {
		if held(code) {
			out = append(out, code)
		}
	}
	return out
}

func (c *chartist) regions() drawer {
	const name = "RESGOR"
	if !c.has(name) {
		return nil
	}
	facet, key := c.facet(query.Facet{Field: name}), c.key(query.Group{Field: name})
	return func(a *warehouse.Answer) view.Chart {
		chart := view.Chart{Title: "Region of residence", Draw: view.Tiles, Term: "Region", Unit: "episodes", Columns: []view.Name{{Text: "Episodes"}}}
		counts := byValue(facet(a))
		counts[""] = facet(a).Missing
		held := func(code string) bool { return !countIn(counts, code).Zero() }
		add := func(place string, aside bool, codes ...string) view.ChartLine {
			p := pick{key: key}
			var sum []policy.Count
			for _, code := range codes {
				sum = append(sum, countIn(counts, code))
				if code == "" {
					code = query.None
				}
				p.values = append(p.values, code)
			}
			l := view.ChartLine{Name: c.named(c.name(c.field(name), codes[0]), p), Aside: aside}
			l.Place = place
			l.Cells = []view.Mark{{Count: merge(sum...), URL: l.URL, On: l.On}}
			chart.Lines = append(chart.Lines, l)
			for _, code := range codes {
				delete(counts, code)
			}
			return l
		}
		for _, r := range regions() {
			add(r.place, false, onlyHeld(r.codes, held)...)
		}
		var rest, says []string
		for code, n := range counts {
			if !n.Zero() {
				rest = append(rest, code)
			}
		}
		slices.SortFunc(rest, compareMissingLast)
		for _, code := range rest {
			l := add("", true, code)
			says = append(says, l.Text+" "+l.Cells[0].Count.String())
		}
		if len(says) > 0 {
			chart.Says = append(chart.Says, "Not on the map: "+strings.Join(says, "; ")+".")
		}
		chart.Sub = "Each tile is a region; darker is more." + selects(chart)
		chart.How = c.how(chart, key, view.Point{Term: "Tiles", Text: "English regions of the patient’s home (RESGOR), roughly as they lie on the map. Merseyside, apart until 1999, counts to the North West. Homes elsewhere and unknown ones stand below and in the table."})
		return chart
	}
}

func compareMissingLast(a, b string) int {
	if (a == "") != (b == "") {
		return len(b) - len(a)
	}
	return strings.Compare(a, b)
}

// regionYears is the table of regions and years.
func (c *chartist) regionYears() drawer {
	const name = "RESGOR"
	if !c.has(name, hes.YearField) {
		return nil
	}
	g, y := query.Group{Field: name, Free: true}, query.Group{Field: hes.YearField, Free: true}
	table := c.table(g, y)
	pickYear, key := c.picker(y), c.key(g)
	return func(a *warehouse.Answer) view.Chart {
		chart := view.Chart{Title: "Region by year", Draw: view.Heat, Term: "Region", Unit: "episodes"}
		cells := gridOf(table(a))
		years := keys(table(a), 1)
		slices.SortFunc(years, compareYears)
		for _, year := range years {
			chart.Columns = append(chart.Columns, c.named(c.name(c.field(hes.YearField), year), pickYear(year)))
		}
		here := keys(table(a), 0)
		add := func(codes ...string) {
			p := pick{key: key}
			for _, code := range codes {
				here = slices.DeleteFunc(here, func(k string) bool { return k == code })
				if code == "" {
					code = query.None
				}
				p.values = append(p.values, code)
			}
			l := view.ChartLine{Name: c.named(c.name(c.field(name), codes[0]), p)}
			for _, year := range years {
				var sum []policy.Count
				for _, code := range codes {
					sum = append(sum, cells.episodes(code, year))
				}
				l.Cells = append(l.Cells, c.mark(merge(sum...), p, pickYear(year)))
			}
			chart.Lines = append(chart.Lines, l)
		}
		for _, r := range regions() {
			add(onlyHeld(r.codes, func(k string) bool { return slices.Contains(here, k) })...)
		}
		slices.SortFunc(here, compareMissingLast)
		for _, code := range slices.Clone(here) {
			add(code)
		}
		chart.Sub = "Episodes; darker is more." + selects(chart)
		chart.How = c.how(chart, key+",year", view.Point{Term: "Cells", Text: "Episodes of each region of the patient’s home (RESGOR) in each financial year, from April to March (FYEAR)."})
		return chart
	}
}
