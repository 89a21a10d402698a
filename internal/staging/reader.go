package staging

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"

	"webenablehes/internal/bulk"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

// Batch is the rows of one load.
type Batch struct {
	dir     string
	m       meta
	columns []hes.Field
	units   []unit
	at      map[string]int // column of a field
	blocks  *os.File
	dead    []uint32
}

// Open opens a batch and checks that its parts fit together. Whatever is read
// later is checked when it is read.
func Open(dir string, d *hes.Dictionary) (*Batch, error) {
	var m meta
	raw, err := os.ReadFile(filepath.Join(dir, batchFile))
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The staged rows in %s cannot be read; load the files again", filepath.Base(dir))
	}
	if m.Version != formatVersion {
		return nil, fault.New(fault.Unavailable, "The staged rows in %s were made by another version of this program; load the files again.", filepath.Base(dir))
	}
	b, err := open(dir, d, m)
	if err != nil {
		return nil, err
	}
	if b.dead, err = b.u32s(deadFile, m.Dead); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	for i, row := range b.dead {
		if int(row) >= m.Rows || i > 0 && row <= b.dead[i-1] {
			return nil, errors.Join(errDamaged, b.Close())
		}
	}
	return b, nil
}

func open(dir string, d *hes.Dictionary, m meta) (*Batch, error) {
	b := &Batch{dir: dir, m: m, at: map[string]int{}}
	if m.Report == nil || m.Rows < 0 || m.Rows > 1<<31 {
		return nil, errDamaged
	}
	for i, name := range m.Columns {
		f, ok := d.Field(name)
		if !ok || f.Name != name || f.List() {
			return nil, errDamaged
		}
		if _, twice := b.at[name]; twice {
			return nil, errDamaged
		}
		b.at[name] = i
		b.columns = append(b.columns, f)
	}
	if b.units = units(b.columns); len(m.Entries) != len(b.units) {
		return nil, errDamaged
	}
	for _, n := range m.Entries {
		if n < 0 || n > math.MaxInt32 {
			return nil, errDamaged
		}
	}
	if b.Column(hes.YearField) < 0 { // every load works it out
		return nil, errDamaged
	}
	f, err := os.Open(filepath.Join(dir, blocksFile))
	if err != nil {
		return nil, cannotRead(err)
	}
	b.blocks = f
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(cannotRead(err), f.Close())
	}
	rows := 0
	for _, bl := range m.Blocks {
		size := int64(0)
		for _, s := range bl.Sizes {
			size += int64(s)
		}
		if bl.Rows < 1 || bl.Rows > MaxBlock || len(bl.Sizes) != len(b.units)+1 || len(bl.Sums) != len(bl.Sizes) || bl.At < 0 || bl.At > st.Size()-size || int(bl.File) >= len(m.Files) {
			return nil, errors.Join(errDamaged, f.Close())
		}
		rows += bl.Rows
	}
	if rows != m.Rows {
		return nil, errors.Join(errDamaged, f.Close())
	}
	return b, nil
}

// Close closes the batch's files.
func (b *Batch) Close() error { return b.blocks.Close() }

// Rows returns the number of rows, dead ones too.
func (b *Batch) Rows() int { return b.m.Rows }

// Dead returns the rows that do not count, rising.
func (b *Batch) Dead() []uint32 { return b.dead }

// Report returns the report of the batch's reading.
func (b *Batch) Report() *quality.Report { return b.m.Report }

// Columns returns the fields that the rows hold, slots one by one.
func (b *Batch) Columns() []hes.Field { return b.columns }

// Column returns where a field stands among the columns; -1 if it does not.
func (b *Batch) Column(name string) int {
	if i, ok := b.at[name]; ok {
		return i
	}
	return -1
}

// file reads a file of the batch and checks it.
func (b *Batch) file(name string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		return nil, cannotRead(err)
	}
	if c, ok := b.m.Sums[name]; !ok || c != sum(raw) {
		return nil, errDamaged
	}
	return raw, nil
}

