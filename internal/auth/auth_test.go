package auth_test

import (
	"context"
	"crypto/rand"
	"math/big"
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

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func setUp(t *testing.T) (*auth.Service, *sqlstore.Store, *clock) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c := &clock{time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	s, err := auth.New(auth.Options{Store: store, Now: c.now, Random: rand.Reader, Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Hash("ana", "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.AddUser(t.Context(), registry.User{Name: "ana", Display: "Ana", Role: policy.Planner, Hash: h}); err != nil {
		t.Fatal(err)
	}
	return s, store, c
}

func TestSignInAndOut(t *testing.T) {
	s, _, c := setUp(t)
	ctx := t.Context()
	token, u, err := s.SignIn(ctx, " Ana ", "correct horse battery", "127.0.0.1", "r1")
	if err != nil || u.Name != "ana" || len(token) < 40 {
		t.Fatalf("sign in: %v %v", u, err)
	}
	if _, err := s.Check(ctx, token+"x"); fault.Of(err) != fault.SignIn {
		t.Errorf("a foreign token: %v", err)
	}
	for range 60 { // used every 14 minutes: the idle limit does not end it, the absolute one does
		if _, err = s.Check(ctx, token); err != nil {
			break
		}
		c.t = c.t.Add(14 * time.Minute)
	}
	if got := c.t.Hour(); fault.Of(err) != fault.SignIn || got != 21 {
		t.Errorf("the session ended at %v with %v, want 21 h", c.t, err)
	}
	token, _, err = s.SignIn(ctx, "ana", "correct horse battery", "127.0.0.1", "r2")
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(15*time.Minute - time.Second)
	if _, err := s.Check(ctx, token); err != nil {
		t.Errorf("one second before the idle limit: %v", err)
	}
	c.t = c.t.Add(15 * time.Minute)
	if _, err := s.Check(ctx, token); fault.Of(err) != fault.SignIn {
		t.Errorf("at the idle limit: %v", err)
	}
	token, _, _ = s.SignIn(ctx, "ana", "correct horse battery", "127.0.0.1", "r3")
	if err := s.SignOut(ctx, token, "127.0.0.1", "r4"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(ctx, token); fault.Of(err) != fault.SignIn {
		t.Errorf("after signing out: %v", err)
	}
}

func TestRefusalsAreAlikeAndSlow(t *testing.T) {
	s, store, c := setUp(t)
	ctx := t.Context()
	_, _, wrong := s.SignIn(ctx, "ana", "incorrect horse battery", "10.0.0.1", "r")
	_, _, unknown := s.SignIn(ctx, "bob", "incorrect horse battery", "10.0.0.2", "r")
	if fault.Of(wrong) != fault.Denied || fault.Say(wrong) != fault.Say(unknown) {
		t.Errorf("wrong: %v, unknown: %v", wrong, unknown)
	}
	for range 4 {
		s.SignIn(ctx, "ana", "incorrect horse battery", "10.0.0.1", "r")
	}
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", "10.0.0.9", "r"); fault.Of(err) != fault.Limited {
		t.Errorf("the sixth try at once: %v", err)
	}
	c.t = c.t.Add(2 * time.Second)
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", "10.0.0.9", "r"); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	u, _ := store.UserByName(ctx, "ana")
	if err := store.SetDisabled(ctx, u.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", "10.0.0.9", "r"); fault.Say(err) != fault.Say(wrong) {
		t.Errorf("a closed account: %v", err)
	}
	kinds := map[string]int{}
	var v audit.Verifier
	err := store.Entries(ctx, 1, func(e audit.Entry) bool {
		if err := v.Next(e); err != nil {
			t.Error(err)
		}
		kinds[string(e.Body[strings.Index(string(e.Body), `"outcome"`):][:20])]++
		return true
	})
	if n, _ := v.Head(); err != nil || n != 8 {
		t.Errorf("%d events (%v), want 8: %v", n, err, kinds)
	}
}

func TestCheckPassword(t *testing.T) {
	for p, ok := range map[string]bool{"short": false, "password1234": false, "ana likes tea and cake": false, "dermatology26": false, "four words are enough": true, strings.Repeat("x", 257): false, "ÄÖÜäöüß and more": true} {
		if err := auth.CheckPassword("ana", p); (err == nil) != ok {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// Every change to the record is found: 1,000 at random.
func TestVerifyFindsEveryChange(t *testing.T) {
	var chain []audit.Entry
	head := ""
	for i := range int64(50) {
		body, err := audit.Encode(audit.Event{At: time.Unix(i, 0), Kind: "view", Actor: "ana", Rows: int(i), Outcome: "shown"})
		if err != nil {
			t.Fatal(err)
		}
		head = audit.Link(i+1, head, body)
		chain = append(chain, audit.Entry{Seq: i + 1, Body: body, Hash: head})
	}
	check := func(c []audit.Entry) bool {
		var v audit.Verifier
		for _, e := range c {
			if v.Next(e) != nil {
				return false
			}
		}
		n, h := v.Head()
		return n == 50 && h == head
	}
	if !check(chain) {
		t.Fatal("the good chain is refused")
	}
	pick := func(n int) int { k, _ := rand.Int(rand.Reader, big.NewInt(int64(n))); return int(k.Int64()) }
	for n := range 1000 {
		c := make([]audit.Entry, len(chain))
		for i, e := range chain {
			c[i] = audit.Entry{Seq: e.Seq, Body: append([]byte(nil), e.Body...), Hash: e.Hash}
		}
		at := pick(len(c) - 1)
		switch n % 5 {
		case 0:
			c[at].Body[pick(len(c[at].Body))] ^= byte(1 + pick(255))
		case 1:
			c = append(c[:at], c[at+1:]...)
		case 2:
			c[at], c[at+1] = c[at+1], c[at]
		case 3:
			c = append(c[:at+1], c[at:]...)
		case 4:
			c = c[:at] // cut off: found because the head is known
		}
		if check(c) {
			t.Fatalf("change %d of kind %d was not found", n, n%5)
		}
	}
}

func TestTheRecordIsAppendOnlyAndShared(t *testing.T) {
	dir := t.TempDir()
	a, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := sqlstore.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	errs := make(chan error)
	for i := range 40 {
		go func() {
			errs <- []*sqlstore.Store{a, b}[i%2].Record(context.Background(), audit.Event{At: time.Unix(1, 0), Kind: "view", Actor: "ana"})
		}()
	}
	for range 40 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	var v audit.Verifier
	if err := a.Entries(t.Context(), 1, func(e audit.Entry) bool { err = v.Next(e); return err == nil }); err != nil {
		t.Fatal(err)
	}
	if n, _ := v.Head(); n != 40 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
}
