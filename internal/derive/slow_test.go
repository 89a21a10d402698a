package derive

import (
	"cmp"
	"slices"
	"time"
)

// slow is a second implementation of the rules that need more than one row, as
// plain as it can be: it compares all with all and counts nothing.
type slow struct {
	o      Options
	t      *Tables
	eps    []Episode
	filled []Day
	valid  []bool
	dup    []bool
	spell  []int // by episode, -1 none
	groups [][]int
	nhsd   []slowStay
	che    [][]int // spells of each stay
}

type slowStay struct {
	spells     []int
	start, end Day
}

func runSlow(t *Tables, o Options, eps []Episode) *slow {
	s := &slow{o: o, t: t, eps: eps}
	for _, e := range eps {
		f := e.Admitted
		if f == NoDay && e.Start != NoDay && e.Order == 1 && !in(e.Method, "2B", "81") && !in(e.Source, "51", "52", "53") {
			f = e.Start
		}
		s.filled = append(s.filled, f)
		s.valid = append(s.valid, e.Person && e.Provider > 0 && e.Key > 0 && f != NoDay && e.Start != NoDay && e.End != NoDay && in(e.Stat, "3"))
	}
	s.duplicates()
	s.findSpells()
	s.findNHSD()
	s.findCHE()
	return s
}

func in(c Code, texts ...string) bool { return slices.Contains(texts, c.String()) && c != 0 }

func (s *slow) moved(i int) string {
	e := s.eps[i]
	came, went := in(e.Source, "51", "52", "53") || in(e.Method, "2B", "81"), in(e.DisDest, "51", "52", "53")
	switch {
	case came && went:
		return "2"
	case came:
		return "3"
	case went:
		return "1"
	}
	return "0"
}

// key is the order of S1 within a provider.
func (s *slow) key(i int) []int {
	e := s.eps[i]
	return []int{int(e.Start), int(e.End), int(e.Order), int(s.moved(i)[0]), int(e.Key), int(e.Year)}
}

func (s *slow) less(i, j int) bool {
	if c := slices.Compare(s.key(i), s.key(j)); c != 0 {
		return c < 0
	}
	return compareKeys(&s.eps[i], &s.eps[j]) < 0
}

func (s *slow) duplicates() {
	better := func(a, b Episode) bool {
		if c := slices.Compare([]int{int(a.Quality), int(a.Submitted), int(a.Key)}, []int{int(b.Quality), int(b.Submitted), int(b.Key)}); c != 0 {
			return c > 0
		}
		return compareKeys(&a, &b) > 0
	}
	for i, a := range s.eps {
		dup := false
		for j, b := range s.eps {
			same := a.Person && b.Person && a.Start == b.Start && a.End == b.End && a.Order == b.Order && a.Provider == b.Provider &&
				s.moved(i) == s.moved(j) && s.filled[i] == s.filled[j] && a.Discharged == b.Discharged
			dup = dup || same && better(b, a)
		}
		s.dup = append(s.dup, dup)
	}
}

func (s *slow) findSpells() {
	s.spell = make([]int, len(s.eps))
	var rows []int
	for i := range s.eps {
		s.spell[i] = -1
		if s.valid[i] && !s.dup[i] {
			s.spell[i] = i
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(i, j int) int { return map[bool]int{true: -1, false: 1}[s.less(i, j)] })
	byDates := func(i int) bool { return s.o.Spells == S1 || s.eps[i].SUSSpell == 0 }
	join := func(i, j int) {
		for from, to, k := s.spell[j], s.spell[i], 0; k < len(s.spell); k++ {
			if s.spell[k] == from {
				s.spell[k] = to
			}
		}
	}
	for _, i := range rows {
		prev := -1
		for _, k := range rows { // the last before i of its provider
			if k != i && s.eps[k].Provider == s.eps[i].Provider && byDates(k) && s.less(k, i) {
				prev = k
			}
		}
		e := s.eps[i]
		if byDates(i) && prev >= 0 {
			b := s.eps[prev]
			if e.Start == b.Start || in(b.DisMethod, "8", "9") && e.Start == b.End {
				join(prev, i)
			}
		}
		for _, k := range rows {
			same := s.eps[k].Provider == e.Provider
			if same && byDates(i) && byDates(k) && s.filled[i] == s.filled[k] || same && !byDates(i) && s.eps[k].SUSSpell == e.SUSSpell {
				join(k, i)
			}
		}
	}
	done := map[int]bool{}
	for _, i := range rows {
		if done[s.spell[i]] {
			continue
		}
		done[s.spell[i]] = true
		var group []int
		for _, k := range rows {
			if s.spell[k] == s.spell[i] {
				group = append(group, k)
			}
		}
		s.groups = append(s.groups, group)
	}
}

func (s *slow) first(g int) Episode { return s.eps[s.groups[g][0]] }
func (s *slow) last(g int) Episode  { return s.eps[s.groups[g][len(s.groups[g])-1]] }

func (s *slow) begins(g int) Day { return s.filled[s.groups[g][0]] }

func (s *slow) lastEnd(g int) Day {
	end := NoDay
	for _, i := range s.groups[g] {
		end = max(end, s.eps[i].End)
	}
	return end
}

func late(d Day) int {
	if d == NoDay {
		return 1 << 40
	}
	return int(d)
}

func (s *slow) tie(a, b int) int {
	x, y := s.first(a), s.first(b)
	return compareKeys(&x, &y)
}

func (s *slow) findNHSD() {
	var all []slowStay // one a spell
	for g := range s.groups {
		all = append(all, slowStay{[]int{g}, s.begins(g), s.last(g).Discharged})
	}
	sort := func() {
		slices.SortFunc(all, func(a, b slowStay) int {
			return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(late(a.end), late(b.end)), s.tie(a.spells[0], b.spells[0]))
		})
	}
	sort()
	for k := range all {
		if all[k].end != NoDay {
			continue
		}
		switch {
		case k+1 == len(all):
			if s.o.CutOff >= all[k].start {
				all[k].end = s.o.CutOff
			}
		case in(s.last(all[k].spells[0]).DisDest, "51"):
			all[k].end = all[k+1].start
		default:
			all[k].end = all[k+1].start - 1
		}
	}
	for k := range all {
		if a := &all[k]; a.end != NoDay && a.end < a.start {
			a.start, a.end = a.end, a.start
		}
	}
	sort()
	for k, b := range all {
		if k > 0 {
			a := all[k-1]
			from, to := s.last(a.spells[0]), s.first(b.spells[0])
			gap := int(b.start) - int(a.end)
			transfer := in(from.DisDest, "49", "50", "51", "52", "53", "84") || in(to.Source, "49", "50", "51", "52", "53", "87") || in(to.Method, "2B", "81")
			home := in(from.DisDest, "19") && in(to.Source, "51") && in(to.Method, "21")
			regular := in(s.first(a.spells[0]).Class, "3", "4") || in(to.Class, "3", "4")
			if gap >= 0 && gap <= 2 && transfer && !home && !regular {
				stay := &s.nhsd[len(s.nhsd)-1]
				stay.spells, stay.end = append(stay.spells, b.spells[0]), b.end
				continue
			}
		}
		s.nhsd = append(s.nhsd, slowStay{slices.Clone(b.spells), b.start, b.end})
	}
}

