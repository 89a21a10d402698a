package synth

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webenablehes/internal/fault"
)

// MustWrite makes an extract and returns its files by name.
func MustWrite(t testing.TB, o Options) (map[string][]byte, Truth) {
	t.Helper()
	dir := t.TempDir()
	truth, err := Write(t.Context(), dir, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(dir, n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[n.Name()] = b
	}
	return out, truth
}

func TestSynthSameSeedSameBytes(t *testing.T) {
	for name, o := range map[string]Options{
		"plain": {Patients: 1500, First: 2019, Last: 2021, Seed: 7, Dirt: 0.05, TruthRows: true},
		"forms": {Rows: 2000, First: 2019, Last: 2021, Seed: 7, Dirt: 0.05, TruthRows: true, Form: Form{Pack: "gzip", Encoding: "utf-16le", LineEnd: "crlf", Shuffle: true}},
	} {
		t.Run(name, func(t *testing.T) {
			first, _ := MustWrite(t, o)
			old := runtime.GOMAXPROCS(1)
			second, _ := MustWrite(t, o)
			runtime.GOMAXPROCS(max(2, old))
			o.Seed++
			third, _ := MustWrite(t, o)
			runtime.GOMAXPROCS(old)
			if len(first) != 5 {
				t.Fatalf("%d files, want three years and two of truth", len(first))
			}
			for name := range first {
				if !bytes.Equal(first[name], second[name]) {
					t.Errorf("%s differs between one core and several", name)
				}
				if bytes.Equal(first[name], third[name]) {
					t.Errorf("%s is the same for another seed", name)
				}
			}
		})
	}
}

// Asking for rows gives them, to within one person, and they are the first rows
// of a larger extract.
func TestSynthRows(t *testing.T) {
	more, _ := MustWrite(t, Options{Patients: 3000, First: 2010, Last: 2010, Seed: 5})
	for _, want := range []int{1, 700, 1500} {
		some, truth := MustWrite(t, Options{Rows: want, First: 2010, Last: 2010, Seed: 5})
		if truth.Rows < want || truth.Rows > want+200 {
			t.Errorf("%d rows, want %d and the rest of one person", truth.Rows, want)
		}
		if name := "synthetic_hes_apc_1011.txt"; !bytes.HasPrefix(more[name], some[name]) {
			t.Errorf("%d rows are not the beginning of more", want)
		}
	}
}

func TestSynthOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"nobody": {First: 2004, Last: 2005}, "backwards": {Patients: 1, First: 2005, Last: 2004}, "too-early": {Patients: 1, First: 1990, Last: 2004},
		"all-dirt": {Patients: 1, First: 2004, Last: 2004, Dirt: 0.9}, "both": {Patients: 1, Rows: 1, First: 2004, Last: 2004},
		"separator": {Patients: 1, First: 2004, Last: 2004, Form: Form{Separator: ";"}}, "split": {Patients: 1, First: 2004, Last: 2004, Form: Form{Split: 101}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Write(t.Context(), t.TempDir(), o, nil); fault.Of(err) != fault.Invalid {
				t.Error(err)
			}
		})
	}
}

func TestSynthColumns(t *testing.T) {
	for _, names := range []string{"", NamesNew, NamesOld} {
		seen := map[string]bool{}
		for i, n := range columnNames(names) {
			if n == "" || seen[n] {
				t.Errorf("place %d is named %q", i, n)
			}
			seen[n] = true
		}
	}
	for wide, want := range map[bool]int{false: 126, true: 142} {
		files, _ := MustWrite(t, Options{Patients: 20, First: 2010, Last: 2010, Form: Form{Wide: wide}})
		header, _, _ := strings.Cut(string(files["synthetic_hes_apc_1011.txt"]), "\n")
		if n := strings.Count(header, "|") + 1; n != want {
			t.Errorf("wide %v: %d columns, want %d", wide, n, want)
		}
	}
}

func TestSynthStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	_, err := Write(ctx, t.TempDir(), Options{Rows: 50_000_000, First: 2010, Last: 2010, Seed: 5}, func(int) { stop() })
	if err == nil {
		t.Error("no error after a stop")
	}
}

func BenchmarkSynthWrite(b *testing.B) {
	rows := 0
	for b.Loop() {
		t, err := Write(b.Context(), b.TempDir(), Options{Patients: 10000, First: 2004, Last: 2013, Seed: 1}, nil)
		if err != nil {
			b.Fatal(err)
		}
		rows += t.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
