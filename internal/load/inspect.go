package load

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
)

// Reasons for which a row is rejected.
const (
	reasonLong     = "The line is longer than a million characters."
	reasonNUL      = "The line holds NUL bytes."
	reasonEncoding = "The line is neither UTF-8 nor Windows-1252."
	reasonQuote    = "A quotation mark is not closed."
	reasonMany     = "The line has too many fields."
	reasonFew      = "The line has too few fields."
	reasonDate     = "A date is not a day of the calendar, or not in a known form."
	reasonNoKey    = "The row has no EPIKEY."
)

// Inspection is what a look at files found. It holds names, counts and places,
// never a value of a record: years and extract numbers are of the file.
type Inspection struct {
	Files []Inspected `json:"files"`
	Rows  int         `json:"rows"`
	Load  string      `json:"load"` // what a load of these files would do, in one sentence
}

// Inspected is one text: a file, or a member of an archive.
type Inspected struct {
	Name        string              `json:"name"`
	Size        int64               `json:"size"` // bytes as delivered
	Separator   string              `json:"separator"`
	Encoding    string              `json:"encoding"`
	LineEnds    string              `json:"line_ends"`
	Compression string              `json:"compression"` // "none", "gzip" or "zip"
	Quoting     bool                `json:"quoting"`     // quotation marks are used
	Header      string              `json:"header"`      // where the columns' names are
	Columns     []InspectedColumn   `json:"columns"`     // that a load would take, in the order of the file
	LeftOut     []quality.LeftOut   `json:"left_out,omitempty"`
	Identifying []string            `json:"identifying,omitempty"` // fields that a load would refuse
	Refused     string              `json:"refused,omitempty"`     // why a load would refuse the file
	Rows        int                 `json:"rows"`
	Years       []quality.YearCount `json:"years"`      // by FYEAR, "" if it is not recorded and no date tells
	Marked      int                 `json:"marked_ids"` // rows whose person id carries a generator's mark
	Unmarked    int                 `json:"other_ids"`  // rows with another person id
	Extracts    []string            `json:"extracts,omitempty"`
	Problems    []quality.Reject    `json:"problems,omitempty"` // rows that a load would reject
	Remarks     []string            `json:"remarks,omitempty"`  // where name and content disagree
}

// InspectedColumn is a column and the field that it holds.
type InspectedColumn struct {
	Column string `json:"column"` // as in the file, in capitals
	Field  string `json:"field"`  // differs from Column where the file has an older name, or a mapping says so
	Label  string `json:"label"`
}

// Inspect opens every file and reads it through once, without loading anything.
// Where a load would refuse a file it says why instead of failing; an error is
// for files that cannot be read at all.
func Inspect(ctx context.Context, d *hes.Dictionary, o Options) (*Inspection, error) {
	if len(o.Files) == 0 {
		return nil, fault.New(fault.Invalid, "Name at least one file to inspect.")
	}
	m, err := readMap(o.Map, d)
	if err != nil {
		return nil, err
	}
	out := &Inspection{}
	refused, rejected := 0, 0
	for _, file := range o.Files {
		ins, err := inputs(file)
		if err != nil {
			return nil, err
		}
		for _, in := range ins {
			x, err := in.inspect(ctx, d, o, m)
			if err != nil {
				return nil, err
			}
			out.Files = append(out.Files, *x)
			out.Rows += x.Rows
			if x.Refused != "" {
				refused++
			}
			for _, p := range x.Problems {
				rejected += p.Count
			}
		}
	}
	switch n, unused := len(out.Files), m.unused(); {
	case n == 0:
		out.Load = "A load would refuse this: only headers were named."
	case refused > 0:
		out.Load = fmt.Sprintf("A load would refuse this, because of %d of %d files.", refused, n)
	case unused != nil:
		out.Load = "A load would refuse this. " + fault.Say(unused)
	default:
		out.Load = fmt.Sprintf("A load would read %d rows, reject %d of them and any whose EPIKEY is there twice in a year, and keep of the others those that belong to its subset.", out.Rows, rejected)
	}
	return out, nil
}

