package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writePair makes a certificate with a serial number, in place of the one before.
func writePair(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now().Add(-time.Hour)
	x := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "hes.example.org"}, DNSNames: []string{"hes.example.org"}, NotBefore: from, NotAfter: from.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, x, x, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// serial is that of the certificate which a new connection is shown.
func serial(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// listenTLS serves over a certificate as the program does.
func listenTLS(t *testing.T, c *certificate) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{TLSConfig: c.config(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return l.Addr().String()
}

// A new certificate is shown to new connections, when its files change and when
// the program is told so; open connections go on; a broken one changes nothing.
func TestTheCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, 1)
	c, err := openCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	read := make(chan struct{}, 10)
	logger := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) { n, err := log.Write(p); read <- struct{}{}; return n, err }), nil))
	hup := make(chan os.Signal, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go c.watch(ctx, logger, hup, time.Hour)
	address := listenTLS(t, c)
	open, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	writePair(t, dir, 2)
	if got := serial(t, address); got != 1 {
		t.Errorf("before it is read again: %d", got)
	}
	hup <- syscall.SIGHUP
	<-read
	if got := serial(t, address); got != 2 {
		t.Errorf("after the signal: %d", got)
	}
	if _, err := io.WriteString(open, "GET / HTTP/1.1\r\nHost: hes.example.org\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(open); err != nil || !strings.HasSuffix(string(got), "here") {
		t.Errorf("the open connection: %q, %v", got, err)
	}
	if err := os.WriteFile(cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	hup <- syscall.SIGHUP
	<-read
	if got := serial(t, address); got != 2 || !strings.Contains(log.String(), "the old one is used on") {
		t.Errorf("after a broken one: %d, %s", got, log.String())
	}
	stop()
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	go c.watch(ctx, logger, nil, time.Millisecond)
	<-read // the broken one is said once
	writePair(t, dir, 3)
	for range 5 {
		<-read
		if serial(t, address) == 3 {
			break
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Old TLS is not spoken, nor ciphers that let a recording be read later or an
// answer be changed; what is not TLS gets no page.
func TestOldTLSIsNotSpoken(t *testing.T) {
	cert, key := writePair(t, t.TempDir(), 1)
	c, err := openCertificate(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	address := listenTLS(t, c)
	for name, x := range map[string]struct {
		least, most uint16
		ciphers     []uint16
		ok          bool
	}{
		"1.0":                   {tls.VersionTLS10, tls.VersionTLS10, nil, false},
		"1.1":                   {tls.VersionTLS11, tls.VersionTLS11, nil, false},
		"1.2":                   {tls.VersionTLS12, tls.VersionTLS12, nil, true},
		"1.3":                   {tls.VersionTLS13, tls.VersionTLS13, nil, true},
		"1.2-gcm":               {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, true},
		"1.2-chacha":            {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}, true},
		"1.2-cbc":               {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}, false},
		"1.2-cbc-sha256":        {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}, false},
		"1.2-rc4":               {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}, false},
		"1.2-no-forward-secret": {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}, false},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: x.least, MaxVersion: x.most, CipherSuites: x.ciphers})
			if (err == nil) != x.ok {
				t.Error(err)
			}
			if err == nil {
				conn.Close()
			}
		})
	}
	plain, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := io.WriteString(plain, "GET / HTTP/1.1\r\nHost: hes.example.org\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(plain); strings.Contains(string(got), "here") || !strings.Contains(string(got), "400 Bad Request") {
		t.Errorf("in the clear: %q", got)
	}
}

// Plain HTTP is for this machine, or behind a proxy that is named.
func TestWhereTheSiteIsServed(t *testing.T) {
	for name, c := range map[string]struct {
		cmd                  serveCmd
		ok, secure, loopback bool
		origin               string
	}{
		"here":                {serveCmd{Listen: "127.0.0.1:8080"}, true, false, true, "http://localhost:8080"},
		"here-6":              {serveCmd{Listen: "[::1]:8080"}, true, false, true, "http://localhost:8080"},
		"here-by-name":        {serveCmd{Listen: "localhost:8080"}, true, false, true, "http://localhost:8080"},
		"everywhere":          {serveCmd{Listen: ":8080"}, false, false, false, ""},
		"everywhere-in-words": {serveCmd{Listen: "0.0.0.0:8080"}, false, false, false, ""},
		"elsewhere":           {serveCmd{Listen: "10.1.1.1:8080"}, false, false, false, ""},
		"by-a-name":           {serveCmd{Listen: "hes.example.org:8080"}, false, false, false, ""},
		"with-certificate":    {serveCmd{Listen: ":443", Cert: "c", Key: "k", Origin: "https://hes.example.org/"}, true, true, false, "https://hes.example.org"},
		"certificate-alone":   {serveCmd{Listen: ":443", Cert: "c"}, false, false, false, ""},
		"key-alone":           {serveCmd{Listen: "127.0.0.1:443", Key: "k"}, false, false, false, ""},
		"behind-a-proxy":      {serveCmd{Listen: ":8080", Proxy: []string{"10.1.2.3"}}, true, true, false, ""},
		"proxy-on-it":         {serveCmd{Listen: "127.0.0.1:8080", Proxy: []string{"127.0.0.1"}}, true, true, false, ""},
		"proxy-by-name":       {serveCmd{Listen: ":8080", Proxy: []string{"proxy.example.org"}}, false, false, false, ""},
		"origin-in-the-clear": {serveCmd{Listen: ":443", Cert: "c", Key: "k", Origin: "http://hes.example.org"}, false, false, false, ""},
		"less-than-no-rows":   {serveCmd{Listen: "127.0.0.1:8080", RowsPerHour: -1}, false, false, false, ""},
		"no-port":             {serveCmd{Listen: "127.0.0.1"}, false, false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.cmd.stance()
			if (err == nil) != c.ok || got.secure != c.secure || got.loopback != c.loopback || got.origin != c.origin {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// The key of second factors is made once, kept to its owner, and never guessed.
func TestTheKeyOfSecondFactors(t *testing.T) {
	dir := t.TempDir()
	g := &globals{Data: dir}
	first, err := g.secretKey()
	if err != nil || len(first) != 32 {
		t.Fatal(len(first), err)
	}
	if again, err := g.secretKey(); err != nil || !bytes.Equal(again, first) {
		t.Error("it changes", err)
	}
	path := filepath.Join(dir, "registry.key")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := g.secretKey(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by all: %v", err)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.secretKey(); err == nil {
		t.Error("a short key is taken")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "registry.key.*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
