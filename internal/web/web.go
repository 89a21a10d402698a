// Package web is the pages.
//
// Handlers return errors; one adapter (handler.go) turns them into pages and
// log records. Every page is server-rendered, has its whole state in its URL
// and works without JavaScript; with it, links and filters inside the explorer
// replace only its part of the page. Patient data come from warehouse.Warehouse
// alone, with an Access that is made afresh for each request from the session,
// the account and its agreement.
package web

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/codelist"
	"webenablehes/internal/export"
	"webenablehes/internal/fault"
	"webenablehes/internal/finder"
	"webenablehes/internal/hes"
	"webenablehes/internal/imprint"
	"webenablehes/internal/metrics"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
)

// Config is what a Server is made of. All fields are needed but Cleaning
// and those that say how people come.
type Config struct {
	Warehouse  *warehouse.Warehouse
	Store      registry.Store
	Auth       *auth.Service
	Dictionary *hes.Dictionary
	Codes      *hes.Codes
	Lists      []codelist.List // that Codes come from, besides the program's own
	Assets     *Assets
	Cleaning   func(hes.Field) []hes.Rule // the rules by which a load changes a field; nil: not known
	Now        func() time.Time
	Log        *slog.Logger
	Secure     bool                       // people come over TLS: the session cookie is for TLS only, and nothing else is answered
	Loopback   bool                       // reachable from this machine only: demo accounts may sign in
	Proxy      []netip.Prefix             // whose word is taken for where a request comes from, and that it came over TLS
	Elsewhere  auth.Elsewhere             // by which people sign in too; nil: none
	Publish    func(release string) error // has a release served; nil: it is done on the server only
	Files      string                     // folder for files that people ask to take away
	Metrics    *metrics.Site              // told of each answer; nil: nobody counts
	Site       imprint.Site               // who runs it
}

// Server is the site.
type Server struct {
	c         Config
	trees     []classification
	finder    *finder.Index
	oversight *oversight.Service
	reports   reports
	turns     turns
	exports   *export.Service
	flood     *flood
	uses      uses
	handler   http.Handler
}

// New makes the site.
func New(c Config) (*Server, error) {
	if c.Warehouse == nil || c.Store == nil || c.Auth == nil || c.Dictionary == nil || c.Codes == nil || c.Assets == nil || c.Now == nil || c.Log == nil || c.Files == "" {
		return nil, errors.New("web: a part is missing")
	}
	if c.Metrics == nil {
		c.Metrics = metrics.New()
	}
	index, err := finder.New(c.Dictionary, c.Codes)
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, turns: newTurns(), trees: classifications(c.Codes), finder: index,
		oversight: oversight.New(oversight.Options{Store: c.Store, Hash: c.Auth.Hash, Link: c.Auth.NewLink, Now: c.Now})}
	s.exports = export.New(export.Options{Store: c.Store, Auth: c.Auth, Warehouse: c.Warehouse, Dictionary: c.Dictionary, Folder: c.Files, Table: s.exportTable, Now: c.Now, Log: c.Log})
	s.flood = newFlood(c.Now)
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		mux.Handle(pattern, s.handle(pattern, h))
	}
	mux.Handle("GET /static/", s.counted("GET /static/", c.Assets))
	mux.Handle("/", s.handle("/", s.elsewhere(mux)))
	// Outermost first: an id for the log, headers on every answer, nothing in the
	// clear, no writes from other sites, then the pages.
	s.handler = s.identify(s.headers(s.overTLS(s.sameSite(mux))))
	return s, nil
}

