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

// kind is a wide group of skin conditions, named by the class of its colour.
type kind string

// The kinds, and what stands for the rest.
const (
	cancer       kind = "k-c"
	benign       kind = "k-b"
	infection    kind = "k-n"
	inflammation kind = "k-i"
	other        kind = "k-o"
	outside      kind = "k-x"
)

// swatch explains the kind's colour.
func (k kind) swatch() view.Swatch {
	text := map[kind]string{cancer: "Skin cancer and in situ", benign: "Benign", infection: "Infection and infestation",
		inflammation: "Inflammatory and other skin disease", other: "Not skin, or no group", outside: "Outside your filters"}
	return view.Swatch{Class: string(k), Text: text[k]}
}

// kindOf returns the kind of an episode by its group of skin conditions.
func kindOf(group string, matches bool) kind {
	if !matches {
		return outside
	}
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
	if !groups {
		return []view.Swatch{{Class: string(other), Text: "Matching episode"}, outside.swatch()}
	}
	var out []view.Swatch
	for _, k := range [...]kind{cancer, inflammation, benign, infection, other, outside} {
		out = append(out, k.swatch())
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
	places := map[kind]map[int]bool{}
	for _, m := range marks {
		at, ok := span.share(m.At, dated)
		if !ok {
			continue
		}
		k := kindOf(m.Group, m.Matches)
		if places[k] == nil {
			places[k] = map[int]bool{}
		}
		places[k][int(math.Round(2+at*(stripWidth-4)))] = true
	}
	out := &view.LifeStrip{}
	for _, k := range [...]kind{outside, other, benign, infection, inflammation, cancer} {
		if len(places[k]) == 0 {
			continue
		}
		var d strings.Builder
		for x := range stripWidth + 1 {
			if places[k][x] {
				d.WriteString("M" + strconv.Itoa(x))
				if k == outside {
					d.WriteString(" 4v6")
				} else {
					d.WriteString(" 1v12")
				}
			}
		}
		out.Paths = append(out.Paths, view.LifePath{Class: string(k), D: d.String()})
	}
	return out
}
