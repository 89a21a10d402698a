package sqlstore

import (
	"context"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// AddMessage keeps a message, once.
func (s *Store) AddMessage(ctx context.Context, m registry.Message) error {
	return s.change(ctx, "message", `insert into message (key, name, email, text, sent_ms) values (?,?,?,?,?)`, m.Key(), m.Name, m.Email, m.Text, millis(m.Sent))
}

// HasMessage tells whether a message of a key waits for its answer.
func (s *Store) HasMessage(ctx context.Context, key []byte) (bool, error) {
	var there bool
	err := s.db.QueryRowContext(ctx, `select exists (select 1 from message where key = ?)`, key).Scan(&there)
	return there, outcome(err, "message")
}

const messageColumns = `select id, name, email, text, sent_ms, answered_ms, answered_by from message`

func scanMessage(scan func(...any) error) (registry.Message, error) {
	var m registry.Message
	var sent, answered int64
	err := scan(&m.ID, &m.Name, &m.Email, &m.Text, &sent, &answered, &m.AnsweredBy)
	m.Sent, m.Answered = moment(sent), moment(answered)
	return m, outcome(err, "message")
}

// Message returns one by its number.
func (s *Store) Message(ctx context.Context, id int64) (registry.Message, error) {
	return scanMessage(s.db.QueryRowContext(ctx, messageColumns+` where id = ?`, id).Scan)
}

// Messages returns all, the newest first.
func (s *Store) Messages(ctx context.Context) ([]registry.Message, error) {
	return all(ctx, s.db, scanMessage, messageColumns+` order by id desc`)
}

// AnswerMessage marks a message that is not marked yet, which may then be sent again.
func (s *Store) AnswerMessage(ctx context.Context, id int64, by string, at time.Time) error {
	err := s.change(ctx, "message", `update message set key = null, answered_ms = ?, answered_by = ? where id = ? and answered_ms = 0`, millis(at), by, id)
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.Conflict, "This message was marked as answered already.")
	}
	return err
}

// DropMessages removes what was answered before a moment.
func (s *Store) DropMessages(ctx context.Context, answered time.Time) error {
	_, err := s.db.ExecContext(ctx, `delete from message where answered_ms > 0 and answered_ms < ?`, millis(answered))
	return outcome(err, "message")
}
