package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

type agreementCmd struct {
	Add    agreementAddCmd    `cmd:"" help:"Add an agreement."`
	Show   agreementShowCmd   `cmd:"" help:"Show all that an agreement says, its evidence, who is named on it, and what is missing."`
	Amend  agreementAmendCmd  `cmd:"" help:"Change what an agreement says; what is left out stays."`
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
	Exceptions   bool     `help:"Clinical teams: one patient of the trust outside the team may be opened for a reason, for 15 minutes, and is reviewed."`
}

// Run adds the agreement.
func (c agreementAddCmd) Run(g *globals) error {
	fields, err := known(c.Fields)
	if err != nil {
		return err
	}
	a := registry.Agreement{Ref: c.Ref, Title: c.Title, Basis: policy.Basis(c.Basis), Organisation: c.Organisation, Subsets: c.Subsets, Years: c.Years, Fields: fields, Exports: c.Exports,
		Provider: c.Provider, Specialties: c.Specialty, Consultants: c.Consultant, LookBack: c.LookBack, Whole: c.Whole, Exceptions: c.Exceptions, Terms: c.Terms, From: g.now()}
	if c.From != "" {
		if a.From, err = g.moment(c.From, false); err != nil {
			return err
		}
	}
	if a.Until, err = g.moment(c.Until, true); err != nil {
		return err
	}
	if a.Proofs, err = g.proofs(nil, c.Proof); err != nil {
		return err
	}
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		_, err := s.AddAgreement(g.ctx, by, a)
		return err
	})
}

// known returns the fields by their names in the dictionary.
func known(names []string) ([]string, error) {
	dict, _, err := vocabulary()
	if err != nil {
		return nil, err
	}
	return oversight.Fields(dict, names)
}

// moment reads a day or a moment. last: a day stands for its end.
func (g *globals) moment(text string, last bool) (time.Time, error) {
	return oversight.Moment(text, g.now().Location(), last)
}

// proofs reads evidence, each in place of what there was of its kind.
func (g *globals) proofs(out []policy.Proof, texts []string) ([]policy.Proof, error) {
	for _, text := range texts {
		p, err := g.proof(text)
		if err != nil {
			return nil, err
		}
		out = append(slices.DeleteFunc(slices.Clone(out), func(q policy.Proof) bool { return q.Kind == p.Kind }), p)
	}
	return out, nil
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

// overseeing looks at who may see what, or changes it, as whoever owns the machine.
func (g *globals) overseeing(change func(*oversight.Service, oversight.By, registry.Store) error) error {
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	s, err := g.oversight(reg)
	if err != nil {
		return err
	}
	return change(s, oversight.Machine(systemUser()), reg)
}

// oversight makes the service that makes such changes.
func (g *globals) oversight(reg registry.Store) (*oversight.Service, error) {
	service, err := g.authService(reg, "", policy.Rule{})
	if err != nil {
		return nil, err
	}
	return oversight.New(oversight.Options{Store: reg, Hash: service.Hash, Link: service.NewLink, Now: g.now}), nil
}

// amending changes an agreement as it stands.
func (g *globals) amending(ref string, change func(*registry.Agreement) error) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, reg registry.Store) error {
		a, err := reg.Agreement(g.ctx, ref)
		if err != nil {
			return err
		}
		version := oversight.Version(a)
		if err := change(&a); err != nil {
			return err
		}
		_, err = s.AmendAgreement(g.ctx, by, a, version)
		return err
	})
}

type agreementAmendCmd struct {
	Ref          string   `arg:"" help:"Reference of the agreement."`
	Title        *string  `help:"Study or team."`
	Organisation *string  `help:"Organisation that holds the agreement."`
	From         string   `help:"First day or moment."`
	Until        string   `help:"Last day, or the moment at which it ends."`
	Subsets      []string `name:"subset" help:"Data sets that it covers, in place of those of before; so are the other lists."`
	Years        []string `help:"Financial years that it covers."`
	Fields       []string `help:"Fields beyond the ordinary ones; 'none' for none."`
	Exports      []string `help:"Files that may be asked for: tables, records; 'none' for none."`
	Terms        *string  `help:"Terms of its own; everybody is asked for new ones again."`
	Provider     *string  `help:"Clinical teams: PROCODE3 of the trust."`
	Specialty    []string `help:"Clinical teams: specialties; 'none' for none."`
	Consultant   []string `help:"Clinical teams: consultant codes; 'none' for none."`
	LookBack     *int     `help:"Clinical teams: months; 0 for any time."`
	Whole        *bool    `negatable:"" help:"Clinical teams: the patients' episodes at other providers too."`
	Exceptions   *bool    `negatable:"" help:"Clinical teams: exceptions for one patient are possible."`
}

