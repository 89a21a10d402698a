package web

import (
	"net/http"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/web/view"
)

// holderName is the cookie that a browser keeps while its person is at another
// service. It must be sent when they come back from there, which the session's
// cookie never is, so it is another, and opens nothing.
func (s *Server) holderName() string {
	if s.c.Secure {
		return "__Host-elsewhere"
	}
	return "elsewhere"
}

func (s *Server) setHolder(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: s.holderName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.c.Secure, SameSite: http.SameSiteLaxMode})
}

// goElsewhere sends somebody to the other service.
func (s *Server) goElsewhere(w http.ResponseWriter, r *http.Request) error {
	if s.c.Elsewhere == nil {
		return fault.New(fault.NotFound, "People do not sign in by another service here.")
	}
	asked := next(r.URL.Query().Get("next"))
	address, holder, err := s.c.Auth.BeginElsewhere(r.Context(), s.c.Elsewhere, asked, s.from(r))
	if k := fault.Of(err); k == fault.Denied || k == fault.Limited {
		return s.askSignIn(w, r, k.Status(), view.SignIn{Next: asked, Error: fault.Say(err)})
	}
	if err != nil {
		return err
	}
	s.setHolder(w, holder, 600)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// comeBack takes what somebody brings back. The session's cookie is sent by pages
// of this site only, so a page of this site leads on, not a redirect.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request) error {
	if s.c.Elsewhere == nil {
		return fault.New(fault.NotFound, "People do not sign in by another service here.")
	}
	q := r.URL.Query()
	back := auth.Return{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Failed: q.Has("error")}
	if c, err := r.Cookie(s.holderName()); err == nil {
		back.Holder = c.Value
	}
	s.setHolder(w, "", -1)
	token, u, asked, err := s.c.Auth.FinishElsewhere(r.Context(), s.c.Elsewhere, back, s.from(r))
	if err == nil {
		err = s.enter(w, r, token, u)
	}
	if k := fault.Of(err); err != nil && (k == fault.Denied || k == fault.Limited) {
		return s.askSignIn(w, r, k.Status(), view.SignIn{Error: fault.Say(err)})
	}
	if err != nil {
		return err
	}
	s.goOn(w, r, token)
	to := placeAfter(asked, u)
	w.Header().Set("Refresh", "0; url="+to)
	return s.show(w, r, http.StatusOK, view.ArrivedPage(s.frame(r, "You are signed in", ""), to))
}
