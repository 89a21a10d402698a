package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webenablehes/internal/fault"
)

func TestSynthFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		file  string
		start string
	}{
		"default":  {nil, "synthetic_hes_apc_1011.txt", "FYEAR|PARTYEAR|EPIKEY|PSEUDO_HESID|"},
		"csv":      {[]string{"--csv"}, "synthetic_hes_apc_1011.csv", "FYEAR,PARTYEAR,"},
		"gzip":     {[]string{"--gzip"}, "synthetic_hes_apc_1011.txt.gz", "\x1f\x8b"},
		"zip":      {[]string{"--pack", "zip"}, "synthetic_hes_apc_1011.zip", "PK\x03\x04"},
		"forms":    {[]string{"--sep", "tab", "--case", "lower", "--names", "new", "--quote", "--encoding", "utf8-bom", "--eol", "crlf"}, "synthetic_hes_apc_1011.txt", "\ufeff\"fyear\"\t\"partyear\"\t\"epikey\"\t\"token_person_id\"\t"},
		"separate": {[]string{"--header", "separate", "--split", "2", "--shuffle", "--dates", "sas", "--wide"}, "synthetic_hes_apc_1011_part2_headers.txt", "FYEAR|"},
		"truth":    {[]string{"--truth-rows", "--spell-ids", "--local-ids", "--dirt", "0.1"}, "truth_rows.csv", "EPIKEY,FYEAR,SPELL,"},
		"rows":     {[]string{"--rows", "50", "--patients", "0"}, "truth.json", "{\n \"rows\": 5"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "raw")
			out := must(t, append([]string{"synth", "--patients", "60", "--years", "2010", "--out", dir}, c.args...)...)
			if !strings.Contains(out, " rows of ") {
				t.Error(out)
			}
			b, err := os.ReadFile(filepath.Join(dir, c.file))
			if err != nil || !bytes.HasPrefix(b, []byte(c.start)) {
				t.Errorf("%.80q, %v", b, err)
			}
		})
	}
	for _, args := range [][]string{{"--sep", "semicolon"}, {"--rows", "5", "--patients", "5"}, {"--years", "soon"}, {"--csv", "--pipe"}} {
		if _, _, code := run(t, append([]string{"synth", "--out", filepath.Join(t.TempDir(), "raw")}, args...)...); code != fault.Invalid.Exit() {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
