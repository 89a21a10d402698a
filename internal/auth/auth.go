// Package auth signs people in and keeps them signed in: argon2id passwords,
// second factors, sessions of which only the token's hash is kept, and slowing
// instead of locking. It knows no HTTP.
//
// Whoever may see records, and whoever has a second factor, gets nowhere without
// giving it (Enough). Changing factors or the password needs one given within
// five minutes (Recent). An account begins without a password, which its owner
// chooses by a link that works once.
//
// An unknown account, a wrong password, a closed account and one that has no
// password yet give the same answer after the same work. After five refusals
// within a day of an account from one network address, whoever tries it from
// there must wait before the next try, each time twice as long, up to fifteen
// minutes. So must everybody after a hundred from one address, whatever the
// accounts, and after a hundred and twenty of one account, wherever from: more
// than somebody at one address can make in a day. So nobody is locked out of an
// account by another's guesses from elsewhere, nor a hospital behind one address
// by a few mistakes. A passkey is not guessed, and one that is right never waits.
// Each sign-in, refusal and sign-out is an event in the access record, and
// without the event there is no sign-in.
package auth

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Options are what a Service is made of; zero times take the defaults.
type Options struct {
	Store    registry.Store
	Now      func() time.Time
	Random   io.Reader
	Cost     Cost
	Key      []byte        // of 32 bytes, kept outside the registry: secrets of second factors are sealed under it; nil: there are none
	Origin   string        // the site's own address, such as https://hes.example.org, for passkeys; "": there are none
	Idle     time.Duration // a session ends after this without use; 0: 15 minutes
	Absolute time.Duration // and after this in any case; 0: 12 hours
	Small    policy.Rule   // for small numbers; zero: the first of policy.Rules
}

// Service signs people in. It is safe for concurrent use.
type Service struct {
	o      Options
	slots  chan struct{} // how many hashes are computed at once: each takes 64 MiB
	codes  chan struct{} // one code at a time is looked at, so that a burst is slowed
	dummy  string        // a hash to compare with when there is no account
	leaked leaked
	sealer cipher.AEAD // nil without a key

	passkeys *webauthn.WebAuthn // nil without an address
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
	s := &Service{o: o, slots: make(chan struct{}, 2), codes: make(chan struct{}, 1)}
	var err error
	if s.dummy, err = hash("no account has this password", o.Cost, o.Random); err != nil {
		return nil, err
	}
	if s.leaked, err = readLeaked(); err != nil {
		return nil, err
	}
	if o.Key != nil {
		if s.sealer, err = newSealer(o.Key); err != nil {
			return nil, err
		}
	}
	if o.Origin != "" {
		s.passkeys, err = newPasskeys(o.Origin)
	}
	return s, err
}

// Hash checks a new password of an account and returns what is stored for it.
func (s *Service) Hash(ctx context.Context, u registry.User, password string) (string, error) {
	factor, err := s.mustGive(ctx, u)
	if err != nil {
		return "", err
	}
	if err := s.CheckPassword(u.Name, password, factor); err != nil {
		return "", err
	}
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	return hash(password, s.o.Cost, s.o.Random)
}

const (
	freeTries   = 5   // of an account from one address, and of second factors
	freeAddress = 100 // from one address: a hospital may be behind it
	freeAccount = 120 // of an account: whoever waits 15 minutes each time makes 110 in the first day and 96 in each other
	longest     = 15 * time.Minute
)

// limit is something that refusals are counted under, and how many are free.
type limit struct {
	key  string
	free int
}

func addressLimit(from From) limit {
	return limit{failureKey("address", network(from.Address)), freeAddress}
}

// network is the address that refusals count for: of the new form of addresses the
// half that names the network, for whoever is in it chooses the other half.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || !a.Is6() {
		return address
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

// wait returns how long must still be waited before the next try.
func (s *Service) wait(ctx context.Context, l limit) (time.Duration, error) {
	now := s.o.Now()
	n, last, err := s.o.Store.Failures(ctx, l.key, now.Add(-24*time.Hour))
	if err != nil || n < l.free {
		return 0, err
	}
	delay := min(longest, time.Second<<min(n-l.free, 20))
	return last.Add(delay).Sub(now), nil
}