func (s *slow) findCHE() {
	var all []int
	for g := range s.groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.begins(a), s.begins(b)), cmp.Compare(s.first(a).Start, s.first(b).Start), cmp.Compare(s.lastEnd(a), s.lastEnd(b)), s.tie(a, b))
	})
	for k, b := range all {
		if k > 0 {
			a, to := all[k-1], s.first(b)
			gap := int(to.Start) - int(s.lastEnd(a))
			if gap >= 0 && gap <= 3 && (in(s.last(a).DisDest, "51", "52", "53") || in(to.Source, "51", "52", "53") || in(to.Method, "2B", "81")) {
				s.che[len(s.che)-1] = append(s.che[len(s.che)-1], b)
				continue
			}
		}
		s.che = append(s.che, []int{b})
	}
}

func (s *slow) counts(k int) bool {
	stay := s.nhsd[k]
	first, last := s.first(stay.spells[0]), s.last(stay.spells[len(stay.spells)-1])
	if !in(last.DisMethod, "1", "2", "3") || last.Discharged == NoDay || in(first.Class, "2") {
		return false
	}
	for _, g := range stay.spells {
		for _, i := range s.groups[g] {
			e := s.eps[i]
			if e.Dx.Marks != 0 || in(e.Main, "501", "560") || in(e.Treat, "501", "560") || in(e.Method, "31", "32") || in(e.Type, "2") {
				return false
			}
		}
	}
	return true
}

// readmitted tells of a stay whether an emergency follows it to which no other
// discharge is nearer.
func (s *slow) readmitted(k int) int8 {
	if !s.counts(k) {
		return -1
	}
	for j := k + 1; j < len(s.nhsd); j++ {
		start := s.nhsd[j].start
		gap := int(start) - int(s.nhsd[k].end)
		if s.first(s.nhsd[j].spells[0]).Method.String()+" " < "2" || s.first(s.nhsd[j].spells[0]).Method.String() >= "3" || gap < 0 || gap > 29 {
			continue
		}
		nearest := true
		for n := range j {
			if n != k && s.counts(n) && s.nhsd[n].end <= start && (s.nhsd[n].end > s.nhsd[k].end || s.nhsd[n].end == s.nhsd[k].end && n > k) {
				nearest = false
			}
		}
		if nearest {
			return 1
		}
	}
	return 0
}

// earlier returns the diagnoses of row i and of those that it looks back on.
func (s *slow) earlier(i, years int) Diagnoses {
	begin := s.eps[i].Start
	for g, group := range s.groups {
		if slices.Contains(group, i) {
			begin = min(s.begins(g), s.first(g).Start)
		}
	}
	all := s.eps[i].Dx
	if begin == NoDay {
		return all
	}
	from := time.Unix(int64(begin)*86400, 0).UTC()
	if from.Month() == 2 && from.Day() == 29 {
		from = from.AddDate(0, 0, -1)
	}
	limit := Day(from.AddDate(-years, 0, 0).Unix() / 86400)
	for j, e := range s.eps {
		if j != i && !s.dup[j] && e.Start != NoDay && e.Start < begin && e.Start >= limit {
			all = all.Or(e.Dx)
		}
	}
	return all
}
