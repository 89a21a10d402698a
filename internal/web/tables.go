package web

import (
	"net/http"

	"webenablehes/internal/hes"
	"webenablehes/internal/web/view"
)

// table is one of the fixed protected tables.
func (s *Server) table(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	t, err := s.c.Warehouse.FixedTable(r.Context(), v.access, r.PathValue("name"), v.client)
	if err != nil {
		return err
	}
	x := view.Table{Facts: s.facts(t.Release), Title: t.Title, Corner: t.Fields[0].Label, Under: t.Under, All: t.All, Protected: v.access.Protects()}
	for _, c := range t.Columns {
		x.Columns = append(x.Columns, s.valueLabel(t.Fields[1], c))
	}
	for i, value := range t.Rows {
		x.Rows = append(x.Rows, view.TableRow{Label: s.valueLabel(t.Fields[0], value), Cells: t.Cells[i], Total: t.Totals[i]})
	}
	return s.show(w, r, http.StatusOK, view.TablePage(s.frame(r, t.Title, "tables"), x))
}

func (s *Server) valueLabel(f hes.Field, value string) string {
	if value == "" {
		return "Not recorded"
	}
	c := s.cell(f, value)
	return c.Text
}
