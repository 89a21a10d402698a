package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// textForm is how a text is written, judged by its beginning.
type textForm struct {
	encoding string // "ASCII", "UTF-8", "UTF-8 with BOM", "UTF-16LE", "UTF-16BE" or "Windows-1252"
	ends     string // of lines: "LF", "CRLF", "CR", or "" if there is but one line
}

// peek is how many bytes of a text are looked at to judge its form: more than
// the longest header.
const peek = 1 << 18

// decode makes UTF-8 of UTF-16, takes a byte order mark off, and makes LF of CR
// where lines end in CR alone, so that all that reads behind it need not know.
// Windows-1252 is decoded line by line (see windows1252): a text may hold both.
func decode(r io.Reader) (io.Reader, textForm) {
	b := bufio.NewReaderSize(r, peek)
	start, _ := b.Peek(peek) // an error comes back when it is read
	form := textForm{encoding: encoding(start)}
	switch form.encoding {
	case "UTF-8 with BOM":
		_, _ = b.Discard(3) // they have been seen
		start = start[3:]
	case "UTF-16LE", "UTF-16BE":
		order := unicode.LittleEndian
		if form.encoding == "UTF-16BE" {
			order = unicode.BigEndian
		}
		b = bufio.NewReaderSize(transform.NewReader(b, unicode.UTF16(order, unicode.UseBOM).NewDecoder()), peek)
		start, _ = b.Peek(peek)
	}
	if form.ends = lineEnds(start); form.ends == "CR" {
		return &crReader{r: b}, form
	}
	return b, form
}

// encoding judges by a byte order mark, or by where zero bytes are: in UTF-16
// every other byte of plain text is one.
func encoding(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return "UTF-8 with BOM"
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return "UTF-16LE"
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return "UTF-16BE"
	}
	sample := start[:min(len(start), 4096)&^1]
	var zero [2]int
	for i, c := range sample {
		if c == 0 {
			zero[i%2]++
		}
	}
	if half := len(sample) / 2; half >= 2 {
		switch {
		case zero[0] == 0 && zero[1] >= half-half/10:
			return "UTF-16LE"
		case zero[1] == 0 && zero[0] >= half-half/10:
			return "UTF-16BE"
		}
	}
	ascii := true
	for len(start) > 0 {
		r, n := utf8.DecodeRune(start)
		if r == utf8.RuneError && n == 1 && utf8.FullRune(start) {
			return "Windows-1252"
		}
		ascii = ascii && n == 1
		start = start[n:]
	}
	if ascii {
		return "ASCII"
	}
	return "UTF-8"
}

// lineEnds judges by the first line's end. A text ends its lines with CR alone
// only if there is no LF in sight.
func lineEnds(start []byte) string {
	switch at := bytes.IndexByte(start, '\n'); {
	case at > 0 && start[at-1] == '\r':
		return "CRLF"
	case at >= 0:
		return "LF"
	case bytes.IndexByte(start, '\r') >= 0:
		return "CR"
	}
	return ""
}

// crReader makes LF of CR, and one LF of CR and LF.
type crReader struct {
	r  io.Reader
	cr bool // the last byte was CR
}

func (c *crReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	out := p[:0]
	for _, x := range p[:n] {
		if x == '\n' && c.cr {
			c.cr = false
			continue
		}
		if c.cr = x == '\r'; c.cr {
			x = '\n'
		}
		out = append(out, x)
	}
	return len(out), err
}

// separator finds what a line is separated by: that of pipe, comma and tab which
// is there most often outside quotation marks.
func separator(line []byte, among string) byte {
	best, most := among[0], 0
	for _, sep := range []byte(among) {
		n, quoted := 0, false
		for _, c := range line {
			switch {
			case c == '"':
				quoted = !quoted
			case c == sep && !quoted:
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
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
