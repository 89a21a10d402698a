package derive

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func MustLoad(t testing.TB) *Tables {
	t.Helper()
	tables, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// episode is a plain valid one: admitted and discharged on its first and last
// day, and changed by the options of the case.
func episode(key uint32, start, end string, change ...func(*Episode)) Episode {
	from, to := ParseDay(start), ParseDay(end)
	e := Episode{
		Person: true, Provider: 1, Key: key, Start: from, End: to, Admitted: from, Discharged: to, Submitted: NoDay,
		Order: 1, Age: 40, Duration: -1, Year: 2010,
		Method: Pack("11"), Source: Pack("19"), DisMethod: Pack("1"), DisDest: Pack("19"), Class: Pack("1"),
		Main: Pack("330"), Treat: Pack("330"), Sex: Pack("2"), Stat: Pack("3"), Type: Pack("1"), Ethnic: Pack("A"),
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

// derive runs one person.
func derive(t testing.TB, o Options, eps ...Episode) ([]Result, Counts) {
	t.Helper()
	p := New(MustLoad(t), o)
	out := make([]Result, len(eps))
	p.Derive(eps, out)
	return out, p.Counts()
}

func provider(n uint32) func(*Episode)    { return func(e *Episode) { e.Provider = n } }
func method(c string) func(*Episode)      { return func(e *Episode) { e.Method = Pack(c) } }
func source(c string) func(*Episode)      { return func(e *Episode) { e.Source = Pack(c) } }
func disMethod(c string) func(*Episode)   { return func(e *Episode) { e.DisMethod = Pack(c) } }
func disDest(c string) func(*Episode)     { return func(e *Episode) { e.DisDest = Pack(c) } }
func class(c string) func(*Episode)       { return func(e *Episode) { e.Class = Pack(c) } }
func admitted(day string) func(*Episode)  { return func(e *Episode) { e.Admitted = ParseDay(day) } }
func discharge(day string) func(*Episode) { return func(e *Episode) { e.Discharged = ParseDay(day) } }
func order(n int32) func(*Episode)        { return func(e *Episode) { e.Order = n } }

// spells returns the spell of each episode.
func spells(out []Result) []int32 {
	var n []int32
	for _, r := range out {
		n = append(n, r.Spell)
	}
	return n
}

func TestSpells(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		eps  []Episode
		want []int32
	}{
		{"worked-example-of-F", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("8")),
			episode(2, "2010-05-03", "2010-05-06", admitted("2010-05-01"), order(2)),
			episode(3, "2010-05-10", "2010-05-12"),
		}, []int32{0, 0, 1}},
		{"undischarged-joins-on-the-day", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("8")), episode(2, "2010-05-03", "2010-05-06")}, []int32{0, 0}},
		{"discharge-not-known-joins-on-the-day", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("9")), episode(2, "2010-05-03", "2010-05-06")}, []int32{0, 0}},
		{"discharged-does-not", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03"), episode(2, "2010-05-03", "2010-05-06")}, []int32{0, 1}},
		{"undischarged-a-day-later-does-not", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("8")), episode(2, "2010-05-04", "2010-05-06")}, []int32{0, 1}},
		{"same-start", Options{}, []Episode{
			episode(1, "2010-05-03", "2010-05-04", admitted("2010-05-01")), episode(2, "2010-05-03", "2010-05-06")}, []int32{0, 0}},
		{"another-provider", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("8")), episode(2, "2010-05-03", "2010-05-06", provider(2), admitted("2010-05-01"))}, []int32{0, 1}},
		{"same-admission-across-another", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03"), episode(2, "2010-05-04", "2010-05-05"), episode(3, "2010-05-06", "2010-05-07", admitted("2010-05-01"))}, []int32{0, 1, 0}},
		{"invalid-in-the-middle-neither-splits-nor-joins", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", disMethod("8")),
			episode(2, "2010-05-03", "2010-05-03", func(e *Episode) { e.Stat = Pack("1") }),
			episode(3, "2010-05-03", "2010-05-06", order(2)),
		}, []int32{0, -1, 0}},
		{"no-admission-date-no-spell", Options{}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", admitted(""), order(2)), episode(2, "2010-05-01", "2010-05-06", admitted(""), order(3))}, []int32{-1, -1}},
		{"S3", Options{Spells: S3}, []Episode{
			episode(1, "2010-05-01", "2010-05-03", func(e *Episode) { e.SUSSpell = 7 }),
			episode(2, "2010-05-01", "2010-05-04"),
			episode(3, "2010-06-01", "2010-06-03", func(e *Episode) { e.SUSSpell = 7 }),
			episode(4, "2010-05-01", "2010-05-05", order(2)),
			episode(5, "2010-06-01", "2010-06-03", provider(2), func(e *Episode) { e.SUSSpell = 7 }),
		}, []int32{0, 1, 0, 1, 2}},
		{"no-person", Options{}, []Episode{episode(1, "2010-05-01", "2010-05-03", func(e *Episode) { e.Person = false })}, []int32{-1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _ := derive(t, c.o, c.eps...)
			if d := cmp.Diff(c.want, spells(out)); d != "" {
				t.Errorf("spells (-want +got):\n%s", d)
			}
		})
	}
}

