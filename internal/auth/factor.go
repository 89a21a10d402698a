package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

const (
	recent       = 5 * time.Minute  // how long a factor is good for changing factors
	enrolTime    = 15 * time.Minute // to finish what was begun
	codesAtOnce  = 10
	recoveryText = 24 // letters and digits of a recovery code: 120 bits
)

// Factors is what somebody can give beside the password.
type Factors struct {
	App      time.Time // when the authenticator app was added; zero: there is none
	Passkeys []registry.Passkey
	Recovery int // recovery codes that are left
}

// Any tells whether there is a second factor. Recovery codes are none: they stand
// in for one.
func (f Factors) Any() bool { return !f.App.IsZero() || len(f.Passkeys) > 0 }

// Factors returns what somebody has.
func (s *Service) Factors(ctx context.Context, u registry.User) (Factors, error) {
	var f Factors
	a, err := s.o.Store.App(ctx, u.ID)
	if err != nil && fault.Of(err) != fault.NotFound {
		return f, err
	}
	f.App = a.Added
	if f.Passkeys, err = s.o.Store.Passkeys(ctx, u.ID); err != nil {
		return f, err
	}
	f.Recovery, err = s.o.Store.RecoveryLeft(ctx, u.ID)
	return f, err
}

// Needed tells whether an account opens nothing without a second factor, whether
// it has one or not. Demo accounts, which work over synthetic data on one machine,
// need none.
func Needed(u registry.User) bool { return u.SeesRecords() && !u.Demo }

// mustGive tells whether somebody has to give a second factor: whoever may see
// records, and whoever has one.
func (s *Service) mustGive(ctx context.Context, u registry.User) (bool, error) {
	if Needed(u) || u.ID == 0 {
		return Needed(u), nil
	}
	f, err := s.Factors(ctx, u)
	return f.Any(), err
}

// Enough gives an error of kind Factor while a session waits for its second factor.
func (s *Service) Enough(ctx context.Context, u registry.User, x registry.Session) error {
	if !x.Strong.IsZero() {
		return nil
	}
	must, err := s.mustGive(ctx, u)
	if err == nil && must {
		err = fault.New(fault.Factor, "Give your second factor first.")
	}
	return err
}

// Recent gives an error of kind Factor unless the strongest factor that somebody
// has was given within five minutes. It is asked before factors are changed.
func (s *Service) Recent(ctx context.Context, u registry.User, x registry.Session) error {
	f, err := s.Factors(ctx, u)
	if err != nil {
		return err
	}
	last := x.Strong
	if !f.Any() {
		last = x.Proved
	}
	if s.o.Now().Sub(last) > recent {
		return fault.New(fault.Factor, "Say first that it is you: a factor must have been given within the last five minutes.")
	}
	return nil
}

// tell leaves a notice for somebody about their own account.
func (s *Service) tell(ctx context.Context, u registry.User, format string, args ...any) error {
	return s.o.Store.AddNotice(ctx, u.ID, s.o.Now(), fmt.Sprintf(format, args...))
}

// Notices are what somebody is to be told, the latest first.
func (s *Service) Notices(ctx context.Context, u registry.User) ([]registry.Notice, error) {
	return s.o.Store.Notices(ctx, u.ID)
}

// ReadNotices forgets those up to a number.
func (s *Service) ReadNotices(ctx context.Context, u registry.User, last int64) error {
	return s.o.Store.ReadNotices(ctx, u.ID, last)
}

// changing returns whose factors a session may change now.
func (s *Service) changing(ctx context.Context, token string) (registry.User, registry.Session, error) {
	u, x, err := s.Check(ctx, token)
	if err == nil {
		err = s.Recent(ctx, u, x)
	}
	if err == nil && s.sealer == nil {
		err = fault.New(fault.Unavailable, "Second factors cannot be set up on this site: it has no key to keep them under. Ask its administrator.")
	}
	return u, x, err
}

// changed puts a change of factors to the record and tells the person.
func (s *Service) changed(ctx context.Context, u registry.User, from From, kind, what string) error {
	e := s.event(kind, u, from)
	e.Question = what
	if err := s.o.Store.Record(ctx, e); err != nil {
		return err
	}
	words := map[string]string{"factor-added": "was added to your account", "factor-removed": "was taken off your account", "recovery-made": "for your account were made"}[kind]
	return s.tell(ctx, u, "%s %s, from %s.", strings.ToUpper(what[:1])+what[1:], words, from.Address)
}

// given takes a session over to a new token after a second factor.
func (s *Service) given(ctx context.Context, x registry.Session, factor string) (string, error) {
	return s.renew(ctx, x, func(x *registry.Session) {
		x.Factor, x.Strong, x.Proved = factor, s.o.Now(), s.o.Now()
	})
}

// removed takes a factor away if what is left is enough for the account.
func (s *Service) removed(ctx context.Context, u registry.User, left Factors, from From, what string, remove func() error) error {
	if !left.Any() && Needed(u) {
		return fault.New(fault.Conflict, "This is the only second factor of an account that needs one. Add another first.")
	}
	if err := s.changed(ctx, u, from, "factor-removed", what); err != nil {
		return err
	}
	if err := remove(); err != nil {
		return err
	}
	if !left.Any() {
		return s.o.Store.PutRecovery(ctx, u.ID, nil)
	}
	return nil
}

