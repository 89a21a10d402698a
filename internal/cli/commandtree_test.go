package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// tree is the command tree, found in another way than verbs does.
func tree(t *testing.T) (lines map[string][]string) {
	t.Helper()
	var program commands
	k, err := kong.New(&program, kong.Name("webenable"), kong.Description("Hospital Episode Statistics for authorised people."))
	if err != nil {
		t.Fatal(err)
	}
	lines = map[string][]string{}
	_ = kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		node, ok := n.(*kong.Node)
		if app, is := n.(*kong.Application); is {
			node, ok = app.Node, true
		}
		if ok && !node.Hidden {
			line := strings.TrimSpace(strings.TrimPrefix(node.FullPath(), "webenable"))
			lines[line] = append(lines[line], "--data", "--help")
			for _, c := range node.Children {
				if !c.Hidden {
					lines[line] = append(lines[line], c.Name)
				}
			}
			for _, f := range node.Flags {
				if !f.Hidden {
					lines[line] = append(lines[line], "--"+f.Name)
				}
			}
		}
		return next(nil)
	})
	flags := 0
	for _, words := range lines {
		flags += len(words)
	}
	if len(lines) < 40 || flags < 200 {
		t.Fatalf("only %d commands and %d words", len(lines), flags)
	}
	return lines
}

// In bash, what is offered after each command is each command below it and each
// option.
func TestCompletionInBash(t *testing.T) {
	script := filepath.Join(t.TempDir(), "webenable.bash")
	if err := os.WriteFile(script, []byte(must(t, "completion", "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := tree(t)
	var ask strings.Builder
	ask.WriteString("source " + script + "\n")
	var order []string
	for line := range lines {
		order = append(order, line)
	}
	slices.Sort(order)
	for _, line := range order {
		ask.WriteString("COMP_WORDS=(webenable " + line + " ''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _webenable; echo \"${COMPREPLY[*]}\"\n")
	}
	ask.WriteString("COMP_WORDS=(webenable release --data x pub); COMP_CWORD=4; _webenable; echo \"${COMPREPLY[*]}\"\n")
	out, err := exec.Command("bash", "-c", ask.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(order)+1 {
		t.Fatalf("%d answers to %d lines", len(answers), len(order))
	}
	for i, line := range order {
		offered := strings.Fields(answers[i])
		for _, w := range lines[line] {
			if !slices.Contains(offered, w) {
				t.Errorf("after %q %s is not offered", line, w)
			}
		}
		if slices.Contains(offered, "read-files") {
			t.Errorf("after %q what is not for people is offered", line)
		}
	}
	if answers[len(order)] != "publish" {
		t.Errorf("of pub it makes %q", answers[len(order)])
	}
}

// The scripts for the other shells have each command and each option at its place.
func TestCompletionElsewhere(t *testing.T) {
	zsh, fish := must(t, "completion", "zsh"), must(t, "completion", "fish")
	for line, words := range tree(t) {
		at := ""
		if line != "" {
			at = "/" + strings.ReplaceAll(line, " ", "/")
		}
		_, here, ok := strings.Cut(zsh, "\n  \""+at+"\") offered=(")
		here, _, _ = strings.Cut(here, ") ;;\n")
		if !ok {
			t.Errorf("zsh does not know %q", line)
		}
		for _, w := range words {
			if !strings.Contains(here, "\n    '"+w+":") {
				t.Errorf("zsh: %s is not offered after %q", w, line)
			}
			form := " -a " + w + " "
			if name, ok := strings.CutPrefix(w, "--"); ok {
				form = " -l " + name + " "
			}
			if !slices.ContainsFunc(strings.Split(fish, "\n"), func(l string) bool {
				return strings.Contains(l, `'__webenable_at "`+at+`"'`) && strings.Contains(l, form)
			}) {
				t.Errorf("fish: %s is not offered after %q", w, line)
			}
		}
	}
	if _, errs, code := run(t, "completion", "cmd"); code == 0 || !strings.Contains(errs, "bash") {
		t.Errorf("another shell: exit %d, %s", code, errs)
	}
}

// The manual has each command with each of its options.
func TestManual(t *testing.T) {
	page := must(t, "man")
	for line, words := range tree(t) {
		at := ".SH OPTIONS OF EVERY COMMAND\n"
		if line != "" {
			at = ".SS \"webenable " + strings.ReplaceAll(line, "-", `\-`)
		}
		_, here, ok := strings.Cut(page, at)
		if here, _, _ = strings.Cut(here, "\n.S"); !ok {
			t.Errorf("the manual does not know %q", line)
		}
		for _, w := range words {
			if strings.HasPrefix(w, "--") && (line == "" || w != "--data" && w != "--help") && !strings.Contains(here, strings.ReplaceAll(w, "-", `\-`)) {
				t.Errorf("the manual of %q has no %s", line, w)
			}
		}
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r > '~' }); i >= 0 {
		t.Errorf("a sign that not every reader knows: %q", page[i:min(i+20, len(page))])
	}
	for l := range strings.Lines(page) { // nothing of a help text is an instruction
		if strings.HasPrefix(l, ".") && !slices.ContainsFunc([]string{".TH ", ".SH ", ".SS ", ".TP\n", ".B ", ".I "}, func(p string) bool { return strings.HasPrefix(l, p) }) {
			t.Errorf("an instruction: %s", l)
		}
	}
}
