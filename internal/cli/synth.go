package cli

import (
	"fmt"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/synth"
)

type synthCmd struct {
	Patients  int     `help:"How many people (10000 unless --rows is given)."`
	Rows      int     `help:"How many rows, in place of --patients; the last person is made whole."`
	Years     string  `help:"Financial years by the year in which they begin, first-last." default:"2004-2013"`
	Seed      uint64  `help:"The same seed gives the same rows." default:"1"`
	Out       string  `help:"Folder for the files." required:"" type:"path"`
	Dirt      float64 `help:"Share of rows with a planted fault." default:"0"`
	TruthRows bool    `help:"Write truth_rows.csv: spell, stays, duplicate and validity of each kept row."`
	SpellIDs  bool    `name:"spell-ids" help:"SUSSPELLID in every year; else from 2009-10."`
	LocalIDs  bool    `name:"local-ids" help:"The hospitals' own patient numbers, LOPATID, which a load takes with --identifiers only."`

	Sep      string `help:"Separator: ${enum}." enum:"pipe,comma,tab" default:"pipe" group:"Form"`
	Pipe     bool   `help:"The same as --sep pipe." xor:"sep" group:"Form"`
	CSV      bool   `name:"csv" help:"The same as --sep comma." xor:"sep" group:"Form"`
	Case     string `help:"Case of the header: ${enum}." enum:"upper,lower" default:"upper" group:"Form"`
	Dates    string `help:"Form of dates: ${enum}." enum:"iso,slash,sas,compact" default:"iso" group:"Form"`
	EOL      string `name:"eol" help:"Line end: ${enum}." enum:"lf,crlf,cr" default:"lf" group:"Form"`
	Encoding string `help:"Encoding: ${enum}." enum:"utf8,utf8-bom,windows-1252,utf-16le,utf-16be" default:"utf8" group:"Form"`
	Pack     string `help:"Packing: ${enum}." enum:"none,gzip,zip" default:"none" group:"Form"`
	Gzip     bool   `help:"The same as --pack gzip." group:"Form"`
	Quote    bool   `help:"Quotation marks round every field." group:"Form"`
	Split    int    `help:"Files of each year." default:"1" group:"Form"`
	Shuffle  bool   `help:"Rows of a file in random order; holds a file in memory." group:"Form"`
	Header   string `help:"Header in the ${enum}." enum:"file,separate" default:"file" group:"Form"`
	Names    string `help:"Names of columns: ${enum} (TOKEN_PERSON_ID; PSEUDO_HESID and DIAG_4_01)." enum:"usual,new,old" default:"usual" group:"Form"`
	Wide     bool   `help:"142 columns; else 126." group:"Form"`
}

// Run makes the extract.
func (c synthCmd) Run(g *globals) error {
	from, to, _ := strings.Cut(c.Years, "-")
	if to == "" {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil {
		return fault.New(fault.Invalid, "Write the years as 2004-2013.")
	}
	if c.Patients == 0 && c.Rows == 0 {
		c.Patients = 10_000
	}
	if c.CSV {
		c.Sep = "comma"
	}
	if c.Gzip {
		c.Pack = "gzip"
	}
	start := g.now()
	t, err := synth.Write(g.ctx, c.Out, synth.Options{Patients: c.Patients, Rows: c.Rows, First: first, Last: last, Seed: c.Seed, Dirt: c.Dirt, TruthRows: c.TruthRows, SpellIDs: c.SpellIDs, LocalIDs: c.LocalIDs,
		Form: synth.Form{Separator: c.Sep, Case: c.Case, Dates: c.Dates, LineEnd: c.EOL, Encoding: c.Encoding, Pack: c.Pack, Quote: c.Quote, Split: c.Split, Shuffle: c.Shuffle, Header: c.Header, Names: c.Names, Wide: c.Wide}}, nil)
	if err != nil {
		return err
	}
	took := g.now().Sub(start).Seconds()
	_, err = fmt.Fprintf(g.env.Out, "%d rows of %d people in %.1f s (%.0f rows a second); %d of them for skin disease.\n", t.Rows, t.Derived["PEOPLE"], took, float64(t.Rows)/max(took, 0.001), t.Skin)
	return err
}
