// Package laws holds no code: its tests hold the project to its own rules.
package laws

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "webenablehes/internal/"

// imports returns what each package of the module imports, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "webenablehes/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		name, list, _ := strings.Cut(line, " ")
		all[strings.TrimPrefix(name, module)] = strings.Fields(list)
	}
	return all
}

// only says who may import a package.
func TestWhoMayImportWhom(t *testing.T) {
	all := imports(t)
	if len(all) < 15 {
		t.Fatalf("only %d packages were found", len(all))
	}
	for _, law := range []struct {
		target string
		by     []string
		why    string
	}{
		{module + "warehouse/store", []string{"cli"}, "one place says which engines the program holds"},
		{module + "staging", []string{"load", "assemble", "cli"}, "staged rows are never served"},
		{module + "assemble", []string{"cli"}, "releases are made on the command line"},
		{module + "load", []string{"cli"}, "files are read in a process of their own"},
		{module + "warehouse/memory", []string{"warehouse/drivertest"}, "the oracle is for tests"},
		{module + "registry/sqlstore", []string{"cli"}, "one place says which registry the program holds"},
		{module + "warehouse/driver", []string{"cli", "warehouse", "warehouse/store", "warehouse/memory", "warehouse/drivertest"}, "no page goes round the door"},
		{module + "dump", []string{"cli", "warehouse", "export"}, "files are handed out at the command line, or by export after a second person has looked, both through the door"},
		{module + "rollup", []string{"dump", "warehouse"}, "lines are worked out from rows, which pages never have"},
		{"database/sql", []string{"registry/sqlstore"}, "SQL text stays in one package"},
		{"testing", []string{"warehouse/drivertest"}, "production code does not import testing"},
		{"unsafe", []string{"warehouse/store", "bulk"}, "memory tricks stay in the mapped store, and where long slices are made"},
		{module + "synth", []string{"cli"}, "the generator shares nothing with the loader"},
		{"math/rand", nil, "randomness is crypto/rand, or seeded math/rand/v2 for synthetic data"},
		{"math/rand/v2", []string{"synth", "warehouse/drivertest"}, "seeded randomness is for synthetic data"},
	} {
		for name, list := range all {
			for _, imp := range list {
				if imp != law.target {
					continue
				}
				allowed := false
				for _, by := range law.by {
					allowed = allowed || by == name
				}
				if !allowed {
					t.Errorf("%s imports %s: %s", name, law.target, law.why)
				}
			}
		}
	}
}

// A handover opens a whole release, so it is made at the command line of the
// machine that holds it and nowhere else: not by a page, not by a sign-in.
func TestOnlyTheCommandLineHandsOut(t *testing.T) {
	makers := 0
	sources(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		imports := false
		for _, imp := range f.Imports {
			imports = imports || imp.Path.Value == `"`+module+`policy"`
		}
		if !imports {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident) // however policy is imported
			if !ok || name.Name != "Handover" {
				return true
			}
			makers++
			if filepath.Dir(path) != filepath.Join("internal", "cli") {
				t.Errorf("%s makes a handover: only the command line may", path)
			}
			return true
		})
	})
	if makers == 0 {
		t.Error("nobody makes a handover, so this tests nothing")
	}
}

func TestRulesAreReadableWithTheStandardLibraryAlone(t *testing.T) {
	for name, list := range imports(t) {
		switch name {
		case "hes", "query", "policy", "audit", "quality", "fault", "derive", "subset", "rollup":
		default:
			continue
		}
		for _, imp := range list {
			if strings.Contains(strings.Split(imp, "/")[0], ".") {
				t.Errorf("%s imports %s", name, imp)
			}
		}
	}
	for _, engine := range []string{"warehouse/store", "warehouse/memory"} {
		for _, imp := range imports(t)[engine] {
			for _, person := range []string{"policy", "audit", "registry", "web", "auth"} {
				if imp == module+person {
					t.Errorf("%s imports %s: engines know nothing of people", engine, person)
				}
			}
		}
	}
}

// sources calls visit for every Go file of the project that is not generated.
func sources(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	root := filepath.Join("..", "..")
	n := 0
	for _, dir := range []string{"cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n++
			visit(strings.TrimPrefix(path, root+string(filepath.Separator)), b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 40 {
		t.Fatalf("only %d files were found", n)
	}
}

func TestFilesAreShort(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if n := strings.Count(string(text), "\n"); n > 600 {
			t.Errorf("%s has %d lines: split it", path, n)
		}
	})
}

func TestEachPackageHasOneStory(t *testing.T) {
	stories := map[string]int{}
	sources(t, func(path string, text []byte) {
		dir := filepath.Dir(path)
		if strings.HasSuffix(path, "_test.go") && dir != filepath.Join("internal", "laws") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		stories[dir] += 0
		if f.Doc != nil {
			stories[dir]++
		}
	})
	for dir, n := range stories {
		if n != 1 {
			t.Errorf("%s has %d package comments", dir, n)
		}
	}
}

// Nothing runs before main, and no variable of a package changes.
func TestNoInitAndNoGlobals(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", path)
			}
		}
		for _, name := range f.Scope.Objects {
			if name.Kind == ast.Var && name.Name == strings.ToUpper(name.Name[:1])+name.Name[1:] {
				t.Errorf("%s exports the variable %s: make it a function or a constant", path, name.Name)
			}
		}
	})
}

// Pages have nothing inline, so that the content security policy needs no
// exception, and templates meet no raw count.
func TestTemplates(t *testing.T) {
	bad := map[string]*regexp.Regexp{
		"style attribute": regexp.MustCompile(`\sstyle=`), "event attribute": regexp.MustCompile(`\son[a-z]+=`),
		"inline style": regexp.MustCompile(`<style`), "inline script": regexp.MustCompile(`<script[^>]*>[^<]`),
		"raw HTML": regexp.MustCompile(`templ\.Raw`), "outside address": regexp.MustCompile(`(src|href)="(https?:)?//`),
	}
	paths, err := filepath.Glob(filepath.Join("..", "web", "view", "*.templ"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d templates, %v", len(paths), err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, re := range bad {
			if re.Match(b) {
				t.Errorf("%s has a %s", filepath.Base(path), what)
			}
		}
	}
	paths, err = filepath.Glob(filepath.Join("..", "web", "view", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	counts := regexp.MustCompile(`(?m)^\s*(\w+, )*(Episodes|Patients|Persons|Count|Total|Read|Kept|Rejected|Outside|Rows|Cells|Missing|All|Under|Before|Now)[\w, ]*\s(\[\])*u?(int|float)`)
	structs := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_templ.go") {
			continue
		}
		structs++
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := counts.Find(b); at != nil {
			t.Errorf("%s has a raw count, %s: it must be a policy.Count", filepath.Base(path), strings.TrimSpace(string(at)))
		}
	}
	if structs < 2 {
		t.Errorf("only %d files of page structs were found", structs)
	}
}

// Log lines name routes and ids, never a URL, a query or a value.
func TestLogsHoldNoRequestText(t *testing.T) {
	sources(t, func(path string, text []byte) {
		for _, line := range strings.Split(string(text), "\n") {
			if regexp.MustCompile(`[lL]og\.(Info|Error|Warn|Debug)\(`).MatchString(line) && regexp.MustCompile(`RequestURI|RawQuery|\.URL|PostForm|FormValue`).MatchString(line) {
				t.Errorf("%s logs what a person asked: %s", path, strings.TrimSpace(line))
			}
		}
	})
}
