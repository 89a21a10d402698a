package hes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	d, c := MustLoad(t)
	for _, name := range []string{"SEX", "DIAG_02", "TOKEN_PERSON_ID"} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", "describe_"+name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			f, _ := d.Field(name)
			if diff := cmp.Diff(string(want), d.Describe(f, c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDescribeSays(t *testing.T) {
	d, c := MustLoad(t)
	for name, want := range map[string]string{
		"DIAG_nn":      "Positions    20, from DIAG_01 to DIAG_20",
		"PSEUDO_HESID": "Same as      TOKEN_PERSON_ID",
		"DIAG_3_01":    "Repeats      DIAG_nn",
		"PCTORIG":      "Collected    1997-98 to 2005-06",
		"WARD91":       "Collected    until 1998-99",
		"STARTAGE":     "Codes, among other values\n  7001  Under 1 day\n",
		"OPERTN_01":    "Codes        OPCS-4, ",
		"DOB":          "Class        prohibited: identifies, refused unless an agreement lists it",
		"STARTAGE_CALC": "Type         decimal: a decimal number\n" +
			"Class        ordinary: the body of the record\n",
	} {
		f, _ := d.Field(name)
		if got := d.Describe(f, c); !strings.Contains(got, want) {
			t.Errorf("%s is described without %q:\n%s", name, want, got)
		}
	}
}

// TestDescribeFits looks at the description of every field as a terminal shows
// it.
func TestDescribeFits(t *testing.T) {
	d, c := MustLoad(t)
	for _, f := range d.Fields() {
		text := d.Describe(f, c)
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: the description does not end in one line end", f.Name)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 90 || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: %q is too long or ends in spaces", f.Name, line)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, w := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 5, ""},
		{"one two three", 7, "one two\nthree"},
		{"one two three", 6, "one\ntwo\nthree"},
		{"overlong a", 3, "overlong\na"},
		{"“é” “é” x", 7, "“é” “é”\nx"},
	} {
		if got := wrap(w.text, w.width); got != w.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", w.text, w.width, got, w.want)
		}
	}
}
