package load

import (
	"cmp"
	"errors"
	"hash/maphash"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"webenablehes/internal/derive"
	"webenablehes/internal/hes"
	"webenablehes/internal/staging"
)

// candidate is a row whose key other rows have too.
type candidate struct {
	row       uint32
	key, year uint32
	quality   int
	submitted string
	out       bool
}

// twice finds the rows of a batch whose EPIKEY another row of the same financial
// year has. The one to keep is the one with the most recorded values, then the
// one submitted last (rule D1's order), then the first by the bytes of the
// cleaned row: never by the order of the input.
func twice(b *staging.Batch) (dead []uint32, err error) {
	codes, err := b.Codes(b.Column(hes.EpisodeKey))
	if err != nil {
		return nil, err
	}
	most := uint32(0)
	for _, c := range codes {
		most = max(most, c)
	}
	seen := make([]uint8, most+1)
	again := false
	for _, c := range codes {
		if seen[c] < 2 {
			seen[c]++
		}
		again = again || seen[c] == 2 && c != 0
	}
	if !again {
		return nil, nil
	}
	var all []candidate
	for row, c := range codes {
		if c != 0 && seen[c] == 2 {
			all = append(all, candidate{row: uint32(row), key: c})
		}
	}
	v := &values{b: b, rows: all}
	if err := v.each([]int{b.Column(hes.YearField)}, func(i int, _ int, value uint32, _ string) { all[i].year = value }); err != nil {
		return nil, err
	}
	// A key that comes again in another year is no fault, and common.
	var left []candidate
	for _, g := range group(all) {
		left = append(left, pick(all, g)...)
	}
	if all = left; len(all) == 0 {
		return nil, nil
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.row, b.row) })
	v.rows = all
	var fields []int
	for _, name := range derive.QualityFields() {
		if c := b.Column(name); c >= 0 {
			fields = append(fields, c)
		}
	}
	if err := v.each(fields, func(i int, _ int, _ uint32, text string) {
		if text != "" {
			all[i].quality++
		}
	}); err != nil {
		return nil, err
	}
	if c := b.Column("SUBDATE"); c >= 0 {
		if err := v.each([]int{c}, func(i int, _ int, _ uint32, text string) { all[i].submitted = text }); err != nil {
			return nil, err
		}
	}
	groups := group(all)
	for _, g := range groups {
		best := slices.MinFunc(pick(all, g), better)
		for _, i := range g {
			all[i].out = better(all[i], best) != 0
		}
	}
	if groups, err = v.differing(groups); err != nil {
		return nil, err
	}
	if err := v.byBytes(groups); err != nil {
		return nil, err
	}
	files, file, line, err := b.Origins()
	if err != nil {
		return nil, err
	}
	byPlace := func(i, j int) int {
		x, y := all[i].row, all[j].row
		return cmp.Or(strings.Compare(files[file[x]], files[file[y]]), cmp.Compare(line[x], line[y]))
	}
	groups = group(all)
	for _, g := range groups {
		slices.SortFunc(g, byPlace)
		kept := false
		for _, i := range g {
			if all[i].out || kept {
				dead = append(dead, all[i].row)
			}
			kept = kept || !all[i].out
		}
	}
	slices.Sort(dead)
	return dead, nil
}

func better(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.quality, a.quality), strings.Compare(b.submitted, a.submitted))
}

func pick(all []candidate, g []int) []candidate {
	out := make([]candidate, len(g))
	for k, i := range g {
		out[k] = all[i]
	}
	return out
}

// group gathers the places of candidates with the same key and year, of two or
// more.
func group(all []candidate) [][]int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	same := func(a, b int) int {
		return cmp.Or(cmp.Compare(all[a].key, all[b].key), cmp.Compare(all[a].year, all[b].year))
	}
	slices.SortStableFunc(order, same)
	var out [][]int
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && same(order[from], order[to]) == 0 {
			to++
		}
		if to-from > 1 {
			out = append(out, order[from:to])
		}
		from = to
	}
	return out
}

// values reads the cleaned values of some rows, a column at a time.
type values struct {
	b     *staging.Batch
	rows  []candidate
	lists map[int]staging.List
}

