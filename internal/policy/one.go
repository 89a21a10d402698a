package policy

import (
	"slices"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
)

// NumberField is the number under which the hospital itself knows a patient. A
// clinical team whose agreement lists it finds patients by it; it is shown to
// nobody on that basis.
const NumberField = "LOPATID"

// Exception is one patient outside the team who is open for a short time.
type Exception struct {
	Patient string    // id that the door made for this person and purpose
	Until   time.Time // open before this
}

// ExceptionLasts is how long an exception opens a patient, and ReviewWithin how
// soon it is to be reviewed: after that no other is possible until it is.
const (
	ExceptionLasts = 15 * time.Minute
	ReviewWithin   = 24 * time.Hour
)

// FindsByNumber tells whether the agreement lists the hospital's own number, so
// that a patient of the team is found by it.
func (a Access) FindsByNumber() bool { return a.team != nil && a.fields[NumberField] }

// MayExcept tells why a patient outside the team cannot be opened; nil: one can.
func (a Access) MayExcept() error {
	switch {
	case !a.FindsByNumber() || !a.exceptions:
		return fault.New(fault.Denied, "Agreement %s allows no exceptions. %s", a.agreement, askLead)
	case a.overdue:
		return fault.New(fault.Denied, "An earlier exception of yours was not reviewed within 24 hours, so no other is possible until it is. %s", askLead)
	}
	return nil
}

// Allows tells whether the agreement allows exceptions at all.
func (a Access) Allows() bool { return a.FindsByNumber() && a.exceptions }

// Excepted returns the patients that are open as exceptions at a moment.
func (a Access) Excepted(now time.Time) []Exception {
	return slices.DeleteFunc(slices.Clone(a.excepted), func(x Exception) bool { return !now.Before(x.Until) })
}

// excepts tells whether a patient is open as an exception at a moment.
func (a Access) excepts(patient string, now time.Time) bool {
	return patient != "" && slices.ContainsFunc(a.Excepted(now), func(x Exception) bool { return x.Patient == patient })
}

// beyond is the row rule of an exception: the episodes at the own provider, in the
// years of the agreement, of a patient who need not be the team's. The door adds
// which one.
func (a Access) beyond() query.Expr {
	return query.And{a.years, query.In{Field: "PROCODE3", Values: []string{a.team.provider}}}
}

// spellings are how a number may stand in the data that is typed: as it is, without
// the spaces that it is read out with, and in capitals. Data keep it as delivered.
func spellings(number string) []string {
	closed := strings.Join(strings.Fields(number), "")
	out := []string{number, closed, strings.ToUpper(number), strings.ToUpper(closed)}
	slices.Sort(out)
	return slices.Compact(out)
}

// numbered is the guard of the question who has a number at the own provider. The
// number is in the guard and not in the question, which goes into the record.
func (a Access) numbered(q query.Query, s Scope, over Over) (query.Expr, error) {
	if q.Unit != query.Patients || q.Limit > 2 || q.Where != nil || len(q.Columns)+len(q.Sort)+len(q.Facets)+len(q.Tables) > 0 {
		return query.Never{}, fault.New(fault.Denied, "A number finds one patient and answers nothing else.")
	}
	rule := a.rule(over)
	switch {
	case !a.FindsByNumber():
		return query.Never{}, fault.New(fault.Denied, "Agreement %s does not list the local patient number. %s", a.agreement, askLead)
	case s.Beyond:
		if err := a.MayExcept(); err != nil {
			return query.Never{}, err
		}
		rule = a.beyond()
	}
	return query.And{rule, query.In{Field: "PROCODE3", Values: []string{a.team.provider}}, query.In{Field: NumberField, Values: spellings(s.Number)}}, nil
}
