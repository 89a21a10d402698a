package synth

import (
	"regexp"
	"strings"
	"testing"
)

// With local numbers an extract is the same but for them; a person has one number
// at each provider, no two persons the same one there, and numbers of two providers
// meet.
func TestSynthLocalIDs(t *testing.T) {
	o := Options{Patients: 6000, First: 2008, Last: 2010, Seed: 9, Dirt: 0.05, TruthRows: true}
	without, truth := MustWrite(t, o)
	o.LocalIDs = true
	with, truthWith := MustWrite(t, o)
	if truth.Rows != truthWith.Rows || string(without["truth.json"]) != string(with["truth.json"]) || string(without["truth_rows.csv"]) != string(with["truth_rows.csv"]) {
		t.Error("the truth differs with local numbers")
	}
	form := regexp.MustCompile(`^SY[0-9]{8}$`)
	type place struct{ provider, text string }
	byNumber, byPerson := map[place]string{}, map[place]string{}
	holders := map[string]map[string]bool{} // the providers of each number
	several := map[string]map[string]bool{} // the numbers of each person
	for name, text := range with {
		if !strings.HasSuffix(name, ".txt") {
			continue
		}
		lines, before := strings.Split(string(text), "\n"), strings.Split(string(without[name]), "\n")
		if !strings.HasSuffix(lines[0], "|LOPATID") || len(lines) != len(before) {
			t.Fatalf("%s: header ends %q, %d lines, %d without", name, lines[0][len(lines[0])-10:], len(lines), len(before))
		}
		for i, line := range lines[1 : len(lines)-1] {
			f := strings.Split(line, "|")
			if len(f) != cWide+1 || strings.Contains(line, "\"") {
				continue // a planted fault
			}
			if !strings.HasPrefix(line, before[i+1]+"|") {
				t.Fatalf("%s:%d differs in another column", name, i+2)
			}
			provider, person, number := f[cPROCODE3], f[cPERSON], f[cWide]
			if (number == "") != (provider == "899") || number != "" && !form.MatchString(number) {
				t.Errorf("%s:%d: number %q at %s", name, i+2, number, provider)
			}
			if number == "" || person == "" {
				continue
			}
			if was := byNumber[place{provider, number}]; was != "" && was != person {
				t.Errorf("%s has the number %s twice", provider, number)
			}
			if was := byPerson[place{provider, person}]; was != "" && was != number {
				t.Errorf("a person has two numbers at %s", provider)
			}
			byNumber[place{provider, number}], byPerson[place{provider, person}] = person, number
			if holders[number] == nil {
				holders[number] = map[string]bool{}
			}
			holders[number][provider] = true
			if several[person] == nil {
				several[person] = map[string]bool{}
			}
			several[person][number] = true
		}
	}
	shared, moved := 0, 0
	for _, at := range holders {
		if len(at) > 1 {
			shared++
		}
	}
	for _, numbers := range several {
		if len(numbers) > 1 {
			moved++
		}
	}
	if shared < 20 || moved < 20 {
		t.Errorf("%d numbers are of two providers, %d persons have two", shared, moved)
	}
}
