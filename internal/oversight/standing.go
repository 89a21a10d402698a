package oversight

import (
	"cmp"
	"context"
	"slices"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Standing is an agreement as it stands now.
type Standing struct {
	Agreement registry.Agreement
	State     string   // "in force", "not yet in force", "incomplete", "ended", "revoked"
	Lacks     []string // what the agreement itself lacks, people apart
	Ends      time.Time
	What      string // what of it ends first then
	People    []Place
}

// Place is a person on an agreement as it stands now.
type Place struct {
	User   registry.User
	Member registry.Member
	Lacks  []string // what the place lacks, the agreement apart
	Ends   time.Time
	What   string // what ends first then, of the agreement or of the place
}

// Agreement returns an agreement as it stands.
func (s *Service) Agreement(ctx context.Context, ref string) (Standing, error) {
	a, err := s.o.Store.Agreement(ctx, ref)
	if err != nil {
		return Standing{}, err
	}
	return s.stands(ctx, a)
}

// Agreements returns all of them, those in force first, by reference.
func (s *Service) Agreements(ctx context.Context) ([]Standing, error) {
	all, err := s.o.Store.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, a := range all {
		x, err := s.stands(ctx, a)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Standing) int {
		switch {
		case a.Over() == b.Over():
			return 0
		case a.Over():
			return 1
		}
		return -1
	})
	return out, nil
}

func (s *Service) stands(ctx context.Context, a registry.Agreement) (Standing, error) {
	now := s.o.Now()
	out := Standing{Agreement: a}
	nobody := registry.User{Role: a.Basis.Role()}
	whole := registry.Evidence(nobody, a, nil).Standing(now)
	out.Ends, out.What = whole.Ends, whole.What
	for _, l := range whole.Agreement {
		if l != "revoked" && l != "not yet in force" {
			out.Lacks = append(out.Lacks, l)
		}
	}
	switch {
	case !a.Revoked.IsZero():
		out.State = "revoked"
	case !now.Before(a.Until):
		out.State = "ended"
	case now.Before(a.From):
		out.State = "not yet in force"
	case len(out.Lacks) > 0:
		out.State = "incomplete"
	default:
		out.State = "in force"
	}
	places, err := s.o.Store.MembersOf(ctx, a.Ref)
	if err != nil {
		return out, err
	}
	for _, m := range places {
		u, err := s.o.Store.User(ctx, m.UserID)
		if err != nil {
			return out, err
		}
		x := registry.Evidence(u, a, &m).Standing(now)
		p := Place{User: u, Member: m, Lacks: x.Member, Ends: x.Ends, What: x.What}
		if u.Disabled {
			p.Lacks = append(p.Lacks, "open account")
		}
		out.People = append(out.People, p)
	}
	slices.SortFunc(out.People, func(a, b Place) int { return cmp.Compare(a.User.Name, b.User.Name) })
	return out, nil
}

// Over tells whether an agreement opens nothing any more.
func (x Standing) Over() bool { return x.State == "revoked" || x.State == "ended" }

// Soon is something that ends within the time in which it is announced.
type Soon struct {
	At        time.Time
	What      string // "agreement DSA-1", "your training in data security"
	Agreement string
	User      registry.User // zero: the agreement itself
}

// How long before its end something is announced, and a confirmation, which never
// lasts longer than that, can be renewed.
const (
	announced = 90 * 24 * time.Hour
	renewed   = 30 * 24 * time.Hour
)

// Ending returns what of these ends soon, the next first.
func (s *Service) Ending(all []Standing) []Soon {
	now := s.o.Now()
	soon := func(at time.Time, what string) bool {
		before := announced
		if what == policy.Confirmation {
			before = renewed
		}
		return now.Before(at) && !at.After(now.Add(before))
	}
	var out []Soon
	for _, x := range all {
		if x.Over() {
			continue
		}
		if soon(x.Ends, x.What) {
			out = append(out, Soon{At: x.Ends, What: x.What, Agreement: x.Agreement.Ref})
		}
		for _, p := range x.People {
			if soon(p.Ends, p.What) && !(p.Ends.Equal(x.Ends) && p.What == x.What) {
				out = append(out, Soon{At: p.Ends, What: p.What, Agreement: x.Agreement.Ref, User: p.User})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Soon) int { return a.At.Compare(b.At) })
	return out
}

// MayBeNamed returns the accounts that can be named on an agreement and are not.
func (s *Service) MayBeNamed(ctx context.Context, x Standing) ([]registry.User, error) {
	all, err := s.o.Store.Users(ctx)
	return slices.DeleteFunc(all, func(u registry.User) bool {
		return !u.SeesRecords() || u.Disabled || slices.ContainsFunc(x.People, func(p Place) bool { return p.User.ID == u.ID })
	}), err
}

// Confirmation returns when a person's confirmation of responsibility under an
// agreement ends, and whether it is time to renew it: from 30 days before.
func Confirmation(a registry.Agreement, m registry.Member, now time.Time) (ends time.Time, due bool) {
	if a.Basis != policy.Clinical {
		return time.Time{}, false
	}
	ends = m.Attested.Add(policy.AttestedLasts)
	return ends, m.Attested.IsZero() || !now.Before(ends.Add(-renewed))
}
