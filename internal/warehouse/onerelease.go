package warehouse

import (
	"context"
	"sync"

	"webenablehes/internal/warehouse/driver"
)

// held is the release that everything of one request is asked of, once something was.
type held struct {
	mu      sync.Mutex
	engine  driver.Engine
	facts   Facts
	release func() // nil until then, and once the request has ended
	over    bool
}

// heldKey is of one door.
type heldKey struct{ w *Warehouse }

// OneRelease makes all questions under a context be of one release, that of the
// first of them, whatever is published meanwhile: an answer that is made of several
// questions must not be of two. done gives the release back.
func (w *Warehouse) OneRelease(ctx context.Context) (one context.Context, done func()) {
	h := &held{}
	return context.WithValue(ctx, heldKey{w}, h), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.over = true; h.release != nil {
			h.release()
			h.release = nil
		}
	}
}

// acquire returns the release that is asked, and keeps it open until release is
// called.
func (w *Warehouse) acquire(ctx context.Context) (e driver.Engine, f Facts, release func(), err error) {
	h, ok := ctx.Value(heldKey{w}).(*held)
	if !ok {
		return w.o.Source.Acquire(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over { // something goes on after the request: it keeps its own
		return w.o.Source.Acquire(ctx)
	}
	if h.release == nil {
		if h.engine, h.facts, h.release, err = w.o.Source.Acquire(ctx); err != nil {
			h.release = nil
			return nil, Facts{}, nil, err
		}
	}
	return h.engine, h.facts, func() {}, nil
}
