package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"webenablehes/internal/fault"
)

// A site is restarted without refusing anybody: the socket that people come to
// outlives the process. Either systemd holds it (socket activation), or the
// process hands it on to the one that takes its place, on SIGUSR2, and goes when
// that one answers.

// handedOn is set for a process that takes another's place. Its files are the
// socket (3), one to say that it answers (4), and one that ends when the other
// process does no work in the background any more (5).
const handedOn = "WEBENABLE_HANDED_ON"

// inherited is what the site is served from.
type inherited struct {
	listener net.Listener
	ready    *os.File // nil: nobody waits
	freed    *os.File // nil: nobody works
}

// openSocket returns the socket that is handed on, else the one that systemd holds,
// else one of its own.
func openSocket(address string) (*inherited, error) {
	if os.Getenv(handedOn) != "" {
		if err := os.Unsetenv(handedOn); err != nil {
			return nil, err
		}
		l, err := listenerOf(3)
		if err != nil {
			return nil, err
		}
		return &inherited{listener: l, ready: file(4, "ready"), freed: file(5, "freed")}, nil
	}
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		if n := os.Getenv("LISTEN_FDS"); n != "1" {
			return nil, fault.New(fault.Invalid, "The service manager hands on %s sockets, and one is wanted: name one ListenStream in the socket unit.", n)
		}
		l, err := listenerOf(3)
		return &inherited{listener: l}, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The address %s cannot be listened on; is another server running there?", address)
	}
	return &inherited{listener: l}, nil
}

// file is one that came with the process and goes to no other.
func file(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	_ = syscall.SetNonblock(fd, true) // so that waiting for it can be given up
	return os.NewFile(uintptr(fd), name)
}

func listenerOf(fd int) (net.Listener, error) {
	f := file(fd, "socket")
	defer f.Close() // the listener has its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The socket that was handed on cannot be listened at")
	}
	if _, ok := l.(*net.TCPListener); !ok {
		return nil, errors.Join(fault.New(fault.Invalid, "The socket that was handed on is not one of TCP: name a port as ListenStream in the socket unit."), l.Close())
	}
	return l, nil
}

// take says that people are answered.
func (i *inherited) take(log *slog.Logger) {
	tellManager(log, "READY=1")
	if i.ready != nil {
		if _, err := i.ready.Write([]byte{1}); err != nil {
			log.Error("the process before could not be told", "error", err.Error())
		}
		_ = i.ready.Close()
	}
}

// alone waits until no other process works in the background; false if ctx ends
// before.
func (i *inherited) alone(ctx context.Context) bool {
	if i.freed == nil {
		return true
	}
	stop := context.AfterFunc(ctx, func() { _ = i.freed.SetReadDeadline(time.Now()) })
	defer stop()
	_, _ = io.Copy(io.Discard, i.freed) // to its end, also that of the process
	_ = i.freed.Close()
	return ctx.Err() == nil
}

// successor is the process that takes the place of this one.
type successor struct {
	pid     int
	working *os.File
}

// free says that this process does no work in the background any more.
func (s *successor) free() { _ = s.working.Close() }

// comeUpWithin is how long another process may take until it answers.
const comeUpWithin = 2 * time.Minute

// handOn starts the program anew, as it lies on the disk now, with the same
// options and the same socket, and waits until it answers.
func handOn(ctx context.Context, l net.Listener) (*successor, error) {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("hand the site on: a socket of type %T", l)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("hand the site on: %w", err)
	}
	socket, err := tcp.File()
	if err != nil {
		return nil, fmt.Errorf("hand the site on: %w", err)
	}
	defer socket.Close()
	answers, ready, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("hand the site on: %w", err)
	}
	defer answers.Close()
	freed, working, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hand the site on: %w", err), ready.Close())
	}
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{socket, ready, freed}
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LISTEN_") }), handedOn+"=1")
	err = cmd.Start()
	_, _ = ready.Close(), freed.Close() // theirs
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hand the site on: %w", err), working.Close())
	}
	stop := context.AfterFunc(ctx, func() { _ = answers.SetReadDeadline(time.Now()) })
	defer stop()
	err = answers.SetReadDeadline(time.Now().Add(comeUpWithin))
	if err == nil {
		_, err = io.ReadFull(answers, make([]byte, 1))
	}
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("hand the site on: the new process does not answer: %w; %w", err, cmd.Wait()), working.Close())
	}
	pid := cmd.Process.Pid
	go func() { _ = cmd.Wait() }() // should it end before this one
	return &successor{pid: pid, working: working}, nil
}

// tellManager tells the service manager, if there is one that asks, how the site is.
func tellManager(log *slog.Logger, state string) {
	to := os.Getenv("NOTIFY_SOCKET")
	if to == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: to, Net: "unixgram"})
	if err == nil {
		_, err = io.WriteString(c, state)
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		log.Error("the service manager could not be told", "error", err.Error())
	}
}
