package assemble

import (
	"slices"
	"strconv"
	"sync"

	"webenablehes/internal/bulk"
	"webenablehes/internal/derive"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

// qualityDiagnoses are the diagnoses that count for rule D1's quality of a row,
// from the first; the other fields of derive.QualityFields but the main procedure
// are columns by themselves.
const qualityDiagnoses = 14

// outcome is what was derived of a row. The numbers of its spell and stays are made
// to differ from everybody else's; -1 is none.
type outcome struct {
	derive.Result
	group uint8 // condition group
}

// facts are what the rules need of all rows, in few bytes.
type facts struct {
	days    [5]dated // Start, End, Admitted, Discharged, Submitted
	ints    [3]narrow
	numbers [3][]int32
	year    narrow
	years   []int16
	codes   [11]narrow
	packed  [11][]derive.Code
	prov    narrow
	key     []uint32
	sus     []uint32
	quality []uint8
	baby    []bool
	dx      []derive.Diagnoses
}

type dated struct {
	narrow
	days []derive.Day
}

// derive works out what follows from all rows of each person.
//
// A person's rows lie far apart, and memory is slow where it is not read in order.
// So what the rules need of a row is put together first, in the order of the rows,
// and then fetched, and stored again, in one piece.
func (a *assembly) derive(out *Result) error {
	f, err := a.facts()
	if err != nil {
		return err
	}
	persons, err := a.places(hes.PersonField)
	if err != nil {
		return err
	}
	a.persons = persons
	cutOff := f.cutOff()
	eps, err := a.episodes(f)
	if err != nil {
		return err
	}
	f = nil
	starts, rows := byPerson(persons)
	a.results = bulk.Make[outcome](a.n)
	type chunk struct{ from, to int } // persons
	var chunks []chunk
	const size = 1 << 14
	for from := 0; from < len(starts)-1; {
		to := from + 1
		for from > 0 && to < len(starts)-1 && int(starts[to]-starts[from]) < size {
			to++
		}
		chunks = append(chunks, chunk{from, to})
		from = to
	}
	var tasks []func() error
	var mu sync.Mutex
	var all []*worker // also those that the pool let go, for their counts
	workers := sync.Pool{New: func() any {
		w := &worker{Person: derive.New(a.tables, derive.Options{Spells: a.o.Spells, CutOff: cutOff})}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, w)
		return w
	}}
	for _, c := range chunks {
		tasks = append(tasks, func() error {
			w := workers.Get().(*worker)
			for person := c.from; person < c.to; person++ {
				own := rows[starts[person]:starts[person+1]]
				if person > 0 {
					w.derive(a, eps, own, starts[person])
					continue
				}
				for i := range own { // rows without a person each stand for themselves
					w.derive(a, eps, own[i:i+1], uint32(i))
				}
			}
			workers.Put(w)
			return nil
		})
	}
	if err := a.parallel(tasks); err != nil {
		return err
	}
	var counts derive.Counts
	for _, w := range all {
		counts.Add(w.Counts())
	}
	for _, c := range counts.List() {
		out.Report.Derived = append(out.Report.Derived, quality.RuleCount{ID: c.ID, What: c.What, Source: c.Source, Count: c.Count})
	}
	return nil
}

// worker applies the rules to one person after another.
type worker struct {
	*derive.Person
	eps []derive.Episode
	res []derive.Result
}

// derive works out what follows from the rows of a person. base is a number that
// no other person's spells and stays come near.
func (w *worker) derive(a *assembly, eps []derive.Episode, rows []uint32, base uint32) {
	w.eps = w.eps[:0]
	for _, row := range rows {
		w.eps = append(w.eps, eps[row])
	}
	w.res = slices.Grow(w.res[:0], len(rows))[:len(rows)]
	w.Derive(w.eps, w.res)
	for i, row := range rows {
		r := w.res[i]
		for _, n := range [...]*int32{&r.Spell, &r.StayNHSD, &r.StayCHE} {
			if *n >= 0 {
				*n += int32(base)
			}
		}
		a.results[row] = outcome{r, w.eps[i].Group}
	}
}

// episodes puts together what the rules need of each row.
func (a *assembly) episodes(f *facts) ([]derive.Episode, error) {
	eps := bulk.Make[derive.Episode](a.n)
	var tasks []func() error
	const size = 1 << 12 // as many as stay in the processor's memory
	for from := 0; from < a.n; from += 64 * size {
		tasks = append(tasks, func() error {
			for at := from; at < min(a.n, from+64*size); at += size {
				f.gather(at, eps[at:min(a.n, at+size)], a.persons, a.group)
			}
			return nil
		})
	}
	return eps, a.parallel(tasks)
}

