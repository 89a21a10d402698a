package derive

import (
	"cmp"
	"math"
	"slices"
)

// stay is a continuous inpatient stay by P1: neighbouring spells of one person.
type stay struct {
	first, last int32 // spells
	marks       uint8 // of all diagnoses in it
	obstetric   bool  // some episode is obstetric otherwise
	counts      bool  // it is in the denominator of R1
}

// joinNHSD applies P1, the method of NHS Digital as epidm carries it out: spells
// in the order of admission, a gap of 0 to 2 days, and a sign of a transfer.
func (p *Person) joinNHSD() {
	p.list, p.stays = p.list[:0], p.stays[:0]
	for n := range p.spells {
		s := &p.spells[n]
		s.start, s.end = p.out[s.first].Filled, p.eps[s.last].Discharged
		p.list = append(p.list, int32(n))
	}
	p.sortByStart()
	p.repairEnds()
	for j, n := range p.list {
		s := &p.spells[n]
		if j > 0 && p.movedNHSD(&p.spells[p.list[j-1]], s) {
			p.counts.NHSD.Joins++
			p.stays[len(p.stays)-1].last = n
		} else {
			p.stays = append(p.stays, stay{first: n, last: n})
		}
		s.nhsd = int32(len(p.stays) - 1)
	}
	p.counts.NHSD.Stays += len(p.stays)
	for _, i := range p.rows {
		p.out[i].StayNHSD = p.spells[p.out[i].Spell].nhsd
	}
}

// sortByStart orders the spells of list by start, end and key; a spell that
// has no end is after those that have.
func (p *Person) sortByStart() {
	spells, eps := p.spells, p.eps
	slices.SortFunc(p.list, func(i, j int32) int {
		a, b := &spells[i], &spells[j]
		if c := cmp.Compare(a.start, b.start); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(openLast(a.end), openLast(b.end)), compareKeys(&eps[a.first], &eps[b.first]), cmp.Compare(i, j))
	})
}

func openLast(end Day) int64 {
	if end == NoDay {
		return math.MaxInt64
	}
	return int64(end)
}

// repairEnds gives spells without a discharge date an end and turns round those
// that end before they start.
func (p *Person) repairEnds() {
	repaired := false
	for j, n := range p.list {
		s := &p.spells[n]
		if s.end != NoDay {
			continue
		}
		repaired = true
		switch last := j == len(p.list)-1; {
		case last && p.options.CutOff >= s.start:
			s.end = p.options.CutOff
			p.counts.Repairs[repairCutOff]++
		case last:
			// Not discharged and nothing known after it: the end stays open.
		case p.eps[s.last].DisDest == is51:
			s.end = p.spells[p.list[j+1]].start
			p.counts.Repairs[repairNext]++
		default:
			s.end = p.spells[p.list[j+1]].start - 1
			p.counts.Repairs[repairDayBefore]++
		}
	}
	for _, n := range p.list {
		if s := &p.spells[n]; s.end != NoDay && s.end < s.start {
			s.start, s.end = s.end, s.start
			p.counts.Repairs[repairSwap]++
			repaired = true
		}
	}
	if repaired { // other dates may be another order
		p.sortByStart()
	}
}

// movedNHSD tells whether P1 takes spell b, the next after a, for its
// continuation.
func (p *Person) movedNHSD(a, b *spell) bool {
	if a.end == NoDay || b.start < a.end || b.start-a.end > 2 {
		return false
	}
	to, in := p.eps[a.last].DisDest, &p.eps[b.first]
	transfer := to.ward() || to.secure() || to == is84 ||
		in.Source.ward() || in.Source.secure() || in.Source == is87 || in.Method.transferred()
	// Sent home, and in through an emergency department, whose ward was given
	// as the source: no transfer.
	home := to == is19 && in.Source == is51 && in.Method == is21
	regular := p.eps[a.first].Class.regular() || in.Class.regular()
	return transfer && !home && !regular
}

// joinCHE applies P2, the method of the Centre for Health Economics, York: a
// gap of 0 to 3 days between episodes, and a narrower sign of a transfer.
func (p *Person) joinCHE() {
	p.list = p.list[:0]
	for n := range p.spells {
		p.list = append(p.list, int32(n))
	}
	spells, eps, out := p.spells, p.eps, p.out
	slices.SortFunc(p.list, func(i, j int32) int {
		a, b := &spells[i], &spells[j]
		if c := cmp.Compare(out[a.first].Filled, out[b.first].Filled); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(eps[a.first].Start, eps[b.first].Start), cmp.Compare(a.lastEnd, b.lastEnd),
			compareKeys(&eps[a.first], &eps[b.first]), cmp.Compare(i, j))
	})
	number := int32(-1)
	for j, n := range p.list {
		s := &p.spells[n]
		if j > 0 && p.movedCHE(&p.spells[p.list[j-1]], s) {
			p.counts.CHE.Joins++
		} else {
			number++
		}
		s.che = number
	}
	p.counts.CHE.Stays += int(number + 1)
	for _, i := range p.rows {
		p.out[i].StayCHE = p.spells[p.out[i].Spell].che
	}
}

// movedCHE tells whether P2 takes spell b, the next after a, for its
// continuation. Overlaps do not join, as in the variant of the British Heart
// Foundation Data Science Centre.
func (p *Person) movedCHE(a, b *spell) bool {
	in := &p.eps[b.first]
	gap := in.Start - a.lastEnd
	return gap >= 0 && gap <= 3 && (p.eps[a.last].DisDest.ward() || in.Source.ward() || in.Method.transferred())
}
