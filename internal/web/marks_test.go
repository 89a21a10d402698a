package web_test

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// This file says what the charts of a state must show. A chart is a table of
// episodes by the labels of one or two fields, counted without the filters on
// these fields; marks, tables and files all come from it.

// dimension is how the lines or the columns of a chart divide episodes.
type dimension struct {
	labels func(row int) []string                       // of an episode; several where it counts in several
	picks  func(label string) (control, []string, bool) // what a label filters by; false: by nothing
	most   int                                          // labels shown at most besides those chosen and “Not recorded”; 0: all
	raw    func(row int) string                         // what is counted apart within a label; nil: nothing is
}

// plot is one chart whose lines are labels of values.
type plot struct {
	key      string
	own      []string // keys of the filters that it is counted without
	line     dimension
	col      dimension // zero: one column
	patients bool
}

// label says a value as pages do.
func (p *stand) label(field, value string) string {
	f, _ := p.r.dict.Field(field)
	label, ok := p.r.codes.Label(f.Codes, value)
	switch {
	case value == "":
		return "Not recorded"
	case field == hes.YearField:
		return "20" + value[:2] + "/" + value[2:]
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return strings.TrimSpace(hes.Display(f.Codes, value) + " " + label)
	case ok:
		return label
	}
	return value
}

// labelled are the labels of each episode's values of a field, and which values
// they are of.
type labelled struct {
	rows [][]string
	back map[string]string
}

// labels labels a field's values, by their first bytes. It is done once.
func (p *stand) labels(field string, chars int) labelled {
	key := fmt.Sprint(field, chars)
	if out, ok := p.labelled[key]; ok {
		return out
	}
	out := labelled{rows: make([][]string, len(p.r.rows)), back: map[string]string{}}
	for row := range p.r.rows {
		for _, v := range p.r.values(row, field) {
			l := p.label(field, query.Head(v, chars))
			out.back[l] = query.Head(v, chars)
			if !slices.Contains(out.rows[row], l) {
				out.rows[row] = append(out.rows[row], l)
			}
		}
		if len(out.rows[row]) == 0 {
			out.rows[row] = []string{"Not recorded"}
		}
	}
	p.labelled[key] = out
	return out
}

// by divides episodes by a field, by the first bytes of its values.
func (p *stand) by(field string, chars, most int) dimension {
	all := p.labels(field, chars)
	return dimension{most: most, labels: func(row int) []string { return all.rows[row] }, picks: func(label string) (control, []string, bool) {
		for _, c := range controls() {
			if p.truth.s.fieldOf(c) == field && (c.kind == query.Choice || c.kind == query.Prefixes) {
				return c, []string{all.back[label]}, true
			}
		}
		return control{}, nil, false
	}}
}

// ages are bands of ten years.
func (p *stand) ages() dimension {
	band := func(age string) string {
		switch from, _, _ := strings.Cut(age, "-"); {
		case age == "":
			return "Not recorded"
		case age == "90+":
			return "90 and over"
		default:
			n, _ := strconv.Atoi(from)
			return fmt.Sprintf("%d to %d", n/10*10, n/10*10+9)
		}
	}
	return dimension{labels: func(row int) []string { return []string{band(p.r.rows[row]["AGE_BAND"])} }, raw: p.raw("AGE_BAND", 0),
		picks: func(label string) (control, []string, bool) {
			values := []string{""}
			switch n, _, _ := strings.Cut(label, " to "); {
			case label == "90 and over":
				values = []string{"90+"}
			case label == "0 to 9":
				values = []string{"0", "1-4", "5-9"}
			case n != label:
				from, _ := strconv.Atoi(n)
				values = []string{fmt.Sprintf("%d-%d", from, from+4), fmt.Sprintf("%d-%d", from+5, from+9)}
			}
			return controlOf("band"), values, true
		}}
}

// raw is an episode's value of a field, by its first bytes.
func (p *stand) raw(field string, chars int) func(row int) string {
	return func(row int) string { return head(field, chars)(p.r.rows[row]) }
}

// sexes are the two that are drawn, and the rest.
func (p *stand) sexes() dimension {
	d := p.by("SEX", 0, 0)
	all := d.labels
	d.raw = p.raw("SEX", 0)
	d.labels = func(row int) []string {
		if l := all(row); l[0] == "Male" || l[0] == "Female" {
			return l
		}
		return []string{"Other or not recorded"}
	}
	return d
}

