package sqlstore

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// first makes a registry as the first version of the program did, with a person in it.
func first(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "registry.db"))
	must(t, err)
	sub, err := fs.Sub(schema, "schema/sqlite")
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
	must(t, err)
	_, err = p.UpTo(t.Context(), 1)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `insert into agreement values ('DSA-1','Old',1,2,'0809','','RM3','330'); insert into person (name, display, role, agreement, hash) values ('ana','Ana','clinician','DSA-1','h')`)
	must(t, err)
	must(t, db.Close())
}

func copies(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, "registry.db.before-*"))
	must(t, err)
	return out
}

// An older registry is copied as it was before it is brought up to date, and keeps
// what was in it.
func TestUpgradeIsCopiedFirst(t *testing.T) {
	dir := t.TempDir()
	first(t, dir)
	s := open(t, dir)
	u, err := s.UserByName(t.Context(), "ana")
	must(t, err)
	if m, err := s.Member(t.Context(), "DSA-1", u.ID); err != nil || m.Agreement != "DSA-1" {
		t.Errorf("who was named is named no more: %+v, %v", m, err)
	}
	must(t, s.Check(t.Context()))
	must(t, s.Close())
	kept := copies(t, dir)
	if len(kept) != 1 {
		t.Fatal(kept)
	}
	info, err := os.Stat(kept[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	must(t, Whole(t.Context(), kept[0]))
	db, err := sql.Open("sqlite", "file:"+kept[0])
	must(t, err)
	var version int
	var name string
	must(t, db.QueryRowContext(t.Context(), `select max(version_id), (select name || ' ' || agreement from person) from goose_db_version`).Scan(&version, &name))
	must(t, db.Close())
	if version != 1 || name != "ana DSA-1" {
		t.Errorf("the copy is of version %d, of %s", version, name)
	}
	// A registry that is up to date is not copied; another old one is, beside the first.
	again, err := Open(t.Context(), dir)
	must(t, err)
	must(t, again.Close())
	if n := len(copies(t, dir)); n != 1 {
		t.Errorf("%d copies", n)
	}
	before, err := os.ReadFile(kept[0])
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, "registry.db")))
	first(t, dir)
	third, err := Open(t.Context(), dir)
	must(t, err)
	must(t, third.Close())
	after, err := os.ReadFile(kept[0])
	if n := len(copies(t, dir)); err != nil || n != 2 || string(before) != string(after) {
		t.Errorf("%d copies, %v", n, err)
	}
	if fresh := t.TempDir(); len(copies(t, fresh)) != 0 {
		t.Error("a new registry is copied")
	}
}

// Where no copy can be made, nothing is changed.
func TestNoUpgradeWithoutACopy(t *testing.T) {
	dir := t.TempDir()
	first(t, dir)
	s := &Store{}
	var err error
	s.db, err = sql.Open("sqlite", "file:"+filepath.Join(dir, "registry.db"))
	must(t, err)
	err = s.migrate(t.Context(), filepath.Join(dir, "none", "registry.db.before-"))
	if fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "could not be copied") {
		t.Errorf("%v", err)
	}
	var version int
	must(t, s.db.QueryRowContext(t.Context(), `select max(version_id) from goose_db_version`).Scan(&version))
	must(t, s.db.Close())
	if version != 1 {
		t.Errorf("it is of version %d now", version)
	}
}

// Damage of the file is found, by whoever looks.
func TestWholeFindsDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	must(t, s.Check(t.Context()))
	path := filepath.Join(t.TempDir(), "copy")
	must(t, s.Copy(t.Context(), path))
	must(t, Whole(t.Context(), path))
	b, err := os.ReadFile(path)
	must(t, err)
	for at := 4096 * 3; at < len(b); at++ {
		b[at] = 0xa5
	}
	must(t, os.WriteFile(path, b, 0o600))
	if err := Whole(t.Context(), path); err == nil {
		t.Error("a file of rubbish is whole")
	}
	wantKind(t, "over another", s.Copy(t.Context(), path), fault.Unavailable)
	if left, err := os.ReadFile(path); err != nil || string(left) != string(b) {
		t.Errorf("a file that was there was changed: %v", err)
	}
}

// What was open when a copy was made is open no more where it is brought back.
func TestForgetEndsWhatIsOpen(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	must(t, s.AddInvited(ctx, registry.User{Name: "ana", Display: "Ana", Role: policy.Planner}, registry.PasswordLink{Hash: []byte("link"), Made: noon, Until: noon.AddDate(0, 0, 3)}))
	u, err := s.UserByName(ctx, "ana")
	must(t, err)
	must(t, s.AddSession(ctx, registry.Session{TokenHash: []byte("token"), UserID: u.ID, Created: noon, Seen: noon}))
	must(t, s.Forget(ctx))
	_, err = s.Session(ctx, []byte("token"))
	wantKind(t, "the session", err, fault.NotFound)
	_, err = s.PasswordLink(ctx, []byte("link"))
	wantKind(t, "the link", err, fault.NotFound)
}
