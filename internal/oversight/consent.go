package oversight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// A change that widens what somebody may see takes two people: a lead proposes it,
// and it is made when another one consents. What narrows counts at once.

// grant is such a change, as a proposal keeps it.
type grant struct {
	Agreement *registry.Agreement `json:",omitempty"` // as it is to be
	Member    *registry.Member    `json:",omitempty"` // likewise
	From      string              // version that was seen, of the agreement or of the place
}

// Granted says what became of a change that may take two people.
type Granted struct {
	Proposal int64 // it waits under this number; 0: it is made
}

// give makes a change, or has it wait for a second person. Whoever owns the machine
// is bound by nobody's consent, because nothing could bind them; the record and the
// pages show what they do.
func (s *Service) give(ctx context.Context, by By, e event, account string, g grant, change func(context.Context) error) (Granted, error) {
	if by.machine {
		return Granted{}, s.carry(ctx, by, e, change)
	}
	body, err := json.Marshal(g)
	if err != nil {
		return Granted{}, fmt.Errorf("keep proposal: %w", err)
	}
	ref, _, _ := strings.Cut(e.purpose, " ")
	var out Granted
	proposed := event{e.kind + "-proposed", e.purpose, e.question}
	err = s.carry(ctx, by, proposed, func(ctx context.Context) error {
		out.Proposal, err = s.o.Store.AddProposal(ctx, registry.Proposal{Kind: e.kind, Agreement: ref, Account: account, Body: body, Says: e.question, By: by.name, At: s.o.Now()})
		return err
	})
	return out, err
}

// Consent makes the change that somebody else proposed.
func (s *Service) Consent(ctx context.Context, by By, id int64) error {
	p, err := s.proposal(ctx, by, id)
	if err != nil {
		return err
	}
	switch {
	case by.name == p.By:
		return fault.New(fault.Denied, "Nobody consents to what they proposed. Ask another information governance lead.")
	case by.name == p.Account:
		return fault.New(fault.Denied, "Nobody consents to their own access. Ask another information governance lead.")
	}
	var g grant
	if err := json.Unmarshal(p.Body, &g); err != nil {
		return fmt.Errorf("read proposal: %w", err)
	}
	change, err := s.granted(ctx, p, g)
	if err != nil {
		return err
	}
	p.State, p.DecidedBy, p.Decided = registry.ProposalMade, by.name, s.o.Now()
	title := p.Agreement
	if a, err := s.o.Store.Agreement(ctx, p.Agreement); err == nil {
		title += " " + a.Title
	} else if g.Agreement != nil {
		title += " " + g.Agreement.Title
	}
	return s.carry(ctx, by, event{p.Kind, title, p.Says + "; proposed by " + p.By}, func(ctx context.Context) error {
		if err := s.o.Store.DecideProposal(ctx, p, registry.ProposalWaiting); err != nil {
			return err
		}
		err := change(ctx)
		if err != nil {
			back := p
			back.State, back.DecidedBy, back.Decided = registry.ProposalWaiting, "", time.Time{}
			if undone := s.o.Store.DecideProposal(ctx, back, registry.ProposalMade); undone != nil {
				return fmt.Errorf("%w; and the proposal does not wait any more: %w", err, undone)
			}
		}
		return err
	})
}

