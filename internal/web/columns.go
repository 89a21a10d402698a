package web

import (
	"fmt"
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

// mostColumns is how many columns a list can have.
const mostColumns = 40

// defaultColumns are shown to a person who has chosen none.
func defaultColumns() []string {
	return []string{"ADMIDATE", "STARTAGE", "SEX", "DIAG_01", "OPERTN_01", "EPIDUR", "PROCODE3", "MAINSPEF", "TRETSPEF", "ADMIMETH", "CLASSPAT", "FYEAR"}
}

// own returns the columns that a person sees where a link names none, as far as
// they are offered: for episodes those remembered, else the default ones. mine
// tells that they are remembered ones and not the default.
func own(v visitor, unit query.Unit, offered []hes.Field) (columns []string, mine bool) {
	wanted := defaultColumns()
	switch {
	case unit == query.Patients:
		return nil, false // lines of patients have columns of their own
	case unit == query.Spells:
		wanted = spellColumns()
	case v.user.Columns != "":
		wanted, mine = strings.Split(v.user.Columns, ","), true
	}
	for _, name := range wanted {
		if slices.ContainsFunc(offered, func(f hes.Field) bool { return f.Name == name }) {
			columns = append(columns, name)
		}
	}
	return columns, mine
}

// chosen returns the columns to show, and those that may be chosen. A column
// of the URL that the person may not see is refused by the door. Columns that are
// remembered are put into the state, so that the address carries them to others.
func (s *Server) chosen(r *http.Request, v visitor, state *query.View) (columns []string, offered []hes.Field, err error) {
	if offered, err = s.c.Warehouse.Covered(r.Context(), v.access); err != nil {
		return nil, nil, err
	}
	if len(state.Columns) > 0 && state.Unit != query.Patients {
		return state.Columns, offered, nil
	}
	columns, mine := own(v, state.Unit, offered)
	if len(columns) == 0 && state.Unit != query.Patients && v.access.SeesRows() {
		return nil, nil, fault.New(fault.Unavailable, "The release holds none of your columns. Choose others.")
	}
	if mine && !state.Charts {
		state.Columns = columns
	}
	return columns, offered, nil
}

// lent are the columns of a link where they are not the person's own, in which
// case the page offers to keep them.
func lent(v visitor, state query.View, offered []hes.Field) []string {
	if state.Unit != query.Episodes || state.Charts {
		return nil
	}
	if mine, _ := own(v, state.Unit, offered); slices.Equal(state.Columns, mine) {
		return nil
	}
	return state.Columns
}

// chooseColumns is the page on which columns are chosen and put in order. What
// has been chosen so far is in its address, so it works step by step without
// JavaScript; nothing is remembered before the form is sent.
func (s *Server) chooseColumns(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.SeesEpisodes() {
		return fault.New(fault.Denied, "This account sees no lists of which columns could be chosen.")
	}
	in := r.URL.Query()
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	columns, offered, err := s.chosen(r, v, &sc.state)
	if err != nil {
		return err
	}
	find := strings.TrimSpace(in.Get("find"))
	if in.Has("order") || in.Has("column") {
		if columns, err = s.drafted(in, offered); err != nil {
			return err
		}
		sc.state.Columns = columns
		to := "/records/columns" + strings.TrimPrefix(firstPage(sc.state), "/records")
		if find != "" {
			to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + "find=" + url.QueryEscape(find)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	return s.showChooser(w, r, http.StatusOK, chooser{sc: sc, columns: columns, offered: offered, find: find, purpose: v.session.Agreement})
}

// drafted reads the columns of a form: those in order that are still ticked, then
// those ticked anew, after the one move that was asked for.
func (s *Server) drafted(in url.Values, offered []hes.Field) ([]string, error) {
	var out []string
	add := func(names []string, but func(string) bool) error {
		for _, name := range names {
			if !slices.ContainsFunc(offered, func(f hes.Field) bool { return f.Name == name }) {
				return fault.New(fault.Denied, "One of these columns is not in this release or not covered by your agreement. Choose again.")
			}
			if !slices.Contains(out, name) && !but(name) {
				out = append(out, name)
			}
		}
		return nil
	}
	ticked := in["column"]
	if err := add(in["order"], func(name string) bool { return !slices.Contains(ticked, name) }); err != nil {
		return nil, err
	}
	if err := add(ticked, func(string) bool { return false }); err != nil {
		return nil, err
	}
	how, name, _ := strings.Cut(in.Get("move"), ":")
	i := slices.Index(out, name)
	switch {
	case i < 0:
	case how == "up" && i > 0:
		out[i-1], out[i] = out[i], out[i-1]
	case how == "down" && i+1 < len(out):
		out[i], out[i+1] = out[i+1], out[i]
	case how == "out":
		out = slices.Delete(out, i, i+1)
	}
	return out, nil
}

// chooser is what the page on which columns are chosen is made of.
type chooser struct {
	sc      scene
	columns []string
	offered []hes.Field
	find    string
	problem string
	purpose string // for which the page is made
}

func (s *Server) showChooser(w http.ResponseWriter, r *http.Request, status int, c chooser) error {
	bare := c.sc.state
	bare.Columns = nil
	x := view.Chooser{Hidden: pairs(bare), Return: firstPage(c.sc.state), Most: mostColumns, Find: c.find, Problem: c.problem, Agreement: c.purpose, Spells: c.sc.state.Unit == query.Spells}
	for _, name := range c.columns {
		if i := slices.IndexFunc(c.offered, func(f hes.Field) bool { return f.Name == name }); i >= 0 {
			x.Shown = append(x.Shown, view.Choice{Value: name, Label: c.offered[i].Label, On: true})
		}
	}
	words := strings.ToLower(c.find)
	for _, f := range c.offered {
		on := slices.Contains(c.columns, f.Name)
		if words != "" && !strings.Contains(strings.ToLower(f.Name+" "+f.Label+" "+f.Meaning), words) {
			if on {
				x.Carried = append(x.Carried, f.Name)
			}
			continue
		}
		x.Add(f.Group, view.Choice{Value: f.Name, Label: f.Label, Hint: f.Meaning, On: on})
	}
	title := "Choose columns"
	if c.problem != "" {
		title = "Error: " + title
	}
	frame := s.frame(r, title, "records")
	if r.Header.Get("X-Part") == "columns" {
		return s.show(w, r, status, view.ChooserForm(x))
	}
	return s.show(w, r, status, view.ChooserPage(frame, x))
}

// columns remembers the person's columns, for episodes, and shows the list with
// them. A list of spells takes them into its address only.
func (s *Server) columns(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if err := v.form(w, r, 1<<16, unreadable); err != nil {
		return err
	}
	offered, err := s.c.Warehouse.Covered(r.Context(), v.access)
	if err != nil {
		return err
	}
	back, err := url.Parse(r.PostForm.Get("return"))
	if err != nil || back.Path != "/records" || back.Host != "" {
		back = &url.URL{Path: "/records"}
	}
	sc, err := s.scene(r.Context(), v.access, back.Query())
	if err != nil {
		return err
	}
	var names []string
	if r.PostForm.Get("reset") == "" {
		if names, err = s.drafted(r.PostForm, offered); err != nil {
			return err
		}
		problem := ""
		switch {
		case len(names) == 0:
			problem = "Choose at least one column."
		case len(names) > mostColumns:
			problem = fmt.Sprintf("Choose at most %d columns: more would be too slow to read. Take some out.", mostColumns)
		}
		if problem != "" {
			return s.showChooser(w, r, http.StatusBadRequest, chooser{sc: sc, columns: names, offered: offered, problem: problem, purpose: v.session.Agreement})
		}
	}
	sc.state.Columns = nil
	if usual, _ := own(visitor{}, sc.state.Unit, offered); slices.Equal(names, usual) {
		names = nil
	}
	if sc.state.Unit == query.Spells { // what is remembered is of episodes
		sc.state.Columns = names
	} else if err := s.c.Store.SetColumns(r.Context(), v.user.ID, strings.Join(names, ",")); err != nil {
		return err
	}
	http.Redirect(w, r, address(sc.state, warehouse.Page{}), http.StatusSeeOther)
	return nil
}
