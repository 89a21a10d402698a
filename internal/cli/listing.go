package cli

import (
	"bytes"
	"io"
	"text/tabwriter"
)

// listing is a table on the terminal, written when it is complete: a tabwriter
// cannot take a writer that fails.
type listing struct {
	*tabwriter.Writer
	text *bytes.Buffer
	to   io.Writer
}

func (g *globals) listing() listing {
	text := &bytes.Buffer{}
	return listing{tabwriter.NewWriter(text, 2, 8, 2, ' ', 0), text, g.env.Out}
}

// Flush writes the table.
func (l listing) Flush() error {
	if err := l.Writer.Flush(); err != nil {
		return err
	}
	_, err := l.to.Write(l.text.Bytes())
	return err
}
