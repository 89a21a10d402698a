package web

import (
	"slices"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// facet makes one filter of the side panel.
func (s *Server) facet(state query.View, c query.Control, counts *warehouse.Facet) view.Facet {
	field, _ := s.c.Dictionary.Field(c.Field)
	on, active := state.Filter(c.Key)
	f := view.Facet{Key: c.Key, Title: title(c, field), Span: c.Kind == query.Dates || c.Kind == query.Numbers, Dates: c.Kind == query.Dates,
		Codes: c.Kind == query.Prefixes, From: on.From, To: on.To, Exclude: on.Exclude}
	if active {
		f.Active = max(1, len(on.Values))
	}
	f.Open = active || c.Key == "dx" || c.Key == "adm" || c.Key == "age" || c.Key == "sex"
	if f.Span || counts == nil {
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
	for _, v := range counts.Values {
		o := view.Option{Value: prefix + v.Value, Count: v.Count, Share: 100 * v.Count.Published() / most, On: slices.Contains(on.Values, v.Value)}
		o.Code, o.Label = s.optionLabel(field, v.Value)
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

func title(c query.Control, f hes.Field) string {
	switch c.Key {
	case "dx":
		return "Diagnosis"
	case "adm":
		return "Admission date"
	}
	return f.Label
}

// optionLabel returns a value's code, for clinical lists, and its label.
func (s *Server) optionLabel(f hes.Field, value string) (code, label string) {
	if f.Name == hes.YearField {
		return "", yearLabel(value)
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

// chips says each filter that is on as a sentence, with a link that takes it off.
func (s *Server) chips(state query.View) []view.Chip {
	var out []view.Chip
	for _, f := range state.Filters {
		c, _ := query.ControlOf(f.Key)
		field, _ := s.c.Dictionary.Field(c.Field)
		chip := view.Chip{Field: c.Says, Remove: address(state.With(query.Filter{Key: f.Key}), warehouse.Page{})}
		switch {
		case c.Kind == query.Dates:
			chip.Text = span(longDate(f.From), longDate(f.To))
		case c.Kind == query.Numbers:
			chip.Text = span(f.From, f.To)
		default:
			chip.Field = c.Says + " is"
			if c.Key == "dx" {
				chip.Field = map[bool]string{false: "Primary diagnosis is", true: "Any diagnosis is"}[state.AnyDiagnosis]
			}
			if f.Exclude {
				chip.Field += " not"
			}
			var names []string
			for _, v := range f.Values {
				if v == query.None {
					names = append(names, "not recorded")
					continue
				}
				code, label := s.optionLabel(field, v)
				names = append(names, strings.TrimSpace(code+" "+label))
			}
			if len(names) > 3 {
				names = append(names[:2], "others")
			}
			chip.Text = strings.Join(names, " or ")
		}
		out = append(out, chip)
	}
	return out
}

func span(from, to string) string {
	switch {
	case from == to:
		return from
	case from == "":
		return "up to " + to
	case to == "":
		return "from " + from
	}
	return from + " to " + to
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
	if len(fyear) != 4 {
		return fyear
	}
	century := "20"
	if fyear[0] >= '8' {
		century = "19"
	}
	return century + fyear[:2] + "/" + fyear[2:]
}
