package synth

// stay is a provider spell.
type stay struct {
	admitted, discharged int
	class, method        string
	source               string // ADMISORC
	dest                 string // DISDEST of the last episode, if it went on to another hospital
	skin, baby, well     bool
	delivery             bool
	where                provider
	specialty, treatment string
	main                 string
	died, stillborn      bool
	parts                int
	chained              bool // part of a move between hospitals
	number               int  // of the spell, within the person
	nhsd, che            int  // number of the first spell of the stay by methods P1 and P2
}

func (s *stay) emergency() bool { return s.method[0] == '2' }

// lone spells have one episode and no move between hospitals, so that a lost row
// takes the whole spell and changes no other.
func (s *stay) lone() bool { return s.parts == 1 && !s.chained }

// The longest stay is short of a year, so that an episode meets one year's end
// at most.
const maxNights = 300

func (o *output) nights(mean float64) int { return min(maxNights, int(o.r.ExpFloat64()*mean)) }

// spell draws what one admission is for.
func (o *output) spell(p *someone, day int) stay {
	w := o.w
	s := stay{admitted: day, class: "2", source: "19", where: p.home, specialty: pick(o, []string{"300", "100", "110", "101", "130", "320", "301", "340", "361", "120"}), method: "11", parts: 1}
	if o.chance(0.12) {
		s.where = pick(o, w.providers)
	}
	age, back := w.years(p.birth, day), o.back
	o.back = false
	s.skin = !back && p.skin && o.chance(0.8)
	nights := 0
	switch {
	case s.skin:
		nights = o.skinCare(p, &s)
	case !back && !p.male && age > 16 && age < 45 && o.chance(0.27):
		nights = o.maternity(&s)
	case back || o.chance(0.33):
		s.main, s.method, s.class = w.acute.draw(o.r.IntN), pick(o, []string{"21", "21", "21", "21", "22", "22", "28", "24"}), "1"
		nights = o.nights(5.5)
		if age < 16 {
			s.specialty = "420"
		}
		switch {
		case o.chance(0.06):
			s.main = "R69X"
		case day >= dayOf2013 && s.method == "28":
			s.method = pick(o, []string{"2A", "2D", "25"})
		}
	default:
		s.main = w.acute.draw(o.r.IntN)
		if o.chance(0.33) {
			s.class, nights = "1", 1+o.nights(4)
		}
		switch {
		case age < 16:
			s.specialty = pick(o, []string{"420", "171", "120"})
		case s.class == "2" && o.chance(0.05):
			s.where = pick(o, w.private)
			if s.where.region == "" {
				s.where.region = p.home.region
			}
		}
		if o.chance(0.03) {
			s.main = "R69X"
		}
	}
	s.treatment = s.specialty
	if s.specialty == "330" && day >= dayOf2006 && o.chance(0.04) {
		s.treatment = "257"
	}
	s.discharged = day + nights
	o.split(&s, nights)
	s.died = s.emergency() && o.chance(0.02+0.06*max(0, float64(age-60)/30))
	if s.class == "1" && nights > 0 && !s.emergency() && s.method != "31" && day-p.free > 10 && o.chance(0.02) {
		// From a hospital that is not in the extract.
		s.source, s.method = "51", "81"
	}
	return s
}

// Days from which codes came into use: 1 April 2006 (treatment specialty 257)
// and 1 April 2013 (admission methods 25 and 2A to 2D).
const dayOf2006, dayOf2013 = 38806, 41363

// split gives longer stays more than one consultant episode.
func (o *output) split(s *stay, nights int) {
	if nights > 1 && o.chance(0.25) {
		s.parts = 2
		if nights > 5 && o.chance(0.3) {
			s.parts = 3
		}
	}
}

func (o *output) skinCare(p *someone, s *stay) (nights int) {
	s.main = p.skinDx
	if o.chance(0.35) {
		s.main = o.w.skinDx.draw(o.r.IntN)
	}
	if o.chance(0.03) {
		s.main = o.w.acute.draw(o.r.IntN) // seen by dermatology for something else
	}
	s.specialty = "330"
	if s.main[0] == 'C' && o.chance(0.35) {
		s.specialty = "160"
	}
	s.method = pick(o, []string{"13", "13", "13", "13", "12", "12", "12", "11", "11"})
	switch u := o.r.Float64(); {
	case u < 0.84:
	case u < 0.89:
		s.class = "3"
	default:
		s.class, nights = "1", 1+o.nights(5)
	}
	if o.chance(0.06) {
		s.method, s.class, nights = pick(o, []string{"21", "21", "22", "24", "28"}), "1", 1+o.nights(6)
		if s.method == "28" && s.admitted >= dayOf2013 {
			s.method = "2D"
		}
	}
	return nights
}

