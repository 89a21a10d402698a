package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
)

// What inspect prints holds no value of a record, whatever is wrong with the
// file, and nothing is made in the site's folder.
func TestInspectPrintsNoValue(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data := filepath.Join(dir, "data")
	for name, content := range map[string]string{
		"good":        "FYEAR|PARTYEAR|EPIKEY|ADMIDATE|TOKEN_PERSON_ID|DIAG_01|COLOUR\n0809|200899|CANARY|2008-04-01|CANARY|CANARY|CANARY\n",
		"all-wrong":   "FYEAR|PARTYEAR|EPIKEY|ADMIDATE|SEX\nCANARY|CANARY|1|CANARY|CANARY\nCANARY|CANARY|1|2008-04-01|CANARY\nCANARY\nCANARY|\"CANARY\n",
		"swapped":     "PARTYEAR|FYEAR|EPIKEY|ADMIDATE\nCANARY|CANARY|2008-04-01|2008-04-01\n",
		"no-header":   "CANARY|0809|2008-04-01|CANARY\n",
		"identifying": "EPIKEY|ADMIDATE|NEWNHSNO|HOMEADD\nCANARY|2008-04-01|CANARY|CANARY\n",
		"outpatients": "ATTENDKEY|APPTDATE\nCANARY|CANARY\n",
	} {
		path := write(name+".txt", content)
		for _, args := range [][]string{{"inspect"}, {"inspect", "--json"}} {
			out, errs, code := run(t, append(args, "--data", data, path)...)
			if code != 0 || strings.Contains(out+errs, "CANARY") || !strings.Contains(out, name+".txt") {
				t.Errorf("%s: exit %d\n%s%s", name, code, out, errs)
			}
		}
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the site's folder was made: %v", err)
	}
	var got load.Inspection
	if err := json.Unmarshal([]byte(must(t, "inspect", "--json", filepath.Join(dir, "good.txt"))), &got); err != nil || got.Rows != 1 || got.Files[0].LeftOut[0].Column != "COLOUR" {
		t.Errorf("%+v, %v", got, err)
	}
	if out := must(t, "inspect", filepath.Join(dir, "identifying.txt")); !strings.Contains(out, "NEWNHSNO, HOMEADD: refused unless") {
		t.Errorf("identifying fields are not named:\n%s", out)
	}
	if _, errs, code := run(t, "inspect", filepath.Join(dir, "gone.txt")); code != fault.NotFound.Exit() || !strings.Contains(errs, "gone.txt") {
		t.Errorf("a file that is not there: exit %d, %s", code, errs)
	}
}

// A load takes the same separate header and mapping as an inspection.
func TestLoadWithHeaderAndMapping(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	raw := write("a.txt", "TESTa|1|2008-04-01|2008-04-03|330\nTESTb|2|2008-05-01|2008-05-03|330\n")
	for name, flag := range map[string]string{
		"header":  "--header=" + write("h", "PSEUDO_HESID,EPIKEY,EPISTART,EPIEND,MAINSPEF\n"),
		"mapping": "--map=" + write("m", "1 = TOKEN_PERSON_ID\n2 = EPIKEY\n3 = EPISTART\n4 = EPIEND\n5 = MAINSPEF\n"),
	} {
		data := filepath.Join(dir, name)
		must(t, "load", "--quiet", "--data", data, flag, raw)
		if s := show(t, data); s.Rows.Read != 2 || s.Rows.Kept != 2 || !s.Synthetic {
			t.Errorf("%s: %+v", name, s)
		}
		if out := must(t, "inspect", flag, raw); !strings.Contains(out, "A load would read 2 rows, reject 0") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
	if _, errs, code := run(t, "load", "--quiet", "--data", filepath.Join(dir, "none"), raw); code != fault.Invalid.Exit() || !strings.Contains(errs, "--header or --map") {
		t.Errorf("without a header: exit %d, %s", code, errs)
	}
}
