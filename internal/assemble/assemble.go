// Package assemble makes a release out of the staged rows of all loaded years.
//
// The staged rows are delivered and cleaned fields; what follows from several
// rows together is worked out here: which rows tell of one episode, spells and
// stays, readmissions, comorbidity of earlier years. That is done before the
// subset is cut, so that no stay is cut in two, for all the rows of a person at
// once (package derive says how). Then each rule of the subset is asked of each
// row, the rows that stay are put into the order of a release, and the columns
// are handed to a Sink one after another.
//
// Rows are held as numbers, a column at a time; nothing here depends on the order
// in which rows were read.
package assemble

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"webenablehes/internal/bulk"
	"webenablehes/internal/derive"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
)

// Sink takes the columns of a release, rows in release order, from several
// goroutines at once. Codes are places in the sorted values, counted from 1; 0 is
// not recorded. What it is given may be used again after the call.
type Sink interface {
	Scalar(f hes.Field, values []string, codes []uint32) error
	Numbered(f hes.Field, codes []uint32, n int) error
	Text(f hes.Field, text []byte, ends []uint32, codes []uint32) error
	Family(slots []hes.Field, values []string, offsets, list []uint32) error
	Raw(f hes.Field, values []string, rows, codes []uint32) error
	Origins(files []string, file []uint16, line []uint32) error
}

// Source is a batch and the financial years of it that are in force; nil: all.
type Source struct {
	Batch *staging.Batch
	Years map[string]bool
}

// Options say how a release is made.
type Options struct {
	Dictionary *hes.Dictionary
	Subset     subset.Subset
	Spells     derive.Method
	Latest     int // the source that this load brought, whose own rows the report balances; -1: none
	Sink       func(rows int) (Sink, error)
}

// Result is the account of it.
type Result struct {
	Rows     int // kept
	Report   quality.Report
	First    string // first and last admission; "" if none is recorded
	Last     string
	Years    []string // FYEAR values kept, in byte order, without ""
	Replaced int
}

// assembly is one release on its way.
type assembly struct {
	ctx     context.Context
	o       Options
	sources []Source
	live    [][]uint32 // of each source the rows in force; nil: all
	starts  []int      // of each source its first row here; one more for the end
	n       int        // rows in force
	columns []hes.Field
	tables  *derive.Tables

	spare   sync.Pool // of []uint32 that were as long as there are rows: fresh memory is slow
	mu      sync.Mutex
	results []outcome // of each row; once the rows are sorted, of each kept row
	group   []uint8   // of each row its condition group
	kept    chosen
	persons []uint32 // of each row its person, 0 for none
	order   []uint32 // of each kept row, in release order, its row
	years   []uint8  // of each kept row its financial year, as a place in names
	names   []string // of financial years kept, "" first if there is one
	filled  map[string][]int
}

// Run makes a release. Its rows are the live rows of all sources.
func Run(ctx context.Context, sources []Source, o Options) (*Result, error) {
	a := &assembly{ctx: ctx, o: o, sources: sources, filled: map[string][]int{}}
	var err error
	if a.tables, err = derive.Load(); err != nil {
		return nil, err
	}
	out := &Result{}
	if err := a.find(out); err != nil {
		return nil, err
	}
	if a.n == 0 {
		return out, nil
	}
	a.columns = a.union()
	for _, step := range [...]func(*Result) error{a.derive, a.choose, a.sort, a.write} {
		if err := errors.Join(ctx.Err(), step(out)); err != nil {
			return nil, err
		}
		if out.Rows == 0 && a.order != nil {
			break
		}
	}
	return out, nil
}

// find says which rows are in force.
func (a *assembly) find(out *Result) error {
	a.starts = append(a.starts, 0)
	for _, s := range a.sources {
		b := s.Batch
		if s.Years == nil && len(b.Dead()) == 0 {
			a.live = append(a.live, nil)
			a.n += b.Rows()
			a.starts = append(a.starts, a.n)
			continue
		}
		out2 := make([]bool, b.Rows())
		for _, row := range b.Dead() {
			out2[row] = true
		}
		c := b.Column(hes.YearField)
		entries, err := b.Entries(c)
		if err != nil {
			return err
		}
		other := make([]bool, len(entries)+1)
		other[0] = s.Years != nil && !s.Years[""]
		for i, e := range entries {
			other[i+1] = s.Years != nil && !s.Years[e.Clean]
		}
		codes := make([]uint32, b.Rows())
		if err := b.Scalar(c, codes); err != nil {
			return err
		}
		live := make([]uint32, 0, b.Rows())
		for row, e := range codes {
			if out2[row] {
				continue
			}
			if other[e] {
				out.Replaced++
				continue
			}
			live = append(live, uint32(row))
		}
		a.live = append(a.live, live)
		a.n += len(live)
		a.starts = append(a.starts, a.n)
	}
	return nil
}

// union is the columns of all sources, in the order of the dictionary.
func (a *assembly) union() []hes.Field {
	held := map[string]bool{}
	for _, s := range a.sources {
		for _, f := range s.Batch.Columns() {
			held[f.Name] = true
		}
	}
	var out []hes.Field
	d := a.o.Dictionary
	for _, f := range d.Fields() {
		if !f.List() && held[f.Name] {
			out = append(out, f)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			if s, _ := d.Field(f.SlotName(slot)); held[s.Name] {
				out = append(out, s)
			}
		}
	}
	return out
}

// parallel runs tasks on all cores and returns the first error.
func (a *assembly) parallel(tasks []func() error) error {
	ctx, cancel := context.WithCancelCause(a.ctx)
	defer cancel(nil)
	todo := make(chan func() error, len(tasks))
	for _, t := range tasks {
		todo <- t
	}
	close(todo)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for task := range todo {
				if ctx.Err() != nil {
					return
				}
				if err := task(); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("assemble: %w", err)
	}
	return nil
}

// take returns numbers for n rows at most as many as there are, with anything in
// them; give takes them back. What is not given back is no loss.
func (a *assembly) take(n int) []uint32 {
	if p, ok := a.spare.Get().(*[]uint32); ok && cap(*p) >= n {
		return (*p)[:n]
	}
	return bulk.Make[uint32](max(n, a.n))[:n]
}

func (a *assembly) give(v []uint32) {
	if cap(v) >= a.n {
		a.spare.Put(&v)
	}
}
