package policy

import (
	"cmp"
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
	// The agreement; needed by Researcher and Clinician, empty for the others.
	Agreement   string    // reference, "DSA-2041"
	Title       string    // "Psoriasis pathways study"
	Basis       Basis     // gives the role
	From, Until time.Time // in force from From (inclusive) to Until (exclusive)
	Revoked     bool      // taken back before its end
	Proofs      []Proof
	Member      Membership
	Subsets     []string // data sets that it covers, by the names of subsets
	Years       []string // FYEAR values that it covers
	Fields      []string // fields beyond the public and ordinary ones that it lists
	Provider    string   // Clinician: PROCODE3 of the employing trust
	Specialties []string // Clinician: specialties of the team, as main or treatment specialty
	Consultants []string // Clinician: consultant codes of the team; with them, the specialties are not asked
	LookBack    int      // Clinician: months before the release's last admission in which the team must have treated a patient; 0: any
	Whole       bool     // Clinician: the patients' episodes at other providers too
}

// end is a day on which something that the access stands on ends.
type end struct {
	at   time.Time
	what string
}

// confirmation is what a clinician renews.
const confirmation = "your confirmation of responsibility for the patients"

const askLead = "Ask the information governance lead."

// stands checks that everything that the evidence must hold is there and in
// force, and returns what ends first. The error is of kind Denied.
func (e Evidence) stands(now time.Time) (end, error) {
	denied := func(format string, args ...any) (end, error) {
		return end{}, fault.New(fault.Denied, format+" "+askLead, args...)
	}
	switch {
	case e.Agreement == "" || e.Until.IsZero():
		return denied("This account is named on no agreement, so it can see no records.")
	case e.Basis.Role() != e.Role:
		return denied("Agreement %s has no basis under which a %s sees records.", e.Agreement, strings.ToLower(e.Role.Label()))
	case e.Revoked:
		return denied("Agreement %s has been revoked.", e.Agreement)
	case now.Before(e.From):
		return denied("Agreement %s is not yet in force.", e.Agreement)
	case len(e.Years) == 0:
		return denied("Agreement %s lists no financial years.", e.Agreement)
	case len(e.Subsets) == 0:
		return denied("Agreement %s lists no data set.", e.Agreement)
	case !e.Member.Named || now.Before(e.Member.From):
		return denied("You are not named on agreement %s.", e.Agreement)
	case e.Member.Trained.IsZero() || now.Before(e.Member.Trained):
		return denied("No training in data security is on file for you under agreement %s.", e.Agreement)
	}
	ends := []end{{e.Until, "agreement " + e.Agreement}, {e.Member.Trained.Add(TrainingLasts), "your training in data security"}}
	if !e.Member.Until.IsZero() {
		ends = append(ends, end{e.Member.Until, "your place on agreement " + e.Agreement})
	}
	for _, kind := range e.Basis.Needs() {
		i := slices.IndexFunc(e.Proofs, func(p Proof) bool { return p.Kind == kind })
		if i < 0 || e.Proofs[i].Ref == "" || e.Proofs[i].From.IsZero() || now.Before(e.Proofs[i].From) {
			return denied("Agreement %s has no %s on file.", e.Agreement, kind.Label())
		}
		if p := e.Proofs[i]; !p.Until.IsZero() {
			ends = append(ends, end{p.Until, "the " + kind.Label() + " of agreement " + e.Agreement})
		}
	}
	if e.Basis == Clinical {
		switch {
		case e.Provider == "" || len(e.Specialties)+len(e.Consultants) == 0:
			return denied("Agreement %s names no provider and team, so no patients are yours.", e.Agreement)
		case e.Member.Registration == "":
			return denied("Your professional registration is not on file under agreement %s.", e.Agreement)
		case e.Member.Sponsor == "":
			return denied("Nobody at the trust vouches for you under agreement %s.", e.Agreement)
		case e.Member.Attested.IsZero() || now.Before(e.Member.Attested):
			return denied("You have not yet confirmed your responsibility for the patients under agreement %s.", e.Agreement)
		}
		ends = append(ends, end{e.Member.Attested.Add(AttestedLasts), confirmation})
	}
	first := slices.MinFunc(ends, func(a, b end) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.what, b.what)) })
	if !now.Before(first.at) {
		return denied("%s has ended.", strings.ToUpper(first.what[:1])+first.what[1:])
	}
	return first, nil
}
