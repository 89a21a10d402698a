package query

import "slices"

// Add returns the view with the values of a filter added to those that are
// chosen in it: one or the other. A filter that leaves values out gives way, and
// so does a span of days. Of a code and one under it the one that is added is
// meant. The view itself is not changed.
func (v View) Add(f Filter) View {
	old, on := v.Filter(f.Key)
	c, _ := ControlOf(f.Key)
	if !on || old.Exclude || c.Kind == Dates {
		return v.With(f)
	}
	out := Filter{Key: f.Key}
	if c.Kind == Numbers {
		if old.Missing() || f.Missing() {
			out.Values = []string{None}
		}
		spans := joined(slices.Concat(old.Spans(), f.Spans()))
		if slices.Contains(spans, Span{}) || !out.take(spans) {
			return v.With(f) // together they are every number there is
		}
		return v.With(out)
	}
	out.Values = slices.Compact(slices.Sorted(slices.Values(slices.Concat(old.Values, f.Values))))
	if c.Kind == Prefixes {
		out.Values = widest(out.Values, old.Values)
	}
	return v.With(out)
}
