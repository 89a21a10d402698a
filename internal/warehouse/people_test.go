package warehouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
)

// lived are the fields of a release that holds all that lines are worked out from.
func lived() []string {
	return []string{"EPIKEY", hes.PersonField, "FYEAR", "ADMIDATE", "ADMIDATE_FILLED", "EPISTART", "EPIEND", "EPIORDER", "DISDATE", "DISMETH", "ADMIMETH", "CLASSPAT", "STARTAGE", "SEX", "ETHNOS",
		"PROCODE3", "MAINSPEF", "TRETSPEF", "DIAG_01", "DIAG_02", "DIAG_03", "PROVIDER_SPELL", "STAY_NHSD", "BED_DAYS", "CONDITION_GROUP", "DUPLICATE"}
}

// lifetimes makes people with stays of one to three episodes each, in four years
// and two hospitals, with gaps in everything.
func lifetimes() []driver.Record {
	r := rand.New(rand.NewPCG(2026, 41))
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	var out []driver.Record
	spell := 0
	for who := range 120 {
		for range 1 + r.IntN(5) {
			spell++
			day := time.Date(2005+r.IntN(4), time.Month(1+r.IntN(12)), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
			admitted, place := day.Format(time.DateOnly), pick("RAL", "RAX")
			fyear := day.AddDate(0, -3, 0).Year() % 100
			for order := range 1 + r.IntN(3) {
				end := day.AddDate(0, 0, r.IntN(6))
				rec := driver.Record{"EPIKEY": fmt.Sprint(1000 + len(out)), hes.PersonField: fmt.Sprintf("SYNTH%027d", who), "FYEAR": fmt.Sprintf("%02d%02d", fyear, fyear+1), "PROCODE3": place, "EPIORDER": fmt.Sprint(order + 1),
					"ADMIDATE_FILLED": admitted, "EPIEND": end.Format(time.DateOnly), "PROVIDER_SPELL": fmt.Sprint(spell), "STAY_NHSD": fmt.Sprint(spell / 2), "BED_DAYS": fmt.Sprint(int(end.Sub(day).Hours() / 24))}
				put := func(name, value string) {
					if value != "" && r.IntN(10) > 0 {
						rec[name] = value
					}
				}
				put("ADMIDATE", admitted)
				put("EPISTART", day.Format(time.DateOnly))
				put("DISDATE", end.Format(time.DateOnly))
				put("DISMETH", pick("1", "1", "1", "1", "8", "4"))
				put("ADMIMETH", pick("11", "12", "21", "2A", "81"))
				put("CLASSPAT", pick("1", "2"))
				put("STARTAGE", fmt.Sprint(30+day.Year()-2004))
				put("SEX", pick("1", "1", "1", "2", "9"))
				put("ETHNOS", pick("A", "B", "Z", "99"))
				put("MAINSPEF", pick("330", "330", "160"))
				put("TRETSPEF", pick("330", "160"))
				put("DIAG_01", pick("L400", "L401", "L208", "C443", "A46", ""))
				put("DIAG_02", pick("I10", "L400", ""))
				put("DIAG_03", pick("E119", ""))
				put("CONDITION_GROUP", pick("psoriasis", "nmsc", "bacterial"))
				out = append(out, rec)
				day = end
			}
		}
	}
	return append(out, driver.Record{"EPIKEY": "1", "FYEAR": "0506", "SEX": "1"}) // nobody's
}

func lives(t *testing.T, change ...func(*warehouse.Options)) (door, []driver.Record) {
	t.Helper()
	d := setUp(t, change...)
	records := lifetimes()
	e := memory.New(d.f.Dictionary, drivertest.Columns(t, d.f.Dictionary, lived()), records)
	d.source.engine, d.source.facts.Columns = e, e.Info().Columns
	return d, records
}

// ordered are somebody's records that pass, in the order of rule S1.
func ordered(records []driver.Record, passes func(driver.Record) bool) map[string][]driver.Record {
	out := map[string][]driver.Record{}
	for _, r := range records {
		if who := r[hes.PersonField]; who != "" && passes(r) {
			out[who] = append(out[who], r)
		}
	}
	for _, mine := range out {
		slices.SortFunc(mine, func(a, b driver.Record) int {
			x := a["EPISTART"] + " " + a["EPIEND"] + " " + a["EPIORDER"] + " " + a["EPIKEY"] // missing comes first
			return strings.Compare(x, b["EPISTART"]+" "+b["EPIEND"]+" "+b["EPIORDER"]+" "+b["EPIKEY"])
		})
	}
	return out
}

// plainly works a patient's line out a second time, as one would on paper. mine is
// in the order of rule S1.
func plainly(mine []driver.Record) map[string]string {
	out := map[string]string{"episodes": fmt.Sprint(len(mine))}
	var admitted, discharged, spells, stays, categories, groups, ages, diagnoses, ethnic, men, women, others []string
	days, dayCases, emergencies := 0, 0, 0
	datedLast := slices.Concat(slices.DeleteFunc(slices.Clone(mine), func(r driver.Record) bool { return r["EPISTART"] != "" }), slices.DeleteFunc(slices.Clone(mine), func(r driver.Record) bool { return r["EPISTART"] == "" }))
	for _, r := range datedLast {
		admitted, discharged = append(admitted, r["ADMIDATE_FILLED"]), append(discharged, r["DISDATE"])
		n, _ := strconv.Atoi(r["BED_DAYS"])
		days += n
		if !slices.Contains(spells, r["PROVIDER_SPELL"]) {
			spells = append(spells, r["PROVIDER_SPELL"])
			if r["CLASSPAT"] == "2" {
				dayCases++
			}
			if strings.HasPrefix(r["ADMIMETH"], "2") {
				emergencies++
			}
		}
		if !slices.Contains(stays, r["STAY_NHSD"]) {
			stays = append(stays, r["STAY_NHSD"])
		}
		for _, slot := range []string{"DIAG_01", "DIAG_02", "DIAG_03"} {
			if c := query.Head(r[slot], 3); c != "" && !slices.Contains(categories, c) {
				categories = append(categories, c)
			}
		}
		if g := r["CONDITION_GROUP"]; g != "" && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
		if e := r["ETHNOS"]; e == "A" || e == "B" {
			ethnic = append(ethnic, e)
		}
		switch r["SEX"] {
		case "1":
			men = append(men, r["EPIKEY"])
		case "2":
			women = append(women, r["EPIKEY"])
		case "9":
			others = append(others, "9")
		}
		ages, diagnoses = append(ages, r["STARTAGE"]), append(diagnoses, r["DIAG_01"])
		if r["DISMETH"] == "4" {
			out["died"] = "yes"
		}
	}
	recorded := func(list []string, last bool) string {
		list = slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == "" })
		if last {
			slices.Reverse(list)
		}
		return strings.Join(list[:min(1, len(list))], "")
	}
	// First and last ask those without a start only if nobody else knows.
	ends := func(list []string, last bool) string {
		n := 0
		for n < len(datedLast) && datedLast[n]["EPISTART"] == "" {
			n++
		}
		if v := recorded(list[n:], last); v != "" {
			return v
		}
		return recorded(list[:n], last)
	}
	slices.Sort(admitted)
	slices.Sort(discharged)
	out["first"], out["last"], out["discharged"] = recorded(admitted, false), recorded(admitted, true), recorded(discharged, true)
	out["spells"], out["stays"], out["day cases"], out["emergencies"] = fmt.Sprint(len(spells)), fmt.Sprint(len(stays)), fmt.Sprint(dayCases), fmt.Sprint(emergencies)
	out["bed days"], out["categories"], out["groups"] = fmt.Sprint(days), fmt.Sprint(len(categories)), strings.Join(groups, " ")
	out["ages"], out["diagnoses"] = ends(ages, false)+" "+ends(ages, true), ends(diagnoses, false)+" "+ends(diagnoses, true)
	if len(men) > 0 && len(women) > 0 {
		out["conflict"] = "yes"
	}
	switch {
	case len(men) > len(women):
		out["sex"] = "1"
	case len(women) > len(men):
		out["sex"] = "2"
	case len(men) > 0: // as many: the later one
		for _, r := range datedLast {
			if r["SEX"] == "1" || r["SEX"] == "2" {
				out["sex"] = r["SEX"]
			}
		}
	case len(others) > 0:
		out["sex"] = "9"
	}
	out["ethnic"] = ""
	var known []string
	for _, r := range datedLast {
		e := r["ETHNOS"]
		if e != "A" && e != "B" {
			e = ""
		}
		known = append(known, e)
	}
	out["ethnic"] = ends(known, true)
	return out
}

