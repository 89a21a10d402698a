package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/registry"
	"webenablehes/internal/release"
)

// pieces takes bytes out of the middle of every file below some folders, where they
// are of many values: what is nowhere else.
func pieces(t *testing.T, data string, folders ...string) map[string][]byte {
	t.Helper()
	const long = 40
	out := map[string][]byte{}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(data, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == "manifest.json" { // whose hashes are in the certificate
				return err
			}
			b := mustRead(t, path)
			for at := len(b) / 2; at+long <= len(b); at += long {
				piece := b[at : at+long]
				if len(slices.Compact(slices.Sorted(slices.Values(piece)))) >= 12 {
					out[path] = piece
					break
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// When a licence ends nothing of the release is left under the data folder: not in
// releases, staged rows, files that were made for people, what dead loads left, nor
// in the registry's free pages. The site that runs shows nothing from then on.
func TestDestroyLeavesNoByte(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "300", "--years", "2004-2013", "--seed", "4")
	must(t, append([]string{"load", "--quiet", "--data", data, "--subset", "all"}, files...)...)
	s, reg, v, a := entered(t, data)
	for range 3 {
		v.post("/exports/new", url.Values{"purpose": {a.Ref}, "list": {"fin=any&dup=any"}, "format": {"csv"}, "reason": {"To see that it is destroyed."}, "agree": {"yes"}})
	}
	s.Tend(t.Context())
	if x, err := reg.Export(t.Context(), 1); err != nil || x.State != registry.ExportWaiting {
		t.Fatalf("%s, %s, %v", x.State, x.Why, err)
	}
	v.post("/exports/2", url.Values{"purpose": {a.Ref}, "do": {"withdraw"}})
	v.post("/exports/new", url.Values{"purpose": {a.Ref}, "list": {"fin=any&dup=any"}, "format": {"csv"}, "reason": {"To see that it is not made any more."}, "agree": {"yes"}})
	rows := mustRead(t, files[0])
	for _, left := range []string{"building/20260101-000000-0000-batch/rows", "staging/lost", "exports/77/hes.csv"} {
		path := filepath.Join(data, filepath.FromSlash(left))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, rows, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := pieces(t, data, "releases", "staging", "exports", "building")
	if len(before) < 100 {
		t.Fatalf("only %d pieces", len(before))
	}
	if out := must(t, "release", "destroy", "--everything", "--data", data); !strings.Contains(out, "--yes") || len(pieces(t, data, "exports")) == 0 {
		t.Errorf("without --yes: %s", out)
	}
	if got := v.do(httptest.NewRequest(http.MethodGet, "/records", nil)); got.Code != http.StatusOK {
		t.Fatalf("status %d", got.Code)
	}
	out := must(t, "release", "destroy", "--everything", "--yes", "--reason", "end of agreement", "--data", data)
	if got := v.do(httptest.NewRequest(http.MethodGet, "/records", nil)); got.Code != http.StatusServiceUnavailable {
		t.Errorf("the site that runs answers %d", got.Code)
	}
	s.Tend(t.Context())
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b := mustRead(t, path)
		for from, piece := range before {
			if bytes.Contains(b, piece) {
				t.Errorf("%s holds bytes of %s", path, from)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, folder := range []string{"exports", "building"} {
		if left, err := os.ReadDir(filepath.Join(data, folder)); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", folder, left, err)
		}
	}
	for n, want := range []string{"the release", "by the person", "the release", "the release"} {
		x, err := reg.Export(t.Context(), int64(n+1))
		if err != nil || x.State != registry.ExportWithdrawn || !strings.HasPrefix(x.Why, want) {
			t.Errorf("file %d: %s, %s, %v", n+1, x.State, x.Why, err)
		}
		if got := v.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/exports/%d/hes-export-%d.csv", n+1, n+1), nil)); got.Code == http.StatusOK {
			t.Errorf("file %d is fetched", n+1)
		}
	}
	_, path, _ := strings.Cut(strings.TrimSpace(out), "Certificate: ")
	var c release.Certificate
	if err := json.Unmarshal(mustRead(t, path), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Exports) != 4 || c.Exports[3].ID != 1 || len(c.Exports[3].SHA256) != 64 || c.Exports[3].By != "researcher" || len(c.Releases) != 1 || len(c.Staged) != 1 || len(c.Remaining) != 0 {
		t.Errorf("the certificate says %s", mustRead(t, path))
	}
	if left := must(t, "audit", "search", "--kind", "export-withdrawn", "--data", data); strings.Count(left, "was destroyed") != 3 {
		t.Error(left)
	}
}

// Files of another release stay when one is destroyed.
func TestFilesEndWithTheirRelease(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "60", "--years", "2004-2013", "--seed", "4")
	must(t, append([]string{"load", "--quiet", "--data", data, "--subset", "all"}, files...)...)
	s, reg, v, a := entered(t, data)
	ask := func() {
		v.post("/exports/new", url.Values{"purpose": {a.Ref}, "list": {"fin=any&dup=any"}, "format": {"csv"}, "reason": {"To see that it is destroyed."}, "agree": {"yes"}})
		s.Tend(t.Context())
	}
	ask()
	old := show(t, data).ID
	must(t, "release", "make", "--subset", "all", "--data", data)
	ask()
	must(t, "release", "destroy", old, "--yes", "--data", data)
	for n, want := range []registry.ExportState{registry.ExportWithdrawn, registry.ExportWaiting} {
		x, err := reg.Export(t.Context(), int64(n+1))
		if err != nil || x.State != want {
			t.Errorf("file %d: %s, %v", n+1, x.State, err)
		}
		_, err = os.Stat(filepath.Join(data, "exports", strconv.Itoa(n+1)))
		if (err == nil) != (want == registry.ExportWaiting) {
			t.Errorf("file %d: %v", n+1, err)
		}
	}
}
