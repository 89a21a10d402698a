package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Published edges of NHS Digital's rule of September 2018.
func TestProtect(t *testing.T) {
	a, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{0: "0", 1: "1–7", 7: "1–7", 8: "10", 12: "10", 13: "15", 17: "15", 18: "20", 1234: "1,235", 1_000_002: "1,000,000"} {
		if got := a.Protect(n).String(); got != want {
			t.Errorf("%d is shown as %s, want %s", n, got, want)
		}
	}
	// what is hidden cannot be told apart
	for n := 2; n <= 7; n++ {
		if a.Protect(n) != a.Protect(1) {
			t.Errorf("%d and 1 differ", n)
		}
	}
	for n := 8; n < 100; n++ {
		if a.Protect(n).Published()%5 != 0 {
			t.Errorf("%d is not rounded", n)
		}
	}
	var zero policy.Access
	if c := zero.Protect(1000); !c.Hidden() || c.Published() != 0 {
		t.Errorf("the zero Access shows %v", c)
	}
	// the worked example in which a rounded total gives the hidden cell away
	if got := policy.Sum([]policy.Count{a.Protect(1), a.Protect(8), a.Protect(8)}).String(); got != "20" {
		t.Errorf("the total of 1, 8 and 8 is shown as %s, want the sum of what is shown", got)
	}
}

// A load's own numbers are exact for those who see load reports, hidden from others.
func TestWhole(t *testing.T) {
	for _, role := range append(policy.Roles(), "") {
		e := policy.Evidence{Account: "x", Role: role}
		if role == policy.Researcher || role == policy.Clinician {
			e.Years, e.Provider, e.Specialties = []string{"0809"}, "RAL", []string{"330"}
			e = policytest.Complete(e, noon)
		}
		a, _ := policy.New(e, noon)
		want := map[policy.Role]string{policy.DataManager: "3", policy.Governance: "3", policy.Auditor: "3"}[role]
		if want == "" {
			want = "not shown"
		}
		if got := a.Whole(3).String(); got != want {
			t.Errorf("%q: %s, want %s", role, got, want)
		}
	}
}

func TestShareAndChange(t *testing.T) {
	a, err := policy.New(policy.Evidence{Account: "dan", Role: policy.DataManager}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part, of int
		want     string
	}{{3967, 4000, "99.1%"}, {0, 5000, "0.0%"}, {99, 100, "100%"}, {1, 100, "*"}, {7, 7, "*"}, {0, 0, "–"}, {5, 5000, "*"}, {50, 100, "50%"}, {55990, 56000, ">99.9%"}, {10, 56000, "<0.1%"}, {56000, 56000, "100.0%"}} {
		s := policy.Share{Part: a.Protect(c.part), Of: a.Protect(c.of)}
		if s.String() != c.want {
			t.Errorf("%d of %d is shown as %s, want %s", c.part, c.of, s, c.want)
		}
	}
	for _, c := range []struct {
		before, now int
		want        string
	}{{100, 1335, "+1,235"}, {20, 10, "−10"}, {11, 9, "no change"}, {3, 100, "*"}, {100, 7, "*"}, {0, 10, "+10"}} {
		if got := policy.Change(a.Protect(c.before), a.Protect(c.now)); got != c.want {
			t.Errorf("from %d to %d: %s, want %s", c.before, c.now, got, c.want)
		}
	}
	text, err := json.Marshal([]any{a.Protect(0), a.Protect(7), a.Protect(13), a.Whole(13), policy.Count{}, policy.Share{Part: a.Protect(50), Of: a.Protect(100)}})
	if err != nil || string(text) != `[0,"*",15,13,"*","50%"]` {
		t.Errorf("%s, %v", text, err)
	}
}

