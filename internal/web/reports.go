package web

import (
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"webenablehes/internal/cspreport"
	"webenablehes/internal/fault"
)

// Browsers say what the content security policy kept a page from doing: a sign that
// something was put into a page, or that we have broken one. Whoever sends such a
// report need not be signed in, and may have made it up. So it is bounded, and of it
// the log has which rule it was and what sort of thing was kept out, in our own words:
// addresses hold ids, and samples hold text.

// reportsAt is where browsers send them.
const reportsAt = "/csp-reports"

const (
	reportBytes      = 64 << 10
	reportsTogether  = 20 // of one request
	reportsAMinute   = 60 // of everybody together
	reportsForgotten = time.Minute
)

// reports counts what comes.
type reports struct {
	mu    sync.Mutex
	from  time.Time // of the minute that is counted
	now   int       // in it
	taken int       // since the program was started
	left  int       // out, likewise
}

// take tells whether another one is taken, and how many were taken and left out.
func (c *reports) take(now time.Time) (ok bool, taken, left int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := now.Sub(c.from); since >= reportsForgotten || since < 0 {
		c.from, c.now = now, 0
	}
	if ok = c.now < reportsAMinute; ok {
		c.now++
		c.taken++
	} else {
		c.left++
	}
	return ok, c.taken, c.left
}

// keptOut takes what a browser says was kept out.
func (s *Server) keptOut(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != cspreport.One && kind != cspreport.Many {
		return fault.New(fault.Invalid, "This address takes reports of browsers only.")
	}
	body, err := io.ReadAll(atMost(w, r, reportBytes))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "The report is too long, or was broken off.")
	}
	found, err := cspreport.Read(kind, body, r.Host)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "The report cannot be read.")
	}
	for _, v := range found[:min(len(found), reportsTogether)] {
		ok, taken, left := s.reports.take(s.c.Now())
		if !ok {
			return fault.New(fault.Limited, "There have been too many reports within a minute.")
		}
		s.c.Log.Warn("a page was kept from doing something", "rule", v.Rule, "what", v.What, "count", taken, "left", left, "request", requestID(r))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
