package web

import (
	"slices"
	"strconv"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

const (
	ages   = 5   // years in a bar of the histogram of ages
	oldest = 100 // where its last bar begins, which holds all beyond
)

// commonSpan is a span of numbers, as a URL holds it, and what people call it.
type commonSpan struct{ value, label string }

// commonSpans are the spans of a number that are offered for a tick.
func commonSpans(key string) []commonSpan {
	switch key {
	case "los":
		return []commonSpan{{"0", "Same day"}, {"1", "1 night"}, {"2..3", "2 to 3 nights"}, {"4..7", "4 to 7 nights"},
			{"8..14", "8 to 14 nights"}, {"15..30", "15 to 30 nights"}, {"31..", "31 nights or more"}}
	case "wait":
		return []commonSpan{{"0..6", "Under 1 week"}, {"7..27", "1 to 3 weeks"}, {"28..90", "4 to 12 weeks"}, {"91..125", "13 to 17 weeks"},
			{"126..181", "18 to 25 weeks"}, {"182..363", "26 to 51 weeks"}, {"364..", "52 weeks or more"}}
	case "charl":
		return []commonSpan{{"0", "0"}, {"1", "1"}, {"2", "2"}, {"3..4", "3 to 4"}, {"5..", "5 or more"}}
	}
	return nil
}

// spanFacet makes a filter on numbers or dates: spans to tick, or a histogram,
// beside the two ends that can be typed. If ticks together say the filter, they
// do; else each of its spans is said by itself.
func (s *Server) spanFacet(f *view.Facet, c query.Control, on query.Filter, counts *warehouse.Facet) {
	var inside []string
	for _, o := range commonSpans(c.Key) {
		if holds(on.Spans(), query.SpanOf(o.value)) {
			inside = append(inside, o.value)
		}
	}
	own := on.Spans()
	if together, err := c.Spans(inside); err == nil && slices.Equal(together, own) {
		own = nil
	} else {
		inside = nil
	}
	for _, o := range commonSpans(c.Key) {
		f.Options = append(f.Options, view.Option{Value: o.value, Label: o.label, Count: countSpan(counts, query.SpanOf(o.value)), On: slices.Contains(inside, o.value)})
	}
	f.From, f.To = "", ""
	if len(own) == 1 {
		f.From, f.To = own[0].From, own[0].To
	} else {
		for _, x := range own {
			f.Options = append(f.Options, view.Option{Value: x.String(), Label: span(x.From, x.To), Count: countSpan(counts, x), On: true})
		}
	}
	if !counts.Missing.Zero() || on.Missing() {
		f.Options = append(f.Options, view.Option{Value: query.None, Label: "Not recorded", Count: counts.Missing, On: on.Missing()})
	}
	share(f.Options)
	if c.Key == "age" {
		f.Histogram = histogram(counts, own)
		for i := range f.Options {
			f.Options[i].Share = min(100, 100*f.Options[i].Count.Published()/f.Histogram.Most)
		}
	}
}

// holds tells whether one of some spans holds another.
func holds(spans []query.Span, other query.Span) bool {
	return slices.ContainsFunc(spans, func(x query.Span) bool { return x.Holds(other) })
}

// countSpan adds up the counts of the numbers in a span.
func countSpan(counts *warehouse.Facet, span query.Span) policy.Count {
	var in []policy.Count
	for _, v := range counts.Values {
		if span.Holds(query.Span{From: v.Value, To: v.Value}) {
			in = append(in, v.Count)
		}
	}
	return policy.Sum(in)
}

// histogram draws the ages, with the span that is chosen.
func histogram(counts *warehouse.Facet, chosen []query.Span) *view.Histogram {
	h := &view.Histogram{Step: ages, Low: 0, High: oldest + ages}
	most := 1
	var bars []policy.Count
	for from := 0; from <= oldest; from += ages {
		span := query.Span{From: strconv.Itoa(from), To: strconv.Itoa(from + ages - 1)}
		if from == oldest {
			span.To = ""
		}
		n := countSpan(counts, span)
		most = max(most, n.Published())
		bars = append(bars, n)
	}
	h.Most = most
	for _, n := range bars {
		h.Bars = append(h.Bars, 100*n.Published()/most)
	}
	if len(chosen) != 1 {
		return h
	}
	if n, err := strconv.Atoi(chosen[0].From); err == nil {
		h.Low = min(n, oldest)
	}
	if n, err := strconv.Atoi(chosen[0].To); err == nil {
		h.High = min(n+1, h.High)
	}
	return h
}
