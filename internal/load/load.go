// Package load turns raw HES files into cleaned episodes.
//
// A load first opens every file, finds its form and maps its columns by name to
// the dictionary (Open); whatever must be refused is refused here, before a row
// is read. Run then reads the texts block by block, parses the blocks on all
// cores, and writes the rows into a batch of the staging area. Every row read is
// kept or rejected with a reason and a place; the report says how many.
//
// Cleaning is a table of named rules (cleanse.go); no value is changed by
// anything else. The rules run once for each distinct text of a column. Results do not depend on how blocks were cut or which core was
// faster: what depends on order (which of two rows with one key is kept, which
// places a report names) is decided in the order of the files and their lines.
package load

import (
	"cmp"
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
	"webenablehes/internal/staging"
)

// Progress is how far a load has got.
type Progress struct {
	Bytes, Total int64 // of the files as delivered
	Rows         int   // read so far
}

// Options say what to load.
type Options struct {
	Files       []string
	Identifiers []string                 // identifying fields that the agreement named for the load lists
	Header      string                   // file that names the columns of texts without a header; "": none
	Map         string                   // file that says which columns are which fields (see readMap); "": none
	OptedOut    func(person []byte) bool // whose rows are rejected; safe for concurrent use; may be nil
	Workers     int                      // goroutines that parse; 0: one for each core
	Progress    func(Progress)           // called now and then from one goroutine; may be nil
}

// Load is a load that has been opened.
type Load struct {
	o       Options
	codes   *hes.Codes
	inputs  []*input
	dict    *hes.Dictionary
	columns []hes.Field
}

// Open looks at every file and decides what would be loaded. Errors are of kind
// Invalid, NotFound or Denied and say which file and what to do.
func Open(d *hes.Dictionary, codes *hes.Codes, o Options) (*Load, error) {
	if len(o.Files) == 0 {
		return nil, fault.New(fault.Invalid, "Name at least one file to load.")
	}
	l := &Load{o: o, dict: d, codes: codes}
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
	var err error
	l.columns, err = decide(d, l.inputs, o)
	return l, err
}

// Columns returns the fields that the rows hold, in the order of the dictionary,
// slots one by one.
func (l *Load) Columns() []hes.Field { return l.columns }

// Run reads everything into a batch, a folder that it makes. The report, which
// the batch holds, balances, or there is an error.
func (l *Load) Run(ctx context.Context, dir string) (*staging.Batch, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var names []string
	for _, in := range l.inputs {
		names = append(names, in.name)
	}
	w, err := staging.Create(dir, l.columns, names)
	if err != nil {
		return nil, err
	}
	t := newTally(l)
	if err := l.rows(ctx, cancel, t, w); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	entries := make([][]staging.Entry, len(l.columns))
	for i, table := range t.tables {
		if table == nil || t.units[i] < i {
			continue
		}
		for _, e := range table.entries {
			entries[i] = append(entries[i], e.Entry)
		}
		table.ids = nil
	}
	b, err := w.Finish(l.dict, entries)
	if err != nil {
		return nil, err
	}
	if err := l.seal(t, b); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// rows reads and parses; the files are hashed meanwhile.
func (l *Load) rows(ctx context.Context, cancel context.CancelCauseFunc, t *tally, w *staging.Writer) error {
	workers := l.o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	wg.Go(func() { // both read from the disk's cache
		if err := t.hashInputs(ctx); err != nil {
			cancel(err)
		}
	})
	blocks := make(chan *block)
	free := make(chan []byte, workers+2)
	wg.Go(func() {
		defer close(blocks)
		if err := l.read(ctx, t, blocks, free); err != nil {
			cancel(err)
		}
	})
	for range workers {
		wg.Go(func() {
			p := newParser(l, t, w)
			defer p.finish()
			for b := range blocks {
				if err := p.block(ctx, b); err != nil {
					cancel(err)
					for range blocks { // let the reader go
					}
					return
				}
				select {
				case free <- b.text[:0]:
				default:
				}
			}
		})
	}
	wg.Wait()
	if l.o.Progress != nil && ctx.Err() == nil {
		n := l.size()
		l.o.Progress(Progress{Bytes: n, Total: n, Rows: t.read()})
	}
	return context.Cause(ctx)
}

// seal finds the rows whose key is there twice and completes the report.
func (l *Load) seal(t *tally, b *staging.Batch) error {
	dead, err := twice(b)
	if err != nil {
		return err
	}
	if len(dead) > 0 {
		files, file, line, err := b.Origins()
		if err != nil {
			return err
		}
		order := slices.Clone(dead)
		slices.SortFunc(order, func(x, y uint32) int {
			return cmp.Or(cmp.Compare(file[x], file[y]), cmp.Compare(line[x], line[y]))
		})
		for _, row := range order {
			t.rows.Kept--
			t.reject(files[file[row]], int(line[row]), hes.EpisodeKey, "The EPIKEY is there twice in the financial year.")
		}
	}
	if err := t.byYear(b, dead); err != nil {
		return err
	}
	if c := b.Column("PARTYEAR"); c >= 0 {
		entries, err := b.Entries(c)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if len(t.extracts) < 100 && e.Clean != "" && !slices.Contains(t.extracts, e.Clean) {
				t.extracts = append(t.extracts, e.Clean)
			}
		}
		slices.Sort(t.extracts)
	}
	report, err := t.report()
	if err != nil {
		return err
	}
	return b.Seal(dead, report)
}

