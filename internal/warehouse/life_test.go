package warehouse_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// A patient's page lists what matches, marks the rest on the timeline, sums up the
// former, and knows nothing of what the access does not cover.
func TestOnePatient(t *testing.T) {
	d, records := lives(t)
	women := query.In{Field: "SEX", Values: []string{"2"}}
	for name, c := range map[string]struct {
		acc     policy.Access
		where   query.Expr
		visible func(driver.Record) bool
	}{
		"all":      {researcher(t), nil, func(driver.Record) bool { return true }},
		"filtered": {researcher(t), women, func(driver.Record) bool { return true }},
		"team":     {access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}}), women, teams(records)},
	} {
		t.Run(name, func(t *testing.T) {
			visible := ordered(records, c.visible)
			matching := ordered(records, func(r driver.Record) bool { return c.visible(r) && (c.where == nil || r["SEX"] == "2") })
			of := map[string]string{} // whose an episode is
			for _, r := range records {
				of[r["EPIKEY"]] = r[hes.PersonField]
			}
			people, err := d.People(t.Context(), c.acc, query.Query{Unit: query.Patients, Limit: 200}, warehouse.Page{}, warehouse.Client{})
			if err != nil {
				t.Fatal(err)
			}
			several, none := 0, 0
			for i, row := range people.Rows {
				life, err := d.Patient(t.Context(), c.acc, query.Query{Where: c.where, Columns: []string{"EPIKEY", "SEX"}}, row.PatientID, "", nil, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				who := of[d.key(t, c.acc, row.ID)]
				e := d.log.events[len(d.log.events)-2] // before the record that key opened
				var want, got []string
				for _, r := range matching[who] {
					want = append(want, r["EPIKEY"])
				}
				for _, r := range life.Rows {
					got = append(got, r.Values[0])
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
					t.Fatalf("episodes (-want +got):\n%s", diff)
				}
				if len(want) > 0 {
					if diff := cmp.Diff(plainly(matching[who]), told(life.Person)); diff != "" {
						t.Fatalf("line (-plainly +told):\n%s", diff)
					}
				} else {
					none++
				}
				marked := 0
				for _, b := range life.Bars {
					if b.Matches {
						marked++
					}
				}
				if life.Patient != people.Rows[i].Patient || len(life.Bars) != len(visible[who]) || life.All.Published() != len(visible[who]) || !life.Whole || marked != len(want) || life.Episodes.Published() != len(want) {
					t.Errorf("%d bars, %d of them matching, of %v; want %d and %d", len(life.Bars), marked, life.All, len(visible[who]), len(want))
				}
				if e.Kind != "patient" || e.Rows != len(visible[who]) {
					t.Errorf("recorded: %s, %d rows of %d shown", e.Kind, e.Rows, len(visible[who]))
				}
				if len(visible[who]) > 1 {
					several++
				}
			}
			if several < 10 || (c.where != nil) != (none > 0) {
				t.Errorf("%d patients with several episodes, %d with none that match", several, none)
			}
		})
	}
}

