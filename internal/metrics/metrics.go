// Package metrics counts what a site does, for whoever keeps it running.
//
// It knows routes, states and times: no person, no agreement and nothing of a
// patient, because nothing of the kind can be told to it. Page writes what was
// counted as Prometheus reads it.
package metrics

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// bounds are the upper ends of the classes of how long a request took, in seconds.
func bounds() []float64 { return []float64{.01, .025, .05, .1, .2, .3, .5, 1, 2.5, 5, 10, 30} }

// Site counts. It is safe for concurrent use.
type Site struct {
	bounds   []float64
	mu       sync.Mutex
	requests map[answer]uint64
	times    map[string]*times // by route
	events   uint64
	lost     uint64 // events that could not be written
	running  int    // questions
	release  string
	loaded   time.Time
}

type answer struct {
	route  string
	status int
}

// times is a histogram.
type times struct {
	below []uint64 // of each class alone
	all   uint64
	sum   time.Duration
}

// New makes a counter of nothing yet.
func New() *Site {
	return &Site{bounds: bounds(), requests: map[answer]uint64{}, times: map[string]*times{}}
}

// Request counts an answer. route is a pattern of the program's, never an address.
func (s *Site) Request(route string, status int, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[answer{route, status}]++
	t := s.times[route]
	if t == nil {
		t = &times{below: make([]uint64, len(s.bounds))}
		s.times[route] = t
	}
	t.all++
	t.sum += took
	if i, _ := slices.BinarySearch(s.bounds, took.Seconds()); i < len(t.below) {
		t.below[i]++
	}
}

// Event counts an event that was written to the access record, or could not be.
func (s *Site) Event(written bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if written {
		s.events++
	} else {
		s.lost++
	}
}

// Question counts one that is being answered; done is called at its end.
func (s *Site) Question() (done func()) {
	add := func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running += n
	}
	add(1)
	return sync.OnceFunc(func() { add(-1) })
}

// Release says what is served from now on, and when it was loaded; "" is nothing.
func (s *Site) Release(id string, loaded time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release, s.loaded = id, loaded
}

// Write writes what was counted.
func (s *Site) Write(p *Page, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Family("webenable_requests_total", Counter, "Answers by route and status.")
	var answers []answer
	for a := range s.requests {
		answers = append(answers, a)
	}
	slices.SortFunc(answers, func(a, b answer) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.status, b.status))
	})
	for _, a := range answers {
		p.Count(s.requests[a], Label{"route", a.route}, Label{"status", strconv.Itoa(a.status)})
	}
	p.Family("webenable_request_duration_seconds", Histogram, "How long answers took, by route.")
	var routes []string
	for r := range s.times {
		routes = append(routes, r)
	}
	slices.Sort(routes)
	for _, r := range routes {
		t := s.times[r]
		p.histogram(s.bounds, t.below, t.all, t.sum.Seconds(), Label{"route", r})
	}
	p.Family("webenable_access_events_total", Counter, "Events for the access record, by whether they could be written.")
	p.Count(s.events, Label{"outcome", "written"})
	p.Count(s.lost, Label{"outcome", "failed"})
	p.Family("webenable_questions_running", Gauge, "Questions that the engine is answering.")
	p.Value(float64(s.running))
	if s.release != "" {
		p.Family("webenable_release_info", Gauge, "The release that is served.")
		p.Value(1, Label{"release", s.release})
		p.Family("webenable_release_age_seconds", Gauge, "How long ago the release that is served was made.")
		p.Value(now.Sub(s.loaded).Seconds())
	}
}
