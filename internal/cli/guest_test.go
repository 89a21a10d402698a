package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/registry/sqlstore"
)

// smallSite is a data folder with a synthetic release of so many patients, and the
// demo people. more are called with its registry.
func smallSite(t *testing.T, patients int, more ...func(*globals, *sqlstore.Store)) string {
	t.Helper()
	data := t.TempDir()
	loadSynthetic(t, data, patients, 1)
	peopled(t, data, more...)
	return data
}

// loadSynthetic loads a synthetic extract and returns its release.
func loadSynthetic(t *testing.T, data string, patients, seed int) string {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "raw")
	must(t, "synth", "--patients", strconv.Itoa(patients), "--seed", strconv.Itoa(seed), "--years", "2008-2009", "--out", raw)
	files, err := filepath.Glob(filepath.Join(raw, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	must(t, append([]string{"load", "--quiet", "--data", data, "--subset", "all"}, files...)...)
	return show(t, data).ID
}

// peopled makes the demo people in a data folder.
func peopled(t *testing.T, data string, more ...func(*globals, *sqlstore.Store)) {
	t.Helper()
	g := &globals{ctx: t.Context(), env: Env{Out: io.Discard, Err: io.Discard}, now: time.Now, safe: func(string) (bool, error) { return true, nil }, Data: data}
	reg, err := g.openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	if err := g.demoPeople(reg, []string{"0809", "0910"}, "all"); err != nil {
		t.Fatal(err)
	}
	for _, m := range more {
		m(g, reg)
	}
}

// guest opens pages of a site over the network.
type guest struct {
	client *http.Client
	at     string // http://127.0.0.1:1234
}

func newGuest(at string) *guest {
	jar, _ := cookiejar.New(nil) // has no error
	return &guest{at: at, client: &http.Client{Jar: jar, Timeout: 60 * time.Second, Transport: &http.Transport{}}}
}

// get returns a page after redirects.
func (g *guest) get(ctx context.Context, path string) (status int, body string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.at+path, nil)
	if err != nil {
		return 0, "", err
	}
	return g.do(r)
}

func (g *guest) post(ctx context.Context, path string, form url.Values) (status int, body string, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.at+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return g.do(r)
}

func (g *guest) do(r *http.Request) (int, string, error) {
	w, err := g.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	return w.StatusCode, string(b), err
}

// enter signs somebody in and chooses a purpose, whose terms are those of the version.
func (g *guest) enter(ctx context.Context, name, agreement, terms string) error {
	status, body, err := g.post(ctx, "/sign-in", url.Values{"name": {name}, "password": {demoPassword}})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("sign in: status %d: %s", status, body)
	}
	if err != nil || agreement == "" {
		return err
	}
	status, body, err = g.post(ctx, "/purpose", url.Values{"agreement": {agreement}, "terms." + agreement: {terms}, "agree-1": {"yes"}, "agree-2": {"yes"}, "agree-3": {"yes"}})
	if err == nil && (status != http.StatusOK || !strings.Contains(body, "/records")) {
		err = fmt.Errorf("choose a purpose: status %d", status)
	}
	return err
}

// termsOf is the version of an agreement's terms.
func termsOf(t *testing.T, data, agreement string) string {
	t.Helper()
	out := ""
	peopled(t, data, func(g *globals, reg *sqlstore.Store) {
		a, err := reg.Agreement(g.ctx, agreement)
		if err != nil {
			t.Fatal(err)
		}
		out = a.TermsVersion()
	})
	return out
}

// serveAt runs serve over a data folder until the test ends, and returns where.
func serveAt(t *testing.T, data string, args ...string) (url string, log *lines) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	log = &lines{}
	go func() {
		done <- Main(ctx, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, args...), Env{In: strings.NewReader(""), Out: w, Err: log})
		w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: exit %d: %s", err, <-done, log)
	}
	go io.Copy(io.Discard, r)
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 || t.Failed() {
			t.Errorf("exit %d: %s", code, log)
		}
	})
	return strings.TrimPrefix(strings.TrimSpace(line), "Serving at "), log
}
