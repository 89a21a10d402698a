package query

import (
	"net/url"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Chart is what a person has chosen to see as charts besides those that are
// always drawn. It stays in the URL while rows are looked at.
type Chart struct {
	By    []string // fields of the breakdown: lines, then columns; at most two, none twice
	Count Unit     // what the breakdown counts: Episodes or Patients
	Of    string   // the number field whose distribution is drawn; "" none
	Month bool     // the trend is by month of admission, not by year
}

// MaxBy is how many fields a breakdown has at most: a page has two dimensions.
const MaxBy = 2

// BreaksDown tells whether records can be broken down by a field: a value must
// stand for many of them.
func BreaksDown(f hes.Field) bool {
	return !f.List() && f.Type != hes.Decimal && !names(f)
}

// Spreads tells whether the distribution of a field's values can be drawn.
func Spreads(f hes.Field) bool {
	return !f.List() && (f.Type == hes.Int || f.Type == hes.Decimal) && !names(f)
}

// names tells whether a field's values name something, one for a few rows.
func names(f hes.Field) bool {
	return f.Type == hes.Key || f.Name == hes.SpellField || f.Name == "STAY_NHSD" || f.Name == "STAY_CHE"
}

func (c *Chart) parse(in url.Values, d *hes.Dictionary) error {
	for _, name := range split(in["by"]) {
		f, ok := d.Field(name)
		switch {
		case !ok:
			return fault.New(fault.Invalid, "Break down by: one of the fields in this link is not in the data dictionary. Choose another.")
		case !BreaksDown(f):
			return fault.New(fault.Invalid, "Break down by: records cannot be broken down by %s. Choose a field with few values, such as sex.", strings.ToLower(f.Label))
		case !slices.Contains(c.By, f.Name):
			c.By = append(c.By, f.Name)
		}
	}
	if len(c.By) > MaxBy {
		return fault.New(fault.Invalid, "Break down by: choose at most %d fields.", MaxBy)
	}
	switch in.Get("count") {
	case "", "episodes":
	case "patients":
		c.Count = Patients
	default:
		return fault.New(fault.Invalid, "A breakdown counts episodes or patients.")
	}
	switch in.Get("per") {
	case "", "year":
	case "month":
		c.Month = true
	default:
		return fault.New(fault.Invalid, "The trend is per year or per month.")
	}
	if name := strings.TrimSpace(in.Get("of")); name != "" {
		f, ok := d.Field(name)
		switch {
		case !ok:
			return fault.New(fault.Invalid, "Distribution of: the field in this link is not in the data dictionary. Choose another.")
		case !Spreads(f):
			return fault.New(fault.Invalid, "Distribution of: %s is not a number. Choose a number field, such as length of stay.", strings.ToLower(f.Label))
		}
		c.Of = f.Name
	}
	return nil
}

func (c Chart) encode(add func(key, value string)) {
	if len(c.By) > 0 {
		add("by", strings.Join(c.By, ","))
	}
	if c.Count == Patients {
		add("count", "patients")
	}
	if c.Of != "" {
		add("of", c.Of)
	}
	if c.Month {
		add("per", "month")
	}
}

// Toggle returns the view with values of a filter added or, if all of them are
// on, taken off again. A filter that leaves values out gives way to them, and so
// does a code under which they are or that is under them.
func (v View) Toggle(key string, values ...string) View {
	f, _ := v.Filter(key)
	f.Key = key
	if v.On(key, values...) {
		f.Values = slices.DeleteFunc(slices.Clone(f.Values), func(s string) bool { return slices.Contains(values, s) })
		return v.With(f)
	}
	c, _ := ControlOf(key)
	var kept []string
	for _, old := range f.Values {
		related := func(s string) bool {
			return c.Kind == Prefixes && s != None && old != None && (strings.HasPrefix(old, s) || strings.HasPrefix(s, old))
		}
		if !f.Exclude && !slices.ContainsFunc(values, related) {
			kept = append(kept, old)
		}
	}
	kept = append(kept, values...)
	slices.Sort(kept)
	return v.With(Filter{Key: key, Values: slices.Compact(kept)})
}

// On tells whether a filter keeps all of the values, each by its own name.
func (v View) On(key string, values ...string) bool {
	f, ok := v.Filter(key)
	return ok && !f.Exclude && len(values) > 0 && !slices.ContainsFunc(values, func(s string) bool { return !slices.Contains(f.Values, s) })
}

// ToggleSpan is Toggle for a span of a filter on numbers.
func (v View) ToggleSpan(key string, s Span) View {
	f, _ := v.Filter(key)
	out := Filter{Key: key}
	var spans []Span
	switch {
	case v.OnSpan(key, s):
		for _, t := range f.Spans() {
			if t.Holds(s) {
				spans = append(spans, t.without(s)...)
			} else {
				spans = append(spans, t)
			}
		}
	case f.Exclude:
		spans = []Span{s}
	default:
		spans = joined(append(f.Spans(), s))
	}
	if f.Missing() && !f.Exclude {
		out.Values = []string{None}
	}
	if !out.take(spans) {
		out = Filter{Key: key}
	}
	return v.With(out)
}

// OnSpan tells whether a filter on numbers keeps all of a span.
func (v View) OnSpan(key string, s Span) bool {
	f, ok := v.Filter(key)
	return ok && !f.Exclude && slices.ContainsFunc(f.Spans(), func(t Span) bool { return t.Holds(s) })
}