func TestStays(t *testing.T) {
	for _, c := range []struct {
		name      string
		a, b      []func(*Episode)
		next      string // start of b; a ends on 3 May
		nhsd, che bool   // joined
	}{
		{"worked-example-two-days", []func(*Episode){disDest("51")}, nil, "2010-05-05", true, true},
		{"worked-example-three-days", []func(*Episode){disDest("51")}, nil, "2010-05-06", false, true},
		{"four-days", []func(*Episode){disDest("51")}, nil, "2010-05-07", false, false},
		{"same-day", []func(*Episode){disDest("51")}, nil, "2010-05-03", true, true},
		{"overlap", []func(*Episode){disDest("51")}, nil, "2010-05-02", false, false},
		{"no-sign-of-a-transfer", nil, nil, "2010-05-03", false, false},
		{"source", nil, []func(*Episode){source("52")}, "2010-05-03", true, true},
		{"source-secure", nil, []func(*Episode){source("49")}, "2010-05-03", true, false},
		{"source-independent-hospital", nil, []func(*Episode){source("87")}, "2010-05-03", true, false},
		{"destination-medium-secure", []func(*Episode){disDest("50")}, nil, "2010-05-03", true, false},
		{"destination-independent-secure", []func(*Episode){disDest("84")}, nil, "2010-05-03", true, false},
		{"destination-independent-hospital-is-none", []func(*Episode){disDest("87")}, nil, "2010-05-03", false, false},
		{"method-2B", nil, []func(*Episode){method("2B")}, "2010-05-03", true, true},
		{"method-81", nil, []func(*Episode){method("81")}, "2010-05-03", true, true},
		{"home-then-emergency-department", []func(*Episode){disDest("19")}, []func(*Episode){source("51"), method("21")}, "2010-05-03", false, true},
		{"regular-attender-before", []func(*Episode){disDest("51"), class("3")}, nil, "2010-05-03", false, true},
		{"regular-attender-after", []func(*Episode){disDest("51")}, []func(*Episode){class("4")}, "2010-05-03", false, true},
		{"no-end-to-another-ward", []func(*Episode){disDest("51"), discharge("")}, nil, "2010-05-06", true, true},
		{"no-end-otherwise", []func(*Episode){disDest(""), discharge("")}, []func(*Episode){source("51")}, "2010-05-06", true, true},
		{"ends-before-it-starts", []func(*Episode){disDest("51"), discharge("2010-04-28")}, nil, "2010-05-03", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := episode(1, "2010-05-01", "2010-05-03", c.a...)
			b := episode(2, c.next, "2010-05-20", append(c.b, provider(2))...)
			out, counts := derive(t, Options{CutOff: ParseDay("2011-03-31")}, b, a)
			if got := out[0].StayNHSD == out[1].StayNHSD; got != c.nhsd {
				t.Errorf("P1 joins: %t", got)
			}
			if got := out[0].StayCHE == out[1].StayCHE; got != c.che {
				t.Errorf("P2 joins: %t", got)
			}
			if counts.NHSD.Stays+counts.NHSD.Joins != 2 || counts.CHE.Stays+counts.CHE.Joins != 2 || counts.Spells != 2 {
				t.Errorf("stays and joins are not the spells: %+v", counts)
			}
		})
	}
}

