package load_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"webenablehes/internal/load"
	"webenablehes/internal/quality"
)

// TestCases runs the files of testdata: what is read, and the account of it.
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives of cases: %v", len(archives), err)
	}
	cases := 0
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Files)%2 != 0 {
			t.Fatalf("%s: a case has two parts, NAME/in.txt and NAME/want", path)
		}
		for pair := range slices.Chunk(a.Files, 2) {
			in, want := pair[0], pair[1]
			name := strings.TrimSuffix(in.Name, "/in.txt")
			if want.Name != name+"/want" {
				t.Fatalf("%s: %s stands before %s", path, in.Name, want.Name)
			}
			cases++
			t.Run(name, func(t *testing.T) {
				rows, report, err := run(t, load.Options{Files: []string{file(t, "in.txt", string(in.Data))}})
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(normal(string(want.Data)), normal(account(rows, report))); d != "" {
					t.Error(d)
				}
			})
		}
	}
	if cases < 230 {
		t.Errorf("only %d cases were found", cases)
	}
}

// account writes a load down as the cases do.
func account(rows []map[string]string, r *quality.Report) string {
	var out []string
	for _, row := range rows {
		line := row["EPIKEY"]
		for field, value := range row {
			if field != "EPIKEY" {
				line += " " + field + "=" + value
			}
		}
		out = append(out, line)
	}
	out = append(out, fmt.Sprint(r.Rows.Read, r.Rows.Kept, r.Rows.Rejected, r.Rows.OutsideSubset))
	for _, x := range r.Rules {
		if x.Count > 0 {
			out = append(out, fmt.Sprintf("rule %s %d", x.ID, x.Count))
		}
	}
	for _, x := range r.Unlisted {
		out = append(out, fmt.Sprintf("unlisted %s %d", x.Field, x.Rows))
	}
	for _, x := range r.Rejects {
		for _, at := range x.At {
			out = append(out, "rejected "+strings.TrimPrefix(at.String(), "in.txt:")+": "+x.Reason)
		}
	}
	for _, x := range r.Files[0].LeftOut {
		out = append(out, "left out "+x.Column+": "+x.Why)
	}
	if r.Synthetic {
		out = append(out, "synthetic")
	}
	return strings.Join(out, "\n")
}

// normal brings lines, and the fields of a row, into one order.
func normal(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		if strings.Contains(line, "=") {
			parts := strings.Fields(line)
			slices.Sort(parts[1:])
			lines[i] = strings.Join(parts, " ")
		}
	}
	slices.Sort(lines)
	return lines
}
