// Package fault lists the kinds of error that the program tells apart.
//
// Callers act on the kind and never on the text. An error carries two texts:
// Say is written for the person in front of the screen and may be shown to
// them; the wrapped cause is for the log. Neither may hold a value from a
// patient's record or from a filter.
package fault

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind says what sort of thing went wrong.
type Kind uint8

// The kinds. The zero Kind is Internal: an error that nobody classified is
// our own mistake, and its text is not shown.
const (
	Internal    Kind = iota // our own mistake; shown as a fixed sentence
	Invalid                 // the question or the file is not well formed
	Denied                  // signed in, but this is not allowed
	SignIn                  // nobody is signed in
	Factor                  // signed in, but the second factor is not given, or too long ago
	Purpose                 // signed in, but it has not been said what for
	NotFound                // no such thing, or not one that this person may know of
	Conflict                // somebody else is at it, or it has changed meanwhile
	Unavailable             // we cannot answer now, for instance because the access record cannot be written
	Limited                 // too much, or too often
	Gone                    // it was there and has been replaced or removed
	Method                  // there is a page at this address, but not for this method
)

// table is the one place that maps a kind to the outside world.
var table = map[Kind]struct {
	name   string
	status int
	exit   int
}{
	Internal:    {"internal", http.StatusInternalServerError, 70},
	Invalid:     {"invalid", http.StatusBadRequest, 2},
	Denied:      {"denied", http.StatusForbidden, 77},
	SignIn:      {"sign-in", http.StatusUnauthorized, 77},
	Factor:      {"factor", http.StatusForbidden, 77},
	Purpose:     {"purpose", http.StatusForbidden, 77},
	NotFound:    {"not-found", http.StatusNotFound, 66},
	Conflict:    {"conflict", http.StatusConflict, 75},
	Unavailable: {"unavailable", http.StatusServiceUnavailable, 69},
	Limited:     {"limited", http.StatusTooManyRequests, 75},
	Gone:        {"gone", http.StatusGone, 66},
	Method:      {"method", http.StatusMethodNotAllowed, 64},
}

// String returns the kind's name as logs and metrics show it.
func (k Kind) String() string { return table[k].name }

// Status returns the HTTP status of the kind.
func (k Kind) Status() int { return table[k].status }

// Exit returns the exit code of a command that ends with this kind.
func (k Kind) Exit() int { return table[k].exit }

// Error is an error with a kind and a sentence for a person.
type Error struct {
	Kind Kind
	Say  string // safe to show; plain words; says what to do
	Err  error  // the cause, for the log; may be nil
}

// Error returns the sentence and the cause.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Say
	case e.Say == "":
		return e.Err.Error()
	}
	return e.Say + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of a kind with a sentence for a person, formatted as
// by fmt.Sprintf. Never format a value from a record or a filter into it.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Say: fmt.Sprintf(format, args...)}
}

// Wrap gives a cause a kind and a sentence. A nil cause stays nil.
func Wrap(k Kind, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Say: fmt.Sprintf(format, args...), Err: err}
}

// Of returns the kind of an error: that of the outermost *Error in its chain,
// Internal if there is none.
func Of(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Say returns the sentence that a person may be shown for an error. An
// internal error, and one without a sentence, give a fixed one.
func Say(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal && e.Say != "" {
		return e.Say
	}
	return "Something went wrong on our side. It has been noted; please try again."
}
