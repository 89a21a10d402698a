package auth

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// What a passkey is asked for. A challenge for one opens nothing else.
const (
	toAdd    = "passkey-add"
	toSignIn = "passkey-sign-in"
	toGive   = "passkey-give"
)

// Ceremony is a challenge for a browser, which sends its id back with the answer.
type Ceremony struct {
	ID      string
	Options json.RawMessage // as navigator.credentials takes it, bytes in base64url
}

// newPasskeys says for which site passkeys are: they work at its address only.
func newPasskeys(origin string) (*webauthn.WebAuthn, error) {
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" || at.Path != "" {
		return nil, fault.New(fault.Invalid, "Write the site’s address as https://hes.example.org, without a path.")
	}
	yes := true
	w, err := webauthn.New(&webauthn.Config{RPID: at.Hostname(), RPDisplayName: "WebEnable HES", RPOrigins: []string{origin}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{RequireResidentKey: &yes, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	return w, nil
}

// HasPasskeys tells whether the site knows its own address, which passkeys need.
func (s *Service) HasPasskeys() bool { return s.passkeys != nil }

// owner is somebody as the library wants them.
type owner struct {
	registry.User
	handle []byte
	kept   []registry.Passkey
}

func (o owner) WebAuthnID() []byte          { return o.handle }
func (o owner) WebAuthnName() string        { return o.Name }
func (o owner) WebAuthnDisplayName() string { return o.Display }
func (o owner) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for _, p := range o.kept {
		var c webauthn.Credential
		if json.Unmarshal(p.Credential, &c) == nil {
			out = append(out, c)
		}
	}
	return out
}

func (s *Service) owner(ctx context.Context, u registry.User) (owner, error) {
	if s.passkeys == nil {
		return owner{}, fault.New(fault.Unavailable, "Passkeys are not set up on this site. Ask its administrator.")
	}
	fresh, err := s.random(32)
	if err != nil {
		return owner{}, err
	}
	o := owner{User: u}
	if o.handle, err = s.o.Store.Handle(ctx, u.ID, fresh); err != nil {
		return owner{}, err
	}
	o.kept, err = s.o.Store.Passkeys(ctx, u.ID)
	return o, err
}

// challenge keeps what the answer will be checked against.
func (s *Service) challenge(ctx context.Context, kind string, user int64, options any, data *webauthn.SessionData) (Ceremony, error) {
	token, err := s.newToken()
	if err != nil {
		return Ceremony{}, err
	}
	body, err := json.Marshal(data)
	if err != nil {
		return Ceremony{}, fmt.Errorf("keep challenge: %w", err)
	}
	out := Ceremony{ID: token}
	if out.Options, err = json.Marshal(options); err != nil {
		return Ceremony{}, fmt.Errorf("write challenge: %w", err)
	}
	now := s.o.Now()
	return out, s.o.Store.PutPending(ctx, registry.Pending{ID: hashToken(token), Kind: kind, UserID: user, Body: body, Until: now.Add(recent)}, now)
}

// answered takes a challenge for the only time, whatever the answer is.
func (s *Service) answered(ctx context.Context, kind, id string, user int64) (webauthn.SessionData, error) {
	var data webauthn.SessionData
	p, err := s.o.Store.TakePending(ctx, hashToken(id), kind, s.o.Now())
	if err == nil && p.UserID != user {
		err = fault.New(fault.NotFound, "The challenge is somebody else’s.")
	}
	if err != nil {
		return data, err
	}
	if err := json.Unmarshal(p.Body, &data); err != nil {
		return data, fmt.Errorf("read challenge: %w", err)
	}
	return data, nil
}

// BeginPasskey starts adding a passkey.
func (s *Service) BeginPasskey(ctx context.Context, token string) (Ceremony, error) {
	u, _, err := s.changing(ctx, token)
	if err != nil {
		return Ceremony{}, err
	}
	o, err := s.owner(ctx, u)
	if err != nil {
		return Ceremony{}, err
	}
	options, data, err := s.passkeys.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin passkey: %w", err)
	}
	return s.challenge(ctx, toAdd, u.ID, options.Response, data)
}

