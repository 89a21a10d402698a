package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/export"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// exportTable says how the list that a file was asked for becomes its lines. They
// are made of the same cells as the page; a coded field has a column with its code
// beside the one with its label, dates and whole numbers are written so that
// programs read them, and drawings are left out.
func (s *Server) exportTable(ctx context.Context, x registry.Export, acc policy.Access) (export.Table, error) {
	in, err := url.ParseQuery(x.View)
	if err != nil {
		return export.Table{}, fault.Wrap(fault.Invalid, err, "The list that the file was asked for cannot be read any more. Ask for it again")
	}
	sc, err := s.scene(ctx, acc, in)
	if err != nil {
		return export.Table{}, err
	}
	out := export.Table{Query: query.Query{Unit: sc.state.Unit, Where: sc.state.Where(), Sort: sc.state.Sort}}
	var l fileLines = episodes{s}
	switch sc.state.Unit {
	case query.Patients:
		l = patients{s, sc}
	case query.Spells:
		l = stays{episodes{s}}
		fallthrough
	default:
		if out.Query.Columns = sc.state.Columns; len(out.Query.Columns) == 0 {
			return export.Table{}, fault.New(fault.Invalid, "The file has no columns. Choose some and ask for it again.")
		}
	}
	out.Columns = func(p warehouse.Lines) []export.Column { return distinct(l.columns(p)) }
	out.Lines = l.lines
	return out, nil
}

// distinct gives columns of one name different ones, as some formats need.
func distinct(columns []export.Column) []export.Column {
	seen := map[string]bool{}
	for i, c := range columns {
		if seen[c.Name] && c.Field != "" {
			columns[i].Name += " (" + c.Field + ")"
		}
		for seen[columns[i].Name] {
			columns[i].Name += " again"
		}
		seen[columns[i].Name] = true
	}
	return columns
}

// fileLines makes the lines of a file.
type fileLines interface {
	columns(warehouse.Lines) []export.Column
	lines(warehouse.Lines) [][]string
}

// fieldColumns are the columns that a field has in a file: a coded one has two.
func fieldColumns(f hes.Field) []export.Column {
	switch {
	case f.Name == hes.YearField, f.Codes != "" && f.Type == hes.Code, f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return []export.Column{{Name: f.Label + " code", Field: f.Name, Type: hes.Code}, {Name: f.Label, Field: f.Name, Type: hes.Code}}
	case f.Type == hes.Date, f.Type == hes.Int, f.Type == hes.Decimal:
		return []export.Column{{Name: f.Label, Field: f.Name, Type: f.Type}}
	}
	return []export.Column{{Name: f.Label, Field: f.Name, Type: hes.Code}}
}

// fieldValues are a value's cells in those columns, with the labels of the page.
func (s *Server) fieldValues(to []string, f hes.Field, value string) []string {
	c := s.cell(f, value)
	switch len(fieldColumns(f)) {
	case 2:
		code := value
		if c.Code != "" {
			code = c.Code
		}
		label := c.Text
		if value == "" {
			code, label = "", ""
		}
		return append(to, code, label)
	}
	return append(to, value)
}

// episodes are the lines of episodes.
type episodes struct{ s *Server }

var patientColumn = export.Column{Name: "Patient", Type: hes.Code}

func (e episodes) columns(p warehouse.Lines) []export.Column {
	var out []export.Column
	for i, f := range p.Columns {
		out = append(out, fieldColumns(f)...)
		if i == 0 {
			out = append(out, patientColumn)
		}
	}
	return out
}

func (e episodes) lines(p warehouse.Lines) [][]string {
	out := make([][]string, len(p.Rows))
	for n, r := range p.Rows {
		for i, f := range p.Columns {
			out[n] = e.s.fieldValues(out[n], f, r.Values[i])
			if i == 0 {
				out[n] = append(out[n], r.Patient)
			}
		}
	}
	return out
}

// stays are the lines of spells.
type stays struct{ episodes }

func (e stays) columns(p warehouse.Lines) []export.Column {
	out := e.episodes.columns(p)
	at := 1 + slices.Index(out, patientColumn)
	return slices.Insert(out, at, export.Column{Name: "Episodes", Type: hes.Int}, export.Column{Name: "Episodes of the stay", Type: hes.Int})
}

func (e stays) lines(p warehouse.Lines) [][]string {
	out := e.episodes.lines(p)
	for n, r := range p.Rows {
		at := 1 + len(fieldColumns(p.Columns[0]))
		out[n] = slices.Insert(out[n], at, inFile(r.Episodes), inFile(p.Spells.Lines[n].Episodes))
	}
	return out
}

// inFile is a count in a file.
func inFile(n policy.Count) string { return plain(n.String()) }

func plain(n string) string { return strings.ReplaceAll(n, ",", "") }

// patients are the lines of patients: those of the page, cell by cell.
type patients struct {
	s  *Server
	sc scene
}

// dated tells whether moments are days of the calendar.
func dated(people *warehouse.People) bool { return slices.Contains(people.Fields, hes.AdmissionDate) }

func (e patients) columns(p warehouse.Lines) []export.Column {
	var out []export.Column
	people := p.People
	if people == nil { // there is nobody
		people = &warehouse.People{Answer: &warehouse.Answer{}}
	}
	for _, c := range e.s.people(e.sc, people, warehouse.Page{}).Columns {
		switch c.Class {
		case "lifeline":
		case "num":
			out = append(out, export.Column{Name: c.Label, Type: hes.Int})
		case "date":
			typ := hes.Code
			if dated(people) {
				typ = hes.Date
			}
			out = append(out, export.Column{Name: c.Label, Type: typ})
		case "wide":
			out = append(out, export.Column{Name: c.Label + " code", Type: hes.Code}, export.Column{Name: c.Label, Type: hes.Code})
		default:
			out = append(out, export.Column{Name: c.Label, Type: hes.Code})
		}
	}
	return out
}

func (e patients) lines(p warehouse.Lines) [][]string {
	if p.People == nil {
		return nil
	}
	sheet, days := e.s.people(e.sc, p.People, warehouse.Page{}), dated(p.People)
	out := make([][]string, len(sheet.Lines))
	for n, l := range sheet.Lines {
		for _, c := range l.Cells {
			text := c.Text
			if c.Missing || text == "–" {
				text = ""
			}
			switch c.Class {
			case "lifeline":
			case "num":
				out[n] = append(out[n], plain(text))
			case "date":
				if days {
					text = isoDate(text)
				}
				out[n] = append(out[n], text)
			case "wide":
				out[n] = append(out[n], c.Code, text)
			default:
				out[n] = append(out[n], withRemarks(c, text))
			}
		}
	}
	return out
}

// withRemarks is a cell's text with what stands beside it.
func withRemarks(c view.SheetCell, text string) string {
	var parts []string
	for _, l := range c.Links {
		parts = append(parts, l.Text)
	}
	if len(parts) > 0 {
		text = strings.Join(parts, "; ")
	}
	if c.Flag != "" {
		text += " (" + c.Flag + ")"
	}
	return text
}

// isoDate writes a date of a page as files have it; "" stays what it is.
func isoDate(short string) string {
	t, err := time.Parse("2 Jan 2006", short)
	if err != nil {
		return short
	}
	return t.Format(time.DateOnly)
}