func (b *Batch) u32s(name string, n int) ([]uint32, error) {
	raw, err := b.file(name)
	if err != nil {
		return nil, err
	}
	if len(raw) != 4*n {
		return nil, errDamaged
	}
	out := bulk.Make[uint32](n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(raw[4*i:])
	}
	return out, nil
}

// Entries returns a column's entries, which a family's slots share; entry number n
// of a row is the n-1st.
func (b *Batch) Entries(column int) ([]Entry, error) {
	u := b.unitOf(column)
	raw, err := b.file(b.columns[b.units[u].first].Name + ".entries")
	if err != nil {
		return nil, err
	}
	n := b.m.Entries[u]
	if n < 0 || n > len(raw)/8 {
		return nil, errDamaged
	}
	t := Text{Ends: make([]uint32, 2*n), Bytes: raw[8*n:]}
	before := uint32(0)
	for i := range t.Ends {
		t.Ends[i] = binary.LittleEndian.Uint32(raw[4*i:])
		if t.Ends[i] < before || int(t.Ends[i]) > len(t.Bytes) {
			return nil, errDamaged
		}
		before = t.Ends[i]
	}
	text := string(t.Bytes)
	out := make([]Entry, n)
	start := uint32(0)
	for i := range out {
		out[i] = Entry{Raw: text[start:t.Ends[2*i]], Clean: text[t.Ends[2*i]:t.Ends[2*i+1]]}
		start = t.Ends[2*i+1]
	}
	return out, nil
}

// each reads a unit of all blocks, in their order.
func (b *Batch) each(u int, visit func(bl blockMeta, first int, in []byte) error) error {
	var buf []byte
	first := 0
	for _, bl := range b.m.Blocks {
		at := bl.At
		for _, s := range bl.Sizes[:u] {
			at += int64(s)
		}
		buf = slices.Grow(buf[:0], int(bl.Sizes[u]))[:bl.Sizes[u]]
		if _, err := b.blocks.ReadAt(buf, at); err != nil {
			return cannotRead(err)
		}
		if sum(buf) != bl.Sums[u] {
			return errDamaged
		}
		if err := visit(bl, first, buf); err != nil {
			return err
		}
		first += bl.Rows
	}
	return nil
}

func (b *Batch) unitOf(column int) int {
	return slices.IndexFunc(b.units, func(u unit) bool { return column >= u.first && column < u.first+u.n })
}

// Scalar reads the entries of all rows of a column that is neither an identifier
// nor a slot of a family, into a slice as long as there are rows.
func (b *Batch) Scalar(column int, into []uint32) error {
	u := b.unitOf(column)
	return b.each(u, func(bl blockMeta, first int, in []byte) error {
		_, err := takeCodes(in, bl.Rows, uint32(b.m.Entries[u])+1, into[first:])
		return err
	})
}

// List is the slots of a family for all rows: those of row i are
// Entries[Offsets[i]:Offsets[i+1]], the entry of a slot after the other, 0 for a gap.
type List struct {
	Slots   []int // columns
	Offsets []uint32
	Entries []uint32
}

// Families returns the first columns of the units that are families, with the
// number of their slots.
func (b *Batch) Families() [][2]int {
	var out [][2]int
	for _, u := range b.units {
		if f := b.columns[u.first]; f.Family != "" && !IsKey(f) {
			out = append(out, [2]int{u.first, u.n})
		}
	}
	return out
}

