package registry

import (
	"context"
	"time"

	"webenablehes/internal/policy"
)

// Exception is one patient outside the team whom a clinician asked to see, for a
// reason. It is kept, found or not, and reviewed.
type Exception struct {
	ID         int64
	UserID     int64
	Agreement  string // Ref
	Asked      time.Time
	Until      time.Time // the patient is open before this; zero: nobody was found
	Patient    string    // id that the door made for this person and purpose; it opens nothing by itself
	Reason     string
	Reviewed   time.Time // zero: not yet
	ReviewedBy string
}

// Overdue tells whether it was to be reviewed by now, and was not.
func (x Exception) Overdue(now time.Time) bool {
	return x.Reviewed.IsZero() && !now.Before(x.Asked.Add(policy.ReviewWithin))
}

// Oversight keeps what those who answer for access look at.
type Oversight interface {
	// LastSeen returns when each person last used the site, by number.
	LastSeen(ctx context.Context) (map[int64]time.Time, error)
	EndSessionsOf(ctx context.Context, user int64) error
	AddException(ctx context.Context, x Exception) (id int64, err error)
	OpenException(ctx context.Context, id int64, patient string, until time.Time) error
	// ReviewException marks an exception as reviewed; the first time counts.
	ReviewException(ctx context.Context, id int64, by string, at time.Time) error
	Exception(ctx context.Context, id int64) (Exception, error)
	Exceptions(ctx context.Context) ([]Exception, error) // the newest first
	ExceptionsOf(ctx context.Context, user int64) ([]Exception, error)
}