// FinishPasskey adds the passkey. It returns what ConfirmApp does.
func (s *Service) FinishPasskey(ctx context.Context, token, id, name string, answer []byte, from From) (fresh string, codes []string, err error) {
	u, x, err := s.changing(ctx, token)
	if err != nil {
		return "", nil, err
	}
	o, err := s.owner(ctx, u)
	if err != nil {
		return "", nil, err
	}
	wrong := fault.New(fault.Denied, "The passkey could not be added. Try again.")
	data, err := s.answered(ctx, toAdd, id, u.ID)
	if fault.Of(err) == fault.NotFound {
		return "", nil, wrong
	}
	if err != nil {
		return "", nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return "", nil, wrong
	}
	c, err := s.passkeys.CreateCredential(o, data, parsed)
	if err != nil {
		return "", nil, wrong
	}
	c.Attestation = webauthn.CredentialAttestation{} // nobody's make is asked for, so nothing of it is kept
	body, err := json.Marshal(c)
	if err != nil {
		return "", nil, fmt.Errorf("keep passkey: %w", err)
	}
	if err := s.changed(ctx, u, from, "factor-added", "passkey"); err != nil {
		return "", nil, err
	}
	err = s.o.Store.AddPasskey(ctx, registry.Passkey{ID: c.ID, UserID: u.ID, Name: passkeyName(name, from), Credential: body, Added: s.o.Now()})
	if fault.Of(err) == fault.Conflict {
		return "", nil, wrong
	}
	if err != nil {
		return "", nil, err
	}
	if codes, err = s.firstCodes(ctx, u); err != nil {
		return "", nil, err
	}
	fresh, err = s.given(ctx, x, "passkey")
	return fresh, codes, err
}

// passkeyName is what its owner calls a passkey, or else the browser that made it.
func passkeyName(typed string, from From) string {
	name := strings.Join(strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	if name == "" {
		return from.Device
	}
	return name
}

// PasskeyID names a passkey on its owner's page.
func PasskeyID(p registry.Passkey) string { return hex.EncodeToString(p.ID) }

// RemovePasskey takes a passkey off an account.
func (s *Service) RemovePasskey(ctx context.Context, token, id string, from From) error {
	u, _, err := s.changing(ctx, token)
	if err != nil {
		return err
	}
	f, err := s.Factors(ctx, u)
	if err != nil {
		return err
	}
	left := f
	left.Passkeys = nil
	var gone []byte
	for _, p := range f.Passkeys {
		if PasskeyID(p) == id {
			gone = p.ID
		} else {
			left.Passkeys = append(left.Passkeys, p)
		}
	}
	if gone == nil {
		return fault.New(fault.Gone, "There is no such passkey on this account any more.")
	}
	return s.removed(ctx, u, left, from, "passkey", func() error { return s.o.Store.RemovePasskey(ctx, u.ID, gone) })
}

// BeginPasskeySignIn starts signing in by passkey. It says nothing of who has one:
// the browser knows which of its passkeys are for the site.
func (s *Service) BeginPasskeySignIn(ctx context.Context, from From) (Ceremony, error) {
	if s.passkeys == nil {
		return Ceremony{}, fault.New(fault.Unavailable, "Passkeys are not set up on this site. Sign in with your password.")
	}
	options, data, err := s.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin passkey: %w", err)
	}
	return s.challenge(ctx, toSignIn, 0, options.Response, data)
}

