package cli

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBillOfMaterials(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.2.3", Sum: "h1:AAAA"},
		{Path: "example.com/b", Version: "v0.0.1", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0+incompatible", Sum: "h1:CCCC"}},
	}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "-ldflags", Value: "-s"}}}
	want := bill{Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: billMetadata{billMaterial{Type: "application", Ref: "webenable", Name: "webenable", Version: Version, Properties: []billProperty{{"vcs.revision", "abc"}}}},
		Components: []billMaterial{
			{"library", "pkg:golang/std@1.26.0", "std", "1.26.0", "pkg:golang/std@1.26.0", nil},
			{"library", "pkg:golang/example.com/a@v1.2.3", "example.com/a", "v1.2.3", "pkg:golang/example.com/a@v1.2.3", []billProperty{{"go.sum", "h1:AAAA"}}},
			{"library", "pkg:golang/example.com/c@v2.0.0%2Bincompatible", "example.com/c", "v2.0.0+incompatible", "pkg:golang/example.com/c@v2.0.0%2Bincompatible", []billProperty{{"go.sum", "h1:CCCC"}}},
		}}
	if d := cmp.Diff(want, billOf(info)); d != "" {
		t.Error(d)
	}
}

// The version says what the program was built from.
func TestVersion(t *testing.T) {
	got := builtFrom(&debug.BuildInfo{GoVersion: "go1.26.0", Deps: []*debug.Module{{Path: "example.com/a", Version: "v1.2.3"}, {Path: "example.com/b", Version: "v0.0.1", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0"}}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}})
	want := "commit abc, with changes that are not committed\nbuilt by go1.26.0 for " + runtime.GOOS + "/" + runtime.GOARCH + "\nmodule example.com/a v1.2.3\nmodule example.com/c v2.0.0\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := builtFrom(&debug.BuildInfo{}); !strings.HasPrefix(got, "commit not known\n") {
		t.Error(got)
	}
	if out := must(t, "version"); !strings.HasPrefix(out, "webenable "+Version+"\ncommit ") {
		t.Error(out)
	}
}

// The program as it is built names each module that the go command puts into it.
func TestTheProgramKnowsWhatItIsMadeOf(t *testing.T) {
	program := filepath.Join(t.TempDir(), "webenable")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "webenablehes/cmd/webenable").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := exec.Command(program, "version", "--sbom").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got bill
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for _, c := range got.Components {
		sums[c.Name+" "+c.Version] = len(c.Properties) == 1 && strings.HasPrefix(c.Properties[0].Value, "h1:")
	}
	list, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "webenablehes/cmd/webenable").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for _, module := range strings.Split(string(list), "\n") {
		if module = strings.TrimSpace(module); module != "" {
			linked[module] = true
		}
	}
	if len(linked) < 5 || len(got.Components) != len(linked)+1 {
		t.Errorf("%d modules are linked, and the bill has %d besides the library of Go", len(linked), len(got.Components)-1)
	}
	for module := range linked {
		if !sums[module] {
			t.Errorf("%s is not in the bill, or without its sum", module)
		}
	}
}
