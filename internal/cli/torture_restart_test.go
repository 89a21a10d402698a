package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"webenablehes/internal/release"
)

// running is the program as processes that take each other's place.
type running struct {
	t    *testing.T
	at   string // http://127.0.0.1:1234
	log  *lines
	next chan int      // process that took the place of the one before
	over chan struct{} // closed when all have ended
	pid  int
}

// startServe runs serve as a process. The test ends the last of those that take its place.
func startServe(t *testing.T, data string, args ...string) *running {
	t.Helper()
	cmd := program(context.Background(), append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, args...)...)
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = outW, errW
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	outW.Close()
	errW.Close()
	r := &running{t: t, log: &lines{}, next: make(chan int, 100), over: make(chan struct{}), pid: cmd.Process.Pid}
	go func() { _ = cmd.Wait() }()
	go func() { // the pipe ends with the last process
		defer close(r.over)
		pid := regexp.MustCompile(`msg="another process serves the site on" pid=(\d+)`)
		for s := bufio.NewScanner(errR); s.Scan(); {
			fmt.Fprintln(r.log, s.Text())
			if m := pid.FindStringSubmatch(s.Text()); m != nil {
				n, _ := strconv.Atoi(m[1])
				r.next <- n
			}
		}
	}()
	out := bufio.NewReader(outR)
	line, err := out.ReadString('\n')
	if err != nil {
		<-r.over
		t.Fatalf("%v: %s", err, r.log)
	}
	go io.Copy(io.Discard, out)
	r.at = strings.TrimPrefix(strings.TrimSpace(line), "Serving at ")
	t.Cleanup(func() {
		_ = syscall.Kill(r.pid, syscall.SIGTERM)
		select {
		case <-r.over:
		case <-time.After(30 * time.Second):
			_ = syscall.Kill(r.pid, syscall.SIGKILL)
			t.Errorf("the last process does not end")
		}
		if t.Failed() {
			t.Log(r.log)
		}
	})
	return r
}

// restart has another process take the place of the one that serves.
func (r *running) restart() {
	r.t.Helper()
	if err := syscall.Kill(r.pid, syscall.SIGUSR2); err != nil {
		r.t.Fatal(err)
	}
	select {
	case r.pid = <-r.next:
	case <-time.After(time.Minute):
		r.t.Fatal("nobody takes its place")
	}
}

// crowd is people who ask for pages again and again.
type crowd struct {
	t      *testing.T
	cancel func()
	wait   sync.WaitGroup
	n, bad atomic.Int64
}

