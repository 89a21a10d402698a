package cli

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/assemble"
	"webenablehes/internal/derive"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/quality"
	"webenablehes/internal/release"
	"webenablehes/internal/staging"
	"webenablehes/internal/subset"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/store"
)

// making is a release on its way, from the staged rows.
type making struct {
	g           *globals
	dict        *hes.Dictionary
	cut         subset.Subset
	o           makeOptions
	area        *staging.Area
	build       *release.Build
	started     time.Time
	read        time.Time // when the files had been read
	agreement   string
	identifiers []string
	optOut      string
	said        error        // that the report could not be printed, which undoes nothing
	adopt       func() error // instead of taking a loaded batch in; may be nil
}

// begin takes the load's lock and starts a release.
func (g *globals) begin(dict *hes.Dictionary, cut subset.Subset, o makeOptions) (*making, error) {
	var tail [2]byte
	if _, err := io.ReadFull(rand.Reader, tail[:]); err != nil {
		return nil, fmt.Errorf("make release id: %w", err)
	}
	m := &making{g: g, dict: dict, cut: cut, o: o, area: staging.At(g.Data), started: g.now()}
	var err error
	releases := release.Open(g.Data)
	if m.build, err = releases.Begin(release.NewID(m.started, tail)); err != nil {
		return nil, err
	}
	m.read = m.started
	if err := m.tidy(releases); err != nil {
		return nil, errors.Join(err, m.build.Abort())
	}
	return m, nil
}

// tidy removes what dead loads left: releases in place whose own rows never were
// staged, and staged rows that nothing was derived from and that are not in force.
func (m *making) tidy(releases *release.Releases) error {
	batches, err := m.area.Batches()
	if err != nil {
		return err
	}
	all, err := releases.List()
	if err != nil {
		return err
	}
	current, err := releases.Current()
	if err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	for _, r := range all {
		own := slices.ContainsFunc(r.Parts, func(p release.Part) bool { return p.Batch == r.ID })
		if own && r.ID > current && !slices.Contains(batches, r.ID) {
			if err := releases.Remove(r.ID); err != nil {
				return err
			}
		}
	}
	return m.prune(releases)
}

// prune removes the batches that no release and no list needs. A release that
// cannot be read may need any of them.
func (m *making) prune(releases *release.Releases) error {
	all, err := releases.List()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(r release.Manifest) bool { return r.Broken != "" }) {
		return nil
	}
	inForce, err := m.area.Current()
	if err != nil {
		return err
	}
	_, err = m.area.Prune(needed(all, inForce))
	return err
}

// makeMemory is from how many bytes on garbage is collected eagerly; 13 million
// rows need about 2 GiB.
const makeMemory = 3 << 30

// finish derives the release from the parts and publishes it. The caller gives up
// the build when it fails. With loaded, the last part is the batch that was read
// for it and is adopted.
func (m *making) finish(parts []staging.Part, loaded bool) error {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(makeMemory))
	var sources []assemble.Source
	defer func() {
		for _, s := range sources {
			_ = s.Batch.Close()
		}
	}()
	latest := -1
	for i, p := range parts {
		dir := m.area.Dir(p.Batch)
		if loaded && i == len(parts)-1 {
			dir, latest = m.build.Batch(), i
		}
		b, err := staging.Open(dir, m.dict)
		if err != nil {
			return err
		}
		s := assemble.Source{Batch: b}
		for _, y := range b.Report().Years {
			if !slices.Contains(p.Years, y.Year) {
				s.Years = map[string]bool{}
			}
		}
		if s.Years != nil {
			for _, y := range p.Years {
				s.Years[y] = true
			}
		}
		sources = append(sources, s)
	}
	method := derive.S1
	if m.o.Spells == "s3" {
		method = derive.S3
	}
	var w *store.Builder
	got, err := assemble.Run(m.g.ctx, sources, assemble.Options{Dictionary: m.dict, Subset: m.cut, Spells: method, Latest: latest, Sink: func(rows int) (assemble.Sink, error) {
		var err error
		w, err = store.NewBuilder(m.build.Dir(), m.dict, rows)
		return w, err
	}})
	if err != nil {
		return err
	}
	report := m.report(sources, latest, got)
	if got.Rows == 0 {
		_ = report.WriteText(m.g.env.Out)
		return fault.Wrap(fault.Invalid, errNoRows, "No row was kept, so nothing was published. See why above")
	}
	info, err := w.Finish()
	if err != nil {
		return err
	}
	if err := report.Check(); err != nil {
		return fmt.Errorf("load report: %w", err)
	}
	if err := m.publish(parts, sources, loaded, got, info, report); err != nil {
		return err
	}
	if err := m.say(report, info, loaded); err != nil {
		m.said = fault.Wrap(fault.Unavailable, err, "Release %s was made, but its report could not be printed: see “webenable release show --report %s”", m.build.ID(), m.build.ID())
	} else if err := m.prune(release.Open(m.g.Data)); err != nil {
		m.said = fault.Wrap(fault.Unavailable, err, "Release %s was made, but rows of earlier loads that nobody needs could not be removed; the next load tries again. Check the disk", m.build.ID())
	}
	return nil
}

