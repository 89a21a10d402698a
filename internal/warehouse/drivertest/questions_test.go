package drivertest

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/memory"
)

var update = flag.Bool("update", false, "write the expected answers into testdata; read them before you commit")

// The answers in testdata are those of naive, which no engine shares.
func TestAnswersInFiles(t *testing.T) {
	n := newNaive(New(t))
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		questions, err := readQuestions(string(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, q := range questions {
			if seen[q.Name] || strings.ContainsAny(q.Name, " /") {
				t.Errorf("%s: the name %q is taken or holds a space or a slash", name, q.Name)
			}
			seen[q.Name] = true
			want, err := n.answer(q, n)
			if err != nil {
				t.Error(err)
				continue
			}
			if !*update {
				if d := cmp.Diff(want, q.Answer); d != "" {
					t.Errorf("%s: %s (- should be, + in the file)\n%s", name, q.Name, d)
				}
			}
			text = []byte(withAnswer(string(text), q.Name, want))
		}
		if *update {
			if err := os.WriteFile(name, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("there are %d questions, want at least 150", len(seen))
	}
}

// withAnswer replaces a question's answer in the text of a file.
func withAnswer(text, name string, answer []string) string {
	blocks := strings.Split(text, "\n\n")
	for i, b := range blocks {
		if !strings.HasPrefix(b, "question "+name+"\n") && !strings.Contains(b, "\nquestion "+name+"\n") {
			continue
		}
		asked, _, _ := strings.Cut(strings.TrimRight(b, "\n"), "\nanswer")
		blocks[i] = asked + "\nanswer\n  " + strings.Join(answer, "\n  ")
		if i == len(blocks)-1 {
			blocks[i] += "\n"
		}
	}
	return strings.Join(blocks, "\n\n")
}

// twice puts some rows in again, equal in everything.
func twice(f Fixture) Fixture {
	f.Records = append(slices.Clone(f.Records), f.Records[:30]...)
	return f
}

// Memory and naive, written apart, give the same answers.
func TestMemoryAgainstNaive(t *testing.T) {
	open := func(_ testing.TB, f Fixture) driver.Engine {
		return memory.New(f.Dictionary, f.Columns, twice(f).Records)
	}
	second := func(_ testing.TB, f Fixture) driver.Engine { return newNaive(twice(f)) }
	RunRandom(t, 1, 500, open, second)
}

func TestQuestionsThatAreNotUnderstood(t *testing.T) {
	f := New(t)
	n := newNaive(f).names()
	for name, line := range map[string]string{
		"no-clause":         "find everything",
		"unknown-field":     "where NOPE is 1",
		"no-condition":      "where SEX",
		"open-bracket":      "where (SEX is 1",
		"left-over":         "where SEX is 1 2",
		"no-such-row":       "page 5 after 42",
		"sideways":          "page 5 beside 1",
		"not-a-number":      "page many",
		"no-such-person":    "only person nobody",
		"unit":              "unit wards",
		"scan-by":           "scan by ward",
		"facet-word":        "facet SEX upwards",
		"facet-of-nothing":  "facet",
		"sorted-by-family":  "sort DIAG_nn",
		"guard-not-a-value": "guard STARTAGE is old",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (question{Name: name, Lines: []string{line}}).plan(f.Dictionary, n); err == nil {
				t.Error("no error")
			}
		})
	}
	for name, text := range map[string]string{
		"before-the-first": "  count\n",
		"not-indented":     "question x\ncount\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readQuestions(text); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestConditions(t *testing.T) {
	f := New(t)
	for name, c := range map[string]struct{ text, want string }{
		"values":       {"SEX is 1 or 2 or blank", "SEX is 1 or 2 or not recorded"},
		"or-condition": {"SEX is 1 or SEX is 2", "SEX is 1 or SEX is 2"},
		"binding":      {"SEX is 1 or SEX is 2 and EPIDUR from 3", "SEX is 1 or (SEX is 2 and EPIDUR from 3)"},
		"brackets":     {"(SEX is 1 or SEX is 2) and EPIDUR up to 3", "(SEX is 1 or SEX is 2) and EPIDUR up to 3"},
		"not":          {"not SEX is 1 and not (DIAG_nn starts with L or C)", "not (SEX is 1) and not (DIAG_nn starts with L or C)"},
		"missing":      {"SEX is missing or EPIDUR from -3 to 4", "SEX is not recorded or EPIDUR from -3 to 4"},
		"constants":    {"anything or nothing or never", "anything or nothing or nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := parseExpr(f.Dictionary, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, e.String()); d != "" {
				t.Error(d)
			}
		})
	}
}
