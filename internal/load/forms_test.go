package load_test

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
)

// utf16 writes a text in UTF-16, with a byte order mark or not.
func inUTF16(order binary.AppendByteOrder, mark bool, text string) string {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// folder makes a folder of files and returns how to name one of them.
func folder(t *testing.T, files map[string]string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

// Encodings and line ends change neither what is read nor the line numbers.
func TestEncodings(t *testing.T) {
	text := "FYEAR|EPIKEY|ADMIDATE|CONSULT\n0809|1|2008-04-01|É1\n\n0809|2|soon|X\n0809|3|2008-04-02|€\n"
	want := []map[string]string{
		{"FYEAR": "0809", "EPIKEY": "1", "ADMIDATE": "2008-04-01", "CONSULT": "É1"},
		{"FYEAR": "0809", "EPIKEY": "3", "ADMIDATE": "2008-04-02", "CONSULT": "€"},
	}
	crlf, cr := strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, "\n", "\r")
	for name, c := range map[string]struct{ content, form string }{
		"utf-8":                   {text, "pipe-separated"},
		"utf-8-mark":              {"\xef\xbb\xbf" + text, "pipe-separated"},
		"utf-8-crlf":              {crlf, "pipe-separated"},
		"utf-8-cr":                {cr, "pipe-separated, lines end with CR"},
		"utf-8-mark-cr":           {"\xef\xbb\xbf" + cr, "pipe-separated, lines end with CR"},
		"windows-1252":            {strings.NewReplacer("É", "\xc9", "€", "\x80").Replace(text), "pipe-separated"},
		"windows-1252-cr":         {strings.NewReplacer("É", "\xc9", "€", "\x80").Replace(cr), "pipe-separated, lines end with CR"},
		"utf-16-little":           {inUTF16(binary.LittleEndian, true, text), "pipe-separated, UTF-16LE"},
		"utf-16-big":              {inUTF16(binary.BigEndian, true, text), "pipe-separated, UTF-16BE"},
		"utf-16-little-crlf":      {inUTF16(binary.LittleEndian, true, crlf), "pipe-separated, UTF-16LE"},
		"utf-16-little-cr":        {inUTF16(binary.LittleEndian, true, cr), "pipe-separated, UTF-16LE, lines end with CR"},
		"utf-16-little-no-mark":   {inUTF16(binary.LittleEndian, false, text), "pipe-separated, UTF-16LE"},
		"utf-16-big-no-mark":      {inUTF16(binary.BigEndian, false, text), "pipe-separated, UTF-16BE"},
		"gzip-utf-16":             {gzipped(t, inUTF16(binary.LittleEndian, true, text)), "pipe-separated, gzip, UTF-16LE"},
		"gzip-cr":                 {gzipped(t, cr), "pipe-separated, gzip, lines end with CR"},
		"tabs":                    {strings.ReplaceAll(text, "|", "\t"), "tab-separated"},
		"commas-utf-16":           {inUTF16(binary.BigEndian, true, strings.ReplaceAll(text, "|", ",")), "comma-separated, UTF-16BE"},
		"commas-in-quotes":        {strings.Replace(text, "CONSULT", `"CONSULT"`, 1), "pipe-separated"},
		"utf-16-without-line-end": {inUTF16(binary.LittleEndian, true, strings.TrimSuffix(text, "\n")), "pipe-separated, UTF-16LE"},
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := run(t, load.Options{Files: []string{file(t, "x.txt", c.content)}})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(got, func(a, b map[string]string) int { return strings.Compare(a["EPIKEY"], b["EPIKEY"]) })
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if at := report.Rejects[0].At[0].String(); at != "x.txt:4:ADMIDATE" {
				t.Errorf("the bad row is said to be at %s", at)
			}
			if f := report.Files[0].Form; f != c.form {
				t.Errorf("the form is %q, want %q", f, c.form)
			}
		})
	}
}

// A stray CR in a text of LF lines is no line end.
func TestStrayCR(t *testing.T) {
	_, report, err := run(t, load.Options{Files: []string{file(t, "x.txt", "EPIKEY|ADMIDATE|CONSULT\n1|2008-04-01|a\rb\n2|soon|c\n")}})
	if err != nil || report.Rows.Read != 2 || report.Rejects[0].At[0].Line != 3 {
		t.Errorf("%+v, %v", report, err)
	}
}

const data = "0809|1|2008-04-01|L400\n0809|2|soon|L20\n"

