package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"webenablehes/internal/audit"
)

// Search calls visit for the entries that meet a filter.
func (s *Store) Search(ctx context.Context, f audit.Filter, visit func(audit.Entry) bool) error {
	var where []string
	var args []any
	add := func(text string, values ...any) { where, args = append(where, text), append(args, values...) }
	for _, c := range [...]struct{ column, value string }{{"actor", f.Actor}, {"kind", f.Kind}, {"outcome", f.Outcome}} {
		if c.value != "" {
			add(c.column+` = ?`, c.value)
		}
	}
	// The entries themselves are asked again below: what their texts cannot tell, such
	// as fractions of a second, is taken a little wider here.
	const second = "2006-01-02T15:04:05"
	if !f.From.IsZero() {
		add(`at >= ?`, f.From.UTC().Format(second))
	}
	if !f.Until.IsZero() {
		add(`at < ?`, f.Until.UTC().Format(second)+"~")
	}
	if f.After > 0 {
		add(`seq > ?`, f.After)
	}
	if f.Before > 0 {
		add(`seq < ?`, f.Before)
	}
	purpose, err := json.Marshal(f.Purpose)
	if err != nil {
		return fmt.Errorf("search access record: %w", err)
	}
	for _, text := range [...]struct {
		wanted bool
		part   string
	}{{f.Patient != "", string(f.Patient)}, {f.Purpose != "", `"purpose":` + strings.TrimSuffix(string(purpose), `"`)}} {
		if text.wanted {
			add(`instr(body, ?) > 0`, []byte(text.part))
		}
	}
	if f.Rows {
		add(`instr(body, ?) = 0`, []byte(`"rows":0,`))
	}
	query := `select seq, body, hash from access_log`
	if len(where) > 0 {
		query += ` where ` + strings.Join(where, ` and `)
	}
	query += ` order by seq`
	if !f.Oldest {
		query += ` desc`
	}
	return s.entries(ctx, func(e audit.Entry) bool {
		// what is no event is for the check to find
		return json.Unmarshal(e.Body, &e.Event) != nil || !f.Meets(e.Event) || visit(e)
	}, query, args...)
}

// Kinds returns the kinds of the events. It steps from one to the next in the
// index, so that a long record costs no more than a short one.
func (s *Store) Kinds(ctx context.Context) ([]string, error) {
	return all(ctx, s.db, func(scan func(...any) error) (kind string, err error) { return kind, scan(&kind) },
		`with recursive k(kind) as (select min(kind) from access_log union all select (select min(kind) from access_log where kind > k.kind) from k where k.kind is not null)
		select kind from k where kind is not null`)
}

// Checkpoints returns the checkpoints, the oldest first.
func (s *Store) Checkpoints(ctx context.Context) ([]audit.Signed, error) {
	return all(ctx, s.db, func(scan func(...any) error) (audit.Signed, error) {
		var c audit.Signed
		var at int64
		err := scan(&c.Entries, &at, &c.Note, &c.State)
		c.At = moment(at)
		return c, outcome(err, "checkpoint")
	}, `select entries, at_ms, note, state from checkpoint order by entries`)
}

// AddCheckpoint keeps a checkpoint.
func (s *Store) AddCheckpoint(ctx context.Context, c audit.Signed) error {
	return s.change(ctx, "checkpoint", `insert into checkpoint (entries, at_ms, note, state) values (?,?,?,?)`, c.Entries, millis(c.At), c.Note, c.State)
}