// granted is the change of a proposal, if it still fits what is on file.
func (s *Service) granted(ctx context.Context, p registry.Proposal, g grant) (func(context.Context) error, error) {
	stale := fault.New(fault.Conflict, "What this would change has been changed since it was proposed. Refuse it, and have it proposed again.")
	switch {
	case g.Agreement != nil && p.Kind == "agreement-added":
		if _, err := s.o.Store.Agreement(ctx, p.Agreement); err == nil {
			return nil, fault.New(fault.Conflict, "There is an agreement of that reference by now.")
		}
		return func(ctx context.Context) error { return s.o.Store.AddAgreement(ctx, *g.Agreement) }, nil
	case g.Agreement != nil:
		was, err := s.o.Store.Agreement(ctx, p.Agreement)
		if err != nil {
			return nil, err
		}
		if Version(was) != g.From || !was.Revoked.IsZero() {
			return nil, stale
		}
		return func(ctx context.Context) error { return s.o.Store.AmendAgreement(ctx, was, *g.Agreement) }, nil
	case g.Member != nil:
		u, err := s.o.Store.User(ctx, g.Member.UserID)
		if err != nil {
			return nil, err
		}
		was, err := s.o.Store.Member(ctx, p.Agreement, g.Member.UserID)
		if err != nil && fault.Of(err) != fault.NotFound {
			return nil, err
		}
		if PlaceVersion(was) != g.From || u.Disabled || !u.SeesRecords() {
			return nil, stale
		}
		m := *g.Member
		m.Attested = was.Attested
		return func(ctx context.Context) error { return s.o.Store.PutMember(ctx, m) }, nil
	}
	return nil, fmt.Errorf("proposal %d changes nothing", p.ID)
}

// Refuse ends a proposal of somebody else, or of one's own, which withdraws it.
func (s *Service) Refuse(ctx context.Context, by By, id int64, why string) error {
	p, err := s.proposal(ctx, by, id)
	if err != nil {
		return err
	}
	kind := "-refused"
	p.State, p.DecidedBy, p.Decided, p.Why = registry.ProposalRefused, by.name, s.o.Now(), strings.TrimSpace(why)
	if by.name == p.By {
		kind, p.State, p.Why = "-withdrawn", registry.ProposalWithdrawn, ""
	} else if p.Why == "" || len(p.Why) > 500 {
		return fault.New(fault.Invalid, "Say why, in at most 500 characters.")
	}
	return s.carry(ctx, by, event{p.Kind + kind, p.Agreement, p.Says}, func(ctx context.Context) error {
		return s.o.Store.DecideProposal(ctx, p, registry.ProposalWaiting)
	})
}

func (s *Service) proposal(ctx context.Context, by By, id int64) (registry.Proposal, error) {
	if err := by.mayChange(""); err != nil {
		return registry.Proposal{}, err
	}
	p, err := s.o.Store.Proposal(ctx, id)
	if err == nil && p.State != registry.ProposalWaiting {
		err = fault.New(fault.Conflict, "This does not wait any more: it was %s.", p.State)
	}
	return p, err
}

// widens tells whether an amendment lets somebody see more, or longer.
func widens(was, is registry.Agreement) bool {
	more := func(a, b []string) bool {
		return slices.ContainsFunc(b, func(x string) bool { return !slices.Contains(a, x) })
	}
	same := func(a, b []string) bool { return !more(a, b) && !more(b, a) }
	proof := func(p policy.Proof) bool { // is it new, or does it last longer?
		i := slices.IndexFunc(was.Proofs, func(o policy.Proof) bool { return o.Kind == p.Kind })
		if i < 0 {
			return true
		}
		o := was.Proofs[i]
		return o.Ref != p.Ref || p.From.Before(o.From) || !o.Until.IsZero() && (p.Until.IsZero() || p.Until.After(o.Until))
	}
	return is.Basis != was.Basis || is.From.Before(was.From) || is.Until.After(was.Until) || more(was.Subsets, is.Subsets) || more(was.Years, is.Years) ||
		more(was.Fields, is.Fields) || more(was.Exports, is.Exports) || is.Provider != was.Provider || !same(was.Specialties, is.Specialties) || !same(was.Consultants, is.Consultants) ||
		was.LookBack > 0 && (is.LookBack == 0 || is.LookBack > was.LookBack) || is.Whole && !was.Whole || is.Exceptions && !was.Exceptions || slices.ContainsFunc(is.Proofs, proof)
}

// prolongs tells whether what is on file of a place lets the person see more, or
// longer. was is zero for a new place.
func prolongs(was, is registry.Member) bool {
	return was.UserID == 0 || is.From.Before(was.From) || !was.Until.IsZero() && (is.Until.IsZero() || is.Until.After(was.Until)) ||
		is.Trained.After(was.Trained) || is.Registration != was.Registration || is.Sponsor != was.Sponsor
}
