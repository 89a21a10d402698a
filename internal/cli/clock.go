package cli

import (
	"fmt"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
)

// clock refuses to serve where the access record holds an event that is still to
// come: by a clock that was put back, what has ended would be in force again.
// Somebody who says that the clock is right now is in the record with it.
func (c serveCmd) clock(g *globals, reg registry.Store) error {
	var last time.Time
	err := reg.Search(g.ctx, audit.Filter{}, func(e audit.Entry) bool { last = e.Event.At; return false })
	now := g.now()
	switch {
	case err != nil:
		return err
	case !now.Add(audit.SameTime).Before(last):
		return nil
	case !c.ClockRight:
		return fault.New(fault.Unavailable, "The access record holds an event of %s, and this machine's clock says %s. Set the clock right: by a clock that was put back, agreements that have ended would be in force again. If it was wrong then and is right now, say so once with --clock-put-right.",
			last.UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))
	}
	return reg.Record(g.ctx, audit.Event{At: now, Kind: audit.ClockKind, Actor: systemUser(), Question: fmt.Sprintf("the clock was put right, back from %s", last.UTC().Format(time.DateTime)), Outcome: "done"})
}
