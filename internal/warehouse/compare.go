package warehouse

import (
	"math"
	"slices"
)

// compare says how a release differs from the one before it. It sees protected
// reports only, so a difference tells nothing that the two do not.
func compare(before, now *Report) *Comparison {
	c := &Comparison{With: before.Load, Rows: []Pair{
		{"Read", before.Read, now.Read}, {"Kept", before.Kept, now.Kept}, {"Rejected", before.Rejected, now.Rejected}, {"Outside the subset", before.Outside, now.Outside},
	}}
	if before.Whole != nil && now.Whole != nil {
		c.Rows = append(c.Rows, Pair{"Patients in the release", before.Whole.Persons, now.Whole.Persons}, Pair{"Episodes in the release", before.Whole.Kept, now.Whole.Kept})
	}
	c.Rules = pairs(ruleCounts(before), ruleCounts(now))
	c.Rules = slices.DeleteFunc(c.Rules, func(p Pair) bool { return p.Before == p.Now })
	c.Years = pairs(kept(before.ByYear), kept(now.ByYear))
	for _, f := range now.Completeness {
		at := slices.IndexFunc(before.Completeness, func(o FieldShares) bool { return o.Name == f.Name })
		if at < 0 {
			continue
		}
		for i, share := range f.Shares {
			year := now.ByYear[i].Value
			j := slices.IndexFunc(before.ByYear, func(p Part) bool { return p.Value == year })
			if j < 0 || j >= len(before.Completeness[at].Shares) {
				continue
			}
			old := before.Completeness[at].Shares[j]
			a, ok := old.Percent()
			b, too := share.Percent()
			if ok && too && math.Abs(b-a) > 1 {
				c.Moves = append(c.Moves, Move{Field: f.Field, Name: f.Name, Year: year, Before: old, Now: share})
			}
		}
	}
	return c
}

func ruleCounts(r *Report) []Pair {
	var out []Pair
	for _, list := range [...][]RuleCount{r.Rules, r.Derived, r.SubsetRules} {
		for _, x := range list {
			out = append(out, Pair{Name: x.ID, Now: x.Count})
		}
	}
	return out
}

func kept(parts []Part) []Pair {
	out := make([]Pair, len(parts))
	for i, p := range parts {
		out[i] = Pair{Name: p.Value, Now: p.Kept}
	}
	return out
}

// pairs sets the numbers of two lists beside each other by name, in the order of
// the newer one. A name that only one has stays hidden in the other: it was not
// counted there, which is not the same as none.
func pairs(before, now []Pair) []Pair {
	var out []Pair
	for _, n := range now {
		p := Pair{Name: n.Name, Now: n.Now}
		if i := slices.IndexFunc(before, func(b Pair) bool { return b.Name == n.Name }); i >= 0 {
			p.Before = before[i].Now
		}
		out = append(out, p)
	}
	for _, b := range before {
		if !slices.ContainsFunc(now, func(n Pair) bool { return n.Name == b.Name }) {
			out = append(out, Pair{Name: b.Name, Before: b.Now})
		}
	}
	return out
}
