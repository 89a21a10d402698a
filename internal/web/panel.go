package web

import (
	"maps"
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

// Only the open parts of the side panel hold their values: a page with all of
// them would be three times as large, and counting what nobody looks at takes
// time at each click. So it is with what charts hold beside their marks. Which
// parts are open is in the URL, behind everything else and only where it is not
// what the filters suggest, so that a link, a reload and Back show the same page.
// It is no part of the question.

// openAtFirst tells whether a part of the panel is open before anybody has
// opened or closed one: the commonest filters, and those that are in use.
func openAtFirst(state query.View, key string) bool {
	if slices.Contains([]string{"dx", "op", "age", "sex"}, key) {
		return true
	}
	on, active := state.Filter(key)
	standing, begins := state.Default(key)
	return active && !(begins && on.Exclude == standing.Exclude && slices.Equal(on.Values, standing.Values))
}

// readOpen reads which parts are open: those named, or else those at first. A
// form opens and closes single ones with "+rgn" and "-rgn". Names that the
// panel does not know are passed over.
func (sc *scene) readOpen(in url.Values) {
	sc.open = map[string]bool{}
	var named, turned []string
	for _, text := range in["open"] {
		for _, name := range strings.Split(text, ",") {
			// a plus that nobody escaped is a space by now
			if name != "" && strings.Contains("+- ", name[:1]) {
				turned = append(turned, name)
			} else if name != "" {
				named = append(named, name)
			}
		}
	}
	if len(named) == 0 {
		named = sc.atFirst()
	}
	for _, name := range named {
		sc.open[name] = sc.opens(name)
	}
	for _, name := range turned {
		sc.open[name[1:]] = name[0] != '-' && sc.opens(name[1:])
	}
}

// opens tells whether there is something of that name to open: a part of the
// panel, a category of a tree, "dx.L40", or a part of a chart, "trend.table".
func (sc *scene) opens(name string) bool {
	key, category, tree := strings.Cut(name, ".")
	return slices.Contains(sc.chartParts(), name) || slices.ContainsFunc(sc.offer.Controls, func(c query.Control) bool {
		return c.Key == key && (!tree || c.Kind == query.Prefixes && isCategory(category))
	})
}

// isCategory tells whether a text has the form of a category of ICD-10 or OPCS-4.
func isCategory(text string) bool {
	return len(text) == categoryChars && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (sc *scene) atFirst() []string {
	var out []string
	for _, c := range sc.offer.Controls {
		if openAtFirst(sc.state, c.Key) {
			out = append(out, c.Key)
		}
	}
	return out
}

// openNow returns the names of what is open, in the order of the panel;
// "none" if nothing is.
func (sc *scene) openNow() []string {
	var out []string
	for _, c := range sc.offer.Controls {
		if sc.open[c.Key] {
			out = append(out, c.Key)
		}
		out = append(out, sc.openCategories(c.Key)...)
	}
	for _, name := range sc.chartParts() {
		if sc.open[name] {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return []string{"none"}
	}
	return out
}

// openCategories returns the open categories of a tree, as their names.
func (sc *scene) openCategories(key string) []string {
	var out []string
	for name, is := range sc.open {
		if is && strings.HasPrefix(name, key+".") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// withOpen adds to an address of the explorer what is open, where that is not
// what the filters suggest.
func (sc *scene) withOpen(address string) string {
	open := sc.openNow()
	if slices.Equal(open, sc.atFirst()) {
		return address
	}
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	return address + joint + "open=" + strings.Join(open, ",")
}

// opening is an address at which one more part of the panel is open.
func (sc *scene) opening(key, address string) string {
	more := *sc
	more.open = maps.Clone(sc.open)
	more.open[key] = true
	return more.withOpen(address)
}

// panelGroup is the heading over the part of the panel that begins with a key.
func panelGroup(key string) string {
	switch key {
	case "age":
		return "Patient"
	case "rgn":
		return "Place and time"
	case "main":
		return "Admission and stay"
	case "rule":
		return "What is counted"
	}
	return ""
}

// panel makes the side panel from the facets of an answer, which are those that
// counts asked for, in the same order.
func (s *Server) panel(sc scene, facets []warehouse.Facet) (out []view.Facet, months *warehouse.Facet) {
	group := ""
	for _, c := range sc.offer.Controls {
		n := len(s.counts(sc, c))
		mine := facets[:n]
		facets = facets[n:]
		if c.Kind == query.Dates {
			months = &mine[0]
		}
		f := s.facet(sc, c, mine)
		if g := groupOf(c.Key); g != group {
			f.Group, group = g, g
		}
		out = append(out, f)
	}
	return out, months
}

// groupOf returns the heading under which a control stands.
func groupOf(key string) string {
	group := ""
	for _, c := range query.Controls() {
		if g := panelGroup(c.Key); g != "" {
			group = g
		}
		if c.Key == key {
			break
		}
	}
	return group
}

// onePanel answers with one part of the side panel, which somebody has opened.
func (s *Server) onePanel(w http.ResponseWriter, r *http.Request, v visitor, sc scene, key string) error {
	if err := v.mustSeeRows(); err != nil { // of a closed part nothing is asked
		return err
	}
	i := slices.IndexFunc(sc.offer.Controls, func(c query.Control) bool { return c.Key == key })
	if i < 0 {
		return fault.New(fault.NotFound, "There is no such filter.")
	}
	c := sc.offer.Controls[i]
	q := query.Query{Unit: sc.state.Unit, Where: sc.state.Where(), Facets: s.counts(sc, c)}
	var facets []warehouse.Facet
	if len(q.Facets) > 0 {
		a, err := s.c.Warehouse.Explore(r.Context(), v.access, q, warehouse.Page{}, v.client)
		if err != nil {
			return err
		}
		facets = a.Facets
	}
	f := s.facet(sc, c, facets)
	return s.show(w, r, http.StatusOK, view.Panel(f))
}

// title heads a part of the panel.
func title(c query.Control, f hes.Field) string {
	switch c.Key {
	case "op":
		return "Procedure"
	case "age":
		return "Age"
	case "adm":
		return "Admission date"
	case "cond", "los":
		return f.Label
	case "dup":
		return "Duplicates"
	}
	return c.Says
}
