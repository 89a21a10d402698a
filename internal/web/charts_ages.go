package web

import (
	"slices"
	"strconv"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// tenYears are the bands of the pyramid from the top down, each of two bands of
// AGE_BAND, but for the oldest and for the youngest, whose first year is apart.
func tenYears() []struct {
	text, short string
	bands       []string
} {
	type band = struct {
		text, short string
		bands       []string
	}
	out := []band{{"90 and over", "90+", []string{"90+"}}}
	for from := 80; from >= 0; from -= 10 {
		n := strconv.Itoa
		b := band{n(from) + " to " + n(from+9), n(from) + "–" + n(from+9), []string{n(from) + "-" + n(from+4), n(from+5) + "-" + n(from+9)}}
		if from == 0 {
			b.bands = []string{"0", "1-4", "5-9"}
		}
		out = append(out, b)
	}
	return out
}

// ages is the pyramid of age and sex.
func (c *chartist) ages() drawer {
	band, sex := query.Group{Field: "AGE_BAND", Free: true}, query.Group{Field: "SEX", Free: true}
	if !c.has(band.Field, sex.Field) {
		return nil
	}
	table := c.table(band, sex)
	pickSex, key := c.picker(sex), c.key(band)
	return func(a *warehouse.Answer) view.Chart {
		chart := view.Chart{Title: "Age and sex", Draw: view.Pyramid, Term: "Age", Unit: "episodes"}
		cells := gridOf(table(a))
		sexes := keys(table(a), 1)
		others := slices.DeleteFunc(slices.Clone(sexes), func(s string) bool { return s == "1" || s == "2" })
		chart.Columns = []view.Name{c.named(c.name(c.field("SEX"), "1"), pickSex("1")), c.named(c.name(c.field("SEX"), "2"), pickSex("2"))}
		if len(others) > 0 {
			chart.Columns = append(chart.Columns, view.Name{Text: "Other or not recorded"})
		}
		var apart []policy.Count // what the bars do not show
		add := func(l view.ChartLine, bands []string, ages pick) {
			of := func(sexes ...string) policy.Count {
				var sum []policy.Count
				for _, b := range bands {
					for _, s := range sexes {
						sum = append(sum, cells.episodes(b, s))
					}
				}
				return merge(sum...)
			}
			for _, s := range [...]string{"1", "2"} {
				l.Cells = append(l.Cells, c.mark(of(s), ages, pickSex(s)))
			}
			if l.Aside {
				apart = append(apart, l.Cells[0].Count, l.Cells[1].Count)
			}
			if len(others) > 0 {
				l.Cells = append(l.Cells, view.Mark{Count: of(others...)})
				apart = append(apart, l.Cells[2].Count)
			}
			chart.Lines = append(chart.Lines, l)
		}
		for _, b := range tenYears() {
			ages := pick{key: key, values: b.bands}
			l := view.ChartLine{Name: c.named(view.Name{Text: b.text, Short: b.short}, ages)}
			add(l, b.bands, ages)
		}
		if slices.Contains(keys(table(a), 0), "") {
			ages := pick{key: key, values: []string{query.None}}
			add(view.ChartLine{Name: c.named(view.Name{Text: "Not recorded"}, ages), Aside: true}, []string{""}, ages)
		}
		if n := merge(apart...); !n.Zero() {
			chart.Says = append(chart.Says, "In the table only: "+n.String()+" episodes with another sex, or without age or sex.")
		}
		chart.Sub = "Ten-year age bands." + selects(chart)
		chart.How = c.how(chart, key+",sex", view.Point{Term: "Bands", Text: "Age in completed years when the episode began, in bands of five years (rule B2), two of which make one bar."})
		return chart
	}
}
