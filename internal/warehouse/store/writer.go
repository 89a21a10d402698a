package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
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
// It puts rows into order and leaves the files to a Builder. Memory is bounded
// by the dictionaries: the codes of each column are spilled to a file while rows
// are added, and read back one column at a time.
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
	var names []string
	for _, s := range w.columns {
		names = append(names, cmp.Or(s.field.Family, s.field.Name))
	}
	b, err := newBuilder(w.dir, slices.Compact(names), w.rows)
	if err != nil {
		return driver.Info{}, err
	}
	for i := 0; i < len(w.columns); {
		n := 1 // columns of one family stand together in the dictionary
		for family := w.columns[i].field.Family; family != "" && i+n < len(w.columns) && w.columns[i+n].field.Family == family; n++ {
		}
		err := ctx.Err()
		if err == nil {
			err = w.column(b, w.columns[i:i+n], order)
		}
		if err != nil {
			return driver.Info{}, errors.Join(err, b.Abort())
		}
		i += n
	}
	info, err := b.Finish()
	if err != nil {
		return driver.Info{}, errors.Join(err, b.Abort())
	}
	return info, w.Abort()
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

// column gives a scalar column, or the slots of a family, to the builder.
func (w *Writer) column(b *Builder, slots []*spill, order []uint32) error {
	names, maps := merge(slots) // one dictionary for all slots
	final, sorted := ranks(slots[0].field.Type, names)
	codes := make([][]uint32, len(slots))
	fields := make([]hes.Field, len(slots))
	for i, s := range slots {
		own := make([]uint32, len(maps[i]))
		for p, merged := range maps[i] {
			own[p] = final[merged]
		}
		raw, err := s.codes(w.rows, own)
		if err != nil {
			return fmt.Errorf("write column %s: %w", s.field.Name, err)
		}
		codes[i], fields[i] = permute(raw, order), s.field
	}
	if fields[0].Family == "" {
		return b.Scalar(fields[0], sorted, codes[0])
	}
	offsets := make([]uint32, 1, w.rows+1)
	var list []uint32
	for row := range w.rows {
		for i, f := range fields {
			if code := codes[i][row]; code != 0 {
				for len(list)-int(offsets[row]) < f.Slot-1 {
					list = append(list, 0)
				}
				list = append(list, code)
			}
		}
		offsets = append(offsets, uint32(len(list)))
	}
	return b.Family(fields, sorted, offsets, list)
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
