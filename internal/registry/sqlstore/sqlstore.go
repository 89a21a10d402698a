// Package sqlstore keeps the registry in SQLite: one file beside the releases,
// written ahead with full synchronisation, one writer at a time.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/removal"
)

//go:embed schema/sqlite/*.sql
var schema embed.FS

// Store is a registry in a file. It is safe for concurrent use, by several
// processes too.
type Store struct {
	db      *sql.DB
	last    *sql.Stmt // reads the last event
	add     *sql.Stmt // writes one
	events  chan pending
	closing chan struct{} // closed when no more events are taken
	done    chan struct{} // closed when the last one is written
	close   func() error
	taken   removal.Ledger // what is taken away, for later restores
}

// Open opens the registry in a data folder, making or migrating it first.
func Open(ctx context.Context, data string) (*Store, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be made; check its rights")
	}
	path := filepath.Join(data, "registry.db")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The registry cannot be opened; check the rights of the data folder")
	}
	if err := errors.Join(private(f), f.Close()); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The registry cannot be made private; check who owns the data folder")
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	db.SetMaxOpenConns(4)
	s := &Store{db: db, taken: removal.In(data), events: make(chan pending), closing: make(chan struct{}), done: make(chan struct{})}
	s.close = sync.OnceValue(func() error {
		close(s.closing)
		<-s.done
		return errors.Join(s.last.Close(), s.add.Close(), s.db.Close())
	})
	if err := s.migrateAlone(ctx, data); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go s.record()
	return s, nil
}

// private takes a file's rights away from everybody but its owner.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return f.Chmod(0o600)
}

// migrateAlone migrates while no other process does: goose has no lock of its
// own for SQLite. The system gives the lock back when the process dies.
func (s *Store) migrateAlone(ctx context.Context, data string) (err error) {
	f, err := os.OpenFile(filepath.Join(data, "registry.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The registry cannot be opened; check the rights of the data folder")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("migrate registry: take the lock: %w", err)
	}
	return s.migrate(ctx, filepath.Join(data, "registry.db.before-"))
}

// migrate brings an older registry up to this version, once there is a copy of it as
// it was: beside names that.
func (s *Store) migrate(ctx context.Context, beside string) error {
	sub, err := fs.Sub(schema, "schema/sqlite")
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, sub)
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	if have > known {
		return fault.New(fault.Unavailable, "The registry was made by a newer version of this program. Install that version again.")
	}
	if have > 0 && have < known {
		if err := s.copyBefore(ctx, fmt.Sprintf("%s%05d", beside, known)); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	return nil
}

// Close writes the events already taken and closes the file. Closing again does
// nothing; an event that comes later is refused.
func (s *Store) Close() error { return s.close() }

// millis and moment keep times; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UTC().UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Fields(text)
}

// outcome gives a database error its kind. what is "account", "agreement", …
func outcome(err error, what string) error {
	var e *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.NotFound, "There is no such %s.", what)
	case errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
		return fault.New(fault.Conflict, "There is such an %s already.", what)
	}
	err = fmt.Errorf("registry, %s: %w", what, err)
	if ours(err) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "The registry of accounts cannot be read or written just now. Please try again in a few minutes.")
}

// ours tells whether an error is a mistake of this program, or of the caller who
// hung up, and not of the disk or of the file.
func ours(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return true
	case !ok:
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG:
		return true
	}
	return false
}

// change runs a statement that must touch a row.
func (s *Store) change(ctx context.Context, what, text string, args ...any) error {
	return change(ctx, s.db, what, text, args...)
}

// execer is a database or a transaction in it.
type execer interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
}

func change(ctx context.Context, on execer, what, text string, args ...any) error {
	r, err := on.ExecContext(ctx, text, args...)
	if err != nil {
		return outcome(err, what)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return outcome(sql.ErrNoRows, what)
	}
	return nil
}

// AddUser keeps a new account.
func (s *Store) AddUser(ctx context.Context, u registry.User) error { return addUser(ctx, s.db, u) }

func addUser(ctx context.Context, on execer, u registry.User) error {
	return change(ctx, on, "account", `insert into person (name, display, role, demo, hash) values (?,?,?,?,?)`,
		u.Name, u.Display, string(u.Role), u.Demo, u.Hash)
}

const userColumns = `select id, name, display, role, disabled, demo, hash, columns from person`

