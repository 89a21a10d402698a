package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/web/view"
)

// oversightRoutes are the pages of those who answer for access.
func (s *Server) oversightRoutes() map[string]handler {
	return map[string]handler{
		"GET /oversight":                            s.overview,
		"GET /oversight/agreements":                 s.agreements,
		"GET /oversight/add-agreement":              s.addAgreement,
		"POST /oversight/add-agreement":             s.addAgreement,
		"GET /oversight/agreements/{ref}":           s.agreement,
		"GET /oversight/agreements/{ref}/amend":     s.amendAgreement,
		"POST /oversight/agreements/{ref}/amend":    s.amendAgreement,
		"GET /oversight/agreements/{ref}/revoke":    s.revokeAgreement,
		"POST /oversight/agreements/{ref}/revoke":   s.revokeAgreement,
		"GET /oversight/agreements/{ref}/person":    s.namePerson,
		"POST /oversight/agreements/{ref}/person":   s.namePerson,
		"POST /oversight/agreements/{ref}/take-off": s.takeOff,
		"GET /oversight/proposals":                  s.proposals,
		"GET /oversight/proposals/{id}":             s.decideProposal,
		"POST /oversight/proposals/{id}":            s.decideProposal,
		"GET /oversight/exceptions":                 s.exceptions,
		"POST /oversight/exceptions/{id}":           s.review,
		"GET /oversight/people":                     s.accounts,
		"GET /oversight/people/{name}":              s.accountPage,
		"POST /oversight/people/{name}":             s.accountPage,
		"GET /oversight/add-person":                 s.addPerson,
		"POST /oversight/add-person":                s.addPerson,
	}
}

// overseer is who asks for a page of oversight: those who answer for access see
// it, and see no rows; write is for the lead alone.
func (s *Server) overseer(r *http.Request, write bool) (visitor, error) {
	v, err := s.who(r)
	if err != nil {
		return v, err
	}
	switch {
	case !v.access.Oversees():
		return v, fault.New(fault.Denied, "Agreements and accounts are seen by information governance leads and auditors only.")
	case write && !v.access.Leads():
		return v, fault.New(fault.Denied, "Only an information governance lead changes agreements and accounts.")
	}
	return v, nil
}

// by says who makes a change.
func (v visitor) by() oversight.By {
	return oversight.Person(v.user, v.client.Address, v.client.Request)
}

// agreementURL is the address of an agreement, or of what is done to it.
func agreementURL(ref, do string) string {
	out := "/oversight/agreements/" + url.PathEscape(ref)
	if do != "" {
		out += "/" + do
	}
	return out
}

func personURL(name string) string { return "/oversight/people/" + url.PathEscape(name) }

// written is a moment for people; "" for none.
func (s *Server) written(t time.Time, last bool) string {
	return oversight.Written(t, s.c.Now().Location(), last)
}

// agreements is the list of all of them.
func (s *Server) agreements(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	all, err := s.oversight.Agreements(r.Context())
	if err != nil {
		return err
	}
	x := view.AgreementsList{Lead: v.access.Leads()}
	for _, a := range all {
		line := view.AgreementLine{Ref: a.Agreement.Ref, Title: a.Agreement.Title, URL: agreementURL(a.Agreement.Ref, ""), Basis: a.Agreement.Basis.Label(), Organisation: a.Agreement.Organisation,
			Ends: s.written(a.Agreement.Until, true), State: a.State, Good: a.State == "in force", Lacks: strings.Join(a.Lacks, ", "), People: strconv.Itoa(len(a.People))}
		if n := lacking(a); n == 1 {
			line.Lacking = "1 person lacks something"
		} else if n > 1 {
			line.Lacking = strconv.Itoa(n) + " people lack something"
		}
		x.Lines = append(x.Lines, line)
	}
	now := s.c.Now()
	for _, e := range s.oversight.Ending(all) {
		line := view.SoonLine{When: s.written(e.At, true), In: left(e.At.Sub(now)), What: strings.TrimPrefix(e.What, "your "), Who: e.User.Display, Ref: e.Agreement, URL: agreementURL(e.Agreement, "")}
		if e.User.Name != "" {
			line.Who += " (" + e.User.Name + ")"
			line.WhoURL = personURL(e.User.Name)
		}
		x.Soon = append(x.Soon, line)
	}
	return s.show(w, r, http.StatusOK, view.AgreementsPage(s.frame(r, "Agreements", "agreements"), x))
}

// left says how long something still lasts.
func left(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); {
	case days >= 2:
		return fmt.Sprintf("%d days", days)
	case days == 1:
		return "1 day"
	}
	return "less than a day"
}

