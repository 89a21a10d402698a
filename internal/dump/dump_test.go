package dump

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// held is what the release of these tests holds, as an engine names it.
var held = []string{"EPIKEY", "TOKEN_PERSON_ID", "ADMIDATE", "EPISTART", "EPIEND", "EPIORDER", "ADMIMETH", "CLASSPAT", "DISDATE", "DISDEST", "DISMETH",
	"FYEAR", "STARTAGE", "STARTAGE_CALC", "SEX", "ETHNOS", "DIAG_nn", "NEWNHSNO", "TRANSIT", "DUPLICATE", "PROVIDER_SPELL", "STAY_NHSD", "BED_DAYS", "CONDITION_GROUP"}

func vocabulary(t testing.TB) (*hes.Dictionary, *hes.Codes) {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	c, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func mustResolve(t testing.TB, r Request) *Table {
	t.Helper()
	d, c := vocabulary(t)
	table, err := Resolve(r, held, d, c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// episode is a row by field; the raw text stands under RAW_ and the origin under
// ORIGIN. PERSON is the number of the person, "" for none.
type episode map[string]string

// run scans rows into lines, headings first.
func run(t testing.TB, table *Table, rows []episode) (out []string, leftOut int, err error) {
	t.Helper()
	out = []string{strings.Join(table.Names(), " ")}
	lines := table.Lines(func(v []string) error {
		out = append(out, strings.Join(v, "|"))
		return nil
	})
	values, raw := make([]string, len(table.Fields())), make([]string, len(table.Raw()))
	for _, r := range rows {
		for i, f := range table.Fields() {
			values[i] = r[f]
		}
		for i, f := range table.Raw() {
			raw[i] = r["RAW_"+f]
			if raw[i] == "" {
				raw[i] = r[f] // as an engine does
			}
		}
		person := uint32(0)
		for _, c := range r["PERSON"] {
			person = 10*person + uint32(c-'0')
		}
		if err := lines.Add(Row{Person: person, HasPerson: r["PERSON"] != "", Values: values, Raw: raw, Origin: r["ORIGIN"]}); err != nil {
			return out, lines.LeftOut(), err
		}
		clear(values) // a scan uses them again
		clear(raw)
	}
	err = lines.End()
	return out, lines.LeftOut(), err
}

func TestColumns(t *testing.T) {
	for name, c := range map[string]struct {
		r    Request
		want string
	}{
		"any-case":       {Request{Columns: []string{"sex", " FyEar "}, Unit: Episodes}, "SEX FYEAR"},
		"older-name":     {Request{Columns: []string{"pseudo_hesid"}, Unit: Episodes}, "PSEUDO_HESID"},
		"slot":           {Request{Columns: []string{"diag_02"}, Unit: Episodes}, "DIAG_02"},
		"raw":            {Request{Columns: []string{"raw_sex", "SEX"}, Unit: Episodes}, "RAW_SEX SEX"},
		"origin":         {Request{Columns: []string{"Origin"}, Unit: Episodes}, "ORIGIN"},
		"identifying":    {Request{Columns: []string{"NEWNHSNO"}, Unit: Episodes}, "NEWNHSNO"},
		"spell-episodes": {Request{Columns: []string{"PROVIDER_SPELL", "EPISODES"}, Unit: Spells}, "PROVIDER_SPELL EPISODES"},
		"patient":        {Request{Columns: []string{"token_person_id", "ever_psoriasis"}, Unit: Patients}, "TOKEN_PERSON_ID EVER_PSORIASIS"},
		"patient-older":  {Request{Columns: []string{"PSEUDO_HESID", "DIED"}, Unit: Patients}, "PSEUDO_HESID DIED"},
		"missing":        {Request{Columns: []string{"SEX", "LSOA01"}, Unit: Episodes, AllowMissing: true}, "SEX LSOA01"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(mustResolve(t, c.r).Names(), " "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	t.Run("family", func(t *testing.T) {
		d, _ := vocabulary(t)
		f, _ := d.Field("DIAG_nn")
		got := mustResolve(t, Request{Columns: []string{"DIAG_nn", "RAW_DIAG_nn"}, Unit: Episodes}).Names()
		if len(got) != 2*f.Slots || got[0] != "DIAG_01" || got[f.Slots] != "RAW_DIAG_01" {
			t.Errorf("%v", got)
		}
	})
	for _, all := range []string{"*", "all"} {
		got := mustResolve(t, Request{Columns: []string{all, "RAW_SEX"}, Unit: Episodes}).Names()
		if slices.Contains(got, "NEWNHSNO") {
			t.Errorf("%s hands out identifying fields that nobody named", all)
		}
		if got[0] != "EPIKEY" || got[1] != "TOKEN_PERSON_ID" || got[len(got)-1] != "RAW_SEX" || !slices.Contains(got, "DIAG_20") {
			t.Errorf("%s: %v", all, got)
		}
	}
	d, c := vocabulary(t)
	if got := mustResolve(t, Request{Columns: []string{"all"}, Unit: Patients}).Names(); !slices.Equal(got, PatientColumns(c)) {
		t.Errorf("all columns of patients: %v", got)
	}
	few, err := Resolve(Request{Columns: []string{"all"}, Unit: Patients}, []string{"TOKEN_PERSON_ID", "ADMIDATE"}, d, c)
	if err != nil || strings.Join(few.Names(), " ") != "TOKEN_PERSON_ID FIRST_ADMIDATE LAST_ADMIDATE EPISODES" {
		t.Errorf("all that can be worked out: %v, %v", few.Names(), err)
	}
}

func TestColumnsRefused(t *testing.T) {
	d, c := vocabulary(t)
	for name, x := range map[string]struct {
		r    Request
		held []string
		says []string
	}{
		"mistyped":        {Request{Columns: []string{"ADMIMETHOD"}, Unit: Episodes}, held, []string{"no column ADMIMETHOD", "ADMIMETH"}},
		"part-of-a-name":  {Request{Columns: []string{"STARTAG"}, Unit: Episodes}, held, []string{"STARTAGE"}},
		"slot-too-far":    {Request{Columns: []string{"DIAG_99"}, Unit: Episodes}, held, []string{"DIAG_nn"}},
		"raw-unknown":     {Request{Columns: []string{"RAW_SEXX"}, Unit: Episodes}, held, []string{"no column SEXX", "SEX"}},
		"raw-derived":     {Request{Columns: []string{"RAW_TRANSIT"}, Unit: Episodes}, held, []string{"TRANSIT is worked out"}},
		"nothing-near":    {Request{Columns: []string{"QQQQQQ"}, Unit: Episodes}, held, []string{"webenable dictionary"}},
		"very-long":       {Request{Columns: []string{strings.Repeat("A", 5000)}, Unit: Episodes}, held, []string{"no column of that name"}},
		"not-held":        {Request{Columns: []string{"SEX", "LSOA01", "RAW_CONSULT"}, Unit: Episodes}, held, []string{"LSOA01, RAW_CONSULT", "--allow-missing"}},
		"twice":           {Request{Columns: []string{"SEX", "sex"}, Unit: Episodes}, held, []string{"SEX is asked for twice"}},
		"twice-by-family": {Request{Columns: []string{"DIAG_nn", "DIAG_03"}, Unit: Episodes}, held, []string{"DIAG_03 is asked for twice"}},
		"none":            {Request{Unit: Episodes}, held, []string{"No columns"}},
		"no-unit":         {Request{Columns: []string{"SEX"}}, held, []string{"episode, a spell or a patient"}},
		"count-of-one":    {Request{Columns: []string{"EPISODES"}, Unit: Episodes}, held, []string{"no column EPISODES"}},
		"no-spells":       {Request{Columns: []string{"SEX"}, Unit: Spells}, []string{"SEX"}, []string{"no spells", "Load the files again"}},
		"of-an-episode":   {Request{Columns: []string{"DISDEST"}, Unit: Patients}, held, []string{"no column DISDEST", "FIRST_ADMIDATE"}},
		"patient-lacks":   {Request{Columns: []string{"STAYS"}, Unit: Patients}, []string{"TOKEN_PERSON_ID"}, []string{"STAYS (STAY_NHSD)"}},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := Resolve(x.r, x.held, d, c)
			if fault.Of(err) != fault.Invalid || table != nil {
				t.Fatalf("error = %v", err)
			}
			for _, s := range x.says {
				if !strings.Contains(fault.Say(err), s) {
					t.Errorf("it says %q, not %q", fault.Say(err), s)
				}
			}
		})
	}
}

func TestEpisodes(t *testing.T) {
	table := mustResolve(t, Request{Columns: []string{"PSEUDO_HESID", "DIAG_02", "RAW_DIAG_02", "LSOA01", "RAW_LSOA01", "ORIGIN", "SEX"}, Unit: Episodes, AllowMissing: true})
	if got := strings.Join(table.Fields(), " ") + " / " + strings.Join(table.Raw(), " "); got != "TOKEN_PERSON_ID DIAG_02 SEX / DIAG_02" {
		t.Errorf("it scans %s", got)
	}
	if table.People() || table.Where(nil) != nil {
		t.Error("episodes are not in the order of the release, or not all of them")
	}
	got, left, err := run(t, table, []episode{
		{"PERSON": "3", "TOKEN_PERSON_ID": "P3", "DIAG_02": "L40", "RAW_DIAG_02": "L40X", "ORIGIN": "a.txt:2", "SEX": "1"},
		{"TOKEN_PERSON_ID": "", "SEX": "2"},
		{"PERSON": "1", "TOKEN_PERSON_ID": "P1", "DIAG_02": "L20", "ORIGIN": "a.txt:9"},
	})
	want := []string{"PSEUDO_HESID DIAG_02 RAW_DIAG_02 LSOA01 RAW_LSOA01 ORIGIN SEX", "P3|L40|L40X|||a.txt:2|1", "||||||2", "P1|L20|L20|||a.txt:9|"}
	if d := cmp.Diff(want, got); d != "" || left != 0 || err != nil {
		t.Errorf("%d left out, %v, %s", left, err, d)
	}
}

// Rule S4: what a spell has from its first episode, its last, all of them.
func TestSpells(t *testing.T) {
	table := mustResolve(t, Request{Columns: []string{"PROVIDER_SPELL", "EPISODES", "EPIKEY", "ADMIDATE", "ADMIMETH", "DIAG_01", "DISDATE", "DISMETH", "RAW_DISMETH", "EPIEND", "RAW_EPIEND", "BED_DAYS", "ORIGIN"}, Unit: Spells})
	rows := []episode{
		// Person 1, newest first as a scan gives them; spell 10 comes before 9 as text.
		{"PERSON": "1", "PROVIDER_SPELL": "10", "EPISTART": "2008-06-01", "EPIKEY": "77", "ADMIDATE": "2008-06-01", "ADMIMETH": "11"},
		{"PERSON": "1", "EPISTART": "2008-05-20", "EPIKEY": "66"}, // not valid: in no spell
		{"PERSON": "1", "PROVIDER_SPELL": "9", "EPISTART": "2008-05-03", "EPIEND": "2008-05-06", "EPIORDER": "10", "EPIKEY": "2", "ADMIDATE": "2008-05-01", "ADMIMETH": "81", "DIAG_01": "L20", "DISDATE": "2008-05-06", "DISMETH": "1", "RAW_DISMETH": "01", "BED_DAYS": "3", "ORIGIN": "f:3"},
		{"PERSON": "1", "PROVIDER_SPELL": "9", "EPISTART": "2008-05-03", "EPIEND": "2008-05-06", "EPIORDER": "9", "EPIKEY": "3", "DISMETH": "8", "BED_DAYS": "", "ORIGIN": "f:4"},
		{"PERSON": "1", "PROVIDER_SPELL": "9", "EPISTART": "2008-05-01", "EPIEND": "2008-05-09", "RAW_EPIEND": "09/05/2008", "EPIORDER": "1", "EPIKEY": "1", "ADMIDATE": "2008-05-01", "ADMIMETH": "21", "DIAG_01": "L40", "DISMETH": "8", "BED_DAYS": "2", "ORIGIN": "f:5"},
		{"PERSON": "2", "PROVIDER_SPELL": "11", "EPISTART": "2009-01-01", "EPIKEY": "8"},
		{"EPIKEY": "9", "PROVIDER_SPELL": ""}, // no person
	}
	want := []string{strings.Join(table.Names(), " "),
		"9|3|1|2008-05-01|21|L40|2008-05-06|1|01|2008-05-09|09/05/2008|5|f:5",
		"10|1|77|2008-06-01|11|||||||" + "|",
		"11|1|8||||||||||"}
	got, left, err := run(t, table, rows)
	if d := cmp.Diff(want, got); d != "" || left != 2 || err != nil {
		t.Errorf("%d left out, %v, %s", left, err, d)
	}
	// whatever the order of a person's rows
	slices.Reverse(rows[:5])
	if again, _, _ := run(t, table, rows); !slices.Equal(again, want) {
		t.Errorf("in another order: %s", cmp.Diff(want, again))
	}
	if _, _, err := run(t, table, []episode{{"PERSON": "2"}, {"PERSON": "1"}, {"PERSON": "2"}}); err == nil {
		t.Error("a scan that scatters a person's rows is taken")
	}
	both := query.In{Field: "SEX", Values: []string{"1"}}
	if got := table.Where(both).String(); got != "SEX is 1 and not (DUPLICATE is 1)" || !table.People() {
		t.Errorf("chosen by %s", got)
	}
}

func TestNoRowsNoLines(t *testing.T) {
	for _, u := range []Unit{Episodes, Spells, Patients} {
		got, left, err := run(t, mustResolve(t, Request{Columns: []string{"SEX"}, Unit: u}), nil)
		if len(got) != 1 || left != 0 || err != nil {
			t.Errorf("%s: %v %d %v", u, got, left, err)
		}
	}
}

func TestAnErrorOfTheWriterStops(t *testing.T) {
	full := errors.New("full")
	for _, u := range []Unit{Episodes, Spells, Patients} {
		table := mustResolve(t, Request{Columns: []string{"SEX"}, Unit: u})
		lines := table.Lines(func([]string) error { return full })
		values := make([]string, len(table.Fields()))
		if i := slices.Index(table.Fields(), "PROVIDER_SPELL"); i >= 0 {
			values[i] = "1"
		}
		err := lines.Add(Row{HasPerson: true, Values: values})
		if err == nil {
			err = lines.End()
		}
		if !errors.Is(err, full) {
			t.Errorf("%s: %v", u, err)
		}
	}
}