// regions count Merseyside to the North West.
func (p *stand) regions() dimension {
	d := p.by("RESGOR", 0, 0)
	all, picks := d.labels, d.picks
	d.raw = p.raw("RESGOR", 0)
	merseyside, northWest := p.label("RESGOR", "C"), p.label("RESGOR", "B")
	held := slices.ContainsFunc(p.r.rows, func(r driver.Record) bool { return r["RESGOR"] == "C" })
	d.labels = func(row int) []string {
		if l := all(row); l[0] != merseyside {
			return l
		}
		return []string{northWest}
	}
	d.picks = func(label string) (control, []string, bool) {
		if label == northWest && held {
			return controlOf("rgn"), []string{"B", "C"}, true
		}
		return picks(label)
	}
	return d
}

// plots are those of the page.
func (p *stand) plots() []plot {
	dx := "DIAG_01"
	if p.truth.s.anyDx {
		dx = "DIAG_nn"
	}
	op := map[bool]string{false: "OPERTN_01", true: "OPERTN_nn"}[p.truth.s.anyOp]
	year := p.by("FYEAR", 0, 0)
	out := []plot{
		{key: "trend", own: []string{"year"}, line: year, col: p.withAll(p.by("DIAG_01", 3, 5))},
		{key: "diagnosis", own: []string{"dx"}, line: p.by(dx, 3, 10)},
		{key: "procedure", own: []string{"op"}, line: p.by(op, 3, 10)},
		{key: "provider", own: []string{"prov"}, line: p.by("PROCODE3", 0, 10)},
		{key: "condition", own: []string{"cond"}, line: p.by("CONDITION_GROUP", 0, 10)},
		{key: "region", own: []string{"rgn"}, line: p.regions()},
		{key: "age-sex", own: []string{"band", "sex"}, line: p.ages(), col: p.sexes()},
		{key: "region-year", own: []string{"rgn", "year"}, line: p.regions(), col: year},
	}
	if by := p.truth.s.by; len(by) > 0 {
		c := plot{key: "breakdown", line: p.broken(by[0], 12), patients: p.truth.s.people}
		if len(by) > 1 {
			c.col = p.broken(by[1], 8)
		}
		out = append(out, c)
	}
	return out
}

func (p *stand) withAll(d dimension) dimension {
	labels, picks := d.labels, d.picks
	d.raw = p.raw("DIAG_01", 3)
	d.labels = func(row int) []string { return append([]string{"All episodes"}, labels(row)...) }
	d.picks = func(label string) (control, []string, bool) {
		if label == "All episodes" {
			return control{}, nil, false
		}
		return picks(label)
	}
	return d
}

// broken divides by a field that somebody chose.
func (p *stand) broken(field string, most int) dimension {
	f, _ := p.r.dict.Field(field)
	switch {
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return p.by(field, 3, most)
	case f.Type == hes.Date:
		return p.by(field, 4, most)
	}
	return p.by(field, 0, most)
}

// free returns the episodes that meet every filter but some.
func (p *stand) free(keys []string) []int {
	s := p.truth.s
	for _, k := range keys {
		s = s.without(k)
	}
	return p.r.rowsOf(p.role, s)
}

// size counts episodes, or the people of them.
func (p *stand) size(rows []int, people bool) int {
	if !people {
		return len(rows)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if key := p.r.rows[row][hes.PersonField]; key != "" {
			seen[key] = true
		}
	}
	return len(seen)
}

// chartData is a chart's table as a page or a file has it.
type chartData struct {
	columns []string
	lines   []string
	cells   [][]string
}

// table reads the table of a figure, which is fetched as a click does it unless
// the chart is one.
func (p *stand) table(fig node) chartData {
	p.t.Helper()
	var out chartData
	is := func(n node) bool { return n.Data == "table" && (n.class("twin") || n.class("heat")) }
	t := fig.first(is)
	if button := fig.first(byAttr("id", strings.TrimPrefix(fig.attr("id"), "ch-")+"-table")); !t.ok() && button.ok() {
		address, old, _ := strings.Cut(p.url, "&open=")
		if !strings.HasPrefix(button.attr("value"), "+") || strings.Contains(old, button.attr("data-turn")) {
			p.wrong("%s: the table is open, but not there", fig.attr("id"))
		}
		got := p.visit(p.role, address+"&open="+strings.TrimPrefix(old+","+button.attr("data-turn"), ","), "X-Part", fig.attr("id"))
		opened := parse(p.t, got.Body.String()).first(byID(fig.attr("id")))
		if got.Code != http.StatusOK || !strings.HasPrefix(strings.ReplaceAll(opened.text(), " ", ""), strings.ReplaceAll(fig.text(), " ", "")) {
			p.wrong("%s: opened, it is not what it was: status %d, %s", fig.attr("id"), got.Code, opened.text())
		}
		t = opened.first(is)
	}
	for _, tr := range t.all(byTag("tr")) {
		if head := tr.all(byAttr("scope", "col")); len(head) > 0 {
			for _, th := range head[1:] {
				out.columns = append(out.columns, th.text())
			}
			continue
		}
		out.lines = append(out.lines, tr.first(byAttr("scope", "row")).text())
		var cells []string
		for _, td := range tr.all(byTag("td")) {
			cells = append(cells, td.text())
		}
		out.cells = append(out.cells, cells)
	}
	return out
}

