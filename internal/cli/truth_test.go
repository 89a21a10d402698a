package cli

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"webenablehes/internal/quality"
	"webenablehes/internal/release"
	"webenablehes/internal/synth"
)

// extract makes a synthetic extract and returns its files and the truth.
func extract(t *testing.T, dir string, args ...string) ([]string, synth.Truth) {
	t.Helper()
	must(t, append([]string{"synth", "--out", dir}, args...)...)
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth synth.Truth
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range all {
		if n := e.Name(); !strings.HasPrefix(n, "truth") && !strings.HasSuffix(n, "_headers.txt") {
			files = append(files, filepath.Join(dir, n))
		}
	}
	return files, truth
}

// loaded loads files into a fresh data folder and returns it with the report.
func loaded(t *testing.T, subset string, files []string, args ...string) (data string, m release.Manifest, r *quality.Report) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	must(t, append(append([]string{"load", "--quiet", "--subset", subset, "--data", data}, args...), files...)...)
	releases := release.Open(data)
	id, err := releases.Current()
	if err != nil {
		t.Fatal(err)
	}
	if m, err = releases.Get(id); err != nil {
		t.Fatal(err)
	}
	if r, err = releases.Report(id); err != nil {
		t.Fatal(err)
	}
	return data, m, r
}

// size is how many people the tests of this file take: few in every run, a
// million rows with WEBENABLE_TORTURE.
func size(few string) []string {
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		return []string{"--rows", "1000000"}
	}
	return []string{"--patients", few}
}

// What the generator planted comes out exactly, at three seeds; what wrote the
// rows shares no code with what counts them.
func TestPlantedFaultsAreCounted(t *testing.T) {
	for _, seed := range []string{"1", "2", "3"} {
		t.Run("seed"+seed, func(t *testing.T) {
			dir := t.TempDir()
			files, truth := extract(t, filepath.Join(dir, "raw"), append(size("4000"), "--years", "2008-2011", "--seed", seed, "--dirt", "0.1", "--spell-ids", "--truth-rows")...)
			data, m, report := loaded(t, "dermatology", files)
			if r := report.Rows; r.Read != truth.Rows || r.Rejected != truth.Rejected || r.Kept+r.OutsideSubset != truth.Rows-truth.Rejected || r.Kept != truth.Kept["union"] || !m.Synthetic {
				t.Errorf("%+v, truth %+v", r, truth)
			}
			rules := map[string]int{}
			for _, r := range report.Rules {
				rules[r.ID] = r.Count
			}
			for id, want := range truth.Rules {
				if rules[id] != want {
					t.Errorf("rule %s: %d, planted %d", id, rules[id], want)
				}
			}
			met := map[string]int{}
			for _, r := range report.SubsetRules {
				met[r.ID] = r.Count
			}
			for _, id := range []string{"N1", "N2", "N3"} {
				if met[id] != truth.Kept[id] || met[id] == 0 {
					t.Errorf("%s: %d, made %d", id, met[id], truth.Kept[id])
				}
			}
			derived := map[string]int{}
			for _, r := range report.Derived {
				derived[r.ID] = r.Count
			}
			for id, name := range map[string]string{"V1": "V1", "V2": "V2", "V3": "V3", "V4": "V4", "V5": "V5", "V6": "V6", "V7": "V7", "D1": "D1", "E-0": "TRANSIT-0", "E-1": "TRANSIT-1",
				"E-2": "TRANSIT-2", "E-3": "TRANSIT-3", "S": "SPELLS", "P1": "STAYS-P1", "P2": "STAYS-P2", "R1": "R1-DENOMINATOR", "R1-readmitted": "R1-NUMERATOR"} {
				if derived[id] != truth.Derived[name] || derived[id] == 0 && id != "V2" {
					t.Errorf("%s: %d, made %d", id, derived[id], truth.Derived[name])
				}
			}
			sameRows(t, data, filepath.Join(dir, "raw", "truth_rows.csv"))
		})
	}
}

