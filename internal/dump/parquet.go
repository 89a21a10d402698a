package dump

import (
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// parquetLines writes Apache Parquet: dates as DATE, whole numbers as INT64,
// codes, keys and decimals as text (a decimal as a number could be rounded),
// nulls where a value is not recorded, dictionaries, zstd. Lines are gathered
// and written by column; a row group ends often enough for memory to stay
// bounded whatever the number of lines.
type parquetLines struct {
	w       *parquet.Writer
	columns []Column
	into    []*parquet.ColumnWriter
	values  [][]parquet.Value // of the lines gathered, by column
	text    []byte            // the texts that values point to; what it has outgrown stays as it was
	lines   int               // gathered
	grouped int               // written to the row group
	group   int               // lines of a row group
}

const (
	gatherLines     = 1 << 12  // written at once
	groupCells      = 2 << 20  // of a row group, over all columns
	dictionaryBytes = 1 << 20  // of a column in a row group; keys outgrow it and go on as plain text
	pageBytes       = 64 << 10 // of a column's page
)

func newParquet(to io.Writer, columns []Column, about [][2]string) (*parquetLines, error) {
	p := &parquetLines{columns: columns, group: max(gatherLines, groupCells/len(columns)), values: make([][]parquet.Value, len(columns))}
	options := []parquet.WriterOption{parquet.NewSchema("release", schemaOf(columns)), parquet.Compression(&parquet.Zstd),
		parquet.DictionaryMaxBytes(dictionaryBytes), parquet.PageBufferSize(pageBytes), parquet.CreatedBy("webenable", "", "")}
	for _, a := range about {
		options = append(options, parquet.KeyValueMetadata(a[0], a[1]))
	}
	p.w = parquet.NewWriter(to, options...)
	p.into = p.w.ColumnWriters()
	return p, nil
}

// ordered is a group whose fields keep their order; the library's own sorts
// them by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field { return o.fields }

func schemaOf(columns []Column) parquet.Node {
	g := parquet.Group{}
	for _, c := range columns {
		switch c.Type {
		case hes.Date:
			g[c.Name] = parquet.Optional(parquet.Date())
		case hes.Int:
			g[c.Name] = parquet.Optional(parquet.Int(64))
		default:
			g[c.Name] = parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
		}
	}
	byName := map[string]parquet.Field{}
	for _, f := range g.Fields() {
		byName[f.Name()] = f
	}
	o := ordered{Group: g}
	for _, c := range columns {
		o.fields = append(o.fields, byName[c.Name])
	}
	return o
}

func (p *parquetLines) line(values []string) error {
	for i, v := range values {
		pv, err := p.value(p.columns[i], v)
		if err != nil {
			return err
		}
		p.values[i] = append(p.values[i], pv.Level(0, min(1, len(v)), i))
	}
	p.lines++
	if p.lines < gatherLines {
		return nil
	}
	return p.flush()
}

// flush writes the gathered lines, and ends the row group when it is full.
func (p *parquetLines) flush() error {
	for i, w := range p.into {
		if _, err := w.WriteRowValues(p.values[i]); err != nil {
			return err
		}
		clear(p.values[i])
		p.values[i] = p.values[i][:0]
	}
	p.text = p.text[:0]
	p.grouped += p.lines
	p.lines = 0
	if p.grouped < p.group {
		return nil
	}
	p.grouped = 0
	return p.w.Flush()
}

func (p *parquetLines) end() error {
	if err := p.flush(); err != nil {
		return err
	}
	return p.w.Close()
}

// value makes a column's value from its canonical text.
func (p *parquetLines) value(c Column, v string) (parquet.Value, error) {
	if v == "" {
		return parquet.NullValue(), nil
	}
	switch c.Type {
	case hes.Date:
		n, ok := dayOf(v)
		if !ok {
			return parquet.Value{}, fault.New(fault.Internal, "a value of %s is no date", c.Name)
		}
		return parquet.Int32Value(n), nil
	case hes.Int:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return parquet.Value{}, fault.New(fault.Internal, "a value of %s is no whole number", c.Name)
		}
		return parquet.Int64Value(n), nil
	}
	start := len(p.text)
	p.text = append(p.text, v...)
	return parquet.ByteArrayValue(p.text[start:]), nil
}

// dayOf returns the days from 1970-01-01 to a date such as 2008-04-01. It is the
// count of days of the Gregorian calendar in which a year begins in March, so
// that the leap day is its last one; time.Parse would cost most of a dump.
func dayOf(v string) (int32, bool) {
	if len(v) != 10 || v[4] != '-' || v[7] != '-' {
		return 0, false
	}
	var n [3]int
	for i, text := range [...]string{v[:4], v[5:7], v[8:]} {
		for _, c := range []byte(text) {
			if c < '0' || c > '9' {
				return 0, false
			}
			n[i] = 10*n[i] + int(c-'0')
		}
	}
	year, month, day := n[0], n[1], n[2]
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	if month -= 3; month < 0 {
		month += 12
		year--
	}
	if year < 0 {
		return 0, false
	}
	const epoch = 719468 // days from 0000-03-01 to 1970-01-01
	return int32(365*year + year/4 - year/100 + year/400 + (153*month+2)/5 + day - 1 - epoch), true
}
