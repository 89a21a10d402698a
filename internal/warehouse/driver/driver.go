// Package driver is for the authors of engines: what an engine must do.
//
// Pages never see this package. They put a query.Query to warehouse.Warehouse,
// which checks it, narrows it to the person's rights, and hands the engine a
// Plan; the engine answers with raw counts and values, which the warehouse
// protects and records before it lets them out. An engine knows nothing of
// people, purposes or small numbers.
//
// All engines mean the same: package query says what conditions mean, package
// memory is the readable specification, and package drivertest holds the suite
// that each engine must pass.
package driver

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// RowID is a row's place in its release, from 0. A release is immutable and
// its rows are in one fixed order (see Compare), so a RowID names an episode for
// as long as the release lives, and also says where a page ended.
type RowID uint32

// PersonID numbers the distinct person keys of a release, from 0.
type PersonID uint32

// NoPerson is the PersonID of an episode without a person key.
const NoPerson = ^PersonID(0)

// NoRow stands for "no row".
const NoRow = ^RowID(0)

// Engine answers questions about one release. All methods are safe for
// concurrent use until Close, which the caller calls once, when no Ask is under
// way. Errors are returned raw; a cancelled context gives its error.
type Engine interface {
	// Info describes the release.
	Info() Info
	// Ask answers a plan. The parts that the plan does not ask for stay empty.
	Ask(ctx context.Context, p Plan) (*Answer, error)
	// List calls visit with all rows of the plan's unit in the order asked for,
	// as pages of Ask would give them one after another, at most Limit at a time
	// and never none. visit may keep the rows, not the slice. List stops at its
	// first error and returns it. Counts, facets, tables and the marks of a page
	// are left aside.
	List(ctx context.Context, p Plan, visit func([]Row) error) error
	Close() error
}

// Leaf is a List for engines that have no better way: page after page.
func Leaf(ctx context.Context, e Engine, p Plan, visit func([]Row) error) error {
	p.Query = query.Query{Unit: p.Unit, Where: p.Where, Sort: p.Sort, Columns: p.Columns, Raw: p.Raw, Limit: max(p.Limit, 1)}
	p.After, p.Before = NoRow, NoRow
	for {
		a, err := e.Ask(ctx, p)
		if err == nil && len(a.Rows) > 0 {
			err = visit(a.Rows)
		}
		if err != nil || !a.More {
			return err
		}
		p.After = a.Rows[len(a.Rows)-1].ID
	}
}

// Info describes what an engine holds.
type Info struct {
	Rows    int      // episodes
	Persons int      // distinct person keys
	Columns []string // fields held, in the order of the dictionary; of a family the family's name ("DIAG_nn")
}

// Plan is a question that has been checked and narrowed. Fields that are in
// the dictionary but not among Info.Columns are missing in every row.
type Plan struct {
	query.Query
	Guard  query.Expr // the person's row rule, ANDed with Where everywhere; nil: every row
	After  RowID      // only the page that follows this row in the order asked for; NoRow: the first page
	Before RowID      // only the page that ends before this row; NoRow: not asked for. At most one of the two is given
	Row    RowID      // only this row, if Guard and Where let it through; NoRow: all
	People []PersonID // only these persons' rows; nil: everyone's
}

// NewPlan returns a plan for a query over all rows: no guard, first page.
func NewPlan(q query.Query) Plan {
	return Plan{Query: q, After: NoRow, Before: NoRow, Row: NoRow}
}

// Answer is what an engine found. Counts are exact.
//
// For the units Patients and Spells a Row stands for a person or a spell: it is
// the first matching row in the order of the release (the latest admission), with
// the number and the span of the matching rows of that person or spell beside it.
type Answer struct {
	Rows     []Row          // the page, at most Limit, in the order asked for
	Offset   int            // how many rows (of the unit) come before the page
	More     bool           // rows follow the page
	Episodes int            // if Counts
	Patients int            // if Counts: distinct persons
	Spells   int            // if Counts: distinct values of PROVIDER_SPELL
	Misses   []int          // if Misses: for each of Plan.Parts the episodes that meet all the others
	Facets   []FacetCounts  // one for each of Plan.Facets, in order
	Tables   [][]GroupCount // one for each of Plan.Tables: its cells that are not zero, sorted by Keys, missing last
}

// Row is one line of a page.
type Row struct {
	ID     RowID
	Person PersonID // NoPerson if the episode has no person key
	Values []string // as Plan.Columns; missing is "". A family gives its slots joined by commas, gaps empty, no trailing commas
	Raw    []string // if Plan.Raw, as Values: the text as delivered where the load changed it, else "". A family gives "" (ask for its slots)
	Origin string   // if Plan.Raw: "file:line" that the row was read from; "" if the release does not hold it
	// For Patients and Spells only: over the matching rows of the person or spell.
	Episodes    int
	First, Last string // admission dates; "" if none is recorded
}

