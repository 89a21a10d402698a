package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"unsafe"

	"golang.org/x/sys/unix"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Store answers questions about one release from its mapped files.
type Store struct {
	dict    *hes.Dictionary
	rows    int
	persons int
	columns []*column
	byName  map[string]*column // by field, family and slot
	person  []uint32           // of each row; nil if the release has no person column
	starts  []uint32           // rows of each person
	list    []uint32
	raw     map[string]*rawColumn // by field and slot
	origin  origins
	maps    [][]byte // to be unmapped
	teams   teams
}

// column is one mapped column.
type column struct {
	meta columnMeta
	typ  hes.Type
	dictionary
	codes  codes // of each row; for a family, of each slot
	offset []uint32
	starts []uint32 // postings of each code; index by code
	posts  []uint32
}

// dictionary is a mapped list of values.
type dictionary struct {
	ends []uint32 // end of each value in text
	text []byte
}

// codes is an array of codes of 1, 2 or 4 bytes.
type codes struct {
	w1 []uint8
	w2 []uint16
	w4 []uint32
}

func (c codes) at(i int) uint32 {
	switch {
	case c.w1 != nil:
		return uint32(c.w1[i])
	case c.w2 != nil:
		return uint32(c.w2[i])
	}
	return c.w4[i]
}

// Open maps a release's data. A missing, cut or foreign file gives an error.
func Open(dir string, dict *hes.Dictionary) (*Store, error) {
	s := &Store{dict: dict, byName: map[string]*column{}, raw: map[string]*rawColumn{}}
	if err := s.open(dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(dir string) error {
	m, err := readMeta(dir)
	if err != nil {
		return err
	}
	s.rows, s.persons = m.Rows, m.Persons
	for _, cm := range m.Columns {
		c, err := s.openColumn(cm, filepath.Join(folder(dir, cm.Identifying), cm.Name))
		if err != nil {
			return fmt.Errorf("open column %s: %w", cm.Name, err)
		}
		s.columns = append(s.columns, c)
		s.byName[cm.Name] = c
		for _, slot := range cm.Slots {
			s.byName[slot] = c
		}
	}
	for _, rm := range m.Raw {
		if s.raw[rm.Name], err = s.openRaw(rm, filepath.Join(folder(dir, rm.Identifying), rm.Name+".raw")); err != nil {
			return fmt.Errorf("open the delivered texts of %s: %w", rm.Name, err)
		}
	}
	if s.origin, err = s.openOrigins(dir, m.Origins); err != nil {
		return err
	}
	if s.byName[hes.PersonField] == nil {
		if s.persons != 0 {
			return damaged("it has persons without a person column")
		}
		return nil
	}
	for _, f := range []struct {
		name string
		n    int
		into *[]uint32
	}{{"person.rows", s.rows, &s.person}, {"persons.starts", s.persons + 1, &s.starts}} {
		if *f.into, err = s.u32s(filepath.Join(dir, f.name), f.n); err != nil {
			return err
		}
	}
	if err := rising(s.starts, s.rows); err != nil {
		return err
	}
	s.list, err = s.u32s(filepath.Join(dir, "persons.list"), int(s.starts[s.persons]))
	return err
}

func (s *Store) openColumn(m columnMeta, base string) (*column, error) {
	f, ok := s.dict.Field(m.Name)
	if !ok {
		return nil, damaged("it holds the field %s, which the data dictionary does not know", m.Name)
	}
	if m.Values < 0 || m.Items < 0 || m.Postings < 0 || m.Width != widthFor(m.Values) {
		return nil, damaged("%s describes %s wrongly", metaFile, m.Name)
	}
	c := &column{meta: m, typ: f.Type}
	var err error
	if c.dictionary, err = s.openDictionary(base+".dict", m.Values); err != nil {
		return nil, err
	}
	if len(m.Slots) == 0 {
		c.codes, err = s.codes(base+".codes", m.Width, s.rows)
		return c, err
	}
	if c.offset, err = s.u32s(base+".offsets", s.rows+1); err != nil {
		return nil, err
	}
	if err := rising(c.offset, m.Items); err != nil {
		return nil, err
	}
	if c.codes, err = s.codes(base+".list", m.Width, m.Items); err != nil {
		return nil, err
	}
	posts, err := s.u32s(base+".postings", m.Values+2+m.Postings)
	if err != nil {
		return nil, err
	}
	c.starts, c.posts = posts[:m.Values+2], posts[m.Values+2:]
	return c, rising(c.starts, len(c.posts))
}

func (s *Store) openDictionary(path string, values int) (dictionary, error) {
	raw, err := s.mapFile(path, -1)
	if err != nil {
		return dictionary{}, err
	}
	if len(raw) < 4*(values+1) || int(binary.LittleEndian.Uint32(raw)) != values {
		return dictionary{}, damaged("%s is not a list of %d values", filepath.Base(path), values)
	}
	d := dictionary{ends: view[uint32](raw[4:], values), text: raw[4*(values+1):]}
	if values == 0 && len(d.text) > 0 || values > 0 && int(d.ends[values-1]) != len(d.text) {
		return d, damaged("%s does not end with its last value", filepath.Base(path))
	}
	return d, rising(d.ends, len(d.text))
}

// rising checks that offsets never fall and stay within a limit, so that slices
// made from them cannot go out of bounds.
func rising(offsets []uint32, limit int) error {
	before := uint32(0)
	for _, o := range offsets {
		if o < before || int64(o) > int64(limit) {
			return damaged("offsets are out of order")
		}
		before = o
	}
	return nil
}

func (s *Store) u32s(path string, n int) ([]uint32, error) {
	raw, err := s.mapFile(path, 4*n)
	if err != nil {
		return nil, err
	}
	return view[uint32](raw, n), nil
}

func (s *Store) codes(path string, width, n int) (codes, error) {
	raw, err := s.mapFile(path, width*n)
	if err != nil {
		return codes{}, err
	}
	switch width {
	case 1:
		return codes{w1: view[uint8](raw, n)}, nil
	case 2:
		return codes{w2: view[uint16](raw, n)}, nil
	}
	return codes{w4: view[uint32](raw, n)}, nil
}

// view reads mapped bytes as little-endian numbers, which they are on every
// machine that this program is built for. It never returns nil.
func view[T uint8 | uint16 | uint32](raw []byte, n int) []T {
	if n == 0 {
		return []T{}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), n)
}

// mapFile maps a file that must have a size; -1: any.
func (s *Store) mapFile(path string, size int) ([]byte, error) {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err, name)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, unreadable(err, name)
	}
	if size >= 0 && st.Size() != int64(size) {
		return nil, damaged("%s has %d bytes and should have %d", name, st.Size(), size)
	}
	if st.Size() == 0 {
		return nil, nil
	}
	raw, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, unreadable(err, name)
	}
	s.maps = append(s.maps, raw)
	return raw, nil
}

