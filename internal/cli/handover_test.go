package cli

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A service manager that holds the socket loses nobody while there is no process:
// who comes then is answered by the next. It is told how the site is.
func TestTheServiceManagerHoldsTheSocket(t *testing.T) {
	data := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	manager, err := net.ListenPacket("unixgram", filepath.Join(data, "notify"))
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := func() string {
		t.Helper()
		b := make([]byte, 100)
		if err := manager.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := manager.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	serve := program(context.Background(), "serve", "--listen", "127.0.0.1:1", "--data", data)
	start := func(fds string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, serve.Path)
		cmd.Env = append(slices.Clone(serve.Env), "LISTEN_FDS="+fds, "NOTIFY_SOCKET="+manager.LocalAddr().String())
		cmd.ExtraFiles = []*os.File{socket}
		cmd.Stderr = &lines{}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	end := func(cmd *exec.Cmd) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if got := told(); got != "STOPPING=1" {
			t.Errorf("the manager is told %q", got)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
	}
	ask := func() <-chan error {
		answer := make(chan error, 1)
		go func() {
			c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
			w, err := c.Get("http://" + l.Addr().String() + "/sign-in")
			if err == nil {
				_, err = io.Copy(io.Discard, w.Body)
				w.Body.Close()
			}
			c.CloseIdleConnections()
			answer <- err
		}()
		return answer
	}
	first := start("1")
	if got := told(); got != "READY=1" {
		t.Errorf("the manager is told %q", got)
	}
	if err := <-ask(); err != nil {
		t.Fatal(err)
	}
	end(first)
	waits := ask() // nobody is there
	second := start("1")
	if err := <-waits; err != nil {
		t.Errorf("who came meanwhile: %v", err)
	}
	if got := told(); got != "READY=1" {
		t.Errorf("the manager is told %q", got)
	}
	end(second)
	two := start("2")
	if err := two.Wait(); err == nil || !strings.Contains(two.Stderr.(*lines).String(), "one ListenStream") {
		t.Errorf("two sockets: %v, %s", err, two.Stderr)
	}
}
