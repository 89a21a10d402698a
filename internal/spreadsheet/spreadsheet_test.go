package spreadsheet_test

import (
	"testing"

	"webenablehes/internal/spreadsheet"
)

// What begins like a formula gets an apostrophe, in narrow and in wide signs, and
// nothing else is touched.
func TestSafe(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "＝1", "＋1", "－1", "＠SUM", "=cmd|' /C calc'!A0", "="} {
		if got := spreadsheet.Safe(text); got != "'"+text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	for _, text := range []string{"", "L40", "1", "a=1", "'=1", " =1", "not recorded", "90+", "é"} {
		if got := spreadsheet.Safe(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
