package web

import (
	"slices"
	"strings"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// subsetField holds the rules of the subset that an episode meets.
const subsetField = "SUBSET_n"

// chips says each filter that is on as a sentence, with a link that takes it off.
func (s *Server) chips(sc scene) []view.Chip {
	var out []view.Chip
	for _, f := range sc.state.Filters {
		c, _ := query.ControlOf(f.Key)
		field, _ := s.c.Dictionary.Field(c.Field)
		chip := view.Chip{Field: c.Says, Remove: address(sc.state.With(query.Filter{Key: f.Key}), warehouse.Page{})}
		switch sentence, whole := s.sentence(sc, f); {
		case whole:
			chip.Field, chip.Text = "", sentence
		case c.Kind == query.Dates:
			chip.Text = span(longDate(f.From), longDate(f.To))
		case c.Kind == query.Numbers:
			chip.Text = span(f.From, f.To)
		default:
			chip.Field = c.Says + " is"
			if c.Key == "dx" {
				chip.Field = map[bool]string{false: "Primary diagnosis is", true: "Any diagnosis is"}[sc.state.AnyDiagnosis]
			}
			if f.Exclude {
				chip.Field += " not"
			}
			var names []string
			for _, v := range f.Values {
				if v == query.None {
					names = append(names, "not recorded")
					continue
				}
				code, label := s.optionLabel(sc, field, v)
				names = append(names, strings.TrimSpace(code+" "+label))
			}
			if len(names) > 3 {
				names = append(names[:2], "others")
			}
			chip.Text = strings.Join(names, " or ")
		}
		out = append(out, chip)
	}
	return out
}

// sentence says the filters that a list begins with in words of their own; whole
// is false for any other.
func (s *Server) sentence(sc scene, f query.Filter) (text string, whole bool) {
	one := func(value string) bool { return slices.Equal(f.Values, []string{value}) }
	switch {
	case f.Key == "dup" && one("1") && f.Exclude:
		return "Duplicates left out", true
	case f.Key == "dup" && one("1"):
		return "Duplicates only", true
	case f.Key == "fin" && one("3") && !f.Exclude:
		return "Finished episodes only", true
	case f.Key == "rule" && !f.Exclude:
		var names []string
		for _, id := range f.Values {
			i := slices.IndexFunc(sc.facts.Rules, func(r warehouse.Rule) bool { return r.ID == id })
			if i < 0 {
				return "", false
			}
			names = append(names, ruleLabel(sc.facts.Rules[i]))
		}
		return strings.Join(names, " or "), true
	}
	return "", false
}

func ruleLabel(r warehouse.Rule) string { return r.Title + " (" + r.ID + ")" }

// method names the method by which a field's stays were put together; "" for
// fields that tell of no stay.
func method(field string) string {
	switch field {
	case "PROVIDER_SPELL", "LOS_DAYS":
		return "A stay in one hospital is a provider spell (rule S1, or S3 where the load chose it)."
	case "STAY_NHSD", "READMITTED_30":
		return "Continuous stays are put together by NHS Digital’s method (P1)."
	case "STAY_CHE":
		return "Continuous stays (CHE York) are put together by the method of the Centre for Health Economics (P2)."
	}
	return ""
}

func span(from, to string) string {
	switch {
	case from == to:
		return from
	case from == "":
		return "up to " + to
	case to == "":
		return "from " + from
	}
	return from + " to " + to
}
