package cli

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/checkpoint"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/removal"
)

// checkpoints says how a server signs what the access record holds: once a day
// and when it stops.
type checkpoints struct {
	signing
	CheckpointOut string `help:"File that each checkpoint is added to as well, best on another machine's disk." type:"path"`
	RemovalsOut   string `help:"File that the file of removals is copied to within a minute of each, best on another machine's disk; a restore wants it." type:"path"`
}

// eachDay is how old the last checkpoint is when the next is made.
const eachDay = 24 * time.Hour

// keep makes checkpoints until stop is called, which makes the last one.
func (c checkpoints) keep(g *globals, reg registry.Store, log *slog.Logger) (stop func()) {
	if c.inside(g) {
		log.Warn(insideSays)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(g.ctx))
	var wait sync.WaitGroup
	wait.Go(func() {
		look := time.NewTicker(10 * time.Minute)
		defer look.Stop()
		for {
			c.make(ctx, g, reg, log, eachDay)
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
	})
	if c.RemovalsOut != "" {
		wait.Go(func() {
			look := time.NewTicker(time.Minute)
			defer look.Stop()
			said := "" // once
			for {
				now := ""
				if err := removal.In(g.Data).CopyTo(c.RemovalsOut); err != nil {
					now = err.Error()
				}
				if now != said && now != "" {
					log.Error("removals could not be copied", "error", now)
				}
				said = now
				select {
				case <-look.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	return func() {
		cancel()
		wait.Wait()
		last, end := context.WithTimeout(context.WithoutCancel(g.ctx), 30*time.Second)
		defer end()
		c.make(last, g, reg, log, 0)
	}
}

// make makes a checkpoint if the last one is old enough. A record that does not
// extend the last one is an alert; nothing else stops for it.
func (c checkpoints) make(ctx context.Context, g *globals, reg registry.Store, log *slog.Logger, after time.Duration) {
	kept, err := reg.Checkpoints(ctx)
	if err == nil && len(kept) > 0 && g.now().Sub(kept[len(kept)-1].At) < after {
		return
	}
	var key *checkpoint.Key
	var made audit.Signed
	if err == nil {
		key, err = c.key(g)
	}
	if err == nil {
		made, err = checkpoint.Make(ctx, reg, key, g.now())
	}
	fresh := len(kept) == 0 || made.Entries != kept[len(kept)-1].Entries
	if err == nil && fresh && c.CheckpointOut != "" {
		err = addTo(c.CheckpointOut, made.Note)
	}
	switch {
	case ctx.Err() != nil:
	case fault.Of(err) == fault.Conflict:
		log.Error("the access record is not as it was signed", "error", err.Error())
		alert := audit.Event{At: g.now(), Kind: "alert", Actor: "the server", Question: "the access record is not as it was signed: " + fault.Say(err), Outcome: "done"}
		if err := reg.Record(ctx, alert); err != nil {
			log.Error("an alert could not be recorded", "error", err.Error())
		}
	case err != nil:
		log.Error("no checkpoint of the access record could be made", "error", err.Error())
	case fresh:
		log.Info("checkpoint of the access record", "entries", made.Entries)
	}
}