// charts checks every chart of the page.
func (p *stand) charts() {
	known := map[string]bool{}
	for _, c := range p.plots() {
		fig := p.doc.first(byID("ch-" + c.key))
		if known[c.key] = true; !fig.ok() {
			p.wrong("no chart %s", c.key)
			continue
		}
		if got := p.table(fig); p.cells(c, got, false) {
			p.marks(c.key, fig, got, map[bool]string{false: "episodes", true: "patients"}[c.patients])
			if p.role != policy.Researcher || p.chance(12) {
				p.file(c, fig)
			}
		}
	}
	spread := map[string]string{"stay": "LOS_DAYS"}
	if p.truth.s.of != "" {
		spread["distribution"] = p.truth.s.of
	}
	for key, field := range spread {
		fig := p.doc.first(byID("ch-" + key))
		known[key] = true
		p.spread(key, field, fig)
	}
	for _, fig := range p.doc.all(byClass("ch")) {
		key := strings.TrimPrefix(fig.attr("id"), "ch-")
		if empty := !fig.first(byTag("table")).ok(); !known[key] && !(empty && (key == "breakdown" || key == "distribution")) && key != "waiting" {
			p.wrong("the chart %s is not known", key)
		}
	}
}

// says is how a number is shown that is made of lists of episodes: in a file each
// of what is counted apart is under the rule for small numbers, and a total is the
// sum of what is published. weight is what the number counts in an order.
func (p *stand) says(c plot, inFile bool, lists ...[]int) (says string, weight int) {
	if !inFile {
		n := p.size(slices.Concat(lists...), c.patients)
		return grouped(n), n
	}
	var parts []int
	for _, rows := range lists {
		apart := map[string][]int{}
		for _, row := range rows {
			key := ""
			for _, d := range []dimension{c.line, c.col} {
				if d.raw != nil {
					key += d.raw(row) + ";"
				}
			}
			apart[key] = append(apart[key], row)
		}
		for _, of := range apart {
			parts = append(parts, p.size(of, c.patients))
		}
	}
	return shownAs(parts...)
}

// cells checks the numbers of a chart's table on the page or in its file, and that
// what it leaves out is no more than what it shows.
func (p *stand) cells(c plot, got chartData, inFile bool) bool {
	where := map[bool]string{false: "chart ", true: "the file of chart "}[inFile] + c.key
	lines, cols, cell := map[string][]int{}, map[string][]int{}, map[[2]string][]int{}
	for _, row := range p.free(c.own) {
		for _, l := range c.line.labels(row) {
			lines[l] = append(lines[l], row)
			if c.col.labels == nil {
				continue
			}
			for _, m := range c.col.labels(row) {
				cell[[2]string{l, m}] = append(cell[[2]string{l, m}], row)
			}
		}
		if c.col.labels != nil {
			for _, m := range c.col.labels(row) {
				cols[m] = append(cols[m], row)
			}
		}
	}
	if len(lines) == 0 && len(got.lines) == 0 {
		return false
	}
	others := func(name string) bool { return strings.HasPrefix(name, "Others (") }
	rest := func(shown []string, all map[string][]int) (out []string) {
		for l := range all {
			if !slices.Contains(shown, l) {
				out = append(out, l)
			}
		}
		slices.Sort(out)
		return out
	}
	// of returns the episodes of a line and a column, which may stand for several
	of := func(name string, shown []string, all map[string][]int) []string {
		switch {
		case name == "All":
			return rest(nil, all)
		case others(name):
			return rest(shown, all)
		}
		return []string{name}
	}
	for i, l := range got.lines {
		for j, m := range got.columns {
			var lists [][]int
			for _, ll := range of(l, got.lines, lines) {
				if c.col.labels == nil {
					lists = append(lists, lines[ll])
					continue
				}
				for _, mm := range of(m, got.columns, cols) {
					lists = append(lists, cell[[2]string{ll, mm}])
				}
			}
			if want, _ := p.says(c, inFile, lists...); got.cells[i][j] != want {
				p.wrong("%s: %s, %s: %s, want %s", where, l, m, got.cells[i][j], want)
				return false
			}
		}
	}
	whole := func(shown []string, all map[string][]int, d dimension, weigh func(string) int) {
		least, n := math.MaxInt, 0
		for _, l := range shown {
			if _, on := all[l]; on && l != "Not recorded" && l != "All episodes" && !p.pressed(d, l) {
				least, n = min(least, weigh(l)), n+1
			}
		}
		for _, l := range rest(shown, all) {
			if l == "Not recorded" && (d.most == 12 || d.most == 8) {
				continue // it may be among the others
			}
			if w := weigh(l); d.most == 0 || n < d.most && len(shown) < d.most || w > least {
				if (w > 0 || inFile) && !(l == "Not recorded" && c.key == "trend") && l != "All episodes" {
					p.wrong("%s: %q with %d is not shown", where, l, w)
				}
			}
		}
	}
	// which are the commonest goes by the sum of the cells
	weight := func(rows []int) int {
		_, n := p.says(c, inFile, rows)
		return n
	}
	whole(got.lines, lines, c.line, func(l string) int {
		if c.col.labels == nil {
			return weight(lines[l])
		}
		n := 0
		for m := range cols {
			n += weight(cell[[2]string{l, m}])
		}
		return n
	})
	if c.col.labels != nil {
		whole(got.columns, cols, c.col, func(m string) int {
			n := 0
			for l := range lines {
				n += weight(cell[[2]string{l, m}])
			}
			return n
		})
	}
	return true
}

