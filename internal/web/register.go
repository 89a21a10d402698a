package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// UsesKept is how long the register of uses is shown before it is worked out
// again: the access record is long, and anybody may ask.
const UsesKept = 10 * time.Minute

// uses is the register of uses as it was when it was last worked out.
type uses struct {
	mu   sync.Mutex
	at   time.Time
	last view.Register
}

// register is who uses the data for what: of each agreement what it is for and how
// often it was used. It names no person and counts no patient.
func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	x, err := s.registered(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, view.RegisterPage(s.frame(r, "Register of uses", "register"), s.public(r), x))
}

func (s *Server) registered(ctx context.Context) (view.Register, error) {
	s.uses.mu.Lock()
	defer s.uses.mu.Unlock()
	now := s.c.Now()
	if age := now.Sub(s.uses.at); age >= 0 && age < UsesKept {
		return s.uses.last, nil
	}
	agreements, err := s.c.Store.Agreements(ctx)
	if err != nil {
		return view.Register{}, err
	}
	sessions, err := s.c.Store.PurposesChosen(ctx)
	if err != nil {
		return view.Register{}, err
	}
	exports, err := s.c.Store.Exports(ctx)
	if err != nil {
		return view.Register{}, err
	}
	files := map[string]int{}
	for _, e := range exports {
		if e.Fetched > 0 {
			files[e.Agreement]++
		}
	}
	slices.SortFunc(agreements, func(a, b registry.Agreement) int {
		return cmp.Or(b.From.Compare(a.From), strings.Compare(a.Title, b.Title))
	})
	var x view.Register
	for _, a := range agreements {
		u := view.Use{Title: a.Title, Organisation: a.Organisation, Basis: a.Basis.Label(), From: s.dayOf(a.From, false), Until: s.dayOf(a.Until, true), Sets: sentenceCase(strings.Join(a.Subsets, ", ")), Years: writeYears(a.Years, ", "),
			Sessions: few(sessions[a.Ref]), Files: few(files[a.Ref]), State: "in force", Good: true}
		switch {
		case !a.Revoked.IsZero():
			u.State, u.Good, u.Until = "ended early", false, s.dayOf(a.Revoked, false)
		case !now.Before(a.Until):
			u.State, u.Good = "ended", false
		case now.Before(a.From):
			u.State, u.Good = "to begin", false
		}
		x.Uses = append(x.Uses, u)
	}
	s.uses.at, s.uses.last = now, x
	return x, nil
}

// fewUses is how many uses are told exactly: of fewer, where one or two people work
// under an agreement, the number would tell what one of them did.
const fewUses = 5

// few says how often something was used.
func few(n int) string {
	switch {
	case n == 0:
		return "none"
	case n < fewUses:
		return "fewer than " + strconv.Itoa(fewUses)
	}
	return strconv.Itoa(n)
}

// dayOf is a moment without its hour; last is the end of something.
func (s *Server) dayOf(t time.Time, last bool) string {
	day, _, _ := strings.Cut(s.written(t, last), " ")
	return day
}
