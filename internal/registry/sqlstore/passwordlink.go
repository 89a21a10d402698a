package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

func putPasswordLink(ctx context.Context, on execer, l registry.PasswordLink) error {
	return change(ctx, on, "link", `insert into password_link (person, hash, first, made_ms, until_ms, used_ms) values (?,?,?,?,?,0)
		on conflict (person) do update set hash=excluded.hash, first=excluded.first, made_ms=excluded.made_ms, until_ms=excluded.until_ms, used_ms=0`,
		l.UserID, l.Hash, l.First, millis(l.Made), millis(l.Until))
}

// AddInvited keeps a new account and the link to choose its password.
func (s *Store) AddInvited(ctx context.Context, u registry.User, l registry.PasswordLink) error {
	return s.in(ctx, "account", func(tx *sql.Tx) error {
		if err := addUser(ctx, tx, u); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `select id from person where name = ?`, u.Name).Scan(&l.UserID); err != nil {
			return outcome(err, "account")
		}
		return putPasswordLink(ctx, tx, l)
	})
}

// PutPasswordLink keeps a link in place of the one before.
func (s *Store) PutPasswordLink(ctx context.Context, l registry.PasswordLink) error {
	return putPasswordLink(ctx, s.db, l)
}

func (s *Store) passwordLink(ctx context.Context, text string, key any) (registry.PasswordLink, error) {
	var l registry.PasswordLink
	var made, until, used int64
	err := s.db.QueryRowContext(ctx, text, key).Scan(&l.UserID, &l.Hash, &l.First, &made, &until, &used)
	l.Made, l.Until, l.Used = moment(made), moment(until), moment(used)
	return l, outcome(err, "link")
}

// PasswordLink returns a link by the hash of what is in it.
func (s *Store) PasswordLink(ctx context.Context, hash []byte) (registry.PasswordLink, error) {
	return s.passwordLink(ctx, `select person, hash, first, made_ms, until_ms, used_ms from password_link where hash = ?`, hash)
}

// PasswordLinkOf returns the link of an account.
func (s *Store) PasswordLinkOf(ctx context.Context, user int64) (registry.PasswordLink, error) {
	return s.passwordLink(ctx, `select person, hash, first, made_ms, until_ms, used_ms from password_link where person = ?`, user)
}

// UsePasswordLink uses a link up: of many who come with the same one, one gets it.
func (s *Store) UsePasswordLink(ctx context.Context, link []byte, password string, at time.Time) error {
	return s.in(ctx, "link", func(tx *sql.Tx) error {
		err := change(ctx, tx, "link", `update password_link set used_ms = ? where hash = ? and used_ms = 0 and until_ms > ? and person in (select id from person where disabled = 0)`, millis(at), link, millis(at))
		if fault.Of(err) == fault.NotFound {
			return fault.New(fault.Conflict, "That link opens nothing any more.")
		}
		if err != nil {
			return err
		}
		if err := change(ctx, tx, "account", `update person set hash = ? where id = (select person from password_link where hash = ?)`, password, link); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from session where person = (select person from password_link where hash = ?)`, link)
		return outcome(err, "session")
	})
}

// ChangePassword keeps a password that its owner chose, and leaves the one session.
func (s *Store) ChangePassword(ctx context.Context, tokenHash []byte, to registry.Session, password string) error {
	return s.in(ctx, "account", func(tx *sql.Tx) error {
		if err := replaceSession(ctx, tx, tokenHash, to); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, to.UserID, password); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `delete from session where person = ? and token_hash != ?`, to.UserID, to.TokenHash)
		return outcome(err, "session")
	})
}

// setPassword keeps a password's hash. A link to choose another ends with it.
func setPassword(ctx context.Context, tx *sql.Tx, id int64, hash string) error {
	if err := change(ctx, tx, "account", `update person set hash = ? where id = ?`, hash, id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `delete from password_link where person = ?`, id)
	return outcome(err, "link")
}
