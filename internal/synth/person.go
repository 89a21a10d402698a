package synth

import "math/rand/v2"

// someone is a person.
type someone struct {
	number   int
	id       string
	birth    int // day
	male     bool
	skin     bool
	dialysis bool
	ethnic   string
	home     provider
	lsoa     string
	decile   int
	practice string
	illness  []string // long-standing, recorded again and again
	skinDx   string
	rows     int // EPIKEYs given
	spells   int // begun
	free     int // day from which nothing is under way
	apart    int // days that must lie before the next spell
	seen     bool
	spell    int    // last that a row was counted for
	counted  [2]int // the same of stays, by method
	stays    []stayTruth
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (o *output) chance(p float64) bool { return o.r.Float64() < p }

func pick[T any](o *output, from []T) T { return from[o.r.IntN(len(from))] }

// maxSpells bounds a history, regular attendances apart.
const maxSpells = 40

// person makes one person's rows: the history from the first day of the extract
// or from birth, spell after spell, until death or the extract's end.
func (o *output) person(number int) {
	w := o.w
	o.r = rand.New(rand.NewPCG(w.o.Seed, uint64(number)))
	o.back = false
	o.part = number % max(1, w.o.Form.Split)
	p := o.born(number)
	defer func() { o.readmissions(p) }()
	day := max(w.from, p.birth) - 200 + o.r.IntN(1200)
	if p.birth >= w.from {
		next, alive := o.birth(p)
		if !alive {
			return
		}
		day = next + 30 + o.r.IntN(1000)
	}
	regular := 0
	for spells := 0; day < w.to && spells < maxSpells; spells++ {
		if day < max(w.from, p.birth) {
			day += 1 + o.r.IntN(400)
			continue
		}
		if p.dialysis && regular < 2 && o.chance(0.5) {
			regular++
			day = o.attendances(p, day)
			continue
		}
		last, alive := o.history(p, o.spell(p, day))
		if !alive {
			return
		}
		mean := 1650.0
		if p.skin {
			mean = 850
		}
		gap := 1 + int(o.r.ExpFloat64()*mean)
		if last.class == "1" && o.chance(0.085) {
			// Back as an emergency within the month.
			gap = 1 + min(o.r.IntN(29), o.r.IntN(29))
			o.back = true
		}
		day = p.free + max(gap, p.apart)
	}
}

// born draws who the person is.
func (o *output) born(number int) *someone {
	w := o.w
	p := &someone{number: number, male: o.chance(0.465), skin: o.chance(0.27), counted: [2]int{-1, -1}}
	id := append(make([]byte, 0, 32), Mark...)
	for len(id) < 32 {
		bits := o.r.Uint64()
		for i := 0; i < 9 && len(id) < 32; i++ {
			id = append(id, letters[bits%uint64(len(letters))])
			bits /= uint64(len(letters))
		}
	}
	p.id = string(id)
	middle := (w.from + w.to) / 2
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
	if !p.skin && o.chance(0.09) {
		p.birth, age = w.from+o.r.IntN(w.to-w.from), 0
	}
	p.ethnic = pick(o, []string{"A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "A", "C", "B", "H", "J", "M", "N", "S", "Z", "Z", "L", "G"})
	p.home = pick(o, w.providers)
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
		p.skinDx = w.skinDx.draw(o.r.IntN)
	}
	p.dialysis = !p.skin && age > 30 && o.chance(0.008)
	p.free, p.apart = w.from-1000, 1
	return p
}

func number5(n int) string {
	const digits = "0123456789"
	return string([]byte{digits[n/10000%10], digits[n/1000%10], digits[n/100%10], digits[n/10%10], digits[n%10]})
}
