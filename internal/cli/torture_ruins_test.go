package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
	"webenablehes/internal/staging"
)

// ruin damages one file and says which and how.
func ruin(r *rand.Rand, data string) (path, how string, err error) {
	var all []string
	err = filepath.WalkDir(data, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		return "", "", err
	}
	// Half of the damage is to the few files on which everything hangs.
	few := slices.DeleteFunc(slices.Clone(all), func(p string) bool {
		switch filepath.Base(p) {
		case "current", "manifest.json", "report.json", "batch.json", "registry.db", "meta.json":
			return false
		}
		return true
	})
	path = all[r.IntN(len(all))]
	if r.IntN(2) == 0 {
		path = few[r.IntN(len(few))]
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return path, "", err
	}
	switch n := r.IntN(3); {
	case n == 0:
		return path, "removed", os.Remove(path)
	case n == 1 || len(text) == 0:
		return path, "cut", os.WriteFile(path, text[:r.IntN(len(text)+1)/2], 0o600)
	default:
		at := r.IntN(len(text))
		text[at] ^= 1 << r.IntN(8)
		return path, fmt.Sprintf("byte %d changed", at), os.WriteFile(path, text, 0o600)
	}
}

// serves starts the site; it must answer, or end with a plain error.
func (s site) serves(t *testing.T) error {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := program(ctx, "serve", "--listen", at, "--data", s.data)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stop := make(chan struct{})
	answered := false
	go func() {
		defer close(stop)
		defer cancel()
		for range 400 {
			got, err := http.Get("http://" + at + "/")
			if err == nil {
				answered = true
				_ = got.Body.Close()
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(25 * time.Millisecond):
			}
		}
	}()
	e := through(t, cmd, nil)
	cancel()
	<-stop
	if answered { // it was stopped by us
		if strings.Contains(e.errs, "panic:") || strings.Contains(e.errs, "goroutine ") {
			return fmt.Errorf("the site panicked: %.2000s", e.errs)
		}
		return nil
	}
	if err := e.wrong(); err != nil || e.code == 0 {
		return fmt.Errorf("the site neither answers nor says why: exit %d, %w", e.code, err)
	}
	return nil
}

// Whatever is damaged in the data folder, commands do their work or refuse it in
// a plain sentence, and a check finds what is not as it was made.
func TestTortureRuins(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	base := newSite(t, 30)
	must(t, base.load(base.file)...)
	dict, _, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	s := site{data: filepath.Join(t.TempDir(), "data"), file: base.file}
	var c count
	for n := range sized(40, 500) {
		s = base.copied(t, s.data)
		path, how, err := ruin(r, s.data)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(s.data, path)
		if err != nil {
			t.Fatal(err)
		}
		var errs []error
		plain := func(args ...string) int {
			_, says, code := run(t, append(args, "--data", s.data)...)
			if err := (ended{errs: says, code: code}).wrong(); err != nil {
				errs = append(errs, fmt.Errorf("%v: %w", args, err))
			}
			return code
		}
		plain("release", "list")
		plain("release", "show")
		if part := strings.Split(rel, string(filepath.Separator)); part[0] == "releases" && len(part) > 2 {
			if plain("release", "verify", part[1]) == 0 {
				errs = append(errs, errors.New("the check of the release finds nothing"))
			}
		} else {
			plain("release", "verify")
		}
		if parts, err := staging.At(s.data).Current(); err == nil {
			for _, p := range parts {
				b, err := staging.Open(staging.At(s.data).Dir(p.Batch), dict)
				if err != nil && fault.Of(err) == fault.Internal {
					errs = append(errs, err)
				}
				if err == nil {
					errs = append(errs, b.Close())
				}
			}
		}
		if n%4 == 0 {
			errs = append(errs, s.serves(t))
		}
		if n%2 == 0 {
			plain("release", "make", "--subset", "all")
			e := through(t, program(t.Context(), s.load(s.file)...), nil)
			errs = append(errs, e.wrong())
			if e.code == 0 { // then a whole release is served
				id, err := release.Open(s.data).Current()
				errs = append(errs, err)
				if err == nil {
					errs = append(errs, release.Open(s.data).Verify(t.Context(), id))
				}
			}
		}
		c.add(t, rel+" "+how, errors.Join(errs...))
		if err := os.RemoveAll(s.data); err != nil {
			t.Fatal(err)
		}
	}
	c.say(t, "ruins of the data folder")
}
