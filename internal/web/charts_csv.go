package web

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/spreadsheet"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// chartFile is one chart's table as a file, for whom the agreement allows files of
// counts. It is a question of its own to the door and leaves an access event of its
// own. Small numbers in it are protected though the page shows them: a file is
// read by others.
func (s *Server) chartFile(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if v.access.SeesRows() {
		if err := v.access.MayExport(policy.Tables); err != nil {
			return err
		}
		v.access = v.access.ForFile()
	}
	sc, err := s.scene(r.Context(), v.access, r.URL.Query())
	if err != nil {
		return err
	}
	covered, err := s.c.Warehouse.Covered(r.Context(), v.access)
	if err != nil {
		return err
	}
	c := &chartist{s: s, sc: sc, covered: covered, rough: v.access.Protects()}
	c.q.Where = sc.state.Where()
	c.q.Counts = true
	key, ok := strings.CutSuffix(r.PathValue("file"), ".csv")
	known := ok && slices.ContainsFunc(c.makers(), func(m maker) bool { return m.key == key }) // it goes into the access record
	drawers, err := c.gather(key)
	switch {
	case err != nil:
		return err
	case !known || len(drawers) == 0 && v.access.SeesRows():
		return fault.New(fault.NotFound, "There is no chart of that name, or the release does not hold what it shows.")
	case len(drawers) > 0 && len(c.q.Facets)+len(c.q.Tables) == 0:
		return fault.New(fault.Invalid, "Choose what the chart is of, then download it.")
	}
	a, err := s.c.Warehouse.Tabulate(r.Context(), v.access, c.q, "the chart "+key+" as a file", v.client)
	if err != nil {
		return err
	}
	chart := drawers[0](a)
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="hes-chart-`+key+`.csv"`)
	out := csv.NewWriter(w)
	// Spreadsheets take a file for UTF-8 only if it begins like this. It touches
	// the first of the lines above the table, never the table.
	preface := s.preface(sc, chart, a.Release, v.access.Rule())
	preface[0][0] = "\ufeff" + preface[0][0]
	made(r)
	return ignoreGone(out.WriteAll(append(preface, chartRows(chart)...)))
}

// fileSays says beside a chart what its file does with small numbers; "" for whom
// there is no file.
func fileSays(a policy.Access) string {
	if a.MayExport(policy.Tables) != nil {
		return ""
	}
	rule := a.ForFile().Rule()
	out := "In the file " + rule.Few() + " are hidden"
	if rule.Round > 0 {
		out += ", others rounded"
	}
	return out
}

// preface says what stands above a chart's table in a file: what it is, of what,
// from where and when.
func (s *Server) preface(sc scene, chart view.Chart, f warehouse.Facts, rule policy.Rule) [][]string {
	facts := s.facts(f)
	var filters []string
	for _, c := range s.chips(sc, firstPage) {
		filters = append(filters, c.Says())
	}
	if len(filters) == 0 {
		filters = []string{"none"}
	}
	out := [][]string{
		{"Chart", spreadsheet.Safe(chart.Title)},
		{"Counts of", chart.Unit + "; * is a number that is not shown"},
		{"Filters", spreadsheet.Safe(strings.Join(filters, "; and "))},
		{"Small numbers", rule.Says()},
		{"Release", facts.ID + ", loaded " + facts.Loaded},
		{"Made", s.c.Now().UTC().Format("2 January 2006 15:04") + " UTC"},
	}
	for _, p := range chart.How.Points {
		out = append(out, []string{p.Term, spreadsheet.Safe(p.Text)})
	}
	return append(out, []string{""})
}

// chartRows is a chart's table with its heading, as lines of a file.
func chartRows(chart view.Chart) [][]string {
	coded := slices.ContainsFunc(chart.Lines, func(l view.ChartLine) bool { return l.Code != "" })
	head := []string{spreadsheet.Safe(chart.Term)}
	if coded {
		head = []string{"Code", spreadsheet.Safe(chart.Term)}
	}
	for _, n := range chart.Columns {
		head = append(head, spreadsheet.Safe(n.Full()))
	}
	out := [][]string{head}
	for _, l := range chart.Lines {
		row := []string{spreadsheet.Safe(l.Text)}
		if coded {
			row = []string{spreadsheet.Safe(l.Code), spreadsheet.Safe(l.Text)}
		}
		for _, m := range l.Cells {
			if m.Count.Hidden() {
				row = append(row, "*")
			} else {
				row = append(row, strconv.Itoa(m.Count.Published()))
			}
		}
		out = append(out, row)
	}
	return out
}
