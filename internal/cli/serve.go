package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

type serveCmd struct {
	checkpoints
	Listen string `help:"Address to listen on. Off this machine only with a certificate." default:"127.0.0.1:8080"`
	Cert   string `help:"TLS certificate file." type:"path"`
	Key    string `help:"TLS key file." type:"path"`
	Small  string `name:"small-numbers" help:"Rule for small numbers: nhsd-2018 (1 to 7 hidden, others to the nearest 5), hes-pre-2018 (1 to 5 hidden, and what would give them away), threshold-10 (0 to 9 hidden, others to the nearest 5)." default:"nhsd-2018"`
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

// serve runs the site; ready is told the address when it can be opened.
func (c serveCmd) serve(g *globals, reg registry.Store, ready func(url string)) error {
	secure := c.Cert != ""
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fault.New(fault.Invalid, "Write the address to listen on as 127.0.0.1:8080.")
	}
	loopback := host == "localhost"
	if ip := net.ParseIP(host); ip != nil {
		loopback = ip.IsLoopback()
	}
	if !loopback && !secure {
		return fault.New(fault.Invalid, "Without a certificate the site is served on this machine only: name --cert and --key, or listen on 127.0.0.1.")
	}
	log := slog.New(slog.NewTextHandler(g.env.Err, nil))
	small, err := policy.RuleNamed(c.Small)
	if err != nil {
		return err
	}
	site, err := g.site(reg, log, small, secure, loopback)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The address %s cannot be listened on; is another server running there?", c.Listen)
	}
	stop := c.keep(g, reg, log)
	defer stop()
	server := &http.Server{Handler: site, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	url := scheme + "://" + l.Addr().String()
	if ready != nil {
		ready(url)
	} else {
		fmt.Fprintln(g.env.Out, "Serving at", url)
	}
	failed := make(chan error, 1)
	go func() {
		if secure {
			failed <- server.ServeTLS(l, c.Cert, c.Key)
		} else {
			failed <- server.Serve(l)
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-g.ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(g.ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
