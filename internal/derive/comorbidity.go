package derive

import (
	"math/bits"
	"slices"
)

// lookBack is the scratch of the look-back: for each condition the last day on
// which an earlier episode had it. Walking forward in time, that day alone
// decides for every length of look-back, so a person with many episodes costs
// no more per episode than one with few.
type lookBack struct {
	episodes []uint64 // those with a condition, by EPISTART
	rows     []uint64 // those that look back, by the day that they look back from

	seen [2]uint32
	last [2][32]Day
}

// comorbidity applies M1 to M3: the scores of each row's own diagnoses, and of
// these together with the diagnoses of the person's other episodes that started
// before this row's spell did, and at most one or five years before. Duplicates
// are no source. M2's "without the index spell": earlier episodes of the same
// spell do not start before it.
func (p *Person) comorbidity() {
	l := &p.lookBack
	l.episodes, l.rows, l.seen = l.episodes[:0], l.rows[:0], [2]uint32{}
	for i := range p.eps {
		e, r := &p.eps[i], &p.out[i]
		r.Charlson, r.Elixhauser = p.tables.charlson.sum(e.Dx.Charlson), p.tables.elixhauser.sum(e.Dx.Elixhauser)
		r.Charlson1, r.Charlson5, r.Elixhauser1, r.Elixhauser5 = r.Charlson, r.Charlson, r.Elixhauser, r.Elixhauser
		if e.Dx.Charlson|e.Dx.Elixhauser != 0 && e.Start != NoDay && !r.Duplicate {
			l.episodes = append(l.episodes, dayKey(e.Start, i))
		}
	}
	if len(l.episodes) == 0 || len(p.eps) == 1 {
		return
	}
	for i := range p.eps {
		if begin := p.begin(i); begin != NoDay {
			l.rows = append(l.rows, dayKey(begin, i))
		}
	}
	slices.Sort(l.episodes)
	slices.Sort(l.rows)
	next, day := 0, NoDay
	var one, five [2]uint32
	for _, row := range l.rows {
		begin, i := keyDay(row), keyNumber(row)
		for ; next < len(l.episodes) && keyDay(l.episodes[next]) < begin; next++ {
			l.note(keyDay(l.episodes[next]), &p.eps[keyNumber(l.episodes[next])].Dx)
		}
		if next == 0 {
			continue
		}
		if begin != day { // rows of one spell share what was before it
			day, one, five = begin, l.since(begin.yearsBefore(1)), l.since(begin.yearsBefore(5))
		}
		e, r := &p.eps[i], &p.out[i]
		if five[0] != 0 {
			r.Charlson1 = p.tables.charlson.sum(e.Dx.Charlson | one[0])
			r.Charlson5 = p.tables.charlson.sum(e.Dx.Charlson | five[0])
		}
		if five[1] != 0 {
			r.Elixhauser1 = p.tables.elixhauser.sum(e.Dx.Elixhauser | one[1])
			r.Elixhauser5 = p.tables.elixhauser.sum(e.Dx.Elixhauser | five[1])
		}
	}
}

// begin returns the day that a row looks back from: on which its spell began,
// or the episode if it has none. A first episode dated before its admission
// counts with its own date, so that no spell looks back on itself.
func (p *Person) begin(i int) Day {
	n := p.out[i].Spell
	if n < 0 {
		return p.eps[i].Start
	}
	first := p.spells[n].first
	return min(p.out[first].Filled, p.eps[first].Start)
}

// note takes in an episode; each starts no earlier than those before.
func (l *lookBack) note(start Day, d *Diagnoses) {
	for s, set := range [2]uint32{d.Charlson, d.Elixhauser} {
		l.seen[s] |= set
		for ; set != 0; set &= set - 1 {
			l.last[s][bits.TrailingZeros32(set)] = start
		}
	}
}

// since returns the conditions that were noted on a day or after it.
func (l *lookBack) since(day Day) [2]uint32 {
	var found [2]uint32
	for s := range found {
		for set := l.seen[s]; set != 0; set &= set - 1 {
			if c := bits.TrailingZeros32(set); l.last[s][c] >= day {
				found[s] |= 1 << c
			}
		}
	}
	return found
}
