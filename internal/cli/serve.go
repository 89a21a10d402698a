package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/imprint"
	"webenablehes/internal/metrics"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web"
)

type serveCmd struct {
	checkpoints
	Config string   `help:"File of options, one a line, as “listen = 127.0.0.1:8080”. Works with every command." type:"path"` // see configured; here for its help
	Listen string   `help:"Address to listen on. Off this machine only with a certificate, or behind a proxy that is named." default:"127.0.0.1:8080"`
	Cert   string   `help:"TLS certificate file, with the certificates between it and the authority. It is read again when it changes." type:"path"`
	Key    string   `help:"TLS key file." type:"path"`
	Origin string   `help:"The site's own address as people open it, such as https://hes.example.org. Passkeys and signing in by another service need it."`
	Proxy  []string `help:"Address (or range, as 10.1.2.0/28) of the reverse proxy that people come through. What it says of them is believed, and nobody else."`

	Small string `name:"small-numbers" help:"Rule for small numbers: nhsd-2018 (1 to 7 hidden, others to the nearest 5), hes-pre-2018 (1 to 5 hidden, and what would give them away), threshold-10 (0 to 9 hidden, others to the nearest 5)." default:"nhsd-2018"`

	RecordsPerHour int `name:"records-per-hour" help:"Records and patients that one person may open or look for within an hour. The information governance lead is alerted at half of them." default:"1000"`
	RowsPerHour    int `name:"rows-per-hour" help:"Rows of patients' records that one person may be shown within an hour, in lists and beside records. The information governance lead is alerted at half of them." default:"30000"`

	Bare bool `name:"volume-not-encrypted" help:"Serve real data though the volume of the data folder is not known to be encrypted: what keeps the disk is elsewhere."`

	Site string `help:"File that says who runs the site: organisation, controller, ico_registration, governance_lead, governance_email, protection_officer and phone, as JSON. site.json in the data folder if left out." type:"path"`

	ClockRight bool `name:"clock-put-right" help:"The clock was put back and is right now; say so once. Else the site is not served where the access record holds an event that is still to come."`

	AdminSocket string `help:"Unix socket at which the site says how it is (/healthz) and what it does (/metrics), for this account on this machine only." type:"path"`

	LogFormat string `help:"Form of the log, a line each: ${enum}." enum:"text,json" default:"text"`

	OIDC oidcFlags `embed:"" prefix:"oidc-" group:"Signing in by another service (OpenID Connect)"`
}

// Run serves the site until it is told to stop.
func (c serveCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	return c.serve(g, reg, nil)
}

// stance is how the site meets the world.
type stance struct {
	secure   bool // people come over TLS
	loopback bool // only people at this machine come
	bare     bool // the volume need not be encrypted
	origin   string
	proxy    []netip.Prefix
	other    auth.Elsewhere // nil: nobody signs in by another service
	budget   warehouse.Budget
	seen     *metrics.Site // counts what is done; nil: nobody asks
	imprint  imprint.Site
}

// stance says what the options come to, or what is wrong with them.
func (c serveCmd) stance() (stance, error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return stance{}, fault.New(fault.Invalid, "Write the address to listen on as 127.0.0.1:8080.")
	}
	out := stance{origin: strings.TrimSuffix(c.Origin, "/"), bare: c.Bare, budget: warehouse.Budget{Records: c.RecordsPerHour, Rows: c.RowsPerHour}}
	if c.RecordsPerHour < 0 || c.RowsPerHour < 0 {
		return stance{}, fault.New(fault.Invalid, "Write --records-per-hour and --rows-per-hour as numbers above 0.")
	}
	for _, text := range c.Proxy {
		p, err := prefix(text)
		if err != nil {
			return stance{}, err
		}
		out.proxy = append(out.proxy, p)
	}
	here := host == "localhost"
	if ip := net.ParseIP(host); ip != nil {
		here = ip.IsLoopback()
	}
	out.secure = c.Cert != "" || len(out.proxy) > 0
	out.loopback = here && len(out.proxy) == 0 // people behind a proxy are elsewhere
	switch {
	case (c.Cert == "") != (c.Key == ""):
		return stance{}, fault.New(fault.Invalid, "A certificate and its key belong together: name both --cert and --key.")
	case !here && !out.secure:
		return stance{}, fault.New(fault.Invalid, "Without a certificate the site is served on this machine only: name --cert and --key, or the --proxy that has one, or listen on 127.0.0.1.")
	case out.origin != "" && !strings.HasPrefix(out.origin, "https://") && out.secure:
		return stance{}, fault.New(fault.Invalid, "The site's own address begins with https://.")
	case out.origin == "" && !out.secure && port != "":
		out.origin = "http://localhost:" + port // where browsers know passkeys without TLS
	}
	return out, nil
}

