package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// Copy writes the registry as it is at one moment to a new file, while others go
// on writing.
func (s *Store) Copy(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // for its owner only, from the first byte on
	if err != nil {
		return cannotCopy(err)
	}
	err = f.Close()
	if err == nil {
		_, err = s.db.ExecContext(ctx, `vacuum into ?`, path)
	}
	if err == nil {
		err = durable.Sync(path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	if ctx.Err() != nil {
		return err
	}
	return cannotCopy(err)
}

func cannotCopy(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The registry could not be copied: make room or check the disk, and do it again")
}

// copyBefore copies the registry beside itself. A copy that is there is of an upgrade
// that failed, or of an older registry that was put in place since: it stays.
func (s *Store) copyBefore(ctx context.Context, path string) error {
	free := path
	for n := 2; ; n++ {
		_, err := os.Lstat(free)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil || n > 99 {
			return fault.Wrap(fault.Unavailable, errors.Join(err, errors.New("no name is free")), "The registry could not be copied before its upgrade: look at registry.db.before-… in the data folder")
		}
		free = fmt.Sprintf("%s-%d", path, n)
	}
	return s.Copy(ctx, free)
}

// Whole looks whether the file of a registry that nobody has open is whole.
func Whole(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path))
	if err != nil {
		return fmt.Errorf("open registry: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return whole(ctx, db)
}

// Check looks whether the file is whole.
func (s *Store) Check(ctx context.Context) error { return whole(ctx, s.db) }

// whole looks at all pages, indexes and references.
func whole(ctx context.Context, db *sql.DB) error {
	for _, text := range [...]string{`pragma integrity_check(1)`, `pragma foreign_key_check`} {
		rows, err := db.QueryContext(ctx, text)
		if err != nil {
			return outcome(err, "registry")
		}
		first := ""
		for rows.Next() {
			var cells [4]any // as many as either has
			n, err := rows.Columns()
			if err != nil {
				return errors.Join(outcome(err, "registry"), rows.Close())
			}
			into := make([]any, len(n))
			for i := range into {
				into[i] = &cells[i]
			}
			if err := rows.Scan(into...); err != nil {
				return errors.Join(outcome(err, "registry"), rows.Close())
			}
			first = fmt.Sprint(cells[0])
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return outcome(err, "registry")
		}
		if first != "" && first != "ok" {
			return fault.New(fault.Conflict, "The registry of accounts and the access record is damaged. Keep its file, and restore a backup.")
		}
	}
	return nil
}

// Forget ends all that a copy of the registry holds open: sessions, what was begun,
// links to choose a password. What ended since it was made would be open again.
func (s *Store) Forget(ctx context.Context) error {
	return s.in(ctx, "session", func(tx *sql.Tx) error {
		for _, text := range [...]string{`delete from session`, `delete from pending`, `delete from password_link`} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return outcome(err, "session")
			}
		}
		return nil
	})
}