// PasskeySignIn starts a session for whoever has the passkey. It stands for both
// factors: the key, and the finger or the number by which its owner unlocked it.
func (s *Service) PasskeySignIn(ctx context.Context, id string, answer []byte, from From) (string, registry.User, error) {
	ctx = context.WithoutCancel(ctx)
	who := registry.User{Name: "unknown account"}
	refuse := func() (string, registry.User, error) {
		// One that is right does not wait for the mistakes of others at the address;
		// those that are not fill the record no faster than passwords do.
		if err := s.waits(ctx, addressLimit(from)); err != nil {
			return "", registry.User{}, err
		}
		if err := s.o.Store.NoteFailure(ctx, addressLimit(from).key, s.o.Now()); err != nil {
			return "", registry.User{}, err
		}
		e := s.event("sign-in", registry.User{Name: who.Name}, from)
		e.Outcome, e.Question = "refused", "passkey"
		if err := s.o.Store.Record(ctx, e); err != nil {
			return "", registry.User{}, err
		}
		return "", registry.User{}, fault.New(fault.Denied, "That passkey does not open an account here. Try again, or sign in with your password.")
	}
	if s.passkeys == nil {
		return refuse()
	}
	data, err := s.answered(ctx, toSignIn, id, 0)
	if fault.Of(err) == fault.NotFound {
		return refuse()
	}
	if err != nil {
		return "", registry.User{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return refuse()
	}
	var broken error // of the registry, in the middle of it
	found, c, err := s.passkeys.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		u, err := s.o.Store.UserByHandle(ctx, handle)
		if err != nil {
			if fault.Of(err) != fault.NotFound {
				broken = err
			}
			return nil, err
		}
		who = u
		o, err := s.owner(ctx, u)
		broken = err
		return o, err
	}, data, parsed)
	if broken != nil {
		return "", registry.User{}, broken
	}
	if err != nil || who.Disabled {
		return refuse()
	}
	if ok, err := s.usePasskey(ctx, found.(owner), c); err != nil || !ok {
		if err != nil {
			return "", registry.User{}, err
		}
		return refuse()
	}
	e := s.event("sign-in", who, from)
	e.Question = "passkey"
	if err := s.o.Store.Record(ctx, e); err != nil {
		return "", registry.User{}, err
	}
	token, err := s.begin(ctx, who, from, "passkey", true)
	return token, who, err
}

// usePasskey keeps what a passkey says of itself after a use. A counter that went
// back is that of a copy, and opens nothing.
func (s *Service) usePasskey(ctx context.Context, o owner, c *webauthn.Credential) (bool, error) {
	if c.Authenticator.CloneWarning {
		return false, nil
	}
	after, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("keep passkey: %w", err)
	}
	for _, p := range o.kept {
		if bytes.Equal(p.ID, c.ID) {
			err := s.o.Store.UsePasskey(ctx, p.ID, p.Credential, after, s.o.Now())
			if fault.Of(err) == fault.NotFound { // used at the same moment, or removed
				return false, nil
			}
			return err == nil, err
		}
	}
	return false, nil
}

// BeginGivingPasskey starts giving a passkey as the second factor of a session.
func (s *Service) BeginGivingPasskey(ctx context.Context, token string) (Ceremony, error) {
	u, _, err := s.Check(ctx, token)
	if err != nil {
		return Ceremony{}, err
	}
	o, err := s.owner(ctx, u)
	if err != nil {
		return Ceremony{}, err
	}
	if len(o.kept) == 0 {
		return Ceremony{}, fault.New(fault.Gone, "There is no passkey on this account any more.")
	}
	options, data, err := s.passkeys.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin passkey: %w", err)
	}
	return s.challenge(ctx, toGive, u.ID, options.Response, data)
}

// GivePasskey takes a passkey as the second factor. The session goes on under the
// token that it returns.
func (s *Service) GivePasskey(ctx context.Context, token, id string, answer []byte, from From) (string, error) {
	u, x, err := s.Check(ctx, token)
	if err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.waits(ctx, factorLimit(u)); err != nil {
		return "", err
	}
	wrong := fault.New(fault.NotFound, "The passkey is not right.")
	o, err := s.owner(ctx, u)
	if err != nil {
		return "", err
	}
	data, err := s.answered(ctx, toGive, id, u.ID)
	if err != nil {
		return "", s.refuseFactor(ctx, u, from, err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", s.refuseFactor(ctx, u, from, wrong)
	}
	c, err := s.passkeys.ValidateLogin(o, data, parsed)
	if err != nil {
		return "", s.refuseFactor(ctx, u, from, wrong)
	}
	ok, err := s.usePasskey(ctx, o, c)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", s.refuseFactor(ctx, u, from, wrong)
	}
	return s.accepted(ctx, u, x, "passkey", from)
}
