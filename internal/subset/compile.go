package subset

import (
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Test is a condition prepared for the rows of a load. It is immutable and safe
// for concurrent use, and means what package query says.
type Test struct{ holds node }

// node evaluates a part of a condition on a row.
type node func(code func(column int) uint32) bool

// Row tells whether a row meets the condition. code gives the row's code in a
// column: 0 for a missing value, else one more than the index of the value in
// what dict gave for the column. Row allocates nothing and compares no text.
func (t *Test) Row(code func(column int) uint32) bool { return t.holds(code) }

// Compile prepares a condition; nil holds for every row. columns are the columns
// of the load, families slot by slot; dict gives the distinct recorded values of
// a column in the order of their codes and is asked only for columns that the
// condition mentions. A field that is not among the columns is missing in every
// row, so derived fields must be among them to be found.
//
// The error is of kind Internal: a condition that was read or validated has none.
func Compile(e query.Expr, columns []hes.Field, dict func(column int) []string) (*Test, error) {
	if e == nil {
		return &Test{holds: always(true)}, nil
	}
	holds, err := compiler{columns, dict}.compile(e)
	if err != nil {
		return nil, err
	}
	return &Test{holds}, nil
}

type compiler struct {
	columns []hes.Field
	dict    func(column int) []string
}

func always(answer bool) node { return func(func(int) uint32) bool { return answer } }

func (c compiler) compile(e query.Expr) (node, error) {
	switch e := e.(type) {
	case query.And:
		parts, err := c.all(e)
		return func(code func(int) uint32) bool {
			for _, holds := range parts {
				if !holds(code) {
					return false
				}
			}
			return true
		}, err
	case query.Or:
		parts, err := c.all(e)
		return func(code func(int) uint32) bool {
			for _, holds := range parts {
				if holds(code) {
					return true
				}
			}
			return false
		}, err
	case query.Not:
		holds, err := c.compile(e.Of)
		return func(code func(int) uint32) bool { return !holds(code) }, err
	case query.In:
		wanted := make(map[string]bool, len(e.Values))
		for _, v := range e.Values {
			wanted[v] = true
		}
		return c.leaf(e.Field, wanted[""], func(_ hes.Type, v string) bool { return wanted[v] }), nil
	case query.Prefix:
		begins := beginning(e.Prefixes)
		return c.leaf(e.Field, false, func(_ hes.Type, v string) bool { return begins(v) }), nil
	case query.Range:
		return c.leaf(e.Field, false, func(t hes.Type, v string) bool {
			return (e.From == "" || query.Compare(t, v, e.From) >= 0) && (e.To == "" || query.Compare(t, v, e.To) <= 0)
		}), nil
	case query.Missing:
		return c.leaf(e.Field, true, func(hes.Type, string) bool { return false }), nil
	case query.Never:
		return always(false), nil
	}
	return nil, fault.New(fault.Internal, "a condition of a subset is not understood: %T", e)
}

func (c compiler) all(parts []query.Expr) ([]node, error) {
	out := make([]node, len(parts))
	for i, part := range parts {
		holds, err := c.compile(part)
		if err != nil {
			return nil, err
		}
		out[i] = holds
	}
	return out, nil
}

// leaf prepares a condition on a field: for each of its columns a table that
// says of each code whether its value is wanted.
func (c compiler) leaf(field string, missing bool, wanted func(hes.Type, string) bool) node {
	var at []int
	var tables [][]bool
	for i, f := range c.columns {
		if !f.Among(field) {
			continue
		}
		values := c.dict(i)
		table := make([]bool, len(values)+1)
		for j, v := range values {
			table[j+1] = wanted(f.Type, v)
		}
		at, tables = append(at, i), append(tables, table)
	}
	switch len(at) {
	case 0:
		return always(missing)
	case 1:
		column, table := at[0], tables[0]
		table[0] = missing
		return func(code func(int) uint32) bool { return table[code(column)] }
	}
	// A family is missing only when every slot is, so a slot's code 0 is never
	// wanted by itself.
	return func(code func(int) uint32) bool {
		recorded := false
		for i, column := range at {
			n := code(column)
			if tables[i][n] {
				return true
			}
			recorded = recorded || n != 0
		}
		return missing && !recorded
	}
}

// beginning returns a test of whether a value starts with one of some prefixes.
// A key has as many values as there are rows, and a pasted code list is long, so
// each value looks at one prefix only.
func beginning(prefixes []string) func(value string) bool {
	sorted := slices.Sorted(slices.Values(prefixes))
	// What starts with a prefix is covered by it. In order it follows that
	// prefix, with nothing but covered ones between.
	var least []string
	for _, p := range sorted {
		if len(least) == 0 || !strings.HasPrefix(p, least[len(least)-1]) {
			least = append(least, p)
		}
	}
	return func(v string) bool {
		// The prefix of a value sorts at or before it; a prefix between the two
		// would start with the first one and was left out.
		i, found := slices.BinarySearch(least, v)
		return found || i > 0 && strings.HasPrefix(v, least[i-1])
	}
}