// Each thing that must be on file, missing, not yet and no longer in force.
func TestEvidence(t *testing.T) {
	proof := func(e *policy.Evidence, kind policy.ProofKind) *policy.Proof {
		for i := range e.Proofs {
			if e.Proofs[i].Kind == kind {
				return &e.Proofs[i]
			}
		}
		t.Fatalf("no %s among the proofs", kind)
		return nil
	}
	second := time.Second
	cases := map[string]struct {
		basis  policy.Basis
		change func(*policy.Evidence)
		say    string // part of the refusal; "" if it stands
	}{
		"study":                {policy.Study, func(*policy.Evidence) {}, ""},
		"approved":             {policy.Approved, func(*policy.Evidence) {}, ""},
		"clinical":             {policy.Clinical, func(*policy.Evidence) {}, ""},
		"no-account":           {policy.Study, func(e *policy.Evidence) { e.Account = "" }, "Sign in"},
		"no-role":              {policy.Study, func(e *policy.Evidence) { e.Role = "" }, "no role"},
		"no-basis":             {policy.Study, func(e *policy.Evidence) { e.Basis = "x" }, "no basis"},
		"another-basis":        {policy.Study, func(e *policy.Evidence) { e.Role = policy.Clinician }, "no basis"},
		"planner-with-one":     {policy.Study, func(e *policy.Evidence) { e.Role = policy.Planner }, "has no data sharing agreement"},
		"no-agreement":         {policy.Study, func(e *policy.Evidence) { e.Agreement = "" }, "no agreement"},
		"no-end":               {policy.Study, func(e *policy.Evidence) { e.Until = time.Time{} }, "no agreement"},
		"revoked":              {policy.Study, func(e *policy.Evidence) { e.Revoked = true }, "revoked"},
		"no-years":             {policy.Study, func(e *policy.Evidence) { e.Years = nil }, "no financial years"},
		"no-data-set":          {policy.Study, func(e *policy.Evidence) { e.Subsets = nil }, "no data set"},
		"begins-now":           {policy.Study, func(e *policy.Evidence) { e.From = noon }, ""},
		"begins-later":         {policy.Study, func(e *policy.Evidence) { e.From = noon.Add(second) }, "not yet in force"},
		"ends-now":             {policy.Study, func(e *policy.Evidence) { e.Until = noon }, "has ended"},
		"ends-in-a-second":     {policy.Study, func(e *policy.Evidence) { e.Until = noon.Add(second) }, ""},
		"not-named":            {policy.Study, func(e *policy.Evidence) { e.Member = policy.Membership{} }, "not named"},
		"named-from-later":     {policy.Study, func(e *policy.Evidence) { e.Member.From = noon.Add(second) }, "not named"},
		"named-until-now":      {policy.Study, func(e *policy.Evidence) { e.Member.Until = noon }, "Your place on agreement DSA-1 has ended"},
		"not-trained":          {policy.Study, func(e *policy.Evidence) { e.Member.Trained = time.Time{} }, "No training"},
		"to-be-trained":        {policy.Study, func(e *policy.Evidence) { e.Member.Trained = noon.Add(second) }, "No training"},
		"trained-a-year-ago":   {policy.Study, func(e *policy.Evidence) { e.Member.Trained = noon.Add(-policy.TrainingLasts) }, "Your training in data security has ended"},
		"trained-not-quite-so": {policy.Study, func(e *policy.Evidence) { e.Member.Trained = noon.Add(second - policy.TrainingLasts) }, ""},
		"study-needs-no-rec": {policy.Study, func(e *policy.Evidence) {
			e.Member.Registration, e.Member.Sponsor, e.Member.Attested = "", "", time.Time{}
		}, ""},
		"clinical-no-provider": {policy.Clinical, func(e *policy.Evidence) { e.Provider = "" }, "no provider and team"},
		"clinical-no-team":     {policy.Clinical, func(e *policy.Evidence) { e.Specialties = nil }, "no provider and team"},
		"clinical-consultants": {policy.Clinical, func(e *policy.Evidence) { e.Specialties, e.Consultants = nil, []string{"C1"} }, ""},
		"not-registered":       {policy.Clinical, func(e *policy.Evidence) { e.Member.Registration = "" }, "registration"},
		"no-sponsor":           {policy.Clinical, func(e *policy.Evidence) { e.Member.Sponsor = "" }, "vouches"},
		"not-attested":         {policy.Clinical, func(e *policy.Evidence) { e.Member.Attested = time.Time{} }, "not yet confirmed"},
		"attested-90-days-ago": {policy.Clinical, func(e *policy.Evidence) { e.Member.Attested = noon.Add(-policy.AttestedLasts) }, "Your confirmation of responsibility for the patients has ended"},
		"attested-not-quite":   {policy.Clinical, func(e *policy.Evidence) { e.Member.Attested = noon.Add(second - policy.AttestedLasts) }, ""},
	}
	for _, b := range policy.Bases() {
		for _, kind := range b.Needs() {
			for name, change := range map[string]func(*policy.Proof){
				"missing": func(p *policy.Proof) { p.Kind = "other" }, "no-number": func(p *policy.Proof) { p.Ref = "" },
				"no-date": func(p *policy.Proof) { p.From = time.Time{} }, "later": func(p *policy.Proof) { p.From = noon.Add(second) },
			} {
				cases[string(b)+"-"+string(kind)+"-"+name] = struct {
					basis  policy.Basis
					change func(*policy.Evidence)
					say    string
				}{b, func(e *policy.Evidence) { change(proof(e, kind)) }, "no " + kind.Label()}
			}
			cases[string(b)+"-"+string(kind)+"-over"] = struct {
				basis  policy.Basis
				change func(*policy.Evidence)
				say    string
			}{b, func(e *policy.Evidence) { proof(e, kind).Until = noon }, "has ended"}
			cases[string(b)+"-"+string(kind)+"-just-in-force"] = struct {
				basis  policy.Basis
				change func(*policy.Evidence)
				say    string
			}{b, func(e *policy.Evidence) { proof(e, kind).Until = noon.Add(second) }, ""}
		}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := policy.Evidence{Account: "ana", Role: c.basis.Role(), Basis: c.basis, Years: []string{"0809"}}
			if c.basis == policy.Clinical {
				e.Provider, e.Specialties = "RAL", []string{"330"}
			}
			e = policytest.Complete(e, noon)
			c.change(&e)
			a, err := policy.New(e, noon)
			if (err == nil) != (c.say == "") || err != nil && !strings.Contains(fault.Say(err), c.say) {
				t.Errorf("error = %v, want %q", err, c.say)
			}
			if err != nil && (a.SeesRows() || a.Role() != "") {
				t.Error("a refused access is not zero")
			}
			if k := fault.Of(err); err != nil && k != fault.Denied && k != fault.SignIn {
				t.Errorf("a refusal of kind %v", k)
			}
		})
	}
}