// The names of columns may lie beside a text or be named; lines are counted from
// the first line of the text itself.
func TestSeparateHeaders(t *testing.T) {
	const names = "FYEAR|EPIKEY|ADMIDATE|DIAG_4_01"
	for name, c := range map[string]struct {
		files  map[string]string
		load   []string
		header string
	}{
		"beside":           {map[string]string{"apc_201112.txt": data, "apc_201112_headers.txt": names + "\n"}, []string{"apc_201112.txt"}, ""},
		"beside-other-end": {map[string]string{"APC_201112.TXT": data, "apc_201112_header.csv": strings.ReplaceAll(names, "|", ",")}, []string{"APC_201112.TXT"}, ""},
		"beside-gzip":      {map[string]string{"a.txt.gz": gzipped(t, data), "a_headers.txt": names}, []string{"a.txt.gz"}, ""},
		"beside-gzipped":   {map[string]string{"a.txt": data, "a_headers.txt.gz": gzipped(t, names)}, []string{"a.txt"}, ""},
		"named-with-it":    {map[string]string{"a.txt": data, "a_headers.txt": names}, []string{"a.txt", "a_headers.txt"}, ""},
		"in-the-archive":   {map[string]string{"a.zip": zipped(t, member{name: "in/a_headers.txt", text: names}, member{name: "in/a.txt", text: data})}, []string{"a.zip"}, ""},
		"named":            {map[string]string{"a.txt": data, "h": names}, []string{"a.txt"}, "h"},
		"named-and-beside": {map[string]string{"a.txt": data, "a_headers.txt": names}, []string{"a.txt"}, "a_headers.txt"},
		"semicolons":       {map[string]string{"a.txt": data, "h": strings.ReplaceAll(names, "|", " ; ")}, []string{"a.txt"}, "h"},
		"spaces":           {map[string]string{"a.txt": data, "h": strings.ReplaceAll(names, "|", " ")}, []string{"a.txt"}, "h"},
		"lower-quoted":     {map[string]string{"a.txt": data, "h": `"` + strings.ToLower(strings.ReplaceAll(names, "|", `","`)) + `"`}, []string{"a.txt"}, "h"},
		"one-a-line":       {map[string]string{"a.txt": data, "h": strings.ReplaceAll(names, "|", "\r\n") + "\r\n\r\n"}, []string{"a.txt"}, "h"},
		"one-a-line-cr":    {map[string]string{"a.txt": data, "h": strings.ReplaceAll(names, "|", "\r")}, []string{"a.txt"}, "h"},
		"utf-16":           {map[string]string{"a.txt": data, "h": inUTF16(binary.LittleEndian, true, names)}, []string{"a.txt"}, "h"},
		"utf-16-data":      {map[string]string{"a.txt": inUTF16(binary.BigEndian, true, data), "h": names}, []string{"a.txt"}, "h"},
		"mark":             {map[string]string{"a.txt": "\xef\xbb\xbf" + data, "h": "\xef\xbb\xbf" + names}, []string{"a.txt"}, "h"},
		"cr":               {map[string]string{"a.txt": strings.ReplaceAll(data, "\n", "\r"), "h": names}, []string{"a.txt"}, "h"},
	} {
		t.Run(name, func(t *testing.T) {
			at := folder(t, c.files)
			o := load.Options{}
			for _, f := range c.load {
				o.Files = append(o.Files, at(f))
			}
			if c.header != "" {
				o.Header = at(c.header)
			}
			got, report, err := run(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]map[string]string{{"FYEAR": "0809", "EPIKEY": "1", "ADMIDATE": "2008-04-01", "DIAG_01": "L400"}}, got); d != "" {
				t.Error(d)
			}
			if at := report.Rejects[0].At[0]; at.Line != 2 || at.Column != "ADMIDATE" {
				t.Errorf("the bad row is said to be at %s", at)
			}
			if f := report.Files[0].Form; !strings.Contains(f, ", header from ") {
				t.Errorf("the form is %q", f)
			}
		})
	}
}

// A first line that names columns is a header, whatever else was named.
func TestOwnHeaderWins(t *testing.T) {
	at := folder(t, map[string]string{"a.txt": head + "0809|1|2008-04-01\n", "a_headers.txt": "EPIKEY|FYEAR|ADMIDATE", "h": "SEX|EPIKEY|ADMIDATE"})
	got, report, err := run(t, load.Options{Files: []string{at("a.txt")}, Header: at("h")})
	if err != nil || got[0]["EPIKEY"] != "1" || report.Rows.Read != 1 || report.Files[0].Form != "pipe-separated" {
		t.Errorf("%v, %+v, %v", got, report, err)
	}
}

