package web

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// A histogram has at most this many columns before the open one at its end, and
// they reach as far as this part of the records.
const (
	bands = 12
	reach = .97
)

// stays is the distribution of the length of stay.
func (c *chartist) stays() drawer {
	if !c.has("LOS_DAYS") {
		return nil
	}
	return c.histogram("LOS_DAYS", "Length of stay", true, "Days from admission to discharge of the spell that the episode belongs to (rule L1), 0 for a day case. Episodes are counted, so a spell of three episodes counts three times.")
}

// waits is the distribution of the time between the decision to admit and the
// admission.
func (c *chartist) waits() drawer {
	name := "ELECDUR_CALC" // without the codes for “not applicable”, so it can be filtered by
	if !c.has(name) {
		name = "ELECDUR"
	}
	if !c.has(name) {
		return nil
	}
	return c.histogram(name, "Days waited for admission", true, "Days between the decision to admit and the admission ("+name+"), of planned admissions. “Not applicable” and “not known” are no numbers and stand apart.")
}

// distribution is that of a number field of one's own choice.
func (c *chartist) distribution() drawer {
	form := &view.ChartForm{Hidden: pairs(c.sc.state, "of"), Selects: []view.Select{{Name: "of", Label: "Distribution of", Empty: "Choose a number", Choices: c.choices(query.Spreads, c.sc.state.Chart.Of)}}}
	name := c.sc.state.Chart.Of
	if name == "" {
		return func(*warehouse.Answer) view.Chart {
			return view.Chart{Title: "Distribution", Sub: "Choose a number to see how its values are spread.", Form: form}
		}
	}
	draw := c.histogram(name, c.field(name).Label, strings.HasPrefix(c.field(name).Meaning, "Days"), c.field(name).Meaning)
	return func(a *warehouse.Answer) view.Chart {
		chart := draw(a)
		chart.Form = form
		return chart
	}
}

// amount is a value of a number field.
type amount struct {
	value float64
	count policy.Count
}

// bins says how the axis of a histogram is divided.
type bins struct {
	start, width float64
	n            int
	open         bool // values beyond the last stand in one more column
	whole        bool // values are whole numbers: a column from 0 to 6 takes seven of them
}

// widths are those that a column may have: round ones, or for days those of
// weeks and months.
func widths(days bool, whole bool) func(i int) float64 {
	return func(i int) float64 {
		list := [...]float64{1, 2, 7, 14, 28, 56, 112, 364}
		if days && i < len(list) {
			return list[i]
		}
		if days {
			return list[len(list)-1] * math.Pow(2, float64(i-len(list)+1))
		}
		if !whole {
			i -= 9 // from a thousandth on
		}
		return []float64{1, 2, 5}[((i%3)+3)%3] * math.Pow(10, math.Floor(float64(i)/3))
	}
}

// divide divides the axis so that the columns reach as far as most records
// do. values are sorted and not empty.
func divide(values []amount, days, whole bool) bins {
	far := quantile(values, reach)
	b := bins{whole: whole}
	for i := 0; ; i++ {
		b.width = widths(days, whole)(i)
		b.start = math.Floor(values[0].value/b.width+1e-9) * b.width
		b.n = int((far-b.start)/b.width+1e-9) + 1
		if b.n <= bands {
			b.open = b.of(values[len(values)-1].value) >= b.n
			return b
		}
	}
}

// of returns the column of a value; b.n is the open one.
func (b bins) of(v float64) int {
	return min(b.n, int(math.Floor((v-b.start)/b.width+1e-9)))
}

// at returns where on the axis a value lies, in thousandths.
func (b bins) at(v float64) int {
	columns := b.n
	if b.open {
		columns++
	}
	x := (v - b.start) / b.width
	if b.whole {
		x += .5 / b.width
	}
	return int(1000 * min(x, float64(b.n)+.5) / float64(columns))
}

// span returns the first and, for whole numbers, the last value of a column.
func (b bins) span(i int) (from, to float64) {
	from = b.start + float64(i)*b.width
	to = from + b.width
	if b.whole {
		to--
	}
	return from, to
}

func (b bins) name(i int) view.Name {
	from, to := b.span(i)
	switch {
	case i == b.n:
		return view.Name{Text: decimal(from) + " or more", Short: decimal(from) + "+"}
	case from == to:
		return view.Name{Text: decimal(from)}
	case b.whole:
		n := view.Name{Text: decimal(from) + " to " + decimal(to)}
		if from >= 0 {
			n.Short = decimal(from) + "–" + decimal(to)
		}
		return n
	}
	return view.Name{Text: decimal(from) + " to under " + decimal(to), Short: decimal(from)}
}

func decimal(v float64) string {
	return strings.Replace(strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64), "-", "−", 1)
}

