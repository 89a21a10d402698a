package hes

import (
	"encoding/csv"
	"fmt"
	"strings"
)

// Rule is a named rule by which a load changes values or works them out.
type Rule struct {
	ID     string // "C7", "P1"
	What   string // a sentence
	Source string // where the rule comes from
}

// readRules reads data/derivations.csv (rule,says,source).
func readRules() (map[string]Rule, error) {
	f, err := files.Open("data/derivations.csv")
	if err != nil {
		return nil, fmt.Errorf("open rules: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read data/derivations.csv: %w", err)
	}
	out := map[string]Rule{}
	for i, row := range rows[1:] {
		if _, twice := out[row[0]]; twice || row[0] == "" || row[1] == "" || row[2] == "" {
			return nil, fmt.Errorf("data/derivations.csv line %d: a rule of its own, what it says and its source are needed", i+2)
		}
		out[row[0]] = Rule{ID: row[0], What: row[1], Source: row[2]}
	}
	return out, nil
}

// Derivation returns the rules by which a field is worked out; none of a field
// that is delivered. The dictionary's column "source" names them: "DERIVED P1",
// "DERIVED V1-V7", or none, and then the rule has the field's own name.
func (d *Dictionary) Derivation(f Field) []Rule {
	if !f.Derived() {
		return nil
	}
	ids := strings.TrimSpace(strings.TrimPrefix(f.Source, "DERIVED"))
	if ids == "" {
		ids = f.Name
	}
	first, last, span := strings.Cut(ids, "-")
	if !span {
		last = first
	}
	var out []Rule
	for n := first[len(first)-1]; n <= last[len(last)-1]; n++ {
		if r, ok := d.rules[first[:len(first)-1]+string(n)]; ok {
			out = append(out, r)
		}
	}
	return out
}
