package web

import (
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web/view"
)

// A number stands beside the chip whose condition it is of, or nowhere.
func TestBrings(t *testing.T) {
	one, two := policy.Access{}.Protect(1), policy.Sum(nil)
	chips := make([]view.Chip, 2)
	brings(chips, []policy.Count{two})
	if chips[0].Brings != (policy.Count{}) || chips[1].Brings != (policy.Count{}) {
		t.Error("numbers stand beside chips though there are fewer of them")
	}
	brings(chips, []policy.Count{one, two, one})
	if chips[1].Brings != (policy.Count{}) {
		t.Error("numbers stand beside chips though there are more of them")
	}
	brings(chips, []policy.Count{one, two})
	if chips[0].Brings != one || chips[1].Brings != two {
		t.Errorf("%v", chips)
	}
}
