package web

import (
	"context"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// places are the positions that codes are counted in, in the order of the columns
// and of classification.fields.
func places() [3]query.Position {
	return [...]query.Position{query.Main, query.Further, query.Anywhere}
}

// codeCounts is how many episodes have the codes of a node, and of what is below
// it, in each place.
type codeCounts struct {
	held     bool // the release holds the fields
	facts    warehouse.Facts
	episodes policy.Count // with a code of the node in any position
	patients policy.Count
	rows     [3]map[string]policy.Count // by what is below the node
	years    [3]warehouse.Facet
	order    []string // what is below the node and in the data, in order
}

// row is how often one of what is below the node is there.
func (n codeCounts) row(row *hes.Node) (out [3]policy.Count) {
	for i, counts := range n.rows {
		out[i] = countIn(counts, row.Code)
	}
	return out
}

// countCodes asks how often a node and what is below it is there, in one
// question. Each count is of episodes, whatever number of the codes they have, over
// the episodes that the explorer begins with, so that it is that of its filter.
// n is the zero Node for the whole list.
func (s *Server) countCodes(ctx context.Context, rd reader, c classification, n *hes.Node, below []*hes.Node) (codeCounts, error) {
	out := codeCounts{facts: rd.scene.facts}
	if !slices.ContainsFunc(c.fields[:], func(name string) bool {
		f, ok := s.c.Dictionary.Field(name)
		return ok && rd.scene.offer.Holds(f)
	}) {
		return out, nil
	}
	q := query.Query{Where: rd.scene.state.Where()}
	one := n.Code != ""
	rows := query.Facet{Chars: categoryChars}
	switch {
	case len(below) > 0 && below[0].Level <= hes.Block:
		rows.Chars = 0
		for _, b := range below {
			rows.Bundles = append(rows.Bundles, query.Bundle{Name: b.Code, Starts: b.Prefixes()})
		}
	case n.Level == hes.Category:
		rows.Chars = codeChars
	}
	if one {
		rows.Under = n.Prefixes()
		q.Counts = true
		q.Where = query.Both(q.Where, query.And{query.Prefix{Field: c.fields[2], Prefixes: rows.Under}})
	}
	for _, field := range c.fields {
		rows.Field = field
		q.Facets = append(q.Facets, rows)
		if one {
			q.Facets = append(q.Facets, query.Facet{Field: hes.YearField, Where: query.Prefix{Field: field, Prefixes: rows.Under}})
		}
	}
	a, err := s.c.Warehouse.Explore(ctx, rd.access, q, warehouse.Page{}, rd.client)
	if err != nil {
		return out, err
	}
	out.held, out.facts, out.episodes, out.patients = true, a.Release, a.Episodes, a.Patients
	for i := range c.fields {
		at := i
		if one {
			at = 2 * i
			out.years[i] = a.Facets[at+1]
		}
		out.rows[i] = byValue(a.Facets[at])
		for _, v := range a.Facets[at].Values {
			out.order = append(out.order, v.Value)
		}
	}
	slices.Sort(out.order)
	out.order = slices.Compact(out.order)
	return out, nil
}

// codeYears are the counts of a node by year, and their totals.
func (s *Server) codeYears(rd reader, c classification, n *hes.Node, counts codeCounts) (years []view.CodeRow, totals []view.Tally) {
	var all [3][]policy.Count
	for _, year := range counts.facts.Years {
		y := view.CodeRow{Label: yearLabel(year)}
		for i, place := range places() {
			count := countIn(byValue(counts.years[i]), year)
			all[i] = append(all[i], count)
			y.Counts = append(y.Counts, view.Tally{Count: count, URL: s.codeFilter(rd, c, n, place, year)})
		}
		years = append(years, y)
	}
	view.ShareCounts(years)
	var sums [3]policy.Count
	for i := range all {
		sums[i] = policy.Sum(append(all[i], counts.years[i].Missing))
	}
	return years, s.tallies(rd, c, n, sums)
}

// tallies are the counts of a node in each place, with the records that they are of.
func (s *Server) tallies(rd reader, c classification, n *hes.Node, counts [3]policy.Count) (out []view.Tally) {
	for i, place := range places() {
		out = append(out, view.Tally{Count: counts[i], URL: s.codeFilter(rd, c, n, place, "")})
	}
	return out
}

// codeFilter is the address of the records that have a code of a node in a place,
// of one year or of all; "" where there is no such filter.
func (s *Server) codeFilter(rd reader, c classification, n *hes.Node, place query.Position, year string) string {
	if !rd.SeesRows() || !rd.scene.offer.Has(c.control) || year != "" && !rd.scene.offer.Has("year") {
		return ""
	}
	state := rd.scene.state.With(query.Filter{Key: c.control, Values: slices.Sorted(slices.Values(n.Prefixes()))})
	if year != "" {
		state = state.With(query.Filter{Key: "year", Values: []string{year}})
	}
	if c.control == "dx" {
		state.Diagnosis = place
	} else {
		state.Procedure = place
	}
	return firstPage(state)
}

// withUnlisted adds to the rows of a node the codes that are in the data and in
// no list.
func withUnlisted(rows []*hes.Node, n codeCounts, parent *hes.Node, c classification) []*hes.Node {
	if parent.Level < hes.Block && parent.Code != "" && c.list == hes.ICD10 || parent.Code == "" || parent.Level == hes.Subcode {
		return rows // chapters have blocks, codes have nothing below
	}
	rows = slices.Clone(rows)
	for _, code := range n.order {
		if slices.ContainsFunc(rows, func(r *hes.Node) bool { return r.Code == code }) || code == parent.Code && len(rows) == 0 && len(n.order) == 1 {
			continue
		}
		if at, ok := c.tree.Find(code); ok {
			rows = append(rows, at)
		}
	}
	slices.SortFunc(rows, func(a, b *hes.Node) int { return strings.Compare(a.Code, b.Code) })
	return rows
}
