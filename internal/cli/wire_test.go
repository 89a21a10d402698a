package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// serving runs the site as the command does, without data, and returns where.
func serving(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- Main(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, Env{In: strings.NewReader(""), Out: w, Err: &errs})
		w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: exit %d: %s", err, <-done, errs.String())
	}
	go io.Copy(io.Discard, r)
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 || t.Failed() {
			t.Errorf("exit %d: %s", code, errs.String())
		}
	})
	return strings.TrimPrefix(strings.TrimSpace(line), "Serving at http://")
}

// say sends bytes over a connection of its own and returns all that comes back.
func say(t *testing.T, at, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, text) // refused before the end of it, perhaps
	b, _ := io.ReadAll(c)
	return string(b)
}

// What is no request, is two, or is too long is refused and its connection closed: the
// server never takes a part of one request for another, and the next is not touched.
func TestRequestsThatAreNone(t *testing.T) {
	at := serving(t)
	answers := regexp.MustCompile(`(?m)HTTP/1\.[01] (\d{3})`)
	const host = "Host: x\r\n"
	second := "GET /smuggled HTTP/1.1\r\n" + host + "\r\n"
	for name, c := range map[string]struct {
		text   string
		status string // of the only answer
	}{
		"two-lengths":         {"POST /sign-in HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 0\r\n\r\n" + second, "400"},
		"lengths-in-one-line": {"POST /sign-in HTTP/1.1\r\n" + host + "Content-Length: 0, 5\r\n\r\n" + second, "400"},
		"length-with-a-sign":  {"POST /sign-in HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\n" + second, "400"},
		"negative-length":     {"POST /sign-in HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n" + second, "400"},
		"unknown-coding":      {"POST /sign-in HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n" + second, "501"},
		"two-codings":         {"POST /sign-in HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + second, "501"},
		"coding-with-a-space": {"POST /sign-in HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n" + second, "400"},
		"folded-line":         {"GET /healthz HTTP/1.1\r\n" + host + "X-A: b\r\n : c\r\nTransfer-Encoding:\x0bchunked\r\n\r\n", "400"},
		"no-host":             {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
		"two-hosts":           {"GET /healthz HTTP/1.1\r\n" + host + host + "\r\n", "400"},
		"nul-in-a-header":     {"GET /healthz HTTP/1.1\r\n" + host + "X-A: b\x00c\r\n\r\n", "400"},
		"cr-in-a-header":      {"GET /healthz HTTP/1.1\r\n" + host + "X-A: b\rX-B: c\r\n\r\n", "400"},
		"a-name-with-a-space": {"GET /healthz HTTP/1.1\r\n" + host + "X A: b\r\n\r\n", "400"},
		"version-2":           {"GET /healthz HTTP/2.0\r\n" + host + "\r\n", "505"},
		"no-version":          {"GET /healthz\r\n\r\n", "400"},
		"garbage":             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"a-long-header":       {"GET /healthz HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", "431"},
		"many-headers":        {"GET /healthz HTTP/1.1\r\n" + host + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n", "431"},
		"a-long-address":      {"GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\n" + host + "\r\n", "431"},
		"a-chunk-too-large":   {"POST /sign-in HTTP/1.1\r\n" + host + "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na=b\r\n0\r\n\r\n" + second, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			got := answers.FindAllStringSubmatch(say(t, at, c.text), -1)
			if len(got) != 1 || got[0][1] != c.status {
				t.Errorf("answers %v, want %s alone", got, c.status)
			}
			if next := say(t, at, "GET /sign-in HTTP/1.1\r\n"+host+"Connection: close\r\n\r\n"); !strings.HasPrefix(next, "HTTP/1.1 200") {
				t.Errorf("the next request gets %q", next)
			}
		})
	}
	// a length and chunks: the chunks count, and what is behind them is no request
	both := "POST /sign-in HTTP/1.1\r\n" + host + "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n" + second
	if got := answers.FindAllString(say(t, at, both), -1); len(got) != 1 {
		t.Errorf("a length and chunks get %d answers", len(got))
	}
}

// No secret is an argument, where every list of processes shows it, nor is one read
// from the environment; and what is not known is refused.
func TestNoSecretIsAnArgument(t *testing.T) {
	var program commands
	k, err := kong.New(&program, kong.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	var walk func(n *kong.Node)
	secret := regexp.MustCompile(`(?i)password|secret|token|key|passphrase`)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			flags++
			if len(f.Envs) > 0 {
				t.Errorf("%s --%s is read from the environment", n.Name, f.Name)
			}
			if secret.MatchString(f.Name) && f.Target.Kind() == reflect.String && f.Tag.Type != "path" && f.Tag.Type != "existingfile" {
				t.Errorf("%s --%s takes a secret by itself: take a file, or standard input", n.Name, f.Name)
			}
		}
		for _, p := range n.Positional {
			if secret.MatchString(p.Name) {
				t.Errorf("%s <%s> takes a secret by itself", n.Name, p.Name)
			}
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(k.Model.Node)
	if flags < 30 {
		t.Errorf("only %d flags", flags)
	}
	if _, errs, code := run(t, "serve", "--trust-everybody", "--data", t.TempDir()); code == 0 || !strings.Contains(errs, "unknown flag") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
