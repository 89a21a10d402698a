package web

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// subsetField holds the rules of the subset that an episode meets.
const subsetField = "SUBSET_n"

// chips says each filter that is on as a sentence, with a link that takes it off:
// to gives the address of the page in another state.
func (s *Server) chips(sc scene, to func(query.View) string) []view.Chip {
	var out []view.Chip
	for _, f := range sc.state.Filters {
		c, _ := query.ControlOf(f.Key)
		field, _ := s.c.Dictionary.Field(c.Field)
		chip := view.Chip{Remove: to(sc.state.With(query.Filter{Key: f.Key}))}
		sentence, whole := s.sentence(sc, f)
		switch {
		case whole:
			chip.Text = sentence
		case c.Kind == query.Dates || c.Kind == query.Numbers:
			chip.Field, chip.Text = spansSay(title(c, field), c, f)
		default:
			chip.Field = c.Says + " is"
			if c.Kind == query.Prefixes {
				chip.Field = s.fieldName(sc.state.FieldOf(c)) + " is"
			}
			var names []string
			for _, v := range f.Values {
				if v != query.None {
					code, label := s.optionLabel(sc, field, v)
					names = append(names, strings.TrimSpace(code+" "+label))
				}
			}
			begin := chip.Field
			chip.Field, chip.Text = recorded(begin, f, shorten(names, chipNames))
			if _, whole := recorded(begin, f, shorten(names, chipWhole)); whole != chip.Text {
				chip.Whole = whole
			}
		}
		out = append(out, chip)
	}
	if sc.state.If != nil {
		without := sc.state
		without.If = nil
		out = append(out, view.Chip{Text: s.say(sc, sc.state.If), Remove: to(without), Edit: conditionsURL(sc.state)})
	}
	return out
}

// chipNames is how many values a chip names before it is cut short, and
// chipWhole how many it names when it is opened.
const chipNames, chipWhole = 3, 100

// shorten keeps a list of names to what a sentence can hold.
func shorten(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(names[:most-1:most-1], strconv.Itoa(len(names)-most+1)+" others")
}

// either joins names: "A, B or C".
func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// recorded ends a filter's sentence: names, "not recorded", both, or that these
// are left out.
func recorded(field string, f query.Filter, names []string) (begin, rest string) {
	switch {
	case !f.Exclude:
		if f.Missing() {
			names = append(names, "not recorded")
		}
		return field, either(names)
	case len(names) == 0:
		return field, "recorded"
	case f.Missing():
		return field + " not", either(names) + ", and is recorded"
	}
	return field + " not", either(names)
}

// spansSay says a filter on numbers or dates: "Aged", "65 or over"; "Stayed", "3
// days or more".
func spansSay(name string, c query.Control, f query.Filter) (field, text string) {
	var names []string
	for _, s := range f.Spans() {
		if c.Kind == query.Dates {
			names = append(names, days(s))
		} else {
			names = append(names, numbers(c, s))
		}
	}
	if len(names) == 0 {
		return recorded(name+" is", f, nil)
	}
	field = c.Says
	if c.Key == "los" {
		field = "Stayed"
	}
	return recorded(field, f, shorten(names, chipNames))
}

// days says a span of days, in months where it is whole ones.
func days(s query.Span) string {
	from, to := date(s.From, monthForm), date(s.To, monthForm)
	if s.From != "" && !query.WholeMonth(s.From, false) || s.To != "" && !query.WholeMonth(s.To, true) {
		from, to = longDate(s.From), longDate(s.To)
	}
	return span(from, to)
}

// numbers says a span of numbers.
func numbers(c query.Control, s query.Span) string {
	more, less := " or more", " or less"
	if c.Key == "age" {
		more, less = " or over", " or under"
	}
	counted := func(n string) string {
		switch {
		case c.Key != "los":
			return n
		case n == "1":
			return "1 day"
		}
		return n + " days"
	}
	switch {
	case s.To == "":
		return counted(s.From) + more
	case s.From == "":
		return counted(s.To) + less
	case s.From == s.To:
		return counted(s.To)
	}
	return s.From + " to " + counted(s.To)
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
