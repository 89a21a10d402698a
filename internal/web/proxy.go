package web

import (
	"net/http"
	"net/netip"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/warehouse"
)

// peer is who is at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// byProxy tells whether a request was handed on by the proxy that is named.
func (s *Server) byProxy(r *http.Request) bool {
	from := peer(r)
	for _, p := range s.c.Proxy {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// client is where a request comes from. What a proxy says of it counts only if it
// is the one that is named, and of what it says only the last part, which is its
// own: the rest is what somebody told it.
func (s *Server) client(r *http.Request) warehouse.Client {
	from := peer(r)
	if s.byProxy(r) {
		all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(all[len(all)-1])); err == nil {
			from = a.Unmap()
		}
	}
	out := warehouse.Client{Request: requestID(r), Address: r.RemoteAddr}
	if from.IsValid() {
		out.Address = from.WithZone("").String()
	}
	return out
}

// overTLS answers nothing that came in the clear where people come over TLS.
func (s *Server) overTLS(next http.Handler) http.Handler {
	refuse := s.handle("in the clear", func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Denied, "This site is reached over HTTPS only, at the address that its administrator gave you.")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handed := s.byProxy(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") && len(r.Header.Values("X-Forwarded-Proto")) == 1
		if s.c.Secure && r.TLS == nil && !handed {
			r.Header.Del("Cookie") // what came in the clear is nobody's word
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
