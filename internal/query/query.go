// Package query says what a question is: plain data, without SQL and without
// people.
//
// A Query names fields of the dictionary and holds values as canonical text
// (see hes.Type). It is built by a page from its URL, checked against the
// dictionary by Validate, narrowed to a person's rights by package policy and
// answered by an engine. The hard meanings are said here once, for all engines:
//
//   - A missing value meets no condition but Missing, and In with the empty
//     value. Not is the plain complement, so Not(In(SEX, 1)) keeps the episodes
//     whose SEX is not recorded.
//   - A condition on a family of slots (DIAG_nn) holds when any slot meets it.
//   - Text is compared byte by byte, numbers by size, dates by day.
//   - Missing values sort last, in both directions. Equal rows keep the order
//     of the release (newest admission first), so every order is total.
//   - Patients are distinct person keys; episodes without one count as episodes
//     only. Spells are distinct numbers of provider spells, likewise.
package query

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Unit is what one line of an answer stands for.
type Unit uint8

// The units.
const (
	Episodes Unit = iota
	Patients
	Spells
)

// String returns the unit's name for people.
func (u Unit) String() string { return [...]string{"episodes", "patients", "spells"}[u] }

// ByEpisodes sorts patients and spells by their number of matching episodes. It is
// the only Sort field that is not in the dictionary and is not for Episodes.
const ByEpisodes = "EPISODES"

// Query is one question.
type Query struct {
	Unit    Unit
	Where   Expr     // nil: every row
	Sort    []Sort   // empty: the order of the release. Patients and Spells: empty (latest admission first) or ByEpisodes
	Limit   int      // rows of a page; 0: no rows wanted
	Columns []string // fields of each row, in order
	Raw     bool     // beside each value the text that was delivered, where the load changed it, and where the row was read
	Counts  bool     // exact totals of episodes, spells and patients wanted
	Misses  bool     // of each top-level condition of Where: how many episodes there would be without it
	Facets  []Facet
	Tables  [][]Group // tables: episodes and patients by the groups of each
}

// Sort is one key of an order.
type Sort struct {
	Field string
	Desc  bool
}

// Facet asks how many episodes have each value of a field.
type Facet struct {
	Field   string
	Chars   int      // count by the first Chars bytes of the value: 3 for ICD-10 categories, 7 for months; 0: whole values
	Under   []string // only values that start with one of these; empty: all
	Bundles []Bundle // count by these in place of values: a value counts for the first that it starts with
	Limit   int      // at most this many values, the commonest first; 0: all of them, in order of value
	Also    []string // values to be counted even if they are not among those, for ticked boxes
	Leave   []string // leave out the top-level conditions on these fields; empty: those on Field itself
	Where   Expr     // count only the episodes that meet this too; nil: all
}

// Bundle gathers the values that start with one of some texts: a chapter of codes.
type Bundle struct {
	Name   string
	Starts []string
}

// Of returns the value that a facet counts a value of its field as; ok is false
// for one that it does not count.
func (f Facet) Of(value string) (counted string, ok bool) {
	starts := func(with []string) bool {
		return slices.ContainsFunc(with, func(s string) bool { return strings.HasPrefix(value, s) })
	}
	if len(f.Under) > 0 && !starts(f.Under) {
		return "", false
	}
	if len(f.Bundles) == 0 {
		return Head(value, f.Chars), true
	}
	i := slices.IndexFunc(f.Bundles, func(b Bundle) bool { return starts(b.Starts) })
	if i < 0 {
		return "", false
	}
	return f.Bundles[i].Name, true
}

// Group is one dimension of a table.
type Group struct {
	Field string // not a list
	Chars int    // as in Facet
	Free  bool   // leave out the top-level conditions on Field, and on the other free groups of the table
}

// Free returns the fields of a table whose conditions it leaves out.
func Free(table []Group) []string {
	var out []string
	for _, g := range table {
		if g.Free {
			out = append(out, g.Field)
		}
	}
	return out
}

