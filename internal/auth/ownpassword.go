package auth

import (
	"context"
	"crypto/subtle"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// Changing tells why somebody cannot change their own password now, like factors:
// an error of kind Factor says that they must first say that it is them. current
// tells whether the current password is asked for: not of whoever has just given a
// passkey, which is more, and lets a forgotten password be replaced.
func (s *Service) Changing(ctx context.Context, u registry.User, x registry.Session) (current bool, err error) {
	if err := s.Enough(ctx, u, x); err != nil {
		return false, err
	}
	if err := s.Recent(ctx, u, x); err != nil {
		return false, err
	}
	if u.Hash == "" {
		return false, fault.New(fault.Conflict, "This account has no password. Ask the information governance lead for a link by which you choose one.")
	}
	return x.Factor != "passkey", nil
}

// ChangePassword replaces somebody's own password. All their other sessions end;
// this one goes on under the token that it returns. A wrong current password gives
// an error of kind Denied and counts like one at sign-in.
func (s *Service) ChangePassword(ctx context.Context, token, current, password string, from From) (string, error) {
	u, x, err := s.Check(ctx, token)
	if err != nil {
		return "", err
	}
	asked, err := s.Changing(ctx, u, x)
	if err != nil {
		return "", err
	}
	if asked {
		if _, _, err := s.proves(ctx, u.Name, current, from); err != nil {
			return "", err
		}
		if subtle.ConstantTimeCompare([]byte(current), []byte(password)) == 1 {
			return "", fault.New(fault.Invalid, "That is your current password. Choose another.")
		}
	}
	ctx = context.WithoutCancel(ctx)
	kept, err := s.Hash(ctx, u, password)
	if err != nil {
		return "", err
	}
	fresh, err := s.newToken()
	if err != nil {
		return "", err
	}
	old := x.TokenHash
	x.TokenHash, x.Seen = hashToken(fresh), s.o.Now()
	if err := s.carry(ctx, s.event("password-changed", u, from), func() error { return s.o.Store.ChangePassword(ctx, old, x, kept) }); err != nil {
		return "", err
	}
	return fresh, s.tell(ctx, u, "Your password was changed, from %s. You were signed out everywhere else.", from.Address)
}