func (in *input) inspect(ctx context.Context, d *hes.Dictionary, o Options, m *mapping) (*Inspected, error) {
	x := &Inspected{Name: in.name, Size: in.size, Compression: cmp.Or(in.packed, "none")}
	if err := in.readHeader(); err != nil {
		x.Refused = fault.Say(err)
		return x, nil
	}
	x.Separator, x.Encoding, x.LineEnds, x.Quoting = separatorName(in.sep), in.text.encoding, cmp.Or(in.text.ends, "none"), in.quoted
	p, err := in.plan(d, o, m)
	if err == nil {
		err = in.check(p)
	}
	if err != nil {
		x.Refused = fault.Say(err)
	}
	switch {
	case in.headerFrom != "":
		x.Header = in.headerFrom
	case in.headerless:
		x.Header = "none"
	default:
		x.Header = "first line"
	}
	x.Identifying = p.refused
	for _, l := range in.left {
		x.LeftOut = append(x.LeftOut, quality.LeftOut{Column: l.column, Why: l.why})
	}
	for _, field := range slices.SortedFunc(maps.Keys(p.column), func(a, b string) int { return p.column[a] - p.column[b] }) {
		f, _ := d.Field(field)
		x.Columns = append(x.Columns, InspectedColumn{Column: in.header[p.column[field]], Field: f.Name, Label: f.Label})
	}
	if err := in.readThrough(ctx, d, p, x); err != nil {
		return nil, err
	}
	x.Remarks = remarks(x, otherDataSet(in.header) == "")
	return x, nil
}

// readThrough counts an input's rows and what a load would find in them.
func (in *input) readThrough(ctx context.Context, d *hes.Dictionary, p plan, x *Inspected) error {
	r, c, err := in.open(func(int) {})
	if err != nil {
		return cannotRead(in, err)
	}
	defer c.Close()
	s := newSurvey(in, d, p, x)
	err = cut(ctx, r, blockSize, nil, func(b *block) error {
		line := b.line
		for raw := range bytes.Lines(b.text) {
			if raw = bytes.TrimRight(raw, "\r\n"); (line > 1 || in.headerless) && len(bytes.Trim(raw, " ")) > 0 {
				s.row(raw, line)
			}
			line++
		}
		return nil
	})
	switch {
	case err != nil && (ctx.Err() != nil || fault.Of(err) != fault.Internal):
		return err
	case err != nil:
		return fault.Wrap(fault.Invalid, err, "%s cannot be read to its end; it is damaged or cut short, fetch it again", in.name)
	}
	s.finish()
	return nil
}

// survey is the account of a text while it is read.
type survey struct {
	in       *input
	x        *Inspected
	fields   [][]byte
	dates    map[int]*hes.Field // columns that hold dates
	key      int                // columns of these fields; -1 if there is none
	year     int
	part     int
	person   int
	yearDays []int // columns that a missing year is taken from
	yearOf   *hes.Field
	years    map[string]int
	parts    map[string]bool
	rejects  map[string]*quality.Reject
	scratch  []byte
	counts   counts // of rules, not looked at
}

func newSurvey(in *input, d *hes.Dictionary, p plan, x *Inspected) *survey {
	s := &survey{in: in, x: x, dates: map[int]*hes.Field{}, years: map[string]int{}, parts: map[string]bool{}, rejects: map[string]*quality.Reject{}, scratch: make([]byte, 0, maxText)}
	column := func(field string) int {
		if c, ok := p.column[field]; ok {
			return c
		}
		return -1
	}
	s.key, s.year, s.part, s.person = column(hes.EpisodeKey), column(hes.YearField), column("PARTYEAR"), column(hes.PersonField)
	for name, c := range p.column {
		if f, _ := d.Field(name); f.Type == hes.Date {
			s.dates[c] = &f
		}
	}
	for _, name := range [...]string{"EPIEND", "EPISTART", hes.AdmissionDate} {
		if c := column(name); c >= 0 {
			s.yearDays = append(s.yearDays, c)
		}
	}
	f, _ := d.Field(hes.YearField)
	s.yearOf = &f
	return s
}

