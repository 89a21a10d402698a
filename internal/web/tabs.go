package web

import (
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// tabs are the ways in which somebody may look at what the filters leave, in the
// order of the keys 1, 2, 3.
func tabs(acc policy.Access, state query.View) []view.Tab {
	var out []view.Tab
	add := func(text string, u query.Unit) {
		to := state
		to.Unit = u
		if u != state.Unit && (u == query.Episodes || state.Unit == query.Episodes) {
			to.Sort = nil // episodes are sorted by their fields, lines by their number of episodes
		}
		out = append(out, view.Tab{Text: text, URL: address(to, warehouse.Page{}), On: u == state.Unit})
	}
	if acc.SeesEpisodes() {
		add("Episodes", query.Episodes)
	}
	add("Patients", query.Patients)
	return out
}
