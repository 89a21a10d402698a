package web

import (
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

const (
	listedValues = 200 // the longest code list of which every value is shown with its count
	fewValues    = 30  // of longer ones, and of numbers
)

// tableOf finds the published table that tells of the values of a field and of
// nothing else.
func tableOf(f hes.Field) (name string, ok bool) {
	for _, t := range policy.FixedTables() {
		if len(t.Dimensions) == 1 && t.Dimensions[0].Field == f.Name && t.Dimensions[0].Plain() {
			return t.Name, true
		}
	}
	return "", false
}

// wholeOf tells whether a page shows every value of a field's list.
func (s *Server) wholeOf(f hes.Field) bool {
	return f.Name == hes.YearField || s.c.Codes.Closed(f.Codes) && len(s.c.Codes.Values(f.Codes)) <= listedValues
}

// fieldQuestion asks, in one question, how complete a field is by year and how
// often each value is there. The field being recorded is a condition; the years
// of all episodes and the values leave it out. values is false where values are
// not counted: identifiers are each of one person, and what identifies is not
// listed even where an agreement covers it.
func fieldQuestion(state query.View, f hes.Field, whole bool) (q query.Query, values bool) {
	q.Where = state.Where()
	if f.Name != hes.YearField {
		q.Where = query.Both(q.Where, query.And{query.Not{Of: query.Missing{Field: f.Name}}})
		q.Facets = []query.Facet{{Field: hes.YearField}, {Field: hes.YearField, Leave: []string{f.Name}}}
	}
	if f.Type == hes.Key || f.Class == hes.Prohibited {
		return q, false
	}
	v := query.Facet{Field: f.Name}
	switch {
	case f.Type == hes.Date:
		v.Chars = len("2008")
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		v.Chars, v.Limit = categoryChars, fewValues
	case !whole:
		v.Limit = fewValues
	}
	q.Facets = append(q.Facets, v)
	return q, true
}

// completeness sets beside each year how many of its episodes have the field.
func completeness(x *view.Field, f hes.Field, a *warehouse.Answer) {
	if f.Name == hes.YearField {
		return // the load fills it
	}
	filled, all := byValue(a.Facets[0]), byValue(a.Facets[1])
	var parts, wholes []policy.Count
	for _, year := range a.Release.Years {
		y := view.FieldYear{Year: yearLabel(year), Filled: countIn(filled, year), Of: countIn(all, year)}
		share := policy.Share{Part: y.Filled, Of: y.Of}
		percent, _ := share.Percent()
		y.Share, y.Percent = share.String(), int(percent+0.5)
		parts, wholes = append(parts, y.Filled), append(wholes, y.Of)
		x.ByYear = append(x.ByYear, y)
	}
	x.Filled, x.Of = policy.Sum(parts), policy.Sum(wholes)
	x.FilledShare = policy.Share{Part: x.Filled, Of: x.Of}.String()
}

func byValue(f warehouse.Facet) map[string]policy.Count {
	out := map[string]policy.Count{}
	for _, v := range f.Values {
		out[v.Value] = v.Count
	}
	return out
}

// countIn is the count of a value; a value that is not there has none.
func countIn(counts map[string]policy.Count, value string) policy.Count {
	if c, ok := counts[value]; ok {
		return c
	}
	return policy.Sum(nil)
}

// countedValues lists a field's values with their counts: of a short list all in
// its order, also those that nobody has; else the commonest.
func (s *Server) countedValues(x *view.Field, sc scene, f hes.Field, counts warehouse.Facet) {
	control := controlOn(sc, f)
	most := max(1, counts.Missing.Published())
	for _, v := range counts.Values {
		most = max(most, v.Count.Published())
	}
	add := func(value string, count policy.Count, years string) {
		v := s.fieldValue(f, value)
		if value != "" && (f.Name == subsetField || f.Family == subsetField) {
			_, v.Label = s.optionLabel(sc, f, value) // the release's own
		}
		v.Count, v.Share, v.Years = count, 100*count.Published()/most, years
		if control.Key != "" && f.Type != hes.Date {
			wanted := value
			if value == "" {
				wanted = query.None
			}
			filter := query.Filter{Key: control.Key, Values: []string{wanted}}
			if control.Kind == query.Numbers && value != "" {
				filter = query.Filter{Key: control.Key, From: value, To: value}
			}
			v.URL = address(sc.state.With(filter), warehouse.Page{})
		}
		x.Values = append(x.Values, v)
	}
	there := byValue(counts)
	listed := map[string]bool{}
	if s.wholeOf(f) && f.Name != hes.YearField {
		for _, v := range s.c.Codes.Values(f.Codes) {
			add(v.Code, countIn(there, v.Code), validity(v.From, v.To))
			listed[v.Code] = true
		}
	}
	rest := slices.DeleteFunc(slices.Clone(counts.Values), func(v warehouse.Value) bool { return listed[v.Value] })
	for _, v := range rest {
		add(v.Value, v.Count, "")
	}
	if !counts.Missing.Zero() {
		add("", counts.Missing, "")
	}
	var notes []string
	if n := counts.Distinct.Published(); n > len(counts.Values) {
		notes = append(notes, fmt.Sprintf("The %d commonest of %s.", len(counts.Values), counts.Distinct.String()))
	}
	if f.Type == hes.Date {
		notes = append(notes, "Days are counted by calendar year.")
	}
	if f.List() {
		notes = append(notes, "An episode counts once for each value that it has in any position.")
	}
	x.ValuesNote = strings.Join(notes, " ")
}

// controlOn is the explorer's filter on a field; the zero Control if it has none.
func controlOn(sc scene, f hes.Field) query.Control {
	for _, c := range sc.offer.Controls {
		if c.Field == f.Name {
			return c
		}
	}
	return query.Control{}
}
