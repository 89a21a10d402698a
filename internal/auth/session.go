package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// maxSessions is how many browsers a person may be signed in with.
const maxSessions = 5

func (s *Service) newToken() (string, error) {
	raw, err := s.random(32)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func (s *Service) random(n int) ([]byte, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(s.o.Random, raw); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return raw, nil
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// begin starts a session. The oldest ends if there are too many.
func (s *Service) begin(ctx context.Context, u registry.User, from From, factor string, strong bool) (string, error) {
	token, err := s.newToken()
	if err != nil {
		return "", err
	}
	now := s.o.Now()
	x := registry.Session{TokenHash: hashToken(token), UserID: u.ID, Created: now, Seen: now, Proved: now, Address: from.Address, Device: from.Device, Factor: factor}
	if strong {
		x.Strong = now
	}
	if err := s.o.Store.AddSession(ctx, x); err != nil {
		return "", err
	}
	ended, err := s.o.Store.TrimSessions(ctx, u.ID, now.Add(-s.o.Idle), maxSessions)
	if err != nil || ended == 0 {
		return token, err
	}
	e := s.event("session-ended", u, from)
	e.Question = "the oldest, because there were more than five"
	return token, s.o.Store.Record(ctx, e)
}

// renew takes a session over to a new token, with changes; the old one opens
// nothing any more.
func (s *Service) renew(ctx context.Context, x registry.Session, change func(*registry.Session)) (string, error) {
	fresh, err := s.newToken()
	if err != nil {
		return "", err
	}
	old := x.TokenHash
	x.TokenHash, x.Seen = hashToken(fresh), s.o.Now()
	change(&x)
	return fresh, s.o.Store.ReplaceSession(ctx, old, x)
}

// Check returns a token's session and who it belongs to. A session that is
// unknown, ended, unused for too long or too old gives an error of kind SignIn.
func (s *Service) Check(ctx context.Context, token string) (registry.User, registry.Session, error) {
	u, x, err := s.check(ctx, token)
	if err != nil {
		return registry.User{}, registry.Session{}, err
	}
	return u, x, nil
}

func (s *Service) check(ctx context.Context, token string) (registry.User, registry.Session, error) {
	var u registry.User
	var x registry.Session
	out := fault.New(fault.SignIn, "Sign in to go on.")
	if token == "" {
		return u, x, out
	}
	h := hashToken(token)
	var err error
	x, err = s.o.Store.Session(ctx, h)
	if fault.Of(err) == fault.NotFound {
		return u, x, out
	}
	if err != nil {
		return u, x, err
	}
	now := s.o.Now()
	if s.over(x) {
		if err := s.o.Store.EndSession(ctx, h); err != nil && fault.Of(err) != fault.NotFound {
			return u, x, err
		}
		return u, x, fault.New(fault.SignIn, "You have been signed out because the page was not used for a while. Sign in to go on.")
	}
	u, err = s.o.Store.User(ctx, x.UserID)
	if err != nil {
		return u, x, err
	}
	if u.Disabled {
		return u, x, out
	}
	if now.Sub(x.Seen) >= time.Minute {
		if err := s.o.Store.TouchSession(ctx, h, now); err != nil && fault.Of(err) != fault.NotFound {
			return u, x, err
		}
	}
	return u, x, nil
}

// over tells whether a session is unused for too long, or too old.
func (s *Service) over(x registry.Session) bool {
	now := s.o.Now()
	return now.Sub(x.Seen) >= s.o.Idle || now.Sub(x.Created) >= s.o.Absolute
}

// OpenSessions returns how many sessions are not over.
func (s *Service) OpenSessions(ctx context.Context) (int, error) {
	now := s.o.Now()
	return s.o.Store.CountSessions(ctx, now.Add(-s.o.Idle), now.Add(-s.o.Absolute))
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token string, from From) error {
	u, _, err := s.Check(ctx, token)
	if fault.Of(err) == fault.SignIn {
		return nil // nobody is signed in: nothing to end
	}
	if err != nil {
		return err
	}
	if err := s.o.Store.EndSession(ctx, hashToken(token)); err != nil {
		return err
	}
	return s.o.Store.Record(ctx, s.event("sign-out", u, from))
}

// Device is a browser that a person is signed in with.
type Device struct {
	ID            string // names it on its owner's page, and opens nothing
	Name, Address string
	Factor        string
	Begun, Seen   time.Time
	This          bool // it is the one that asks
}

func deviceID(x registry.Session) string { return hex.EncodeToString(x.TokenHash[:12]) }

// Devices are the browsers that somebody is signed in with, the last used first.
func (s *Service) Devices(ctx context.Context, u registry.User, this registry.Session) ([]Device, error) {
	all, err := s.o.Store.Sessions(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, x := range all {
		if !s.over(x) {
			out = append(out, Device{ID: deviceID(x), Name: x.Device, Address: x.Address, Factor: x.Factor, Begun: x.Created, Seen: x.Seen, This: bytes.Equal(x.TokenHash, this.TokenHash)})
		}
	}
	return out, nil
}

// EndDevice ends one of somebody's own sessions.
func (s *Service) EndDevice(ctx context.Context, u registry.User, id string, from From) error {
	all, err := s.o.Store.Sessions(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, x := range all {
		if deviceID(x) != id {
			continue
		}
		if err := s.o.Store.EndSession(ctx, x.TokenHash); err != nil && fault.Of(err) != fault.NotFound {
			return err
		}
		e := s.event("session-ended", u, from)
		e.Question = "one, by its owner"
		return s.o.Store.Record(ctx, e)
	}
	return fault.New(fault.Gone, "That session has ended already.")
}

// EndOtherDevices ends all of somebody's sessions but the one that asks.
func (s *Service) EndOtherDevices(ctx context.Context, u registry.User, this registry.Session, from From) error {
	if _, err := s.o.Store.EndSessionsBut(ctx, u.ID, this.TokenHash); err != nil {
		return err
	}
	e := s.event("session-ended", u, from)
	e.Question = "all others, by their owner"
	return s.o.Store.Record(ctx, e)
}
