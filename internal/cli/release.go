package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"webenablehes/internal/export"
	"webenablehes/internal/fault"
	"webenablehes/internal/registry"
	"webenablehes/internal/release"
	"webenablehes/internal/removal"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
)

type releaseCmd struct {
	List     releaseListCmd     `cmd:"" help:"List the releases, the newest first."`
	Show     releaseShowCmd     `cmd:"" help:"Show a release: the current one unless named."`
	Make     releaseMakeCmd     `cmd:"" help:"Make a release from the staged rows, without loading anything."`
	Verify   releaseVerifyCmd   `cmd:"" help:"Read a release's files again and compare their hashes."`
	Publish  releasePublishCmd  `cmd:"" help:"Sign a release off and serve it."`
	Rollback releaseRollbackCmd `cmd:"" help:"Take the last load back: serve the release before it, and put its staged rows back in force."`
	Dump     releaseDumpCmd     `cmd:"" help:"Write columns of a release to a file, for whoever owns the machine."`
	Destroy  releaseDestroyCmd  `cmd:"" help:"Remove a release, every byte, and write a certificate."`
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
	out := g.listing()
	fmt.Fprintln(out, "\tRelease\tSubset\tEpisodes\tPatients\tYears\tSynthetic")
	for _, m := range all {
		mark := ""
		if m.ID == current {
			mark = "served"
		}
		if m.Broken != "" {
			fmt.Fprintf(out, "%s\t%s\t%s\n", cmp.Or(mark, "damaged"), m.ID, m.Broken)
			continue
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%d\t%s\t%v\n", mark, m.ID, m.Subset, episodes(m), m.Persons, strings.Join(m.Years, " "), m.Synthetic)
	}
	return out.Flush()
}

// episodes is the number of episodes of a release, those of earlier loads too.
func episodes(m release.Manifest) int {
	for _, s := range m.Stages {
		if s.Name == "kept" {
			return s.Rows
		}
	}
	return m.Rows.Kept
}

type releaseShowCmd struct {
	JSON   bool   `help:"Print the manifest as JSON." xor:"form"`
	Report bool   `help:"Print the load report as JSON." xor:"form"`
	ID     string `arg:"" optional:"" help:"Release; the current one if left out."`
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
	out := json.NewEncoder(g.env.Out)
	out.SetIndent("", "  ")
	if c.JSON {
		return out.Encode(m)
	}
	report, err := r.Report(c.ID)
	if err != nil {
		return err
	}
	if c.Report {
		return out.Encode(report)
	}
	fmt.Fprintf(g.env.Out, "Release %s, made %s by version %s\n", m.ID, m.Made.Format("2 January 2006 15:04 MST"), m.Program)
	for _, s := range m.Methods {
		fmt.Fprintf(g.env.Out, "%s: %s\n", strings.ToUpper(s.Name[:1])+s.Name[1:], s.Version)
	}
	fmt.Fprintln(g.env.Out)
	return report.WriteText(g.env.Out)
}

type releaseMakeCmd struct{ makeOptions }

// Run makes a release from what is staged.
func (c releaseMakeCmd) Run(g *globals) error {
	dict, _, err := vocabulary()
	if err != nil {
		return err
	}
	cut, err := subset.Find(c.Subset, dict)
	if err != nil {
		return err
	}
	m, err := g.begin(dict, cut, c.makeOptions)
	if err != nil {
		return err
	}
	err = func() error {
		parts, err := m.area.Current()
		if err != nil {
			return err
		}
		if len(parts) == 0 {
			return fault.New(fault.NotFound, "No rows are staged yet: run “webenable load FILE”.")
		}
		m.inherit(parts)
		return m.finish(parts, false)
	}()
	if err != nil {
		return errors.Join(err, m.build.Abort())
	}
	return errors.Join(g.note("make", m.agreement, m.build.ID(), "subset "+cut.Name), m.said)
}

// inherit takes over what the loads of the staged rows said of them, from the
// newest release that was derived from them.
func (m *making) inherit(parts []staging.Part) {
	all, err := release.Open(m.g.Data).List()
	if err != nil {
		return
	}
	for _, old := range all {
		if slices.ContainsFunc(old.Parts, func(p release.Part) bool {
			return slices.ContainsFunc(parts, func(q staging.Part) bool { return q.Batch == p.Batch })
		}) {
			m.agreement, m.identifiers, m.optOut = old.Agreement, old.Identifiers, old.OptOut
			return
		}
	}
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

// Run switches to a release. Who signed it off is in the access record.
func (c releasePublishCmd) Run(g *globals) error {
	r := release.Open(g.Data)
	m, err := r.Get(c.ID)
	if err != nil {
		return err
	}
	if err := r.Switch(c.ID); err != nil {
		return err
	}
	if err := g.note("publish", m.Agreement, c.ID, "signed off and served"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.env.Out, "Release %s is served now, signed off by %s.\n", c.ID, systemUser())
	return err
}

type releaseRollbackCmd struct{}

// Run takes the last load back.
func (releaseRollbackCmd) Run(g *globals) error {
	r := release.Open(g.Data)
	unlock, err := r.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	id, err := r.Current()
	if err != nil {
		return err
	}
	now, err := r.Get(id)
	if err != nil {
		return err
	}
	all, err := r.List()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(m release.Manifest) bool { return m.Broken == "" && m.ID < id && m.Subset == now.Subset })
	if at < 0 {
		return fault.New(fault.NotFound, "There is no earlier release of the subset %s to go back to.", now.Subset)
	}
	before := all[at]
	if len(before.Parts) > 0 {
		var parts []staging.Part
		for _, p := range before.Parts {
			parts = append(parts, staging.Part{Batch: p.Batch, Years: p.Years})
		}
		if err := staging.At(g.Data).Replace(parts); err != nil {
			return err
		}
	}
	if err := r.Switch(before.ID); err != nil {
		return err
	}
	if err := g.note("rollback", before.Agreement, before.ID, "back from "+id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.env.Out, "Release %s is served now. The next load builds on its rows.\n", before.ID)
	return err
}

type releaseDestroyCmd struct {
	Everything bool     `help:"Destroy all releases and all staged rows; nothing is served afterwards."`
	Yes        bool     `help:"Do it; without this the command only says what it would destroy."`
	Reason     string   `help:"Why, for the certificate: end of agreement DSA-2041."`
	IDs        []string `arg:"" optional:"" name:"id" help:"Releases to destroy."`
}

// Run destroys releases, with the staged rows that no other release and no later
// load needs.
func (c releaseDestroyCmd) Run(g *globals) error {
	if c.Everything == (len(c.IDs) > 0) {
		return fault.New(fault.Invalid, "Name the releases to destroy, or say --everything.")
	}
	r, area := release.Open(g.Data), staging.At(g.Data)
	unlock, err := r.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := r.List()
	if err != nil {
		return err
	}
	if c.Everything {
		c.IDs = nil
		for _, m := range all {
			c.IDs = append(c.IDs, m.ID)
		}
	}
	for _, id := range c.IDs {
		if !slices.ContainsFunc(all, func(m release.Manifest) bool { return m.ID == id }) {
			return fault.New(fault.NotFound, "There is no release %s: see “webenable release list”.", id)
		}
	}
	inForce, err := area.Current()
	if err != nil && !c.Everything {
		return err
	}
	batches, err := area.Batches()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(m release.Manifest) bool { return slices.Contains(c.IDs, m.ID) })
	if !c.Everything {
		batches = slices.DeleteFunc(batches, needed(left, inForce))
	}
	if !c.Yes {
		_, err := fmt.Fprintf(g.env.Out, "This would destroy %d releases (%s) and %d batches of staged rows. Say --yes to do it; it cannot be undone.\n", len(c.IDs), strings.Join(c.IDs, " "), len(batches))
		return err
	}
	var noted []removal.Entry
	for _, id := range slices.Concat(c.IDs, batches) {
		noted = append(noted, removal.Entry{Kind: removal.Destroyed, What: id})
	}
	if err := removal.In(g.Data).Add(noted...); err != nil {
		return err
	}
	if c.Everything {
		if err := area.Replace(nil); err != nil {
			return err
		}
	}
	d := release.Destruction{Releases: c.IDs, Batches: batches, Everything: c.Everything, By: systemUser(), Why: c.Reason}
	if d.Exports, err = g.endFiles(c.IDs, c.Everything); err != nil {
		return err
	}
	cert, path, err := r.Destroy(g.ctx, d, g.now())
	if err != nil {
		return err
	}
	if err := g.note("destroy", "", strings.Join(c.IDs, " "), c.Reason); err != nil {
		return err
	}
	n, bytes := 0, int64(0)
	for _, d := range slices.Concat(cert.Releases, cert.Staged) {
		for _, f := range d.Files {
			n++
			bytes += f.Size
		}
	}
	fetched := 0
	for _, x := range cert.Exports {
		fetched += min(x.Fetched, 1)
	}
	_, err = fmt.Fprintf(g.env.Out, "Destroyed %d releases and %d batches of staged rows: %d files, %d bytes; %s that people had asked for, of which %d were fetched: ask those who did to destroy theirs. Certificate: %s\n",
		len(cert.Releases), len(cert.Staged), n, bytes, plural(len(cert.Exports), "file"), fetched, path)
	return err
}

