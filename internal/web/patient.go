package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// patientState is what the address of a patient's page holds besides the patient.
type patientState struct {
	view     query.View // the filters of the list of episodes
	spell    string     // id of the one stay to which the list is restricted
	provider bool       // lanes by provider, not by condition
	list     string     // the address of the list to go back to
	of       query.View // the filters of that list
	page     warehouse.Page
}

// patientURL is the canonical address of a patient's page. The list to go back to
// is left out where it has the same state and is at its first page.
func patientURL(id string, st patientState) string {
	return "/patients/" + url.PathEscape(id) + patientQuery(st)
}

// patientQuery is what follows the patient in the address.
func patientQuery(st patientState) string {
	q := st.view.Encode()
	add := func(key, value string) {
		if q != "" {
			q += "&"
		}
		q += key + "=" + url.QueryEscape(value)
	}
	if st.spell != "" {
		add("spell", st.spell)
	}
	if st.provider {
		add("lanes", "provider")
	}
	if st.list != address(st.view, warehouse.Page{}) {
		add("list", strings.TrimPrefix(strings.TrimPrefix(st.list, "/records"), "?"))
	}
	if q != "" {
		q = "?" + q
	}
	return q
}

// patientState reads it back. A list that cannot be read is the one with the
// page's own state.
func (s *Server) patientState(in url.Values, sc scene, acc policy.Access) patientState {
	st := patientState{view: sc.state, spell: in.Get("spell"), provider: in.Get("lanes") == "provider"}
	st.view.Charts = false
	if !acc.SeesEpisodes() {
		st.view.Unit = query.Patients // the only list that they have
	}
	st.list, st.of = address(st.view, warehouse.Page{}), st.view
	if !in.Has("list") {
		return st
	}
	back, err := url.ParseQuery(in.Get("list"))
	if err != nil {
		return st
	}
	state, err := query.ParseView(back, s.c.Dictionary, sc.offer)
	if err != nil {
		return st
	}
	if !acc.SeesEpisodes() {
		state.Unit = query.Patients
	}
	st.of, st.page = state, warehouse.Page{After: back.Get("after"), Before: back.Get("before")}
	st.list = address(st.of, st.page)
	return st
}

// patient is one patient: who it is, the episodes along time, and the list of
// those that meet the filters, newest first.
func (s *Server) patient(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	in, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "This link is damaged. Start again from Records.")
	}
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	id, st := r.PathValue("id"), s.patientState(in, sc, v.access)
	sc.state = st.view
	if canonical := patientURL(id, st); r.URL.RequestURI() != canonical {
		http.Redirect(w, r, canonical, http.StatusSeeOther)
		return nil
	}
	episodes := st.view
	episodes.Unit = query.Episodes // the columns are those of episodes
	columns, _, err := s.chosen(r, v, &episodes)
	if err != nil {
		return err
	}
	life, err := s.c.Warehouse.Patient(r.Context(), v.access, query.Query{Where: st.view.Where(), Columns: columns}, id, st.spell,
		&warehouse.List{Query: s.question(scene{state: st.of}, nil), Page: st.page}, v.client)
	if err != nil {
		return err
	}
	x := s.life(sc, st, id, life)
	for _, e := range v.access.Excepted(s.c.Now()) {
		if e.Patient == id {
			x.Exception = s.written(e.Until, false)
		}
	}
	x.Agreement, x.Purpose = v.access.Agreement()
	return s.show(w, r, http.StatusOK, view.PatientPage(s.frame(r, "Patient "+x.Patient, "records"), x))
}

