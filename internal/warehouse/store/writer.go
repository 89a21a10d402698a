package store

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Writer builds a release's data. Blocks of rows are added in any order and
// from any number of goroutines; Finish sorts them and writes the files, which
// do not depend on that order.
//
// Memory is bounded by the dictionaries: the codes of each column are spilled
// to a file while rows are added, and read back one column at a time.
type Writer struct {
	dir     string
	columns []*spill
	mu      sync.Mutex // guards rows; held while a block gets its place
	rows    int
}

// spill is one delivered column on its way: provisional codes in a file.
type spill struct {
	field hes.Field
	mu    sync.Mutex
	ids   map[string]uint32 // value → provisional code, from 1
	names []string          // provisional code - 1 → value
	file  *os.File
}

// Create starts a release's data in an existing, empty folder. columns are the
// fields that blocks hold, in the order of the dictionary, slots one by one.
func Create(dir string, columns []hes.Field) (*Writer, error) {
	w := &Writer{dir: dir}
	for _, f := range columns {
		file, err := os.CreateTemp(dir, "spill-*")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make spill file: %w", err), w.Abort())
		}
		w.columns = append(w.columns, &spill{field: f, ids: map[string]uint32{}, file: file})
	}
	return w, nil
}

// Add takes a block of rows. It copies what it keeps and may be called from
// several goroutines.
func (w *Writer) Add(b *hes.Batch) error {
	if len(b.Columns) != len(w.columns) {
		return fmt.Errorf("add rows: %d columns, want %d", len(b.Columns), len(w.columns))
	}
	w.mu.Lock()
	at := w.rows
	w.rows += b.Rows
	w.mu.Unlock()
	out := make([]byte, 4*b.Rows)
	for i, s := range w.columns {
		c := &b.Columns[i]
		s.mu.Lock()
		for row := range b.Rows {
			v := c.Value(row)
			var id uint32
			if len(v) > 0 {
				var ok bool
				if id, ok = s.ids[string(v)]; !ok {
					s.names = append(s.names, string(v))
					id = uint32(len(s.names))
					s.ids[s.names[id-1]] = id
				}
			}
			binary.LittleEndian.PutUint32(out[4*row:], id)
		}
		s.mu.Unlock()
		if _, err := s.file.WriteAt(out, 4*int64(at)); err != nil {
			return fmt.Errorf("spill a column: %w", err)
		}
	}
	return nil
}

// Abort removes the spill files.
func (w *Writer) Abort() error {
	var errs []error
	for _, s := range w.columns {
		errs = append(errs, s.file.Close(), os.Remove(s.file.Name()))
	}
	w.columns = nil
	return errors.Join(errs...)
}

// ranks returns for each provisional code its final code, and the values in
// their final order.
func ranks(t hes.Type, names []string) (final []uint32, sorted []string) {
	order := make([]uint32, len(names))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(query.Compare(t, names[a], names[b]), cmp.Compare(names[a], names[b]))
	})
	final = make([]uint32, len(names)+1)
	sorted = make([]string, len(names))
	for rank, id := range order {
		final[id+1] = uint32(rank) + 1
		sorted[rank] = names[id]
	}
	return final, sorted
}

// codes reads a column back and turns it into final codes.
func (s *spill) codes(rows int, final []uint32) ([]uint32, error) {
	raw := make([]byte, 4*rows)
	if n, err := s.file.ReadAt(raw, 0); n < len(raw) {
		return nil, fmt.Errorf("read a spilled column: %w", err)
	}
	out := make([]uint32, rows)
	for i := range out {
		out[i] = final[binary.LittleEndian.Uint32(raw[4*i:])]
	}
	return out, nil
}

// Finish sorts the rows into release order and writes the files.
func (w *Writer) Finish(ctx context.Context) (driver.Info, error) {
	order, err := w.order()
	if err != nil {
		return driver.Info{}, err
	}
	m := meta{Version: formatVersion, Rows: w.rows}
	var fields []hes.Field
	for i := 0; i < len(w.columns); {
		if err := ctx.Err(); err != nil {
			return driver.Info{}, err
		}
		n := 1 // columns of one family stand together in the dictionary
		for family := w.columns[i].field.Family; family != "" && i+n < len(w.columns) && w.columns[i+n].field.Family == family; n++ {
		}
		c, err := w.column(w.columns[i:i+n], order, &m)
		if err != nil {
			return driver.Info{}, fmt.Errorf("write column %s: %w", w.columns[i].field.Name, err)
		}
		m.Columns = append(m.Columns, c)
		for _, s := range w.columns[i : i+n] {
			fields = append(fields, s.field)
		}
		i += n
	}
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return driver.Info{}, fmt.Errorf("write %s: %w", metaFile, err)
	}
	if err := writeFile(filepath.Join(w.dir, metaFile), func(out *bufio.Writer) error { _, err := out.Write(b); return err }); err != nil {
		return driver.Info{}, err
	}
	return driver.Info{Rows: m.Rows, Persons: m.Persons, Columns: driver.Held(fields)}, w.Abort()
}

