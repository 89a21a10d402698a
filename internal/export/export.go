// Package export makes the files that people take away, and lets them out.
//
// A file is what a list of the explorer shows: its rows, order, columns and
// labels. Somebody whose agreement allows files of records asks for one and says
// what it is for; it is made in the background under that person's own access, by
// the same door as the list, and ends with it. Machine checks follow. Then a
// second person, an information governance lead and never the one who asked, lets
// it out or does not; then the one who asked, and nobody else, may fetch it for a
// week, under the same agreement. Every step is an event of the access record
// before it counts.
//
//	making ─┬→ waiting ─┬→ approved ─┬→ expired
//	        │           ├→ rejected  │
//	        ├→ failed   │            │
//	        └───────────┴────────────┴→ withdrawn
//
// Another reason for a file that is waiting or approved takes the decision back: it
// is waiting again. States on the right are final, and their files are gone. What
// was asked for is kept, with who decided what and the file's SHA-256.
package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"webenablehes/internal/audit"
	"webenablehes/internal/auth"
	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
)

// How long things last.
const (
	FetchWithin  = 7 * 24 * time.Hour  // after it was let out
	DecideWithin = 30 * 24 * time.Hour // after it was made
)

// mostOpen is how many files one person may have that are not at their end: each
// takes room, and somebody's time.
const mostOpen = 20

// Column is a column of a file.
type Column struct {
	Name  string // heading, as on the page
	Field string // of the dictionary; "" for what is made here, such as the short name of a patient
	Type  hes.Type
}

// Table is how a list becomes a file.
type Table struct {
	Query   query.Query
	Columns func(warehouse.Lines) []Column // of the first part
	Lines   func(warehouse.Lines) [][]string
}

// Options are what a Service is made of. To end files it needs the Store, the Folder
// and Now only; for everything else it needs all.
type Options struct {
	Store      registry.Store
	Auth       *auth.Service
	Warehouse  *warehouse.Warehouse
	Dictionary *hes.Dictionary
	Folder     string // where the files lie
	Table      func(context.Context, registry.Export, policy.Access) (Table, error)
	Now        func() time.Time
	Log        *slog.Logger
}

// Service makes files and lets them out. It is safe for concurrent use.
type Service struct {
	o    Options
	wake chan struct{}
}

// New makes a service. Run does its work.
func New(o Options) *Service { return &Service{o: o, wake: make(chan struct{}, 1)} }

// From is where a request came from.
type From struct{ Address, Request string }

// Formats returns the names of what a file can be, the most asked for first.
func Formats() []string { return []string{"csv", "xlsx", "parquet"} }

// CheckFormat says what is wrong with the name of a format.
func CheckFormat(name string) error {
	if !slices.Contains(Formats(), name) {
		return fault.New(fault.Invalid, "Choose CSV, Excel or Parquet.")
	}
	return nil
}

// written is how a format is written: people open CSV in spreadsheets.
func written(format string) dump.Format {
	if format == "csv" {
		return dump.SafeCSV
	}
	return dump.Format(format)
}

// MostLines is the most lines that a format holds; 0: any number.
func MostLines(format string) int {
	if format == "xlsx" {
		return dump.MaxSheetLines
	}
	return 0
}

// shortestReason is what makes somebody say more than “analysis”.
const shortestReason = 20

// CheckReason says what is wrong with what a file is said to be for.
func CheckReason(reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < shortestReason || n > 1000 {
		return fault.New(fault.Invalid, "Say what the file is for, in %d to 1,000 characters.", shortestReason)
	}
	return nil
}

// Ask asks for a file. x has its view, words, unit, format and reason.
func (s *Service) Ask(ctx context.Context, u registry.User, acc policy.Access, x registry.Export, from From) (int64, error) {
	if err := acc.MayExport(policy.Records); err != nil {
		return 0, err
	}
	x.Reason = strings.TrimSpace(x.Reason)
	if err := CheckReason(x.Reason); err != nil {
		return 0, err
	}
	if err := CheckFormat(x.Format); err != nil {
		return 0, err
	}
	mine, err := s.o.Store.ExportsOf(ctx, u.ID)
	if err != nil {
		return 0, err
	}
	open := 0
	for _, y := range mine {
		if !Final(y.State) {
			open++
		}
	}
	if open >= mostOpen {
		return 0, fault.New(fault.Conflict, "You have %d files that are being made, wait for a decision or can be fetched. Withdraw one that you do not need.", open)
	}
	x.UserID, x.Asked, x.State = u.ID, s.o.Now(), registry.ExportMaking
	x.Agreement, _ = acc.Agreement()
	if err := s.record(ctx, event{"export-asked", u, acc.Role(), acc.Purpose(), x.Format + " of " + x.Unit, "begun"}, from); err != nil {
		return 0, err
	}
	id, err := s.o.Store.AddExport(context.WithoutCancel(ctx), x)
	if err != nil {
		return 0, err
	}
	s.poke()
	x.ID = id
	return id, s.record(context.WithoutCancel(ctx), event{"export-asked", u, acc.Role(), acc.Purpose(), says(x), "done"}, from)
}

// Define records that somebody of a study team takes away what a list is of: its
// definition in words, without records or numbers. Nobody decides on it.
func (s *Service) Define(ctx context.Context, u registry.User, acc policy.Access, what, release string, from From) error {
	return s.record(ctx, event{"definition", u, acc.Role(), acc.Purpose(), "the definition of a list over release " + release + ": " + what, "shown"}, from)
}

