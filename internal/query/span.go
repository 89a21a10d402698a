package query

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Span is a span of days or numbers; an empty end is open.
type Span struct{ From, To string }

// String writes the span as a URL holds it: "5", "18..64", "65..".
func (s Span) String() string {
	if s.From == s.To {
		return s.From
	}
	return s.From + ".." + s.To
}

// Holds tells whether all numbers of another span are in this one.
func (s Span) Holds(other Span) bool {
	low := s.From == "" || other.From != "" && Compare(hes.Int, s.From, other.From) <= 0
	high := s.To == "" || other.To != "" && Compare(hes.Int, other.To, s.To) <= 0
	return low && high
}

// Spans returns the spans of a filter on numbers or dates, the lowest first.
func (f Filter) Spans() []Span {
	if f.From != "" || f.To != "" {
		return []Span{{f.From, f.To}}
	}
	var out []Span
	for _, v := range f.Values {
		if v != None {
			out = append(out, SpanOf(v))
		}
	}
	return out
}

// Missing tells whether a filter names "not recorded".
func (f Filter) Missing() bool { return slices.Contains(f.Values, None) }

// SpanOf takes a text as a URL holds it for a span; one value is a span of its
// own. It checks nothing.
func SpanOf(text string) Span {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		to = from
	}
	return Span{From: strings.TrimSpace(from), To: strings.TrimSpace(to)}
}

// parseSpans reads a filter on numbers or dates into f: the values of its key,
// and the two ends that a form sends. It returns nil if there is none.
func parseSpans(c Control, f *Filter, values []string, ends [2]string) (*Filter, error) {
	texts := []string{ends[0] + ".." + ends[1]}
	for _, v := range values {
		if v == None {
			f.Values = []string{None}
		} else {
			texts = append(texts, v)
		}
	}
	spans, err := c.Spans(texts)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Kind == Dates && len(spans) > 1:
		return nil, fault.New(fault.Invalid, "%s: choose one span of days.", c.Says)
	case f.Exclude && f.Missing() && slices.Contains(spans, Span{}):
		return nil, fault.New(fault.Invalid, "%s: with everything left out there is nothing to show.", c.Says)
	case !f.take(spans):
		return nil, nil
	}
	return f, nil
}

// take puts spans, in order and joined, into a filter that holds none yet. It
// tells whether the filter still asks for something.
func (f *Filter) take(spans []Span) bool {
	switch {
	case len(spans) == 0:
		return len(f.Values) > 0
	case spans[0] == Span{}: // every number there is
		if f.Missing() {
			return false
		}
		f.Values, f.Exclude = []string{None}, !f.Exclude
	case len(spans) == 1:
		f.From, f.To = spans[0].From, spans[0].To
	default:
		missing := f.Values
		f.Values = nil
		for _, s := range spans {
			f.Values = append(f.Values, s.String())
		}
		f.Values = append(f.Values, missing...)
	}
	return true
}

// without returns what is left of a span of whole numbers without another one
// that lies in it.
func (s Span) without(other Span) []Span {
	var out []Span
	if n, err := strconv.Atoi(other.From); err == nil && n > 0 && s.From != other.From {
		out = append(out, Span{s.From, strconv.Itoa(n - 1)})
	}
	if n, err := strconv.Atoi(other.To); err == nil && s.To != other.To {
		out = append(out, Span{strconv.Itoa(n + 1), s.To})
	}
	return out
}

// Spans reads spans as a URL holds them, checks them and puts them in order;
// those of numbers that touch become one. If they leave nothing open, the empty
// span comes back alone.
func (c Control) Spans(texts []string) ([]Span, error) {
	var spans []Span
	for _, t := range texts {
		s, err := c.span(SpanOf(t))
		if err != nil {
			return nil, err
		}
		if s != (Span{}) && !slices.Contains(spans, s) {
			spans = append(spans, s)
		}
	}
	if c.Kind == Numbers {
		spans = joined(spans)
	}
	return spans, nil
}

// span checks a span that somebody wrote; the empty one is none.
func (c Control) span(s Span) (Span, error) {
	var err error
	t := hes.Date
	if c.Kind == Dates {
		if s.From, err = day(c, s.From, false); err == nil {
			s.To, err = day(c, s.To, true)
		}
	} else {
		t = hes.Int
		if s.From, err = number(c, s.From); err == nil {
			s.To, err = number(c, s.To)
		}
	}
	if err == nil && s.From != "" && s.To != "" && Compare(t, s.From, s.To) > 0 {
		err = fault.New(fault.Invalid, "%s: the beginning comes after the end.", c.Says)
	}
	return s, err
}

// joined puts spans of whole numbers in order and makes one of those that touch.
// If nothing is left open, what comes back is the empty span alone.
func joined(spans []Span) []Span {
	low := func(s Span) int {
		n, err := strconv.Atoi(s.From)
		if err != nil {
			return -1
		}
		return n
	}
	slices.SortFunc(spans, func(a, b Span) int { return low(a) - low(b) })
	var out []Span
	for _, s := range spans {
		if len(out) == 0 {
			out = append(out, s)
			continue
		}
		last := &out[len(out)-1]
		high, err := strconv.Atoi(last.To)
		switch {
		case last.To == "":
		case err == nil && low(s) > high+1:
			out = append(out, s)
		case s.To == "" || Compare(hes.Int, s.To, last.To) > 0:
			last.To = s.To
		}
	}
	if len(out) == 1 && out[0].From == "0" && out[0].To == "" {
		out[0].From = "" // no number is below
	}
	return out
}

func number(c Control, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9999 {
		return "", fault.New(fault.Invalid, "%s: write a whole number such as 18.", c.Says)
	}
	return strconv.Itoa(n), nil
}
