package web

import (
	"net/http"
	"strings"

	"webenablehes/internal/fault"
)

// elsewhere answers at addresses and for methods that no route is for. A page that
// is there for other methods says so.
func (s *Server) elsewhere(mux *http.ServeMux) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		allowed := methods(mux, r)
		if len(allowed) == 0 {
			return fault.New(fault.NotFound, "There is no page at this address.")
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		if allowed[0] == http.MethodGet {
			return fault.New(fault.Method, "This page is there to be opened; nothing can be sent to it.")
		}
		return fault.New(fault.Method, "There is no page to open at this address: a form is sent to it. Go back to the page with the form.")
	}
}

// methods are those for which there is a page at a request's address.
func methods(mux *http.ServeMux, r *http.Request) []string {
	var out []string
	for _, m := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if _, pattern := mux.Handler(&http.Request{Method: m, URL: r.URL, Host: r.Host}); pattern != "" && pattern != "/" {
			out = append(out, m)
		}
	}
	return out
}