// quantile returns the value below which a part of the records lie, from what is
// published of their counts: the value in the middle of two where the part
// falls between them.
func quantile(values []amount, part float64) float64 {
	n := 0
	for _, v := range values {
		n += v.count.Published()
	}
	k, below := part*float64(n), 0
	for i, v := range values {
		below += v.count.Published()
		switch reached := float64(below); {
		case reached > k:
			return v.value
		case reached == k && below > 0:
			for _, next := range values[i+1:] {
				if next.count.Published() > 0 {
					return (v.value + next.value) / 2
				}
			}
			return v.value
		}
	}
	return values[len(values)-1].value // nothing but hidden counts
}

// histogram draws how the values of a number field are spread. Whether the access
// covers it is the door's to say.
func (c *chartist) histogram(name, what string, days bool, method string) drawer {
	field, group := c.field(name), query.Group{Field: name, Free: true}
	table := c.table(group)
	return func(a *warehouse.Answer) view.Chart {
		chart := view.Chart{Title: what, Draw: view.Columns, Term: field.Label, Unit: "episodes", Columns: []view.Name{{Text: "Episodes"}}}
		values, apart := c.amounts(field, table(a))
		var counts []policy.Count
		for _, v := range values {
			counts = append(counts, v.count)
		}
		if len(values) > 0 {
			b := divide(values, days, field.Type == hes.Int)
			sums := make([][]policy.Count, b.n+1)
			for _, v := range values {
				sums[b.of(v.value)] = append(sums[b.of(v.value)], v.count)
			}
			for i, sum := range sums {
				if i == b.n && !b.open {
					break
				}
				l := view.ChartLine{Name: c.named(b.name(i), c.span(group, b, i))}
				l.Cells = []view.Mark{{Count: merge(sum...), URL: l.URL, On: l.On}}
				chart.Lines = append(chart.Lines, l)
			}
			chart.Spread, chart.Says = c.middle(values, merge(counts...), b)
		}
		var says []string
		for _, l := range apart {
			chart.Lines = append(chart.Lines, l)
			says = append(says, strings.ToLower(l.Text)+" "+l.Cells[0].Count.String())
		}
		if len(says) > 0 {
			chart.Says = append(chart.Says, "Not among them: "+strings.Join(says, "; ")+".")
		}
		chart.Sub = "Episodes by " + strings.ToLower(field.Label) + "." + selects(chart)
		chart.How = c.how(chart, c.key(group), view.Point{Term: "What", Text: method},
			view.Point{Term: "Columns", Text: "Equally wide, as far as 97 of 100 episodes reach; what lies beyond stands in the last one. Median and quartiles are worked out from the count of each value, not from the columns; the strip below is the middle half, the mark in it the median."})
		return chart
	}
}

// amounts sorts the values of a number field and sets those apart that are no
// numbers: what is not recorded, and codes such as “not applicable”.
func (c *chartist) amounts(f hes.Field, cells warehouse.Cells) (values []amount, apart []view.ChartLine) {
	codes := c.s.c.Codes
	for _, cell := range cells {
		text := cell.Keys[0]
		label, special := codes.Label(f.Codes, text)
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case text == "":
			label = "Not recorded"
		case special && !codes.Closed(f.Codes):
		case err == nil:
			values = append(values, amount{v, cell.Episodes})
			continue
		default:
			label = text
		}
		apart = append(apart, view.ChartLine{Name: view.Name{Text: label}, Aside: true, Cells: []view.Mark{{Count: cell.Episodes}}})
	}
	slices.SortFunc(values, func(a, b amount) int { return cmp.Compare(a.value, b.value) })
	return values, apart
}

// span returns how a column is filtered by: nothing where no filter does so, or
// where the column is open and special codes lie beyond the numbers.
func (c *chartist) span(g query.Group, b bins, i int) pick {
	control, ok := query.ControlOf(c.key(g))
	from, to := b.span(i)
	if !ok || control.Kind != query.Numbers || !b.whole || from < 0 || to > 9999 {
		return pick{}
	}
	s := query.Span{From: decimal(from), To: decimal(to)}
	if i == b.n {
		if s.To = ""; c.field(g.Field).Codes != "" {
			return pick{}
		}
	}
	return pick{key: control.Key, span: s}
}

// middle says where the middle of the values lies.
func (c *chartist) middle(values []amount, n policy.Count, b bins) (view.Spread, []string) {
	if n.Published() == 0 {
		return view.Spread{}, []string{"There are too few to say where the middle lies."}
	}
	lower, median, upper := quantile(values, .25), quantile(values, .5), quantile(values, .75)
	s := view.Spread{Known: true, Lower: decimal(lower), Median: decimal(median), Upper: decimal(upper), LowerAt: b.at(lower), MedianAt: b.at(median), UpperAt: b.at(upper)}
	about := ""
	if c.rough {
		about = "About, from the published counts: "
	}
	return s, []string{about + "Median " + s.Median + ", quartiles " + s.Lower + " and " + s.Upper + ", of " + n.String() + " episodes with a number."}
}
