package query

import (
	"time"

	"webenablehes/internal/fault"
)

// The forms in which days, months and calendar years are written, the canonical one first.
var (
	dayForms   = [...]string{time.DateOnly, "2/1/2006", "2 Jan 2006", "2 January 2006"}
	monthForms = [...]string{"2006-01", "1/2006", "Jan 2006", "January 2006"}
	yearForm   = "2006"
)

// day reads a day ("2008-04-01", "1/4/2008"), or a month ("2008-04", "Apr 2008")
// or a year, which stand for their first or last day.
func day(c Control, text string, last bool) (string, error) {
	if d, ok := Day(text, last); ok || text == "" {
		return d, nil
	}
	return "", fault.New(fault.Invalid, "%s: write a day as 2008-04-01 or 1/4/2008, a month as 2008-04 or Apr 2008, or a year as 2008.", c.Says)
}

// Day reads a day, a month or a year as people write them; a month or a year
// stands for its first or its last day.
func Day(text string, last bool) (iso string, ok bool) {
	for _, form := range monthForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1000 {
			if last {
				t = t.AddDate(0, 1, -1)
			}
			return t.Format(time.DateOnly), true
		}
	}
	if t, err := time.Parse(yearForm, text); err == nil && t.Year() >= 1000 {
		if last {
			t = t.AddDate(1, 0, -1)
		}
		return t.Format(time.DateOnly), true
	}
	for _, form := range dayForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1000 {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// WholeMonth tells whether a day is the first of its month or, for the end of a
// span, the last one, so that the span can be told in months.
func WholeMonth(iso string, last bool) bool {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return false
	}
	if last {
		t = t.AddDate(0, 0, 1)
	}
	return t.Day() == 1
}

// months writes a span of days in months where its ends are those of whole ones,
// unless it is a single day.
func (s Span) months() Span {
	if s.From == s.To {
		return s
	}
	const month = len("2008-04")
	if WholeMonth(s.From, false) {
		s.From = s.From[:month]
	}
	if WholeMonth(s.To, true) {
		s.To = s.To[:month]
	}
	return s
}
