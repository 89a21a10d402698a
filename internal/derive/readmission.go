package derive

import "slices"

// readmissions applies R1 to the stays of P1: whether the person was admitted
// as an emergency 0 to 29 days after the discharge.
func (p *Person) readmissions() {
	for _, i := range p.rows {
		e, s := &p.eps[i], &p.stays[p.out[i].StayNHSD]
		s.marks |= e.Dx.Marks
		s.obstetric = s.obstetric || e.Main.obstetric() || e.Treat.obstetric() || e.Method == is31 || e.Method == is32 || e.Type == is2
	}
	// The stays that count, by discharge and then by their own order.
	p.index = p.index[:0]
	for n := range p.stays {
		s := &p.stays[n]
		why := p.excluded(s)
		if why >= 0 {
			p.counts.Excluded[why]++
			continue
		}
		s.counts = true
		p.counts.Denominator++
		p.index = append(p.index, dayKey(p.spells[s.last].end, n))
	}
	if len(p.index) == 0 {
		return
	}
	slices.Sort(p.index)
	for _, i := range p.rows {
		if r := &p.out[i]; p.stays[r.StayNHSD].counts {
			r.Readmitted = 0
		}
	}
	if len(p.stays) == 1 {
		return
	}
	p.list = p.list[:0]
	ended := 0
	for n := range p.stays {
		in := &p.spells[p.stays[n].first]
		if !p.eps[in.first].Method.emergency() {
			continue
		}
		// Stays are in the order of their starts, so the discharges up to this
		// start only grow in number. A discharge of the same day may be of this
		// stay or of a later one: the admission does not follow those.
		for ended < len(p.index) && keyDay(p.index[ended]) <= in.start {
			ended++
		}
		k := ended - 1
		for k >= 0 && keyNumber(p.index[k]) >= n {
			k--
		}
		if k >= 0 && in.start-keyDay(p.index[k]) <= 29 {
			p.list = append(p.list, int32(keyNumber(p.index[k])))
		}
	}
	// A second emergency after the same discharge adds nothing: the indicator
	// asks whether, not how often.
	for _, n := range p.list {
		if s := &p.stays[n]; s.counts {
			s.counts = false
			p.counts.Readmitted++
		}
	}
	for _, i := range p.rows {
		if r := &p.out[i]; r.Readmitted == 0 && !p.stays[r.StayNHSD].counts {
			r.Readmitted = 1
		}
	}
}

// excluded returns the first reason for which a stay is not in the denominator,
// -1 if there is none.
func (p *Person) excluded(s *stay) int {
	first, last := &p.eps[p.spells[s.first].first], &p.eps[p.spells[s.last].last]
	switch {
	case !last.DisMethod.discharged() || last.Discharged == NoDay:
		return excludedUnfinished
	case first.Class == is2:
		return excludedDayCase
	case last.DisMethod == is4 || last.DisMethod == is5:
		return excludedDied
	case s.marks&(MarkCancer|MarkChemotherapy) != 0:
		return excludedCancer
	case s.obstetric || s.marks&MarkObstetric != 0:
		return excludedObstetric
	}
	return -1
}

// dayKey is a number that sorts by day and then by n, a small number from 0.
func dayKey(d Day, n int) uint64 { return uint64(uint32(d)^1<<31)<<32 | uint64(uint32(n)) }

func keyDay(key uint64) Day    { return Day(uint32(key>>32) ^ 1<<31) }
func keyNumber(key uint64) int { return int(uint32(key)) }