// gather has people ask, one page each after the other. Each answer must be as
// look says.
func gather(t *testing.T, guests []*guest, paths []string, look func(path string, status int, body string) error) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &crowd{t: t, cancel: cancel}
	for i, g := range guests {
		c.wait.Go(func() {
			for turn := i; ctx.Err() == nil; turn++ {
				path := paths[turn%len(paths)]
				status, body, err := g.get(context.Background(), path)
				if err == nil {
					err = look(path, status, body)
				}
				if c.n.Add(1); err != nil && c.bad.Add(1) <= 5 {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
	return c
}

func (c *crowd) answers() int64 { return c.n.Load() }

// end sends them home and returns how many answers they had.
func (c *crowd) end() int64 {
	c.t.Helper()
	c.cancel()
	c.wait.Wait()
	if c.bad.Load() > 5 {
		c.t.Errorf("%d of %d requests failed", c.bad.Load(), c.n.Load())
	}
	return c.n.Load()
}

// eight people are signed in as the researcher or nobody.
func eight(t *testing.T, at, data string) []*guest {
	t.Helper()
	terms := termsOf(t, data, "DEMO-STUDY")
	var out []*guest
	for i := range 8 {
		g := newGuest(at)
		if i < 4 {
			if err := g.enter(t.Context(), "researcher", "DEMO-STUDY", terms); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, g)
	}
	return out
}

// A site that is restarted, by a process that takes the socket on, loses no request.
func TestTortureRestarts(t *testing.T) {
	data := smallSite(t, 500)
	r := startServe(t, data, "--rows-per-hour", "100000000")
	guests := eight(t, r.at, data)
	stop := gather(t, guests, []string{"/records", "/healthz", "/records?view=patients", "/sign-in", "/dictionary"}, func(path string, status int, body string) error {
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %.200s", status, body)
		}
		return nil
	})
	first := r.pid
	for range sized(2, 20) {
		time.Sleep(200 * time.Millisecond)
		r.restart()
	}
	time.Sleep(200 * time.Millisecond)
	n := stop.end()
	if r.pid == first || n < 50 {
		t.Errorf("process %d, %d requests", r.pid, n)
	}
	for _, g := range guests[:4] { // who was signed in still is
		if status, body, err := g.get(t.Context(), "/records"); err != nil || status != http.StatusOK || !strings.Contains(body, "episodes") {
			t.Errorf("afterwards: %d, %v", status, err)
		}
	}
	t.Logf("TORTURE restart: %d restarts under %d requests of 8 people, none failed", sized(2, 20), n)
}

// A program that does not come up takes nobody's place.
func TestAProgramThatDoesNotComeUpTakesNoPlace(t *testing.T) {
	data := smallSite(t, 300)
	r := startServe(t, data)
	g := newGuest(r.at)
	current := filepath.Join(data, "registry.key")
	if err := os.WriteFile(current, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(r.pid, syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); !strings.Contains(r.log.String(), "this one goes on"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is said")
		}
	}
	if status, body, err := g.get(t.Context(), "/healthz"); err != nil || status != http.StatusOK {
		t.Errorf("the site: %d, %q, %v", status, body, err)
	}
}

// Releases that are published to and fro under load lose no request, and each
// answer is of one of them.
func TestTortureSwitches(t *testing.T) {
	data := smallSite(t, 500)
	one := show(t, data).ID
	other := loadSynthetic(t, data, 900, 2)
	if one == other {
		t.Fatal("the same release")
	}
	at, _ := serveAt(t, data, "--rows-per-hour", "100000000", "--records-per-hour", "1000000")
	guests := eight(t, at, data)[:4]
	// of each release, what pages say of it
	pages := []string{"/records", "/records?sex=2", "/records?view=charts", "/records?view=patients"}
	ids := regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4}`)
	want := map[string]string{}
	facts := func(body string) string { return strings.Join(totals(body), " | ") }
	for _, id := range []string{one, other} {
		must(t, "release", "publish", id, "--data", data)
		for _, p := range pages {
			status, body, err := guests[0].get(t.Context(), p)
			if err != nil || status != http.StatusOK || len(totals(body)) < 2 {
				t.Fatalf("%s: %d, %v, %q", p, status, err, totals(body))
			}
			want[id+p] = facts(body)
		}
	}
	for _, p := range pages {
		if want[one+p] == want[other+p] {
			t.Fatalf("%s says the same of both releases: %s", p, want[one+p])
		}
	}
	var seen sync.Map
	stop := gather(t, guests, pages, func(path string, status int, body string) error {
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %.200s", status, body)
		}
		said := slices.Compact(slices.Sorted(slices.Values(ids.FindAllString(body, -1))))
		if len(said) != 1 {
			return fmt.Errorf("a page of the releases %q", said)
		}
		seen.Store(said[0], true)
		if got := facts(body); got != want[said[0]+path] {
			return fmt.Errorf("a page that says release %s has %s", said[0], got)
		}
		return nil
	})
	releases, switches := release.Open(data), 0
	for ; switches < sized(6, 20) || stop.answers() < int64(sized(60, 5_000)); switches++ {
		time.Sleep(5 * time.Millisecond)
		if err := releases.Switch([]string{one, other}[switches%2]); err != nil {
			t.Fatal(err)
		}
	}
	n := stop.end()
	for _, id := range []string{one, other} {
		if _, ok := seen.Load(id); !ok {
			t.Errorf("nobody saw release %s", id)
		}
	}
	t.Logf("TORTURE switch: %d switches under %d requests, each answer of one release", switches, n)
}

// totals are the numbers of a page, in their order, without those of the time.
func totals(body string) []string {
	_, main, _ := strings.Cut(body, "<main")
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " ")
	var out []string
	for _, m := range regexp.MustCompile(`[\d,]+(?: of [\d,]+)? (?:episodes|patients)`).FindAllString(strings.Join(strings.Fields(text), " "), -1) {
		out = append(out, m)
	}
	return out
}
