package web

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/spreadsheet"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// tables lists the fixed tables, with those that are withheld and why. It holds no
// number of any of them.
func (s *Server) tables(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	all, err := s.c.Warehouse.FixedTables(r.Context(), v.access, v.client)
	if err != nil {
		return err
	}
	rule := v.access.Rule()
	x := view.Tables{Find: strings.TrimSpace(r.URL.Query().Get("find")), Rule: rule.Title, Says: rule.Says(), Hides: rule.Hides()}
	words := strings.Fields(strings.ToLower(x.Find))
	for _, t := range all {
		x.Facts = s.facts(t.Release)
		if t.Withheld == "" {
			x.Offered++
		}
		dimensions := t.Fixed.Dimensions
		text := t.Fixed.Title + " " + t.Fixed.Why
		for _, d := range dimensions {
			text += " " + d.Label + " " + d.Group
		}
		text = strings.ToLower(text)
		if slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) {
			continue
		}
		x.Add(dimensions[len(dimensions)-1].Group, view.TableEntry{Title: t.Fixed.Title, Why: t.Fixed.Why, URL: "/tables/" + t.Fixed.Name, Withheld: t.Withheld})
	}
	return s.show(w, r, http.StatusOK, view.TablesPage(s.frame(r, "Tables", "tables"), x))
}

// table is one of the fixed protected tables, as a page or as a file.
func (s *Server) table(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	name, file := strings.CutSuffix(r.PathValue("name"), ".csv")
	ask := s.c.Warehouse.FixedTable
	if file {
		ask = s.c.Warehouse.FixedFile
	}
	t, err := ask(r.Context(), v.access, name, v.client)
	if err != nil {
		return err
	}
	x := s.fixedTable(t)
	if file {
		return s.tableFile(w, name, x)
	}
	return s.show(w, r, http.StatusOK, view.TablePage(s.frame(r, x.Title, "tables"), x))
}

// fixedTable is a table with its chart, of what is published of it.
func (s *Server) fixedTable(t *warehouse.Table) view.FixedTable {
	x := view.FixedTable{Facts: s.facts(t.Release), Title: t.Fixed.Title, Why: t.Fixed.Why, Rule: t.Rule.Title, Says: t.Rule.Says(), Hides: t.Rule.Hides(), Withheld: t.Withheld, FileURL: "/tables/" + t.Fixed.Name + ".csv", All: t.All}
	x.Chart = view.Chart{Key: t.Fixed.Name, Title: t.Fixed.Title, Unit: "episodes", Draw: view.Bars}
	if t.Withheld == "" {
		s.draw(&x.Chart, t)
	}
	points := []view.Point{
		{Term: "Counted", Text: "Every episode of the release, also duplicates and unfinished ones."},
		{Term: "Small numbers", Text: t.Rule.Title + ". " + t.Rule.Says() + " Source: " + t.Rule.Source + "."},
		{Term: "Totals and shares", Text: "Sums of the numbers shown, and shares of those sums. A hidden number counts as nothing in them, so another table may give a slightly different sum."},
	}
	if t.Of != "" {
		points = append(points, view.Point{Term: "Numbers", Text: "Each is the sum of a line of the table “" + t.Of + "”."})
	}
	for i, n := range t.Left {
		d := t.Fixed.Dimensions[i]
		text := "Episodes of which it is not recorded, or which belong to none of the groups: " + n.String() + "."
		if n.About() {
			text = strings.Replace(text, ": ", ": about ", 1)
		}
		points = append(points, view.Point{Term: "Left out, " + d.Label, Text: text})
	}
	points = append(points, view.Point{Term: "Checked", Text: "Before it is shown: for everything that planners can see, each hidden number can still have at least " + strconv.Itoa(t.Rule.Needs()) + " values."})
	x.How = s.how(t.Release, t.Fixed.Title, points...)
	return x
}

// draw puts the longer dimension of a table on its lines.
func (s *Server) draw(c *view.Chart, t *warehouse.Table) {
	d := t.Fixed.Dimensions
	c.Term = d[0].Label
	if len(d) == 1 {
		c.Columns = []view.Name{{Text: "Episodes"}}
		for i, p := range t.Rows {
			c.Lines = append(c.Lines, view.ChartLine{Name: s.partName(d[0], p), Cells: []view.Mark{{Count: t.Cells[i][0]}}})
		}
		byName(c.Lines, d[0])
		return
	}
	c.Draw = view.Heat
	rows, columns, cells, totals, under, down, across := t.Rows, t.Columns, t.Cells, t.Totals, t.Under, d[0], d[1]
	if len(columns) > len(rows) {
		rows, columns, totals, under, down, across = columns, rows, under, totals, across, down
		cells = make([][]policy.Count, len(rows))
		for i := range rows {
			for j := range columns {
				cells[i] = append(cells[i], t.Cells[j][i])
			}
		}
	}
	c.Term = down.Label
	for _, p := range columns {
		c.Columns = append(c.Columns, s.partName(across, p))
	}
	c.Columns = append(c.Columns, view.Name{Text: "All", Total: true})
	for i, p := range rows {
		c.Lines = append(c.Lines, tableLine(s.partName(down, p), cells[i], totals[i]))
	}
	byName(c.Lines, down)
	c.Lines = append(c.Lines, tableLine(view.Name{Text: "All", Total: true}, under, t.All))
}

// byName puts the lines of many names in the order in which people look for them;
// other lines have an order of their own. Counts have no say in it.
func byName(lines []view.ChartLine, d policy.Dimension) {
	if d.Name == "provider" {
		slices.SortStableFunc(lines, func(a, b view.ChartLine) int { return strings.Compare(a.Name.Text, b.Name.Text) })
	}
}

func tableLine(n view.Name, cells []policy.Count, total policy.Count) view.ChartLine {
	l := view.ChartLine{Name: n}
	for _, c := range append(slices.Clone(cells), total) {
		l.Cells = append(l.Cells, view.Mark{Count: c})
	}
	return l
}

// partName is the name of a part of a dimension.
func (s *Server) partName(d policy.Dimension, p policy.Part) view.Name {
	f, _ := s.c.Dictionary.Field(d.Field)
	if p.Label != "" {
		return view.Name{Text: p.Label}
	}
	if f.Name == hes.YearField {
		return view.Name{Text: yearLabel(p.Value)}
	}
	return view.Name{Text: s.cell(f, p.Value).Text}
}

// tableFile is a table as a file, with what it is, by which rule, and of which
// release above it.
func (s *Server) tableFile(w http.ResponseWriter, name string, x view.FixedTable) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="hes-table-`+name+`.csv"`)
	rows := [][]string{{"\ufeffTable", spreadsheet.Safe(x.Title)}, {"Counts of", "episodes; * is a number that is not shown"}}
	for _, p := range x.How.Points {
		rows = append(rows, []string{p.Term, spreadsheet.Safe(p.Text)})
	}
	rows = append(rows, []string{"Release", x.How.Release + ", loaded " + x.How.Loaded}, []string{"Made", s.c.Now().UTC().Format("2 January 2006 15:04") + " UTC"}, []string{""})
	if x.Withheld != "" {
		rows = append(rows, []string{"Not shown", spreadsheet.Safe(x.Withheld)})
	} else {
		rows = append(rows, chartRows(x.Chart)...)
	}
	return ignoreGone(csv.NewWriter(w).WriteAll(rows))
}
