package store

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"webenablehes/internal/hes"
)

// Raw writes the delivered text of a field, or of a single slot, where the load
// changed it. values are the distinct texts in the order of their bytes; an
// empty one stands for a value that the load filled in. rows are the rows
// concerned, rising, and codes has the text of each, counted from 1. The field
// need not have a column: the load may have cleared every value. Without rows
// nothing is written.
func (b *Builder) Raw(f hes.Field, values []string, rows, codes []uint32) error {
	if len(rows) == 0 {
		return nil
	}
	r := rawMeta{Name: f.Name, Values: len(values), Width: widthFor(len(values)), Rows: len(rows), Identifying: f.Class == hes.Prohibited}
	err := cmp.Or(b.known(cmp.Or(f.Family, f.Name)), texts(values).check(delivered), checkRows(rows, b.rows), inBounds(codes, len(values)))
	switch {
	case f.List():
		err = errors.New("they are given slot by slot")
	case len(codes) != len(rows) || slices.Contains(codes, 0):
		err = errors.New("they do not give each row a text")
	}
	if err != nil {
		return fmt.Errorf("write the delivered texts of %s: %w", f.Name, err)
	}
	if r.Width*b.rows <= (r.Width+4)*len(rows) { // a code for each row takes less room
		dense := make([]uint32, b.rows)
		for i, row := range rows {
			dense[row] = codes[i]
		}
		codes, r.Rows = dense, 0
	}
	if err := b.claim("the delivered texts of "+f.Name, func(m *meta) { m.Raw = append(m.Raw, r) }); err != nil {
		return err
	}
	if err := b.file(r.Identifying, r.Name+".raw.dict", texts(values).write); err != nil {
		return err
	}
	if r.Rows > 0 {
		if err := b.file(r.Identifying, r.Name+".raw.rows", func(out *file) { out.numbers(rows) }); err != nil {
			return err
		}
	}
	return b.file(r.Identifying, r.Name+".raw.codes", func(out *file) { out.codes(r.Width, codes) })
}

// checkRows checks that rows rise and are rows of a release of so many.
func checkRows(rows []uint32, n int) error {
	for i, row := range rows {
		if int(row) >= n || i > 0 && row <= rows[i-1] {
			return errors.New("their rows are out of order")
		}
	}
	return nil
}

// Origins writes where each row was read: for each row the place of its file in
// files, counted from 0, and the line in that file.
func (b *Builder) Origins(files []string, from []uint16, line []uint32) error {
	if len(from) != b.rows || len(line) != b.rows || len(files) > 1<<16 {
		return fmt.Errorf("write the origins: %d files, %d rows with a file and %d with a line, want %d", len(files), len(from), len(line), b.rows)
	}
	if b.rows == 0 {
		return nil
	}
	codes := make([]uint32, b.rows)
	for i, f := range from {
		if int(f) >= len(files) {
			return fmt.Errorf("write the origins: row %d was read from a file that is not listed", i)
		}
		codes[i] = uint32(f) + 1
	}
	if err := b.claim("the origins", func(m *meta) { m.Origins = len(files) }); err != nil {
		return err
	}
	if err := b.file(false, "origin.files", texts(files).write); err != nil {
		return err
	}
	if err := b.file(false, "origin.file", func(out *file) { out.codes(widthFor(len(files)), codes) }); err != nil {
		return err
	}
	return b.file(false, "origin.line", func(out *file) { out.numbers(line) })
}

// rawColumn is a field's texts as delivered, mapped.
type rawColumn struct {
	dictionary
	rows  []uint32 // that have one, rising; nil: every row has a code, 0 for none
	codes codes
}

func (s *Store) openRaw(m rawMeta, base string) (*rawColumn, error) {
	f, ok := s.dict.Field(m.Name)
	if !ok || f.List() || m.Values < 1 || m.Rows < 0 || m.Rows > s.rows || m.Width != widthFor(m.Values) {
		return nil, damaged("%s describes the delivered texts of %s wrongly", metaFile, m.Name)
	}
	r := &rawColumn{}
	var err error
	if r.dictionary, err = s.openDictionary(base+".dict", m.Values); err != nil {
		return nil, err
	}
	n, lowest := s.rows, uint32(0)
	if m.Rows > 0 {
		n, lowest = m.Rows, 1
		if r.rows, err = s.u32s(base+".rows", n); err != nil {
			return nil, err
		}
		if checkRows(r.rows, s.rows) != nil {
			return nil, damaged("the rows of %s.rows are out of order", filepath.Base(base))
		}
	}
	if r.codes, err = s.codes(base+".codes", m.Width, n); err != nil {
		return nil, err
	}
	if !r.codes.within(lowest, uint32(m.Values)) {
		return nil, damaged("%s.codes has codes without a text", filepath.Base(base))
	}
	return r, nil
}

// within tells whether all codes lie between two, both ends inclusive.
func (c codes) within(lowest, highest uint32) bool {
	return within(c.w1, lowest, highest) && within(c.w2, lowest, highest) && within(c.w4, lowest, highest)
}

func within[T uint8 | uint16 | uint32](codes []T, lowest, highest uint32) bool {
	for _, c := range codes {
		if uint32(c) < lowest || uint32(c) > highest {
			return false
		}
	}
	return true
}

// code returns the code of a row's text; 0 if the load did not change it.
func (r *rawColumn) code(row int) uint32 {
	if r.rows == nil {
		return r.codes.at(row)
	}
	if at, found := slices.BinarySearch(r.rows, uint32(row)); found {
		return r.codes.at(at)
	}
	return 0
}

// origins says where rows were read; the zero one does not know.
type origins struct {
	files []string
	file  codes
	line  []uint32
}

func (s *Store) openOrigins(dir string, files int) (origins, error) {
	if files == 0 {
		return origins{}, nil
	}
	names, err := s.openDictionary(filepath.Join(dir, "origin.files"), files)
	if err != nil {
		return origins{}, err
	}
	var o origins
	for code := 1; code <= files; code++ {
		o.files = append(o.files, names.value(uint32(code)))
	}
	if o.file, err = s.codes(filepath.Join(dir, "origin.file"), widthFor(files), s.rows); err != nil {
		return origins{}, err
	}
	if !o.file.within(1, uint32(files)) {
		return origins{}, damaged("origin.file names files that are not listed")
	}
	o.line, err = s.u32s(filepath.Join(dir, "origin.line"), s.rows)
	return o, err
}

// appendTo appends a row's "file:line"; nothing if it is not known.
func (o *origins) appendTo(b []byte, row int) []byte {
	if len(o.files) == 0 {
		return b
	}
	b = append(b, o.files[o.file.at(row)-1]...)
	return strconv.AppendUint(append(b, ':'), uint64(o.line[row]), 10)
}

// rawRow returns the texts as delivered of a row's columns, "" where the load
// changed nothing.
func (s *Store) rawRow(columns []string, row int) []string {
	out := make([]string, len(columns))
	for i, name := range columns {
		if r := s.raw[name]; r != nil {
			out[i] = r.value(r.code(row))
		}
	}
	return out
}
