package web

import (
	"net/http"
	"net/url"
	"strconv"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

func proposalURL(id int64) string { return "/oversight/proposals/" + strconv.FormatInt(id, 10) }

// afterGrant is where a page goes on after a change that may wait for a second
// person.
func afterGrant(g oversight.Granted, made string) string {
	if g.Proposal > 0 {
		return proposalURL(g.Proposal)
	}
	return made
}

// proposals lists the changes that two people must agree on.
func (s *Server) proposals(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.overseer(r, false); err != nil {
		return err
	}
	all, err := s.c.Store.Proposals(r.Context())
	if err != nil {
		return err
	}
	var x view.ProposalsList
	for _, p := range all {
		l := s.proposalLine(p)
		if p.State == registry.ProposalWaiting {
			x.Waiting = append(x.Waiting, l)
		} else {
			x.Done = append(x.Done, l)
		}
	}
	return s.show(w, r, http.StatusOK, view.ProposalsPage(s.frame(r, "Changes for two", "proposals"), x))
}

func (s *Server) proposalLine(p registry.Proposal) view.ProposalLine {
	what := map[string]string{"agreement-added": "Add an agreement", "agreement-changed": "Amend an agreement", "member-named": "Name a person"}[p.Kind]
	l := view.ProposalLine{Number: strconv.FormatInt(p.ID, 10), URL: proposalURL(p.ID), What: what, Ref: p.Agreement, Says: p.Says, By: p.By, At: s.written(p.At, false), State: "waits for a second person"}
	switch p.State {
	case registry.ProposalMade:
		l.State, l.Good = "made", true
	case registry.ProposalRefused:
		l.State = "refused"
	case registry.ProposalWithdrawn:
		l.State = "withdrawn"
	}
	if !p.Decided.IsZero() {
		l.Decided = s.written(p.Decided, false) + " by " + p.DecidedBy
	}
	return l
}

// proveURL is where somebody says again that it is them before what matters most, and
// comes back from; "" if they did so just now.
func (s *Server) proveURL(r *http.Request, v visitor) (string, error) {
	err := s.c.Auth.Recent(r.Context(), v.user, v.session)
	if fault.Of(err) != fault.Factor {
		return "", err
	}
	return withNext("/second-factor", r.URL.Path), nil
}

// decideProposal is one of them, and what can be done with it.
func (s *Server) decideProposal(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, r.Method == http.MethodPost)
	if err != nil {
		return err
	}
	none := fault.New(fault.NotFound, "There is no such change.")
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return none
	}
	status, in := http.StatusOK, url.Values{}
	var wrong []registry.Problem
	if r.Method == http.MethodPost {
		if err := v.form(w, r, 1<<14, unreadable); err != nil {
			return err
		}
		in = r.PostForm
		switch in.Get("do") {
		case "consent":
			if err := s.c.Auth.Recent(r.Context(), v.user, v.session); err != nil {
				return err
			}
			err = s.oversight.Consent(r.Context(), v.by(), id)
		case "refuse":
			err = s.oversight.Refuse(r.Context(), v.by(), id, in.Get("why"))
		default:
			err = fault.New(fault.Invalid, "%s", unreadable)
		}
		k := fault.Of(err)
		switch {
		case err == nil:
			to := proposalURL(id)
			if p, err := s.c.Store.Proposal(r.Context(), id); err == nil && p.State == registry.ProposalMade {
				if to = agreementURL(p.Agreement, ""); p.Account != "" {
					to += "?named=" + url.QueryEscape(p.Account)
				}
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		case k == fault.Invalid && in.Get("do") == "refuse":
			wrong = []registry.Problem{{At: "why", Say: fault.Say(err)}}
		case k == fault.Conflict:
			wrong = []registry.Problem{{Say: fault.Say(err)}}
		default:
			return err
		}
		status = k.Status()
	}
	p, err := s.c.Store.Proposal(r.Context(), id)
	if fault.Of(err) == fault.NotFound {
		return none
	}
	if err != nil {
		return err
	}
	f := newForm(in, wrong)
	x := view.ProposalSheet{Line: s.proposalLine(p), Errors: f.summary(), Why: f.long("why", "Why it is refused", "Whoever proposed it reads it, and it is kept. Name no patient")}
	add := func(label, value string) {
		if value != "" {
			x.Facts = append(x.Facts, view.Fact{Label: label, Value: value})
		}
	}
	add("Agreement", p.Agreement)
	add("Person", p.Account)
	add("Change", p.Says)
	add("Proposed", x.Line.At+" by "+p.By)
	add("Decided", x.Line.Decided)
	add("Why", p.Why)
	if _, err := s.c.Store.Agreement(r.Context(), p.Agreement); err == nil {
		x.RefURL = agreementURL(p.Agreement, "")
	}
	if p.State == registry.ProposalWaiting && v.access.Leads() {
		x.Own, x.Decide = p.By == v.user.Name, p.By != v.user.Name && p.Account != v.user.Name
		if x.ProveURL, err = s.proveURL(r, v); err != nil {
			return err
		}
	}
	return s.show(w, r, status, view.ProposalPage(s.frame(r, titled(x.Line.What, wrong), "proposals"), x))
}
