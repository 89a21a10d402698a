package web

import (
	"slices"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
)

// maxMark is how many bytes the address of a mark may have.
const maxMark = 2000

// pick is what a mark of a chart filters by: values of a filter, or a span of
// one. The zero pick filters by nothing.
type pick struct {
	key    string
	values []string
	span   query.Span // without values
}

func (p pick) on(v query.View) bool {
	if len(p.values) > 0 {
		return v.On(p.key, p.values...)
	}
	return v.OnSpan(p.key, p.span)
}

// alone tells whether the filter holds nothing else than the pick, which is on.
func (p pick) alone(v query.View) bool {
	f, _ := v.Filter(p.key)
	if len(p.values) > 0 {
		return len(f.Values) == len(p.values)
	}
	return f.From == p.span.From && f.To == p.span.To && !f.Missing()
}

func (p pick) toggle(v query.View) query.View {
	if len(p.values) > 0 {
		return v.Toggle(p.key, p.values...)
	}
	return v.ToggleSpan(p.key, p.span)
}

// link returns where a mark leads that stands for all of the picks together, and
// whether all of them are on. A mark that is on takes its filters off; of two
// filters, one of which has more values, only that one gives its value up, so
// that the marks beside it stay. There is no link if a pick filters by nothing, or
// if the address would be so long that a page of some thousand marks were too heavy.
func link(v query.View, picks ...pick) (url string, on bool) {
	if len(picks) == 0 || slices.ContainsFunc(picks, func(p pick) bool { return p.key == "" }) {
		return "", false
	}
	isOn := func(p pick) bool { return p.on(v) }
	isAlone := func(p pick) bool { return p.alone(v) }
	on = !slices.ContainsFunc(picks, func(p pick) bool { return !isOn(p) })
	mixed := slices.ContainsFunc(picks, isAlone) && slices.ContainsFunc(picks, func(p pick) bool { return !isAlone(p) })
	next := v
	for _, p := range picks {
		if on && mixed && isAlone(p) || !on && isOn(p) {
			continue
		}
		next = p.toggle(next)
	}
	if url = address(next, warehouse.Page{}); len(url) > maxMark {
		return "", on
	}
	return url, on
}

// picker returns how a value of a field is filtered by: nil if no filter of the
// release does. A value is as a table's key has it, "" not recorded.
func (c *chartist) picker(g query.Group) func(value string) pick {
	for _, control := range c.sc.offer.Controls {
		if c.sc.state.FieldOf(control) != g.Field {
			continue
		}
		switch control.Kind {
		case query.Choice, query.Prefixes:
			return func(value string) pick {
				if value == "" {
					value = query.None
				}
				return pick{key: control.Key, values: []string{value}}
			}
		case query.Numbers:
			if f, _ := c.s.c.Dictionary.Field(g.Field); f.Type == hes.Int {
				return func(value string) pick {
					if value == "" || value[0] == '-' {
						return pick{} // a span is of recorded numbers from 0
					}
					return pick{key: control.Key, span: query.Span{From: value, To: value}}
				}
			}
		}
	}
	return func(string) pick { return pick{} }
}
