package release

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
)

func id(n byte) string {
	return NewID(time.Date(2026, 11, 24, 9, 30, int(n), 0, time.UTC), [2]byte{1, n})
}

func make1(t *testing.T, r *Releases, n byte, content string) error {
	t.Helper()
	b, err := r.Begin(id(n))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.Dir(), "data"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), Manifest{Subset: "all"}, &quality.Report{}, nil); err != nil {
		return errors.Join(err, b.Abort())
	}
	return nil
}

func TestPublishAndRollBack(t *testing.T) {
	r := Open(t.TempDir())
	if _, err := r.Current(); fault.Of(err) != fault.NotFound {
		t.Errorf("current of nothing: %v", err)
	}
	for n := byte(1); n <= 2; n++ {
		if err := make1(t, r, n, "content"); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Current(); err != nil || got != id(n) {
			t.Errorf("current = %q, %v", got, err)
		}
	}
	if err := r.Switch(id(1)); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Current(); got != id(1) {
		t.Errorf("after rolling back the current release is %q", got)
	}
	all, err := r.List()
	if err != nil || len(all) != 2 || all[0].ID != id(2) {
		t.Errorf("list = %v, %v", all, err)
	}
	if err := r.Verify(t.Context(), id(1)); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir(id(1)), "data"), []byte("c0ntent"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(t.Context(), id(1)); fault.Of(err) != fault.Unavailable {
		t.Errorf("a changed file is not noticed: %v", err)
	}
	for _, bad := range []string{"", "../x", "20261124-093001-zzzz/.."} {
		if _, err := r.Get(bad); fault.Of(err) != fault.NotFound {
			t.Errorf("Get(%q): %v", bad, err)
		}
	}
}

func TestOneLoadAtATime(t *testing.T) {
	r := Open(t.TempDir())
	first, err := r.Begin(id(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Begin(id(2)); fault.Of(err) != fault.Conflict {
		t.Errorf("a second load: %v", err)
	}
	if err := r.Clean(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(first.Dir()); err != nil {
		t.Error("a live load's folder was cleaned away")
	}
	// a load that died: the lock is free, the folder is left
	first.lock.Close()
	second, err := r.Begin(id(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(first.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Error("a dead load's folder is still there")
	}
	if err := second.Abort(); err != nil {
		t.Fatal(err)
	}
}

// Whatever step of publishing fails, the old or the new release is served
// whole, and the next load succeeds.
func TestEveryStepMayFail(t *testing.T) {
	steps := 0
	for fail := 1; ; fail++ {
		r := Open(t.TempDir())
		if err := make1(t, r, 1, "old"); err != nil {
			t.Fatal(err)
		}
		good := r.disk
		n := 0
		step := func() error {
			if n++; n == fail {
				return errors.New("input/output error")
			}
			return nil
		}
		r.disk = disk{
			write: func(p string, b []byte) error {
				if err := step(); err != nil {
					return errors.Join(err, os.WriteFile(p, b[:len(b)/2], 0o600)) // cut short
				}
				return good.write(p, b)
			},
			sync: func(p string) error { return errors.Join(step(), good.sync(p)) },
			rename: func(a, b string) error {
				if err := step(); err != nil {
					return err
				}
				return good.rename(a, b)
			},
		}
		err := make1(t, r, 2, "new")
		if err == nil {
			steps = n
			break
		}
		if fault.Of(err) != fault.Unavailable {
			t.Errorf("step %d: %v", fail, err)
		}
		r.disk = good
		current, err := r.Current()
		if err != nil {
			t.Fatalf("step %d: %v", fail, err)
		}
		if err := r.Verify(t.Context(), current); err != nil {
			t.Errorf("step %d: %v", fail, err)
		}
		want := []string{id(1)} // of the release that failed nothing is left, unless it is served
		if current == id(2) {
			want = []string{id(2), id(1)}
		}
		all, err := r.List()
		var have []string
		for _, m := range all {
			have = append(have, m.ID)
		}
		if err != nil || !slices.Equal(have, want) {
			t.Errorf("step %d: releases %v, want %v, %v", fail, have, want, err)
		}
		if err := make1(t, r, 3, "newer"); err != nil {
			t.Errorf("step %d: the next load: %v", fail, err)
		}
	}
	if steps < 8 {
		t.Errorf("only %d steps were seen", steps)
	}
}

// A release is on the disk before anybody can be served from it: every file and folder
// of it is flushed, then it is moved into place, then the place is flushed, and only
// then, flushed too, it becomes the current one. A power cut in between leaves the old
// release or the whole new one.
func TestFlushedBeforeItIsServed(t *testing.T) {
	r := Open(t.TempDir())
	good := r.disk
	flushed := map[string]bool{}
	var moves []string
	r.disk = disk{
		write: func(p string, b []byte) error { flushed[p] = true; return good.write(p, b) },
		sync:  func(p string) error { flushed[p] = true; return good.sync(p) },
		rename: func(from, to string) error {
			moves = append(moves, filepath.Base(to))
			err := filepath.WalkDir(from, func(p string, _ fs.DirEntry, err error) error {
				if err == nil && !flushed[p] {
					t.Errorf("%s is not flushed before it becomes %s", filepath.Base(p), filepath.Base(to))
				}
				return err
			})
			if to == r.pointer() && !flushed[r.releases()] {
				t.Error("the release may not be in its place when it is served")
			}
			delete(flushed, r.releases())
			return errors.Join(err, good.rename(from, to))
		},
	}
	b, err := r.Begin(id(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data", "deep/er/data"} {
		path := filepath.Join(b.Dir(), name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Publish(t.Context(), Manifest{Subset: "all"}, &quality.Report{}, nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{id(1), filepath.Base(r.pointer())}; !slices.Equal(moves, want) {
		t.Errorf("moved into place: %v, want %v", moves, want)
	}
	if !flushed[r.releases()] {
		t.Error("that it is served is not flushed")
	}
}
