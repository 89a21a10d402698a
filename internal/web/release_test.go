package web_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"webenablehes/internal/assemble"
	"webenablehes/internal/derive"
	"webenablehes/internal/hes"
	"webenablehes/internal/load"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/subset"
	"webenablehes/internal/synth"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/warehouse/store"
)

// realRelease is a release made as a site makes one, from a synthetic extract of
// four years with planted faults, and what is true of it: the same rows, as
// plain records and in the readable engine.
type realRelease struct {
	t       testing.TB
	dict    *hes.Dictionary
	codes   *hes.Codes
	engine  driver.Engine // the one that sites run on
	oracle  driver.Engine
	rows    []driver.Record       // in release order
	held    map[string][][]string // of fields looked at, what each row has
	facts   warehouse.Facts
	start   []string        // rules of the subset with which a list begins
	naming  map[string]bool // what names a person or an episode
	team    string          // the provider under whose dermatologists most episodes are
	treated map[string]bool // the persons whom these treated in the years of the agreement
}

func makeRelease(t testing.TB, patients int) *realRelease {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r := &realRelease{t: t, held: map[string][][]string{}, naming: map[string]bool{}, treated: map[string]bool{}}
	var err error
	r.dict, err = hes.Load()
	check(err)
	r.codes, err = hes.LoadCodes()
	check(err)
	dir := t.TempDir()
	_, err = synth.Write(t.Context(), filepath.Join(dir, "raw"), synth.Options{Patients: patients, First: 2007, Last: 2010, Seed: 4, Dirt: 0.03, LocalIDs: true}, nil)
	check(err)
	files, err := filepath.Glob(filepath.Join(dir, "raw", "*.txt"))
	check(err)
	l, err := load.Open(r.dict, r.codes, load.Options{Files: files, Identifiers: []string{policy.NumberField}})
	check(err)
	batch, err := l.Run(t.Context(), filepath.Join(dir, "batch"))
	check(err)
	defer batch.Close()
	cut, err := subset.Find("dermatology", r.dict)
	check(err)
	var w *store.Builder
	made, err := assemble.Run(t.Context(), []assemble.Source{{Batch: batch}}, assemble.Options{Dictionary: r.dict, Subset: cut, Spells: derive.S1, Sink: func(rows int) (assemble.Sink, error) {
		var err error
		w, err = store.NewBuilder(dir, r.dict, rows)
		return w, err
	}})
	check(err)
	info, err := w.Finish()
	check(err)
	r.engine, err = store.Open(dir, r.dict)
	check(err)
	t.Cleanup(func() { r.engine.Close() })
	slices.SortFunc(made.Years, func(a, b string) int { return cmp.Compare(hes.FirstYear(a), hes.FirstYear(b)) })
	r.facts = warehouse.Facts{ID: now, Loaded: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Synthetic: true, Subset: cut.Name, Years: made.Years,
		Rows: fmt.Sprint(made.Rows), First: made.First, Last: made.Last, Columns: info.Columns}
	for _, rule := range cut.Rules {
		r.facts.Rules = append(r.facts.Rules, warehouse.Rule{ID: rule.ID, Title: rule.Title, Start: slices.Contains(cut.Start, rule.ID)})
	}
	r.start = cut.Start
	r.readBack(t)
	r.findTeam()
	for _, row := range r.rows {
		if key := row[hes.PersonField]; key != "" && row["PROCODE3"] == r.team && slices.Contains(r.agreement(time.Time{}).Years, row["FYEAR"]) && (row["MAINSPEF"] == "330" || row["TRETSPEF"] == "330") {
			r.treated[key] = true
		}
	}
	return r
}

// readBack reads every row of the release into the readable engine.
func (r *realRelease) readBack(t testing.TB) {
	t.Helper()
	var columns []hes.Field
	scan := driver.Scan{}
	for _, name := range r.facts.Columns {
		f, _ := r.dict.Field(name)
		if !f.List() {
			columns = append(columns, f)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			s, _ := r.dict.Field(f.SlotName(slot))
			columns = append(columns, s)
		}
	}
	for _, f := range columns {
		scan.Columns = append(scan.Columns, f.Name)
	}
	scan.Raw = scan.Columns
	err := r.engine.(driver.Scanner).Scan(t.Context(), scan, func(row driver.ScanRow) error {
		rec := driver.Record{driver.OriginKey: row.Origin}
		for i, name := range scan.Columns {
			if row.Values[i] != "" {
				rec[name] = row.Values[i]
			}
			if row.Raw[i] != row.Values[i] {
				rec[driver.RawKey(name)] = row.Raw[i]
			}
		}
		r.rows = append(r.rows, rec)
		r.naming[rec[hes.PersonField]], r.naming[rec[hes.EpisodeKey]], r.naming[rec[policy.NumberField]] = true, true, true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.oracle = memory.New(r.dict, columns, r.rows)
	i := 0
	err = r.oracle.(driver.Scanner).Scan(t.Context(), driver.Scan{Columns: scan.Columns}, func(row driver.ScanRow) error {
		for c, name := range scan.Columns {
			if row.Values[c] != r.rows[i][name] {
				return fmt.Errorf("row %d stands elsewhere in the readable engine", i)
			}
		}
		i++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// findTeam finds a clinical team.
func (r *realRelease) findTeam() {
	n := map[string]int{}
	for _, row := range r.rows {
		if p := row["PROCODE3"]; p != "" && (row["MAINSPEF"] == "330" || row["TRETSPEF"] == "330") {
			if n[p]++; n[p] > n[r.team] || n[p] == n[r.team] && p < r.team {
				r.team = p
			}
		}
	}
}

// agreement covers all but the first year of the release, so that rows outside a
// person's rights are always beside those inside.
func (r *realRelease) agreement(from time.Time) registry.Agreement {
	return study(from, r.facts.Years[1:]...)
}

// holdsField tells whether the release holds a field.
func (r *realRelease) holdsField(name string) bool {
	f, _ := r.dict.Field(name)
	return slices.Contains(r.facts.Columns, name) || f.Family != "" && slices.Contains(r.facts.Columns, f.Family)
}

// offers tells whether a filter on a field is there: the agreement has not all
// years of the release.
func (r *realRelease) offers(name string) bool {
	f, _ := r.dict.Field(name)
	return r.holdsField(name) && !f.OfOthers()
}

// covered are the fields that the agreement covers and a list can be sorted by.
func (r *realRelease) covered() []hes.Field {
	var out []hes.Field
	for _, f := range r.dict.Fields() {
		held := slices.Contains(r.facts.Columns, f.Name)
		if held && !f.List() && f.Name != hes.PersonField && (f.Class == hes.Public || f.Class == hes.Ordinary) && !f.OfOthers() {
			out = append(out, f)
		}
	}
	for _, name := range []string{"DIAG_01", "DIAG_02", "OPERTN_01", "OPERTN_03"} {
		f, _ := r.dict.Field(name)
		out = append(out, f)
	}
	return out
}

// synthMark is how every person key of a synthetic release begins.
const synthMark = synth.Mark
