package query_test

import (
	"net/url"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

func TestAdd(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	offer := query.NewOffer(d, []string{hes.YearField, hes.AdmissionDate, "STARTAGE", "SEX", hes.MainDiagnosis, hes.MainProcedure, "EPISTAT", "DUPLICATE", "IMD04_DECILE"}, nil)
	for _, c := range []struct {
		name, state string
		add         query.Filter
		want        string
	}{
		{"first", "", query.Filter{Key: "sex", Values: []string{"2"}}, "sex=2"},
		{"beside-others", "dx=L40", query.Filter{Key: "sex", Values: []string{"2"}}, "dx=L40&sex=2"},
		{"or", "sex=1", query.Filter{Key: "sex", Values: []string{"2"}}, "sex=1&sex=2"},
		{"again", "sex=2", query.Filter{Key: "sex", Values: []string{"2"}}, "sex=2"},
		{"not-recorded-stays", "sex=none", query.Filter{Key: "sex", Values: []string{"2"}}, "sex=2&sex=none"},
		{"exclusion-gives-way", "sex=!1", query.Filter{Key: "sex", Values: []string{"2"}}, "sex=2"},
		{"default-exclusion-gives-way", "", query.Filter{Key: "dup", Values: []string{"1"}}, "dup=1"},
		{"beside-a-default", "", query.Filter{Key: "fin", Values: []string{"1"}}, "fin=1&fin=3"},
		{"codes", "dx=L40", query.Filter{Key: "dx", Values: []string{"L20"}}, "dx=L20&dx=L40"},
		{"narrower-code", "dx=L40", query.Filter{Key: "dx", Values: []string{"L400"}}, "dx=L400"},
		{"wider-code", "dx=L400&dx=L20", query.Filter{Key: "dx", Values: []string{"L40"}}, "dx=L20&dx=L40"},
		{"value-with-a-percent-sign", "imd=LEAST+DEPRIVED+10%25", query.Filter{Key: "imd", Values: []string{"MOST DEPRIVED 10%"}}, "imd=LEAST+DEPRIVED+10%25&imd=MOST+DEPRIVED+10%25"},
		{"ages", "age=18", query.Filter{Key: "age", From: "65"}, "age=18&age=65.."},
		{"ages-that-touch", "age=18..64", query.Filter{Key: "age", From: "65", To: "70"}, "age=18..70"},
		{"ages-that-are-all", "age=..64", query.Filter{Key: "age", From: "65"}, "age=65.."},
		{"days-give-way", "adm=2009-01-01..2009-12-31", query.Filter{Key: "adm", From: "2010-01-01", To: "2010-12-31"}, "adm=2010-01..2010-12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := url.ParseQuery(c.state)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(in, d, offer)
			if err != nil {
				t.Fatal(err)
			}
			before := v.Encode()
			got := v.Add(c.add).Encode()
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if v.Encode() != before {
				t.Error("the view itself was changed")
			}
			again, err := url.ParseQuery(got)
			if err != nil {
				t.Fatal(err)
			}
			if w, err := query.ParseView(again, d, offer); err != nil || w.Encode() != got {
				t.Errorf("%s comes back as %s, %v", got, w.Encode(), err)
			}
		})
	}
}
