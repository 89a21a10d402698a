package synth

import (
	"math/rand/v2"
	"time"
)

// output is a shard's rows, by year.
type output struct {
	w        *world
	text     [][]byte
	rows     []int
	planted  map[string]int
	rejected int
	skin     int
	sex      map[string]int
	values   []string
	r        *rand.Rand
}

func newOutput(w *world) *output {
	n := len(w.starts)
	return &output{w: w, text: make([][]byte, n), rows: make([]int, n), planted: map[string]int{}, sex: map[string]int{}, values: make([]string, len(w.columns))}
}

// someone is a person.
type someone struct {
	number   int
	id       string
	birth    int // day
	male     bool
	skin     bool
	ethnic   string
	home     provider
	lsoa     string
	decile   int
	practice string
	illness  []string // long-standing, recorded again and again
	skinDx   string
	rows     int
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (o *output) chance(p float64) bool { return o.r.Float64() < p }

func pick[T any](o *output, from []T) T { return from[o.r.IntN(len(from))] }

// person makes one person's rows.
func (o *output) person(number int) {
	o.r = rand.New(rand.NewPCG(o.w.o.Seed, uint64(number)))
	p := someone{number: number, male: o.chance(0.465), skin: o.chance(0.27)}
	id := []byte(Mark)
	for range 27 {
		id = append(id, letters[o.r.IntN(len(letters))])
	}
	p.id = string(id)
	middle := (o.w.from + o.w.to) / 2
	age := 0.0
	switch u := o.r.Float64(); {
	case p.skin && u < 0.65:
		age = 65 + 15*o.r.NormFloat64()
	case p.skin && u < 0.95:
		age = 40 + 15*o.r.NormFloat64()
	case p.skin:
		age = 18 * o.r.Float64()
	case u < 0.08:
		age = 8 * o.r.Float64()
	case u < 0.4:
		age = 30 + 12*o.r.NormFloat64()
	default:
		age = 64 + 17*o.r.NormFloat64()
	}
	p.birth = middle - int(365.25*min(96, max(0.2, age)))
	p.ethnic = pick(o, []string{"A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "C", "B", "H", "J", "M", "N", "S", "Z", "Z", "L", "G"})
	p.home = pick(o, o.w.providers)
	p.lsoa = "E010" + number5(o.r.IntN(32000)+1000)
	p.decile = 1 + o.r.IntN(10)
	p.practice = string([]byte{byte('A' + o.r.IntN(13))}) + number5(80000+o.r.IntN(9000))
	for _, chronic := range [...]struct {
		code  string
		share float64
	}{{"I10X", 0.28}, {"E119", 0.12}, {"J449", 0.07}, {"I259", 0.09}, {"N189", 0.04}, {"E780", 0.09}, {"I48X", 0.06}, {"F329", 0.05}, {"J459", 0.08}, {"Z867", 0.05}, {"Z921", 0.03}, {"Z720", 0.08}} {
		if o.chance(chronic.share * min(1.6, max(0.05, age/55))) {
			p.illness = append(p.illness, chronic.code)
		}
	}
	if p.skin {
		p.skinDx = o.w.skinDx.draw(o.r.IntN)
	}
	day := max(o.w.from, p.birth) - 200 + o.r.IntN(1200)
	for spells := 0; day < o.w.to && spells < 40; spells++ {
		if day < max(o.w.from, p.birth) {
			day += 1 + o.r.IntN(400)
			continue
		}
		end, dead := o.spell(&p, day)
		if dead {
			return
		}
		gap := 1400.0
		if p.skin {
			gap = 800
		}
		day = end + 1 + int(o.r.ExpFloat64()*gap)
	}
}

func number5(n int) string {
	const digits = "0123456789"
	return string([]byte{digits[n/10000%10], digits[n/1000%10], digits[n/100%10], digits[n/10%10], digits[n%10]})
}

func years(birth, day int) int {
	b, d := epoch.AddDate(0, 0, birth), epoch.AddDate(0, 0, day)
	n := d.Year() - b.Year()
	if d.Month() < b.Month() || d.Month() == b.Month() && d.Day() < b.Day() {
		n--
	}
	return n
}

// stay is a spell.
type stay struct {
	admitted, discharged int
	class, method        string
	emergency, skin      bool
	where                provider
	specialty, treatment string
	main                 string
	died                 bool
	parts                int
}

// spell makes the episodes of one spell and says when it ended.
func (o *output) spell(p *someone, day int) (end int, dead bool) {
	s := stay{admitted: day, class: "2", where: p.home, specialty: pick(o, []string{"300", "100", "110", "101", "130", "320", "301", "340", "361", "120"}), method: "11", parts: 1}
	if o.chance(0.12) {
		s.where = pick(o, o.w.providers)
	}
	s.skin = p.skin && o.chance(0.8)
	nights := 0
	switch {
	case s.skin:
		s.main = p.skinDx
		if o.chance(0.35) {
			s.main = o.w.skinDx.draw(o.r.IntN)
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
			s.class, nights = "1", 1+int(o.r.ExpFloat64()*5)
		}
		if o.chance(0.06) {
			s.method, s.emergency, s.class, nights = pick(o, []string{"21", "21", "22", "24", "28"}), true, "1", 1+int(o.r.ExpFloat64()*6)
		}
	case !p.male && years(p.birth, day) > 16 && years(p.birth, day) < 45 && o.chance(0.25):
		s.main, s.specialty, s.method, s.class, nights = pick(o, []string{"O800", "O820", "O680", "O700", "O809", "O622", "O420"}), "501", "31", "1", 1+o.r.IntN(4)
	case o.chance(0.4):
		s.main, s.method, s.emergency, s.class = o.w.acute.draw(o.r.IntN), pick(o, []string{"21", "21", "21", "21", "22", "22", "28", "24"}), true, "1"
		nights = int(o.r.ExpFloat64() * 5.5)
		if years(p.birth, day) < 16 {
			s.specialty = "420"
		}
	default:
		s.main = o.w.acute.draw(o.r.IntN)
		if o.chance(0.35) {
			s.class, nights = "1", 1+int(o.r.ExpFloat64()*4)
		}
	}
	s.treatment = s.specialty
	if s.specialty == "330" && o.chance(0.04) && day >= dayOf(2006, time.April, 1) {
		s.treatment = "257"
	}
	s.discharged = day + nights
	if nights > 1 && o.chance(0.25) {
		s.parts = 2
		if nights > 5 && o.chance(0.3) {
			s.parts = 3
		}
	}
	age := years(p.birth, day)
	s.died = s.emergency && o.chance(0.02+0.06*max(0, float64(age-60)/30))
	if s.discharged >= o.w.to {
		return s.discharged, true // not finished within the extract
	}
	start := s.admitted
	for part := 1; part <= s.parts; part++ {
		end := s.discharged
		if part < s.parts {
			end = start + (s.discharged-start)/(s.parts-part+1)
		}
		o.episode(p, s, part, start, end)
		start = end
	}
	return s.discharged, s.died
}
