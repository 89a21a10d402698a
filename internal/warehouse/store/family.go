package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"webenablehes/internal/bulk"
	"webenablehes/internal/hes"
)

// Family writes a repeated field. slots are the slots that were delivered, in
// order; values are the distinct values of all of them, in the order that Scalar
// wants. list holds the codes of each row's slots from the first one on, with 0
// for a gap and none behind the last filled slot; those of a row are
// list[offsets[row]:offsets[row+1]], so that offsets has one entry more than
// there are rows.
func (b *Builder) Family(slots []hes.Field, values []string, offsets, list []uint32) error {
	if len(slots) == 0 || slots[0].Family == "" {
		return errors.New("write a family: it has no slots")
	}
	c := columnMeta{Name: slots[0].Family, Values: len(values), Width: widthFor(len(values)), Items: len(list), Identifying: slots[0].Class == hes.Prohibited}
	here := make([]bool, 0, 32) // slots that were delivered, from 0
	for _, s := range slots {
		if s.Family != c.Name || s.Slot <= len(here) {
			return fmt.Errorf("write column %s: its slots are out of order", c.Name)
		}
		here = append(here, make([]bool, s.Slot-len(here))...)
		here[s.Slot-1] = true
		c.Slots = append(c.Slots, s.Name)
	}
	err := cmp.Or(b.known(c.Name), texts(values).check(slots[0].Type))
	if err == nil {
		err = inBounds(list, len(values))
	}
	if err == nil {
		err = checkLists(offsets, list, here, b.rows)
	}
	if err != nil {
		return fmt.Errorf("write column %s: %w", c.Name, err)
	}
	starts, posts := postings(offsets, list, len(values))
	c.Postings = len(posts)
	if err := b.claim(c.Name, func(m *meta) { m.Columns = append(m.Columns, c) }); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(*file)
	}{
		{".dict", texts(values).write},
		{".offsets", func(out *file) { out.numbers(offsets) }},
		{".list", func(out *file) { out.codes(c.Width, list) }},
		{".postings", func(out *file) { out.numbers(starts); out.numbers(posts) }},
	} {
		if err := b.file(c.Identifying, c.Name+f.name, f.write); err != nil {
			return err
		}
	}
	return nil
}

// checkLists checks the rows' lists of a family. here says which slots were
// delivered.
func checkLists(offsets, list []uint32, here []bool, rows int) error {
	if len(offsets) != rows+1 || int64(len(list)) > math.MaxUint32 || rising(offsets, len(list)) != nil || offsets[0] != 0 || int(offsets[rows]) != len(list) {
		return fmt.Errorf("the offsets of %d rows do not fit its list", rows)
	}
	for row := range rows {
		mine := list[offsets[row]:offsets[row+1]]
		if len(mine) > len(here) || len(mine) > 0 && mine[len(mine)-1] == 0 {
			return fmt.Errorf("the slots of row %d do not end with the last that is filled", row)
		}
		for slot, code := range mine {
			if code != 0 && !here[slot] {
				return fmt.Errorf("row %d fills slot %d, which was not delivered", row, slot+1)
			}
		}
	}
	return nil
}

// postings gives for each code the rows that have it in any slot, once each:
// those of a code are posts[starts[code]:starts[code+1]].
func postings(offsets, list []uint32, values int) (starts, posts []uint32) {
	starts = make([]uint32, values+2)
	last := make([]uint32, values+1) // row + 1 that a code was last seen in
	rows := len(offsets) - 1
	for row := range rows {
		for _, code := range list[offsets[row]:offsets[row+1]] {
			if code != 0 && last[code] != uint32(row)+1 {
				last[code] = uint32(row) + 1
				starts[code+1]++
			}
		}
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	posts = bulk.Make[uint32](int(starts[values+1]))
	at := slices.Clone(starts)
	clear(last)
	for row := range rows {
		for _, code := range list[offsets[row]:offsets[row+1]] {
			if code != 0 && last[code] != uint32(row)+1 {
				last[code] = uint32(row) + 1
				posts[at[code]] = uint32(row)
				at[code]++
			}
		}
	}
	return starts, posts
}
