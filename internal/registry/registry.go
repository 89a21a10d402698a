// Package registry is everything that is not patient data: people, sessions,
// agreements, settings and the access record.
package registry

import (
	"context"
	"regexp"
	"slices"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// Agreement is the basis on which people see records.
type Agreement struct {
	Ref         string // "DSA-2041"
	Title       string // "Psoriasis pathways study"
	From, Until time.Time
	Years       []string // FYEAR values that it covers
	Fields      []string // fields beyond the ordinary ones that it lists
	Provider    string   // clinical teams only: PROCODE3
	Specialties []string // clinical teams only
}

// User is a person's account.
type User struct {
	ID        int64
	Name      string // for signing in: lower case, unique
	Display   string
	Role      policy.Role
	Agreement string // Ref; researchers and clinicians only
	Disabled  bool
	Demo      bool // made by “webenable demo”; signs in over a synthetic release on loopback only
	Hash      string
	Columns   string // remembered explorer columns, joined by commas; "" for the default
}

// Session is one signed-in browser. Only the hash of its token is kept.
type Session struct {
	TokenHash []byte
	UserID    int64
	Created   time.Time
	Seen      time.Time
	Address   string
}

// Store keeps the registry. Methods are safe for concurrent use; what is not
// there gives an error of kind NotFound, what is there already Conflict.
type Store interface {
	audit.Recorder
	AddAgreement(ctx context.Context, a Agreement) error
	Agreement(ctx context.Context, ref string) (Agreement, error)
	Agreements(ctx context.Context) ([]Agreement, error)
	AddUser(ctx context.Context, u User) error
	User(ctx context.Context, id int64) (User, error)
	UserByName(ctx context.Context, name string) (User, error)
	Users(ctx context.Context) ([]User, error)
	SetPassword(ctx context.Context, id int64, hash string) error // ends the person's sessions
	SetDisabled(ctx context.Context, id int64, disabled bool) error
	SetColumns(ctx context.Context, id int64, columns string) error
	AddSession(ctx context.Context, s Session) error
	Session(ctx context.Context, tokenHash []byte) (Session, error)
	TouchSession(ctx context.Context, tokenHash []byte, seen time.Time) error
	EndSession(ctx context.Context, tokenHash []byte) error
	// NoteFailure remembers a refused sign-in under a key; Failures counts those
	// since a moment and gives the last.
	NoteFailure(ctx context.Context, key string, at time.Time) error
	Failures(ctx context.Context, key string, since time.Time) (n int, last time.Time, err error)
	ClearFailures(ctx context.Context, key string) error
	// SettingOnce keeps a value under a name unless there is one, and returns
	// what is kept.
	SettingOnce(ctx context.Context, name string, value []byte) ([]byte, error)
	// Entries calls visit for the access record's entries from a number on, in
	// order, until it returns false.
	Entries(ctx context.Context, from int64, visit func(audit.Entry) bool) error
	Close() error
}

var nameText = regexp.MustCompile(`^[a-z0-9][a-z0-9.@_-]{1,62}[a-z0-9]$`)

// CheckUser says what is wrong with a new account, in words for an administrator.
func CheckUser(u User, a *Agreement) error {
	switch {
	case !nameText.MatchString(u.Name):
		return fault.New(fault.Invalid, "An account name has 3 to 64 small letters, digits, dots, dashes or @.")
	case u.Display == "" || len(u.Display) > 100:
		return fault.New(fault.Invalid, "Give the person's name, at most 100 characters.")
	case !slices.Contains(policy.Roles(), u.Role):
		return fault.New(fault.Invalid, "There is no such role; choose researcher, clinician, planner, data-manager, ig-lead or auditor.")
	}
	rows := u.Role == policy.Researcher || u.Role == policy.Clinician
	switch {
	case rows && a == nil:
		return fault.New(fault.Invalid, "A %s must be named on an agreement: add it with “webenable agreement add” and name it with --agreement.", u.Role)
	case !rows && a != nil:
		return fault.New(fault.Invalid, "A %s sees no records and is named on no agreement.", u.Role)
	case u.Role == policy.Clinician && (a.Provider == "" || len(a.Specialties) == 0):
		return fault.New(fault.Invalid, "Agreement %s names no provider and specialty, so it cannot be a clinician's.", a.Ref)
	}
	return nil
}

// Evidence returns what an Access is made from.
func Evidence(u User, a Agreement) policy.Evidence {
	return policy.Evidence{Account: u.Name, Role: u.Role, Agreement: a.Ref, Title: a.Title, From: a.From, Until: a.Until,
		Years: a.Years, Fields: a.Fields, Provider: a.Provider, Specialties: a.Specialties}
}
