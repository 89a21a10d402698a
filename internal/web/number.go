package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// byNumber finds a patient of the team by the hospital's own number. The number
// comes in the body of the request, is said to the door and to nobody else, and
// is not printed back. Patients of others are answered like those who do not exist.
func (s *Server) byNumber(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.FindsByNumber() {
		return fault.New(fault.Denied, "Patients are found by their local number where a clinical agreement lists it. Ask the information governance lead.")
	}
	if r.Method == http.MethodGet {
		return s.numberForm(w, r, v, http.StatusOK, url.Values{}, nil)
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	id, err := s.c.Warehouse.ByNumber(r.Context(), v.access, r.PostForm.Get("number"), v.client)
	if k := fault.Of(err); k == fault.NotFound || k == fault.Invalid {
		return s.numberForm(w, r, v, k.Status(), url.Values{}, []registry.Problem{{At: "number", Say: fault.Say(err)}})
	}
	if err != nil {
		return err
	}
	return s.found(w, r, v, id)
}

// except opens one patient outside the team, for a reason.
func (s *Server) except(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if err := v.access.MayExcept(); err != nil {
		return err
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	facts, err := s.c.Warehouse.Facts(r.Context())
	if err == nil { // nobody is to review an exception that could not find anybody
		err = facts.NeedNumbers()
	}
	if err != nil {
		return err
	}
	in := r.PostForm
	var wrong []registry.Problem
	if in.Get("exception-number") == "" {
		wrong = append(wrong, registry.Problem{At: "exception-number", Say: "Give the number under which your hospital knows the patient."})
	}
	if err := oversight.CheckReason(in.Get("reason")); err != nil {
		wrong = append(wrong, registry.Problem{At: "reason", Say: fault.Say(err)})
	}
	if len(wrong) > 0 {
		return s.numberForm(w, r, v, http.StatusBadRequest, in, wrong)
	}
	id, err := s.oversight.Except(r.Context(), v.user, v.access, in.Get("reason"), v.client.Address, v.client.Request, func(ctx context.Context) (string, error) {
		return s.c.Warehouse.Except(ctx, v.access, in.Get("exception-number"), v.client)
	})
	if k := fault.Of(err); k == fault.NotFound || k == fault.Invalid {
		return s.numberForm(w, r, v, k.Status(), in, []registry.Problem{{At: "exception-number", Say: fault.Say(err)}})
	}
	if err != nil {
		return err
	}
	return s.found(w, r, v, id)
}

// found leads to a patient who was found by number, with all episodes: a filter
// that nobody chose would hide those of another specialty.
func (s *Server) found(w http.ResponseWriter, r *http.Request, v visitor, id string) error {
	sc, err := s.scene(r.Context(), v.access, url.Values{})
	if err != nil {
		return err
	}
	st := s.patientState(url.Values{}, sc, v.access)
	st.view = st.view.Everything()
	http.Redirect(w, r, patientURL(id, st), http.StatusSeeOther)
	return nil
}

// numberForm shows both forms; a number that was typed is in neither.
func (s *Server) numberForm(w http.ResponseWriter, r *http.Request, v visitor, status int, in url.Values, wrong []registry.Problem) error {
	facts, err := s.c.Warehouse.Facts(r.Context())
	if err != nil {
		return err
	}
	if err := facts.NeedNumbers(); err != nil {
		return s.show(w, r, status, view.NumberPage(s.frame(r, "Find a patient by number", "records"), view.NumberForm{None: fault.Say(err)}))
	}
	f := newForm(in, wrong)
	x := view.NumberForm{Errors: f.summary(), Number: f.short("number", "Local patient number", "The number under which your hospital knows the patient"), Exceptions: v.access.Allows()}
	x.Number.Value = ""
	if x.Exceptions {
		if err := v.access.MayExcept(); err != nil {
			x.Closed = fault.Say(err)
		}
		x.Other = []view.FormField{f.short("exception-number", "Local patient number of the other patient", ""), f.long("reason", "Why you need to see this patient now", "At least 20 characters. The information governance lead reads it within 24 hours")}
		x.Other[0].Value = ""
	}
	title := "Find a patient by number"
	if len(wrong) > 0 {
		title = "Error: " + title
	}
	return s.show(w, r, status, view.NumberPage(s.frame(r, title, "records"), x))
}

// exceptions is the list of them, those to be reviewed first.
func (s *Server) exceptions(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	all, err := s.c.Store.Exceptions(r.Context())
	if err == nil { // a reason may name a patient
		err = s.c.Warehouse.Reads(r.Context(), v.access, "reasons of exceptions", v.client)
	}
	if err != nil {
		return err
	}
	x := view.ExceptionsList{Lead: v.access.Leads()}
	for _, e := range all {
		u, err := s.c.Store.User(r.Context(), e.UserID)
		if err != nil {
			return err
		}
		line := view.ExceptionLine{When: s.written(e.Asked, false), Display: u.Display, Name: u.Name, URL: personURL(u.Name), Ref: e.Agreement, RefURL: agreementURL(e.Agreement, ""), Reason: e.Reason, Found: "Nobody was found"}
		day := e.Asked.UTC().Format(time.DateOnly)
		line.EventsURL = "/oversight/record" + recordQuery{person: u.Name, from: day, to: day}.encode()
		if e.Patient != "" {
			line.Found = "One patient, until " + s.written(e.Until, false)
		}
		if !e.Reviewed.IsZero() {
			line.Reviewed = s.written(e.Reviewed, false) + " by " + e.ReviewedBy
			x.Done = append(x.Done, line)
			continue
		}
		line.Due = "within 24 hours"
		if line.Late = e.Overdue(s.c.Now()); line.Late {
			line.Due = "overdue: no other is possible for this person"
		}
		line.Action = "/oversight/exceptions/" + strconv.FormatInt(e.ID, 10)
		x.Waiting = append(x.Waiting, line)
	}
	return s.show(w, r, http.StatusOK, view.ExceptionsPage(s.frame(r, "Exceptions", "exceptions"), x))
}

// review marks an exception as reviewed.
func (s *Server) review(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, true)
	if err != nil {
		return err
	}
	if err := v.form(w, r, 1<<14, unreadable); err != nil {
		return err
	}
	none := fault.New(fault.Invalid, "There is no such exception, or it has been reviewed already.")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return none
	}
	err = s.oversight.Review(r.Context(), v.by(), id)
	switch k := fault.Of(err); {
	case err == nil:
	case k == fault.NotFound || k == fault.Conflict:
		return none
	default:
		return err
	}
	http.Redirect(w, r, "/oversight/exceptions", http.StatusSeeOther)
	return nil
}
