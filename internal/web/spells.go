package web

import (
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// spells makes the lines of provider spells. A line opens its episodes on the
// patient's page, those outside the filters too.
func (s *Server) spells(sc scene, p *warehouse.Spells, page warehouse.Page) *view.Sheet {
	state, list := sc.state, address(sc.state, page)
	x := &view.Sheet{Class: "spells"}
	for i, f := range p.Columns {
		c := view.Column{Label: f.Label, Name: f.Name, Class: columnClass(f)}
		if f.Name == hes.AdmissionDate {
			c = sortHead(state, f.Label, c.Class, "")
		}
		x.Columns = append(x.Columns, c)
		if i == 0 {
			x.Columns = append(x.Columns, view.Column{Label: "Patient", Class: "patient"}, sortHead(state, "Episodes", "num", query.ByEpisodes))
		}
	}
	for i, row := range p.Rows {
		var l view.SheetLine
		spell := p.Lines[i]
		open := patientURL(row.PatientID, patientState{view: state.Everything(), spell: spell.ID, list: list})
		for j, f := range p.Columns {
			c := s.cell(f, row.Values[j])
			cell := view.SheetCell{Label: c.Label, Class: c.Class, Code: c.Code, Text: c.Text, Title: c.Title, Missing: c.Missing}
			if j > 0 {
				l.Cells = append(l.Cells, cell)
				continue
			}
			if cell.Missing {
				cell.Missing, cell.Text = false, "Not recorded"
			}
			episodes := view.SheetCell{Label: "Episodes", Class: "num", Text: spell.Episodes.String()}
			if row.Episodes != spell.Episodes {
				episodes.Text = row.Episodes.String() + " of " + episodes.Text
			}
			l.Cells = append(l.Cells, linked(cell, open, ", open the stay"),
				view.SheetCell{Label: "Patient", Class: "patient", Text: row.Patient, Key: true, URL: patientURL(row.PatientID, patientState{view: state, list: list}), Says: "Open patient " + row.Patient, Named: true},
				linked(episodes, open, " episodes of the stay"))
		}
		x.Lines = append(x.Lines, l)
	}
	return x
}
