package dump

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

var columns = []Column{{"SEX", hes.Code}, {"ADMIDATE", hes.Date}, {"EPIKEY", hes.Key}, {"STARTAGE", hes.Int}, {"STARTAGE_CALC", hes.Decimal}}

// written makes a file of lines and returns its content, having compared its
// hash.
func written(t testing.TB, f Format, columns []Column, lines [][]string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	to, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSink(to, f, columns)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := s.out.(*parquetLines); ok {
		p.group = 20_000
	}
	for _, l := range lines {
		if err := s.Line(l); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it has its name before it is committed")
	}
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(b); sum != hex.EncodeToString(want[:]) {
		t.Error("the hash is another")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files are there", len(left))
	}
	return b
}

func TestCSV(t *testing.T) {
	got := string(written(t, CSV, columns, [][]string{
		{"1", "2008-04-01", "000310000000123", "-3", "0.5"},
		{"", "", "", "", ""},
		{"=1+1", "@x", "a,b", "say \"no\"", "two\nlines é"},
	}))
	want := "SEX,ADMIDATE,EPIKEY,STARTAGE,STARTAGE_CALC\n1,2008-04-01,000310000000123,-3,0.5\n,,,,\n=1+1,@x,\"a,b\",\"say \"\"no\"\"\",\"two\nlines é\"\n"
	if got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	// A reader loses no row of a single column that is not recorded.
	one := written(t, CSV, columns[:1], [][]string{{""}, {"2"}, {""}})
	rows, err := csv.NewReader(bytes.NewReader(one)).ReadAll()
	if d := cmp.Diff([][]string{{"SEX"}, {""}, {"2"}, {""}}, rows); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

// What is read back is what was written, over several row groups and beyond
// what a dictionary holds.
func TestParquet(t *testing.T) {
	var want [][]string
	for i := range 50_000 {
		row := make([]string, len(columns))
		if i%7 != 0 {
			copy(row, []string{[]string{"1", "2"}[i%2], time.Date(1899, 1, 1+i%50_000, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), strings.Repeat("0", 80) + fmt.Sprint(i), fmt.Sprint(i - 500), "33.51"})
		}
		want = append(want, row)
	}
	b := written(t, Parquet, columns, want)
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.RowGroups()); n != 3 {
		t.Errorf("%d row groups: memory would not be bounded", n)
	}
	var kinds []string
	for _, field := range f.Schema().Fields() {
		kinds = append(kinds, field.Name()+" "+field.Type().String())
		if !field.Optional() {
			t.Errorf("%s cannot be null", field.Name())
		}
	}
	if d := cmp.Diff([]string{"SEX STRING", "ADMIDATE DATE", "EPIKEY STRING", "STARTAGE INT(64,true)", "STARTAGE_CALC STRING"}, kinds); d != "" {
		t.Error(d)
	}
	at := 0
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buf)
			for _, r := range buf[:n] {
				if got := texts(columns, r); !slices.Equal(got, want[at]) {
					t.Fatalf("row %d is %v, want %v", at, got, want[at])
				}
				at++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	if at != len(want) {
		t.Errorf("%d rows, want %d", at, len(want))
	}
	empty := written(t, Parquet, columns, nil)
	if f, err := parquet.OpenFile(bytes.NewReader(empty), int64(len(empty))); err != nil || f.NumRows() != 0 {
		t.Errorf("a file without rows: %v", err)
	}
}

func texts(columns []Column, r parquet.Row) []string {
	out := make([]string, len(r))
	for _, v := range r {
		switch i := v.Column(); {
		case v.IsNull():
		case columns[i].Type == hes.Date:
			out[i] = time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)
		case columns[i].Type == hes.Int:
			out[i] = fmt.Sprint(v.Int64())
		default:
			out[i] = string(v.ByteArray())
		}
	}
	return out
}

func TestParquetRefusesWhatIsNotCanonical(t *testing.T) {
	for _, c := range []struct {
		column Column
		value  string
	}{{columns[1], "1/4/2008"}, {columns[1], "2008-13-01"}, {columns[1], "2008-0x-01"}, {columns[1], "0000-01-01"}, {columns[3], "five"}, {columns[3], "1.5"}} {
		s, err := NewSink(Stream(io.Discard), Parquet, []Column{c.column})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Line([]string{c.value})
		if err == nil || strings.Contains(err.Error(), c.value) || !strings.Contains(err.Error(), c.column.Name) {
			t.Errorf("%s %q: %v", c.column.Name, c.value, err)
		}
	}
}

