package policy_test

import (
	"slices"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
)

func TestHandover(t *testing.T) {
	columns := []string{"SEX", hes.PersonField, "RAW_SEX"}
	good, err := policy.Handover("system user ana", "r1", columns, noon)
	if err != nil {
		t.Fatal(err)
	}
	researcher, err := policy.New(policytest.Complete(policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0809"}}, noon), noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		access  policy.Access
		release string
		columns []string
		at      time.Time
		kind    fault.Kind
		ok      bool
	}{
		"named":          {good, "r1", columns, noon, 0, true},
		"some-of-them":   {good, "r1", columns[:1], noon, 0, true},
		"other-release":  {good, "r2", columns, noon, fault.Denied, false},
		"no-release":     {good, "", columns, noon, fault.Denied, false},
		"one-more":       {good, "r1", append(slices.Clone(columns), "ADMIDATE"), noon, fault.Denied, false},
		"raw-not-named":  {good, "r1", []string{"RAW_" + hes.PersonField}, noon, fault.Denied, false},
		"identifying":    {good, "r1", []string{"NEWNHSNO"}, noon, fault.Denied, false},
		"a-day-later":    {good, "r1", columns, noon.Add(24 * time.Hour), fault.Denied, false},
		"zero":           {policy.Access{}, "r1", columns, noon, fault.SignIn, false},
		"zero-of-zero":   {policy.Access{}, "", nil, noon, fault.SignIn, false},
		"a-researcher":   {researcher, "r1", columns, noon, fault.Denied, false},
		"and-no-release": {researcher, "", nil, noon, fault.Denied, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.access.Hands(c.release, c.columns, c.at)
			if (err == nil) != c.ok || err != nil && fault.Of(err) != c.kind {
				t.Errorf("error = %v", err)
			}
		})
	}
	for name, make := range map[string]func() (policy.Access, error){
		"no-account": func() (policy.Access, error) { return policy.Handover("", "r1", columns, noon) },
		"no-release": func() (policy.Access, error) { return policy.Handover("x", "", columns, noon) },
		"no-columns": func() (policy.Access, error) { return policy.Handover("x", "r1", nil, noon) },
	} {
		a, err := make()
		if err == nil || a.Role() != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A handover opens no page, and no account can be one.
func TestHandoverOpensNothingElse(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range d.Fields() {
		names = append(names, f.Name)
	}
	a, err := policy.Handover("system user ana", "r1", names, noon)
	if err != nil {
		t.Fatal(err)
	}
	if a.SeesRows() || a.SeesEpisodes() || a.SeesTables() || a.SeesLoads() {
		t.Error("it sees something")
	}
	for _, f := range d.Fields() {
		if a.Covers(f, policy.Over{}) {
			t.Errorf("it covers %s on a page", f.Name)
		}
	}
	for name, q := range map[string]query.Query{"rows": {Limit: 1, Columns: []string{"SEX"}}, "counts": {Counts: true}, "patients": {Unit: query.Patients, Limit: 1}, "fixed": policy.FixedTables()[0].Query(), "nothing": {}} {
		for _, s := range []policy.Scope{{}, {OnePerson: true}, {OneEpisode: true}} {
			if guard, err := a.Narrow(q, s, policy.Over{}, d, noon); fault.Of(err) != fault.Denied || guard != (query.Never{}) {
				t.Errorf("%s %+v: guard %v, %v", name, s, guard, err)
			}
		}
	}
	if c := a.Protect(3); !c.Hidden() {
		t.Errorf("a small number is shown as %s", c)
	}
	if slices.Contains(policy.Roles(), policy.Owner) {
		t.Error("an account may have the role")
	}
	if made, err := policy.New(policy.Evidence{Account: "ana", Role: policy.Owner}, noon); fault.Of(err) != fault.Denied || made.Role() != "" {
		t.Errorf("evidence makes one: %v", err)
	}
}
