package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
)

// Real data are not served from a volume that is not encrypted, unless somebody says
// that they are to be; synthetic ones are.
func TestRealDataWantAnEncryptedVolume(t *testing.T) {
	dir := t.TempDir()
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "200", "--years", "2008-2008")
	made := filepath.Join(dir, "made")
	must(t, append([]string{"load", "--data", made}, files...)...)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, bytes.ReplaceAll(b, []byte("SYNTH"), []byte("AAAAA")), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(dir, "real")
	must(t, append([]string{"load", "--data", real}, files...)...)
	if show(t, real).Synthetic || !show(t, made).Synthetic {
		t.Fatal("the release of the test is not real")
	}
	unknown := errors.New("cannot be found out")
	for name, c := range map[string]struct {
		data string
		safe bool
		err  error
		bare bool
		runs bool
	}{
		"real-unencrypted":      {data: real},
		"real-encrypted":        {data: real, safe: true, runs: true},
		"real-not-known":        {data: real, safe: true, err: unknown},
		"real-and-it-was-said":  {data: real, bare: true, runs: true},
		"synthetic-unencrypted": {data: made, runs: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			g := &globals{ctx: ctx, now: time.Now, Data: c.data, env: Env{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, safe: func(string) (bool, error) { return c.safe, c.err }}
			reg, err := g.openRegistry()
			if err != nil {
				t.Fatal(err)
			}
			defer reg.Close()
			ran := false
			err = serveCmd{Listen: "127.0.0.1:0", Small: "nhsd-2018", Bare: c.bare}.serve(g, reg, func(string) { ran = true; stop() })
			if ran != c.runs || c.runs != (err == nil) || !c.runs && (fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "--volume-not-encrypted")) {
				t.Errorf("it runs: %v, %v", ran, err)
			}
		})
	}
}
