package synth

import (
	"slices"
	"strings"
	"unicode/utf8"

	"webenablehes/internal/fault"
)

// Form is how rows are written down. The same rows come in every form. Empty
// texts stand for the first of the choices.
type Form struct {
	Separator string // pipe, comma or tab
	Case      string // of the header: upper or lower
	Dates     string // iso, slash (01/04/2008), sas (01APR2008) or compact (20080401)
	LineEnd   string // lf, crlf or cr
	Encoding  string // utf8, utf8-bom, windows-1252, utf-16le or utf-16be; UTF-16 has its mark
	Pack      string // none, gzip or zip
	Header    string // file, or separate: beside each file, its name with _headers
	Names     string // usual (PSEUDO_HESID, DIAG_01), new (TOKEN_PERSON_ID, DIAG_01) or old (PSEUDO_HESID, DIAG_4_01)
	Quote     bool   // quotation marks round every field
	Wide      bool   // 142 columns; else 126
	Shuffle   bool   // rows of a file in random order; holds a file in memory
	Split     int    // files of each year; 0 is 1
}

// Choices of Form that the code names.
const (
	NamesNew, NamesOld                 = "new", "old"
	DatesSlash, DatesSAS, datesCompact = "slash", "sas", "compact"
	comma, tab                         = "comma", "tab"
	lower, separate, gzipped, zipped   = "lower", "separate", "gzip", "zip"
	crlf, cr                           = "crlf", "cr"
	utf8BOM, windows1252, leUTF, beUTF = "utf8-bom", "windows-1252", "utf-16le", "utf-16be"
)

func (f Form) check() error {
	for _, c := range [...]struct {
		what, got string
		allowed   []string
	}{
		{"separator", f.Separator, []string{"pipe", comma, tab}}, {"case of the header", f.Case, []string{"upper", lower}},
		{"form of dates", f.Dates, []string{"iso", DatesSlash, DatesSAS, datesCompact}}, {"line end", f.LineEnd, []string{"lf", crlf, cr}},
		{"encoding", f.Encoding, []string{"utf8", utf8BOM, windows1252, leUTF, beUTF}}, {"packing", f.Pack, []string{"none", gzipped, zipped}},
		{"place of the header", f.Header, []string{"file", separate}}, {"set of names", f.Names, []string{"usual", NamesNew, NamesOld}},
	} {
		if c.got != "" && !slices.Contains(c.allowed, c.got) {
			return fault.New(fault.Invalid, "There is no such %s; choose one of %s.", c.what, strings.Join(c.allowed, ", "))
		}
	}
	if f.Split < 0 || f.Split > 100 {
		return fault.New(fault.Invalid, "Split a year into 1 to 100 files.")
	}
	return nil
}

func (f Form) parts() int { return max(1, f.Split) }

func (f Form) otherDates() bool { return f.Dates != "" && f.Dates != "iso" }

func (f Form) separator() byte {
	switch f.Separator {
	case comma:
		return ','
	case tab:
		return '\t'
	}
	return '|'
}

// header is the line of column names, without line end.
func (f Form) header(columns []int) string {
	names := columnNames(f.Names)
	var out []string
	for _, c := range columns {
		n := names[c]
		if f.Case == lower {
			n = strings.ToLower(n)
		}
		if f.Quote {
			n = `"` + n + `"`
		}
		out = append(out, n)
	}
	return strings.Join(out, string(f.separator()))
}

// broken says how a line cannot be taken apart.
type broken int

const (
	whole broken = iota
	missingField
	extraField
	openQuotation
	nulByte
)

// line appends the row in hand to a text, as UTF-8 with line end LF.
func (o *output) line(b []byte) []byte {
	f := &o.w.o.Form
	sep, other := f.separator(), f.otherDates()
	columns := o.w.columns
	if o.broken == missingField {
		columns = columns[:len(columns)-1]
	}
	for i, c := range columns {
		if i > 0 {
			b = append(b, sep)
		}
		if f.Quote || o.broken == openQuotation && i == len(columns)-1 {
			b = append(b, '"')
		}
		if other && o.w.date[c] && !(o.asIs && c == o.odd) {
			b = dateText(b, o.v[c], f.Dates)
		} else {
			b = append(b, o.v[c]...)
		}
		if f.Quote && !(o.broken == openQuotation && i == len(columns)-1) {
			b = append(b, '"')
		}
	}
	if o.broken == extraField {
		b = append(b, sep)
	}
	return append(b, '\n')
}

// dateText appends a date, given as 2008-04-01 or empty, in a form.
func dateText(b []byte, iso, form string) []byte {
	if iso == "" {
		return b
	}
	y, m, d := iso[:4], iso[5:7], iso[8:]
	switch form {
	case DatesSlash:
		return append(append(append(append(append(b, d...), '/'), m...), '/'), y...)
	case DatesSAS:
		const months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
		at := 3 * (digits(m) - 1)
		return append(append(append(b, d...), months[at:at+3]...), y...)
	}
	return append(append(append(b, y...), m...), d...)
}

// mark is what a text in an encoding begins with.
func (f Form) mark() string {
	switch f.Encoding {
	case utf8BOM:
		return "\xef\xbb\xbf"
	case leUTF:
		return "\xff\xfe"
	case beUTF:
		return "\xfe\xff"
	}
	return ""
}

// encode turns UTF-8 with line end LF into the form's encoding and line end.
// All that the generator writes is below U+0100, where Windows-1252 and Unicode
// agree on letters.
func (f Form) encode(text []byte) []byte {
	end := "\n"
	switch f.LineEnd {
	case crlf:
		end = "\r\n"
	case cr:
		end = "\r"
	}
	plain := f.Encoding == "" || f.Encoding == "utf8" || f.Encoding == utf8BOM
	if plain && end == "\n" {
		return text
	}
	out := make([]byte, 0, len(text)*2)
	put := func(r rune) {
		switch f.Encoding {
		case windows1252:
			out = append(out, byte(r))
		case leUTF:
			out = append(out, byte(r), byte(r>>8))
		case beUTF:
			out = append(out, byte(r>>8), byte(r))
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		if r != '\n' {
			put(r)
			continue
		}
		for _, e := range end {
			put(e)
		}
	}
	return out
}
