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
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

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
	path   string    // of the file
	name   string    // for people: base name, with the member behind it
	size   int64     // of the file
	made   time.Time // when the file was last changed
	member int       // place inside a zip archive; names there need not be unique
	packed string    // "gzip", "zip" or ""
	names  *input    // a separate header that lies beside the text; may be nil
	form   string    // "pipe-separated, gzip"
	text   textForm
	sep    byte
	quoted bool     // the first line has quotation marks
	header []string // names of the columns, in capitals

	headerless bool   // the first line is data; the names are from elsewhere
	headerFrom string // where, for people: "" is the first line

	column []int // for each of the header's columns its place in the load's, or -1
	left   []leftOut
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

// openFile opens a file that a person has named. Links are followed, and only
// to regular files: what is opened is what is looked at, so it cannot be
// exchanged between the two, and a pipe or device never keeps the program waiting.
func openFile(file string) (*os.File, os.FileInfo, error) {
	base := filepath.Base(file)
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "%s cannot be opened; check its name and your rights", base)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fault.New(fault.Invalid, "%s is not a file; name the extract's files one by one.", base)
	} else if err != nil {
		err = fault.Wrap(fault.Invalid, errors.Unwrap(err), "%s cannot be read", base)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, st, nil
}

// memberMark stands between the name of an archive and that of a text in it.
const memberMark = ": "

// inputs lists the texts of a file that was named to be loaded. A separate header
// that lies beside its text is none.
func inputs(file string) ([]*input, error) {
	if namesColumns(file) && textBeside(file) {
		return nil, nil
	}
	return texts(file)
}

// texts lists the texts that a file holds.
func texts(file string) ([]*input, error) {
	base := filepath.Base(file)
	f, st, err := openFile(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st.Size() == 0 {
		return nil, fault.New(fault.Invalid, "%s is empty.", base)
	}
	start := make([]byte, 8)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", base)
	}
	one := input{path: file, name: base, size: st.Size(), made: st.ModTime()}
	switch start = start[:n]; {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte("PK\x05\x06")):
		return members(f, one)
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		one.packed = "gzip"
	default:
		if kind := otherForm(start); kind != "" {
			return nil, fault.New(fault.Invalid, "%s is %s; unpack it or save it as delimited text first.", base, kind)
		}
	}
	return []*input{&one}, nil
}

// otherForm recognises forms that are not read by the bytes they begin with.
func otherForm(start []byte) string {
	for _, f := range [...]struct{ mark, kind string }{
		{"7z\xbc\xaf\x27\x1c", "a 7z archive"}, {"\xfd7zXZ\x00", "packed by xz"}, {"BZh", "packed by bzip2"},
		{"\x28\xb5\x2f\xfd", "packed by zstd"}, {"Rar!", "a RAR archive"}, {"PAR1", "a Parquet file"}, {"%PDF", "a PDF document"},
		{"\xd0\xcf\x11\xe0", "an Office document"},
	} {
		if bytes.HasPrefix(start, []byte(f.mark)) {
			return f.kind
		}
	}
	return ""
}

