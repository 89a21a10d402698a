package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/release"
)

type serveCmd struct {
	Listen string `help:"Address to listen on. Off this machine only with a certificate." default:"127.0.0.1:8080"`
	Cert   string `help:"TLS certificate file." type:"path"`
	Key    string `help:"TLS key file." type:"path"`
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
	site, err := g.site(reg, log, secure, loopback)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "The address %s cannot be listened on; is another server running there?", c.Listen)
	}
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

type demoCmd struct {
	Listen string `help:"Address on this machine to listen on." default:"127.0.0.1:8080"`
}

// person is a demo person.
type person struct {
	name, display string
	role          policy.Role
	agreement     string
}

func demoPeople() []person {
	return []person{
		{"researcher", "Demo researcher", policy.Researcher, "DEMO-STUDY"},
		{"clinician", "Demo clinician", policy.Clinician, "DEMO-CLINIC"},
		{"planner", "Demo planner", policy.Planner, ""},
		{"datamanager", "Demo data manager", policy.DataManager, ""},
		{"iglead", "Demo IG lead", policy.Governance, ""},
	}
}

// demoPassword is everybody's in the demo. It opens nothing but synthetic data
// on the machine that it runs on.
const demoPassword = "try-me-on-synthetic-data"

// Run makes the demo people, if they are not there, and serves.
func (c demoCmd) Run(g *globals) error {
	releases := release.Open(g.Data)
	id, err := releases.Current()
	if err != nil {
		return err
	}
	m, err := releases.Get(id)
	if err != nil {
		return err
	}
	if !m.Synthetic {
		return fault.New(fault.Denied, "Demo people exist over synthetic data only, and release %s is not synthetic.", id)
	}
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	for _, a := range []registry.Agreement{
		{Ref: "DEMO-STUDY", Title: "Skin disease pathways study", Years: m.Years},
		{Ref: "DEMO-CLINIC", Title: "Dermatology clinic", Years: m.Years, Provider: demoProvider, Specialties: []string{"330", "257"}},
	} {
		a.From, a.Until = g.now().AddDate(0, 0, -1), g.now().AddDate(1, 0, 0)
		if err := reg.AddAgreement(g.ctx, a); err != nil && fault.Of(err) != fault.Conflict {
			return err
		}
	}
	have, err := reg.Users(g.ctx)
	if err != nil {
		return err
	}
	for _, p := range demoPeople() {
		if slices.ContainsFunc(have, func(u registry.User) bool { return u.Name == p.name }) {
			continue
		}
		if err := g.addUser(reg, registry.User{Name: p.name, Display: p.display, Role: p.role, Agreement: p.agreement, Demo: true}, demoPassword); err != nil {
			return err
		}
	}
	err = serveCmd{Listen: c.Listen}.serve(g, reg, func(url string) {
		fmt.Fprintf(g.env.Out, "\nThe demo is at %s\n\n", url)
		for _, p := range demoPeople() {
			fmt.Fprintf(g.env.Out, "  %-12s %s\n", p.name, p.display)
		}
		fmt.Fprintf(g.env.Out, "\nEverybody's password is %s\nEnd it with Ctrl-C.\n", demoPassword)
	})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// demoProvider is the trust whose team the demo clinician belongs to.
const demoProvider = "RTH"
