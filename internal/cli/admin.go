package cli

import (
	"fmt"
	"io"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Add an account."`
	List     userListCmd     `cmd:"" help:"List the accounts."`
	Disable  userDisableCmd  `cmd:"" help:"Close an account; its sessions end at once."`
	Enable   userEnableCmd   `cmd:"" help:"Open a closed account again."`
	SignOut  userSignOutCmd  `cmd:"" help:"End all sessions of an account."`
	Password userPasswordCmd `cmd:"" help:"Make a link by which an account's owner chooses a password, within 15 minutes."`
	Reset    userResetCmd    `cmd:"" help:"Take the second factors off an account whose owner has lost them; its sessions end at once."`
	Link     userLinkCmd     `cmd:"" help:"Link an account to who another service, such as NHS CIS2, says that somebody is."`
	Unlink   userUnlinkCmd   `cmd:"" help:"Take an account's links away."`
}

type userAddCmd struct {
	Name          string `arg:"" help:"Account name, for signing in."`
	Display       string `help:"The person's name; the account name if left out."`
	Role          string `required:"" enum:"researcher,clinician,planner,data-manager,ig-lead,auditor" help:"${enum}"`
	PasswordStdin bool   `help:"Read the password from standard input; without it a link is printed once, by which the owner chooses one within three days."`
	linkAt
}

// linkAt says where a link to choose a password leads.
type linkAt struct {
	Origin string `help:"The site's own address, such as https://hes.example.org, to be put before a link."`
}

func (c linkAt) print(g *globals, l oversight.Link) error {
	_, err := fmt.Fprintf(g.env.Out, "Link to choose the password, shown only now; it works once, until %s:\n%s%s%s\n", l.Until.Format(minute), strings.TrimSuffix(c.Origin, "/"), oversight.LinkPath, l.Token)
	return err
}

// Run adds the account.
func (c userAddCmd) Run(g *globals) error {
	if c.Display == "" {
		c.Display = c.Name
	}
	u := registry.User{Name: strings.ToLower(c.Name), Display: c.Display, Role: policy.Role(c.Role)}
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		if !c.PasswordStdin {
			l, err := s.Invite(g.ctx, by, u)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(g.env.Out, "Added %s.\n", u.Name); err != nil {
				return err
			}
			return c.print(g, l)
		}
		password, err := g.password()
		if err != nil {
			return err
		}
		if err := s.AddAccount(g.ctx, by, u, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(g.env.Out, "Added %s.\n", u.Name)
		return err
	})
}

// password reads a password from standard input.
func (g *globals) password() (string, error) {
	b, err := io.ReadAll(io.LimitReader(g.env.In, 4096))
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

type userListCmd struct{}

// Run lists the accounts.
func (userListCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	all, err := reg.Users(g.ctx)
	if err != nil {
		return err
	}
	seen, err := reg.LastSeen(g.ctx)
	if err != nil {
		return err
	}
	out := g.listing()
	fmt.Fprintln(out, "Account\tName\tRole\tAgreements\tLast seen\tState")
	for _, u := range all {
		state := "open"
		if u.Disabled {
			state = "closed"
		}
		if u.Demo {
			state += ", demo"
		}
		places, err := reg.Memberships(g.ctx, u.ID)
		if err != nil {
			return err
		}
		refs := make([]string, len(places))
		for i, m := range places {
			refs[i] = m.Agreement
		}
		last := "never"
		if at, ok := seen[u.ID]; ok {
			last = at.Format(minute)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Name, u.Display, u.Role, strings.Join(refs, " "), last, state)
	}
	return out.Flush()
}

type userDisableCmd struct {
	Name string `arg:""`
}

// Run closes the account.
func (c userDisableCmd) Run(g *globals) error { return g.setClosed(c.Name, true) }

type userEnableCmd struct {
	Name string `arg:""`
}

// Run opens the account.
func (c userEnableCmd) Run(g *globals) error { return g.setClosed(c.Name, false) }

func (g *globals) setClosed(name string, closed bool) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		return s.SetClosed(g.ctx, by, name, closed)
	})
}

type userSignOutCmd struct {
	Name string `arg:""`
}

// Run ends the sessions.
func (c userSignOutCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		return s.EndSessions(g.ctx, by, c.Name)
	})
}

type userPasswordCmd struct {
	Name          string `arg:""`
	PasswordStdin bool   `help:"Read a new password from standard input; the account's sessions end at once."`
	linkAt
}

// Run makes a link, or sets the password.
func (c userPasswordCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		if !c.PasswordStdin {
			l, err := s.NewLink(g.ctx, by, c.Name)
			if err != nil {
				return err
			}
			return c.print(g, l)
		}
		password, err := g.password()
		if err != nil {
			return err
		}
		return s.SetPassword(g.ctx, by, c.Name, password)
	})
}

type dictionaryCmd struct {
	Field string `arg:"" help:"Name of a field, such as ADMIMETH or DIAG_02."`
}

// Run explains a field.
func (c dictionaryCmd) Run(g *globals) error {
	dict, codes, err := vocabulary()
	if err != nil {
		return err
	}
	f, ok := dict.Field(c.Field)
	if !ok {
		return fault.New(fault.NotFound, "There is no field of that name in the data dictionary.")
	}
	_, err = fmt.Fprintln(g.env.Out, strings.TrimRight(dict.Describe(f, codes), "\n"))
	return err
}
