// Package oversight changes who may see what: agreements, the people named on
// them, accounts, exceptions. Pages and commands make such changes here and
// nowhere else.
//
// Every change goes through one function, carry, in this order: the one who asks
// may make it; an event says that it was begun; it is made; an event says that it
// was done, or that it failed. If the first event cannot be written nothing is
// changed, so there is no unrecorded change. If the last one cannot be written,
// the answer says that the change was made, and the record says that it was begun.
//
// An information governance lead changes nothing about his or her own account and
// is named on no agreement, nor is anybody whose role sees no records. Whoever
// owns the machine that holds the registry is bound by the same, except that a
// command has no account of its own. What widens somebody's access is proposed by one
// lead and made when another consents (consent.go).
package oversight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Options are what a Service is made of; all are needed.
type Options struct {
	Store registry.Store
	Hash  func(ctx context.Context, u registry.User, password string) (string, error)        // checks a password and makes what is kept of it
	Link  func(user int64, first bool) (token string, kept registry.PasswordLink, err error) // makes what is in a link to choose a password, and what is kept of it
	Now   func() time.Time
}

// Service makes changes. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service.
func New(o Options) *Service { return &Service{o} }

// By is who asks for a change, and where the request came from. Lead and Machine
// make one; the zero By may change nothing.
type By struct {
	name             string
	role             policy.Role
	machine          bool
	address, request string
}

// Person is somebody who is signed in.
func Person(u registry.User, address, request string) By {
	return By{name: u.Name, role: u.Role, address: address, request: request}
}

// Machine is whoever gives a command on the machine that holds the registry.
func Machine(user string) By { return By{name: user, machine: true} }

// mayChange refuses everybody but a lead and whoever owns the machine. about is
// the account that would change; "" is none.
func (by By) mayChange(about string) error {
	switch {
	case by.machine && by.name != "":
		return nil
	case by.role != policy.Governance || by.name == "":
		return fault.New(fault.Denied, "Only an information governance lead changes agreements and accounts.")
	case about != "" && about == by.name:
		return fault.New(fault.Denied, "Nobody changes their own account or place on an agreement. Ask another information governance lead.")
	}
	return nil
}

// event is what the record holds of a change.
type event struct{ kind, purpose, question string }

// carry makes a change that was allowed, between two events. What was begun is
// brought to its end whatever becomes of the request.
func (s *Service) carry(ctx context.Context, by By, e event, change func(context.Context) error) error {
	record := func(ctx context.Context, outcome string) error {
		return s.o.Store.Record(ctx, audit.Event{At: s.o.Now(), Kind: e.kind, Actor: by.name, Role: string(by.role), Purpose: e.purpose, Question: e.question, Outcome: outcome, Address: by.address, Request: by.request})
	}
	if err := record(ctx, "begun"); err != nil {
		return audit.Unwritten(err, "nothing was changed")
	}
	ctx = context.WithoutCancel(ctx)
	if err := change(ctx); err != nil {
		if failed := record(ctx, "failed"); failed != nil {
			return fmt.Errorf("%w; recording that: %w", err, failed)
		}
		return err
	}
	return fault.Wrap(fault.Unavailable, record(ctx, "done"), "The change was made, but the access record says only that it was begun. Make a note of it.")
}

// AddAgreement keeps a new agreement.
func (s *Service) AddAgreement(ctx context.Context, by By, a registry.Agreement) (Granted, error) {
	if err := by.mayChange(""); err != nil {
		return Granted{}, err
	}
	if err := registry.CheckAgreement(a); err != nil {
		return Granted{}, err
	}
	if _, err := s.o.Store.Agreement(ctx, a.Ref); err == nil {
		return Granted{}, fault.New(fault.Conflict, "There is an agreement of that reference already.")
	}
	return s.give(ctx, by, event{"agreement-added", a.Ref + " " + a.Title, says(a)}, "", grant{Agreement: &a}, func(ctx context.Context) error { return s.o.Store.AddAgreement(ctx, a) })
}

// AmendAgreement replaces what an agreement says. from is what the agreement was
// (see Version) when whoever asks saw it; a change by somebody else since then
// gives an error of kind Conflict.
func (s *Service) AmendAgreement(ctx context.Context, by By, a registry.Agreement, from string) (Granted, error) {
	if err := by.mayChange(""); err != nil {
		return Granted{}, err
	}
	was, err := s.o.Store.Agreement(ctx, a.Ref)
	if err != nil {
		return Granted{}, err
	}
	if err := registry.CheckAgreement(a); err != nil {
		return Granted{}, err
	}
	if Version(was) != from {
		return Granted{}, fault.New(fault.Conflict, "Somebody else has changed this agreement since you opened it. Open it again to see what it says now.")
	}
	a.Revision, a.Revoked, a.RevokedWhy = was.Revision, was.Revoked, was.RevokedWhy
	e := event{"agreement-changed", a.Ref + " " + a.Title, changed(was, a)}
	change := func(ctx context.Context) error { return s.o.Store.AmendAgreement(ctx, was, a) }
	if !widens(was, a) {
		return Granted{}, s.carry(ctx, by, e, change)
	}
	return s.give(ctx, by, e, "", grant{Agreement: &a, From: from}, change)
}

