package store

import (
	"context"
	"strings"

	"webenablehes/internal/warehouse/driver"
)

// Scan implements driver.Scanner. Rows are put together from codes: a value is
// made a string once where a column has few of them, and copied into a shared
// block of memory where it has many, so that no row allocates.
func (s *Store) Scan(ctx context.Context, q driver.Scan, visit func(driver.ScanRow) error) error {
	r := reader{s: s, tables: map[*column][]string{}}
	for _, name := range q.Columns {
		c, err := r.cell(name)
		if err != nil {
			return err
		}
		r.columns = append(r.columns, c)
	}
	for _, name := range q.Raw {
		c, err := r.cell(name)
		if err != nil {
			return err
		}
		if raw := s.raw[c.name]; raw != nil {
			c.raw, c.changed = raw, s.changed(raw)
		}
		r.raw = append(r.raw, c)
	}
	wanted, err := s.match(ctx, q.Where)
	if err != nil {
		return err
	}
	row := driver.ScanRow{Values: make([]string, len(r.columns)), Raw: make([]string, len(r.raw))}
	seen := 0
	give := func(id int) error {
		if seen%block == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		seen++
		if !wanted.has(id) {
			return nil
		}
		if err := r.read(&row, id); err != nil {
			return err
		}
		return visit(row)
	}
	if !q.People || s.person == nil {
		return inTurn(s.rows, give)
	}
	for _, id := range s.list { // person by person, each newest first
		if int(id) >= s.rows {
			return damaged("persons.list names rows that are not there")
		}
		if err := give(int(id)); err != nil {
			return err
		}
	}
	return inTurn(s.rows, func(id int) error {
		if int(s.person[id]) < s.persons {
			return nil
		}
		return give(id)
	})
}

func inTurn(rows int, give func(id int) error) error {
	for id := range rows {
		if err := give(id); err != nil {
			return err
		}
	}
	return nil
}

// changed marks the rows that have a delivered text, so that a row without one
// costs no search.
func (s *Store) changed(r *rawColumn) bitmap {
	b := s.empty()
	if r.rows == nil {
		for row := range s.rows {
			if r.codes.at(row) != 0 {
				b.set(row)
			}
		}
	}
	for _, row := range r.rows {
		b.set(int(row))
	}
	return b
}

// cell reads one column of a scan.
type cell struct {
	name    string
	at      func(row int) uint32 // nil: the release does not hold the field
	from    *column
	table   []string // by code; nil: too many values
	last    uint32   // code of text, which was read last
	text    string
	raw     *rawColumn // texts to be given instead; nil: none
	changed bitmap
}

// few is how many values are kept as strings during a scan.
const few = 1 << 16

// reader puts rows together.
type reader struct {
	s       *Store
	columns []*cell
	raw     []*cell
	tables  map[*column][]string // shared by the slots of a family
	block   strings.Builder      // strings share its memory; it only grows, and is left behind when it is full
	origin  []byte
}

// cell prepares a column.
func (r *reader) cell(name string) (*cell, error) {
	f, ok := r.s.dict.Field(name)
	if err := driver.Scannable(f, ok); err != nil {
		return nil, err
	}
	c := &cell{name: f.Name}
	c.from, c.at = r.s.accessor(f.Name)
	if c.from == nil || c.from.meta.Values > few {
		return c, nil
	}
	if c.table = r.tables[c.from]; c.table == nil {
		text, start := string(c.from.text), uint32(0)
		c.table = make([]string, 1, c.from.meta.Values+1)
		for _, end := range c.from.ends {
			c.table = append(c.table, text[start:end])
			start = end
		}
		r.tables[c.from] = c.table
	}
	return c, nil
}

// read fills in a row.
func (r *reader) read(row *driver.ScanRow, id int) error {
	row.ID, row.Person = driver.RowID(id), driver.NoPerson
	if p := r.s.personOf(row.ID); int(p) < r.s.persons {
		row.Person = p
	}
	for i, c := range r.columns {
		v, err := r.value(c, id)
		if err != nil {
			return err
		}
		row.Values[i] = v
	}
	for i, c := range r.raw {
		if c.raw != nil && c.changed.has(id) {
			row.Raw[i] = r.copy(c.raw.bytes(c.raw.code(id)))
			continue
		}
		v, err := r.value(c, id)
		if err != nil {
			return err
		}
		row.Raw[i] = v
	}
	r.origin = r.s.origin.appendTo(r.origin[:0], id)
	row.Origin = r.copy(r.origin)
	return nil
}

func (r *reader) value(c *cell, id int) (string, error) {
	if c.at == nil {
		return "", nil
	}
	code := c.at(id)
	switch {
	case int(code) > c.from.meta.Values:
		return "", damaged("%s has codes without a value", c.from.meta.Name)
	case c.table != nil:
		return c.table[code], nil
	case code == 0:
		return "", nil
	case code != c.last:
		c.last, c.text = code, r.copy(c.from.bytes(code))
	}
	return c.text, nil
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
