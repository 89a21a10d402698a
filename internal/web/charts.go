package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// commonest is how many bars a chart of codes has: as many as are read at a glance.
const commonest = 10

// chartist makes the charts of a state of the explorer: first it gathers what they
// need into one question, then it draws them from the one answer. Charts leave
// their own filters out of what they count, as the side panel does, so that
// more of their marks can be chosen and chosen ones given up.
type chartist struct {
	s       *Server
	sc      scene
	covered []hes.Field // what the release holds and the access covers
	rough   bool        // counts are protected: a sum of them is not the count of the sum
	inFile  string      // how small numbers are protected in the charts' files; "": there are no files
	q       query.Query
}

// drawer draws a chart from the answer to the question that it was gathered into.
type drawer func(a *warehouse.Answer) view.Chart

// maker says what a chart needs; its drawer is nil if the release does not hold it.
type maker struct {
	key  string
	make func() drawer
}

// chartParts are the names of what can be opened in charts beside their marks.
func (sc *scene) chartParts() []string {
	if !sc.state.Charts {
		return nil
	}
	var out []string
	for _, m := range new(chartist).makers() {
		for _, part := range view.ChartParts() {
			out = append(out, m.key+"."+part)
		}
	}
	return out
}

func (c *chartist) makers() []maker {
	return []maker{
		{"trend", c.trend}, {"diagnosis", c.diagnoses}, {"region", c.regions}, {"age-sex", c.ages}, {"provider", c.providers},
		{"procedure", c.procedures}, {"condition", c.conditions}, {"region-year", c.regionYears},
		{"stay", c.stays}, {"waiting", c.waits}, {"breakdown", c.breakdown}, {"distribution", c.distribution},
	}
}

// counting is a question without its rows: totals and facets only. So clinical
// teams, who are shown no lists of episodes, may ask it too.
func counting(q query.Query) query.Query {
	q.Limit, q.Columns, q.Sort = 0, nil, nil
	return q
}

// gather adds to the question what the charts need that are wanted, all of them if
// none is named, and returns their drawers in order.
func (c *chartist) gather(only string) ([]drawer, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var out []drawer
	for _, m := range c.makers() {
		if only != "" && only != m.key {
			continue
		}
		if draw := m.make(); draw != nil {
			out = append(out, func(a *warehouse.Answer) view.Chart {
				chart := draw(a)
				chart.Key = m.key
				chart.Open = map[string]bool{}
				for _, part := range view.ChartParts() {
					chart.Open[part] = c.sc.open[m.key+"."+part]
				}
				if chart.FileSays = c.inFile; c.inFile != "" {
					chart.FileURL = "/records/charts/" + m.key + ".csv" + strings.TrimPrefix(address(c.sc.state, warehouse.Page{}), "/records")
				}
				return chart
			})
		}
	}
	return out, nil
}

// oneChart answers with one chart, in which somebody has opened or closed a part.
func (s *Server) oneChart(w http.ResponseWriter, r *http.Request, v visitor, c *chartist, key string) error {
	drawers, err := c.gather(key)
	switch {
	case err != nil:
		return err
	case !c.sc.state.Charts || key == "" || len(drawers) == 0:
		return fault.New(fault.NotFound, "There is no such chart.")
	}
	a, err := s.c.Warehouse.Explore(r.Context(), v.access, c.q, warehouse.Page{}, v.client)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, view.ChartFigure(drawers[0](a)))
}

// has tells whether all of the fields can be counted by.
func (c *chartist) has(names ...string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(c.covered, func(f hes.Field) bool { return f.Name == name || f.Family == name }) {
			return false
		}
	}
	return true
}

// facet asks for the counts of a field's values under all other filters. All
// values are asked for: which are the commonest is decided by what is published.
func (c *chartist) facet(f query.Facet) func(*warehouse.Answer) warehouse.Facet {
	at := len(c.q.Facets)
	c.q.Facets = append(c.q.Facets, f)
	return func(a *warehouse.Answer) warehouse.Facet { return a.Facets[at] }
}

func (c *chartist) table(groups ...query.Group) func(*warehouse.Answer) warehouse.Cells {
	at := len(c.q.Tables)
	c.q.Tables = append(c.q.Tables, groups)
	return func(a *warehouse.Answer) warehouse.Cells { return a.Tables[at] }
}

// field returns a field of the dictionary.
func (c *chartist) field(name string) hes.Field {
	f, _ := c.s.c.Dictionary.Field(name)
	return f
}

// name says a value of a field.
func (c *chartist) name(f hes.Field, value string) view.Name {
	if value == "" {
		return view.Name{Text: "Not recorded"}
	}
	if f.Type == hes.Date {
		return view.Name{Text: value}
	}
	var n view.Name
	n.Code, n.Text = c.s.optionLabel(c.sc, f, value)
	if n.Text == "" { // a clinical code that nobody has labelled
		n.Code, n.Text = "", n.Code
	}
	return n
}

// named is a name whose link puts picks on or takes them off.
func (c *chartist) named(n view.Name, picks ...pick) view.Name {
	n.URL, n.On = link(c.sc.state, picks...)
	return n
}

func (c *chartist) mark(n policy.Count, picks ...pick) view.Mark {
	m := view.Mark{Count: n}
	m.URL, m.On = link(c.sc.state, picks...)
	return m
}

// grid is a table's cells by their keys.
type grid map[[2]string]warehouse.Cell

func gridOf(cells warehouse.Cells) grid {
	out := grid{}
	for _, c := range cells {
		var key [2]string
		copy(key[:], c.Keys)
		out[key] = c
	}
	return out
}

// episodes returns the episodes of a cell; a cell that is not there has none.
func (g grid) episodes(keys ...string) policy.Count { return g.count(query.Episodes, keys...) }

func (g grid) count(of query.Unit, keys ...string) policy.Count {
	var key [2]string
	copy(key[:], keys)
	c, ok := g[key]
	switch {
	case !ok:
		return policy.Sum(nil)
	case of == query.Patients:
		return c.Patients
	}
	return c.Episodes
}

// keys returns the keys of one dimension of a table, each once.
func keys(cells warehouse.Cells, dimension int) []string {
	var out []string
	for _, c := range cells {
		out = append(out, c.Keys[dimension])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// merge adds counts up from what is published of them. What is made of hidden
// counts alone stays hidden: it is not nothing.
func merge(counts ...policy.Count) policy.Count {
	sum := policy.Sum(counts)
	if sum.Published() > 0 {
		return sum
	}
	var hidden []policy.Count
	for _, n := range counts {
		if n.Hidden() {
			hidden = append(hidden, n)
		}
	}
	switch len(hidden) {
	case 0:
		return sum
	case 1:
		return hidden[0]
	}
	return policy.Count{}
}

// byCount puts keys into the order of what is published of them, the largest
// first; equal ones keep the order of the keys.
func byCount(keys []string, count func(key string) policy.Count) {
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Or(policy.CompareCounts(count(a), count(b)), cmp.Compare(a, b))
	})
}

// by says how records are counted by a field: codes of diseases and procedures by
// their category, days by their year.
func by(f hes.Field) query.Group {
	g := query.Group{Field: f.Name}
	switch {
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		if f.Type == hes.Code {
			g.Chars = categoryChars
		}
	case f.Type == hes.Date:
		g.Chars = len("2008")
	}
	return g
}
