package assemble

import (
	"cmp"
	"slices"

	"webenablehes/internal/bulk"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
	"webenablehes/internal/staging"
)

// sort puts the kept rows into release order (see driver.Compare): the newest
// admission first, missing ones last, then by key, year and provider. A key is
// there once in a year, so that no two rows are equal.
func (a *assembly) sort(*Result) error {
	var keys []uint32
	var dates, years, providers column
	var dateRank, yearRank, providerRank []uint32
	last := uint32(0)
	err := a.parallel([]func() error{func() (err error) {
		keys, err = a.places(hes.EpisodeKey)
		return err
	}, func() (err error) {
		if dates, err = a.scalar(hes.AdmissionDate); err != nil {
			return err
		}
		var values []string
		values, dateRank = ranked(hes.Date, dates.entries, nil)
		last = uint32(len(values)) + 1
		for i, r := range dateRank {
			dateRank[i] = last - r // newest first, 0 (missing) last
		}
		return nil
	}, func() (err error) {
		if years, err = a.scalar(hes.YearField); err == nil {
			_, yearRank = ranked(hes.Code, years.entries, nil)
		}
		return err
	}, func() (err error) {
		if providers, err = a.scalar("PROCODE3"); err == nil {
			_, providerRank = ranked(hes.Code, providers.entries, nil)
		}
		return err
	}})
	if err != nil {
		return err
	}
	byKey := bulk.Make[uint32](a.kept.rows)[:0]
	for row := range a.n {
		if a.kept.keep == nil || a.kept.keep[row] {
			byKey = append(byKey, uint32(row))
		}
	}
	byKey = counting(byKey, func(row uint32) uint32 { return keys[row] - 1 })
	a.order = counting(byKey, func(row uint32) uint32 { return dateRank[dates.rows[row]] })
	missingLast := func(x, y uint32) int { return cmp.Compare(x-1, y-1) } // 0 wraps round to the largest
	for from := 0; from < len(a.order); {
		to := from + 1
		for to < len(a.order) && keys[a.order[to]] == keys[a.order[from]] && dateRank[dates.rows[a.order[to]]] == dateRank[dates.rows[a.order[from]]] {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(a.order[from:to], func(x, y uint32) int {
				return cmp.Or(missingLast(yearRank[years.rows[x]], yearRank[years.rows[y]]), missingLast(providerRank[providers.rows[x]], providerRank[providers.rows[y]]))
			})
		}
		from = to
	}
	// From here on what was derived is wanted in this order only.
	sorted := bulk.Make[outcome](len(a.order))
	for k, row := range a.order {
		sorted[k] = a.results[row]
	}
	a.results = sorted
	return a.byYear(years)
}

// counting sorts rows by a number, keeping the order of equal ones; the largest
// number, of missing values less one, comes last.
func counting(rows []uint32, number func(uint32) uint32) []uint32 {
	most := uint32(0)
	for _, r := range rows {
		if n := number(r); n != ^uint32(0) {
			most = max(most, n)
		}
	}
	at := bulk.Make[uint32](int(most) + 3)
	place := func(r uint32) uint32 { return min(number(r), most+1) }
	for _, r := range rows {
		at[place(r)+1]++
	}
	for i := 1; i < len(at); i++ {
		at[i] += at[i-1]
	}
	out := bulk.Make[uint32](len(rows))
	for _, r := range rows {
		p := place(r)
		out[at[p]] = r
		at[p]++
	}
	return out
}

// byYear notes the financial year of each kept row, for counting by it.
func (a *assembly) byYear(years column) error {
	used := make([]bool, len(years.entries)+1)
	for _, row := range a.order {
		used[years.rows[row]] = true
	}
	values, rank := ranked(hes.Code, years.entries, used)
	if len(values) > 250 {
		values = values[:250] // more than there can be; the rest is counted with the last
	}
	a.names = append([]string{""}, values...)
	a.years = make([]uint8, len(a.order))
	for k, row := range a.order {
		a.years[k] = uint8(min(int(rank[years.rows[row]]), len(values)))
	}
	return nil
}

