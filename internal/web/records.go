package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// pageSize is how many rows a page has.
const pageSize = 50

// defaultColumns are shown to a person who has chosen none.
func defaultColumns() []string {
	return []string{"ADMIDATE", "STARTAGE", "SEX", "DIAG_01", "OPERTN_01", "EPIDUR", "PROCODE3", "MAINSPEF", "TRETSPEF", "ADMIMETH", "CLASSPAT", "FYEAR"}
}

// records is the explorer: episodes, or one line per patient.
func (s *Server) records(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	in, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "This link is damaged. Start again from Records.")
	}
	state, err := query.ParseView(in, s.c.Dictionary)
	if err != nil {
		return err
	}
	page := warehouse.Page{After: in.Get("after"), Before: in.Get("before")}
	if canonical := address(state, page); r.URL.RequestURI() != canonical {
		if r.Header.Get("X-Part") == "" {
			http.Redirect(w, r, canonical, http.StatusSeeOther)
			return nil
		}
		w.Header().Set("X-Canonical", canonical)
	}
	columns, offered, err := s.chosen(r, v, state)
	if err != nil {
		return err
	}
	q := s.question(state, columns)
	answer, err := s.c.Warehouse.Explore(r.Context(), v.access, q, page, v.client)
	if err != nil {
		return err
	}
	x := s.explorer(state, answer, columns, offered)
	x.Clinical = !v.access.SeesEpisodes()
	x.Return = address(state, page)
	ref, title := v.access.Agreement()
	x.Agreement, x.Purpose = ref, title
	frame := s.frame(r, x.Heading(), "records")
	if r.Header.Get("X-Part") == "app" {
		return s.show(w, r, http.StatusOK, view.App(frame, x))
	}
	return s.show(w, r, http.StatusOK, view.ExplorerPage(frame, x))
}

// address is the canonical URL of a state and a page of it.
func address(state query.View, page warehouse.Page) string {
	q := state.Encode()
	for _, p := range [...][2]string{{"after", page.After}, {"before", page.Before}} {
		if p[1] != "" {
			q += "&" + p[0] + "=" + url.QueryEscape(p[1])
		}
	}
	if q = strings.TrimPrefix(q, "&"); q == "" {
		return "/records"
	}
	return "/records?" + q
}

// chosen returns the columns to show, and those that may be chosen. A column
// of the URL that the person may not see is refused by the door; a remembered
// or default one that the release does not hold is left out.
func (s *Server) chosen(r *http.Request, v visitor, state query.View) (columns []string, offered []hes.Field, err error) {
	if offered, err = s.c.Warehouse.Covered(r.Context(), v.access); err != nil {
		return nil, nil, err
	}
	if len(state.Columns) > 0 {
		return state.Columns, offered, nil
	}
	wanted := defaultColumns()
	if v.user.Columns != "" {
		wanted = strings.Split(v.user.Columns, ",")
	}
	for _, name := range wanted {
		if slices.ContainsFunc(offered, func(f hes.Field) bool { return f.Name == name }) {
			columns = append(columns, name)
		}
	}
	if len(columns) == 0 && v.access.SeesRows() {
		return nil, nil, fault.New(fault.Unavailable, "The release holds none of your columns. Choose others.")
	}
	return columns, offered, nil
}

// question is what the explorer asks for a state.
func (s *Server) question(state query.View, columns []string) query.Query {
	q := query.Query{Unit: state.Unit, Where: state.Where(), Sort: state.Sort, Limit: pageSize, Columns: columns, Counts: true}
	for _, c := range query.Controls() {
		field, _ := s.c.Dictionary.Field(c.Field)
		f := query.Facet{Field: state.FieldOf(c)}
		switch c.Kind {
		case query.Dates:
			f.Chars = len("2008-04")
		case query.Numbers:
			continue
		case query.Prefixes:
			f.Chars, f.Limit = 3, 10
		case query.Choice:
			if c.Field != hes.YearField && field.Codes != "SEX" && field.Codes != "CLASSPAT" {
				f.Limit = 10
			}
		}
		if on, ok := state.Filter(c.Key); ok {
			for _, value := range on.Values {
				if value != query.None && (c.Kind != query.Prefixes || len(value) == 3) {
					f.Also = append(f.Also, value)
				}
			}
		}
		q.Facets = append(q.Facets, f)
	}
	return q
}