// routes is every page of the site.
func (s *Server) routes() map[string]handler {
	out := map[string]handler{
		"GET /account/log":               s.ownRecord,
		"GET /purpose":                   s.purposeForm,
		"POST /purpose":                  s.choosePurpose,
		"POST /purpose/confirm":          s.confirm,
		"GET /records":                   s.records,
		"GET /records/conditions":        s.conditions,
		"POST /records/conditions":       s.conditions,
		"GET /records/values/{key}":      s.allValues,
		"GET /records/{id}":              s.record,
		"GET /records/columns":           s.chooseColumns,
		"POST /records/columns":          s.columns,
		"GET /records/charts/{file}":     s.chartFile,
		"GET /patients/find":             s.byNumber,
		"POST /patients/find":            s.byNumber,
		"POST /patients/find/exception":  s.except,
		"GET /patients/{id}":             s.patient,
		"GET /tables":                    s.tables,
		"GET /tables/{name}":             s.table,
		"GET /quality":                   s.loads,
		"GET /quality/loads/{id}":        s.load,
		"POST /quality/loads/{id}/serve": s.serveRelease,
		"GET /dictionary":                s.dictionary,
		"GET /dictionary/{field}":        s.dictionaryField,
		"GET /records/find":              s.find,
		"POST /records/find":             s.find,
		"GET /codes":                     s.codes,
		"GET /codes/{list}":              s.codeList,
		"GET /codes/{list}/{code}":       s.code,
		"GET /healthz":                   s.health,
		"POST " + reportsAt:              s.keptOut,
	}
	maps.Copy(out, s.signInRoutes())
	maps.Copy(out, s.oversightRoutes())
	maps.Copy(out, s.recordRoutes())
	maps.Copy(out, s.exportRoutes())
	maps.Copy(out, s.publicRoutes())
	return out
}

// Run does what nobody waits for, making files that were asked for and removing what
// is kept no longer, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() {
		tick := time.NewTicker(time.Hour)
		defer tick.Stop()
		for s.dropMessages(ctx); ctx.Err() == nil; s.dropMessages(ctx) {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	both.Go(func() { s.exports.Run(ctx) })
	both.Wait()
}

// Tend does once what Run does again and again.
func (s *Server) Tend(ctx context.Context) {
	s.dropMessages(ctx)
	s.exports.Tend(ctx)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// visitor is who a request comes from.
type visitor struct {
	user    registry.User
	session registry.Session
	access  policy.Access
	client  warehouse.Client
}

// who returns the signed-in person and what they may do now. The error is of
// kind SignIn if nobody is signed in.
func (s *Server) who(r *http.Request) (visitor, error) {
	v := visitor{client: s.client(r)}
	var err error
	if v.user, v.session, err = s.person(r); err != nil {
		return v, err
	}
	if made, said := r.Header["X-Purpose"]; said && made[0] != v.session.Agreement {
		return v, switched()
	}
	v.access, err = s.c.Auth.Access(r.Context(), v.user, v.session)
	return v, err
}

// switched says that what is asked for belongs to a page of another purpose than
// the session has by now.
func switched() error {
	return fault.New(fault.Conflict, "The purpose was changed in another window after this page was made, so this was not carried out.")
}

// form reads what a page sends, at most limit bytes of it. Each form says for
// which purpose its page was made, and is refused under another.
func (v visitor) form(w http.ResponseWriter, r *http.Request, limit int64, unread string) error {
	r.Body = atMost(w, r, limit)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "%s", unread)
	}
	if r.Form.Get("purpose") != v.session.Agreement && r.Header.Get("X-Purpose") == "" {
		return switched()
	}
	return nil
}

// unreadable is what is said of a form that cannot be read.
const unreadable = "The form could not be read. Go back and try again."

// person returns who is signed in, for pages about themselves: they may owe their
// second factor, or have no purpose yet.
func (s *Server) person(r *http.Request) (registry.User, registry.Session, error) {
	u, x, err := s.c.Auth.Check(r.Context(), s.token(r))
	if err == nil {
		err = s.demoAllowed(r.Context(), u)
	}
	return u, x, err
}

// mustSeeRows refuses whoever sees no records a page that asks the door nothing,
// or not yet.
func (v visitor) mustSeeRows() error {
	if v.access.SeesRows() {
		return nil
	}
	return fault.New(fault.Denied, "This account does not see records. Ask the information governance lead if you need to.")
}

// signedIn returns the account for pages that show nothing protected; ok is
// false if nobody is signed in.
func (s *Server) signedIn(ctx context.Context, r *http.Request) (registry.User, registry.Session, bool) {
	u, x, err := s.c.Auth.Check(ctx, s.token(r))
	return u, x, err == nil
}