// Another person's id of a patient or a spell is like a guess; so is a spell of
// another patient.
func TestIDsOfPatientsAndSpells(t *testing.T) {
	d, _ := lives(t)
	ana, bob := researcher(t), access(t, policy.Evidence{Account: "bob", Role: policy.Researcher})
	people, err := d.People(t.Context(), ana, query.Query{Unit: query.Patients, Limit: 2}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	spells, err := d.Spells(t.Context(), bob, query.Query{Unit: query.Spells, Limit: 1}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	mine := people.Rows[0].PatientID
	for name, try := range map[string]func() error{
		"foreign-patient": func() error {
			_, err := d.Patient(t.Context(), bob, query.Query{}, mine, "", nil, warehouse.Client{})
			return err
		},
		"guess": func() error {
			_, err := d.Patient(t.Context(), ana, query.Query{}, "AAAAAAAAAAAAAAAAAAAAAA", "", nil, warehouse.Client{})
			return err
		},
		"foreign-spell": func() error {
			_, err := d.Patient(t.Context(), ana, query.Query{}, mine, spells.Lines[0].ID, nil, warehouse.Client{})
			return err
		},
		"patient-as-spell": func() error {
			_, err := d.Patient(t.Context(), ana, query.Query{}, mine, mine, nil, warehouse.Client{})
			return err
		},
	} {
		if err := try(); fault.Of(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A patient of whom the access covers nothing any more.
	none := access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"9900"}})
	if _, err := d.Patient(t.Context(), none, query.Query{}, mine, "", nil, warehouse.Client{}); fault.Of(err) != fault.NotFound {
		t.Errorf("a patient outside the years: %v", err)
	}
}

// A spell's line has the admission of its first episode and the discharge of its
// last (rule S4), of those that the access covers, whether they match or not; it
// opens exactly its episodes.
func TestLinesOfSpells(t *testing.T) {
	d, records := lives(t)
	columns := []string{"EPISTART", "DISDATE", "EPIEND", "BED_DAYS", "SEX", "DIAG_01", "PROVIDER_SPELL"}
	for name, c := range map[string]struct {
		acc    policy.Access
		where  query.Expr
		passes func(driver.Record) bool
	}{
		"all":       {researcher(t), nil, func(driver.Record) bool { return true }},
		"psoriasis": {researcher(t), query.Prefix{Field: hes.MainDiagnosis, Prefixes: []string{"L40"}}, func(r driver.Record) bool { return strings.HasPrefix(r["DIAG_01"], "L40") }},
	} {
		t.Run(name, func(t *testing.T) {
			spells, matching := map[string][]driver.Record{}, map[string]int{}
			for _, mine := range ordered(records, func(driver.Record) bool { return true }) {
				for _, r := range mine {
					spells[r["PROVIDER_SPELL"]] = append(spells[r["PROVIDER_SPELL"]], r)
					if c.passes(r) {
						matching[r["PROVIDER_SPELL"]]++
					}
				}
			}
			page, lines, parts := warehouse.Page{}, 0, 0
			for {
				got, err := d.Spells(t.Context(), c.acc, query.Query{Unit: query.Spells, Where: c.where, Limit: 50, Columns: columns}, page, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				if e := d.log.events[len(d.log.events)-1]; e.Rows != len(got.Rows) || e.Unit != "spells" || !strings.Contains(e.Question, "; worked out from ") {
					t.Errorf("recorded: %+v", e)
				}
				for i, line := range got.Lines {
					lines++
					row := got.Rows[i]
					number := row.Values[6]
					all := spells[number]
					first, last, days, end := all[0], all[len(all)-1], 0, ""
					for _, r := range all {
						n, _ := strconv.Atoi(r["BED_DAYS"])
						days, end = days+n, max(end, r["EPIEND"])
					}
					want := []string{first["EPISTART"], last["DISDATE"], end, fmt.Sprint(days), first["SEX"], first["DIAG_01"], number}
					if diff := cmp.Diff(want, row.Values); diff != "" {
						t.Fatalf("spell (-want +got):\n%s", diff)
					}
					if row.Episodes.Published() != matching[number] || line.Episodes.Published() != len(all) {
						t.Errorf("%v of %v episodes, want %d of %d", row.Episodes, line.Episodes, matching[number], len(all))
					}
					if matching[number] < len(all) {
						parts++
					}
					if lines%7 > 0 {
						continue
					}
					if key := d.key(t, c.acc, line.First); key != first["EPIKEY"] {
						t.Errorf("the first episode is said to be another")
					}
					life, err := d.Patient(t.Context(), c.acc, query.Query{Columns: []string{"PROVIDER_SPELL"}}, row.PatientID, line.ID, nil, warehouse.Client{})
					if err != nil || len(life.Rows) != len(all) || life.Rows[0].Values[0] != number {
						t.Errorf("it opens %d episodes of %d, %v", len(life.Rows), len(all), err)
					}
				}
				if got.After == "" {
					break
				}
				page.After = got.After
			}
			if lines != len(matching) || (c.where != nil) != (parts > 0) {
				t.Errorf("%d lines of %d spells, %d in part", lines, len(matching), parts)
			}
		})
	}
	team := access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}})
	if _, err := d.Spells(t.Context(), team, query.Query{Unit: query.Spells, Limit: 1}, warehouse.Page{}, warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Errorf("a clinician's list of spells: %v", err)
	}
	if e := d.log.events[len(d.log.events)-1]; e.Outcome != "refused" {
		t.Error("the refusal is not recorded")
	}
}

// Beside a patient stand those before and behind on the page of the list, in its
// order; a list or a page that is not the person's has none.
func TestPatientsBeside(t *testing.T) {
	d, _ := lives(t)
	acc := researcher(t)
	women := query.In{Field: "SEX", Values: []string{"2"}}
	for name, q := range map[string]query.Query{
		"by-time":   {Unit: query.Patients, Limit: 7},
		"by-number": {Unit: query.Patients, Limit: 7, Where: women, Sort: []query.Sort{{Field: query.ByEpisodes, Desc: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			page, last := warehouse.Page{}, warehouse.Page{}
			for range 3 {
				people, err := d.People(t.Context(), acc, q, page, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				at := func(i int) string {
					if i < 0 || i >= len(people.Rows) {
						return ""
					}
					return people.Rows[i].PatientID
				}
				for i := range people.Rows {
					// the filters of the page itself are not those of the list
					life, err := d.Patient(t.Context(), acc, query.Query{Columns: []string{"SEX"}}, at(i), "", &warehouse.List{Query: q, Page: page}, warehouse.Client{})
					if err != nil {
						t.Fatal(err)
					}
					if life.Previous != at(i-1) || life.Next != at(i+1) {
						t.Errorf("patient %d of the page stands between others", i)
					}
				}
				last, page = page, warehouse.Page{After: people.After}
			}
			people, err := d.People(t.Context(), acc, q, last, warehouse.Client{})
			if err != nil {
				t.Fatal(err)
			}
			other, bob := q, access(t, policy.Evidence{Account: "bob", Role: policy.Researcher})
			other.Where = query.In{Field: "SEX", Values: []string{"1"}}
			theirs, err := d.People(t.Context(), bob, q, warehouse.Page{}, warehouse.Client{})
			if err != nil {
				t.Fatal(err)
			}
			spells, beyond := q, q
			spells.Unit, beyond.Where = query.Spells, query.Missing{Field: "CONSULT"}
			for what, l := range map[string]*warehouse.List{
				"no list": nil, "another page": {Query: q}, "the cursor of another question": {Query: other, Page: last}, "another person's cursor": {Query: q, Page: warehouse.Page{After: theirs.After}},
				"a guess": {Query: q, Page: warehouse.Page{Before: "x"}}, "a list of spells": {Query: spells}, "a list beyond the agreement": {Query: beyond}, "no list at all": {Query: query.Query{Unit: query.Patients, Limit: -1}},
			} {
				life, err := d.Patient(t.Context(), acc, query.Query{Columns: []string{"SEX"}}, people.Rows[3].PatientID, "", l, warehouse.Client{})
				if err != nil || life.Previous != "" || life.Next != "" {
					t.Errorf("%s: patients beside this one, %v", what, err)
				}
			}
		})
	}
}
