package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
)

// Names at the ends of lines do not lie on one another and stay in the panel, in
// the order of their lines.
func TestApart(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []int
	}{
		{"alone", []int{10}, []int{10}},
		{"far", []int{0, 10, 20}, []int{0, 10, 20}},
		{"together", []int{10, 10, 11}, []int{10, 14, 18}},
		{"at-the-ground", []int{36, 36, 36}, []int{26, 30, 34}},
		{"above", []int{-2, -1}, []int{0, 4}},
		{"full", []int{30, 31, 32, 33, 36, 36}, []int{14, 18, 22, 26, 30, 34}},
		{"another-order", []int{20, 0}, []int{0, 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ends []end
			for _, row := range c.in {
				ends = append(ends, end{row: row})
			}
			apart(ends, 38)
			var got []int
			for _, e := range ends {
				got = append(got, e.row)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAxis(t *testing.T) {
	for _, c := range []struct{ most, n, step, top int }{{1, 4, 1, 1}, {4, 4, 1, 4}, {5, 4, 2, 6}, {17, 4, 5, 20}, {99, 4, 50, 100}, {1676, 4, 500, 2000}, {7399, 2, 5000, 10000}, {1_000_000, 4, 500_000, 1_000_000}} {
		if step, top := axis(c.most, c.n); step != c.step || top != c.top {
			t.Errorf("%d in %d: steps of %d up to %d, want %d up to %d", c.most, c.n, step, top, c.step, c.top)
		}
	}
}

// A line goes through its numbers; a hidden one is a gap with a stub.
func TestTrendPanel(t *testing.T) {
	acc, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, noon())
	if err != nil {
		t.Fatal(err)
	}
	c := Chart{Draw: Trend, Columns: []Name{{Text: "All", Total: true}, {Code: "L40"}}}
	for year, n := range []int{50, 100, 3, 25} {
		c.Lines = append(c.Lines, ChartLine{Name: Name{Text: fmt.Sprint(2008 + year)}, Cells: []Mark{{Count: acc.Protect(1000)}, {Count: acc.Protect(n)}}})
	}
	c.Lines = append(c.Lines, ChartLine{Name: Name{Text: "Not recorded"}, Aside: true, Cells: []Mark{{Count: acc.Protect(9000)}, {Count: acc.Protect(9000)}}})
	panels := c.panels()
	if len(panels) != 2 {
		t.Fatalf("%d panels", len(panels))
	}
	want := curve{class: "l1", line: "M125 500L375 0M875 750", dots: "M125 500h0M375 0h0M875 750h0", stubs: "M625 1000v-60"}
	if diff := cmp.Diff([]curve{want}, panels[1].curves, cmp.AllowUnexported(curve{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"100", "50", "0"}, panels[1].ticks); diff != "" {
		t.Errorf("ticks (-want +got):\n%s", diff)
	}
}

// Years that are too many for their names have some of them, the last always.
func TestYearsNamed(t *testing.T) {
	for _, years := range []int{1, 12, 13, 25, 40} {
		c := Chart{}
		for range years {
			c.Lines = append(c.Lines, ChartLine{})
		}
		named := 0
		for i := range years {
			if c.shown(i) {
				named++
			}
		}
		if named > 13 || named < years/4 || !c.shown(years-1) {
			t.Errorf("of %d years %d are named", years, named)
		}
	}
}

func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