// life makes the page's content.
func (s *Server) life(sc scene, st patientState, id string, l *warehouse.Life) view.Patient {
	dated := slices.Contains(l.Fields, hes.AdmissionDate)
	x := view.Patient{Facts: s.facts(l.Release), Patient: l.Patient, Matching: l.Episodes, All: l.All, Shown: l.To, Listed: l.After == "", BackURL: st.list, Back: "Back to the list", Days: !dated}
	switch {
	case strings.Contains(st.list, "view=patients"):
		x.Back = "Back to patients"
	case strings.Contains(st.list, "view=spells"):
		x.Back = "Back to spells"
	}
	x.Chips = s.chips(sc, func(v query.View) string {
		without := st
		without.view = v
		return patientURL(id, without)
	})
	if st.spell != "" {
		without := st
		without.spell = ""
		x.Chips = append(x.Chips, view.Chip{Text: "One stay only", Remove: patientURL(id, without)})
	}
	if len(x.Chips) > 0 {
		everything := st
		everything.view, everything.spell = st.view.Everything(), ""
		x.EverythingURL = patientURL(id, everything)
	}
	// beside the patient stand those of the list, with the filters of the list
	at := func(id string) string {
		if id == "" {
			return ""
		}
		return patientURL(id, patientState{view: st.of, provider: st.provider, list: st.list})
	}
	x.PreviousURL, x.NextURL = at(l.Previous), at(l.Next)
	x.Known = s.known(l)
	x.Died = l.Person.Died != ""
	x.Timeline = s.timeline(sc, st, id, l, dated)
	x.Table = s.episodesOf(st, l, dated)
	return x
}

// known are the facts of the patient, over the episodes of the list.
func (s *Server) known(l *warehouse.Life) []view.Fact {
	p := l.Person
	var out []view.Fact
	add := func(label, value, note string, needs ...string) {
		if value != "" && !slices.ContainsFunc(needs, func(f string) bool { return !slices.Contains(l.Fields, f) }) {
			out = append(out, view.Fact{Label: label, Value: value, Note: note})
		}
	}
	episodes := l.Episodes.String()
	if l.Episodes != l.All {
		episodes += " of " + l.All.String()
	}
	add("Episodes", episodes, "")
	if p.TooMany || l.Episodes.Zero() {
		return out
	}
	add("Spells", p.Spells.String(), "", hes.SpellField)
	switch {
	case !p.First.Recorded:
	case p.First.Moment == p.Last.Moment:
		add("Admitted", when(p.First.Moment), "")
	default:
		add("First to last admission", when(p.First.Moment)+" – "+when(p.Last.Moment), "")
	}
	add("Bed days", p.BedDays, "", "BED_DAYS")
	if p.FirstAge != "" {
		add("Age", strings.ReplaceAll(between(p.FirstAge, p.LastAge), "–", " to "), "", "STARTAGE")
	}
	note := ""
	if p.SexConflict {
		note = "differs among the episodes"
	}
	add("Sex", s.codedCell("", "SEX", p.Sex).Text, note, "SEX")
	add("Ethnic group", s.codedCell("", "ETHNOS", p.Ethnic.Value).Text, "", "ETHNOS")
	if !p.DayCases.Zero() {
		add("Day cases", p.DayCases.String(), "", hes.SpellField, "CLASSPAT")
	}
	if !p.Emergencies.Zero() {
		add("Emergency admissions", p.Emergencies.String(), "", hes.SpellField, "ADMIMETH")
	}
	return out
}

// episodesOf is the list of the patient's episodes that meet the filters. Where
// the access covers no dates a column of days comes first.
func (s *Server) episodesOf(st patientState, l *warehouse.Life, dated bool) view.Sheet {
	x := view.Sheet{Class: "episodes"}
	if !dated {
		x.Columns = append(x.Columns, view.Column{Label: "Admitted", Class: "date"})
	}
	for _, f := range l.Columns {
		x.Columns = append(x.Columns, view.Column{Label: f.Label, Name: f.Name, Class: columnClass(f)})
	}
	for i, row := range l.Rows {
		var line view.SheetLine
		if !dated {
			line.Cells = append(line.Cells, view.SheetCell{Label: "Admitted", Class: "date", Text: when(l.Admitted[i])})
		}
		for j, f := range l.Columns {
			line.Cells = append(line.Cells, s.codedCell(f.Label, f.Name, row.Values[j]))
		}
		first := &line.Cells[0]
		if first.Missing {
			first.Missing, first.Text = false, "Not recorded"
		}
		first.Row = true
		*first = linked(*first, recordURL(row.ID, st.list), ", open the episode")
		x.Lines = append(x.Lines, line)
	}
	return x
}
