package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// What somebody is shown or reads in the access record is what was written: no
// reference passes for another, and no text has signs that cannot be seen, that
// begin a line of their own or that turn the text round.
func TestTextsAreWhatTheyLookLike(t *testing.T) {
	from := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	problems := func(change func(*registry.Agreement)) []string {
		a := registry.Agreement{Ref: "DSA-2041", Title: "Psoriasis “pathways” – étude 2", Basis: policy.Study, Organisation: "A trust", From: from, Until: from.AddDate(1, 0, 0),
			Subsets: []string{"dermatology"}, Years: []string{"0809"}, Terms: "One.\nTwo.", Proofs: []policy.Proof{{Kind: policy.Protocol, Ref: "v1", From: from}}}
		change(&a)
		var out []string
		for _, p := range registry.AgreementProblems(a) {
			out = append(out, p.At)
		}
		return out
	}
	for ref, want := range map[string]bool{"DSA-2041": true, "NIC-1.2/3_b": true, "1": true, "DSA-2041.": false, "DSA-2041/": false, "A//B": false, "A/../B": false, "A--B": false, "-A": false, "": false, " A": false, "A\n": false,
		"DSA\u20112041": false, "\u0410-1": false, strings.Repeat("A", 40): true, strings.Repeat("A", 41): false} {
		if got := problems(func(a *registry.Agreement) { a.Ref = ref }); slices.Contains(got, "ref") == want || want && len(got) > 0 {
			t.Errorf("%q: %v", ref, got)
		}
	}
	for _, bad := range []string{"a\nb", "a\tb", "a\x1b[31mb", "a\u202eb", "a\u200bb", "a\u2028b", "a\u0085b", "a\x00b", "a\xffb", "a\rb"} {
		for at, change := range map[string]func(*registry.Agreement){
			"title": func(a *registry.Agreement) { a.Title = bad }, "organisation": func(a *registry.Agreement) { a.Organisation = bad },
			"proof.protocol": func(a *registry.Agreement) { a.Proofs[0].Ref = bad }, "terms": func(a *registry.Agreement) { a.Terms = bad },
		} {
			if got := problems(change); slices.Contains(got, at) == (at == "terms" && strings.ContainsAny(bad, "\n\t")) {
				t.Errorf("%q as the %s: %v", bad, at, got)
			}
		}
		if len(registry.UserProblems(registry.User{Name: "ana", Display: bad, Role: policy.Planner})) == 0 {
			t.Errorf("%q is somebody's name", bad)
		}
		for _, m := range []registry.Member{{Registration: bad}, {Sponsor: bad}} {
			if len(registry.MemberProblems(m)) == 0 {
				t.Errorf("%q is on file of a place", bad)
			}
		}
	}
	if wrong := registry.MemberProblems(registry.Member{Registration: "C7654321", Sponsor: "Dr Zoë O’Hara"}); len(wrong) > 0 {
		t.Error(wrong)
	}
}
