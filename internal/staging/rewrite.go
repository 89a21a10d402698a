package staging

import (
	"errors"

	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

// Rewrite makes a batch of the rows of another that are not dropped, and of
// nothing else: no value that only dropped rows had is in the new one. It returns
// how many rows were dropped. Its report is the old one, with a note.
func Rewrite(b *Batch, dir string, d *hes.Dictionary, drop func(row int) bool, note string) (dropped int, err error) {
	w, err := Create(dir, b.columns, b.m.Files)
	if err != nil {
		return 0, err
	}
	dead := make(map[uint32]bool, len(b.dead))
	for _, row := range b.dead {
		dead[row] = true
	}
	r := &rewriter{b: b, w: w, block: w.NewBlock(), keys: map[int]keyColumn{}, used: make([][]bool, len(b.columns))}
	if err := r.open(); err != nil {
		return 0, errors.Join(err, w.Abort())
	}
	years := map[string]int{}
	row := 0
	for _, bl := range b.m.Blocks {
		if err := r.read(bl); err != nil {
			return 0, errors.Join(err, w.Abort())
		}
		for i := range bl.Rows {
			switch {
			case dead[uint32(row)]: // was never in force
			case drop(row):
				dropped++
			default:
				years[r.copy(i, row)]++
			}
			row++
		}
		r.block.File = bl.File
		if err := w.Put(r.block); err != nil {
			return 0, errors.Join(err, w.Abort())
		}
	}
	entries := make([][]Entry, len(b.columns))
	for _, u := range b.units {
		if IsKey(b.columns[u.first]) {
			continue
		}
		all, err := b.Entries(u.first)
		if err != nil {
			return 0, errors.Join(err, w.Abort())
		}
		for i := range all {
			if !r.used[u.first][i+1] {
				all[i] = Entry{}
			}
		}
		entries[u.first] = all
	}
	out, err := w.Finish(d, entries)
	if err != nil {
		return 0, err
	}
	report := *b.m.Report
	report.Years = nil
	for y, n := range years {
		report.Years = append(report.Years, quality.YearCount{Year: y, Rows: n})
	}
	report.Notes = append(report.Notes, note)
	report.Sort()
	return dropped, errors.Join(out.Seal(nil, &report), out.Close())
}

type keyColumn struct {
	values Text
	codes  []uint32
}

// rewriter copies rows from one batch to another.
type rewriter struct {
	b     *Batch
	w     *Writer
	block *Block
	keys  map[int]keyColumn
	used  [][]bool // of each unit's first column, which entries the copied rows have
	years []Entry
	cells [][]uint32 // of each scalar column, or slot, the entries of the block that was read
	lines []uint32
	raw   []byte
}

func (r *rewriter) open() error {
	r.cells, r.lines = make([][]uint32, len(r.b.columns)), make([]uint32, MaxBlock)
	for i, u := range r.b.units {
		if IsKey(r.b.columns[u.first]) {
			values, codes, err := r.b.Key(u.first)
			if err != nil {
				return err
			}
			r.keys[u.first] = keyColumn{values, codes}
			continue
		}
		r.used[u.first] = make([]bool, r.b.m.Entries[i]+1)
		for c := u.first; c < u.first+u.n; c++ {
			r.cells[c] = make([]uint32, MaxBlock)
		}
	}
	var err error
	r.years, err = r.b.Entries(r.b.Column(hes.YearField))
	return err
}

// read takes a block apart.
func (r *rewriter) read(bl blockMeta) error {
	size := 0
	for _, s := range bl.Sizes {
		size += int(s)
	}
	if cap(r.raw) < size {
		r.raw = make([]byte, size)
	}
	r.raw = r.raw[:size]
	if _, err := r.b.blocks.ReadAt(r.raw, bl.At); err != nil {
		return cannotRead(err)
	}
	at := 0
	for i, u := range r.b.units {
		in := r.raw[at : at+int(bl.Sizes[i])]
		if sum(in) != bl.Sums[i] {
			return errDamaged
		}
		at += int(bl.Sizes[i])
		limit := uint32(r.b.m.Entries[i]) + 1
		switch {
		case r.cells[u.first] == nil:
		case u.n == 1:
			if _, err := takeCodes(in, bl.Rows, limit, r.cells[u.first]); err != nil {
				return err
			}
		default:
			counts := make([]uint32, bl.Rows)
			in, err := takeCodes(in, bl.Rows, uint32(u.n)+1, counts)
			if err != nil {
				return err
			}
			total := 0
			for _, n := range counts {
				total += int(n)
			}
			list := make([]uint32, total)
			if _, err := takeCodes(in, total, limit, list); err != nil {
				return err
			}
			for row, n := range counts {
				for s := range u.n {
					r.cells[u.first+s][row] = 0
					if s < int(n) {
						r.cells[u.first+s][row] = list[s]
					}
				}
				list = list[n:]
			}
		}
	}
	_, err := takeCodes(r.raw[at:], bl.Rows, 1<<32-1, r.lines)
	return err
}

// copy puts row i of the block that was read, row of the batch, into the new one
// and returns its financial year.
func (r *rewriter) copy(i, row int) (year string) {
	for _, u := range r.b.units {
		if k, ok := r.keys[u.first]; ok {
			var v []byte
			if c := k.codes[row]; c > 0 {
				v = k.values.At(int(c) - 1)
			}
			r.block.Keys[u.first].Append(v)
			continue
		}
		for c := u.first; c < u.first+u.n; c++ {
			if e := r.cells[c][i]; e > 0 {
				r.block.Set(c, e)
				r.used[u.first][e] = true
			}
		}
	}
	if e := r.cells[r.b.Column(hes.YearField)][i]; e > 0 {
		year = r.years[e-1].Clean
	}
	r.block.End(int(r.lines[i]))
	return year
}
