package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

// The load: so many people, each of whom asks for a page every few seconds.
const (
	loadPeople = 200
	loadSlow   = 1000 // connections that send a byte a second
)

// team adds researchers to a site, who are signed in, and returns their cookies.
func team(t *testing.T, data string, n int) []string {
	t.Helper()
	var out []string
	peopled(t, data, func(g *globals, reg *sqlstore.Store) {
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		a, err := reg.Agreement(g.ctx, "DEMO-STUDY")
		check(err)
		now := time.Now()
		was := now.AddDate(0, 0, -1)
		for i := range n {
			name := fmt.Sprintf("load.%03d", i)
			check(reg.AddUser(g.ctx, registry.User{Name: name, Display: name, Role: policy.Researcher, Hash: "none"})) // nobody signs in by it
			u, err := reg.UserByName(g.ctx, name)
			check(err)
			check(reg.PutMember(g.ctx, registry.Member{Agreement: a.Ref, UserID: u.ID, From: was, Trained: was, Sponsor: "Sponsor", Attested: was}))
			raw := make([]byte, 32)
			_, _ = rand.Read(raw) // never fails
			token := base64.RawURLEncoding.EncodeToString(raw)
			hash := sha256.Sum256([]byte(token))
			check(reg.AddSession(g.ctx, registry.Session{TokenHash: hash[:], UserID: u.ID, Created: now, Seen: now, Address: "127.0.0.1", Device: "Test", Factor: "totp", Strong: now, Proved: now, Agreement: a.Ref, Terms: a.TermsVersion()}))
			out = append(out, token)
		}
	})
	return out
}

// wish is something that people ask for.
type wish struct {
	kind  string
	paths []string
	part  string // as the script of a page asks
	share int    // of a hundred
}

func mix() []wish {
	return []wish{
		{"page", []string{"/records", "/records?view=patients", "/records?sort=-STARTAGE", "/records?sex=2", "/records?view=spells", "/records?dx=L40"}, "", 35},
		{"record", nil, "", 35}, // one of those that the person's list has
		{"filter", []string{"/records?sex=1", "/records?sex=1&year=0809", "/records?year=0910", "/records?dx=L20", "/records?dx=L40&sex=2", "/records?dx=C44"}, "app", 15},
		{"chart", []string{"/records?view=charts", "/records?view=charts&sex=2", "/records?view=charts&dx=L40"}, "", 10},
		{"other", []string{"/dictionary", "/codes", "/account", "/exports", "/dictionary/DIAG_01"}, "", 5},
	}
}

// taken is how long an answer took, from when it should have been asked for.
type taken struct {
	kind   string
	path   string
	status int
	time   time.Duration
	err    error
}