// Limits of one question, each with its reason.
const (
	MaxLimit   = 200  // a page that a person reads
	MaxColumns = 480  // the whole dictionary on the record page
	MaxSort    = 4    // more keys than anyone can follow
	MaxFacets  = 40   // the side panel has about fifteen
	MaxTables  = 12   // the charts of one page
	MaxGroups  = 3    // a table of more dimensions cannot be read
	MaxNodes   = 200  // conditions in a filter
	MaxDepth   = 8    // of groups in groups
	MaxValues  = 2000 // of one condition; a pasted code list
)

// Validate checks the question against the dictionary. The error is of kind
// Invalid and names the field, never a value.
func (q Query) Validate(d *hes.Dictionary) error {
	switch {
	case q.Unit > Spells:
		return fault.New(fault.Invalid, "There is no such unit of counting.")
	case q.Limit < 0 || q.Limit > MaxLimit:
		return fault.New(fault.Invalid, "A page holds 1 to %d rows.", MaxLimit)
	case len(q.Columns) > MaxColumns:
		return fault.New(fault.Invalid, "A page shows at most %d columns.", MaxColumns)
	case len(q.Sort) > MaxSort:
		return fault.New(fault.Invalid, "Rows are sorted by at most %d columns.", MaxSort)
	case len(q.Facets) > MaxFacets:
		return fault.New(fault.Invalid, "At most %d facets are counted at once.", MaxFacets)
	case len(q.Tables) > MaxTables:
		return fault.New(fault.Invalid, "At most %d tables are counted at once.", MaxTables)
	}
	for i, name := range q.Columns {
		if _, err := known(d, name); err != nil {
			return err
		}
		if slices.Contains(q.Columns[:i], name) {
			return fault.New(fault.Invalid, "The column %s is asked for twice.", name)
		}
	}
	for _, s := range q.Sort {
		if q.Unit != Episodes {
			if s.Field != ByEpisodes || len(q.Sort) > 1 {
				return fault.New(fault.Invalid, "Patients and spells are sorted by latest admission or by number of episodes.")
			}
			continue
		}
		if f, err := known(d, s.Field); err != nil {
			return err
		} else if f.List() {
			return fault.New(fault.Invalid, "Rows cannot be sorted by all of %s; choose one of its positions.", f.Name)
		}
	}
	for _, f := range q.Facets {
		field, err := known(d, f.Field)
		if err != nil {
			return err
		}
		if err := chars(field, f.Chars); err != nil {
			return err
		}
		if f.Limit < 0 || len(f.Also) > MaxValues || len(f.Under) > MaxValues {
			return fault.New(fault.Invalid, "The facet %s asks for too much.", f.Field)
		}
		if len(f.Bundles) > MaxValues || len(f.Bundles) > 0 && f.Chars > 0 || slices.ContainsFunc(f.Bundles, func(b Bundle) bool { return b.Name == "" }) {
			return fault.New(fault.Invalid, "The facet %s cannot be counted in these bundles.", f.Field)
		}
		if err := validate(d, f.Where, false); err != nil {
			return err
		}
		if len(f.Under)+len(f.Bundles) > 0 && field.Type != hes.Code && field.Type != hes.Key {
			return fault.New(fault.Invalid, "%s has no codes to count by their beginning.", f.Field)
		}
		for _, name := range f.Leave {
			if _, err := known(d, name); err != nil {
				return err
			}
		}
	}
	for _, t := range q.Tables {
		if len(t) == 0 || len(t) > MaxGroups {
			return fault.New(fault.Invalid, "A table has 1 to %d dimensions.", MaxGroups)
		}
		for _, g := range t {
			field, err := known(d, g.Field)
			if err != nil {
				return err
			}
			if field.List() {
				return fault.New(fault.Invalid, "A table cannot be broken down by all of %s; choose one of its positions.", field.Name)
			}
			if err := chars(field, g.Chars); err != nil {
				return err
			}
		}
	}
	return validate(d, q.Where, false)
}

