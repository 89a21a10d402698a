package assemble

import (
	"cmp"
	"slices"

	"webenablehes/internal/bulk"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/staging"
)

// column is a scalar column of all rows in force: the entries of all sources one
// after another, and for each row its entry's place there counted from 1.
type column struct {
	entries []staging.Entry
	rows    []uint32
}

// scalar reads a column. A source that does not hold it has nothing recorded.
func (a *assembly) scalar(name string) (column, error) {
	out := column{rows: a.take(a.n)} // whoever asked may give them back
	for i, s := range a.sources {
		into := out.rows[a.starts[i]:a.starts[i+1]]
		c := s.Batch.Column(name)
		if c < 0 {
			clear(into)
			continue
		}
		entries, err := s.Batch.Entries(c)
		if err != nil {
			return out, err
		}
		base := uint32(len(out.entries))
		out.entries = append(out.entries, entries...)
		if a.live[i] == nil {
			if err := s.Batch.Scalar(c, into); err != nil {
				return out, err
			}
			if base > 0 {
				for k, e := range into {
					if e > 0 {
						into[k] = e + base
					}
				}
			}
			continue
		}
		all := make([]uint32, s.Batch.Rows())
		if err := s.Batch.Scalar(c, all); err != nil {
			return out, err
		}
		for k, row := range a.live[i] {
			e := all[row]
			if e > 0 {
				e += base
			}
			into[k] = e
		}
	}
	return out, nil
}

// ranked gives the distinct values of those entries that are used, in order, and
// for each entry (from 1) its value's place there counted from 1. used nil: all.
func ranked(t hes.Type, entries []staging.Entry, used []bool) (values []string, rank []uint32) {
	rank = make([]uint32, len(entries)+1)
	seen := map[string]bool{"": true}
	for i, e := range entries {
		if (used == nil || used[i+1]) && !seen[e.Clean] {
			seen[e.Clean] = true
			values = append(values, e.Clean)
		}
	}
	slices.SortFunc(values, func(x, y string) int { return cmp.Or(query.Compare(t, x, y), cmp.Compare(x, y)) })
	at := make(map[string]uint32, len(values))
	for i, v := range values {
		at[v] = uint32(i) + 1
	}
	for i, e := range entries {
		rank[i+1] = at[e.Clean] // 0 for "" and for what is not used
	}
	return values, rank
}

// list is a family of all rows in force: entries as in column; those of row i are
// rows[offsets[i]:offsets[i+1]], slot after slot from the first, 0 for a gap.
type list struct {
	slots   []hes.Field
	entries []staging.Entry
	offsets []uint32
	rows    []uint32
}

// family reads the slots of a family, by the name of the family.
func (a *assembly) family(name string) (list, error) {
	out := list{offsets: bulk.Make[uint32](a.n + 1)[:1]}
	for _, f := range a.columns {
		if f.Family == name {
			out.slots = append(out.slots, f)
		}
	}
	for i, s := range a.sources {
		columns := s.Batch.Columns()
		first := slices.IndexFunc(columns, func(f hes.Field) bool { return f.Family == name })
		live := a.starts[i+1] - a.starts[i]
		if first < 0 {
			for range live {
				out.offsets = append(out.offsets, uint32(len(out.rows)))
			}
			continue
		}
		entries, err := s.Batch.Entries(first)
		if err != nil {
			return out, err
		}
		got, err := s.Batch.List(first)
		if err != nil {
			return out, err
		}
		base := uint32(len(out.entries))
		out.entries = append(out.entries, entries...)
		slots, gaps := make([]int, len(got.Slots)), false // of each delivered slot its place
		for k, c := range got.Slots {
			slots[k] = columns[c].Slot - 1
			gaps = gaps || slots[k] != k
		}
		if a.live[i] == nil && len(out.rows) == 0 && !gaps {
			out.offsets, out.rows = append(out.offsets[:0], got.Offsets...), got.Entries
			continue
		}
		for k := range live {
			row := uint32(k)
			if a.live[i] != nil {
				row = a.live[i][k]
			}
			start := len(out.rows)
			for slot, e := range got.Entries[got.Offsets[row]:got.Offsets[row+1]] {
				if e == 0 {
					continue
				}
				for len(out.rows)-start < slots[slot] {
					out.rows = append(out.rows, 0)
				}
				out.rows = append(out.rows, e+base)
			}
			out.offsets = append(out.offsets, uint32(len(out.rows)))
		}
	}
	return out, nil
}

// key reads an identifier: its values in the order of their bytes, and for each
// row its value's place there counted from 1.
func (a *assembly) key(name string) (values staging.Text, rows []uint32, err error) {
	rows = bulk.Make[uint32](a.n)
	var texts []staging.Text
	var at []int
	for i, s := range a.sources {
		c := s.Batch.Column(name)
		if c < 0 {
			continue
		}
		t, codes, err := s.Batch.Key(c)
		if err != nil {
			return values, nil, err
		}
		if a.live[i] == nil {
			copy(rows[a.starts[i]:], codes)
		} else {
			for k, row := range a.live[i] {
				rows[a.starts[i]+k] = codes[row]
			}
		}
		texts, at = append(texts, t), append(at, i)
	}
	if len(texts) == 1 {
		return texts[0], rows, nil
	}
	var all staging.Text
	for _, t := range texts {
		for i := range t.Len() {
			all.Append(t.At(i))
		}
	}
	values, places := all.Sort()
	base := uint32(0)
	for k, i := range at {
		for r, code := range rows[a.starts[i]:a.starts[i+1]] {
			if code > 0 {
				rows[a.starts[i]+r] = places[base+code-1]
			}
		}
		base += uint32(texts[k].Len())
	}
	return values, rows, nil
}

// places reads an identifier without its values: for each row the place of its
// value in their order, counted from 1.
func (a *assembly) places(name string) ([]uint32, error) {
	if len(a.sources) == 1 && a.live[0] == nil {
		if c := a.sources[0].Batch.Column(name); c >= 0 {
			return a.sources[0].Batch.Codes(c)
		}
	}
	_, rows, err := a.key(name)
	return rows, err
}

// narrow is codes in as few bytes as they need.
type narrow struct {
	w1 []uint8
	w2 []uint16
	w4 []uint32
}

// narrowed turns each row's entry into its table's number, in as few bytes as
// the numbers need.
func narrowed(rows, table []uint32) narrow {
	most := uint32(0)
	for _, v := range table {
		most = max(most, v)
	}
	switch {
	case most < 1<<8:
		out := bulk.Make[uint8](len(rows))
		for i, e := range rows {
			out[i] = uint8(table[e])
		}
		return narrow{w1: out}
	case most < 1<<16:
		out := bulk.Make[uint16](len(rows))
		for i, e := range rows {
			out[i] = uint16(table[e])
		}
		return narrow{w2: out}
	}
	out := bulk.Make[uint32](len(rows))
	for i, e := range rows {
		out[i] = table[e]
	}
	return narrow{w4: out}
}

func (n narrow) at(row uint32) uint32 {
	switch {
	case n.w1 != nil:
		return uint32(n.w1[row])
	case n.w2 != nil:
		return uint32(n.w2[row])
	case n.w4 != nil:
		return n.w4[row]
	}
	return 0
}