// NewRecovery replaces somebody's recovery codes; they are shown only now.
func (s *Service) NewRecovery(ctx context.Context, token string, from From) ([]string, error) {
	u, _, err := s.changing(ctx, token)
	if err != nil {
		return nil, err
	}
	f, err := s.Factors(ctx, u)
	if err != nil {
		return nil, err
	}
	if !f.Any() {
		return nil, fault.New(fault.Conflict, "Recovery codes stand in for a second factor. Add one first.")
	}
	if err := s.changed(ctx, u, from, "recovery-made", "recovery codes"); err != nil {
		return nil, err
	}
	return s.makeCodes(ctx, u)
}

// firstCodes makes recovery codes if there are none.
func (s *Service) firstCodes(ctx context.Context, u registry.User) ([]string, error) {
	if n, err := s.o.Store.RecoveryLeft(ctx, u.ID); err != nil || n > 0 {
		return nil, err
	}
	return s.makeCodes(ctx, u)
}

// recoveryLetters are those of RFC 4648 in small letters: no 0, 1, 8 or 9 to be
// taken for a letter.
func recoveryLetters() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

func (s *Service) makeCodes(ctx context.Context, u registry.User) ([]string, error) {
	codes, hashes := make([]string, codesAtOnce), make([][]byte, codesAtOnce)
	for i := range codes {
		raw, err := s.random(recoveryText * 5 / 8)
		if err != nil {
			return nil, err
		}
		text := recoveryLetters().EncodeToString(raw)
		codes[i], hashes[i] = inGroups(text, 6, "-"), recoveryHash(u.ID, text)
	}
	return codes, s.o.Store.PutRecovery(ctx, u.ID, hashes)
}

// recoveryHash is what is kept of a code. It has 120 random bits, so a plain hash
// gives it to nobody.
func recoveryHash(user int64, text string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "recovery code of %d: %s", user, text))
	return sum[:]
}

// squeeze takes away what people put between the signs of a code.
func squeeze(typed string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\t", "").Replace(strings.TrimSpace(typed)))
}

func factorLimit(u registry.User) limit {
	return limit{failureKey("factor", fmt.Sprint(u.ID)), freeTries}
}

// GiveCode takes a code of the app, or a recovery code, each once. The session
// goes on under the token that it returns.
func (s *Service) GiveCode(ctx context.Context, token, typed string, from From) (string, error) {
	u, x, err := s.Check(ctx, token)
	if err != nil {
		return "", err
	}
	select {
	case s.codes <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-s.codes }()
	ctx = context.WithoutCancel(ctx)
	if err := s.waits(ctx, factorLimit(u)); err != nil {
		return "", err
	}
	factor, err := s.takeCode(ctx, u, squeeze(typed))
	if err != nil {
		return "", s.refuseFactor(ctx, u, from, err)
	}
	return s.accepted(ctx, u, x, factor, from)
}

// takeCode uses a code up and says of what kind it is.
func (s *Service) takeCode(ctx context.Context, u registry.User, typed string) (string, error) {
	if len(typed) == recoveryText {
		return "recovery", s.o.Store.UseRecovery(ctx, u.ID, recoveryHash(u.ID, typed))
	}
	a, err := s.o.Store.App(ctx, u.ID)
	if err != nil {
		return "", err
	}
	if s.sealer == nil {
		return "", fault.New(fault.Unavailable, "Codes cannot be checked: the site has no key for them. Ask its administrator.")
	}
	secret, err := s.unseal(a.Secret, appFor(u.ID))
	if err != nil {
		return "", err
	}
	step, ok := matches(secret, typed, s.o.Now())
	if !ok {
		return "", fault.New(fault.NotFound, "There is no such code.")
	}
	return "totp", s.o.Store.UseStep(ctx, u.ID, step)
}

// refuseFactor counts and records a second factor that is not right; other errors
// it returns as they are.
func (s *Service) refuseFactor(ctx context.Context, u registry.User, from From, why error) error {
	if k := fault.Of(why); k != fault.NotFound && k != fault.Conflict {
		return why
	}
	if err := s.o.Store.NoteFailure(ctx, factorLimit(u).key, s.o.Now()); err != nil {
		return err
	}
	e := s.event("second-factor", u, from)
	e.Outcome = "refused"
	if err := s.o.Store.Record(ctx, e); err != nil {
		return err
	}
	return fault.New(fault.Denied, "That is not right, or it has been used already. A code of the app works once: wait for the next one.")
}

// accepted records a second factor and makes the session strong.
func (s *Service) accepted(ctx context.Context, u registry.User, x registry.Session, factor string, from From) (string, error) {
	e := s.event("second-factor", u, from)
	e.Question = map[string]string{"totp": "code of the authenticator app", "recovery": "recovery code", "passkey": "passkey"}[factor]
	if err := s.o.Store.Record(ctx, e); err != nil {
		return "", err
	}
	if factor == "recovery" {
		left, err := s.o.Store.RecoveryLeft(ctx, u.ID)
		if err == nil {
			err = s.tell(ctx, u, "A recovery code was used to sign in, from %s. %d are left.", from.Address, left)
		}
		if err != nil {
			return "", err
		}
	}
	if err := s.o.Store.ClearFailures(ctx, factorLimit(u).key); err != nil {
		return "", err
	}
	return s.given(ctx, x, factor)
}

// GivePassword takes the password again, of somebody who has no second factor yet
// and is about to add one.
func (s *Service) GivePassword(ctx context.Context, token, password string, from From) (string, error) {
	u, x, err := s.Check(ctx, token)
	if err != nil {
		return "", err
	}
	if _, _, err := s.proves(ctx, u.Name, password, from); err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	e := s.event("password-given", u, from)
	if err := s.o.Store.Record(ctx, e); err != nil {
		return "", err
	}
	return s.renew(ctx, x, func(x *registry.Session) { x.Proved = s.o.Now() })
}
