package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
)

// Files come from strangers, so a process of its own reads them, with limits on
// what it may take of the machine. It writes a batch of staged rows and says how
// far it is; whatever becomes of it, the command that started it and the server
// go on.

// readJob is what the reading process is told, on its standard input.
type readJob struct {
	Files       []string
	Header, Map string
	Identifiers []string
	Data        string // folder of the site's data, for the list of those who opted out
	Out         string // folder of the batch, to be made
	Inspect     bool   // only look at the files; Data, Out and Identifiers are not used
	Memory      uint64 // bytes that it may take; 0 for the usual limit
}

// readNews is a line of what it says, on its standard output.
type readNews struct {
	Progress *load.Progress   `json:",omitempty"`
	Failed   *readFailure     `json:",omitempty"`
	Done     bool             `json:",omitempty"`
	Found    *load.Inspection `json:",omitempty"` // with Done, if it was to inspect
}

type readFailure struct {
	Kind fault.Kind
	Say  string
	Err  string
}

// Limits of the reading process.
const (
	readMemory  = 12 << 30 // bytes of its own; real files of 20 million rows take under 4 GiB
	readFiles   = 256      // open at once
	readSeconds = 12 * 3600
)

// readFiles runs a reading process, and returns what it found if it was to inspect.
func (g *globals) readFiles(job readJob, progress func(load.Progress)) (*load.Inspection, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	told, err := json.Marshal(job)
	if err != nil {
		return nil, fmt.Errorf("start reading: %w", err)
	}
	cmd := exec.CommandContext(g.ctx, self, "read-files")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), "GOTRACEBACK=single")
	// It must not outlive the command, or it would write into a folder that the
	// next load tidies away. The signal comes when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start reading: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start reading: %w", err)
	}
	var errs strings.Builder
	cmd.Stderr = &capped{w: &errs, left: 1 << 14}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start reading: %w", err)
	}
	_, err = in.Write(append(told, '\n'))
	last, heard := listen(out, progress)
	died := cmd.Wait()
	_ = in.Close()
	switch {
	case g.ctx.Err() != nil:
		return nil, g.ctx.Err()
	case last.Failed != nil:
		f := last.Failed
		if f.Kind == fault.Internal {
			return nil, errors.New(f.Err)
		}
		if f.Err == "" {
			return nil, fault.New(f.Kind, "%s", f.Say)
		}
		return nil, fault.Wrap(f.Kind, errors.New(f.Err), "%s", f.Say)
	case died != nil || !last.Done || err != nil || heard != nil:
		why := errors.Join(died, err, heard)
		if why == nil {
			why = errors.New("it said nothing at its end")
		}
		return nil, fault.Wrap(fault.Unavailable, fmt.Errorf("%w %s", why, firstLine(errs.String())), "Reading the files was broken off, so nothing came of it; what was served still is. If memory or disk ran out, make room; else look at the files with “webenable inspect”, and load them one by one to find which it is")
	}
	return last.Found, nil
}

// listen reads the news until the process ends, and returns the last.
func listen(r io.Reader, progress func(load.Progress)) (last readNews, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20) // what was found in a thousand files of ten thousand columns
	for lines.Scan() {
		var n readNews
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			_, _ = io.Copy(io.Discard, r)
			return last, fmt.Errorf("its news cannot be read: %w", err)
		}
		if n.Progress != nil {
			progress(*n.Progress)
			continue
		}
		last = n
	}
	return last, lines.Err()
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// capped keeps the beginning of what is written.
type capped struct {
	w    io.Writer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if _, err := c.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

type readFilesCmd struct{}

// Run is the reading process.
func (readFilesCmd) Run(g *globals) error {
	in := bufio.NewReader(g.env.In)
	line, err := in.ReadBytes('\n')
	var job readJob
	if err == nil {
		err = json.Unmarshal(line, &job)
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "This command is for “webenable load” and “webenable inspect” only")
	}
	if err := limit(cmp.Or(job.Memory, readMemory)); err != nil {
		return err
	}
	go func() { // its end says that who started it is gone
		_, _ = io.Copy(io.Discard, in)
		os.Exit(1)
	}()
	out := json.NewEncoder(g.env.Out)
	found, err := job.run(g, out)
	if err != nil {
		f := &readFailure{Kind: fault.Of(err), Say: fault.Say(err)}
		if f.Kind == fault.Internal {
			f.Err = err.Error()
		} else if cause := errors.Unwrap(firstFault(err)); cause != nil {
			f.Err = cause.Error()
		}
		return out.Encode(readNews{Failed: f})
	}
	return out.Encode(readNews{Done: true, Found: found})
}

// firstFault returns the outermost error that a person may be shown.
func firstFault(err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	return err
}

func (j readJob) run(g *globals, out *json.Encoder) (*load.Inspection, error) {
	dict, codes, err := vocabulary()
	if err != nil {
		return nil, err
	}
	if j.Inspect {
		return load.Inspect(g.ctx, dict, load.Options{Files: j.Files, Header: j.Header, Map: j.Map})
	}
	gone, err := optOuts(j.Data)
	if err != nil {
		return nil, err
	}
	var optedOut func([]byte) bool
	if len(gone) > 0 {
		optedOut = func(id []byte) bool { return gone[hashID(id)] }
	}
	said := g.now()
	l, err := load.Open(dict, codes, load.Options{Files: j.Files, Header: j.Header, Map: j.Map, Identifiers: j.Identifiers, OptedOut: optedOut, Progress: func(p load.Progress) {
		if now := g.now(); now.Sub(said).Milliseconds() > 100 || p.Bytes == p.Total {
			said = now
			_ = out.Encode(readNews{Progress: &p})
		}
	}})
	if err != nil {
		return nil, err
	}
	b, err := l.Run(g.ctx, j.Out)
	if err != nil {
		return nil, err
	}
	return nil, b.Close()
}

// limit bounds what this process may take.
func limit(memory uint64) error {
	debug.SetMemoryLimit(int64(memory / 4))
	for _, l := range []struct {
		what int
		most uint64
	}{{unix.RLIMIT_DATA, memory}, {unix.RLIMIT_NOFILE, readFiles}, {unix.RLIMIT_CPU, readSeconds}, {unix.RLIMIT_CORE, 0}} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.what, &now); err != nil {
			return fmt.Errorf("limit the reading process: %w", err)
		}
		most := min(l.most, now.Max)
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit the reading process: %w", err)
		}
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
