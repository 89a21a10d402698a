package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
)

// children returns the processes that a process has started and that live.
func children(pid int) []int {
	var out []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // a pattern of ours
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // that thread has ended
		}
		for _, word := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// alive tells whether a process is there and does more than wait to be counted.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, ok := bytes.Cut(text, []byte(") "))
	return ok && state[0] != 'Z' && state[0] != 'X'
}

// gone waits until a process has ended.
func gone(pid int) error {
	for range 200 {
		if !alive(pid) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the process %d that reads outlives its parent", pid)
}

// However a load is killed, what is served is whole, nothing of it lives on, and
// the next one tidies up.
func TestTortureKills(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	s := newSite(t, sized(2000, 4000))
	start := time.Now()
	if e := through(t, program(t.Context(), s.load(s.file)...), nil); e.code != 0 {
		t.Fatalf("exit %d: %s", e.code, e.errs)
	}
	took := time.Since(start)
	var c count
	killed, published := 0, 0
	for n := range sized(6, 100) {
		before := s.current(t)
		cmd := program(t.Context(), s.load(s.file)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Float64() * 1.25 * float64(took)))
		readers := children(cmd.Process.Pid)
		_ = cmd.Process.Kill() // it may have ended
		if err := cmd.Wait(); err != nil {
			killed++
		}
		errs := []error{s.wrong(t.Context())}
		for _, pid := range readers {
			errs = append(errs, gone(pid))
		}
		if s.current(t) != before {
			published++
		}
		c.add(t, fmt.Sprintf("kill %d", n), errors.Join(errs...))
		if n%10 == 9 {
			c.add(t, fmt.Sprintf("tidying after kill %d", n), s.tidied(t))
		}
	}
	c.add(t, "tidying after the kills", s.tidied(t))
	if killed == 0 {
		t.Error("no load was killed: each had ended")
	}
	t.Logf("%d were killed; after %d the new release is served", killed, published)
	c.say(t, "kills of the load")
}

// The death of the process that reads is an error of the load, and no more.
func TestTortureKilledReader(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	s := newSite(t, sized(2000, 4000))
	var c count
	killed := 0
	for n := range sized(6, 100) {
		before := s.current(t)
		cmd := program(t.Context(), s.load(s.file)...)
		hit := false
		e := through(t, cmd, func() {
			for range 500 {
				if all := children(cmd.Process.Pid); len(all) > 0 {
					if n%2 == 1 { // the others at once, however fast the machine is
						time.Sleep(time.Duration(r.IntN(250)) * time.Millisecond)
					}
					hit = alive(all[0]) && syscall.Kill(all[0], syscall.SIGKILL) == nil
					return
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
		errs := []error{e.wrong(), s.wrong(t.Context())}
		if e.code != 0 {
			killed++
			if e.code != fault.Unavailable.Exit() || !strings.Contains(e.errs, "broken off") || !hit {
				errs = append(errs, fmt.Errorf("exit %d: %s", e.code, e.errs))
			}
			if s.current(t) != before {
				errs = append(errs, errors.New("another release is served"))
			}
		}
		c.add(t, fmt.Sprintf("kill of the reader %d", n), errors.Join(errs...))
	}
	c.add(t, "tidying after the kills", s.tidied(t))
	if killed == 0 {
		t.Error("no reader was killed: each had ended")
	}
	t.Logf("%d were killed", killed)
	c.say(t, "kills of the reader")
}

// The process that reads lives under limits.
func TestReaderHasLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "long.txt")
	if err := os.WriteFile(path, []byte(good(200_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := site{data: filepath.Join(dir, "data")}
	cmd := program(t.Context(), s.load(path)...)
	limits, wrong := "", []string{"no reader was seen"}
	through(t, cmd, func() {
		for range 2000 {
			if all := children(cmd.Process.Pid); len(all) > 0 {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", all[0]))
				if err == nil && len(text) > 0 {
					limits = string(text)
				}
				if wrong = notLimited(limits); len(wrong) == 0 {
					return
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	if len(wrong) > 0 {
		t.Errorf("%v are not what they should be:\n%s", wrong, limits)
	}
}

// notLimited names the limits that a process, whose limits are given as the
// system writes them, should have and does not.
func notLimited(limits string) (wrong []string) {
	for what, most := range map[string]uint64{"Max data size": readMemory, "Max open files": readFiles, "Max cpu time": readSeconds, "Max core file size": 0} {
		found := false
		for line := range strings.Lines(limits) {
			if rest, ok := strings.CutPrefix(line, what); ok {
				f := strings.Fields(rest)
				found = len(f) > 1 && f[0] == fmt.Sprint(most) && f[1] == f[0]
			}
		}
		if !found {
			wrong = append(wrong, what)
		}
	}
	return wrong
}

// A file that takes more memory than there may be ends the reading, and nothing
// else.
func TestReaderTakesTooMuch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "large.txt")
	if err := os.WriteFile(path, []byte(good(300_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &globals{ctx: context.Background(), now: time.Now, Data: dir}
	_, err := g.readFiles(readJob{Files: []string{path}, Data: dir, Out: filepath.Join(dir, "few"), Memory: 120 << 20}, func(load.Progress) {})
	if fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "memory") {
		t.Errorf("with little memory: %v", err)
	}
	if _, err := g.readFiles(readJob{Files: []string{path}, Data: dir, Out: filepath.Join(dir, "enough")}, func(load.Progress) {}); err != nil {
		t.Errorf("with enough: %v", err)
	}
}