// P1 repairs dates before it joins: each repair alone, seen in its count.
func TestRepairs(t *testing.T) {
	open := []func(*Episode){discharge(""), disDest("")}
	for _, c := range []struct {
		name string
		o    Options
		eps  []Episode
		want [repairKinds]int
	}{
		{"cut-off", Options{CutOff: ParseDay("2011-03-31")}, []Episode{episode(1, "2010-05-01", "2010-05-03", open...)}, [repairKinds]int{repairCutOff: 1}},
		{"cut-off-before-the-admission", Options{CutOff: NoDay}, []Episode{episode(1, "2010-05-01", "2010-05-03", open...)}, [repairKinds]int{}},
		{"next", Options{}, []Episode{episode(1, "2010-05-01", "2010-05-03", discharge(""), disDest("51")), episode(2, "2010-06-01", "2010-06-02")}, [repairKinds]int{repairNext: 1}},
		{"day-before", Options{}, []Episode{episode(1, "2010-05-01", "2010-05-03", open...), episode(2, "2010-06-01", "2010-06-02")}, [repairKinds]int{repairDayBefore: 1}},
		{"swap", Options{}, []Episode{episode(1, "2010-05-05", "2010-05-06", discharge("2010-05-03"))}, [repairKinds]int{repairSwap: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, counts := derive(t, c.o, c.eps...)
			if d := cmp.Diff(c.want, counts.Repairs); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	quality := func(n uint8) func(*Episode) { return func(e *Episode) { e.Quality = n } }
	submitted := func(day string) func(*Episode) { return func(e *Episode) { e.Submitted = ParseDay(day) } }
	at := func(key uint32, change ...func(*Episode)) Episode {
		return episode(key, "2010-05-01", "2010-05-03", change...)
	}
	for _, c := range []struct {
		name string
		eps  []Episode
		want []bool
	}{
		{"fullest", []Episode{at(9, quality(20), submitted("2011-01-01")), at(1, quality(21))}, []bool{true, false}},
		{"newest", []Episode{at(9, submitted("2010-06-01")), at(1, submitted("2010-07-01")), at(10)}, []bool{true, false, true}},
		{"largest-key", []Episode{at(1), at(3), at(2)}, []bool{true, false, true}},
		{"missing-equals-missing", []Episode{at(1, discharge("")), at(2, discharge(""))}, []bool{true, false}},
		{"another-discharge", []Episode{at(1, discharge("")), at(2)}, []bool{false, false}},
		{"another-admission", []Episode{at(1, admitted("2010-04-30")), at(2)}, []bool{false, false}},
		{"filled-admission", []Episode{at(1, admitted("")), at(2)}, []bool{true, false}},
		{"another-transit", []Episode{at(1, disDest("51")), at(2)}, []bool{false, false}},
		{"another-order", []Episode{at(1, order(2)), at(2)}, []bool{false, false}},
		{"another-provider", []Episode{at(1, provider(2)), at(2)}, []bool{false, false}},
		{"unfinished-counts-too", []Episode{at(1, func(e *Episode) { e.Stat = Pack("1") }), at(2)}, []bool{true, false}},
		{"no-person", []Episode{at(1, func(e *Episode) { e.Person = false }), at(2, func(e *Episode) { e.Person = false })}, []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, counts := derive(t, Options{}, c.eps...)
			n := 0
			for i, r := range out {
				n += truth(r.Duplicate)
				if r.Duplicate != c.want[i] {
					t.Errorf("row %d: duplicate is %t", i, r.Duplicate)
				}
				if r.Duplicate && r.Spell != -1 {
					t.Errorf("row %d: a duplicate has a spell", i)
				}
			}
			if counts.Duplicates != n {
				t.Errorf("%d counted, %d flagged", counts.Duplicates, n)
			}
		})
	}
	t.Run("exact-copies-leave-one", func(t *testing.T) {
		out, _ := derive(t, Options{}, at(1), at(1), at(1))
		if n := truth(out[0].Duplicate) + truth(out[1].Duplicate) + truth(out[2].Duplicate); n != 2 {
			t.Errorf("%d of 3 copies are duplicates", n)
		}
	})
}

func TestReadmissions(t *testing.T) {
	emergency := method("21")
	index := func(change ...func(*Episode)) Episode {
		return episode(1, "2010-05-01", "2010-05-03", change...)
	}
	back := func(start string, change ...func(*Episode)) Episode {
		return episode(2, start, "2010-07-01", append([]func(*Episode){emergency, disMethod("8"), discharge("")}, change...)...)
	}
	dx := func(code string, main bool) func(*Episode) {
		d := MustLoad(t).Diagnosis(code, main)
		return func(e *Episode) { e.Dx = e.Dx.Or(d) }
	}
	later := "2010-05-20"
	for _, c := range []struct {
		name string
		eps  []Episode
		want int8 // of the first episode
	}{
		{"alone", []Episode{index()}, 0},
		{"same-day", []Episode{index(), back("2010-05-03")}, 1},
		{"29-days", []Episode{index(), back("2010-06-01")}, 1},
		{"30-days", []Episode{index(), back("2010-06-02")}, 0},
		{"planned", []Episode{index(), back(later, method("11"))}, 0},
		{"emergency-2D-elsewhere", []Episode{index(), back(later, method("2D"), provider(2))}, 1},
		{"not-discharged", []Episode{index(disMethod("8")), back(later)}, -1},
		{"no-discharge-date", []Episode{index(discharge("")), back(later)}, -1},
		{"died", []Episode{index(disMethod("4"))}, -1},
		{"stillborn", []Episode{index(disMethod("5"))}, -1},
		{"day-case", []Episode{index(class("2")), back(later)}, -1},
		{"cancer", []Episode{index(dx("C443", false)), back(later)}, -1},
		{"in-situ-counts", []Episode{index(dx("D041", true)), back(later)}, 1},
		{"chemotherapy", []Episode{index(dx("Z511", false)), back(later)}, -1},
		{"radiotherapy-counts", []Episode{index(dx("Z510", false)), back(later)}, 1},
		{"obstetric-main-diagnosis", []Episode{index(dx("O800", true)), back(later)}, -1},
		{"obstetric-second-diagnosis-counts", []Episode{index(dx("O800", false)), back(later)}, 1},
		{"obstetrics", []Episode{index(func(e *Episode) { e.Main = Pack("501") }), back(later)}, -1},
		{"midwifery", []Episode{index(func(e *Episode) { e.Treat = Pack("560") }), back(later)}, -1},
		{"maternity-admission", []Episode{index(method("32")), back(later)}, -1},
		{"delivery", []Episode{index(func(e *Episode) { e.Type = Pack("2") }), back(later)}, -1},
		{"cancer-only-in-the-return", []Episode{index(), back(later, dx("C443", true))}, 1},
		{"transfer-is-no-return", []Episode{index(disDest("51"), discharge("2010-05-03")), back("2010-05-04", provider(2))}, -1},
		{"nearer-discharge-takes-it", []Episode{index(), episode(3, "2010-05-05", "2010-05-06"), back("2010-05-10")}, 0},
		{"day-case-between-does-not", []Episode{index(), episode(3, "2010-05-05", "2010-05-06", class("2")), back("2010-05-10")}, 1},
		{"own-day-is-no-return", []Episode{episode(1, "2010-05-03", "2010-05-03", emergency)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, counts := derive(t, Options{}, c.eps...)
			if out[0].Readmitted != c.want {
				t.Errorf("readmitted is %d, want %d", out[0].Readmitted, c.want)
			}
			left := 0
			for _, n := range counts.Excluded {
				left += n
			}
			if counts.Denominator+left != counts.NHSD.Stays {
				t.Errorf("the stays do not balance: %+v", counts)
			}
		})
	}
	t.Run("nearer-stay-is-readmitted", func(t *testing.T) {
		out, counts := derive(t, Options{}, index(), episode(3, "2010-05-05", "2010-05-06"), back("2010-05-10"))
		if out[1].Readmitted != 1 || out[2].Readmitted != -1 || counts.Readmitted != 1 {
			t.Errorf("%d, %d; %d counted", out[1].Readmitted, out[2].Readmitted, counts.Readmitted)
		}
	})
	t.Run("all-episodes-of-the-stay", func(t *testing.T) {
		out, counts := derive(t, Options{}, index(disMethod("8"), discharge("")), episode(3, "2010-05-03", "2010-05-06", admitted("2010-05-01")), back("2010-05-10"))
		if out[0].Readmitted != 1 || out[1].Readmitted != 1 || counts.Readmitted != 1 || counts.Denominator != 1 {
			t.Errorf("%d, %d; %+v", out[0].Readmitted, out[1].Readmitted, counts)
		}
	})
}

func TestLookBack(t *testing.T) {
	tables := MustLoad(t)
	dx := func(codes ...string) func(*Episode) {
		return func(e *Episode) {
			for _, c := range codes {
				e.Dx = e.Dx.Or(tables.Diagnosis(c, false))
			}
		}
	}
	heart := dx("I21") // Charlson 1
	for _, c := range []struct {
		name           string
		before         []Episode
		own, one, five int16
	}{
		{"nothing", nil, 2, 2, 2},
		{"the-day-before", []Episode{episode(1, "2012-02-28", "2012-02-28", heart)}, 2, 3, 3},
		{"the-day-itself", []Episode{episode(1, "2012-02-29", "2012-02-29", heart, provider(2))}, 2, 2, 2},
		{"a-year-from-the-leap-day", []Episode{episode(1, "2011-02-28", "2011-02-28", heart)}, 2, 3, 3},
		{"more-than-a-year", []Episode{episode(1, "2011-02-27", "2011-02-28", heart)}, 2, 2, 3},
		{"five-years", []Episode{episode(1, "2007-02-28", "2007-02-28", heart)}, 2, 2, 3},
		{"more-than-five-years", []Episode{episode(1, "2007-02-27", "2007-02-28", heart)}, 2, 2, 2},
		{"once-each", []Episode{episode(1, "2011-05-01", "2011-05-02", heart), episode(2, "2011-06-01", "2011-06-02", heart)}, 2, 3, 3},
		{"the-last-time-counts", []Episode{episode(1, "2008-05-01", "2008-05-02", heart), episode(2, "2011-06-01", "2011-06-02", heart)}, 2, 3, 3},
		{"spread-cancer-before-replaces-cancer-now", []Episode{episode(1, "2011-05-01", "2011-05-02", dx("C780"))}, 2, 6, 6},
		{"own-spell-is-no-look-back", []Episode{episode(1, "2012-02-20", "2012-02-29", heart, disMethod("8"))}, 2, 2, 2},
		{"unfinished-counts", []Episode{episode(1, "2012-02-20", "2012-02-28", heart, func(e *Episode) { e.Stat = Pack("1") })}, 2, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			eps := append([]Episode{episode(9, "2012-02-29", "2012-03-04", dx("C509"))}, c.before...)
			out, _ := derive(t, Options{}, eps...)
			if got := [3]int16{out[0].Charlson, out[0].Charlson1, out[0].Charlson5}; got != [3]int16{c.own, c.one, c.five} {
				t.Errorf("Charlson %v", got)
			}
		})
	}
	t.Run("duplicate-is-no-source", func(t *testing.T) {
		copied := episode(1, "2011-05-01", "2011-05-02", heart)
		best := episode(2, "2011-05-01", "2011-05-02", func(e *Episode) { e.Quality = 9 })
		out, _ := derive(t, Options{}, episode(9, "2012-02-29", "2012-03-04"), copied, best)
		if !out[1].Duplicate || out[0].Charlson1 != 0 {
			t.Errorf("duplicate %t, Charlson %d", out[1].Duplicate, out[0].Charlson1)
		}
	})
	t.Run("no-spell-looks-back-from-its-start", func(t *testing.T) {
		out, _ := derive(t, Options{}, episode(9, "2012-02-29", "2012-03-04", func(e *Episode) { e.Stat = 0 }), episode(1, "2011-02-28", "2011-03-01", heart))
		if out[0].Spell != -1 || out[0].Charlson1 != 1 {
			t.Errorf("spell %d, Charlson %d", out[0].Spell, out[0].Charlson1)
		}
	})
}

func TestDay(t *testing.T) {
	for _, bad := range []string{"", "2010-02-29", "2010-13-01", "2010-00-10", "2010-01-00", "2010-04-31", "20100401", "2010-4-01", "2010-04-1x", "1900-02-29", "01/04/2010"} {
		if d := ParseDay(bad); d != NoDay {
			t.Errorf("%q is day %d", bad, d)
		}
	}
	if NoDay.String() != "" {
		t.Error("NoDay has a text")
	}
	for day := time.Date(1895, 12, 30, 0, 0, 0, 0, time.UTC); day.Year() < 2101; day = day.AddDate(0, 0, 1) {
		text := day.Format(time.DateOnly)
		d := ParseDay(text)
		if int64(d) != day.Unix()/86400 || d.String() != text {
			t.Fatalf("%s is day %d, %s", text, d, d)
		}
		if text[5:] != "02-29" {
			if want := day.AddDate(-5, 0, 0).Format(time.DateOnly); d.yearsBefore(5).String() != want {
				t.Fatalf("5 years before %s is %s", text, d.yearsBefore(5))
			}
		}
	}
	if got := ParseDay("2012-02-29").yearsBefore(4).String(); got != "2008-02-28" {
		t.Errorf("4 years before a leap day is %s", got)
	}
}

func TestCountsListIsFixed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range (Counts{}).List() {
		if c.ID == "" || c.What == "" || c.Source == "" || c.Count != 0 || seen[c.ID] {
			t.Errorf("line %+v", c)
		}
		seen[c.ID] = true
	}
	_, a := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03"))
	b := a
	b.Add(a)
	for i, line := range b.List() {
		if once := a.List()[i]; line.Count != 2*once.Count || line.ID != once.ID {
			t.Errorf("%s: %d and %d", line.ID, once.Count, line.Count)
		}
	}
}
