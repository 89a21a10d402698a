package store_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/store"
)

// inOrder returns a fixture's records in release order.
func inOrder(f drivertest.Fixture) []driver.Record {
	keys := func(r driver.Record) (out []string) {
		for _, k := range driver.OrderKeys() {
			out = append(out, r[k])
		}
		return out
	}
	out := slices.Clone(f.Records)
	slices.SortStableFunc(out, func(a, b driver.Record) int {
		if c := driver.Compare(keys(a), keys(b)); c != 0 {
			return c
		}
		for _, f := range f.Columns {
			if c := strings.Compare(a[f.Name], b[f.Name]); c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}

// coded returns the distinct values of some records' fields, in order, and the
// code of each.
func coded(t hes.Type, records []driver.Record, names ...string) (values []string, code map[string]uint32) {
	code = map[string]uint32{}
	for _, r := range records {
		for _, n := range names {
			if v, ok := r[n]; ok && code[v] == 0 {
				code[v] = 1
				values = append(values, v)
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int {
		if c := query.Compare(t, a, b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for i, v := range values {
		code[v] = uint32(i) + 1
	}
	return values, code
}

// parts returns the calls that build a fixture, one for each column and each
// field's delivered texts.
func parts(f drivertest.Fixture) map[string]func(*store.Builder) error {
	records := inOrder(f)
	out := map[string]func(*store.Builder) error{}
	families := map[string][]hes.Field{}
	raws := map[string]bool{}
	for _, r := range records {
		for name := range r {
			if field, ok := strings.CutPrefix(name, driver.RawKey("")); ok {
				raws[field] = true
			}
		}
	}
	for _, c := range f.Columns {
		if c.Family != "" {
			families[c.Family] = append(families[c.Family], c)
			continue
		}
		values, code := coded(c.Type, records, c.Name)
		codes := make([]uint32, len(records))
		for i, r := range records {
			codes[i] = code[r[c.Name]]
		}
		if c.Type == hes.Key {
			text, ends := joined(values)
			out[c.Name] = func(b *store.Builder) error { return b.Text(c, text, ends, codes) }
			continue
		}
		out[c.Name] = func(b *store.Builder) error { return b.Scalar(c, values, codes) }
	}
	for name, slots := range families {
		var names []string
		for _, s := range slots {
			names = append(names, s.Name)
		}
		values, code := coded(slots[0].Type, records, names...)
		offsets, list := []uint32{0}, []uint32(nil)
		for _, r := range records {
			mine := make([]uint32, slots[len(slots)-1].Slot)
			for _, s := range slots {
				mine[s.Slot-1] = code[r[s.Name]]
			}
			for len(mine) > 0 && mine[len(mine)-1] == 0 {
				mine = mine[:len(mine)-1]
			}
			list = append(list, mine...)
			offsets = append(offsets, uint32(len(list)))
		}
		out[name] = func(b *store.Builder) error { return b.Family(slots, values, offsets, list) }
	}
	for name := range raws {
		field, _ := f.Dictionary.Field(name)
		values, code := coded(hes.Code, records, driver.RawKey(name))
		var rows, codes []uint32
		for i, r := range records {
			if text, ok := r[driver.RawKey(name)]; ok {
				rows, codes = append(rows, uint32(i)), append(codes, code[text])
			}
		}
		out["raw "+name] = func(b *store.Builder) error { return b.Raw(field, values, rows, codes) }
	}
	files, from, line := []string(nil), make([]uint16, len(records)), make([]uint32, len(records))
	for i, r := range records {
		name, n, _ := strings.Cut(r[driver.OriginKey], ":")
		if !slices.Contains(files, name) {
			files = append(files, name)
			slices.Sort(files)
		}
		at, _ := strconv.Atoi(n)
		line[i] = uint32(at)
	}
	for i, r := range records {
		name, _, _ := strings.Cut(r[driver.OriginKey], ":")
		from[i] = uint16(slices.Index(files, name))
	}
	out["origins"] = func(b *store.Builder) error { return b.Origins(files, from, line) }
	return out
}

func joined(values []string) (text []byte, ends []uint32) {
	for _, v := range values {
		text = append(text, v...)
		ends = append(ends, uint32(len(text)))
	}
	return text, ends
}

// MustBuild builds a fixture with the calls in an order, all of them at once if
// there is none, and returns the folder.
func MustBuild(t testing.TB, f drivertest.Fixture, order []string) string {
	t.Helper()
	dir := t.TempDir()
	b, err := store.NewBuilder(dir, f.Dictionary, len(f.Records))
	if err != nil {
		t.Fatal(err)
	}
	calls := parts(f)
	var wg sync.WaitGroup
	if order == nil {
		for name, call := range calls {
			wg.Go(func() {
				if err := call(b); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	for _, name := range order {
		if err := calls[name](b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	wg.Wait()
	info, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(driver.Held(f.Columns), info.Columns); d != "" || info.Rows != len(f.Records) {
		t.Errorf("%d rows\n%s", info.Rows, d)
	}
	return dir
}

// The files do not depend on the order of the calls, nor on whether they are
// made at once.
func TestFilesDoNotShowTheOrderOfCalls(t *testing.T) {
	f := drivertest.New(t)
	first := read(t, MustBuild(t, f, nil))
	names := slices.Sorted(maps.Keys(parts(f)))
	for seed := range uint64(2) {
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		if d := cmp.Diff(first, read(t, MustBuild(t, f, names))); d != "" {
			t.Fatalf("the order %v gives other files", names)
		}
	}
}

// one builds a release of a single column and returns its files.
func one(t *testing.T, d *hes.Dictionary, rows int, call func(*store.Builder) error) (dir string, files map[string]string) {
	t.Helper()
	dir = t.TempDir()
	b, err := store.NewBuilder(dir, d, rows)
	if err != nil {
		t.Fatal(err)
	}
	if err := call(b); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	return dir, read(t, dir)
}

// Scalar, Text and Numbered write the same files for the same column, at every
// width of codes and with dictionaries of several pieces.
func TestThreeWaysToWriteAColumn(t *testing.T) {
	d := drivertest.New(t).Dictionary
	f, _ := d.Field("LOS_DAYS")
	for _, n := range []int{0, 1, 9, 10, 255, 256, 65535, 65536, 100001} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			values, codes := make([]string, n), make([]uint32, n+3)
			for i := range n {
				values[i], codes[n+2-i] = fmt.Sprint(i+1), uint32(i)+1
			}
			text, ends := joined(values)
			dir, want := one(t, d, n+3, func(b *store.Builder) error { return b.Scalar(f, values, codes) })
			_, byText := one(t, d, n+3, func(b *store.Builder) error { return b.Text(f, text, ends, codes) })
			_, byNumber := one(t, d, n+3, func(b *store.Builder) error { return b.Numbered(f, codes, n) })
			if !maps.Equal(want, byText) || !maps.Equal(want, byNumber) {
				t.Fatal("the files differ")
			}
			s, err := store.Open(dir, d)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			row := 0
			err = s.Scan(t.Context(), driver.Scan{Columns: []string{f.Name}}, func(r driver.ScanRow) error {
				want := ""
				if code := codes[row]; code > 0 {
					want = values[code-1]
				}
				if r.Values[0] != want || int(r.ID) != row || r.Person != driver.NoPerson || r.Origin != "" {
					t.Fatalf("row %d is %v, want %q", row, r, want)
				}
				row++
				return nil
			})
			if err != nil || row != n+3 {
				t.Errorf("%d rows, error %v", row, err)
			}
		})
	}
}

// Delivered texts are kept by row where few changed and for every row where
// many did; either way they are found again.
func TestSparseAndDenseDeliveredTexts(t *testing.T) {
	d := drivertest.New(t).Dictionary
	f, _ := d.Field("SEX")
	const n = 1000
	for step, wantSparse := range map[int]bool{1: false, 4: false, 6: true, 400: true} {
		t.Run(fmt.Sprint("every-", step), func(t *testing.T) {
			var rows, codes []uint32
			want := make([]string, n)
			texts := []string{"", "F", "m", "x"}
			for row := 2; row < n; row += step {
				code := uint32(row/step)%4 + 1
				rows, codes, want[row] = append(rows, uint32(row)), append(codes, code), texts[code-1]
			}
			dir, files := one(t, d, n, func(b *store.Builder) error { return b.Raw(f, texts, rows, codes) })
			if _, sparse := files["SEX.raw.rows"]; sparse != wantSparse {
				t.Errorf("by row: %v, want %v", sparse, wantSparse)
			}
			s, err := store.Open(dir, d)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for row := range n {
				p := driver.NewPlan(query.Query{Columns: []string{"SEX"}, Raw: true, Limit: 1})
				p.Row = driver.RowID(row)
				a, err := s.Ask(t.Context(), p)
				if err != nil || len(a.Rows) != 1 || a.Rows[0].Raw[0] != want[row] {
					t.Fatalf("row %d: %+v, %v", row, a, err)
				}
			}
		})
	}
}

// What identifies stands in a folder of its own, the delivered text too, even
// where the value itself was not kept.
func TestIdentifyingFieldsStandApart(t *testing.T) {
	d := drivertest.New(t).Dictionary
	var prohibited hes.Field
	for _, f := range d.Fields() {
		if f.Class == hes.Prohibited && !f.List() && f.Type == hes.Code {
			prohibited = f
		}
	}
	for name, call := range map[string]func(b *store.Builder) error{
		"column": func(b *store.Builder) error { return b.Scalar(prohibited, []string{"A"}, []uint32{1, 0}) },
		"raw":    func(b *store.Builder) error { return b.Raw(prohibited, []string{"a"}, []uint32{1}, []uint32{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, files := one(t, d, 2, call)
			for file := range files {
				if strings.Contains(file, prohibited.Name) && filepath.Dir(file) != "identifying" {
					t.Errorf("%s is among the others", file)
				}
			}
			if len(files) < 3 {
				t.Errorf("only %d files", len(files))
			}
			s, err := store.Open(dir, d)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		})
	}
}

// A column that does not hold together is refused, and nothing of it is left
// behind after Abort.
func TestWhatABuilderRefuses(t *testing.T) {
	d := drivertest.New(t).Dictionary
	field := func(name string) hes.Field {
		f, ok := d.Field(name)
		if !ok {
			t.Fatalf("the dictionary has no field %s", name)
		}
		return f
	}
	sex, days, key := field("SEX"), field("EPIDUR"), field("EPIKEY")
	slots := []hes.Field{field("DIAG_01"), field("DIAG_03")}
	for name, call := range map[string]func(b *store.Builder) error{
		"too-few-rows":        func(b *store.Builder) error { return b.Scalar(sex, []string{"1"}, []uint32{1}) },
		"code-without-value":  func(b *store.Builder) error { return b.Scalar(sex, []string{"1"}, []uint32{1, 2}) },
		"values-out-of-order": func(b *store.Builder) error { return b.Scalar(sex, []string{"2", "1"}, []uint32{1, 2}) },
		"numbers-as-text":     func(b *store.Builder) error { return b.Scalar(days, []string{"10", "9"}, []uint32{1, 2}) },
		"a-value-twice":       func(b *store.Builder) error { return b.Scalar(sex, []string{"1", "1"}, []uint32{1, 2}) },
		"an-empty-value":      func(b *store.Builder) error { return b.Scalar(sex, []string{""}, []uint32{1, 1}) },
		"a-slot-as-scalar":    func(b *store.Builder) error { return b.Scalar(slots[0], []string{"1"}, []uint32{1, 1}) },
		"an-unknown-field": func(b *store.Builder) error {
			return b.Scalar(hes.Field{Name: "NOPE", Type: hes.Code}, nil, []uint32{0, 0})
		},
		"text-beyond-its-end": func(b *store.Builder) error { return b.Text(key, []byte("12"), []uint32{1, 3}, []uint32{1, 2}) },
		"text-ends-falling":   func(b *store.Builder) error { return b.Text(key, []byte("12"), []uint32{2, 1}, []uint32{1, 2}) },
		"text-left-over":      func(b *store.Builder) error { return b.Text(key, []byte("12"), []uint32{1}, []uint32{1, 1}) },
		"text-out-of-order":   func(b *store.Builder) error { return b.Text(key, []byte("21"), []uint32{1, 2}, []uint32{1, 2}) },
		"a-code-counted":      func(b *store.Builder) error { return b.Numbered(sex, []uint32{1, 2}, 2) },
		"counted-too-short":   func(b *store.Builder) error { return b.Numbered(days, []uint32{1, 2}, 1) },
		"no-slots":            func(b *store.Builder) error { return b.Family(nil, nil, []uint32{0, 0, 0}, nil) },
		"slots-out-of-order": func(b *store.Builder) error {
			return b.Family([]hes.Field{slots[1], slots[0]}, nil, []uint32{0, 0, 0}, nil)
		},
		"list-ends-in-a-gap": func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 2, 2}, []uint32{1, 0}) },
		"slot-not-delivered": func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 2, 2}, []uint32{1, 1}) },
		"more-than-its-slots": func(b *store.Builder) error {
			return b.Family(slots, []string{"A"}, []uint32{0, 4, 4}, []uint32{1, 0, 1, 1})
		},
		"offsets-beyond":     func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 1, 2}, []uint32{1}) },
		"offsets-falling":    func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 1, 0}, []uint32{1}) },
		"list-left-over":     func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 0, 0}, []uint32{1}) },
		"list-code-too-high": func(b *store.Builder) error { return b.Family(slots, []string{"A"}, []uint32{0, 1, 1}, []uint32{2}) },
		"raw-of-a-family": func(b *store.Builder) error {
			return b.Raw(field(hes.AnyDiagnosis), []string{"a"}, []uint32{0}, []uint32{1})
		},
		"raw-rows-falling":   func(b *store.Builder) error { return b.Raw(sex, []string{"a"}, []uint32{1, 0}, []uint32{1, 1}) },
		"raw-row-not-there":  func(b *store.Builder) error { return b.Raw(sex, []string{"a"}, []uint32{2}, []uint32{1}) },
		"raw-code-0":         func(b *store.Builder) error { return b.Raw(sex, []string{"a"}, []uint32{1}, []uint32{0}) },
		"raw-code-too-high":  func(b *store.Builder) error { return b.Raw(sex, []string{"a"}, []uint32{1}, []uint32{2}) },
		"origin-of-no-file":  func(b *store.Builder) error { return b.Origins([]string{"a"}, []uint16{0, 1}, []uint32{1, 2}) },
		"origins-of-one-row": func(b *store.Builder) error { return b.Origins([]string{"a"}, []uint16{0}, []uint32{1}) },
		"the-same-field-twice": func(b *store.Builder) error {
			if err := b.Scalar(sex, nil, []uint32{0, 0}); err != nil {
				t.Error(err)
			}
			return b.Scalar(sex, nil, []uint32{0, 0})
		},
		"after-finish": func(b *store.Builder) error {
			if _, err := b.Finish(); err != nil {
				t.Error(err)
			}
			if _, err := b.Finish(); err == nil {
				t.Error("finished twice")
			}
			return b.Scalar(sex, nil, []uint32{0, 0})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b, err := store.NewBuilder(dir, d, 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := call(b); err == nil {
				t.Error("no error")
			}
			if err := b.Abort(); err != nil {
				t.Error(err)
			}
			if left := read(t, dir); len(left) > 0 {
				t.Errorf("%d files are left", len(left))
			}
		})
	}
}

