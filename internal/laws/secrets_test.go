package laws

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// parsed calls visit for every file of the program, without its tests.
func parsed(t *testing.T, visit func(dir, path string, f *ast.File)) {
	t.Helper()
	sources(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		visit(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/"), path, f)
	})
}

// Statements for the registry's database are constants, or put together of constants:
// no value and no name that somebody sent is ever in one.
func TestSQLIsConstant(t *testing.T) {
	statements := 0
	parsed(t, func(dir, path string, f *ast.File) {
		if dir != "registry/sqlstore" {
			return
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				e, ok := n.(*ast.BinaryExpr)
				if ok && e.Op == token.ADD && holdsSQL(e) {
					statements++
					if name := notConstant(e); name != "" && !slices.Contains([]string{"agreementColumns", "memberColumns", "userColumns", "sessionColumns", "exceptionColumns", "exportColumns", "proposalColumns", "messageColumns", "column", "columns", "query", "text"}, name) {
						t.Errorf("%s: %s is put into a statement", path, name)
					}
				}
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Sprint") && slices.ContainsFunc(call.Args, holdsSQL) {
					t.Errorf("%s: a statement is made by %s", path, sel.Sel.Name)
				}
				return true
			})
		}
	})
	if statements < 5 {
		t.Errorf("only %d statements are put together, so this tests little", statements)
	}
}

var sqlWords = regexp.MustCompile(`(?i)\b(select|insert into|update|delete from|where|order by)\b`)

func holdsSQL(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value[0] == '`' && sqlWords.MatchString(lit.Value) {
			found = true
		}
		return true
	})
	return found
}

// named is the name of a variable or a field; "" for anything else.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// notConstant names what in a sum of texts is no constant; "" if all is.
func notConstant(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if name := notConstant(e.X); name != "" {
			return name
		}
		return notConstant(e.Y)
	case *ast.BasicLit:
		return ""
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Join" && len(e.Args) == 2 && notConstant(e.Args[1]) == "" && named(e.Args[0]) == "where" {
			return "" // conditions, of which each is a sum by itself
		}
		return "a call"
	}
	return "something"
}

// No page reads JSON: there is one reading of a form, and no second one to differ
// from it.
func TestNoPageReadsJSON(t *testing.T) {
	parsed(t, func(dir, path string, f *ast.File) {
		if !strings.HasPrefix(dir, "web") || strings.HasSuffix(path, "assets.go") { // which reads the list of what is built in
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Unmarshal" || sel.Sel.Name == "NewDecoder") {
				t.Errorf("%s reads by %s", path, sel.Sel.Name)
			}
			return true
		})
	})
}

// What opens something is compared in constant time, and never by ==.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	secret := regexp.MustCompile(`(?i)^(password|phc|secret|mac|digest|want|typed|state|verifier)$`)
	constant := 0
	parsed(t, func(dir, path string, f *ast.File) {
		if dir != "auth" && dir != "federation" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				_, literal := n.Y.(*ast.BasicLit)
				if (n.Op == token.EQL || n.Op == token.NEQ) && !literal && named(n.Y) != "nil" && (secret.MatchString(named(n.X)) || secret.MatchString(named(n.Y))) {
					t.Errorf("%s compares %s with %s by %s", path, named(n.X), named(n.Y), n.Op)
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
					switch sel.Sel.Name {
					case "ConstantTimeCompare":
						constant++
					case "Equal", "EqualFold", "Compare":
						if slices.ContainsFunc(n.Args, func(e ast.Expr) bool { return secret.MatchString(named(e)) }) {
							t.Errorf("%s compares a secret by %s", path, sel.Sel.Name)
						}
					}
				}
			}
			return true
		})
	})
	if constant < 2 {
		t.Errorf("%d comparisons in constant time", constant)
	}
}

