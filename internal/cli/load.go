package cli

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/load"
	"webenablehes/internal/release"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/store"
)

type loadCmd struct {
	Subset      string   `help:"Which episodes to keep: dermatology or all." default:"dermatology"`
	Agreement   string   `help:"Agreement under which the data are held."`
	Identifiers []string `help:"Identifying fields to load; the agreement must list them."`
	Quiet       bool     `help:"No progress bar."`
	Files       []string `arg:"" name:"file" help:"Raw files: delimited text, plain, gzip or zip." type:"path"`
}

// Run loads the files and publishes the release.
func (c *loadCmd) Run(g *globals) error {
	dict, codes, err := vocabulary()
	if err != nil {
		return err
	}
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	if len(c.Identifiers) > 0 {
		if c.Agreement == "" {
			return fault.New(fault.Invalid, "Name the agreement that lists the identifying fields with --agreement.")
		}
		a, err := reg.Agreement(g.ctx, c.Agreement)
		if err != nil {
			return err
		}
		for _, f := range c.Identifiers {
			if !slices.Contains(a.Fields, f) {
				return fault.New(fault.Denied, "Agreement %s does not list the field %s.", a.Ref, f)
			}
		}
	}
	bar := progressbar.DefaultBytesSilent(-1)
	if !c.Quiet {
		bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(g.env.Err), progressbar.OptionShowBytes(true), progressbar.OptionSetDescription("Reading"), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	l, err := load.Open(dict, codes, load.Options{Files: c.Files, Subset: c.Subset, Identifiers: c.Identifiers, Progress: func(p load.Progress) {
		bar.ChangeMax64(p.Total)
		_ = bar.Set64(p.Bytes)
	}})
	if err != nil {
		return err
	}
	releases := release.Open(g.Data)
	var tail [2]byte
	if _, err := io.ReadFull(rand.Reader, tail[:]); err != nil {
		return fmt.Errorf("make release id: %w", err)
	}
	start := g.now()
	build, err := releases.Begin(release.NewID(start, tail))
	if err != nil {
		return err
	}
	if err := c.build(g, l, build, dict, bar); err != nil {
		return errors.Join(err, build.Abort())
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return reg.Record(g.ctx, audit.Event{At: g.now(), Kind: "load", Actor: "system user " + name, Purpose: c.Agreement, Release: build.ID(), Question: "subset " + c.Subset, Outcome: "done"})
}

func (c *loadCmd) build(g *globals, l *load.Load, build *release.Build, dict *hes.Dictionary, bar *progressbar.ProgressBar) error {
	start := g.now()
	w, err := store.Create(build.Dir(), l.Columns())
	if err != nil {
		return err
	}
	report, err := l.Run(g.ctx, w)
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	_ = bar.Finish()
	read := g.now()
	if report.Rows.Kept == 0 {
		_ = report.WriteText(g.env.Out)
		return errors.Join(fault.Wrap(fault.Invalid, errNoRows, "No row was kept, so nothing was published. See why above"), w.Abort())
	}
	info, err := w.Finish(g.ctx)
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	m := release.Manifest{Made: g.now().UTC().Truncate(time.Second), Program: Version, Synthetic: report.Synthetic, Subset: c.Subset, Agreement: c.Agreement,
		Identifiers: c.Identifiers, Rows: report.Rows, Persons: info.Persons, Columns: info.Columns}
	for _, y := range report.Years {
		if y.Year != "" {
			m.Years = append(m.Years, y.Year)
		}
	}
	slices.SortFunc(m.Years, func(a, b string) int { return strings.Compare(century(a)+a, century(b)+b) })
	if m.First, m.Last, err = span(g, build.Dir(), dict); err != nil {
		return err
	}
	if err := build.Publish(g.ctx, m, report); err != nil {
		return err
	}
	if err := report.WriteText(g.env.Out); err != nil {
		return err
	}
	took := g.now().Sub(start)
	_, err = fmt.Fprintf(g.env.Out, "\nPublished release %s: %d episodes of %d patients, in %.1f s (reading %.1f s, %.0f rows a second in all).\n",
		build.ID(), report.Rows.Kept, info.Persons, took.Seconds(), read.Sub(start).Seconds(), float64(report.Rows.Read)/max(took.Seconds(), 0.001))
	return err
}

// century sorts FYEAR values of the last century before those of this one.
func century(fyear string) string {
	if fyear[0] >= '8' {
		return "19"
	}
	return "20"
}

// span returns the first and the last admission of a release.
func span(g *globals, dir string, dict *hes.Dictionary) (first, last string, err error) {
	e, err := store.Open(dir, dict)
	if err != nil {
		return "", "", err
	}
	defer e.Close()
	return driver.Span(g.ctx, e)
}

type releaseCmd struct {
	List    releaseListCmd    `cmd:"" help:"List the releases, the newest first."`
	Show    releaseShowCmd    `cmd:"" help:"Show a release: the current one unless named."`
	Verify  releaseVerifyCmd  `cmd:"" help:"Read a release's files again and compare their hashes."`
	Publish releasePublishCmd `cmd:"" help:"Serve a release: how one rolls back."`
	Dump    releaseDumpCmd    `cmd:"" help:"Write columns of a release to a file, for whoever owns the machine."`
}

type releaseListCmd struct{}

// Run lists the releases.
func (releaseListCmd) Run(g *globals) error {
	r := release.Open(g.Data)
	all, err := r.List()
	if err != nil {
		return err
	}
	current, err := r.Current()
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	out := tabwriter.NewWriter(g.env.Out, 2, 8, 2, ' ', 0)
	fmt.Fprintln(out, "\tRelease\tSubset\tEpisodes\tYears\tSynthetic")
	for _, m := range all {
		mark := ""
		if m.ID == current {
			mark = "served"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%s\t%v\n", mark, m.ID, m.Subset, m.Rows.Kept, strings.Join(m.Years, " "), m.Synthetic)
	}
	return out.Flush()
}

type releaseShowCmd struct {
	JSON bool   `help:"Print the manifest as JSON."`
	ID   string `arg:"" optional:"" help:"Release; the current one if left out."`
}

// Run shows a release.
func (c releaseShowCmd) Run(g *globals) error {
	r := release.Open(g.Data)
	if c.ID == "" {
		var err error
		if c.ID, err = r.Current(); err != nil {
			return err
		}
	}
	m, err := r.Get(c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(g.env.Out)
		out.SetIndent("", "  ")
		return out.Encode(m)
	}
	report, err := r.Report(c.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(g.env.Out, "Release %s, made %s by version %s\n\n", m.ID, m.Made.Format("2 January 2006 15:04 MST"), m.Program)
	return report.WriteText(g.env.Out)
}

type releaseVerifyCmd struct {
	ID string `arg:"" optional:"" help:"Release; the current one if left out."`
}

// Run checks a release.
func (c releaseVerifyCmd) Run(g *globals) error {
	r := release.Open(g.Data)
	if c.ID == "" {
		var err error
		if c.ID, err = r.Current(); err != nil {
			return err
		}
	}
	if err := r.Verify(g.ctx, c.ID); err != nil {
		return err
	}
	_, err := fmt.Fprintf(g.env.Out, "Release %s is whole.\n", c.ID)
	return err
}

type releasePublishCmd struct {
	ID string `arg:"" help:"Release to serve."`
}

// Run switches to a release.
func (c releasePublishCmd) Run(g *globals) error {
	if err := release.Open(g.Data).Switch(c.ID); err != nil {
		return err
	}
	_, err := fmt.Fprintf(g.env.Out, "Release %s is served now.\n", c.ID)
	return err
}
