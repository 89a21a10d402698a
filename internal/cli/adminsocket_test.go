package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// atSocket asks at an admin socket.
func atSocket(t *testing.T, socket, path string) (int, string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	w, err := c.Get("http://admin" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(b)
}

// What the site does is counted, for its own account at a socket only, and tells of
// nobody and of nothing that was sent or shown.
func TestMetricsAreAtTheSocketOnlyAndTellOfNobody(t *testing.T) {
	const canary = "qqcanary"
	data := smallSite(t, 400)
	socket := filepath.Join(data, "admin.sock")
	at, _ := serveAt(t, data, "--admin-socket", socket)
	info, err := os.Lstat(socket)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Fatalf("the socket: %v, %v", info, err)
	}
	someone := newGuest(at)
	if err := someone.enter(t.Context(), "researcher", "DEMO-STUDY", termsOf(t, data, "DEMO-STUDY")); err != nil {
		t.Fatal(err)
	}
	status, page, err := someone.get(t.Context(), "/records")
	if err != nil || status != http.StatusOK {
		t.Fatalf("the list: %d, %v", status, err)
	}
	for _, path := range []string{"/records?dx=" + canary, "/" + canary, "/records/" + canary, "/codes/" + canary, "/static/" + canary, "/static/app.css?" + canary} {
		if _, _, err := someone.get(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := someone.post(t.Context(), "/sign-in", url.Values{"name": {canary}, "password": {canary}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/metrics", "/metrics/", "/debug/pprof/", "/debug/vars"} {
		if status, body, err := someone.get(t.Context(), path); err != nil || status != http.StatusNotFound || strings.Contains(body, "webenable_") {
			t.Errorf("%s on the site: %d, %v", path, status, err)
		}
	}
	status, got := atSocket(t, socket, "/metrics")
	for _, want := range []string{`webenable_requests_total{route="GET /records",status="200"} 3`, `webenable_requests_total{route="GET /static/",status="404"} 2`, `webenable_request_duration_seconds_bucket{route="GET /records",le="+Inf"}`,
		`webenable_access_events_total{outcome="written"} `, `webenable_access_events_total{outcome="failed"} 0`, "webenable_questions_running 0", "webenable_sessions 1", `webenable_exports{state="waiting"} 0`,
		`webenable_release_info{release="` + show(t, data).ID + `"} 1`, "webenable_release_age_seconds "} {
		if !strings.Contains(got, want) {
			t.Errorf("status %d, no %s in\n%s", status, want, got)
		}
	}
	told := []string{canary, "researcher", "DEMO", "Demo", "127.0.0.1", "SYNTH", data}
	for id := range strings.SplitSeq(page, `href="/records/`) {
		if id, _, ok := strings.Cut(id, `"`); ok && len(id) > 20 && !strings.ContainsAny(id, "?<") {
			told = append(told, id)
		}
	}
	if len(told) < 20 {
		t.Errorf("only %d things to look for", len(told))
	}
	for _, word := range told {
		if strings.Contains(got, word) {
			t.Errorf("the metrics tell of %q", word)
		}
	}
	if status, body := atSocket(t, socket, "/records"); status != http.StatusNotFound {
		t.Errorf("a page at the socket: %d: %s", status, body)
	}
}

// The site says whether it can be sent people, and why not, without any number.
func TestHealth(t *testing.T) {
	data := t.TempDir()
	socket := filepath.Join(data, "admin.sock")
	at, _ := serveAt(t, data, "--admin-socket", socket)
	g := newGuest(at)
	const none = "not ready: No data have been loaded yet.\n"
	if status, body, err := g.get(t.Context(), "/healthz"); err != nil || status != http.StatusServiceUnavailable || body != none {
		t.Errorf("without data: %d, %q, %v", status, body, err)
	}
	if status, body := atSocket(t, socket, "/healthz"); status != http.StatusServiceUnavailable || body != none {
		t.Errorf("without data, at the socket: %d, %q", status, body)
	}
	loadSynthetic(t, data, 300, 1)
	if status, body, err := g.get(t.Context(), "/healthz"); err != nil || status != http.StatusOK || body != "ready\n" {
		t.Errorf("with data: %d, %q, %v", status, body, err)
	}
	if status, body := atSocket(t, socket, "/healthz"); status != http.StatusOK || body != "ready\n" {
		t.Errorf("with data, at the socket: %d, %q", status, body)
	}
}

// A socket that a dead process left is replaced; another file is not.
func TestTheSocketTakesItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	first, err := listenAlone(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := listenAlone(path)
	if err != nil {
		t.Fatalf("over a socket: %v", err)
	}
	defer second.Close()
	go func() {
		if c, err := second.Accept(); err == nil {
			c.Close()
		}
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside it: %v, %v", left, err)
	}
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenAlone(file); err == nil {
		t.Error("a file is replaced")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "notes" {
		t.Errorf("the file: %q, %v", b, err)
	}
}