// waits refuses a try that comes too soon after refusals.
func (s *Service) waits(ctx context.Context, limits ...limit) error {
	for _, l := range limits {
		left, err := s.wait(ctx, l)
		if err != nil {
			return err
		}
		if left > 0 {
			return fault.New(fault.Limited, "Too many tries. Wait %d seconds and try again.", int((left+time.Second-1)/time.Second))
		}
	}
	return nil
}

// failureKey names what failures are counted under. It is short on purpose: the
// name that was typed may be a password, and four bytes of a hash give it to
// nobody, while two names that meet by chance only wait together.
func failureKey(kind, text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s %x", kind, sum[:4])
}

// From is where a request comes from.
type From struct {
	Address string // network address
	Request string // id
	Device  string // what the browser says it is, in a few words
}

// event is what somebody did, for the access record.
func (s *Service) event(kind string, u registry.User, from From) audit.Event {
	return audit.Event{At: s.o.Now(), Kind: kind, Actor: u.Name, Role: string(u.Role), Outcome: "done", Address: from.Address, Request: from.Request}
}

// SignIn checks a name and a password and starts a session. It returns the
// session's token, which is nowhere kept.
func (s *Service) SignIn(ctx context.Context, name, password string, from From) (token string, u registry.User, err error) {
	// Whoever hangs up early is counted all the same.
	u, tries, err := s.proves(ctx, strings.ToLower(strings.TrimSpace(name)), password, from)
	if err != nil {
		return "", registry.User{}, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.o.Store.Record(ctx, s.event("sign-in", u, from)); err != nil {
		return "", registry.User{}, err
	}
	if tries >= freeTries {
		if err := s.tell(ctx, u, "%d wrong passwords were tried for your account before you signed in. If that was not you, change your password.", tries); err != nil {
			return "", registry.User{}, err
		}
	}
	token, err = s.begin(ctx, u, from, "password", false)
	return token, u, err
}

// proves checks a password. It is the one place that does: it waits after
// refusals, does the same work for accounts that there are and are not, and puts
// each refusal to the record. tries is how many came before.
func (s *Service) proves(ctx context.Context, name, password string, from From) (u registry.User, tries int, err error) {
	account := limit{failureKey("account", name), freeAccount}
	here := limit{failureKey("account at", name+" "+network(from.Address)), freeTries}
	limits := [...]limit{account, here, addressLimit(from)}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return u, 0, ctx.Err()
	}
	// The slot is kept until a refusal is noted: a thousand tries at once would
	// otherwise all pass the wait before the first of them counted.
	defer func() { <-s.slots }()
	ctx = context.WithoutCancel(ctx)
	if err := s.waits(ctx, limits[:]...); err != nil {
		return u, 0, err
	}
	u, err = s.o.Store.UserByName(ctx, name)
	known := err == nil
	if err != nil && fault.Of(err) != fault.NotFound {
		return u, 0, err
	}
	stored := s.dummy
	if known && u.Hash != "" {
		stored = u.Hash
	}
	ok, cost, err := verify(password, stored)
	if err != nil {
		return u, 0, err
	}
	if !ok || !known || u.Disabled || u.Hash == "" {
		for _, l := range limits {
			if err := s.o.Store.NoteFailure(ctx, l.key, s.o.Now()); err != nil {
				return u, 0, err
			}
		}
		if !known {
			name = "unknown account" // what was typed may be a password
		}
		event := s.event("sign-in", registry.User{Name: name}, from)
		event.Outcome = "refused"
		if err := s.o.Store.Record(ctx, event); err != nil {
			return u, 0, err
		}
		return registry.User{}, 0, fault.New(fault.Denied, "The name or the password is not right.")
	}
	if tries, _, err = s.o.Store.Failures(ctx, account.key, s.o.Now().Add(-24*time.Hour)); err != nil {
		return u, 0, err
	}
	for _, l := range [...]limit{account, here} {
		if err := s.o.Store.ClearFailures(ctx, l.key); err != nil {
			return u, 0, err
		}
	}
	if cost != s.o.Cost { // made when hashing cost something else
		if fresh, err := hash(password, s.o.Cost, s.o.Random); err == nil {
			if err := s.o.Store.SetPassword(ctx, u.ID, fresh); err != nil {
				return u, 0, err
			}
		}
	}
	return u, tries, nil
}
