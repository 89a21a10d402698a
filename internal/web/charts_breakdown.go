package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// How much of a breakdown is shown: what fits a page, can be read, and leaves the
// page light enough.
const (
	maxLines   = 12
	maxColumns = 8
)

// check refuses chosen fields that the release does not hold. Those that the
// access does not cover are the door's to refuse.
func (c *chartist) check() error {
	chosen := c.sc.state.Chart
	held := query.Offer{Columns: c.sc.facts.Columns}
	for _, name := range append(slices.Clone(chosen.By), chosen.Of) {
		if f := c.field(name); name != "" && !held.Holds(f) {
			return fault.New(fault.Invalid, "The release that is served does not hold %s, so no chart of it can be drawn. Choose another field.", strings.ToLower(f.Label))
		}
	}
	return nil
}

// choices are the fields that a chart may be of. Of a family only the first
// position is offered.
func (c *chartist) choices(may func(hes.Field) bool, chosen string) []view.Choice {
	var out []view.Choice
	for _, f := range c.covered {
		if may(f) && (f.Slot <= 1 || f.Name == chosen) {
			out = append(out, view.Choice{Value: f.Name, Label: f.Label, Group: f.Group, On: f.Name == chosen})
		}
	}
	return out
}

func (c *chartist) breakdown() drawer {
	chosen := c.sc.state.Chart
	names := append(slices.Clone(chosen.By), "", "")[:query.MaxBy]
	form := &view.ChartForm{Hidden: pairs(c.sc.state, "by", "count"), Selects: []view.Select{
		{Name: "by", Label: "Lines", Empty: "Choose a field", Choices: c.choices(query.BreaksDown, names[0])},
		{Name: "by", Label: "Columns", Empty: "None", Choices: c.choices(query.BreaksDown, names[1])},
	}, Count: []view.Choice{{Value: "episodes", Label: "Episodes", On: chosen.Count == query.Episodes}, {Value: "patients", Label: "Patients", On: chosen.Count == query.Patients}}}
	if len(chosen.By) == 0 {
		return func(*warehouse.Answer) view.Chart {
			return view.Chart{Title: "Breakdown", Sub: "Choose one field, or two to set against each other.", Form: form}
		}
	}
	var groups []query.Group
	for _, name := range chosen.By {
		groups = append(groups, by(c.field(name)))
	}
	table := c.table(groups...)
	var totals []func(*warehouse.Answer) warehouse.Cells
	if chosen.Count == query.Patients && len(groups) == 2 {
		// a patient can be in several cells, so these are not their sums
		totals = append(totals, c.table(groups[0]), c.table(groups[1]))
	}
	return func(a *warehouse.Answer) view.Chart {
		b := broken{c: c, groups: groups, unit: chosen.Count, cells: table(a), grid: gridOf(table(a))}
		for _, t := range totals {
			b.totals = append(b.totals, gridOf(t(a)))
		}
		chart := view.Chart{Title: "Breakdown", Term: c.field(chosen.By[0]).Label, Unit: chosen.Count.String(), Form: form}
		b.draw(&chart, a)
		return chart
	}
}

// broken is a breakdown that is being drawn.
type broken struct {
	c      *chartist
	groups []query.Group
	unit   query.Unit
	cells  warehouse.Cells
	grid   grid
	totals []grid
}

// axis is what a dimension of a breakdown shows.
type axis struct {
	field hes.Field
	pick  func(string) pick
	keys  []string // shown, in order
	rest  []string // the others
}

// axis chooses the commonest values of a dimension and puts them into the order
// of their list, of time or of size where they have one.
func (b *broken) axis(dimension, limit int) axis {
	x := axis{field: b.c.field(b.groups[dimension].Field), pick: b.c.picker(b.groups[dimension])}
	sums := map[string][]policy.Count{}
	for _, cell := range b.cells {
		k := cell.Keys[dimension]
		sums[k] = append(sums[k], b.grid.count(b.unit, cell.Keys...))
	}
	all := keys(b.cells, dimension)
	weight := map[string]policy.Count{}
	for k, counts := range sums {
		weight[k] = merge(counts...)
	}
	byCount(all, func(k string) policy.Count { return weight[k] })
	x.keys, x.rest = all[:min(len(all), limit):min(len(all), limit)], all[min(len(all), limit):]
	slices.SortStableFunc(x.keys, func(k, l string) int {
		switch {
		case k == "" || l == "":
			return compareMissingLast(k, l)
		case x.field.Name == hes.YearField:
			return compareYears(k, l)
		case b.c.s.inListOrder(x.field):
			return cmp.Compare(b.c.s.listPlace(x.field, k), b.c.s.listPlace(x.field, l))
		case x.field.Type != hes.Code:
			return query.Compare(x.field.Type, k, l)
		}
		return 0 // the commonest first
	})
	return x
}