// each calls visit for every row and column: which row, which column, a number
// that is equal for equal values of the column, and the value.
func (v *values) each(columns []int, visit func(i, column int, number uint32, text string)) error {
	codes := make([]uint32, v.b.Rows())
	for _, c := range columns {
		if staging.IsKey(v.b.Columns()[c]) {
			sorted, all, err := v.b.Key(c)
			if err != nil {
				return err
			}
			for i, r := range v.rows {
				if code := all[r.row]; code > 0 {
					visit(i, c, code, string(sorted.At(int(code)-1)))
				} else {
					visit(i, c, 0, "")
				}
			}
			continue
		}
		entries, err := v.b.Entries(c)
		if err != nil {
			return err
		}
		at, err := v.column(c, codes)
		if err != nil {
			return err
		}
		number := map[string]uint32{"": 0}
		for i, r := range v.rows {
			text := ""
			if e := at(r.row); e > 0 {
				text = entries[e-1].Clean
			}
			n, ok := number[text]
			if !ok {
				n = uint32(len(number))
				number[text] = n
			}
			visit(i, c, n, text)
		}
	}
	return nil
}

// column returns the entry of each row of a column.
func (v *values) column(c int, codes []uint32) (func(row uint32) uint32, error) {
	for _, f := range v.b.Families() {
		if c < f[0] || c >= f[0]+f[1] {
			continue
		}
		list, ok := v.lists[f[0]]
		if !ok {
			var err error
			if list, err = v.b.List(f[0]); err != nil {
				return nil, err
			}
			v.lists = map[int]staging.List{f[0]: list} // one at a time is in memory
		}
		slot := uint32(c - f[0])
		return func(row uint32) uint32 {
			if at := list.Offsets[row] + slot; at < list.Offsets[row+1] {
				return list.Entries[at]
			}
			return 0
		}, nil
	}
	if err := v.b.Scalar(c, codes); err != nil {
		return nil, err
	}
	return func(row uint32) uint32 { return codes[row] }, nil
}

// differing returns the groups of which two rows that are still in differ in any
// value: mostly none, since a key is there twice when a row is. Sums of hashes of
// all values tell, so that columns can be read side by side.
func (v *values) differing(groups [][]int) ([][]int, error) {
	seed := maphash.MakeSeed()
	workers := runtime.GOMAXPROCS(0)
	sums, errs := make([][]uint64, workers), make([]error, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	units := staging.Units(v.b.Columns())
	for w := range workers {
		sums[w] = make([]uint64, len(v.rows))
		wg.Go(func() {
			own := &values{b: v.b, rows: v.rows}
			for errs[w] == nil {
				c := int(next.Add(1)) - 1
				if c >= len(units) {
					return
				}
				if units[c] != c {
					continue // read with the first of its family
				}
				for k := c; k < len(units) && units[k] == c && errs[w] == nil; k++ {
					errs[w] = own.each([]int{k}, func(i, column int, _ uint32, text string) {
						if text != "" {
							sums[w][i] += maphash.Comparable(seed, cellValue{column, text})
						}
					})
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	sum := func(i int) (s uint64) {
		for w := range sums {
			s += sums[w][i]
		}
		return s
	}
	return slices.DeleteFunc(groups, func(g []int) bool {
		first := -1
		for _, i := range g {
			switch {
			case v.rows[i].out:
			case first < 0:
				first = i
			case sum(i) != sum(first):
				return false
			}
		}
		return true
	}), nil
}

type cellValue struct {
	column int
	text   string
}

// byBytes leaves of each group only the rows that are first by the bytes of their
// values, column after column.
func (v *values) byBytes(groups [][]int) error {
	texts := make([]string, len(v.rows))
	for c := range v.b.Columns() {
		open := false
		for _, g := range groups {
			left := 0
			for _, i := range g {
				if !v.rows[i].out {
					left++
				}
			}
			open = open || left > 1
		}
		if !open {
			return nil
		}
		if err := v.each([]int{c}, func(i, _ int, _ uint32, text string) { texts[i] = text }); err != nil {
			return err
		}
		for _, g := range groups {
			first, any := "", false
			for _, i := range g {
				if !v.rows[i].out && (!any || texts[i] < first) {
					first, any = texts[i], true
				}
			}
			for _, i := range g {
				v.rows[i].out = v.rows[i].out || texts[i] != first
			}
		}
	}
	return nil
}
