package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// handler answers a request or returns an error for a person.
type handler func(w http.ResponseWriter, r *http.Request) error

type requestKey struct{}

// identify gives each request an id, which error pages and the log show.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, strings.ToLower(rand.Text()[:10]))))
	})
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

// headers sets what every answer carries. Nothing is inline, so the policy
// needs no exceptions.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		to := ""
		if s.c.Secure { // only then browsers know it, and those that do look at nothing else
			to = "; report-to csp"
			h.Set("Reporting-Endpoints", `csp="`+reportsAt+`"`)
		}
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types hes; report-uri "+reportsAt+to)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if len(r.TransferEncoding) > 0 {
			// It may have said a length as well, and who stands between may have taken
			// that: what comes behind it on this connection is nobody's request.
			h.Set("Connection", "close")
		}
		if s.c.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// sameSite refuses what another site makes a browser send: every write, and
// every reading that is not somebody following a link to a page. What a page of
// ours could be made to send into a frame, a script or an image of another's has
// a size and takes a time, which tell of what is in it. A link is no such thing:
// the page takes the place of the other one, and the cookie, which is for
// requests of this site only, decides what is in it.
func (s *Server) sameSite(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	refuse := s.handle("another site", func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Denied, "This request came from another site and was not carried out. Open the page here and try again.")
	})
	guard.SetDenyHandler(refuse)
	safe := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		write := r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
		switch {
		case write && site == "" && r.Header.Get("Origin") == "" && (r.URL.Path != reportsAt || r.Method != http.MethodPost), // which some browsers send without
			strings.Contains(r.Header.Get("Origin"), "@"),
			!write && !ours(site) && !followed(r):
			refuse.ServeHTTP(w, r)
		default:
			safe.ServeHTTP(w, r)
		}
	})
}

// ours tells whether a request was made by a page of this site, by hand, or by
// what does not say. Another name under the same domain is another site.
func ours(site string) bool { return site == "" || site == "same-origin" || site == "none" }

// followed tells whether a browser goes to the page, in a window and not in a
// frame.
func followed(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// handle runs a handler, shows its error and writes one log record. The log
// names the route, never the URL: its query may tell of a patient.
func (s *Server) handle(pattern string, h handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		start := time.Now()
		w := &answer{ResponseWriter: to}
		one, done := s.c.Warehouse.OneRelease(r.Context())
		defer done()
		r, over, err := s.turns.take(r.WithContext(one))
		defer over()
		if err == nil {
			err = s.run(h, w, r)
		}
		kind := "ok"
		if err != nil {
			kind = fault.Of(err).String()
			err = s.refused(r, pattern, err)
			s.fail(w, r, err)
		}
		took := time.Since(start)
		s.c.Metrics.Request(pattern, w.Status(), took)
		attrs := []any{"route", pattern, "kind", kind, "status", w.Status(), "request", requestID(r), "took", took.Round(time.Microsecond)}
		if k := fault.Of(err); err != nil && (k == fault.Internal || k == fault.Unavailable) && !errors.Is(err, context.Canceled) {
			s.c.Log.Error("request failed", append(attrs, "error", err.Error())...)
			return
		}
		s.c.Log.Info("request", attrs...)
	})
}

// refused puts to the access record that somebody who is signed in was refused,
// unless the door has done so, and returns the refusal. Whoever hangs up is
// recorded all the same.
func (s *Server) refused(r *http.Request, pattern string, err error) error {
	if fault.Of(err) != fault.Denied {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
	defer cancel()
	u, x, ok := s.signedIn(ctx, r)
	if !ok {
		return err
	}
	return s.refusedTo(ctx, u, x, pattern, s.client(r), err)
}

func (s *Server) refusedTo(ctx context.Context, u registry.User, x registry.Session, pattern string, from warehouse.Client, err error) error {
	return s.c.Warehouse.Refused(ctx, warehouse.Refusal{Account: u.Name, Role: u.Role, Purpose: x.Agreement, Page: pattern}, from, err)
}

func (s *Server) run(h handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s", saysPanic(p))
		}
	}()
	return h(w, r)
}

// saysPanic describes a panic for the log: those of the language by their text,
// which holds no value of ours, others by their type, for they might.
func saysPanic(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("a value of type %T", p)
}

