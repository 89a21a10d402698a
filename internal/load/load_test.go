package load_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/load"
	"webenablehes/internal/quality"
	"webenablehes/internal/staging"
)

// words are the dictionary and the code lists, read once for all tests.
var words = sync.OnceValues(func() (*hes.Dictionary, *hes.Codes) {
	d, err := hes.Load()
	codes, cerr := hes.LoadCodes()
	if errors.Join(err, cerr) != nil {
		return nil, nil
	}
	return d, codes
})

func vocabulary(t testing.TB) (*hes.Dictionary, *hes.Codes) {
	t.Helper()
	d, codes := words()
	if d == nil {
		t.Fatal("the vocabulary cannot be read")
	}
	return d, codes
}

func run(t *testing.T, o load.Options) ([]map[string]string, *quality.Report, error) {
	t.Helper()
	d, codes := vocabulary(t)
	l, err := load.Open(d, codes, o)
	if err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(t.TempDir(), "batch")
	made, err := l.Run(t.Context(), dir)
	if err != nil {
		return nil, nil, err
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := staging.Open(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got := readBack(t, b)
	slices.SortFunc(got, func(a, b map[string]string) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return got, b.Report(), nil
}

// readBack reads each live row of a batch as field to value.
func readBack(t *testing.T, b *staging.Batch) []map[string]string {
	t.Helper()
	rows := make([]map[string]string, b.Rows())
	for i := range rows {
		rows[i] = map[string]string{}
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(row, column int, value string) {
		if value != "" {
			rows[row][b.Columns()[column].Name] = value
		}
	}
	lists := map[int]bool{}
	for _, f := range b.Families() {
		list, err := b.List(f[0])
		check(err)
		for slot, c := range list.Slots {
			lists[c] = true
			entries, err := b.Entries(c)
			check(err)
			for row := range rows {
				if at := list.Offsets[row] + uint32(slot); at < list.Offsets[row+1] && list.Entries[at] > 0 {
					put(row, c, entries[list.Entries[at]-1].Clean)
				}
			}
		}
	}
	codes := make([]uint32, b.Rows())
	for c, f := range b.Columns() {
		switch {
		case lists[c]:
		case staging.IsKey(f):
			sorted, codes, err := b.Key(c)
			check(err)
			for row, code := range codes {
				if code > 0 {
					put(row, c, string(sorted.At(int(code)-1)))
				}
			}
		default:
			entries, err := b.Entries(c)
			check(err)
			check(b.Scalar(c, codes))
			for row, e := range codes {
				if e > 0 {
					put(row, c, entries[e-1].Clean)
				}
			}
		}
	}
	for _, row := range slices.Backward(b.Dead()) {
		rows = slices.Delete(rows, int(row), int(row)+1)
	}
	return rows
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Each case is one field of one row: raw text in, canonical value out, and the
// rule that must have counted it.
func TestValues(t *testing.T) {
	for _, c := range []struct{ field, in, want, rule string }{
		{"SEX", "1", "1", ""}, {"SEX", " 2 ", "2", ""}, {"SEX", "NULL", "", "C1"}, {"SEX", "Null", "", "C1"}, {"SEX", "null", "", "C1"}, {"SEX", "", "", ""},
		{"ADMIMETH", "2a", "2A", "N4"}, {"ADMINCAT", "01", "01", ""}, {"FYEAR", "0102", "0102", ""},
		{"DISDATE", "1800-01-01", "", "C2-1800"}, {"DISDATE", "1801-01-01", "", "C2-1801"}, {"DISDATE", "1600-01-01", "", "C2-old"}, {"DISDATE", "1582-10-15", "", "C2-old"},
		{"DISDATE", "2008-02-29", "2008-02-29", ""}, {"DISDATE", "01/04/2008", "2008-04-01", "N3"}, {"DISDATE", "01APR2008", "2008-04-01", "N3"}, {"DISDATE", "01apr2008", "2008-04-01", "N3"},
		{"DISDATE", "20080401", "2008-04-01", "N3"}, {"DISDATE", "2008-04-01 00:00:00", "2008-04-01", "N3"}, {"DISDATE", "31/12/1999", "1999-12-31", "N3"},
		{"STARTAGE", "34", "34", ""}, {"STARTAGE", "7001", "0", "C5"}, {"STARTAGE", "7007", "0", "C5"}, {"STARTAGE", "7008", "7008", ""}, {"STARTAGE", "5.0", "5", "N1"}, {"STARTAGE", "007", "7", "N1"},
		{"STARTAGE", "5.5", "", "N2"}, {"STARTAGE", "old", "", "N2"}, {"EPIDUR", "0", "0", ""}, {"EPIDUR", "-1", "-1", ""}, {"EPIDUR", "99999999999", "", "N2"},
		{"STARTAGE_CALC", "33.50", "33.5", "N1"}, {"STARTAGE_CALC", "33.512328767123286", "33.512328767123286", ""}, {"STARTAGE_CALC", "NaN", "", "N2"}, {"STARTAGE_CALC", "-0", "0", "N1"}, {"STARTAGE_CALC", ".5", "0.5", "N1"},
		{"DIAG_01", "L400", "L400", ""}, {"DIAG_01", "L40.0", "L400", "C7"}, {"DIAG_01", "C43.9 D", "C439", "C7"}, {"DIAG_01", "L52X", "L52", "C7"}, {"DIAG_01", "l400", "L400", "N4"}, {"DIAG_01", "I501A", "I501", "C7"}, {"DIAG_02", "R69X", "", "C3-diagnosis"}, {"DIAG_01", "-", "", "C7"},
		{"OPERTN_01", "S06.5", "S065", "C8"}, {"OPERTN_01", "-   ", "", "C8-none"}, {"OPERTN_01", "&", "", "C8-none"}, {"OPERTN_24", "Z942", "Z942", ""},
		{"TOKEN_PERSON_ID", "aBc1", "aBc1", ""}, {"SUSRECID", "00000123456789", "00000123456789", ""}, {"PROCODE3", "ral", "RAL", "N4"},
	} {
		t.Run(c.field+"_"+c.in, func(t *testing.T) {
			year, at := "0809", "FYEAR"
			if c.field == "FYEAR" {
				year, at = "x", "MARSTAT"
			}
			path := file(t, "x.txt", "EPIKEY|EPISTART|"+at+"|"+c.field+"\n9|2008-04-02|"+year+"|"+c.in+"\n")
			got, report, err := run(t, load.Options{Files: []string{path}})
			if err != nil {
				t.Fatal(err)
			}
			if got[0][c.field] != c.want {
				t.Errorf("%q became %q, want %q", c.in, got[0][c.field], c.want)
			}
			for _, r := range report.Rules {
				want := 0
				if r.ID == c.rule || r.ID == "N4" && c.field == "FYEAR" {
					want = 1
				}
				if r.Count != want {
					t.Errorf("rule %s counted %d, want %d", r.ID, r.Count, want)
				}
			}
		})
	}
}

// The form of a file does not change what is loaded.
func TestForms(t *testing.T) {
	plain := "FYEAR|EPIKEY|PSEUDO_HESID|ADMIDATE|DIAG_4_01|DIAG_4_02|MAINSPEF\n" +
		"0809|310000000001|TESTa|2008-04-02|L400|I10X|330\n0809|9000000000000000001|TESTb|2008-05-02|L20||330\n0809|90000000000000000002|TESTa|2009-03-31|C44||160\n"
	want, _, err := run(t, load.Options{Files: []string{file(t, "a.txt", plain)}})
	if err != nil {
		t.Fatal(err)
	}
	if want[0]["EPIKEY"] != "310000000001" || len(want) != 3 {
		t.Fatalf("the plain file gave %v", want)
	}
	var zipped, gzipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	m, _ := z.Create("in/a.csv")
	m.Write([]byte(strings.ReplaceAll(plain, "|", ",")))
	z.Close()
	g := gzip.NewWriter(&gzipped)
	g.Write([]byte(plain))
	g.Close()
	lines := strings.SplitAfter(plain, "\n")
	for name, content := range map[string]string{
		"comma.csv": strings.ReplaceAll(plain, "|", ","), "tab.txt": strings.ReplaceAll(plain, "|", "\t"),
		"crlf.txt": strings.ReplaceAll(plain, "\n", "\r\n"), "bom.txt": "\xef\xbb\xbf" + plain, "no-last-line-end.txt": strings.TrimSuffix(plain, "\n"),
		"lower.txt":  strings.ToLower(lines[0]) + lines[1] + lines[2] + lines[3],
		"quoted.csv": strings.ReplaceAll("\""+strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(plain, "\n"), "|", "\",\""), "\n", "\"\n\"")+"\"\n", `""`, `""`),
		"a.zip":      zipped.String(), "a.txt.gz": gzipped.String(),
		"padded.txt": strings.ReplaceAll(plain, "|", " | "), "blank-lines.txt": strings.ReplaceAll(plain, "\n", "\n\n"),
		"shuffled.txt": lines[0] + lines[3] + lines[1] + lines[2],
		"token.txt":    strings.Replace(plain, "PSEUDO_HESID", "TOKEN_PERSON_ID", 1), "encrypted.txt": strings.Replace(plain, "PSEUDO_HESID", "ENCRYPTED_HESID", 1), "diag.txt": strings.ReplaceAll(plain, "DIAG_4_", "DIAG_"),
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := run(t, load.Options{Files: []string{file(t, name, content)}})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if !report.Synthetic {
				t.Error("not said to be synthetic")
			}
		})
	}
}

func TestRejects(t *testing.T) {
	header := "FYEAR|EPIKEY|ADMIDATE|SEX\n"
	for name, c := range map[string]struct{ line, reason, at string }{
		"no-key":      {"0809||2008-04-01|1", "The row has no EPIKEY.", "f.txt:2:EPIKEY"},
		"bad-date":    {"0809|1|2010-02-30|1", "A date is not a day of the calendar, or not in a known form.", "f.txt:2:ADMIDATE"},
		"text-date":   {"0809|1|soon|1", "A date is not a day of the calendar, or not in a known form.", "f.txt:2:ADMIDATE"},
		"too-few":     {"0809|1|2008-04-01", "The line has too few fields.", "f.txt:2"},
		"too-many":    {"0809|1|2008-04-01|1|2", "The line has too many fields.", "f.txt:2"},
		"nul":         {"0809|1|2008-04-01|\x00", "The line holds NUL bytes.", "f.txt:2"},
		"open-quote":  {"0809|1|2008-04-01|\"1", "A quotation mark is not closed.", "f.txt:2"},
		"too-long":    {"0809|1|2008-04-01|" + strings.Repeat("x", 3<<20), "The line is longer than a million characters.", "f.txt:2"},
		"twice-a-key": {"0809|7|2008-04-01|1\n0809|7|2008-04-02|2", "The EPIKEY is there twice in the financial year.", "f.txt:3:EPIKEY"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "f.txt", header+c.line+"\n0809|99|2008-04-03|2\n")
			got, report, err := run(t, load.Options{Files: []string{path}})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Rejects) != 1 || report.Rejects[0].Reason != c.reason || report.Rejects[0].Count != 1 || report.Rejects[0].At[0].String() != c.at {
				t.Errorf("rejects = %+v", report.Rejects)
			}
			if last := got[len(got)-1]; last["EPIKEY"] != "99" {
				t.Errorf("the good row behind it is lost: %v", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		kind   fault.Kind
		says   string
	}{
		"no-epikey":      {"FYEAR|ADMIDATE", fault.Invalid, "EPIKEY"},
		"no-date":        {"EPIKEY|FYEAR|DISDATE", fault.Invalid, "ADMIDATE"},
		"twice":          {"EPIKEY|ADMIDATE|SEX|sex", fault.Invalid, "two columns"},
		"outpatients":    {"ATTENDKEY|APPTDATE|SEX", fault.Invalid, "outpatient"},
		"ae":             {"AEKEY|ARRIVALDATE|EPIKEY", fault.Invalid, "A&E"},
		"nhs-number":     {"EPIKEY|ADMIDATE|NEWNHSNO", fault.Denied, "NEWNHSNO"},
		"date-of-birth":  {"EPIKEY|ADMIDATE|DOB|HOMEADD|LOPATID", fault.Denied, "DOB, HOMEADD, LOPATID"},
		"utf-16":         {"\xff\xfeF\x00Y\x00", fault.Invalid, "no header"},
		"open-quotation": {"EPIKEY|\"ADMIDATE", fault.Invalid, "quotation"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, load.Options{Files: []string{file(t, "x.txt", c.header+"\n")}})
			if fault.Of(err) != c.kind || !strings.Contains(fault.Say(err), c.says) || !strings.Contains(fault.Say(err), "x.txt") {
				t.Errorf("error = %v (%v)", err, fault.Of(err))
			}
		})
	}
	if _, _, err := run(t, load.Options{Files: []string{t.TempDir()}}); fault.Of(err) != fault.Invalid {
		t.Errorf("a folder: %v", err)
	}
	got, report, err := run(t, load.Options{Files: []string{file(t, "x.txt", "EPIKEY|ADMIDATE|LOPATID|WHAT|DIAG_3_01|DIAG_01|TRANSIT|EPI_FLAG_1\n1|2008-04-01|S1|2|L40|L400|3|V1\n")}, Identifiers: []string{"LOPATID"}})
	if err != nil || got[0]["LOPATID"] != "S1" {
		t.Errorf("an identifier that the agreement lists was not loaded: %v %v", got, err)
	}
	want := []quality.LeftOut{{Column: "WHAT", Why: "not in the data dictionary"}, {Column: "DIAG_3_01", Why: "repeats DIAG_nn"},
		{Column: "TRANSIT", Why: "worked out by this program"}, {Column: "EPI_FLAG_1", Why: "worked out by this program"}}
	if d := cmp.Diff(want, report.Files[0].LeftOut); d != "" {
		t.Error(d)
	}
}

