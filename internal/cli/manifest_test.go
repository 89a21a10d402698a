package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webenablehes/internal/fault"
)

// What whoever sent the files says of them is held against what was read: a load that
// differs publishes nothing, leaves what was served, and is no load in the record.
func TestLoadByAManifest(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	write := func(name, content string) (path, sum string) {
		path = filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		raw := sha256.Sum256([]byte(content))
		return path, hex.EncodeToString(raw[:])
	}
	const head = "PSEUDO_HESID|EPIKEY|EPISTART|EPIEND|MAINSPEF\n"
	a, sumA := write("a.txt", head+"TESTa|1|2008-04-01|2008-04-03|330\nTESTb|2|2008-05-01|2008-05-03|330\n")
	b, sumB := write("b.txt", head+"TESTc|3|2008-06-01|2008-06-03|330\n")
	other, _ := write("other.txt", head+"TESTd|4|2008-06-01|2008-06-03|330\n")
	lines := []string{"name,rows,sha256", "a.txt,2," + sumA, "b.txt,1," + sumB}
	manifest := func(lines ...string) string {
		path, _ := write("manifest.csv", strings.Join(lines, "\n")+"\n")
		return "--manifest=" + path
	}
	must(t, "load", "--quiet", "--data", data, manifest(lines...), a, b)
	first := show(t, data)
	if first.Rows.Kept != 3 {
		t.Fatalf("%+v", first)
	}
	if out := must(t, "audit", "search", "--data", data); !strings.Contains(out, "files as in the manifest") {
		t.Error(out)
	}
	for name, c := range map[string]struct {
		manifest, files []string
		says            string
	}{
		"hash":    {[]string{lines[0], lines[1], "b.txt,1," + sumA}, []string{a, b}, "b.txt has the SHA-256 " + sumB + ", and " + sumA + " was expected"},
		"rows":    {[]string{lines[0], "a.txt,3," + sumA, lines[2]}, []string{a, b}, "a.txt has 2 rows, and 3 were expected"},
		"missing": {lines, []string{a}, "b.txt is in the manifest and not among the files"},
		"extra":   {lines, []string{a, b, other}, "other.txt is not in the manifest"},
		"none":    {[]string{"a.txt,2," + sumA}, []string{a, b}, "no column name"},
	} {
		_, errs, code := run(t, append([]string{"load", "--quiet", "--data", data, manifest(c.manifest...)}, c.files...)...)
		if code != fault.Invalid.Exit() || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
		if got := show(t, data); got != first {
			t.Errorf("%s: %+v is served", name, got)
		}
	}
	if _, errs, code := run(t, "load", "--quiet", "--data", data, "--manifest="+filepath.Join(dir, "none.csv"), a); code != fault.NotFound.Exit() || !strings.Contains(errs, "The manifest cannot be opened") {
		t.Errorf("without the file: exit %d, %s", code, errs)
	}
	if n := strings.Count(must(t, "audit", "search", "--data", data), "subset dermatology"); n != 1 {
		t.Errorf("%d loads are in the record", n)
	}
}
