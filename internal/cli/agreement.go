package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

type agreementCmd struct {
	Add    agreementAddCmd    `cmd:"" help:"Add an agreement."`
	Proof  agreementProofCmd  `cmd:"" help:"Put evidence on file, in place of what was there of its kind."`
	Name   agreementNameCmd   `cmd:"" help:"Name a person on an agreement, or replace what is on file of them."`
	Remove agreementRemoveCmd `cmd:"" help:"Take a person off an agreement; it counts from the next request on."`
	Revoke agreementRevokeCmd `cmd:"" help:"Take an agreement back before its end; it counts from the next request on."`
	List   agreementListCmd   `cmd:"" help:"List the agreements."`
}

type agreementAddCmd struct {
	Ref          string   `arg:"" help:"Reference, such as DSA-2041."`
	Title        string   `required:"" help:"Study or team."`
	Basis        string   `required:"" enum:"study,approved,clinical" help:"Lawful use: a study with permission for HES, approved identifiable data, or day-to-day clinical responsibility (${enum})."`
	Organisation string   `help:"Organisation that holds the agreement."`
	From         string   `help:"First day, 2026-01-31, or moment, 2026-01-31T09:00; now if left out."`
	Until        string   `required:"" help:"Last day, 2027-03-31, or the moment at which it ends, 2027-03-31T17:00."`
	Subsets      []string `name:"subset" default:"dermatology" help:"Data sets that it covers."`
	Years        []string `required:"" help:"Financial years that it covers, as FYEAR values: 0809,0910."`
	Fields       []string `help:"Fields beyond the ordinary ones that it lists."`
	Exports      []string `help:"Files that may be asked for: tables, records."`
	Proof        []string `sep:"none" help:"Evidence, KIND=REFERENCE@FROM or KIND=REFERENCE@FROM..UNTIL, once for each: dspt, protocol, rec, cag, opt-out."`
	Terms        string   `help:"Terms of its own, which everybody accepts beside the standing ones."`
	Provider     string   `help:"Clinical teams: PROCODE3 of the trust."`
	Specialty    []string `help:"Clinical teams: specialties, such as 330."`
	Consultant   []string `help:"Clinical teams: consultant codes; with them, specialties are not asked."`
	LookBack     int      `help:"Clinical teams: months before the last admission of the release in which the team must have treated a patient; 0 for any time."`
	Whole        bool     `help:"Clinical teams: the patients' episodes at other providers too."`
}

// Run adds the agreement.
func (c agreementAddCmd) Run(g *globals) error {
	dict, _, err := vocabulary()
	if err != nil {
		return err
	}
	for i, name := range c.Fields {
		f, ok := dict.Field(name)
		if !ok {
			return fault.New(fault.Invalid, "There is no field %s in the data dictionary.", name)
		}
		c.Fields[i] = f.Name
	}
	a := registry.Agreement{Ref: c.Ref, Title: c.Title, Basis: policy.Basis(c.Basis), Organisation: c.Organisation, Subsets: c.Subsets, Years: c.Years, Fields: c.Fields, Exports: c.Exports,
		Provider: c.Provider, Specialties: c.Specialty, Consultants: c.Consultant, LookBack: c.LookBack, Whole: c.Whole, Terms: c.Terms, From: g.now()}
	if c.From != "" {
		if a.From, err = g.moment(c.From, false); err != nil {
			return err
		}
	}
	if a.Until, err = g.moment(c.Until, true); err != nil {
		return err
	}
	for _, text := range c.Proof {
		p, err := g.proof(text)
		if err != nil {
			return err
		}
		a.Proofs = append(a.Proofs, p)
	}
	return g.changing(audit.Event{Kind: "agreement-added", Purpose: a.Ref + " " + a.Title}, func(reg *sqlstore.Store) error { return reg.AddAgreement(g.ctx, a) })
}

// moment reads a day or a moment. last: a day stands for its end.
func (g *globals) moment(text string, last bool) (time.Time, error) {
	zone := g.now().Location()
	if t, err := time.ParseInLocation("2006-01-02T15:04", text, zone); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return t, fault.New(fault.Invalid, "Write a day as 2027-03-31 and a moment as 2027-03-31T17:00.")
	}
	if last {
		t = t.AddDate(0, 0, 1)
	}
	return t, nil
}

// proof reads evidence.
func (g *globals) proof(text string) (policy.Proof, error) {
	kind, rest, ok := strings.Cut(text, "=")
	at := strings.LastIndex(rest, "@")
	if !ok || at < 0 {
		return policy.Proof{}, fault.New(fault.Invalid, "Write evidence as KIND=REFERENCE@FROM or KIND=REFERENCE@FROM..UNTIL, such as rec=24/NW/0123@2026-01-31.")
	}
	p := policy.Proof{Kind: policy.ProofKind(kind), Ref: rest[:at]}
	from, until, ends := strings.Cut(rest[at+1:], "..")
	var err error
	if p.From, err = g.moment(from, false); err != nil {
		return p, err
	}
	if ends {
		p.Until, err = g.moment(until, true)
	}
	return p, err
}

// changing makes a change of the registry and records it.
func (g *globals) changing(e audit.Event, change func(*sqlstore.Store) error) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	if err := change(reg); err != nil {
		return err
	}
	e.At, e.Actor, e.Outcome = g.now(), systemUser(), "done"
	return reg.Record(g.ctx, e)
}

