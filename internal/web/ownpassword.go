package web

import (
	"net/http"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

const passwordPage = "/account/password"

// passwordForm is where somebody changes their own password.
func (s *Server) passwordForm(w http.ResponseWriter, r *http.Request) error {
	return s.askOwnPassword(w, r, http.StatusOK, nil)
}

func (s *Server) askOwnPassword(w http.ResponseWriter, r *http.Request, status int, wrong []registry.Problem) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	current, err := s.c.Auth.Changing(r.Context(), u, x)
	if err != nil {
		return stepUp(w, r, err, passwordPage)
	}
	least, err := s.c.Auth.Least(r.Context(), u)
	if err != nil {
		return err
	}
	c := view.NewPassword{Name: u.Name, Display: u.Display, Least: least, Current: current, Wrong: newForm(nil, wrong).summary()}
	return s.show(w, r, status, view.ChangePasswordPage(s.frame(r, titled(c.Title(), wrong), "account"), c))
}

// changePassword replaces it. The session goes on under another token, and all
// others of the person end.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.person(r); err != nil {
		return err
	}
	in, err := form(w, r)
	if err != nil {
		return err
	}
	password, wrong := twice(in)
	if len(wrong) > 0 {
		return s.askOwnPassword(w, r, http.StatusBadRequest, wrong)
	}
	token, err := s.c.Auth.ChangePassword(r.Context(), s.token(r), in.Get("current"), password, s.from(r))
	switch fault.Of(err) {
	case fault.Denied:
		return s.askOwnPassword(w, r, http.StatusForbidden, []registry.Problem{{At: "current", Say: "This is not your current password."}})
	case fault.Limited:
		return s.askOwnPassword(w, r, http.StatusTooManyRequests, []registry.Problem{{At: "current", Say: fault.Say(err)}})
	case fault.Invalid:
		return s.askOwnPassword(w, r, http.StatusBadRequest, []registry.Problem{{At: "password", Say: fault.Say(err)}})
	}
	if err != nil {
		return stepUp(w, r, err, passwordPage)
	}
	s.goOn(w, r, token)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}
