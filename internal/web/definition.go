package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
)

// definition is what a list is of, as a file: enough to say in a paper which
// records were looked at and to make the list again, and nothing that was found.
// It holds no record and no number of any, so nobody decides on it.
type definition struct {
	What      string             `json:"what"`
	Filters   []string           `json:"filters"`
	State     string             `json:"state"` // as the explorer's address has it
	Columns   []definitionColumn `json:"columns,omitempty"`
	Release   definitionRelease  `json:"release"`
	CodeLists []definitionList   `json:"code_lists"`
	Agreement string             `json:"agreement"`
	Made      time.Time          `json:"made"`
}

type definitionColumn struct {
	Name  string `json:"name"`
	Field string `json:"field"` // of the HES data dictionary
}

type definitionRelease struct {
	ID     string   `json:"id"`
	Loaded string   `json:"loaded"`
	Subset string   `json:"subset"`
	Years  []string `json:"years"`
}

type definitionList struct {
	Kind    string `json:"kind"`
	Edition string `json:"edition"`
	SHA256  string `json:"sha256"` // of the file that it was read from
}

// definitionURL is where the definition of a state is fetched.
func definitionURL(state query.View, form string) string {
	return "/exports/definition/hes-list." + form + strings.TrimPrefix(firstPage(state), "/records")
}

// define hands out what a list is of.
func (s *Server) define(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.SeesEpisodes() {
		return fault.New(fault.Denied, "Definitions of lists are for study teams.")
	}
	name := r.PathValue("file")
	form, ok := map[string]string{"hes-list.json": "application/json", "hes-list.txt": "text/plain; charset=utf-8"}[name]
	if !ok {
		return fault.New(fault.NotFound, "There is no such file. A definition is fetched as hes-list.txt or hes-list.json.")
	}
	sc, err := s.scene(r.Context(), v.access, r.URL.Query())
	if err != nil {
		return err
	}
	columns, _, err := s.chosen(r, v, &sc.state)
	if err != nil {
		return err
	}
	if sc.state.Charts || sc.state.Unit == query.Patients {
		columns = nil
	}
	d := s.definition(sc, columns, v.access.Purpose())
	if err := s.exports.Define(r.Context(), v.user, v.access, d.What, d.Release.ID, v.from()); err != nil {
		return err
	}
	body := d.text()
	if form == "application/json" {
		var b strings.Builder
		out := json.NewEncoder(&b)
		out.SetEscapeHTML(false) // the address is to be copied
		out.SetIndent("", "  ")
		if err := out.Encode(d); err != nil {
			return err
		}
		body = b.String()
	}
	h := w.Header()
	h.Set("Content-Type", form)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, err = w.Write([]byte(body))
	return ignoreGone(err)
}

func (s *Server) definition(sc scene, columns []string, agreement string) definition {
	facts := s.facts(sc.facts)
	d := definition{What: s.listWords(sc), Filters: []string{}, State: firstPage(sc.state), Agreement: agreement, CodeLists: []definitionList{}, Made: s.c.Now().UTC().Truncate(time.Second),
		Release: definitionRelease{ID: facts.ID, Loaded: facts.Loaded, Subset: sc.facts.Subset, Years: yearsSaid(sc.facts)}}
	for _, c := range s.chips(sc, firstPage) {
		d.Filters = append(d.Filters, c.Says())
	}
	for _, c := range columns {
		d.Columns = append(d.Columns, definitionColumn{s.fieldName(c), c})
	}
	for _, l := range s.c.Lists {
		d.CodeLists = append(d.CodeLists, definitionList{string(l.Kind), l.Edition, l.SHA256})
	}
	return d
}

func yearsSaid(f warehouse.Facts) []string {
	out := []string{}
	for _, y := range f.Years {
		out = append(out, yearLabel(y))
	}
	return out
}

// text is the definition for people.
func (d definition) text() string {
	lists := []string{"the program’s own"}
	for _, l := range d.CodeLists {
		lists = append(lists, l.Kind+" "+l.Edition+" (SHA-256 "+l.SHA256+")")
	}
	var columns []string
	for _, c := range d.Columns {
		columns = append(columns, c.Name+" = "+c.Field)
	}
	var b strings.Builder
	line := func(term, text string) {
		if text != "" {
			b.WriteString(term + ": " + strings.Join(strings.Fields(text), " ") + "\n")
		}
	}
	line("Definition of a list", d.What)
	for _, f := range d.Filters {
		line("Filter", f)
	}
	line("As an address", d.State)
	line("Columns and fields of the HES data dictionary", strings.Join(columns, "; "))
	line("Release", d.Release.ID+", loaded "+d.Release.Loaded+", "+d.Release.Subset+", "+strings.Join(d.Release.Years, ", "))
	line("Code lists", strings.Join(lists, "; "))
	line("Agreement", d.Agreement)
	line("Made", d.Made.Format(time.RFC3339))
	return b.String()
}
