package load

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/staging"
)

// However a text is cut, the blocks put together are the text, each begins at
// the line that it says, and all but the last end with a line.
func FuzzCut(f *testing.F) {
	for _, text := range []string{"", "a", "a\n", "a\nb\n\nc", "\n\n\n", "a\r\nb\r\n", strings.Repeat("x", 40) + "\n" + strings.Repeat("y", 3)} {
		f.Add([]byte(text), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var joined []byte
		ended := true
		err := cut(context.Background(), bytes.NewReader(text), int(size)+1, nil, func(b *block) error {
			if want := 1 + bytes.Count(joined, []byte{'\n'}); b.line != want {
				t.Errorf("a block says that it begins at line %d, want %d", b.line, want)
			}
			if !ended {
				t.Error("a block before the last does not end with a line")
			}
			if b.first != (len(joined) == 0) {
				t.Errorf("first is %v after %d bytes", b.first, len(joined))
			}
			ended = bytes.HasSuffix(b.text, []byte{'\n'})
			joined = append(joined, b.text...)
			return nil
		})
		if err != nil || !bytes.Equal(joined, text) {
			t.Errorf("%q became %q, %v", text, joined, err)
		}
	})
}

// A line that a strict reader of quoted text understands is understood alike.
func FuzzSplit(f *testing.F) {
	for _, line := range []string{"a|b", "", "|", `"a|b"|c`, `"a""b"|`, `"`, `"a`, `a"b|c`, `""|""`, `"a"b|c`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || line == "" {
			return // lines hold no line ends
		}
		fields, ok := split([]byte(line), '|', nil)
		strict := csv.NewReader(strings.NewReader(line))
		strict.Comma = '|'
		want, err := strict.Read()
		if err != nil {
			return // it may still be read, but who is to say how
		}
		if !ok || len(fields) != len(want) {
			t.Fatalf("%q has %d fields (%v), want %d", line, len(fields), ok, len(want))
		}
		for i := range want {
			if string(fields[i]) != want[i] {
				t.Errorf("field %d of %q is %q, want %q", i, line, fields[i], want[i])
			}
		}
	})
}

// A date is read as a day of the calendar or not at all.
func FuzzDate(f *testing.F) {
	for _, text := range []string{"1-Apr-2008", "01APR2008:00:00:00", "1 4 2008 00:00", "2008/4/1", "2008-04-01", "01/04/2008", "01APR2008", "20080401", "2008-04-01 00:00:00", "1801-01-01", "2009-02-29", "", "99999999", "2008-04-01Tx", "١٢٣٤"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n counts
		v, bad := cleanDate([]byte(text), nil, &n)
		if bad && v != nil {
			t.Errorf("%q is bad and yet %q", text, v)
		}
		if v == nil {
			return
		}
		if day, err := time.Parse(time.DateOnly, string(v)); err != nil || day.Format(time.DateOnly) != string(v) {
			t.Errorf("%q became %q: %v", text, v, err)
		}
		if again, bad := cleanDate(v, nil, &n); bad || !bytes.Equal(again, v) {
			t.Errorf("%q became %q and then %q", text, v, again)
		}
	})
}

// Whatever is delivered, a value that is kept is canonical: questions may name
// it, and cleaning it again changes nothing.
func FuzzClean(f *testing.F) {
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	names := []string{"SEX", "EPIKEY", "ADMIDATE", "STARTAGE", "STARTAGE_CALC", "DIAG_01", "OPERTN_01", "PROCODE3", "TOKEN_PERSON_ID",
		"FYEAR", "MYDOB", "ADMIMETH", "SPELEND", "EPIORDER", "ETHNOS", "GPPRAC", "LSOA11", "CAUSE", "DOMPROC"}
	for i := range names {
		for _, text := range []string{"1", "007", "5.0", "7003", "C43.9 D", "-   ", "2008-04-01", "NULL", "é", "1e-300", "-0.0", "2008-09", "196004", "66", "y", "98.0", "z", "r69x3", "L40X1", "x99.8", "Z99999999", "&", "nULL", "!nULL", strings.Repeat("9", 250), "a\rb"} {
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		if strings.ContainsAny(text, "\n\x00") {
			return // neither gets past the line
		}
		field, _ := d.Field(names[int(which)%len(names)])
		var n counts
		v, bad := clean(&field, trim([]byte(text)), make([]byte, 0, 8), &n)
		if bad || len(v) == 0 {
			return
		}
		v = bytes.Clone(v)
		if err := query.CheckValue(field, string(v)); err != nil {
			t.Errorf("%s: %q became %q: %v", field.Name, text, v, err)
		}
		if again, bad := clean(&field, v, nil, &n); bad || !bytes.Equal(again, v) {
			t.Errorf("%s: %q became %q and then %q", field.Name, text, v, again)
		}
	})
}

