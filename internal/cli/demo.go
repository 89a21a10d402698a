package cli

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/oversight"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
	"webenablehes/internal/release"
)

type demoCmd struct {
	checkpoints
	Listen string `help:"Address on this machine to listen on." default:"127.0.0.1:8080"`
	Small  string `name:"small-numbers" help:"Rule for small numbers, as of serve." default:"nhsd-2018"`
}

// person is a demo person.
type person struct {
	name, display string
	role          policy.Role
	agreements    []string // that the person is named on
}

func demoPeople() []person {
	return []person{
		{"researcher", "Demo researcher", policy.Researcher, []string{"DEMO-STUDY", "DEMO-STUDY-2"}},
		{"clinician", "Demo clinician", policy.Clinician, []string{"DEMO-CLINIC", "DEMO-ONCALL"}},
		{"planner", "Demo planner", policy.Planner, nil},
		{"datamanager", "Demo data manager", policy.DataManager, nil},
		{"iglead", "Demo IG lead", policy.Governance, nil},
		{"iglead2", "Demo second IG lead", policy.Governance, nil},
		{"auditor", "Demo auditor", policy.Auditor, nil},
	}
}

// demoAgreements are at least one on each basis, from a day before now to a year
// after. The clinic finds its patients by local number where the release holds it;
// on call an exception is possible too.
func demoAgreements(years []string, subset string, now time.Time) []registry.Agreement {
	out := []registry.Agreement{
		{Ref: "DEMO-STUDY", Title: "Skin disease pathways study", Basis: policy.Study, Exports: []string{"records", "tables"}},
		{Ref: "DEMO-STUDY-2", Title: "Skin cancer and place study", Basis: policy.Approved, Fields: []string{"LSOA01"}},
		{Ref: "DEMO-CLINIC", Title: "Dermatology clinic", Basis: policy.Clinical, Provider: demoProvider, Specialties: []string{"330", "257"}, Fields: []string{policy.NumberField}},
		{Ref: "DEMO-ONCALL", Title: "Dermatology on call", Basis: policy.Clinical, Provider: demoProvider, Specialties: []string{"330", "257"}, Fields: []string{policy.NumberField}, Exceptions: true},
	}
	for i := range out {
		a := &out[i]
		a.Organisation, a.Subsets, a.Years, a.From, a.Until = "Demo organisation", slices.Compact([]string{subset, "all"}), years, now.AddDate(0, 0, -1), now.AddDate(1, 0, 0)
		for _, kind := range a.Basis.Needs() {
			a.Proofs = append(a.Proofs, policy.Proof{Kind: kind, Ref: "DEMO", From: a.From})
		}
	}
	return out
}

// demoPeople makes the demo people and their agreements, or brings those that are
// there up to date.
func (g *globals) demoPeople(reg *sqlstore.Store, years []string, subset string) error {
	now := g.now()
	s, err := g.oversight(reg)
	if err != nil {
		return err
	}
	by := oversight.Machine(systemUser())
	for _, a := range demoAgreements(years, subset, now) {
		err := reg.AddAgreement(g.ctx, a)
		if fault.Of(err) == fault.Conflict {
			var was registry.Agreement
			if was, err = reg.Agreement(g.ctx, a.Ref); err == nil {
				err = reg.AmendAgreement(g.ctx, was, a)
			}
		}
		if err != nil {
			return err
		}
	}
	for _, p := range demoPeople() {
		u, err := reg.UserByName(g.ctx, p.name)
		if fault.Of(err) == fault.NotFound {
			if err = s.AddAccount(g.ctx, by, registry.User{Name: p.name, Display: p.display, Role: p.role, Demo: true}, demoPassword); err == nil {
				u, err = reg.UserByName(g.ctx, p.name)
			}
		}
		if err != nil {
			return err
		}
		for _, ref := range p.agreements {
			was := now.AddDate(0, 0, -1)
			if err := reg.PutMember(g.ctx, registry.Member{Agreement: ref, UserID: u.ID, From: was, Trained: was, Registration: "DEMO", Sponsor: "Demo sponsor", Attested: was}); err != nil {
				return err
			}
		}
	}
	return nil
}

// demoPassword is everybody's in the demo. It opens nothing but synthetic data
// on the machine that it runs on.
const demoPassword = "try-me-on-synthetic-data"

// Run makes the demo people, if they are not there, and serves.
func (c demoCmd) Run(g *globals) error {
	releases := release.Open(g.Data)
	id, err := releases.Current()
	if err != nil {
		return err
	}
	m, err := releases.Get(id)
	if err != nil {
		return err
	}
	if !m.Synthetic {
		return fault.New(fault.Denied, "Demo people exist over synthetic data only, and release %s is not synthetic.", id)
	}
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	if err := g.demoPeople(reg, m.Years, m.Subset); err != nil {
		return err
	}
	err = serveCmd{checkpoints: c.checkpoints, Listen: c.Listen, Small: c.Small}.serve(g, reg, func(url string) {
		fmt.Fprintf(g.env.Out, "\nThe demo is at %s\n\n", url)
		for _, p := range demoPeople() {
			fmt.Fprintf(g.env.Out, "  %-12s %s\n", p.name, p.display)
		}
		fmt.Fprintf(g.env.Out, "\nEverybody's password is %s\nEnd it with Ctrl-C.\n", demoPassword)
	})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// demoProvider is the trust whose team the demo clinician belongs to.
const demoProvider = "RTH"
