package dump

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Section O's own test (two episodes of one spell, a conflict of sex) and the
// rest of its list.
func TestPatients(t *testing.T) {
	table := mustResolve(t, Request{Columns: []string{"all"}, Unit: Patients})
	rows := []episode{
		{"PERSON": "0", "TOKEN_PERSON_ID": "A", "PROVIDER_SPELL": "3", "STAY_NHSD": "2", "EPISTART": "2009-02-01", "EPIEND": "2009-02-01", "ADMIDATE": "2009-02-01", "CLASSPAT": "2", "ADMIMETH": "11", "SEX": "1", "ETHNOS": "Z", "STARTAGE": "41", "BED_DAYS": "0", "DIAG_01": "C443", "DIAG_02": "L400", "CONDITION_GROUP": "nmsc", "DISDATE": "2009-02-01", "DISMETH": "4"},
		{"PERSON": "0", "TOKEN_PERSON_ID": "A", "PROVIDER_SPELL": "2", "STAY_NHSD": "1", "EPISTART": "2008-05-06", "EPIEND": "2008-05-09", "ADMIDATE": "2008-05-06", "CLASSPAT": "1", "ADMIMETH": "81", "SEX": "2", "ETHNOS": "B", "STARTAGE": "40", "BED_DAYS": "3", "DISDATE": "2008-05-09"},
		{"PERSON": "0", "TOKEN_PERSON_ID": "A", "PROVIDER_SPELL": "1", "STAY_NHSD": "1", "EPISTART": "2008-05-03", "EPIEND": "2008-05-06", "ADMIDATE": "2008-05-01", "CLASSPAT": "2", "ADMIMETH": "22", "SEX": "2", "ETHNOS": "A", "STARTAGE": "40", "BED_DAYS": "3", "DIAG_01": "L401", "CONDITION_GROUP": "psoriasis"},
		{"PERSON": "0", "TOKEN_PERSON_ID": "A", "PROVIDER_SPELL": "1", "STAY_NHSD": "1", "EPISTART": "2008-05-01", "EPIEND": "2008-05-03", "ADMIDATE": "2008-05-01", "CLASSPAT": "1", "ADMIMETH": "21", "SEX": "9", "STARTAGE": "39", "BED_DAYS": "2", "DIAG_02": "L200"},
		// no date, no spell: last by the order of a scan, and neither first nor last
		{"PERSON": "0", "TOKEN_PERSON_ID": "A", "STARTAGE": "7", "DIAG_01": "A46", "ETHNOS": "C", "CLASSPAT": "2", "ADMIMETH": "21"},
		{"PERSON": "1", "TOKEN_PERSON_ID": "B", "STARTAGE": "7", "DIAG_01": "A46", "SEX": "9", "ETHNOS": "99"}, // nothing has a date
		{"DIAG_01": "L40"}, // nobody
	}
	got, left, err := run(t, table, rows)
	if err != nil || left != 1 || len(got) != 3 {
		t.Fatalf("%d lines, %d left out, %v", len(got), left, err)
	}
	line := func(i int) map[string]string {
		out := map[string]string{}
		names, values := table.Names(), strings.Split(got[i], "|")
		for j, n := range names {
			if !strings.HasPrefix(n, "EVER_") || values[j] != "0" {
				out[n] = values[j]
			}
		}
		return out
	}
	want := map[string]string{"TOKEN_PERSON_ID": "A", "FIRST_ADMIDATE": "2008-05-01", "LAST_ADMIDATE": "2009-02-01", "EPISODES": "5", "SPELLS": "3", "STAYS": "2",
		"DAY_CASES": "1", "EMERGENCY_ADMISSIONS": "1", "BED_DAYS": "8", "FIRST_DIAGNOSIS": "L401", "LAST_DIAGNOSIS": "C443", "DIAGNOSES": "4",
		"EVER_NMSC": "1", "EVER_PSORIASIS": "1", "FIRST_AGE": "39", "LAST_AGE": "41", "SEX": "2", "SEX_CONFLICT": "1", "ETHNOS": "B", "DIED": "1", "LAST_DISDATE": "2009-02-01"}
	if d := cmp.Diff(want, line(1)); d != "" {
		t.Error(d)
	}
	want = map[string]string{"TOKEN_PERSON_ID": "B", "FIRST_ADMIDATE": "", "LAST_ADMIDATE": "", "EPISODES": "1", "SPELLS": "0", "STAYS": "0", "DAY_CASES": "0",
		"EMERGENCY_ADMISSIONS": "0", "BED_DAYS": "", "FIRST_DIAGNOSIS": "A46", "LAST_DIAGNOSIS": "A46", "DIAGNOSES": "1",
		"FIRST_AGE": "7", "LAST_AGE": "7", "SEX": "9", "SEX_CONFLICT": "0", "ETHNOS": "", "DIED": "0", "LAST_DISDATE": ""}
	if d := cmp.Diff(want, line(2)); d != "" {
		t.Error(d)
	}
}

// The same date as in stays: filled in where it was missing (rule V4).
func TestFilledAdmissions(t *testing.T) {
	d, c := vocabulary(t)
	table, err := Resolve(Request{Columns: []string{"FIRST_ADMIDATE", "LAST_ADMIDATE"}, Unit: Patients}, append(held[:len(held):len(held)], "ADMIDATE_FILLED"), d, c)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := run(t, table, []episode{{"PERSON": "0", "ADMIDATE": "", "ADMIDATE_FILLED": "2008-01-02"}, {"PERSON": "0", "ADMIDATE": "2009-01-02", "ADMIDATE_FILLED": "2009-01-02"}})
	if err != nil || got[1] != "2008-01-02|2009-01-02" {
		t.Errorf("%v, %v", got, err)
	}
}
