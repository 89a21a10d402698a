package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// timeSpan is the years of a release, on which lives are drawn.
type timeSpan struct {
	first, last int     // calendar years in which it begins and ends
	from, to    float64 // days
}

// newSpan runs from the first day of the first financial year to the last day of
// the last; it is empty for a release without years.
func newSpan(years []string) timeSpan {
	if len(years) == 0 {
		return timeSpan{}
	}
	s := timeSpan{first: hes.FirstYear(years[0]), last: hes.FirstYear(years[len(years)-1]) + 1}
	s.from, _ = dayNumber(fmt.Sprintf("%04d-04-01", s.first))
	s.to, _ = dayNumber(fmt.Sprintf("%04d-03-31", s.last))
	return s
}

func (s timeSpan) String() string { return fmt.Sprintf("%d to %d", s.first, s.last) }

// share tells where along the span a moment lies, 0 to 1; ok is false outside.
// Without dates the span begins with the patient's first admission.
func (s timeSpan) share(m warehouse.Moment, dated bool) (at float64, ok bool) {
	day := float64(m.Day) + s.from
	if dated {
		day, ok = dayNumber(m.Date)
	} else {
		ok = m.Recorded
	}
	if !ok || s.to <= s.from || day < s.from || day > s.to {
		return 0, false
	}
	return (day - s.from) / (s.to - s.from), true
}

// kind is a wide group of skin conditions, which has a colour.
type kind struct{ class, text string }

// The kinds, and what stands for the rest.
func kinds() (cancer, benign, infection, inflammation, other, outside kind) {
	return kind{"k-c", "Skin cancer and in situ"}, kind{"k-b", "Benign"}, kind{"k-n", "Infection and infestation"}, kind{"k-i", "Inflammatory and other skin disease"}, kind{"k-o", "Not skin, or no group"}, kind{"k-x", "Outside your filters"}
}

// kindOf returns the kind of a group of skin conditions.
func kindOf(group string) kind {
	cancer, benign, infection, inflammation, other, _ := kinds()
	switch group {
	case "melanoma", "nmsc", "lymphoma_other_cancer", "in_situ":
		return cancer
	case "benign", "vascular":
		return benign
	case "bacterial", "viral", "fungal", "infestation":
		return infection
	case "", "not_skin":
		return other
	}
	return inflammation
}

// legend explains the colours; without groups there is only one.
func legend(groups bool) []view.Swatch {
	cancer, benign, infection, inflammation, other, outside := kinds()
	if !groups {
		return []view.Swatch{{Class: other.class, Text: "Matching episode"}, {Class: outside.class, Text: outside.text}}
	}
	var out []view.Swatch
	for _, k := range [...]kind{cancer, inflammation, benign, infection, other, outside} {
		out = append(out, view.Swatch{Class: k.class, Text: k.text})
	}
	return out
}

// stripWidth is the width of a life strip in its own units. Marks that would
// stand at one place are drawn once.
const stripWidth = 240

// lifeStrip draws a patient's episodes along the years: one path for each colour,
// so that a page of them stays small. Those outside the filters are behind and
// shorter.
func lifeStrip(marks []warehouse.Mark, span timeSpan, dated bool) *view.LifeStrip {
	places := map[string]map[int]bool{}
	for _, m := range marks {
		at, ok := span.share(m.At, dated)
		if !ok {
			continue
		}
		_, _, _, _, _, k := kinds()
		if m.Matches {
			k = kindOf(m.Group)
		}
		if places[k.class] == nil {
			places[k.class] = map[int]bool{}
		}
		places[k.class][int(math.Round(2+at*(stripWidth-4)))] = true
	}
	out := &view.LifeStrip{}
	cancer, benign, infection, inflammation, other, outside := kinds()
	for _, k := range [...]kind{outside, other, benign, infection, inflammation, cancer} {
		if len(places[k.class]) == 0 {
			continue
		}
		var d strings.Builder
		for x := range stripWidth + 1 {
			if places[k.class][x] {
				d.WriteString("M" + strconv.Itoa(x))
				if k == outside {
					d.WriteString(" 4v6")
				} else {
					d.WriteString(" 1v12")
				}
			}
		}
		out.Paths = append(out.Paths, view.LifePath{Class: k.class, D: d.String()})
	}
	return out
}