func scanUser(scan func(...any) error) (registry.User, error) {
	var u registry.User
	var role string
	err := scan(&u.ID, &u.Name, &u.Display, &role, &u.Disabled, &u.Demo, &u.Hash, &u.Columns)
	u.Role = policy.Role(role)
	return u, outcome(err, "account")
}

// User returns an account by number.
func (s *Store) User(ctx context.Context, id int64) (registry.User, error) {
	return scanUser(s.db.QueryRowContext(ctx, userColumns+` where id = ?`, id).Scan)
}

// UserByName returns an account by its name.
func (s *Store) UserByName(ctx context.Context, name string) (registry.User, error) {
	return scanUser(s.db.QueryRowContext(ctx, userColumns+` where name = ?`, name).Scan)
}

// Users returns all accounts by name.
func (s *Store) Users(ctx context.Context) ([]registry.User, error) {
	return all(ctx, s.db, scanUser, userColumns+` order by name`)
}

// SetPassword keeps a new password's hash and ends the person's sessions.
func (s *Store) SetPassword(ctx context.Context, id int64, hash string) error {
	return s.changeAndSignOut(ctx, id, func(tx *sql.Tx) error { return setPassword(ctx, tx, id, hash) })
}

// SetDisabled closes or opens an account; closing ends its sessions, and the link
// to choose a password.
func (s *Store) SetDisabled(ctx context.Context, id int64, disabled bool) error {
	const text = `update person set disabled = ? where id = ?`
	u, err := s.User(ctx, id)
	if err != nil {
		return err
	}
	if !disabled {
		if err := s.change(ctx, "account", text, disabled, id); err != nil {
			return err
		}
		return s.taken.Add(removal.Entry{Kind: removal.Opened, What: u.Name}) // afterwards: what is not noted stays closed
	}
	return s.changeAndSignOut(ctx, id, func(tx *sql.Tx) error {
		if err := change(ctx, tx, "account", text, disabled, id); err != nil {
			return err
		}
		if err := s.taken.Add(removal.Entry{Kind: removal.Closed, What: u.Name}); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `delete from password_link where person = ?`, id)
		return outcome(err, "link")
	})
}

// changeAndSignOut changes an account and ends its sessions, both or neither.
func (s *Store) changeAndSignOut(ctx context.Context, id int64, change func(*sql.Tx) error) error {
	return s.in(ctx, "account", func(tx *sql.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `delete from session where person = ?`, id)
		return outcome(err, "session")
	})
}

// SetColumns remembers a person's columns.
func (s *Store) SetColumns(ctx context.Context, id int64, columns string) error {
	return s.change(ctx, "account", `update person set columns = ? where id = ?`, columns, id)
}

// NoteFailure remembers a refused sign-in, and forgets those over a day old.
func (s *Store) NoteFailure(ctx context.Context, key string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, `delete from failure where at_ms < ?`, millis(at.Add(-24*time.Hour))); err != nil {
		return outcome(err, "failure")
	}
	return s.change(ctx, "failure", `insert into failure (key, at_ms) values (?,?)`, key, millis(at))
}

// Failures counts the refused sign-ins of a key.
func (s *Store) Failures(ctx context.Context, key string, since time.Time) (int, time.Time, error) {
	var n int
	var last sql.NullInt64
	err := s.db.QueryRowContext(ctx, `select count(*), max(at_ms) from failure where key = ? and at_ms >= ?`, key, millis(since)).Scan(&n, &last)
	return n, moment(last.Int64), outcome(err, "failure")
}

// ClearFailures forgets a key's refused sign-ins.
func (s *Store) ClearFailures(ctx context.Context, key string) error {
	_, err := s.db.ExecContext(ctx, `delete from failure where key = ?`, key)
	return outcome(err, "failure")
}

// SettingOnce keeps a value unless there is one.
func (s *Store) SettingOnce(ctx context.Context, name string, value []byte) ([]byte, error) {
	if _, err := s.db.ExecContext(ctx, `insert into setting (name, value) values (?,?) on conflict do nothing`, name, value); err != nil {
		return nil, outcome(err, "setting")
	}
	var out []byte
	err := s.db.QueryRowContext(ctx, `select value from setting where name = ?`, name).Scan(&out)
	return out, outcome(err, "setting")
}

func all[T any](ctx context.Context, on querier, scan func(func(...any) error) (T, error), text string, args ...any) ([]T, error) {
	rows, err := on.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, outcome(err, "list")
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, outcome(rows.Err(), "list")
}
