package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
)

// Basis is the lawful use under which an agreement shows records. Source: the
// terms of the licence, which name these three.
type Basis string

// The bases.
const (
	Study    Basis = "study"    // 1: a particular study with permission for HES
	Approved Basis = "approved" // 2: identifiable data, approved by a research ethics committee and the Confidentiality Advisory Group
	Clinical Basis = "clinical" // 3: day-to-day clinical responsibility for the patients
)

// Bases returns the bases in the order of the licence.
func Bases() []Basis { return []Basis{Study, Approved, Clinical} }

// Label returns the basis in words.
func (b Basis) Label() string {
	switch b {
	case Study:
		return "A particular study with permission for HES"
	case Approved:
		return "Approved processing of identifiable data"
	case Clinical:
		return "Day-to-day clinical responsibility"
	}
	return "None"
}

// Role returns what a person is under an agreement of the basis.
func (b Basis) Role() Role {
	switch b {
	case Study, Approved:
		return Researcher
	case Clinical:
		return Clinician
	}
	return ""
}

// ProofKind says what a proof is of.
type ProofKind string

// The kinds of proof.
const (
	Toolkit  ProofKind = "dspt"     // the organisation's Data Security and Protection Toolkit status
	Protocol ProofKind = "protocol" // the study's protocol
	Ethics   ProofKind = "rec"      // the research ethics committee's opinion
	Advisory ProofKind = "cag"      // the Confidentiality Advisory Group's review; ends with its review date
	OptOut   ProofKind = "opt-out"  // the national data opt-out has been applied to the data
)

// Label returns what the proof is of, in words that follow "no".
func (k ProofKind) Label() string {
	switch k {
	case Toolkit:
		return "Data Security and Protection Toolkit status"
	case Protocol:
		return "study protocol"
	case Ethics:
		return "research ethics committee reference"
	case Advisory:
		return "Confidentiality Advisory Group reference"
	case OptOut:
		return "word that the national data opt-out was applied"
	}
	return "proof"
}

// Needs returns the proofs that an agreement of the basis must have on file.
func (b Basis) Needs() []ProofKind {
	switch b {
	case Study:
		return []ProofKind{Toolkit, Protocol}
	case Approved:
		return []ProofKind{Toolkit, Protocol, Ethics, Advisory, OptOut}
	case Clinical:
		return []ProofKind{Toolkit}
	}
	return nil
}

// Proof is a dated piece of evidence.
type Proof struct {
	Kind  ProofKind
	Ref   string    // number or version, "24/NW/0123"
	From  time.Time // dated
	Until time.Time // in force before this; zero: as long as the agreement
}

// How long what a person has shown lasts.
const (
	TrainingLasts = 365 * 24 * time.Hour // yearly
	AttestedLasts = 90 * 24 * time.Hour  // a clinician says again that the responsibility goes on
)

// Membership is a person's place on an agreement.
type Membership struct {
	Named        bool
	From, Until  time.Time // Until zero: as long as the agreement
	Trained      time.Time // last training in data security
	Registration string    // Clinical: number in the professional register
	Sponsor      string    // Clinical: who vouches for the person at the trust
	Attested     time.Time // Clinical: when the person last said that the responsibility goes on
}

// Evidence is what an Access is made from: who asks, and the agreement under
// which they do.
type Evidence struct {
	Account string // account name
	Role    Role
	Small   Rule // for small numbers, of the site; the zero Rule: the first of Rules
	// The agreement; needed by Researcher and Clinician, empty for the others.
	Agreement   string    // reference, "DSA-2041"
	Title       string    // "Psoriasis pathways study"
	Basis       Basis     // gives the role
	From, Until time.Time // in force from From (inclusive) to Until (exclusive)
	Revoked     bool      // taken back before its end
	Proofs      []Proof
	Member      Membership
	Subsets     []string    // data sets that it covers, by the names of subsets
	Years       []string    // FYEAR values that it covers
	Fields      []string    // fields beyond the public and ordinary ones that it lists
	Exports     []Export    // files that the agreement lets people ask for
	Provider    string      // Clinician: PROCODE3 of the employing trust
	Specialties []string    // Clinician: specialties of the team, as main or treatment specialty
	Consultants []string    // Clinician: consultant codes of the team; with them, the specialties are not asked
	LookBack    int         // Clinician: months before the release's last admission in which the team must have treated a patient; 0: any
	Whole       bool        // Clinician: the patients' episodes at other providers too
	Exceptions  bool        // Clinician: one patient of the provider outside the team may be opened for a reason
	Excepted    []Exception // Clinician: those that are open, or were
	Overdue     bool        // Clinician: an exception was not reviewed in time
}

// rule is the rule for small numbers.
func (e Evidence) rule() Rule {
	if e.Small == (Rule{}) {
		return Rules()[0]
	}
	return e.Small
}

// end is a day on which something that the access stands on ends.
type end struct {
	at   time.Time
	what string
}

// Confirmation is what ends when a clinician has not renewed it.
const Confirmation = "your confirmation of responsibility for the patients"

const askLead = "Ask the information governance lead."

// lack is something that the evidence must hold and does not.
type lack struct {
	short string // "study protocol"
	say   string // to the person
	place bool   // of the person's place on the agreement, not of the agreement
}