// sameRows compares spells, stays and flags of each row, handed out of a release of
// all episodes, with what the generator says of it.
func sameRows(t *testing.T, data, truthRows string) {
	t.Helper()
	must(t, "release", "make", "--subset", "all", "--data", data)
	out := filepath.Join(t.TempDir(), "dump.csv")
	must(t, "release", "dump", "--data", data, "--columns", "EPIKEY,FYEAR,PROVIDER_SPELL,STAY_NHSD,STAY_CHE,DUPLICATE,EPI_VALID,ADMIDATE_FILLED,PROCODE3,TOKEN_PERSON_ID", "--format", "csv", "--out", out)
	want, got := table(t, truthRows), table(t, out)
	if len(want) != len(got) {
		t.Errorf("%d rows, made %d", len(got), len(want))
	}
	// Numbers may differ; which rows share one may not.
	same := [3]map[string]string{{}, {}, {}}
	back := [3]map[string]string{{}, {}, {}}
	spells := map[string]string{} // person, provider and admission → spell
	bad := 0
	for key, w := range want {
		g, ok := got[key]
		if !ok {
			bad++
			continue
		}
		flag := map[string]string{"true": "1", "false": "0"}
		for i, name := range [...]string{"DUPLICATE", "EPI_VALID"} {
			v := w[name]
			if f, ok := flag[v]; ok {
				v = f
			}
			if g[name] != v {
				bad++
				_ = i
			}
		}
		for i, names := range [...][2]string{{"SPELL", "PROVIDER_SPELL"}, {"STAY_P1", "STAY_NHSD"}, {"STAY_P2", "STAY_CHE"}} {
			a, b := w[names[0]], g[names[1]]
			if (a == "") != (b == "") {
				bad++
				continue
			}
			if a == "" {
				continue
			}
			if x, ok := same[i][a]; ok && x != b {
				bad++
			}
			if x, ok := back[i][b]; ok && x != a {
				bad++
			}
			same[i][a], back[i][b] = b, a
		}
		if s := g["PROVIDER_SPELL"]; s != "" {
			k := g["TOKEN_PERSON_ID"] + "|" + g["PROCODE3"] + "|" + g["ADMIDATE_FILLED"]
			if x, ok := spells[k]; ok && x != s {
				t.Errorf("two spells of one person, provider and admission date")
			}
			spells[k] = s
		}
	}
	if bad > 0 {
		t.Errorf("%d values of rows are not as they were made, of %d rows", bad, len(want))
	}
	if len(spells) == 0 {
		t.Error("no spells were compared")
	}
}

// table reads a CSV file by EPIKEY and FYEAR.
func table(t *testing.T, path string) map[string]map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for _, l := range lines[1:] {
		row := map[string]string{}
		for i, h := range lines[0] {
			row[h] = l[i]
		}
		out[row["EPIKEY"]+" "+row["FYEAR"]] = row
	}
	return out
}

// However one content is delivered, the release holds the same bytes apart from
// what says how it was delivered.
func TestFormDoesNotMatter(t *testing.T) {
	base := []string{"--patients", "700", "--years", "2008-2010", "--seed", "7", "--dirt", "0"}
	var want string
	for _, form := range []string{"", "--shuffle", "--split 3", "--sep comma", "--sep tab", "--case lower", "--dates slash", "--dates sas", "--dates compact", "--eol crlf", "--eol cr",
		"--encoding utf8-bom", "--encoding utf-16le", "--encoding utf-16be", "--encoding windows-1252", "--pack gzip", "--pack zip", "--quote --sep comma", "--header separate", "--names new", "--names old",
		"--shuffle --split 4 --sep comma --quote --dates slash --eol crlf --pack gzip --case lower"} {
		t.Run(form, func(t *testing.T) {
			files, truth := extract(t, filepath.Join(t.TempDir(), "raw"), append(slices.Clone(base), strings.Fields(form)...)...)
			_, m, report := loaded(t, "dermatology", files)
			if report.Rows.Read != truth.Rows || report.Rows.Rejected != truth.Rejected {
				t.Errorf("rows = %+v, made %d", report.Rows, truth.Rows)
			}
			if m.Content == "" || len(m.Files) < 50 {
				t.Fatalf("%d files in the release", len(m.Files))
			}
			if want == "" {
				want = m.Content
			}
			if m.Content != want {
				t.Error("the release differs from that of the plain form")
			}
		})
	}
}

