package staging

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

func dictionary(t testing.TB) *hes.Dictionary {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fields(t testing.TB, d *hes.Dictionary, names ...string) []hes.Field {
	t.Helper()
	var out []hes.Field
	for _, name := range names {
		f, ok := d.Field(name)
		if !ok || f.Name != name {
			t.Fatalf("the dictionary has no field %s", name)
		}
		out = append(out, f)
	}
	return out
}

// The columns of the batches below: a family with a slot left out, a family of
// one slot, two identifiers, a column that is always empty, and one whose entries
// need the given number of bytes.
var columnNames = []string{"EPIKEY", "TOKEN_PERSON_ID", "ADMIDATE", "DISDATE", "DIAG_01", "DIAG_02", "DIAG_04", "OPERTN_01", "FYEAR"}

// row is what was put in: a cell's entry number, an identifier's text.
type row struct {
	cells []uint32
	keys  []string
	file  uint16
	line  uint32
}

// sample makes rows with entries up to most.
func sample(r *rand.Rand, columns []hes.Field, n, most int) []row {
	rows := make([]row, n)
	for i := range rows {
		at := row{cells: make([]uint32, len(columns)), keys: make([]string, len(columns)), file: uint16(i / 700 % 3), line: uint32(2 + i*3)}
		for c, f := range columns {
			switch {
			case f.Name == "DISDATE":
			case f.Name == "EPIKEY":
				at.keys[c] = fmt.Sprintf("%d", r.Uint64N(1<<60))
			case IsKey(f):
				if r.IntN(4) > 0 {
					at.keys[c] = fmt.Sprintf("TEST%X", r.IntN(50))
				}
			case f.Family != "" && r.IntN(3) == 0: // a gap, which a later slot may follow
			default:
				at.cells[c] = uint32(r.IntN(most + 1))
			}
		}
		rows[i] = at
	}
	return rows
}

func entriesOf(columns []hes.Field, most int) [][]Entry {
	out := make([][]Entry, len(columns))
	for _, u := range units(columns) {
		if IsKey(columns[u.first]) {
			continue
		}
		for n := 1; n <= most; n++ {
			e := Entry{Raw: fmt.Sprintf("%s raw %d", columns[u.first].Name, n), Clean: fmt.Sprint(n)}
			switch n {
			case 2:
				e.Clean = "" // not recorded
			case 3:
				e.Raw = "" // worked out, not delivered
			}
			out[u.first] = append(out[u.first], e)
		}
	}
	return out
}

func write(t testing.TB, dir string, d *hes.Dictionary, columns []hes.Field, rows []row, most int, dead []uint32) {
	t.Helper()
	w, err := Create(dir, columns, []string{"a.txt", "b.txt", "c.txt"})
	if err != nil {
		t.Fatal(err)
	}
	b := w.NewBlock()
	for _, at := range rows {
		if b.Rows == MaxBlock || b.Rows > 0 && b.File != at.file {
			if err := w.Put(b); err != nil {
				t.Fatal(err)
			}
		}
		b.File = at.file
		// A row that is given up half way leaves nothing behind.
		for c, f := range columns {
			if IsKey(f) {
				b.Keys[c].Append([]byte("given up"))
			} else {
				b.Set(c, 1)
			}
		}
		b.Drop()
		for c, f := range columns {
			if IsKey(f) {
				b.Keys[c].Append([]byte(at.keys[c]))
			} else if at.cells[c] > 0 {
				b.Set(c, at.cells[c])
			}
		}
		b.End(int(at.line))
	}
	if err := w.Put(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Put(b); err != nil { // an empty block is no block
		t.Fatal(err)
	}
	out, err := w.Finish(d, entriesOf(columns, most))
	if err != nil {
		t.Fatal(err)
	}
	report := &quality.Report{Years: []quality.YearCount{{Year: "1", Rows: len(rows) - len(dead)}}}
	if err := out.Seal(dead, report); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads everything that a batch can be asked. Rows come back as they
// were put in.
func readAll(b *Batch) ([]row, [][]Entry, error) {
	columns := b.Columns()
	rows := make([]row, b.Rows())
	_, file, line, err := b.Origins()
	if err != nil {
		return nil, nil, err
	}
	for i := range rows {
		rows[i] = row{cells: make([]uint32, len(columns)), keys: make([]string, len(columns)), file: file[i], line: line[i]}
	}
	inFamily := map[int]bool{}
	for _, f := range b.Families() {
		list, err := b.List(f[0])
		if err != nil {
			return nil, nil, err
		}
		for _, s := range list.Slots {
			inFamily[s] = true
		}
		for i := range rows {
			for s, e := range list.Entries[list.Offsets[i]:list.Offsets[i+1]] {
				rows[i].cells[list.Slots[s]] = e
			}
		}
	}
	entries := make([][]Entry, len(columns))
	into := make([]uint32, b.Rows())
	for c, f := range columns {
		if IsKey(f) {
			sorted, codes, err := b.Key(c)
			if err != nil {
				return nil, nil, err
			}
			for i, code := range codes {
				if code > 0 {
					rows[i].keys[c] = string(sorted.At(int(code) - 1))
				}
			}
			continue
		}
		if Units(columns)[c] == c {
			if entries[c], err = b.Entries(c); err != nil {
				return nil, nil, err
			}
		}
		if inFamily[c] {
			continue
		}
		if err := b.Scalar(c, into); err != nil {
			return nil, nil, err
		}
		for i, e := range into {
			rows[i].cells[c] = e
		}
	}
	return rows, entries, nil
}

func open1(t testing.TB, dir string, d *hes.Dictionary) *Batch {
	t.Helper()
	b, err := Open(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

var same = cmp.AllowUnexported(row{})

// What was put in comes out, whatever the width of the entries and however the
// rows fall into blocks.
func TestRoundTrip(t *testing.T) {
	d := dictionary(t)
	columns := fields(t, d, columnNames...)
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ rows, most int }{{0, 3}, {1, 3}, {699, 200}, {MaxBlock + 1, 255}, {3 * MaxBlock, 256}, {2500, 70_000}} {
		dir := t.TempDir()
		want := sample(r, columns, c.rows, c.most)
		var dead []uint32
		for i := 5; i < c.rows; i += 97 {
			dead = append(dead, uint32(i))
		}
		write(t, dir, d, columns, want, c.most, dead)
		b := open1(t, dir, d)
		got, entries, err := readAll(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%d rows, %d entries: %.2000s", c.rows, c.most, diff)
		}
		if diff := cmp.Diff(entriesOf(columns, c.most), entries); diff != "" {
			t.Errorf("%d rows, entries: %.2000s", c.rows, diff)
		}
		if !slices.Equal(b.Dead(), dead) || b.Report().Years[0].Rows != c.rows-len(dead) {
			t.Errorf("%d rows: dead %v, report %+v", c.rows, b.Dead(), b.Report())
		}
		if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 4, 4, 7, 8}, Units(b.Columns())); diff != "" {
			t.Error(diff)
		}
		if b.Column("DIAG_03") != -1 || b.Column("DIAG_04") != 6 {
			t.Error("columns are not where they were put")
		}
	}
}

// A batch that was not sealed is none.
func TestUnsealed(t *testing.T) {
	d, dir := dictionary(t), t.TempDir()
	w, err := Create(dir, fields(t, d, "FYEAR"), []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Finish(d, [][]Entry{nil})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, d); fault.Of(err) != fault.Unavailable {
		t.Errorf("opening an unsealed batch: %v", err)
	}
}

// A rewritten batch holds the rows that were kept, in order, without the dead
// ones, and no text that only the others had.
func TestRewrite(t *testing.T) {
	d := dictionary(t)
	columns := fields(t, d, columnNames...)
	rows := sample(rand.New(rand.NewPCG(3, 4)), columns, 5000, 300)
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
	write(t, from, d, columns, rows, 300, []uint32{0, 7, 4999})
	drop := func(i int) bool { return i%3 == 0 }
	dropped, err := Rewrite(open1(t, from, d), to, d, drop, "People are gone.")
	if err != nil {
		t.Fatal(err)
	}
	var want []row
	wantDropped := 0
	used := map[[2]uint32]bool{}
	us := Units(columns)
	for i, at := range rows {
		switch {
		case i == 0 || i == 7 || i == 4999:
		case drop(i):
			wantDropped++
		default:
			want = append(want, at)
			for c, e := range at.cells {
				used[[2]uint32{uint32(us[c]), e}] = true
			}
		}
	}
	b := open1(t, to, d)
	got, entries, err := readAll(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("%.2000s", diff)
	}
	if dropped != wantDropped || len(b.Dead()) != 0 || !slices.Contains(b.Report().Notes, "People are gone.") {
		t.Errorf("dropped %d, want %d; dead %v; notes %v", dropped, wantDropped, b.Dead(), b.Report().Notes)
	}
	for c, all := range entriesOf(columns, 300) {
		for n, e := range all {
			if !used[[2]uint32{uint32(c), uint32(n + 1)}] {
				e = Entry{}
			}
			if entries[c][n] != e {
				t.Errorf("%s, entry %d: %+v, want %+v", columns[c].Name, n+1, entries[c][n], e)
			}
		}
	}
	sorted, _, err := b.Key(0)
	if err != nil || sorted.Len() != len(want) {
		t.Errorf("%d identifiers are left of %d rows, %v", sorted.Len(), len(want), err)
	}
}

// copyOf copies a batch's folder.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// tryAll opens a folder and reads all of it, and rewrites it. Nothing of it may
// panic or fail as if it were our mistake.
func tryAll(t testing.TB, dir string, d *hes.Dictionary) error {
	t.Helper()
	b, err := Open(dir, d)
	if err == nil {
		_, _, err = readAll(b)
		if _, again := Rewrite(b, filepath.Join(dir, "again"), d, func(int) bool { return false }, ""); err == nil {
			err = again
		}
		if closing := b.Close(); closing != nil {
			t.Error(closing)
		}
	}
	if err != nil && fault.Of(err) != fault.Unavailable {
		t.Errorf("a damaged batch is not said to be one: %v", err)
	}
	return err
}

// A file that is gone or cut short is found when the batch is opened or read.
func TestMissingAndCutFiles(t *testing.T) {
	d := dictionary(t)
	columns := fields(t, d, columnNames...)
	whole := t.TempDir()
	write(t, whole, d, columns, sample(rand.New(rand.NewPCG(5, 6)), columns, 3000, 300), 300, []uint32{3})
	files, err := os.ReadDir(whole)
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if err := tryAll(t, copyOf(t, whole), d); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		dir := copyOf(t, whole)
		path := filepath.Join(dir, f.Name())
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if tryAll(t, dir, d) == nil {
			t.Errorf("%s is gone and nothing noticed", f.Name())
		}
		text, err := os.ReadFile(filepath.Join(whole, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Name() == batchFile {
			text = text[:len(text)-1] // its last byte is a line end that says nothing
		}
		for _, n := range []int{0, 1, len(text) / 3, len(text) - 1} {
			dir := copyOf(t, whole)
			if err := os.WriteFile(filepath.Join(dir, f.Name()), text[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			if tryAll(t, dir, d) == nil {
				t.Errorf("%s is cut to %d of %d bytes and nothing noticed", f.Name(), n, len(text))
			}
		}
	}
}
