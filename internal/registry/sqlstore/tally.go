package sqlstore

import (
	"context"
	"time"

	"webenablehes/internal/registry"
)

// CountSessions counts the sessions that are not over.
func (s *Store) CountSessions(ctx context.Context, seen, created time.Time) (int, error) {
	var n int
	err := s.db.QueryRowContext(ctx, `select count(*) from session where seen_ms > ? and created_ms > ?`, millis(seen), millis(created)).Scan(&n)
	return n, outcome(err, "session")
}

// CountExports counts files by their state.
func (s *Store) CountExports(ctx context.Context) (map[registry.ExportState]int, error) {
	type counted struct {
		state string
		n     int
	}
	list, err := all(ctx, s.db, func(scan func(...any) error) (counted, error) {
		var c counted
		err := scan(&c.state, &c.n)
		return c, outcome(err, "export")
	}, `select state, count(*) from export group by state`)
	out := map[registry.ExportState]int{}
	for _, c := range list {
		out[registry.ExportState(c.state)] = c.n
	}
	return out, err
}