// RevokeAgreement takes an agreement back.
func (s *Service) RevokeAgreement(ctx context.Context, by By, ref, why string) error {
	if err := by.mayChange(""); err != nil {
		return err
	}
	a, err := s.o.Store.Agreement(ctx, ref)
	if err != nil {
		return err
	}
	why = strings.TrimSpace(why)
	switch {
	case why == "" || len(why) > 500:
		return fault.New(fault.Invalid, "Say why the agreement is revoked, in at most 500 characters.")
	case !a.Revoked.IsZero():
		return fault.New(fault.Conflict, "Agreement %s has been revoked already.", ref)
	}
	return s.carry(ctx, by, event{"agreement-revoked", a.Ref + " " + a.Title, why}, func(ctx context.Context) error {
		return s.o.Store.RevokeAgreement(ctx, ref, why, s.o.Now())
	})
}

// Name puts a person on an agreement, or replaces what is on file of them there,
// but for the person's own confirmation: that only a command changes, on the
// machine. from is what was on file (see PlaceVersion) when whoever asks saw it; a
// change by somebody else since then gives an error of kind Conflict. A command says
// all that is to be on file, whatever was.
func (s *Service) Name(ctx context.Context, by By, account string, m registry.Member, from string) (Granted, error) {
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return Granted{}, err
	}
	a, err := s.o.Store.Agreement(ctx, m.Agreement)
	switch {
	case err != nil:
		return Granted{}, err
	case !u.SeesRecords():
		return Granted{}, fault.New(fault.Invalid, "The role “%s” sees no records, so this account is named on no agreement.", u.Role.Label())
	}
	if wrong := registry.MemberProblems(m); len(wrong) > 0 {
		return Granted{}, fault.New(fault.Invalid, "%s", wrong[0].Say)
	}
	m.UserID = u.ID
	was, err := s.o.Store.Member(ctx, m.Agreement, u.ID)
	if err != nil && fault.Of(err) != fault.NotFound {
		return Granted{}, err
	}
	if !by.machine { // a lead does not confirm for somebody else
		if PlaceVersion(was) != from {
			return Granted{}, fault.New(fault.Conflict, "Somebody else has changed what is on file of this person since you opened the form. Open it again to see what it says now.")
		}
		m.Attested = was.Attested
	}
	said := u.Name + ": from " + day(m.From) + until(m.Until) + ", trained " + day(m.Trained)
	if a.Basis == policy.Clinical {
		said += ", registration and sponsor " + map[bool]string{true: "on file", false: "missing"}[m.Registration != "" && m.Sponsor != ""] + ", confirmed " + day(m.Attested)
	}
	e := event{"member-named", a.Ref + " " + a.Title, said}
	change := func(ctx context.Context) error { return s.o.Store.PutMember(ctx, m) }
	if !prolongs(was, m) {
		return Granted{}, s.carry(ctx, by, e, change)
	}
	return s.give(ctx, by, e, u.Name, grant{Member: &m, From: from}, change)
}

// TakeOff takes a person off an agreement.
func (s *Service) TakeOff(ctx context.Context, by By, account, ref string) error {
	u, err := s.subject(ctx, by, account)
	if err != nil {
		return err
	}
	a, err := s.o.Store.Agreement(ctx, ref)
	if err != nil {
		return err
	}
	if _, err := s.o.Store.Member(ctx, ref, u.ID); err != nil {
		return err
	}
	return s.carry(ctx, by, event{"member-removed", a.Ref + " " + a.Title, u.Name}, func(ctx context.Context) error { return s.o.Store.RemoveMember(ctx, ref, u.ID) })
}

// subject is the account that a change is about, if the one who asks may change it.
func (s *Service) subject(ctx context.Context, by By, account string) (registry.User, error) {
	account = strings.ToLower(strings.TrimSpace(account))
	if err := by.mayChange(account); err != nil {
		return registry.User{}, err
	}
	return s.o.Store.UserByName(ctx, account)
}

// Confirm keeps that a clinician confirms the responsibility for the patients of
// an agreement again. Nobody does it for another.
func (s *Service) Confirm(ctx context.Context, u registry.User, ref, address, request string) error {
	a, err := s.o.Store.Agreement(ctx, ref)
	if err != nil {
		return err
	}
	m, err := s.o.Store.Member(ctx, ref, u.ID)
	if err != nil {
		return err
	}
	if err := s.MayConfirm(u, a, m); err != nil {
		return err
	}
	return s.carry(ctx, Person(u, address, request), event{"attested", a.Ref + " " + a.Title, "responsibility for the patients confirmed"}, func(ctx context.Context) error {
		return s.o.Store.Attest(ctx, ref, u.ID, s.o.Now())
	})
}

// MayConfirm tells why a person cannot confirm the responsibility for the patients
// of an agreement: something else is missing or has ended, which that does not mend.
func (s *Service) MayConfirm(u registry.User, a registry.Agreement, m registry.Member) error {
	if a.Basis != policy.Clinical {
		return fault.New(fault.Denied, "There is nothing to confirm under agreement %s.", a.Ref)
	}
	m.Attested = s.o.Now()
	_, err := policy.New(registry.Evidence(u, a, &m), m.Attested)
	return err
}