// pressed tells whether a label's filter is on.
func (p *stand) pressed(d dimension, label string) bool {
	if d.picks == nil {
		return false
	}
	c, values, ok := d.picks(label)
	if !ok {
		return false
	}
	on, _ := p.truth.s.wish(c.key)
	return !on.exclude && !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(on.values, v) })
}

var (
	binText = regexp.MustCompile(`^(−?\d+)(?: to (−?\d+)| (or more))?$`)
	middle  = regexp.MustCompile(`Median (\S+), quartiles (\S+) and (\S+), of ([\d,]+) episodes with a number`)
)

// spread checks a histogram of numbers.
func (p *stand) spread(key, field string, fig node) {
	keys := []string{}
	for _, c := range controls() {
		if c.field == field {
			keys = append(keys, c.key)
		}
	}
	var numbers []float64
	f, _ := p.r.dict.Field(field)
	apart := map[string]int{}
	for _, row := range p.free(keys) {
		v := p.r.rows[row][field]
		label, special := p.r.codes.Label(f.Codes, v)
		n, err := strconv.ParseFloat(v, 64)
		switch {
		case v == "":
			apart["Not recorded"]++
		case special || err != nil:
			apart[label]++
		default:
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	t, seen := p.table(fig), 0
	for i, l := range t.lines {
		want, ok := apart[l]
		if m := binText.FindStringSubmatch(l); !ok && m != nil {
			number := func(text string) float64 {
				n, _ := strconv.ParseFloat(strings.ReplaceAll(text, "−", "-"), 64)
				return n
			}
			from := number(m[1])
			to := from
			if m[2] != "" {
				to = number(m[2])
			}
			for _, n := range numbers {
				if n >= from && (n <= to || m[3] != "") {
					want++
				}
			}
		}
		if t.cells[i][0] != grouped(want) {
			p.wrong("chart %s: %s: %s, want %d", key, l, t.cells[i][0], want)
		}
		n, _ := number(t.cells[i][0])
		seen += n
	}
	if all := len(p.free(keys)); seen != all {
		p.wrong("chart %s has %d episodes, want %d", key, seen, all)
	}
	p.marks(key, fig, t, "episodes")
	m := middle.FindStringSubmatch(fig.text())
	if (m != nil) != (len(numbers) > 0) {
		p.wrong("chart %s says where the middle lies: %v", key, m != nil)
	} else if m != nil {
		for i, part := range [...]float64{.5, .25, .75} {
			k := part * float64(len(numbers))
			want := numbers[min(int(k), len(numbers)-1)]
			if k == math.Floor(k) && k > 0 {
				want = (numbers[int(k)-1] + want) / 2
			}
			if say := strings.ReplaceAll(strconv.FormatFloat(want, 'f', -1, 64), "-", "−"); m[i+1] != say {
				p.wrong("chart %s: %v of the episodes lie below %s, want %s", key, part, m[i+1], say)
			}
		}
	}
}
