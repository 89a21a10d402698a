package web

import (
	"net/http"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// record is one episode with every field: a page, or the drawer beside a list.
func (s *Server) record(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	in := r.URL.Query()
	sc, err := s.scene(r.Context(), v.access, in)
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
	x := s.episode(rec)
	x.Agreement, x.Purpose = v.access.Agreement()
	x.ListURL = address(state, warehouse.Page{After: in.Get("after"), Before: in.Get("before")})
	if rec.Row.PatientID != "" {
		x.PatientURL = patientURL(rec.Row.PatientID, patientState{view: state, list: x.ListURL})
	}
	at := func(id string) string {
		if id == "" {
			return ""
		}
		return recordURL(id, x.ListURL)
	}
	x.PreviousURL, x.NextURL = at(rec.Previous), at(rec.Next)
	x.Course = s.course(rec, at)
	if r.Header.Get("X-Part") == "drawer" {
		return s.show(w, r, http.StatusOK, view.Drawer(x))
	}
	return s.show(w, r, http.StatusOK, view.RecordPage(s.frame(r, x.Title(), "records"), x))
}

// recordURL is the address of an episode as it is opened from a list.
func recordURL(id, list string) string {
	return "/records/" + id + strings.TrimPrefix(list, "/records")
}

// episode makes the content of a record.
func (s *Server) episode(rec *warehouse.Record) view.Record {
	x := view.Record{Facts: s.facts(rec.Release), Patient: rec.Row.Patient}
	x.File, x.Line = place(rec.Row.Origin)
	about := map[string]string{}
	procedures := map[int]int{} // slot → place in x.Procedures
	var empty []hes.Field
	for i, f := range rec.Columns {
		value, raw := rec.Row.Values[i], ""
		if rec.Row.Raw != nil {
			raw = rec.Row.Raw[i]
		}
		if value == "" && raw == "" {
			empty = append(empty, f)
			continue
		}
		at, paired := procedures[f.Slot]
		switch {
		case f.Family == hes.AnyDiagnosis:
			x.Diagnoses = append(x.Diagnoses, s.coded(f, value, raw, "Primary", "Position"))
			continue
		case f.Family == hes.AnyProcedure:
			procedures[f.Slot] = len(x.Procedures)
			x.Procedures = append(x.Procedures, s.coded(f, value, raw, "Main", "Procedure"))
			continue
		case f.Family == procedureDate && paired && raw == "":
			x.Procedures[at].When = shortDate(value)
			continue
		case f.Name == hes.EpisodeKey:
			x.Key = value
		}
		about[f.Name] = s.cell(f, value).Text
		x.Add(f.Group, s.entry(f, value, raw))
	}
	x.Missing = s.missing(rec.Columns, empty)
	if len(x.Diagnoses) > 0 && x.Diagnoses[0].Name == hes.MainDiagnosis {
		x.Code, x.Label = x.Diagnoses[0].Code, x.Diagnoses[0].Label
	}
	for _, a := range [...][2]string{{"Admitted ", hes.AdmissionDate}, {"", "PROCODE3"}, {"aged ", "STARTAGE"}, {"", "SEX"}} {
		if text := about[a[1]]; text != "" {
			if a[1] == "SEX" {
				text = strings.ToLower(text)
			}
			x.About = append(x.About, a[0]+text)
		}
	}
	x.PutFirst("Admission and stay", "Discharge", "Patient", "Organisation", "Diagnoses", "Procedures", "Derived")
	return x
}

// procedureDate is the family whose slots date those of the procedures.
const procedureDate = "OPDATE_nn"

// coded is a diagnosis or procedure in its place.
func (s *Server) coded(f hes.Field, value, raw, first, other string) view.Coded {
	c := s.cell(f, value)
	out := view.Coded{Name: f.Name, Place: first, Code: c.Code, Delivered: raw, Cleaned: value}
	if value != "" {
		out.Label = c.Text
	}
	if f.Slot > 1 {
		out.Place = other + " " + strconv.Itoa(f.Slot)
	}
	return out
}

// missing names the fields that hold nothing: a family once, if none of its
// slots holds anything.
func (s *Server) missing(all, empty []hes.Field) []view.Entry {
	slots := map[string]int{}
	for _, f := range all {
		slots[f.Family]++
	}
	for _, f := range empty {
		slots[f.Family]--
	}
	var out []view.Entry
	for _, f := range empty {
		switch {
		case f.Family == "":
		case f.Slot > 1 || slots[f.Family] > 0:
			continue
		default:
			f, _ = s.c.Dictionary.Field(f.Family)
		}
		out = append(out, view.Entry{Name: f.Name, Label: f.Label})
	}
	return out
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