// Every use of a cipher or a hash is in the inventory of docs/controls.md.
func TestCiphersAreListed(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "controls.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(b), "## Ciphers")
	if !ok {
		t.Fatal("there is no inventory")
	}
	listed := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 5 {
			listed[strings.Trim(cells[1], " `")] = cells[2]
		}
	}
	found := map[string]bool{}
	parsed(t, func(dir, path string, f *ast.File) {
		for _, imp := range f.Imports {
			name := strings.Trim(imp.Path.Value, `"`)
			if !strings.HasPrefix(name, "crypto/") && !strings.HasPrefix(name, "golang.org/x/crypto/") || name == "crypto/subtle" {
				continue
			}
			found[dir] = true
			if !strings.Contains(listed[dir], strings.TrimPrefix(strings.TrimPrefix(name, "golang.org/x/"), "crypto/")) {
				t.Errorf("%s uses %s, which the inventory does not say of %s", path, name, dir)
			}
		}
	})
	if len(found) < 8 {
		t.Errorf("only %d packages use ciphers", len(found))
	}
}

// The program calls nobody but the service that people sign in by, if there is one.
// A socket of the machine that it runs on, such as that of the service manager, is
// not out.
func TestNothingCallsOut(t *testing.T) {
	parsed(t, func(dir, path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := sel.X.(*ast.Ident)
			if !ok || dir == "federation" {
				return true
			}
			if from.Name == "http" && slices.Contains([]string{"Client", "Get", "Post", "PostForm", "Head", "DefaultClient", "DefaultTransport", "Transport", "NewRequest", "NewRequestWithContext"}, sel.Sel.Name) || from.Name == "net" && strings.HasPrefix(sel.Sel.Name, "Dial") && sel.Sel.Name != "DialUnix" {
				t.Errorf("%s calls out by %s.%s", path, from.Name, sel.Sel.Name)
			}
			return true
		})
	})
}

// The modules that are built from are those whose sums go.sum holds, as they were
// fetched.
func TestModulesAreAsFetched(t *testing.T) {
	cmd := exec.Command("go", "mod", "verify")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "all modules verified") {
		t.Errorf("%v: %s", err, out)
	}
}

// Each module of others is used in few places, for a reason.
func TestDependencies(t *testing.T) {
	reasons := map[string]string{
		"filippo.io/age":                 "backup: encryption of backups",
		"github.com/a-h/templ":           "web web/view: pages",
		"github.com/alecthomas/kong":     "cli: commands",
		"github.com/coreos/go-oidc":      "federation: words of another service",
		"github.com/go-webauthn":         "auth web: passkeys",
		"github.com/google/go-cmp":       "warehouse/drivertest: differences, in tests",
		"github.com/parquet-go":          "dump: Parquet",
		"github.com/pressly/goose":       "registry/sqlstore: migrations",
		"github.com/schollz/progressbar": "cli: one bar",
		"golang.org/x/crypto/argon2":     "auth: passwords",
		"golang.org/x/mod/sumdb":         "checkpoint: the Merkle tree and its signature",
		"golang.org/x/oauth2":            "federation: words of another service",
		"golang.org/x/sys/unix":          "bulk cli durable warehouse/store volume: the system",
		"golang.org/x/text":              "codelist load: encodings",
		"modernc.org/sqlite":             "registry/sqlstore: the registry",
		"rsc.io/qr":                      "web: the picture for the app",
	}
	for name, list := range imports(t) {
		for _, imp := range list {
			if !strings.Contains(strings.Split(imp, "/")[0], ".") {
				continue
			}
			known := false
			for module, why := range reasons {
				by, _, _ := strings.Cut(why, ":")
				known = known || strings.HasPrefix(imp, module) && slices.Contains(strings.Fields(by), name)
			}
			if !known {
				t.Errorf("%s imports %s: say here why", name, imp)
			}
		}
	}
}

// Our script makes no code and no markup of what it is sent, but a page of this
// site by the one policy that the headers name, and takes nothing from other windows.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "ui", "src", "*.ts"))
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d scripts, %v", len(paths), err)
	}
	bad := regexp.MustCompile(`innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|postMessage|\beval\(|new Function|setAttribute\(['"]on|\bhttps?://|indexedDB|document\.cookie = [^\x60]|\beval\(`)
	policies := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := bad.Find(b); at != nil {
			t.Errorf("%s: %s", filepath.Base(path), at)
		}
		policies += strings.Count(string(b), "createPolicy(") - strings.Count(string(b), "createPolicy(name")
	}
	if policies != 1 {
		t.Errorf("%d policies", policies)
	}
}
