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
	return change(ctx, on, "session", `insert into session (token_hash, person, created_ms, seen_ms, address, device, factor, strong_ms, agreement, terms) values (?,?,?,?,?,?,?,?,?,?)`,
		x.TokenHash, x.UserID, millis(x.Created), millis(x.Seen), x.Address, x.Device, x.Factor, millis(x.Strong), x.Agreement, x.Terms)
}

const sessionColumns = `select token_hash, person, created_ms, seen_ms, address, device, factor, strong_ms, agreement, terms from session`

func scanSession(scan func(...any) error) (registry.Session, error) {
	var x registry.Session
	var created, seen, strong int64
	err := scan(&x.TokenHash, &x.UserID, &created, &seen, &x.Address, &x.Device, &x.Factor, &strong, &x.Agreement, &x.Terms)
	x.Created, x.Seen, x.Strong = moment(created), moment(seen), moment(strong)
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

// ChoosePurpose puts a session in place of another, with the purpose that was
// chosen, and keeps that its terms were accepted.
func (s *Store) ChoosePurpose(ctx context.Context, tokenHash []byte, to registry.Session, at time.Time) error {
	return s.in(ctx, "session", func(tx *sql.Tx) error {
		if err := change(ctx, tx, "session", `delete from session where token_hash = ?`, tokenHash); err != nil {
			return err
		}
		if err := addSession(ctx, tx, to); err != nil {
			return err
		}
		return change(ctx, tx, "acceptance", `insert into acceptance (person, agreement, terms, at_ms) values (?,?,?,?)`, to.UserID, to.Agreement, to.Terms, millis(at))
	})
}