// order returns the rows, by where they were added, in release order.
func (w *Writer) order() ([]uint32, error) {
	keys := make([][]uint32, 0, len(driver.OrderKeys()))
	for _, name := range driver.OrderKeys() {
		codes := make([]uint32, w.rows)
		if i := slices.IndexFunc(w.columns, func(s *spill) bool { return s.field.Name == name }); i >= 0 {
			final, sorted := ranks(hes.Key, w.columns[i].names) // as text, like driver.Compare
			var err error
			if codes, err = w.columns[i].codes(w.rows, final); err != nil {
				return nil, err
			}
			for row, c := range codes {
				switch {
				case c == 0:
					codes[row] = uint32(len(sorted)) + 1 // missing last
				case name == hes.AdmissionDate:
					codes[row] = uint32(len(sorted)) + 1 - c // newest first
				}
			}
		}
		keys = append(keys, codes)
	}
	order := make([]uint32, w.rows)
	for i := range order {
		order[i] = uint32(i)
	}
	same := func(a, b uint32) int {
		for _, k := range keys {
			if c := cmp.Compare(k[a], k[b]); c != 0 {
				return c
			}
		}
		return 0
	}
	slices.SortFunc(order, same)
	// Rows equal in all keys, which are few, are ordered by their content.
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && same(order[from], order[to]) == 0 {
			to++
		}
		if to-from > 1 {
			if err := w.byContent(order[from:to]); err != nil {
				return nil, err
			}
		}
		from = to
	}
	return order, nil
}

func (w *Writer) byContent(rows []uint32) error {
	content := make(map[uint32]string, len(rows))
	for _, row := range rows {
		var b []byte
		var id [4]byte
		for _, s := range w.columns {
			if _, err := s.file.ReadAt(id[:], 4*int64(row)); err != nil {
				return fmt.Errorf("read a spilled row: %w", err)
			}
			if n := binary.LittleEndian.Uint32(id[:]); n > 0 {
				b = append(b, s.names[n-1]...)
			}
			b = append(b, 0)
		}
		content[row] = string(b)
	}
	slices.SortStableFunc(rows, func(a, b uint32) int { return cmp.Compare(content[a], content[b]) })
	return nil
}

// column writes a scalar column, or the slots of a family.
func (w *Writer) column(slots []*spill, order []uint32, m *meta) (columnMeta, error) {
	f := slots[0].field
	c := columnMeta{Name: f.Name, Identifying: f.Class == hes.Prohibited}
	if f.Family != "" {
		c.Name = f.Family
	}
	dir := c.dir(w.dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	base := filepath.Join(dir, c.Name)
	// one dictionary for all slots
	names, maps := merge(slots)
	final, sorted := ranks(f.Type, names)
	c.Values, c.Width = len(sorted), widthFor(len(sorted))
	if err := writeDict(base+".dict", sorted); err != nil {
		return c, err
	}
	codes := make([][]uint32, len(slots))
	for i, s := range slots {
		own := make([]uint32, len(maps[i]))
		for p, merged := range maps[i] {
			own[p] = final[merged]
		}
		raw, err := s.codes(w.rows, own)
		if err != nil {
			return c, err
		}
		codes[i] = permute(raw, order)
	}
	if f.Family == "" {
		if isPerson(f.Name) {
			n, err := w.persons(codes[0], len(sorted))
			if err != nil {
				return c, err
			}
			m.Persons = n
		}
		return c, writeCodes(base+".codes", c.Width, codes[0])
	}
	for _, s := range slots {
		c.Slots = append(c.Slots, s.field.Name)
	}
	return c, writeFamily(base, &c, slots, codes)
}

// merge joins the provisional dictionaries of slots: the values, and for each
// slot a map from its provisional code to the joint one.
func merge(slots []*spill) (names []string, maps [][]uint32) {
	if len(slots) == 1 {
		same := make([]uint32, len(slots[0].names)+1)
		for i := range same {
			same[i] = uint32(i)
		}
		return slots[0].names, [][]uint32{same}
	}
	ids := map[string]uint32{}
	for _, s := range slots {
		to := make([]uint32, len(s.names)+1)
		for i, v := range s.names {
			id, ok := ids[v]
			if !ok {
				names = append(names, v)
				id = uint32(len(names))
				ids[v] = id
			}
			to[i+1] = id
		}
		maps = append(maps, to)
	}
	return names, maps
}

func permute(in, order []uint32) []uint32 {
	out := make([]uint32, len(in))
	for i, from := range order {
		out[i] = in[from]
	}
	return out
}

// persons numbers the persons in the order of first appearance and writes each
// row's person and each person's rows. codes are the person keys' codes.
func (w *Writer) persons(codes []uint32, values int) (int, error) {
	number := make([]uint32, values+1)
	next := uint32(0)
	rows := make([]uint32, len(codes))
	for i, c := range codes {
		if c == 0 {
			rows[i] = uint32(driver.NoPerson)
			continue
		}
		if number[c] == 0 {
			next++
			number[c] = next
		}
		rows[i] = number[c] - 1
	}
	starts, list := group(rows, int(next))
	for _, f := range []struct {
		name string
		data []uint32
	}{{"person.rows", rows}, {"persons.starts", starts}, {"persons.list", list}} {
		if err := writeCodes(filepath.Join(w.dir, f.name), 4, f.data); err != nil {
			return 0, err
		}
	}
	return int(next), nil
}

// group turns the number of each row (at or above n: none) into the rows of
// each number: starts and list.
func group(of []uint32, n int) (starts, list []uint32) {
	starts = make([]uint32, n+1)
	total := 0
	for _, p := range of {
		if int(p) < n {
			starts[p+1]++
			total++
		}
	}
	for i := 1; i <= n; i++ {
		starts[i] += starts[i-1]
	}
	list = make([]uint32, total)
	at := slices.Clone(starts)
	for row, p := range of {
		if int(p) < n {
			list[at[p]] = uint32(row)
			at[p]++
		}
	}
	return starts, list
}
