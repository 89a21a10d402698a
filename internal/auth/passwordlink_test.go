package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

const chosen = "tulips under the bridge"

// invite adds bob, who has no password, and returns the token of his link.
func invite(t *testing.T, s *auth.Service, store *sqlstore.Store) (string, registry.User) {
	t.Helper()
	token, l, err := s.NewLink(0, true)
	if err == nil {
		err = store.AddInvited(t.Context(), registry.User{Name: "bob", Display: "Bob", Role: policy.Researcher}, l)
	}
	if err != nil {
		t.Fatal(err)
	}
	u, err := store.UserByName(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	return token, u
}

// reset makes a link in place of ana's password.
func reset(t *testing.T, s *auth.Service, store *sqlstore.Store) (string, registry.User) {
	t.Helper()
	u, err := store.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	token, l, err := s.NewLink(u.ID, false)
	if err == nil {
		err = store.PutPasswordLink(t.Context(), l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return token, u
}

// told are the kinds and outcomes of the events of a record that hold none of some
// secrets.
func told(t *testing.T, store *sqlstore.Store, secrets ...string) []string {
	t.Helper()
	var out []string
	err := store.Entries(t.Context(), 1, func(x audit.Entry) bool {
		var e audit.Event
		if err := json.Unmarshal(x.Body, &e); err != nil {
			t.Error(err)
		}
		for _, secret := range secrets {
			if strings.Contains(string(x.Body), secret) {
				t.Error("a secret is in the record")
			}
		}
		out = append(out, strings.Join([]string{e.Kind, e.Actor, e.Outcome}, " "))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A link lets its holder choose a password, once; nobody can sign in before, and
// what was opened with the password before is closed.
func TestALinkChoosesAPassword(t *testing.T) {
	s, store, _ := setUp(t)
	token, u := invite(t, s, store)
	if len(token) < 43 {
		t.Errorf("%d signs are less than 256 bits", len(token))
	}
	for _, typed := range []string{"", "no account has this password", chosen} {
		if _, _, err := s.SignIn(t.Context(), "bob", typed, from("10.0.0.1")); fault.Of(err) != fault.Denied || fault.Say(err) != "The name or the password is not right." {
			t.Errorf("without a password: %v", err)
		}
	}
	for range 3 { // looking does not use it up
		if who, l, err := s.Link(t.Context(), token); err != nil || who.Name != "bob" || !l.First {
			t.Fatalf("%v, %v", who, err)
		}
	}
	for name, weak := range map[string]string{"short": "short", "stolen": "password1234567", "account": "the bob of all bobs"} {
		if _, _, err := s.ChooseByLink(t.Context(), token, weak, from("10.0.0.1")); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	session, who, err := s.ChooseByLink(t.Context(), token, chosen, from("10.0.0.1"))
	if err != nil || who.Name != "bob" {
		t.Fatal(err)
	}
	if u, x, err := s.Check(t.Context(), session); err != nil || fault.Of(s.Enough(t.Context(), u, x)) != fault.Factor || s.Recent(t.Context(), u, x) != nil {
		t.Errorf("the session opens too much, or does not let a second factor be set up: %v", err)
	}
	if _, _, err := s.ChooseByLink(t.Context(), token, "another fine long password", from("10.0.0.1")); fault.Of(err) != fault.Gone || !strings.Contains(fault.Say(err), "has been used") {
		t.Errorf("used twice: %v", err)
	}
	if _, _, err := s.Link(t.Context(), token); fault.Of(err) != fault.Gone {
		t.Errorf("looked at when used: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "bob", chosen, from("10.0.0.1")); err != nil {
		t.Errorf("signing in: %v", err)
	}
	want := []string{"sign-in bob refused", "sign-in bob refused", "sign-in bob refused", "password-chosen bob begun", "password-chosen bob done", "sign-in bob done", "password-chosen bob refused", "sign-in bob done"}
	if diff := cmp.Diff(want, told(t, store, token, chosen)); diff != "" {
		t.Error(diff)
	}
	if kept, err := store.PasswordLinkOf(t.Context(), u.ID); err != nil || strings.Contains(fmt.Sprintf("%s", kept.Hash), token) {
		t.Errorf("kept: %v, %v", kept, err)
	}
}

// A link in place of a forgotten password ends the sessions and leaves the second
// factor as it is.
func TestALinkReplacesAPassword(t *testing.T) {
	s, store, _ := setUp(t)
	token, u := reset(t, s, store)
	if err := store.PutApp(t.Context(), registry.App{UserID: u.ID, Secret: []byte("sealed"), Added: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	old, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatalf("the password of before, until the link is used: %v", err)
	}
	session, _, err := s.ChooseByLink(t.Context(), token, chosen, from("10.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context(), old); fault.Of(err) != fault.SignIn {
		t.Errorf("the session of before: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1")); fault.Of(err) != fault.Denied {
		t.Errorf("the password of before: %v", err)
	}
	who, x, err := s.Check(t.Context(), session)
	if err != nil || fault.Of(s.Enough(t.Context(), who, x)) != fault.Factor || fault.Of(s.Recent(t.Context(), who, x)) != fault.Factor {
		t.Errorf("the link gave what a second factor gives: %v", err)
	}
	if f, err := s.Factors(t.Context(), who); err != nil || f.App.IsZero() {
		t.Errorf("the second factor: %+v, %v", f, err)
	}
	if notices, err := s.Notices(t.Context(), who); err != nil || len(notices) != 1 || !strings.Contains(notices[0].What, "replaced by a link, from 10.0.0.2") {
		t.Errorf("told %v, %v", notices, err)
	}
}

// What opens nothing says why, and changes nothing.
func TestLinksThatOpenNothing(t *testing.T) {
	later := func(d time.Duration) func(*sqlstore.Store, *clock, registry.User) error {
		return func(_ *sqlstore.Store, c *clock, _ registry.User) error { c.t = c.t.Add(d); return nil }
	}
	for name, c := range map[string]struct {
		first  bool
		change func(store *sqlstore.Store, c *clock, u registry.User) error
		say    string // "": it works
	}{
		"reset-in-time":    {false, later(15*time.Minute - time.Millisecond), ""},
		"reset-at-its-end": {false, later(15 * time.Minute), "This link ended on 24 November 2026 at 09:15"},
		"reset-16-minutes": {false, later(16 * time.Minute), "Ask the information governance lead"},
		"first-in-time":    {true, later(72*time.Hour - time.Millisecond), ""},
		"first-at-its-end": {true, later(72 * time.Hour), "This link ended on 27 November 2026 at 09:00"},
		"closed": {false, func(s *sqlstore.Store, _ *clock, u registry.User) error {
			return s.SetDisabled(t.Context(), u.ID, true)
		}, "not known here"},
		"password-set": {false, func(s *sqlstore.Store, _ *clock, u registry.User) error { return s.SetPassword(t.Context(), u.ID, "x") }, "something newer has taken its place"},
		"closed-and-reopened": {true, func(s *sqlstore.Store, _ *clock, u registry.User) error {
			if err := s.SetDisabled(t.Context(), u.ID, true); err != nil {
				return err
			}
			return s.SetDisabled(t.Context(), u.ID, false)
		}, "not known here"},
		"a-newer-one": {false, func(s *sqlstore.Store, c *clock, u registry.User) error {
			return s.PutPasswordLink(t.Context(), registry.PasswordLink{UserID: u.ID, Hash: []byte("newer"), Made: c.t, Until: c.t.Add(time.Hour)})
		}, "not known here"},
	} {
		t.Run(name, func(t *testing.T) {
			s, store, clock := setUp(t)
			make := reset
			if c.first {
				make = invite
			}
			token, u := make(t, s, store)
			if err := c.change(store, clock, u); err != nil {
				t.Fatal(err)
			}
			was, _ := store.User(t.Context(), u.ID)
			_, _, err := s.ChooseByLink(t.Context(), token, chosen, from("10.0.0.1"))
			is, _ := store.User(t.Context(), u.ID)
			if c.say == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if fault.Of(err) != fault.Gone || !strings.Contains(fault.Say(err), c.say) || is != was {
				t.Errorf("%v; changed: %v", err, is != was)
			}
			if events := told(t, store, token); len(events) != 1 || !strings.HasPrefix(events[0], "password-chosen") || !strings.HasSuffix(events[0], "refused") {
				t.Errorf("recorded: %v", events)
			}
		})
	}
	s, store, _ := setUp(t)
	token, _ := reset(t, s, store)
	for _, wrong := range []string{"", "x", token[1:], token + "a", strings.ToUpper(token), " " + token} {
		if _, _, err := s.ChooseByLink(t.Context(), wrong, chosen, from("10.0.0.1")); fault.Of(err) != fault.Gone {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, _, err := s.Link(t.Context(), token); err != nil {
		t.Errorf("the right one after wrong ones: %v", err)
	}
}

// Of fifty who come with one link at the same moment one chooses the password.
func TestFiftyWithOneLink(t *testing.T) {
	s, store, _ := setUp(t)
	token, _ := invite(t, s, store)
	var wait sync.WaitGroup
	var in, gone atomic.Int32
	for i := range 50 {
		wait.Go(func() {
			_, _, err := s.ChooseByLink(t.Context(), token, fmt.Sprintf("%s %d", chosen, i), from(fmt.Sprintf("10.0.0.%d", i)))
			switch {
			case err == nil:
				in.Add(1)
			case fault.Of(err) == fault.Gone:
				gone.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if in.Load() != 1 || gone.Load() != 49 {
		t.Errorf("%d chose, %d were refused", in.Load(), gone.Load())
	}
	done := 0
	for _, e := range told(t, store, token) {
		if e == "password-chosen bob done" {
			done++
		}
	}
	if done != 1 {
		t.Errorf("%d are recorded as done", done)
	}
}
