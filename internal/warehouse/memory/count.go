package memory

import (
	"cmp"
	"slices"
	"strings"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// facet counts the episodes that have each value of a field.
func (e *Engine) facet(rows []driver.RowID, f query.Facet) driver.FacetCounts {
	field, _ := e.dict.Field(f.Field)
	counts := map[string]int{}
	var out driver.FacetCounts
	for _, id := range rows {
		values := e.values(e.rows[id], f.Field)
		if len(values) == 0 {
			out.Missing++
		}
		seen := map[string]bool{}
		for _, v := range values {
			if head, ok := f.Of(v); ok && !seen[head] {
				seen[head] = true
				counts[head]++
			}
		}
	}
	out.Distinct = len(counts)
	all := make([]driver.ValueCount, 0, len(counts))
	for v, n := range counts {
		all = append(all, driver.ValueCount{Value: v, Count: n})
	}
	byValue := func(a, b driver.ValueCount) int { return query.Compare(field.Type, a.Value, b.Value) }
	if f.Limit == 0 {
		for _, v := range f.Also {
			if counts[v] == 0 && v != "" && !slices.ContainsFunc(all, func(x driver.ValueCount) bool { return x.Value == v }) {
				all = append(all, driver.ValueCount{Value: v})
			}
		}
		slices.SortFunc(all, byValue)
		out.Values = all
		return out
	}
	slices.SortFunc(all, func(a, b driver.ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), byValue(a, b))
	})
	out.Values = all[:min(len(all), f.Limit)]
	var also []driver.ValueCount
	for _, v := range f.Also {
		there := func(x driver.ValueCount) bool { return x.Value == v }
		if v != "" && !slices.ContainsFunc(out.Values, there) && !slices.ContainsFunc(also, there) {
			also = append(also, driver.ValueCount{Value: v, Count: counts[v]})
		}
	}
	slices.SortFunc(also, byValue)
	out.Values = append(slices.Clip(out.Values), also...)
	return out
}

// groups counts episodes and persons in each cell of a table.
func (e *Engine) groups(rows []driver.RowID, by []query.Group) []driver.GroupCount {
	cells := map[string][]driver.RowID{}
	for _, id := range rows {
		keys := make([]string, len(by))
		for i, g := range by {
			keys[i] = query.Head(e.rows[id][g.Field], g.Chars)
		}
		k := strings.Join(keys, "\x00")
		cells[k] = append(cells[k], id)
	}
	var out []driver.GroupCount
	for k, rows := range cells {
		out = append(out, driver.GroupCount{Keys: strings.Split(k, "\x00"), Episodes: len(rows), Patients: e.distinct(rows)})
	}
	slices.SortFunc(out, func(a, b driver.GroupCount) int {
		for i, g := range by {
			f, _ := e.dict.Field(g.Field)
			if c := driver.CompareMissingLast(f.Type, a.Keys[i], b.Keys[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}
