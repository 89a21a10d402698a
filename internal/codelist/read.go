package codelist

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"webenablehes/internal/fault"
)

// Limits of a file, each so that a hostile one costs little.
const (
	maxFile    = 64 << 20  // bytes; the largest real one, of all sites, has under 30 million
	maxRows    = 1_000_000 // rows; real ones have up to 300,000
	maxText    = 1_000     // bytes of one text that is kept
	maxColumns = 200
	maxBad     = 10 // one row in so many may be unusable
)

// Options say what a file does not say of itself. The zero Options leave all to
// the file.
type Options struct {
	Kind    Kind
	Edition string // "5", "4.10"
	From    string // first and last day on which the edition is in use, 2016-04-01
	To      string
}

// Read reads a file. What it is is found from its content unless the options say
// so. A row that cannot be used is left out and counted; a file of which more
// than one row in ten cannot be used is refused, with the line of the first.
func Read(path string, o Options) (*Draft, error) {
	name := filepath.Base(path)
	if err := o.check(); err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "%s cannot be opened; check its name and your rights", name)
	}
	if !st.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s is not a file; name the files one by one.", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, errors.Unwrap(err), "%s cannot be opened; check your rights", name)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", name)
	}
	return parse(name, b, o)
}

func (o Options) check() error {
	if o.Kind != "" && !slices.Contains(Kinds(), o.Kind) {
		return fault.New(fault.Invalid, "There is no such kind of code list: write icd10, opcs4, ods, ods-successors or lsoa.")
	}
	for _, d := range [...]string{o.From, o.To} {
		if iso, ok := day(d); !ok || iso != d {
			return fault.New(fault.Invalid, "Write the first and the last day of an edition as 2016-04-01.")
		}
	}
	if o.From != "" && o.To != "" && o.From > o.To {
		return fault.New(fault.Invalid, "The edition ends before it begins: check --from and --to.")
	}
	if o.Edition != "" && !editionText.MatchString(o.Edition) {
		return fault.New(fault.Invalid, "Write an edition in letters, digits, points and hyphens, up to 40: 5 or 4.10.")
	}
	return nil
}

var editionText = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,39}$`)

// parse reads a file that is in memory.
func parse(name string, b []byte, o Options) (*Draft, error) {
	switch {
	case len(b) > maxFile:
		return nil, fault.New(fault.Invalid, "%s is larger than %d MB, which no code list is.", name, maxFile>>20)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return nil, fault.New(fault.Invalid, "%s is packed: unpack it and name the files in it.", name)
	}
	sum := sha256.Sum256(b)
	text, err := decode(name, b)
	if err != nil {
		return nil, err
	}
	t := &table{name: name, rows: csv.NewReader(strings.NewReader(text))}
	t.rows.FieldsPerRecord, t.rows.LazyQuotes, t.rows.ReuseRecord = -1, true, true
	start, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if strings.Count(start, "\t") > strings.Count(start, ",") || strings.Contains(start, "\t") && !strings.HasPrefix(start, `"`) {
		t.rows.Comma = '\t'
	}
	if err := t.next(); err != nil {
		if errors.Is(err, io.EOF) {
			err = fault.New(fault.Invalid, "%s is empty.", name)
		}
		return nil, err
	}
	kind, found := o.Kind, sniff(name, t)
	switch {
	case kind == "" && found == "":
		return nil, fault.New(fault.Invalid, "%s is none of the code lists that are known by their first line: say with --kind what it is.", name)
	case kind == "":
		kind = found
	}
	d := &Draft{List: List{Format: format, Kind: kind, Source: name, SHA256: hex.EncodeToString(sum[:])}}
	if err := d.List.place(o); err != nil {
		return nil, err
	}
	switch kind {
	case ICD10, OPCS4:
		err = t.clinical(d)
	case ODS:
		err = t.organisations(d)
	case Successors:
		err = t.successors(d)
	case LSOA:
		err = t.areas(d)
	}
	if err == nil {
		err = t.finish(d)
	}
	if err == nil && kind == Successors {
		err = follow(d.Entries).check(name)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// decode returns a file's text as UTF-8. The files are UTF-8, or UTF-16 with a
// byte order mark, or else Windows-1252.
func decode(name string, b []byte) (string, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		b = b[3:]
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	}
	if order != nil {
		units := make([]uint16, len(b)/2-1)
		for i := range units {
			units[i] = order.Uint16(b[2*i+2:])
		}
		b = []byte(string(utf16.Decode(units)))
	}
	if at := bytes.IndexByte(b, 0); at >= 0 {
		return "", fault.New(fault.Invalid, "%s:%d: this is not a text file.", name, 1+bytes.Count(b[:at], []byte("\n")))
	}
	if utf8.Valid(b) {
		return string(b), nil
	}
	b, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%s is not a text that can be read", name)
	}
	return string(b), nil
}

