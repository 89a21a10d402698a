package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf8"

	"webenablehes/internal/hes"
	"webenablehes/internal/staging"
)

// parser turns blocks of text into rows. Each worker has its own.
type parser struct {
	l               *Load
	t               *tally
	w               *staging.Writer
	rows            *staging.Block
	caches          []*cache // of each column; nil for identifiers
	isKey           []bool
	keys            []int // columns that are identifiers
	fields          [][]byte
	key             int // columns with a part of their own; -1: not there
	year            int
	person          int
	prov3           int
	prov            int
	dates           []int               // columns that a missing year is taken from
	years           []map[uint32]uint32 // for each of dates: its entry → the year's entry
	trusts          map[uint32]uint32   // entry of PROCODE → entry of PROCODE3
	noYear, noTrust []uint8             // see empty
	uses            [][]int             // of each column, how often each entry that is to be counted was met
	ids             [][]byte            // identifiers of the row, by place in keys
	spare           []byte

	// findings of one block of text, in the order of its lines
	found found
	rules counts
	fault error // ends the load
}

// found is what became of the lines of a block.
type found struct {
	read, kept, marked, real int
	rejects                  []reject
}

type reject struct {
	line           int
	reason, column string
}

// noTrust begins the codes of providers without one (rule C3-provider).
const noTrust = "899"

// The marks of generated person ids: our own, and NHS Digital's artificial data.
const (
	markSynth = "SYNTH"
	markTest  = "TEST"
)

func newParser(l *Load, t *tally, w *staging.Writer) *parser {
	p := &parser{l: l, t: t, w: w, rows: w.NewBlock(),
		key: columnIndex(l.columns, hes.EpisodeKey), year: columnIndex(l.columns, hes.YearField), person: columnIndex(l.columns, hes.PersonField),
		prov3: columnIndex(l.columns, "PROCODE3"), prov: columnIndex(l.columns, "PROCODE"), trusts: map[uint32]uint32{}}
	shared := map[*table]*cache{}
	for i, table := range t.tables {
		p.isKey = append(p.isKey, table == nil)
		c := shared[table]
		switch {
		case c != nil:
		case table != nil:
			c = newCache(table)
			shared[table] = c
		default:
			p.keys = append(p.keys, i)
		}
		p.caches = append(p.caches, c)
	}
	p.ids, p.uses = make([][]byte, len(l.columns)), make([][]int, len(l.columns))
	for _, name := range [...]string{"EPIEND", "EPISTART", hes.AdmissionDate} {
		if i := columnIndex(l.columns, name); i >= 0 {
			p.dates = append(p.dates, i)
			p.years = append(p.years, map[uint32]uint32{})
		}
	}
	return p
}

// slack is how many bytes behind a block's text may be read, so that a field can
// be taken as whole words.
const slack = 16

// block parses one block, and counts its findings when its turn comes.
func (p *parser) block(ctx context.Context, b *block) error {
	p.found.read, p.found.kept, p.found.marked, p.found.real, p.found.rejects = 0, 0, 0, 0, p.found.rejects[:0]
	p.rules = counts{}
	in := p.l.inputs[b.file]
	p.rows.File = uint16(b.file)
	text, line := b.text, b.line
	if b.first && !in.headerless { // the header has been read
		at := bytes.IndexByte(text, '\n')
		if at < 0 {
			at = len(text) - 1
		}
		text, line = text[at+1:], line+1
	}
	if cap(text) < len(text)+slack {
		text = append(make([]byte, 0, len(text)+slack), text...)
	}
	plain := bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, 0) < 0 && ascii(text)
	for start := 0; start < len(text) && p.fault == nil; line++ {
		end := start + lineEnd(text[start:])
		next := end + 1
		if end > start && text[end-1] == '\r' {
			end--
		}
		if plain && end-start <= maxLine {
			p.plainLine(in, text, start, end, line)
		} else if raw := text[start:end]; len(bytes.Trim(raw, " ")) > 0 {
			p.line(in, raw, line)
		}
		start = next
		if p.rows.Rows == staging.MaxBlock {
			if err := p.w.Put(p.rows); err != nil {
				return err
			}
			p.rows.File = uint16(b.file)
		}
	}
	if p.fault != nil {
		return p.fault
	}
	if err := p.w.Put(p.rows); err != nil {
		return err
	}
	return p.count(ctx, b, in)
}

func lineEnd(text []byte) int {
	if at := bytes.IndexByte(text, '\n'); at >= 0 {
		return at
	}
	return len(text)
}

