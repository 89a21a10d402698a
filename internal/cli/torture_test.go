package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
	"webenablehes/internal/staging"
)

// The torture tests do to a load, and to what it left, what disks, people and
// machines do. They run in a short form with all tests, and whole when
// WEBENABLE_TORTURE is 1, as by “make torture”. The seed is printed; WEBENABLE_SEED
// repeats a run.

func whole() bool { return os.Getenv("WEBENABLE_TORTURE") == "1" }

// sized is how often something is tried.
func sized(short, all int) int {
	if whole() {
		return all
	}
	return short
}

// seeded returns a test's own random numbers.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(2026) // the short form is the same in every run
	if whole() {
		seed = uint64(time.Now().UnixNano())
	}
	if text := os.Getenv("WEBENABLE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("WEBENABLE_SEED=%d repeats this", seed)
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// cannot skips a test that this machine cannot run; a whole run must not.
func cannot(t *testing.T, format string, args ...any) {
	t.Helper()
	if whole() {
		t.Fatalf("cannot be tested here: "+format, args...)
	}
	t.Skipf(format, args...)
}

// ended is how a process ended.
type ended struct {
	out, errs string
	code      int   // -1 if a signal ended it
	memory    int64 // bytes that the largest of its processes took at most; 0 if it could not say
	hung      bool
}

// program returns the program as a process that has yet to be started.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "WEBENABLE_RUN="+strings.Join(args, "\n"))
	return cmd
}

// through runs a command to its end. during, if not nil, runs beside it.
func through(t *testing.T, cmd *exec.Cmd, during func()) ended {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	peak := filepath.Join(t.TempDir(), "peak")
	cmd.Env = append(cmd.Environ(), "WEBENABLE_PEAK="+peak)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if during != nil {
		during()
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	hung := !late.Stop()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) { // stopped by us, and ended well
		t.Fatal(err)
	}
	e := ended{out: out.String(), errs: errs.String(), code: cmd.ProcessState.ExitCode(), hung: hung}
	if text, err := os.ReadFile(peak); err == nil { // on a disk that fails a process cannot say it
		e.memory, _ = strconv.ParseInt(string(text), 10, 64)
	}
	return e
}

// wrong says what is wrong with the end of a command whatever it was asked.
func (e ended) wrong() error {
	var errs []error
	if e.hung {
		errs = append(errs, errors.New("it hung"))
	}
	if strings.Contains(e.errs, "panic:") || strings.Contains(e.errs, "goroutine ") || strings.Contains(e.errs, "fatal error:") {
		errs = append(errs, errors.New("it panicked"))
	}
	known := []int{0}
	for k := fault.Invalid; k <= fault.Gone; k++ {
		known = append(known, k.Exit())
	}
	if !slices.Contains(known, e.code) {
		errs = append(errs, fmt.Errorf("exit code %d", e.code))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %.3000s", err, e.errs)
	}
	return nil
}

// site is a data folder with one release, and an extract to load again.
type site struct {
	data, file string
}

// newSite makes a site of so many patients.
func newSite(t *testing.T, patients int) site {
	t.Helper()
	dir := t.TempDir()
	s := site{data: filepath.Join(dir, "data")}
	must(t, "synth", "--patients", strconv.Itoa(patients), "--years", "2008-2008", "--seed", "5", "--out", filepath.Join(dir, "raw"))
	found, err := filepath.Glob(filepath.Join(dir, "raw", "*.txt"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d extracts, %v", len(found), err)
	}
	s.file = found[0]
	must(t, s.load(s.file)...)
	return s
}

func (s site) load(file string) []string {
	return []string{"load", "--quiet", "--subset", "all", "--data", s.data, file}
}

// copied is a copy of the site in a folder that must not exist.
func (s site) copied(t *testing.T, to string) site {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	return site{data: to, file: s.file}
}

func (s site) current(t *testing.T) string {
	t.Helper()
	id, err := release.Open(s.data).Current()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wrong says what is wrong with what the site serves and builds on: the release
// must be whole, and every batch in force must open.
func (s site) wrong(ctx context.Context) error {
	releases, area := release.Open(s.data), staging.At(s.data)
	id, err := releases.Current()
	if err != nil {
		return err
	}
	errs := []error{releases.Verify(ctx, id)}
	parts, err := area.Current()
	errs = append(errs, err)
	if err == nil && len(parts) == 0 {
		errs = append(errs, errors.New("no rows are in force"))
	}
	dict, _, err := vocabulary()
	if err != nil {
		return err
	}
	for _, p := range parts {
		b, err := staging.Open(area.Dir(p.Batch), dict)
		if err != nil {
			errs = append(errs, fmt.Errorf("batch %s: %w", p.Batch, err))
			continue
		}
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}

// tidied loads again, which must succeed, and says what dead loads have left.
func (s site) tidied(t *testing.T) error {
	t.Helper()
	e := through(t, program(t.Context(), s.load(s.file)...), nil)
	if e.code != 0 {
		return fmt.Errorf("the next load: exit %d, %s", e.code, e.errs)
	}
	errs := []error{s.wrong(t.Context())}
	left, err := os.ReadDir(filepath.Join(s.data, "building"))
	errs = append(errs, err)
	for _, f := range left {
		errs = append(errs, fmt.Errorf("building/%s is left", f.Name()))
	}
	for _, name := range []string{"releases", "staging"} {
		if _, err := os.Stat(filepath.Join(s.data, name, "current.new")); err == nil {
			errs = append(errs, fmt.Errorf("%s/current.new is left", name))
		}
	}
	all, err := release.Open(s.data).List()
	errs = append(errs, err)
	area := staging.At(s.data)
	batches, err := area.Batches()
	errs = append(errs, err)
	inForce, err := area.Current()
	errs = append(errs, err)
	keep := needed(all, inForce)
	for _, b := range batches {
		if !keep(b) {
			errs = append(errs, fmt.Errorf("the batch %s is left, which nobody needs", b))
		}
	}
	for _, m := range all {
		if m.Broken != "" {
			errs = append(errs, fmt.Errorf("release %s: %s", m.ID, m.Broken))
		}
		for _, p := range m.Parts {
			if !slices.Contains(batches, p.Batch) {
				errs = append(errs, fmt.Errorf("the rows %s of release %s are nowhere", p.Batch, m.ID))
			}
		}
	}
	return errors.Join(errs...)
}

// count tells how many passed, and fails each that did not.
type count struct{ passed, failed int }

func (c *count) add(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		c.passed++
		return
	}
	c.failed++
	t.Errorf("%s: %v", what, err)
}

func (c *count) say(t *testing.T, what string) {
	t.Helper()
	t.Logf("TORTURE %-40s %5d passed, %d failed", what, c.passed, c.failed)
}
