package cli

import (
	"net/url"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

// account runs a change of an account and puts it to the access record.
func (g *globals) account(name, kind, more string, change func(*sqlstore.Store, registry.User) error) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	u, err := reg.UserByName(g.ctx, strings.ToLower(name))
	if err != nil {
		return err
	}
	if err := change(reg, u); err != nil {
		return err
	}
	return reg.Record(g.ctx, audit.Event{At: g.now(), Kind: kind, Actor: systemUser(), Question: u.Name + more, Outcome: "done"})
}

type userResetCmd struct {
	Name string `arg:""`
}

// Run takes the second factors off the account. Who it belongs to sets up others
// after the password.
func (c userResetCmd) Run(g *globals) error {
	return g.account(c.Name, "factors-reset", "", func(reg *sqlstore.Store, u registry.User) error {
		if err := reg.ForgetFactors(g.ctx, u.ID); err != nil {
			return err
		}
		return reg.AddNotice(g.ctx, u.ID, g.now(), "An administrator took the second factors off your account.")
	})
}

type userLinkCmd struct {
	Name    string `arg:""`
	Issuer  string `required:"" help:"Address of the service, exactly as it calls itself: https://..."`
	Subject string `required:"" help:"What the service calls the person (its claim sub)."`
}

// Run links the account.
func (c userLinkCmd) Run(g *globals) error {
	if at, err := url.Parse(c.Issuer); err != nil || at.Scheme != "https" || at.Host == "" || len(c.Subject) > 255 {
		return fault.New(fault.Invalid, "The issuer is written as an address that begins with https, and the subject has at most 255 characters.")
	}
	return g.account(c.Name, "user-linked", " at "+c.Issuer, func(reg *sqlstore.Store, u registry.User) error {
		return reg.AddLink(g.ctx, registry.Link{Issuer: c.Issuer, Subject: c.Subject, UserID: u.ID, Added: g.now()})
	})
}

type userUnlinkCmd struct {
	Name string `arg:""`
}

// Run takes the links away.
func (c userUnlinkCmd) Run(g *globals) error {
	return g.account(c.Name, "user-unlinked", "", func(reg *sqlstore.Store, u registry.User) error { return reg.RemoveLinks(g.ctx, u.ID) })
}
