package load

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
)

var (
	sumA = strings.Repeat("ab", 32)
	sumB = strings.Repeat("0c", 32)
)

func TestManifestsThatAreNone(t *testing.T) {
	long := &strings.Builder{}
	for i := range 21_000 {
		fmt.Fprintf(long, "f%d.txt,1,%s\n", i, sumA)
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":        {"", "is empty"},
		"no-hash":      {"name,rows\na.txt,1\n", "no column sha256"},
		"no-header":    {"a.txt,1," + sumA + "\n", "no column name"},
		"no-file":      {"name,rows,sha256\n", "names no file"},
		"few-cells":    {"name,rows,sha256\na.txt,1\n", "cannot be read"},
		"rows":         {"name,rows,sha256\na.txt,many," + sumA + "\n", "Line 2 of the manifest: rows"},
		"minus":        {"name,rows,sha256\na.txt,-1," + sumA + "\n", "Line 2 of the manifest: rows"},
		"half-a-hash":  {"name,rows,sha256\na.txt,1," + sumA[:32] + "\n", "sha256 is not one"},
		"no-hash-here": {"name,rows,sha256\na.txt,1,\n", "sha256 is not one"},
		"folder":       {"name,rows,sha256\nin/a.txt,1," + sumA + "\n", "without its folder"},
		"twice":        {"name,rows,sha256\na.txt,1," + sumA + "\nb.txt,1," + sumB + "\na.txt,2," + sumB + "\n", "Line 4"},
		"endless":      {"name,rows,sha256\n" + long.String(), "larger than 1 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := ReadManifest(strings.NewReader(c.text)); m != nil || fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := ReadManifest(iotest.ErrReader(errors.New("bad disk"))); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
}

// Whatever differs from a manifest is said: which file, what was expected, what was
// found; all of it at once.
func TestManifest(t *testing.T) {
	m, err := ReadManifest(strings.NewReader("\ufeffSHA256, Rows, Name\r\n" + strings.ToUpper(sumA) + ", 3, a.txt\r\n" + sumB + ",5,b.zip\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	a, b1, b2 := quality.File{Name: "a.txt", Rows: 3, SHA256: sumA}, quality.File{Name: "b.zip: one.txt", Rows: 2, SHA256: sumB}, quality.File{Name: "b.zip: two.txt", Rows: 3, SHA256: sumB}
	with := func(f quality.File, change func(*quality.File)) quality.File { change(&f); return f }
	for name, c := range map[string]struct {
		read []quality.File
		says []string
	}{
		"as-it-says": {[]quality.File{a, b1, b2}, nil},
		"rows":       {[]quality.File{with(a, func(f *quality.File) { f.Rows = 2 }), b1, b2}, []string{"a.txt has 2 rows, and 3 were expected"}},
		"member":     {[]quality.File{a, b1}, []string{"b.zip has 2 rows, and 5 were expected"}},
		"hash":       {[]quality.File{with(a, func(f *quality.File) { f.SHA256 = sumB }), b1, b2}, []string{"a.txt has the SHA-256 " + sumB + ", and " + sumA + " was expected"}},
		"missing":    {[]quality.File{b1, b2}, []string{"a.txt is in the manifest and was not read"}},
		"extra":      {[]quality.File{a, b1, b2, {Name: "c.txt", Rows: 1, SHA256: sumA}}, []string{"c.txt is not in the manifest"}},
		"all":        {[]quality.File{{Name: "c.txt"}, b1}, []string{"c.txt is not", "b.zip has 2 rows", "a.txt is in"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := m.Check(c.read)
			if (err == nil) != (c.says == nil) {
				t.Fatal(err)
			}
			for _, say := range c.says {
				if fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), say) {
					t.Error(err)
				}
			}
		})
	}
	if err := m.Complete([]string{"x/a.txt", "y/b.zip", "y/header.txt"}); err != nil {
		t.Error(err)
	}
	for says, files := range map[string][]string{"a.txt is in the manifest": {"b.zip"}, "b.zip is given twice": {"a.txt", "b.zip", "in/b.zip"}} {
		if err := m.Complete(files); fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), says) {
			t.Error(err)
		}
	}
	var many []quality.File
	for i := range 30 {
		many = append(many, quality.File{Name: fmt.Sprintf("f%d", i)})
	}
	if say := fault.Say(m.Check(many)); !strings.Contains(say, "and 12 more") || strings.Contains(say, "f20") {
		t.Error(say)
	}
}
