package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"webenablehes/internal/fault"
)

type versionCmd struct {
	SBOM bool `help:"Print what the program is made of: a bill of materials, CycloneDX 1.5 in JSON."`
}

// Run prints the version, or the bill of materials.
func (c versionCmd) Run(g *globals) error {
	info, ok := debug.ReadBuildInfo()
	if !c.SBOM {
		text := "webenable " + Version + "\n"
		if ok {
			text += builtFrom(info)
		}
		_, err := fmt.Fprint(g.env.Out, text)
		return err
	}
	if !ok {
		return fault.New(fault.Unavailable, "This program was built without a note of its modules. Build it with “make build”.")
	}
	out := json.NewEncoder(g.env.Out)
	out.SetIndent("", "  ")
	return out.Encode(billOf(info))
}

// builtFrom says what a program was built from, a line each.
func builtFrom(info *debug.BuildInfo) string {
	var b strings.Builder
	commit, changed := "not known", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", with changes that are not committed"
		}
	}
	fmt.Fprintf(&b, "commit %s%s\nbuilt by %s for %s/%s\n", commit, changed, info.GoVersion, runtime.GOOS, runtime.GOARCH)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		fmt.Fprintf(&b, "module %s %s\n", m.Path, m.Version)
	}
	return b.String()
}

// bill is a bill of materials. It holds no time and no random number, so that the
// same program has the same bill.
type bill struct {
	Format     string         `json:"bomFormat"`
	Spec       string         `json:"specVersion"`
	Version    int            `json:"version"`
	Metadata   billMetadata   `json:"metadata"`
	Components []billMaterial `json:"components"`
}

type billMetadata struct {
	Component billMaterial `json:"component"`
}

type billMaterial struct {
	Type       string         `json:"type"`
	Ref        string         `json:"bom-ref"`
	Name       string         `json:"name"`
	Version    string         `json:"version"`
	URL        string         `json:"purl,omitempty"`
	Properties []billProperty `json:"properties,omitempty"`
}

type billProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// billOf lists the modules that the linker put into the program, as it noted them, and
// the Go distribution whose library it has. go.sum has the sums; whoever has the
// program and the bill can compare both with it.
func billOf(info *debug.BuildInfo) bill {
	out := bill{Format: "CycloneDX", Spec: "1.5", Version: 1}
	out.Metadata.Component = billMaterial{Type: "application", Ref: "webenable", Name: "webenable", Version: Version}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision", "vcs.modified", "CGO_ENABLED", "GOOS", "GOARCH":
			out.Metadata.Component.Properties = append(out.Metadata.Component.Properties, billProperty{s.Key, s.Value})
		}
	}
	out.Components = append(out.Components, material("std", strings.TrimPrefix(info.GoVersion, "go"), ""))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out.Components = append(out.Components, material(m.Path, m.Version, m.Sum))
	}
	return out
}

func material(path, version, sum string) billMaterial {
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	out := billMaterial{Type: "library", Ref: url, Name: path, Version: version, URL: url}
	if sum != "" {
		out.Properties = []billProperty{{"go.sum", sum}}
	}
	return out
}