// members lists the texts of a zip archive. Nothing is written under a name of
// the archive's, so its names are checked only to refuse what is plainly hostile.
func members(f *os.File, one input) ([]*input, error) {
	z, err := zip.NewReader(f, one.size)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s is not a whole zip archive; fetch it again", one.name)
	}
	if len(z.File) > maxMembers {
		return nil, fault.New(fault.Invalid, "%s holds more than %d files.", one.name, maxMembers)
	}
	var out []*input
	headers := map[string]*input{} // by the name of the text that each belongs to
	for i, m := range z.File {
		if strings.HasSuffix(m.Name, "/") {
			continue
		}
		switch {
		case !m.Mode().IsRegular():
			return nil, fault.New(fault.Invalid, "%s holds a link or a device; it must hold plain files only.", one.name)
		case path.IsAbs(m.Name) || strings.Contains(m.Name, `\`) || strings.Contains(m.Name, ":") || strings.Contains("/"+m.Name+"/", "/../"):
			return nil, fault.New(fault.Invalid, "%s holds a file whose name leaves the archive.", one.name)
		case m.Name == "[Content_Types].xml":
			return nil, fault.New(fault.Invalid, "%s is an Office document; save it as delimited text first.", one.name)
		case m.Flags&1 != 0:
			return nil, fault.New(fault.Invalid, "%s is encrypted; unpack it first.", one.name)
		case m.UncompressedSize64 > maxRatio*max(m.CompressedSize64, 1<<16):
			return nil, fault.New(fault.Invalid, "%s holds a file that unpacks to more than %d times its size.", one.name, maxRatio)
		}
		next := one
		next.member, next.packed, next.name = i, "zip", one.name+memberMark+path.Base(m.Name)
		if namesColumns(m.Name) {
			if _, two := headers[stem(m.Name)]; two {
				headers[stem(m.Name)] = nil // which of them is not for us to say
			} else {
				headers[stem(m.Name)] = &next
			}
		}
		out = append(out, &next)
	}
	used := map[*input]bool{}
	for _, in := range out {
		if member := z.File[in.member].Name; !namesColumns(member) && headers[stem(member)] != nil {
			in.names = headers[stem(member)]
			used[in.names] = true
		}
	}
	out = slices.DeleteFunc(out, func(in *input) bool { return used[in] })
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

// open returns the text, unpacked, in UTF-8 and with line ends that hold LF; read
// is called with the number of bytes taken from the file.
func (in *input) open(read func(int)) (io.Reader, io.Closer, error) {
	r, c, err := in.unpack(read)
	if err != nil {
		return nil, nil, err
	}
	r, in.text = decode(r)
	return r, c, nil
}

func (in *input) unpack(read func(int)) (io.Reader, io.Closer, error) {
	f, st, err := openFile(in.path)
	if err != nil {
		return nil, nil, err
	}
	switch in.packed {
	case "zip":
		z, err := zip.NewReader(f, st.Size())
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("open archive: %w", err), f.Close())
		}
		if in.member >= len(z.File) {
			return nil, nil, errors.Join(errors.New("open archive: a member is gone"), f.Close())
		}
		m := z.File[in.member]
		r, err := m.Open()
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("open archive member: %w", err), f.Close())
		}
		limit := int64(maxRatio * max(m.CompressedSize64, 1<<16))
		per := float64(m.CompressedSize64) / float64(max(m.UncompressedSize64, 1))
		return &counting{r: &capped{r: r, name: in.name, left: limit}, read: func(n int) { read(int(float64(n) * per)) }}, closers{f, r}, nil
	case "gzip":
		z, err := gzip.NewReader(bufio.NewReaderSize(&counting{r: f, read: read}, 1<<20))
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("open gzip: %w", err), f.Close())
		}
		return &capped{r: z, name: in.name, left: maxRatio * max(in.size, 1<<16)}, closers{f, z}, nil
	}
	return &counting{r: f, read: read}, f, nil
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

// firstLine reads the first line, which must be one of text.
func (in *input) firstLine() ([]byte, error) {
	r, c, err := in.open(func(int) {})
	if err != nil {
		return nil, cannotRead(in, err)
	}
	defer c.Close()
	buf := bufio.NewReaderSize(r, maxLine)
	line, err := buf.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fault.New(fault.Invalid, "%s has no header: its first line is longer than a million characters.", in.name)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, cannotRead(in, err)
	}
	line = bytes.TrimRight(line, "\r\n")
	if bytes.IndexByte(line, 0) >= 0 {
		return nil, fault.New(fault.Invalid, "%s is not a text file: its first line holds NUL bytes.", in.name)
	}
	if !utf8.Valid(line) {
		return windows1252(line)
	}
	return line, nil
}

// cannotRead gives an error that has no words for a person some.
func cannotRead(in *input, err error) error {
	if fault.Of(err) != fault.Internal {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "%s cannot be read", in.name)
}

// readHeader reads the first line and finds the separator.
func (in *input) readHeader() error {
	line, err := in.firstLine()
	if err != nil {
		return err
	}
	if len(line) == 0 {
		return fault.New(fault.Invalid, "%s has no header: its first line is empty.", in.name)
	}
	in.sep, in.quoted = separator(line, "|,\t"), bytes.IndexByte(line, '"') >= 0
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
	in.form = separatorName(in.sep) + "-separated"
	for _, part := range [...]string{in.packed, in.unusual()} {
		if part != "" {
			in.form += ", " + part
		}
	}
	return nil
}

func separatorName(sep byte) string {
	return map[byte]string{'|': "pipe", ',': "comma", '\t': "tab"}[sep]
}

// unusual says what of a text's form is worth a word in an account of a load.
func (in *input) unusual() string {
	var parts []string
	if strings.HasPrefix(in.text.encoding, "UTF-16") {
		parts = append(parts, in.text.encoding)
	}
	if in.text.ends == "CR" {
		parts = append(parts, "lines end with CR")
	}
	return strings.Join(parts, ", ")
}

// hash returns the SHA-256 of the file as delivered. See unchanged.
func (in *input) hash() (string, error) {
	f, _, err := openFile(in.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return "", fmt.Errorf("hash input: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unchanged makes sure, after the rows were read and the file was hashed, that it
// is still the file that was opened.
func (in *input) unchanged() error {
	f, st, err := openFile(in.path)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("look at input: %w", err)
	}
	if st.Size() != in.size || !st.ModTime().Equal(in.made) {
		return fault.New(fault.Conflict, "%s was changed while it was being read; load it again when it is complete.", filepath.Base(in.path))
	}
	return nil
}
