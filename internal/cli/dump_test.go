package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry/sqlstore"
)

// handedOut loads a synthetic extract and returns its data folder.
func handedOut(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	raw, data := filepath.Join(dir, "raw"), filepath.Join(dir, "data")
	must(t, "synth", "--patients", "1500", "--years", "2008-2009", "--dirt", "0.05", "--out", raw)
	files, err := filepath.Glob(filepath.Join(raw, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	must(t, append([]string{"load", "--quiet", "--subset", "all", "--data", data}, files...)...)
	return data
}

func TestReleaseDump(t *testing.T) {
	data := handedOut(t)
	s := show(t, data)
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	said := must(t, "release", "dump", "--data", data, "--columns", "epikey,PSEUDO_HESID,SEX,RAW_SEX,DIAG_02,ORIGIN", "--out", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if !strings.Contains(said, hex.EncodeToString(sum[:])) || strings.Contains(said, "SYNTH") {
		t.Error(said)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) != s.Rows.Kept+1 {
		t.Fatalf("%d rows, want %d and a heading, %v", len(rows), s.Rows.Kept, err)
	}
	if !slices.Equal(rows[0], []string{"EPIKEY", "PSEUDO_HESID", "SEX", "RAW_SEX", "DIAG_02", "ORIGIN"}) {
		t.Error(rows[0])
	}
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		if from := r[5]; seen[from] || !strings.Contains(from, ".txt:") {
			t.Fatal("a line is there twice, or does not say where it was read")
		}
		seen[r[5]] = true
	}
	// the same by standard output, and only some of it
	out, errs, code := run(t, "release", "dump", "--data", data, "--columns", "EPIKEY,SEX", "--where", "SEX is 2", "--out", "-")
	if code != 0 || strings.Contains(out, "SHA-256") || !strings.Contains(errs, "SHA-256") {
		t.Fatalf("exit %d, %s", code, errs)
	}
	women := 0
	for _, r := range rows[1:] {
		if r[2] == "2" {
			women++
		}
	}
	if n := strings.Count(out, "\n") - 1; n != women || women == 0 {
		t.Errorf("%d rows, want %d", n, women)
	}
	// Parquet has the same rows
	file := filepath.Join(dir, "a.parquet")
	must(t, "release", "dump", "--data", data, "--columns", "EPIKEY,ADMIDATE,STARTAGE", "--format", "parquet", "--release", s.ID, "--out", file)
	b, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil || p.NumRows() != int64(s.Rows.Kept) {
		t.Errorf("parquet: %v", err)
	}
	if out := must(t, "release", "dump", "--data", data, "--columns", "TOKEN_PERSON_ID,EPISODES,DIED,EVER_PSORIASIS", "--unit", "patient", "--allow-missing", "--out", filepath.Join(dir, "p.csv")); !strings.Contains(out, "patients of release") {
		t.Error(out)
	}
	t.Run("spells", func(t *testing.T) {
		out, errs, code := run(t, "release", "dump", "--data", data, "--columns", "PROVIDER_SPELL,EPISODES", "--unit", "spell", "--out", "-")
		spells, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if code != 0 || err != nil || len(spells) < 100 {
			t.Fatalf("%d spells, exit %d, %v, %s", len(spells), code, err, errs)
		}
		seen := map[string]bool{}
		for _, s := range spells {
			if seen[s[0]] || s[0] == "" {
				t.Error("a spell is there twice, or has no number")
			}
			seen[s[0]] = true
		}
	})

	// what is left behind: files that are whole, and the record
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if out := must(t, "audit", "verify", "--data", data); !strings.Contains(out, "all as they were written") {
		t.Error(out)
	}
	reg, err := sqlstore.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	begun, done := 0, 0
	err = reg.Entries(t.Context(), 1, func(e audit.Entry) bool {
		var what audit.Event
		if err := json.Unmarshal(e.Body, &what); err != nil {
			t.Fatal(err)
		}
		if what.Kind != "dump" {
			return true
		}
		if !strings.HasPrefix(what.Actor, "system user ") || what.Role != "data-owner" || what.Release != s.ID {
			t.Errorf("%+v", what)
		}
		switch what.Outcome {
		case "begun":
			begun++
		case "done":
			done++
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if begun < 4 || begun != done {
		t.Errorf("%d dumps begun, %d done", begun, done)
	}
}

func TestWhatDumpRefuses(t *testing.T) {
	data := handedOut(t)
	out := filepath.Join(t.TempDir(), "x.csv")
	there := filepath.Join(t.TempDir(), "there.csv")
	if err := os.WriteFile(there, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no-columns":        {[]string{"--out", out}, fault.Invalid.Exit(), "--columns"},
		"unknown":           {[]string{"--columns", "ADMIMETHOD", "--out", out}, fault.Invalid.Exit(), "ADMIMETH"},
		"not-held":          {[]string{"--columns", "NEWNHSNO", "--out", out}, fault.Invalid.Exit(), "NEWNHSNO"},
		"parquet-to-stdout": {[]string{"--columns", "SEX", "--format", "parquet", "--out", "-"}, fault.Invalid.Exit(), "Only csv"},
		"no-such-release":   {[]string{"--columns", "SEX", "--release", "r9", "--out", out}, fault.NotFound.Exit(), "no such release"},
		"there":             {[]string{"--columns", "SEX", "--out", there}, fault.Conflict.Exit(), "--force"},
		"condition":         {[]string{"--columns", "SEX", "--where", "SEX is", "--out", out}, fault.Invalid.Exit(), "Line 1, column 7"},
		"condition-held":    {[]string{"--columns", "SEX", "--where", "PSEUDO_HESID is A", "--out", out}, fault.Invalid.Exit(), "does not hold PSEUDO_HESID"},
		"format":            {[]string{"--columns", "SEX", "--format", "xlsx", "--out", out}, fault.Invalid.Exit(), "format"},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs, code := run(t, append([]string{"release", "dump", "--data", data}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit %d, %s", code, errs)
			}
		})
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was made")
	}
	must(t, "release", "dump", "--data", data, "--columns", "SEX", "--force", "--out", there)
}