// explorer makes the page's content from an answer.
func (s *Server) explorer(state query.View, a *warehouse.Answer, columns []string, offered []hes.Field) view.Explorer {
	x := view.Explorer{Facts: s.facts(a.Release), Episodes: a.Episodes, Patients: a.Patients, From: a.From, To: a.To,
		ByPatient: state.Unit == query.Patients, Wrap: state.Wrap, ClearURL: "/records", Any: state.AnyDiagnosis, Chips: s.chips(state)}
	bare := query.View{Sort: state.Sort, Columns: state.Columns, Unit: state.Unit, Wrap: state.Wrap}
	x.ClearURL = address(bare, warehouse.Page{})
	if a.After != "" {
		x.NextURL = address(state, warehouse.Page{After: a.After})
	}
	if a.Before != "" {
		x.BackURL = address(state, warehouse.Page{Before: a.Before})
	}
	wrapped, episodes, patients := state, state, state
	wrapped.Wrap = !state.Wrap
	episodes.Unit, patients.Unit = query.Episodes, query.Patients
	if x.ByPatient {
		episodes.Sort = nil
	} else {
		patients.Sort = nil
	}
	x.WrapURL, x.EpisodesURL, x.PatientsURL = address(wrapped, warehouse.Page{}), address(episodes, warehouse.Page{}), address(patients, warehouse.Page{})
	x.Hidden = hidden(state)
	i := 0
	for _, c := range query.Controls() {
		if c.Kind == query.Numbers {
			x.Facets = append(x.Facets, s.facet(state, c, nil))
			continue
		}
		if c.Kind == query.Dates {
			x.Months = months(a.Facets[i], state)
		}
		x.Facets = append(x.Facets, s.facet(state, c, &a.Facets[i]))
		i++
	}
	for _, f := range a.Columns {
		x.Columns = append(x.Columns, s.column(state, f))
	}
	for _, r := range a.Rows {
		x.Rows = append(x.Rows, s.line(a.Columns, r, state))
	}
	for _, f := range offered {
		x.Offered = append(x.Offered, view.Choice{Value: f.Name, Label: f.Label, Group: f.Group, On: slices.Contains(columns, f.Name)})
	}
	return x
}

// hidden carries what the filter form does not show.
func hidden(state query.View) []view.Pair {
	var out []view.Pair
	rest := query.View{Sort: state.Sort, Columns: state.Columns, Unit: state.Unit, Wrap: state.Wrap}
	values, _ := url.ParseQuery(rest.Encode())
	for _, key := range [...]string{"sort", "cols", "den", "view"} {
		if v := values.Get(key); v != "" {
			out = append(out, view.Pair{Key: key, Value: v})
		}
	}
	return out
}

// column makes a column's heading: a click sorts by it, a second one turns the
// order round.
func (s *Server) column(state query.View, f hes.Field) view.Column {
	c := view.Column{Label: f.Label, Name: f.Name, Class: columnClass(f)}
	if state.Unit == query.Patients {
		return c
	}
	next := query.Sort{Field: f.Name}
	current := state.Sort
	if len(current) == 0 {
		current = []query.Sort{{Field: hes.AdmissionDate, Desc: true}}
	}
	if current[0].Field == f.Name {
		c.Order = map[bool]string{false: "ascending", true: "descending"}[current[0].Desc]
		next.Desc = !current[0].Desc
	} else if f.Type == hes.Date {
		next.Desc = true
	}
	state.Sort = []query.Sort{next}
	if next == (query.Sort{Field: hes.AdmissionDate, Desc: true}) {
		state.Sort = nil
	}
	c.URL = address(state, warehouse.Page{})
	return c
}

func columnClass(f hes.Field) string {
	switch {
	case f.Type == hes.Date:
		return "date"
	case f.Type == hes.Int, f.Type == hes.Decimal:
		return "num"
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return "wide"
	case f.Name == "SEX", f.Name == hes.YearField:
		return "code"
	}
	return "text"
}