// List reads the family whose first column is given.
func (b *Batch) List(column int) (List, error) {
	i := b.unitOf(column)
	u := b.units[i]
	out := List{Offsets: make([]uint32, 1, b.m.Rows+1)}
	for s := range u.n {
		out.Slots = append(out.Slots, u.first+s)
	}
	counts := make([]uint32, MaxBlock)
	if u.n == 1 { // stored as a single column
		codes := make([]uint32, b.m.Rows)
		if err := b.Scalar(column, codes); err != nil {
			return out, err
		}
		for _, c := range codes {
			if c != 0 {
				out.Entries = append(out.Entries, c)
			}
			out.Offsets = append(out.Offsets, uint32(len(out.Entries)))
		}
		return out, nil
	}
	err := b.each(i, func(bl blockMeta, first int, in []byte) error {
		in, err := takeCodes(in, bl.Rows, uint32(u.n)+1, counts)
		if err != nil {
			return err
		}
		total := 0
		for _, n := range counts[:bl.Rows] {
			total += int(n)
		}
		at := len(out.Entries)
		out.Entries = slices.Grow(out.Entries, total)[:at+total]
		if _, err := takeCodes(in, total, uint32(b.m.Entries[i])+1, out.Entries[at:]); err != nil {
			return err
		}
		for _, n := range counts[:bl.Rows] {
			at += int(n)
			out.Offsets = append(out.Offsets, uint32(at))
		}
		return nil
	})
	return out, err
}

// Key reads an identifier: its distinct values in the order of their bytes, and
// for each row its value's place counted from 1, 0 where it has none.
func (b *Batch) Key(column int) (sorted Text, codes []uint32, err error) {
	base := b.columns[column].Name
	raw, err := b.file(base + ".text")
	if err != nil {
		return sorted, nil, err
	}
	if len(raw) < 4 {
		return sorted, nil, errDamaged
	}
	n := int(binary.LittleEndian.Uint32(raw))
	if n < 0 || n > (len(raw)-4)/4 {
		return sorted, nil, errDamaged
	}
	sorted = Text{Bytes: raw[4+4*n:], Ends: bulk.Make[uint32](n)}
	before := uint32(0)
	for i := range sorted.Ends {
		e := binary.LittleEndian.Uint32(raw[4+4*i:])
		if e <= before || int(e) > len(sorted.Bytes) {
			return sorted, nil, errDamaged
		}
		sorted.Ends[i], before = e, e
	}
	codes, err = b.u32s(base+".codes", b.m.Rows)
	if err != nil {
		return sorted, nil, err
	}
	for _, c := range codes {
		if int(c) > n {
			return sorted, nil, errDamaged
		}
	}
	return sorted, codes, nil
}

// Codes returns of an identifier's column only for each row its value's place, as
// Key does.
func (b *Batch) Codes(column int) ([]uint32, error) {
	codes, err := b.u32s(b.columns[column].Name+".codes", b.m.Rows)
	if err != nil {
		return nil, err
	}
	for _, c := range codes {
		if int(c) > len(codes) { // there are no more values than rows
			return nil, errDamaged
		}
	}
	return codes, nil
}

// Origins returns the names of the inputs, and for each row its input and line.
func (b *Batch) Origins() (files []string, file []uint16, line []uint32, err error) {
	file, line = make([]uint16, b.m.Rows), make([]uint32, b.m.Rows)
	err = b.each(len(b.units), func(bl blockMeta, first int, in []byte) error {
		for i := range bl.Rows {
			file[first+i] = bl.File
		}
		_, err := takeCodes(in, bl.Rows, 1<<32-1, line[first:])
		return err
	})
	return b.m.Files, file, line, err
}

// Seal ends a batch: which rows are dead, and the report of its reading. Only a
// sealed batch can be opened.
func (b *Batch) Seal(dead []uint32, report *quality.Report) error {
	b.m.Dead, b.m.Report, b.dead = len(dead), report, dead
	b.m.Sums[deadFile] = sum(u32bytes(dead))
	if err := writeFile(filepath.Join(b.dir, deadFile), u32bytes(dead)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(b.dir, batchFile), b.m)
}

// Finish writes the tables and returns the batch, to be sealed. entries are those
// of the first column of each unit (see Units).
func (w *Writer) Finish(d *hes.Dictionary, entries [][]Entry) (*Batch, error) {
	m := meta{Report: &quality.Report{}}
	if err := w.finish(entries, &m); err != nil {
		return nil, err
	}
	if err := w.blocks.Close(); err != nil {
		return nil, cannotWrite(err)
	}
	return open(w.dir, d, m)
}
