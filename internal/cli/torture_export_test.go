package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/web"
)

// visitor opens pages of a site without a network.
type visitor struct {
	t      *testing.T
	site   http.Handler
	cookie *http.Cookie
}

func (v *visitor) do(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RemoteAddr = "127.0.0.1:1"
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Value != "" {
			v.cookie = c
		}
	}
	return w
}

func (v *visitor) post(to string, form url.Values) *httptest.ResponseRecorder {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := v.do(r)
	if w.Code != http.StatusSeeOther {
		v.t.Fatalf("%s: status %d: %s", to, w.Code, w.Body)
	}
	return w
}

// entered opens a site over a release of all episodes of ten years, with demo people,
// and signs the researcher in for a purpose.
func entered(t *testing.T, data string) (*web.Server, *sqlstore.Store, *visitor, registry.Agreement) {
	t.Helper()
	g := &globals{ctx: t.Context(), env: Env{Out: io.Discard, Err: io.Discard}, now: time.Now, safe: func(string) (bool, error) { return true, nil }, Data: data}
	reg, err := g.openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reg.Close(); err != nil {
			t.Error(err)
		}
	})
	var years []string
	for y := 4; y <= 13; y++ {
		years = append(years, fmt.Sprintf("%02d%02d", y, y+1))
	}
	if err := g.demoPeople(reg, years, "all"); err != nil {
		t.Fatal(err)
	}
	rule, err := policy.RuleNamed("nhsd-2018")
	if err != nil {
		t.Fatal(err)
	}
	s, err := g.site(reg, slog.New(slog.DiscardHandler), rule, stance{loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, site: s}
	v.post("/sign-in", url.Values{"name": {"researcher"}, "password": {demoPassword}})
	a, err := reg.Agreement(t.Context(), "DEMO-STUDY")
	if err != nil {
		t.Fatal(err)
	}
	v.post("/purpose", url.Values{"agreement": {a.Ref}, "terms." + a.Ref: {a.TermsVersion()}, "agree-1": {"yes"}, "agree-2": {"yes"}, "agree-3": {"yes"}})
	return s, reg, v, a
}

// A file of a million lines is made in little memory, in each format, through the
// pages of a real site over the real engine, and is as long as the list says.
func TestTortureExports(t *testing.T) {
	data := t.TempDir()
	raw := filepath.Join(data, "raw")
	must(t, "synth", "--patients", strconv.Itoa(sized(4_000, 250_000)), "--years", "2004-2013", "--out", raw)
	files, err := filepath.Glob(filepath.Join(raw, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	must(t, append([]string{"load", "--quiet", "--data", data, "--subset", "all"}, files...)...)
	if err := os.RemoveAll(raw); err != nil {
		t.Fatal(err)
	}
	s, reg, v, a := entered(t, data)
	v.do(httptest.NewRequest(http.MethodGet, "/records", nil)) // the engine is warm
	for n, list := range []string{"fin=any&dup=any|csv", "fin=any&dup=any&sort=-STARTAGE|parquet", "fin=any&dup=any|xlsx", "fin=any&dup=any&view=patients|csv"} {
		state, format, _ := strings.Cut(list, "|")
		v.post("/exports/new", url.Values{"purpose": {a.Ref}, "list": {state}, "format": {format}, "reason": {"To see how much memory it takes."}, "agree": {"yes"}})
		took, memory := heapOf(func() { s.Tend(t.Context()) })
		x, err := reg.Export(context.Background(), int64(n+1))
		if err != nil || x.State != registry.ExportWaiting {
			t.Fatalf("%s: %s, %s, %v", list, x.State, x.Why, err)
		}
		t.Logf("TORTURE export: %d lines of %s as %s, %.1f MB, in %.1f s, %d MB of heap above idle", x.Lines, x.Unit, format, float64(x.Bytes)/1e6, took.Seconds(), memory>>20)
		if memory > 64<<20 {
			t.Errorf("%s: %d MB of heap above idle", list, memory>>20)
		}
		if least := sized(4_000, 900_000); x.Lines < least && x.Unit == "episodes" {
			t.Errorf("%s: %d lines only", list, x.Lines)
		}
		if got := v.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/exports/%d/hes-export-%d.%s", n+1, n+1, format), nil)); got.Code != http.StatusNotFound || bytes.Contains(got.Body.Bytes(), []byte("SYNTH")) {
			t.Errorf("%s: it is fetched before it was let out: %d", list, got.Code)
		}
	}
}

// heapOf runs something and returns how long it took and by how much the heap in
// use grew at its height.
func heapOf(do func()) (time.Duration, uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	idle, most := m.HeapInuse, m.HeapInuse
	done, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}()
	start := time.Now()
	do()
	took := time.Since(start)
	close(done)
	<-seen
	return took, most - idle
}