func TestDayOf(t *testing.T) {
	for day := time.Date(1580, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2110; day = day.AddDate(0, 0, 1) {
		if n, ok := dayOf(day.Format(time.DateOnly)); !ok || int64(n) != day.Unix()/86400 {
			t.Fatalf("%s is day %d", day.Format(time.DateOnly), n)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.csv")
	if err := os.WriteFile(there, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path  string
		force bool
		kind  fault.Kind
	}{
		"there": {there, false, fault.Conflict}, "folder": {dir, true, fault.Invalid}, "no-folder": {filepath.Join(dir, "none", "x"), false, fault.Unavailable},
		"device": {os.DevNull, true, fault.Invalid},
	} {
		if _, err := Create(c.path, c.force); fault.Of(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	begin := func(path string, force bool) Target {
		to, err := Create(path, force)
		if err == nil {
			_, err = to.Write([]byte("new"))
		}
		if err == nil {
			err = to.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	content := func(path string) string {
		b, _ := os.ReadFile(path)
		return string(b)
	}
	if err := begin(there, true).Abort(); err != nil || content(there) != "old" {
		t.Errorf("aborted: %v, %s", err, content(there))
	}
	if err := begin(there, true).Commit(); err != nil || content(there) != "new" {
		t.Errorf("forced: %v, %s", err, content(there))
	}
	late := filepath.Join(dir, "late.csv")
	to := begin(late, false)
	if err := os.WriteFile(late, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := to.Commit(); fault.Of(err) != fault.Conflict || content(late) != "somebody else's" {
		t.Errorf("made meanwhile: %v, %s", err, content(late))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.part")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// brokenDisk takes so many bytes.
type brokenDisk struct {
	Target
	room int
}

func (b *brokenDisk) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	for _, f := range []Format{CSV, Parquet} {
		s, err := NewSink(&brokenDisk{Stream(io.Discard), 100}, f, columns)
		if err != nil {
			t.Fatal(err)
		}
		for range 100_000 {
			if err = s.Line([]string{"1", "2008-04-01", "310000000123", "5", "5.5"}); err != nil {
				break
			}
		}
		if err == nil {
			_, err = s.Finish()
		}
		if fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "free space") {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// Ten columns of a release's rows, as an engine hands them out.
func BenchmarkLines(b *testing.B) {
	names := []string{"EPIKEY", "TOKEN_PERSON_ID", "ADMIDATE", "EPISTART", "EPIEND", "ADMIMETH", "STARTAGE", "SEX", "DIAG_01", "DIAG_02"}
	values := []string{"310000000123", "0123456789ABCDEF0123456789ABCDEF", "2008-04-01", "2008-04-01", "2008-04-03", "11", "54", "2", "L400", "I10"}
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = fmt.Sprint(310000000000 + i)
	}
	for _, u := range []Unit{Episodes, Spells} {
		for _, f := range []Format{CSV, Parquet} {
			b.Run(string(u)+"-"+string(f), func(b *testing.B) {
				table := mustResolve(b, Request{Columns: names, Unit: u})
				s, err := NewSink(Stream(io.Discard), f, table.Columns())
				if err != nil {
					b.Fatal(err)
				}
				lines := table.Lines(s.Line)
				row := Row{HasPerson: true, Values: append(slices.Clone(values), make([]string, 10)...)[:len(table.Fields())]}
				if i := slices.Index(table.Fields(), "PROVIDER_SPELL"); i >= 0 {
					row.Values[i] = "1"
				}
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					row.Values[0], row.Person = keys[n&(1<<16-1)], uint32(n/3)
					if err := lines.Add(row); err != nil {
						b.Fatal(err)
					}
					n++
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
	b.Run("patient-csv", func(b *testing.B) {
		table := mustResolve(b, Request{Columns: []string{"all"}, Unit: Patients})
		s, err := NewSink(Stream(io.Discard), CSV, table.Columns())
		if err != nil {
			b.Fatal(err)
		}
		lines := table.Lines(s.Line)
		row := Row{HasPerson: true, Values: make([]string, len(table.Fields()))}
		for i, f := range table.Fields() {
			row.Values[i] = map[string]string{"EPISTART": "2008-04-01", "PROVIDER_SPELL": "1", "DIAG_01": "L400", "DIAG_02": "I10", "SEX": "1", "BED_DAYS": "2"}[f]
		}
		n := 0
		for b.Loop() {
			row.Person = uint32(n / 3)
			if err := lines.Add(row); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	})
}
