package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// PutApp keeps an authenticator app in place of the one before.
func (s *Store) PutApp(ctx context.Context, a registry.App) error {
	return s.change(ctx, "authenticator app", `insert into app (person, secret, added_ms, last_step) values (?,?,?,?)
		on conflict (person) do update set secret=excluded.secret, added_ms=excluded.added_ms, last_step=excluded.last_step`, a.UserID, a.Secret, millis(a.Added), a.LastStep)
}

// App returns a person's authenticator app.
func (s *Store) App(ctx context.Context, user int64) (registry.App, error) {
	a := registry.App{UserID: user}
	var added int64
	err := s.db.QueryRowContext(ctx, `select secret, added_ms, last_step from app where person = ?`, user).Scan(&a.Secret, &added, &a.LastStep)
	a.Added = moment(added)
	return a, outcome(err, "authenticator app")
}

// RemoveApp forgets a person's authenticator app.
func (s *Store) RemoveApp(ctx context.Context, user int64) error {
	return s.change(ctx, "authenticator app", `delete from app where person = ?`, user)
}

// UseStep takes a time step: of many who come with the same one, one gets it.
func (s *Store) UseStep(ctx context.Context, user, step int64) error {
	err := s.change(ctx, "authenticator app", `update app set last_step = ? where person = ? and last_step < ?`, step, user, step)
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.Conflict, "That code has been used.")
	}
	return err
}

