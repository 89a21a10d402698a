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
		{"narrower-is-not-on", "dx=L40&dx=L2", "dx", []string{"L400"}, false, "dx=L2&dx=L400"},
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

// Columns of a histogram that touch make one span, out of which each can be taken
// again.
func TestToggleSpan(t *testing.T) {
	d := MustLoad(t)
	for _, c := range []struct {
		name, in string
		span     query.Span
		on       bool
		want     string
	}{
		{"first", "", query.Span{From: "0", To: "6"}, false, "los=0..6"},
		{"neighbour", "los=0..6", query.Span{From: "7", To: "13"}, false, "los=0..13"},
		{"apart", "los=0..6", query.Span{From: "14"}, false, "los=0..6&los=14.."},
		{"all-there-is", "los=0..6", query.Span{From: "7"}, false, "los=!none"},
		{"and-not-recorded", "los=0..6&los=none", query.Span{From: "7"}, false, ""},
		{"takes-off", "los=0..6", query.Span{From: "0", To: "6"}, true, ""},
		{"out-of-the-middle", "los=0..20", query.Span{From: "7", To: "13"}, true, "los=0..6&los=14..20"},
		{"at-the-end", "los=3..", query.Span{From: "14"}, true, "los=3..13"},
		{"one-of-two", "los=0&los=14..&los=none", query.Span{From: "14"}, true, "los=0&los=none"},
		{"left-out", "los=!0..6", query.Span{From: "7", To: "13"}, false, "los=7..13"},
		{"part-of-it", "los=3..6", query.Span{From: "0", To: "6"}, false, "los=0..6"},
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
			if v.OnSpan("los", c.span) != c.on {
				t.Errorf("on is %v", !c.on)
			}
			got := v.ToggleSpan("los", c.span)
			if got.Encode() != c.want {
				t.Errorf("%q, want %q", got.Encode(), c.want)
			}
			values, _ = url.ParseQuery(got.Encode())
			if again, err := query.ParseView(values, d, everything(d)); err != nil || again.Encode() != c.want {
				t.Errorf("it reads back as %q, %v", again.Encode(), err)
			}
		})
	}
}
