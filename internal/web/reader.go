package web

import (
	"net/http"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// reader is who reads a page of codes or of the dictionary. Everybody may; the
// counts beside it are for those who see records.
type reader struct {
	visitor
	scene scene  // the explorer as it begins, for those who see records
	why   string // why there are no counts
}

// SeesRows tells whether the person sees records.
func (rd reader) SeesRows() bool { return rd.access.SeesRows() }

// counts tells whether there is somebody to count for.
func (rd reader) counts() bool { return rd.why == "" }

// reader returns who reads a page that is for everybody. Nobody is asked to
// sign in, and an agreement that has ended takes the counts away, not the page.
func (s *Server) reader(r *http.Request) (reader, error) {
	rd := reader{}
	var err error
	rd.visitor, err = s.who(r)
	switch {
	case fault.Of(err) == fault.SignIn:
		rd.why = "Counts are for people who have signed in under an agreement that covers the records."
		return rd, nil
	case fault.Of(err) == fault.Denied:
		err = s.refusedTo(r.Context(), rd.user, rd.session, r.Pattern, rd.client, err)
		rd.why = "There are no counts here: " + fault.Say(err)
		return rd, nil
	case err != nil:
		return rd, err
	}
	switch {
	case rd.access.SeesTables():
		rd.why = "Planners see published tables only, and none of them tells of this."
	case !rd.access.SeesRows():
		rd.why = "There are no counts here, because your account (" + rd.user.Role.Label() + ") does not see records."
	default:
		rd.scene, err = s.scene(r.Context(), rd.access, nil)
		if err == nil && rd.access.Role() == policy.Clinician {
			rd.scene.state.Unit = query.Patients // the only list that they have
		}
	}
	return rd, err
}

// seen says on a page for whom it counts, over what, and why not.
func (s *Server) seen(x *view.Seen, rd reader, facts warehouse.Facts) {
	x.Why = rd.why
	if !rd.counts() {
		return
	}
	x.Facts, x.Clinical = s.facts(facts), !rd.access.SeesEpisodes()
	x.Agreement, x.Purpose = rd.access.Agreement()
	for _, c := range s.chips(rd.scene, firstPage) {
		x.Begins = append(x.Begins, c.Says())
	}
}
