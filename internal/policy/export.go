package policy

import (
	"slices"

	"webenablehes/internal/fault"
)

// Export is a kind of file that leaves the site.
type Export string

// The kinds.
const (
	Records Export = "records" // a line for each episode, spell or patient; a second person lets it out
	Tables  Export = "tables"  // counts under the rule for small numbers
)

// MayExport refuses whoever may not ask for a file of a kind. The error is of
// kind Denied. What a file holds is checked by Narrow like any question.
func (a Access) MayExport(kind Export) error {
	switch {
	case a.role == "":
		return fault.New(fault.SignIn, "Sign in first.")
	case !a.SeesRows():
		return fault.New(fault.Denied, "This account does not see records, so there is no file of them.")
	case a.role == Clinician:
		return fault.New(fault.Denied, "Clinical teams see their patients here and take no files away.")
	case !slices.Contains(a.exports, kind):
		return fault.New(fault.Denied, "Agreement %s allows no files of %s. %s", a.agreement, kind, askLead)
	}
	return nil
}

// ForFile returns the access under which a file of counts is made: small numbers
// that leave the site are protected also for those who see the records
// themselves.
func (a Access) ForFile() Access {
	a.counts = a.inFiles
	return a
}
