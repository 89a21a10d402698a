package query_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/query"
)

// A facet's counts leave out the conditions on its own field, but for those
// that stand in a group of their own.
func TestWithout(t *testing.T) {
	sex, age := query.In{Field: "SEX", Values: []string{"1"}}, query.Range{Field: "STARTAGE", From: "65"}
	for name, c := range map[string]struct{ in, want query.Expr }{
		"nothing":           {nil, nil},
		"alone":             {sex, nil},
		"another":           {age, age},
		"one-of-two":        {query.And{sex, age}, query.And{age}},
		"both":              {query.And{sex, query.Not{Of: sex}}, nil},
		"mixed":             {query.And{query.Or{sex, age}}, query.And{query.Or{sex, age}}},
		"group":             {query.And{query.And{sex}}, query.And{query.And{sex}}},
		"filter-and-group":  {query.And{sex, query.And{sex}}, query.And{query.And{sex}}},
		"says-no-field":     {query.And{query.Or{}, sex}, query.And{query.Or{}}},
		"group-of-nothings": {query.And{sex, query.And{}}, query.And{query.And{}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, query.Without(c.in, []string{"SEX"})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