// fail shows an error to a person.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.Of(err)
	// Whoever must do something first is sent there and comes back to the page.
	before := map[fault.Kind]string{fault.SignIn: "/sign-in", fault.Factor: "/second-factor", fault.Purpose: "/purpose"}
	if to := before[kind]; to != "" && r.Method == http.MethodGet && r.Header.Get("X-Part") == "" {
		http.Redirect(w, r, to+"?next="+escapeNext(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	page := view.Problem{Status: kind.Status(), Say: fault.Say(err), ID: requestID(r), Ways: waysOn(r, err)}
	if kind == fault.Denied && s.purposeOver(r) || kind == fault.Purpose {
		page.Ways = append(page.Ways, view.Link{Text: "Choose another purpose", URL: "/purpose", Key: view.Whole})
	}
	if e, ok := errors.AsType[*query.FilterError](err); ok {
		page.Filter = e.Key
	}
	var out templ.Component = view.Trouble(page)
	if r.Header.Get("X-Part") == "" {
		out = view.ProblemPage(s.frame(r, page.Title(), ""), page)
	}
	if err := s.show(w, r, kind.Status(), out); err != nil {
		http.Error(w, page.Say, kind.Status())
	}
}

// show renders a page to memory and writes it, compressed if the browser takes
// it: an error while rendering must not leave half a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	var page bytes.Buffer
	if err := c.Render(r.Context(), &page); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	made(r)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding, X-Part")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_, err := w.Write(page.Bytes())
		return ignoreGone(err)
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	if _, err := z.Write(page.Bytes()); err != nil {
		return ignoreGone(err)
	}
	return ignoreGone(z.Close())
}

// ignoreGone drops the error of a browser that has gone away: the headers are
// sent, so there is nobody to tell.
func ignoreGone(error) error { return nil }

// frame is what surrounds a page.
func (s *Server) frame(r *http.Request, title, section string) view.Frame {
	f := view.Frame{Title: title, Section: section, Now: s.c.Now().Format("2 January 2006, 15:04"), Asset: s.c.Assets.URL}
	if u, x, ok := s.signedIn(r.Context(), r); ok {
		f.User, f.Nav, f.Home, f.Purpose, f.Switch = u.Display, navigation(u), home(u.Role), x.Agreement, u.SeesRecords()
		if acc, err := s.c.Auth.Access(r.Context(), u, x); err == nil {
			if at, what, ok := acc.Ends(); ok {
				_, f.Ending = view.Ending(at, what, s.c.Now())
				f.Confirm = f.Ending != "" && acc.EndsByConfirmation()
			}
		}
		if told, err := s.c.Auth.Notices(r.Context(), u); err == nil {
			f.Notices = len(told)
		}
	}
	return f
}

// purposeOver tells whether a person is refused because what the session was for
// has ended, been revoked, or is theirs no longer.
func (s *Server) purposeOver(r *http.Request) bool {
	u, x, ok := s.signedIn(r.Context(), r)
	if !ok || !u.SeesRecords() {
		return false
	}
	_, err := s.c.Auth.Access(r.Context(), u, x)
	return fault.Of(err) == fault.Denied
}

func navigation(u registry.User) []view.Link {
	var out []view.Link
	switch home := home(u.Role); home {
	case "/account":
	case "/tables":
		out = append(out, view.Link{Text: "Tables", URL: home, Key: "tables"})
	case "/oversight":
		out = append(out, view.Link{Text: "Overview", URL: home, Key: "overview"})
	default:
		out = append(out, view.Link{Text: "Records", URL: home, Key: "records"})
		if u.Role == policy.Researcher {
			out = append(out, view.Link{Text: "Files", URL: "/exports", Key: "files"})
		}
	}
	if u.Role == policy.Governance || u.Role == policy.Auditor {
		out = append(out, view.Link{Text: "Agreements", URL: "/oversight/agreements", Key: "agreements"}, view.Link{Text: "People", URL: "/oversight/people", Key: "people"}, view.Link{Text: "Exceptions", URL: "/oversight/exceptions", Key: "exceptions"}, view.Link{Text: "Files", URL: "/oversight/exports", Key: "exports"}, view.Link{Text: "Messages", URL: "/oversight/messages", Key: "messages"},
			view.Link{Text: "Access record", URL: "/oversight/record", Key: "record"})
	}
	out = append(out, view.Link{Text: "Codes", URL: "/codes", Key: "codes"}, view.Link{Text: "Data dictionary", URL: "/dictionary", Key: "dictionary"})
	if u.Role.SeesLoads() {
		out = append(out, view.Link{Text: "Data quality", URL: "/quality", Key: "quality"})
	}
	return out
}
