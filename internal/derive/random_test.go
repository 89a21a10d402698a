package derive

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// person makes a few episodes that meet in few days, codes and providers, so
// that ties, transfers, duplicates and gaps are common.
func person(r *rand.Rand, t *Tables) []Episode {
	one := func(texts ...string) Code { return Pack(texts[r.IntN(len(texts))]) }
	base, spread := ParseDay("2010-02-25"), 3+r.IntN(12)
	if r.IntN(4) == 0 {
		spread = 2500 // years, for the look-back
	}
	day := func() Day {
		if r.IntN(12) == 0 {
			return NoDay
		}
		return base + Day(r.IntN(spread))
	}
	diagnoses := []string{"I21", "C509", "C780", "E119", "E112", "Z511", "O800", "L400", "K703", "K704", "I10", "I119", "E66"}
	seen := map[Episode]bool{}
	var eps []Episode
	for range 1 + r.IntN(9) {
		e := Episode{
			Person: true, Provider: uint32(1 + r.IntN(3)), Key: uint32(1 + r.IntN(30)), SUSSpell: uint32(r.IntN(4)), Start: day(),
			Submitted: day(), Order: int32(1 + r.IntN(2)), Age: 40, Duration: -1, Year: int16(2009 + r.IntN(2)),
			Method: one("11", "11", "12", "21", "21", "2B", "22", "81", "31", ""), Source: one("19", "19", "51", "52", "49", "87", ""),
			DisMethod: one("1", "1", "1", "2", "4", "8", "9", ""), DisDest: one("19", "19", "51", "53", "84", ""),
			Class: one("1", "1", "1", "1", "2", "3"), Main: one("330", "330", "330", "330", "501"), Treat: Pack("330"),
			Sex: Pack("1"), Stat: one("3", "3", "3", "3", "3", "3", "1"), Type: one("1", "1", "1", "1", "1", "2"), Quality: uint8(20 + r.IntN(2)),
		}
		e.End, e.Admitted, e.Discharged = day(), day(), day()
		if e.Start != NoDay && r.IntN(3) > 0 { // mostly dates that agree
			e.End, e.Admitted = e.Start+Day(r.IntN(4)), e.Start
			e.Discharged = e.End
		}
		if n := len(eps); n > 0 && r.IntN(4) == 0 { // another copy of an earlier one
			old := eps[r.IntN(n)]
			old.Key, old.Quality, old.Submitted = e.Key, e.Quality, e.Submitted
			e = old
		}
		if n := len(eps); n > 0 && r.IntN(4) == 0 { // the next of the same admission
			e.Provider, e.Admitted = eps[n-1].Provider, eps[n-1].Admitted
		}
		if r.IntN(2) == 0 {
			e.Dx = t.Diagnosis(diagnoses[r.IntN(len(diagnoses))], true)
		}
		if !seen[e] { // which of two equal rows is the duplicate cannot be told
			seen[e] = true
			eps = append(eps, e)
		}
	}
	return eps
}

// same fails unless two numberings put the same rows together.
func same(t *testing.T, what string, want, got []int) {
	t.Helper()
	for i := range want {
		if (want[i] < 0) != (got[i] < 0) {
			t.Fatalf("%s of row %d: %d, want %d", what, i, got[i], want[i])
		}
		for j := range i {
			if want[i] >= 0 && want[j] >= 0 && (want[i] == want[j]) != (got[i] == got[j]) {
				t.Fatalf("%s: rows %d and %d are together: %t", what, j, i, got[i] == got[j])
			}
		}
	}
}

func column(out []Result, of func(Result) int) []int {
	all := make([]int, len(out))
	for i, r := range out {
		all[i] = of(r)
	}
	return all
}

func spellOf(r Result) int { return int(r.Spell) }
func nhsdOf(r Result) int  { return int(r.StayNHSD) }
func cheOf(r Result) int   { return int(r.StayCHE) }

