package policy

import (
	"slices"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Over is what a rule needs to know of the release that is asked.
type Over struct {
	Subset string   // its data set
	Last   string   // its last admission, as a date; "" if none is dated
	Years  []string // the financial years that it holds
}

// team is whose patients a clinician sees.
type team struct {
	provider    string
	consultants []string
	specialties []string
	months      int
	whole       bool
}

// patients is the condition on an episode that makes its patient one of the
// team's. last is the release's last admission.
func (t *team) patients(years query.Expr, last string) query.Expr {
	own := query.And{years, query.In{Field: "PROCODE3", Values: []string{t.provider}}}
	if len(t.consultants) > 0 {
		own = append(own, query.In{Field: "CONSULT", Values: t.consultants})
	} else {
		own = append(own, query.Or{query.In{Field: "MAINSPEF", Values: t.specialties}, query.In{Field: "TRETSPEF", Values: t.specialties}})
	}
	if t.months == 0 {
		return own
	}
	day, err := time.Parse(time.DateOnly, last)
	if err != nil { // no admission is dated, so none is within the look-back
		return query.Never{}
	}
	return append(own, query.Range{Field: hes.AdmissionDate, From: day.AddDate(0, -t.months, 0).Format(time.DateOnly)})
}

// whole tells whether the access covers every episode that a release holds of the
// persons whom it covers.
func (a Access) whole(over Over) bool {
	if len(over.Years) == 0 || slices.ContainsFunc(over.Years, func(y string) bool { return !slices.Contains(a.years.Values, y) }) {
		return false
	}
	return a.team == nil || a.team.whole && !a.exceptions // an exception never shows more than the own provider
}

// rule is the row rule over a release: the years of the agreement, and for a
// clinical team its patients' episodes, at its own provider unless the agreement
// says more.
func (a Access) rule(over Over) query.Expr {
	rows := query.And{a.years}
	if a.team == nil {
		return rows
	}
	if !a.team.whole {
		rows = append(rows, query.In{Field: "PROCODE3", Values: []string{a.team.provider}})
	}
	return append(rows, query.Whose{Of: a.team.patients(a.years, over.Last)})
}
