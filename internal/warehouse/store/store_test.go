package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/store"
)

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
