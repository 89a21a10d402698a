package auth

import (
	"context"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Purpose is an agreement that a person is named on, as a choice.
type Purpose struct {
	Agreement registry.Agreement
	Place     registry.Member
	Access    policy.Access
	Closed    error     // why it cannot be chosen now; nil: it can
	Accepted  time.Time // when its terms, as they are now, were accepted, if that still counts; zero: they are to be accepted
}

// TermsLast is how long the acceptance of an agreement's terms counts. Ticks that
// are asked for at every sign-in are given without reading; a month is short enough
// that nobody works for long under terms that they have forgotten.
const TermsLast = 30 * 24 * time.Hour

// termsAccepted returns when a person accepted the terms of an agreement as they are
// now; zero: never, or too long ago.
func (s *Service) termsAccepted(ctx context.Context, u registry.User, a registry.Agreement) (time.Time, error) {
	at, err := s.o.Store.Accepted(ctx, u.ID, a.Ref, a.TermsVersion())
	if s.o.Now().Sub(at) >= TermsLast {
		at = time.Time{}
	}
	return at, err
}

// Purposes returns the agreements that a person is named on, by reference.
func (s *Service) Purposes(ctx context.Context, u registry.User, x registry.Session) ([]Purpose, error) {
	if err := s.Enough(ctx, u, x); err != nil {
		return nil, err
	}
	places, err := s.o.Store.Memberships(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var out []Purpose
	for _, m := range places {
		p, err := s.purpose(ctx, u, m.Agreement)
		if err != nil {
			return nil, err
		}
		if p.Accepted, err = s.termsAccepted(ctx, u, p.Agreement); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// purpose looks at an agreement for a person now.
func (s *Service) purpose(ctx context.Context, u registry.User, ref string) (Purpose, error) {
	a, err := s.o.Store.Agreement(ctx, ref)
	if err != nil {
		return Purpose{}, err
	}
	var place *registry.Member
	switch m, err := s.o.Store.Member(ctx, ref, u.ID); {
	case err == nil:
		place = &m
	case fault.Of(err) != fault.NotFound:
		return Purpose{}, err
	}
	p := Purpose{Agreement: a}
	if place != nil {
		p.Place = *place
	}
	e := s.evidence(u, a, place)
	if a.Exceptions {
		all, err := s.o.Store.ExceptionsOf(ctx, u.ID)
		if err != nil {
			return Purpose{}, err
		}
		for _, x := range all {
			e.Overdue = e.Overdue || x.Overdue(s.o.Now())
			if x.Agreement == ref && x.Patient != "" {
				e.Excepted = append(e.Excepted, policy.Exception{Patient: x.Patient, Until: x.Until})
			}
		}
	}
	p.Access, p.Closed = policy.New(e, s.o.Now())
	if k := fault.Of(p.Closed); p.Closed != nil && k != fault.Denied {
		return Purpose{}, p.Closed
	}
	return p, nil
}

// evidence is what an access is made from, with the site's rule for small numbers.
func (s *Service) evidence(u registry.User, a registry.Agreement, place *registry.Member) policy.Evidence {
	e := registry.Evidence(u, a, place)
	e.Small = s.o.Small
	return e
}

// Access returns what a session may do now: read afresh from the account, the
// agreement that was chosen and the place on it, so that whatever ends has ended
// at the next request. Whoever sees records and has not chosen, or must accept
// new terms, gets an error of kind Purpose, and before that whoever owes a second
// factor one of kind Factor.
func (s *Service) Access(ctx context.Context, u registry.User, x registry.Session) (policy.Access, error) {
	if err := s.Enough(ctx, u, x); err != nil {
		return policy.Access{}, err
	}
	if !u.SeesRecords() {
		return policy.New(s.evidence(u, registry.Agreement{}, nil), s.o.Now())
	}
	if x.Agreement == "" {
		return policy.Access{}, fault.New(fault.Purpose, "Say first what you will use the data for.")
	}
	p, err := s.purpose(ctx, u, x.Agreement)
	switch {
	case err != nil:
		return policy.Access{}, err
	case p.Closed != nil:
		return policy.Access{}, p.Closed
	case x.Terms != p.Agreement.TermsVersion():
		return policy.Access{}, fault.New(fault.Purpose, "The terms of agreement %s have changed. Read and accept them to go on.", x.Agreement)
	}
	return p.Access, nil
}

// Choose gives a session its purpose: an agreement that the person is named on
// and whose terms, of the version that they were shown, they accept, or have
// accepted within TermsLast. The session goes on under a new token, and the old one opens nothing. Ids that were made for
// another purpose open nothing either.
func (s *Service) Choose(ctx context.Context, token, ref, terms string, accept bool, address, request string) (string, policy.Access, error) {
	u, x, err := s.Check(ctx, token)
	if err == nil {
		err = s.Enough(ctx, u, x)
	}
	if err != nil {
		return "", policy.Access{}, err
	}
	refuse := func(why error) (string, policy.Access, error) {
		event := audit.Event{At: s.o.Now(), Kind: "purpose", Actor: u.Name, Role: string(u.Role), Outcome: "refused", Address: address, Request: request}
		if err := s.o.Store.Record(context.WithoutCancel(ctx), event); err != nil {
			return "", policy.Access{}, err
		}
		return "", policy.Access{}, why
	}
	unknown := fault.New(fault.Denied, "You are not named on an agreement of that reference. Ask the information governance lead.")
	if !u.SeesRecords() {
		return refuse(unknown)
	}
	p, err := s.purpose(ctx, u, ref)
	switch {
	case fault.Of(err) == fault.NotFound:
		return refuse(unknown)
	case err != nil:
		return "", policy.Access{}, err
	case p.Closed != nil:
		return refuse(p.Closed)
	case terms != p.Agreement.TermsVersion():
		return refuse(fault.New(fault.Conflict, "The terms have changed while you read them. Read and accept them again."))
	}
	said, at := "terms "+terms+" accepted", s.o.Now()
	if !accept {
		before, err := s.termsAccepted(ctx, u, p.Agreement)
		switch {
		case err != nil:
			return "", policy.Access{}, err
		case before.IsZero():
			return "", policy.Access{}, fault.New(fault.Invalid, "To see records you must agree to all of the terms.")
		}
		said, at = "terms "+terms+", accepted on "+before.UTC().Format("2006-01-02 15:04"), time.Time{}
	}
	fresh, err := s.newToken()
	if err != nil {
		return "", policy.Access{}, err
	}
	event := audit.Event{At: s.o.Now(), Kind: "purpose", Actor: u.Name, Role: string(p.Access.Role()), Purpose: p.Access.Purpose(), Question: said, Outcome: "done", Address: address, Request: request}
	if err := s.o.Store.Record(ctx, event); err != nil {
		return "", policy.Access{}, err
	}
	old := x.TokenHash
	x.TokenHash, x.Agreement, x.Terms, x.Seen = hashToken(fresh), ref, terms, s.o.Now()
	return fresh, p.Access, s.o.Store.ChoosePurpose(ctx, old, x, at)
}

// AccessOf returns what a person may do now under an agreement, for what is done
// for them while they are not there: as Access, but for what belongs to a session.
func (s *Service) AccessOf(ctx context.Context, user int64, ref string) (policy.Access, error) {
	u, err := s.o.Store.User(ctx, user)
	if err != nil {
		return policy.Access{}, err
	}
	if u.Disabled {
		return policy.Access{}, fault.New(fault.Denied, "The account is closed.")
	}
	p, err := s.purpose(ctx, u, ref)
	if err == nil {
		err = p.Closed
	}
	if err != nil {
		return policy.Access{}, err
	}
	return p.Access, nil
}
