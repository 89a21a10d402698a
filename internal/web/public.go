package web

import (
	"net/http"

	"github.com/a-h/templ"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/web/view"
)

// publicRoutes are the pages for everybody. They ask no question about records: all
// that they tell of the data is what the release says of itself.
func (s *Server) publicRoutes() map[string]handler {
	return map[string]handler{
		"GET /{$}":                      s.front,
		"GET /system":                   s.text("About the system", "system", view.SystemPage),
		"GET /governance":               s.text("Information governance", "governance", view.GovernancePage),
		"GET /links":                    s.text("Useful links", "links", view.LinksPage),
		"GET /access":                   s.text("Ask for access", "access", view.AccessPage),
		"GET /terms":                    s.text("Terms of use", "terms", view.TermsPage),
		"GET /privacy":                  s.text("Privacy", "privacy", view.PrivacyPage),
		"GET /accessibility":            s.text("Accessibility statement", "accessibility", view.AccessibilityPage),
		"GET /contact":                  s.contact,
		"POST /contact":                 s.sendMessage,
		"GET /contact/sent":             s.text("Your question was sent", "contact", view.ContactSentPage),
		"GET /register":                 s.register,
		"GET /leaflet":                  s.text("Information leaflet", "leaflet", view.LeafletPage),
		"GET /leaflet.pdf":              s.leafletFile,
		"GET /oversight/messages":       s.messages,
		"POST /oversight/messages/{id}": s.answered,
	}
}

// text is a page that is the same for everybody, but for who runs the site.
func (s *Server) text(title, section string, page func(view.Frame, view.Public) templ.Component) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.show(w, r, http.StatusOK, page(s.frame(r, title, section), s.public(r)))
	}
}

// public is who runs the site, and for its staff what is not set of that.
func (s *Server) public(r *http.Request) view.Public {
	p := view.Public{Site: s.c.Site}
	if u, _, ok := s.signedIn(r.Context(), r); ok && (u.Role == policy.Governance || u.Role == policy.Auditor || u.Role == policy.DataManager) {
		p.Unset = s.c.Site.Unset()
	}
	return p
}

// front is the first page.
func (s *Server) front(w http.ResponseWriter, r *http.Request) error {
	facts, err := s.c.Warehouse.Facts(r.Context())
	if err != nil && fault.Of(err) != fault.Unavailable && fault.Of(err) != fault.NotFound {
		return err
	}
	return s.show(w, r, http.StatusOK, view.FrontPage(s.frame(r, "Hospital episodes for research", "front"), s.public(r), s.facts(facts), newContact()))
}
