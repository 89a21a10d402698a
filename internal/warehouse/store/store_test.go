package store_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/store"
)

// MustWrite writes records in blocks of a size, in the order given, and returns
// the folder.
func MustWrite(t testing.TB, f drivertest.Fixture, records []driver.Record, size int) string {
	t.Helper()
	dir := t.TempDir()
	w, err := store.Create(dir, f.Columns)
	if err != nil {
		t.Fatal(err)
	}
	b := &hes.Batch{Columns: make([]hes.Column, len(f.Columns))}
	for i, r := range records {
		for c, field := range f.Columns {
			b.Columns[c].Append([]byte(r[field.Name]))
		}
		b.Rows++
		if b.Rows == size || i == len(records)-1 {
			if err := w.Add(b); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
	if _, err := w.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, f drivertest.Fixture) driver.Engine {
	s, err := store.Open(MustBuild(t, f, nil), f.Dictionary)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) { drivertest.Run(t, open) }

func read(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The files do not depend on the order of the rows or on how they were cut
// into blocks.
func TestFilesDoNotShowTheOrderOfInput(t *testing.T) {
	f := drivertest.New(t)
	f.Records = append(f.Records, f.Records[:20]...) // rows equal in everything
	first := read(t, MustWrite(t, f, f.Records, 50))
	for seed := range uint64(3) {
		shuffled := append([]driver.Record(nil), f.Records...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if d := cmp.Diff(first, read(t, MustWrite(t, f, shuffled, 7+int(seed)))); d != "" {
			t.Fatalf("seed %d: the files differ", seed)
		}
	}
}

// A file that is cut short or has bytes changed where they matter gives an
// error, never a crash.
func TestDamagedFiles(t *testing.T) {
	f := drivertest.New(t)
	dir := MustBuild(t, f, nil)
	for name, content := range read(t, dir) {
		path := filepath.Join(dir, name)
		for _, cut := range []int{0, 1, len(content) / 2, len(content) - 1} {
			if cut < 0 || cut >= len(content) {
				continue
			}
			if err := os.WriteFile(path, []byte(content[:cut]), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := store.Open(dir, f.Dictionary); err == nil {
				s.Close()
				t.Errorf("%s cut to %d of %d bytes was opened", name, cut, len(content))
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if s, err := store.Open(dir, f.Dictionary); err == nil {
			s.Close()
			t.Errorf("opened without %s", name)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(dir, f.Dictionary)
	if err != nil {
		t.Fatal("the restored files do not open:", err)
	}
	s.Close()
}
