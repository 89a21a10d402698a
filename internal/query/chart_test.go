package query_test

import (
	"net/url"
	"testing"

	"webenablehes/internal/query"
)

// A mark adds its values to the filter, or takes them off when all are on; what
// a wider code holds is dropped, and a filter that leaves values out gives way.
func TestToggle(t *testing.T) {
	d := MustLoad(t)
	for _, c := range []struct {
		name, in, key string
		values        []string
		on            bool
		want          string
	}{
		{"adds", "", "sex", []string{"2"}, false, "sex=2"},
		{"adds-to-others", "sex=1", "sex", []string{"2"}, false, "sex=1&sex=2"},
		{"takes-off", "sex=1&sex=2", "sex", []string{"2"}, true, "sex=1"},
		{"takes-the-last-off", "sex=2", "sex", []string{"2"}, true, ""},
		{"some-are-on", "band=30-34", "band", []string{"30-34", "35-39"}, false, "band=30-34&band=35-39"},
		{"all-are-on", "band=30-34&band=35-39&band=90%2B", "band", []string{"30-34", "35-39"}, true, "band=90%2B"},
		{"left-out", "sex=!2", "sex", []string{"2"}, false, "sex=2"},
		{"wider-code", "dx=L400&dx=L20", "dx", []string{"L40"}, false, "dx=L20&dx=L40"},
		{"narrower-is-not-on", "dx=L40", "dx", []string{"L400"}, false, "dx=L40&dx=L400"},
		{"not-recorded", "op=S06", "op", []string{"none"}, false, "op=S06&op=none"},
		{"no-prefix-of-a-choice", "prov=RAL&prov=R", "prov", []string{"R"}, true, "prov=RAL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, err := url.ParseQuery(c.in)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d, everything(d))
			if err != nil {
				t.Fatal(err)
			}
			before := v.Encode()
			if v.On(c.key, c.values...) != c.on {
				t.Errorf("on is %v", !c.on)
			}
			if got := v.Toggle(c.key, c.values...).Encode(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if v.Encode() != before {
				t.Error("the view was changed")
			}
		})
	}
}
