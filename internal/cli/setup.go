package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

type setupCmd struct {
	Lead   []string `required:"" help:"The first two information governance leads, as account=Name of the person: --lead ana=\"Ana Ng\" --lead bob=\"Bob Ray\". One proposes, the other consents." sep:"none"`
	Listen string   `help:"As for serve." default:"127.0.0.1:8080"`
	Cert   string   `help:"As for serve." type:"path"`
	Key    string   `help:"As for serve." type:"path"`
	Origin string   `help:"As for serve: the site's own address, such as https://hes.example.org."`
	Proxy  []string `help:"As for serve."`
	User   string   `help:"Account of the system that runs the service." default:"webenable"`
	Unit   string   `help:"Where the systemd unit is written; webenable.service in the data folder if left out." type:"path"`
}

// Run makes a site from nothing: its folder, options, unit and first two people. It
// replaces nothing, and leaves nothing where it cannot do all of it.
func (c setupCmd) Run(g *globals) (err error) {
	people, err := c.people()
	if err != nil {
		return err
	}
	if _, err := (serveCmd{Listen: c.Listen, Cert: c.Cert, Key: c.Key, Origin: c.Origin, Proxy: c.Proxy}).stance(); err != nil {
		return err
	}
	data, err := filepath.Abs(g.Data)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "The data folder has no name")
	}
	if c.Unit == "" {
		c.Unit = filepath.Join(data, "webenable.service")
	}
	program, err := os.Executable()
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "It is not known where this program lies")
	}
	unit, err := c.unit(program, data)
	if err != nil {
		return err
	}
	conf, err := c.conf()
	if err != nil {
		return err
	}
	if err := empty(data); err != nil {
		return err
	}
	if err := os.Chmod(data, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The data folder is not this account's: make it so, or run this as its owner")
	}
	var made []string
	defer func() {
		if err != nil {
			for _, file := range append(made, "registry.db", "registry.db-wal", "registry.db-shm", "registry.lock", "registry.key") {
				if !filepath.IsAbs(file) {
					file = filepath.Join(data, file)
				}
				_ = os.Remove(file) // what was not made is not there
			}
		}
	}()
	for _, f := range []struct{ path, text string }{{filepath.Join(data, configName), conf}, {c.Unit, unit}} {
		if err := place(f.path, f.text); err != nil {
			return err
		}
		made = append(made, f.path)
	}
	links, err := c.invite(g, people)
	if err != nil {
		return err
	}
	for i, l := range links {
		if _, err := fmt.Fprintf(g.env.Out, "%s, account %s. ", people[i].Display, people[i].Name); err != nil {
			return err
		}
		if err := (linkAt{c.Origin}).print(g, l); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(g.env.Out, `
The site is made in %s. Next:
1. Hand each lead their link, in person or by telephone; nobody else may have it.
2. Give the folder to the service's account: chown -R %s %s
3. cp %s /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now webenable
4. webenable load FILE... --data %s, as that account; then “webenable doctor”.
5. On another machine: webenable backup keygen. Then a backup every night.
`, data, c.User, data, c.Unit, data)
	return err
}

// place writes a file that is not there yet.
func place(path, text string) error {
	target, err := dump.Create(path, false)
	if err != nil {
		return err
	}
	if _, err = target.Write([]byte(text)); err == nil {
		err = target.Sync()
	}
	if err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "The file %s could not be written", filepath.Base(path)), target.Abort())
	}
	return target.Commit()
}

// people reads who the first leads are.
func (c setupCmd) people() ([]registry.User, error) {
	var out []registry.User
	for _, text := range c.Lead {
		name, display, _ := strings.Cut(text, "=")
		u := registry.User{Name: strings.ToLower(strings.TrimSpace(name)), Display: strings.TrimSpace(display), Role: policy.Governance}
		if err := registry.CheckUser(u); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	if len(out) != 2 || out[0].Name == out[1].Name {
		return nil, fault.New(fault.Invalid, "Name two different people: --lead ana=\"Ana Ng\" --lead bob=\"Bob Ray\". What one proposes the other consents to.")
	}
	return out, nil
}

func (c setupCmd) invite(g *globals, people []registry.User) ([]oversight.Link, error) {
	var links []oversight.Link
	err := g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		for _, u := range people {
			l, err := s.Invite(g.ctx, by, u)
			if err != nil {
				return err
			}
			links = append(links, l)
		}
		return nil
	})
	return links, err
}

// conf is the file of options.
func (c setupCmd) conf() (string, error) {
	var out strings.Builder
	out.WriteString("# Options of “webenable serve”, one a line; see “webenable serve --help”.\n")
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%s = %s\n", name, value)
		}
	}
	add("listen", c.Listen)
	add("cert", c.Cert)
	add("key", c.Key)
	add("origin", c.Origin)
	for _, p := range c.Proxy {
		add("proxy", p)
	}
	if strings.ContainsAny(strings.Join(append(c.Proxy, c.Listen, c.Cert, c.Key, c.Origin), ""), "\r\n") {
		return "", fault.New(fault.Invalid, "An option has one line.")
	}
	_, err := options(out.String())
	return out.String(), err
}

// plainPath has no sign that means something to systemd.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9/._-]+$`)

// unit is a systemd unit that leaves the service its data folder and little else.
func (c setupCmd) unit(program, data string) (string, error) {
	for _, path := range []string{program, data} {
		if !plainPath.MatchString(path) {
			return "", fault.New(fault.Invalid, "A systemd unit takes no such path: use letters, digits, dots, dashes and slashes for %s.", filepath.Base(path))
		}
	}
	if !regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`).MatchString(c.User) {
		return "", fault.New(fault.Invalid, "Write the service's account as webenable.")
	}
	able := ""
	if _, port, err := net.SplitHostPort(c.Listen); err == nil {
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1024 {
			able = "CAP_NET_BIND_SERVICE"
		}
	}
	home := "yes"
	if strings.HasPrefix(data, "/home/") || strings.HasPrefix(data, "/root/") {
		home = "no"
	}
	return strings.NewReplacer("{program}", program, "{data}", data, "{user}", c.User, "{able}", able, "{home}", home).Replace(unitText), nil
}

const unitText = `[Unit]
Description=WebEnable HES
Wants=network-online.target
After=network-online.target
RequiresMountsFor={data}

[Service]
Type=notify
NotifyAccess=all
User={user}
UMask=0077
RuntimeDirectory=webenable
RuntimeDirectoryMode=0700
ExecStart={program} serve --data {data} --config {data}/webenable.conf --admin-socket /run/webenable/admin.sock
ExecReload=/bin/kill -USR2 $MAINPID
Restart=on-failure
TimeoutStopSec=45
# nothing of a patient in a core dump
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet={able}
AmbientCapabilities={able}
ProtectSystem=strict
ReadWritePaths={data}
ProtectHome={home}
PrivateTmp=yes
DevicePolicy=closed
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
`
