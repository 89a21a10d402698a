package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// visit is a browser at a site that runs in a process of its own.
type visit struct {
	t    *testing.T
	url  string
	http *http.Client
	pid  int
}

// visited serves the demo over a copy of a site and signs a researcher in, who has
// chosen a purpose.
func visited(t *testing.T, s site) visit {
	t.Helper()
	cmd := program(t.Context(), "demo", "--listen", "127.0.0.1:0", "--data", s.data)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if strings.Contains(errs.String(), "panic") {
			t.Errorf("the server panicked: %.2000s", errs.String())
		}
	})
	v := visit{t: t, pid: cmd.Process.Pid}
	lines := bufio.NewScanner(out)
	for v.url == "" && lines.Scan() {
		_, v.url, _ = strings.Cut(lines.Text(), "The demo is at ")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if v.url == "" {
		t.Fatalf("the site does not start: %.2000s", errs.String())
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.http = &http.Client{Jar: jar, Timeout: time.Minute}
	v.post("/sign-in", url.Values{"name": {"researcher"}, "password": {demoPassword}})
	_, page := v.get("/purpose")
	form := url.Values{}
	for _, m := range regexp.MustCompile(`name="(agree-[^"]*|terms\.[^"]*|agreement)"(?: value="([^"]*)")?`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	form.Set("agreement", "DEMO-STUDY")
	v.post("/purpose", form)
	if status, body := v.get("/records"); status != http.StatusOK || !showsRows(body) {
		t.Fatalf("the researcher sees no records: status %d, %.500s", status, body)
	}
	return v
}

func (v visit) do(r *http.Request, err error) (int, string) {
	v.t.Helper()
	var got *http.Response
	if err == nil {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		got, err = v.http.Do(r)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return got.StatusCode, string(b)
}

func (v visit) get(address string) (int, string) {
	return v.do(http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url+address, nil))
}

func (v visit) post(address string, form url.Values) (int, string) {
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+address, strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.do(r, err)
}

// showsRows tells whether a page shows rows or counts.
func showsRows(body string) bool {
	return strings.Contains(body, "<td") || strings.Contains(body, `class="num`) || regexp.MustCompile(`href="/(records|patients)/[\w-]{22}`).MatchString(body)
}

// pages are asked for while the record cannot be written.
var dataPages = []string{"/records", "/records?view=patients", "/records?view=charts", "/records?view=spells", "/records/values/dx", "/records/charts/provider.csv"}

// closed asks for every page, of which none may have data, and says what was
// wrong.
func (v visit) closed() error {
	for _, address := range dataPages {
		status, body := v.get(address)
		if status != http.StatusServiceUnavailable || showsRows(body) || !strings.Contains(body, "cannot be written") {
			return fmt.Errorf("%s: status %d, %.300s", address, status, body)
		}
	}
	return nil
}

// recovered asks for every page once; each must answer.
func (v visit) recovered() error {
	for _, address := range dataPages {
		if status, body := v.get(address); status != http.StatusOK {
			return fmt.Errorf("%s: status %d, %.300s", address, status, body)
		}
	}
	return nil
}

// While the disk fails under the access record there is no answer, not a row of
// it, and as soon as it works again there is, without a new start. What was
// acknowledged is in the record, whose chain is right.
func TestTortureRecordOnAFailingDisk(t *testing.T) {
	t.Parallel()
	strace := tracer(t)
	base := newSite(t, 30)
	s := base.copied(t, filepath.Join(t.TempDir(), "data"))
	v := visited(t, s)
	var c count
	for range sized(1, 20) {
		for _, failure := range []string{"fdatasync,fsync:error=EIO", "pwrite64:error=EIO", "pwrite64:error=ENOSPC", "pwrite64:error=EROFS"} {
			trace := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", "/dev/null", "-e", "inject="+failure, "-p", fmt.Sprint(v.pid))
			if err := trace.Start(); err != nil {
				t.Fatal(err)
			}
			// until the tracer has the process, pages are answered
			begun := false
			for range 400 {
				if status, _ := v.get("/records"); status != http.StatusOK {
					begun = true
					break
				}
				if trace.ProcessState != nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			err := fmt.Errorf("the failure was never met")
			if begun {
				err = v.closed()
			}
			_ = trace.Process.Signal(os.Interrupt)
			_ = trace.Wait()
			c.add(t, failure, err)
			c.add(t, "after "+failure, v.recovered())
		}
	}
	e := through(t, program(t.Context(), "audit", "verify", "--data", s.data), nil)
	if e.code != 0 {
		t.Errorf("the record: exit %d, %s", e.code, e.errs)
	}
	c.say(t, "access record on a failing disk")
}

// The same on a disk that is full.
func TestTortureRecordOnAFullDisk(t *testing.T) {
	t.Parallel()
	base := newSite(t, 30)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", sizeOf(t, base.data)+8<<20)); err != nil {
		cannot(t, "a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := base.copied(t, filepath.Join(disk, "data"))
	v := visited(t, s)
	var c count
	for n := range sized(1, 10) {
		ballast := filepath.Join(disk, "ballast")
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Write(make([]byte, 64<<20)) // more than there is
		if err == nil || f.Close() != nil {
			t.Fatalf("the disk is not full: %v", err)
		}
		full := false
		for range 3000 { // what the record's own files have room for is written
			status, body := v.get("/records")
			if status == http.StatusServiceUnavailable && !showsRows(body) {
				full = true
				break
			}
			if status != http.StatusOK {
				t.Fatalf("status %d, %.300s", status, body)
			}
		}
		err = fmt.Errorf("the disk was never found full")
		if full {
			err = v.closed()
		}
		c.add(t, fmt.Sprintf("full disk %d", n), err)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		c.add(t, fmt.Sprintf("after full disk %d", n), v.recovered())
	}
	e := through(t, program(t.Context(), "audit", "verify", "--data", s.data), nil)
	if e.code != 0 {
		t.Errorf("the record: exit %d, %s", e.code, e.errs)
	}
	c.say(t, "access record on a full disk")
}
