package view

import (
	"testing"

	"webenablehes/internal/policy"
)

// A total of hidden cells alone is not told as nobody.
func TestTotalOf(t *testing.T) {
	a, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, noon())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		cells []int
		want  string
	}{
		{"nobody", []int{0, 0}, "0"},
		{"hidden-alone", []int{0, 3, 7}, "Not shown"},
		{"some-hidden", []int{3, 18}, "20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cells []policy.Count
			for _, n := range c.cells {
				cells = append(cells, a.Protect(n))
			}
			if got := totalOf(policy.Sum(cells), cells); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