func TestHeaderRefusals(t *testing.T) {
	names := "FYEAR|EPIKEY|ADMIDATE|DIAG_4_01"
	for name, c := range map[string]struct {
		files map[string]string
		h     string
		says  string
	}{
		"two-beside":     {map[string]string{"a.txt": data, "a_headers.txt": names, "a_header.csv": names}, "", "several"},
		"too-few-names":  {map[string]string{"a.txt": data, "h": "FYEAR|EPIKEY|ADMIDATE"}, "h", "has 4 columns and its header h names 3"},
		"too-many-names": {map[string]string{"a.txt": data, "a_headers.txt": names + "|SEX"}, "", "names 5"},
		"empty":          {map[string]string{"a.txt": data, "h": ""}, "h", "h is empty"},
		"blank":          {map[string]string{"a.txt": data, "h": "\n\n"}, "h", "not a header"},
		"no-names":       {map[string]string{"a.txt": data, "h": names + "\nname (x)\n"}, "h", "not a header"},
		"open-quotation": {map[string]string{"a.txt": data, "h": "\"FYEAR"}, "h", "quotation"},
		"nul":            {map[string]string{"a.txt": data, "h": "FYEAR|EP\x00IKEY"}, "h", "not a header"},
		"identifying":    {map[string]string{"a.txt": data, "h": "FYEAR|EPIKEY|ADMIDATE|NEWNHSNO"}, "h", "NEWNHSNO"},
		"several":        {map[string]string{"a.txt": data, "h": zipped(t, member{name: "a", text: names}, member{name: "b", text: names})}, "h", "several files"},
		"headers-only":   {map[string]string{"b.txt": data, "a.txt": names, "b_headers.txt": names}, "a.txt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := folder(t, c.files)
			o := load.Options{Files: []string{at("a.txt")}}
			if c.h != "" {
				o.Header = at(c.h)
			}
			if name == "headers-only" {
				o, c.says = load.Options{Files: []string{at("b_headers.txt")}}, "Only headers"
			}
			_, _, err := run(t, o)
			if kind := fault.Of(err); kind != fault.Invalid && kind != fault.Denied || !strings.Contains(fault.Say(err), c.says) {
				t.Errorf("kind %v: %v", fault.Of(err), err)
			}
			if err != nil && strings.Contains(err.Error(), "L400") {
				t.Errorf("a value is in the error: %v", err)
			}
		})
	}
}

