package auth_test

import (
	"context"
	"crypto/rand"
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

// from is a request from a network address.
func from(address string) auth.From {
	return auth.From{Address: address, Request: "r", Device: "A browser"}
}

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
	s, err := auth.New(auth.Options{Store: store, Now: c.now, Random: rand.Reader, Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, Key: make([]byte, 32), Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Hash(t.Context(), registry.User{Name: "ana"}, "correct horse battery")
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
	token, u, err := s.SignIn(ctx, " Ana ", "correct horse battery", from("127.0.0.1"))
	if err != nil || u.Name != "ana" || len(token) < 40 {
		t.Fatalf("sign in: %v %v", u, err)
	}
	if _, _, err := s.Check(ctx, token+"x"); fault.Of(err) != fault.SignIn {
		t.Errorf("a foreign token: %v", err)
	}
	for range 60 { // used every 14 minutes: the idle limit does not end it, the absolute one does
		if _, _, err = s.Check(ctx, token); err != nil {
			break
		}
		c.t = c.t.Add(14 * time.Minute)
	}
	if got := c.t.Hour(); fault.Of(err) != fault.SignIn || got != 21 {
		t.Errorf("the session ended at %v with %v, want 21 h", c.t, err)
	}
	token, _, err = s.SignIn(ctx, "ana", "correct horse battery", from("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(15*time.Minute - time.Second)
	if _, _, err := s.Check(ctx, token); err != nil {
		t.Errorf("one second before the idle limit: %v", err)
	}
	c.t = c.t.Add(15 * time.Minute)
	if _, _, err := s.Check(ctx, token); fault.Of(err) != fault.SignIn {
		t.Errorf("at the idle limit: %v", err)
	}
	token, _, _ = s.SignIn(ctx, "ana", "correct horse battery", from("127.0.0.1"))
	if err := s.SignOut(ctx, token, from("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(ctx, token); fault.Of(err) != fault.SignIn {
		t.Errorf("after signing out: %v", err)
	}
}

func TestRefusalsAreAlikeAndSlow(t *testing.T) {
	s, store, c := setUp(t)
	ctx := t.Context()
	_, _, wrong := s.SignIn(ctx, "ana", "incorrect horse battery", from("10.0.0.1"))
	_, _, unknown := s.SignIn(ctx, "bob", "incorrect horse battery", from("10.0.0.2"))
	if fault.Of(wrong) != fault.Denied || fault.Say(wrong) != fault.Say(unknown) {
		t.Errorf("wrong: %v, unknown: %v", wrong, unknown)
	}
	for range 4 {
		s.SignIn(ctx, "ana", "incorrect horse battery", from("10.0.0.1"))
	}
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.1")); fault.Of(err) != fault.Limited {
		t.Errorf("the sixth try at once: %v", err)
	}
	c.t = c.t.Add(2 * time.Second)
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.1")); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	u, _ := store.UserByName(ctx, "ana")
	if err := store.SetDisabled(ctx, u.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SignIn(ctx, "ana", "correct horse battery", from("10.0.0.9")); fault.Say(err) != fault.Say(wrong) {
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
	s, _, _ := setUp(t)
	for p, want := range map[string]struct{ alone, with bool }{
		"short": {}, "password1234": {}, "ana likes tea and cake": {}, "dermatology26": {}, "Dermatology2026!": {}, "WebEnable-HES-2026": {}, "aaaaaaaaaaaaaaaa": {}, "121212121212": {}, "Manchester-United-1999": {},
		"qwertyuiop1234": {}, "sonyericsson99": {}, "motherfucker!!!!": {}, "monkeydragon-monkeydragon": {},
		"four words are enough": {true, true}, "ÄÖÜäöüß and more": {true, true}, "try-me-on-synthetic-data": {true, true}, "correct horse battery": {true, true},
		"tulip crane 7": {false, true}, "fourteen-signs": {false, true}, "fifteen-signs-x": {true, true}, "eleven-sign": {}, "twelve-signs": {false, true},
		strings.Repeat("wörter ", 18) + "xy": {true, true}, strings.Repeat("x", 257): {},
	} {
		if alone, with := s.CheckPassword("ana", p, false) == nil, s.CheckPassword("ana", p, true) == nil; alone != want.alone || with != want.with {
			t.Errorf("%q: alone %v, with a second factor %v", p, alone, with)
		}
	}
}

// A long password counts to its last letter, in any alphabet, and does not grow old.
func TestALongPasswordCountsToItsEnd(t *testing.T) {
	s, store, c := setUp(t)
	long := strings.Repeat("пароль слов ", 10) + "конец 128"
	u := registry.User{Name: "bob", Display: "Bob", Role: policy.Planner}
	var err error
	if u.Hash, err = s.Hash(t.Context(), u, long); err != nil || len([]rune(long)) < 128 {
		t.Fatal(len([]rune(long)), err)
	}
	if err := store.AddUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SignIn(t.Context(), "bob", long[:len(long)-1]+"9", from("10.0.0.1")); fault.Of(err) != fault.Denied {
		t.Errorf("another last letter: %v", err)
	}
	c.t = c.t.AddDate(0, 0, 400)
	if _, _, err := s.SignIn(t.Context(), "bob", long, from("10.0.0.1")); err != nil {
		t.Errorf("the password itself, after 400 days: %v", err)
	}
}

// Whoever guesses somebody's password, as often as they can for two days, does not
// keep that person out elsewhere; whoever guesses from very many addresses is slowed
// all the same, and so is who tries very many accounts from one. It is all the same
// for accounts that there are and are not.
func TestNobodyIsKeptOutByOthers(t *testing.T) {
	for _, name := range []string{"ana", "nobody"} {
		s, _, c := setUp(t)
		ctx := t.Context()
		guesses := 0
		for hour := range 48 {
			for range 60 {
				if _, _, err := s.SignIn(ctx, name, "wrong", from("10.6.6.6")); fault.Of(err) == fault.Denied {
					guesses++
				}
				c.t = c.t.Add(time.Minute)
			}
			if hour%8 != 7 {
				continue
			}
			if _, _, err := s.SignIn(ctx, name, "correct horse battery", from(fmt.Sprintf("10.0.0.%d", hour))); (err == nil) != (name == "ana") || fault.Of(err) == fault.Limited {
				t.Fatalf("%s after %d hours and %d guesses by another: %v", name, hour+1, guesses, err)
			}
		}
		if guesses > 48*100 || guesses < 48*3 {
			t.Errorf("%d guesses", guesses)
		}
		limited := 0
		for i := range 200 { // a hundred and twenty are free, and then they wait
			if _, _, err := s.SignIn(ctx, name, "wrong", from(fmt.Sprintf("10.1.0.%d", i))); fault.Of(err) == fault.Limited {
				limited++
			}
		}
		if limited < 80 {
			t.Errorf("%s: of 200 guesses at once from as many addresses %d wait", name, limited)
		}
	}
	s, _, c := setUp(t)
	for i := range 5 { // one network, whose addresses whoever is in it chooses
		if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from(fmt.Sprintf("2001:db8:0:1::%d", i+1))); fault.Of(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from("2001:db8:0:1:ffff::9")); fault.Of(err) != fault.Limited {
		t.Errorf("the sixth from one network: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("2001:db8:0:2::1")); err != nil {
		t.Errorf("from another network: %v", err)
	}
	for i := range 100 {
		if _, _, err := s.SignIn(t.Context(), fmt.Sprintf("somebody-%d", i), "wrong", from("10.0.0.1")); fault.Of(err) != fault.Denied {
			t.Fatalf("account %d from one address: %v", i, err)
		}
	}
	if _, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1")); fault.Of(err) != fault.Limited {
		t.Errorf("after 100 refusals at the address: %v", err)
	}
	c.t = c.t.Add(time.Second)
	if _, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1")); err != nil {
		t.Errorf("after waiting: %v", err)
	}
}

// A burst of guesses is slowed as one after the other is: not more are computed
// than the free ones and those under way.
func TestABurstOfGuessesIsSlowed(t *testing.T) {
	s, store, c := setUp(t)
	kinds := make(chan fault.Kind)
	for range 60 {
		go func() {
			_, _, err := s.SignIn(context.Background(), "ana", "incorrect horse battery", from("10.0.0.1"))
			kinds <- fault.Of(err)
		}()
	}
	n := map[fault.Kind]int{}
	for range 60 {
		n[<-kinds]++
	}
	if n[fault.Denied] < 5 || n[fault.Denied] > 6 || n[fault.Denied]+n[fault.Limited] != 60 {
		t.Errorf("outcomes: %v", n)
	}
	c.t = c.t.Add(15 * time.Minute)
	if _, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1")); err != nil {
		t.Errorf("after the longest wait: %v", err)
	}
	if left, _, err := store.Failures(t.Context(), "account ana", time.Time{}); left != 0 || err != nil {
		t.Errorf("the name that was typed is kept as it is: %d, %v", left, err)
	}
}

// The wait doubles to a quarter of an hour, and is that long at most.
func TestTheWaitDoubles(t *testing.T) {
	s, _, c := setUp(t)
	for range 5 {
		if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from("10.0.0.1")); fault.Of(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want *= time.Second
		c.t = c.t.Add(want - time.Millisecond)
		if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from("10.0.0.1")); fault.Of(err) != fault.Limited || !strings.Contains(fault.Say(err), "Wait 1 seconds") {
			t.Errorf("just before %v: %v", want, err)
		}
		c.t = c.t.Add(time.Millisecond)
		if _, _, err := s.SignIn(t.Context(), "ana", "wrong", from("10.0.0.1")); fault.Of(err) != fault.Denied {
			t.Errorf("after %v: %v", want, err)
		}
	}
}

// Without its event there is no sign-in, and signing out does not hide that the
// session could not be ended.
func TestNothingWithoutTheRecord(t *testing.T) {
	s, store, _ := setUp(t)
	token, _, err := s.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	broken := &refusing{Store: store}
	again, err := auth.New(auth.Options{Store: broken, Now: time.Now, Random: rand.Reader, Cost: auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if token, _, err := again.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1")); fault.Of(err) != fault.Unavailable || token != "" {
		t.Errorf("signed in: %v", err)
	}
	if broken.sessions != 0 {
		t.Error("a session was kept without its event")
	}
	store.Close()
	if err := s.SignOut(t.Context(), token, from("10.0.0.1")); err == nil {
		t.Error("signed out of a registry that does not answer")
	}
}

// refusing is a registry whose access record cannot be written.
type refusing struct {
	registry.Store
	sessions int
}

func (r *refusing) Record(context.Context, audit.Event) error {
	return fault.New(fault.Unavailable, "The access record cannot be written.")
}

func (r *refusing) AddSession(ctx context.Context, x registry.Session) error {
	r.sessions++
	return r.Store.AddSession(ctx, x)
}

// A hash made at another cost is made again when its password is next used.
func TestAHashIsMadeAgainAtTheNewCost(t *testing.T) {
	s, store, c := setUp(t)
	before, _ := store.UserByName(t.Context(), "ana")
	dearer, err := auth.New(auth.Options{Store: store, Now: c.now, Random: rand.Reader, Cost: auth.Cost{Time: 2, MemoryKiB: 128, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range []*auth.Service{s, dearer, dearer} {
		token, _, err := x.SignIn(t.Context(), "ana", "correct horse battery", from("10.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := x.Check(t.Context(), token); err != nil {
			t.Errorf("sign-in %d: %v", i, err)
		}
		u, _ := store.UserByName(t.Context(), "ana")
		if changed := u.Hash != before.Hash; changed != (i > 0) || i > 0 && !strings.HasPrefix(u.Hash, "$argon2id$v=19$m=128,t=2,p=1$") {
			t.Errorf("sign-in %d: the hash is now %s", i, u.Hash[:32])
		}
	}
}
