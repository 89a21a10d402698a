package synth

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webenablehes/internal/fault"
)

func files(t testing.TB, o Options) (map[string][]byte, Truth) {
	t.Helper()
	dir := t.TempDir()
	truth, err := Write(t.Context(), dir, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(n)] = b
	}
	return out, truth
}

func TestSameSeedSameBytes(t *testing.T) {
	o := Options{Patients: 1500, First: 2019, Last: 2021, Seed: 7, Dirt: 0.05}
	first, _ := files(t, o)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	second, _ := files(t, o)
	o.Seed++
	third, _ := files(t, o)
	if len(first) != 4 {
		t.Fatalf("%d files, want three years and the truth", len(first))
	}
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs between one core and several", name)
		}
		if bytes.Equal(first[name], third[name]) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

// Clean files hold together.
func TestCoherence(t *testing.T) {
	all, truth := files(t, Options{Patients: 4000, First: 2006, Last: 2010, Seed: 3, Comma: true})
	keys := map[string]bool{}
	sexes := map[string]string{}
	died := map[string]string{}
	n, day, female, skin := 0, 0, 0, 0
	for name, b := range all {
		if name == "truth.json" {
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]int{}
		for i, c := range rows[0] {
			at[c] = i
		}
		if len(at) < 120 {
			t.Fatalf("%d columns", len(at))
		}
		for _, r := range rows[1:] {
			n++
			v := func(c string) string { return r[at[c]] }
			if keys[v("EPIKEY")] || len(v("EPIKEY")) != 12 {
				t.Fatalf("EPIKEY %s is there twice or not of twelve digits", v("EPIKEY"))
			}
			keys[v("EPIKEY")] = true
			if v("ADMIDATE") > v("EPISTART") || v("EPISTART") > v("EPIEND") || v("DISDATE") != "" && v("DISDATE") < v("EPIEND") {
				t.Fatalf("dates out of order: %s %s %s %s", v("ADMIDATE"), v("EPISTART"), v("EPIEND"), v("DISDATE"))
			}
			if (v("DISDATE") != "") != (v("SPELEND") == "Y") || (v("DISMETH") == "8") != (v("SPELEND") == "N") {
				t.Fatal("a discharge on an episode that is not the last, or none on the last")
			}
			who := v("PSEUDO_HESID")
			if !strings.HasPrefix(who, Mark) || len(who) != 32 {
				t.Fatalf("person id of %d characters", len(who))
			}
			if s, ok := sexes[who]; ok && s != v("SEX") {
				t.Fatal("a person of two sexes")
			}
			sexes[who] = v("SEX")
			if d, ok := died[who]; ok && v("ADMIDATE") > d {
				t.Fatal("an admission after death")
			}
			if v("DISMETH") == "4" {
				died[who] = v("DISDATE")
			}
			year := v("EPIEND")[2:4]
			if v("EPIEND")[5:7] < "04" {
				if v("FYEAR")[2:] != year {
					t.Fatalf("FYEAR %s for an end on %s", v("FYEAR"), v("EPIEND"))
				}
			} else if v("FYEAR")[:2] != year {
				t.Fatalf("FYEAR %s for an end on %s", v("FYEAR"), v("EPIEND"))
			}
			if v("CLASSPAT") == "2" {
				day++
			}
			if v("SEX") == "2" {
				female++
			}
			if v("MAINSPEF") == "330" {
				skin++
			}
		}
	}
	if n != truth.Rows || truth.Rejected != 0 || len(truth.Planted) != 0 {
		t.Errorf("%d rows, truth %+v", n, truth)
	}
	share := func(k int) float64 { return float64(k) / float64(n) }
	if s := share(female); s < 0.48 || s > 0.62 {
		t.Errorf("%.2f female", s)
	}
	if s := share(day); s < 0.3 || s > 0.6 {
		t.Errorf("%.2f day cases", s)
	}
	if s := share(skin); s < 0.15 {
		t.Errorf("%.2f under dermatology", s)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{"nobody": {First: 2004, Last: 2005}, "backwards": {Patients: 1, First: 2005, Last: 2004}, "too-early": {Patients: 1, First: 1990, Last: 2004}, "all-dirt": {Patients: 1, First: 2004, Last: 2004, Dirt: 0.9}} {
		if _, err := Write(t.Context(), t.TempDir(), o, nil); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	rows := 0
	for b.Loop() {
		_, t := files(b, Options{Patients: 10000, First: 2004, Last: 2013, Seed: 1})
		rows += t.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
