package cli

import (
	"errors"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/load"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
)

type loadCmd struct {
	makeOptions
	Agreement   string   `help:"Agreement under which the data are held."`
	Identifiers []string `help:"Identifying fields to load; the agreement must list them."`
	OptOut      string   `help:"Whether the national data opt-out was applied at the source: yes, no, not-needed, or the day on which it was (2026-10-01). Needed with identifying fields." placeholder:"ANSWER"`
	Header      string   `help:"File that names the columns of files without a header: one line, or one name a line." type:"path"`
	Map         string   `help:"File that says which columns are which fields: lines POSITION = FIELD or NAME = FIELD." type:"path"`
	Manifest    string   `help:"What whoever sent the files says of them: comma-separated, its first line name,rows,sha256. Whatever differs refuses the load." type:"path"`
	Quiet       bool     `help:"No progress bar."`
	Files       []string `arg:"" name:"file" help:"Raw files: delimited text, plain, gzip or zip." type:"path"`
}

// makeOptions say how a release is made from the staged rows.
type makeOptions struct {
	Subset string `help:"Which episodes to keep: all, the name of a subset that comes with the program (dermatology, plastic-skin-cancer), or a file that ends in .subset." default:"dermatology"`
	Spells string `help:"How provider spells are found: s1, by dates and discharge methods, or s3, by SUSSPELLID where it is recorded." enum:"s1,s3" default:"s1"`
	Hold   bool   `help:"Make the release but do not serve it; sign it off with “webenable release publish”."`
}

// Run loads the files and publishes the release.
func (c *loadCmd) Run(g *globals) error {
	if err := c.check(g); err != nil {
		return err
	}
	dict, _, err := vocabulary()
	if err != nil {
		return err
	}
	cut, err := subset.Find(c.Subset, dict)
	if err != nil {
		return err
	}
	expected, err := c.manifest()
	if err != nil {
		return err
	}
	bar := progressbar.DefaultBytesSilent(-1)
	if !c.Quiet {
		bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(g.env.Err), progressbar.OptionShowBytes(true), progressbar.OptionSetDescription("Reading"), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	m, err := g.begin(dict, cut, c.makeOptions)
	if err != nil {
		return err
	}
	m.agreement, m.identifiers, m.optOut = c.Agreement, c.Identifiers, c.OptOut
	err = func() error {
		job := readJob{Files: c.Files, Header: c.Header, Map: c.Map, Identifiers: c.Identifiers, Data: g.Data, Out: m.build.Batch()}
		if _, err := g.readFiles(job, func(p load.Progress) { bar.ChangeMax64(p.Total); _ = bar.Set64(p.Bytes) }); err != nil {
			return err
		}
		_ = bar.Finish()
		m.read = g.now()
		parts, err := m.area.Current()
		if err != nil {
			return err
		}
		b, err := staging.Open(m.build.Batch(), dict)
		if err != nil {
			return err
		}
		report := b.Report()
		if err := b.Close(); err != nil {
			return err
		}
		if expected != nil {
			if err := expected.Check(report.Files); err != nil {
				return err
			}
		}
		if report.Rows.Kept == 0 {
			_ = report.WriteText(g.env.Out)
			return fault.Wrap(fault.Invalid, errNoRows, "No row was kept, so nothing was published. See why above")
		}
		var years []string
		for _, y := range report.Years {
			years = append(years, y.Year)
		}
		return m.finish(staging.With(parts, m.build.ID(), years), true)
	}()
	if err != nil {
		return errors.Join(err, m.build.Abort())
	}
	what := "subset " + cut.Name
	if expected != nil {
		what += ", files as in the manifest"
	}
	return errors.Join(g.note("load", c.Agreement, m.build.ID(), what), m.said)
}

// manifest reads what is said of the files, if there is a manifest.
func (c *loadCmd) manifest() (*load.Manifest, error) {
	if c.Manifest == "" {
		return nil, nil
	}
	f, err := os.Open(c.Manifest)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "The manifest cannot be opened")
	}
	defer f.Close()
	m, err := load.ReadManifest(f)
	if err != nil {
		return nil, err
	}
	return m, m.Complete(c.Files)
}

// check refuses what must not be loaded before anything is read.
func (c *loadCmd) check(g *globals) error {
	switch c.OptOut {
	case "", "yes", "no", "not-needed":
	default:
		if _, err := time.Parse(time.DateOnly, c.OptOut); err != nil {
			return fault.New(fault.Invalid, "--opt-out takes yes, no, not-needed, or a day such as 2026-10-01.")
		}
	}
	if len(c.Identifiers) == 0 {
		return nil
	}
	if c.Agreement == "" {
		return fault.New(fault.Invalid, "Name the agreement that lists the identifying fields with --agreement.")
	}
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	a, err := reg.Agreement(g.ctx, c.Agreement)
	if err != nil {
		return err
	}
	for _, f := range c.Identifiers {
		if !slices.Contains(a.Fields, f) {
			return fault.New(fault.Denied, "Agreement %s does not list the field %s.", a.Ref, f)
		}
	}
	if c.OptOut == "" || c.OptOut == "no" {
		return fault.New(fault.Denied, "Identifying fields are loaded only when the national data opt-out has been applied at the source: ask the data owner and say so with --opt-out.")
	}
	return nil
}

// note writes an event of the command line into the access record, after it has
// happened.
func (g *globals) note(kind, purpose, id, what string) error {
	reg, err := g.openRegistry()
	if err == nil {
		defer reg.Close()
		err = reg.Record(g.ctx, audit.Event{At: g.now(), Kind: kind, Actor: systemUser(), Purpose: purpose, Release: id, Question: what, Outcome: "done"})
	}
	return fault.Wrap(fault.Unavailable, err, "This was done (%s %s), but it could not be written into the access record: make room or mend the disk, and keep a note of it", kind, id)
}

// systemUser names who runs the command.
func systemUser() string {
	if u, err := user.Current(); err == nil {
		return "system user " + u.Username
	}
	return "system user unknown"
}
