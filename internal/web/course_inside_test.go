package web

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// A strip runs over the years of the release; what lies before stands at its
// edge, and what would overlap in the next lane, as long as there is one.
func TestStrip(t *testing.T) {
	on := func(date string) warehouse.Brief {
		return warehouse.Brief{Admitted: warehouse.Moment{Date: date, Recorded: true}}
	}
	day := func(n int) warehouse.Brief {
		return warehouse.Brief{Admitted: warehouse.Moment{Day: n, Recorded: true}}
	}
	for name, c := range map[string]struct {
		briefs []warehouse.Brief
		years  []string
		days   bool
		want   []string // place and lane of each
		named  []view.Place
		lanes  int
	}{
		"years": {
			briefs: []warehouse.Brief{on("2007-01-01"), on("2008-04-01"), on("2009-03-31"), on("2010-03-31"), {}},
			years:  []string{"0809", "0910"},
			want:   []string{"2.00% 0", "2.00% 1", "49.93% 0", "98.00% 0", " 0"},
			named:  []view.Place{{At: "38.21%", Text: "2009"}, {At: "86.28%", Text: "2010"}},
			lanes:  2,
		},
		"many-at-once": {
			briefs: []warehouse.Brief{on("2009-03-31"), on("2009-03-31"), on("2009-03-31"), on("2009-03-31")},
			years:  []string{"0809", "0910"},
			want:   []string{"49.93% 0", "49.93% 1", "49.93% 2", "49.93% 2"},
			named:  []view.Place{{At: "38.21%", Text: "2009"}, {At: "86.28%", Text: "2010"}},
			lanes:  3,
		},
		"days": {
			briefs: []warehouse.Brief{day(0), day(50), day(200)}, days: true, years: []string{"0809"},
			want:  []string{"2.00% 0", "26.00% 0", "98.00% 0"},
			named: []view.Place{{At: "2.00%", Text: "Day 0"}, {At: "98.00%", Text: "Day 200"}},
			lanes: 1,
		},
		"one-day":           {briefs: []warehouse.Brief{day(0)}, days: true, want: []string{"2.00% 0"}, named: []view.Place{{At: "2.00%", Text: "Day 0"}, {At: "98.00%", Text: "Day 0"}}, lanes: 1},
		"nobody-knows-when": {briefs: []warehouse.Brief{{}}, want: []string{" 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := view.Course{Days: c.days, Others: make([]view.Other, len(c.briefs))}
			strip(&x, c.briefs, c.years)
			var got []string
			for _, o := range x.Others {
				got = append(got, fmt.Sprint(o.At, " ", o.Lane))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.named, x.Years); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if x.Lanes != c.lanes {
				t.Errorf("%d lanes", x.Lanes)
			}
		})
	}
}

func TestWhen(t *testing.T) {
	for _, c := range []struct {
		in   warehouse.Moment
		want string
	}{
		{warehouse.Moment{}, "Not recorded"},
		{warehouse.Moment{Date: "2009-04-01", Day: 3, Recorded: true}, "1 Apr 2009"},
		{warehouse.Moment{Day: 34, Recorded: true}, "Day 34"},
		{warehouse.Moment{Recorded: true}, "Day 0"},
	} {
		if got := when(c.in); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}
