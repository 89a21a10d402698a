package rollup

import (
	"strings"
	"testing"
)

func TestSexOfAPatient(t *testing.T) {
	for name, c := range map[string]struct {
		sexes    string // of the episodes, in order of time
		want     string
		conflict bool
	}{
		"one":                 {"1", "1", false},
		"commoner":            {"1 1 2", "1", true},
		"as-many-the-later":   {"1 2 2 1", "1", true},
		"as-many-the-later-2": {"1 2", "2", true},
		"nine-is-no-conflict": {"2 9 9 9", "2", false},
		"missing":             {"2 - -", "2", false},
		"none":                {"- -", "", false},
		"only-nine":           {"9 -", "9", false},
	} {
		t.Run(name, func(t *testing.T) {
			var eps []Episode
			for _, s := range strings.Fields(c.sexes) {
				eps = append(eps, Episode{Start: "2008-01-01", Sex: strings.Trim(s, "-")})
			}
			if p := Patient(eps); p.Sex != c.want || p.SexConflict != c.conflict {
				t.Errorf("%q, conflict %v", p.Sex, p.SexConflict)
			}
		})
	}
}