// An independent count of NHS Digital's artificial file, when it is there.
func TestArtificialFile(t *testing.T) {
	dir := os.Getenv("WEBENABLE_ARTIFICIAL")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "artificial_hes_apc_0102.csv")
	raw, err := os.Open(path)
	if err != nil {
		t.Skip("NHS Digital's artificial file is not there; set WEBENABLE_ARTIFICIAL to its folder")
	}
	defer raw.Close()
	lines, err := csv.NewReader(raw).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, h := range lines[0] {
		at[h] = i
	}
	got, report, err := run(t, load.Options{Files: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows.Read != 2075 || report.Rows.Kept+report.Rows.Rejected != 2075 || !report.Synthetic {
		t.Fatalf("rows = %+v, synthetic %v, rejects %+v", report.Rows, report.Synthetic, report.Rejects)
	}
	t.Logf("%+v", report.Rows)
	for _, f := range report.Files[0].LeftOut {
		if strings.HasPrefix(f.Why, "not in") {
			t.Errorf("%s is not in the dictionary", f.Column)
		}
	}
	for _, c := range [][2]string{{"SEX", "SEX"}, {"ADMIMETH", "ADMIMETH"}, {"MAINSPEF", "MAINSPEF"}, {"FYEAR", "FYEAR"}, {"DIAG_4_01", "DIAG_01"}, {"DIAG_4_03", "DIAG_03"}, {"EPIKEY", "EPIKEY"}} {
		want, have := map[string]int{}, map[string]int{}
		for _, l := range lines[1:] {
			v := strings.TrimSpace(l[at[c[0]]])
			if strings.HasPrefix(c[0], "DIAG") {
				v = strings.TrimPrefix(v[:min(len(v), 3)], "-") // one row has "-" for "none"
			}
			if slices.Contains(map[string][]string{"SEX": {"0"}, "ADMIMETH": {"98", "99"}, "MAINSPEF": {"&"}, "DIAG_4_01": {"R69"}, "DIAG_4_03": {"R69"}}[c[0]], v) {
				v = "" // not known, by rule C3
			}
			want[v]++
		}
		for _, r := range got {
			v := r[c[1]]
			if strings.HasPrefix(c[0], "DIAG") && len(v) > 3 {
				v = v[:3]
			}
			have[v]++
		}
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("%s: %s", c[0], d)
		}
	}
	for _, other := range []string{"artificial_hes_op_0304_truncated.csv", "artificial_hes_ae_0708_truncated.csv"} {
		if _, _, err := run(t, load.Options{Files: []string{filepath.Join(dir, other)}}); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", other, err)
		}
	}
}

// A file without person ids beside a synthetic one is not synthetic.
func TestSyntheticNeedsMarksInEveryFile(t *testing.T) {
	marked := file(t, "a.txt", "EPIKEY|ADMIDATE|TOKEN_PERSON_ID\n1|2008-04-01|SYNTHa\n2|2008-04-01|\n")
	bare := file(t, "b.txt", "EPIKEY|ADMIDATE\n3|2008-04-01\n")
	for _, c := range []struct {
		files []string
		want  bool
	}{{[]string{marked}, true}, {[]string{bare}, false}, {[]string{marked, bare}, false}} {
		_, report, err := run(t, load.Options{Files: c.files})
		if err != nil || report.Synthetic != c.want {
			t.Errorf("%d files: synthetic %v, %v", len(c.files), report.Synthetic, err)
		}
	}
}
