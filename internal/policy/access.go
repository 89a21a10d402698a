// Package policy says who may ask which question, and what may leave.
//
// An Access is what one signed-in person may do now, under one purpose. It is
// opaque: only New makes one, from evidence that it checks, and its zero value
// denies everything. No value allows everything. Narrow turns a question into
// the part of it that the access covers: it refuses fields and units that are
// not covered (it never drops them silently) and gives the row rule, the Guard,
// that the engine ANDs with the question everywhere, facets included.
//
// Protect turns a raw number into a Count, which carries only what may be
// published.
//
// Handover makes the other kind of Access, for whoever owns the machine: it
// opens no page at all and hands out named columns of one release to a file.
package policy

import (
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Role is what a person does here. It decides which rules apply.
type Role string

// The roles.
const (
	Researcher  Role = "researcher"   // a named member of a study with an agreement: episodes and patients
	Clinician   Role = "clinician"    // responsible for the patients: one line per patient, their own team's only
	Planner     Role = "planner"      // fixed protected tables only
	DataManager Role = "data-manager" // loads and reports; no rows
	Governance  Role = "ig-lead"      // agreements, people, the access record; no rows
	Auditor     Role = "auditor"      // reads what the ig-lead reads; no rows
)

// Label returns the role's name for people.
func (r Role) Label() string {
	switch r {
	case Researcher:
		return "Study team"
	case Clinician:
		return "Clinical team"
	case Planner:
		return "Planner"
	case DataManager:
		return "Data manager"
	case Governance:
		return "Information governance lead"
	case Auditor:
		return "Auditor"
	case Owner:
		return "Data owner"
	}
	return "Nobody"
}

// SeesLoads tells whether load reports may be shown to the role.
func (r Role) SeesLoads() bool { return r == DataManager || r == Governance || r == Auditor }

// Roles returns all roles, in the order in which they are explained.
func Roles() []Role {
	return []Role{Researcher, Clinician, Planner, DataManager, Governance, Auditor}
}

// Access is what a person may ask now. The zero Access denies everything. It
// is immutable and safe for concurrent use.
type Access struct {
	role       Role // "" denies
	account    string
	agreement  string
	title      string
	basis      Basis
	until      time.Time // exclusive; zero: no agreement, for roles that see no rows
	ends       string    // what ends then
	years      query.In
	team       *team    // Clinician
	subsets    []string // data sets that the agreement covers
	fields     map[string]bool
	counts     Rule
	exports    []Export
	inFiles    Rule        // of counts that leave the site
	exceptions bool        // Clinician: the agreement allows them
	overdue    bool        // one was not reviewed in time
	excepted   []Exception // patients that are open, or were
	release    string      // Owner: the one release that is handed out
}

// New checks evidence and makes an Access. The error is of kind Denied and
// says which evidence is missing and whom to ask.
func New(e Evidence, now time.Time) (Access, error) {
	if e.Account == "" {
		return Access{}, fault.New(fault.SignIn, "Sign in first.")
	}
	a := Access{role: e.Role, account: e.Account, counts: e.rule(), inFiles: e.rule()}
	switch e.Role {
	case Planner, DataManager, Governance, Auditor:
		if e.Agreement != "" {
			return Access{}, fault.New(fault.Denied, "A %s has no data sharing agreement; ask the information governance lead.", strings.ToLower(e.Role.Label()))
		}
		return a, nil
	case Researcher, Clinician:
	default:
		return Access{}, fault.New(fault.Denied, "This account has no role. Ask the information governance lead.")
	}
	first, err := e.stands(now)
	if err != nil {
		return Access{}, err
	}
	a.agreement, a.title, a.basis, a.until, a.ends, a.counts = e.Agreement, e.Title, e.Basis, first.at, first.what, Rule{exact: true}
	a.fields = make(map[string]bool, len(e.Fields))
	for _, f := range e.Fields {
		a.fields[f] = true
	}
	a.exports = slices.Clone(e.Exports)
	a.subsets, a.years = slices.Clone(e.Subsets), query.In{Field: hes.YearField, Values: slices.Clone(e.Years)}
	if e.Role == Clinician {
		a.team = &team{provider: e.Provider, consultants: slices.Clone(e.Consultants), specialties: slices.Clone(e.Specialties), months: e.LookBack, whole: e.Whole}
		a.exceptions, a.overdue = e.Exceptions, e.Overdue
		if e.Exceptions {
			a.excepted = slices.Clone(e.Excepted)
		}
	}
	return a, nil
}

// Role returns the role; "" for the zero Access.
func (a Access) Role() Role { return a.role }

// Account returns the account name; "" for the zero Access.
func (a Access) Account() string { return a.account }

// Purpose names the agreement: reference and title; "" for roles without one.
func (a Access) Purpose() string { return strings.TrimSpace(a.agreement + " " + a.title) }

// Agreement returns the agreement's reference and title.
func (a Access) Agreement() (ref, title string) { return a.agreement, a.title }

// Ends returns when the access ends and what ends then; ok is false for roles
// without an agreement.
func (a Access) Ends() (at time.Time, what string, ok bool) { return a.until, a.ends, a.SeesRows() }

// EndsByConfirmation tells whether what ends first is the person's own
// confirmation of responsibility, which only the person can renew.
func (a Access) EndsByConfirmation() bool { return a.ends == Confirmation }

// SeesRows tells whether any record may be shown under the access.
func (a Access) SeesRows() bool { return a.role == Researcher || a.role == Clinician }

// SeesEpisodes tells whether lists of episodes may be shown, not only one line
// per patient.
func (a Access) SeesEpisodes() bool { return a.role == Researcher }

// Oversees tells whether agreements, accounts and exceptions may be seen.
func (a Access) Oversees() bool { return a.role == Governance || a.role == Auditor }

// Leads tells whether they may be changed.
func (a Access) Leads() bool { return a.role == Governance }

// SeesTables tells whether the fixed protected tables may be shown.
func (a Access) SeesTables() bool { return a.role == Planner }

// SeesLoads tells whether load reports may be shown.
func (a Access) SeesLoads() bool { return a.role.SeesLoads() }

// Covers tells whether a field may be used and shown under the access. The
// person key never is: pages show a keyed pseudonym instead. What identifies a
// person directly needs the second basis, the others by what the agreement lists.
// What is worked out from other episodes of the person tells of those: it is for
// whoever may see all that the release holds of the person.
func (a Access) Covers(f hes.Field, over Over) bool {
	if !a.SeesRows() || f.Name == hes.PersonField || f.AliasOf == hes.PersonField {
		return false
	}
	if f.OfOthers() && !a.whole(over) {
		return false
	}
	if f.Class == hes.Public || f.Class == hes.Ordinary {
		return true
	}
	if f.Class == hes.Prohibited && a.basis != Approved {
		return false
	}
	return f.Class != 0 && (a.fields[f.Name] || f.Family != "" && a.fields[f.Family])
}

// Scope is the part of a question that is not in query.Query.
type Scope struct {
	OnePerson  bool   // only the rows of one person, reached from a line that the person was shown
	OneEpisode bool   // only one row, likewise
	Patient    string // with these: the id by which the person was asked for, who may be an exception
	Number     string // only who has this number at the own provider
	Beyond     bool   // with Number: of the team or not, as an exception
}

// Narrow checks a question over a release against the access at a moment and returns the
// guard to be ANDed with it. A question that goes beyond the access is refused
// whole, with an error of kind Denied.
func (a Access) Narrow(q query.Query, s Scope, over Over, d *hes.Dictionary, now time.Time) (query.Expr, error) {
	if a.role == "" {
		return query.Never{}, fault.New(fault.SignIn, "Sign in first.")
	}
	if a.role == Planner {
		if slices.ContainsFunc(FixedTables(), func(t FixedTable) bool { return t.is(q) }) && s == (Scope{}) {
			return nil, nil
		}
		return query.Never{}, fault.New(fault.Denied, "This account sees the fixed tables only, not records or tables of its own choice.")
	}
	if a.role == Owner {
		return query.Never{}, fault.New(fault.Denied, "This access hands out a file on the command line and answers no other question.")
	}
	if !a.SeesRows() {
		return query.Never{}, fault.New(fault.Denied, "This account does not see records. Ask the information governance lead if you need to.")
	}
	if !now.Before(a.until) {
		return query.Never{}, fault.New(fault.Denied, "%s has ended. %s", strings.ToUpper(a.ends[:1])+a.ends[1:], askLead)
	}
	if !slices.Contains(a.subsets, over.Subset) {
		return query.Never{}, fault.New(fault.Denied, "Agreement %s does not cover the data set that is served (%s). %s", a.agreement, over.Subset, askLead)
	}
	if a.role == Clinician && q.Unit != query.Patients && q.Limit > 0 && !s.OnePerson && !s.OneEpisode {
		return query.Never{}, fault.New(fault.Denied, "Clinical teams see one line per patient. Open a patient to see the episodes.")
	}
	if s.Number != "" {
		return a.numbered(q, s, over)
	}
	for _, name := range mentioned(q) {
		f, ok := d.Field(name)
		if !ok {
			return query.Never{}, fault.New(fault.Invalid, "There is no field of that name in the data dictionary.")
		}
		if !a.Covers(f, over) {
			return query.Never{}, fault.New(fault.Denied, "The field %s is not covered by agreement %s. Ask the information governance lead.", f.Name, a.agreement)
		}
	}
	if (s.OnePerson || s.OneEpisode) && a.excepts(s.Patient, now) {
		return a.beyond(), nil
	}
	return a.rule(over), nil
}

// mentioned returns every field that a question uses in any way.
func mentioned(q query.Query) []string {
	out := slices.Concat(query.Fields(q.Where), q.Columns)
	for _, s := range q.Sort {
		if s.Field != query.ByEpisodes {
			out = append(out, s.Field)
		}
	}
	for _, f := range q.Facets {
		out = slices.Concat(append(out, f.Field), f.Leave, query.Fields(f.Where))
	}
	for _, t := range q.Tables {
		for _, g := range t {
			out = append(out, g.Field)
		}
	}
	return out
}
