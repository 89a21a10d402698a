package store

import (
	"context"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// A patient's page asks for the rows of one person, and a page of patients for
// those of fifty. Going through the whole release for them would take as long at
// any size as the release is large, so their rows are looked at one by one.

// under returns the rows that meet a condition, of those to which a plan is
// restricted.
func (s *Store) under(ctx context.Context, p driver.Plan, e query.Expr) (bitmap, error) {
	if p.Row == driver.NoRow && p.People == nil {
		return s.match(ctx, e)
	}
	out := s.empty()
	holds, err := s.test(ctx, e)
	if err != nil {
		return nil, err
	}
	for i, row := range s.restricted(p) {
		if i%block == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if holds(int(row)) {
			out.set(int(row))
		}
	}
	return out, ctx.Err()
}

// restricted returns the rows of the plan's persons, or its single row.
func (s *Store) restricted(p driver.Plan) []uint32 {
	var out []uint32
	for _, who := range p.People {
		if int(who) < s.persons {
			out = append(out, s.list[s.starts[who]:s.starts[who+1]]...)
		}
	}
	if p.Row == driver.NoRow {
		return out
	}
	one := []uint32{uint32(p.Row)}
	if p.People == nil {
		return one
	}
	for _, row := range out {
		if row == one[0] {
			return one
		}
	}
	return nil
}

// test compiles a condition to a test of single rows. It means what match means.
func (s *Store) test(ctx context.Context, e query.Expr) (func(row int) bool, error) {
	switch e := e.(type) {
	case nil:
		return func(int) bool { return true }, nil
	case query.And:
		tests, err := s.tests(ctx, e)
		return func(row int) bool {
			for _, holds := range tests {
				if !holds(row) {
					return false
				}
			}
			return true
		}, err
	case query.Or:
		tests, err := s.tests(ctx, e)
		return func(row int) bool {
			for _, holds := range tests {
				if holds(row) {
					return true
				}
			}
			return false
		}, err
	case query.Not:
		holds, err := s.test(ctx, e.Of)
		return func(row int) bool { return !holds(row) }, err
	case query.Whose:
		who, err := s.whose(ctx, e)
		return func(row int) bool { p := int(s.personOf(driver.RowID(row))); return p < s.persons && who.has(p) }, err
	}
	l, ok := leafOf(e)
	if !ok {
		return func(int) bool { return false }, nil
	}
	return s.testLeaf(l), nil
}

func (s *Store) tests(ctx context.Context, parts []query.Expr) ([]func(int) bool, error) {
	out := make([]func(int) bool, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = s.test(ctx, p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// testLeaf is leaf for single rows.
func (s *Store) testLeaf(l leaf) func(row int) bool {
	f, _ := s.dict.Field(l.field)
	c, at := s.accessor(l.field)
	if f.List() {
		c = s.family(f)
	}
	if c == nil {
		return func(int) bool { return l.missing }
	}
	spans := l.spans(c)
	wanted := func(code uint32) bool {
		for _, sp := range spans {
			if code >= sp.from && code <= sp.to {
				return true
			}
		}
		return false
	}
	if !f.List() {
		return func(row int) bool {
			code := at(row)
			return code == 0 && l.missing || code != 0 && wanted(code)
		}
	}
	return func(row int) bool {
		from, to := c.slots(row, f)
		for i := from; i < to; i++ {
			if code := c.codes.at(int(i)); code != 0 && wanted(code) {
				return true
			}
		}
		return l.missing && from == to
	}
}
