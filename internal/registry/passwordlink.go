package registry

import (
	"context"
	"time"
)

// PasswordLink lets whoever holds it choose the password of one account, once.
type PasswordLink struct {
	UserID int64
	Hash   []byte // of what is in the link, which is kept nowhere
	First  bool   // there is no password yet; else one is to be replaced
	Made   time.Time
	Until  time.Time
	Used   time.Time // zero: not yet
}

// PasswordLinks keeps the links by which people choose their passwords. An account
// has one at a time, and none once it is closed or its password is set otherwise.
type PasswordLinks interface {
	// AddInvited keeps a new account, which has no password, and the link to choose
	// one: both or neither. The link's UserID is the new account's.
	AddInvited(ctx context.Context, u User, l PasswordLink) error
	// PutPasswordLink keeps a link in place of the one before.
	PutPasswordLink(ctx context.Context, l PasswordLink) error
	PasswordLink(ctx context.Context, hash []byte) (PasswordLink, error)
	PasswordLinkOf(ctx context.Context, user int64) (PasswordLink, error)
	// UsePasswordLink uses a link up, keeps the password's hash and ends the person's
	// sessions. Of many who come with one link, one gets it; whoever comes with one
	// that is used, past its time or of a closed account gets an error of kind Conflict.
	UsePasswordLink(ctx context.Context, link []byte, password string, at time.Time) error
	// ChangePassword keeps the password's hash, puts a person's session in place of
	// another and ends all others.
	ChangePassword(ctx context.Context, tokenHash []byte, to Session, password string) error
}
