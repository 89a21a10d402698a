package store

import (
	"context"
	"math/bits"
	"slices"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// bitmap has a bit for each row. Bits beyond the last row are zero.
type bitmap []uint64

func (b bitmap) has(row int) bool { return b[row>>6]>>(row&63)&1 == 1 }
func (b bitmap) set(row int)      { b[row>>6] |= 1 << (row & 63) }

func (b bitmap) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// each calls visit for every row of the bitmap in order until it returns false.
func (b bitmap) each(visit func(row int) bool) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			if !visit(i<<6 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

func (s *Store) empty() bitmap { return make(bitmap, (s.rows+63)/64) }

func (s *Store) full() bitmap {
	b := s.empty()
	for i := range b {
		b[i] = ^uint64(0)
	}
	if rest := s.rows & 63; rest != 0 {
		b[len(b)-1] = 1<<rest - 1
	}
	return b
}

func (b bitmap) invert(all bitmap) bitmap {
	for i := range b {
		b[i] = all[i] &^ b[i]
	}
	return b
}

// block is how many rows are looked at between two checks of the context.
const block = 1 << 16

// match compiles a condition to a bitmap. Nil means every row.
func (s *Store) match(ctx context.Context, e query.Expr) (bitmap, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case nil:
		return s.full(), nil
	case query.And:
		out := s.full()
		for _, part := range e {
			b, err := s.match(ctx, part)
			if err != nil {
				return nil, err
			}
			for i := range out {
				out[i] &= b[i]
			}
		}
		return out, nil
	case query.Or:
		out := s.empty()
		for _, part := range e {
			b, err := s.match(ctx, part)
			if err != nil {
				return nil, err
			}
			for i := range out {
				out[i] |= b[i]
			}
		}
		return out, nil
	case query.Not:
		b, err := s.match(ctx, e.Of)
		if err != nil {
			return nil, err
		}
		return b.invert(s.full()), nil
	case query.Whose:
		return s.matchWhose(ctx, e)
	}
	l, ok := leafOf(e)
	if !ok {
		return s.empty(), nil // query.Never
	}
	return s.matchLeaf(ctx, l)
}

// leaf is a condition on one field: it has a code in one of the spans, or none if
// missing.
type leaf struct {
	field   string
	spans   func(*column) []span
	missing bool
}

// leafOf returns a condition as a leaf; ok is false for those that are none.
func leafOf(e query.Expr) (l leaf, ok bool) {
	switch e := e.(type) {
	case query.In:
		return leaf{e.Field, func(c *column) (spans []span) {
			for _, v := range e.Values {
				if v != "" {
					spans = append(spans, c.exactly(v))
				}
			}
			return spans
		}, slices.Contains(e.Values, "")}, true
	case query.Prefix:
		return leaf{e.Field, func(c *column) (spans []span) {
			for _, p := range e.Prefixes {
				spans = append(spans, c.below(p))
			}
			return spans
		}, false}, true
	case query.Range:
		return leaf{e.Field, func(c *column) []span { return []span{c.between(e.From, e.To)} }, false}, true
	case query.Missing:
		return leaf{e.Field, func(*column) []span { return nil }, true}, true
	}
	return leaf{}, false
}

// matchLeaf finds the rows that meet a condition on one field.
func (s *Store) matchLeaf(ctx context.Context, l leaf) (bitmap, error) {
	name, spans, missing := l.field, l.spans, l.missing
	f, _ := s.dict.Field(name)
	c, at := s.accessor(name)
	if f.List() {
		if c = s.family(f); c == nil {
			at = nil
		}
	}
	if c == nil { // not held: missing in every row
		if missing {
			return s.full(), nil
		}
		return s.empty(), nil
	}
	out := s.empty()
	if f.List() {
		holds := s.testLeaf(l) // what the postings find may stand in the first slot
		for _, sp := range spans(c) {
			if sp.from > sp.to {
				continue
			}
			for _, row := range c.posts[c.starts[sp.from]:c.starts[sp.to+1]] {
				if f.First == 1 || holds(int(row)) {
					out.set(int(row))
				}
			}
		}
		if missing {
			for row := range s.rows {
				if row%block == 0 && ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if from, to := c.slots(row, f); from == to {
					out.set(row)
				}
			}
		}
		return out, nil
	}
	wanted := make([]bool, c.meta.Values+1)
	wanted[0] = missing
	for _, sp := range spans(c) {
		for code := sp.from; code <= sp.to; code++ {
			wanted[code] = true
		}
	}
	for row := range s.rows {
		if row%block == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if wanted[at(row)] {
			out.set(row)
		}
	}
	return out, nil
}

// distinct counts the persons of a bitmap's rows.
func (s *Store) distinct(b bitmap) int {
	if s.person == nil {
		return 0
	}
	return s.personsOf(b).count()
}

// spells counts the provider spells of a bitmap's rows.
func (s *Store) spells(b bitmap) int {
	of, n := s.keys(query.Spells)
	if n == 0 {
		return 0
	}
	seen := make(bitmap, (n+63)/64)
	b.each(func(row int) bool {
		if k := of(driver.RowID(row)); int(k) < n {
			seen.set(int(k))
		}
		return true
	})
	return seen.count()
}

// misses counts, for each top-level condition, the rows that meet all the others:
// what comes before it is ANDed from the left, what follows from the right.
func (s *Store) misses(ctx context.Context, p driver.Plan) ([]int, error) {
	parts := p.Parts()
	sets := make([]bitmap, len(parts)+1)
	for i, part := range parts {
		b, err := s.under(ctx, p, part)
		if err != nil {
			return nil, err
		}
		sets[i] = b
	}
	guard, err := s.under(ctx, p, p.Guard)
	if err != nil {
		return nil, err
	}
	sets[len(parts)] = guard
	right := make([]bitmap, len(parts)+1) // right[i]: all from i on
	right[len(parts)] = sets[len(parts)]
	for i := len(parts) - 1; i > 0; i-- {
		right[i] = make(bitmap, len(right[i+1]))
		for k, w := range right[i+1] {
			right[i][k] = w & sets[i][k]
		}
	}
	var out []int
	left := s.full()
	for i := range parts {
		n := 0
		for k, w := range left {
			n += bits.OnesCount64(w & right[i+1][k])
			left[k] = w & sets[i][k]
		}
		out = append(out, n)
	}
	return out, nil
}
