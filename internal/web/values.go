package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// mostValues is how many values one page shows.
const mostValues = 1000

// allValues is the page of every value of one filter, each with its episodes
// under all the other filters. Its form is the one of the side panel for this
// filter alone: what is searched for is no part of the state, what is ticked is.
func (s *Server) allValues(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	in := r.URL.Query()
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	c, ok := query.ControlOf(r.PathValue("key"))
	if !ok || c.Kind != query.Choice && c.Kind != query.Prefixes || c.Key == "dup" {
		return fault.New(fault.NotFound, "There is no list of values at this address. Open a filter beside the records and choose “more”.")
	}
	if !sc.offer.Has(c.Key) {
		return fault.New(fault.NotFound, "%s: the release that is served does not hold this field, or your agreement does not cover it.", c.Says)
	}
	field, _ := s.c.Dictionary.Field(c.Field)
	on, _ := sc.state.Filter(c.Key)
	x := view.Values{Key: c.Key, Title: title(c, field), Find: strings.TrimSpace(in.Get("find")), ByCode: in.Get("order") == "code", Codes: c.Kind == query.Prefixes,
		Detail: c.Kind == query.Prefixes && in.Get("detail") == "1", Exclude: on.Exclude, Back: sc.opening(c.Key, address(sc.state, warehouse.Page{})) + "#fac-" + c.Key}
	_, x.Begins = sc.state.Default(c.Key)
	f := query.Facet{Field: sc.state.FieldOf(c), Also: slices.DeleteFunc(slices.Clone(on.Values), func(v string) bool { return v == query.None })}
	switch {
	case x.Detail:
		f.Chars = codeChars
	case x.Codes:
		f.Chars = categoryChars
		f.Also = slices.DeleteFunc(f.Also, func(v string) bool { return len(v) != categoryChars })
	case s.inListOrder(field):
		f.Also = append(f.Also, s.listed(sc, field)...)
	}
	a, err := s.c.Warehouse.Explore(r.Context(), v.access, query.Query{Where: sc.state.Where(), Facets: []query.Facet{f}}, warehouse.Page{}, v.client)
	if err != nil {
		return err
	}
	x.Facts = s.facts(a.Release)
	x.Agreement, x.Purpose = v.access.Agreement()
	s.valueLines(&x, sc, field, on, a.Facets[0])
	x.State = pairs(sc.state, c.Key)
	return s.show(w, r, http.StatusOK, view.ValuesPage(s.frame(r, "All values: "+x.Title, "records"), x))
}

// listed returns the codes of a field's list that there may be in the release.
func (s *Server) listed(sc scene, f hes.Field) []string {
	var out []string
	for _, v := range s.c.Codes.Values(f.Codes) {
		if valid(v, sc.facts.Years) {
			out = append(out, v.Code)
		}
	}
	return out
}

// valueLines makes the lines of the page. What is chosen and not among them
// stays chosen.
func (s *Server) valueLines(x *view.Values, sc scene, field hes.Field, on query.Filter, counts warehouse.Facet) {
	all := make([]view.Option, 0, len(counts.Values)+1)
	for _, v := range counts.Values {
		o := view.Option{Value: v.Value, Count: v.Count, On: slices.Contains(on.Values, v.Value)}
		o.Code, o.Label = s.optionLabel(sc, field, v.Value)
		if o.Code == "" && o.Label != v.Value && x.ByCode {
			o.Code = v.Value
		}
		all = append(all, o)
	}
	if !counts.Missing.Zero() || on.Missing() {
		all = append(all, view.Option{Value: query.None, Label: "Not recorded", Count: counts.Missing, On: on.Missing()})
	}
	words := strings.Fields(strings.ToLower(x.Find))
	for _, o := range all {
		text := strings.ToLower(o.Code + " " + o.Value + " " + o.Label)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			x.Options = append(x.Options, o)
		}
	}
	if x.ByCode {
		slices.SortStableFunc(x.Options, func(a, b view.Option) int {
			return cmp.Or(cmp.Compare(last(a), last(b)), query.Compare(field.Type, a.Value, b.Value))
		})
	} else {
		slices.SortStableFunc(x.Options, func(a, b view.Option) int {
			return cmp.Or(policy.CompareCounts(a.Count, b.Count), strings.Compare(a.Label, b.Label))
		})
	}
	x.Says = saysValues(min(len(x.Options), mostValues), len(x.Options), len(all))
	x.Options = x.Options[:min(len(x.Options), mostValues)]
	share(x.Options)
	for _, v := range on.Values {
		if !slices.ContainsFunc(x.Options, func(o view.Option) bool { return o.Value == v }) {
			x.Elsewhere = append(x.Elsewhere, v)
		}
	}
	x.Was = strings.Join(on.Values, ",")
}

// saysValues tells how many values are shown of those that match, and of all.
func saysValues(shown, match, all int) string {
	switch {
	case match == 0:
		return fmt.Sprintf("No value matches what you look for. Look for less, or empty the box to see all %d.", all)
	case shown < match:
		return fmt.Sprintf("The first %d of %d values. Look for a code or a word to see the others.", shown, match)
	case match < all:
		return fmt.Sprintf("%d of %d values.", match, all)
	case all == 1:
		return "One value."
	}
	return fmt.Sprintf("%d values.", all)
}

// last tells, as a number, whether a value stands behind the codes.
func last(o view.Option) int {
	if o.Value == query.None {
		return 1
	}
	return 0
}
