package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

// pending is an event that waits to be written.
type pending struct {
	event  audit.Event
	body   []byte
	result chan error
}

// maxTogether is how many events are written in one transaction at most.
const maxTogether = 256

// prepare prepares what each event takes: reading the statements again would cost
// as much as carrying them out.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.last, err = s.db.PrepareContext(ctx, `select seq, hash, body from access_log order by seq desc limit 1`); err == nil {
		s.add, err = s.db.PrepareContext(ctx, `insert into access_log (seq, body, hash) values (?,?,?)`)
	}
	return outcome(err, "access record")
}

// Record writes an event durably. Events that come while others are being
// written share the next transaction, so that many people cost few syncs.
func (s *Store) Record(ctx context.Context, e audit.Event) error {
	body, err := audit.Encode(e)
	if err != nil {
		return err
	}
	p := pending{e, body, make(chan error, 1)}
	select {
	case s.events <- p:
	case <-s.closing:
		return fault.New(fault.Unavailable, "The program is stopping. Try again in a moment.")
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-p.result // once taken it is written whatever becomes of the caller
}

// record writes events until the store is closed.
func (s *Store) record() {
	defer close(s.done)
	for {
		var together []pending
		select {
		case p := <-s.events:
			together = append(together, p)
		case <-s.closing:
			return
		}
	gather:
		for len(together) < maxTogether {
			select {
			case p := <-s.events:
				together = append(together, p)
			default:
				break gather
			}
		}
		for i, err := range s.write(together) {
			together[i].result <- err
		}
	}
}

// write appends events to the chain in one transaction. The chain's head is
// read inside it, so that several processes can append. It returns what became of
// each: those that do not follow what was recorded before are left out.
func (s *Store) write(events []pending) []error {
	out := make([]error, len(events))
	if err := s.append(events, out); err != nil {
		for i := range out {
			if out[i] == nil {
				out[i] = unwritable(err)
			}
		}
	}
	return out
}

func (s *Store) append(events []pending, out []error) error {
	ctx := context.Background() // not any one caller's
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var seq int64
	var head string
	var last []byte
	err = tx.StmtContext(ctx, s.last).QueryRowContext(ctx).Scan(&seq, &head, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	add := tx.StmtContext(ctx, s.add)
	for i, e := range events {
		if out[i] = audit.Follows(last, e.event); out[i] != nil {
			continue
		}
		seq++
		last, head = e.body, audit.Link(seq, head, e.body)
		if _, err := add.ExecContext(ctx, seq, e.body, head); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func unwritable(err error) error {
	return fault.Wrap(fault.Unavailable, fmt.Errorf("write access record: %w", err), "The access record cannot be written. Check the disk.")
}

// Entries reads the access record in order.
func (s *Store) Entries(ctx context.Context, from int64, visit func(audit.Entry) bool) error {
	return s.entries(ctx, visit, `select seq, body, hash from access_log where seq >= ? order by seq`, from)
}

// entries hands over the entries that a query selects, until visit has had enough.
func (s *Store) entries(ctx context.Context, visit func(audit.Entry) bool, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return outcome(err, "access record")
	}
	defer rows.Close()
	for rows.Next() {
		var e audit.Entry
		if err := rows.Scan(&e.Seq, &e.Body, &e.Hash); err != nil {
			return outcome(err, "access record")
		}
		if !visit(e) {
			return nil
		}
	}
	return outcome(rows.Err(), "access record")
}
