package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != kind {
		t.Errorf("%s: %v, want an error of kind %v", what, err, kind)
	}
}

var (
	noon      = time.Date(2026, 11, 24, 12, 0, 0, 7e6, time.UTC)
	agreement = registry.Agreement{Ref: "DSA-2041", Title: "Dermatology clinic", Basis: policy.Clinical, Organisation: "A trust", From: noon, Until: noon.AddDate(1, 0, 0), Subsets: []string{"dermatology"},
		Years: []string{"0405", "0506"}, Fields: []string{"LSOA01"}, Provider: "RM3", Specialties: []string{"330"}, Consultants: []string{"C1234567"}, LookBack: 36, Whole: true, Terms: "None.", Revision: 1,
		Proofs: []policy.Proof{{Kind: policy.Toolkit, Ref: "8XX", From: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 11, 0)}}}
)

func TestWhatIsKeptComesBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	must(t, s.AddAgreement(ctx, agreement))
	wantKind(t, "agreement twice", s.AddAgreement(ctx, agreement), fault.Conflict)
	wantKind(t, "agreement without years", s.AddAgreement(ctx, registry.Agreement{Ref: "x", Title: "x", From: noon, Until: noon.Add(1e9)}), fault.Invalid)
	u := registry.User{Name: "ana", Display: "Ana", Role: policy.Researcher, Demo: true, Hash: "h"}
	must(t, s.AddUser(ctx, u))
	wantKind(t, "account twice", s.AddUser(ctx, u), fault.Conflict)
	must(t, s.AddUser(ctx, registry.User{Name: "bob", Display: "Bob", Role: policy.Planner, Hash: "h"}))
	eve := registry.Member{Agreement: "DSA-0", UserID: 1, From: noon}
	if err := s.PutMember(ctx, eve); err == nil {
		t.Error("somebody is named on an agreement that does not exist")
	}

	s = open(t, dir) // as another process sees it
	got, err := s.Agreement(ctx, agreement.Ref)
	if diff := cmp.Diff(agreement, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	_, err = s.Agreement(ctx, "DSA-0")
	wantKind(t, "no such agreement", err, fault.NotFound)
	people, err := s.Users(ctx)
	must(t, err)
	u.ID = people[0].ID
	if diff := cmp.Diff(u, people[0]); diff != "" || len(people) != 2 {
		t.Error(len(people), diff)
	}
	must(t, s.SetColumns(ctx, u.ID, "SEX,DIAG_01"))
	u.Columns = "SEX,DIAG_01"
	byName, err := s.UserByName(ctx, "ana")
	if diff := cmp.Diff(u, byName); diff != "" || err != nil {
		t.Error(err, diff)
	}
	_, err = s.User(ctx, 99)
	wantKind(t, "no such account", err, fault.NotFound)
	wantKind(t, "password of nobody", s.SetPassword(ctx, 99, "x"), fault.NotFound)

	for i, want := range []string{"first", "first"} {
		v, err := s.SettingOnce(ctx, "id-key", []byte([]string{"first", "second"}[i]))
		if err != nil || string(v) != want {
			t.Errorf("setting: %q, %v", v, err)
		}
	}
}

