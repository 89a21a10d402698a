package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry/sqlstore"
)

// A checkpoint that was kept elsewhere shows what the record's own chain cannot:
// an end that was cut off, an older copy, another record.
func TestCheckpointsShowWhatTheChainCannot(t *testing.T) {
	dir := t.TempDir()
	data, elsewhere := filepath.Join(dir, "data"), filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(elsewhere, 0o700); err != nil {
		t.Fatal(err)
	}
	key, kept := filepath.Join(elsewhere, "key"), filepath.Join(elsewhere, "checkpoints")
	verify := func(more ...string) (string, string, int) {
		return run(t, append([]string{"audit", "verify", "--checkpoint-key", key, "--checkpoint", kept, "--data", data}, more...)...)
	}
	add := func(name string) { must(t, "user", "add", name, "--role", "planner", "--data", data) }
	add("ana")
	older := filepath.Join(dir, "older")
	if err := os.CopyFS(older, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(older, "registry.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	add("bob")
	_, says, code := run(t, "audit", "checkpoint", "--checkpoint-key", key, "--out", kept, "--data", data)
	if code != 0 || !strings.Contains(says, "Public key: webenable+") || strings.Contains(says, "lies in the data folder") {
		t.Fatalf("exit %d, %s", code, says)
	}
	_, public, _ := strings.Cut(strings.Split(says, "\n")[0], ": ")
	if _, says, _ := run(t, "audit", "checkpoint", "--data", data); !strings.Contains(says, "lies in the data folder") {
		t.Errorf("a key in the data folder: %s", says)
	}
	add("eve")
	if out, errs, code := verify(); code != 0 || !strings.Contains(out, "extends 2 checkpoints") { // one of them is kept with the record
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	if out := must(t, "audit", "verify", "--public", public, "--checkpoint", kept, "--data", data); !strings.Contains(out, "extends") {
		t.Error(out)
	}
	now := data
	data = older
	if _, errs, code := verify(); code != fault.Conflict.Exit() || !strings.Contains(errs, "entry 3: the record ends before it") {
		t.Errorf("an older copy: exit %d, %s", code, errs)
	}
	for _, name := range []string{"eve", "bob"} { // it goes on as if nothing had been
		add(name)
	}
	if _, errs, code := verify(); code != fault.Conflict.Exit() || !strings.Contains(errs, "entry 4 or one before it, but after entry 0") {
		t.Errorf("an older copy that went on: exit %d, %s", code, errs)
	}
	data = now
	if err := os.WriteFile(filepath.Join(dir, "none"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"no checkpoint": {"--checkpoint", filepath.Join(dir, "none")}, "no file": {"--checkpoint", dir + "/nowhere"}, "no key": {"--public", "nonsense"}} {
		if _, errs, code := verify(args...); code != fault.Invalid.Exit() {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
	if _, errs, code := run(t, "audit", "verify", "--checkpoint", kept, "--checkpoint-key", filepath.Join(dir, "new"), "--data", data); code != fault.Invalid.Exit() || !strings.Contains(errs, "no key") {
		t.Errorf("without the key: exit %d, %s", code, errs)
	}
}

func TestTheRecordIsSearchedAndExported(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	ask := func(in string, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Main(t.Context(), append(args, "--data", data), Env{In: strings.NewReader(in), Out: &out, Err: &errs}); code != 0 {
			t.Fatalf("%v: exit %d, %s", args, code, errs.String())
		}
		return out.String()
	}
	ask("", "user", "add", "ana", "--role", "planner")
	before := ask("P-1\n", "audit", "search", "--patient")
	reg, err := sqlstore.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	var asked audit.Event // the search itself is an event, with the patient's mark
	if err := reg.Entries(t.Context(), 3, func(e audit.Entry) bool { return json.Unmarshal(e.Body, &asked) == nil }); err != nil {
		t.Fatal(err)
	}
	if asked.Kind != "oversight" || asked.Persons.Len() != 1 || strings.Contains(asked.Question, "P-1") || strings.Contains(before, "P-1") {
		t.Fatalf("%+v", asked)
	}
	seen := audit.Event{At: time.Now(), Kind: "view", Actor: "ana", Purpose: "DSA-1 Study", Question: "=cmd()\nepisodes", Rows: 1, Outcome: "shown", Persons: asked.Persons}
	if err := reg.Record(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	if err := reg.Close(); err != nil {
		t.Fatal(err)
	}
	got := ask("P-1", "audit", "search", "--patient", "--kind", "view", "--from", "2026-01-01", "--purpose", "DSA-1")
	if strings.Count(got, "ana") != 1 || !strings.Contains(got, "=cmd() episodes") {
		t.Error(got)
	}
	if got := ask("P-2", "audit", "search", "--patient", "--person", "ana"); strings.Contains(got, "view") {
		t.Error(got)
	}
	if got := ask("", "audit", "search", "--to", "2001-01-01"); strings.Count(got, "\n") != 1 {
		t.Error(got)
	}
	for _, format := range []string{"csv", "jsonl"} {
		file := filepath.Join(dir, "out."+format)
		ask("", "audit", "export", "--out", file, "--format", format, "--person", "ana")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if format == "csv" {
			lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
			if err != nil || len(lines) != 2 || lines[1][7] != "'=cmd()\nepisodes" || lines[1][10] != "1" || lines[1][14] != string(seen.Persons) {
				t.Errorf("%v, %q", err, lines)
			}
		} else {
			var one struct {
				Seq   int64
				Event audit.Event
			}
			if err := json.Unmarshal(b, &one); err != nil || one.Event.Actor != "ana" || one.Seq != 4 {
				t.Errorf("%v, %+v", err, one)
			}
		}
		ask("", "audit", "verify", "--checkpoint", file+".checkpoint")
		if _, errs, code := run(t, "audit", "export", "--out", file, "--data", data); code != fault.Conflict.Exit() || !strings.Contains(errs, "already") {
			t.Errorf("over a file: exit %d, %s", code, errs)
		}
	}
	for _, args := range [][]string{{"--from", "yesterday"}, {"--patient"}} {
		var errs bytes.Buffer
		if code := Main(t.Context(), append([]string{"audit", "search", "--data", data}, args...), Env{In: strings.NewReader("\n"), Out: &errs, Err: &errs}); code != fault.Invalid.Exit() {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
	}
}
