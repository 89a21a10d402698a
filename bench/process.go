package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process and its descendants took of the machine.
type usage struct {
	Wall    float64 `json:"wall_s"`             // from start to end
	CPU     float64 `json:"cpu_s"`              // user and system, of all that were waited for
	Peak    int64   `json:"peak_bytes"`         // resident, all processes at one moment; pages shared by two count twice
	Private int64   `json:"peak_private_bytes"` // of that, what is no page of a file and so cannot simply be dropped
}

const (
	lookEvery   = 50 * time.Millisecond // at the memory of known processes
	searchEvery = 5                     // looks between two searches for new processes, which cost more
	grace       = 10 * time.Second      // for a process that was told to stop
)

// measure runs a command to its end on so many CPUs.
func measure(ctx context.Context, e env, cpus int, bin string, args []string, in []byte) (usage, []byte, error) {
	var u usage
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &errs
	// A group of its own, so that a stop reaches its children too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	unix.Sync() // what the one before left to write is not charged to this one
	start := e.now()
	if err := startOn(cpus, cmd); err != nil {
		return u, nil, fmt.Errorf("start %s: %w", filepath.Base(bin), err)
	}
	done, seen := make(chan struct{}), make(chan usage)
	go func() { seen <- watch("/proc", cmd.Process.Pid, done) }()
	err := cmd.Wait()
	u.Wall = e.now().Sub(start).Seconds()
	close(done)
	most := <-seen
	if ctx.Err() != nil {
		return u, nil, ctx.Err()
	}
	if err != nil {
		return u, nil, fmt.Errorf("%s %s: %w\n%s", filepath.Base(bin), args[0], err, bytes.TrimSpace(errs.Bytes()))
	}
	u.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	u.Peak, u.Private = most.Peak, most.Private
	// The kernel's own peak is exact but of the largest single process only.
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.Peak = max(u.Peak, r.Maxrss*1024)
	}
	return u, out.Bytes(), nil
}

// startOn starts a command on the first n of the CPUs that this process may
// use. A child inherits them from the thread that starts it.
func startOn(n int, cmd *exec.Cmd) (err error) {
	var all, some unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return fmt.Errorf("read the CPUs: %w", err)
	}
	for i := 0; some.Count() < min(n, all.Count()); i++ {
		if all.IsSet(i) {
			some.Set(i)
		}
	}
	runtime.LockOSThread()
	if err := unix.SchedSetaffinity(0, &some); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("choose CPUs: %w", err)
	}
	defer func() {
		if e := unix.SchedSetaffinity(0, &all); e != nil {
			err = errors.Join(err, fmt.Errorf("give CPUs back: %w", e))
		}
		runtime.UnlockOSThread()
	}()
	return cmd.Start()
}

// watch looks at the memory of a process and its descendants until done.
func watch(proc string, pid int, done <-chan struct{}) usage {
	var most usage
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	pids := []int{pid}
	for i := 0; ; i++ {
		if i%searchEvery == 0 {
			pids = family(proc, pid)
		}
		var rss, private int64
		for _, p := range pids {
			r, a := resident(proc, p)
			rss, private = rss+r, private+a
		}
		most.Peak, most.Private = max(most.Peak, rss), max(most.Private, private)
		select {
		case <-done:
			return most
		case <-tick.C:
		}
	}
}

// family returns a process, its descendants, and who else is in its group:
// a child whose parent has ended belongs to it still.
func family(proc string, pid int) []int {
	entries, _ := os.ReadDir(proc) // an unreadable /proc shows as no memory at all
	parents := map[int]int{}
	in := map[int]bool{pid: true}
	for _, e := range entries {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(proc, e.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		// The name in brackets may hold anything; then: state, parent, group.
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(f) < 3 {
			continue
		}
		parents[p], _ = strconv.Atoi(f[1])
		if group, _ := strconv.Atoi(f[2]); group == pid {
			in[p] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for p, parent := range parents {
			if in[parent] && !in[p] {
				in[p], grown = true, true
			}
		}
	}
	pids := make([]int, 0, len(in))
	for p := range in {
		pids = append(pids, p)
	}
	return pids
}

// resident returns a process's resident bytes, and those without pages of
// files; nothing for one that has ended.
func resident(proc string, pid int) (rss, private int64) {
	status, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if len(f) != 2 || f[1] != "kB" {
			continue
		}
		kb, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			rss = kb * 1024
		case "RssAnon", "RssShmem":
			private += kb * 1024
		}
	}
	return rss, private
}
