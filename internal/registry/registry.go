// Package registry is everything that is not patient data: people, sessions,
// agreements, settings and the access record.
//
// It says what these things are and what is wrong with them (AgreementProblems),
// and Store is how they are kept. It makes no decision: whether a person may see
// something is worked out by policy from the evidence that is kept here, who may
// change it is for oversight, and signing in is for auth. Times are kept to the
// millisecond, in UTC; the zero time stands for “not yet” or “no end”.
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

// User is a person's account.
type User struct {
	ID       int64
	Name     string // for signing in: lower case, unique
	Display  string
	Role     policy.Role // of those who see records, what they mostly are: the agreement that they work under decides
	Disabled bool
	Demo     bool   // made by “webenable demo”; signs in over a synthetic release on loopback only
	Hash     string // of the password; "": there is none yet
	Columns  string // remembered explorer columns, joined by commas; "" for the default
}

// SeesRecords tells whether the account is one of those that are named on
// agreements.
func (u User) SeesRecords() bool { return u.Role == policy.Researcher || u.Role == policy.Clinician }

// Session is one signed-in browser. Only the hash of its token is kept.
type Session struct {
	TokenHash []byte
	UserID    int64
	Created   time.Time
	Seen      time.Time
	Address   string
	Device    string    // what the browser says it is, in a few words
	Factor    string    // how the person signed in: "password", "totp", "passkey", "oidc", "recovery", "link"
	Strong    time.Time // when a second factor was last given; zero: never
	Proved    time.Time // when any factor was last given, the password too
	Agreement string    // the purpose that was chosen; "" until then. A session belongs to one
	Terms     string    // version of the terms that were accepted with it
}

// Store keeps the registry. Methods are safe for concurrent use; what is not
// there gives an error of kind NotFound, what is there already Conflict.
type Store interface {
	audit.Recorder
	audit.Archive
	Agreements
	SignIns
	PasswordLinks
	Oversight
	Exports
	Tally
	Proposals
	Messages
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
	// ChoosePurpose takes a session over to another token, and to a purpose whose
	// terms were accepted at a moment; zero: they had been before.
	ChoosePurpose(ctx context.Context, tokenHash []byte, to Session, accepted time.Time) error
	// Accepted returns when a person last accepted a version of an agreement's terms;
	// zero: never.
	Accepted(ctx context.Context, user int64, agreement, terms string) (time.Time, error)
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
	// PurposesChosen counts, by agreement, how often it was chosen as the purpose of a
	// session, as the access record says.
	PurposesChosen(ctx context.Context) (map[string]int, error)
	AddCheckpoint(ctx context.Context, c audit.Signed) error // Conflict if there is one of as many entries
	Close() error
}

var nameText = regexp.MustCompile(`^[a-z0-9][a-z0-9.@_-]{1,62}[a-z0-9]$`)

// CheckUser returns the first of what is wrong with a new account.
func CheckUser(u User) error {
	if wrong := UserProblems(u); len(wrong) > 0 {
		return fault.New(fault.Invalid, "%s", wrong[0].Say)
	}
	return nil
}

// UserProblems says what is wrong with a new account, in words for an
// administrator.
func UserProblems(u User) []Problem {
	var out []Problem
	switch {
	case !oneLine(u.Display):
		out = append(out, Problem{"display", signs})
	case u.Display == "" || len(u.Display) > 100:
		out = append(out, Problem{"display", "Give the person’s name, at most 100 characters."})
	}
	if !nameText.MatchString(u.Name) {
		out = append(out, Problem{"account", "An account name has 3 to 64 small letters, digits, dots, dashes or @."})
	}
	if !slices.Contains(policy.Roles(), u.Role) {
		out = append(out, Problem{"role", "There is no such role; choose researcher, clinician, planner, data-manager, ig-lead or auditor."})
	}
	return out
}
