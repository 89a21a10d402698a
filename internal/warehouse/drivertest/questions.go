package drivertest

import (
	"context"
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

//go:embed testdata/*.txt
var files embed.FS

// runQuestions asks every question of testdata and compares the answers.
func runQuestions(t *testing.T, engine driver.Engine, f Fixture) {
	t.Helper()
	n := newNaive(f)
	entries, err := files.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := files.ReadFile(path.Join("testdata", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		questions, err := readQuestions(string(text))
		if err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		t.Run(strings.TrimSuffix(entry.Name(), ".txt"), func(t *testing.T) {
			for _, q := range questions {
				t.Run(q.Name, func(t *testing.T) {
					got, err := n.answer(q, engine)
					if err != nil {
						t.Fatal(err)
					}
					if d := cmp.Diff(q.Answer, got); d != "" {
						t.Errorf("%s\n(- in the file, + from the engine)\n%s", strings.Join(q.Lines, "\n"), d)
					}
				})
			}
		})
	}
}

// answer puts a question to an engine and returns the lines of its answer.
func (n *naive) answer(q question, engine driver.Engine) ([]string, error) {
	p, err := q.plan(n.f.Dictionary, n.names())
	if err != nil {
		return nil, err
	}
	a, err := engine.Ask(context.Background(), p)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return n.lines(p, a), nil
}

// lines writes an answer for people. Rows go by their episode keys.
func (n *naive) lines(p driver.Plan, a *driver.Answer) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if p.Counts {
		say("%d episodes, %d patients", a.Episodes, a.Patients)
	}
	if p.Limit > 0 {
		more := "none follow"
		if a.More {
			more = "more follow"
		}
		if len(a.Rows) == 0 {
			say("no rows, %d before, %s", a.Offset, more)
		} else {
			say("rows %d to %d, %s", a.Offset+1, a.Offset+len(a.Rows), more)
		}
	}
	for _, r := range a.Rows {
		key := "a row that is not there"
		if int(r.ID) < len(n.rows) {
			key = n.rows[r.ID]["EPIKEY"]
		}
		line := "  " + strings.Join(shown(append([]string{key}, r.Values...)), " | ")
		if p.Unit == query.Patients {
			line += fmt.Sprintf(" (%d episodes, %s to %s)", r.Episodes, shown([]string{r.First})[0], shown([]string{r.Last})[0])
		}
		out = append(out, line)
	}
	for i, f := range a.Facets {
		say("%s: %d values, missing in %d", p.Facets[i].Field, f.Distinct, f.Missing)
		for _, v := range f.Values {
			say("  %s: %d", shown([]string{v.Value})[0], v.Count)
		}
	}
	for _, g := range a.Groups {
		say("%s: %d episodes, %d patients", strings.Join(shown(g.Keys), " | "), g.Episodes, g.Patients)
	}
	if len(p.Groups) > 0 && len(a.Groups) == 0 {
		say("no cells")
	}
	if len(out) == 0 {
		say("nothing was asked for")
	}
	return out
}

// shown writes a dash for a missing value, and part of a letter as its bytes.
func shown(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		switch {
		case v == "":
			out[i] = "-"
		case !utf8.ValidString(v):
			out[i] = strconv.Quote(v)
		default:
			out[i] = v
		}
	}
	return out
}
