package load

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"

	"webenablehes/internal/fault"
)

// block is a piece of a text: whole lines.
type block struct {
	seq   int
	file  int // index of the input
	line  int // number of its first line
	text  []byte
	first bool // holds the header
}

const blockSize = 2 << 20

// size is the bytes of all files.
func (l *Load) size() (total int64) {
	counted := map[string]bool{}
	for _, in := range l.inputs {
		if !counted[in.path] {
			total += in.size
			counted[in.path] = true
		}
	}
	return total
}

// read cuts all inputs into blocks. free gives back texts that are done with.
func (l *Load) read(ctx context.Context, t *tally, out chan<- *block, free <-chan []byte) error {
	var done atomic.Int64
	total := l.size()
	seq := 0
	for i, in := range l.inputs {
		r, c, err := in.open(func(n int) { done.Add(int64(n)) })
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "%s cannot be read", in.name)
		}
		err = cut(ctx, r, blockSize, free, func(b *block) error {
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

// buffer returns memory for n bytes and the slack that a parser reads beyond a
// block, taken from what is free if it fits.
func buffer(free <-chan []byte, n int) []byte {
	select {
	case b := <-free:
		if cap(b) >= n+slack {
			return b[:n]
		}
	default:
	}
	return make([]byte, n, n+n/8+slack)
}

// cut reads a text and gives it out in blocks of whole lines, size bytes read at
// a time. Of a line longer than maxLine only the beginning is kept, which
// rejects it.
func cut(ctx context.Context, r io.Reader, size int, free <-chan []byte, give func(*block) error) error {
	var rest []byte
	line, first, skipping := 1, true, false
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		buf := buffer(free, len(rest)+size)
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
		// A copy, since a worker may be done with the block, and its memory be used
		// again, before the next one is filled.
		rest = append([]byte(nil), buf[at+1:]...)
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
