package assemble_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/assemble"
	"webenablehes/internal/hes"
	"webenablehes/internal/load"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
	"webenablehes/internal/warehouse/store"
)

// kept is a sink that keeps each row as field to value.
type kept struct {
	mu   sync.Mutex
	rows []map[string]string
	raw  []map[string]string
	from []string
}

func (k *kept) put(f hes.Field, codes []uint32, value func(code uint32) string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, c := range codes {
		if c > 0 {
			k.rows[i][f.Name] = value(c)
		}
	}
	return nil
}

func (k *kept) Scalar(f hes.Field, values []string, codes []uint32) error {
	return k.put(f, codes, func(c uint32) string { return values[c-1] })
}

func (k *kept) Numbered(f hes.Field, codes []uint32, n int) error {
	return k.put(f, codes, func(c uint32) string { return fmt.Sprint(c) })
}

func (k *kept) Text(f hes.Field, text []byte, ends []uint32, codes []uint32) error {
	t := staging.Text{Bytes: text, Ends: ends}
	return k.put(f, codes, func(c uint32) string { return string(t.At(int(c) - 1)) })
}

func (k *kept) Family(slots []hes.Field, values []string, offsets, list []uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	bySlot := map[int]string{}
	for _, s := range slots {
		bySlot[s.Slot] = s.Name
	}
	for i := range len(offsets) - 1 {
		for n, c := range list[offsets[i]:offsets[i+1]] {
			if c > 0 {
				k.rows[i][bySlot[n+1]] = values[c-1]
			}
		}
	}
	return nil
}

func (k *kept) Raw(f hes.Field, values []string, rows, codes []uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, row := range rows {
		k.raw[row][f.Name] = values[codes[i]-1]
	}
	return nil
}

func (k *kept) Origins(files []string, file []uint16, line []uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range file {
		k.from = append(k.from, fmt.Sprintf("%s:%d", files[file[i]], line[i]))
	}
	return nil
}

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

