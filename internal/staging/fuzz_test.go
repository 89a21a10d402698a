package staging

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// damaged is a small whole batch and its files, which fuzzing replaces.
func damaged(f *testing.F) (dir string, files map[string][]byte) {
	f.Helper()
	d := dictionary(f)
	columns := fields(f, d, columnNames...)
	dir = f.TempDir()
	write(f, dir, d, columns, sample(rand.New(rand.NewPCG(9, 9)), columns, 40, 5), 5, []uint32{1})
	names, err := os.ReadDir(dir)
	if err != nil {
		f.Fatal(err)
	}
	files = map[string][]byte{}
	for _, n := range names {
		if files[n.Name()], err = os.ReadFile(filepath.Join(dir, n.Name())); err != nil {
			f.Fatal(err)
		}
	}
	return dir, files
}

// Whatever stands in the description of a batch, opening and reading it gives
// rows or says that it is damaged.
func FuzzOpen(f *testing.F) {
	whole, files := damaged(f)
	f.Add(files[batchFile])
	for _, text := range []string{
		`{}`, `{"version":1,"report":{}}`, `{"version":1,"report":{},"columns":["FYEAR"],"entries":[-1]}`,
		`{"version":1,"report":{},"columns":["FYEAR"],"entries":[4294967295],"blocks":[],"files":[]}`,
		`{"version":1,"rows":1,"report":{},"columns":["FYEAR"],"entries":[1],"files":["a"],"blocks":[{"r":1,"a":9223372036854775807,"f":0,"s":[1,4294967295]}]}`,
		`{"version":1,"rows":1,"report":{},"columns":["EPIKEY"],"entries":[0],"files":["a"],"blocks":[{"r":1,"a":0,"f":0,"s":[0,1]}]}`,
		`{"version":1,"rows":-1,"report":{},"columns":["FYEAR","FYEAR"],"entries":[1,1]}`, `{"version":1,"report":{},"columns":["../x"],"entries":[1]}`,
	} {
		f.Add([]byte(text))
	}
	d := dictionary(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := copyOf(t, whole)
		if err := os.WriteFile(filepath.Join(dir, batchFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = tryAll(t, dir, d) // that it is right is tested elsewhere: here, that nothing breaks
	})
}

// The same for the rows, for a table of entries and for an identifier.
func FuzzReader(f *testing.F) {
	whole, files := damaged(f)
	names := []string{blocksFile, deadFile, "FYEAR.entries", "DIAG_01.entries", "EPIKEY.text", "EPIKEY.codes"}
	for i, name := range names {
		if len(files[name]) == 0 {
			f.Fatalf("a batch has no %s", name)
		}
		f.Add(uint8(i), files[name])
		f.Add(uint8(i), append([]byte{0xff, 0xff, 0xff, 0xff}, files[name]...))
	}
	d := dictionary(f)
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		dir := copyOf(t, whole)
		if err := os.WriteFile(filepath.Join(dir, names[int(which)%len(names)]), text, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = tryAll(t, dir, d)
	})
}