// agreement is one of them, with its evidence and the people named on it.
func (s *Server) agreement(w http.ResponseWriter, r *http.Request) error {
	v, err := s.overseer(r, false)
	if err != nil {
		return err
	}
	a, err := s.oversight.Agreement(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	x := s.agreementSheet(a, v.access.Leads())
	if i := slices.IndexFunc(a.People, func(p oversight.Place) bool { return p.User.Name == r.URL.Query().Get("named") }); i >= 0 {
		p := a.People[i]
		lacks := slices.Concat(a.Lacks, p.Lacks)
		switch {
		case len(lacks) > 0:
			x.Said = p.User.Display + " is named on it and sees nothing yet: " + strings.Join(lacks, ", ") + " is missing."
		case p.Ends.IsZero():
			x.Said = p.User.Display + " is named on it."
		default:
			x.Said = p.User.Display + " is named on it. Access ends " + s.written(p.Ends, true) + "."
		}
	}
	for i, p := range a.People {
		if x.Lead && p.User.Name != v.user.Name && a.Agreement.Revoked.IsZero() {
			x.Named[i].URL = agreementURL(a.Agreement.Ref, "person") + "?person=" + url.QueryEscape(p.User.Name)
		}
	}
	return s.show(w, r, http.StatusOK, view.AgreementPage(s.frame(r, a.Agreement.Ref+" "+a.Agreement.Title, "agreements"), x))
}

func (s *Server) agreementSheet(st oversight.Standing, lead bool) view.AgreementSheet {
	a := st.Agreement
	x := view.AgreementSheet{Ref: a.Ref, Title: a.Title, State: st.State, Good: st.State == "in force", Lead: lead, Lacks: st.Lacks, Terms: a.Terms, Clinical: a.Basis == policy.Clinical, EventsURL: "/oversight/record" + recordQuery{purpose: a.Ref}.encode()}
	if a.Revoked.IsZero() {
		x.AmendURL, x.RevokeURL, x.NameURL = agreementURL(a.Ref, "amend"), agreementURL(a.Ref, "revoke"), agreementURL(a.Ref, "person")
	} else {
		x.Revoked = "Revoked " + s.written(a.Revoked, false) + ": " + a.RevokedWhy
	}
	add := func(label, value string) {
		if value != "" {
			x.Known = append(x.Known, view.Fact{Label: label, Value: value})
		}
	}
	yes := func(b bool) string { return map[bool]string{true: "Yes", false: "No"}[b] }
	add("Basis", a.Basis.Label())
	add("Organisation", a.Organisation)
	add("In force from", s.written(a.From, false))
	add("Ends", s.written(a.Until, true))
	add("Data sets", strings.Join(a.Subsets, ", "))
	add("Financial years", writeYears(a.Years, ", "))
	fields := "None"
	if len(a.Fields) > 0 {
		fields = strings.Join(a.Fields, ", ")
	}
	add("Fields beyond the ordinary ones", fields)
	if x.Clinical {
		add("Trust", a.Provider)
		add("Consultants", strings.Join(a.Consultants, ", "))
		add("Specialties", strings.Join(a.Specialties, ", "))
		back := "Any time"
		if a.LookBack > 0 {
			back = fmt.Sprintf("%d months before the last admission", a.LookBack)
		}
		add("Treated by the team within", back)
		add("Episodes at other providers", yes(a.Whole))
		add("Exceptions for one patient", yes(a.Exceptions))
	} else {
		files := "None"
		if len(a.Exports) > 0 {
			files = strings.Join(a.Exports, ", ")
		}
		add("Files that may be asked for", files)
	}
	x.Proofs = s.proofLines(a)
	for _, p := range st.People {
		lacks := "nothing"
		if len(p.Lacks) > 0 {
			lacks = strings.Join(p.Lacks, ", ")
		}
		line := view.PlaceLine{Name: p.User.Name, Display: p.User.Display, From: s.written(p.Member.From, false), Until: s.written(p.Member.Until, true), Trained: s.written(p.Member.Trained, false),
			Registration: p.Member.Registration, Sponsor: p.Member.Sponsor, Confirmed: s.written(p.Member.Attested, false), Ends: s.written(p.Ends, true), Lacks: lacks}
		x.Named = append(x.Named, line)
	}
	return x
}

// proofLines is the evidence of an agreement, what is missing included.
func (s *Server) proofLines(a registry.Agreement) []view.ProofLine {
	now := s.c.Now()
	var out []view.ProofLine
	for _, kind := range policy.Approved.Needs() {
		line := view.ProofLine{Label: sentenceCase(kind.Label()), Needed: slices.Contains(a.Basis.Needs(), kind)}
		i := slices.IndexFunc(a.Proofs, func(p policy.Proof) bool { return p.Kind == kind })
		if i < 0 {
			if line.Needed {
				line.State = "missing"
				out = append(out, line)
			}
			continue
		}
		p := a.Proofs[i]
		line.Ref, line.From, line.Until = p.Ref, s.written(p.From, false), s.written(p.Until, true)
		switch {
		case now.Before(p.From):
			line.State = "not yet"
		case !p.Until.IsZero() && !now.Before(p.Until):
			line.State = "ended"
		default:
			line.State, line.Good = "on file", true
		}
		out = append(out, line)
	}
	return out
}

func sentenceCase(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
