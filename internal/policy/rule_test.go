package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

func planner(t *testing.T, rule string) policy.Access {
	t.Helper()
	r, err := policy.RuleNamed(rule)
	if err != nil {
		t.Fatal(err)
	}
	a, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner, Small: r}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Worked tables: those of OpenSAFELY's page on disclosure control, the edges of the
// HES rule, and what the other rules make of the same numbers.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		raw        [][]int
		want       [][]string
		total      string
	}{
		{"opensafely-redacted", "nhsd-2018", [][]int{{3, 8, 16, 23}}, [][]string{{"1–7", "10", "15", "25"}}, "50"},
		{"opensafely-rounded", "nhsd-2018", [][]int{{18, 23, 31, 44}}, [][]string{{"20", "25", "30", "45"}}, "120"},
		{"edges", "nhsd-2018", [][]int{{0, 1, 7, 8, 12, 13, 17, 18}}, [][]string{{"0", "1–7", "1–7", "10", "10", "15", "15", "20"}}, "70"},
		{"one-eight-eight", "nhsd-2018", [][]int{{1, 8, 8}}, [][]string{{"1–7", "10", "10"}}, "20"},
		{"before-2018", "hes-pre-2018", [][]int{{3, 9, 16}, {20, 30, 6}, {0, 40, 41}},
			[][]string{{"not shown", "not shown", "not shown"}, {"not shown", "not shown", "not shown"}, {"0", "40", "41"}}, "81"},
		{"before-2018-nothing-hidden", "hes-pre-2018", [][]int{{6, 0}, {7, 8}}, [][]string{{"6", "0"}, {"7", "8"}}, "21"},
		{"threshold", "threshold-10", [][]int{{0, 9, 10, 12, 13}}, [][]string{{"0–9", "0–9", "10", "10", "15"}}, "35"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := planner(t, c.rule)
			var got [][]string
			var shown []policy.Count
			for _, line := range a.Grid(c.raw) {
				var texts []string
				for _, n := range line {
					texts = append(texts, n.String())
				}
				got, shown = append(got, texts), append(shown, line...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if total := policy.Sum(shown).String(); total != c.total {
				t.Errorf("total %s, want %s", total, c.total)
			}
		})
	}
}

// ACRO's set: every combination of four categories of three, eleven times, but five
// times where the first, third and fourth are C.
func TestHidesTheSmallCellsOfACRO(t *testing.T) {
	for _, rule := range []string{"nhsd-2018", "threshold-10"} {
		a := planner(t, rule)
		small := 0
		for i := range 81 {
			v := [4]int{i / 27, i / 9 % 3, i / 3 % 3, i % 3}
			n := 11
			if v[0] == 2 && v[2] == 2 && v[3] == 2 {
				n = 5
				small++
			}
			if got := a.Protect(n); got.Hidden() != (n == 5) {
				t.Errorf("%s: %v is shown as %s", rule, v, got)
			}
		}
		if small != 3 {
			t.Errorf("%d small cells", small)
		}
	}
}

// What the bounds of a count say is what is published as it, and nothing else.
func TestBounds(t *testing.T) {
	for _, r := range policy.Rules() {
		a := planner(t, r.Name)
		for n := range 300 {
			low, high := a.Rule().Bounds(a.Protect(n))
			for m := range 300 {
				if same := a.Protect(m) == a.Protect(n); !r.Secondary && same != (m >= low && m <= high) {
					t.Errorf("%s: %d is published as %s, of which the bounds are %d and %d; %d as %s", r.Name, n, a.Protect(n), low, high, m, a.Protect(m))
				}
			}
		}
	}
}

func TestShareOfFew(t *testing.T) {
	a := planner(t, "nhsd-2018")
	if got := (policy.Share{Part: a.Protect(3), Of: a.Protect(50)}).String(); got != "*" {
		t.Errorf("3 of 50 is told as %s", got)
	}
	if got := (policy.Share{Part: a.Protect(8), Of: a.Protect(50)}).String(); got != "20%" {
		t.Errorf("8 of 50 is told as %s, want what 10 of 50 is", got)
	}
}

func TestRuleNamed(t *testing.T) {
	if _, err := policy.RuleNamed("none"); fault.Of(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	if policy.Rules()[0].Name != "nhsd-2018" {
		t.Error("the rule of 2018 is not the default")
	}
	var zero policy.Access
	if !zero.Grid([][]int{{0, 100}})[0][1].Hidden() {
		t.Error("the zero Access shows a count")
	}
}
