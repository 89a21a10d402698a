package codelist

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
)

// The files below have the real layouts and invented titles.
const (
	icdHeader = "CODE\tALT_CODE\tUSAGE\tUSAGE_UK\tDESCRIPTION\tMODIFIER_4\tMODIFIER_5\tQUALIFIERS\tGENDER_MASK\tMIN_AGE\tMAX_AGE\tTREE_DESCRIPTION\n"
	icdName5  = "ICD10_Edition5_CodesAndTitlesAndMetadata_GB_20160401.txt"
	icdName4  = "ICD10_Edition4_CodesAndTitlesAndMetadata_GB_20120401.txt"
	opcsFile  = "OPCS410 CodesAndTitles Nov 2022 V1.0.txt"
	icd5      = icdHeader +
		"L40\tL40\tDEFAULT\t3\tScaly rash\t\t\t\t\t\t\tChapter\n" +
		"L40.0\tL400\tDEFAULT\t3\tScaly rash, plaques\t\t\t\t\t\t\tChapter\n" +
		"L52\tL52X\tDEFAULT\t3\t\"Red lumps, shins\"\t\t\t\t\t\t\tChapter\n" +
		"L98.7\tL987\tDEFAULT\t3\tSpare skin\t\t\t\tF\t12\t55\tChapter\n"
)

func legacy(code, name, opened, closed string) string {
	row := make([]string, 27)
	row[0], row[1], row[2], row[9], row[10], row[11] = code, name, "Y55", "AA1 1AA", opened, closed
	return `"` + strings.Join(row, `","`) + `"` + "\r\n"
}

