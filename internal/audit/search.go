package audit

import (
	"context"
	"strings"
	"time"
)

// Filter says which entries are wanted. The zero Filter is all of them, the newest
// first.
type Filter struct {
	Actor         string
	Purpose       string // an agreement's reference
	Kind          string
	Outcome       string
	From, Until   time.Time // From inclusive, Until exclusive; zero: open
	Patient       Mark      // "": any, also none
	Rows          bool      // only those that showed rows of patients
	After, Before int64     // only entries with numbers beyond these; 0: open
	Oldest        bool      // the oldest first
}

// Words says for people which entries are wanted.
func (f Filter) Words() string {
	out := "events"
	add := func(before, what string) {
		if what != "" {
			out += before + what
		}
	}
	if f.Patient != "" {
		out += " that showed one patient"
	}
	add(" of ", f.Actor)
	add(" under ", f.Purpose)
	add(" of kind ", f.Kind)
	add(" with outcome ", f.Outcome)
	if !f.From.IsZero() {
		add(" from ", f.From.UTC().Format("2006-01-02 15:04"))
	}
	if !f.Until.IsZero() {
		add(" before ", f.Until.UTC().Format("2006-01-02 15:04"))
	}
	return out
}

// Meets tells whether an event has what can be told of it without the others.
func (f Filter) Meets(e Event) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	return is(f.Actor, e.Actor) && is(f.Kind, e.Kind) && is(f.Outcome, e.Outcome) &&
		(f.Purpose == "" || e.Purpose == f.Purpose || strings.HasPrefix(e.Purpose, f.Purpose+" ")) &&
		(f.From.IsZero() || !e.At.Before(f.From)) && (f.Until.IsZero() || e.At.Before(f.Until)) &&
		(f.Patient == "" || e.Persons.Holds(f.Patient)) && (!f.Rows || e.Rows > 0)
}

// Signed is a checkpoint as it is kept, see package checkpoint.
type Signed struct {
	Entries int64     // that it covers
	At      time.Time // when it was made
	Note    []byte    // what was signed, with the signature
	State   []byte    // from which the next one is made
}

// Archive is the record to be read.
type Archive interface {
	// Search calls visit for the entries that meet a filter until it returns false.
	// The entries' events are there.
	Search(ctx context.Context, f Filter, visit func(Entry) bool) error
	// Kinds returns the kinds of the events that there are, in order.
	Kinds(ctx context.Context) ([]string, error)
	// Checkpoints returns those that were kept, the oldest first.
	Checkpoints(ctx context.Context) ([]Signed, error)
}
