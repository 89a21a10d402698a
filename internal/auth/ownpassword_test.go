package auth_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// A person changes the password with the current one: all other sessions end, the
// link that was handed out too, and the person is told.
func TestChangingOnesPassword(t *testing.T) {
	s, store, _ := setUp(t)
	ctx := t.Context()
	other, _, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	token, u, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	link, _ := reset(t, s, store)
	before := len(told(t, store))
	for name, c := range map[string]struct {
		current, password string
		kind              fault.Kind
	}{
		"wrong-now": {"incorrect horse battery", chosen, fault.Denied},
		"no-now":    {"", chosen, fault.Denied},
		"short":     {"correct horse battery", "short", fault.Invalid},
		"the-same":  {"correct horse battery", "correct horse battery", fault.Invalid},
		"account":   {"correct horse battery", "ana under the bridge", fault.Invalid},
	} {
		if _, err := s.ChangePassword(ctx, token, c.current, c.password, from("10.0.0.2")); fault.Of(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.Check(ctx, other); err != nil {
		t.Errorf("another session, before: %v", err)
	}
	fresh, err := s.ChangePassword(ctx, token, "correct horse battery", chosen, from("10.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	for name, gone := range map[string]string{"the other session": other, "the token of before": token} {
		if _, _, err := s.Check(ctx, gone); fault.Of(err) != fault.SignIn {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.Check(ctx, fresh); err != nil {
		t.Errorf("the session goes on: %v", err)
	}
	if _, _, err := s.Link(ctx, link); fault.Of(err) != fault.Gone {
		t.Errorf("the link of before: %v", err)
	}
	if notices, err := s.Notices(ctx, u); err != nil || len(notices) != 1 || !strings.Contains(notices[0].What, "changed, from 10.0.0.2") {
		t.Errorf("told %v, %v", notices, err)
	}
	want := []string{"sign-in ana refused", "sign-in ana refused", "password-changed ana begun", "password-changed ana done"}
	if diff := cmp.Diff(want, told(t, store, chosen)[before:]); diff != "" {
		t.Error(diff)
	}
	if _, _, err := s.SignIn(ctx, "ana", chosen, from("10.0.0.2")); err != nil {
		t.Error(err)
	}
}

// The sign-in must be recent, with the strongest factor that there is; whoever has
// just given a passkey need not know the current password.
func TestChangingOnesPasswordIsSteppedUp(t *testing.T) {
	s, store, c := setUp(t)
	ctx := t.Context()
	token, u, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	change := func(current string) error {
		t.Helper()
		_, err := s.ChangePassword(ctx, token, current, chosen, from("10.0.0.1"))
		return err
	}
	c.t = c.t.Add(5*time.Minute + time.Second)
	if err := change("correct horse battery"); fault.Of(err) != fault.Factor {
		t.Errorf("late: %v", err)
	}
	if token, err = s.GivePassword(ctx, token, "correct horse battery", from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := store.PutApp(ctx, registry.App{UserID: u.ID, Secret: []byte("sealed"), Added: c.t}); err != nil {
		t.Fatal(err)
	}
	if err := change("correct horse battery"); fault.Of(err) != fault.Factor {
		t.Errorf("with a password, where there is a second factor: %v", err)
	}
	sum := sha256.Sum256([]byte(token))
	x, err := store.Session(ctx, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []struct {
		factor string
		ago    time.Duration
		kind   fault.Kind
	}{{"totp", time.Minute, fault.Denied}, {"passkey", 6 * time.Minute, fault.Factor}, {"passkey", time.Minute, 0}} {
		x.Factor, x.Strong = how.factor, c.t.Add(-how.ago)
		if err := store.ReplaceSession(ctx, x.TokenHash, x); err != nil {
			t.Fatal(err)
		}
		if err := change(""); (err == nil) != (how.kind == 0) || err != nil && fault.Of(err) != how.kind {
			t.Errorf("%+v: %v", how, err)
		}
	}
}