// count notes in how many rows of each year a field is recorded.
func (a *assembly) count(name string, codes []uint32) {
	n := make([]int, 256)
	for k, y := range a.years {
		n[y] += int(min(codes[k], 1))
	}
	a.counted(name, n)
}

func (a *assembly) counted(name string, n []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.filled[name] = n
}

// write hands all columns to the sink.
func (a *assembly) write(out *Result) error {
	if len(a.order) == 0 {
		return nil
	}
	sink, err := a.o.Sink(len(a.order))
	if err != nil {
		return err
	}
	var tasks []func() error
	families := map[string]bool{}
	for _, f := range a.columns {
		switch {
		case f.Type == hes.Key:
			tasks = append(tasks, func() error { return a.writeKey(sink, f) })
		case f.Family == "":
			tasks = append(tasks, func() error { return a.writeScalar(sink, f, out) })
		case !families[f.Family]:
			families[f.Family] = true
			tasks = append(tasks, func() error { return a.writeFamily(sink, f) })
		}
	}
	for _, w := range a.derived() {
		tasks = append(tasks, func() error {
			codes := a.take(len(a.order))
			defer a.give(codes)
			values := w.of(a.results, codes)
			a.count(w.field.Name, codes)
			return sink.Scalar(w.field, values, codes)
		})
	}
	for name, of := range map[string]func(*outcome) int32{"PROVIDER_SPELL": func(r *outcome) int32 { return r.Spell },
		"STAY_NHSD": func(r *outcome) int32 { return r.StayNHSD }, "STAY_CHE": func(r *outcome) int32 { return r.StayCHE }} {
		tasks = append(tasks, func() error {
			f, _ := a.o.Dictionary.Field(name)
			codes, n := a.numbered(of)
			defer a.give(codes)
			a.count(name, codes)
			return sink.Numbered(f, codes, n)
		})
	}
	tasks = append(tasks, func() error {
		slots, values, offsets, list := a.flags()
		if len(slots) == 0 {
			return nil
		}
		return sink.Family(slots, values, offsets, list)
	}, func() error { return a.origins(sink) }, func() error { return a.account(out) })
	if rules := a.kept.rules; rules != nil {
		tasks = append(tasks, func() error {
			var names []string
			for _, r := range a.o.Subset.Rules {
				names = append(names, r.ID)
			}
			slots, values, offsets, list := a.bitList("SUBSET_n", names, func(k int) uint16 { return rules[a.order[k]] })
			return sink.Family(slots, values, offsets, list)
		})
	}
	if err := a.parallel(tasks); err != nil {
		return err
	}
	a.completeness(out)
	return nil
}

// gathered is a column's entries of the kept rows, in release order, and which
// entries they use.
func (a *assembly) gathered(rows []uint32, entries int) (codes []uint32, used []bool) {
	codes, used = a.take(len(a.order)), make([]bool, entries+1)
	for k, row := range a.order {
		e := rows[row]
		codes[k] = e
		used[e] = true
	}
	return codes, used
}

func (a *assembly) writeScalar(sink Sink, f hes.Field, out *Result) error {
	c, err := a.scalar(f.Name)
	if err != nil {
		return err
	}
	codes, used := a.gathered(c.rows, len(c.entries))
	a.give(c.rows)
	defer a.give(codes)
	values, rank := ranked(f.Type, c.entries, used)
	if err := a.writeRaw(sink, f, c.entries, used, codes); err != nil {
		return err
	}
	for k, e := range codes {
		codes[k] = rank[e]
	}
	a.count(f.Name, codes)
	if f.Name == hes.AdmissionDate && len(values) > 0 {
		out.First, out.Last = values[0], values[len(values)-1]
	}
	return sink.Scalar(f, values, codes)
}

// rawValues gives the texts, in order, that the rules made something else of, and
// for each entry its text's place there counted from 1; nil if there are none.
func rawValues(entries []staging.Entry, used []bool) (values []string, rank []uint32) {
	raw := make([]staging.Entry, len(entries))
	changed := false
	for i, e := range entries {
		if used[i+1] && e.Raw != e.Clean && e.Raw != "" {
			raw[i].Clean = e.Raw
			changed = true
		}
	}
	if !changed {
		return nil, nil
	}
	return ranked(hes.Key, raw, used)
}

