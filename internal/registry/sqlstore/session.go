package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"webenablehes/internal/registry"
)

// AddSession keeps a new session.
func (s *Store) AddSession(ctx context.Context, x registry.Session) error {
	return addSession(ctx, s.db, x)
}

func addSession(ctx context.Context, on execer, x registry.Session) error {
	return change(ctx, on, "session", `insert into session (token_hash, person, created_ms, seen_ms, address, device, factor, strong_ms, proved_ms, agreement, terms) values (?,?,?,?,?,?,?,?,?,?,?)`,
		x.TokenHash, x.UserID, millis(x.Created), millis(x.Seen), x.Address, x.Device, x.Factor, millis(x.Strong), millis(x.Proved), x.Agreement, x.Terms)
}

const sessionColumns = `select token_hash, person, created_ms, seen_ms, address, device, factor, strong_ms, proved_ms, agreement, terms from session`

func scanSession(scan func(...any) error) (registry.Session, error) {
	var x registry.Session
	var created, seen, strong, proved int64
	err := scan(&x.TokenHash, &x.UserID, &created, &seen, &x.Address, &x.Device, &x.Factor, &strong, &proved, &x.Agreement, &x.Terms)
	x.Created, x.Seen, x.Strong, x.Proved = moment(created), moment(seen), moment(strong), moment(proved)
	return x, outcome(err, "session")
}

// Session returns a session by its token's hash.
func (s *Store) Session(ctx context.Context, tokenHash []byte) (registry.Session, error) {
	return scanSession(s.db.QueryRowContext(ctx, sessionColumns+` where token_hash = ?`, tokenHash).Scan)
}

// TouchSession notes that a session was used.
func (s *Store) TouchSession(ctx context.Context, tokenHash []byte, seen time.Time) error {
	return s.change(ctx, "session", `update session set seen_ms = ? where token_hash = ?`, millis(seen), tokenHash)
}

// EndSession ends a session.
func (s *Store) EndSession(ctx context.Context, tokenHash []byte) error {
	return s.change(ctx, "session", `delete from session where token_hash = ?`, tokenHash)
}

// Sessions returns a person's sessions, the last used first.
func (s *Store) Sessions(ctx context.Context, user int64) ([]registry.Session, error) {
	return all(ctx, s.db, scanSession, sessionColumns+` where person = ? order by seen_ms desc, created_ms desc, token_hash`, user)
}

func replaceSession(ctx context.Context, tx *sql.Tx, tokenHash []byte, to registry.Session) error {
	if err := change(ctx, tx, "session", `delete from session where token_hash = ?`, tokenHash); err != nil {
		return err
	}
	return addSession(ctx, tx, to)
}

// ReplaceSession puts a session in place of another.
func (s *Store) ReplaceSession(ctx context.Context, tokenHash []byte, to registry.Session) error {
	return s.in(ctx, "session", func(tx *sql.Tx) error { return replaceSession(ctx, tx, tokenHash, to) })
}

// TrimSessions ends a person's sessions that are too many.
func (s *Store) TrimSessions(ctx context.Context, user int64, since time.Time, keep int) (int, error) {
	var n int64
	err := s.in(ctx, "session", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from session where person = ? and seen_ms < ?`, user, millis(since)); err != nil {
			return outcome(err, "session")
		}
		r, err := tx.ExecContext(ctx, `delete from session where token_hash in (select token_hash from session where person = ? order by created_ms desc, rowid desc limit -1 offset ?)`, user, keep)
		if err == nil {
			n, err = r.RowsAffected()
		}
		return outcome(err, "session")
	})
	return int(n), err
}

// EndSessionsBut ends all of a person's sessions but one.
func (s *Store) EndSessionsBut(ctx context.Context, user int64, tokenHash []byte) (int, error) {
	r, err := s.db.ExecContext(ctx, `delete from session where person = ? and token_hash != ?`, user, tokenHash)
	if err != nil {
		return 0, outcome(err, "session")
	}
	n, err := r.RowsAffected()
	return int(n), outcome(err, "session")
}

// ChoosePurpose puts a session in place of another, with the purpose that was
// chosen, and keeps that its terms were accepted, if they were just now.
func (s *Store) ChoosePurpose(ctx context.Context, tokenHash []byte, to registry.Session, accepted time.Time) error {
	return s.in(ctx, "session", func(tx *sql.Tx) error {
		if err := replaceSession(ctx, tx, tokenHash, to); err != nil {
			return err
		}
		if accepted.IsZero() {
			return nil
		}
		return change(ctx, tx, "acceptance", `insert into acceptance (person, agreement, terms, at_ms) values (?,?,?,?)`, to.UserID, to.Agreement, to.Terms, millis(accepted))
	})
}

// Accepted returns when a person last accepted a version of an agreement's terms.
func (s *Store) Accepted(ctx context.Context, user int64, agreement, terms string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx, `select max(at_ms) from acceptance where person = ? and agreement = ? and terms = ?`, user, agreement, terms).Scan(&at)
	return moment(at.Int64), outcome(err, "acceptance")
}
