package web

import (
	"net/http"
	"net/url"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

const factorsPage = "/account/second-factor"

// stepUp sends whoever must first say that it is them to where they do, from a
// form that changes how they sign in, and from there to a page; other errors it
// returns.
func stepUp(w http.ResponseWriter, r *http.Request, err error, page string) error {
	if fault.Of(err) != fault.Factor {
		return err
	}
	http.Redirect(w, r, "/second-factor?next="+url.QueryEscape(page), http.StatusSeeOther)
	return nil
}

// goOn gives the browser its session's new token, and the request, so that a page
// which answers it knows who it is for.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, token string) {
	s.setCookie(w, token, 0)
	r.Header.Set("Cookie", s.cookieName()+"="+token)
}

// withNext adds the place to go on to, if there is one.
func withNext(address, to string) string {
	if to == "" {
		return address
	}
	return address + "?next=" + url.QueryEscape(to)
}

// factorForm asks for a second factor, or, of whoever has none and is about to add
// one, for the password again.
func (s *Server) factorForm(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	c := view.GiveFactor{Next: next(r.URL.Query().Get("next"))}
	f, err := s.c.Auth.Factors(r.Context(), u)
	if err != nil {
		return err
	}
	if !f.Any() {
		switch err := s.c.Auth.Recent(r.Context(), u, x); {
		case err == nil:
			http.Redirect(w, r, withNext(factorsPage, c.Next), http.StatusSeeOther)
			return nil
		case fault.Of(err) != fault.Factor:
			return err
		}
	}
	return s.askFactor(w, r, u, http.StatusOK, c)
}

func (s *Server) askFactor(w http.ResponseWriter, r *http.Request, u registry.User, status int, c view.GiveFactor) error {
	f, err := s.c.Auth.Factors(r.Context(), u)
	if err != nil {
		return err
	}
	c.Name, c.App, c.Recovery, c.Password = u.Name, !f.App.IsZero(), f.Recovery > 0, !f.Any()
	c.Passkeys = len(f.Passkeys) > 0 && s.c.Auth.HasPasskeys()
	title := c.Title()
	if c.Error != "" {
		title = "Error: " + title
	}
	return s.show(w, r, status, view.GiveFactorPage(s.frame(r, title, "account"), c))
}

// giveFactor takes it. The session goes on under another token.
func (s *Server) giveFactor(w http.ResponseWriter, r *http.Request) error {
	u, _, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	give, what := s.c.Auth.GiveCode, "code"
	if in.Has("password") {
		give, what = s.c.Auth.GivePassword, "password"
	}
	token, err := give(r.Context(), s.token(r), in.Get(what), s.from(r))
	return s.gave(w, r, u, token, err, what, in)
}

// gave goes on after a try to give a factor.
func (s *Server) gave(w http.ResponseWriter, r *http.Request, u registry.User, token string, err error, what string, in url.Values) error {
	if k := fault.Of(err); err != nil && (k == fault.Denied || k == fault.Limited) {
		return s.askFactor(w, r, u, k.Status(), view.GiveFactor{Next: next(in.Get("next")), Error: fault.Say(err), At: what})
	}
	if err != nil {
		return err
	}
	s.goOn(w, r, token)
	http.Redirect(w, r, placeAfter(in.Get("next"), u), http.StatusSeeOther)
	return nil
}

// factors is the page of what somebody can give beside the password.
func (s *Server) factors(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	return s.showFactors(w, r, u, x, http.StatusOK, view.Factors{Next: next(r.URL.Query().Get("next"))})
}

func (s *Server) showFactors(w http.ResponseWriter, r *http.Request, u registry.User, x registry.Session, status int, c view.Factors) error {
	f, err := s.c.Auth.Factors(r.Context(), u)
	if err != nil {
		return err
	}
	switch err := s.c.Auth.Recent(r.Context(), u, x); {
	case fault.Of(err) == fault.Factor:
		c.Stale = true
	case err != nil:
		return err
	}
	c.Needed, c.Any, c.Recovery, c.CanAddPasskey = auth.Needed(u), f.Any(), f.Recovery, s.c.Auth.HasPasskeys()
	if !f.App.IsZero() {
		c.App = view.Moment(f.App)
	}
	for _, p := range f.Passkeys {
		k := view.Passkey{ID: auth.PasskeyID(p), Name: p.Name, Added: view.Moment(p.Added)}
		if !p.Used.IsZero() {
			k.Used = view.Moment(p.Used)
		}
		c.Passkeys = append(c.Passkeys, k)
	}
	title := "Second factor"
	if c.Error != "" {
		title = "Error: " + title
	}
	return s.show(w, r, status, view.FactorsPage(s.frame(r, title, "account"), c))
}

