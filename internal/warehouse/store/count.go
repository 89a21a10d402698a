package store

import (
	"cmp"
	"slices"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// facet counts the episodes under a bitmap that have each value of a field: a
// histogram over codes, folded by the first characters of the values.
func (s *Store) facet(b bitmap, f query.Facet) driver.FacetCounts {
	field, _ := s.dict.Field(f.Field)
	c, at := s.accessor(f.Field)
	if field.List() {
		c = s.family(field)
	}
	if c == nil {
		return pick(driver.FacetCounts{Missing: b.count()}, nil, f, field.Type)
	}
	fold := make([]uint32, c.meta.Values+1)
	var heads []string
	known := map[string]uint32{} // of heads, from 1
	var others []int             // codes that are not counted
	for code := 1; code <= c.meta.Values; code++ {
		head, ok := f.Of(c.value(uint32(code)))
		if !ok {
			others = append(others, code)
			continue
		}
		if known[head] == 0 {
			heads = append(heads, head)
			known[head] = uint32(len(heads))
		}
		fold[code] = known[head]
	}
	for _, code := range others {
		fold[code] = uint32(len(heads)) + 1
	}
	counts := make([]int, len(heads)+2)
	switch {
	case !field.List():
		b.each(func(row int) bool { counts[fold[at(row)]]++; return true })
	default:
		last := make([]uint32, len(heads)+2) // row + 1 that a value was last counted in
		b.each(func(row int) bool {
			from, to := c.slots(row, field)
			if from == to {
				counts[0]++
			}
			for i := from; i < to; i++ {
				if h := fold[c.codes.at(int(i))]; h != 0 && last[h] != uint32(row)+1 {
					last[h] = uint32(row) + 1
					counts[h]++
				}
			}
			return true
		})
	}
	out := driver.FacetCounts{Missing: counts[0]}
	var found []driver.ValueCount
	for i, head := range heads {
		if n := counts[i+1]; n > 0 {
			found = append(found, driver.ValueCount{Value: head, Count: n})
		}
	}
	slices.SortFunc(found, func(a, b driver.ValueCount) int { return query.Compare(field.Type, a.Value, b.Value) }) // bundles come in any order
	out.Distinct = len(found)
	return pick(out, found, f, field.Type)
}

// pick chooses and orders the values that a facet shows. found is in order of
// value.
func pick(out driver.FacetCounts, found []driver.ValueCount, f query.Facet, t hes.Type) driver.FacetCounts {
	counts := make(map[string]int, len(f.Also))
	for _, v := range f.Also {
		if v != "" {
			counts[v] = 0
		}
	}
	for _, v := range found {
		if _, ok := counts[v.Value]; ok {
			counts[v.Value] = v.Count
		}
	}
	byValue := func(a, b driver.ValueCount) int { return query.Compare(t, a.Value, b.Value) }
	out.Values = found
	if f.Limit > 0 {
		slices.SortStableFunc(out.Values, func(a, b driver.ValueCount) int { return cmp.Compare(b.Count, a.Count) })
		out.Values = out.Values[:min(len(found), f.Limit)]
	}
	for _, v := range out.Values {
		delete(counts, v.Value)
	}
	also := make([]driver.ValueCount, 0, len(counts))
	for v, n := range counts {
		also = append(also, driver.ValueCount{Value: v, Count: n})
	}
	slices.SortFunc(also, byValue)
	out.Values = append(slices.Clip(out.Values), also...)
	if f.Limit == 0 {
		slices.SortStableFunc(out.Values, byValue)
	}
	return out
}