// What ends first is what people are told of, and what refuses at its moment.
func TestEndsWithTheFirstThingThatEnds(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	e := policytest.Complete(policy.Evidence{Account: "cli", Role: policy.Clinician, Years: []string{"0809"}, Provider: "RAL", Specialties: []string{"330"}}, noon)
	e.Until = noon.AddDate(1, 0, 0)
	a, err := policy.New(e, noon)
	if err != nil {
		t.Fatal(err)
	}
	at, what, ok := a.Ends()
	if want := e.Member.Attested.Add(policy.AttestedLasts); !ok || !at.Equal(want) || !strings.Contains(what, "confirmation") {
		t.Errorf("it ends at %v by %s, want %v", at, what, want)
	}
	q := query.Query{Unit: query.Patients, Limit: 1}
	over := policy.Over{Subset: policytest.Subset}
	if _, err := a.Narrow(q, policy.Scope{}, over, d, at.Add(-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	if _, err := a.Narrow(q, policy.Scope{}, over, d, at); fault.Of(err) != fault.Denied || !strings.Contains(fault.Say(err), "confirmation") {
		t.Errorf("at the end: %v", err)
	}
	if _, err := a.Narrow(q, policy.Scope{}, policy.Over{Subset: "all"}, d, noon); fault.Of(err) != fault.Denied || !strings.Contains(fault.Say(err), "data set") {
		t.Errorf("another data set: %v", err)
	}
}

// Each role and each class of field.
func TestWhoCoversWhat(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range append(policy.Roles(), "") {
		e := policy.Evidence{Account: "x", Role: role}
		if role == policy.Researcher || role == policy.Clinician {
			e.Until, e.Years, e.Provider, e.Specialties, e.Fields = noon.Add(time.Hour), []string{"0809"}, "RAL", []string{"330"}, []string{"CONSULT", "LSOA01"}
			e = policytest.Complete(e, noon)
		}
		a, _ := policy.New(e, noon)
		rows := role == policy.Researcher || role == policy.Clinician
		for _, f := range d.Fields() {
			want := rows && f.Name != hes.PersonField && f.AliasOf != hes.PersonField && (f.Class <= hes.Ordinary && !f.OfOthers() || f.Name == "CONSULT" || f.Name == "LSOA01")
			if a.Covers(f, policy.Over{Subset: "dermatology", Years: []string{"0809", "0910"}}) != want {
				t.Errorf("%q, %s (%s): %v", role, f.Name, f.Class, !want)
			}
		}
		_, err := a.Narrow(query.Query{Limit: 1, Columns: []string{"SEX"}}, policy.Scope{}, policy.Over{Subset: "dermatology"}, d, noon)
		if (err == nil) != (role == policy.Researcher) {
			t.Errorf("%q, a list of episodes: %v", role, err)
		}
		_, err = a.Narrow(query.Query{Unit: query.Patients, Limit: 1}, policy.Scope{}, policy.Over{Subset: "dermatology"}, d, noon)
		if (err == nil) != rows {
			t.Errorf("%q, a list of patients: %v", role, err)
		}
		if _, err := a.Narrow(query.Query{Unit: query.Patients, Limit: 1}, policy.Scope{}, policy.Over{Subset: "dermatology"}, d, noon.Add(time.Hour)); err == nil {
			t.Errorf("%q, at the end of the agreement: allowed", role)
		}
	}
}

// What is worked out from a person's other episodes tells of them, so it is for
// whoever may see all of them: every year of the release and every provider.
func TestWhatOtherEpisodesTell(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	three := []string{"0708", "0809", "0910"}
	clinician := policy.Evidence{Role: policy.Clinician, Years: three, Provider: "RAL", Specialties: []string{"330"}}
	whole, excepting := clinician, clinician
	whole.Whole = true
	excepting.Whole, excepting.Exceptions = true, true
	for name, c := range map[string]struct {
		e    policy.Evidence
		held []string
		want bool
	}{
		"all-years":           {policy.Evidence{Role: policy.Researcher, Years: three}, three, true},
		"a-release-of-fewer":  {policy.Evidence{Role: policy.Researcher, Years: three}, three[:1], true},
		"a-later-year":        {policy.Evidence{Role: policy.Researcher, Years: three[:2]}, three, false},
		"an-earlier-year":     {policy.Evidence{Role: policy.Researcher, Years: three[1:]}, three, false},
		"not-known":           {policy.Evidence{Role: policy.Researcher, Years: three}, nil, false},
		"own-provider":        {clinician, three, false},
		"whole-history":       {whole, three, true},
		"an-exception-of-own": {excepting, three, false},
	} {
		c.e.Account, c.e.Until = "x", noon.Add(time.Hour)
		a, err := policy.New(policytest.Complete(c.e, noon), noon)
		if err != nil {
			t.Fatal(err)
		}
		over := policy.Over{Subset: policytest.Subset, Years: c.held}
		for _, field := range []string{"READMITTED_30", "CHARLSON_1Y", "CHARLSON_5Y", "ELIXHAUSER_1Y", "ELIXHAUSER_5Y", "CHARLSON"} {
			f, _ := d.Field(field)
			want := c.want || field == "CHARLSON"
			for what, q := range map[string]query.Query{"filter": {Where: query.In{Field: field, Values: []string{"1"}}}, "facet": {Facets: []query.Facet{{Field: field}}}, "chart": {Tables: [][]query.Group{{{Field: field}}}},
				"column": {Unit: query.Patients, Limit: 1, Columns: []string{field}}, "order": {Unit: query.Patients, Limit: 1, Sort: []query.Sort{{Field: field}}}} {
				if _, err := a.Narrow(q, policy.Scope{}, over, d, noon); (err == nil) != want || a.Covers(f, over) != want {
					t.Errorf("%s, %s as a %s: %v", name, field, what, err)
				}
			}
		}
	}
}