// tally gathers what the blocks found, in the order of the input.
type tally struct {
	l        *Load
	units    []int    // see staging.Units
	tables   []*table // of each column, the slots of a family one, all dates one; nil for identifiers
	mu       sync.Mutex
	turn     *sync.Cond
	next     int // sequence number of the block whose turn it is
	rows     quality.Rows
	perFile  []int
	marked   []int             // rows of each file whose person id carries a generator's mark
	byFile   []map[string]bool // financial years of each input's rows
	rules    counts
	rejects  map[string]*quality.Reject
	years    map[string]int
	unlisted []int
	extracts []string
	hashes   map[string]string // of each file
	ids      int               // person ids seen
	realIDs  int               // of them without a generator's mark
}

func newTally(l *Load) *tally {
	t := &tally{l: l, perFile: make([]int, len(l.inputs)), marked: make([]int, len(l.inputs)), rejects: map[string]*quality.Reject{}, years: map[string]int{},
		unlisted: make([]int, len(l.columns)), units: staging.Units(l.columns), hashes: map[string]string{}}
	for range l.inputs {
		t.byFile = append(t.byFile, map[string]bool{})
	}
	var dates *table
	for i, first := range t.units {
		var table *table
		switch f := &l.columns[i]; {
		case first < i:
			table = t.tables[first]
		case f.Type == hes.Date && dates != nil: // a date is cleaned alike in every field
			table = dates
		case !staging.IsKey(*f):
			table = newTable(f, l.codes)
			if f.Type == hes.Date {
				dates = table
			}
		}
		t.tables = append(t.tables, table)
	}
	t.turn = sync.NewCond(&t.mu)
	return t
}

// byYear counts the rows of each financial year.
func (t *tally) byYear(b *staging.Batch, dead []uint32) error {
	c := b.Column(hes.YearField)
	entries, err := b.Entries(c)
	if err != nil {
		return err
	}
	codes := make([]uint32, b.Rows())
	if err := b.Scalar(c, codes); err != nil {
		return err
	}
	_, file, _, err := b.Origins()
	if err != nil {
		return err
	}
	for _, row := range dead {
		codes[row] = ^uint32(0)
	}
	n := make([]map[uint32]int, len(t.l.inputs))
	for i := range n {
		n[i] = map[uint32]int{}
	}
	for row := 0; row < len(codes); {
		to := row + 1
		for to < len(codes) && codes[to] == codes[row] && file[to] == file[row] {
			to++
		}
		n[file[row]][codes[row]] += to - row
		row = to
	}
	for i := range n {
		for code, rows := range n[i] {
			if code == ^uint32(0) {
				continue
			}
			year := ""
			if code > 0 {
				year = entries[code-1].Clean
			}
			t.years[year] += rows
			t.byFile[i][year] = true
		}
	}
	return nil
}

// read returns the number of rows read so far.
func (t *tally) read() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows.Read
}

func (t *tally) reject(file string, line int, column, reason string) {
	r := t.rejects[reason]
	if r == nil {
		r = &quality.Reject{Reason: reason}
		t.rejects[reason] = r
	}
	r.Count++
	t.rows.Rejected++
	if line > 0 && len(r.At) < quality.Examples {
		r.At = append(r.At, quality.Place{File: file, Line: line, Column: column})
	}
}

// hashInputs hashes each file as delivered.
func (t *tally) hashInputs(ctx context.Context) error {
	for _, in := range t.l.inputs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.hashes[in.path] == "" {
			h, err := in.hash()
			if err != nil {
				return err
			}
			t.hashes[in.path] = h
		}
	}
	return nil
}

func (t *tally) report() (*quality.Report, error) {
	r := &quality.Report{Rows: t.rows, Extracts: t.extracts, Synthetic: t.ids > 0 && t.realIDs == 0}
	for i, n := range t.perFile { // a file without ids proves nothing of itself
		r.Synthetic = r.Synthetic && (n == 0 || t.marked[i] > 0)
	}
	for i, in := range t.l.inputs {
		if err := in.unchanged(); err != nil {
			return nil, err
		}
		f := quality.File{Name: in.name, Size: in.size, SHA256: t.hashes[in.path], Rows: t.perFile[i], Form: in.form, Columns: len(in.header),
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
