package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
)

type releaseCmd struct {
	List    releaseListCmd    `cmd:"" help:"List the releases, the newest first."`
	Show    releaseShowCmd    `cmd:"" help:"Show a release: the current one unless named."`
	Verify  releaseVerifyCmd  `cmd:"" help:"Read a release's files again and compare their hashes."`
	Publish releasePublishCmd `cmd:"" help:"Serve a release: how one rolls back."`
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
