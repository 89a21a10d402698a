package sqlstore

import (
	"context"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// LastSeen returns when each person last used the site.
func (s *Store) LastSeen(ctx context.Context) (map[int64]time.Time, error) {
	type seen struct {
		user int64
		at   time.Time
	}
	rows, err := all(ctx, s.db, func(scan func(...any) error) (seen, error) {
		var x seen
		var at int64
		err := scan(&x.user, &at)
		x.at = moment(at)
		return x, outcome(err, "account")
	}, `select id, seen_ms from person where seen_ms > 0`)
	out := make(map[int64]time.Time, len(rows))
	for _, x := range rows {
		out[x.user] = x.at
	}
	return out, err
}

// EndSessionsOf ends all sessions of a person.
func (s *Store) EndSessionsOf(ctx context.Context, user int64) error {
	_, err := s.db.ExecContext(ctx, `delete from session where person = ?`, user)
	return outcome(err, "session")
}

// AddException keeps that an exception was asked for.
func (s *Store) AddException(ctx context.Context, x registry.Exception) (int64, error) {
	r, err := s.db.ExecContext(ctx, `insert into exception (person, agreement, asked_ms, until_ms, patient, reason, reviewed_ms, reviewed_by) values (?,?,?,0,'',?,0,'')`,
		x.UserID, x.Agreement, millis(x.Asked), x.Reason)
	if err != nil {
		return 0, outcome(err, "exception")
	}
	id, err := r.LastInsertId()
	return id, outcome(err, "exception")
}

// OpenException keeps which patient an exception opens, and how long.
func (s *Store) OpenException(ctx context.Context, id int64, patient string, until time.Time) error {
	return s.change(ctx, "exception", `update exception set patient = ?, until_ms = ? where id = ? and patient = ''`, patient, millis(until), id)
}

// ReviewException marks an exception as reviewed.
func (s *Store) ReviewException(ctx context.Context, id int64, by string, at time.Time) error {
	err := s.change(ctx, "exception", `update exception set reviewed_ms = ?, reviewed_by = ? where id = ? and reviewed_ms = 0`, millis(at), by, id)
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.NotFound, "There is no such exception, or it has been reviewed already.")
	}
	return err
}

const exceptionColumns = `select id, person, agreement, asked_ms, until_ms, patient, reason, reviewed_ms, reviewed_by from exception`

func scanException(scan func(...any) error) (registry.Exception, error) {
	var x registry.Exception
	var asked, until, reviewed int64
	err := scan(&x.ID, &x.UserID, &x.Agreement, &asked, &until, &x.Patient, &x.Reason, &reviewed, &x.ReviewedBy)
	x.Asked, x.Until, x.Reviewed = moment(asked), moment(until), moment(reviewed)
	return x, outcome(err, "exception")
}

// Exceptions returns all exceptions, the newest first.
func (s *Store) Exceptions(ctx context.Context) ([]registry.Exception, error) {
	return all(ctx, s.db, scanException, exceptionColumns+` order by id desc`)
}

// ExceptionsOf returns a person's, the newest first.
func (s *Store) ExceptionsOf(ctx context.Context, user int64) ([]registry.Exception, error) {
	return all(ctx, s.db, scanException, exceptionColumns+` where person = ? order by id desc`, user)
}

// Exception returns one by its number.
func (s *Store) Exception(ctx context.Context, id int64) (registry.Exception, error) {
	return scanException(s.db.QueryRowContext(ctx, exceptionColumns+` where id = ?`, id).Scan)
}
