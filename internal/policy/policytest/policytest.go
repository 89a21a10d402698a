// Package policytest fills in what tests do not care about, so that each says
// only what it does.
package policytest

import (
	"time"

	"webenablehes/internal/policy"
)

// Agreement is the reference that Complete gives.
const Agreement = "DSA-1"

// Subset is the data set that Complete's agreements cover.
const Subset = "dermatology"

// Complete returns evidence for somebody who sees records, with everything that
// it lacks filled in so that it stands at a moment: an agreement from a month
// before to a month after, on the basis of the role.
func Complete(e policy.Evidence, at time.Time) policy.Evidence {
	if e.Basis == "" {
		e.Basis = policy.Study
		if e.Role == policy.Clinician {
			e.Basis = policy.Clinical
		}
	}
	if e.Agreement == "" {
		e.Agreement = Agreement
	}
	if e.From.IsZero() {
		e.From = at.AddDate(0, -1, 0)
	}
	if e.Until.IsZero() {
		e.Until = at.AddDate(0, 1, 0)
	}
	if e.Subsets == nil {
		e.Subsets = []string{Subset}
	}
	if e.Proofs == nil {
		e.Proofs = Proofs(e.Basis, at)
	}
	if !e.Member.Named {
		e.Member = Member(at)
	}
	return e
}

// Proofs returns every proof that a basis needs, dated a month before a moment.
func Proofs(b policy.Basis, at time.Time) []policy.Proof {
	var out []policy.Proof
	for _, kind := range b.Needs() {
		out = append(out, policy.Proof{Kind: kind, Ref: "of the test", From: at.AddDate(0, -1, 0)})
	}
	return out
}

// Member returns a place on an agreement that stands at a moment.
func Member(at time.Time) policy.Membership {
	was := at.AddDate(0, -1, 0)
	return policy.Membership{Named: true, From: was, Trained: was, Registration: "C0000001", Sponsor: "the sponsor", Attested: was}
}
