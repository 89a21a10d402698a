package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"webenablehes/internal/load"
)

type inspectCmd struct {
	JSON   bool     `help:"Print what was found as JSON."`
	Header string   `help:"File that names the columns of files without a header: one line, or one name a line." type:"path"`
	Map    string   `help:"File that says which columns are which fields: lines POSITION = FIELD or NAME = FIELD." type:"path"`
	Files  []string `arg:"" name:"file" help:"Raw files: delimited text, plain, gzip or zip." type:"path"`
}

// Run looks at the files. Nothing is loaded, and no value of a record is printed.
func (c inspectCmd) Run(g *globals) error {
	found, err := g.readFiles(readJob{Files: c.Files, Header: c.Header, Map: c.Map, Inspect: true}, func(load.Progress) {})
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(g.env.Out)
		out.SetIndent("", "  ")
		return out.Encode(found)
	}
	out := g.listing()
	for _, f := range found.Files {
		writeInspected(out, f)
	}
	fmt.Fprintln(out, found.Load)
	return out.Flush()
}

func writeInspected(out io.Writer, f load.Inspected) {
	line := func(head, text string) { fmt.Fprintf(out, "  %s\t%s\n", head, text) }
	fmt.Fprintf(out, "%s (%d bytes)\n", f.Name, f.Size)
	if f.Refused != "" {
		line("A load refuses it", f.Refused)
	}
	if f.Separator != "" {
		line("Separated by", f.Separator)
		line("Encoding", f.Encoding)
		line("Line ends", f.LineEnds)
		line("Compression", f.Compression)
		line("Quotation marks", map[bool]string{true: "yes", false: "no"}[f.Quoting])
		line("Header", f.Header)
		line("Rows", fmt.Sprint(f.Rows))
		line("Person ids", personIDs(f))
	}
	for _, y := range f.Years {
		line("Financial year "+cmp.Or(y.Year, "not recorded"), fmt.Sprintf("%d rows", y.Rows))
	}
	for _, e := range f.Extracts {
		line("Extract", e)
	}
	for _, r := range f.Remarks {
		line("Remark", r)
	}
	if len(f.Identifying) > 0 {
		line("Identifying", strings.Join(f.Identifying, ", ")+": refused unless an agreement lists them")
	}
	for _, p := range f.Problems {
		places := make([]string, min(3, len(p.At)))
		for i := range places {
			places[i] = p.At[i].String()
		}
		line(fmt.Sprintf("Rejected %d", p.Count), p.Reason+" First at "+strings.Join(places, "  "))
	}
	for _, c := range f.Columns {
		text := c.Label
		if c.Field != c.Column {
			text = "is " + c.Field + ": " + text
		}
		line(c.Column, text)
	}
	for _, l := range f.LeftOut {
		line(cmp.Or(l.Column, "(no name)"), "left out: "+l.Why)
	}
	fmt.Fprintln(out)
}

func personIDs(f load.Inspected) string {
	switch {
	case f.Marked+f.Unmarked == 0:
		return "none"
	case f.Unmarked == 0:
		return "synthetic: each carries a generator's mark"
	case f.Marked == 0:
		return "not synthetic: none carries a generator's mark"
	}
	return fmt.Sprintf("mixed: %d rows with a generator's mark, %d without", f.Marked, f.Unmarked)
}
