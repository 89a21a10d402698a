package web

import (
	"context"
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

// pageSize is how many rows a page has.
const pageSize = 50

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
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	state := sc.state
	page := warehouse.Page{After: in.Get("after"), Before: in.Get("before")}
	if v.access.SeesRows() && !v.access.SeesEpisodes() && !state.Charts && state.Unit != query.Patients {
		// A colleague's link to a list of episodes is one to patients here.
		state.Unit, state.Sort = query.Patients, nil
	}
	if state.Charts {
		page = warehouse.Page{} // charts have no pages
	}
	columns, offered, err := s.chosen(r, v, &state)
	if err != nil {
		return err
	}
	sc.state = state
	if canonical := sc.withOpen(address(state, page)); r.URL.RequestURI() != canonical {
		if r.Header.Get("X-Part") == "" {
			http.Redirect(w, r, canonical, http.StatusSeeOther)
			return nil
		}
		w.Header().Set("X-Canonical", canonical)
	}
	if key, ok := strings.CutPrefix(r.Header.Get("X-Part"), "fac-"); ok {
		return s.onePanel(w, r, v, sc, key)
	}
	artist := &chartist{s: s, sc: sc, covered: offered, rough: v.access.Protects(), inFile: fileSays(v.access)}
	if key, ok := strings.CutPrefix(r.Header.Get("X-Part"), "ch-"); ok {
		artist.q = query.Query{Unit: state.Unit, Where: state.Where()}
		return s.oneChart(w, r, v, artist, key)
	}
	q := s.question(sc, append(slices.Clip(columns), s.further(sc, columns)...))
	var drawers []drawer
	if state.Charts {
		artist.q = counting(q)
		if drawers, err = artist.gather(""); err != nil {
			return err
		}
		q = artist.q
	}
	answer, lines, err := s.results(r.Context(), v, sc, q, page)
	if err != nil {
		return err
	}
	x := s.explorer(sc, answer, columns)
	x.Lines = lines
	x.Months.Shown = !stripFolded(r)
	if x.Empty() || state.Charts && answer.Episodes.Zero() {
		if err := s.bringsBack(r.Context(), v, q, &x); err != nil {
			return err
		}
	}
	for _, draw := range drawers {
		x.Charts = append(x.Charts, draw(answer))
	}
	x.Clinical = !v.access.SeesEpisodes()
	x.Tabs = tabs(v.access, sc)
	x.Return = sc.withOpen(address(state, page))
	x.ColumnsURL = "/records/columns" + strings.TrimPrefix(firstPage(state), "/records")
	if x.Lent = lent(v, state, offered); x.Lent != nil {
		without := state
		without.Columns = nil
		x.OwnURL = firstPage(without)
	}
	if !state.Charts && v.access.MayExport(policy.Records) == nil {
		x.ExportURL = exportURL(state)
	} else if !state.Charts && v.access.SeesEpisodes() {
		x.DefinitionURL = definitionURL(state, "txt")
	}
	x.Agreement, x.Purpose = v.access.Agreement()
	x.ByNumber = v.access.FindsByNumber() && sc.facts.HoldsNumbers()
	frame := s.frame(r, x.Heading(), "records")
	if r.Header.Get("X-Part") == "app" {
		return s.show(w, r, http.StatusOK, view.App(frame, x))
	}
	return s.show(w, r, http.StatusOK, view.ExplorerPage(frame, x))
}

// scene is a state of the explorer and the release that it is over.
type scene struct {
	state query.View
	offer query.Offer
	facts warehouse.Facts
	open  map[string]bool // parts of the side panel, and categories in them ("dx.L40")
}

// scene reads the explorer's state from a URL's query, over what the release
// that is served offers, as far as the access covers it.
func (s *Server) scene(ctx context.Context, acc policy.Access, in url.Values) (scene, error) {
	facts, err := s.c.Warehouse.Facts(ctx)
	if err != nil {
		return scene{}, err
	}
	var start []string
	for _, r := range facts.Rules {
		if r.Start {
			start = append(start, r.ID)
		}
	}
	held := facts.Columns
	if acc.SeesRows() { // others are refused by the door, not told what there would be
		held = slices.DeleteFunc(slices.Clone(held), func(name string) bool {
			f, ok := s.c.Dictionary.Field(name)
			return !ok || !acc.Covers(f, facts.Over())
		})
	}
	sc := scene{offer: query.NewOffer(s.c.Dictionary, held, start), facts: facts}
	sc.offer.Held = facts.Columns
	sc.state, err = query.ParseView(in, s.c.Dictionary, sc.offer)
	sc.readOpen(in)
	return sc, err
}

// firstPage is the address of a state's first page.
func firstPage(state query.View) string { return address(state, warehouse.Page{}) }