// beginApp makes the secret of an authenticator app.
func (s *Server) beginApp(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.person(r); err != nil {
		return err
	}
	in, err := form(w, r)
	if err != nil {
		return err
	}
	if err := s.c.Auth.BeginApp(r.Context(), s.token(r)); err != nil {
		return stepUp(w, r, err, factorsPage)
	}
	http.Redirect(w, r, withNext("/account/app", next(in.Get("next"))), http.StatusSeeOther)
	return nil
}

// appForm shows the secret, as text and as a picture, and asks for a code.
func (s *Server) appForm(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	if err := s.c.Auth.Recent(r.Context(), u, x); err != nil {
		return stepUp(w, r, err, factorsPage)
	}
	return s.askApp(w, r, u, http.StatusOK, view.AddApp{Next: next(r.URL.Query().Get("next"))})
}

func (s *Server) askApp(w http.ResponseWriter, r *http.Request, u registry.User, status int, c view.AddApp) error {
	secret, err := s.c.Auth.PendingApp(r.Context(), u)
	if fault.Of(err) == fault.Gone {
		http.Redirect(w, r, withNext(factorsPage, c.Next), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	c.Account, c.Secret, c.URI = u.Name, secret.Text, secret.URI
	if c.Picture, err = qrPath(secret.URI); err != nil {
		return err
	}
	title := "Set up an authenticator app"
	if c.Error != "" {
		title = "Error: " + title
	}
	return s.show(w, r, status, view.AddAppPage(s.frame(r, title, "account"), c))
}

// confirmApp adds the app and shows the recovery codes, if there are new ones.
func (s *Server) confirmApp(w http.ResponseWriter, r *http.Request) error {
	u, _, in, err := s.sent(w, r)
	if err != nil {
		return err
	}
	token, codes, err := s.c.Auth.ConfirmApp(r.Context(), s.token(r), in.Get("code"), s.from(r))
	switch k := fault.Of(err); {
	case err == nil:
	case k == fault.Denied:
		return s.askApp(w, r, u, k.Status(), view.AddApp{Next: next(in.Get("next")), Error: fault.Say(err)})
	default:
		return stepUp(w, r, err, factorsPage)
	}
	s.goOn(w, r, token)
	return s.added(w, r, u, codes, in.Get("next"))
}

// added goes on after a factor was added.
func (s *Server) added(w http.ResponseWriter, r *http.Request, u registry.User, codes []string, asked string) error {
	if len(codes) == 0 {
		http.Redirect(w, r, withNext(factorsPage, next(asked)), http.StatusSeeOther)
		return nil
	}
	return s.showCodes(w, r, u, codes, asked)
}

func (s *Server) showCodes(w http.ResponseWriter, r *http.Request, u registry.User, codes []string, asked string) error {
	to := next(asked)
	if to == "" {
		to = factorsPage
	}
	return s.show(w, r, http.StatusOK, view.RecoveryPage(s.frame(r, "Your recovery codes", "account"), view.RecoveryCodes{Codes: codes, Next: to}))
}

// newCodes replaces the recovery codes.
func (s *Server) newCodes(w http.ResponseWriter, r *http.Request) error {
	u, _, err := s.person(r)
	if err != nil {
		return err
	}
	codes, err := s.c.Auth.NewRecovery(r.Context(), s.token(r), s.from(r))
	if err != nil {
		return stepUp(w, r, err, factorsPage)
	}
	return s.showCodes(w, r, u, codes, "")
}

// removeApp takes the authenticator app off the account.
func (s *Server) removeApp(w http.ResponseWriter, r *http.Request) error {
	u, x, err := s.person(r)
	if err != nil {
		return err
	}
	return s.afterRemoval(w, r, u, x, s.c.Auth.RemoveApp(r.Context(), s.token(r), s.from(r)))
}

// afterRemoval goes on after a try to take a factor off an account.
func (s *Server) afterRemoval(w http.ResponseWriter, r *http.Request, u registry.User, x registry.Session, err error) error {
	switch k := fault.Of(err); {
	case err == nil:
		http.Redirect(w, r, factorsPage, http.StatusSeeOther)
		return nil
	case k == fault.Conflict:
		return s.showFactors(w, r, u, x, k.Status(), view.Factors{Error: fault.Say(err)})
	}
	return stepUp(w, r, err, factorsPage)
}