func TestSessionsEndWithTheAccount(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	for _, name := range []string{"ana", "bob"} {
		must(t, s.AddUser(ctx, registry.User{Name: name, Display: name, Role: policy.Planner, Hash: "h"}))
	}
	ana, _ := s.UserByName(ctx, "ana")
	bob, _ := s.UserByName(ctx, "bob")
	his := registry.Session{TokenHash: []byte("bob's"), UserID: bob.ID, Created: noon, Seen: noon, Address: "::1"}
	must(t, s.AddSession(ctx, his))
	for name, end := range map[string]func() error{
		"sign-out": func() error { return s.EndSession(ctx, []byte("ana's")) },
		"password": func() error { return s.SetPassword(ctx, ana.ID, "new") },
		"disabled": func() error { return s.SetDisabled(ctx, ana.ID, true) },
	} {
		t.Run(name, func(t *testing.T) {
			must(t, s.AddSession(ctx, registry.Session{TokenHash: []byte("ana's"), UserID: ana.ID, Created: noon, Seen: noon}))
			must(t, end())
			_, err := s.Session(ctx, []byte("ana's"))
			wantKind(t, "after the end", err, fault.NotFound)
			wantKind(t, "a touch after the end", s.TouchSession(ctx, []byte("ana's"), noon), fault.NotFound)
		})
	}
	must(t, s.SetDisabled(ctx, ana.ID, false))
	must(t, s.TouchSession(ctx, his.TokenHash, noon.Add(time.Minute)))
	his.Seen = noon.Add(time.Minute)
	got, err := s.Session(ctx, his.TokenHash)
	if diff := cmp.Diff(his, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestFailuresAreCountedAndForgotten(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	for _, back := range []time.Duration{30 * time.Hour, 20 * time.Hour, time.Hour} {
		must(t, s.NoteFailure(ctx, "a", noon.Add(-back)))
	}
	must(t, s.NoteFailure(ctx, "b", noon))
	n, last, err := s.Failures(ctx, "a", noon.Add(-24*time.Hour))
	if n != 2 || !last.Equal(noon.Add(-time.Hour)) || err != nil {
		t.Errorf("%d, last %v, %v", n, last, err)
	}
	if n, _, _ := s.Failures(ctx, "a", time.Time{}); n != 2 {
		t.Errorf("%d are kept, want the old one gone", n)
	}
	must(t, s.ClearFailures(ctx, "a"))
	a, _, _ := s.Failures(ctx, "a", time.Time{})
	b, _, _ := s.Failures(ctx, "b", time.Time{})
	if a != 0 || b != 1 {
		t.Errorf("after clearing a: %d of a, %d of b", a, b)
	}
}

// head returns the number of entries of a record that is in order.
func head(t testing.TB, s *Store) int64 {
	t.Helper()
	var v audit.Verifier
	var bad error
	err := s.Entries(t.Context(), 1, func(e audit.Entry) bool { bad = v.Next(e); return bad == nil })
	must(t, errors.Join(err, bad))
	n, _ := v.Head()
	return n
}

func event(actor string) audit.Event {
	return audit.Event{At: noon, Kind: "view", Actor: actor, Outcome: "shown"}
}

func TestTheRecordIsSharedByProcesses(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{open(t, dir), open(t, dir)}
	errs := make(chan error)
	for i := range 40 {
		go func() { errs <- stores[i%2].Record(context.Background(), event("ana")) }()
	}
	for range 40 {
		must(t, <-errs)
	}
	if n := head(t, stores[0]); n != 40 {
		t.Errorf("%d entries, want 40", n)
	}
}

func TestTheRecordOnlyGrowsAtItsEnd(t *testing.T) {
	s := open(t, t.TempDir())
	for range 3 {
		must(t, s.Record(t.Context(), event("ana")))
	}
	for name, text := range map[string]string{
		"update":  `update access_log set hash = 'x' where seq = 2`,
		"delete":  `delete from access_log where seq = 3`,
		"replace": `insert or replace into access_log (seq, body, hash) values (2, x'00', 'x')`,
		"upsert":  `insert into access_log (seq, body, hash) values (2, x'00', 'x') on conflict do update set hash = 'x'`,
		"gap":     `insert into access_log (seq, body, hash) values (9, x'00', 'x')`,
		"before":  `insert into access_log (seq, body, hash) values (0, x'00', 'x')`,
		"any":     `insert into access_log (body, hash) values (x'00', 'x')`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.db.ExecContext(t.Context(), text); err == nil {
				t.Error("the registry let it happen")
			}
		})
	}
	if n := head(t, s); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

func TestRecordRecoversByItself(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := s.db.ExecContext(t.Context(), `create trigger full before insert on access_log begin select raise(abort, 'disk full'); end`)
	must(t, err)
	wantKind(t, "on a disk that refuses", s.Record(t.Context(), event("ana")), fault.Unavailable)
	_, err = s.db.ExecContext(t.Context(), `drop trigger full`)
	must(t, err)
	must(t, s.Record(t.Context(), event("ana")))
	if n := head(t, s); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

// Closing while people ask loses nothing that was confirmed, and nobody waits
// for ever.
func TestClosingDuringRecording(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	errs := make(chan error)
	for range 50 {
		go func() { errs <- s.Record(context.Background(), event("ana")) }()
	}
	confirmed := int64(0)
	for i := range 50 {
		if i == 10 {
			go s.Close()
		}
		if err := <-errs; err == nil {
			confirmed++
		} else {
			wantKind(t, "while closing", err, fault.Unavailable)
		}
	}
	must(t, s.Close())
	wantKind(t, "after closing", s.Record(context.Background(), event("ana")), fault.Unavailable)
	if n := head(t, open(t, dir)); n != confirmed {
		t.Errorf("%d entries, %d were confirmed", n, confirmed)
	}
}

func TestOpenTogetherAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	errs := make(chan error)
	for range 6 {
		go func() {
			s, err := Open(context.Background(), dir)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 6 {
		must(t, <-errs)
	}
	path := filepath.Join(dir, "registry.db")
	must(t, os.Chmod(path, 0o644))
	open(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has %v, want %v", filepath.Base(path), got, want)
		}
	}
}

func TestARegistryOfANewerProgramIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.db.ExecContext(t.Context(), `insert into goose_db_version (version_id, is_applied) values (99, 1)`)
	must(t, err)
	_, err = Open(t.Context(), dir)
	wantKind(t, "newer registry", err, fault.Unavailable)
}

// What durability rests on is set on every connection.
func TestPragmas(t *testing.T) {
	s := open(t, t.TempDir())
	var held []*sql.Conn
	for range 3 {
		c, err := s.db.Conn(t.Context())
		must(t, err)
		held = append(held, c)
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
			var got string
			must(t, c.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
		}
	}
	for _, c := range held {
		must(t, c.Close())
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, people := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("people-%d", people), func(b *testing.B) {
			s := open(b, b.TempDir())
			work, errs := make(chan struct{}), make(chan error, people)
			for range people {
				go func() {
					var err error
					for range work {
						err = errors.Join(err, s.Record(context.Background(), event("ana")))
					}
					errs <- err
				}()
			}
			b.ResetTimer()
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			for range people {
				must(b, <-errs)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// Of two who amend what they have both read one is refused, and a reference that
// differs in capitals only is no other one.
func TestAmendingWhatSomebodyElseHasAmended(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	must(t, s.AddAgreement(ctx, agreement))
	small := agreement
	small.Ref = "dsa-2041"
	wantKind(t, "the same in small letters", s.AddAgreement(ctx, small), fault.Conflict)
	read, err := s.Agreement(ctx, agreement.Ref)
	must(t, err)
	var wait sync.WaitGroup
	kinds := make([]fault.Kind, 8)
	failed := make([]error, len(kinds))
	for i := range kinds {
		is := read
		is.Title = fmt.Sprintf("Title %d", i)
		wait.Go(func() {
			failed[i] = s.AmendAgreement(ctx, read, is)
			kinds[i] = fault.Of(failed[i])
		})
	}
	wait.Wait()
	won := -1
	for i, k := range kinds {
		switch {
		case failed[i] == nil && won < 0:
			won = i
		case failed[i] == nil:
			t.Errorf("%d and %d amended the same", won, i)
		case k != fault.Conflict:
			t.Errorf("%d: %v", i, failed[i])
		}
	}
	if got, err := s.Agreement(ctx, agreement.Ref); err != nil || got.Title != fmt.Sprintf("Title %d", won) {
		t.Errorf("%d amended it, and it says %q, %v", won, got.Title, err)
	}
}

// Confirming changes nothing else of a place, and does not put anybody back who has
// been taken off.
func TestAttesting(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	must(t, s.AddAgreement(ctx, agreement))
	must(t, s.AddUser(ctx, registry.User{Name: "ana", Display: "Ana", Role: policy.Clinician, Hash: "h"}))
	m := registry.Member{Agreement: agreement.Ref, UserID: 1, From: noon, Until: noon.AddDate(0, 1, 0), Trained: noon, Registration: "C1", Sponsor: "Dr B"}
	must(t, s.PutMember(ctx, m))
	must(t, s.Attest(ctx, m.Agreement, 1, noon.AddDate(0, 0, 1)))
	m.Attested = noon.AddDate(0, 0, 1)
	got, err := s.Member(ctx, m.Agreement, 1)
	if diff := cmp.Diff(m, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	must(t, s.RemoveMember(ctx, m.Agreement, 1))
	wantKind(t, "confirming after being taken off", s.Attest(ctx, m.Agreement, 1, noon), fault.NotFound)
	_, err = s.Member(ctx, m.Agreement, 1)
	wantKind(t, "the place", err, fault.NotFound)
}
