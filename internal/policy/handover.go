package policy

import (
	"time"

	"webenablehes/internal/fault"
)

// Owner is the role of an Access that Handover made. It is no role of an
// account: New refuses it and Roles does not list it, so nobody can sign in
// with it.
const Owner Role = "data-owner"

// handoverLasts is how long a handover may take, so that an Access that is kept
// by mistake is soon worth nothing. A release of 130 million rows takes minutes.
const handoverLasts = 24 * time.Hour

// Handover makes the Access under which columns of one release are written to
// a file for whoever owns the machine. Who may read the data folder may read
// the data; what this adds is that the file is made through the door and leaves
// a record. Only the command line makes one, which a law of the project checks.
//
// account names the person as the access record will, release is the release's
// id, and columns are the headings of the file and the fields that its rows are
// chosen by, as package dump spells them. The person key and identifying fields
// are among them only if they are named. The Access opens no page: it sees no
// rows, covers no field there, and Narrow refuses every question.
func Handover(account, release string, columns []string, now time.Time) (Access, error) {
	switch {
	case account == "":
		return Access{}, fault.New(fault.Denied, "Data are handed out to a named system user only, and yours could not be found out.")
	case release == "":
		return Access{}, fault.New(fault.Invalid, "Name the release that is handed out.")
	case len(columns) == 0:
		return Access{}, fault.New(fault.Invalid, "Name the columns that are handed out.")
	}
	a := Access{role: Owner, account: account, release: release, until: now.Add(handoverLasts), counts: Rules()[0], fields: make(map[string]bool, len(columns))}
	for _, c := range columns {
		a.fields[c] = true
	}
	return a, nil
}

// Hands checks that the access hands out a release and every one of the columns,
// fields that rows are chosen by included. Every Access that Handover did not
// make is refused. The error is of kind Denied.
func (a Access) Hands(release string, columns []string, now time.Time) error {
	switch {
	case a.role == "":
		return fault.New(fault.SignIn, "Sign in first.")
	case a.role != Owner:
		return fault.New(fault.Denied, "This account is handed no files. Data are handed out on the command line of the machine that holds them.")
	case release != a.release:
		return fault.New(fault.Denied, "This handover is for another release than the one that is open.")
	case !now.Before(a.until):
		return fault.New(fault.Denied, "This handover has lapsed. Give the command again.")
	}
	for _, c := range columns {
		if !a.fields[c] {
			return fault.New(fault.Denied, "The column %s was not named for this handover.", c)
		}
	}
	return nil
}
