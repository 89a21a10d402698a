package store

import (
	"context"
	"slices"
	"strings"

	"webenablehes/internal/warehouse/driver"
)

// batch is how many rows of a scan are read at once, column by column: then the
// processor fetches the codes of many rows together, which matters most when
// the rows of one person lie far apart.
const batch = 1024

// Scan implements driver.Scanner. A value is made a string once where a column
// has few of them, and copied into a shared block of memory where it has many,
// so that no row allocates.
func (s *Store) Scan(ctx context.Context, q driver.Scan, visit func(driver.ScanRow) error) error {
	r := reader{s: s, tables: map[*dictionary][]string{}}
	for _, name := range q.Columns {
		if err := r.add(&r.columns, name, false); err != nil {
			return err
		}
	}
	for _, name := range q.Raw {
		if err := r.add(&r.raw, name, true); err != nil {
			return err
		}
	}
	wanted, err := s.match(ctx, q.Where)
	if err != nil {
		return err
	}
	row := driver.ScanRow{Values: make([]string, len(r.columns)), Raw: make([]string, len(r.raw))}
	ids := make([]uint32, 0, batch)
	give := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.read(ids); err != nil {
			return err
		}
		for i, id := range ids {
			r.row(&row, i, id)
			if err := visit(row); err != nil {
				return err
			}
		}
		ids = ids[:0]
		return nil
	}
	take := func(id uint32) error {
		if !wanted.has(int(id)) {
			return nil
		}
		if ids = append(ids, id); len(ids) < batch {
			return nil
		}
		return give()
	}
	people := q.People && s.person != nil
	if people {
		for _, id := range s.list { // person by person, each newest first
			if int(id) >= s.rows {
				return damaged("persons.list names rows that are not there")
			}
			if err := take(id); err != nil {
				return err
			}
		}
	}
	for id := range uint32(s.rows) {
		if people && int(s.person[id]) < s.persons {
			continue
		}
		if err := take(id); err != nil {
			return err
		}
	}
	return give()
}

// cell reads one column of a scan.
type cell struct {
	from  *column // nil: the release does not hold the field
	slot  int     // of a family's slot; else 0
	table []string
	raw   *rawColumn // texts to be given instead of the values; nil: none
	was   []string   // table of raw
	has   bitmap     // the rows that raw has a text for, so that the others cost no search
	out   [batch]string
}

// reader puts rows together.
type reader struct {
	s       *Store
	columns []*cell
	raw     []*cell
	codes   [batch]uint32
	tables  map[*dictionary][]string // shared by the slots of a family
	block   strings.Builder          // strings share its memory; it only grows, and is left behind when it is full
	origin  []byte
}

// add prepares a column: as delivered, or as it is.
func (r *reader) add(to *[]*cell, name string, raw bool) error {
	f, known := r.s.dict.Field(name)
	if err := driver.Scannable(f, known); err != nil {
		return err
	}
	c := &cell{slot: f.Slot}
	if c.from, _ = r.s.accessor(f.Name); c.from != nil {
		c.table = r.table(&c.from.dictionary)
	}
	if c.raw = r.s.raw[f.Name]; c.raw == nil || !raw {
		c.raw = nil
		*to = append(*to, c)
		return nil
	}
	c.was, c.has = r.table(&c.raw.dictionary), r.s.empty()
	for i := range r.s.rows {
		switch {
		case c.raw.rows == nil && c.raw.codes.at(i) != 0:
			c.has.set(i)
		case i < len(c.raw.rows):
			c.has.set(int(c.raw.rows[i]))
		}
	}
	*to = append(*to, c)
	return nil
}

// few is how many values are kept as strings during a scan.
const few = 1 << 16

// table returns the values of a dictionary by code; nil if they are many.
func (r *reader) table(d *dictionary) []string {
	if len(d.ends) > few {
		return nil
	}
	t := r.tables[d]
	if t == nil {
		text, start := string(d.text), uint32(0)
		t = make([]string, 1, len(d.ends)+1)
		for _, end := range d.ends {
			t = append(t, text[start:end])
			start = end
		}
		r.tables[d] = t
	}
	return t
}

// read reads the columns of some rows, at most a batch.
func (r *reader) read(ids []uint32) error {
	for _, c := range slices.Concat(r.columns, r.raw) {
		if err := r.values(c, ids); err != nil {
			return err
		}
		if c.raw == nil {
			continue
		}
		for i, id := range ids {
			if c.has.has(int(id)) {
				c.out[i] = r.text(&c.raw.dictionary, c.was, c.raw.code(int(id)))
			}
		}
	}
	return nil
}

// values reads a column's values.
func (r *reader) values(c *cell, ids []uint32) error {
	if c.from == nil {
		clear(c.out[:len(ids)])
		return nil
	}
	codes := r.codes[:len(ids)]
	switch a := c.from.codes; {
	case c.slot > 0:
		offset, slot := c.from.offset, uint64(c.slot-1)
		for i, id := range ids {
			codes[i] = 0
			if at := uint64(offset[id]) + slot; at < uint64(offset[id+1]) {
				codes[i] = a.at(int(at))
			}
		}
	case a.w1 != nil:
		gather(codes, a.w1, ids)
	case a.w2 != nil:
		gather(codes, a.w2, ids)
	default:
		gather(codes, a.w4, ids)
	}
	if int(highest(codes)) > c.from.meta.Values {
		return damaged("%s has codes without a value", c.from.meta.Name)
	}
	for i, code := range codes {
		if c.table == nil && i > 0 && code == codes[i-1] {
			c.out[i] = c.out[i-1] // the rows of one person
			continue
		}
		c.out[i] = r.text(&c.from.dictionary, c.table, code)
	}
	return nil
}

func gather[T uint8 | uint16 | uint32](codes []uint32, from []T, ids []uint32) {
	for i, id := range ids {
		codes[i] = uint32(from[id])
	}
}

// text returns the text of a code that the dictionary has.
func (r *reader) text(d *dictionary, table []string, code uint32) string {
	switch {
	case table != nil:
		return table[code]
	case code == 0:
		return ""
	}
	return r.copy(d.bytes(code))
}

// row fills in one of the rows that were read.
func (r *reader) row(row *driver.ScanRow, i int, id uint32) {
	row.ID, row.Person = driver.RowID(id), r.s.personOf(driver.RowID(id))
	for n, c := range r.columns {
		row.Values[n] = c.out[i]
	}
	for n, c := range r.raw {
		row.Raw[n] = c.out[i]
	}
	r.origin = r.s.origin.appendTo(r.origin[:0], int(id))
	row.Origin = r.copy(r.origin)
}

// copy makes a string of bytes without a piece of memory of its own.
func (r *reader) copy(b []byte) string {
	if r.block.Cap()-r.block.Len() < len(b) {
		r.block.Reset()
		r.block.Grow(max(chunk, len(b)))
	}
	start := r.block.Len()
	r.block.Write(b)
	return r.block.String()[start:]
}

var _ driver.Scanner = (*Store)(nil)
