package load

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"sync/atomic"
	"unicode/utf8"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// block is a piece of a text: whole lines.
type block struct {
	seq   int
	file  int // index of the input
	line  int // number of its first line
	text  []byte
	first bool // holds the header
}

const blockSize = 1 << 20

// read cuts all inputs into blocks.
func (l *Load) read(ctx context.Context, t *tally, out chan<- *block) error {
	var done atomic.Int64
	var total int64
	counted := map[string]bool{}
	for _, in := range l.inputs {
		if !counted[in.path] {
			total += in.size
			counted[in.path] = true
		}
	}
	seq := 0
	for i, in := range l.inputs {
		r, c, err := in.open(func(n int) { done.Add(int64(n)) })
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "%s cannot be read", in.name)
		}
		err = cut(ctx, r, blockSize, func(b *block) error {
			b.seq, b.file = seq, i
			seq++
			if l.o.Progress != nil {
				l.o.Progress(Progress{Bytes: min(done.Load(), total), Total: total, Rows: t.read()})
			}
			select {
			case out <- b:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if cerr := c.Close(); err == nil && cerr != nil {
			err = cerr
		}
		if err != nil {
			if ctx.Err() != nil || fault.Of(err) != fault.Internal {
				return err
			}
			return fault.Wrap(fault.Invalid, err, "%s cannot be read to its end; it is damaged or cut short, fetch it again", in.name)
		}
	}
	return nil
}

// cut reads a text and gives it out in blocks of whole lines, size bytes read at
// a time. Of a line longer
// than maxLine only the beginning is kept, which rejects it.
func cut(ctx context.Context, r io.Reader, size int, give func(*block) error) error {
	var rest []byte
	line, first, skipping := 1, true, false
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		buf := make([]byte, len(rest)+size)
		n := copy(buf, rest)
		got, err := fill(r, buf[n:])
		end := err == io.EOF
		if err != nil && !end {
			return err
		}
		buf = buf[:n+got]
		if skipping { // inside a line that was too long
			at := bytes.IndexByte(buf, '\n')
			if at < 0 && !end {
				rest = nil
				continue
			}
			buf, skipping = buf[at+1:], false
			if at < 0 {
				buf = nil
			}
		}
		at := bytes.LastIndexByte(buf, '\n')
		if end {
			at = len(buf) - 1
		}
		rest = buf[at+1:]
		b := &block{line: line, text: buf[:at+1], first: first}
		if len(rest) > maxLine {
			b.text = append(append([]byte(nil), b.text...), rest[:maxLine+1]...)
			b.text = append(b.text, '\n')
			rest, skipping = nil, true
		}
		if len(b.text) > 0 {
			line += bytes.Count(b.text, []byte{'\n'})
			first = false
			if err := give(b); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// fill reads until buf is full or the text ends. Unlike io.ReadFull it keeps the
// end of a text (io.EOF) apart from a packed file that is cut short, for which
// the unpackers say io.ErrUnexpectedEOF.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var got int
		got, err = r.Read(buf[n:])
		n += got
	}
	return n, err
}

// parser turns blocks into batches. Each worker has its own.
type parser struct {
	l         *Load
	t         *tally
	batch     *hes.Batch
	choose    chooser
	lists     []map[string]bool // codes of each column's list; nil: none
	fields    [][]byte
	values    [][]byte
	scratch   []byte
	arena     []byte
	key, year int
	person    int
	dates     []int // columns that a missing year is taken from
	// findings of one block, in the order of its lines
	rules    counts
	rows     []found
	unlisted []int
}

// found is what became of one line.
type found struct {
	line   int
	reason string // rejected because
	column string
	kept   bool // it is the next row of the batch; else rejected or outside the subset
	key    [2]uint64
	id     idKind
}

type idKind uint8

const (
	noID idKind = iota
	markedID
	realID
)

// The marks of generated person ids: our own, and NHS Digital's artificial data.
const (
	markSynth = "SYNTH"
	markTest  = "TEST"
)

func newParser(l *Load, t *tally) *parser {
	p := &parser{l: l, t: t, batch: &hes.Batch{Columns: make([]hes.Column, len(l.columns))}, choose: newChooser(l.where, l.columns),
		key: columnIndex(l.columns, hes.EpisodeKey), year: columnIndex(l.columns, hes.YearField), person: columnIndex(l.columns, hes.PersonField),
		values: make([][]byte, len(l.columns)), scratch: make([]byte, 0, 256), unlisted: make([]int, len(l.columns))}
	for _, f := range l.columns {
		var list map[string]bool
		if closed := l.codes.Values(f.Codes); f.Type == hes.Code && l.codes.Closed(f.Codes) {
			list = map[string]bool{}
			for _, v := range closed {
				list[v.Code] = true
			}
		}
		p.lists = append(p.lists, list)
	}
	for _, name := range [...]string{"EPIEND", "EPISTART", hes.AdmissionDate} {
		if i := columnIndex(l.columns, name); i >= 0 {
			p.dates = append(p.dates, i)
		}
	}
	return p
}

// block parses one block, waits for its turn to be counted, and passes its rows
// on.
func (p *parser) block(ctx context.Context, b *block, sink Sink) error {
	p.batch.Reset()
	p.rows, p.rules = p.rows[:0], counts{}
	clear(p.unlisted)
	in := p.l.inputs[b.file]
	text, line := b.text, b.line
	if b.first && !in.headerless { // the header has been read
		text, line = text[bytes.IndexByte(text, '\n')+1:], line+1
		if bytes.IndexByte(b.text, '\n') < 0 {
			text = nil
		}
	}
	for len(text) > 0 {
		raw := text
		if at := bytes.IndexByte(text, '\n'); at >= 0 {
			raw, text = text[:at], text[at+1:]
		} else {
			text = nil
		}
		if raw = bytes.TrimSuffix(raw, []byte{'\r'}); len(bytes.Trim(raw, " ")) > 0 {
			f := found{line: line}
			p.line(in, raw, &f)
			p.rows = append(p.rows, f)
		}
		line++
	}
	drop, err := p.count(ctx, b, in)
	if err != nil {
		return err
	}
	if len(drop) > 0 {
		p.drop(drop)
	}
	if p.batch.Rows == 0 {
		return nil
	}
	return sink.Add(p.batch)
}

// line parses one line into the batch, or says why not.
func (p *parser) line(in *input, raw []byte, f *found) {
	switch {
	case len(raw) > maxLine:
		f.reason = "The line is longer than a million characters."
		return
	case bytes.IndexByte(raw, 0) >= 0:
		f.reason = "The line holds NUL bytes."
		return
	}
	if !utf8.Valid(raw) {
		var err error
		if raw, err = windows1252(raw); err != nil {
			f.reason = "The line is neither UTF-8 nor Windows-1252."
			return
		}
	}
	var ok bool
	if p.fields, ok = split(raw, in.sep, p.fields); !ok {
		f.reason = "A quotation mark is not closed."
		return
	}
	if len(p.fields) != len(in.header) {
		f.reason = "The line has too many fields."
		if len(p.fields) < len(in.header) {
			f.reason = "The line has too few fields."
		}
		return
	}
	clear(p.values)
	p.arena = p.arena[:0]
	for c, at := range in.column {
		if at < 0 {
			continue
		}
		v, bad := clean(&p.l.columns[at], trim(p.fields[c]), p.scratch[:0], &p.rules)
		if bad && f.reason == "" {
			f.reason, f.column = "A date is not a day of the calendar, or not in a known form.", in.header[c]
		}
		if len(v) > 0 {
			start := len(p.arena)
			p.arena = append(p.arena, v...)
			p.values[at] = p.arena[start:len(p.arena):len(p.arena)]
		}
	}
	p.id(f)
	if f.reason != "" {
		return
	}
	if len(p.values[p.key]) == 0 {
		f.reason, f.column = "The row has no EPIKEY.", hes.EpisodeKey
		return
	}
	if len(p.values[p.year]) == 0 {
		for _, c := range p.dates {
			if len(p.values[c]) == 10 {
				p.values[p.year] = financialYear(p.values[c])
				p.rules[ruleYear]++
				break
			}
		}
	}
	f.key = p.t.seen.hash(p.values[p.key], p.values[p.year])
	if !p.choose.wants(func(c int) []byte { return p.values[c] }) {
		return
	}
	f.kept = true
	for c, v := range p.values {
		p.batch.Columns[c].Append(v)
		if p.lists[c] != nil && len(v) > 0 && !p.lists[c][string(v)] {
			p.unlisted[c]++
		}
	}
	p.batch.Rows++
}

// id notes whether the person id carries a generator's mark.
func (p *parser) id(f *found) {
	if p.person < 0 || len(p.values[p.person]) == 0 {
		return
	}
	f.id = realID
	if v := p.values[p.person]; bytes.HasPrefix(v, []byte(markSynth)) || bytes.HasPrefix(v, []byte(markTest)) {
		f.id = markedID
	}
}

// count adds a block's findings to the tally in the order of the input, and
// returns the batch's rows that must go because their key was there before.
func (p *parser) count(ctx context.Context, b *block, in *input) (drop []int, err error) {
	t := p.t
	t.mu.Lock()
	defer t.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { t.mu.Lock(); defer t.mu.Unlock(); t.turn.Broadcast() })
	defer stop()
	for t.next != b.seq {
		if ctx.Err() != nil {
			return nil, errors.Join(errStopped, context.Cause(ctx))
		}
		t.turn.Wait()
	}
	row := 0
	for _, f := range p.rows {
		t.rows.Read++
		t.perFile[b.file]++
		if f.id != noID {
			t.ids++
		}
		if f.id == markedID {
			t.marked[b.file]++
		}
		if f.id == realID {
			t.realIDs++
		}
		switch {
		case f.reason != "":
			t.reject(in, f.line, f.column, f.reason)
		case !t.seen.add(f.key):
			t.reject(in, f.line, hes.EpisodeKey, "The EPIKEY is there twice in the financial year.")
			if f.kept {
				drop = append(drop, row)
				for c, list := range p.lists {
					if v := p.batch.Columns[c].Value(row); list != nil && len(v) > 0 && !list[string(v)] {
						p.unlisted[c]--
					}
				}
			}
		case !f.kept:
			t.rows.OutsideSubset++
		default:
			t.rows.Kept++
			year := p.batch.Columns[p.year].Value(row)
			t.years[string(year)]++
			if !t.byFile[b.file][string(year)] {
				t.byFile[b.file][string(year)] = true
			}
			for c := range p.batch.Columns {
				if len(p.batch.Columns[c].Value(row)) > 0 {
					t.filled[c]++
				}
			}
		}
		if f.kept {
			row++
		}
	}
	for i, n := range p.rules {
		t.rules[i] += n
	}
	for c, n := range p.unlisted {
		t.unlisted[c] += n
	}
	t.next++
	t.turn.Broadcast()
	return drop, nil
}

