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
		spans := joined(slices.Concat(old.Spans(), f.Spans()))
		switch {
		case len(spans) > 0 && spans[0] == Span{}:
			return v.With(f) // together they are every number there is
		case len(spans) == 1:
			out.From, out.To = spans[0].From, spans[0].To
		default:
			for _, s := range spans {
				out.Values = append(out.Values, s.String())
			}
		}
		if old.Missing() || f.Missing() {
			out.Values = append(out.Values, None)
		}
		return v.With(out)
	}
	out.Values = slices.Compact(slices.Sorted(slices.Values(slices.Concat(old.Values, f.Values))))
	if c.Kind == Prefixes {
		out.Values = widest(out.Values, old.Values)
	}
	return v.With(out)
}
