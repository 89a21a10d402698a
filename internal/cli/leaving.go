package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// How long what is being answered may take to its end: when the site stops, and
// when another process serves it on.
const (
	stopWithin  = 10 * time.Second
	leaveWithin = 2 * time.Minute
)

// turnAway is how long whoever is connected is told to come by another connection,
// before those that say nothing are closed: a request may be on its way.
const turnAway = time.Second

// leaving lets people go when a server ends.
type leaving struct {
	listener net.Listener
	log      *slog.Logger
	going    atomic.Bool
	mu       sync.Mutex
	open     map[net.Conn]bool
}

// count knows who is connected. It is the server's ConnState.
func (l *leaving) count(c net.Conn, s http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[net.Conn]bool{}
	}
	if s == http.StateClosed || s == http.StateHijacked {
		delete(l.open, c)
	} else {
		l.open[c] = true
	}
}

func (l *leaving) connected() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

// handler says with each answer, once the server is going, that it was the last of
// its connection.
func (l *leaving) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.going.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// stopAccepting takes no more connections; those that are there go on.
func (l *leaving) stopAccepting() {
	l.going.Store(true)
	_ = l.listener.Close() // what it says was said to Serve
}

// drain ends a server: nothing new, what is being answered to its end, and after a
// while what is left is cut off. That is sooner once ctx ends.
func (l *leaving) drain(ctx context.Context, server *http.Server, within time.Duration) error {
	l.stopAccepting()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	hurry := context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, cancel) })
	defer hurry()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for until := time.Now().Add(turnAway); l.connected() > 0 && time.Now().Before(until); {
		<-look.C
	}
	err := server.Shutdown(limit)
	if err != nil && limit.Err() != nil {
		l.log.Warn("connections were cut off at the end", "connections", l.connected())
		err = server.Close()
	}
	if errors.Is(err, net.ErrClosed) { // the listener was, by us
		return nil
	}
	return err
}
