package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"webenablehes/internal/fault"
)

// certificate is the site's own, from two files. Connections that are open go on
// when another takes its place.
type certificate struct {
	cert, key string
	now       atomic.Pointer[tls.Certificate]
	seen      string // what the files were when they were read
}

func openCertificate(cert, key string) (*certificate, error) {
	c := &certificate{cert: cert, key: key}
	if info, err := os.Stat(key); err == nil && info.Mode().Perm()&0o007 != 0 {
		return nil, fault.New(fault.Denied, "Everybody on this machine may read the TLS key: chmod o-rwx it.")
	}
	if err := c.read(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The certificate cannot be used; do the files belong together, and may they be read?")
	}
	return c, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil }

// stamp tells whether the files are as they were.
func (c *certificate) stamp() string {
	var out string
	for _, path := range [...]string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return ""
		}
		out += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
	}
	return out
}

func (c *certificate) read() error {
	seen := c.stamp()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.seen = seen
	c.now.Store(&pair)
	return nil
}

// watch reads the files again when they have changed, or when it is told to. What
// cannot be read leaves the old certificate in use.
func (c *certificate) watch(ctx context.Context, log *slog.Logger, hup <-chan os.Signal, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	told := "" // of files that could not be read, once
	for {
		force := false
		select {
		case <-ctx.Done():
			return
		case <-hup:
			force = true
		case <-tick.C:
		}
		now := c.stamp()
		if !force && (now == c.seen || now == told) {
			continue
		}
		if err := c.read(); err != nil {
			told = now
			log.Error("the new certificate cannot be read; the old one is used on", "error", err.Error())
			continue
		}
		log.Info("the certificate was read again")
	}
}