// report joins what the reading and the making said.
func (m *making) report(sources []assemble.Source, latest int, got *assemble.Result) *quality.Report {
	r := &quality.Report{}
	if latest >= 0 {
		*r = *sources[latest].Batch.Report()
	}
	rejected := r.Rows
	g := got.Report
	r.Rows = quality.Rows{Read: rejected.Read, Rejected: rejected.Rejected, Kept: g.Rows.Kept, OutsideSubset: g.Rows.OutsideSubset}
	r.Subset, r.Years, r.Filled = m.cut.Name, g.Years, g.Filled
	r.Whole, r.Derived, r.SubsetRules, r.WholeYears, r.Providers, r.Completeness = g.Whole, g.Derived, g.SubsetRules, g.WholeYears, g.Providers, g.Completeness
	r.Synthetic = true
	for _, s := range sources {
		r.Synthetic = r.Synthetic && s.Batch.Report().Synthetic
	}
	r.Notes = append(r.Notes, "Provider spells by method "+strings.ToUpper(m.o.Spells)+"; continuous stays by both methods, P1 (NHS Digital) being the one that screens use.")
	return r
}

// publish completes the manifest and switches to the release, or holds it.
func (m *making) publish(parts []staging.Part, sources []assemble.Source, loaded bool, got *assemble.Result, info driver.Info, report *quality.Report) error {
	man := release.Manifest{Made: m.g.now().UTC().Truncate(time.Second), Program: Version, Synthetic: report.Synthetic, Subset: m.cut.Name, Agreement: m.agreement,
		Identifiers: m.identifiers, Rows: report.Rows, Persons: info.Persons, Columns: info.Columns, Years: got.Years, First: got.First, Last: got.Last,
		Text: m.cut.Text, OptOut: m.optOut}
	slices.SortFunc(man.Years, func(a, b string) int { return cmp.Compare(hes.FirstYear(a), hes.FirstYear(b)) })
	if !loaded {
		man.Rows = quality.Rows{Read: report.Whole.Staged, Kept: report.Whole.Kept, OutsideSubset: report.Whole.OutsideSubset}
	}
	for _, r := range m.cut.Rules {
		man.Subsets = append(man.Subsets, release.SubsetRule{ID: r.ID, Title: r.Title, Start: slices.Contains(m.cut.Start, r.ID)})
	}
	man.Methods = []release.Method{{Name: "cleansing rules", Version: cleansing}, {Name: "derivation rules", Version: derivations},
		{Name: spellMethod, Version: strings.ToUpper(m.o.Spells)}, {Name: "continuous stays", Version: "P1 and P2, P1 on screens"}, {Name: "readmissions", Version: "R1 over P1"}}
	man.Stages = []release.Stage{{Name: "read", Rows: report.Rows.Read}, {Name: "rejected", Rows: report.Rows.Rejected}, {Name: "staged, all loads", Rows: report.Whole.Staged},
		{Name: "outside the subset", Rows: report.Whole.OutsideSubset}, {Name: "kept", Rows: report.Whole.Kept}}
	for i, p := range parts {
		part := release.Part{Batch: p.Batch, Years: p.Years, Extract: sources[i].Batch.Report().Extracts}
		for _, f := range sources[i].Batch.Report().Files {
			part.Inputs = append(part.Inputs, release.Input{Name: f.Name, Size: f.Size, SHA256: f.SHA256, Rows: f.Rows})
		}
		man.Parts = append(man.Parts, part)
	}
	adopt := func() error {
		if !loaded {
			if m.adopt != nil {
				return m.adopt()
			}
			return nil
		}
		if err := m.area.Adopt(m.build.Batch(), m.build.ID()); err != nil {
			return err
		}
		return m.area.Replace(parts)
	}
	put := m.build.Publish
	if m.o.Hold {
		put = m.build.Hold
	}
	return put(m.g.ctx, man, report, adopt)
}

// Versions of the rules, for the manifest: they go up when a rule changes what it
// makes of a value.
const (
	cleansing   = "1"
	derivations = "1"
)

// spellMethod is the name under which a manifest says how provider spells were
// found.
const spellMethod = "provider spells"

func (m *making) say(report *quality.Report, info driver.Info, loaded bool) error {
	out := m.g.env.Out
	if err := report.WriteText(out); err != nil {
		return err
	}
	done := "Published"
	if m.o.Hold {
		done = "Made, and not yet published,"
	}
	took := m.g.now().Sub(m.started)
	rows := report.Whole.Staged
	if loaded {
		rows = report.Rows.Read
	}
	_, err := fmt.Fprintf(out, "\n%s release %s: %d episodes of %d patients, in %.1f s (reading %.1f s, %.0f rows a second in all).\n",
		done, m.build.ID(), report.Whole.Kept, info.Persons, took.Seconds(), m.read.Sub(m.started).Seconds(), float64(rows)/max(took.Seconds(), 0.001))
	return err
}
