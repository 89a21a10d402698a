package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
)

// tracer finds the tool that makes system calls fail, or skips the test.
func tracer(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		cannot(t, "strace is not installed")
	}
	if out, err := exec.Command(path, "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true").CombinedOutput(); err != nil {
		cannot(t, "processes cannot be traced here: %v, %s", err, out)
	}
	return path
}

// Calls of which each is made to fail once, and those of which a sample is.
var (
	fewCalls  = []string{"fsync", "fdatasync", "renameat", "rename", "mkdirat"}
	manyCalls = []string{"write", "pwrite64", "openat", "unlinkat", "ftruncate"}
)

// calls counts the calls of each kind that one thread of a command makes at most,
// which is how the tracer numbers them.
func calls(t *testing.T, strace string, args []string) map[string]int {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	load := program(t.Context(), args...)
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", log, "-e", "trace="+strings.Join(append(fewCalls, manyCalls...), ","), os.Args[0])
	cmd.Env = load.Env
	if e := through(t, cmd, nil); e.code != 0 {
		t.Fatalf("%v: exit %d, %s", args, e.code, e.errs)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	byThread, most := map[string]int{}, map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^(\d+) +(\w+)\(`).FindAllStringSubmatch(string(text), -1) {
		byThread[m[1]+m[2]]++
		most[m[2]] = max(most[m[2]], byThread[m[1]+m[2]])
	}
	return most
}

// Whichever write, sync, move or other step fails, the old or the new release is
// served, and the next load succeeds and tidies up.
func TestTortureFailingDisk(t *testing.T) {
	t.Parallel()
	strace := tracer(t)
	r := seeded(t)
	base := newSite(t, 30)
	must(t, base.load(base.file)...) // so that there is something to go back to
	all, err := release.Open(base.data).List()
	if err != nil || len(all) != 2 {
		t.Fatalf("%d releases, %v", len(all), err)
	}
	type failing struct {
		args    []string
		call    string
		k       int
		failure string
	}
	var few, many []failing
	dir := t.TempDir()
	s := site{data: filepath.Join(dir, "data"), file: base.file}
	for _, args := range [][]string{
		s.load(s.file), {"release", "publish", all[1].ID, "--data", s.data}, {"release", "rollback", "--data", s.data},
		{"release", "destroy", all[1].ID, "--yes", "--reason", "test", "--data", s.data},
	} {
		s = base.copied(t, s.data)
		most := calls(t, strace, args)
		if err := os.RemoveAll(s.data); err != nil {
			t.Fatal(err)
		}
		add := func(to *[]failing, names []string) {
			for _, call := range names {
				for k := range most[call] {
					*to = append(*to, failing{args, call, k + 1, []string{"EIO", "ENOSPC"}[k%2]})
				}
			}
		}
		add(&few, fewCalls)
		add(&many, manyCalls)
	}
	if len(few) < 10 || len(many) < 50 {
		t.Fatalf("only %d and %d calls were seen", len(few), len(many))
	}
	shuffle := func(list []failing, n int) []failing {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list[:min(n, len(list))]
	}
	todo := append(shuffle(few, sized(7, len(few))), shuffle(many, sized(5, 150))...)
	var c count
	failed, ours := 0, 0
	for _, f := range todo {
		s = base.copied(t, s.data)
		before := s.current(t)
		cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", "/dev/null", "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.call, f.failure, f.k), os.Args[0])
		cmd.Env = program(t.Context(), f.args...).Env
		e := through(t, cmd, nil)
		if e.code != 0 {
			failed++
		}
		if e.code == fault.Internal.Exit() {
			ours++
		}
		errs := []error{s.wrong(t.Context())}
		// The runtime wakes itself through a write of its own, and ends when that fails:
		// a death like any other, of which nothing but the state it leaves is judged.
		if !strings.Contains(e.errs, "netpollBreak") && (e.hung || strings.Contains(e.errs, "panic:") || strings.Contains(e.errs, "goroutine ")) {
			errs = append(errs, e.wrong())
		}
		if e.code != 0 && !strings.Contains(strings.Join(f.args, " "), "release ") && s.current(t) != before && !strings.Contains(e.errs, "served now") && !strings.Contains(e.errs, "was done") && !strings.Contains(e.errs, "was made") && e.errs != "" && !strings.Contains(e.errs, "netpollBreak") {
			errs = append(errs, errors.New("it failed, yet another release is served and nothing says so"))
		}
		if _, err := os.Stat(filepath.Join(s.data, "releases", all[1].ID)); err == nil && f.args[1] == "destroy" {
			again := through(t, program(t.Context(), f.args...), nil) // what was half destroyed can be destroyed
			if again.code != 0 || !strings.Contains(again.out, "Certificate") {
				errs = append(errs, fmt.Errorf("destroying again: exit %d, %s", again.code, again.errs))
			}
		}
		if e.code == fault.Internal.Exit() && whole() {
			errs = append(errs, errors.New("a failing disk is said to be our mistake"))
		}
		errs = append(errs, s.tidied(t))
		if err := errors.Join(errs...); err != nil {
			err = fmt.Errorf("%w\nexit %d: %.1200s", err, e.code, e.errs)
			c.add(t, fmt.Sprintf("%s %d of %v fails with %s", f.call, f.k, f.args[:2], f.failure), err)
		} else {
			c.add(t, "", nil)
		}
		if e.code == fault.Internal.Exit() {
			t.Logf("%s %d of %v fails with %s: exit 70, %.300s", f.call, f.k, f.args[:2], f.failure, e.errs)
		}
		if err := os.RemoveAll(s.data); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d commands failed, %d of them with exit code 70", failed, ours)
	if failed == 0 {
		t.Error("nothing failed")
	}
	c.say(t, "failing disk")
}
