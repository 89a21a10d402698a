package web

import (
	"slices"
	"strings"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// howCounted says what the numbers of a list's headline count.
func (s *Server) howCounted(sc scene) view.How {
	points := []view.Point{
		{Term: "Episodes", Text: "Records that meet every filter in use. An episode is the time that a patient was under one consultant at one provider. " + leftOut(sc)},
		{Term: "Spells", Text: "Stays in one hospital to which these episodes belong. " + spellMethod(sc.facts)},
		{Term: "Patients", Text: "People whose episodes these are, told apart by the person key (TOKEN_PERSON_ID). An episode without one counts as an episode only."},
		{Term: "Longer stays", Text: "Stays that go on in another hospital are joined by NHS Digital’s method (P1); a field that follows another method says so in its name."},
	}
	switch sc.state.Unit {
	case query.Patients:
		points = append(points, view.Point{Term: "A patient’s line", Text: "Summed up over the patient’s episodes that meet the filters, and no others. Day cases and emergencies are spells, by their first such episode. " +
			"First and latest diagnosis go by the start of the episode. Sex is the commoner of those recorded; where they differ, that is said."})
	case query.Spells:
		points = append(points, view.Point{Term: "A spell’s line", Text: "The admission, and what is not named here, is that of the spell’s first episode; the discharge is that of its last; bed days are summed up (rule S4). " +
			"All of its episodes that your agreement covers count, those outside the filters too."})
	}
	return s.how(sc.facts, "the counts", points...)
}

// howCharted says what a chart shows: own names the filters that it leaves out of
// its count, points says what is its own, and the rest is what every chart of a
// list has in common.
func (s *Server) howCharted(sc scene, title, own string, points ...view.Point) view.How {
	counted := "The records that meet every filter in use. "
	if own != "" {
		counted = "The records that meet every filter in use but those on " + own + ", so that more of it can be chosen. "
	}
	return s.how(sc.facts, title, append(points, view.Point{Term: "Counted", Text: counted + leftOut(sc)})...)
}

func (s *Server) how(f warehouse.Facts, of string, points ...view.Point) view.How {
	facts := s.facts(f)
	return view.How{Of: of, Points: points, Release: facts.ID, Loaded: facts.Loaded}
}

// leftOut says which of the filters that a list begins with are in use.
func leftOut(sc scene) string {
	var out []string
	for _, standing := range sc.state.Defaults {
		on, _ := sc.state.Filter(standing.Key)
		if on.Exclude != standing.Exclude || !slices.Equal(on.Values, standing.Values) {
			continue
		}
		switch standing.Key {
		case "dup":
			out = append(out, "duplicates (rule D1)")
		case "fin":
			out = append(out, "unfinished episodes")
		case "rule":
			out = append(out, "episodes under none of the rules that lists start with ("+strings.Join(standing.Values, ", ")+")")
		}
	}
	if len(out) == 0 {
		return "Nothing is left out beyond those filters."
	}
	return "Left out unless asked for: " + strings.Join(out, "; ") + "."
}

// spellMethod says how the provider spells of a release were found.
func spellMethod(f warehouse.Facts) string {
	switch f.Spells {
	case "S1":
		return "They were found by the dates and discharge methods of neighbouring episodes (rule S1)."
	case "S3":
		return "They were found by the SUS spell number, and by dates and discharge methods (rule S1) where there is none (rule S3)."
	}
	return "They were found by rule S1, or S3 where the load chose it."
}