func (s *Server) line(columns []hes.Field, r warehouse.Row, state query.View) view.Line {
	l := view.Line{Patient: r.Patient, Episodes: r.Episodes, First: shortDate(r.First), Last: shortDate(r.Last)}
	q := state.Encode()
	if q != "" {
		q = "?" + q
	}
	l.URL = "/records/" + r.ID + q
	if r.PatientID != "" {
		l.PatientURL = "/patients/" + r.PatientID
	}
	for i, f := range columns {
		l.Cells = append(l.Cells, s.cell(f, r.Values[i]))
	}
	return l
}

func (s *Server) cell(f hes.Field, value string) view.Cell {
	c := view.Cell{Label: f.Label, Class: columnClass(f), Text: value}
	switch {
	case value == "":
		c.Missing = true
	case f.Type == hes.Date:
		c.Text = shortDate(value)
	case f.Name == hes.YearField:
		c.Text = yearLabel(value)
	case f.Codes != "":
		label, ok := s.c.Codes.Label(f.Codes, value)
		switch {
		case f.Codes == hes.ICD10 || f.Codes == hes.OPCS4:
			c.Code, c.Text = hes.Display(f.Codes, value), label
		case ok && f.Type == hes.Code:
			c.Text, c.Title = label, value
		}
	}
	return c
}

// columns remembers the person's columns and shows the page with them.
func (s *Server) columns(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "The form could not be read. Go back and try again.")
	}
	var names []string
	if r.PostForm.Get("reset") == "" {
		for _, name := range r.PostForm["column"] {
			f, ok := s.c.Dictionary.Field(name)
			if !ok || !v.access.Covers(f) {
				return fault.New(fault.Denied, "One of these columns is not covered by your agreement. Choose again.")
			}
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
		if len(names) > 40 {
			return fault.New(fault.Invalid, "Choose at most 40 columns.")
		}
	}
	if err := s.c.Store.SetColumns(r.Context(), v.user.ID, strings.Join(names, ",")); err != nil {
		return err
	}
	back, err := url.Parse(r.PostForm.Get("return"))
	if err != nil || back.Path != "/records" || back.Host != "" {
		back = &url.URL{Path: "/records"}
	}
	values := back.Query()
	values.Del("cols")
	state, err := query.ParseView(values, s.c.Dictionary)
	if err != nil {
		return err
	}
	http.Redirect(w, r, address(state, warehouse.Page{}), http.StatusSeeOther)
	return nil
}

// record is one episode with every field.
func (s *Server) record(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	state, err := query.ParseView(r.URL.Query(), s.c.Dictionary)
	if err != nil {
		return err
	}
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
		value := rec.Row.Values[i]
		switch f.Name {
		case hes.MainDiagnosis:
			x.Heading = s.cell(f, value).Text
		case hes.AdmissionDate:
			x.Admitted = longDate(value)
		case hes.EpisodeKey:
			x.Key = value
		}
		if value == "" && f.Slot > 1 {
			continue // empty slots of a family say nothing
		}
		entry := view.Entry{Name: f.Name, Label: f.Label, Value: value}
		if value != "" {
			c := s.cell(f, value)
			entry.Value, entry.Meaning = c.Text, ""
			if f.Codes != "" && c.Text != value {
				entry.Value, entry.Meaning = hes.Display(f.Codes, value), c.Text
			}
		}
		x.Add(f.Group, entry)
	}
	if x.Heading == "" {
		x.Heading = "Episode"
	}
	x.PutFirst("Diagnoses", "Procedures", "Admission and stay", "Discharge", "Patient")
	ref, title := v.access.Agreement()
	x.Agreement, x.Purpose = ref, title
	return s.show(w, r, http.StatusOK, view.RecordPage(s.frame(r, x.Heading, "records"), x))
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
	x := view.Patient{Facts: s.facts(a.Release), Patient: a.Rows[0].Patient, Episodes: a.Episodes, Shown: a.To, All: a.After == ""}
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