// lacks is everything that the evidence must hold and does not at a moment, of
// the agreement first, and everything that ends.
func (e Evidence) lacks(now time.Time) ([]lack, []end) {
	var out []lack
	miss := func(bad, place bool, short, format string, args ...any) {
		if bad {
			out = append(out, lack{short, fmt.Sprintf(format, args...), place})
		}
	}
	miss(e.Agreement == "" || e.Until.IsZero(), false, "agreement", "This account is named on no agreement, so it can see no records.")
	miss(e.Basis.Role() != e.Role, false, "basis", "Agreement %s has no basis under which a %s sees records.", e.Agreement, strings.ToLower(e.Role.Label()))
	miss(e.Revoked, false, "revoked", "Agreement %s has been revoked.", e.Agreement)
	miss(now.Before(e.From), false, "not yet in force", "Agreement %s is not yet in force.", e.Agreement)
	miss(len(e.Years) == 0, false, "financial years", "Agreement %s lists no financial years.", e.Agreement)
	miss(len(e.Subsets) == 0, false, "data set", "Agreement %s lists no data set.", e.Agreement)
	ends := []end{{e.Until, "agreement " + e.Agreement}}
	for _, kind := range e.Basis.Needs() {
		i := slices.IndexFunc(e.Proofs, func(p Proof) bool { return p.Kind == kind })
		if i < 0 || e.Proofs[i].Ref == "" || e.Proofs[i].From.IsZero() || now.Before(e.Proofs[i].From) {
			miss(true, false, kind.Label(), "Agreement %s has no %s on file.", e.Agreement, kind.Label())
		} else if p := e.Proofs[i]; !p.Until.IsZero() {
			ends = append(ends, end{p.Until, "the " + kind.Label() + " of agreement " + e.Agreement})
		}
	}
	clinical := e.Basis == Clinical
	miss(clinical && (e.Provider == "" || len(e.Specialties)+len(e.Consultants) == 0), false, "provider and team", "Agreement %s names no provider and team, so no patients are yours.", e.Agreement)
	m := e.Member
	if !m.Named || now.Before(m.From) {
		miss(true, true, "place on the agreement", "You are not named on agreement %s.", e.Agreement)
		return out, ends
	}
	if !m.Until.IsZero() {
		ends = append(ends, end{m.Until, "your place on agreement " + e.Agreement})
	}
	miss(m.Trained.IsZero() || now.Before(m.Trained), true, "training in data security", "No training in data security is on file for you under agreement %s.", e.Agreement)
	if !m.Trained.IsZero() {
		ends = append(ends, end{m.Trained.Add(TrainingLasts), "your training in data security"})
	}
	miss(clinical && m.Registration == "", true, "professional registration", "Your professional registration is not on file under agreement %s.", e.Agreement)
	miss(clinical && m.Sponsor == "", true, "sponsor at the trust", "Nobody at the trust vouches for you under agreement %s.", e.Agreement)
	miss(clinical && (m.Attested.IsZero() || now.Before(m.Attested)), true, "confirmation of responsibility", "You have not yet confirmed your responsibility for the patients under agreement %s.", e.Agreement)
	if clinical && !m.Attested.IsZero() {
		ends = append(ends, end{m.Attested.Add(AttestedLasts), Confirmation})
	}
	return out, ends
}

// first is what ends first.
func first(ends []end) end {
	return slices.MinFunc(ends, func(a, b end) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.what, b.what)) })
}

// stands checks that everything that the evidence must hold is there and in
// force, and returns what ends first. The error is of kind Denied.
func (e Evidence) stands(now time.Time) (end, error) {
	lacks, ends := e.lacks(now)
	if len(lacks) > 0 {
		return end{}, fault.New(fault.Denied, "%s %s", lacks[0].say, askLead)
	}
	first := first(ends)
	if !now.Before(first.at) {
		return end{}, fault.New(fault.Denied, "%s has ended. %s", strings.ToUpper(first.what[:1])+first.what[1:], askLead)
	}
	return first, nil
}

// Standing is how evidence stands at a moment, for those who keep it.
type Standing struct {
	Agreement []string // what the agreement lacks, "study protocol"; what has ended with it
	Member    []string // what the person's place on it lacks
	Ends      time.Time
	What      string // what ends first then
}

// Standing tells how the evidence stands. It opens nothing.
func (e Evidence) Standing(now time.Time) Standing {
	var out Standing
	lacks, ends := e.lacks(now)
	for _, l := range lacks {
		if l.place {
			out.Member = append(out.Member, l.short)
		} else {
			out.Agreement = append(out.Agreement, l.short)
		}
	}
	for _, x := range ends {
		if now.Before(x.at) {
			continue
		}
		if own, ok := strings.CutPrefix(x.what, "your "); ok {
			out.Member = append(out.Member, own+" (ended)")
		} else if x.what != "agreement "+e.Agreement {
			out.Agreement = append(out.Agreement, strings.TrimSuffix(strings.TrimPrefix(x.what, "the "), " of agreement "+e.Agreement)+" (ended)")
		}
	}
	x := first(ends)
	out.Ends, out.What = x.at, x.what
	return out
}