// byPerson gathers the rows of each person: those of person p are
// rows[starts[p]:starts[p+1]]; person 0 is nobody.
func byPerson(persons []uint32) (starts, rows []uint32) {
	most := uint32(0)
	for _, p := range persons {
		most = max(most, p)
	}
	starts = bulk.Make[uint32](int(most) + 3)
	for _, p := range persons {
		starts[p+2]++
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	rows = bulk.Make[uint32](len(persons))
	for row, p := range persons {
		rows[starts[p+1]] = uint32(row)
		starts[p+1]++
	}
	return starts[:len(starts)-1], rows
}

// facts reads the columns that the rules need.
func (a *assembly) facts() (*facts, error) {
	f := &facts{quality: bulk.Make[uint8](a.n), baby: bulk.Make[bool](a.n), dx: bulk.Make[derive.Diagnoses](a.n)}
	a.group = bulk.Make[uint8](a.n)
	var tasks []func() error
	var mu sync.Mutex // guards quality and baby
	column := func(name string, take func(values []string, rows narrow)) {
		tasks = append(tasks, func() error {
			c, err := a.scalar(name)
			if err != nil {
				return err
			}
			field, _ := a.o.Dictionary.Field(name)
			values, rank := ranked(field.Type, c.entries, nil)
			rows := narrowed(c.rows, rank)
			a.give(c.rows)
			take(values, rows)
			if slices.Contains(derive.QualityFields(), name) {
				mu.Lock()
				for i := range f.quality {
					if rows.at(uint32(i)) > 0 {
						f.quality[i]++
					}
				}
				mu.Unlock()
			}
			return nil
		})
	}
	for i, name := range [...]string{"EPISTART", "EPIEND", hes.AdmissionDate, "DISDATE", "SUBDATE"} {
		column(name, func(values []string, rows narrow) {
			f.days[i] = dated{rows, append([]derive.Day{derive.NoDay}, mapped(values, derive.ParseDay)...)}
		})
	}
	for i, name := range [...]string{"EPIORDER", "STARTAGE", "SPELDUR"} {
		column(name, func(values []string, rows narrow) {
			f.ints[i], f.numbers[i] = rows, append([]int32{-1}, mapped(values, number)...)
		})
	}
	column(hes.YearField, func(values []string, rows narrow) {
		f.year, f.years = rows, append([]int16{0}, mapped(values, func(y string) int16 { return int16(hes.FirstYear(y)) })...)
	})
	for i, name := range [...]string{"ADMIMETH", "ADMISORC", "DISMETH", "DISDEST", "CLASSPAT", "MAINSPEF", "TRETSPEF", "SEX", "EPISTAT", "EPITYPE", "ETHNOS"} {
		column(name, func(values []string, rows narrow) {
			f.codes[i], f.packed[i] = rows, append([]derive.Code{0}, mapped(values, derive.Pack)...)
		})
	}
	column("PROCODE3", func(_ []string, rows narrow) { f.prov = rows })
	column("SITETRET", func([]string, narrow) {}) // for quality
	for _, name := range [...]string{"WELL_BABY_IND", "SUSHRG", "HRGNHS", "HRG40"} {
		column(name, func(values []string, rows narrow) {
			for rank, v := range values {
				if v != "Y" && v != "PB03Z" {
					continue
				}
				mu.Lock()
				for i := range f.baby {
					if rows.at(uint32(i)) == uint32(rank)+1 {
						f.baby[i] = true
					}
				}
				mu.Unlock()
			}
		})
	}
	tasks = append(tasks, func() error { return a.diagnoses(f, &mu) }, func() error {
		c, err := a.family(hes.AnyProcedure)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for row := range a.n {
			if at := c.offsets[row]; at < c.offsets[row+1] && c.rows[at] > 0 && c.entries[c.rows[at]-1].Clean != "" {
				f.quality[row]++
			}
		}
		return nil
	}, func() (err error) {
		f.key, err = a.places(hes.EpisodeKey)
		return err
	}, func() error {
		values, rows, err := a.key("SUSSPELLID")
		for i, code := range rows {
			if code > 0 && string(values.At(int(code)-1)) == "-1" {
				rows[i] = 0
			}
		}
		f.sus = rows
		return err
	})
	return f, a.parallel(tasks)
}

// diagnoses gathers what all diagnoses of each row say.
func (a *assembly) diagnoses(f *facts, mu *sync.Mutex) error {
	c, err := a.family(hes.AnyDiagnosis)
	if err != nil {
		return err
	}
	main, other := make([]derive.Diagnoses, len(c.entries)+1), make([]derive.Diagnoses, len(c.entries)+1)
	groups := make([]uint8, len(c.entries)+1)
	groups[0] = a.tables.ConditionGroup("")
	for i, e := range c.entries {
		groups[i+1] = a.tables.ConditionGroup(e.Clean)
		if e.Clean != "" {
			main[i+1], other[i+1] = a.tables.Diagnosis(e.Clean, true), a.tables.Diagnosis(e.Clean, false)
		}
	}
	recorded := make([]uint8, len(c.entries)+1)
	for i, e := range c.entries {
		if e.Clean != "" {
			recorded[i+1] = 1
		}
	}
	quality := bulk.Make[uint8](a.n)
	for row := range a.n {
		codes := c.rows[c.offsets[row]:c.offsets[row+1]]
		first := uint32(0)
		if len(codes) > 0 {
			first = codes[0]
		}
		a.group[row] = groups[first]
		all := main[first]
		for slot, e := range codes {
			if slot > 0 {
				all = all.Or(other[e])
			}
			if slot < qualityDiagnoses {
				quality[row] += recorded[e]
			}
		}
		f.dx[row] = all
	}
	mu.Lock()
	defer mu.Unlock()
	for i, q := range quality {
		f.quality[i] += q
	}
	return nil
}

// gather fills in what the rules need of the rows from one on.
func (f *facts) gather(from int, into []derive.Episode, persons []uint32, group []uint8) {
	for i := range into {
		row := uint32(from + i)
		into[i] = derive.Episode{Person: persons[row] > 0, Group: group[row], Key: f.key[row], SUSSpell: f.sus[row], Quality: f.quality[row], WellBaby: f.baby[row], Dx: f.dx[row],
			Provider: f.prov.at(row), Year: f.years[f.year.at(row)]}
	}
	fill(from, into, f.days[0].narrow, f.days[0].days, func(e *derive.Episode, v derive.Day) { e.Start = v })
	fill(from, into, f.days[1].narrow, f.days[1].days, func(e *derive.Episode, v derive.Day) { e.End = v })
	fill(from, into, f.days[2].narrow, f.days[2].days, func(e *derive.Episode, v derive.Day) { e.Admitted = v })
	fill(from, into, f.days[3].narrow, f.days[3].days, func(e *derive.Episode, v derive.Day) { e.Discharged = v })
	fill(from, into, f.days[4].narrow, f.days[4].days, func(e *derive.Episode, v derive.Day) { e.Submitted = v })
	fill(from, into, f.ints[0], f.numbers[0], func(e *derive.Episode, v int32) { e.Order = v })
	fill(from, into, f.ints[1], f.numbers[1], func(e *derive.Episode, v int32) { e.Age = v })
	fill(from, into, f.ints[2], f.numbers[2], func(e *derive.Episode, v int32) { e.Duration = v })
	for i, set := range [...]func(*derive.Episode, derive.Code){
		func(e *derive.Episode, v derive.Code) { e.Method = v }, func(e *derive.Episode, v derive.Code) { e.Source = v },
		func(e *derive.Episode, v derive.Code) { e.DisMethod = v }, func(e *derive.Episode, v derive.Code) { e.DisDest = v },
		func(e *derive.Episode, v derive.Code) { e.Class = v }, func(e *derive.Episode, v derive.Code) { e.Main = v },
		func(e *derive.Episode, v derive.Code) { e.Treat = v }, func(e *derive.Episode, v derive.Code) { e.Sex = v },
		func(e *derive.Episode, v derive.Code) { e.Stat = v }, func(e *derive.Episode, v derive.Code) { e.Type = v },
		func(e *derive.Episode, v derive.Code) { e.Ethnic = v },
	} {
		fill(from, into, f.codes[i], f.packed[i], set)
	}
}

func fill[T any](from int, into []derive.Episode, n narrow, table []T, set func(*derive.Episode, T)) {
	switch {
	case n.w1 != nil:
		for i, v := range n.w1[from : from+len(into)] {
			set(&into[i], table[v])
		}
	case n.w2 != nil:
		for i, v := range n.w2[from : from+len(into)] {
			set(&into[i], table[v])
		}
	default:
		for i, v := range n.w4[from : from+len(into)] {
			set(&into[i], table[v])
		}
	}
}

// cutOff is the last day of the data: the end of the last financial year.
func (f *facts) cutOff() derive.Day {
	last := int16(0)
	for _, y := range f.years {
		last = max(last, y)
	}
	if last == 0 {
		return derive.NoDay
	}
	return derive.ParseDay(strconv.Itoa(int(last)+1) + "-03-31")
}

func mapped[T any](values []string, of func(string) T) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = of(v)
	}
	return out
}

// number reads a whole number; -1 if it is none or below 0.
func number(text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return -1
	}
	return int32(n)
}