// Run changes the agreement.
func (c agreementAmendCmd) Run(g *globals) error {
	return g.amending(c.Ref, func(a *registry.Agreement) error {
		for _, x := range [...]struct {
			is   *string
			into *string
		}{{c.Title, &a.Title}, {c.Organisation, &a.Organisation}, {c.Terms, &a.Terms}, {c.Provider, &a.Provider}} {
			if x.is != nil {
				*x.into = *x.is
			}
		}
		if c.Fields != nil && !slices.Equal(c.Fields, []string{"none"}) {
			fields, err := known(c.Fields)
			if err != nil {
				return err
			}
			c.Fields = fields
		}
		for _, x := range [...]struct {
			is   []string
			into *[]string
		}{{c.Subsets, &a.Subsets}, {c.Years, &a.Years}, {c.Fields, &a.Fields}, {c.Exports, &a.Exports}, {c.Specialty, &a.Specialties}, {c.Consultant, &a.Consultants}} {
			switch {
			case slices.Equal(x.is, []string{"none"}):
				*x.into = nil
			case x.is != nil:
				*x.into = x.is
			}
		}
		if c.LookBack != nil {
			a.LookBack = *c.LookBack
		}
		if c.Whole != nil {
			a.Whole = *c.Whole
		}
		if c.Exceptions != nil {
			a.Exceptions = *c.Exceptions
		}
		var err error
		if c.From != "" {
			if a.From, err = g.moment(c.From, false); err != nil {
				return err
			}
		}
		if c.Until != "" {
			a.Until, err = g.moment(c.Until, true)
		}
		return err
	})
}

type agreementProofCmd struct {
	Ref   string   `arg:"" help:"Reference of the agreement."`
	Proof []string `arg:"" help:"Evidence, KIND=REFERENCE@FROM or KIND=REFERENCE@FROM..UNTIL."`
}

// Run keeps the evidence.
func (c agreementProofCmd) Run(g *globals) error {
	return g.amending(c.Ref, func(a *registry.Agreement) (err error) {
		a.Proofs, err = g.proofs(a.Proofs, c.Proof)
		return err
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
	m := registry.Member{Agreement: c.Ref, From: g.now(), Registration: c.Registration, Sponsor: c.Sponsor}
	for _, day := range [...]struct {
		text string
		last bool
		into *time.Time
	}{{c.From, false, &m.From}, {c.Until, true, &m.Until}, {c.Trained, false, &m.Trained}, {c.Attested, false, &m.Attested}} {
		if day.text == "" {
			continue
		}
		var err error
		if *day.into, err = g.moment(day.text, day.last); err != nil {
			return err
		}
	}
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		_, err := s.Name(g.ctx, by, c.Name, m, "")
		return err
	})
}

type agreementRemoveCmd struct {
	Ref  string `arg:"" help:"Reference of the agreement."`
	Name string `arg:"" help:"Account."`
}

// Run takes the person off.
func (c agreementRemoveCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		return s.TakeOff(g.ctx, by, c.Name, c.Ref)
	})
}

type agreementRevokeCmd struct {
	Ref string `arg:"" help:"Reference of the agreement."`
	Why string `required:"" help:"Why it is taken back."`
}

// Run revokes the agreement.
func (c agreementRevokeCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, by oversight.By, _ registry.Store) error {
		return s.RevokeAgreement(g.ctx, by, c.Ref, c.Why)
	})
}

type agreementListCmd struct{}

// Run lists the agreements.
func (agreementListCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, _ oversight.By, _ registry.Store) error {
		all, err := s.Agreements(g.ctx)
		if err != nil {
			return err
		}
		out := g.listing()
		fmt.Fprintln(out, "Agreement\tState\tBasis\tTitle\tFrom\tEnds\tYears\tFields\tTeam\tPeople\tLacks")
		for _, x := range all {
			a := x.Agreement
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", a.Ref, x.State, a.Basis, a.Title, a.From.Format(minute), a.Until.Format(minute), strings.Join(a.Years, " "), strings.Join(a.Fields, " "),
				strings.TrimSpace(a.Provider+" "+strings.Join(append(slices.Clone(a.Consultants), a.Specialties...), " ")), len(x.People), strings.Join(x.Lacks, ", "))
		}
		return out.Flush()
	})
}

const minute = "2006-01-02 15:04"

type agreementShowCmd struct {
	Ref string `arg:"" help:"Reference of the agreement."`
}

// Run shows the agreement.
func (c agreementShowCmd) Run(g *globals) error {
	return g.overseeing(func(s *oversight.Service, _ oversight.By, _ registry.Store) error {
		x, err := s.Agreement(g.ctx, c.Ref)
		if err != nil {
			return err
		}
		out := g.listing()
		fmt.Fprintf(out, "%s\t%s\nState\t%s\n", x.Agreement.Ref, x.Agreement.Title, x.State)
		if len(x.Lacks) > 0 {
			fmt.Fprintf(out, "Lacks\t%s\n", strings.Join(x.Lacks, ", "))
		}
		for _, p := range oversight.Says(x.Agreement) {
			fmt.Fprintf(out, "%s\t%s\n", p.What, p.Says)
		}
		for _, p := range x.People {
			lacks := "nothing is missing"
			if len(p.Lacks) > 0 {
				lacks = "lacks " + strings.Join(p.Lacks, ", ")
			}
			fmt.Fprintf(out, "Named\t%s, trained %s, ends %s, %s\n", p.User.Name, p.Member.Trained.Format("2006-01-02"), p.Ends.Format(minute), lacks)
		}
		return out.Flush()
	})
}