func TestAgainstSlow(t *testing.T) {
	tables := MustLoad(t)
	for _, o := range []Options{{}, {CutOff: ParseDay("2010-03-06")}, {Spells: S3, CutOff: NoDay}} {
		r := rand.New(rand.NewPCG(1, uint64(o.Spells)))
		p := New(tables, o)
		joined := 0
		for range 4000 {
			eps := person(r, tables)
			out := make([]Result, len(eps))
			p.Derive(eps, out)
			s := runSlow(tables, o, eps)
			nhsd, che := make([]int, len(eps)), make([]int, len(eps))
			readmitted, los := make([]int, len(eps)), make([]int, len(eps))
			for i := range eps {
				nhsd[i], che[i], readmitted[i], los[i] = -1, -1, -1, -1
			}
			for k, stay := range s.nhsd {
				for _, g := range stay.spells {
					for _, i := range s.groups[g] {
						nhsd[i], readmitted[i] = k, int(s.readmitted(k))
						if days := int(s.last(g).Discharged) - int(s.begins(g)); s.eps[i].End < s.eps[i].Start {
							continue
						} else if in(s.first(g).Class, "2") {
							los[i] = 0
						} else if s.last(g).Discharged != NoDay && days >= 0 {
							los[i] = days
						}
					}
				}
			}
			for k, stay := range s.che {
				for _, g := range stay {
					for _, i := range s.groups[g] {
						che[i] = k
					}
				}
			}
			same(t, "spell", s.spell, column(out, spellOf))
			same(t, "P1", nhsd, column(out, nhsdOf))
			same(t, "P2", che, column(out, cheOf))
			for i, got := range out {
				one, five := s.earlier(i, 1), s.earlier(i, 5)
				want := got
				want.Valid, want.Duplicate, want.Filled = s.valid[i], s.dup[i], s.filled[i]
				want.Readmitted, want.LOS = int8(readmitted[i]), int32(los[i])
				want.Charlson1, want.Charlson5 = tables.charlson.sum(one.Charlson), tables.charlson.sum(five.Charlson)
				want.Elixhauser1, want.Elixhauser5 = tables.elixhauser.sum(one.Elixhauser), tables.elixhauser.sum(five.Elixhauser)
				if want != got {
					t.Fatalf("row %d of %d (-slow +fast):\n%s", i, len(eps), cmp.Diff(want, got))
				}
			}
			joined += len(eps) - len(s.groups)
		}
		c := p.Counts()
		if joined == 0 || c.NHSD.Joins == 0 || c.CHE.Joins == 0 || c.Readmitted == 0 || c.Duplicates == 0 || c.SpellJoins[joinAcross] == 0 {
			t.Errorf("the persons are too plain: %+v", c)
		}
		if c.Spells != c.NHSD.Stays+c.NHSD.Joins || c.Spells != c.CHE.Stays+c.CHE.Joins {
			t.Errorf("stays and joins are not the spells: %+v", c)
		}
	}
}

// No two valid episodes of one person, provider and admission date are in
// different spells, and every such episode is in one.
func TestOneAdmissionIsOneSpell(t *testing.T) {
	tables := MustLoad(t)
	r := rand.New(rand.NewPCG(2, 0))
	p := New(tables, Options{})
	for range 5000 {
		eps := person(r, tables)
		out := make([]Result, len(eps))
		p.Derive(eps, out)
		for i, a := range out {
			if (a.Spell >= 0) != (a.Valid && !a.Duplicate) || (a.Spell >= 0) != (a.StayNHSD >= 0) || (a.Spell >= 0) != (a.StayCHE >= 0) {
				t.Fatalf("row %d is valid %t, duplicate %t, in spell %d", i, a.Valid, a.Duplicate, a.Spell)
			}
			for j, b := range out[:i] {
				if a.Spell < 0 || b.Spell < 0 {
					continue
				}
				if eps[i].Provider == eps[j].Provider && a.Filled == b.Filled && a.Spell != b.Spell {
					t.Fatalf("rows %d and %d are of one admission and in two spells", j, i)
				}
				if a.Spell == b.Spell && (a.StayNHSD != b.StayNHSD || a.StayCHE != b.StayCHE || eps[i].Provider != eps[j].Provider) {
					t.Fatalf("rows %d and %d are of one spell and in two stays or providers", j, i)
				}
			}
		}
	}
}

// The order in which episodes come changes nothing, not even the numbers.
func TestOrderDoesNotMatter(t *testing.T) {
	tables := MustLoad(t)
	r := rand.New(rand.NewPCG(3, 0))
	a, b := New(tables, Options{CutOff: ParseDay("2010-03-06")}), New(tables, Options{CutOff: ParseDay("2010-03-06")})
	var sum Counts
	for range 3000 {
		eps := person(r, tables)
		out := make([]Result, len(eps))
		a.Derive(eps, out)

		order := r.Perm(len(eps))
		shuffled, want, got := make([]Episode, len(eps)), make([]Result, len(eps)), make([]Result, len(eps))
		for i, from := range order {
			shuffled[i], want[i] = eps[from], out[from]
		}
		b.Derive(shuffled, got)
		if !slices.Equal(want, got) {
			t.Fatalf("shuffled (-want +got):\n%s", cmp.Diff(want, got))
		}
		alone := New(tables, Options{CutOff: ParseDay("2010-03-06")})
		alone.Derive(shuffled, got)
		sum.Add(alone.Counts())
	}
	if d := cmp.Diff(a.Counts(), b.Counts()); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if d := cmp.Diff(a.Counts(), sum); d != "" {
		t.Errorf("counts added up (-want +got):\n%s", d)
	}
	for _, line := range sum.List() {
		if line.Count == 0 && line.ID != "S3" && line.ID != "V6" && line.ID != "V7" {
			t.Errorf("%s never happens: the persons are too plain", line.ID)
		}
	}
}
