package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"webenablehes/internal/fault"
)

// sizeOf is what a folder's files take.
func sizeOf(t *testing.T, dir string) int64 {
	t.Helper()
	sum := int64(0)
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += (info.Size() + 4095) &^ 4095
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// refused says what is wrong with a load that the disk did not let through.
func (s site) refused(t *testing.T, e ended, before string) error {
	t.Helper()
	errs := []error{e.wrong(), s.wrong(t.Context())}
	if e.code != 0 {
		if e.code != fault.Unavailable.Exit() && e.code != fault.Conflict.Exit() {
			errs = append(errs, fmt.Errorf("exit code %d", e.code))
		}
		if !strings.Contains(e.errs, "space") && !strings.Contains(e.errs, "room") {
			errs = append(errs, errors.New("it does not say that there may be no space"))
		}
		if s.current(t) != before && !strings.Contains(e.errs, "served now") && !strings.Contains(e.errs, "was done") {
			errs = append(errs, errors.New("another release is served and nothing says so"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w\nexit %d: %.1500s", err, e.code, e.errs)
	}
	return nil
}

// On a full disk a load fails, what was served is served on, and when there is
// room the next load succeeds.
func TestTortureFullDisk(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	base := newSite(t, 600)
	size := sizeOf(t, base.data)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", 6*size)); err != nil {
		cannot(t, "a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	s := base.copied(t, filepath.Join(disk, "data"))
	var c count
	full := 0
	for n := range sized(6, 60) {
		var st syscall.Statfs_t
		if err := syscall.Statfs(disk, &st); err != nil {
			t.Fatal(err)
		}
		room := int64(r.Float64() * float64(size)) // a load needs a bit more than what is there
		if n == 0 {
			room = 0
		}
		ballast := filepath.Join(disk, "ballast")
		if err := os.WriteFile(ballast, make([]byte, max(0, int64(st.Bavail)*st.Bsize-room)), 0o600); err != nil {
			t.Fatal(err)
		}
		before := s.current(t)
		e := through(t, program(t.Context(), s.load(s.file)...), nil)
		if e.code != 0 {
			full++
		}
		c.add(t, fmt.Sprintf("a load with room for %d bytes", room), s.refused(t, e, before))
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if n%5 == 0 {
			c.add(t, "a load when there is room", s.tidied(t))
			if err := os.RemoveAll(s.data); err != nil {
				t.Fatal(err)
			}
			s = base.copied(t, s.data)
		}
	}
	if full < 2 {
		t.Errorf("only %d loads found the disk full", full)
	}
	c.say(t, "full disk")
}

// A limit on the size of files is the same as a full disk, and kills nobody.
func TestTortureFileSize(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	base := newSite(t, 600)
	s := base
	var c count
	full := 0
	for n := range sized(5, 60) {
		blocks := 1 + r.IntN(40) // of 512 or 1024 bytes, as the shell has it
		before := s.current(t)
		load := program(t.Context(), s.load(s.file)...)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("ulimit -f %d; exec %s", blocks, os.Args[0]))
		cmd.Env = load.Env
		e := through(t, cmd, nil)
		if e.code != 0 {
			full++
		}
		c.add(t, fmt.Sprintf("number %d, files of at most %d blocks", n, blocks), s.refused(t, e, before))
	}
	c.add(t, "a load without the limit", s.tidied(t))
	if full < 2 {
		t.Errorf("only %d loads met the limit", full)
	}
	c.say(t, "limit on the size of files")
}