// PutRecovery replaces a person's recovery codes.
func (s *Store) PutRecovery(ctx context.Context, user int64, hashes [][]byte) error {
	return s.in(ctx, "recovery codes", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from recovery where person = ?`, user); err != nil {
			return outcome(err, "recovery codes")
		}
		for _, h := range hashes {
			if err := change(ctx, tx, "recovery code", `insert into recovery (person, hash) values (?,?)`, user, h); err != nil {
				return err
			}
		}
		return nil
	})
}

// UseRecovery takes a recovery code away.
func (s *Store) UseRecovery(ctx context.Context, user int64, hash []byte) error {
	return s.change(ctx, "recovery code", `delete from recovery where person = ? and hash = ?`, user, hash)
}

// RecoveryLeft counts a person's recovery codes.
func (s *Store) RecoveryLeft(ctx context.Context, user int64) (int, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `select count(*) from recovery where person = ?`, user).Scan(&n)
	return n, outcome(err, "recovery code")
}

// AddPasskey keeps a new passkey.
func (s *Store) AddPasskey(ctx context.Context, p registry.Passkey) error {
	return s.change(ctx, "passkey", `insert into passkey (id, person, name, credential, added_ms, used_ms) values (?,?,?,?,?,?)`,
		p.ID, p.UserID, p.Name, p.Credential, millis(p.Added), millis(p.Used))
}

// Passkeys returns a person's passkeys, the oldest first.
func (s *Store) Passkeys(ctx context.Context, user int64) ([]registry.Passkey, error) {
	return all(ctx, s.db, func(scan func(...any) error) (registry.Passkey, error) {
		var p registry.Passkey
		var added, used int64
		err := scan(&p.ID, &p.UserID, &p.Name, &p.Credential, &added, &used)
		p.Added, p.Used = moment(added), moment(used)
		return p, outcome(err, "passkey")
	}, `select id, person, name, credential, added_ms, used_ms from passkey where person = ? order by added_ms, id`, user)
}

// UsePasskey notes a use of a passkey.
func (s *Store) UsePasskey(ctx context.Context, id, before, after []byte, at time.Time) error {
	return s.change(ctx, "passkey", `update passkey set credential = ?, used_ms = ? where id = ? and credential = ?`, after, millis(at), id, before)
}

// RemovePasskey forgets a passkey of a person.
func (s *Store) RemovePasskey(ctx context.Context, user int64, id []byte) error {
	return s.change(ctx, "passkey", `delete from passkey where person = ? and id = ?`, user, id)
}

// Handle returns the bytes by which passkeys name a person.
func (s *Store) Handle(ctx context.Context, user int64, fresh []byte) ([]byte, error) {
	if _, err := s.db.ExecContext(ctx, `insert into handle (person, handle) values (?,?) on conflict (person) do nothing`, user, fresh); err != nil {
		return nil, outcome(err, "handle")
	}
	var out []byte
	err := s.db.QueryRowContext(ctx, `select handle from handle where person = ?`, user).Scan(&out)
	return out, outcome(err, "handle")
}

// UserByHandle returns whom a passkey names.
func (s *Store) UserByHandle(ctx context.Context, handle []byte) (registry.User, error) {
	return scanUser(s.db.QueryRowContext(ctx, userColumns+` where id = (select person from handle where handle = ?)`, handle).Scan)
}

// maxPending is how many things may be begun and not finished: whoever begins
// for nothing fills no disk.
const maxPending = 10_000

// PutPending keeps something that was begun.
func (s *Store) PutPending(ctx context.Context, p registry.Pending, now time.Time) error {
	return s.in(ctx, "sign-in", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from pending where until_ms <= ? or id = ?`, millis(now), p.ID); err != nil {
			return outcome(err, "sign-in")
		}
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from pending`).Scan(&n); err != nil {
			return outcome(err, "sign-in")
		}
		if n >= maxPending {
			return fault.New(fault.Limited, "Too many people are signing in just now. Wait a few minutes and try again.")
		}
		return change(ctx, tx, "sign-in", `insert into pending (id, kind, person, body, until_ms) values (?,?,?,?,?)`, p.ID, p.Kind, p.UserID, p.Body, millis(p.Until))
	})
}

func (s *Store) pending(ctx context.Context, text string, id []byte, kind string, now time.Time) (registry.Pending, error) {
	p := registry.Pending{ID: id, Kind: kind}
	var until int64
	err := s.db.QueryRowContext(ctx, text, id, kind).Scan(&p.UserID, &p.Body, &until)
	if err == nil && until <= millis(now) {
		err = sql.ErrNoRows
	}
	p.Until = moment(until)
	if err != nil {
		return registry.Pending{}, outcome(err, "sign-in under way")
	}
	return p, nil
}

// Pending returns something that was begun.
func (s *Store) Pending(ctx context.Context, id []byte, kind string, now time.Time) (registry.Pending, error) {
	return s.pending(ctx, `select person, body, until_ms from pending where id = ? and kind = ?`, id, kind, now)
}

// TakePending returns something that was begun, and forgets it.
func (s *Store) TakePending(ctx context.Context, id []byte, kind string, now time.Time) (registry.Pending, error) {
	return s.pending(ctx, `delete from pending where id = ? and kind = ? returning person, body, until_ms`, id, kind, now)
}

// ForgetFactors takes all second factors off an account.
func (s *Store) ForgetFactors(ctx context.Context, user int64) error {
	return s.in(ctx, "second factor", func(tx *sql.Tx) error {
		for _, text := range [...]string{`delete from app where person = ?`, `delete from passkey where person = ?`, `delete from recovery where person = ?`, `delete from session where person = ?`} {
			if _, err := tx.ExecContext(ctx, text, user); err != nil {
				return outcome(err, "second factor")
			}
		}
		return nil
	})
}

// AddLink keeps whom another service's subject is here.
func (s *Store) AddLink(ctx context.Context, l registry.Link) error {
	return s.change(ctx, "link", `insert into link (issuer, subject, person, added_ms) values (?,?,?,?)`, l.Issuer, l.Subject, l.UserID, millis(l.Added))
}

// RemoveLinks forgets all links to an account.
func (s *Store) RemoveLinks(ctx context.Context, user int64) error {
	return s.change(ctx, "link", `delete from link where person = ?`, user)
}

// UserByLink returns whom another service's subject is here.
func (s *Store) UserByLink(ctx context.Context, issuer, subject string) (registry.User, error) {
	return scanUser(s.db.QueryRowContext(ctx, userColumns+` where id = (select person from link where issuer = ? and subject = ?)`, issuer, subject).Scan)
}

// AddNotice keeps what a person is to be told.
func (s *Store) AddNotice(ctx context.Context, user int64, at time.Time, what string) error {
	return s.change(ctx, "notice", `insert into notice (person, at_ms, what) values (?,?,?)`, user, millis(at), what)
}

// Notices returns what a person is to be told, the latest first.
func (s *Store) Notices(ctx context.Context, user int64) ([]registry.Notice, error) {
	return all(ctx, s.db, func(scan func(...any) error) (registry.Notice, error) {
		var n registry.Notice
		var at int64
		err := scan(&n.ID, &at, &n.What)
		n.At = moment(at)
		return n, outcome(err, "notice")
	}, `select id, at_ms, what from notice where person = ? order by id desc limit 20`, user)
}

// ReadNotices forgets a person's notices up to a number.
func (s *Store) ReadNotices(ctx context.Context, user, last int64) error {
	_, err := s.db.ExecContext(ctx, `delete from notice where person = ? and id <= ?`, user, last)
	return outcome(err, "notice")
}
