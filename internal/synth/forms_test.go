package synth

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// read decodes the files of a form by plain code: rows by financial year, each
// as NAME=value of the fields that are not empty, in the usual names and dates.
func read(t *testing.T, files map[string][]byte, f Form) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for name, b := range files {
		if strings.HasPrefix(name, "truth") || strings.HasSuffix(name, "_headers.txt") {
			continue
		}
		year := name[len("synthetic_hes_apc_"):][:4]
		base, _, _ := strings.Cut(name, ".")
		header := files[base+"_headers.txt"]
		text := decode(t, unpack(t, b, f), f)
		if f.Header == separate {
			text = decode(t, header, f) + text
		}
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = rune(f.separator())
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, row := range rows[1:] {
			out[year] = append(out[year], usual(t, rows[0], row, f))
		}
	}
	return out
}

func unpack(t *testing.T, b []byte, f Form) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch f.Pack {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zip":
		var z *zip.Reader
		if z, err = zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
			r, err = z.File[0].Open()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if b, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t *testing.T, b []byte, f Form) string {
	t.Helper()
	text := string(b)
	switch f.Encoding {
	case "utf8-bom":
		if !strings.HasPrefix(text, "\ufeff") {
			t.Fatal("no mark")
		}
		text = text[3:]
	case "windows-1252":
		var s strings.Builder
		for _, c := range b {
			s.WriteRune(rune(c))
		}
		text = s.String()
	case "utf-16le", "utf-16be":
		var units []uint16
		for i := 0; i < len(b); i += 2 {
			u := uint16(b[i]) | uint16(b[i+1])<<8
			if f.Encoding == "utf-16be" {
				u = u<<8 | u>>8
			}
			units = append(units, u)
		}
		if units[0] != 0xfeff {
			t.Fatal("no mark")
		}
		text = string(utf16.Decode(units[1:]))
	}
	end := map[string]string{"crlf": "\r\n", "cr": "\r"}[f.LineEnd]
	if end == "" {
		if strings.Contains(text, "\r") {
			t.Fatal("a carriage return")
		}
		return text
	}
	if strings.Count(text, end) != strings.Count(text, "\r") || f.LineEnd == "cr" && strings.Contains(text, "\n") {
		t.Fatal("line ends of another kind")
	}
	return strings.ReplaceAll(text, end, "\n")
}

func usual(t *testing.T, header, row []string, f Form) string {
	t.Helper()
	var out []string
	for i, v := range row {
		if v == "" {
			continue
		}
		n := header[i]
		if f.Case == "lower" {
			if n != strings.ToLower(n) {
				t.Fatal("a capital letter in the header")
			}
			n = strings.ToUpper(n)
		}
		n = strings.Replace(strings.Replace(n, "TOKEN_PERSON_ID", "PSEUDO_HESID", 1), "_4_", "_", 1)
		if layout := map[string]string{"slash": "02/01/2006", "sas": "02Jan2006", "compact": "20060102"}[f.Dates]; layout != "" && isDateName(n) {
			day, err := time.Parse(layout, v)
			if err != nil {
				t.Fatalf("%s: %v", n, err)
			}
			v = day.Format(time.DateOnly)
		}
		out = append(out, n+"="+v)
	}
	return strings.Join(out, " ")
}

func isDateName(n string) bool {
	return strings.HasPrefix(n, "OPDATE_") || slices.Contains([]string{"ADMIDATE", "EPISTART", "EPIEND", "DISDATE", "ELECDATE", "SUBDATE"}, n)
}

func TestSynthFormsHoldTheSameRows(t *testing.T) {
	o := Options{Patients: 400, First: 2008, Last: 2010, Seed: 4}
	plain, first := MustWrite(t, o)
	want := read(t, plain, o.Form)
	if len(want) != 3 || len(want["0809"]) < 50 {
		t.Fatalf("%d years, %d rows", len(want), len(want["0809"]))
	}
	for name, form := range map[string]Form{
		"comma": {Separator: "comma"}, "tab": {Separator: "tab"}, "lower": {Case: "lower"}, "slash": {Dates: "slash"}, "sas": {Dates: "sas"}, "compact": {Dates: "compact"},
		"crlf": {LineEnd: "crlf"}, "cr": {LineEnd: "cr"}, "bom": {Encoding: "utf8-bom"}, "1252": {Encoding: "windows-1252"}, "utf-16le": {Encoding: "utf-16le"}, "utf-16be": {Encoding: "utf-16be"},
		"gzip": {Pack: "gzip"}, "zip": {Pack: "zip"}, "quote": {Quote: true}, "split": {Split: 3}, "shuffle": {Shuffle: true}, "separate": {Header: "separate"},
		"new": {Names: "new"}, "old": {Names: "old"},
		"everything": {Separator: "comma", Case: "lower", Dates: "slash", LineEnd: "crlf", Encoding: "utf-16le", Pack: "zip", Quote: true, Split: 2, Shuffle: true, Header: "separate", Names: "old"},
	} {
		t.Run(name, func(t *testing.T) {
			o := o
			o.Form = form
			files, truth := MustWrite(t, o)
			parts := max(1, form.Split)
			expected := 1 + 3*parts
			if form.Header == "separate" {
				expected += 3 * parts
			}
			if len(files) != expected {
				t.Errorf("%d files, want %d", len(files), expected)
			}
			got := read(t, files, form)
			for year := range want {
				if form.Shuffle && parts == 1 && slices.Equal(got[year], want[year]) {
					t.Errorf("%s is in order", year)
				}
				if form.Shuffle || parts > 1 {
					slices.Sort(got[year])
				}
				sorted := slices.Clone(want[year])
				if form.Shuffle || parts > 1 {
					slices.Sort(sorted)
				}
				if !slices.Equal(got[year], sorted) {
					t.Errorf("%s has other rows", year)
				}
			}
			// The form of dates is the one that a rule has to do with.
			if other := form.Dates != "" || name == "everything"; (truth.Rules["N3"] > 0) != other {
				t.Errorf("%d dates in another form", truth.Rules["N3"])
			}
			truth.Rules["N3"], truth.RulesKept["N3"] = first.Rules["N3"], first.RulesKept["N3"]
			if d := cmp.Diff(first, truth); d != "" {
				t.Error(d)
			}
		})
	}
}

// With faults the content is the same too, and letters beyond ASCII survive.
func TestSynthEncodingsOfFaultyRows(t *testing.T) {
	o := Options{Patients: 1500, First: 2008, Last: 2008, Seed: 4, Dirt: 0.3}
	plain, truth := MustWrite(t, o)
	if truth.Planted["accent"] == 0 || truth.Planted["nul-byte"] == 0 {
		t.Fatal("too few rows")
	}
	name := "synthetic_hes_apc_0809.txt"
	if !strings.Contains(string(plain[name]), "R\u00c900") {
		t.Error("no accent")
	}
	for _, encoding := range []string{"utf8-bom", "windows-1252", "utf-16le", "utf-16be"} {
		for _, end := range []string{"lf", "crlf", "cr"} {
			o.Form = Form{Encoding: encoding, LineEnd: end}
			files, _ := MustWrite(t, o)
			if decode(t, files[name], o.Form) != string(plain[name]) {
				t.Error(fmt.Sprint(encoding, " ", end, " is another text"))
			}
		}
	}
}
