// Package cspreport reads what browsers report of the content security policy: which
// rule it was and what sort of thing was kept out. Both are in words of this package
// and nothing else of a report leaves it, for addresses hold ids, samples hold text, and
// whoever sends a report may have made it up.
package cspreport

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// The two forms, by their media types: of report-uri, one at a time, and of report-to.
const (
	One  = "application/csp-report"
	Many = "application/reports+json"
)

// Violation is what a page was kept from doing.
type Violation struct{ Rule, What string }

// Read reads a body of either form, which was sent to the site at host.
func Read(kind string, body []byte, host string) ([]Violation, error) {
	if kind == One {
		var one struct {
			Report struct {
				Effective string `json:"effective-directive"`
				Violated  string `json:"violated-directive"` // older browsers say this one only, with its sources
				Blocked   string `json:"blocked-uri"`
			} `json:"csp-report"`
		}
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, err
		}
		directive := one.Report.Effective
		if directive == "" {
			directive, _, _ = strings.Cut(one.Report.Violated, " ")
		}
		return []Violation{{rule(directive), what(one.Report.Blocked, host)}}, nil
	}
	var many []struct {
		Type string `json:"type"`
		Body struct {
			Directive string `json:"effectiveDirective"`
			Blocked   string `json:"blockedURL"`
		} `json:"body"`
	}
	if err := json.Unmarshal(body, &many); err != nil {
		return nil, err
	}
	var out []Violation
	for _, m := range many {
		if m.Type == "csp-violation" {
			out = append(out, Violation{rule(m.Body.Directive), what(m.Body.Blocked, host)})
		}
	}
	return out, nil
}

// rule is a rule by its name, if it is one.
func rule(name string) string {
	known := []string{"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src", "connect-src", "font-src", "base-uri", "form-action", "frame-ancestors",
		"frame-src", "child-src", "worker-src", "object-src", "media-src", "manifest-src", "require-trusted-types-for", "trusted-types"}
	if i := slices.Index(known, name); i >= 0 {
		return known[i]
	}
	return "another"
}

// what is what sort of thing was kept out.
func what(blocked, host string) string {
	words := []string{"inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink", "data", "blob"}
	if i := slices.Index(words, blocked); i >= 0 {
		return words[i]
	}
	u, err := url.Parse(blocked)
	switch {
	case err != nil || blocked == "":
		return "unknown"
	case u.Scheme == "data" || u.Scheme == "blob":
		return strings.ToLower(u.Scheme)
	case strings.HasSuffix(u.Scheme, "extension"):
		return "extension"
	case blocked == "self" || u.Host == host && host != "":
		return "this site"
	}
	return "elsewhere"
}
