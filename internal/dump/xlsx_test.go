package dump

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// hostile are texts that are formulas, or something else than a text, to one
// spreadsheet or another.
var hostile = []string{
	`=1+1`, `+1+1`, `-1+1`, `@SUM(1,1)`, "\t=1+1", "\r=1+1", "\x00=1+1", `＝1+1`, `＋1`, `－1`, `＠SUM(1)`,
	`=HYPERLINK("http://127.0.0.1/","x")`, `=cmd|' /C calc'!A0`, `"=1+1`,
}

// sheet reads a sheet back as a program would: cells by line and column, with
// what kind each is ("text", "number", and the style behind a stroke).
func sheet(t *testing.T, file []byte, name string) (cells [][]string, kinds [][]string) {
	t.Helper()
	type cell struct {
		R string `xml:"r,attr"`
		T string `xml:"t,attr"`
		S string `xml:"s,attr"`
		V string `xml:"v"`
		F string `xml:"f"`
		I string `xml:"is>t"`
	}
	var x struct {
		Rows []struct {
			Cells []cell `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal(zipped(t, file, name), &x); err != nil {
		t.Fatal(err)
	}
	escaped := regexp.MustCompile(`_x([0-9A-F]{4})_`)
	for n, r := range x.Rows {
		cells, kinds = append(cells, nil), append(kinds, nil)
		for _, c := range r.Cells {
			column := strings.TrimRight(c.R, "0123456789")
			if c.R != column+strconv.Itoa(n+1) || c.F != "" {
				t.Errorf("cell %s in line %d, formula %q", c.R, n+1, c.F)
			}
			at := 0
			for _, l := range column {
				at = 26*at + int(l-'A') + 1
			}
			for len(cells[n]) < at {
				cells[n], kinds[n] = append(cells[n], ""), append(kinds[n], "")
			}
			switch c.T {
			case "inlineStr":
				kinds[n][at-1] = "text"
				cells[n][at-1] = escaped.ReplaceAllStringFunc(c.I, func(s string) string {
					r, _ := strconv.ParseUint(s[2:6], 16, 16)
					return string(rune(r))
				})
			case "":
				cells[n][at-1], kinds[n][at-1] = c.V, "number"
			default:
				t.Errorf("cell %s has the type %q", c.R, c.T)
			}
			if c.S != "" {
				kinds[n][at-1] += "/" + c.S
			}
		}
	}
	return cells, kinds
}

func zipped(t *testing.T, file []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestXLSX(t *testing.T) {
	got := written(t, XLSX, columns, [][]string{
		{"1", "2008-04-01", "000310000000123", "-3", "0.5"},
		{"", "", "", "", ""},
		{"007", "1899-01-01", "12345678901234567890", "1234567890123456", "00.5"},
	})
	cells, kinds := sheet(t, got, "xl/worksheets/sheet1.xml")
	wantCells := [][]string{{"SEX", "ADMIDATE", "EPIKEY", "STARTAGE", "STARTAGE_CALC"}, {"1", "39539", "000310000000123", "-3", "0.5"}, nil,
		{"007", "1899-01-01", "12345678901234567890", "1234567890123456", "00.5"}}
	wantKinds := [][]string{{"text/1", "text/1", "text/1", "text/1", "text/1"}, {"text", "number/2", "text", "number", "number"}, nil,
		{"text", "text", "text", "text", "text"}}
	if d := cmp.Diff(wantCells, cells); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantKinds, kinds); d != "" {
		t.Error(d)
	}
}

func TestTextsOfXLSX(t *testing.T) {
	texts := append([]string{"a & b < c > d", " spaces ", "line\nbreak", "_x0041_", "_x004", "_xGGGG_", "é 漢 \U0001F600", "\uFFFE", "\x01\x1f"}, hostile...)
	var lines [][]string
	for _, s := range texts {
		lines = append(lines, []string{s})
	}
	cells, kinds := sheet(t, written(t, XLSX, []Column{{"TEXT", hes.Code}}, lines), "xl/worksheets/sheet1.xml")
	for i, s := range texts {
		if cells[i+1][0] != s || kinds[i+1][0] != "text" {
			t.Errorf("%q is %q, %s", s, cells[i+1][0], kinds[i+1][0])
		}
	}
}

func TestXLSXSaysWhatItIs(t *testing.T) {
	var b bytes.Buffer
	s, err := NewSink(Stream(&b), XLSX, columns, [2]string{"File", "12"}, [2]string{"Filters", "=all"})
	if err == nil {
		_, err = s.Finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	cells, _ := sheet(t, b.Bytes(), "xl/worksheets/sheet2.xml")
	if d := cmp.Diff([][]string{{"File", "12"}, {"Filters", "=all"}}, cells); d != "" {
		t.Error(d)
	}
	z, _ := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	for _, f := range z.File {
		if !f.Modified.IsZero() && f.Modified.Year() > 1980 || f.Comment != "" || len(f.Extra) > 0 {
			t.Errorf("%s tells of the hour or the machine: %v", f.Name, f.Modified)
		}
		if err := xml.Unmarshal(zipped(t, b.Bytes(), f.Name), new(struct{})); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if core := string(zipped(t, b.Bytes(), "docProps/core.xml")); !strings.Contains(core, "<dc:creator>WebEnable HES<") {
		t.Error(core)
	}
}

func TestASheetIsFull(t *testing.T) {
	s, err := NewSink(Stream(io.Discard), XLSX, columns)
	if err != nil {
		t.Fatal(err)
	}
	s.out.(*xlsxLines).lines = MaxSheetLines - 1
	line := []string{"1", "", "", "", ""}
	if err := s.Line(line); err != nil {
		t.Fatal(err)
	}
	if err := s.Line(line); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "1048575") {
		t.Errorf("one line too many: %v", err)
	}
}

func TestSafeCSV(t *testing.T) {
	var lines [][]string
	for _, s := range hostile {
		lines = append(lines, []string{s, "-5"})
	}
	rows, err := csv.NewReader(bytes.NewReader(written(t, SafeCSV, []Column{{"=TEXT", hes.Code}, {"N", hes.Int}}, lines))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][0] != "'=TEXT" {
		t.Errorf("heading %q", rows[0][0])
	}
	for i, s := range hostile {
		want := s
		if s[0] != '"' {
			want = "'" + s
		}
		if strings.ReplaceAll(want, "\r", "\n") != strings.ReplaceAll(rows[i+1][0], "\r", "\n") || rows[i+1][1] != "-5" {
			t.Errorf("%q is %q and -5 %q", s, rows[i+1][0], rows[i+1][1])
		}
	}
}

func TestNamesOfColumns(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want {
			t.Errorf("column %d is %s, want %s", i, got, want)
		}
	}
}

// TestTortureLibreOffice opens the hostile texts in LibreOffice and looks at what
// it makes of them.
func TestTortureLibreOffice(t *testing.T) {
	if os.Getenv("WEBENABLE_TORTURE") == "" {
		return
	}
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatal("LibreOffice is needed: install the package libreoffice-calc.")
	}
	var lines [][]string
	for i, s := range hostile {
		lines = append(lines, []string{s, strconv.Itoa(-i), "2008-04-01"})
	}
	cols := []Column{{"TEXT", hes.Code}, {"N", hes.Int}, {"DAY", hes.Date}}
	for format, ending := range map[Format]string{SafeCSV: "csv", XLSX: "xlsx"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "file."+ending)
		if err := os.WriteFile(path, written(t, format, cols, lines), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(office, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--convert-to", "fods", "--outdir", dir, path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		opened, err := os.ReadFile(filepath.Join(dir, "file.fods"))
		if err != nil {
			t.Fatal(err)
		}
		if f := regexp.MustCompile(`table:formula="[^"]*"|<text:a [^>]*>`).FindAll(opened, -1); len(f) > 0 {
			t.Errorf("%s: LibreOffice found %q", ending, f)
		}
		if texts := bytes.Count(opened, []byte(`office:value-type="string"`)); texts < len(hostile) {
			t.Errorf("%s: %d texts, want %d", ending, texts, len(hostile))
		}
		if n := bytes.Count(opened, []byte(`office:value-type="float"`)); n < len(hostile) {
			t.Errorf("%s: %d numbers, want %d", ending, n, len(hostile))
		}
		fmt.Printf("TORTURE LibreOffice: %d hostile texts of %s are texts\n", len(hostile), ending)
	}
}
