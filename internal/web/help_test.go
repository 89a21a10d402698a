package web_test

import (
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// Beside the headline stands what each number counts, what is left out now, the
// method of the spells and the release.
func TestHowTheCountsAreWorkedOut(t *testing.T) {
	for method, says := range map[string]string{"S1": "neighbouring episodes (rule S1)", "S3": "by the SUS spell number", "": "rule S1, or S3 where the load chose it"} {
		s := open(t, &web.Assets{}, func(r *source) { r.facts.Spells = method })
		_, body, _ := s.get(policy.Researcher, "/records")
		how := strings.Join(between(body, `<details class="menu how">`, `</details>`), "")
		for _, w := range []string{"How is this worked out? the counts", "duplicates (rule D1)", "unfinished episodes", "rules that lists start with (N1)", "TOKEN_PERSON_ID", "(P1)", now, "24 November 2026", says} {
			if !strings.Contains(how, w) {
				t.Errorf("%q: %q is not said in: %s", method, w, how)
			}
		}
		_, body, _ = s.get(policy.Researcher, "/records?dup=any&fin=any&rule=N2")
		if how := between(body, `<details class="menu how">`, `</details>`)[0]; !strings.Contains(how, "Nothing is left out beyond") {
			t.Errorf("nothing is left out, but: %s", how)
		}
	}
}
