// Package load turns raw HES files into cleaned episodes.
//
// A load first opens every file, finds its form and maps its columns by name to
// the dictionary (Open); whatever must be refused is refused here, before a row
// is read. Run then reads the texts block by block, parses and cleans the blocks
// on all cores, and hands the rows to a Sink. Every row read is kept, rejected
// with a reason and a place, or outside the subset; the report says how many.
//
// Cleaning is a table of named rules (cleanse.go); no value is changed by
// anything else. Results do not depend on how blocks were cut or which core was
// faster: what depends on order (which of two rows with one key is kept, which
// places a report names) is decided in the order of the files and their lines.
package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
	"webenablehes/internal/query"
)

// Sink takes the cleaned rows. Add is called from several goroutines at once
// and must copy what it keeps.
type Sink interface {
	Add(b *hes.Batch) error
}

// Progress is how far a load has got.
type Progress struct {
	Bytes, Total int64 // of the files as delivered
	Rows         int   // read so far
}

// Options say what to load.
type Options struct {
	Files       []string
	Subset      string         // "dermatology" or "all"
	Identifiers []string       // identifying fields that the agreement named for the load lists
	Header      string         // file that names the columns of texts without a header; "": none
	Map         string         // file that says which columns are which fields (see readMap); "": none
	Workers     int            // goroutines that parse; 0: one for each core
	Progress    func(Progress) // called now and then from one goroutine; may be nil
}

// Load is a load that has been opened.
type Load struct {
	o       Options
	codes   *hes.Codes
	inputs  []*input
	columns []hes.Field
	where   query.Expr
}

// Open looks at every file and decides what would be loaded. Errors are of kind
// Invalid, NotFound or Denied and say which file and what to do.
func Open(d *hes.Dictionary, codes *hes.Codes, o Options) (*Load, error) {
	if len(o.Files) == 0 {
		return nil, fault.New(fault.Invalid, "Name at least one file to load.")
	}
	l := &Load{o: o, codes: codes}
	var err error
	if l.where, err = subset(o.Subset); err != nil {
		return nil, err
	}
	for _, file := range o.Files {
		ins, err := inputs(file)
		if err != nil {
			return nil, err
		}
		for _, in := range ins {
			if err := in.readHeader(); err != nil {
				return nil, err
			}
		}
		l.inputs = append(l.inputs, ins...)
	}
	l.columns, err = decide(d, l.inputs, o)
	return l, err
}

// Columns returns the fields that the sink will be given, in the order of the
// dictionary, slots one by one.
func (l *Load) Columns() []hes.Field { return l.columns }

// Run reads everything. The report balances, or there is an error.
func (l *Load) Run(ctx context.Context, sink Sink) (*quality.Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := newTally(l)
	blocks := make(chan *block)
	workers := l.o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(blocks)
		if err := l.read(ctx, t, blocks); err != nil {
			cancel(err)
		}
	})
	for range workers {
		wg.Go(func() {
			p := newParser(l, t)
			for b := range blocks {
				if err := p.block(ctx, b, sink); err != nil {
					cancel(err)
					for range blocks { // let the reader go
					}
					return
				}
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return t.report()
}

// tally gathers what the blocks found, in the order of the input.
type tally struct {
	l        *Load
	mu       sync.Mutex
	turn     *sync.Cond
	next     int // sequence number of the block whose turn it is
	rows     quality.Rows
	perFile  []int
	marked   []int             // rows of each file whose person id carries a generator's mark
	byFile   []map[string]bool // financial years of each input's kept rows
	rules    counts
	rejects  map[string]*quality.Reject
	years    map[string]int
	filled   []int
	unlisted []int
	seen     keySet
	ids      int // person ids seen
	realIDs  int // of them without a generator's mark
}

func newTally(l *Load) *tally {
	t := &tally{l: l, perFile: make([]int, len(l.inputs)), marked: make([]int, len(l.inputs)), rejects: map[string]*quality.Reject{}, years: map[string]int{},
		filled: make([]int, len(l.columns)), unlisted: make([]int, len(l.columns)), seen: newKeySet()}
	for range l.inputs {
		t.byFile = append(t.byFile, map[string]bool{})
	}
	t.turn = sync.NewCond(&t.mu)
	return t
}

// read returns the number of rows read so far.
func (t *tally) read() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows.Read
}

func (t *tally) reject(in *input, line int, column, reason string) {
	r := t.rejects[reason]
	if r == nil {
		r = &quality.Reject{Reason: reason}
		t.rejects[reason] = r
	}
	r.Count++
	t.rows.Rejected++
	if len(r.At) < quality.Examples {
		r.At = append(r.At, quality.Place{File: in.name, Line: line, Column: column})
	}
}

func (t *tally) report() (*quality.Report, error) {
	r := &quality.Report{Rows: t.rows, Subset: t.l.o.Subset, Synthetic: t.ids > 0 && t.realIDs == 0}
	for i, n := range t.perFile { // a file without ids proves nothing of itself
		r.Synthetic = r.Synthetic && (n == 0 || t.marked[i] > 0)
	}
	hashes := map[string]string{}
	for i, in := range t.l.inputs {
		if hashes[in.path] == "" {
			h, err := in.hash()
			if err != nil {
				return nil, err
			}
			hashes[in.path] = h
		}
		f := quality.File{Name: in.name, Size: in.size, SHA256: hashes[in.path], Rows: t.perFile[i], Form: in.form, Columns: len(in.header),
			Years: slices.Sorted(maps.Keys(t.byFile[i]))}
		for _, left := range in.left {
			f.LeftOut = append(f.LeftOut, quality.LeftOut{Column: left.column, Why: left.why})
		}
		r.Files = append(r.Files, f)
	}
	for i, rule := range rules() {
		r.Rules = append(r.Rules, quality.RuleCount{ID: rule.id, What: rule.what, Source: rule.source, Count: t.rules[i]})
	}
	for _, x := range t.rejects {
		r.Rejects = append(r.Rejects, *x)
	}
	for y, n := range t.years {
		r.Years = append(r.Years, quality.YearCount{Year: y, Rows: n})
	}
	for i, f := range t.l.columns {
		r.Filled = append(r.Filled, quality.FieldCount{Field: f.Name, Rows: t.filled[i]})
		if t.unlisted[i] > 0 {
			r.Unlisted = append(r.Unlisted, quality.FieldCount{Field: f.Name, Rows: t.unlisted[i]})
		}
	}
	r.Sort()
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	return r, nil
}

// columnIndex returns where a field stands among the columns; -1 if it does not.
func columnIndex(columns []hes.Field, name string) int {
	return slices.IndexFunc(columns, func(f hes.Field) bool { return f.Name == name })
}

var errStopped = errors.New("the load was stopped")