// told says a line as plainly does.
func told(p warehouse.Person) map[string]string {
	out := map[string]string{"episodes": p.Episodes.String(), "spells": p.Spells.String(), "stays": p.Stays.String(), "day cases": p.DayCases.String(), "emergencies": p.Emergencies.String(),
		"first": p.First.Date, "last": p.Last.Date, "discharged": p.Discharged.Date, "bed days": p.BedDays, "categories": p.Diagnoses.String(), "groups": strings.Join(p.Groups, " "),
		"ages": p.FirstAge + " " + p.LastAge, "diagnoses": p.FirstDiagnosis.Value + " " + p.LastDiagnosis.Value, "ethnic": p.Ethnic.Value}
	if p.Died != "" {
		out["died"] = "yes"
	}
	if p.SexConflict {
		out["conflict"] = "yes"
	}
	if p.Sex != "" {
		out["sex"] = p.Sex
	}
	return out
}

// key returns the EPIKEY of an episode by its id.
func (d door) key(t *testing.T, acc policy.Access, id string) string {
	t.Helper()
	rec, err := d.Episode(t.Context(), acc, query.Query{}, id, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range rec.Columns {
		if f.Name == hes.EpisodeKey {
			return rec.Row.Values[i]
		}
	}
	return ""
}

// All lines of all pages are what a second way of working them out says, for
// several filters and rights: of matching episodes that the access covers, and of
// no others.
func TestLinesOfPatients(t *testing.T) {
	d, records := lives(t)
	byKey := map[string]driver.Record{}
	for _, r := range records {
		byKey[r["EPIKEY"]] = r
	}
	psoriasis := query.Prefix{Field: hes.AnyDiagnosis, Prefixes: []string{"L40"}}
	for name, c := range map[string]struct {
		acc     policy.Access
		where   query.Expr
		visible func(driver.Record) bool
		matches func(driver.Record) bool
	}{
		"all":          {researcher(t), nil, func(driver.Record) bool { return true }, func(driver.Record) bool { return true }},
		"psoriasis":    {researcher(t), psoriasis, func(driver.Record) bool { return true }, func(r driver.Record) bool { return strings.HasPrefix(r["DIAG_01"], "L40") || r["DIAG_02"] == "L400" }},
		"sex-missing":  {researcher(t), query.Missing{Field: "SEX"}, func(driver.Record) bool { return true }, func(r driver.Record) bool { return r["SEX"] == "" }},
		"one-year":     {access(t, policy.Evidence{Account: "ana", Role: policy.Researcher, Years: []string{"0607"}}), nil, func(r driver.Record) bool { return r["FYEAR"] == "0607" }, func(driver.Record) bool { return true }},
		"team-s-women": {access(t, policy.Evidence{Account: "cli", Role: policy.Clinician, Provider: "RAL", Specialties: []string{"330"}}), query.In{Field: "SEX", Values: []string{"2"}}, teams(records), func(r driver.Record) bool { return r["SEX"] == "2" }},
	} {
		t.Run(name, func(t *testing.T) {
			visible := ordered(records, c.visible)
			matching := ordered(records, func(r driver.Record) bool { return c.visible(r) && c.matches(r) })
			page, lines := warehouse.Page{}, 0
			for {
				q := query.Query{Unit: query.Patients, Where: c.where, Limit: 20, Counts: true, Sort: []query.Sort{{Field: query.ByEpisodes, Desc: true}}}
				before := len(d.log.events)
				got, err := d.People(t.Context(), c.acc, q, page, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Lines) != len(got.Rows) || len(d.log.events) != before+1 {
					t.Fatalf("%d lines, %d rows, %d events", len(got.Lines), len(got.Rows), len(d.log.events)-before)
				}
				e := d.log.events[before]
				used := 0
				for i, line := range got.Lines {
					lines++
					if line.Episodes != got.Rows[i].Episodes {
						t.Errorf("%v episodes in the line, %v in the row", line.Episodes, got.Rows[i].Episodes)
					}
					// Whose line it is tells an episode of it.
					who := byKey[d.key(t, c.acc, got.Rows[i].ID)][hes.PersonField]
					if diff := cmp.Diff(plainly(matching[who]), told(line)); diff != "" {
						t.Fatalf("line %d (-plainly +told):\n%s", lines, diff)
					}
					dated := 0
					for _, r := range visible[who] {
						if r["ADMIDATE"] != "" {
							dated++
						}
					}
					if len(line.Marks) != dated {
						t.Errorf("%d marks of %d episodes", len(line.Marks), dated)
					}
					used += len(visible[who])
					for _, source := range [...][3]string{{line.First.Episode, "ADMIDATE_FILLED", line.First.Date}, {line.Last.Episode, "ADMIDATE_FILLED", line.Last.Date}, {line.Discharged.Episode, "DISDATE", line.Discharged.Date},
						{line.FirstDiagnosis.Episode, "DIAG_01", line.FirstDiagnosis.Value}, {line.LastDiagnosis.Episode, "DIAG_01", line.LastDiagnosis.Value}, {line.Ethnic.Episode, "ETHNOS", line.Ethnic.Value}, {line.Died, "DISMETH", "4"}} {
						if source[0] == "" {
							continue
						}
						if r := byKey[d.key(t, c.acc, source[0])]; r[source[1]] != source[2] || r[hes.PersonField] != who {
							t.Errorf("%s is said to be from an episode that does not say so", source[1])
						}
					}
				}
				if e.Rows != len(got.Rows) || !strings.HasSuffix(e.Question, fmt.Sprintf("; worked out from %d episodes", used)) {
					t.Errorf("recorded: %d rows, %s; want %d lines from %d episodes", e.Rows, e.Question, len(got.Rows), used)
				}
				if got.After == "" {
					break
				}
				page.After = got.After
			}
			if lines != len(matching) || lines < 15 {
				t.Errorf("%d lines of %d patients", lines, len(matching))
			}
		})
	}
}

// Section O's own test, through the door: two episodes of one spell, and a
// conflict of sex.
func TestTwoEpisodesOfOneSpell(t *testing.T) {
	d, _ := lives(t)
	d.source.engine = memory.New(d.f.Dictionary, drivertest.Columns(t, d.f.Dictionary, lived()), []driver.Record{
		{"EPIKEY": "1", hes.PersonField: "SYNTH1", "FYEAR": "0506", "ADMIDATE": "2005-05-01", "EPISTART": "2005-05-01", "PROVIDER_SPELL": "7", "SEX": "1"},
		{"EPIKEY": "2", hes.PersonField: "SYNTH1", "FYEAR": "0506", "ADMIDATE": "2005-05-01", "EPISTART": "2005-05-03", "PROVIDER_SPELL": "7", "SEX": "2"},
	})
	got, err := d.People(t.Context(), researcher(t), query.Query{Unit: query.Patients, Limit: 10}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if p := got.Lines[0]; p.Spells.Published() != 1 || p.Episodes.Published() != 2 || !p.SexConflict || p.Sex != "2" {
		t.Errorf("%+v", p)
	}
}

// A field that the access does not cover, or the release does not hold, is in no
// line; of dates the days since the first admission are left.
func TestLinesWithoutFields(t *testing.T) {
	hidden := []string{"ADMIDATE", "ADMIDATE_FILLED", "EPISTART", "EPIEND", "DISDATE", "SEX", "ETHNOS", "CONDITION_GROUP", hes.AnyDiagnosis}
	d, _ := lives(t, func(o *warehouse.Options) {
		dict, err := hes.Load()
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range dict.Fields() {
			if slices.Contains(hidden, f.Name) {
				dict.Fields()[i].Class = hes.Quasi
			}
		}
		o.Dictionary = dict
	})
	d.source.facts.Columns = slices.DeleteFunc(slices.Clone(d.source.facts.Columns), func(f string) bool { return f == "BED_DAYS" })
	acc := researcher(t)
	got, err := d.People(t.Context(), acc, query.Query{Unit: query.Patients, Where: query.In{Field: "CLASSPAT", Values: []string{"1"}}, Limit: 200}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PROVIDER_SPELL", "STAY_NHSD", "CLASSPAT", "ADMIMETH", "STARTAGE", "DISMETH"}, slices.DeleteFunc(slices.Clone(got.Fields), func(f string) bool { return f == "EPIORDER" || f == "EPIKEY" })); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	later, marks := 0, 0
	for _, p := range got.Lines {
		if p.First.Date+p.Last.Date+p.Discharged.Date+p.Sex+p.Ethnic.Value+p.BedDays+p.FirstDiagnosis.Value+p.LastDiagnosis.Value != "" || p.SexConflict || len(p.Groups) > 0 || p.Diagnoses.Published() > 0 {
			t.Fatalf("what is not covered came out: %+v", p)
		}
		if p.Last.Day > 0 {
			later++
		}
		for _, m := range p.Marks {
			marks++
			if m.At.Date != "" || m.Group != "" || m.At.Day < 0 {
				t.Fatalf("a mark says %+v", m)
			}
		}
	}
	if later < 20 || marks < 100 {
		t.Errorf("%d with later admissions, %d marks", later, marks)
	}
	id := got.Rows[0].PatientID
	life, err := d.Patient(t.Context(), acc, query.Query{Columns: []string{"CLASSPAT"}}, id, "", nil, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range life.Bars {
		if b.From.Date+b.To.Date+b.Diagnosis+b.Group != "" || b.Provider == "" || !b.From.Recorded {
			t.Errorf("a bar says %+v", b)
		}
	}
	if _, err := d.Patient(t.Context(), acc, query.Query{Columns: []string{"SEX"}}, id, "", nil, warehouse.Client{}); fault.Of(err) != fault.Denied {
		t.Errorf("a column that is not covered: %v", err)
	}
}

// A key with a thousand episodes and more is no person's; its line says how many
// there are and no more.
func TestAKeyThatIsNoPersons(t *testing.T) {
	d, _ := lives(t)
	var records []driver.Record
	for i := range warehouse.MaxSummed + 1 {
		records = append(records, driver.Record{"EPIKEY": fmt.Sprint(i), hes.PersonField: "SYNTH1", "FYEAR": "0506", "ADMIDATE": "2005-05-01", "SEX": "1"})
	}
	d.source.engine = memory.New(d.f.Dictionary, drivertest.Columns(t, d.f.Dictionary, lived()), records)
	got, err := d.People(t.Context(), researcher(t), query.Query{Unit: query.Patients, Limit: 10}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if p := got.Lines[0]; !p.TooMany || p.Sex != "" || got.Rows[0].Episodes.Published() != len(records) {
		t.Errorf("%+v", p)
	}
	life, err := d.Patient(t.Context(), researcher(t), query.Query{}, got.Rows[0].PatientID, "", nil, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if !life.Person.TooMany || len(life.Rows) != query.MaxLimit || len(life.Bars) != query.MaxLimit || life.Whole || life.All.Published() != len(records) {
		t.Errorf("%d rows, %d bars of %v", len(life.Rows), len(life.Bars), life.All)
	}
}

// However many other episodes the patients of a page have, all are marked, and
// the oldest says where a patient's days begin.
func TestAllOtherEpisodesAreMarked(t *testing.T) {
	d, _ := lives(t)
	records := []driver.Record{
		{"EPIKEY": "1", hes.PersonField: "SYNTH2", "FYEAR": "0506", "ADMIDATE": "2005-04-11", "SEX": "1"},
		{"EPIKEY": "2", hes.PersonField: "SYNTH2", "FYEAR": "0506", "ADMIDATE": "2005-04-01", "SEX": "2"},
		{"EPIKEY": "3", hes.PersonField: "SYNTH1", "FYEAR": "0506", "ADMIDATE": "2005-05-11", "SEX": "1"},
		{"EPIKEY": "4", hes.PersonField: "SYNTH1", "FYEAR": "0506", "ADMIDATE": "2005-05-01", "SEX": "2"}, // the oldest, after all the others
	}
	for i := range 21_000 {
		records = append(records, driver.Record{"EPIKEY": fmt.Sprint(10 + i), hes.PersonField: "SYNTH1", "FYEAR": "0708", "ADMIDATE": fmt.Sprintf("2007-%02d-01", 4+i%6), "SEX": "2"})
	}
	d.source.engine = memory.New(d.f.Dictionary, drivertest.Columns(t, d.f.Dictionary, lived()), records)
	got, err := d.People(t.Context(), researcher(t), query.Query{Unit: query.Patients, Where: query.In{Field: "SEX", Values: []string{"1"}}, Limit: 10}, warehouse.Page{}, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ marks, last int }{{21_002, 853}, {2, 10}} { // days from the oldest
		marks := got.Lines[i].Marks
		if len(marks) != want.marks || marks[0].At.Day != 0 || marks[len(marks)-1].At.Day != want.last {
			t.Errorf("patient %d: %d marks from day %d to %d", i, len(marks), marks[0].At.Day, marks[len(marks)-1].At.Day)
		}
	}
	if e := d.log.events[len(d.log.events)-1]; !strings.Contains(e.Question, "worked out from 21004 episodes") {
		t.Errorf("recorded: %s", e.Question)
	}
}