// writeRaw hands over what was delivered where the rules made something else of it.
func (a *assembly) writeRaw(sink Sink, f hes.Field, entries []staging.Entry, used []bool, codes []uint32) error {
	values, rank := rawValues(entries, used)
	if values == nil {
		return nil
	}
	var rows, list []uint32
	for k, e := range codes {
		if r := rank[e]; r > 0 {
			rows, list = append(rows, uint32(k)), append(list, r)
		}
	}
	return sink.Raw(f, values, rows, list)
}

// sinkRaw hands over the texts of a slot, of which values may hold more than it has.
func sinkRaw(sink Sink, f hes.Field, values []string, rows, codes []uint32) error {
	used := make([]uint32, len(values)+1)
	for _, c := range codes {
		used[c] = 1
	}
	var own []string
	for i, v := range values {
		if used[i+1] > 0 {
			own = append(own, v)
			used[i+1] = uint32(len(own))
		}
	}
	for i, c := range codes {
		codes[i] = used[c]
	}
	return sink.Raw(f, own, rows, codes)
}

func (a *assembly) writeFamily(sink Sink, f hes.Field) error {
	l, err := a.family(f.Family)
	if err != nil {
		return err
	}
	used, longest := make([]bool, len(l.entries)+1), 0
	for _, row := range a.order {
		codes := l.rows[l.offsets[row]:l.offsets[row+1]]
		longest = max(longest, len(codes))
		for _, e := range codes {
			used[e] = true
		}
	}
	values, rank := ranked(f.Type, l.entries, used)
	raws, rawRank := rawValues(l.entries, used)
	offsets, list := bulk.Make[uint32](len(a.order) + 1)[:1], bulk.Make[uint32](len(l.rows))[:0]
	filled := make([][256]int, longest) // by slot and year
	raw := make([][2][]uint32, longest) // of each slot the rows and codes of what was changed
	for k, row := range a.order {
		start, year := len(list), a.years[k]
		end := start // after the last value
		for slot, e := range l.rows[l.offsets[row]:l.offsets[row+1]] {
			c := rank[e]
			list = append(list, c)
			if c > 0 {
				filled[slot][year]++
				end = len(list)
			}
			if raws != nil && rawRank[e] > 0 {
				raw[slot][0], raw[slot][1] = append(raw[slot][0], uint32(k)), append(raw[slot][1], rawRank[e])
			}
		}
		list = list[:end]
		offsets = append(offsets, uint32(end))
	}
	for _, slot := range l.slots {
		if slot.Slot > longest {
			a.counted(slot.Name, make([]int, 256))
			continue
		}
		a.counted(slot.Name, filled[slot.Slot-1][:])
		if r := raw[slot.Slot-1]; len(r[0]) > 0 {
			if err := sinkRaw(sink, slot, raws, r[0], r[1]); err != nil {
				return err
			}
		}
	}
	return sink.Family(l.slots, values, offsets, list)
}

func (a *assembly) writeKey(sink Sink, f hes.Field) error {
	t, rows, err := a.key(f.Name)
	if err != nil {
		return err
	}
	codes, used := a.gathered(rows, t.Len())
	a.give(rows)
	defer a.give(codes)
	if !slices.Contains(used[1:], false) { // all values stay
		a.count(f.Name, codes)
		return sink.Text(f, t.Bytes, t.Ends, codes)
	}
	rank := make([]uint32, t.Len()+1)
	left := staging.Text{Bytes: bulk.Make[byte](len(t.Bytes) / 2)[:0]}
	left.Ends = bulk.Make[uint32](min(t.Len(), len(codes)))[:0]
	for i := range t.Len() {
		if used[i+1] {
			left.Append(t.At(i))
			rank[i+1] = uint32(left.Len())
		}
	}
	for k, c := range codes {
		codes[k] = rank[c]
	}
	a.count(f.Name, codes)
	return sink.Text(f, left.Bytes, left.Ends, codes)
}

