// Package auth signs people in and keeps them signed in: argon2id passwords,
// sessions of which only the token's hash is kept, and slowing instead of
// locking. It knows no HTTP.
//
// An unknown account, a wrong password and a closed account give the same
// answer after the same work. After five refusals within a day an account, or a
// network address, must wait before the next try, each time twice as long, up
// to fifteen minutes; nobody is locked out for good. Each sign-in, refusal and
// sign-out is an event in the access record, and without the event there is no
// sign-in.
package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// Options are what a Service is made of; zero times take the defaults.
type Options struct {
	Store    registry.Store
	Now      func() time.Time
	Random   io.Reader
	Cost     Cost
	Idle     time.Duration // a session ends after this without use; 0: 15 minutes
	Absolute time.Duration // and after this in any case; 0: 12 hours
}

// Service signs people in. It is safe for concurrent use.
type Service struct {
	o     Options
	slots chan struct{} // how many hashes are computed at once: each takes 64 MiB
	dummy string        // a hash to compare with when there is no account
}

// New makes a service.
func New(o Options) (*Service, error) {
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost()
	}
	if o.Idle == 0 {
		o.Idle = 15 * time.Minute
	}
	if o.Absolute == 0 {
		o.Absolute = 12 * time.Hour
	}
	dummy, err := hash("no account has this password", o.Cost, o.Random)
	return &Service{o: o, slots: make(chan struct{}, 2), dummy: dummy}, err
}

// Hash checks a new password and returns what is stored for it.
func (s *Service) Hash(name, password string) (string, error) {
	if err := CheckPassword(name, password); err != nil {
		return "", err
	}
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	return hash(password, s.o.Cost, s.o.Random)
}

const (
	freeTries = 5
	longest   = 15 * time.Minute
)

// wait returns how long a key must still wait before the next try.
func (s *Service) wait(ctx context.Context, key string) (time.Duration, error) {
	now := s.o.Now()
	n, last, err := s.o.Store.Failures(ctx, key, now.Add(-24*time.Hour))
	if err != nil || n < freeTries {
		return 0, err
	}
	delay := min(longest, time.Second<<min(n-freeTries, 20))
	return last.Add(delay).Sub(now), nil
}

// failureKey names what failures are counted under. It is short on purpose: the
// name that was typed may be a password, and four bytes of a hash give it to
// nobody, while two names that meet by chance only wait together.
func failureKey(kind, text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s %x", kind, sum[:4])
}

// SignIn checks a name and a password and starts a session. It returns the
// session's token, which is nowhere kept.
func (s *Service) SignIn(ctx context.Context, name, password, address, request string) (token string, u registry.User, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	keys := [...]string{failureKey("account", name), failureKey("address", address)}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return "", u, ctx.Err()
	}
	// The slot is kept until a refusal is noted: a thousand tries at once would
	// otherwise all pass the wait before the first of them counted. And whoever
	// hangs up early is counted all the same.
	defer func() { <-s.slots }()
	ctx = context.WithoutCancel(ctx)
	for _, key := range keys {
		left, err := s.wait(ctx, key)
		if err != nil {
			return "", u, err
		}
		if left > 0 {
			return "", u, fault.New(fault.Limited, "Too many tries. Wait %d seconds and try again.", int((left+time.Second-1)/time.Second))
		}
	}
	u, err = s.o.Store.UserByName(ctx, name)
	known := err == nil
	if err != nil && fault.Of(err) != fault.NotFound {
		return "", u, err
	}
	stored := s.dummy
	if known {
		stored = u.Hash
	}
	ok, cost, err := verify(password, stored)
	if err != nil {
		return "", u, err
	}
	event := audit.Event{At: s.o.Now(), Kind: "sign-in", Actor: name, Role: string(u.Role), Outcome: "done", Address: address, Request: request}
	if !ok || !known || u.Disabled {
		for _, key := range keys {
			if err := s.o.Store.NoteFailure(ctx, key, s.o.Now()); err != nil {
				return "", u, err
			}
		}
		event.Outcome, event.Role = "refused", ""
		if !known {
			event.Actor = "unknown account" // what was typed may be a password
		}
		if err := s.o.Store.Record(ctx, event); err != nil {
			return "", u, err
		}
		return "", registry.User{}, fault.New(fault.Denied, "The name or the password is not right.")
	}
	if err := s.o.Store.Record(ctx, event); err != nil {
		return "", u, err
	}
	if err := s.o.Store.ClearFailures(ctx, keys[0]); err != nil {
		return "", u, err
	}
	if cost != s.o.Cost { // made when hashing cost something else
		if fresh, err := hash(password, s.o.Cost, s.o.Random); err == nil {
			if err := s.o.Store.SetPassword(ctx, u.ID, fresh); err != nil {
				return "", u, err
			}
		}
	}
	if token, err = s.newToken(); err != nil {
		return "", u, err
	}
	now := s.o.Now()
	return token, u, s.o.Store.AddSession(ctx, registry.Session{TokenHash: hashToken(token), UserID: u.ID, Created: now, Seen: now, Address: address, Factor: "password"})
}

func (s *Service) newToken() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.o.Random, raw); err != nil {
		return "", fmt.Errorf("make session: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
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
	if now.Sub(x.Seen) >= s.o.Idle || now.Sub(x.Created) >= s.o.Absolute {
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

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, token, address, request string) error {
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
	return s.o.Store.Record(ctx, audit.Event{At: s.o.Now(), Kind: "sign-out", Actor: u.Name, Role: string(u.Role), Outcome: "done", Address: address, Request: request})
}