// A code that is kept is capital letters and digits, at most four of them, of
// which the code as delivered has at least as many.
func FuzzClinicalCode(f *testing.F) {
	for _, text := range []string{"L40.0", "C43.9 D", "I10X", "R69X3", "-", "X99.8", "é4", "L4X", "n-u-l-l"} {
		f.Add(text)
	}
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"DIAG_02", "CAUSE", "OPERTN_24", "DOMPROC"} {
			field, _ := d.Field(name)
			var n counts
			v := cleanCode(&field, []byte(text), nil, &n)
			if len(v) > 4 || len(v) > len(text) || len(bytes.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")) > 0 {
				t.Errorf("%s: %q became %q", name, text, v)
			}
			if field.Codes == hes.ICD10 && len(v) == 4 && v[3] == 'X' {
				t.Errorf("%s: %q became %q, with its filler", name, text, v)
			}
			if changed := n != (counts{}); changed != (string(v) != text) {
				t.Errorf("%s: %q became %q, and rules counted %v", name, text, v, n)
			}
		}
	})
}

// A financial year is two years that follow one another, or nothing, and a month
// of birth is a month.
func FuzzYear(f *testing.F) {
	for _, text := range []string{"0809", "2008-09", "2008/2009", "200809", "20082009", "08/09", "2008", "1920", "9900", "041960", "1960-04", "4/1960", "1960-04-15", "-", "/", "2008-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n counts
		if v := cleanYear([]byte(text), nil, &n); v != nil {
			if len(v) != 4 || (number(v[:2])+1)%100 != number(v[2:]) {
				t.Errorf("%q became the year %q", text, v)
			}
			if again := cleanYear(v, nil, &n); !bytes.Equal(again, v) {
				t.Errorf("%q became the year %q and then %q", text, v, again)
			}
		}
		if v := cleanMonth([]byte(text), nil, &n); v != nil {
			if _, err := time.Parse("012006", string(v)); err != nil {
				t.Errorf("%q became the month %q: %v", text, v, err)
			}
			if again := cleanMonth(v, nil, &n); !bytes.Equal(again, v) {
				t.Errorf("%q became the month %q and then %q", text, v, again)
			}
		}
	})
}

// Whatever its bytes, a text is decoded without loss of lines: the CR reader
// gives as many line ends as there are, however it is read.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"a\nb", "a\rb\r", "a\r\nb", "\xff\xfea\x00\r\x00", "\xfe\xff\x00a", "\xef\xbb\xbfa\r", "a\x00b\x00", "\xff\xfe\x00\xd8", "\xe9\r"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, form := decode(bytes.NewReader(text))
		a, err := io.ReadAll(whole)
		if err != nil {
			t.Fatal(err)
		}
		pieces, again := decode(iotest.OneByteReader(bytes.NewReader(text)))
		b, err := io.ReadAll(iotest.OneByteReader(pieces))
		if err != nil || again != form || !bytes.Equal(a, b) {
			t.Errorf("%q is %q (%v) and in pieces %q (%v), %v", text, a, form, b, again, err)
		}
		if form.ends == "CR" && (bytes.IndexByte(a, '\r') >= 0 || bytes.IndexByte(a, '\n') < 0) {
			t.Errorf("%q, with CR, became %q", text, a)
		}
		if form.encoding == "ASCII" && form.ends != "CR" && !bytes.Equal(a, text) {
			t.Errorf("%q became %q", text, a)
		}
	})
}

// A mapping is understood or refused with the number of a line, never with what
// the line says.
func FuzzMapping(f *testing.F) {
	for _, text := range []string{"1 = EPIKEY", "KEY = EPIKEY\n# x\n\n2=SEX\r\n", "=", "a=b=c", "00=SEX", "1=SEX\n01=FYEAR", "\"a\" = DIAG_01", "1=DIAG_nn", "1=CHARLSON"} {
		f.Add([]byte(text))
	}
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseMap(text, d)
		if err != nil {
			if !strings.Contains(err.Error(), "line") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		fields := map[string]bool{}
		for _, f := range m.name {
			fields[f.Name] = true
		}
		for at, f := range m.position {
			fields[f.Name] = true
			if at < 1 || at > maxHeader {
				t.Errorf("position %d", at)
			}
		}
		if len(fields) != len(m.name)+len(m.position) || len(fields) == 0 || len(m.line) != len(fields) {
			t.Errorf("%q maps %v and %v", text, m.name, m.position)
		}
	})
}

