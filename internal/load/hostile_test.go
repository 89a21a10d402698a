package load_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/load"
	"webenablehes/internal/quality"
)

// long makes a text of n rows that does not pack too well, over several blocks.
func long(n int) string {
	var b strings.Builder
	b.WriteString("FYEAR|EPIKEY|ADMIDATE|TOKEN_PERSON_ID\n")
	x := uint64(1)
	for i := range n {
		x = x*6364136223846793005 + 1442695040888963407
		fmt.Fprintf(&b, "0809|%d|2008-04-01|TEST%x\n", i, x)
	}
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type member struct {
	name, text string
	mode       fs.FileMode
	flags      uint16
}

func zipped(t *testing.T, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Flags: m.flags}
		if m.mode != 0 {
			h.SetMode(m.mode)
		}
		w, err := z.CreateHeader(h)
		if err == nil && !strings.HasSuffix(m.name, "/") {
			_, err = w.Write([]byte(m.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const head = "FYEAR|EPIKEY|ADMIDATE\n"

// Files that are damaged, hostile or of the wrong kind are refused whole, by
// name, and never loaded in part.
func TestDamagedAndHostileFiles(t *testing.T) {
	text := long(60_000) // 2.6 MB
	pack := gzipped(t, text)
	flipped := []byte(pack)
	flipped[len(flipped)-5] ^= 1 // in the checksum
	archive := zipped(t, member{name: "a.txt", text: text})
	spoilt := []byte(archive)
	spoilt[len(spoilt)/2] ^= 0xff
	good := member{name: "a.txt", text: head}
	for name, c := range map[string]struct{ content, says string }{
		"gzip-cut-short":         {pack[:len(pack)*9/10], "cut short"},
		"gzip-without-last-byte": {pack[:len(pack)-1], "cut short"},
		"gzip-without-checksum":  {pack[:len(pack)-8], "cut short"},
		"gzip-wrong-checksum":    {string(flipped), "damaged"},
		"gzip-bomb":              {gzipped(t, head+strings.Repeat("a", 32<<20)), "200 times"},
		"gzip-of-nothing":        {gzipped(t, ""), "first line is empty"},
		"zip-cut-short":          {archive[:len(archive)/2], "not a whole zip"},
		"zip-spoilt":             {string(spoilt), "damaged"},
		"zip-leaves-upwards":     {zipped(t, good, member{name: "../b.txt", text: head}), "leaves the archive"},
		"zip-leaves-deeper":      {zipped(t, good, member{name: "x/../../b.txt", text: head}), "leaves the archive"},
		"zip-absolute":           {zipped(t, member{name: "/etc/passwd", text: head}), "leaves the archive"},
		"zip-windows-path":       {zipped(t, member{name: `..\b.txt`, text: head}), "leaves the archive"},
		"zip-drive":              {zipped(t, member{name: "C:b.txt", text: head}), "leaves the archive"},
		"zip-link":               {zipped(t, member{name: "l.txt", text: "a.txt", mode: fs.ModeSymlink | 0o777}), "link"},
		"zip-encrypted":          {zipped(t, member{name: "a.txt", text: head, flags: 1}), "encrypted"},
		"zip-bomb":               {zipped(t, member{name: "a.txt", text: head + strings.Repeat("a", 32<<20)}), "200 times"},
		"zip-folders-only":       {zipped(t, member{name: "in/"}), "holds no files"},
		"zip-with-a-text-inside": {zipped(t, good, member{name: "readme.txt", text: "Read me.\n"}), "EPIKEY"},
		"endless-first-line":     {strings.Repeat("a", 3<<20), "longer than a million"},
		"first-line-empty":       {"\n" + head, "first line is empty"},
		"too-many-columns":       {strings.Repeat("A|", 20_000) + "\n", "10000 columns"},
		"no-bytes":               {"", "is empty"},
		"utf-16-without-columns": {"\xfe\xff\x00E\x00P", "no header"},
		"nul-in-the-header":      {"EPIKEY|ADMIDATE\x00\n", "NUL bytes"},
		"data-without-header":    {"0809|1|2008-04-01\n", "no header"},
		"zip-of-nothing":         {zipped(t), "holds no files"},
		"zip-of-a-spreadsheet":   {zipped(t, member{name: "[Content_Types].xml", text: "<x/>"}), "Office document"},
		"seven-zip":              {"7z\xbc\xaf\x27\x1c\x00\x04", "7z archive"},
		"parquet":                {"PAR1\x15\x04\x15\x04", "Parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, load.Options{Files: []string{file(t, "x.bin", c.content)}})
			if fault.Of(err) != fault.Invalid || !strings.Contains(fault.Say(err), c.says) || !strings.Contains(fault.Say(err), "x.bin") {
				t.Errorf("error of kind %v: %v", fault.Of(err), err)
			}
		})
	}
}

func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "p")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(name, to string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, kind := range map[string]fault.Kind{
		pipe: fault.Invalid, dir: fault.Invalid, pipe + "-gone": fault.NotFound, os.DevNull: fault.Invalid,
		link("to-pipe", pipe): fault.Invalid, link("to-folder", dir): fault.Invalid, link("to-device", "/dev/zero"): fault.Invalid,
		link("to-nothing", pipe+"-gone"): fault.NotFound, link("to-itself", filepath.Join(dir, "to-itself")): fault.NotFound,
	} {
		for _, o := range []load.Options{{Files: []string{path}}, {Files: []string{file(t, "x.txt", "1|2|3\n")}, Header: path}, {Files: []string{file(t, "x.txt", head)}, Map: path}} {
			// that it is none is said of what it is, not of what happens to come out of it
			if _, _, err := run(t, o); fault.Of(err) != kind || strings.Contains(fault.Say(err), "/") || kind == fault.Invalid && !strings.Contains(fault.Say(err), "is not a file") {
				t.Errorf("%s: kind %v, want %v: %v", filepath.Base(path), fault.Of(err), kind, err)
			}
		}
	}
	if _, _, err := run(t, load.Options{}); fault.Of(err) != fault.Invalid {
		t.Errorf("no files: %v", err)
	}
	if rows, _, err := run(t, load.Options{Files: []string{link("to-file", file(t, "x.txt", head+"0809|1|2008-04-01\n"))}}); err != nil || len(rows) != 1 {
		t.Errorf("a link to a file: %d rows, %v", len(rows), err)
	}
}

// Each member of an archive is a file of its own, even where two have one name.
func TestMembersOfAnArchive(t *testing.T) {
	content := zipped(t, member{name: "in/"}, member{name: "in/a.txt", text: head + "0809|1|2008-04-01\n"},
		member{name: "in/a.txt", text: "EPIKEY,ADMIDATE,SEX\n2,2008-04-02,1\n"}, member{name: "b.txt", text: head + "0910|3|soon\n"})
	rows, report, err := run(t, load.Options{Files: []string{file(t, "x.zip", content)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"FYEAR": "0809", "EPIKEY": "1", "ADMIDATE": "2008-04-01"}, {"FYEAR": "0809", "EPIKEY": "2", "ADMIDATE": "2008-04-02", "SEX": "1"}}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	if at := report.Rejects[0].At[0].String(); at != "x.zip: b.txt:2:ADMIDATE" {
		t.Errorf("the bad row is said to be at %s", at)
	}
	years := [][]string{report.Files[0].Years, report.Files[1].Years, report.Files[2].Years}
	if d := cmp.Diff([][]string{{"0809"}, {"0809"}, nil}, years); d != "" {
		t.Error(d)
	}
}

// An agreement may list a repeated field by its family, in any case.
func TestIdentifiersOfAFamily(t *testing.T) {
	path := file(t, "x.txt", "EPIKEY|ADMIDATE|FYEAR|DOBBABY_1\n1|2008-04-01|0809|2008-04-01\n")
	if _, _, err := run(t, load.Options{Files: []string{path}, Identifiers: []string{"LOPATID"}}); fault.Of(err) != fault.Denied {
		t.Errorf("a field that is not listed: %v", err)
	}
	rows, _, err := run(t, load.Options{Files: []string{path}, Identifiers: []string{"dobbaby_n"}})
	if err != nil || rows[0]["DOBBABY_1"] != "2008-04-01" {
		t.Errorf("%v, %v", rows, err)
	}
}

// Places are exact, and nothing depends on how many goroutines parse, over many
// blocks with faults, duplicates and a line that is too long.
func TestManyBlocks(t *testing.T) {
	lines := strings.SplitAfter(long(60_000), "\n")
	lines[10_000] = "0809|10000|2008-02-30|TEST1\n"
	lines[30_000] = "0809|" + strings.Repeat("x", 5<<20) + "\n"
	lines[45_000] = lines[7]
	lines[59_999] = "0809|too|few\n"
	path := file(t, "x.txt", strings.Join(lines, ""))
	want := map[string]string{
		"A date is not a day of the calendar, or not in a known form.": "x.txt:10001:ADMIDATE",
		"The line is longer than a million characters.":                "x.txt:30001",
		"The EPIKEY is there twice in the financial year.":             "x.txt:45001:EPIKEY",
		"The line has too few fields.":                                 "x.txt:60000",
	}
	var first *quality.Report
	for _, workers := range []int{1, 3, 8, 3, 8, 3} {
		var last load.Progress
		report := count(t, load.Options{Files: []string{path}, Workers: workers, Progress: func(p load.Progress) {
			if p.Bytes < last.Bytes || p.Rows < last.Rows || p.Bytes > p.Total {
				t.Errorf("progress went from %+v to %+v", last, p)
			}
			last = p
		}})
		if last.Bytes != last.Total || last.Rows == 0 {
			t.Errorf("the last progress is %+v", last)
		}
		got := map[string]string{}
		for _, r := range report.Rejects {
			got[r.Reason] = r.At[0].String()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if report.Rows != (quality.Rows{Read: 60_000, Kept: 59_996, Rejected: 4}) {
			t.Errorf("rows = %+v", report.Rows)
		}
		if first == nil {
			first = report
		}
		if d := cmp.Diff(first, report); d != "" {
			t.Errorf("%d goroutines: %s", workers, d)
		}
	}
}

func open(t *testing.T, o load.Options) *load.Load {
	t.Helper()
	d, codes := vocabulary(t)
	l, err := load.Open(d, codes, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func count(t *testing.T, o load.Options) *quality.Report {
	t.Helper()
	b, err := open(t, o).Run(t.Context(), filepath.Join(t.TempDir(), "batch"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	return b.Report()
}

// Run ends, with the cause, when the sink fails, when it is told to stop, and
// when a file changes under it.
func TestRunEnds(t *testing.T) {
	path := file(t, "x.txt", long(60_000))
	o := load.Options{Files: []string{path}, Workers: 2}
	taken := file(t, "taken", "")
	if _, err := open(t, o).Run(t.Context(), taken); err == nil {
		t.Error("a folder that cannot be made: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(load.Progress) { cancel() }
	if _, err := open(t, o).Run(ctx, filepath.Join(t.TempDir(), "batch")); !errors.Is(err, context.Canceled) {
		t.Errorf("told to stop: %v", err)
	}
	o.Progress = nil
	l := open(t, o)
	if err := os.WriteFile(path, []byte(long(60_001)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := l.Run(t.Context(), filepath.Join(t.TempDir(), "batch"))
	if fault.Of(err) != fault.Conflict || !strings.Contains(fault.Say(err), "x.txt") {
		t.Errorf("a file that changed: %v", err)
	}
}
