package sqlstore

import (
	"context"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// AddExport keeps a new request for a file.
func (s *Store) AddExport(ctx context.Context, x registry.Export) (int64, error) {
	r, err := s.db.ExecContext(ctx, `insert into export (person, agreement, view, words, unit, format, reason, asked_ms, state) values (?,?,?,?,?,?,?,?,?)`,
		x.UserID, x.Agreement, x.View, x.Words, x.Unit, x.Format, x.Reason, millis(x.Asked), string(x.State))
	if err != nil {
		return 0, outcome(err, "export")
	}
	id, err := r.LastInsertId()
	return id, outcome(err, "export")
}

// ChangeExport replaces what may change of an export that is in a state.
func (s *Store) ChangeExport(ctx context.Context, x registry.Export, from registry.ExportState) error {
	err := s.change(ctx, "export", `update export set reason=?, state=?, why=?, release=?, columns=?, lines=?, bytes=?, sha256=?, made_ms=?, decided_ms=?, decided_by=?, until_ms=?, fetched=? where id=? and state=?`,
		x.Reason, string(x.State), x.Why, x.Release, strings.Join(x.Columns, "\n"), x.Lines, x.Bytes, x.SHA256, millis(x.Made), millis(x.Decided), x.DecidedBy, millis(x.Until), x.Fetched, x.ID, string(from))
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.Conflict, "This file is not in the state that you saw any more. Look at it again.")
	}
	return err
}

const exportColumns = `select id, person, agreement, view, words, unit, format, reason, asked_ms, state, why, release, columns, lines, bytes, sha256, made_ms, decided_ms, decided_by, until_ms, fetched from export`

func scanExport(scan func(...any) error) (registry.Export, error) {
	var x registry.Export
	var state, columns string
	var asked, made, decided, until int64
	err := scan(&x.ID, &x.UserID, &x.Agreement, &x.View, &x.Words, &x.Unit, &x.Format, &x.Reason, &asked, &state, &x.Why, &x.Release, &columns, &x.Lines, &x.Bytes, &x.SHA256, &made, &decided, &x.DecidedBy, &until, &x.Fetched)
	if x.State = registry.ExportState(state); columns != "" {
		x.Columns = strings.Split(columns, "\n")
	}
	x.Asked, x.Made, x.Decided, x.Until = moment(asked), moment(made), moment(decided), moment(until)
	return x, outcome(err, "export")
}

// Export returns one by its number.
func (s *Store) Export(ctx context.Context, id int64) (registry.Export, error) {
	return scanExport(s.db.QueryRowContext(ctx, exportColumns+` where id = ?`, id).Scan)
}

// Exports returns all, the newest first.
func (s *Store) Exports(ctx context.Context) ([]registry.Export, error) {
	return all(ctx, s.db, scanExport, exportColumns+` order by id desc`)
}

// ExportsOf returns a person's, the newest first.
func (s *Store) ExportsOf(ctx context.Context, user int64) ([]registry.Export, error) {
	return all(ctx, s.db, scanExport, exportColumns+` where person = ? order by id desc`, user)
}

// ExportsIn returns those in a state, the oldest first.
func (s *Store) ExportsIn(ctx context.Context, state registry.ExportState) ([]registry.Export, error) {
	return all(ctx, s.db, scanExport, exportColumns+` where state = ? order by id`, string(state))
}
