package load

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	for _, text := range []string{"2008-04-01", "01/04/2008", "01APR2008", "20080401", "2008-04-01 00:00:00", "1801-01-01", "2009-02-29", "", "99999999", "2008-04-01Tx", "١٢٣٤"} {
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
	names := []string{"SEX", "EPIKEY", "ADMIDATE", "STARTAGE", "STARTAGE_CALC", "DIAG_01", "OPERTN_01", "PROCODE3", "TOKEN_PERSON_ID"}
	for i := range names {
		for _, text := range []string{"1", "007", "5.0", "7003", "C43.9 D", "-   ", "2008-04-01", "NULL", "é", "1e-300", "-0.0", strings.Repeat("9", 250), "a\rb"} {
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
	if err != nil && (fault.Of(err) == fault.Internal || fault.Say(err) == "" || errors.Is(err, os.ErrNotExist)) {
		t.Errorf("an error that nobody can act on: %v", err)
	}
}
