package web

import (
	"net/http"
	"net/url"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// linkForm is where a link to choose a password leads. It only looks at the link:
// what is in it goes back in the body of the form, and there it is used.
func (s *Server) linkForm(w http.ResponseWriter, r *http.Request) error {
	return s.askNewPassword(w, r, http.StatusOK, r.PathValue("token"), nil)
}

func (s *Server) askNewPassword(w http.ResponseWriter, r *http.Request, status int, token string, wrong []registry.Problem) error {
	u, l, err := s.c.Auth.Link(r.Context(), token)
	if err != nil {
		return s.linkOver(w, r, err)
	}
	least, err := s.c.Auth.Least(r.Context(), u)
	if err != nil {
		return err
	}
	c := view.NewPassword{Token: token, Name: u.Name, Display: u.Display, First: l.First, Until: s.written(l.Until, false), Least: least, Wrong: newForm(nil, wrong).summary()}
	return s.show(w, r, status, view.ChoosePasswordPage(s.frame(r, titled(c.Title(), wrong), ""), c))
}

// linkOver says why a link opens nothing; other errors it returns.
func (s *Server) linkOver(w http.ResponseWriter, r *http.Request, err error) error {
	if fault.Of(err) != fault.Gone {
		return err
	}
	return s.show(w, r, http.StatusGone, view.LinkOverPage(s.frame(r, "This link does not work any more", ""), fault.Say(err)))
}

// twice returns a new password that was typed twice.
func twice(in url.Values) (string, []registry.Problem) {
	switch {
	case in.Get("password") == "":
		return "", []registry.Problem{{At: "password", Say: "Type a new password."}}
	case in.Get("password") != in.Get("again"):
		return "", []registry.Problem{{At: "again", Say: "The two are not the same. Type the new password twice."}}
	}
	return in.Get("password"), nil
}

// chooseByLink keeps the password, signs its owner in and leads on to the second
// factor: to give it, or to set one up.
func (s *Server) chooseByLink(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	password, wrong := twice(in)
	if len(wrong) > 0 {
		return s.askNewPassword(w, r, http.StatusBadRequest, in.Get("token"), wrong)
	}
	token, u, err := s.c.Auth.ChooseByLink(r.Context(), in.Get("token"), password, s.from(r))
	switch fault.Of(err) {
	case fault.Invalid, fault.Limited:
		return s.askNewPassword(w, r, fault.Of(err).Status(), in.Get("token"), []registry.Problem{{At: "password", Say: fault.Say(err)}})
	case fault.Gone:
		return s.linkOver(w, r, err)
	}
	if err == nil {
		err = s.enter(w, r, token, u)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, withNext("/second-factor", home(u.Role)), http.StatusSeeOther)
	return nil
}

// handOver shows a link to choose a password, once.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request, l oversight.Link, added bool) error {
	origin := s.c.Auth.Origin()
	if origin == "" {
		origin = map[bool]string{true: "https://", false: "http://"}[s.c.Secure] + r.Host
	}
	u := l.Account
	x := view.HandOver{Display: u.Display, Name: u.Name, Link: origin + oversight.LinkPath + l.Token, Until: s.written(l.Until, false), URL: personURL(u.Name), Added: added, First: u.Hash == "", Sees: u.SeesRecords()}
	title := "Link to choose a password"
	if added {
		title = "Account added"
	}
	return s.show(w, r, http.StatusOK, view.HandOverPage(s.frame(r, title, "people"), x))
}