// drop takes rows, in rising order, out of the batch.
func (p *parser) drop(rows []int) {
	out := &hes.Batch{Columns: make([]hes.Column, len(p.batch.Columns)), Rows: p.batch.Rows - len(rows)}
	for c := range p.batch.Columns {
		gone := rows
		for row := range p.batch.Rows {
			if len(gone) > 0 && gone[0] == row {
				gone = gone[1:]
				continue
			}
			out.Columns[c].Append(p.batch.Columns[c].Value(row))
		}
	}
	p.batch = out
}

// keySet holds 128-bit hashes of the keys seen. Two keys with one hash would
// reject a good row: at 20 million rows the chance is below one in 10^24.
type keySet struct {
	a, b maphash.Seed
	seen map[[2]uint64]struct{}
}

func newKeySet() keySet {
	return keySet{maphash.MakeSeed(), maphash.MakeSeed(), map[[2]uint64]struct{}{}}
}

func (s *keySet) hash(key, year []byte) [2]uint64 {
	var out [2]uint64
	for i, seed := range [...]maphash.Seed{s.a, s.b} {
		var h maphash.Hash
		h.SetSeed(seed)
		h.Write(key)
		h.WriteByte(0)
		h.Write(year)
		out[i] = h.Sum64()
	}
	return out
}

// add tells whether the key is new.
func (s *keySet) add(key [2]uint64) bool {
	if _, ok := s.seen[key]; ok {
		return false
	}
	s.seen[key] = struct{}{}
	return true
}
