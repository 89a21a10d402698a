package dump

import (
	"bufio"
	"encoding/csv"
)

// csvLines writes CSV as RFC 4180 has it, but with LF at the end of a line:
// UTF-8, a heading, quotes where they are needed, empty where a value is not
// recorded. Codes and keys keep their leading zeros. It is a format for
// programs, so a text that a spreadsheet would take for a formula is written as
// it is: changing it would change the data.
type csvLines struct {
	w   *csv.Writer
	buf *bufio.Writer // what w writes to; w adds no buffer of its own, as this one is larger
}

func newCSV(buf *bufio.Writer, columns []Column) (*csvLines, error) {
	c := &csvLines{w: csv.NewWriter(buf), buf: buf}
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = col.Name
	}
	return c, c.line(names)
}

func (c *csvLines) line(values []string) error {
	if len(values) == 1 && values[0] == "" {
		// An empty line would be skipped by readers: the row would be lost.
		_, err := c.buf.WriteString("\"\"\n")
		return err
	}
	return c.w.Write(values)
}

func (c *csvLines) end() error {
	c.w.Flush()
	return c.w.Error()
}