// Close unmaps the files. No Ask may be under way.
func (s *Store) Close() error {
	var errs []error
	for _, m := range s.maps {
		errs = append(errs, unix.Munmap(m))
	}
	s.maps = nil
	return errors.Join(errs...)
}

// Info describes the release.
func (s *Store) Info() driver.Info {
	info := driver.Info{Rows: s.rows, Persons: s.persons}
	for _, c := range s.columns {
		info.Columns = append(info.Columns, c.meta.Name)
	}
	return info
}

// bytes returns the text of a code, which must not be 0, in mapped memory.
func (d dictionary) bytes(code uint32) []byte {
	start := uint32(0)
	if code > 1 {
		start = d.ends[code-2]
	}
	return d.text[start:d.ends[code-1]]
}

// value returns the text of a code; "" for 0.
func (d dictionary) value(code uint32) string {
	if code == 0 {
		return ""
	}
	return string(d.bytes(code))
}

// firstAt returns the first code whose value is not before v; Values+1 if none.
func (c *column) firstAt(v string) uint32 {
	return uint32(sort.Search(c.meta.Values, func(i int) bool {
		w := c.value(uint32(i) + 1)
		return cmp.Or(query.Compare(c.typ, w, v), cmp.Compare(w, v)) >= 0
	})) + 1
}

// span is a range of codes, both ends inclusive; empty when from > to.
type span struct{ from, to uint32 }

func (c *column) exactly(v string) span {
	at := c.firstAt(v)
	if int(at) <= c.meta.Values && c.value(at) == v {
		return span{at, at}
	}
	return span{1, 0}
}

// below returns the codes whose values start with a prefix. Codes and keys are
// sorted byte by byte, so these stand together.
func (c *column) below(prefix string) span {
	from := c.firstAt(prefix)
	n := sort.Search(c.meta.Values+1-int(from), func(i int) bool {
		v := c.value(from + uint32(i))
		return len(v) < len(prefix) || v[:len(prefix)] != prefix
	})
	return span{from, from + uint32(n) - 1}
}

func (c *column) between(from, to string) span {
	out := span{1, uint32(c.meta.Values)}
	if from != "" {
		out.from = uint32(sort.Search(c.meta.Values, func(i int) bool {
			return query.Compare(c.typ, c.value(uint32(i)+1), from) >= 0
		})) + 1
	}
	if to != "" {
		out.to = uint32(sort.Search(c.meta.Values, func(i int) bool {
			return query.Compare(c.typ, c.value(uint32(i)+1), to) > 0
		}))
	}
	return out
}

// family gives the column of a list of slots, whole or without the first; nil if
// the release does not hold it.
func (s *Store) family(f hes.Field) *column { return s.byName[cmp.Or(f.Family, f.Name)] }

// slots says where a row's codes of a list of slots stand: from up to, not with, to.
// A list ends at its last filled slot, so that one of no length holds nothing.
func (c *column) slots(row int, f hes.Field) (from, to uint32) {
	to = c.offset[row+1]
	return min(c.offset[row]+uint32(f.First-1), to), to
}

// accessor gives the code of each row for a scalar field or a slot; nil for a
// field that the release does not hold.
func (s *Store) accessor(name string) (*column, func(row int) uint32) {
	c := s.byName[name]
	switch {
	case c == nil:
		return nil, nil
	case len(c.meta.Slots) == 0:
		switch {
		case c.codes.w1 != nil:
			return c, func(row int) uint32 { return uint32(c.codes.w1[row]) }
		case c.codes.w2 != nil:
			return c, func(row int) uint32 { return uint32(c.codes.w2[row]) }
		}
		return c, func(row int) uint32 { return c.codes.w4[row] }
	}
	f, _ := s.dict.Field(name)
	slot := uint32(f.Slot - 1)
	if !slices.Contains(c.meta.Slots, name) {
		return nil, nil
	}
	return c, func(row int) uint32 {
		if at := c.offset[row] + slot; at < c.offset[row+1] {
			return c.codes.at(int(at))
		}
		return 0
	}
}