// FacetCounts is the answer to a query.Facet: how many episodes have each value.
// For a family an episode counts once for each distinct value that it has.
type FacetCounts struct {
	// Values hold no zero, except for values of Also. With a Limit: by
	// count, the highest first, then by value; the values of Also that the
	// limit cut off follow in order of value. Without: by value (query.Compare).
	Values   []ValueCount
	Missing  int // episodes in which the field is not recorded
	Distinct int // distinct values found that Under lets through, before any limit
}

// ValueCount is one value, shortened as Chars says, and its episodes.
type ValueCount struct {
	Value string
	Count int
}

// GroupCount is one cell of a table.
type GroupCount struct {
	Keys     []string // as the table's groups; "" is missing
	Episodes int
	Patients int // distinct persons in the cell
}

// order is what OrderKeys returns.
var order = [...]string{hes.AdmissionDate, hes.EpisodeKey, hes.YearField, "PROCODE3"}

// OrderKeys returns the fields by which the rows of a release are ordered, the
// most telling first.
func OrderKeys() []string { return slices.Clone(order[:]) }

// Compare orders two rows of a release by the values of OrderKeys: the newest
// admission first and missing admissions last, then the other keys upwards with
// missing last. Rows that are equal in all of them are ordered by the bytes of
// their whole content, which the caller adds, so that the order of the input
// files never shows.
func Compare(a, b []string) int {
	if c := missingLast(a[0], b[0]); c != 0 || a[0] != b[0] {
		return cmp.Or(c, strings.Compare(b[0], a[0]))
	}
	for i := 1; i < len(order); i++ {
		if c := missingLast(a[i], b[i]); c != 0 || a[i] != b[i] {
			return cmp.Or(c, strings.Compare(a[i], b[i]))
		}
	}
	return 0
}

func missingLast(a, b string) int {
	switch {
	case a == "" && b != "":
		return 1
	case a != "" && b == "":
		return -1
	}
	return 0
}

// Scanner is an engine that can hand out all of its rows, for files made on the
// command line. It is optional.
type Scanner interface {
	// Scan calls visit for each row that meets Where, one after another. The
	// slices are used again for the next row. It stops at visit's first error
	// and returns it.
	Scan(ctx context.Context, s Scan, visit func(ScanRow) error) error
}

// Scan says what is handed out.
type Scan struct {
	Where   query.Expr // nil: every row
	Columns []string   // fields, families slot by slot
	Raw     []string   // fields whose delivered text is wanted; a value that the load did not change is given as it is
	People  bool       // the rows of one person together, newest first, persons by number; those without one at the end. Else in release order
}

// Scannable checks what the dictionary found for a field's name in a Scan: the
// field must be known, and a family is handed out slot by slot.
func Scannable(f hes.Field, known bool) error {
	switch {
	case !known:
		return fault.New(fault.Invalid, "There is no field of that name in the data dictionary.")
	case f.List():
		return fault.New(fault.Invalid, "All of %s cannot be handed out as one column; name its positions one by one.", f.Name)
	}
	return nil
}

// ScanRow is one row of a Scan.
type ScanRow struct {
	ID     RowID
	Person PersonID
	Values []string // as Columns; missing is ""
	Raw    []string // as Raw
	Origin string   // as in Row
}

// Record is one cleaned episode on its way into a release: field name to
// canonical value, missing fields absent. Slots stand under their own names.
// Where the load changed a value, the text as delivered may stand under
// RawKey("DIAG_01"): present and empty if the load filled the value in. Where
// the row was read ("file:line") may stand under OriginKey.
type Record map[string]string

// OriginKey is the name under which a Record says where it was read.
const OriginKey = "ORIGIN"

// RawKey is the name under which a Record holds a field's text as delivered.
func RawKey(field string) string { return "RAW:" + field }

// CompareMissingLast orders two values of a type, with the missing one last.
func CompareMissingLast(t hes.Type, a, b string) int {
	if c := missingLast(a, b); c != 0 || a == "" {
		return c
	}
	return query.Compare(t, a, b)
}

// Held names the columns of a release as Info does: each field once, a family
// by its own name when any of its slots is there.
func Held(columns []hes.Field) []string {
	var out []string
	for _, f := range columns {
		name := cmp.Or(f.Family, f.Name)
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Span returns the first and the last admission date of a release; "" if none
// is recorded.
func Span(ctx context.Context, e Engine) (first, last string, err error) {
	a, err := e.Ask(ctx, NewPlan(query.Query{Facets: []query.Facet{{Field: hes.AdmissionDate}}}))
	if err != nil || len(a.Facets[0].Values) == 0 {
		return "", "", err
	}
	v := a.Facets[0].Values
	return v[0].Value, v[len(v)-1].Value, nil
}