// ascii tells whether a text has no byte above 127.
func ascii(text []byte) bool {
	for ; len(text) >= 32; text = text[32:] {
		if (binary.LittleEndian.Uint64(text)|binary.LittleEndian.Uint64(text[8:])|binary.LittleEndian.Uint64(text[16:])|binary.LittleEndian.Uint64(text[24:]))&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainLine parses text[start:end], which holds no quotes, no NUL and ASCII only.
func (p *parser) plainLine(in *input, text []byte, start, end, line int) {
	words := text[:cap(text)]
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	pattern := uint64(in.sep) * ones
	columns, field := in.column, 0
	bad := uint32(0) // column + 1 of the first bad value
	from := start
	take := func(to int) {
		if to > from && field < len(columns) && columns[field] >= 0 {
			at := columns[field]
			n := to - from
			switch {
			case p.isKey[at]:
				p.ids[at] = text[from:to]
			case n <= 16:
				lo := binary.LittleEndian.Uint64(words[from:])
				hi := uint64(0)
				if n <= 8 {
					lo &= ^uint64(0) >> (64 - 8*n)
				} else {
					hi = binary.LittleEndian.Uint64(words[from+8:]) & (^uint64(0) >> (128 - 8*n))
				}
				c := p.caches[at]
				place, list := -1, c.short
				switch {
				case n <= 2:
					place = shortPlace(lo, n)
				case n == 10 && c.days != nil:
					place, list = dayPlace(lo, hi), c.days
				}
				var id uint32
				var err error
				if place >= 0 {
					id, err = c.at(list, place, lo, hi, text[from:to])
				} else {
					id, err = c.find(lo, hi, text[from:to])
				}
				p.set(at, id, err, &bad)
			default:
				id, err := p.caches[at].text(text[from:to])
				p.set(at, id, err, &bad)
			}
		}
		field++
		from = to + 1
	}
	i := start
	for ; i < end; i += 8 {
		x := binary.LittleEndian.Uint64(words[i:]) ^ pattern
		hits := ^((x&^highs + ^uint64(highs)) | x | ^uint64(highs))
		for ; hits != 0; hits &= hits - 1 {
			to := i + bits.TrailingZeros64(hits)>>3
			if to >= end {
				break
			}
			take(to)
		}
	}
	if field == 0 && len(bytes.Trim(text[start:end], " ")) == 0 {
		p.clearKeys()
		return // a blank line
	}
	take(end)
	p.end(in, field, line, bad)
}

// set puts an entry into the row and notes what is special about it.
func (p *parser) set(at int, id uint32, err error, bad *uint32) {
	if err != nil {
		p.fault = err
		return
	}
	if id&(counted|refused) != 0 {
		if id&refused != 0 && *bad == 0 {
			*bad = uint32(at) + 1
		}
		id &^= counted | refused
		if int(id) >= len(p.uses[at]) {
			p.uses[at] = append(p.uses[at], make([]int, int(id)+1)...)
		}
		p.uses[at][id]++
	}
	p.rows.Set(at, id)
}

// line parses any other line, or says why it cannot.
func (p *parser) line(in *input, raw []byte, line int) {
	switch {
	case len(raw) > maxLine:
		p.reject(line, reasonLong, "")
		return
	case bytes.IndexByte(raw, 0) >= 0:
		p.reject(line, reasonNUL, "")
		return
	}
	if !utf8.Valid(raw) {
		var err error
		if raw, err = windows1252(raw); err != nil {
			p.reject(line, reasonEncoding, "")
			return
		}
	}
	var ok bool
	if p.fields, ok = split(raw, in.sep, p.fields); !ok {
		p.reject(line, reasonQuote, "")
		return
	}
	bad := uint32(0)
	for c, v := range p.fields {
		if c >= len(in.column) || in.column[c] < 0 || len(v) == 0 {
			continue
		}
		at := in.column[c]
		if p.isKey[at] {
			p.ids[at] = v
			continue
		}
		id, err := p.caches[at].text(v)
		p.set(at, id, err, &bad)
	}
	p.end(in, len(p.fields), line, bad)
}

func (p *parser) clearKeys() {
	for _, at := range p.keys {
		p.ids[at] = nil
	}
}

func (p *parser) reject(line int, reason, column string) {
	p.found.read++
	p.found.rejects = append(p.found.rejects, reject{line, reason, column})
}

// end completes a row, or rejects it.
func (p *parser) end(in *input, fields, line int, bad uint32) {
	defer p.clearKeys()
	if p.fault != nil {
		return
	}
	why, column := "", ""
	switch {
	case fields > len(in.header):
		why = reasonMany
	case fields < len(in.header):
		why = reasonFew
	}
	if why != "" { // what was read of it stands in wrong columns, so its rules do not count
		p.uncount()
		p.rows.Drop()
		p.reject(line, why, "")
		return
	}
	p.spare = p.spare[:0]
	for _, at := range p.keys {
		v, _ := clean(&p.l.columns[at], trim(p.ids[at]), p.spare[len(p.spare):cap(p.spare)], &p.rules)
		p.ids[at] = v
		p.rows.Keys[at].Append(v)
	}
	if p.person >= 0 && len(p.ids[p.person]) > 0 {
		if isMarked(p.ids[p.person]) {
			p.found.marked++
		} else {
			p.found.real++
		}
	}
	switch {
	case bad != 0:
		why, column = reasonDate, in.columnName(int(bad)-1)
	case p.l.o.OptedOut != nil && p.person >= 0 && len(p.ids[p.person]) > 0 && p.l.o.OptedOut(p.ids[p.person]):
		why, line = "The person has opted out.", 0 // where is nobody's business
	case len(p.ids[p.key]) == 0:
		why, column = reasonNoKey, hes.EpisodeKey
	}
	if why != "" {
		p.rows.Drop()
		p.reject(line, why, column)
		return
	}
	p.fill()
	p.rows.End(line)
	p.found.read++
	p.found.kept++
}

// uncount takes back the rules counted for the row that is being filled.
func (p *parser) uncount() {
	for at, uses := range p.uses {
		if p.isKey[at] || len(uses) == 0 {
			continue
		}
		if id := p.rows.Cell(at); int(id) < len(uses) && uses[id] > 0 {
			uses[id]--
		}
	}
}

// fill works out what was not delivered: the financial year from the episode's
// dates, and the trust from the provider.
func (p *parser) fill() {
	if p.empty(&p.noYear, p.year) {
		for i, c := range p.dates {
			from := p.rows.Cell(c)
			if from == 0 {
				continue
			}
			to, known := p.years[i][from]
			if !known {
				if v := p.cleanOf(c, from); v != "" {
					var err error
					if to, err = p.t.tables[p.year].made(string(financialYear([]byte(v)))); err != nil {
						p.fault = err
						return
					}
				}
				p.years[i][from] = to
			}
			if to != 0 {
				p.rows.Set(p.year, to)
				p.rules[ruleYear]++
				break
			}
		}
	}
	if p.prov3 < 0 || p.prov < 0 {
		return
	}
	from := p.rows.Cell(p.prov)
	if from == 0 || !p.empty(&p.noTrust, p.prov3) {
		return
	}
	to, known := p.trusts[from]
	if !known {
		if v := p.cleanOf(p.prov, from); len(v) >= 3 && v[:3] != noTrust {
			var err error
			if to, err = p.t.tables[p.prov3].made(v[:3]); err != nil {
				p.fault = err
				return
			}
		}
		p.trusts[from] = to
	}
	if to != 0 {
		p.rows.Set(p.prov3, to)
		p.rules[ruleTrust]++
	}
}

// empty tells whether a column of the row has no value. known remembers it for
// each entry: 1 it has, 2 it has not.
func (p *parser) empty(known *[]uint8, at int) bool {
	id := p.rows.Cell(at)
	if id == 0 {
		return true
	}
	if int(id) >= len(*known) {
		*known = append(*known, make([]uint8, int(id)+1)...)
	}
	k := &(*known)[id]
	if *k == 0 {
		*k = 1
		if p.cleanOf(at, id) == "" {
			*k = 2
		}
	}
	return *k == 2
}

func (p *parser) cleanOf(at int, id uint32) string { return p.t.tables[at].entry(id).Clean }

// count adds a block's findings to the tally in the order of the input.
func (p *parser) count(ctx context.Context, b *block, in *input) error {
	t := p.t
	t.mu.Lock()
	defer t.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { t.mu.Lock(); defer t.mu.Unlock(); t.turn.Broadcast() })
	defer stop()
	for t.next != b.seq {
		if ctx.Err() != nil {
			return errors.Join(errStopped, context.Cause(ctx))
		}
		t.turn.Wait()
	}
	t.rows.Read += p.found.read
	t.rows.Kept += p.found.kept
	t.perFile[b.file] += p.found.read
	t.marked[b.file] += p.found.marked
	t.ids += p.found.marked + p.found.real
	t.realIDs += p.found.real
	for _, r := range p.found.rejects {
		t.reject(in.name, r.line, r.column, r.reason)
	}
	for i, n := range p.rules {
		t.rules[i] += n
	}
	t.next++
	t.turn.Broadcast()
	return nil
}

// finish adds what was counted by entry.
func (p *parser) finish() {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	for at, uses := range p.uses {
		for id, n := range uses {
			if n == 0 {
				continue
			}
			e := p.t.tables[at].entries[id-1]
			for _, u := range e.rules {
				p.t.rules[u.rule] += n * u.times
			}
			if e.unlisted {
				p.t.unlisted[at] += n
			}
		}
	}
}
