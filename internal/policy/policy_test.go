package policy

import (
	"encoding/json"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Published edges of NHS Digital's rule of September 2018.
func TestProtect(t *testing.T) {
	a, err := New(Evidence{Account: "pat", Role: Planner}, noon)
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
	var zero Access
	if c := zero.Protect(1000); !c.Hidden() || c.Published() != 0 {
		t.Errorf("the zero Access shows %v", c)
	}
	// the worked example in which a rounded total gives the hidden cell away
	if got := Sum([]Count{a.Protect(1), a.Protect(8), a.Protect(8)}).String(); got != "20" {
		t.Errorf("the total of 1, 8 and 8 is shown as %s, want the sum of what is shown", got)
	}
}

// A load's own numbers are exact for those who see load reports, hidden from others.
func TestWhole(t *testing.T) {
	for _, role := range append(Roles(), "") {
		e := Evidence{Account: "x", Role: role}
		if role == Researcher || role == Clinician {
			e.Agreement, e.Until, e.Years, e.Provider, e.Specialties = "DSA-1", noon.Add(time.Hour), []string{"0809"}, "RAL", []string{"330"}
		}
		a, _ := New(e, noon)
		want := map[Role]string{DataManager: "3", Governance: "3", Auditor: "3"}[role]
		if want == "" {
			want = "not shown"
		}
		if got := a.Whole(3).String(); got != want {
			t.Errorf("%q: %s, want %s", role, got, want)
		}
	}
}

func TestShareAndChange(t *testing.T) {
	a, err := New(Evidence{Account: "dan", Role: DataManager}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part, of int
		want     string
	}{{3967, 4000, "99.1%"}, {0, 5000, "0.0%"}, {99, 100, "100%"}, {1, 100, "*"}, {7, 7, "*"}, {0, 0, "–"}, {5, 5000, "*"}, {50, 100, "50%"}, {55990, 56000, ">99.9%"}, {10, 56000, "<0.1%"}, {56000, 56000, "100.0%"}} {
		s := Share{a.Protect(c.part), a.Protect(c.of)}
		if s.String() != c.want {
			t.Errorf("%d of %d is shown as %s, want %s", c.part, c.of, s, c.want)
		}
	}
	for _, c := range []struct {
		before, now int
		want        string
	}{{100, 1335, "+1,235"}, {20, 10, "−10"}, {11, 9, "no change"}, {3, 100, "*"}, {100, 7, "*"}, {0, 10, "+10"}} {
		if got := Change(a.Protect(c.before), a.Protect(c.now)); got != c.want {
			t.Errorf("from %d to %d: %s, want %s", c.before, c.now, got, c.want)
		}
	}
	text, err := json.Marshal([]any{a.Protect(0), a.Protect(7), a.Protect(13), a.Whole(13), Count{}, Share{a.Protect(50), a.Protect(100)}})
	if err != nil || string(text) != `[0,"*",15,13,"*","50%"]` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestEvidence(t *testing.T) {
	good := Evidence{Account: "ana", Role: Researcher, Agreement: "DSA-1", From: noon.Add(-time.Hour), Until: noon.Add(time.Hour), Years: []string{"0809"}}
	for name, c := range map[string]struct {
		change func(*Evidence)
		kind   fault.Kind
		ok     bool
	}{
		"good":              {func(*Evidence) {}, 0, true},
		"no-account":        {func(e *Evidence) { e.Account = "" }, fault.SignIn, false},
		"no-role":           {func(e *Evidence) { e.Role = "" }, fault.Denied, false},
		"no-agreement":      {func(e *Evidence) { e.Agreement = "" }, fault.Denied, false},
		"no-end":            {func(e *Evidence) { e.Until = time.Time{} }, fault.Denied, false},
		"no-years":          {func(e *Evidence) { e.Years = nil }, fault.Denied, false},
		"begins-now":        {func(e *Evidence) { e.From = noon }, 0, true},
		"begins-later":      {func(e *Evidence) { e.From = noon.Add(time.Second) }, fault.Denied, false},
		"ends-now":          {func(e *Evidence) { e.Until = noon }, fault.Denied, false},
		"ends-in-a-second":  {func(e *Evidence) { e.Until = noon.Add(time.Second) }, 0, true},
		"clinician-no-team": {func(e *Evidence) { e.Role = Clinician }, fault.Denied, false},
		"clinician":         {func(e *Evidence) { e.Role, e.Provider, e.Specialties = Clinician, "RAL", []string{"330"} }, 0, true},
		"planner-with-one":  {func(e *Evidence) { e.Role = Planner }, fault.Denied, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := good
			c.change(&e)
			a, err := New(e, noon)
			if (err == nil) != c.ok || err != nil && fault.Of(err) != c.kind {
				t.Errorf("error = %v", err)
			}
			if err != nil && (a.SeesRows() || a.Role() != "") {
				t.Error("a refused access is not zero")
			}
		})
	}
}

// Each role and each class of field.
func TestWhoCoversWhat(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range append(Roles(), "") {
		e := Evidence{Account: "x", Role: role}
		if role == Researcher || role == Clinician {
			e.Agreement, e.Until, e.Years, e.Provider, e.Specialties, e.Fields = "DSA-1", noon.Add(time.Hour), []string{"0809"}, "RAL", []string{"330"}, []string{"CONSULT", "LSOA01"}
		}
		a, _ := New(e, noon)
		rows := role == Researcher || role == Clinician
		for _, f := range d.Fields() {
			want := rows && f.Name != hes.PersonField && f.AliasOf != hes.PersonField && (f.Class <= hes.Ordinary || f.Name == "CONSULT" || f.Name == "LSOA01")
			if a.Covers(f) != want {
				t.Errorf("%q, %s (%s): %v", role, f.Name, f.Class, !want)
			}
		}
		_, err := a.Narrow(query.Query{Limit: 1, Columns: []string{"SEX"}}, Scope{}, d, noon)
		if (err == nil) != (role == Researcher) {
			t.Errorf("%q, a list of episodes: %v", role, err)
		}
		_, err = a.Narrow(query.Query{Unit: query.Patients, Limit: 1}, Scope{}, d, noon)
		if (err == nil) != rows {
			t.Errorf("%q, a list of patients: %v", role, err)
		}
		if _, err := a.Narrow(query.Query{Unit: query.Patients, Limit: 1}, Scope{}, d, noon.Add(time.Hour)); err == nil {
			t.Errorf("%q, at the end of the agreement: allowed", role)
		}
	}
}