type agreementProofCmd struct {
	Ref   string   `arg:"" help:"Reference of the agreement."`
	Proof []string `arg:"" help:"Evidence, KIND=REFERENCE@FROM or KIND=REFERENCE@FROM..UNTIL."`
}

// Run keeps the evidence.
func (c agreementProofCmd) Run(g *globals) error {
	return g.changing(audit.Event{Kind: "agreement-changed", Purpose: c.Ref, Question: "evidence"}, func(reg *sqlstore.Store) error {
		a, err := reg.Agreement(g.ctx, c.Ref)
		if err != nil {
			return err
		}
		for _, text := range c.Proof {
			p, err := g.proof(text)
			if err != nil {
				return err
			}
			a.Proofs = append(slices.DeleteFunc(a.Proofs, func(q policy.Proof) bool { return q.Kind == p.Kind }), p)
		}
		return reg.AmendAgreement(g.ctx, a)
	})
}

type agreementNameCmd struct {
	Ref          string `arg:"" help:"Reference of the agreement."`
	Name         string `arg:"" help:"Account."`
	From         string `help:"First day; now if left out."`
	Until        string `help:"Last day; as long as the agreement if left out."`
	Trained      string `required:"" help:"Day of the last training in data security."`
	Registration string `help:"Clinical teams: number in the professional register."`
	Sponsor      string `help:"Clinical teams: who vouches for the person at the trust."`
	Attested     string `help:"Clinical teams: day on which the person last confirmed the responsibility."`
}

// Run names the person.
func (c agreementNameCmd) Run(g *globals) error {
	return g.changing(audit.Event{Kind: "member-named", Purpose: c.Ref, Question: strings.ToLower(c.Name)}, func(reg *sqlstore.Store) error {
		if _, err := reg.Agreement(g.ctx, c.Ref); err != nil {
			return err
		}
		u, err := reg.UserByName(g.ctx, strings.ToLower(c.Name))
		if err != nil {
			return err
		}
		if !u.SeesRecords() {
			return fault.New(fault.Invalid, "A %s sees no records and is named on no agreement.", u.Role)
		}
		m := registry.Member{Agreement: c.Ref, UserID: u.ID, From: g.now(), Registration: c.Registration, Sponsor: c.Sponsor}
		for _, day := range [...]struct {
			text string
			last bool
			into *time.Time
		}{{c.From, false, &m.From}, {c.Until, true, &m.Until}, {c.Trained, false, &m.Trained}, {c.Attested, false, &m.Attested}} {
			if day.text == "" {
				continue
			}
			if *day.into, err = g.moment(day.text, day.last); err != nil {
				return err
			}
		}
		return reg.PutMember(g.ctx, m)
	})
}

type agreementRemoveCmd struct {
	Ref  string `arg:"" help:"Reference of the agreement."`
	Name string `arg:"" help:"Account."`
}

// Run takes the person off.
func (c agreementRemoveCmd) Run(g *globals) error {
	return g.changing(audit.Event{Kind: "member-removed", Purpose: c.Ref, Question: strings.ToLower(c.Name)}, func(reg *sqlstore.Store) error {
		u, err := reg.UserByName(g.ctx, strings.ToLower(c.Name))
		if err != nil {
			return err
		}
		return reg.RemoveMember(g.ctx, c.Ref, u.ID)
	})
}

type agreementRevokeCmd struct {
	Ref string `arg:"" help:"Reference of the agreement."`
	Why string `required:"" help:"Why it is taken back."`
}

// Run revokes the agreement.
func (c agreementRevokeCmd) Run(g *globals) error {
	return g.changing(audit.Event{Kind: "agreement-revoked", Purpose: c.Ref, Question: c.Why}, func(reg *sqlstore.Store) error {
		return reg.RevokeAgreement(g.ctx, c.Ref, c.Why, g.now())
	})
}

type agreementListCmd struct{}

// Run lists the agreements.
func (agreementListCmd) Run(g *globals) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	all, err := reg.Agreements(g.ctx)
	if err != nil {
		return err
	}
	out := g.listing()
	fmt.Fprintln(out, "Agreement\tBasis\tTitle\tFrom\tEnds\tYears\tFields\tTeam\tPeople\tLacks")
	for _, a := range all {
		people, err := reg.MembersOf(g.ctx, a.Ref)
		if err != nil {
			return err
		}
		ends := a.Until.Format("2006-01-02 15:04")
		if !a.Revoked.IsZero() {
			ends = "revoked " + a.Revoked.Format("2006-01-02 15:04")
		}
		var lacks []string
		for _, kind := range a.Basis.Needs() {
			if !slices.ContainsFunc(a.Proofs, func(p policy.Proof) bool { return p.Kind == kind }) {
				lacks = append(lacks, string(kind))
			}
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", a.Ref, a.Basis, a.Title, a.From.Format("2006-01-02 15:04"), ends, strings.Join(a.Years, " "), strings.Join(a.Fields, " "),
			strings.TrimSpace(a.Provider+" "+strings.Join(append(slices.Clone(a.Consultants), a.Specialties...), " ")), len(people), strings.Join(lacks, " "))
	}
	return out.Flush()
}