// A full or vanished folder is said in words for the person who loads.
func TestFolderThatCannotBeWritten(t *testing.T) {
	f := drivertest.New(t)
	b, err := store.NewBuilder(filepath.Join(t.TempDir(), "gone"), f.Dictionary, len(f.Records))
	if err != nil {
		t.Fatal(err)
	}
	if err := parts(f)["SEX"](b); fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "SEX.dict") {
		t.Errorf("error = %v", err)
	}
	if err := b.Abort(); err != nil {
		t.Error(err)
	}
}

// Bytes of the files of delivered texts that were changed give an error when
// the release is opened.
func TestChangedBytes(t *testing.T) {
	f := drivertest.New(t)
	dir := MustBuild(t, f, nil)
	for _, name := range []string{"SEX.raw.rows", "SEX.raw.codes", "SEX.raw.dict", "DIAG_01.raw.codes", "DIAG_01.raw.dict", "origin.files", "origin.file", "DIAG_nn.offsets", "DIAG_nn.postings", "persons.starts"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bad := slices.Clone(good)
			for i := range min(8, len(bad)) {
				bad[i] = 0xff
			}
			if err := os.WriteFile(path, bad, fs.FileMode(0o600)); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(dir, f.Dictionary)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "damaged") {
				t.Errorf("error = %v", err)
			}
			if err := os.WriteFile(path, good, fs.FileMode(0o600)); err != nil {
				t.Fatal(err)
			}
		})
	}
}
