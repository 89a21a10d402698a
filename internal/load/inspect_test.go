package load_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
	"webenablehes/internal/quality"
)

func inspect(t *testing.T, o load.Options) *load.Inspection {
	t.Helper()
	d, _ := vocabulary(t)
	got, err := load.Inspect(t.Context(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestInspect(t *testing.T) {
	path := file(t, "NIC1_HES_APC_201999_1.txt", "FYEAR,PARTYEAR,EPIKEY,ADMIDATE,PSEUDO_HESID,DIAG_4_01,COLOUR\r\n"+
		"0809,200813,1,2008-04-01,TESTa,L400,blue\r\n2009-10,200999,2,2009-05-01,TESTb,\"L400\",\r\n,,3,01/04/2010,,,\r\n,,4,,,,\r\n0809,x,5,soon,realid,,\r\n0809,,,2008-04-01,,,\r\n0809,,7\r\n")
	got := inspect(t, load.Options{Files: []string{path}})
	at := func(line int, column string) []quality.Place {
		return []quality.Place{{File: "NIC1_HES_APC_201999_1.txt", Line: line, Column: column}}
	}
	want := &load.Inspection{Rows: 7, Load: "A load would read 7 rows, reject 3 of them and any whose EPIKEY is there twice in a year, and keep of the others those that belong to its subset.",
		Files: []load.Inspected{{
			Name: "NIC1_HES_APC_201999_1.txt", Size: 270, Separator: "comma", Encoding: "ASCII", LineEnds: "CRLF", Compression: "none", Quoting: true, Header: "first line",
			Columns: []load.InspectedColumn{{"FYEAR", "FYEAR", "Financial year"}, {"PARTYEAR", "PARTYEAR", "Extract period"}, {"EPIKEY", "EPIKEY", "Episode key"},
				{"ADMIDATE", "ADMIDATE", "Admitted"}, {"PSEUDO_HESID", "TOKEN_PERSON_ID", "Patient"}, {"DIAG_4_01", "DIAG_01", "Primary diagnosis"}},
			LeftOut: []quality.LeftOut{{Column: "COLOUR", Why: "not in the data dictionary"}},
			Rows:    7, Years: []quality.YearCount{{Year: "", Rows: 1}, {Year: "0809", Rows: 1}, {Year: "0910", Rows: 1}, {Year: "1011", Rows: 1}}, Marked: 2, Unmarked: 1,
			Extracts: []string{"2008 number 13: month 13, after the year's end (from PARTYEAR)", "2009 number 99: annual, final (from PARTYEAR)"},
			Problems: []quality.Reject{
				{Reason: "A date is not a day of the calendar, or not in a known form.", Count: 1, At: at(6, "ADMIDATE")},
				{Reason: "The line has too few fields.", Count: 1, At: at(8, "")},
				{Reason: "The row has no EPIKEY.", Count: 1, At: at(7, "EPIKEY")},
			},
			Remarks: []string{"Its name says the financial year 1920, and its rows are of 0809, 0910, 1011.", "It holds rows of 3 financial years."},
		}}}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	want.Files[0].Size = st.Size()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The rows that an inspection says would be rejected are those that a load rejects.
func TestInspectAgreesWithLoad(t *testing.T) {
	long := "0809|9|2008-04-01|" + strings.Repeat("x", 3<<20)
	path := file(t, "f.txt", "FYEAR|EPIKEY|ADMIDATE|SEX\n0809||2008-04-01|1\n0809|1|2010-02-30|1\n0809|1|2008-04-01\n0809|1|2008-04-01|1|2\n0809|1|2008-04-01|\x00\n0809|1|2008-04-01|\"1\n"+long+"\n\n2008|2|01APR2008|1\n")
	_, report, err := run(t, load.Options{Files: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	got := inspect(t, load.Options{Files: []string{path}}).Files[0]
	if got.Rows != report.Rows.Read {
		t.Errorf("%d rows, a load reads %d", got.Rows, report.Rows.Read)
	}
	if d := cmp.Diff(report.Rejects, got.Problems); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(report.Years, got.Years); d != "" {
		t.Error(d)
	}
	if len(report.Rejects) != 7 {
		t.Errorf("%d reasons", len(report.Rejects))
	}
}

// Files that a load refuses are described as far as they can be.
func TestInspectRefusals(t *testing.T) {
	for name, c := range map[string]struct{ name, content, says string }{
		"identifying":   {"a.txt", "EPIKEY|ADMIDATE|NEWNHSNO|DOB\n1|2008-04-01|canary|canary\n", "NEWNHSNO, DOB"},
		"no-header":     {"a.txt", "canary|0809|2008-04-01\n", "no header"},
		"no-key":        {"a.txt", "FYEAR|ADMIDATE|SEX\n0809|2008-04-01|canary\n", "no column EPIKEY"},
		"outpatients":   {"HES_OP_2010.txt", "ATTENDKEY|APPTDATE|SEX\ncanary|2008-04-01|1\n", "outpatient"},
		"nul":           {"a.txt", "canary\x00\n", "NUL"},
		"endless":       {"a.txt", strings.Repeat("canary", 1<<19), "longer than a million"},
		"empty-line":    {"a.txt", "\ncanary\n", "first line is empty"},
		"open-quote":    {"a.txt", "\"canary\n", "quotation"},
		"headers-alone": {"a_headers.txt", "canary|canaries\n", "no header"},
	} {
		t.Run(name, func(t *testing.T) {
			got := inspect(t, load.Options{Files: []string{file(t, c.name, c.content)}})
			if !strings.Contains(got.Files[0].Refused, c.says) || !strings.Contains(got.Load, "refuse") {
				t.Errorf("refused: %q; %s", got.Files[0].Refused, got.Load)
			}
			if b, err := json.Marshal(got); err != nil || strings.Contains(strings.ToLower(string(b)), "canary") {
				t.Errorf("a value is in the inspection: %s, %v", b, err)
			}
		})
	}
	d, _ := vocabulary(t)
	for _, files := range [][]string{nil, {t.TempDir()}, {file(t, "x.gz", gzipped(t, long(60_000))[:500_000])}} {
		if _, err := load.Inspect(t.Context(), d, load.Options{Files: files}); fault.Of(err) != fault.Invalid {
			t.Errorf("%v: %v", files, err)
		}
	}
}

// Forms are told apart.
func TestInspectForms(t *testing.T) {
	text := "EPIKEY|ADMIDATE|CONSULT\n1|2008-04-01|é\n"
	plain := strings.Replace(text, "é", "e", 1)
	at := folder(t, map[string]string{"a.txt": "1|2008-04-01|e\n", "a_headers.txt": "EPIKEY|ADMIDATE|CONSULT", "m": "1 = EPIKEY\n2 = ADMIDATE\n", "b.txt": "1|2008-04-01|e\n"})
	for name, c := range map[string]struct {
		o    load.Options
		want load.Inspected
	}{
		"ascii":        {load.Options{Files: []string{file(t, "x.txt", plain)}}, load.Inspected{Separator: "pipe", Encoding: "ASCII", LineEnds: "LF", Compression: "none", Header: "first line"}},
		"utf-8":        {load.Options{Files: []string{file(t, "x.txt", text)}}, load.Inspected{Separator: "pipe", Encoding: "UTF-8", LineEnds: "LF", Compression: "none", Header: "first line"}},
		"windows-1252": {load.Options{Files: []string{file(t, "x.txt", plain+strings.Repeat("2|2008-04-01|e\n", 30_000)+"3|2008-04-01|\xe9\n")}}, load.Inspected{Separator: "pipe", Encoding: "Windows-1252", LineEnds: "LF", Compression: "none", Header: "first line"}},
		"gzip-utf-16":  {load.Options{Files: []string{file(t, "x.gz", gzipped(t, inUTF16(binary.BigEndian, true, strings.ReplaceAll(strings.ReplaceAll(text, "|", "\t"), "\n", "\r"))))}}, load.Inspected{Separator: "tab", Encoding: "UTF-16BE", LineEnds: "CR", Compression: "gzip", Header: "first line"}},
		"zip-mark":     {load.Options{Files: []string{file(t, "x.zip", zipped(t, member{name: "a.txt", text: "\xef\xbb\xbf" + strings.ReplaceAll(text, "|", ",")}))}}, load.Inspected{Separator: "comma", Encoding: "UTF-8 with BOM", LineEnds: "LF", Compression: "zip", Header: "first line"}},
		"beside":       {load.Options{Files: []string{at("a.txt")}}, load.Inspected{Separator: "pipe", Encoding: "ASCII", LineEnds: "LF", Compression: "none", Header: "a_headers.txt"}},
		"mapping":      {load.Options{Files: []string{at("b.txt")}, Map: at("m")}, load.Inspected{Separator: "pipe", Encoding: "ASCII", LineEnds: "LF", Compression: "none", Header: "m"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := inspect(t, c.o).Files[0]
			got := load.Inspected{Separator: x.Separator, Encoding: x.Encoding, LineEnds: x.LineEnds, Compression: x.Compression, Quoting: x.Quoting, Header: x.Header}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if x.Refused != "" || x.Rows == 0 || len(x.Problems) > 0 {
				t.Errorf("%+v", x)
			}
		})
	}
}
