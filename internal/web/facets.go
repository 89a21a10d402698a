package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// wholeList is the longest code list of which a facet shows every value, in the
// order of the list; of longer ones it shows the commonest.
const wholeList = 40

// counts says how the values of a control are counted.
func (s *Server) counts(sc scene, c query.Control) query.Facet {
	field, _ := s.c.Dictionary.Field(c.Field)
	f := query.Facet{Field: sc.state.FieldOf(c)}
	switch {
	case c.Kind == query.Dates:
		f.Chars = len("2008-04")
	case c.Kind == query.Prefixes:
		f.Chars, f.Limit = 3, 10
	case c.Field != hes.YearField && !s.inListOrder(field):
		f.Limit = 10
	}
	on, _ := sc.state.Filter(c.Key)
	for _, value := range on.Values {
		if value != query.None && (c.Kind != query.Prefixes || len(value) == 3) {
			f.Also = append(f.Also, value)
		}
	}
	return f
}

func (s *Server) inListOrder(f hes.Field) bool {
	return s.c.Codes.Closed(f.Codes) && len(s.c.Codes.Values(f.Codes)) <= wholeList
}

// facet makes one filter of the side panel; counts is nil for a span of numbers.
func (s *Server) facet(sc scene, c query.Control, counts *warehouse.Facet) view.Facet {
	field, _ := s.c.Dictionary.Field(c.Field)
	on, active := sc.state.Filter(c.Key)
	standing, begins := sc.state.Default(c.Key)
	f := view.Facet{Key: c.Key, Title: title(c, field), Span: c.Kind == query.Dates || c.Kind == query.Numbers, Dates: c.Kind == query.Dates,
		Codes: c.Kind == query.Prefixes, From: on.From, To: on.To, Exclude: on.Exclude, Begins: begins, Note: method(c.Field)}
	if active {
		f.Active = max(1, len(on.Values))
	}
	changed := active && !(begins && on.Exclude == standing.Exclude && slices.Equal(on.Values, standing.Values))
	f.Open = changed || c.Key == "dx" || c.Key == "adm" || c.Key == "age" || c.Key == "sex"
	if f.Span || counts == nil {
		return f
	}
	if c.Key == "dup" {
		f.Radio, f.Options = true, duplicates(on, active, counts)
		return f
	}
	prefix := ""
	if on.Exclude {
		prefix = "!"
	}
	most := 1
	for _, v := range counts.Values {
		most = max(most, v.Count.Published())
	}
	for _, v := range s.ordered(field, counts.Values) {
		o := view.Option{Value: prefix + v.Value, Count: v.Count, Share: 100 * v.Count.Published() / most, On: slices.Contains(on.Values, v.Value)}
		o.Code, o.Label = s.optionLabel(sc, field, v.Value)
		f.Options = append(f.Options, o)
	}
	if !counts.Missing.Zero() || slices.Contains(on.Values, query.None) {
		f.Options = append(f.Options, view.Option{Value: prefix + query.None, Label: "Not recorded", Count: counts.Missing,
			Share: min(100, 100*counts.Missing.Published()/most), On: slices.Contains(on.Values, query.None)})
	}
	if counts.Distinct.Published() > len(counts.Values) {
		f.More = counts.Distinct
	}
	if f.Codes { // codes of four characters are kept in the text box
		var typed []string
		for _, v := range on.Values {
			if v != query.None && len(v) != 3 {
				typed = append(typed, prefix+v)
			}
		}
		f.Typed = strings.Join(typed, ", ")
	}
	return f
}

