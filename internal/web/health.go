package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"webenablehes/internal/fault"
)

// answer is where an answer goes, and which status it got.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Status is that of the answer.
func (a *answer) Status() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// counted counts the answers of a handler that is not a page.
func (s *Server) counted(pattern string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		start := time.Now()
		w := &answer{ResponseWriter: to}
		h.ServeHTTP(w, r)
		s.c.Metrics.Request(pattern, w.Status(), time.Since(start))
	})
}

// atMost reads so much of what is sent and no more; of whoever sends more the
// connection is closed, which only the server's own writer can do.
func atMost(w http.ResponseWriter, r *http.Request, limit int64) io.ReadCloser {
	if a, ok := w.(*answer); ok {
		w = a.ResponseWriter
	}
	return http.MaxBytesReader(w, r.Body, limit)
}

// Ready says what keeps the site from showing data; nil if nothing does. It tells
// of no number of anything.
func (s *Server) Ready(ctx context.Context) error {
	if _, err := s.c.Auth.OpenSessions(ctx); err != nil {
		return err
	}
	_, err := s.c.Warehouse.Facts(ctx)
	return err
}

// Sessions returns how many sessions are not over.
func (s *Server) Sessions(ctx context.Context) (int, error) { return s.c.Auth.OpenSessions(ctx) }

// health is for whatever looks whether the site can be sent people.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	say, status := "ready", http.StatusOK
	if err := s.Ready(r.Context()); err != nil {
		say, status = "not ready: "+fault.Say(err), http.StatusServiceUnavailable
		s.c.Log.Warn("not ready", "request", requestID(r), "error", err.Error())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := io.WriteString(w, say+"\n")
	return ignoreGone(err)
}
