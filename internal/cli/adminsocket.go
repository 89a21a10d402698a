package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/metrics"
	"webenablehes/internal/registry"
	"webenablehes/internal/web"
)

// watched is a registry whose events are counted.
type watched struct {
	registry.Store
	seen *metrics.Site
}

// Record writes an event and counts it.
func (w watched) Record(ctx context.Context, e audit.Event) error {
	err := w.Store.Record(ctx, e)
	w.seen.Event(err == nil)
	return err
}

// admin is what whoever runs the machine asks a running site, at a socket that is
// theirs alone. It is never reached over the network.
type admin struct {
	reg  registry.Store
	site *web.Server
	seen *metrics.Site
	now  func() time.Time
	log  *slog.Logger
}

func (a admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.site.Ready(r.Context()); err != nil {
			http.Error(w, "not ready: "+fault.Say(err), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		var p metrics.Page
		if err := a.measure(r.Context(), &p); err != nil {
			a.log.Error("metrics", "error", err.Error())
			http.Error(w, fault.Say(err), fault.Of(err).Status())
			return
		}
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = w.Write(p.Bytes())
	})
	return mux
}

// measure writes what was counted, and what there is now.
func (a admin) measure(ctx context.Context, p *metrics.Page) error {
	sessions, err := a.site.Sessions(ctx)
	if err != nil {
		return err
	}
	exports, err := a.reg.CountExports(ctx)
	if err != nil {
		return err
	}
	a.seen.Write(p, a.now())
	p.Family("webenable_sessions", metrics.Gauge, "Sessions that are not over.")
	p.Value(float64(sessions))
	p.Family("webenable_exports", metrics.Gauge, "Files that were asked for, by state.")
	for _, s := range registry.ExportStates() {
		p.Value(float64(exports[s]), metrics.Label{Name: "state", Value: string(s)})
	}
	p.Family("webenable_build_info", metrics.Gauge, "The program.")
	p.Value(1, metrics.Label{Name: "version", Value: Version}, metrics.Label{Name: "go", Value: runtime.Version()})
	p.Family("process_pid", metrics.Gauge, "Number of the process that answers.")
	p.Value(float64(os.Getpid()))
	p.Family("go_goroutines", metrics.Gauge, "Goroutines.")
	p.Value(float64(runtime.NumGoroutine()))
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.Family("go_memstats_heap_inuse_bytes", metrics.Gauge, "Heap that is in use.")
	p.Value(float64(m.HeapInuse))
	p.Family("go_gc_cycles_total", metrics.Counter, "Rounds of garbage collection.")
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	p.Count(uint64(gc.NumGC))
	return nil
}

// listenAlone listens at a socket that only the account of the service may open:
// it is made in a folder of its own and moved to its place when its rights are
// set. What was there, a socket of a process before, is replaced.
func listenAlone(path string) (net.Listener, error) {
	cannot := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "The admin socket cannot be made at %s: name a path of at most 100 characters in a folder that this account may write to", path)
	}
	if was, err := os.Lstat(path); err == nil && was.Mode().Type() != os.ModeSocket {
		return nil, fault.New(fault.Invalid, "There is a file at %s that is no socket: name another path for --admin-socket.", path)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".admin-*")
	if err != nil {
		return nil, cannot(err)
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "s")
	l, err := net.Listen("unix", at)
	if err != nil {
		return nil, cannot(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // by then another process may listen there
	if err := errors.Join(os.Chmod(at, 0o600), os.Rename(at, path)); err != nil {
		return nil, errors.Join(cannot(err), l.Close())
	}
	return l, nil
}

// serveAdmin answers at the admin socket until stop is called.
func (a admin) serveAdmin(path string) (stop func(), err error) {
	l, err := listenAlone(path)
	if err != nil {
		return nil, err
	}
	made, err := os.Lstat(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("the admin socket does not answer any more", "error", err.Error())
		}
	}()
	return func() {
		_ = server.Close()
		<-done
		if now, err := os.Lstat(path); err == nil && os.SameFile(made, now) {
			_ = os.Remove(path)
		}
	}, nil
}
