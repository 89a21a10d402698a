package checkpoint

import (
	"context"
	"fmt"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

// Store is where the record and its checkpoints are.
type Store interface {
	Entries(ctx context.Context, from int64, visit func(audit.Entry) bool) error
	Checkpoints(ctx context.Context) ([]audit.Signed, error)
	AddCheckpoint(ctx context.Context, s audit.Signed) error
}

// Check reads the whole record and checks it against its chain, the checkpoints
// that are kept with it, and more. Those that were signed with a key that is not
// known are passed over and counted.
func Check(ctx context.Context, s Store, key Public, more ...Checkpoint) (c *Checker, unknown int, err error) {
	kept, err := s.Checkpoints(ctx)
	if err != nil {
		return nil, 0, err
	}
	c = &Checker{}
	for _, k := range kept {
		p, err := key.Open(k.Note)
		if err != nil || p.Entries != k.Entries {
			unknown++
			continue
		}
		c.Expect(p)
	}
	for _, p := range more {
		c.Expect(p)
	}
	return c, unknown, run(ctx, s, c, 1)
}

// run checks the entries from a number on.
func run(ctx context.Context, s Store, c *Checker, from int64) error {
	const atOnce = 4096
	var bad error
	some := make([]audit.Entry, 0, atOnce)
	check := func() { bad, some = c.Next(some), some[:0] }
	if err := s.Entries(ctx, from, func(e audit.Entry) bool {
		if some = append(some, e); len(some) == atOnce {
			check()
		}
		return bad == nil
	}); err != nil {
		return err
	}
	if bad == nil {
		check()
	}
	if bad == nil {
		bad = c.End()
	}
	if bad != nil {
		return fault.New(fault.Conflict, "The access record was tampered with, from %s. Keep the registry file and tell the information governance lead.", bad)
	}
	return nil
}

// Make makes a checkpoint of the record as it is, checking what came since the
// last one, and keeps it. Where nothing came it returns the last one.
func Make(ctx context.Context, s Store, key *Key, now time.Time) (audit.Signed, error) {
	kept, err := s.Checkpoints(ctx)
	if err != nil {
		return audit.Signed{}, err
	}
	c := &Checker{}
	if len(kept) > 0 {
		last := kept[len(kept)-1]
		if p, err := key.Open(last.Note); err == nil { // else it was another key: all is read again
			if c, err = Resume(p, last.State); err != nil {
				return audit.Signed{}, err
			}
			c.Expect(p)
			if err := same(ctx, s, p); err != nil {
				return audit.Signed{}, err
			}
		}
	}
	from, _ := c.chain.Head()
	if err := run(ctx, s, c, from+1); err != nil {
		return audit.Signed{}, err
	}
	if n, _ := c.chain.Head(); n == from && n > 0 {
		return kept[len(kept)-1], nil
	}
	return Keep(ctx, s, key, c, now)
}

// same checks that the entry at which a checkpoint was made is still there.
func same(ctx context.Context, s Store, p Checkpoint) error {
	hash := ""
	if err := s.Entries(ctx, p.Entries, func(e audit.Entry) bool { hash = e.Hash; return false }); err != nil {
		return err
	}
	if p.Entries > 0 && hash != p.Head {
		return fault.New(fault.Conflict, "Entry %d of the access record is not the one that the last checkpoint was made of. Check the whole record with “webenable audit verify”.", p.Entries)
	}
	return nil
}

// Keep signs and keeps a checkpoint of what was checked.
func Keep(ctx context.Context, s Store, key *Key, c *Checker, now time.Time) (audit.Signed, error) {
	p, state := c.Made(now)
	text, err := key.Sign(p)
	if err != nil {
		return audit.Signed{}, err
	}
	out := audit.Signed{Entries: p.Entries, At: p.At, Note: text, State: state}
	if err := s.AddCheckpoint(ctx, out); err != nil && fault.Of(err) != fault.Conflict { // a conflict: there is one of as many entries
		return audit.Signed{}, fmt.Errorf("keep checkpoint: %w", err)
	}
	return out, nil
}
