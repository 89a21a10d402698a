package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

const origin = "https://hes.example.org"

// key is a security key in software: ES256, with a counter.
type key struct {
	t       *testing.T
	private *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	count   uint32
	flags   byte // user present, verified; eligible for backup, backed up
	origin  string
	site    string
}

func newKey(t *testing.T) *key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key{t: t, private: private, id: []byte("key " + rand.Text()), flags: 0x01 | 0x04 | 0x08 | 0x10, origin: origin, site: "hes.example.org"}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// head is what a key says of itself, and what the browser says of the page.
func (k *key) head(kind string, c auth.Ceremony, attested []byte) (data, client []byte) {
	k.t.Helper()
	var o struct{ Challenge string }
	if err := json.Unmarshal(c.Options, &o); err != nil || len(o.Challenge) < 22 {
		k.t.Fatalf("options %s: %v", c.Options, err)
	}
	k.count++
	site := sha256.Sum256([]byte(k.site))
	flags := k.flags
	if attested != nil {
		flags |= 0x40
	}
	data = append(append(site[:], flags), binary.BigEndian.AppendUint32(nil, k.count)...)
	client, err := json.Marshal(map[string]any{"type": kind, "challenge": o.Challenge, "origin": k.origin, "crossOrigin": false})
	if err != nil {
		k.t.Fatal(err)
	}
	return append(data, attested...), client
}

// make answers a challenge with a new key, without attestation. CBOR by hand: a
// test must not take the tested library's word.
func (k *key) make(c auth.Ceremony) []byte {
	k.t.Helper()
	var o struct{ User struct{ ID string } }
	if err := json.Unmarshal(c.Options, &o); err != nil {
		k.t.Fatal(err)
	}
	var err error
	if k.handle, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		k.t.Fatal(err)
	}
	point, err := k.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		k.t.Fatal(err)
	}
	cose := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 0x20), point[33:]...)
	attested := append(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(k.id)))...)
	data, client := k.head("webauthn.create", c, append(append(attested, k.id...), cose...))
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(append(object, 0x67), "attStmt"...), 0xa0, 0x68)
	object = append(append(object, "authData"...), 0x58, byte(len(data)))
	return k.answer(map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(append(object, data...)), "transports": []string{"internal"}})
}

// give answers a challenge.
func (k *key) give(c auth.Ceremony) []byte {
	k.t.Helper()
	data, client := k.head("webauthn.get", c, nil)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), digest[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, signed[:])
	if err != nil {
		k.t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(k.handle)})
}

