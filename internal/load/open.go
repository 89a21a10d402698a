package load

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"webenablehes/internal/fault"
)

// Limits of an input, each so that a hostile file costs little.
const (
	maxLine    = 1 << 20 // bytes of a line; a real one has a few hundred
	maxHeader  = 10_000  // columns
	maxMembers = 1_000   // of an archive
	maxRatio   = 200     // unpacked to packed bytes of an archive's member
)

// input is one text: a file, or a member of an archive.
type input struct {
	path       string    // of the file
	name       string    // for people: base name, with the member behind it
	size       int64     // of the file
	made       time.Time // when the file was last changed
	member     int       // place inside a zip archive; names there need not be unique
	packed     string    // "gzip", "zip" or ""
	form       string    // "pipe-separated, gzip"
	sep        byte
	header     []string // as delivered
	column     []int    // for each of the header's columns its place in the load's, or -1
	left       []leftOut
	headerless bool // the first line is a row
}

// columnName returns the delivered name of a column of the load.
func (in *input) columnName(at int) string {
	for c, to := range in.column {
		if to == at {
			return in.header[c]
		}
	}
	return ""
}

type leftOut struct{ column, why string }

// inputs lists the texts of a file.
func inputs(file string) ([]*input, error) {
	base := filepath.Base(file)
	st, err := os.Stat(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "%s cannot be opened; check its name and your rights", base)
	}
	if !st.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s is not a file; name the extract's files one by one.", base)
	}
	if st.Size() == 0 {
		return nil, fault.New(fault.Invalid, "%s is empty.", base)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "%s cannot be opened; check your rights", base)
	}
	defer f.Close()
	start := make([]byte, 4)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", base)
	}
	one := input{path: file, name: base, size: st.Size(), made: st.ModTime()}
	switch start = start[:n]; {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return members(file, one)
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		one.packed = "gzip"
	}
	return []*input{&one}, nil
}

