package cli

import (
	"fmt"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/synth"
)

type synthCmd struct {
	Patients int     `help:"How many people." default:"10000"`
	Years    string  `help:"Financial years by the year in which they begin, first-last." default:"2004-2013"`
	Seed     uint64  `help:"The same seed gives the same bytes." default:"1"`
	Out      string  `help:"Folder for the files." required:"" type:"path"`
	Pipe     bool    `help:"Separate by pipes (the default)." xor:"form"`
	CSV      bool    `name:"csv" help:"Separate by commas." xor:"form"`
	Gzip     bool    `help:"Pack the files."`
	Dirt     float64 `help:"Share of rows with a planted fault." default:"0"`
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
	start := g.now()
	t, err := synth.Write(g.ctx, c.Out, synth.Options{Patients: c.Patients, First: first, Last: last, Seed: c.Seed, Comma: c.CSV, Gzip: c.Gzip, Dirt: c.Dirt}, nil)
	if err != nil {
		return err
	}
	took := g.now().Sub(start).Seconds()
	_, err = fmt.Fprintf(g.env.Out, "%d rows of %d people in %.1f s (%.0f rows a second); %d of them for skin disease.\n", t.Rows, c.Patients, took, float64(t.Rows)/max(took, 0.001), t.Skin)
	return err
}