// Two hundred people at once are served, and those whose connections are slow hurt nobody.
func TestTortureLoad(t *testing.T) {
	people, lasting := sized(20, loadPeople), time.Duration(sized(3, 300))*time.Second
	data := smallSite(t, sized(500, 115_000))
	cookies := team(t, data, people)
	r := startServe(t, data)
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 2 * people, DisableCompression: true}}
	defer client.CloseIdleConnections()
	ask := func(person int, path, part, packed string) (int, string, error) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.at+path, nil)
		if err != nil {
			return 0, "", err
		}
		q.AddCookie(&http.Cookie{Name: "session", Value: cookies[person]})
		q.Header.Set("Accept-Encoding", packed)
		if part != "" {
			q.Header.Set("X-Part", part)
		}
		w, err := client.Do(q)
		if err != nil {
			return 0, "", err
		}
		defer w.Body.Close()
		b, err := io.ReadAll(w.Body)
		return w.StatusCode, string(b), err
	}
	leads := func(path string) string {
		g := newGuest(r.at)
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		g.client.Jar.SetCookies(q.URL, []*http.Cookie{{Name: "session", Value: cookies[0]}})
		w, err := g.client.Do(q)
		if err != nil || w.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, w, err)
		}
		w.Body.Close()
		return w.Request.URL.RequestURI()
	}
	records := make([][]string, people)
	link := regexp.MustCompile(`href="(/records/[^"?/]{20,}[^"]*)"`)
	for i := range people { // each opens the list first
		status, body, err := ask(i, "/records", "app", "identity")
		if err != nil || status != http.StatusOK {
			t.Fatalf("person %d: status %d, %v", i, status, err)
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			records[i] = append(records[i], strings.ReplaceAll(m[1], "&amp;", "&"))
		}
		if len(records[i]) == 0 {
			t.Fatalf("no record in the list of person %d", i)
		}
	}
	asked := mix()
	for i := range asked { // by the addresses that the site itself has links to
		for j, path := range asked[i].paths {
			asked[i].paths[j] = leads(path)
		}
	}
	slow := dawdle(t, strings.TrimPrefix(r.at, "http://"), sized(50, loadSlow))
	think := 4 * time.Second
	if !whole() {
		think = time.Second
	}
	times := openLoop(t, seeded(t), people, think, lasting, func(rnd *mathrand.Rand, person int) func() taken {
		w := chosen(rnd, asked)
		path := ""
		if w.paths != nil {
			path = w.paths[rnd.IntN(len(w.paths))]
		} else {
			path = records[person][rnd.IntN(len(records[person]))]
		}
		return func() taken {
			status, _, err := ask(person, path, w.part, "gzip")
			return taken{kind: w.kind, path: path, status: status, err: err}
		}
	})
	cut := slow()
	bad := 0
	by := map[string][]time.Duration{}
	for _, x := range times {
		by[x.kind], by["all"] = append(by[x.kind], x.time), append(by["all"], x.time)
		if x.err != nil || x.status != http.StatusOK {
			if bad++; bad < 6 {
				t.Errorf("%s %s: status %d, %v", x.kind, x.path, x.status, x.err)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d requests failed", bad, len(times))
	}
	for kind, all := range by {
		slices.Sort(all)
		t.Logf("TORTURE load: %-6s %6d requests, p50 %v, p95 %v, p99 %v, longest %v", kind, len(all), quantile(all, .5), quantile(all, .95), quantile(all, .99), all[len(all)-1].Round(time.Millisecond))
	}
	t.Logf("TORTURE load: %d people for %v, %d slow connections of which %d were cut, %d MB of memory at most", people, lasting, sized(50, loadSlow), cut, memoryOf(r.pid)>>20)
	if p95 := quantile(by["all"], .95); whole() && p95 > 300*time.Millisecond {
		t.Errorf("p95 is %v", p95)
	}
	if whole() && cut < loadSlow {
		t.Errorf("only %d slow connections were cut", cut)
	}
}

func chosen(r *mathrand.Rand, asked []wish) wish {
	n := r.IntN(100)
	for _, w := range asked {
		if n -= w.share; n < 0 {
			return w
		}
	}
	return asked[0]
}

// quantile is what a share of the times, in order, are not above.
func quantile(all []time.Duration, share float64) time.Duration {
	i := int(math.Ceil(share*float64(len(all)))) - 1
	return all[max(i, 0)].Round(100 * time.Microsecond)
}

// openLoop has people ask at times of their own, whether or not what was asked
// before has been answered, and returns what each answer took from then on.
func openLoop(t *testing.T, r *mathrand.Rand, people int, think, lasting time.Duration, next func(r *mathrand.Rand, person int) func() taken) []taken {
	t.Helper()
	type due struct {
		after time.Duration
		ask   func() taken
	}
	var plan []due
	for p := range people {
		for after := time.Duration(r.Int64N(int64(think))); after < lasting; after += think/2 + time.Duration(r.Int64N(int64(think))) {
			plan = append(plan, due{after, next(r, p)})
		}
	}
	slices.SortFunc(plan, func(a, b due) int { return cmp.Compare(a.after, b.after) })
	out := make([]taken, len(plan))
	var wait sync.WaitGroup
	start := time.Now()
	for i, d := range plan {
		time.Sleep(time.Until(start.Add(d.after)))
		wait.Go(func() {
			out[i] = d.ask()
			out[i].time = time.Since(start.Add(d.after))
		})
	}
	wait.Wait()
	return out
}

// dawdle keeps so many connections open that send a request byte by byte, until
// stop is called, which returns how many of them the server had cut.
func dawdle(t *testing.T, address string, n int) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	var mu sync.Mutex
	cut := 0
	for i := range n {
		wait.Go(func() {
			time.Sleep(time.Duration(i) * time.Millisecond) // not all at once
			for ctx.Err() == nil {
				c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
				if err != nil {
					if ctx.Err() == nil {
						t.Errorf("a slow connection is refused: %v", err)
					}
					return
				}
				ended := context.AfterFunc(ctx, func() { c.Close() })
				const text = "GET /sign-in HTTP/1.1\r\nHost: slow.example.org\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				gone := make(chan struct{})
				go func() {
					_, _ = io.Copy(io.Discard, c)
					close(gone)
				}()
				for _, b := range []byte(text) {
					if _, err := c.Write([]byte{b}); err != nil {
						break
					}
					select {
					case <-time.After(time.Second):
						continue
					case <-gone:
					}
					break
				}
				if ended() { // not by us
					mu.Lock()
					cut++
					mu.Unlock()
				}
				c.Close()
				<-gone
			}
		})
	}
	return func() int {
		cancel()
		wait.Wait()
		return cut
	}
}

// memoryOf is how many bytes of memory a process had at most.
func memoryOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	own, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	kB, _ := strconv.ParseInt(own, 10, 64)
	return kB << 10
}
