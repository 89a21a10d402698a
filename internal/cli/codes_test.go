package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// The titles are invented; the layouts are the real ones.
func TestCodes(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const header = "CODE\tALT_CODE\tUSAGE\tUSAGE_UK\tDESCRIPTION\tMODIFIER_4\tMODIFIER_5\tQUALIFIERS\tGENDER_MASK\tMIN_AGE\tMAX_AGE\tTREE_DESCRIPTION\n"
	four := file("ICD10_Edition4_Codes_20120401.txt", header+"L40.0\tL400\t\t\tOld plaques\t\t\t\t\t\t\t\n")
	five := file("ICD10_Edition5_Codes_20160401.txt", header+"L40.0\tL400\t\t\tNew plaques\t\t\t\tF\t12\t\t\n")
	trusts := file("etr.csv", "RZZ,INVENTED TRUST,,,,,,,,,20010401,\nRZY,CLOSED TRUST,,,,,,,,,19910401,20100331\n")
	successors := file("succ.csv", "RZY,RZZ,R,20100401,\n")
	lsoa := file("areas.csv", "LSOA11CD,IMD Decile,RGN22NM\nE01000001,4,London\n")

	if out := must(t, "codes", "list", "--data", data); !strings.Contains(out, "No code lists have been loaded") {
		t.Error(out)
	}
	out := must(t, "codes", "load", four, five, trusts, successors, lsoa, "--data", data)
	for _, want := range []string{"icd10, edition 5, from 2016-04-01, 1 codes", "edition 4, 2012-04-01 to 2016-03-31", "ods, edition etr, 2 codes", "ods-successors, edition succ", "taken: LSOA code from LSOA11CD, decile from IMD Decile, region from RGN22NM", "started again"} {
		if !strings.Contains(out, want) {
			t.Errorf("load does not say %q:\n%s", want, out)
		}
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"ICD10", "l40.0"}, []string{"L40.0", "New plaques (5,", "Sex    Female", "Age    from 12", "Also   Old plaques (4,"}},
		{[]string{"icd10", "L400", "--year", "1314"}, []string{"Title  Old plaques (4,"}},
		{[]string{"ICD10", "L52X"}, []string{"L52\n", "Erythema nodosum"}},
		{[]string{"PROVIDER", "RZY", "--year", "1516"}, []string{"CLOSED TRUST", "not valid in that year", "1991-04-01 to 2010-03-31", "Followed by  RZZ, from 2010-04-01: INVENTED TRUST"}},
		{[]string{"PROVIDER", "QQQ"}, []string{"Code not in list"}},
		{[]string{"LSOA", "E01000001"}, []string{"Decile  4", "Region  London"}},
		{[]string{"SEX", "2"}, []string{"Female"}},
	} {
		out := must(t, append(append([]string{"codes", "show"}, c.args...), "--data", data)...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("show %v does not say %q:\n%s", c.args, want, out)
			}
		}
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"load", trusts}, fault.Conflict.Exit(), "in use already"},
		{[]string{"load", filepath.Join(dir, "none.txt")}, fault.NotFound.Exit(), "none.txt"},
		{[]string{"load", file("x.txt", "who,knows\n")}, fault.Invalid.Exit(), "--kind"},
		{[]string{"load", "--kind", "icd11", trusts}, fault.Invalid.Exit(), "no such kind"},
		{[]string{"load", file("loop.csv", "RZZ,RZY,R,20100401,\n")}, fault.Invalid.Exit(), "come back"},
		{[]string{"show", "ICD10", "ZZ9"}, fault.NotFound.Exit(), "not in the list"},
		{[]string{"show", "NOSUCH", "1"}, fault.NotFound.Exit(), "no code list"},
		{[]string{"show", "LSOA", "E01999999"}, fault.NotFound.Exit(), "LSOA"},
		{[]string{"show", "ICD10", "L400", "--year", "2013"}, fault.Invalid.Exit(), "FYEAR"},
		{[]string{"remove", "nonsense"}, fault.NotFound.Exit(), "no such code list"},
	} {
		_, errs, code := run(t, append(append([]string{"codes"}, c.args...), "--data", data)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
	out = must(t, "codes", "list", "--data", data)
	id := regexp.MustCompile(`ods-[0-9]{8}\S+`).FindString(out)
	if strings.Count(out, "in use") != 5 || id == "" {
		t.Fatal(out)
	}

	// What the pages are made with.
	g := &globals{ctx: t.Context(), now: time.Now, Data: data}
	reg, err := g.openRegistry()
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	_, codes, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	titles, err := g.codeLists().Titles(codes)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := titles.Codes().Label(hes.Provider, "RZZ"); got != "INVENTED TRUST" {
		t.Errorf("screens show %q", got)
	}

	if out := must(t, "codes", "remove", id, "--data", data); !strings.Contains(out, "Removed "+id) {
		t.Error(out)
	}
	if out := must(t, "codes", "show", "PROVIDER", "RZY", "--data", data); strings.Contains(out, "CLOSED TRUST") {
		t.Error(out)
	}
	var events []string
	if err := reg.Entries(t.Context(), 1, func(e audit.Entry) bool {
		var event audit.Event
		if err := json.Unmarshal(e.Body, &event); err != nil {
			t.Fatal(err)
		}
		if event.Kind == "codes" && event.Outcome == "done" && strings.HasPrefix(event.Actor, "system user") {
			events = append(events, event.Question)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if len(events) != 6 || !strings.Contains(events[0], "icd10, edition 4, 1 codes, SHA-256 ") || events[5] != "removed "+id {
		t.Errorf("the access record has %q", events)
	}
}