func (k *key) answer(response map[string]any) []byte {
	k.t.Helper()
	out, err := json.Marshal(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// add gives somebody a passkey and returns the session's new token.
func (k *key) add(s *auth.Service, token string) string {
	k.t.Helper()
	c, err := s.BeginPasskey(k.t.Context(), token)
	if err != nil {
		k.t.Fatal(err)
	}
	fresh, _, err := s.FinishPasskey(k.t.Context(), token, c.ID, "  My\u0000 key ", k.make(c), from("10.0.0.1"))
	if err != nil {
		k.t.Fatal(err)
	}
	return fresh
}

func (k *key) signIn(s *auth.Service) (string, registry.User, error) {
	k.t.Helper()
	c, err := s.BeginPasskeySignIn(k.t.Context(), from("10.0.0.1"))
	if err != nil {
		k.t.Fatal(err)
	}
	return s.PasskeySignIn(k.t.Context(), c.ID, k.give(c), from("10.0.0.1"))
}

// A passkey signs in by itself and is both factors; what it says of itself is kept.
func TestPasskey(t *testing.T) {
	s, store, c := setUp(t)
	u := addResearcher(t, s, store, registry.User{Name: "res", Display: "Res", Role: policy.Researcher})
	k := newKey(t)
	first := signedIn(t, s, "res")
	strong := k.add(s, first)
	if _, _, err := s.Check(t.Context(), first); fault.Of(err) != fault.SignIn {
		t.Errorf("the token of before the passkey: %v", err)
	}
	if _, x, err := s.Check(t.Context(), strong); err != nil || x.Strong.IsZero() || x.Factor != "passkey" {
		t.Errorf("after adding it: %+v, %v", x, err)
	}
	token, who, err := k.signIn(s)
	if err != nil || who.ID != u.ID {
		t.Fatal(who, err)
	}
	_, x, err := s.Check(t.Context(), token)
	if err == nil {
		err = s.Enough(t.Context(), u, x)
	}
	if err != nil {
		t.Errorf("by passkey alone: %v", err)
	}
	f, err := s.Factors(t.Context(), u)
	if err != nil || len(f.Passkeys) != 1 || f.Recovery != 10 || f.Passkeys[0].Name != "My key" || !f.Passkeys[0].Used.Equal(c.t) {
		t.Fatalf("%+v, %v", f, err)
	}
	var kept struct {
		Flags         map[string]any
		Authenticator struct{ SignCount int }
	}
	if err := json.Unmarshal(f.Passkeys[0].Credential, &kept); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"userPresent", "userVerified", "backupEligible", "backupState"} {
		if kept.Flags[name] != true {
			t.Errorf("flags kept: %v", kept.Flags)
		}
	}
	if kept.Authenticator.SignCount != 2 {
		t.Errorf("counter kept: %d", kept.Authenticator.SignCount)
	}
	// as the second factor after the password
	weak := signedIn(t, s, "res")
	ceremony, err := s.BeginGivingPasskey(t.Context(), weak)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = s.GivePasskey(t.Context(), weak, ceremony.ID, k.give(ceremony), from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := s.RemovePasskey(t.Context(), token, auth.PasskeyID(f.Passkeys[0]), from("10.0.0.1")); fault.Of(err) != fault.Conflict {
		t.Errorf("removing the only factor: %v", err)
	}
	other := newKey(t)
	token = other.add(s, token)
	if err := s.RemovePasskey(t.Context(), token, auth.PasskeyID(f.Passkeys[0]), from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.signIn(s); fault.Of(err) != fault.Denied {
		t.Errorf("a removed passkey: %v", err)
	}
}

// What is wrong with an answer, in every way but one, opens nothing and is recorded.
// A passkey that is right does not wait for the guesses of others at its address;
// those that are wrong do.
func TestAPasskeyDoesNotWaitForOthers(t *testing.T) {
	s, store, _ := setUp(t)
	addResearcher(t, s, store, registry.User{Name: "res", Display: "Res", Role: policy.Researcher})
	k := newKey(t)
	k.add(s, signedIn(t, s, "res"))
	for i := range 100 {
		s.SignIn(t.Context(), fmt.Sprintf("somebody-%d", i), "wrong", from("10.0.0.1"))
	}
	before := kinds(t, store)["sign-in refused passkey"]
	if _, _, err := s.PasskeySignIn(t.Context(), "no challenge", nil, from("10.0.0.1")); fault.Of(err) != fault.Limited || kinds(t, store)["sign-in refused passkey"] != before {
		t.Errorf("a wrong one: %v", err)
	}
	if _, _, err := k.signIn(s); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestPasskeysThatOpenNothing(t *testing.T) {
	s, store, clk := setUp(t)
	u := addResearcher(t, s, store, registry.User{Name: "res", Display: "Res", Role: policy.Researcher})
	k := newKey(t)
	token := k.add(s, signedIn(t, s, "res"))
	begin := func() auth.Ceremony {
		t.Helper()
		c, err := s.BeginPasskeySignIn(t.Context(), from("10.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	changed := func(change func(*key)) func(auth.Ceremony) (string, []byte) {
		return func(c auth.Ceremony) (string, []byte) {
			other := *k
			change(&other)
			out := other.give(c)
			k.count = max(k.count, other.count)
			return c.ID, out
		}
	}
	used := begin()
	usedAnswer := k.give(used)
	if _, _, err := s.PasskeySignIn(t.Context(), used.ID, usedAnswer, from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for name, answer := range map[string]func(auth.Ceremony) (string, []byte){
		"used-before":         func(auth.Ceremony) (string, []byte) { return used.ID, usedAnswer },
		"another-challenge":   func(c auth.Ceremony) (string, []byte) { return c.ID, usedAnswer },
		"no-challenge":        func(c auth.Ceremony) (string, []byte) { return "", k.give(c) },
		"nothing":             func(c auth.Ceremony) (string, []byte) { return c.ID, nil },
		"not-json":            func(c auth.Ceremony) (string, []byte) { return c.ID, []byte(strings.Repeat("{", 5000)) },
		"too-late":            func(c auth.Ceremony) (string, []byte) { clk.t = clk.t.Add(5 * time.Minute); return c.ID, k.give(c) },
		"another-site":        changed(func(k *key) { k.site = "hes.example.com" }),
		"another-origin":      changed(func(k *key) { k.origin = "https://hes.example.org.evil.example" }),
		"plain-origin":        changed(func(k *key) { k.origin = "http://hes.example.org" }),
		"another-key":         changed(func(k *key) { k.private = newKey(t).private }),
		"unknown-key":         changed(func(k *key) { k.id = []byte("key of nobody") }),
		"unknown-person":      changed(func(k *key) { k.handle = []byte("nobody") }),
		"no-person":           changed(func(k *key) { k.handle = nil }),
		"not-verified":        changed(func(k *key) { k.flags &^= 0x04 }),
		"not-present":         changed(func(k *key) { k.flags &^= 0x01 }),
		"backup-not-eligible": changed(func(k *key) { k.flags &^= 0x18 }),
		"a-copy":              changed(func(k *key) { k.count = 0 }),
		"challenge-to-add": func(auth.Ceremony) (string, []byte) {
			c, err := s.BeginPasskey(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			return c.ID, k.give(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := kinds(t, store)["sign-in refused passkey"]
			id, body := answer(begin())
			if token, _, err := s.PasskeySignIn(t.Context(), id, body, from("10.0.0.1")); fault.Of(err) != fault.Denied || token != "" {
				t.Error(err)
			}
			if kinds(t, store)["sign-in refused passkey"] != before+1 {
				t.Error("it is not recorded")
			}
		})
		refused++
		clk.t = clk.t.Add(20 * time.Minute)
		fresh, _, err := k.signIn(s) // the key itself still opens the account
		if err != nil {
			t.Fatalf("after %s: %v", name, err)
		}
		token = fresh
	}
	if err := store.SetDisabled(t.Context(), u.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.signIn(s); fault.Of(err) != fault.Denied {
		t.Errorf("a closed account: %v", err)
	}
	if refused < 18 {
		t.Errorf("only %d ways", refused)
	}
}

// Challenges are of 128 bits or more, and never twice the same.
func TestChallengesAreRandom(t *testing.T) {
	s, _, _ := setUp(t)
	seen := map[string]bool{}
	for range 300 {
		c, err := s.BeginPasskeySignIn(context.Background(), from("10.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		var o struct{ Challenge, RPID, UserVerification string }
		if err := json.Unmarshal(c.Options, &o); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(o.Challenge)
		if err != nil || len(raw) < 16 || seen[o.Challenge] || o.UserVerification != "required" {
			t.Fatalf("%s, %v", c.Options, err)
		}
		if diff := cmp.Diff("hes.example.org", o.RPID); diff != "" {
			t.Fatal(diff)
		}
		seen[o.Challenge] = true
	}
}
