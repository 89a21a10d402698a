package web

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// course makes a patient's episodes, oldest first, and their places along time.
// at gives an episode's address.
func (s *Server) course(rec *warehouse.Record, at func(id string) string) view.Course {
	diagnosis, _ := s.c.Dictionary.Field(hes.MainDiagnosis)
	provider, _ := s.c.Dictionary.Field("PROCODE3")
	c := rec.Course
	x := view.Course{Says: c.Episodes.String() + " episodes that your agreement covers."}
	switch {
	case rec.Row.PatientID == "":
		return view.Course{Says: "The record has no person key, so nobody knows whose it is."}
	case c.Episodes.Published() == 1:
		x.Says = "The only episode that your agreement covers."
	case !c.All:
		x.Says = fmt.Sprintf("%s episodes that your agreement covers; the newest %d are shown.", c.Episodes, len(c.Briefs))
	}
	briefs := slices.Clone(c.Briefs)
	slices.Reverse(briefs)
	slices.SortStableFunc(briefs, func(a, b warehouse.Brief) int { // those of unknown time come last
		return cmp.Compare(timeOf(a), timeOf(b))
	})
	for _, b := range briefs {
		o := view.Other{URL: at(b.ID), When: when(b.Admitted), Provider: s.valueLabel(provider, b.Provider), This: b.This, Duplicate: b.Duplicate, Label: "No primary diagnosis recorded"}
		if b.Diagnosis != "" {
			d := s.cell(diagnosis, b.Diagnosis)
			o.Code, o.Label = d.Code, d.Text
		}
		x.Days = x.Days || b.Admitted.Recorded && b.Admitted.Date == ""
		x.Others = append(x.Others, o)
	}
	strip(&x, briefs, rec.Release.Years)
	return x
}

// timeOf orders a patient's episodes.
func timeOf(b warehouse.Brief) int {
	if !b.Admitted.Recorded {
		return math.MaxInt
	}
	return b.Admitted.Day
}

// The strip's marks have this many lanes, and those in one lane are this far
// apart, in percent of its width.
const (
	stripLanes = 3
	stripApart = 2.8
)

// strip places a patient's episodes along the years of the release, or along
// days where the access covers no dates. others are those of briefs, in order.
func strip(x *view.Course, briefs []warehouse.Brief, years []string) {
	day := func(m warehouse.Moment) (float64, bool) { return float64(m.Day), m.Recorded }
	var from, to float64
	if x.Days {
		for _, b := range briefs {
			to = max(to, float64(b.Admitted.Day))
		}
		x.Years = []view.Place{{At: percent(0), Text: "Day 0"}, {At: percent(1), Text: "Day " + strconv.Itoa(int(to))}}
	} else {
		if len(years) == 0 {
			return
		}
		day = func(m warehouse.Moment) (float64, bool) { return dayNumber(m.Date) }
		first, last := hes.FirstYear(years[0]), hes.FirstYear(years[len(years)-1])+1
		from, _ = dayNumber(fmt.Sprintf("%d-04-01", first))
		to, _ = dayNumber(fmt.Sprintf("%d-03-31", last))
		for year, step := first+1, 1+(last-first)/6; year <= last; year += step {
			at, _ := dayNumber(fmt.Sprintf("%d-01-01", year))
			x.Years = append(x.Years, view.Place{At: percent((at - from) / (to - from)), Text: strconv.Itoa(year)})
		}
	}
	end := slices.Repeat([]float64{-stripApart}, stripLanes) // where the last mark of a lane is
	for i, b := range briefs {
		at, ok := day(b.Admitted)
		if !ok {
			continue
		}
		// Admissions before the first year end in it: they stand at the edge.
		share := min(1, max(0, (at-from)/max(1, to-from)))
		lane := 0
		for lane < stripLanes-1 && 100*share < end[lane]+stripApart {
			lane++
		}
		end[lane] = 100 * share
		x.Others[i].At, x.Others[i].Lane = percent(share), lane
		x.Lanes = max(x.Lanes, lane+1)
	}
}

// percent places a share of the strip's width, with room for half a mark at
// both ends.
func percent(share float64) string { return strconv.FormatFloat(2+96*share, 'f', 2, 64) + "%" }

// dayNumber counts the days to a date; ok is false if the text is none.
func dayNumber(iso string) (n float64, ok bool) {
	t, err := time.Parse(time.DateOnly, iso)
	return float64(t.Unix() / 86400), err == nil
}

func (s *Server) valueLabel(f hes.Field, value string) string {
	if value == "" {
		return "Not recorded"
	}
	c := s.cell(f, value)
	return c.Text
}
