package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

func (s *Server) cookieName() string {
	if s.c.Secure {
		return "__Host-session" // browsers take this name over TLS only
	}
	return "session"
}

func (s *Server) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.c.Secure, SameSite: http.SameSiteStrictMode})
}

// demoAllowed refuses demo accounts anywhere but over a synthetic release on
// this machine.
func (s *Server) demoAllowed(ctx context.Context, u registry.User) error {
	if !u.Demo {
		return nil
	}
	facts, err := s.c.Warehouse.Facts(ctx)
	if err != nil {
		return err
	}
	if !facts.Synthetic || !s.c.Loopback {
		return fault.New(fault.Denied, "Demo accounts work over synthetic data on this machine only.")
	}
	return nil
}

// home is where a role's work begins.
func home(r policy.Role) string {
	switch r {
	case policy.Researcher:
		return "/records"
	case policy.Clinician:
		return "/records?view=patients"
	case policy.Planner:
		return "/tables"
	case policy.Governance, policy.Auditor:
		return "/oversight"
	}
	return "/account"
}

// next returns a place within the site to go to after signing in; "" for
// anything else.
func next(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "\\\r\n\t") || strings.HasPrefix(u.Path, "/sign-") {
		return ""
	}
	return text
}

func escapeNext(uri string) string { return url.QueryEscape(next(uri)) }

func (s *Server) signInForm(w http.ResponseWriter, r *http.Request) error {
	return s.askSignIn(w, r, http.StatusOK, view.SignIn{Next: next(r.URL.Query().Get("next"))})
}

func (s *Server) askSignIn(w http.ResponseWriter, r *http.Request, status int, c view.SignIn) error {
	title := "Sign in"
	if c.Error != "" {
		title = "Error: " + title
	}
	c.Passkeys = s.c.Auth.HasPasskeys()
	if s.c.Elsewhere != nil {
		c.Elsewhere = s.c.Elsewhere.Label()
	}
	return s.show(w, r, status, view.SignInPage(s.frame(r, title, ""), c))
}

// form reads a short form.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = atMost(w, r, 1<<14)
	if err := r.ParseForm(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, unreadable)
	}
	return r.PostForm, nil
}

// sent reads a short form and says who sends it. The error is of kind SignIn if
// nobody is signed in, which is found before anything is read.
func (s *Server) sent(w http.ResponseWriter, r *http.Request) (registry.User, registry.Session, url.Values, error) {
	u, x, err := s.person(r)
	if err != nil {
		return u, x, nil, err
	}
	in, err := form(w, r)
	return u, x, in, err
}

// from is where a request comes from, for the access record and the list of
// sessions.
func (s *Server) from(r *http.Request) auth.From {
	c := s.client(r)
	return auth.From{Address: c.Address, Request: c.Request, Device: device(r.UserAgent())}
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	token, u, err := s.c.Auth.SignIn(r.Context(), in.Get("name"), in.Get("password"), s.from(r))
	return s.entered(w, r, token, u, err, in)
}

// entered goes on after a try to sign in.
func (s *Server) entered(w http.ResponseWriter, r *http.Request, token string, u registry.User, err error, in url.Values) error {
	if err == nil {
		err = s.enter(w, r, token, u)
	}
	if k := fault.Of(err); err != nil && (k == fault.Denied || k == fault.Limited) {
		return s.askSignIn(w, r, k.Status(), view.SignIn{Next: next(in.Get("next")), Name: in.Get("name"), Error: fault.Say(err)})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, placeAfter(in.Get("next"), u), http.StatusSeeOther)
	return nil
}

// placeAfter is where somebody goes after signing in.
func placeAfter(asked string, u registry.User) string {
	if to := next(asked); to != "" && to != "/" {
		return to
	}
	return home(u.Role)
}

// enter gives a browser its new session, in place of the one that it had.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, token string, u registry.User) error {
	if err := s.demoAllowed(r.Context(), u); err != nil {
		if err := s.c.Auth.SignOut(context.WithoutCancel(r.Context()), token, s.from(r)); err != nil {
			return err
		}
		if fault.Of(err) == fault.Denied {
			err = s.refusedTo(r.Context(), u, registry.Session{}, r.Pattern, s.client(r), err)
		}
		return err
	}
	if old := s.token(r); old != "" {
		if err := s.c.Auth.SignOut(r.Context(), old, s.from(r)); err != nil {
			return err
		}
	}
	s.setCookie(w, token, 0)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.c.Auth.SignOut(r.Context(), s.token(r), s.from(r)); err != nil {
		return err
	}
	s.setCookie(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) facts(f warehouse.Facts) view.Facts {
	out := view.Facts{Rows: f.Rows, Years: yearSpan(f.Years), Subset: f.Subset, Synthetic: f.Synthetic, ID: f.ID, First: longDate(f.First), Last: longDate(f.Last)}
	if !f.Loaded.IsZero() {
		out.Loaded = f.Loaded.Format("2 January 2006")
	}
	return out
}
