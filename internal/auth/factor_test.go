package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

// digits are what an authenticator app shows, by RFC 4226 as it is written.
func digits(secret []byte, at time.Time) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	o := sum[19] & 15
	n := (int(sum[o])&127)<<24 | int(sum[o+1])<<16 | int(sum[o+2])<<8 | int(sum[o+3])
	return fmt.Sprintf("%06d", n%1000000)
}

// ana signs in, and a clinician whose name is given with her.
func signedIn(t *testing.T, s *auth.Service, name string) string {
	t.Helper()
	token, _, err := s.SignIn(t.Context(), name, "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// enrol adds an app to whoever has the token, and returns its secret, the new
// token and the recovery codes.
func enrol(t *testing.T, s *auth.Service, token string, c *clock) ([]byte, string, []string) {
	t.Helper()
	u, _, err := s.Check(t.Context(), token)
	if err == nil {
		err = s.BeginApp(t.Context(), token)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.PendingApp(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(p.Text, " ", ""))
	if err != nil || len(secret) != 20 || !strings.Contains(p.URI, strings.ReplaceAll(p.Text, " ", "")) {
		t.Fatalf("secret %q, %q: %v", p.Text, p.URI, err)
	}
	fresh, codes, err := s.ConfirmApp(t.Context(), token, digits(secret, c.t), from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(time.Minute) // the code of the enrolment is used up
	return secret, fresh, codes
}

func addResearcher(t *testing.T, s *auth.Service, store *sqlstore.Store, u registry.User) registry.User {
	t.Helper()
	var err error
	if u.Hash, err = s.Hash(t.Context(), u, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	if err := store.AddUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	u, err = store.UserByName(t.Context(), u.Name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The vectors of RFC 6238 for SHA-1, in six digits, as an app gives them.
func TestCodesOfTheApp(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := digits([]byte("12345678901234567890"), time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	for name, c := range map[string]struct {
		after time.Duration
		kind  fault.Kind
	}{"this-step": {0, 0}, "step-before": {-30 * time.Second, 0}, "step-after": {30 * time.Second, 0}, "two-before": {-60 * time.Second, fault.Denied}, "two-after": {60 * time.Second, fault.Denied}} {
		t.Run(name, func(t *testing.T) {
			s, _, clk := setUp(t)
			secret, token, _ := enrol(t, s, signedIn(t, s, "ana"), clk)
			clk.t = clk.t.Add(time.Hour / 10).Truncate(30 * time.Second)
			_, err := s.GiveCode(t.Context(), token, digits(secret, clk.t.Add(c.after)), from("10.0.0.1"))
			if (err == nil) != (c.kind == 0) || err != nil && fault.Of(err) != c.kind {
				t.Error(err)
			}
		})
	}
}

// Whoever may see records gets nowhere on a password; a demo account does; others
// must give what they have.
func TestWhoMustGiveASecondFactor(t *testing.T) {
	s, store, c := setUp(t)
	addResearcher(t, s, store, registry.User{Name: "res", Display: "Res", Role: policy.Researcher})
	addResearcher(t, s, store, registry.User{Name: "cli", Display: "Cli", Role: policy.Clinician})
	addResearcher(t, s, store, registry.User{Name: "demo", Display: "Demo", Role: policy.Researcher, Demo: true})
	for name, want := range map[string]fault.Kind{"res": fault.Factor, "cli": fault.Factor, "demo": fault.Purpose, "ana": 0} {
		token := signedIn(t, s, name)
		u, x, err := s.Check(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Access(t.Context(), u, x)
		if (err == nil) != (want == 0) || err != nil && fault.Of(err) != want {
			t.Errorf("%s: %v", name, err)
		}
		if want == fault.Factor {
			if _, err := s.Purposes(t.Context(), u, x); fault.Of(err) != fault.Factor {
				t.Errorf("%s sees agreements: %v", name, err)
			}
			if _, _, err := s.Choose(t.Context(), token, "DSA-1", "1.1", true, "10.0.0.1", "r"); fault.Of(err) != fault.Factor {
				t.Errorf("%s chooses: %v", name, err)
			}
		}
	}
	secret, token, codes := enrol(t, s, signedIn(t, s, "ana"), c)
	if len(codes) != 10 {
		t.Errorf("%d recovery codes", len(codes))
	}
	u, x, _ := s.Check(t.Context(), token)
	if _, err := s.Access(t.Context(), u, x); err != nil {
		t.Errorf("after setting the app up: %v", err)
	}
	weak := signedIn(t, s, "ana")
	u, x, _ = s.Check(t.Context(), weak)
	if _, err := s.Access(t.Context(), u, x); fault.Of(err) != fault.Factor {
		t.Errorf("a planner who has an app, on the password alone: %v", err)
	}
	strong, err := s.GiveCode(t.Context(), weak, digits(secret, c.t), from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context(), weak); fault.Of(err) != fault.SignIn {
		t.Errorf("the token of before the second factor: %v", err)
	}
	if u, x, err = s.Check(t.Context(), strong); err == nil {
		_, err = s.Access(t.Context(), u, x)
	}
	if err != nil {
		t.Error(err)
	}
}

// Of fifty who come with the same code at once, one gets in.
func TestACodeWorksOnce(t *testing.T) {
	s, store, c := setUp(t)
	secret, _, codes := enrol(t, s, signedIn(t, s, "ana"), c)
	tokens := make([]string, 5)
	for i := range tokens {
		tokens[i] = signedIn(t, s, "ana")
	}
	for name, typed := range map[string]string{"app": digits(secret, c.t), "recovery": " " + strings.ToUpper(codes[3]) + " "} {
		results := make(chan error)
		for i := range 50 {
			go func() {
				_, err := s.GiveCode(context.Background(), tokens[i%5], typed, from("10.0.0.1"))
				results <- err
			}()
		}
		n := 0
		for range 50 {
			if <-results == nil {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: %d got in", name, n)
		}
		c.t = c.t.Add(20 * time.Second)
		for i := range tokens {
			tokens[i] = signedIn(t, s, "ana")
		}
	}
	u, _ := store.UserByName(t.Context(), "ana")
	f, err := s.Factors(t.Context(), u)
	if err != nil || f.Recovery != 9 {
		t.Errorf("%d recovery codes are left: %v", f.Recovery, err)
	}
	told, err := s.Notices(t.Context(), u)
	if err != nil || len(told) == 0 || !strings.Contains(fmt.Sprint(told), "A recovery code was used to sign in, from 10.0.0.1. 9 are left.") {
		t.Errorf("notices %v, %v", told, err)
	}
	events := kinds(t, store)
	if events["second-factor done code of the authenticator app"] != 1 || events["second-factor done recovery code"] != 1 || events["second-factor refused "] < 5 {
		t.Errorf("events: %v", events)
	}
}

// kinds counts the events by what they are.
func kinds(t *testing.T, store *sqlstore.Store) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := store.Entries(t.Context(), 1, func(x audit.Entry) bool {
		var e audit.Event
		if err := json.Unmarshal(x.Body, &e); err != nil {
			t.Fatal(err)
		}
		out[e.Kind+" "+e.Outcome+" "+e.Question]++
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Guessing codes is slowed like guessing passwords, for the account and not for
// one session of it.
func TestGuessingCodesIsSlowed(t *testing.T) {
	s, _, c := setUp(t)
	secret, token, _ := enrol(t, s, signedIn(t, s, "ana"), c)
	for range 5 {
		if _, err := s.GiveCode(t.Context(), token, "000000", from("10.0.0.1")); fault.Of(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	if _, err := s.GiveCode(t.Context(), signedIn(t, s, "ana"), digits(secret, c.t), from("10.0.0.7")); fault.Of(err) != fault.Limited {
		t.Errorf("the sixth, from another session: %v", err)
	}
	c.t = c.t.Add(15 * time.Second)
	if _, err := s.GiveCode(t.Context(), token, digits(secret, c.t), from("10.0.0.1")); err != nil {
		t.Errorf("after waiting: %v", err)
	}
}

// Factors are changed only by whoever gave one within five minutes, and the last
// one of an account that needs one stays.
func TestChangingFactors(t *testing.T) {
	s, store, c := setUp(t)
	addResearcher(t, s, store, registry.User{Name: "res", Display: "Res", Role: policy.Researcher})
	first := signedIn(t, s, "res")
	c.t = c.t.Add(5*time.Minute + time.Second)
	if err := s.BeginApp(t.Context(), first); fault.Of(err) != fault.Factor {
		t.Errorf("the first factor, five minutes after the password: %v", err)
	}
	if _, err := s.GivePassword(t.Context(), first, "wrong", from("10.0.0.1")); fault.Of(err) != fault.Denied {
		t.Errorf("a wrong password again: %v", err)
	}
	first, err := s.GivePassword(t.Context(), first, "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	secret, token, codes := enrol(t, s, first, c)
	if err := s.RemoveApp(t.Context(), token, from("10.0.0.1")); fault.Of(err) != fault.Conflict {
		t.Errorf("the only factor: %v", err)
	}
	again, err := s.NewRecovery(t.Context(), token, from("10.0.0.1"))
	if err != nil || len(again) != 10 {
		t.Fatal(again, err)
	}
	if _, err := s.GiveCode(t.Context(), token, codes[0], from("10.0.0.1")); fault.Of(err) != fault.Denied {
		t.Errorf("a code of before: %v", err)
	}
	c.t = c.t.Add(5*time.Minute + time.Second)
	for name, err := range map[string]error{"app": s.BeginApp(t.Context(), token), "remove": s.RemoveApp(t.Context(), token, from("10.0.0.1")),
		"codes": func() error { _, err := s.NewRecovery(t.Context(), token, from("10.0.0.1")); return err }()} {
		if fault.Of(err) != fault.Factor {
			t.Errorf("%s without a factor given lately: %v", name, err)
		}
	}
	weak := signedIn(t, s, "res") // the password alone is not enough for somebody who has a factor
	if err := s.BeginApp(t.Context(), weak); fault.Of(err) != fault.Factor {
		t.Errorf("on the password alone: %v", err)
	}
	if token, err = s.GiveCode(t.Context(), token, digits(secret, c.t), from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(time.Minute)
	if _, _, codes := enrol(t, s, token, c); codes != nil {
		t.Error("replacing the app makes new recovery codes")
	}
}

// What is kept of a secret is of no use without the key, nor for another account.
func TestSecretsAreSealed(t *testing.T) {
	s, store, c := setUp(t)
	secret, token, codes := enrol(t, s, signedIn(t, s, "ana"), c)
	u, x, _ := s.Check(t.Context(), token)
	a, err := store.App(t.Context(), u.ID)
	if err != nil || strings.Contains(string(a.Secret), string(secret)) {
		t.Fatal("the secret is kept as it is", err)
	}
	bob := addResearcher(t, s, store, registry.User{Name: "bob", Display: "Bob", Role: policy.Planner})
	a.UserID = bob.ID
	if err := store.PutApp(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GiveCode(t.Context(), signedIn(t, s, "bob"), digits(secret, c.t), from("10.0.0.1")); fault.Of(err) != fault.Unavailable {
		t.Errorf("a secret moved to another account: %v", err)
	}
	other, err := auth.New(auth.Options{Store: store, Now: c.now, Random: strings.NewReader(strings.Repeat("x", 4096)), Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.GiveCode(t.Context(), token, digits(secret, c.t), from("10.0.0.1")); fault.Of(err) != fault.Unavailable {
		t.Errorf("under another key: %v", err)
	}
	if _, err := other.GiveCode(t.Context(), token, codes[0], from("10.0.0.1")); err != nil {
		t.Errorf("a recovery code needs no key: %v", err)
	}
	_ = x
}

// Five sessions are the most; the oldest ends, and the record says so. One's own
// are listed and can be ended, others' cannot.
func TestSessions(t *testing.T) {
	s, store, c := setUp(t)
	var tokens []string
	for range 6 {
		tokens = append(tokens, signedIn(t, s, "ana"))
		c.t = c.t.Add(time.Second)
	}
	for i, token := range tokens {
		if _, _, err := s.Check(t.Context(), token); (err == nil) != (i > 0) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	if n := kinds(t, store)["session-ended done the oldest, because there were more than five"]; n != 1 {
		t.Errorf("%d events", n)
	}
	u, x, err := s.Check(t.Context(), tokens[5])
	if err != nil {
		t.Fatal(err)
	}
	devices, err := s.Devices(t.Context(), u, x)
	if err != nil || len(devices) != 5 || !devices[0].This || devices[0].Name != "A browser" || devices[0].Address != "10.0.0.1" {
		t.Fatalf("%+v, %v", devices, err)
	}
	bob := addResearcher(t, s, store, registry.User{Name: "bob", Display: "Bob", Role: policy.Planner})
	if err := s.EndDevice(t.Context(), bob, devices[4].ID, from("10.0.0.2")); fault.Of(err) != fault.Gone {
		t.Errorf("somebody else's session: %v", err)
	}
	if err := s.EndDevice(t.Context(), u, devices[4].ID, from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context(), tokens[1]); fault.Of(err) != fault.SignIn {
		t.Errorf("an ended session: %v", err)
	}
	if err := s.EndOtherDevices(t.Context(), u, x, from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	for i, token := range tokens {
		if _, _, err := s.Check(t.Context(), token); (err == nil) != (i == 5) {
			t.Errorf("session %d after all others were ended: %v", i, err)
		}
	}
	c.t = c.t.Add(16 * time.Minute) // those not used any more do not count
	for range 5 {
		tokens = append(tokens, signedIn(t, s, "ana"))
	}
	if n := kinds(t, store)["session-ended done the oldest, because there were more than five"]; n != 1 {
		t.Errorf("%d events", n)
	}
}

// Wrong passwords are told of once the right one comes.
func TestTriesAreToldOf(t *testing.T) {
	s, store, c := setUp(t)
	for range 10 {
		c.t = c.t.Add(time.Minute)
		if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from("10.0.0.9")); fault.Of(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	c.t = c.t.Add(time.Minute)
	signedIn(t, s, "ana")
	u, _ := store.UserByName(t.Context(), "ana")
	told, err := s.Notices(t.Context(), u)
	if err != nil || len(told) != 1 || !strings.HasPrefix(told[0].What, "10 wrong passwords were tried") {
		t.Fatalf("%v, %v", told, err)
	}
	if err := s.ReadNotices(t.Context(), u, told[0].ID); err != nil {
		t.Fatal(err)
	}
	if told, err := s.Notices(t.Context(), u); err != nil || len(told) != 0 {
		t.Errorf("%v, %v", told, err)
	}
}

// A closed account opens nothing, even by a session that was made while it was being
// closed.
func TestAClosedAccountOpensNothing(t *testing.T) {
	s, store, _ := setUp(t)
	u, x, err := s.Check(t.Context(), signedIn(t, s, "ana"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SetDisabled(t.Context(), u.ID, true); err != nil {
		t.Fatal(err)
	}
	const token = "late"
	sum := sha256.Sum256([]byte(token))
	x.TokenHash = sum[:]
	if err := store.AddSession(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context(), token); fault.Of(err) != fault.SignIn {
		t.Errorf("by a late session: %v", err)
	}
	if err := store.SetDisabled(t.Context(), u.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context(), token); err != nil {
		t.Errorf("once it is open again, so that this tests something: %v", err)
	}
}
