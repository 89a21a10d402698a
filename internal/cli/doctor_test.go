package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
)

// Each thing that can be wrong is said, with what to do, and nothing else is.
func TestDiagnose(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	well := observed{now: now, real: true, encrypted: true, last: now.Add(-time.Minute), cert: now.AddDate(0, 2, 0), free: 10 << 30, load: 1 << 30,
		checkpoint: now.Add(-20 * time.Hour), backup: now.Add(-10 * time.Hour)}
	for name, c := range map[string]struct {
		change func(*observed)
		says   string // "": nothing is wrong
	}{
		"well":                     {func(*observed) {}, ""},
		"not-encrypted":            {func(o *observed) { o.encrypted = false }, "encrypted volume"},
		"not-encrypted-synthetic":  {func(o *observed) { o.encrypted, o.real = false, false }, ""},
		"not-encrypted-it-is-said": {func(o *observed) { o.encrypted, o.bare = false, true }, ""},
		"others-read":              {func(o *observed) { o.open = []string{"registry.db", "x"} }, "2 names in the data folder, such as registry.db"},
		"clock-back":               {func(o *observed) { o.last = now.Add(time.Hour) }, "13:00"},
		"clock-a-little-back":      {func(o *observed) { o.last = now.Add(time.Second) }, ""},
		"certificate-soon":         {func(o *observed) { o.cert = now.AddDate(0, 0, 20) }, "14 December 2026"},
		"certificate-over":         {func(o *observed) { o.cert = now.AddDate(0, 0, -1) }, "ended on 23 November 2026"},
		"certificate-unreadable":   {func(o *observed) { o.certWrong = errors.New("x") }, "--cert"},
		"no-certificate":           {func(o *observed) { o.cert = time.Time{} }, ""},
		"no-room":                  {func(o *observed) { o.free = o.load*2 - 1 }, "Make room"},
		"old-checkpoint":           {func(o *observed) { o.checkpoint = now.Add(-49 * time.Hour) }, "audit checkpoint"},
		"no-checkpoint":            {func(o *observed) { o.checkpoint = time.Time{} }, "no checkpoint"},
		"old-backup":               {func(o *observed) { o.backup = now.Add(-37 * time.Hour) }, "nightly"},
		"no-backup":                {func(o *observed) { o.backup = time.Time{} }, "no backup"},
		"registry":                 {func(o *observed) { o.registry = errors.New("x") }, "restore the last backup"},
		"agreement-over":           {func(o *observed) { o.ended = []string{"Agreement DSA-1 has ended."} }, "release destroy"},
	} {
		t.Run(name, func(t *testing.T) {
			o := well
			c.change(&o)
			var wrong []string
			for _, f := range diagnose(o) {
				if f.wrong && f.act == "" {
					t.Errorf("%s: nothing to do is said", f.say)
				}
				if f.wrong {
					wrong = append(wrong, f.say+" "+f.act)
				}
			}
			if len(wrong) != min(1, len(c.says)) || c.says != "" && !strings.Contains(wrong[0], c.says) {
				t.Errorf("%q", wrong)
			}
		})
	}
}

// The doctor looks at a real folder, and its exit code tells whether something is to be done.
func TestDoctor(t *testing.T) {
	if _, errs, code := run(t, "doctor", "--data", filepath.Join(t.TempDir(), "none")); code != fault.NotFound.Exit() {
		t.Errorf("of no site: %d, %s", code, errs)
	}
	dir := t.TempDir()
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "40", "--years", "2008", "--seed", "3")
	data, _, _ := loaded(t, "all", files)
	out, _, code := run(t, "doctor", "--data", data)
	if code != fault.Unavailable.Exit() || !strings.Contains(out, "no backup") || !strings.Contains(out, "no checkpoint") {
		t.Errorf("exit %d, %s", code, out)
	}
	recipient := regexp.MustCompile(`age1[0-9a-z]+`).FindString(must(t, "backup", "keygen", "--out", filepath.Join(dir, "key")))
	must(t, "backup", "--to", filepath.Join(dir, "b.age"), "--recipient", recipient, "--data", data)
	must(t, "audit", "checkpoint", "--data", data)
	cert, _ := writePair(t, dir, 7)
	out, _, _ = run(t, "doctor", "--data", data, "--cert", cert)
	if !strings.Contains(out, "TLS certificate end") || strings.Contains(out, "no backup") {
		t.Error(out)
	}
	must(t, "doctor", "--data", data)
	if err := os.Chmod(filepath.Join(data, "registry.db"), 0o640); err != nil {
		t.Fatal(err)
	}
	if out, _, code := run(t, "doctor", "--data", data); code != fault.Unavailable.Exit() || !strings.Contains(out, "such as registry.db") {
		t.Errorf("exit %d, %s", code, out)
	}
	if err := os.WriteFile(filepath.Join(data, "registry.db"), []byte(strings.Repeat("no registry", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, code := run(t, "doctor", "--data", data); code != fault.Unavailable.Exit() || !strings.Contains(out, "restore the last backup") {
		t.Errorf("exit %d, %s", code, out)
	}
}
