package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

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
		return "/tables/year-by-sex"
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
	return s.show(w, r, http.StatusOK, view.SignInPage(s.frame(r, "Sign in", ""), view.SignIn{Next: next(r.URL.Query().Get("next"))}))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<14)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "The form could not be read. Go back and try again.")
	}
	c := s.client(r)
	token, u, err := s.c.Auth.SignIn(r.Context(), r.PostForm.Get("name"), r.PostForm.Get("password"), c.Address, c.Request)
	if err == nil {
		if err = s.demoAllowed(r.Context(), u); fault.Of(err) == fault.Denied {
			err = s.refusedTo(r.Context(), u, registry.Session{}, r.Pattern, c, err)
		}
	}
	if k := fault.Of(err); err != nil && (k == fault.Denied || k == fault.Limited) {
		return s.show(w, r, k.Status(), view.SignInPage(s.frame(r, "Error: Sign in", ""), view.SignIn{Next: next(r.PostForm.Get("next")), Name: r.PostForm.Get("name"), Error: fault.Say(err)}))
	}
	if err != nil {
		return err
	}
	if old := s.token(r); old != "" {
		if err := s.c.Auth.SignOut(r.Context(), old, c.Address, c.Request); err != nil {
			return err
		}
	}
	s.setCookie(w, token, 0)
	to := next(r.PostForm.Get("next"))
	if to == "" || to == "/" {
		to = home(u.Role)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	c := s.client(r)
	if err := s.c.Auth.SignOut(r.Context(), s.token(r), c.Address, c.Request); err != nil {
		return err
	}
	s.setCookie(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	ref, title := v.access.Agreement()
	x := view.Account{Name: v.user.Name, Display: v.user.Display, Role: v.access.Role().Label(), Agreement: ref, Title: title,
		SeesRows: v.access.SeesRows(), SeesTables: v.access.SeesTables(), SeesLoads: v.access.SeesLoads(), Home: home(v.access.Role())}
	if at, what, ok := v.access.Ends(); ok {
		x.Ends, _ = view.Ending(at, what, s.c.Now())
	}
	return s.show(w, r, http.StatusOK, view.AccountPage(s.frame(r, "Your account", "account"), x))
}

func (s *Server) front(w http.ResponseWriter, r *http.Request) error {
	facts, err := s.c.Warehouse.Facts(r.Context())
	if err != nil && fault.Of(err) != fault.Unavailable && fault.Of(err) != fault.NotFound {
		return err
	}
	return s.show(w, r, http.StatusOK, view.FrontPage(s.frame(r, "Hospital episodes for research", "front"), s.facts(facts)))
}

func (s *Server) facts(f warehouse.Facts) view.Facts {
	out := view.Facts{Rows: f.Rows, Years: yearSpan(f.Years), Subset: f.Subset, Synthetic: f.Synthetic, ID: f.ID, First: longDate(f.First), Last: longDate(f.Last)}
	if !f.Loaded.IsZero() {
		out.Loaded = f.Loaded.Format("2 January 2006")
	}
	return out
}