func must(t testing.TB, name, text string, o Options) *Draft {
	t.Helper()
	d, err := parse(name, []byte(text), o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

func TestReaders(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		o                Options
		kind             Kind
		edition          string
		from, to         string
		want             []Entry
	}{
		{"icd-5", icdName5, icd5, Options{}, ICD10, "5", "2016-04-01", "", []Entry{
			{Code: "L40", Title: "Scaly rash"}, {Code: "L400", Title: "Scaly rash, plaques"}, {Code: "L52", Title: "Red lumps, shins"},
			{Code: "L987", Title: "Spare skin", Sex: "2", MinAge: "12", MaxAge: "55"}}},
		{"icd-4", icdName4, icdHeader + "L89X\tL89X\tDEFAULT\t3\tSore\t\t\t\t1\t0\t124\tC\n", Options{}, ICD10, "4", "2012-04-01", "2016-03-31", []Entry{{Code: "L89", Title: "Sore", Sex: "1"}}},
		{"icd-other-order", "x.txt", "ALT_CODE\tDESCRIPTION\tCODE\nL400\tScaly\tL40.0\n", Options{Edition: "6", From: "2030-04-01", To: "2031-03-31"}, ICD10, "6", "2030-04-01", "2031-03-31", []Entry{{Code: "L400", Title: "Scaly"}}},
		{"icd-bare", "icd10 edition 4.txt", "A01\tBad water\r\nA01.1†\tWorse water\r\n", Options{}, ICD10, "4", "2012-04-01", "2016-03-31", []Entry{{Code: "A01", Title: "Bad water"}, {Code: "A011", Title: "Worse water"}}},
		{"opcs", opcsFile, "S06\tCut it out\nS06.5\tCut a little out\nX99X\tno such row\n\n" + strings.Repeat("S07.1\tAgain\n", 20), Options{}, OPCS4, "4.10", "2023-04-01", "",
			[]Entry{{Code: "S06", Title: "Cut it out"}, {Code: "S065", Title: "Cut a little out"}, {Code: "S071", Title: "Again"}}},
		{"opcs-4.9", "OPCS49.txt", "S06\tCut it out\n", Options{}, OPCS4, "4.9", "2020-04-01", "2023-03-31", []Entry{{Code: "S06", Title: "Cut it out"}}},
		{"ods-legacy", "epraccur.csv", legacy("A81001", "THE INVENTED PRACTICE", "19740401", "") + legacy("A81002", "ANOTHER, MADE UP", "19740401", "20120331"), Options{}, ODS, "epraccur", "", "", []Entry{
			{Code: "A81001", Title: "THE INVENTED PRACTICE", From: "1974-04-01"}, {Code: "A81002", Title: "ANOTHER, MADE UP", From: "1974-04-01", To: "2012-03-31"}}},
		{"ods-report", "etr report.csv", "\xef\xbb\xbfName,Organisation Code,Close Date,Open Date\nInvented Trust,rzz,,01/04/2001\nOld Trust,RZY,31-MAR-2010,2001-04-01 00:00:00\n", Options{}, ODS, "etr-report", "", "", []Entry{
			{Code: "RZZ", Title: "Invented Trust", From: "2001-04-01"}, {Code: "RZY", Title: "Old Trust", From: "2001-04-01", To: "2010-03-31"}}},
		{"ods-two-columns", "list.csv", "RZZ,Invented Trust\n", Options{Kind: ODS, Edition: "mine"}, ODS, "mine", "", "", []Entry{{Code: "RZZ", Title: "Invented Trust"}}},
		{"ods-used-again", "ets.csv", legacy("RZZ01", "OLD", "19740401", "20000331") + legacy("RZZ01", "NEW", "20010401", ""), Options{}, ODS, "ets", "", "", []Entry{{Code: "RZZ01", Title: "NEW", From: "2001-04-01"}}},
		{"successors", "succ.csv", "\"00C\",\"16C\",\"R\",\"20130401\",\"1\"\n\"16C\",\"99Z\",\"R\",\"20200401\",\"\"\n", Options{}, Successors, "succ", "", "", []Entry{
			{Code: "00C", Next: "16C", From: "2013-04-01"}, {Code: "16C", Next: "99Z", From: "2020-04-01"}}},
		{"successors-three", "mine.csv", "RZY,RZZ,2010-04-01\n", Options{}, Successors, "mine", "", "", []Entry{{Code: "RZY", Next: "RZZ", From: "2010-04-01"}}},
		{"successors-named", "mine.csv", "New Code,Old Code,Date\nRZZ,RZY,\n", Options{}, Successors, "mine", "", "", []Entry{{Code: "RZY", Next: "RZZ"}}},
		{"lsoa", "imd.csv", "LSOA code (2011),LSOA name (2011),Index of Multiple Deprivation (IMD) Decile,Income Decile,RGN11CD,RGN11NM,ICB23CD,ICB23NM\nE01000001,Somewhere 001A,9,2,E12000007,London,E54000029,Invented ICB\nE01000002,Somewhere 001B,11,,,,,\n",
			Options{}, LSOA, "imd", "", "", []Entry{
				{Code: "E01000001", Area: Area{Decile: "9", RegionCode: "E12000007", Region: "London", ICBCode: "E54000029", ICB: "Invented ICB"}}, {Code: "E01000002"}}},
		{"lsoa-two-deciles", "x.tsv", "lsoa11cd\tincome decile\thealth decile\tregion\nE01000001\t1\t2\tLondon\n", Options{}, LSOA, "x", "", "", []Entry{{Code: "E01000001", Area: Area{Region: "London"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := must(t, c.file, c.text, c.o)
			if d.List.Kind != c.kind || d.List.Edition != c.edition || d.List.From != c.from || d.List.To != c.to || d.List.Codes != len(c.want) {
				t.Errorf("%+v", d.List)
			}
			if diff := cmp.Diff(c.want, d.Entries); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNotesSayWhatWasTakenAndLeft(t *testing.T) {
	d := must(t, icdName5, icd5+strings.Repeat("Z99.9\tZ999\t\t\tSame\t\t\t\tQ\tx\t\t\n", 9)+"nonsense\t\t\t\tTitle\n", Options{})
	want := []string{
		"taken: code and title from the columns CODE and DESCRIPTION",
		"taken: limits of sex and age",
		"left out: 9 masks of sexes that are not known, the first on line 6",
		"left out: 9 age limits that are not whole years, the first on line 6",
		"left out: 8 rows of a code that was there before, the first on line 7",
		"left out: 1 rows without a code of the classification, the first on line 15",
	}
	if diff := cmp.Diff(want, d.List.Notes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEncodings(t *testing.T) {
	const text = "S06\tBecquérel’s cut\n"
	units := utf16.Encode([]rune(text))
	little, big := []byte("\xff\xfe"), []byte("\xfe\xff")
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	for name, b := range map[string][]byte{
		"utf-8": []byte(text), "utf-8-mark": []byte("\xef\xbb\xbf" + text), "utf-16-little": little, "utf-16-big": big, "windows-1252": []byte("S06\tBecqu\xe9rel\x92s cut\n"),
	} {
		d, err := parse(opcsFile, b, Options{})
		if err != nil || d.Entries[0].Title != "Becquérel’s cut" {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestWhatReadersRefuse(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		o                Options
		says             string
	}{
		{"empty", "x.txt", "", Options{}, "x.txt is empty"},
		{"blank", "x.txt", "\r\n\n,,\n", Options{}, "x.txt is empty"},
		{"zip", "x.zip", "PK\x03\x04rest", Options{}, "packed"},
		{"gzip", "x.gz", "\x1f\x8brest", Options{}, "packed"},
		{"binary", "x.txt", "S06\tfine\nS07\t\x00\x01\n", Options{}, "x.txt:2: this is not a text file"},
		{"utf-16-odd", "x.txt", "\xff\xfe", Options{}, "is empty"},
		{"unknown", "x.txt", "who,knows\n1,2\n", Options{}, "--kind"},
		{"no-edition", "x.txt", "S06\tCut it out\n", Options{}, "--edition"},
		{"no-from", "x.txt", "S06\tCut it out\n", Options{Edition: "4.77"}, "--from"},
		{"ends-first", "x.txt", "S06\tCut it out\n", Options{Edition: "4.9", To: "2001-01-01"}, "after the day given with --to"},
		{"header-only", icdName5, icdHeader, Options{}, "holds no code"},
		{"wrong-kind", "x.csv", "RZZ,Invented Trust\nRZY,Other\n", Options{Kind: ICD10, Edition: "5"}, "x.csv:1: 2 of 2 rows cannot be used, this one among the rows without a code of the classification"},
		{"one-in-five-bad", opcsFile, "S06\tA\nS07\tB\nS08\tC\nS09\tD\nS10\t\n", Options{}, ":5: 1 of 5 rows cannot be used, this one among the rows without a title"},
		{"unclosed-quote", "epraccur.csv", legacy("A81001", "FINE", "", "") + `"A81002","NEVER CLOSED,` + strings.Repeat("X,Y\n", 400), Options{Kind: ODS}, "epraccur.csv:2: a text is longer"},
		{"many-columns", "x.csv", strings.Repeat(",", 300) + "x", Options{Kind: ODS}, "x.csv:1: the row has more than"},
		{"lsoa-without-names", "x.csv", "E01000001,4\n", Options{Kind: LSOA}, "x.csv:1: the first row must name the columns"},
		{"loop", "succ.csv", "RAA,RAB,R,20100401,\nRAB,RAC,R,,\nRAC,RAA,R,20100401,\n", Options{}, "come back to where they were"},
		{"loop-of-two", "succ.csv", "RAA,RAB,R,20100401,\nRAB,RAA,R,20100401,\n", Options{}, "come back to where they were"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := parse(c.file, []byte(c.text), c.o)
			if err == nil || fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, error %v; want one that says %q", d, err, c.says)
			}
		})
	}
	if _, err := parse("big.txt", make([]byte, maxFile+1), Options{}); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file over the limit: %v", err)
	}
	rows := strings.Repeat("S06\tA\n", maxRows+1)
	if _, err := parse(opcsFile, []byte(rows), Options{}); err == nil || !strings.Contains(err.Error(), "more than 1000000 rows") {
		t.Errorf("rows over the limit: %v", err)
	}
}

func TestReadChecksFileAndOptions(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, opcsFile)
	if err := os.WriteFile(file, []byte("S06\tCut it out\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Read(file, Options{})
	if err != nil || d.List.Source != opcsFile || d.List.SHA256 != "f649d29aaf949052707952555304351292e2d37a7ae320f371a730d14df4f61a" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, c := range []struct {
		path string
		o    Options
		kind fault.Kind
	}{
		{filepath.Join(dir, "none"), Options{}, fault.NotFound},
		{dir, Options{}, fault.Invalid},
		{file, Options{Kind: "icd11"}, fault.Invalid},
		{file, Options{From: "1.4.2016"}, fault.Invalid},
		{file, Options{To: "20160401"}, fault.Invalid},
		{file, Options{From: "2016-04-02", To: "2016-04-01"}, fault.Invalid},
		{file, Options{Edition: "../5"}, fault.Invalid},
	} {
		if _, err := Read(c.path, c.o); err == nil || fault.Of(err) != c.kind {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestDay(t *testing.T) {
	for text, want := range map[string]string{
		"20080401": "2008-04-01", "2008-04-01": "2008-04-01", "01/04/2008": "2008-04-01", "1/4/2008": "2008-04-01", "01-APR-2008": "2008-04-01", "1-Apr-2008": "2008-04-01",
		"2008-04-01T00:00:00Z": "2008-04-01", "01/04/2008 00:00": "2008-04-01", "20080431": "bad", "00010101": "bad", "x": "bad", "T": "bad", " ": "",
	} {
		got, ok := day(text)
		if !ok {
			got = "bad"
		}
		if got != want {
			t.Errorf("day(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{icd5, "S06\tCut it out\n", legacy("A81001", "A", "19740401", ""), "00C,16C,R,20130401,\n16C,00C,R,20130401,\n",
		"LSOA11CD,IMD Decile\nE01000001,4\n", "\xff\xfeS\x00", "\"", "Code,Name\n\"R\"\"A\",x\n"} {
		f.Add([]byte(text), "")
		f.Add([]byte(text), "ods")
	}
	f.Fuzz(func(t *testing.T, b []byte, kind string) {
		d, err := parse("x.csv", b, Options{Kind: Kind(kind), Edition: "5", From: "2016-04-01"})
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Errorf("a hostile file is our own mistake: %v", err)
			}
			return
		}
		if len(d.Entries) == 0 || len(d.Entries) != d.List.Codes {
			t.Errorf("%d entries, %d said", len(d.Entries), d.List.Codes)
		}
		for _, e := range d.Entries {
			if e.Code == "" || len(e.Title) > maxText || e.Code != plain("", e.Code) {
				t.Errorf("entry %+v", e)
			}
		}
	})
}
