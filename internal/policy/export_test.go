package policy_test

import (
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
)

// Only a study team whose agreement says so asks for files, and only of the kinds
// that it says.
func TestMayExport(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	both := []policy.Export{policy.Records, policy.Tables}
	for _, role := range policy.Roles() {
		for _, listed := range [][]policy.Export{nil, {policy.Records}, {policy.Tables}, both} {
			e := policy.Evidence{Account: "x", Role: role}
			if role == policy.Researcher || role == policy.Clinician {
				e = policytest.Complete(policy.Evidence{Account: "x", Role: role, Years: []string{"0809"}, Exports: listed, Provider: "RAL", Specialties: []string{"330"}}, now)
			}
			acc, err := policy.New(e, now)
			if err != nil {
				t.Fatal(role, err)
			}
			for _, kind := range both {
				want := fault.Denied
				if role == policy.Researcher && (len(listed) == 2 || len(listed) == 1 && listed[0] == kind) {
					want = 0
				}
				if err := acc.MayExport(kind); (err == nil) != (want == 0) || err != nil && fault.Of(err) != want {
					t.Errorf("%s, files of %v: %s: %v", role, listed, kind, err)
				}
			}
		}
	}
	if err := (policy.Access{}).MayExport(policy.Records); fault.Of(err) != fault.SignIn {
		t.Errorf("nobody: %v", err)
	}
}

// What leaves in a file of counts is protected for everybody.
func TestForFile(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	acc, err := policy.New(policytest.Complete(policy.Evidence{Account: "x", Role: policy.Researcher, Years: []string{"0809"}}, now), now)
	if err != nil {
		t.Fatal(err)
	}
	if got := acc.Protect(3); got.Hidden() || got.Published() != 3 {
		t.Errorf("on the page 3 is %s", got)
	}
	if got := acc.ForFile().Protect(3); !got.Hidden() {
		t.Errorf("in a file 3 is %s", got)
	}
	if got := acc.ForFile().Protect(13); got.Published() != 15 {
		t.Errorf("in a file 13 is %s", got)
	}
	if got := (policy.Access{}).ForFile().Protect(13); !got.Hidden() {
		t.Errorf("for nobody 13 is %s", got)
	}
}
