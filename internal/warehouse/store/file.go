package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"unsafe"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// chunk is how many bytes are encoded before they are written.
const chunk = 1 << 18

// file is one data file on its way: written from front to back, in large
// pieces. Whoever publishes the release syncs all of its files; here the disk is
// only told to begin. After the first error the rest does nothing.
type file struct {
	f   *os.File
	buf []byte // encoded and not yet written
	err error
}

// writeFile makes a file that must not be there yet.
func writeFile(path string, write func(*file)) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return unwritten(err, path)
	}
	out := &file{f: f, buf: make([]byte, 0, chunk)}
	write(out)
	out.flush()
	if out.err == nil {
		durable.Begin(f, 0, 0)
	}
	if err := f.Close(); out.err == nil {
		out.err = err
	}
	return unwritten(out.err, path)
}

func unwritten(err error, path string) error {
	return fault.Wrap(fault.Unavailable, err, "The data file %s could not be written: check the free space and the rights of the data folder, then load again", filepath.Base(path))
}

// syncDir makes the names of a folder's files lasting.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return unwritten(err, path)
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return unwritten(err, path)
}

func (o *file) flush() {
	if o.err == nil {
		_, o.err = o.f.Write(o.buf)
	}
	o.buf = o.buf[:0]
}

// room flushes unless some more bytes fit.
func (o *file) room(bytes int) {
	if len(o.buf)+bytes > cap(o.buf) {
		o.flush()
	}
}

func (o *file) bytes(b []byte) {
	if o.room(len(b)); len(b) <= cap(o.buf) {
		o.buf = append(o.buf, b...)
		return
	}
	if o.err == nil {
		_, o.err = o.f.Write(b)
	}
}

func (o *file) text(s string) {
	if o.room(len(s)); len(s) <= cap(o.buf) {
		o.buf = append(o.buf, s...)
		return
	}
	o.bytes([]byte(s))
}

func (o *file) number(n uint32) {
	o.room(4)
	o.buf = binary.LittleEndian.AppendUint32(o.buf, n)
}

// numbers writes four bytes for each number, straight from memory: numbers are
// little-endian on every machine that this program is built for (see view).
func (o *file) numbers(n []uint32) {
	if len(n) > 0 {
		o.bytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(n))), 4*len(n)))
	}
}

// codes writes numbers that fit a width of 1, 2 or 4 bytes.
func (o *file) codes(width int, codes []uint32) {
	if width == 4 {
		o.numbers(codes)
		return
	}
	for len(codes) > 0 {
		o.flush()
		part := codes[:min(len(codes), cap(o.buf)/width)]
		codes = codes[len(part):]
		o.buf = o.buf[:width*len(part)]
		if width == 1 {
			for i, c := range part {
				o.buf[i] = byte(c)
			}
			continue
		}
		for i, c := range part {
			binary.LittleEndian.PutUint16(o.buf[2*i:], uint16(c))
		}
	}
}
