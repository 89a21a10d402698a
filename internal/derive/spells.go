package derive

import (
	"cmp"
	"slices"
)

// spell is a stay in one hospital. S4: its first and last episodes in the order
// of S1 speak for it.
type spell struct {
	first, last int32 // episodes
	lastEnd     Day   // latest EPIEND
	start, end  Day   // as P1 puts them right
	nhsd, che   int32 // the stays that it is part of
}

// findSpells numbers the provider spells. Only valid rows that are no
// duplicates have one: others could split or join it.
func (p *Person) findSpells() {
	p.rows, p.parent, p.spells = p.rows[:0], p.parent[:0], p.spells[:0]
	for _, i := range p.order {
		if r := &p.out[i]; r.Valid && !r.Duplicate {
			p.parent = append(p.parent, int32(len(p.rows)))
			p.rows = append(p.rows, i)
		}
	}
	for lo := 0; lo < len(p.rows); {
		hi := lo + 1
		for hi < len(p.rows) && p.at(hi).Provider == p.at(lo).Provider {
			hi++
		}
		if hi-lo > 1 {
			p.joinEpisodes(lo, hi)
		}
		lo = hi
	}
	for k, i := range p.rows {
		root, e := p.root(int32(k)), &p.eps[i]
		if root == int32(k) {
			p.out[i].Spell = int32(len(p.spells))
			p.spells = append(p.spells, spell{first: i, last: i, lastEnd: e.End})
			continue
		}
		// A root is the first of its spell, so it has its number already.
		n := p.out[p.rows[root]].Spell
		s := &p.spells[n]
		p.out[i].Spell, s.last, s.lastEnd = n, i, max(s.lastEnd, e.End)
	}
	p.counts.Spells += len(p.spells)
}

// at returns the episode in a place of rows.
func (p *Person) at(k int) *Episode { return &p.eps[p.rows[k]] }

// root returns the first of the rows known to share a spell with row k.
func (p *Person) root(k int32) int32 {
	for p.parent[k] != k {
		p.parent[k] = p.parent[p.parent[k]]
		k = p.parent[k]
	}
	return k
}

// unite puts two rows into one spell; it is false if they were already.
func (p *Person) unite(a, b int32) bool {
	a, b = p.root(a), p.root(b)
	if a == b {
		return false
	}
	p.parent[max(a, b)] = min(a, b)
	return true
}

// joinEpisodes finds the spells of one provider, rows lo to hi.
func (p *Person) joinEpisodes(lo, hi int) {
	p.list = p.list[:0]
	if p.options.Spells == S3 {
		p.index = p.index[:0]
		for k := lo; k < hi; k++ {
			if id := p.at(k).SUSSpell; id != 0 {
				p.index = append(p.index, uint64(id)<<32|uint64(k))
			} else {
				p.list = append(p.list, int32(k))
			}
		}
		slices.Sort(p.index)
		for j := 1; j < len(p.index); j++ {
			if a, b := p.index[j-1], p.index[j]; a>>32 == b>>32 && p.unite(int32(uint32(a)), int32(uint32(b))) {
				p.counts.SpellJoins[joinSUS]++
			}
		}
	} else {
		for k := lo; k < hi; k++ {
			p.list = append(p.list, int32(k))
		}
	}
	p.joinByDates()
}

// joinByDates applies S1 to the rows of list, which are of one provider and in
// its order.
func (p *Person) joinByDates() {
	parts := len(p.list)
	for j := 1; j < len(p.list); j++ {
		i, k := p.rows[p.list[j-1]], p.rows[p.list[j]]
		before, e := &p.eps[i], &p.eps[k]
		var path int
		switch {
		case p.out[i].Filled == p.out[k].Filled:
			path = joinAdmission
		case before.Start == e.Start:
			path = joinStart
		case (before.DisMethod == is8 || before.DisMethod == is9) && e.Start == before.End:
			path = joinUndischarged
		default:
			continue
		}
		p.unite(p.list[j-1], p.list[j])
		p.counts.SpellJoins[path]++
		parts--
	}
	if parts == 1 || len(p.list) < 3 {
		return
	}
	// One admission is one spell, even where an episode of another stands
	// between its own: then comparing neighbours is not enough.
	rows, out := p.rows, p.out
	slices.SortFunc(p.list, func(a, b int32) int {
		return cmp.Or(cmp.Compare(out[rows[a]].Filled, out[rows[b]].Filled), cmp.Compare(a, b))
	})
	for j := 1; j < len(p.list); j++ {
		a, b := p.list[j-1], p.list[j]
		if out[rows[a]].Filled == out[rows[b]].Filled && p.unite(a, b) {
			p.counts.SpellJoins[joinAcross]++
		}
	}
}

// stayLengths applies L1 to every row of a spell: DISDATE of the last episode
// less ADMIDATE_FILLED of the first, 0 for a day case. Episodes that end before
// they begin are left out (V3).
func (p *Person) stayLengths() {
	for _, i := range p.rows {
		r := &p.out[i]
		s := &p.spells[r.Spell]
		discharged, admitted := p.eps[s.last].Discharged, p.out[s.first].Filled
		switch {
		case r.Bad:
		case p.eps[s.first].Class == is2:
			r.LOS = 0
		case discharged != NoDay && discharged >= admitted:
			r.LOS = int32(discharged - admitted)
		}
	}
}