// A mapping names columns by their place or by their name in the file.
func TestMapping(t *testing.T) {
	for name, c := range map[string]struct {
		text, mapping string
		want          map[string]string
		left          []string
	}{
		"positions":        {"1|0809|2008-04-01|x|2\n", "1 = EPIKEY\n2=FYEAR\n 3 = admidate \n05 = SEX\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01", "SEX": "2"}, []string{"COLUMN 4"}},
		"comments":         {"1|0809|2008-04-01\n", "# of 2011\r\n\r\n1 = EPIKEY\r\n2 = FYEAR\r\n3 = ADMIDATE\r\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01"}, nil},
		"names":            {"KEY|YEAR OF DATA|ADMITTED\n1|0809|2008-04-01\n", "key = EPIKEY\nYear of data = FYEAR\nADMITTED = ADMIDATE\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01"}, nil},
		"some-names":       {"EPIKEY|FYEAR|ADMITTED|SEX\n1|0809|2008-04-01|1\n", "ADMITTED = ADMIDATE\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01", "SEX": "1"}, nil},
		"older-name":       {"1|0809|2008-04-01|L400\n", "1=EPIKEY\n2=FYEAR\n3=ADMIDATE\n4=DIAG_4_01", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01", "DIAG_01": "L400"}, nil},
		"instead-of-own":   {"EPIKEY|FYEAR|ADMIDATE|SEX|GENDER\n1|0809|2008-04-01|1|2\n", "GENDER = SEX\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01", "SEX": "2"}, []string{"SEX"}},
		"person-elsewhere": {"EPIKEY|FYEAR|ADMIDATE|PSEUDO_HESID|ENCRYPTED_HESID\n1|0809|2008-04-01|a|b\n", "PSEUDO_HESID = STUDY_ID\n", map[string]string{"EPIKEY": "1", "FYEAR": "0809", "ADMIDATE": "2008-04-01", "STUDY_ID": "a", "TOKEN_PERSON_ID": "b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := run(t, load.Options{Files: []string{file(t, "a.txt", c.text)}, Map: file(t, "m.txt", c.mapping)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]map[string]string{c.want}, got); d != "" {
				t.Error(d)
			}
			var left []string
			for _, l := range report.Files[0].LeftOut {
				left = append(left, l.Column)
			}
			if d := cmp.Diff(c.left, left); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMappingRefusals(t *testing.T) {
	text := "KEY|FYEAR|ADMIDATE|NEWNHSNO|B\n1|0809|2008-04-01|S1|2\n"
	plain := strings.Replace(text, "NEWNHSNO", "A", 1)
	for name, c := range map[string]struct{ text, mapping, says string }{
		"empty":               {text, "# nothing\n", "has no line"},
		"no-equals":           {text, "KEY = EPIKEY\nKEY EPIKEY\n", "line 2 is not"},
		"no-column":           {text, " = EPIKEY\n", "line 1 is not"},
		"no-field":            {text, "KEY =\n", "line 1 is not"},
		"unknown-field":       {text, "KEY = S1234567\n", "line 1 names a field that is not in the data dictionary"},
		"family":              {text, "KEY = DIAG_nn\n", "as DIAG_01"},
		"derived":             {text, "KEY = CHARLSON\n", "works out"},
		"repeats":             {text, "KEY = DIAG_3_01\n", "repeats DIAG_nn"},
		"column-twice":        {text, "KEY = EPIKEY\nkey = SEX\n", "lines 1 and 2 name the same column"},
		"position-twice":      {text, "1 = EPIKEY\n01 = SEX\n", "lines 1 and 2 name the same column"},
		"field-twice":         {text, "KEY = EPIKEY\nB = epikey\n", "lines 1 and 2 name the same field"},
		"alias-twice":         {text, "KEY = TOKEN_PERSON_ID\nB = PSEUDO_HESID\n", "lines 1 and 2 name the same field"},
		"position-0":          {text, "0 = EPIKEY\n", "positions run from 1"},
		"position-huge":       {text, "99999 = EPIKEY\n", "positions run from 1"},
		"no-such-column":      {plain, "KEY = EPIKEY\nBB = SEX\n", "line 2 names a column that no file has"},
		"position-has-header": {plain, "KEY = EPIKEY\n5 = SEX\n", "line 2 names a column that no file has"},
		"to-identifying":      {text, "KEY = EPIKEY\nB = LOPATID\n", "NEWNHSNO, LOPATID"},
		"hides-identifying":   {text, "KEY = EPIKEY\nNEWNHSNO = STUDY_ID\n", "NEWNHSNO"},
		"two-places":          {"1|0809|2008-04-01\n", "1=EPIKEY\n2=FYEAR\n3=ADMIDATE\n4=SEX\n", "line 4 names a column that no file has"},
		"without-key":         {"1|0809|2008-04-01\n", "2=FYEAR\n3=ADMIDATE\n", "no column EPIKEY"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, load.Options{Files: []string{file(t, "a.txt", c.text)}, Map: file(t, "m.txt", c.mapping)})
			if kind := fault.Of(err); kind != fault.Invalid && kind != fault.Denied || !strings.Contains(fault.Say(err), c.says) {
				t.Errorf("kind %v: %v", fault.Of(err), err)
			}
			if err != nil && strings.Contains(err.Error(), "S1234567") {
				t.Errorf("the mapping's text is in the error: %v", err)
			}
		})
	}
}

// Older and newer names of a field give the same field.
func TestNamesOfFields(t *testing.T) {
	for older, field := range map[string]string{
		"PSEUDO_HESID": "TOKEN_PERSON_ID", "ENCRYPTED_HESID": "TOKEN_PERSON_ID", "EXTRACT_HESID": "TOKEN_PERSON_ID", "TOKEN_PERSON_ID": "TOKEN_PERSON_ID",
		"DIAG_01": "DIAG_01", "DIAG_4_01": "DIAG_01", "DIAG_3_01": "DIAG_01", "diag_4_20": "DIAG_20", "OPERTN_01": "OPERTN_01", "OPERTN_4_01": "OPERTN_01", "OPERTN_3_24": "OPERTN_24",
		"CAUSE_4": "CAUSE", "CAUSE_3": "CAUSE", "ALCDIAG_4": "ALCDIAG", "SOAL": "LSOA01", "LSOA_2001": "LSOA01", "LSOA01": "LSOA01", "LSOA_2011": "LSOA11", "LSOA11": "LSOA11",
		"SOAM": "MSOA01", "MSOA_2001": "MSOA01", "MSOA_2011": "MSOA11", "ADMIFLAG": "FAE", "DISFLAG": "FDE", "FCEFLAG": "FCE",
	} {
		got, _, err := run(t, load.Options{Files: []string{file(t, "a.txt", "EPIKEY|FYEAR|ADMIDATE|"+older+"\n1|0809|2008-04-01|1\n")}})
		if err != nil || len(got) != 1 || got[0][field] != "1" {
			t.Errorf("%s: %v, %v", older, got, err)
		}
		fields := slices.Sorted(maps.Keys(got[0]))
		if len(fields) != 4 {
			t.Errorf("%s: %v", older, fields)
		}
	}
}
