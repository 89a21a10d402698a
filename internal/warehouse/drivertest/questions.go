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
					if len(got) == 1 && got[0] == noScan {
						t.Skip(noScan)
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
	if p.scan {
		return n.scanned(engine, p.handOut())
	}
	a, err := engine.Ask(context.Background(), p.Plan)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	return n.lines(p.Plan, a), nil
}

// noScan is the answer of an engine that is no driver.Scanner: it need not be.
const noScan = "the engine hands out no rows"

// scanned puts a scan to an engine and returns its rows as lines.
func (n *naive) scanned(engine driver.Engine, s driver.Scan) ([]string, error) {
	scanner, ok := engine.(driver.Scanner)
	if !ok {
		return []string{noScan}, nil
	}
	var out []string
	err := scanner.Scan(context.Background(), s, func(r driver.ScanRow) error {
		line := "  " + strings.Join(shown(append([]string{n.key(r.ID)}, r.Values...)), " | ")
		if len(s.Raw) > 0 {
			line += " || " + strings.Join(shown(r.Raw), " | ")
		}
		who := "nobody"
		if r.Person != driver.NoPerson {
			who = fmt.Sprint(r.Person)
		}
		out = append(out, line+" (person "+who+") @ "+r.Origin)
		return nil
	})
	return append([]string{fmt.Sprintf("%d rows", len(out))}, out...), err
}

// key returns the episode key of a row.
func (n *naive) key(id driver.RowID) string {
	if int(id) < len(n.rows) {
		return n.rows[id]["EPIKEY"]
	}
	return "a row that is not there"
}

// lines writes an answer for people. Rows go by their episode keys.
func (n *naive) lines(p driver.Plan, a *driver.Answer) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if p.Counts {
		say("%d episodes, %d spells, %d patients", a.Episodes, a.Spells, a.Patients)
	}
	for i, n := range a.Misses {
		say("without %s: %d", p.Parts()[i], n)
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
		values := shown(append([]string{n.key(r.ID)}, r.Values...))
		for i, raw := range r.Raw {
			if raw != "" {
				values[i+1] += " (was " + strconv.Quote(raw) + ")"
			}
		}
		line := "  " + strings.Join(values, " | ")
		if p.Unit != query.Episodes {
			line += fmt.Sprintf(" (%d episodes, %s to %s)", r.Episodes, shown([]string{r.First})[0], shown([]string{r.Last})[0])
		}
		if p.Raw {
			line += " @ " + r.Origin
		}
		out = append(out, line)
	}
	for i, f := range a.Facets {
		say("%s: %d values, missing in %d", p.Facets[i].Field, f.Distinct, f.Missing)
		for _, v := range f.Values {
			say("  %s: %d", shown([]string{v.Value})[0], v.Count)
		}
	}
	for _, t := range a.Tables {
		for _, g := range t {
			say("%s: %d episodes, %d patients", strings.Join(shown(g.Keys), " | "), g.Episodes, g.Patients)
		}
		if len(t) == 0 {
			say("no cells")
		}
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
