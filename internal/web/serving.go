package web

import (
	"context"
	"net/http"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// serveRelease has another release served, as the command “release publish” does:
// one step, which requests under way do not notice. The account of its load stands
// on the page that asks for it.
func (s *Server) serveRelease(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if v.access.Role() != policy.DataManager {
		return fault.New(fault.Denied, "Only a data manager decides which release is served.")
	}
	if err := v.form(w, r, 1<<12, unreadable); err != nil {
		return err
	}
	// its report is read through the door, which knows what releases there are
	report, err := s.c.Warehouse.Report(r.Context(), v.access, r.PathValue("id"), v.client)
	if err != nil {
		return err
	}
	switch {
	case s.c.Publish == nil:
		return fault.New(fault.Unavailable, "Releases are published with “webenable release publish” on the server.")
	case r.PostForm.Get("sure") == "":
		return fault.New(fault.Invalid, "Tick that you have read the account of this load. Go back and try again.")
	}
	e := audit.Event{At: s.c.Now(), Kind: "publish", Actor: v.user.Name, Role: string(v.user.Role), Release: report.ID, Question: "signed off, to be served", Outcome: "begun", Address: v.client.Address, Request: v.client.Request}
	if err := s.c.Store.Record(r.Context(), e); err != nil {
		return audit.Unwritten(err, "nothing was changed")
	}
	ctx := context.WithoutCancel(r.Context())
	published := s.c.Publish(report.ID)
	e.At, e.Outcome = s.c.Now(), "done"
	if published != nil {
		e.Outcome = "failed"
	}
	if err := s.c.Store.Record(ctx, e); err != nil && published == nil {
		return fault.Wrap(fault.Unavailable, err, "The release is served, but the access record says only that this was begun. Make a note of it.")
	}
	if published != nil {
		return published
	}
	http.Redirect(w, r, "/quality", http.StatusSeeOther)
	return nil
}
