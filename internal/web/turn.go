package web

import (
	"context"
	"net/http"
	"runtime"
	"sync"
)

// turns lets so many pages be made at a time that the machine finishes what it
// begins. When more is asked for than it can do, all at once would each wait for
// the others at every step, and be given up by people before any was done; one after
// the other most are in time, and whoever has gone away costs nothing.
type turns chan struct{}

// newTurns is for a machine: reading the registry and the disk takes some of the time.
func newTurns() turns { return make(turns, max(16, 4*runtime.GOMAXPROCS(0))) }

type turnKey struct{}

// take waits for a turn. What is sent here is read before, at the speed of whoever
// sends it, so only what asks for a page waits. over is called at the end.
func (t turns) take(r *http.Request) (*http.Request, func(), error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return r, func() {}, nil
	}
	select {
	case t <- struct{}{}:
	case <-r.Context().Done():
		return r, func() {}, r.Context().Err()
	}
	over := sync.OnceFunc(func() { <-t })
	return r.WithContext(context.WithValue(r.Context(), turnKey{}, over)), over, nil
}

// made says that an answer is made and only has to be sent, at the speed of
// whoever reads it: the next may have its turn.
func made(r *http.Request) {
	if over, ok := r.Context().Value(turnKey{}).(func()); ok {
		over()
	}
}