// members lists the texts of a zip archive. Nothing is written under a name of
// the archive's, so its names are checked only to refuse what is plainly hostile.
func members(file string, one input) ([]*input, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s is not a whole zip archive; fetch it again", one.name)
	}
	defer z.Close()
	if len(z.File) > maxMembers {
		return nil, fault.New(fault.Invalid, "%s holds more than %d files.", one.name, maxMembers)
	}
	var out []*input
	for i, m := range z.File {
		if strings.HasSuffix(m.Name, "/") {
			continue
		}
		switch {
		case !m.Mode().IsRegular():
			return nil, fault.New(fault.Invalid, "%s holds a link or a device; it must hold plain files only.", one.name)
		case path.IsAbs(m.Name) || strings.Contains(m.Name, `\`) || strings.Contains(m.Name, ":") || strings.Contains("/"+m.Name+"/", "/../"):
			return nil, fault.New(fault.Invalid, "%s holds a file whose name leaves the archive.", one.name)
		case m.Flags&1 != 0:
			return nil, fault.New(fault.Invalid, "%s is encrypted; unpack it first.", one.name)
		case m.UncompressedSize64 > maxRatio*max(m.CompressedSize64, 1<<16):
			return nil, fault.New(fault.Invalid, "%s holds a file that unpacks to more than %d times its size.", one.name, maxRatio)
		}
		next := one
		next.member, next.packed, next.name = i, "zip", one.name+": "+path.Base(m.Name)
		out = append(out, &next)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "%s holds no files.", one.name)
	}
	return out, nil
}

type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for i := len(c) - 1; i >= 0; i-- {
		errs = append(errs, c[i].Close())
	}
	return errors.Join(errs...)
}

// open returns the text's bytes, unpacked; read is called with the number of
// bytes taken from the file.
func (in *input) open(read func(int)) (io.Reader, io.Closer, error) {
	if in.packed == "zip" {
		z, err := zip.OpenReader(in.path)
		if err != nil {
			return nil, nil, fmt.Errorf("open archive: %w", err)
		}
		if in.member >= len(z.File) {
			return nil, nil, errors.Join(errors.New("open archive: a member is gone"), z.Close())
		}
		m := z.File[in.member]
		r, err := m.Open()
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("open archive member: %w", err), z.Close())
		}
		limit := int64(maxRatio * max(m.CompressedSize64, 1<<16))
		per := float64(m.CompressedSize64) / float64(max(m.UncompressedSize64, 1))
		return &counting{r: &capped{r: r, name: in.name, left: limit}, read: func(n int) { read(int(float64(n) * per)) }}, closers{z, r}, nil
	}
	f, err := os.Open(in.path)
	if err != nil {
		return nil, nil, fmt.Errorf("open input: %w", errors.Unwrap(err))
	}
	raw := &counting{r: f, read: read}
	if in.packed != "gzip" {
		return raw, f, nil
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(raw, 1<<20))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open gzip: %w", err), f.Close())
	}
	return &capped{r: z, name: in.name, left: maxRatio * max(in.size, 1<<16)}, closers{f, z}, nil
}

type counting struct {
	r    io.Reader
	read func(int)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read(n)
	return n, err
}

// capped fails when a packed file unpacks to more than it may.
type capped struct {
	r    io.Reader
	name string
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fault.New(fault.Invalid, "%s unpacks to more than %d times its size, so nothing of it was loaded; unpack it yourself if that is right.", c.name, maxRatio)
	}
	return n, err
}

// readHeader reads the first line and finds the separator.
func (in *input) readHeader() error {
	r, c, err := in.open(func(int) {})
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s cannot be read", in.name)
	}
	defer c.Close()
	buf := bufio.NewReaderSize(r, maxLine)
	line, err := buf.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		if errors.Is(err, bufio.ErrBufferFull) && bytes.IndexByte(line, '\r') < 0 {
			return fault.New(fault.Invalid, "%s has no header: its first line is longer than a million characters.", in.name)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return fault.Wrap(fault.Invalid, err, "%s cannot be read", in.name)
		}
	}
	if bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff")) {
		return fault.New(fault.Invalid, "%s is in UTF-16; save it as UTF-8 and load it again.", in.name)
	}
	line = bytes.TrimRight(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")), "\r\n")
	switch {
	case len(line) == 0:
		return fault.New(fault.Invalid, "%s has no header: its first line is empty.", in.name)
	case bytes.IndexByte(line, '\r') >= 0:
		return fault.New(fault.Invalid, "%s ends its lines with CR alone; save it with line ends LF or CRLF and load it again.", in.name)
	case bytes.IndexByte(line, 0) >= 0:
		return fault.New(fault.Invalid, "%s is not a text file: its first line holds NUL bytes.", in.name)
	}
	for _, sep := range []byte("|,\t") {
		if bytes.Count(line, []byte{sep}) > bytes.Count(line, []byte{in.sep}) || in.sep == 0 {
			in.sep = sep
		}
	}
	fields, ok := split(line, in.sep, nil)
	if !ok {
		return fault.New(fault.Invalid, "%s: a quotation mark in the header is not closed.", in.name)
	}
	if len(fields) > maxHeader {
		return fault.New(fault.Invalid, "%s has more than %d columns.", in.name, maxHeader)
	}
	for _, f := range fields {
		in.header = append(in.header, strings.ToUpper(string(trim(f))))
	}
	in.form = map[byte]string{'|': "pipe-separated", ',': "comma-separated", '\t': "tab-separated"}[in.sep]
	if in.packed != "" {
		in.form += ", " + in.packed
	}
	return nil
}

// hash returns the SHA-256 of the file as delivered. It is taken after the rows
// were read, so a file that was changed meanwhile is refused.
func (in *input) hash() (string, error) {
	f, err := os.Open(in.path)
	if err != nil {
		return "", fmt.Errorf("hash input: %w", errors.Unwrap(err))
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash input: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("hash input: %w", errors.Unwrap(err))
	}
	if st.Size() != in.size || !st.ModTime().Equal(in.made) {
		return "", fault.New(fault.Conflict, "%s was changed while it was being read; load it again when it is complete.", filepath.Base(in.path))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// split cuts a line at its separators. A quoted field may hold separators and
// doubled quotation marks. ok is false if a quotation is not closed. The fields
// share memory with the line, which is changed where quotes are undone.
func split(line []byte, sep byte, into [][]byte) (fields [][]byte, ok bool) {
	fields = into[:0]
	for {
		if len(line) > 0 && line[0] == '"' {
			value, rest, ok := unquote(line, sep)
			if !ok {
				return fields, false
			}
			fields = append(fields, value)
			if rest == nil {
				return fields, true
			}
			line = rest
			continue
		}
		at := bytes.IndexByte(line, sep)
		if at < 0 {
			return append(fields, line), true
		}
		fields = append(fields, line[:at])
		line = line[at+1:]
	}
}

// unquote reads a quoted field at the start of a line: its value, and what
// follows the separator, nil if the line ends.
func unquote(line []byte, sep byte) (value, rest []byte, ok bool) {
	out := line[1:1]
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			out = append(out, line[i])
			continue
		}
		switch {
		case i+1 == len(line):
			return out, nil, true
		case line[i+1] == '"':
			out = append(out, '"')
			i++
		case line[i+1] == sep:
			return out, line[i+2:], true
		default: // a quotation mark inside text: taken as it is
			out = append(out, '"')
		}
	}
	return nil, nil, false
}

// trim takes padding off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// windows1252 turns a line that is not UTF-8 into UTF-8.
func windows1252(line []byte) ([]byte, error) {
	out, err := charmap.Windows1252.NewDecoder().Bytes(line)
	if err != nil {
		return nil, fmt.Errorf("decode line: %w", err)
	}
	return out, nil
}