// Years loaded one after another, a year replaced, and everything loaded twice
// come to the release of one load; going back goes back.
func TestLoadsOneAfterAnother(t *testing.T) {
	files, _ := extract(t, filepath.Join(t.TempDir(), "raw"), "--patients", "900", "--years", "2008-2010", "--seed", "3", "--dirt", "0.05")
	other, _ := extract(t, filepath.Join(t.TempDir(), "other"), "--patients", "300", "--years", "2009", "--seed", "4")
	data, all, _ := loaded(t, "dermatology", files)
	releases := release.Open(data)
	content := func() string {
		id, err := releases.Current()
		if err != nil {
			t.Fatal(err)
		}
		m, err := releases.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		return m.Content
	}
	load := func(files ...string) { must(t, append([]string{"load", "--quiet", "--data", data}, files...)...) }
	load(files...)
	if content() != all.Content {
		t.Error("loading twice gives another release")
	}
	load(other...)
	if content() == all.Content {
		t.Error("a replaced year changes nothing")
	}
	must(t, "release", "rollback", "--data", data)
	if content() != all.Content {
		t.Error("going back did not go back")
	}
	load(files[2])
	if content() != all.Content {
		t.Error("after going back, loading a year again builds on other rows")
	}
	apart := filepath.Join(t.TempDir(), "apart")
	for _, i := range []int{2, 0, 1} {
		must(t, "load", "--quiet", "--data", apart, files[i])
	}
	m, err := release.Open(apart).Get(strings.TrimSpace(read(t, filepath.Join(apart, "releases", "current"))))
	if err != nil || m.Content != all.Content {
		t.Errorf("years loaded one by one give another release: %v", err)
	}
	must(t, "release", "make", "--subset", "plastic-skin-cancer", "--data", data)
	must(t, "release", "make", "--data", data)
	if content() != all.Content {
		t.Error("a release made from the staged rows differs from that of the load")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Opt-outs and destruction reach every byte of the data folder.
func TestOptOutAndDestroy(t *testing.T) {
	dir := t.TempDir()
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "300", "--years", "2008-2009", "--seed", "5")
	data, before, _ := loaded(t, "dermatology", files)
	out := filepath.Join(dir, "people.csv")
	must(t, "release", "dump", "--data", data, "--columns", "TOKEN_PERSON_ID,EPIKEY,FYEAR", "--format", "csv", "--out", out)
	people := map[string]bool{}
	for _, row := range table(t, out) {
		people[row["TOKEN_PERSON_ID"]] = true
		if len(people) == 50 {
			break
		}
	}
	list := filepath.Join(dir, "list.txt")
	var ids []string
	for p := range people {
		ids = append(ids, p)
	}
	if err := os.WriteFile(list, []byte(strings.Join(ids, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if holding(t, data, ids) == 0 {
		t.Fatal("nobody to take out is there")
	}
	if out := must(t, "optout", list, "--data", data); !strings.Contains(out, "--yes") || holding(t, data, ids) == 0 {
		t.Errorf("without --yes: %s", out)
	}
	must(t, "optout", list, "--yes", "--data", data)
	if n := holding(t, data, ids); n != 0 {
		t.Errorf("%d files still hold people who opted out", n)
	}
	must(t, append([]string{"load", "--quiet", "--data", data}, files...)...)
	if n := holding(t, data, ids); n != 0 {
		t.Errorf("after another load %d files hold people who opted out", n)
	}
	must(t, "release", "verify", "--data", data)
	rest := filepath.Join(dir, "rest.csv")
	must(t, "release", "dump", "--data", data, "--columns", "TOKEN_PERSON_ID,EPIKEY,FYEAR", "--format", "csv", "--out", rest)
	var left []string
	for _, row := range table(t, rest) {
		left = append(left, row["TOKEN_PERSON_ID"])
	}
	if len(left) == 0 || len(left) >= before.Rows.Kept {
		t.Fatalf("%d rows are left of %d", len(left), before.Rows.Kept)
	}
	if out := must(t, "release", "destroy", "--everything", "--yes", "--reason", "end of agreement", "--data", data); !strings.Contains(out, "Certificate") {
		t.Error(out)
	}
	if n := holding(t, data, left); n != 0 {
		t.Errorf("after everything was destroyed %d files hold people", n)
	}
	if _, errs, code := run(t, "release", "show", "--data", data); code == 0 || !strings.Contains(errs, "Nothing has been loaded") {
		t.Errorf("after everything was destroyed: %d %s", code, errs)
	}
}

// When nobody is left, nothing is served, rather than those who opted out.
func TestOptOutOfAll(t *testing.T) {
	dir := t.TempDir()
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "40", "--years", "2008", "--seed", "6")
	data, _, _ := loaded(t, "dermatology", files)
	out := filepath.Join(dir, "people.csv")
	must(t, "release", "dump", "--data", data, "--columns", "TOKEN_PERSON_ID,EPIKEY,FYEAR", "--format", "csv", "--out", out)
	var ids []string
	for _, row := range table(t, out) {
		if row["TOKEN_PERSON_ID"] != "" {
			ids = append(ids, row["TOKEN_PERSON_ID"])
		}
	}
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte(strings.Join(ids, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "optout", list, "--yes", "--hold", "--data", data); !strings.Contains(out, "nothing is served now") {
		t.Error(out)
	}
	if n := holding(t, data, ids); n != 0 || len(ids) == 0 {
		t.Errorf("%d files still hold the %d people who opted out", n, len(ids))
	}
	if _, _, code := run(t, "release", "show", "--data", data); code == 0 {
		t.Error("a release is still served")
	}
	must(t, append([]string{"load", "--quiet", "--subset", "all", "--data", data}, files...)...)
	if n := holding(t, data, ids); n != 0 {
		t.Errorf("after another load %d files hold them", n)
	}
}

// holding counts the files below a folder that hold any of some texts.
func holding(t *testing.T, dir string, texts []string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b := read(t, path)
		if slices.ContainsFunc(texts, func(x string) bool { return strings.Contains(b, x) }) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
