package web

import (
	"slices"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// tabs are the ways in which somebody may look at what the filters leave, in the
// order of the keys 1, 2, 3, 4.
func tabs(acc policy.Access, sc scene) []view.Tab {
	state := sc.state
	var out []view.Tab
	add := func(text string, u query.Unit, charts bool) {
		to := state
		to.Unit, to.Charts = u, charts
		if u != state.Unit {
			to.Columns = nil // each has its own
		}
		if u != state.Unit && (u == query.Episodes || state.Unit == query.Episodes) {
			to.Sort = nil // episodes are sorted by their fields, lines by their number of episodes
		}
		out = append(out, view.Tab{Text: text, URL: address(to, warehouse.Page{}), On: u == state.Unit && charts == state.Charts})
	}
	if acc.SeesEpisodes() {
		add("Episodes", query.Episodes, false)
		if slices.Contains(sc.facts.Columns, hes.SpellField) {
			add("Spells", query.Spells, false)
		}
	}
	add("Patients", query.Patients, false)
	add("Charts", query.Episodes, true)
	return out
}
