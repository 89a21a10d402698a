// Package drivertest is the conformance suite that every engine must pass.
//
// An engine's test calls Run with a function that opens the engine over a
// fixture. The suite asks readable questions from testdata, whose expected
// answers were read by a person and are checked against a plain predicate here,
// and random questions, whose expected answers come from package memory.
package drivertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

// Fixture is a small release: what an engine is opened over.
type Fixture struct {
	Dictionary *hes.Dictionary
	Columns    []hes.Field // that the records may hold, in the order of the dictionary, slots one by one
	Records    []driver.Record
}

// Open makes an engine that holds a fixture. The suite closes it.
type Open func(t testing.TB, f Fixture) driver.Engine

// fields of the fixture, families slot by slot.
var fields = []string{
	"EPIKEY", "TOKEN_PERSON_ID", "ADMIDATE", "EPISTART", "EPIEND", "EPIDUR", "ADMIMETH", "CLASSPAT", "DISDATE",
	"FYEAR", "STARTAGE", "STARTAGE_CALC", "SEX", "ETHNOS", "PROCODE3", "MAINSPEF", "TRETSPEF",
	"DIAG_01", "DIAG_02", "DIAG_03", "DIAG_04", "OPERTN_01", "OPERTN_02", "OPDATE_01", "PROVIDER_SPELL",
}

// Columns returns dictionary fields by name, in the order of the dictionary.
func Columns(t testing.TB, d *hes.Dictionary, names []string) []hes.Field {
	t.Helper()
	want := map[string]bool{}
	for _, n := range names {
		if _, ok := d.Field(n); !ok {
			t.Fatalf("the dictionary has no field %s", n)
		}
		want[n] = true
	}
	var out []hes.Field
	for _, f := range d.Fields() {
		if want[f.Name] {
			out = append(out, f)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			if name := f.SlotName(slot); want[name] {
				s, _ := d.Field(name)
				out = append(out, s)
			}
		}
	}
	return out
}

// New makes the suite's fixture: some 400 odd episodes. It is the same in every
// run: people with several episodes, equal admission dates, missing everything,
// keys of 12, 19 and 20 digits, gaps and repeats among the diagnoses, codes that
// begin each other, numbers whose text sorts otherwise, values that the load
// changed.
func New(t testing.TB) Fixture {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := Fixture{Dictionary: d, Columns: Columns(t, d, fields)}
	r := rand.New(rand.NewPCG(2026, 11))
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	for i := range 400 {
		rec := driver.Record{}
		put := func(name, value string) {
			if value != "" && r.IntN(12) > 0 {
				rec[name] = value
			}
		}
		switch i % 3 {
		case 0:
			rec["EPIKEY"] = fmt.Sprintf("%012d", 310000000000+i)
		case 1:
			rec["EPIKEY"] = fmt.Sprintf("%019d", 2100000000000000000+i)
		default:
			rec["EPIKEY"] = fmt.Sprintf("9%019d", i)
		}
		who := r.IntN(90)
		put("TOKEN_PERSON_ID", fmt.Sprintf("SYNTH%027d", who))
		year := 2004 + r.IntN(6)
		day := fmt.Sprintf("%d-%02d-%02d", year, 1+r.IntN(12), 1+r.IntN(4)*7)
		put("ADMIDATE", pick(day, day, day, day, day, day, "1899-12-31", "2030-01-01"))
		put("EPISTART", day)
		put("EPIEND", day)
		put("DISDATE", pick("", day))
		put("EPIDUR", pick("0", "1", "2", "9", "10", "100", "-3"))
		put("ADMIMETH", pick("11", "12", "13", "21", "2A", "2B", "81"))
		put("CLASSPAT", pick("1", "2", "3", "5"))
		put("FYEAR", fmt.Sprintf("%02d%02d", year%100, (year+1)%100))
		put("STARTAGE", pick("0", "1", "9", "10", "34", "64", "65", "99", "100", "120"))
		put("STARTAGE_CALC", pick("0.5", "9.75", "10", "33.51", "100.25"))
		put("SEX", pick("1", "1", "2", "2", "2", "9"))
		put("ETHNOS", pick("A", "B", "Z", "a", "Ä"))
		put("PROCODE3", pick("RA2", "RAL", "RAX", "R1", "R1A"))
		put("MAINSPEF", pick("330", "330", "330", "160", "300", "33"))
		put("TRETSPEF", pick("330", "257", "160"))
		for slot, p := range []int{11, 7, 5, 3} {
			if r.IntN(12) < p {
				put(fmt.Sprintf("DIAG_%02d", slot+1), pick("L400", "L401", "L409", "L40", "L20", "L208", "C44", "C443", "C449", "D22", "I10X", "E119", "l40"))
			}
		}
		put("OPERTN_01", pick("", "S065", "S06", "S121", "S12", "X921"))
		put("OPERTN_02", pick("", "", "S065", "Z943"))
		if rec["OPERTN_01"] != "" {
			put("OPDATE_01", day)
		}
		f.Records = append(f.Records, rec)
	}
	f.Records = append(f.Records,
		driver.Record{"EPIKEY": "1"}, // nothing else recorded
		driver.Record{"EPIKEY": "e1", "TOKEN_PERSON_ID": "synth-lower", "ADMIDATE": "2030-01-01", "STARTAGE_CALC": "-0.25"},
		driver.Record{"EPIKEY": "E1", "TOKEN_PERSON_ID": "SYNTH-LOWER", "ADMIDATE": "2030-01-01", "EPIDUR": "-10"},
		// No key: their whole content decides which comes first.
		driver.Record{"ADMIDATE": "2030-01-01", "SEX": "2"},
		driver.Record{"ADMIDATE": "2030-01-01", "SEX": "1", "DIAG_02": "L40"},
		driver.Record{"SEX": "1"},
	)
	number(f.Records)
	deliver(f.Records)
	return f
}

// number gives most rows a spell; engines must not rely on a spell's rows being
// those of one person.
func number(records []driver.Record) {
	r := rand.New(rand.NewPCG(2026, 13))
	for _, rec := range records {
		if r.IntN(6) > 0 {
			rec["PROVIDER_SPELL"] = fmt.Sprint(1 + r.IntN(150))
		}
	}
}

// deliver says where each row was read and what some of its values were before
// the load changed them: cleansed, cleared, and filled in; many of a field, few,
// and one; of a field that has no column too.
func deliver(records []driver.Record) {
	r := rand.New(rand.NewPCG(2026, 12))
	for i, rec := range records {
		rec[driver.OriginKey] = fmt.Sprintf("apc_%d.txt:%d", i%3, i/3+2)
		was := func(name, text string, of int) {
			if r.IntN(of) == 0 {
				rec[driver.RawKey(name)] = text
			}
		}
		if v := rec["DIAG_01"]; v != "" {
			was("DIAG_01", " "+strings.ToLower(v), 1)
		} else {
			was("DIAG_01", "L4O.0", 2)
		}
		was("DIAG_03", "&", 40)
		if day := rec["ADMIDATE"]; len(day) == len("2008-04-01") {
			was("ADMIDATE", day[8:]+day[5:7]+day[:4], 2)
		}
		if rec["SEX"] == "" {
			was("SEX", []string{"X", "Ä", "female"}[r.IntN(3)], 3)
		}
		if rec["EPIDUR"] != "" {
			was("EPIDUR", "", 20) // filled in
		}
		was("MARSTAT", "?", 100)
		if rec["EPIKEY"] == "E1" {
			was(hes.PersonField, "SYNTH-LOWER ", 1)
		}
	}
}
