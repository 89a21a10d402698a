package registry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	Exceptions   bool     // clinical teams only: one patient outside the team may be opened for a reason, for a short time
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
	// AmendAgreement replaces what an agreement says, its evidence included, by what
	// it is to say. was is what it said when whoever changes it read it: if it says
	// something else by then, the error is of kind Conflict and nothing is changed.
	// New terms get the next revision, so that people are asked for them again.
	AmendAgreement(ctx context.Context, was, is Agreement) error
	RevokeAgreement(ctx context.Context, ref, why string, at time.Time) error
	Agreement(ctx context.Context, ref string) (Agreement, error)
	Agreements(ctx context.Context) ([]Agreement, error)
	PutMember(ctx context.Context, m Member) error // new, or in place of what was there
	// Attest keeps when a person confirmed the responsibility for the patients, and
	// changes nothing else of the place; NotFound if the person has none any more.
	Attest(ctx context.Context, ref string, user int64, at time.Time) error
	RemoveMember(ctx context.Context, ref string, user int64) error
	Member(ctx context.Context, ref string, user int64) (Member, error)
	MembersOf(ctx context.Context, ref string) ([]Member, error)
	Memberships(ctx context.Context, user int64) ([]Member, error)
}

var (
	refText  = regexp.MustCompile(`^[A-Za-z0-9]+([./_-][A-Za-z0-9]+)*$`)
	yearText = regexp.MustCompile(`^[0-9]{4}$`)
	codeText = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)
)

// Problem is what is wrong with something as it is written down, in words for an
// administrator, and in which part of it.
type Problem struct{ At, Say string }

// CheckAgreement returns the first of what is wrong with an agreement.
func CheckAgreement(a Agreement) error {
	if wrong := AgreementProblems(a); len(wrong) > 0 {
		return fault.New(fault.Invalid, "%s", wrong[0].Say)
	}
	return nil
}

// AgreementProblems says what is wrong with an agreement as it is written down.
// What is missing of its evidence is no fault here: it opens nothing until it is
// there.
func AgreementProblems(a Agreement) []Problem {
	var out []Problem
	check := func(bad bool, at, say string) {
		if bad && !slices.ContainsFunc(out, func(p Problem) bool { return p.At == at }) {
			out = append(out, Problem{at, say})
		}
	}
	odd := func(codes []string) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return !codeText.MatchString(c) })
	}
	const short = "Data sets, specialties and consultants are written as short codes of letters and digits."
	clinical := a.Basis == policy.Clinical
	check(len(a.Ref) > 40 || !refText.MatchString(a.Ref), "ref", "A reference has up to 40 letters and digits, with single dots, dashes or slashes between them, such as DSA-2041.")
	check(!oneLine(a.Title), "title", signs)
	check(!oneLine(a.Organisation), "organisation", signs)
	check(!legible(a.Terms), "terms", signs)
	check(strings.TrimSpace(a.Title) == "" || len(a.Title) > 200, "title", "Give the study or team as a title, at most 200 characters.")
	check(a.Basis.Role() == "", "basis", "Choose the basis: study, approved or clinical.")
	check(len(a.Organisation) > 200, "organisation", "The name of the organisation takes at most 200 characters.")
	check(a.From.IsZero(), "from", "Say when the agreement begins.")
	check(a.Until.IsZero(), "until", "Say when the agreement ends.")
	check(!a.From.Before(a.Until), "until", "The agreement must begin before it ends.")
	check(len(a.Years) == 0, "years", "List the financial years that the agreement covers, such as 0809.")
	check(slices.ContainsFunc(a.Years, func(y string) bool { return !isYear(y) }), "years", "A financial year is written as FYEAR has it: 0809 for 2008/09.")
	check(len(a.Subsets) == 0, "subsets", "List the data sets that the agreement covers, such as dermatology.")
	check(odd(a.Subsets), "subsets", short)
	check(clinical && !codeText.MatchString(a.Provider), "provider", "A clinical agreement names the trust (PROCODE3) and the team, by consultant codes or specialties.")
	check(clinical && len(a.Specialties)+len(a.Consultants) == 0, "specialties", "A clinical agreement names the team, by specialties or consultant codes.")
	check(odd(a.Specialties), "specialties", short)
	check(odd(a.Consultants), "consultants", short)
	check(a.LookBack < 0 || a.LookBack > 1200, "lookback", "The look-back is a number of months from 0, for any time, to 1200.")
	const only = "Provider, team, look-back, whole history and exceptions belong to clinical agreements only."
	check(!clinical && a.Provider != "", "provider", only)
	check(!clinical && len(a.Specialties) > 0, "specialties", only)
	check(!clinical && len(a.Consultants) > 0, "consultants", only)
	check(!clinical && a.LookBack != 0, "lookback", only)
	check(!clinical && a.Whole, "whole", only)
	check(!clinical && a.Exceptions, "exceptions", only)
	check(clinical && len(a.Exports) > 0, "exports", "A clinical agreement allows no files.")
	check(slices.ContainsFunc(a.Exports, func(x string) bool { return x != "tables" && x != "records" }), "exports", "Files are of tables or of records.")
	check(len(a.Terms) > 4000, "terms", "The terms take at most 4,000 characters.")
	for _, p := range a.Proofs {
		at := "proof." + string(p.Kind)
		check(!oneLine(p.Ref), at, signs)
		check(!slices.Contains(policy.Approved.Needs(), p.Kind), at, "There is no such kind of evidence.")
		check(strings.TrimSpace(p.Ref) == "" || len(p.Ref) > 100 || p.From.IsZero(), at, "Evidence needs its reference, at most 100 characters, and its date.")
		check(!p.Until.IsZero() && !p.From.Before(p.Until), at, "Evidence must begin before it ends.")
	}
	return out
}

// isYear tells whether a text is a financial year: two years, one after the other.
func isYear(text string) bool {
	if !yearText.MatchString(text) {
		return false
	}
	n, err := strconv.Atoi(text)
	return err == nil && (n/100+1)%100 == n%100
}

// signs is said of a text that is not legible.
const signs = "Use letters, digits and punctuation only: a sign that cannot be seen, or that turns the text round, is not taken."

// oneLine tells whether a text is legible and of one line, so that it cannot pass
// for something else in a list or in the access record.
func oneLine(text string) bool { return legible(text) && !strings.ContainsAny(text, "\n\t") }

// legible tells whether all of a text can be seen, but for spaces and ends of lines.
func legible(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) })
}

// MemberProblems says what is wrong with what is on file of a place.
func MemberProblems(m Member) []Problem {
	var out []Problem
	switch {
	case !m.Until.IsZero() && !m.From.Before(m.Until):
		out = append(out, Problem{"until", "The place on the agreement must begin before it ends."})
	case len(m.Registration) > 100 || len(m.Sponsor) > 200:
		out = append(out, Problem{"registration", "The registration takes at most 100 characters, the sponsor 200."})
	case !oneLine(m.Registration):
		out = append(out, Problem{"registration", signs})
	case !oneLine(m.Sponsor):
		out = append(out, Problem{"sponsor", signs})
	}
	return out
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
	for _, kind := range a.Exports {
		e.Exports = append(e.Exports, policy.Export(kind))
	}
	e.Provider, e.Specialties, e.Consultants, e.LookBack, e.Whole, e.Exceptions = a.Provider, a.Specialties, a.Consultants, a.LookBack, a.Whole, a.Exceptions
	if m != nil {
		e.Member = policy.Membership{Named: true, From: m.From, Until: m.Until, Trained: m.Trained, Registration: m.Registration, Sponsor: m.Sponsor, Attested: m.Attested}
	}
	return e
}
