package web

import (
	"net/http"
	"strconv"
	"time"

	"webenablehes/internal/oversight"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// overview is where the work of those who answer for access begins: what waits
// for them, and the way to the answer of each question that they are asked.
func (s *Server) overview(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	now := s.c.Now()
	today := now.UTC().Truncate(24 * time.Hour)
	week := today.AddDate(0, 0, -6)
	lately, err := s.c.Warehouse.Lately(r.Context(), v.access, week, today, v.client)
	if err != nil {
		return err
	}
	all, err := s.oversight.Agreements(r.Context())
	if err != nil {
		return err
	}
	exceptions, err := s.c.Store.Exceptions(r.Context())
	if err != nil {
		return err
	}
	users, err := s.c.Store.Users(r.Context())
	if err != nil {
		return err
	}
	proposed, err := s.c.Store.Proposals(r.Context())
	if err != nil {
		return err
	}
	proposals := 0
	for _, p := range proposed {
		if p.State == registry.ProposalWaiting {
			proposals++
		}
	}
	files, err := s.c.Store.ExportsIn(r.Context(), registry.ExportWaiting)
	if err != nil {
		return err
	}
	waiting, overdue := 0, 0
	for _, e := range exceptions {
		if e.Reviewed.IsZero() {
			waiting++
			if e.Overdue(now) {
				overdue++
			}
		}
	}
	x := view.Overview{Lead: v.access.Leads(), Today: today.Format(time.DateOnly), Week: week.Format(time.DateOnly)}
	add := func(n int, term, says, url string) {
		x.Waits = append(x.Waits, view.Wait{Term: term, Number: upTo(n), Says: says, URL: url, Some: n > 0})
	}
	says := "None is overdue"
	if overdue > 0 {
		says = strconv.Itoa(overdue) + " overdue"
	}
	add(waiting, "Exceptions to review", says, "/oversight/exceptions")
	add(proposals, "Changes for two", "Wait for a second person", "/oversight/proposals")
	add(len(files), "Files to let out", "Wait for a decision", "/oversight/exports")
	messages, err := s.c.Store.Messages(r.Context())
	if err != nil {
		return err
	}
	unanswered := 0
	for _, m := range messages {
		if m.Answered.IsZero() {
			unanswered++
		}
	}
	add(unanswered, "Messages to answer", "Sent by the contact form", "/oversight/messages")
	add(lately.Alerts, "Alerts", "In the last 7 days", "/oversight/record"+recordQuery{kind: "alert", from: x.Week}.encode())
	add(lately.Refusals, "Refusals", "Today", "/oversight/record"+recordQuery{outcome: "refused", from: x.Today}.encode())
	add(len(s.oversight.Ending(all)), "Ending soon", "Within 90 days", "/oversight/agreements#soon")
	add(incomplete(all), "Agreements with something missing", "They open less than they should", "/oversight/agreements")
	if late(lately.Signed, now) {
		x.Unsigned = true
	}
	for _, u := range users {
		x.People = append(x.People, view.Pair{Key: u.Name, Value: personLabel(u)})
	}
	return s.show(w, r, http.StatusOK, view.OverviewPage(s.frame(r, "Overview", "overview"), x))
}

// upTo writes a number that was counted no further than the door counts.
func upTo(n int) string {
	if n >= warehouse.MostCounted {
		return strconv.Itoa(warehouse.MostCounted) + " or more"
	}
	return strconv.Itoa(n)
}

// incomplete counts the agreements, of those that are not over, that lack
// something, or on which somebody lacks something.
func incomplete(all []oversight.Standing) int {
	n := 0
	for _, a := range all {
		if a.Over() {
			continue
		}
		if len(a.Lacks) > 0 || lacking(a) > 0 {
			n++
		}
	}
	return n
}

// lacking counts the people on an agreement who lack something.
func lacking(a oversight.Standing) int {
	n := 0
	for _, p := range a.People {
		if len(p.Lacks) > 0 {
			n++
		}
	}
	return n
}

// late tells whether it is time again for a checkpoint, of which there is one a day.
func late(last, now time.Time) bool { return last.IsZero() || now.Sub(last) > 26*time.Hour }

func personLabel(u registry.User) string { return u.Display + " (" + u.Name + ")" }
