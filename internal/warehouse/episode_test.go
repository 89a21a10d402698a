package warehouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
)

var keyed = query.Query{Limit: query.MaxLimit, Columns: []string{hes.EpisodeKey}}

// short says a brief for comparison with the fixture.
func short(admitted, ended, diagnosis, provider string) string {
	return strings.Join([]string{admitted, ended, diagnosis, provider}, " ")
}

// Beside a record stand the patient's episodes that the access covers, and
// nobody else's; the access record counts all of them.
func TestARecordShowsThePatientsCourse(t *testing.T) {
	d := setUp(t)
	byKey := map[string]driver.Record{}
	for _, r := range d.f.Records {
		byKey[r[hes.EpisodeKey]] = r
	}
	for name, acc := range map[string]policy.Access{
		"all-years": researcher(t),
		"one-year":  access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0506"}}),
	} {
		t.Run(name, func(t *testing.T) {
			list, err := d.Explore(t.Context(), acc, keyed, warehouse.Page{}, warehouse.Client{})
			if err != nil {
				t.Fatal(err)
			}
			several := 0
			for _, row := range list.Rows {
				rec, err := d.Episode(t.Context(), acc, query.Query{}, row.ID, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				this := byKey[row.Values[0]]
				var want, got []string
				for _, r := range d.f.Records {
					covered := slices.Contains(years, r["FYEAR"]) && (name == "all-years" || r["FYEAR"] == "0506")
					if covered && (r[hes.PersonField] == this[hes.PersonField] && r[hes.PersonField] != "" || r[hes.EpisodeKey] == row.Values[0]) {
						want = append(want, short(r["ADMIDATE"], r["EPIEND"], r["DIAG_01"], r["PROCODE3"]))
					}
				}
				marked := ""
				for _, b := range rec.Course.Briefs {
					text := short(b.Admitted.Date, b.Ended.Date, b.Diagnosis, b.Provider)
					got = append(got, text)
					if b.This {
						marked += text
					}
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
					t.Errorf("course (-want +got):\n%s", diff)
				}
				if marked != short(this["ADMIDATE"], this["EPIEND"], this["DIAG_01"], this["PROCODE3"]) {
					t.Errorf("marked as opened: %q", marked)
				}
				e := d.log.events[len(d.log.events)-1]
				if e.Rows != len(want) || rec.Course.Episodes.Published() != len(want) || !rec.Course.All {
					t.Errorf("%d rows recorded, %v said, of %d", e.Rows, rec.Course.Episodes, len(want))
				}
				if len(want) > 1 {
					several++
				}
			}
			if several < 20 {
				t.Errorf("only %d records of patients with several episodes", several)
			}
		})
	}
}

// A patient with more episodes than a page holds: the newest are shown, and the
// one that was opened, and it is said that there are others.
func TestACourseIsCapped(t *testing.T) {
	var records []driver.Record
	day := time.Date(2009, 4, 1, 0, 0, 0, 0, time.UTC)
	for i := range query.MaxLimit + 50 {
		records = append(records, driver.Record{hes.EpisodeKey: fmt.Sprint(1000 + i), hes.PersonField: "SYNTH1", "ADMIDATE": day.AddDate(0, 0, i).Format(time.DateOnly), "FYEAR": "0910"})
	}
	d := setUp(t)
	d.source.engine = memory.New(d.f.Dictionary, d.f.Columns, records)
	oldest := query.Query{Limit: 1, Sort: []query.Sort{{Field: hes.AdmissionDate}}}
	list, err := d.Explore(t.Context(), researcher(t), oldest, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := d.Episode(t.Context(), researcher(t), query.Query{}, list.Rows[0].ID, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	c := rec.Course
	if len(c.Briefs) != query.MaxLimit+1 || c.All || c.Episodes.Published() != len(records) {
		t.Fatalf("%d briefs, all: %v, of %v", len(c.Briefs), c.All, c.Episodes)
	}
	first, last := c.Briefs[0], c.Briefs[query.MaxLimit]
	if first.Admitted.Day != len(records)-1 || first.This || last.Admitted.Day != 0 || !last.This {
		t.Errorf("first %+v, last %+v", first, last)
	}
	if e := d.log.events[len(d.log.events)-1]; e.Rows != query.MaxLimit+1 {
		t.Errorf("%d rows recorded", e.Rows)
	}
}

// Where the access does not cover a date, nobody sees it; days since the first
// admission take its place.
func TestDaysWhereDatesAreNotCovered(t *testing.T) {
	d := setUp(t, func(o *warehouse.Options) {
		dict, err := hes.Load()
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range dict.Fields() {
			if f.Type == hes.Date {
				dict.Fields()[i].Class = hes.Quasi
			}
		}
		o.Dictionary = dict
	})
	columns := drivertest.Columns(t, d.f.Dictionary, []string{hes.EpisodeKey, hes.PersonField, "ADMIDATE", "EPIEND", "FYEAR"})
	d.source.engine = memory.New(d.f.Dictionary, columns, []driver.Record{
		{hes.EpisodeKey: "1", hes.PersonField: "SYNTH1", "ADMIDATE": "2009-04-01", "EPIEND": "2009-04-03", "FYEAR": "0910"},
		{hes.EpisodeKey: "2", hes.PersonField: "SYNTH1", "ADMIDATE": "2009-05-05", "FYEAR": "0910"},
		{hes.EpisodeKey: "3", hes.PersonField: "SYNTH1", "EPIEND": "2009-05-06", "FYEAR": "0910"},
	})
	acc := researcher(t)
	people, err := d.Explore(t.Context(), acc, query.Query{Unit: query.Patients, Limit: 1}, warehouse.Page{}, warehouse.Client{})
	if err != nil || people.Rows[0].First != "" || people.Rows[0].Last != "" {
		t.Fatalf("the line of a patient holds a day: %+v, %v", people.Rows, err)
	}
	list, err := d.Explore(t.Context(), acc, keyed, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := d.Episode(t.Context(), acc, query.Query{}, list.Rows[0].ID, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]warehouse.Moment
	for _, b := range rec.Course.Briefs {
		got = append(got, [2]warehouse.Moment{b.Admitted, b.Ended})
	}
	want := [][2]warehouse.Moment{
		{{Day: 34, Recorded: true}, {}},
		{{Day: 0, Recorded: true}, {Day: 2, Recorded: true}},
		{{}, {Day: 35, Recorded: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("moments (-want +got):\n%s", diff)
	}
	for _, f := range rec.Columns {
		if f.Type == hes.Date && f.Class != hes.Public {
			t.Errorf("the record holds %s", f.Name)
		}
	}
}