// A separate header and the first line of a text without one are read or refused
// in words.
func FuzzSeparateHeader(f *testing.F) {
	for _, text := range []string{"EPIKEY|ADMIDATE", "EPIKEY\nADMIDATE\n", "EPIKEY ADMIDATE", "\"EPIKEY\";\"ADMIDATE\"", "\xff\xfeE\x00", "|", "a(b"} {
		f.Add([]byte("1|2008-04-01\n2|2008-04-02\n"), []byte(text))
	}
	f.Add([]byte("\xfe\xff\x001\x00|\x002"), []byte("EPIKEY|EPISTART"))
	d, codes := vocabulary(f)
	f.Fuzz(func(t *testing.T, text, header []byte) {
		dir := t.TempDir()
		for name, content := range map[string][]byte{"x.txt": text, "x_headers.txt": header} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		openAndRun(t, d, codes, filepath.Join(dir, "x.txt"))
	})
}

// A header is read or refused in words; a file that is not one costs little.
func FuzzHeader(f *testing.F) {
	for _, text := range []string{"EPIKEY|ADMIDATE\n1|2008-04-01\n", "\"EPIKEY\",\"ADMIDATE\"", "\xef\xbb\xbfEPIKEY|ADMIDATE", "\x1f\x8b\x08", "PK\x03\x04", "\xff\xfeE\x00", "A\rB", "||||", "\"", "PK\x05\x06"} {
		f.Add([]byte(text))
	}
	d, codes := vocabulary(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		openAndRun(t, d, codes, path)
	})
}

// An archive is read or refused in words, however its bytes were damaged.
func FuzzZip(f *testing.F) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"a.txt", "in/b.txt"} {
		w, err := z.Create(name)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write([]byte("EPIKEY|ADMIDATE\n1|2008-04-01\n")); err != nil {
			f.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), uint16(0), byte(0))
	f.Add(b.Bytes(), uint16(20), byte(0xff))
	f.Add(b.Bytes(), uint16(b.Len()-40), byte(1))
	d, codes := vocabulary(f)
	f.Fuzz(func(t *testing.T, text []byte, at uint16, flip byte) {
		text = bytes.Clone(text)
		if len(text) > 0 {
			text[int(at)%len(text)] ^= flip
		}
		path := filepath.Join(t.TempDir(), "x.zip")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		openAndRun(t, d, codes, path)
	})
}

func vocabulary(f testing.TB) (*hes.Dictionary, *hes.Codes) {
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	codes, err := hes.LoadCodes()
	if err != nil {
		f.Fatal(err)
	}
	return d, codes
}

// openAndRun loads a file. Every error must be one that a person can read.
func openAndRun(t *testing.T, d *hes.Dictionary, codes *hes.Codes, path string) {
	l, err := Open(d, codes, Options{Files: []string{path}, Workers: 1})
	if err == nil {
		var b *staging.Batch
		if b, err = l.Run(t.Context(), filepath.Join(t.TempDir(), "batch")); err == nil {
			err = b.Close()
		}
	}
	if _, ierr := Inspect(t.Context(), d, Options{Files: []string{path}}); err == nil && ierr != nil {
		t.Errorf("a file that can be loaded cannot be inspected: %v", ierr)
	}
	if err != nil && (fault.Of(err) == fault.Internal || fault.Say(err) == "" || errors.Is(err, os.ErrNotExist)) {
		t.Errorf("an error that nobody can act on: %v", err)
	}
}

// Texts that have a place in a list have one of their own, and it is theirs only.
func FuzzPlaces(f *testing.F) {
	for _, pair := range [][2]string{{"1", "11"}, {"98", "89"}, {" ", "  "}, {"~~", "~"}, {"\x7f", "é"}, {"2008-04-01", "2008-04-10"}, {"1800-01-01", "2099-12-31"}, {"2008-00-01", "2008-13-01"}, {"2008-04-32", "2008/04/01"}, {"0000-00-00", "9999-99-99"}, {":000-04-01", "2008-0:-01"}} {
		f.Add(pair[0], pair[1])
	}
	place := func(text string) (list string, place int) {
		var w [16]byte
		copy(w[:], text)
		lo, hi := binary.LittleEndian.Uint64(w[:8]), binary.LittleEndian.Uint64(w[8:])
		switch len(text) {
		case 1, 2:
			return "short", shortPlace(lo, len(text))
		case 10:
			return "day", dayPlace(lo, hi)
		}
		return "", -1
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		listA, x := place(a)
		listB, y := place(b)
		if listA == listB && x >= 0 && x == y && a != b {
			t.Errorf("%q and %q have one place", a, b)
		}
		if x >= map[string]int{"short": shortPlaces, "day": dayPlaces, "": 0}[listA] {
			t.Errorf("%q has the place %d of %s", a, x, listA)
		}
		if _, err := time.Parse(time.DateOnly, a); err == nil && a >= "1800" && a < "2100" && x < 0 {
			t.Errorf("the day %q has no place", a)
		}
	})
}