// maternity is a delivery, or an admission before one.
func (o *output) maternity(s *stay) (nights int) {
	s.specialty, s.method, s.class = pick(o, []string{"501", "501", "501", "560", "560"}), "31", "1"
	if o.chance(0.25) {
		s.main = pick(o, []string{"O209", "O210", "O244", "O470", "O368", "O140"})
		return o.r.IntN(3)
	}
	s.delivery = true
	s.main = pick(o, []string{"O800", "O820", "O680", "O700", "O809", "O622", "O420"})
	return 1 + o.r.IntN(4)
}

// birth is the first spell of somebody born within the extract. It returns the
// day of the discharge and whether the child lives and went home.
func (o *output) birth(p *someone) (day int, alive bool) {
	s := stay{admitted: p.birth, class: "1", method: "82", source: "79", where: p.home, specialty: "420", treatment: "424", main: "Z380", parts: 1, baby: true, well: true}
	nights := 1 + o.r.IntN(3)
	switch u := o.r.Float64(); {
	case u < 0.005:
		s.main, s.treatment, s.well, s.stillborn, nights = "P95X", "422", false, true, 0
	case u < 0.1:
		s.main, s.treatment, s.well, nights = pick(o, []string{"P073", "P599", "P221", "P369"}), "422", false, 2+o.nights(9)
	}
	s.discharged = p.birth + nights
	_, alive = o.history(p, s)
	return s.discharged, alive
}

// attendances are a run of regular day attendances for dialysis, two or three a
// week. It returns the first day that is free again.
func (o *output) attendances(p *someone, day int) int {
	for range 10 + o.r.IntN(60) {
		s := stay{admitted: day, discharged: day, class: "3", method: "13", source: "19", where: p.home, specialty: "361", treatment: "361", main: "N189", parts: 1}
		if day >= o.w.to {
			break
		}
		o.write(p, &s)
		day += 2 + o.r.IntN(2)
	}
	return day + 20 + o.r.IntN(300)
}

// A transfer is how the two hospitals of a move record it.
type transfer struct {
	dest, source, method string
	nhsd                 bool // method P1 sees it, if no more than two days lie between
}

// history writes a spell and the ones in other hospitals that follow it without
// the patient going home. It returns the last and whether the history goes on.
func (o *output) history(p *someone, s stay) (stay, bool) {
	w, before := o.w, ""
	for hops := 0; ; hops++ {
		nights := s.discharged - s.admitted
		if s.class != "1" || nights < 1 || s.died || s.baby || s.where.code[0] != 'R' || hops == 2 || !o.chance(0.035) {
			break
		}
		move := pick(o, []transfer{{"51", "51", "81", true}, {"51", "51", "81", true}, {"51", "51", "81", true}, {"51", "51", "2B", true},
			{"53", "53", "81", true}, {"52", "52", "81", true}, {"51", "19", "21", true}, {"19", "51", "81", true}, {"19", "51", "21", false}})
		if move.method == "2B" && s.discharged < dayOf2013 {
			move.method = "28"
		}
		gap := pick(o, []int{0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3})
		s.dest, s.chained = move.dest, true
		if !o.write(p, &s) || s.discharged+gap >= w.to {
			return s, false
		}
		next := stay{admitted: s.discharged + gap, class: "1", method: move.method, source: move.source, skin: s.skin, specialty: s.specialty, treatment: s.treatment,
			main: s.main, parts: 1, chained: true, nhsd: s.nhsd, che: s.che}
		if !move.nhsd || gap > 2 {
			next.nhsd = 0
		}
		for next.where = pick(o, w.providers); next.where == s.where || next.where.code == before; {
			next.where = pick(o, w.providers)
		}
		before = s.where.code
		stayed := 1 + o.nights(5)
		next.discharged = next.admitted + stayed
		o.split(&next, stayed)
		next.died = o.chance(0.03)
		s = next
	}
	p.apart = 1
	if s.emergency() && s.dest == "" && !s.died && o.chance(0.012) {
		s.dest, p.apart = "51", 11 // to a hospital that is not in the extract
	}
	alive := o.write(p, &s)
	return s, alive && !s.died && !s.stillborn
}

// write gives the spell its numbers and writes its episodes. It returns false if
// the extract ends before the spell does.
func (o *output) write(p *someone, s *stay) bool {
	p.spells++
	s.number = p.spells
	if s.nhsd == 0 {
		s.nhsd = s.number
	}
	if s.che == 0 {
		s.che = s.number
	}
	p.free = s.discharged
	start := s.admitted
	for part := 1; part <= s.parts; part++ {
		end := s.discharged
		if part < s.parts {
			end = start + (s.discharged-start)/(s.parts-part+1)
		}
		for y := o.w.year(start); y < len(o.w.starts) && o.w.yearEnd(y) <= end; y++ {
			o.unfinished(p, s, part, start, end, y)
		}
		if end >= o.w.to {
			return false
		}
		o.episode(p, s, part, start, end)
		start = end
	}
	return true
}