// origins says where each row was read.
func (a *assembly) origins(sink Sink) error {
	var names []string
	file, line := bulk.Make[uint16](len(a.order)), bulk.Make[uint32](len(a.order))
	place := bulk.Make[uint32](a.n) // of each row its place in the release, from 1
	for k, row := range a.order {
		place[row] = uint32(k) + 1
	}
	for i, s := range a.sources {
		files, f, l, err := s.Batch.Origins()
		if err != nil {
			return err
		}
		base := uint16(len(names))
		names = append(names, files...)
		for k := range a.starts[i+1] - a.starts[i] {
			row := k
			if a.live[i] != nil {
				row = int(a.live[i][k])
			}
			if p := place[a.starts[i]+k]; p > 0 {
				file[p-1], line[p-1] = base+f[row], l[row]
			}
		}
	}
	return sink.Origins(names, file, line)
}

// account counts the rows by year, by provider and by load.
func (a *assembly) account(out *Result) error {
	keep := func(row int) bool { return a.kept.keep == nil || a.kept.keep[row] }
	r := &out.Report
	r.Whole.Staged, r.Whole.Kept = a.n, a.kept.rows
	r.Whole.OutsideSubset, r.Whole.Replaced = a.n-a.kept.rows, out.Replaced
	for name, into := range map[string]*[]quality.Part{hes.YearField: &r.WholeYears, "PROCODE3": &r.Providers} {
		c, err := a.scalar(name)
		if err != nil {
			return err
		}
		values, rank := ranked(hes.Code, c.entries, nil)
		parts := make([]quality.Part, len(values)+1)
		own := make([]quality.Part, len(values)+1)
		for i, v := range values {
			parts[i+1].Value, own[i+1].Value = v, v
		}
		for row, e := range c.rows {
			into := parts
			for range 2 {
				if keep(row) {
					into[rank[e]].Kept++
				} else {
					into[rank[e]].OutsideSubset++
				}
				if a.o.Latest < 0 || row < a.starts[a.o.Latest] || row >= a.starts[a.o.Latest+1] {
					break
				}
				into = own
			}
		}
		some := func(p quality.Part) bool { return p.Kept == 0 && p.OutsideSubset == 0 }
		*into = slices.DeleteFunc(parts, some)
		if name != hes.YearField {
			continue
		}
		for _, p := range own {
			r.Rows.Kept += p.Kept
			r.Rows.OutsideSubset += p.OutsideSubset
			if p.Kept > 0 {
				r.Years = append(r.Years, quality.YearCount{Year: p.Value, Rows: p.Kept})
			}
		}
		for _, p := range parts {
			if p.Kept > 0 && p.Value != "" {
				out.Years = append(out.Years, p.Value)
			}
		}
	}
	seen := make([]bool, len(a.persons)+2)
	for _, row := range a.order {
		if p := a.persons[row]; p > 0 && !seen[p] {
			seen[p] = true
			r.Whole.Persons++
		}
	}
	return nil
}

// completeness puts what was counted by field into the order of the dictionary.
func (a *assembly) completeness(out *Result) {
	years := []int{}
	for _, p := range out.Report.WholeYears {
		if p.Kept > 0 {
			years = append(years, slices.Index(a.names, p.Value))
		} else {
			years = append(years, -1)
		}
	}
	emit := func(name string) {
		n, ok := a.filled[name]
		if !ok {
			return
		}
		c := quality.FieldByYear{Field: name}
		total := 0
		for _, y := range years {
			if y < 0 {
				c.Filled = append(c.Filled, 0)
				continue
			}
			c.Filled = append(c.Filled, n[y])
			total += n[y]
		}
		out.Report.Completeness = append(out.Report.Completeness, c)
		out.Report.Filled = append(out.Report.Filled, quality.FieldCount{Field: name, Rows: total})
	}
	d := a.o.Dictionary
	for _, f := range d.Fields() {
		if !f.List() {
			emit(f.Name)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			emit(f.SlotName(slot))
		}
	}
}
