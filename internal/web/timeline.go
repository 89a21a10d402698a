package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// packed is how many bars that overlap lie one below the other in a lane; further
// ones lie upon the last.
const packed = 3

// barApart is how far apart, as a share of the timeline, bars are that do not
// touch each other on a narrow page.
const barApart = 0.012

// timeline draws the patient's episodes as bars, one lane for each skin condition
// group or each provider. The list under it tells the same, so the bars are for
// the mouse alone.
func (s *Server) timeline(sc scene, st patientState, id string, l *warehouse.Life, dated bool) view.Timeline {
	groups, providers := slices.Contains(l.Release.Columns, "CONDITION_GROUP") && anyBar(l, func(b warehouse.Bar) string { return b.Group }), anyBar(l, func(b warehouse.Bar) string { return b.Provider })
	x := view.Timeline{ByProvider: st.provider && providers || !groups}
	if groups && providers {
		byCondition, byProvider := st, st
		byCondition.provider, byProvider.provider = false, true
		x.Switch = []view.Tab{{Text: "By condition", URL: patientURL(id, byCondition), On: !x.ByProvider}, {Text: "By provider", URL: patientURL(id, byProvider), On: x.ByProvider}}
	}
	if !l.Whole {
		x.Newest = len(l.Bars)
	}
	span := lifeSpan(l, newSpan(sc.facts.Years), dated)
	x.Years = span.ticks(dated)
	lanes := map[string]*lane{}
	var order []*lane
	bars := slices.Clone(l.Bars)
	slices.Reverse(bars) // oldest first
	for _, b := range bars {
		from, ok := span.share(b.From, dated)
		if !ok {
			x.Unplaced++
			continue
		}
		to, ok := span.share(b.To, dated)
		if !ok {
			to = from
		}
		key := b.Group
		if x.ByProvider {
			key = b.Provider
		}
		at := lanes[key]
		if at == nil {
			at = &lane{key: key}
			lanes[key] = at
			order = append(order, at)
		}
		at.bars = append(at.bars, placed{b, from, max(from, to)})
	}
	slices.SortStableFunc(order, func(a, b *lane) int {
		// what there is no name for comes last
		return cmp.Or(cmp.Compare(min(1, len(b.key)), min(1, len(a.key))), cmp.Compare(len(b.bars), len(a.bars)))
	})
	for _, at := range order {
		x.Lanes = append(x.Lanes, s.lane(at, st, x.ByProvider))
	}
	x.Legend = slices.DeleteFunc(legend(groups), func(w view.Swatch) bool { // what is not drawn
		return !slices.ContainsFunc(x.Lanes, func(l view.Lane) bool {
			return slices.ContainsFunc(l.Bars, func(b view.LaneBar) bool { return b.Class == w.Class })
		})
	})
	if slices.ContainsFunc(l.Bars, func(b warehouse.Bar) bool { return b.Died }) {
		x.Legend = append(x.Legend, view.Swatch{Class: "k-died", Text: "Died in hospital", Died: true})
	}
	return x
}

func anyBar(l *warehouse.Life, of func(warehouse.Bar) string) bool {
	return slices.ContainsFunc(l.Bars, func(b warehouse.Bar) bool { return of(b) != "" })
}

type placed struct {
	bar      warehouse.Bar
	from, to float64
}

type lane struct {
	key  string
	bars []placed
}

// lane draws one lane. Bars that would cover each other lie one below the other.
func (s *Server) lane(at *lane, st patientState, provider bool) view.Lane {
	label := "No condition group"
	switch {
	case provider && at.key == "":
		label = "Provider not recorded"
	case provider:
		label = s.named("PROCODE3", at.key)
	case at.key != "":
		label = s.groupLabel(at.key)
	}
	out := view.Lane{Label: label}
	ends := slices.Repeat([]float64{-1}, packed)
	slices.SortStableFunc(at.bars, func(a, b placed) int { return cmp.Compare(a.from, b.from) })
	for _, p := range at.bars {
		row := 0
		for row < packed-1 && p.from < ends[row]+barApart {
			row++
		}
		ends[row] = max(ends[row], p.to)
		out.Depth = max(out.Depth, row+1)
		out.Bars = append(out.Bars, view.LaneBar{Class: string(kindOf(p.bar.Group, p.bar.Matches)), At: percent(p.from), Width: strconv.FormatFloat(96*(p.to-p.from), 'f', 2, 64) + "%", Row: row, Died: p.bar.Died,
			URL: recordURL(p.bar.ID, st.list), Title: s.barTitle(p.bar)})
	}
	return out
}

// barTitle tells of an episode when the mouse rests on its bar.
func (s *Server) barTitle(b warehouse.Bar) string {
	parts := []string{when(b.From)}
	if b.To.Recorded && b.To != b.From {
		parts[0] += " to " + when(b.To)
	}
	if b.Diagnosis != "" {
		c := s.codedCell("", hes.MainDiagnosis, b.Diagnosis)
		parts = append(parts, strings.TrimSpace(c.Code+" "+c.Text))
	}
	if b.Provider != "" {
		parts = append(parts, s.named("PROCODE3", b.Provider))
	}
	if b.Duplicate {
		parts = append(parts, "duplicate")
	}
	if b.Died {
		parts = append(parts, "died in hospital")
	}
	if !b.Matches {
		parts = append(parts, "outside your filters")
	}
	return strings.Join(parts, ", ")
}

// named returns the label of a field's value.
func (s *Server) named(field, value string) string { return s.codedCell("", field, value).Text }

// lifeSpan is the years of the release; without dates it runs from the first
// admission to the end of the last episode.
func lifeSpan(l *warehouse.Life, years timeSpan, dated bool) timeSpan {
	if dated {
		return years
	}
	out := timeSpan{to: 1}
	for _, b := range l.Bars {
		out.to = max(out.to, float64(b.From.Day), float64(b.To.Day))
	}
	return out
}

// ticks mark the beginnings of calendar years, or about every sixth of the days.
func (s timeSpan) ticks(dated bool) []view.Place {
	var out []view.Place
	if s.to <= s.from {
		return nil
	}
	if !dated {
		step := 30
		for s.to/float64(step) > 6 {
			step *= 2
		}
		for day := 0; float64(day) <= s.to; day += step {
			out = append(out, view.Place{At: percent(float64(day) / s.to), Text: "Day " + strconv.Itoa(day)})
		}
		return out
	}
	for year, step := s.first+1, 1+(s.last-s.first)/11; year <= s.last; year += step {
		day, _ := dayNumber(fmt.Sprintf("%04d-01-01", year))
		out = append(out, view.Place{At: percent((day - s.from) / (s.to - s.from)), Text: strconv.Itoa(year)})
	}
	return out
}
