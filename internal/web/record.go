package web

import (
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// record is one episode with every field.
func (s *Server) record(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	sc, err := s.scene(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	state := sc.state
	rec, err := s.c.Warehouse.Episode(r.Context(), v.access, query.Query{Unit: state.Unit, Where: state.Where(), Sort: state.Sort}, r.PathValue("id"), v.client)
	if err != nil {
		return err
	}
	if !v.access.SeesEpisodes() {
		state.Unit = query.Patients // the only list that they have
	}
	x := view.Record{Patient: rec.Row.Patient, ListURL: address(state, warehouse.Page{}), Facts: s.facts(rec.Release)}
	tail := ""
	if q := state.Encode(); q != "" {
		tail = "?" + q
	}
	if rec.Previous != "" {
		x.PreviousURL = "/records/" + rec.Previous + tail
	}
	if rec.Next != "" {
		x.NextURL = "/records/" + rec.Next + tail
	}
	if rec.Row.PatientID != "" {
		x.PatientURL = "/patients/" + rec.Row.PatientID
	}
	for i, f := range rec.Columns {
		value, raw := rec.Row.Values[i], ""
		if rec.Row.Raw != nil {
			raw = rec.Row.Raw[i]
		}
		switch f.Name {
		case hes.MainDiagnosis:
			x.Heading = s.cell(f, value).Text
		case hes.AdmissionDate:
			x.Admitted = longDate(value)
		case hes.EpisodeKey:
			x.Key = value
		}
		if value == "" && raw == "" && f.Slot > 1 {
			continue // empty slots of a family say nothing
		}
		x.Add(f.Group, s.entry(f, value, raw))
	}
	x.File, x.Line = place(rec.Row.Origin)
	if x.Heading == "" {
		x.Heading = "Episode"
	}
	x.PutFirst("Diagnoses", "Procedures", "Admission and stay", "Discharge", "Patient", "Derived")
	ref, title := v.access.Agreement()
	x.Agreement, x.Purpose = ref, title
	return s.show(w, r, http.StatusOK, view.RecordPage(s.frame(r, x.Heading, "records"), x))
}

// entry is one field of the record page. raw is the text as delivered where the
// load changed it.
func (s *Server) entry(f hes.Field, value, raw string) view.Entry {
	e := view.Entry{Name: f.Name, Label: f.Label, Value: value, Delivered: raw, Cleaned: value}
	if f.Derived() {
		// the column "source" of the dictionary: "DERIVED P1"
		e.Rule, e.Source = strings.TrimSpace(strings.TrimPrefix(f.Source, "DERIVED")), f.Meaning
	}
	if value == "" {
		return e
	}
	c := s.cell(f, value)
	e.Value = c.Text
	if f.Codes != "" && c.Text != value {
		e.Value, e.Meaning = hes.Display(f.Codes, value), c.Text
	}
	return e
}

// place takes an origin, "file:line", apart.
func place(origin string) (file, line string) {
	i := strings.LastIndexByte(origin, ':')
	if i < 0 {
		return origin, ""
	}
	return origin[:i], origin[i+1:]
}

// patient is one patient's episodes, newest first.
func (s *Server) patient(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	columns, _, err := s.chosen(r, visitor{access: v.access}, query.View{})
	if err != nil {
		return err
	}
	a, err := s.c.Warehouse.Patient(r.Context(), v.access, columns, r.PathValue("id"), v.client)
	if err != nil {
		return err
	}
	x := view.Patient{Facts: s.facts(a.Release), Patient: a.Rows[0].Patient, Episodes: a.Episodes, Shown: a.To, All: a.After == "", Begins: slices.Contains(a.Release.Columns, "DUPLICATE")}
	for _, f := range a.Columns {
		x.Columns = append(x.Columns, view.Column{Label: f.Label, Name: f.Name, Class: columnClass(f)})
	}
	for _, row := range a.Rows {
		x.Rows = append(x.Rows, s.line(a.Columns, row, query.View{}))
	}
	ref, title := v.access.Agreement()
	x.Agreement, x.Purpose = ref, title
	return s.show(w, r, http.StatusOK, view.PatientPage(s.frame(r, "Patient "+x.Patient, "records"), x))
}
