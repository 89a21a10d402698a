package warehouse_test

import (
	"slices"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/policy/policytest"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// teams tells which episodes a dermatologist of RAL sees: at RAL, of patients
// whom RAL's dermatologists treated in the years of the agreement.
func teams(records []driver.Record) func(driver.Record) bool {
	theirs := treated(records, func(r driver.Record) bool { return r["MAINSPEF"] == "330" || r["TRETSPEF"] == "330" })
	return func(r driver.Record) bool {
		return r["PROCODE3"] == "RAL" && theirs[r[hes.PersonField]] && slices.Contains(years, r["FYEAR"])
	}
}

// treated are the persons with an episode at RAL in the years of the agreement
// that meets a condition.
func treated(records []driver.Record, by func(driver.Record) bool) map[string]bool {
	out := map[string]bool{}
	for _, r := range records {
		if r[hes.PersonField] != "" && r["PROCODE3"] == "RAL" && slices.Contains(years, r["FYEAR"]) && by(r) {
			out[r[hes.PersonField]] = true
		}
	}
	return out
}

// A clinician's patients are those whom the team treated within the look-back;
// of them the episodes at the own provider, or all where the agreement says so.
func TestWhosePatients(t *testing.T) {
	d := setUp(t)
	last := "2009-06-30"
	d.source.facts.Last = last
	derm := func(r driver.Record) bool { return r["MAINSPEF"] == "330" || r["TRETSPEF"] == "330" }
	since := func(day string, by func(driver.Record) bool) func(driver.Record) bool {
		return func(r driver.Record) bool { return by(r) && r["ADMIDATE"] >= day && r["ADMIDATE"] != "" }
	}
	consultant := ""
	for _, r := range d.f.Records {
		if r["PROCODE3"] == "RAL" && r["CONSULT"] != "" && r[hes.PersonField] != "" && slices.Contains(years, r["FYEAR"]) {
			consultant = r["CONSULT"]
		}
	}
	sizes := map[int]bool{}
	for name, c := range map[string]struct {
		e     policy.Evidence
		by    func(driver.Record) bool
		whole bool
	}{
		"team":                {policy.Evidence{Specialties: []string{"330"}}, derm, false},
		"whole-history":       {policy.Evidence{Specialties: []string{"330"}, Whole: true}, derm, true},
		"two-years":           {policy.Evidence{Specialties: []string{"330"}, LookBack: 24}, since("2007-06-30", derm), false},
		"a-month":             {policy.Evidence{Specialties: []string{"330"}, LookBack: 1}, since("2009-05-30", derm), false},
		"consultant":          {policy.Evidence{Consultants: []string{consultant}, Specialties: []string{"330"}}, func(r driver.Record) bool { return r["CONSULT"] == consultant }, false},
		"nobody-s-consultant": {policy.Evidence{Consultants: []string{"C9999999"}}, func(driver.Record) bool { return false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.e.Account, c.e.Role, c.e.Provider = "cli", policy.Clinician, "RAL"
			acc := access(t, c.e)
			theirs := treated(d.f.Records, c.by)
			episodes, patients, outside := 0, map[string]bool{}, 0
			for _, r := range d.f.Records {
				if theirs[r[hes.PersonField]] && slices.Contains(years, r["FYEAR"]) && (c.whole || r["PROCODE3"] == "RAL") {
					episodes++
					patients[r[hes.PersonField]] = true
					if r["PROCODE3"] != "RAL" {
						outside++
					}
				}
			}
			a, err := d.Explore(t.Context(), acc, query.Query{Unit: query.Patients, Limit: 200, Counts: true, Facets: []query.Facet{{Field: "PROCODE3"}}}, warehouse.Page{}, warehouse.Client{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Episodes.Published() != episodes || a.Patients.Published() != len(patients) || len(a.Rows) != len(patients) {
				t.Errorf("%v episodes of %v patients, %d lines; want %d of %d", a.Episodes, a.Patients, len(a.Rows), episodes, len(patients))
			}
			if c.whole && outside == 0 {
				t.Error("no episode elsewhere, so this tests nothing")
			}
			for _, v := range a.Facets[0].Values {
				if !c.whole && v.Value != "RAL" {
					t.Errorf("episodes at %s", v.Value)
				}
			}
			sizes[len(patients)] = true
		})
	}
	if len(sizes) < 4 {
		t.Errorf("the cases have %v patients, so they hardly differ", sizes)
	}
	// a release without dates has no patients within a look-back
	d.source.facts.Last = ""
	acc := access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}, LookBack: 24})
	if a, err := d.Explore(t.Context(), acc, query.Query{Unit: query.Patients, Limit: 1, Counts: true}, warehouse.Page{}, warehouse.Client{}); err != nil || !a.Patients.Zero() {
		t.Errorf("without dates: %v, %v", a, err)
	}
}

// A data set that the agreement does not name is refused, whatever is asked.
func TestOtherDataSet(t *testing.T) {
	d := setUp(t)
	d.source.facts.Subset = "all"
	if _, err := d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{}); err == nil {
		t.Error("a data set beyond the agreement is shown")
	}
	both := access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Subsets: []string{policytest.Subset, "all"}})
	if _, err := d.Explore(t.Context(), both, ten, warehouse.Page{}, warehouse.Client{}); err != nil {
		t.Error(err)
	}
}
