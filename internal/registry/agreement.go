package registry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// Agreement is the basis on which people see records, with its evidence.
type Agreement struct {
	Ref          string // "DSA-2041"
	Title        string // "Psoriasis pathways study"
	Basis        policy.Basis
	Organisation string
	From, Until  time.Time // in force from From (inclusive) to Until (exclusive)
	Subsets      []string  // data sets that it covers, by the names of subsets: "dermatology"
	Years        []string  // FYEAR values that it covers
	Fields       []string  // fields beyond the ordinary ones that it lists
	Exports      []string  // files that may be asked for: "tables", "records"
	Proofs       []policy.Proof
	Provider     string   // clinical teams only: PROCODE3
	Specialties  []string // clinical teams only
	Consultants  []string // clinical teams only; with them, the specialties are not asked
	LookBack     int      // clinical teams only: months; 0: any
	Whole        bool     // clinical teams only: the patients' episodes at other providers too
	Terms        string   // conditions of its own, beside the standing ones
	Revision     int      // of the terms, from 1
	Revoked      time.Time
	RevokedWhy   string
}

// standingTerms is the version of the terms that everybody accepts (see package
// web/view); it goes up when their words change.
const standingTerms = 1

// TermsVersion names the terms that a person accepts with the agreement.
func (a Agreement) TermsVersion() string { return fmt.Sprintf("%d.%d", standingTerms, a.Revision) }

// Member is a person's place on an agreement.
type Member struct {
	Agreement    string // Ref
	UserID       int64
	From, Until  time.Time // Until zero: as long as the agreement
	Trained      time.Time
	Registration string
	Sponsor      string
	Attested     time.Time
}

// Agreements keeps agreements and who is named on them.
type Agreements interface {
	AddAgreement(ctx context.Context, a Agreement) error
	// AmendAgreement replaces what an agreement says, its evidence included. New
	// terms get the next revision, so that people are asked for them again.
	AmendAgreement(ctx context.Context, a Agreement) error
	RevokeAgreement(ctx context.Context, ref, why string, at time.Time) error
	Agreement(ctx context.Context, ref string) (Agreement, error)
	Agreements(ctx context.Context) ([]Agreement, error)
	PutMember(ctx context.Context, m Member) error // new, or in place of what was there
	RemoveMember(ctx context.Context, ref string, user int64) error
	Member(ctx context.Context, ref string, user int64) (Member, error)
	MembersOf(ctx context.Context, ref string) ([]Member, error)
	Memberships(ctx context.Context, user int64) ([]Member, error)
}

var (
	refText  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$`)
	yearText = regexp.MustCompile(`^[0-9]{4}$`)
	codeText = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)
)

// CheckAgreement says what is wrong with an agreement as it is written down, in
// words for an administrator. What is missing of its evidence is no fault here:
// it opens nothing until it is there.
func CheckAgreement(a Agreement) error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	switch {
	case !refText.MatchString(a.Ref):
		return bad("A reference has up to 40 letters, digits, dots, dashes or slashes, such as DSA-2041.")
	case strings.TrimSpace(a.Title) == "" || len(a.Title) > 200:
		return bad("Give the study or team as a title, at most 200 characters.")
	case a.Basis.Role() == "":
		return bad("Choose the basis: study, approved or clinical.")
	case a.From.IsZero() || !a.From.Before(a.Until):
		return bad("The agreement must begin before it ends.")
	case len(a.Years) == 0:
		return bad("List the financial years that the agreement covers, such as 0809.")
	case len(a.Subsets) == 0:
		return bad("List the data sets that the agreement covers, such as dermatology.")
	case a.LookBack < 0 || a.LookBack > 1200:
		return bad("The look-back is a number of months from 0, for any time, to 1200.")
	case len(a.Terms) > 4000 || len(a.Organisation) > 200:
		return bad("The terms take at most 4,000 characters, the organisation 200.")
	}
	for _, y := range a.Years {
		if !yearText.MatchString(y) {
			return bad("A financial year is written as FYEAR has it: 0809 for 2008/09.")
		}
	}
	for _, list := range [...][]string{a.Subsets, a.Specialties, a.Consultants} {
		if slices.ContainsFunc(list, func(c string) bool { return !codeText.MatchString(c) }) {
			return bad("Data sets, specialties and consultants are written as short codes of letters and digits.")
		}
	}
	clinical := a.Provider != "" || len(a.Specialties)+len(a.Consultants) > 0 || a.LookBack != 0 || a.Whole
	switch {
	case a.Basis == policy.Clinical && (!codeText.MatchString(a.Provider) || len(a.Specialties)+len(a.Consultants) == 0):
		return bad("A clinical agreement names the trust (PROCODE3) and the team, by consultant codes or specialties.")
	case a.Basis != policy.Clinical && clinical:
		return bad("Provider, team, look-back and whole history belong to clinical agreements only.")
	case a.Basis != policy.Study && a.Basis != policy.Approved && len(a.Exports) > 0:
		return bad("A clinical agreement allows no files.")
	}
	for _, x := range a.Exports {
		if x != "tables" && x != "records" {
			return bad("Files are of tables or of records.")
		}
	}
	for _, p := range a.Proofs {
		switch {
		case !slices.Contains(policy.Approved.Needs(), p.Kind):
			return bad("There is no such kind of evidence.")
		case strings.TrimSpace(p.Ref) == "" || len(p.Ref) > 100 || p.From.IsZero():
			return bad("Evidence needs its reference, at most 100 characters, and its date.")
		case !p.Until.IsZero() && !p.From.Before(p.Until):
			return bad("Evidence must begin before it ends.")
		}
	}
	return nil
}

// Evidence returns what an Access is made from: an account and, for those who see
// records, the agreement that they chose and their place on it, if they have one.
func Evidence(u User, a Agreement, m *Member) policy.Evidence {
	e := policy.Evidence{Account: u.Name, Role: u.Role}
	if a.Ref == "" {
		return e
	}
	e.Role, e.Basis = a.Basis.Role(), a.Basis
	if !u.SeesRecords() { // whoever sees no records sees none by an agreement either
		e.Role = u.Role
	}
	e.Agreement, e.Title, e.From, e.Until, e.Revoked = a.Ref, a.Title, a.From, a.Until, !a.Revoked.IsZero()
	e.Proofs, e.Subsets, e.Years, e.Fields = a.Proofs, a.Subsets, a.Years, a.Fields
	e.Provider, e.Specialties, e.Consultants, e.LookBack, e.Whole = a.Provider, a.Specialties, a.Consultants, a.LookBack, a.Whole
	if m != nil {
		e.Member = policy.Membership{Named: true, From: m.From, Until: m.Until, Trained: m.Trained, Registration: m.Registration, Sponsor: m.Sponsor, Attested: m.Attested}
	}
	return e
}
