package registry

import (
	"context"
	"time"
)

// Tally counts what a registry holds, for whoever keeps the site running.
type Tally interface {
	// CountSessions returns how many sessions were used after one moment and begun
	// after another.
	CountSessions(ctx context.Context, seen, created time.Time) (int, error)
	// CountExports returns how many files are in each state that any is in.
	CountExports(ctx context.Context) (map[ExportState]int, error)
}