// stage loads texts, each a file of its own, into a batch.
func stage(t testing.TB, d *hes.Dictionary, codes *hes.Codes, texts ...string) *staging.Batch {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("f%d.txt", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	l, err := load.Open(d, codes, load.Options{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Run(t.Context(), filepath.Join(dir, "batch"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func run(t testing.TB, d *hes.Dictionary, name string, sources ...assemble.Source) (*kept, *assemble.Result) {
	t.Helper()
	s, err := subset.Find(name, d)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	got, err := assemble.Run(t.Context(), sources, assemble.Options{Dictionary: d, Subset: s, Latest: len(sources) - 1, Sink: func(rows int) (assemble.Sink, error) {
		for range rows {
			k.rows, k.raw = append(k.rows, map[string]string{}), append(k.raw, map[string]string{})
		}
		return k, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return k, got
}

const header = "FYEAR|EPIKEY|PSEUDO_HESID|ADMIDATE|EPISTART|EPIEND|DISDATE|EPIORDER|EPISTAT|EPITYPE|ADMIMETH|ADMISORC|DISMETH|DISDEST|CLASSPAT|SEX|STARTAGE|ETHNOS|MAINSPEF|TRETSPEF|PROCODE|PROCODE3|DIAG_01|DIAG_02|OPERTN_01|OPERTN_02\n"

// The worked example of the provider spell, a move to another hospital, an
// emergency within 30 days, and what else stands in one row.
const story = header +
	"0809|1|SYNTHa|2008-05-01|2008-05-01|2008-05-03||1|3|1|21|19|8|98|1|1|67|A|330|330|RAL00|RAL|L400|E119|S065|\n" +
	"0809|2|SYNTHa|2008-05-01|2008-05-03|2008-05-06|2008-05-06|2|3|1|21|19|1|51|1|1|67|A|330|330|RAL00|RAL|L40.1||-|\n" +
	"0809|3|SYNTHa|2008-05-08|2008-05-08|2008-05-10|2008-05-10|1|3|1|81|51|1|19|1|1|67|A|100|100|RJ100|RJ1|I10X|||\n" +
	"0809|4|SYNTHa|2008-05-20|2008-05-20|2008-05-22|2008-05-22|1|3|1|21|19|1|19|1|1|67|Z|100|100|RJ100|RJ1|L40X|||\n" +
	"0910|5|SYNTHb|2009-06-01|2009-06-01|2009-06-01|2009-06-01|1|3|1|11|19|1|19|2|2|7003|99|160|160|RAL00||C443||S065|S066\n" +
	"0910|6|SYNTHb|2009-06-01|2009-06-01|2009-06-01|2009-06-01|1|3|1|11|19|1|19|2|2|0|A|160|160|RAL00||C443|I10X|S065|S066\n" +
	"0910|7||2009-07-01|2009-07-01|2009-07-02|2009-07-02|1|3|1|11|19|1|19|1|2|30|A|100|100|RAL00||I10X|||\n"

func TestStory(t *testing.T) {
	d, codes := vocabulary(t)
	k, got := run(t, d, "all", assemble.Source{Batch: stage(t, d, codes, story)})
	if got.Rows != 7 || got.First != "2008-05-01" || got.Last != "2009-07-01" || !slices.Equal(got.Years, []string{"0809", "0910"}) {
		t.Errorf("result = %+v", got)
	}
	byKey := map[string]map[string]string{}
	for _, r := range k.rows {
		byKey[r["EPIKEY"]] = r
	}
	for _, c := range []struct{ key, want string }{
		{"1", "EPI_VALID=1 EPI_BAD=0 ADMIDATE_FILLED=2008-05-01 TRANSIT=0 ETHNIC5=White DUPLICATE=0 LOS_DAYS=5 BED_DAYS=2 ADMISSION_GROUP=emergency READMITTED_30=1 AGE_BAND=65-69 CHARLSON=1 CONDITION_GROUP=psoriasis DIAG_02=E119 PROCODE3=RAL"},
		{"2", "TRANSIT=1 LOS_DAYS=5 BED_DAYS=3 READMITTED_30=1 DIAG_01=L401 OPERTN_01= CHARLSON=0 CHARLSON_1Y=0"},
		{"3", "TRANSIT=3 LOS_DAYS=2 READMITTED_30=1 ADMISSION_GROUP=transfer CONDITION_GROUP=not_skin CHARLSON=0 CHARLSON_1Y=1 CHARLSON_5Y=1"},
		{"4", "READMITTED_30=0 ETHNOS= ETHNIC5=Unknown DIAG_01=L40"},
		{"5", "STARTAGE=0 AGE_BAND=0 DUPLICATE=1 PROVIDER_SPELL= LOS_DAYS= PROCODE3=RAL ETHNOS="},
		{"6", "DUPLICATE=0 LOS_DAYS=0 READMITTED_30= ADMISSION_GROUP=day case EPI_VALID=1"},
		{"7", "EPI_VALID=0 PROVIDER_SPELL= STAY_NHSD= EPI_FLAG_1=V5 EPI_FLAG_2=V6"},
	} {
		for _, part := range strings.Split(strings.ReplaceAll(c.want, "day case", "day_case"), " ") {
			field, want, _ := strings.Cut(part, "=")
			if got := strings.ReplaceAll(byKey[c.key][field], "day case", "day_case"); got != want {
				t.Errorf("episode %s: %s is %q, want %q", c.key, field, got, want)
			}
		}
	}
	same := func(field, a, b string) bool { return byKey[a][field] != "" && byKey[a][field] == byKey[b][field] }
	if !same("PROVIDER_SPELL", "1", "2") || same("PROVIDER_SPELL", "2", "3") || !same("STAY_NHSD", "1", "3") || !same("STAY_CHE", "2", "3") || same("STAY_NHSD", "3", "4") {
		t.Errorf("spells and stays: %v", k.rows)
	}
	if got := k.from[0]; got != "f0.txt:8" {
		t.Errorf("the newest admission comes from %s", got)
	}
	for i, r := range k.rows {
		if r["EPIKEY"] == "2" && (k.raw[i]["DIAG_01"] != "L40.1" || k.raw[i]["OPERTN_01"] != "-" || k.raw[i]["DISDEST"] != "") {
			t.Errorf("raw texts of episode 2: %v", k.raw[i])
		}
	}
}

func TestSubsets(t *testing.T) {
	d, codes := vocabulary(t)
	k, got := run(t, d, "dermatology", assemble.Source{Batch: stage(t, d, codes, story)})
	rules := map[string]string{}
	for _, r := range k.rows {
		rules[r["EPIKEY"]] = r["SUBSET_1"] + r["SUBSET_2"] + r["SUBSET_3"]
	}
	if d := cmp.Diff(map[string]string{"1": "N1N2N3", "2": "N1N2", "4": "N2", "5": "N2N3", "6": "N2N3"}, rules); d != "" {
		t.Error(d)
	}
	// the stay was not cut: its end lies outside the subset
	for _, r := range k.rows {
		if r["EPIKEY"] == "1" && (r["READMITTED_30"] != "1" || r["LOS_DAYS"] != "5") {
			t.Errorf("episode 1: %v", r)
		}
	}
	w := got.Report.Whole
	if w.Staged != 7 || w.Kept != 5 || w.OutsideSubset != 2 || w.Persons != 2 || got.Report.Rows.Kept != 5 || got.Report.Rows.OutsideSubset != 2 {
		t.Errorf("whole = %+v, rows = %+v", w, got.Report.Rows)
	}
	n := 0
	for _, p := range got.Report.Providers {
		n += p.Kept + p.OutsideSubset
	}
	if n != 7 {
		t.Errorf("providers add up to %d: %+v", n, got.Report.Providers)
	}
}

// Rows loaded in one go, in several loads and with a year replaced come to the
// same release.
func TestLoadsAddUp(t *testing.T) {
	d, codes := vocabulary(t)
	lines := strings.SplitAfter(story, "\n")
	first, second := strings.Join(lines[:5], ""), header+strings.Join(lines[5:], "")
	want, _ := run(t, d, "all", assemble.Source{Batch: stage(t, d, codes, story)})
	apart, _ := run(t, d, "all", assemble.Source{Batch: stage(t, d, codes, first)}, assemble.Source{Batch: stage(t, d, codes, second)})
	split, _ := run(t, d, "all", assemble.Source{Batch: stage(t, d, codes, second, first)})
	old := strings.ReplaceAll(story, "SYNTHb|2009-06-01", "SYNTHc|2009-06-03")
	replaced, got := run(t, d, "all", assemble.Source{Batch: stage(t, d, codes, old), Years: map[string]bool{"0809": true}}, assemble.Source{Batch: stage(t, d, codes, second)})
	if got.Replaced != 3 {
		t.Errorf("%d rows replaced, want 3", got.Replaced)
	}
	for name, k := range map[string]*kept{"two loads": apart, "two files": split, "a year replaced": replaced} {
		if diff := cmp.Diff(want.rows, k.rows); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The files of a release do not depend on the order of the rows, but for those
// that say how and where rows were delivered.
func TestFilesDoNotShowTheOrderOfInput(t *testing.T) {
	d, codes := vocabulary(t)
	lines := strings.SplitAfter(strings.TrimSuffix(strings.TrimPrefix(story, header), "\n")+"\n", "\n")
	lines = slices.DeleteFunc(append(lines, lines[0], lines[2]), func(l string) bool { return l == "" }) // two rows stand twice
	first := written(t, d, stage(t, d, codes, header+strings.Join(lines, "")))
	if len(first) < 60 {
		t.Fatalf("only %d files", len(first))
	}
	for seed := range uint64(3) {
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if diff := cmp.Diff(first, written(t, d, stage(t, d, codes, header+strings.Join(lines, "")))); diff != "" {
			t.Fatalf("seed %d: the files differ", seed)
		}
	}
}

// written makes a release in a folder and returns its files by name.
func written(t *testing.T, d *hes.Dictionary, b *staging.Batch) map[string]string {
	t.Helper()
	s, err := subset.Find("all", d)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var w *store.Builder
	if _, err := assemble.Run(t.Context(), []assemble.Source{{Batch: b}}, assemble.Options{Dictionary: d, Subset: s, Sink: func(rows int) (assemble.Sink, error) {
		w, err = store.NewBuilder(dir, d, rows)
		return w, err
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".raw") || strings.HasPrefix(e.Name(), "origin.") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}