// row counts one line.
func (s *survey) row(raw []byte, line int) {
	s.x.Rows++
	switch {
	case len(raw) > maxLine:
		s.reject(line, -1, reasonLong)
		return
	case bytes.IndexByte(raw, 0) >= 0:
		s.reject(line, -1, reasonNUL)
		return
	}
	if !utf8.Valid(raw) {
		var err error
		if raw, err = windows1252(raw); err != nil {
			s.reject(line, -1, reasonEncoding)
			return
		}
		s.x.Encoding = "Windows-1252"
	} else if s.x.Encoding == "ASCII" && bytes.ContainsFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) {
		s.x.Encoding = "UTF-8"
	}
	s.x.Quoting = s.x.Quoting || bytes.IndexByte(raw, '"') >= 0
	var ok bool
	if s.fields, ok = split(raw, s.in.sep, s.fields); !ok {
		s.reject(line, -1, reasonQuote)
		return
	}
	switch have, want := len(s.fields), len(s.in.header); {
	case have < want:
		s.reject(line, -1, reasonFew)
		return
	case have > want:
		s.reject(line, -1, reasonMany)
		return
	}
	if s.person >= 0 {
		switch id := trim(s.fields[s.person]); {
		case isMarked(id):
			s.x.Marked++
		case len(id) > 0 && !strings.EqualFold(string(id), "null"):
			s.x.Unmarked++
		}
	}
	bad := -1
	for c, f := range s.dates {
		if _, wrong := clean(f, trim(s.fields[c]), s.scratch[:0], &s.counts); wrong && (bad < 0 || c < bad) {
			bad = c
		}
	}
	switch {
	case bad >= 0:
		s.reject(line, bad, reasonDate)
		return
	case s.key >= 0 && len(trim(s.fields[s.key])) == 0:
		s.reject(line, s.key, reasonNoKey)
		return
	}
	s.years[s.financialYear()]++
	if s.part >= 0 && len(s.parts) < 100 {
		if v := trim(s.fields[s.part]); len(v) == 6 && number(v) >= 0 {
			s.parts[string(v)] = true
		}
	}
}

// financialYear is the row's FYEAR as a load would have it.
func (s *survey) financialYear() string {
	if s.year >= 0 {
		if v, _ := clean(s.yearOf, trim(s.fields[s.year]), s.scratch[:0], &s.counts); len(v) > 0 {
			return string(v)
		}
	}
	for _, c := range s.yearDays {
		if v, _ := clean(s.dates[c], trim(s.fields[c]), s.scratch[:0], &s.counts); len(v) > 0 {
			return string(financialYear(v))
		}
	}
	return ""
}

func (s *survey) reject(line, column int, reason string) {
	r := s.rejects[reason]
	if r == nil {
		r = &quality.Reject{Reason: reason}
		s.rejects[reason] = r
	}
	r.Count++
	if len(r.At) < quality.Examples {
		at := quality.Place{File: s.in.name, Line: line}
		if column >= 0 {
			at.Column = s.in.header[column]
		}
		r.At = append(r.At, at)
	}
}

func (s *survey) finish() {
	for _, y := range slices.Sorted(maps.Keys(s.years)) {
		s.x.Years = append(s.x.Years, quality.YearCount{Year: y, Rows: s.years[y]})
	}
	for _, reason := range slices.Sorted(maps.Keys(s.rejects)) {
		s.x.Problems = append(s.x.Problems, *s.rejects[reason])
	}
	slices.SortStableFunc(s.x.Problems, func(a, b quality.Reject) int { return b.Count - a.Count })
	for _, part := range slices.Sorted(maps.Keys(s.parts)) {
		s.x.Extracts = append(s.x.Extracts, extract(part[:4], part[4:], "PARTYEAR"))
	}
	if len(s.parts) == 0 {
		if n := nameSays(s.in.name); n.number != "" {
			s.x.Extracts = append(s.x.Extracts, extract(n.year, n.number, "its name"))
		}
	}
}

// isMarked tells whether a person id carries a generator's mark.
func isMarked(id []byte) bool {
	return bytes.HasPrefix(id, []byte(markSynth)) || bytes.HasPrefix(id, []byte(markTest))
}
