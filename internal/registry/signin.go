package registry

import (
	"context"
	"time"
)

// App is a person's authenticator app: the secret that it shares with the site,
// sealed under a key that is not in the registry.
type App struct {
	UserID   int64
	Secret   []byte
	Added    time.Time
	LastStep int64 // of the last code that was taken; it and those before it are used up
}

// Passkey is a key pair of which the site has the public half.
type Passkey struct {
	ID         []byte // credential id
	UserID     int64
	Name       string // that its owner gave it
	Credential []byte // as JSON: public key, flags, counter
	Added      time.Time
	Used       time.Time // zero: never
}

// Pending is something that was begun and must be finished soon, once: a
// challenge of a passkey, a sign-in that has gone to another service.
type Pending struct {
	ID     []byte // hash of what the browser holds
	Kind   string
	UserID int64 // 0: nobody is known yet
	Body   []byte
	Until  time.Time
}

// Link says that whoever another service knows as a subject has an account here.
type Link struct {
	Issuer, Subject string
	UserID          int64
	Added           time.Time
}

// Notice is something that a person is told about their own account.
type Notice struct {
	ID   int64
	At   time.Time
	What string
}

// SignIns keeps what people sign in with besides a password, and their sessions
// as a list.
type SignIns interface {
	// PutApp keeps an authenticator app in place of the one before.
	PutApp(ctx context.Context, a App) error
	App(ctx context.Context, user int64) (App, error)
	RemoveApp(ctx context.Context, user int64) error
	// UseStep takes a time step of the app unless it, or a later one, was taken
	// before: then it gives an error of kind Conflict.
	UseStep(ctx context.Context, user, step int64) error
	// PutRecovery replaces a person's recovery codes, of which only hashes are kept.
	PutRecovery(ctx context.Context, user int64, hashes [][]byte) error
	// UseRecovery takes a code away; one that is not there gives NotFound.
	UseRecovery(ctx context.Context, user int64, hash []byte) error
	RecoveryLeft(ctx context.Context, user int64) (int, error)
	AddPasskey(ctx context.Context, p Passkey) error
	Passkeys(ctx context.Context, user int64) ([]Passkey, error)
	// UsePasskey notes a use and what the credential is after it, if it is still
	// what it was before.
	UsePasskey(ctx context.Context, id, before, after []byte, at time.Time) error
	RemovePasskey(ctx context.Context, user int64, id []byte) error
	// Handle returns the random bytes by which a passkey names its owner, keeping
	// fresh ones if there are none.
	Handle(ctx context.Context, user int64, fresh []byte) ([]byte, error)
	UserByHandle(ctx context.Context, handle []byte) (User, error)
	// PutPending keeps something that was begun, in place of one of the same id,
	// and forgets what is past its time; too many at once give Limited.
	PutPending(ctx context.Context, p Pending, now time.Time) error
	Pending(ctx context.Context, id []byte, kind string, now time.Time) (Pending, error)
	// TakePending returns it for the only time.
	TakePending(ctx context.Context, id []byte, kind string, now time.Time) (Pending, error)
	// ForgetFactors takes the app, the passkeys and the recovery codes off an account
	// and ends its sessions.
	ForgetFactors(ctx context.Context, user int64) error
	AddLink(ctx context.Context, l Link) error
	RemoveLinks(ctx context.Context, user int64) error
	UserByLink(ctx context.Context, issuer, subject string) (User, error)
	AddNotice(ctx context.Context, user int64, at time.Time, what string) error
	Notices(ctx context.Context, user int64) ([]Notice, error)
	// ReadNotices forgets a person's notices up to a number.
	ReadNotices(ctx context.Context, user, last int64) error
	Sessions(ctx context.Context, user int64) ([]Session, error)
	// ReplaceSession takes a session over to another token.
	ReplaceSession(ctx context.Context, tokenHash []byte, to Session) error
	// TrimSessions ends a person's sessions that were not used since a moment, and
	// of the others all but the newest; it returns how many of those it ended.
	TrimSessions(ctx context.Context, user int64, since time.Time, keep int) (int, error)
	// EndSessionsBut ends all of a person's sessions but one.
	EndSessionsBut(ctx context.Context, user int64, tokenHash []byte) (int, error)
}
