package dump

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// MaxSheetLines is how many lines an XLSX file holds below its heading. Source:
// Microsoft, "Excel specifications and limits": 1,048,576 rows of a worksheet.
const MaxSheetLines = 1<<20 - 1

// xlsxLines writes an Office Open XML workbook (ECMA-376) of two sheets: the
// lines, and what they are. Texts are texts, whatever they begin with; whole
// numbers and dates are numbers, so that they sort, as far as a spreadsheet can
// hold them exactly. It goes out as it comes, without a table of shared texts and
// without a file beside it: that is why it is not made by a library, of which
// those that stream keep the rows in a folder for temporary files, where patient
// data must not lie. Nothing in it tells of the machine or the hour.
type xlsxLines struct {
	zip     *zip.Writer
	sheet   *bufio.Writer
	columns []Column
	about   [][2]string
	names   []string // of columns: A, B, …
	lines   int
}

func newXLSX(to io.Writer, columns []Column, about [][2]string) (*xlsxLines, error) {
	x := &xlsxLines{zip: zip.NewWriter(to), columns: columns, about: about}
	for i := range columns {
		x.names = append(x.names, columnName(i))
	}
	for _, p := range xlsxParts() {
		w, err := x.zip.Create(p[0])
		if err == nil {
			_, err = io.WriteString(w, xmlHead+p[1])
		}
		if err != nil {
			return nil, err
		}
	}
	w, err := x.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, err
	}
	x.sheet = bufio.NewWriterSize(w, 64<<10)
	x.sheet.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>`)
	for i, c := range columns {
		fmt.Fprintf(x.sheet, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, min(max(len(c.Name)+3, 12), 60))
	}
	x.sheet.WriteString(`</cols><sheetData>`)
	x.row(1)
	for i, c := range columns {
		x.text(x.names[i], 1, 1, c.Name)
	}
	_, err = x.sheet.WriteString(`</row>`)
	return x, err
}

// columnName returns the letters of a column, from 0: A, …, Z, AA, …
func columnName(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

func (x *xlsxLines) row(n int) {
	x.sheet.WriteString(`<row r="`)
	x.sheet.Write(strconv.AppendInt(x.sheet.AvailableBuffer(), int64(n), 10))
	x.sheet.WriteString(`">`)
}

func (x *xlsxLines) cell(column string, row, style int, rest string) {
	x.sheet.WriteString(`<c r="`)
	x.sheet.WriteString(column)
	x.sheet.Write(strconv.AppendInt(x.sheet.AvailableBuffer(), int64(row), 10))
	if style > 0 {
		x.sheet.WriteString(`" s="`)
		x.sheet.Write(strconv.AppendInt(x.sheet.AvailableBuffer(), int64(style), 10))
	}
	x.sheet.WriteString(rest)
}

func (x *xlsxLines) text(column string, row, style int, v string) {
	x.cell(column, row, style, `" t="inlineStr"><is><t xml:space="preserve">`)
	x.sheet.WriteString(xmlText(v))
	x.sheet.WriteString(`</t></is></c>`)
}

func (x *xlsxLines) line(values []string) error {
	if x.lines == MaxSheetLines {
		return fault.New(fault.Invalid, "An Excel sheet holds %d lines, and there are more. Choose CSV or Parquet, or add a filter.", MaxSheetLines)
	}
	x.lines++
	n := x.lines + 1
	x.row(n)
	for i, v := range values {
		if v == "" {
			continue
		}
		switch number, style := sheetNumber(x.columns[i].Type, v); {
		case number != "":
			x.cell(x.names[i], n, style, `"><v>`)
			x.sheet.WriteString(number)
			x.sheet.WriteString(`</v></c>`)
		default:
			x.text(x.names[i], n, 0, v)
		}
	}
	_, err := x.sheet.WriteString(`</row>`)
	return err
}

// sheetNumber returns a value as the number that a spreadsheet keeps for it; ""
// if it would not be exact or is none. A date is its days since 1899-12-30, from
// March 1900 on: before, spreadsheets know a 29 February that there was not.
func sheetNumber(t hes.Type, v string) (number string, style int) {
	switch t {
	case hes.Int, hes.Decimal:
		if len(v) <= 15 && plainNumber(v) {
			return v, 0
		}
	case hes.Date:
		const epoch, march1900 = 25569, 61 // days from 1899-12-30 to 1970-01-01, and to 1900-03-01
		if day, ok := dayOf(v); ok && day+epoch >= march1900 {
			return strconv.Itoa(int(day) + epoch), 2
		}
	}
	return "", 0
}

func plainNumber(v string) bool {
	digits := strings.TrimPrefix(v, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return false // leading zeros would be lost
	}
	_, err := strconv.ParseFloat(v, 64)
	return err == nil && strings.Trim(digits, "0123456789.") == "" && digits != ""
}

func (x *xlsxLines) end() error {
	x.sheet.WriteString(`</sheetData></worksheet>`)
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	w, err := x.zip.Create("xl/worksheets/sheet2.xml")
	if err != nil {
		return err
	}
	x.sheet.Reset(w)
	x.sheet.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="1" width="24" customWidth="1"/><col min="2" max="2" width="100" customWidth="1"/></cols><sheetData>`)
	for i, p := range x.about {
		x.row(i + 1)
		x.text("A", i+1, 1, p[0])
		x.text("B", i+1, 3, p[1])
		x.sheet.WriteString(`</row>`)
	}
	x.sheet.WriteString(`</sheetData></worksheet>`)
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	return x.zip.Close()
}

// xmlText writes a text for a cell: what XML does not hold as _xHHHH_, which is
// how ECMA-376 (22.9.2.19, ST_Xstring) has it, and an underscore that would look
// like one likewise.
func xmlText(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '&' || c == '<' || c == '>' || c == '_' || c >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '_' && looksEscaped(s[i:]):
			b.WriteString("_x005F_")
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteRune(utf8.RuneError) // a byte of no character; cleaning has none left
		case r < 0x20 && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			fmt.Fprintf(&b, "_x%04X_", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// looksEscaped tells whether a text begins like _x0041_.
func looksEscaped(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// xlsxParts are the parts of a workbook that are the same in all: name and text.
func xlsxParts() [][2]string {
	const (
		types  = "application/vnd.openxmlformats-officedocument.spreadsheetml."
		office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
		main   = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	)
	return [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="` + types + `sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="` + types + `styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + types + `worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="` + types + `worksheet+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>WebEnable HES</dc:creator></cp:coreProperties>`},
		{"xl/workbook.xml", `<workbook xmlns="` + main + `" xmlns:r="` + office + `"><sheets><sheet name="Data" sheetId="1" r:id="rId1"/><sheet name="About" sheetId="2" r:id="rId2"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + office + `/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="` + office + `/styles" Target="styles.xml"/></Relationships>`},
		// Styles of cells: 0 as it is, 1 bold, 2 a date, 3 wrapped.
		{"xl/styles.xml", `<styleSheet xmlns="` + main + `"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf></cellXfs></styleSheet>`},
	}
}