// duplicates makes the three ways in which duplicates can be dealt with.
func duplicates(on query.Filter, active bool, counts *warehouse.Facet) []view.Option {
	var twice policy.Count
	rest := []policy.Count{counts.Missing}
	for _, v := range counts.Values {
		if v.Value == "1" {
			twice = v.Count
		} else {
			rest = append(rest, v.Count)
		}
	}
	if !slices.ContainsFunc(counts.Values, func(v warehouse.Value) bool { return v.Value == "1" }) {
		twice = policy.Sum(nil)
	}
	is := active && slices.Equal(on.Values, []string{"1"})
	all := policy.Sum(append(rest, twice))
	most := max(1, all.Published())
	out := []view.Option{
		{Value: "!1", Label: "Left out", Count: policy.Sum(rest), On: is && on.Exclude},
		{Value: query.Any, Label: "Shown with the rest", Count: all, On: !active},
		{Value: "1", Label: "Duplicates only", Count: twice, On: is && !on.Exclude},
	}
	for i := range out {
		out[i].Share = 100 * out[i].Count.Published() / most
	}
	return out
}

// ordered puts values into the order of their code list; without one they keep
// the order of the counts.
func (s *Server) ordered(f hes.Field, values []warehouse.Value) []warehouse.Value {
	if !s.inListOrder(f) {
		return values
	}
	values = slices.Clone(values)
	slices.SortStableFunc(values, func(a, b warehouse.Value) int {
		return cmp.Compare(s.listPlace(f, a.Value), s.listPlace(f, b.Value))
	})
	return values
}

// listPlace returns the place of a value in its field's code list; a value that
// is not listed comes last.
func (s *Server) listPlace(f hes.Field, value string) int {
	list := s.c.Codes.Values(f.Codes)
	if i := slices.IndexFunc(list, func(c hes.CodeValue) bool { return c.Code == value }); i >= 0 {
		return i
	}
	return len(list)
}

func title(c query.Control, f hes.Field) string {
	switch c.Key {
	case "dx":
		return "Diagnosis"
	case "adm":
		return "Admission date"
	case "dup":
		return "Duplicates"
	}
	return f.Label
}

// optionLabel returns a value's code, for clinical lists, and its label.
func (s *Server) optionLabel(sc scene, f hes.Field, value string) (code, label string) {
	if f.Name == hes.YearField {
		return "", yearLabel(value)
	}
	for _, r := range sc.facts.Rules {
		if f.Name == subsetField && r.ID == value {
			return "", ruleLabel(r)
		}
	}
	label, ok := s.c.Codes.Label(f.Codes, value)
	switch {
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return hes.Display(f.Codes, value), label
	case ok:
		return "", label
	}
	return "", value
}

// months makes the strip of admissions by month, over all months between the
// first and the last that has any.
func months(f warehouse.Facet, state query.View) view.Months {
	var out view.Months
	if len(f.Values) == 0 {
		return out
	}
	counts := map[string]warehouse.Value{}
	most := 1
	for _, v := range f.Values {
		counts[v.Value] = v
		most = max(most, v.Count.Published())
	}
	first, err1 := time.Parse("2006-01", f.Values[0].Value)
	last, err2 := time.Parse("2006-01", f.Values[len(f.Values)-1].Value)
	if err1 != nil || err2 != nil {
		return out
	}
	if oldest := last.AddDate(-30, 0, 0); first.Before(oldest) {
		first = oldest // a stray date must not squeeze the strip
	}
	on, _ := state.Filter("adm")
	for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
		key := m.Format("2006-01")
		inside := (on.From == "" || on.From[:7] <= key) && (on.To == "" || on.To[:7] >= key)
		out.Bars = append(out.Bars, view.Bar{Height: 100 * counts[key].Count.Published() / most, On: inside})
		if m.Month() == time.April {
			out.Years = append(out.Years, view.Tick{At: len(out.Bars) - 1, Text: yearLabel(m.Format("06") + m.AddDate(1, 0, 0).Format("06"))})
		}
	}
	out.From, out.To = first.Format("January 2006"), last.Format("January 2006")
	return out
}

func shortDate(iso string) string { return date(iso, "2 Jan 2006") }
func longDate(iso string) string  { return date(iso, "2 January 2006") }

func date(iso, form string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return t.Format(form)
}

// yearLabel writes a FYEAR for people: "0809" is 2008/09.
func yearLabel(fyear string) string {
	year := hes.FirstYear(fyear)
	if year == 0 {
		return fyear
	}
	return strconv.Itoa(year) + "/" + fyear[2:]
}
