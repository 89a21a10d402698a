package laws

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// control is a row of docs/controls.md.
type control struct {
	ids    []string // "T04", or requirements
	stands string
	says   string
	tests  []string // "web.TestCrawl", "ui/journey: each-role-sees-its-own"
}

// controls reads the two tables.
func controls(t *testing.T) (abuses, requirements []control) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "controls.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || !strings.HasPrefix(line, "| ") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		c := control{ids: strings.Fields(cells[0]), stands: cells[2], says: cells[3]}
		for _, m := range named.FindAllStringSubmatch(cells[4], -1) {
			c.tests = append(c.tests, m[1])
		}
		switch {
		case strings.HasPrefix(cells[0], "T"):
			abuses = append(abuses, c)
		case cells[0] != "" && cells[0][0] >= '0' && cells[0][0] <= '9':
			requirements = append(requirements, c)
		}
	}
	return abuses, requirements
}

// there are all tests of the project, by the names that the tables use.
func there(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	name := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	sources(t, func(path string, text []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		dir, err := filepath.Rel("internal", filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllSubmatch(text, -1) {
			out[filepath.ToSlash(dir)+"."+string(m[1])] = true
		}
	})
	paths, err := filepath.Glob(filepath.Join("..", "..", "ui", "test", "*.test.mjs"))
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files of browser tests, %v", len(paths), err)
	}
	title := regexp.MustCompile("test\\(['`]([a-z0-9-]+)")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimSuffix(filepath.Base(path), ".test.mjs")
		for _, m := range title.FindAllSubmatch(b, -1) {
			out["ui/"+file+": "+string(m[1])] = true
		}
	}
	return out
}

// Every abuse and every requirement has its row, and every row that holds names
// tests that there are.
func TestEveryControlHasItsTests(t *testing.T) {
	abuses, requirements := controls(t)
	have := there(t)
	for i := range 55 {
		want := fmt.Sprintf("T%02d", i+1)
		if i >= len(abuses) || !slices.Equal(abuses[i].ids, []string{want}) {
			t.Fatalf("row %d of the abuses is not %s", i+1, want)
		}
	}
	if len(abuses) != 55 {
		t.Errorf("%d abuses", len(abuses))
	}
	// 275 requirements: each by itself, or so many of a chapter
	seen, total := map[string]bool{}, 0
	number := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for _, c := range requirements {
		if len(c.ids) == 4 && c.ids[1] == "to" {
			n, err := strconv.Atoi(strings.Trim(c.ids[3], "()"))
			if err != nil {
				t.Errorf("%v: %v", c.ids, err)
			}
			total += n
			continue
		}
		for _, id := range c.ids {
			if !number.MatchString(id) || seen[id] {
				t.Errorf("%q is no requirement, or has two rows", id)
			}
			seen[id] = true
			total++
		}
	}
	if total != 275 {
		t.Errorf("%d requirements, want 275", total)
	}
	count, proved := map[string]int{}, map[string]bool{}
	for _, c := range slices.Concat(abuses, requirements) {
		count[c.stands]++
		switch c.stands {
		case "holds", "in part":
			if len(c.tests) == 0 {
				t.Errorf("%v holds and names no test", c.ids)
			}
		case "next", "no", "open":
		default:
			t.Errorf("%v stands as %q", c.ids, c.stands)
		}
		if c.says == "" {
			t.Errorf("%v says nothing", c.ids)
		}
		for _, name := range c.tests {
			proved[name] = true
			if !have[name] {
				t.Errorf("%v names %s, which is no test", c.ids, name)
			}
		}
	}
	t.Logf("rows by how they stand: %v; %d tests are named", count, len(proved))
}