// imprint reads who runs the site.
func (c serveCmd) imprint(data string) (imprint.Site, error) {
	if c.Site != "" {
		return imprint.Read(c.Site)
	}
	return imprint.ReadFolder(data)
}

// prefix reads an address or a range of them.
func prefix(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, fault.New(fault.Invalid, "Write the proxy's address as 10.1.2.3, or a range as 10.1.2.0/28.")
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// serve runs the site; ready is told the address when it can be opened.
func (c serveCmd) serve(g *globals, reg registry.Store, ready func(url string)) error {
	small, err := policy.RuleNamed(c.Small)
	if err != nil {
		return err
	}
	if _, err := c.stance(); err != nil {
		return err
	}
	if err := c.clock(g, reg); err != nil {
		return err
	}
	from, err := openSocket(c.Listen)
	if err != nil {
		return err
	}
	l := from.listener
	defer l.Close()
	c.Listen = l.Addr().String() // with the port that the system chose
	how, err := c.stance()
	if err != nil {
		return err
	}
	log := c.logger(g)
	if how.other, err = c.OIDC.provider(g, how.origin); err != nil {
		return err
	}
	how.seen = metrics.New()
	reg = watched{reg, how.seen}
	if how.imprint, err = c.imprint(g.Data); err != nil {
		return err
	}
	site, err := g.site(reg, log, small, how)
	if err != nil {
		return err
	}
	_ = site.Ready(g.ctx) // the release is opened before anybody waits for it; what keeps it from that is said at /healthz
	if c.AdminSocket != "" {
		close, err := admin{reg: reg, site: site, seen: how.seen, now: g.now, log: log}.serveAdmin(c.AdminSocket)
		if err != nil {
			return err
		}
		defer close()
	}
	last := &leaving{listener: l, log: log}
	server := &http.Server{Handler: last.handler(site), ConnState: last.count, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	scheme := "http"
	if c.Cert != "" {
		scheme = "https"
		own, err := openCertificate(c.Cert, c.Key)
		if err != nil {
			return err
		}
		hup := make(chan os.Signal, 1)
		signal.Notify(hup, syscall.SIGHUP)
		defer signal.Stop(hup)
		go own.watch(g.ctx, log, hup, 30*time.Second)
		server.TLSConfig = own.config()
	}
	url := scheme + "://" + c.Listen
	if ready != nil {
		ready(url)
	} else {
		fmt.Fprintln(g.env.Out, "Serving at", url)
	}
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(l, "", "")
		} else {
			failed <- server.Serve(l)
		}
	}()
	halt := c.background(g, reg, log, site, from)
	defer halt()
	from.take(log)
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGUSR2)
	defer signal.Stop(again)
	for {
		select {
		case err := <-failed:
			return err
		case <-g.ctx.Done():
			tellManager(log, "STOPPING=1")
			return last.drain(g.ctx, server, stopWithin)
		case <-again:
			next, err := handOn(g.ctx, l)
			if err != nil {
				log.Error("no other process could take the site on; this one goes on", "error", err.Error())
				continue
			}
			tellManager(log, "MAINPID="+strconv.Itoa(next.pid))
			log.Info("another process serves the site on", "pid", next.pid)
			last.stopAccepting()
			halt()
			next.free()
			return last.drain(g.ctx, server, leaveWithin)
		}
	}
}

// logger writes the log of the site, in which each line is one event.
func (c serveCmd) logger(g *globals) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(g.env.Err, nil))
	}
	return slog.New(slog.NewTextHandler(g.env.Err, nil))
}

// background does what nobody waits for, making files and signing checkpoints, as
// soon as the process before does it no more. halt ends it, with a last checkpoint.
func (c serveCmd) background(g *globals, reg registry.Store, log *slog.Logger, site *web.Server, from *inherited) (halt func()) {
	work, cancel := context.WithCancel(g.ctx)
	worked := make(chan struct{})
	stop := func() {}
	go func() {
		defer close(worked)
		if from.alone(work) {
			stop = c.keep(g, reg, log)
			site.Run(work)
		}
	}()
	return sync.OnceFunc(func() { cancel(); <-worked; stop() })
}

// config is TLS as it is spoken here: 1.2 with keys that do not outlive the
// connection and ciphers that notice a change, or 1.3.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, CipherSuites: []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}}
}