// draw fills in a breakdown by one field or by two.
func (b *broken) draw(chart *view.Chart, a *warehouse.Answer) {
	c := b.c
	lines := b.axis(0, maxLines)
	columns := axis{keys: []string{""}}
	chart.Sub = lines.says()
	if len(b.groups) == 2 {
		columns = b.axis(1, maxColumns)
		chart.Draw = view.Heat
		chart.Sub += " by " + columns.says()
		for _, k := range columns.keys {
			chart.Columns = append(chart.Columns, c.named(c.name(columns.field, k), columns.pick(k)))
		}
	} else {
		chart.Draw = view.Bars
		chart.Columns = []view.Name{{Text: map[query.Unit]string{query.Episodes: "Episodes", query.Patients: "Patients"}[b.unit]}}
	}
	for _, k := range lines.keys {
		l := view.ChartLine{Name: c.named(c.name(lines.field, k), lines.pick(k))}
		for _, m := range columns.keys {
			if len(b.groups) == 1 {
				l.Cells = append(l.Cells, view.Mark{Count: b.grid.count(b.unit, k), URL: l.URL, On: l.On})
			} else {
				l.Cells = append(l.Cells, c.mark(b.grid.count(b.unit, k, m), lines.pick(k), columns.pick(m)))
			}
		}
		chart.Lines = append(chart.Lines, l)
	}
	b.others(chart, lines, columns)
	b.all(chart, lines, columns, a)
	chart.Sub += "." + selects(*chart)
	own := "Records are counted under every filter in use, also those on these fields."
	if b.unit == query.Patients {
		own += " Patients are people with an episode in the cell. A patient can be in several, so cells do not add up."
		chart.Says = append(chart.Says, "A patient can be in several cells, so they do not add up.")
	}
	for _, g := range b.groups {
		if g.Chars == 3 {
			own += " " + c.field(g.Field).Label + " is counted by its three-character category."
		}
		if g.Chars == 4 {
			own += " " + c.field(g.Field).Label + " is counted by calendar year."
		}
	}
	chart.How = c.how(*chart, "", view.Point{Term: "Cells", Text: own},
		view.Point{Term: "Limits", Text: "The " + strconv.Itoa(maxLines) + " commonest values of the lines and the " + strconv.Itoa(maxColumns) + " commonest of the columns are shown; “Others” adds the rest up. Patients of other values cannot be added up and are left out."})
}

// says names a dimension and how many of its values are shown.
func (x axis) says() string {
	out := x.field.Label + " (all " + strconv.Itoa(len(x.keys)) + ")"
	if len(x.rest) > 0 {
		out = x.field.Label + " (the " + strconv.Itoa(len(x.keys)) + " commonest of " + strconv.Itoa(len(x.keys)+len(x.rest)) + ")"
	}
	return out
}

// others adds a line and a column of what the limits cut off. Of patients these
// cannot be added up, so there they are left out.
func (b *broken) others(chart *view.Chart, lines, columns axis) {
	if b.unit == query.Patients {
		return
	}
	sum := func(rows, cols []string) view.Mark {
		var counts []policy.Count
		for _, k := range rows {
			for _, m := range cols {
				counts = append(counts, b.grid.count(b.unit, k, m))
			}
		}
		return view.Mark{Count: merge(counts...)}
	}
	name := func(n int) view.Name { return view.Name{Text: "Others (" + strconv.Itoa(n) + ")", Total: true} }
	if len(columns.rest) > 0 {
		chart.Columns = append(chart.Columns, name(len(columns.rest)))
		for i, k := range lines.keys {
			chart.Lines[i].Cells = append(chart.Lines[i].Cells, sum([]string{k}, columns.rest))
		}
	}
	if len(lines.rest) > 0 {
		l := view.ChartLine{Name: name(len(lines.rest))}
		for _, m := range columns.keys {
			l.Cells = append(l.Cells, sum(lines.rest, []string{m}))
		}
		if len(columns.rest) > 0 {
			l.Cells = append(l.Cells, sum(lines.rest, columns.rest))
		}
		chart.Lines = append(chart.Lines, l)
		if len(b.groups) == 1 {
			chart.Says = append(chart.Says, "Other values together: "+l.Cells[0].Count.String()+" episodes.")
		}
	}
}

// all adds the totals of a breakdown by two fields. Of patients they are counted
// on their own, which protected counts do not allow: together with the cells
// they could give a hidden one away.
func (b *broken) all(chart *view.Chart, lines, columns axis, a *warehouse.Answer) {
	if len(b.groups) == 1 || b.unit == query.Patients && b.c.rough {
		return
	}
	total := view.Name{Text: "All", Total: true}
	foot := view.ChartLine{Name: total}
	if b.unit == query.Patients {
		for i, k := range lines.keys {
			chart.Lines[i].Cells = append(chart.Lines[i].Cells, view.Mark{Count: b.totals[0].count(b.unit, k)})
		}
		for _, k := range columns.keys {
			foot.Cells = append(foot.Cells, view.Mark{Count: b.totals[1].count(b.unit, k)})
		}
		foot.Cells = append(foot.Cells, view.Mark{Count: a.Patients})
	} else {
		sum := func(marks []view.Mark) view.Mark {
			var counts []policy.Count
			for _, m := range marks {
				counts = append(counts, m.Count)
			}
			return view.Mark{Count: merge(counts...)}
		}
		for j := range chart.Columns {
			var column []view.Mark
			for _, l := range chart.Lines {
				column = append(column, l.Cells[j])
			}
			foot.Cells = append(foot.Cells, sum(column))
		}
		for i := range chart.Lines {
			chart.Lines[i].Cells = append(chart.Lines[i].Cells, sum(chart.Lines[i].Cells))
		}
		foot.Cells = append(foot.Cells, sum(foot.Cells))
	}
	chart.Columns = append(chart.Columns, total)
	chart.Lines = append(chart.Lines, foot)
}
