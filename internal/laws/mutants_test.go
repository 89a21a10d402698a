package laws

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutant is a control that is taken away.
type mutant struct {
	id, what string
	edits    []edit
}

type edit struct{ file, old, new string }

// mutants reads testdata/mutants.txt.
func mutants(t *testing.T) []mutant {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "mutants.txt"))
	if err != nil {
		t.Fatal(err)
	}
	one := regexp.MustCompile(`(?s)(internal/\S+)\n<<<<\n(.*?)\n====\n(.*?)>>>>\n`)
	var out []mutant
	for _, part := range strings.Split(string(b), "\n## ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		m := mutant{}
		m.id, m.what, _ = strings.Cut(head, " ")
		for _, e := range one.FindAllStringSubmatch(body, -1) {
			m.edits = append(m.edits, edit{e[1], e[2], strings.TrimSuffix(e[3], "\n")})
		}
		if len(m.edits) == 0 || strings.Count(body, "<<<<") != len(m.edits) {
			t.Fatalf("%s %s cannot be read", m.id, m.what)
		}
		out = append(out, m)
	}
	return out
}

// The list of controls that are taken away fits what there is: each is in its place,
// stands in the order of the table, and belongs to a row that names tests of Go.
func TestMutantsFit(t *testing.T) {
	abuses, _ := controls(t)
	all := mutants(t)
	ids := map[string]bool{}
	for i, m := range all {
		ids[m.id] = true
		if i > 0 && m.id < all[i-1].id {
			t.Errorf("%s stands behind %s", m.id, all[i-1].id)
		}
		if packages, _ := m.tests(abuses); len(packages) == 0 {
			t.Errorf("%s: no test would notice that %s", m.id, m.what)
		}
		m.overlay(t)
	}
	if len(ids) < 30 {
		t.Errorf("controls of only %d rows are taken away", len(ids))
	}
	t.Logf("%d controls of %d rows", len(all), len(ids))
}

// Without a control the tests that its row names fail. WEBENABLE_MUTANTS=all takes
// away each in turn, or those whose ids are given; WEBENABLE_TORTURE=1 three of them by
// chance; else it is those that are quickest.
func TestMutantsAreNoticed(t *testing.T) {
	abuses, _ := controls(t)
	wanted, all := os.Getenv("WEBENABLE_MUTANTS"), mutants(t)
	switch {
	case wanted != "":
	case os.Getenv("WEBENABLE_TORTURE") != "":
		seed := uint64(time.Now().UnixNano())
		t.Logf("WEBENABLE_SEED=%d", seed)
		if text := os.Getenv("WEBENABLE_SEED"); text != "" {
			var err error
			if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal("WEBENABLE_SEED is a number:", err)
			}
		}
		wanted = "all"
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:3]
	default:
		wanted = "T17 T30"
	}
	noticed := 0
	for _, m := range all {
		if wanted != "all" && !slices.Contains(strings.Fields(wanted), m.id) {
			continue
		}
		packages, run := m.tests(abuses)
		list := m.overlay(t)
		if list == "" {
			continue
		}
		args := append([]string{"test", "-overlay", list, "-vet=off", "-timeout=10m", "-run", run}, packages...)
		cmd := exec.Command("go", args...)
		cmd.Dir = filepath.Join("..", "..")
		cmd.Env = append(os.Environ(), "WEBENABLE_MUTANTS=", "WEBENABLE_TORTURE=")
		out, err := cmd.CombinedOutput()
		switch {
		case err == nil:
			t.Errorf("%s: nobody notices that %s\n(go %s)", m.id, m.what, strings.Join(args, " "))
		case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")), !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic:")):
			t.Errorf("%s: that %s cannot be built:\n%s", m.id, m.what, out)
		default:
			noticed++
			t.Logf("%s: %s: noticed by %s", m.id, m.what, strings.Join(failing(out), " "))
		}
	}
	t.Logf("%d noticed", noticed)
}

func failing(out []byte) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^--- FAIL: (\w+)`).FindAllSubmatch(out, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

// tests are the packages and the names of the tests of the mutant's row.
func (m mutant) tests(abuses []control) (packages []string, run string) {
	var names []string
	for _, c := range abuses {
		if c.ids[0] != m.id {
			continue
		}
		for _, test := range c.tests {
			dir, name, ok := strings.Cut(test, ".")
			if !ok || strings.HasPrefix(test, "ui/") || dir == "laws" || strings.HasPrefix(name, "TestTorture") {
				continue // laws read the files as they are
			}
			if p := "./internal/" + dir; !slices.Contains(packages, p) {
				packages = append(packages, p)
			}
			names = append(names, name)
		}
	}
	return packages, "^(" + strings.Join(names, "|") + ")$"
}

// overlay makes the files without the control, and the list by which the go command
// takes them in place of the others; "" if they do not fit.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replaced := map[string]string{}
	text := map[string]string{}
	for _, e := range m.edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		if text[path] == "" {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%s %s: %v", m.id, m.what, err)
			}
			text[path] = string(b)
		}
		if !strings.Contains(text[path], e.old) {
			t.Errorf("%s %s: %s does not hold %q", m.id, m.what, e.file, e.old)
			return ""
		}
		text[path] = strings.ReplaceAll(text[path], e.old, e.new)
		replaced[path] = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(replaced[path], []byte(text[path]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return list
}
