package dump

import (
	"bufio"
	"encoding/csv"

	"webenablehes/internal/hes"
	"webenablehes/internal/spreadsheet"
)

// csvLines writes CSV as RFC 4180 has it, but with LF at the end of a line:
// UTF-8, a heading, quotes where they are needed, empty where a value is not
// recorded. Codes and keys keep their leading zeros. It is a format for
// programs, so a text that a spreadsheet would take for a formula is written as
// it is: changing it would change the data. A safe one is for people, and has an
// apostrophe before such a text; numbers and dates stay what they are.
type csvLines struct {
	w    *csv.Writer
	buf  *bufio.Writer // what w writes to; w adds no buffer of its own, as this one is larger
	safe []bool        // columns whose texts are made safe; nil: none
	out  []string      // the line as it is made safe
}

func newCSV(buf *bufio.Writer, columns []Column, safe bool) (*csvLines, error) {
	c := &csvLines{w: csv.NewWriter(buf), buf: buf}
	if safe {
		c.out, c.safe = make([]string, len(columns)), make([]bool, len(columns))
		for i := range columns {
			c.safe[i] = true // of the heading
		}
	}
	names := make([]string, len(columns))
	for i, col := range columns {
		names[i] = col.Name
	}
	err := c.line(names)
	for i, col := range columns[:len(c.safe)] {
		c.safe[i] = col.Type != hes.Int && col.Type != hes.Decimal && col.Type != hes.Date
	}
	return c, err
}

func (c *csvLines) line(values []string) error {
	if len(values) == 1 && values[0] == "" {
		// An empty line would be skipped by readers: the row would be lost.
		_, err := c.buf.WriteString("\"\"\n")
		return err
	}
	if c.safe != nil {
		for i, v := range values {
			if c.out[i] = v; c.safe[i] {
				c.out[i] = spreadsheet.Safe(v)
			}
		}
		values = c.out
	}
	return c.w.Write(values)
}

func (c *csvLines) end() error {
	c.w.Flush()
	return c.w.Error()
}
