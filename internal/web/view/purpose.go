package view

import "fmt"

// PurposeForm is the form that asks for the purpose.
type PurposeForm struct {
	Next    string
	Chosen  string // reference
	Open    []Purpose
	Confirm []Confirmation // of responsibility, that is due
	Closed  []Purpose      // those that cannot be chosen now
	Agreed  []string       // keys of the terms that are ticked
	// Of the purposes that can be chosen: the terms of some are to be accepted, and
	// those of some were accepted not long ago.
	Asks, Remembers bool
	Days            int // for how long an acceptance counts
	Error           string
	At              string // id of what the error is about
}

// Purpose is an agreement that a person is named on.
type Purpose struct {
	Ref, Title, Basis, Sees string
	Ends                    string // day and time
	Warning                 string // that it ends soon; ""
	Accepted                string // on which day its terms were accepted, if that still counts; ""
	Terms                   string // version
	Own                     string // terms of its own; ""
	Why                     string // why it cannot be chosen
}

// Confirmation is asked of a clinician every 90 days.
type Confirmation struct{ Ref, Title, Says string }

// StandingTerms are what everybody agrees to. Their version is in package
// registry and goes up with them.
func StandingTerms() []string {
	return []string{
		"use these records only for the purpose chosen above",
		"not try to identify anyone, unless you are responsible for their care",
		"keep what leaves this site on an approved system, and protect small numbers before anything is published",
	}
}

// TermKey names a standing term's tick box.
func TermKey(i int) string { return fmt.Sprintf("agree-%d", i+1) }