// Parts returns the top-level conditions of Where, which Misses goes by.
func (q Query) Parts() []Expr {
	switch e := q.Where.(type) {
	case nil:
		return nil
	case And:
		return e
	default:
		return []Expr{e}
	}
}

func chars(f hes.Field, n int) error {
	if n < 0 || n > 0 && f.Type != hes.Code && f.Type != hes.Date {
		return fault.New(fault.Invalid, "%s cannot be counted by its first characters.", f.Name)
	}
	return nil
}

func known(d *hes.Dictionary, name string) (hes.Field, error) {
	f, ok := d.Field(name)
	if !ok || f.Name != name {
		return hes.Field{}, fault.New(fault.Invalid, "There is no field of that name in the data dictionary.")
	}
	return f, nil
}

var (
	dateText    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	decimalText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,17}[1-9])?$`)
)

// CheckValue tells whether a text is a canonical value of a field. The error
// names the field and the form wanted, never the value.
func CheckValue(f hes.Field, v string) error {
	ok, form := true, ""
	switch f.Type {
	case hes.Date:
		ok, form = dateText.MatchString(v), "a date such as 2008-04-01"
	case hes.Int:
		n, err := strconv.ParseInt(v, 10, 32)
		ok, form = err == nil && strconv.FormatInt(n, 10) == v, "a whole number"
	case hes.Decimal:
		ok, form = decimalText.MatchString(v) && v != "-0", "a decimal number"
	default:
		ok, form = v != "" && len(v) <= 200 && !strings.ContainsAny(v, "\x00\n\r"), "a code of at most 200 characters"
	}
	if !ok {
		return fault.New(fault.Invalid, "%s takes %s.", f.Name, form)
	}
	return nil
}

// Compare orders two canonical, recorded values of a type: negative when a
// comes before b.
func Compare(t hes.Type, a, b string) int {
	switch t {
	case hes.Int:
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		return int(min(1, max(-1, x-y)))
	case hes.Decimal:
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
	}
	return strings.Compare(a, b) // ISO dates compare as text
}

// Head returns the first n bytes of a value; all of it when n is 0.
func Head(v string, n int) string {
	if n == 0 || len(v) <= n {
		return v
	}
	return v[:n]
}

// Whole is String and what is shown beside the counts, for the access record: the
// columns of each row, and the fields whose values are counted.
func (q Query) Whole() string {
	var values []string
	for _, f := range q.Facets {
		name := f.Field
		if f.Chars > 0 {
			name += fmt.Sprintf(" (first %d)", f.Chars)
		}
		if f.Where != nil {
			name += " where " + f.Where.String()
		}
		if !slices.Contains(values, name) {
			values = append(values, name)
		}
	}
	out := q.String()
	if q.Limit > 0 && len(q.Columns) > 0 && !q.Raw { // Raw is for one row, with all that there is
		out += ", showing " + strings.Join(q.Columns, ", ")
	}
	if len(values) > 0 {
		out += ", with the values of " + strings.Join(values, ", ")
	}
	if q.Misses {
		out += ", without each condition in turn"
	}
	return out
}

// String describes the question in words and with the field names of the
// dictionary. Cursors are bound to it.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString(q.Unit.String())
	if q.Where != nil {
		b.WriteString(" where " + q.Where.String())
	}
	for n, t := range q.Tables {
		b.WriteString([]string{" counted by ", " and by "}[min(n, 1)])
		for i, g := range t {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(g.Field)
			if g.Chars > 0 {
				fmt.Fprintf(&b, " (first %d)", g.Chars)
			}
			if g.Free {
				b.WriteString(" (all of it)")
			}
		}
	}
	for i, s := range q.Sort {
		b.WriteString([]string{" sorted by ", ", "}[min(i, 1)] + s.Field)
		if s.Desc {
			b.WriteString(" downwards")
		}
	}
	return b.String()
}