// Final tells whether nothing leads on from a state.
func Final(s registry.ExportState) bool {
	switch s {
	case registry.ExportMaking, registry.ExportWaiting, registry.ExportApproved:
		return false
	}
	return true
}

// says names a file in the access record.
func says(x registry.Export) string {
	return fmt.Sprintf("export %d, %s of %s", x.ID, x.Format, x.Unit)
}

// event is what the record holds of a step.
type event struct {
	kind     string
	who      registry.User // zero: the site itself
	role     policy.Role
	purpose  string
	question string
	outcome  string
}

func (s *Service) record(ctx context.Context, e event, from From) error {
	err := s.o.Store.Record(ctx, audit.Event{At: s.o.Now(), Kind: e.kind, Actor: e.who.Name, Role: string(e.role), Purpose: e.purpose, Question: e.question, Outcome: e.outcome, Address: from.Address, Request: from.Request})
	return fault.Wrap(fault.Unavailable, err, "The access record cannot be written, so nothing can be shown. Please try again in a few minutes.")
}

// step carries out a change of state between two events. who is zero for the
// site itself.
func (s *Service) step(ctx context.Context, kind string, who registry.User, x registry.Export, from registry.ExportState, why string, at From) error {
	if who.Name == "" {
		who.Name = "webenable"
	}
	e := event{kind, who, who.Role, x.Agreement, says(x), "begun"}
	if err := s.record(ctx, e, at); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.o.Store.ChangeExport(ctx, x, from); err != nil {
		e.outcome = "failed"
		return errors.Join(err, s.record(ctx, e, at))
	}
	if e.outcome = "done"; why != "" {
		e.question += "; " + why
	}
	err := s.record(ctx, e, at)
	if Final(x.State) {
		err = errors.Join(err, s.remove(x))
	}
	return err
}

// Decide lets a file out, or does not; why says so then. by is never who asked.
func (s *Service) Decide(ctx context.Context, by registry.User, id int64, approve bool, why string, from From) error {
	x, err := s.o.Store.Export(ctx, id)
	if err != nil {
		return err
	}
	why = strings.TrimSpace(why)
	switch {
	case by.Role != policy.Governance:
		return fault.New(fault.Denied, "Only an information governance lead decides on files.")
	case by.ID == x.UserID:
		return fault.New(fault.Denied, "Nobody decides on a file that they asked for. Ask another information governance lead.")
	case x.State != registry.ExportWaiting:
		return fault.New(fault.Conflict, "This file does not wait for a decision any more.")
	case !approve && (why == "" || len(why) > 1000):
		return fault.New(fault.Invalid, "Say why, in at most 1,000 characters: the person who asked reads it.")
	}
	kind := "export-rejected"
	x.Decided, x.DecidedBy, x.State, x.Why = s.o.Now(), by.Name, registry.ExportRejected, why
	if approve {
		if err := s.stands(ctx, x); err != nil {
			return err
		}
		if err := s.whole(x); err != nil {
			return err
		}
		kind, x.State, x.Why, x.Until = "export-approved", registry.ExportApproved, "", s.o.Now().Add(FetchWithin)
	}
	return s.step(ctx, kind, by, x, registry.ExportWaiting, "", from)
}

// stands checks that who asked for a file may still have it.
func (s *Service) stands(ctx context.Context, x registry.Export) error {
	acc, err := s.o.Auth.AccessOf(ctx, x.UserID, x.Agreement)
	if err == nil {
		err = acc.MayExport(policy.Records)
	}
	return err
}

// Withdraw takes a file back that a person asked for.
func (s *Service) Withdraw(ctx context.Context, u registry.User, id int64, from From) error {
	x, err := s.Own(ctx, u, id, from)
	if err != nil {
		return err
	}
	if Final(x.State) {
		return fault.New(fault.Conflict, "This file is gone already.")
	}
	was := x.State
	x.State, x.Why = registry.ExportWithdrawn, "by the person who asked"
	return s.step(ctx, "export-withdrawn", u, x, was, "", from)
}

// Amend gives another reason for a file. One that was let out waits again.
func (s *Service) Amend(ctx context.Context, u registry.User, id int64, reason string, from From) error {
	x, err := s.Own(ctx, u, id, from)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if err := CheckReason(reason); err != nil {
		return err
	}
	was := x.State
	if was != registry.ExportWaiting && was != registry.ExportApproved {
		return fault.New(fault.Conflict, "The reason can be changed while the file waits or can be fetched.")
	}
	x.Reason, x.State, x.Decided, x.DecidedBy, x.Until = reason, registry.ExportWaiting, time.Time{}, "", time.Time{}
	return s.step(ctx, "export-amended", u, x, was, "", from)
}

// Own returns a person's own export; another's is as if there were none.
func (s *Service) Own(ctx context.Context, u registry.User, id int64, from From) (registry.Export, error) {
	x, err := s.o.Store.Export(ctx, id)
	if err != nil || x.UserID != u.ID {
		none := fault.New(fault.NotFound, "There is no such file among those that you asked for.")
		return registry.Export{}, errors.Join(none, s.record(context.WithoutCancel(ctx), event{"export", u, u.Role, "", "a file that is none of theirs", "refused"}, from))
	}
	return x, nil
}

// folder is where a file lies.
func (s *Service) folder(x registry.Export) string {
	return filepath.Join(s.o.Folder, strconv.FormatInt(x.ID, 10))
}

// remove takes a file away.
func (s *Service) remove(x registry.Export) error {
	if err := os.RemoveAll(s.folder(x)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The file of export %d could not be removed; it is tried again every minute", x.ID)
	}
	return nil
}

func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
