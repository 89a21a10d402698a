package load

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// nameColumns settles where the names of an input's columns come from: its first
// line; else the header that lies beside it or was named; else the positions of
// a mapping. A first line that is a header is always taken for one.
func (in *input) nameColumns(d *hes.Dictionary, o Options, m *mapping) error {
	if isHeader(d, in.header, m) {
		return nil
	}
	width := len(in.header)
	in.headerless = true
	path := o.Header
	if path == "" && in.packed != "zip" {
		var err error
		if path, err = headerBeside(in.path); err != nil {
			return err
		}
	}
	if path != "" {
		ins, err := texts(path)
		if err != nil {
			return err
		}
		if len(ins) != 1 {
			return fault.New(fault.Invalid, "%s holds several files; a header is one.", filepath.Base(path))
		}
		in.names = ins[0]
	}
	switch {
	case in.names != nil:
		names, err := in.names.readNames()
		if err != nil {
			return err
		}
		if len(names) != width {
			return fault.New(fault.Invalid, "%s has %d columns and its header %s names %d; give the header that belongs to it.", in.name, width, in.names.name, len(names))
		}
		in.header, in.headerFrom = names, in.names.name
	case m != nil && len(m.position) > 0:
		for c := range in.header {
			in.header[c] = "COLUMN " + strconv.Itoa(c+1)
		}
		in.headerFrom = filepath.Base(m.path)
	default:
		return fault.New(fault.Invalid, "%s has no header: its first line does not name columns such as EPIKEY and ADMIDATE. Name them with --header or --map.", in.name)
	}
	in.form += ", header from " + in.headerFrom
	return nil
}

// isHeader tells whether a first line names columns. A single name proves
// nothing: "PROCEDURE" is a field and may be a value.
func isHeader(d *hes.Dictionary, line []string, m *mapping) bool {
	known := 0
	for _, name := range line {
		_, ok := d.Field(name)
		if f, mapped := m.named(name); mapped {
			ok, name = true, f.Name
		}
		if ok {
			known++
		}
		if ok && name == hes.EpisodeKey {
			return true
		}
	}
	return known > 2 || known > 0 && known == len(line) || otherDataSet(line) != ""
}

// readNames reads a separate header: one line of names with any separator, or
// one name a line.
func (in *input) readNames() ([]string, error) {
	r, c, err := in.open(func(int) {})
	if err != nil {
		return nil, cannotRead(in, err)
	}
	defer c.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxLine))
	if err != nil {
		return nil, cannotRead(in, err)
	}
	if len(text) == maxLine || bytes.IndexByte(text, 0) >= 0 {
		return nil, fault.New(fault.Invalid, "%s is not a header: it is too long or not a text.", in.name)
	}
	var lines [][]byte
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if line = trim(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) == 1 {
		sep := separator(lines[0], "|,\t;~^")
		if bytes.IndexByte(lines[0], sep) < 0 {
			sep = ' '
		}
		fields, ok := split(lines[0], sep, nil)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s: a quotation mark is not closed.", in.name)
		}
		lines = fields
	}
	var names []string
	for i, line := range lines {
		name := strings.ToUpper(string(trim(bytes.Trim(trim(line), `"`))))
		if strings.ContainsFunc(name, func(r rune) bool {
			return r != '_' && r != '-' && r != '.' && r != ' ' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			return nil, fault.New(fault.Invalid, "%s is not a header: name %d is none. It must hold one line of names, or one name a line.", in.name, i+1)
		}
		names = append(names, name)
	}
	if len(names) == 0 || len(names) > maxHeader {
		return nil, fault.New(fault.Invalid, "%s is not a header: it must hold 1 to %d names.", in.name, maxHeader)
	}
	return names, nil
}

// namesColumns tells by its name whether a file is the separate header of
// another: apc_201112_headers.txt is that of apc_201112.txt.
func namesColumns(file string) bool { return stem(file) != withoutEnding(file) }

// stem is what the names of a text and of its separate header share.
func stem(file string) string {
	s := withoutEnding(file)
	for _, ending := range [...]string{"_headers", "_header", "-headers", "-header"} {
		if base, ok := strings.CutSuffix(s, ending); ok {
			return base
		}
	}
	return s
}

func withoutEnding(file string) string {
	s := strings.TrimSuffix(strings.ToLower(file), ".gz")
	for _, ending := range [...]string{".txt", ".csv", ".tsv", ".psv", ".dat"} {
		if base, ok := strings.CutSuffix(s, ending); ok {
			return base
		}
	}
	return s
}

