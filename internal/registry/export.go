package registry

import (
	"context"
	"time"
)

// ExportState says how far a file is on its way out.
type ExportState string

// The states. See package export for what leads from one to another.
const (
	ExportMaking    ExportState = "making"    // asked for; it is being made
	ExportWaiting   ExportState = "waiting"   // made; a second person has to look
	ExportApproved  ExportState = "approved"  // may be fetched until Export.Until
	ExportRejected  ExportState = "rejected"  // final; the file is gone
	ExportWithdrawn ExportState = "withdrawn" // final; by who asked for it, or because the access ended
	ExportFailed    ExportState = "failed"    // final; it could not be made
	ExportExpired   ExportState = "expired"   // final; it was not fetched, or not any more, in time
)

// ExportStates returns all states, in the order in which a file can be in them.
func ExportStates() []ExportState {
	return []ExportState{ExportMaking, ExportWaiting, ExportApproved, ExportRejected, ExportWithdrawn, ExportFailed, ExportExpired}
}

// Export is a file that somebody asks for to take away.
type Export struct {
	ID        int64
	UserID    int64
	Agreement string // Ref, under which it is asked for and fetched
	View      string // state of the explorer with its columns, as query.View.Encode
	Words     string // the same for people
	Unit      string // what a line is: "episodes", "patients", "spells"
	Format    string // "csv", "xlsx", "parquet"
	Reason    string // what it is for, by who asks
	Asked     time.Time
	State     ExportState
	Why       string // of a rejection, a failure or an end
	Release   string // that it was made from
	Columns   []string
	Lines     int
	Bytes     int64
	SHA256    string
	Made      time.Time
	Decided   time.Time
	DecidedBy string    // account name
	Until     time.Time // may be fetched before this
	Fetched   int       // how often
}

// Exports keeps what was asked for to be taken away. Nothing of it is removed.
type Exports interface {
	AddExport(ctx context.Context, x Export) (id int64, err error)
	// ChangeExport replaces what may change of an export (what comes after Asked,
	// and the reason) if it still is in a state; else the error is of kind Conflict.
	ChangeExport(ctx context.Context, x Export, from ExportState) error
	Export(ctx context.Context, id int64) (Export, error)
	Exports(ctx context.Context) ([]Export, error)                  // the newest first
	ExportsOf(ctx context.Context, user int64) ([]Export, error)    // likewise
	ExportsIn(ctx context.Context, s ExportState) ([]Export, error) // the oldest first
}
