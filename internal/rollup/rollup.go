// Package rollup makes one line of many episodes: a patient's, by section O of
// the cleansing rules, and a provider spell's, by rule S4. Files and screens show
// the same line because both ask here.
//
// A caller has rows: texts in the order of the columns that it read. It says once
// in which cell each field lies, and hands over the rows of one patient or one
// spell. The package knows nothing of rights or of where rows come from; a field
// that the caller does not hold, or may not show, is one that no row has.
package rollup

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Cell tells in which cell of a row a field lies; -1 if rows do not have it.
type Cell func(field string) int

// at returns a cell of a row.
func at(row []string, cell int) string {
	if cell < 0 {
		return ""
	}
	return row[cell]
}

// Order is the order of the episodes within a stay (rule S1): EPISTART, EPIEND,
// EPIORDER, TRANSIT, EPIKEY; what is not recorded comes first.
type Order struct{ start, end, order, transit, key int }

// NewOrder finds the cells that the order goes by.
func NewOrder(cell Cell) Order {
	return Order{start: cell("EPISTART"), end: cell("EPIEND"), order: cell("EPIORDER"), transit: cell("TRANSIT"), key: cell(hes.EpisodeKey)}
}

// Compare orders two rows. Rows that are equal in all keys are ordered by their
// content, so that the order in which they were read never shows.
func (o Order) Compare(a, b []string) int {
	for _, cell := range [...]int{o.start, o.end} {
		if c := strings.Compare(at(a, cell), at(b, cell)); c != 0 {
			return c
		}
	}
	return cmp.Or(CompareNumbers(at(a, o.order), at(b, o.order)),
		strings.Compare(at(a, o.transit), at(b, o.transit)),
		strings.Compare(at(a, o.key), at(b, o.key)),
		slices.Compare(a, b))
}

// CompareNumbers orders whole numbers by size; what is not recorded comes first.
func CompareNumbers(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return query.Compare(hes.Int, a, b)
}

// Pick says from which episode of a spell a field is taken (rule S4).
type Pick uint8

// The ways to pick.
const (
	First     Pick = iota
	Last           // the discharge
	LatestEnd      // the episode whose EPIEND is the maximum
	Total          // the sum over all
)

// PickOf returns how a field of a spell is picked: the admission and everything
// that is not named here come from the first episode.
func PickOf(field string) Pick {
	switch field {
	case "DISDATE", "DISDEST", "DISMETH":
		return Last
	case "EPIEND":
		return LatestEnd
	case "BED_DAYS":
		return Total
	}
	return First
}

// Spell is the episodes of one provider spell.
type Spell struct {
	rows   [][]string
	latest []string
}

// Spell puts the rows of a spell into order. There is at least one; the slice is
// kept and its order changed.
func (o Order) Spell(rows [][]string) Spell {
	slices.SortFunc(rows, o.Compare)
	return Spell{rows, slices.MaxFunc(rows, func(a, b []string) int { return strings.Compare(at(a, o.end), at(b, o.end)) })}
}

// Value returns a field of the spell; cell is where the rows have it.
func (s Spell) Value(p Pick, cell int) string {
	switch p {
	case Last:
		return at(s.rows[len(s.rows)-1], cell)
	case LatestEnd:
		return at(s.latest, cell)
	case Total:
		return sum(s.rows, cell)
	}
	return at(s.rows[0], cell)
}

// Len returns how many episodes the spell has.
func (s Spell) Len() int { return len(s.rows) }

// First returns the row of the first episode.
func (s Spell) First() []string { return s.rows[0] }

// sum adds whole numbers; "" if none is recorded.
func sum(rows [][]string, cell int) string {
	total, some := 0, false
	for _, r := range rows {
		if n, err := strconv.Atoi(at(r, cell)); err == nil {
			total, some = total+n, true
		}
	}
	if !some {
		return ""
	}
	return strconv.Itoa(total)
}