// headerBeside finds the separate header that lies beside a text; "" if there is
// none. Of two it takes neither.
func headerBeside(file string) (string, error) {
	found, err := beside(file, true)
	switch {
	case err != nil || len(found) == 0:
		return "", err
	case len(found) > 1:
		return "", fault.New(fault.Invalid, "%s has no header, and several that may be its own lie beside it; name one with --header.", filepath.Base(file))
	}
	return filepath.Join(filepath.Dir(file), found[0]), nil
}

// textBeside tells whether the text lies there whose header a file is.
func textBeside(file string) bool {
	found, err := beside(file, false)
	return err == nil && len(found) > 0
}

func beside(file string, header bool) ([]string, error) {
	all, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "The folder of %s cannot be read", filepath.Base(file))
	}
	base := filepath.Base(file)
	var out []string
	for _, e := range all {
		if name := e.Name(); name != base && !e.IsDir() && stem(name) == stem(base) && namesColumns(name) == header {
			out = append(out, name)
		}
	}
	return out, nil
}

// mapping says which columns of a text are which fields.
type mapping struct {
	path     string
	name     map[string]hes.Field // by the column's name in capitals
	position map[int]hes.Field    // by its place, from 1
	line     map[string]int       // of each name and position, to speak of it
	used     map[string]bool
}

// readMap reads a mapping: lines "POSITION = FIELD" or "NAME IN THE FILE =
// FIELD". Empty lines and lines that begin with # say nothing. Errors name the
// line and never repeat it, for it may be one of another file.
func readMap(path string, d *hes.Dictionary) (*mapping, error) {
	if path == "" {
		return nil, nil
	}
	base := filepath.Base(path)
	f, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, _ := decode(f)
	text, err := io.ReadAll(io.LimitReader(r, maxLine))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", base)
	}
	m, err := parseMap(text, d)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The mapping %s: %v.", base, err)
	}
	m.path = path
	return m, nil
}

func parseMap(text []byte, d *hes.Dictionary) (*mapping, error) {
	m := &mapping{name: map[string]hes.Field{}, position: map[int]hes.Field{}, line: map[string]int{}, used: map[string]bool{}}
	taken := map[string]int{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		left, right, ok := strings.Cut(line, "=")
		left, right = strings.ToUpper(strings.Trim(strings.TrimSpace(left), `"`)), strings.Trim(strings.TrimSpace(right), `"`)
		f, known := d.Field(right)
		switch at, err := strconv.Atoi(left); {
		case !ok || left == "" || right == "":
			return nil, fmt.Errorf("line %d is not “POSITION = FIELD” or “NAME = FIELD”", i+1)
		case !known || f.List():
			return nil, fmt.Errorf("line %d names a field that is not in the data dictionary; a repeated field is named with its place, as DIAG_01", i+1)
		case f.Derived():
			return nil, fmt.Errorf("line %d names a field that this program works out", i+1)
		case f.Repeats != "":
			return nil, fmt.Errorf("line %d names a field that repeats %s; name that one", i+1, f.Repeats)
		case err == nil && (at < 1 || at > maxHeader):
			return nil, fmt.Errorf("line %d: positions run from 1 to %d", i+1, maxHeader)
		case err == nil:
			left = strconv.Itoa(at) // 01 is 1
			m.position[at] = d.Canonical(f)
		default:
			m.name[left] = d.Canonical(f)
		}
		if m.line[left] > 0 {
			return nil, fmt.Errorf("lines %d and %d name the same column", m.line[left], i+1)
		}
		m.line[left] = i + 1
		field := d.Canonical(f).Name
		if taken[field] > 0 {
			return nil, fmt.Errorf("lines %d and %d name the same field", taken[field], i+1)
		}
		taken[field] = i + 1
	}
	if len(taken) == 0 {
		return nil, fmt.Errorf("it has no line “POSITION = FIELD” or “NAME = FIELD”")
	}
	return m, nil
}

// named returns the field that a name is mapped to.
func (m *mapping) named(name string) (hes.Field, bool) {
	if m == nil {
		return hes.Field{}, false
	}
	f, ok := m.name[name]
	return f, ok
}

// mapped returns the field that a mapping gives to a column, by its name or, in a
// text whose first line is data, by its place.
func (in *input) mapped(m *mapping, column int, name string) (hes.Field, bool) {
	f, ok := m.named(name)
	key := name
	if !ok && m != nil && in.headerless {
		key = strconv.Itoa(column + 1)
		f, ok = m.position[column+1]
	}
	if ok {
		m.used[key] = true
	}
	return f, ok
}

// unused says which line of the mapping met no column of any file: it is
// probably misspelt.
func (m *mapping) unused() error {
	if m == nil {
		return nil
	}
	var lines []int
	for key, line := range m.line {
		if !m.used[key] {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "The mapping %s: line %d names a column that no file has.", filepath.Base(m.path), slices.Min(lines))
}