// conditionsURL is where the conditions beyond the filters are put together.
func conditionsURL(state query.View) string {
	return "/records/conditions" + strings.TrimPrefix(firstPage(state), "/records")
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

// question is what the explorer asks for a state.
func (s *Server) question(sc scene, columns []string) query.Query {
	q := query.Query{Unit: sc.state.Unit, Where: sc.state.Where(), Sort: sc.state.Sort, Limit: pageSize, Columns: columns, Counts: true}
	for _, c := range sc.offer.Controls {
		q.Facets = append(q.Facets, s.counts(sc, c)...)
	}
	return q
}

// further are the fields of further diagnoses and procedures, of which a list of
// episodes tells how many there are beside the main one that it shows.
func (s *Server) further(sc scene, columns []string) (out []string) {
	if sc.state.Unit != query.Episodes {
		return nil
	}
	for _, pair := range [...][2]string{{hes.MainDiagnosis, hes.FurtherDiagnosis}, {hes.MainProcedure, hes.FurtherProcedure}} {
		f, ok := s.c.Dictionary.Field(pair[1])
		if ok && slices.Contains(columns, pair[0]) && !slices.Contains(columns, pair[1]) && sc.offer.Holds(f) {
			out = append(out, pair[1])
		}
	}
	return out
}

// bringsBack puts beside each filter of an empty list the episodes that there
// would be without it. It is a question of its own, so that lists that are not
// empty need not wait for it.
func (s *Server) bringsBack(ctx context.Context, v visitor, q query.Query, x *view.Explorer) error {
	if q.Where == nil {
		return nil
	}
	a, err := s.c.Warehouse.Explore(ctx, v.access, query.Query{Unit: q.Unit, Where: q.Where, Misses: true}, warehouse.Page{}, v.client)
	if err != nil {
		return err
	}
	brings(x.Chips, a.Misses)
	return nil
}

// brings puts beside each chip what its condition keeps out. Were they not one
// for one, no suggestion is better than one of another filter.
func brings(chips []view.Chip, misses []policy.Count) {
	if len(chips) != len(misses) {
		return
	}
	for i := range chips {
		chips[i].Brings = misses[i]
	}
}

// explorer makes the page's content from an answer.
func (s *Server) explorer(sc scene, a *warehouse.Answer, columns []string) view.Explorer {
	state := sc.state
	x := view.Explorer{Facts: s.facts(a.Release), Episodes: a.Episodes, Patients: a.Patients, From: a.From, To: a.To,
		By: state.Unit, Spells: a.Spells, Wrap: state.Wrap, Chips: s.chips(sc, firstPage), Begins: len(state.Defaults) > 0}
	x.How = s.howCounted(sc)
	x.ClearURL, x.ConditionsURL = address(state.Clear(), warehouse.Page{}), conditionsURL(state)
	x.Cleared = x.ClearURL == address(state, warehouse.Page{})
	if len(state.Filters) > 0 || state.If != nil {
		x.EverythingURL = address(state.Everything(), warehouse.Page{})
	}
	shown := slices.Concat(columns, lineFields(state))
	for _, f := range state.Filters {
		c, _ := query.ControlOf(f.Key)
		shown = append(shown, c.Field)
	}
	for _, name := range shown {
		if m := method(name); m != "" && !slices.Contains(x.Methods, m) {
			x.Methods = append(x.Methods, m)
		}
	}
	if a.After != "" {
		x.NextURL = address(state, warehouse.Page{After: a.After})
	}
	if a.Before != "" {
		x.BackURL = address(state, warehouse.Page{Before: a.Before})
	}
	wrapped := state
	wrapped.Wrap = !state.Wrap
	x.WrapURL = address(wrapped, warehouse.Page{})
	x.Hidden, x.State = hidden(state), pairs(state)
	var byMonth *warehouse.Facet
	x.Facets, byMonth = s.panel(sc, a.Facets)
	if byMonth != nil {
		x.Months = months(sc, *byMonth)
	}
	if open := sc.openNow(); !slices.Equal(open, sc.atFirst()) {
		x.Open = strings.Join(open, ",")
	}
	for _, f := range a.Columns[:min(len(a.Columns), len(columns))] { // what is counted only comes behind
		x.Columns = append(x.Columns, s.column(state, f))
	}
	if state.Unit == query.Episodes {
		for _, r := range a.Rows {
			x.Rows = append(x.Rows, s.line(a.Columns, len(x.Columns), r, state))
		}
	}
	return x
}

// hidden carries what the filter form does not show.
func hidden(state query.View) []view.Pair {
	return pairs(query.View{If: state.If, Sort: state.Sort, Columns: state.Columns, Unit: state.Unit, Wrap: state.Wrap, More: state.More, Charts: state.Charts, Chart: state.Chart})
}

// column makes a column's heading: a click sorts by it, a second one turns the
// order round.
func (s *Server) column(state query.View, f hes.Field) view.Column {
	c := view.Column{Label: f.Label, Name: f.Name, Class: columnClass(f)}
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

// line is an episode of a list: its first columns as cells, and of those behind
// them how many codes they hold.
func (s *Server) line(columns []hes.Field, shown int, r warehouse.Row, state query.View) view.Line {
	l := view.Line{Patient: r.Patient}
	q := state.Encode()
	if q != "" {
		q = "?" + q
	}
	l.URL = "/records/" + r.ID + q
	if r.PatientID != "" {
		l.PatientURL = patientURL(r.PatientID, patientState{view: state, list: firstPage(state)})
	}
	for i, f := range columns[:shown] {
		l.Cells = append(l.Cells, s.cell(f, r.Values[i]))
	}
	for i, further := range columns[shown:] {
		at := slices.IndexFunc(columns, func(f hes.Field) bool { return f.Family == further.Family && f.Slot == 1 })
		for code := range strings.SplitSeq(r.Values[shown+i], ",") {
			if code != "" {
				l.Cells[at].More++
			}
		}
		l.Cells[at].MoreOf = map[bool]string{true: "diagnoses", false: "procedures"}[further.Name == hes.FurtherDiagnosis]
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