// endFiles ends the files that people asked for and that hold rows of some releases,
// or all of them, those too that are being made. Nobody fetches one any more.
func (g *globals) endFiles(releases []string, all bool) ([]release.HandedOut, error) {
	reg, err := g.openRegistry()
	if err != nil {
		return nil, err
	}
	defer reg.Close()
	made := export.New(export.Options{Store: reg, Folder: g.exports(), Now: g.now})
	ended, err := made.End(g.ctx, systemUser(), "the release that it was made from was destroyed", func(x registry.Export) bool {
		return all || slices.Contains(releases, x.Release)
	})
	if err != nil {
		return nil, err
	}
	var out []release.HandedOut
	for _, x := range ended {
		u, err := reg.User(g.ctx, x.UserID)
		if err != nil {
			return nil, err
		}
		out = append(out, release.HandedOut{ID: x.ID, By: u.Name, Release: x.Release, State: string(x.State), Size: x.Bytes, SHA256: x.SHA256, Fetched: x.Fetched})
	}
	return out, nil
}

// exports is where the files lie that people ask for.
func (g *globals) exports() string { return filepath.Join(g.Data, "exports") }

// needed tells which batches a release was derived from or are in force.
func needed(releases []release.Manifest, inForce []staging.Part) func(batch string) bool {
	keep := map[string]bool{}
	for _, p := range inForce {
		keep[p.Batch] = true
	}
	for _, m := range releases {
		for _, p := range m.Parts {
			keep[p.Batch] = true
		}
	}
	return func(batch string) bool { return keep[batch] }
}