// table reads rows and counts what is left out.
type table struct {
	name  string
	rows  *csv.Reader
	row   []string // the current row; valid until the next
	line  int      // where it begins
	first bool     // the current row is the first and holds data, not names
	read  int
	left  []leftOut
}

type leftOut struct {
	why       string
	row       bool // the whole row was left out, and not one text of it
	n, atLine int
}

// next reads the next row that is not blank; io.EOF ends the file.
func (t *table) next() error {
	for {
		row, err := t.rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			line := t.line + 1
			if e, ok := errors.AsType[*csv.ParseError](err); ok {
				line = e.Line
			}
			return fault.New(fault.Invalid, "%s:%d: the line cannot be read; a quotation mark may be missing.", t.name, line)
		}
		t.line, _ = t.rows.FieldPos(0)
		switch t.read++; {
		case t.read > maxRows:
			return fault.New(fault.Invalid, "%s:%d: there are more than %d rows, which no code list has.", t.name, t.line, maxRows)
		case len(row) > maxColumns:
			return fault.New(fault.Invalid, "%s:%d: the row has more than %d columns.", t.name, t.line, maxColumns)
		}
		blank := true
		for i, text := range row {
			if len(text) > maxText {
				return fault.New(fault.Invalid, "%s:%d: a text is longer than %d bytes; a quotation mark may be missing.", t.name, t.line, maxText)
			}
			row[i] = strings.TrimSpace(text)
			blank = blank && row[i] == ""
		}
		if !blank {
			t.row = row
			return nil
		}
		t.read--
	}
}

// each calls take for every row that holds data, the first one too unless it
// holds the names of the columns.
func (t *table) each(header bool, take func()) error {
	if header {
		t.read--
	} else {
		take()
	}
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		take()
	}
}

// at returns a column of the row, empty if it has none.
func (t *table) at(column int) string {
	if column < 0 || column >= len(t.row) {
		return ""
	}
	return t.row[column]
}

// drop counts a row that is left out, lose a text.
func (t *table) drop(why string) { t.count(why, true) }
func (t *table) lose(why string) { t.count(why, false) }

func (t *table) count(why string, row bool) {
	for i := range t.left {
		if t.left[i].why == why {
			t.left[i].n++
			return
		}
	}
	t.left = append(t.left, leftOut{why: why, row: row, n: 1, atLine: t.line})
}

// day reads a date, which is left out if it is none.
func (t *table) day(text string) string {
	iso, ok := day(text)
	if !ok {
		t.lose("dates that are not days of the calendar")
	}
	return iso
}

// finish refuses a file of which too little could be used, and writes the notes.
func (t *table) finish(d *Draft) error {
	bad := 0
	for _, l := range t.left {
		if l.row && l.why != again {
			bad += l.n
		}
	}
	if len(d.Entries) == 0 || bad*maxBad > t.read {
		for _, l := range t.left {
			if l.row && l.why != again {
				return fault.New(fault.Invalid, "%s:%d: %d of %d rows cannot be used, this one among the %s. Check that it is a list of the kind %s.", t.name, l.atLine, bad, t.read, l.why, d.List.Kind)
			}
		}
		return fault.New(fault.Invalid, "%s holds no code.", t.name)
	}
	d.List.Codes = len(d.Entries)
	for _, l := range t.left {
		d.List.Notes = append(d.List.Notes, fmt.Sprintf("left out: %d %s, the first on line %d", l.n, l.why, l.atLine))
	}
	return nil
}

const again = "rows of a code that was there before"

// column finds a column by its name, in which only letters and digits count;
// the first name that is there wins. It returns -1 if none is.
func (t *table) column(names ...string) int {
	for _, name := range names {
		for i, have := range t.row {
			if letters(have) == name {
				return i
			}
		}
	}
	return -1
}

func letters(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, text)
}
