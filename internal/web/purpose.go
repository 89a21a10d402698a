package web

import (
	"net/http"
	"strings"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// purposeForm asks what the data will be used for.
func (s *Server) purposeForm(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	return s.askPurpose(w, r, u, x, http.StatusOK, view.PurposeForm{Next: next(r.URL.Query().Get("next")), Chosen: x.Agreement})
}

// choosePurpose gives the session its purpose. The session goes on under another
// token, so that pages of another purpose that are still open say so.
func (s *Server) choosePurpose(w http.ResponseWriter, r *http.Request) error {
	u, x, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	c := view.PurposeForm{Next: next(in.Get("next")), Chosen: in.Get("agreement")}
	missing := ""
	for i := range view.StandingTerms() {
		if key := view.TermKey(i); in.Get(key) != "" {
			c.Agreed = append(c.Agreed, key)
		} else if missing == "" {
			missing = key
		}
	}
	if c.Chosen == "" {
		c.Error, c.At = "Choose what you will use the data for.", "purpose"
		return s.askPurpose(w, r, u, x, http.StatusBadRequest, c)
	}
	from := s.client(r)
	token, acc, err := s.c.Auth.Choose(r.Context(), s.token(r), c.Chosen, in.Get("terms."+c.Chosen), missing == "", from.Address, from.Request)
	if fault.Of(err) == fault.Invalid {
		c.Error, c.At = fault.Say(err), missing
		return s.askPurpose(w, r, u, x, http.StatusBadRequest, c)
	}
	if k := fault.Of(err); k == fault.Denied || k == fault.Conflict {
		c.Error, c.At = fault.Say(err), "purpose"
		return s.askPurpose(w, r, u, x, k.Status(), c)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, token, 0)
	to := c.Next
	if to == "" || to == "/" {
		to = home(acc.Role())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *Server) askPurpose(w http.ResponseWriter, r *http.Request, u registry.User, x registry.Session, status int, c view.PurposeForm) error {
	if !u.SeesRecords() {
		http.Redirect(w, r, home(u.Role), http.StatusSeeOther)
		return nil
	}
	all, err := s.c.Auth.Purposes(r.Context(), u, x)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Closed != nil {
			c.Closed = append(c.Closed, s.purposeCard(p))
			continue
		}
		c.Open = append(c.Open, s.purposeCard(p))
		if p.Accepted.IsZero() {
			c.Asks = true
		} else {
			c.Remembers = true
		}
	}
	for _, p := range all {
		if ends, due := oversight.Confirmation(p.Agreement, p.Place, s.c.Now()); due && s.oversight.MayConfirm(u, p.Agreement, p.Place) == nil {
			x := view.Confirmation{Ref: p.Agreement.Ref, Title: p.Agreement.Title, Says: "You have not confirmed it yet."}
			if !p.Place.Attested.IsZero() {
				x.Says = "Your last confirmation ends on " + ends.In(s.c.Now().Location()).Format("2 January 2006, 15:04") + "."
				if !s.c.Now().Before(ends) {
					x.Says = strings.Replace(x.Says, "ends", "ended", 1)
				}
			}
			c.Confirm = append(c.Confirm, x)
		}
	}
	if len(c.Open) == 1 && c.Chosen == "" {
		c.Chosen = c.Open[0].Ref
	}
	c.Days = int(auth.TermsLast.Hours() / 24)
	title := "What will you use the data for?"
	if c.Error != "" {
		title = "Error: " + title
	}
	f := s.frame(r, title, "")
	f.Ending = "" // each purpose says so by itself
	return s.show(w, r, status, view.PurposePage(f, c))
}

// confirm keeps that a clinician confirms the responsibility for the patients.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	if _, err := s.c.Auth.Access(r.Context(), u, x); fault.Of(err) == fault.Factor {
		return err
	}
	in, err := form(w, r)
	if err != nil {
		return err
	}
	ref := in.Get("agreement")
	if in.Get("responsible") == "" {
		return s.askPurpose(w, r, u, x, http.StatusBadRequest, view.PurposeForm{Error: "Tick the box to confirm that you are still responsible for these patients.", At: "responsible." + ref})
	}
	from := s.client(r)
	if err := s.oversight.Confirm(r.Context(), u, ref, from.Address, from.Request); err != nil {
		return err
	}
	http.Redirect(w, r, "/purpose", http.StatusSeeOther)
	return nil
}

// purposeCard says what an agreement is, for the person who is named on it.
func (s *Server) purposeCard(p auth.Purpose) view.Purpose {
	a := p.Agreement
	out := view.Purpose{Ref: a.Ref, Title: a.Title, Basis: a.Basis.Label(), Terms: a.TermsVersion(), Own: a.Terms, Ends: longDate(a.Until.Format("2006-01-02"))}
	if p.Closed != nil {
		out.Why = fault.Say(p.Closed)
		return out
	}
	if !p.Accepted.IsZero() {
		out.Accepted = p.Accepted.In(s.c.Now().Location()).Format("2 January 2006")
	}
	at, what, _ := p.Access.Ends()
	out.Ends, out.Warning = view.Ending(at, what, s.c.Now())
	switch {
	case a.Basis == policy.Clinical && a.Whole:
		out.Sees = "One line per patient of your team, with all their episodes."
	case a.Basis == policy.Clinical:
		out.Sees = "One line per patient of your team, with their episodes at your trust."
	default:
		out.Sees = "Episodes and patients, without names."
		if a.Basis == policy.Approved {
			out.Sees = "Episodes and patients, with the identifying fields of the approval."
		}
	}
	if p.Access.Allows() {
		out.Sees += " One patient of another team may be opened for a reason, for 15 minutes."
	}
	return out
}
