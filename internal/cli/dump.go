package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/release"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/store"
)

type releaseDumpCmd struct {
	Columns      []string `help:"Columns, separated by commas: fields in any case, older names, slots (DIAG_02) or all slots (DIAG_nn), RAW_FIELD for the text as delivered, ORIGIN for the file and line, EPISODES of a spell; “all” for every column but those that identify a person directly." required:""`
	Unit         string   `help:"What a line stands for: episode, spell or patient." enum:"episode,spell,patient" default:"episode"`
	Format       string   `help:"csv or parquet. CSV is written for programs: a text that a spreadsheet would take for a formula is not altered." enum:"csv,parquet" default:"csv"`
	Release      string   `help:"Release; the one that is served if left out."`
	Where        string   `help:"Only episodes that meet a condition, such as 'DIAG_01 starts with L40 and FYEAR is 0809'."`
	AllowMissing bool     `help:"Fields that the release does not hold become empty columns."`
	Out          string   `help:"File to write; - is standard output, for csv." required:"" type:"path"`
	Force        bool     `help:"Replace the file if it is there."`
}

// Help explains the command at length.
func (releaseDumpCmd) Help() string {
	return `Hands columns of a release, cleaned, derived or as delivered, to whoever owns the machine. The access record says who, when, which columns, which rows, how many, and the SHA-256 of the file.

A spell has its admission and everything else from its first episode, DISDATE, DISDEST and DISMETH from its last, the latest EPIEND and the sum of BED_DAYS. A patient has columns of its own: TOKEN_PERSON_ID, FIRST_ADMIDATE, LAST_ADMIDATE, EPISODES, SPELLS, STAYS, DAY_CASES, EMERGENCY_ADMISSIONS, BED_DAYS, FIRST_DIAGNOSIS, LAST_DIAGNOSIS, DIAGNOSES, EVER_ and each condition group, FIRST_AGE, LAST_AGE, SEX, SEX_CONFLICT, ETHNOS, DIED, LAST_DISDATE. Both are worked out from the episodes that --where chooses. Duplicates, and episodes without a person, are left out of them.

The file is readable by its owner only. It holds patient data: keep it as the data folder is kept, and take it away when it has been used.`
}

// Run hands the data out.
func (c *releaseDumpCmd) Run(g *globals) error {
	if c.Out == "-" && c.Format != string(dump.CSV) {
		return fault.New(fault.Invalid, "Only csv is written to standard output. Name a file with --out.")
	}
	dict, codes, err := vocabulary()
	if err != nil {
		return err
	}
	src, err := openFixed(g.Data, c.Release, dict)
	if err != nil {
		return err
	}
	defer src.Close()
	table, err := dump.Resolve(dump.Request{Columns: c.Columns, Unit: dump.Unit(c.Unit), AllowMissing: c.AllowMissing}, src.facts.Columns, dict, codes)
	if err != nil {
		return err
	}
	where, err := c.where(dict, src.facts)
	if err != nil {
		return err
	}
	reg, err := g.openRegistry()
	if err != nil {
		return err
	}
	defer reg.Close()
	door, err := g.door(reg, src, warehouse.Budget{}, dict, slog.New(slog.NewTextHandler(g.env.Err, nil)))
	if err != nil {
		return err
	}
	access, err := policy.Handover(systemUser(), src.facts.ID, slices.Concat(table.Names(), query.Fields(where)), g.now())
	if err != nil {
		return err
	}
	target, says := dump.Stream(g.env.Out), g.env.Err
	if c.Out != "-" {
		says = g.env.Out
		if target, err = dump.Create(c.Out, c.Force); err != nil {
			return err
		}
	}
	sink, err := dump.NewSink(target, dump.Format(c.Format), table.Columns())
	if err != nil {
		return errors.Join(err, target.Abort())
	}
	got, err := door.Dump(g.ctx, access, warehouse.Dump{Table: table, Where: where}, sink, warehouse.Client{})
	if err != nil {
		return err
	}
	return c.report(says, src.facts.ID, table, got)
}

// where reads the condition. A field that the release does not hold would
// quietly count as not recorded everywhere, so it is refused.
func (c *releaseDumpCmd) where(dict *hes.Dictionary, facts warehouse.Facts) (query.Expr, error) {
	if c.Where == "" {
		return nil, nil
	}
	where, err := query.ParseExpr(c.Where)
	if err != nil {
		return nil, err
	}
	if err := (query.Query{Where: where}).Validate(dict); err != nil {
		return nil, err
	}
	for _, name := range query.Fields(where) {
		if f, _ := dict.Field(name); !slices.Contains(facts.Columns, cmp.Or(f.Family, f.Name)) {
			return nil, fault.New(fault.Invalid, "This release does not hold %s, so rows cannot be chosen by it.", f.Name)
		}
	}
	return where, nil
}

func (c *releaseDumpCmd) report(to io.Writer, id string, t *dump.Table, got warehouse.Dumped) error {
	left := ""
	if got.LeftOut > 0 {
		left = fmt.Sprintf(" %d episodes belong to no person or spell and were left out.", got.LeftOut)
	}
	_, err := fmt.Fprintf(to, "Handed out %d %s of release %s.%s\nSHA-256 %s\n", got.Lines, t.Unit(), id, left, got.SHA256)
	return err
}

var _ driver.Scanner = (*store.Store)(nil) // else nothing could be handed out

// fixed hands out one release, whichever is being served.
type fixed struct {
	engine driver.Engine
	facts  warehouse.Facts
}

// openFixed opens a release; the one that is served if id is empty.
func openFixed(data, id string, dict *hes.Dictionary) (*fixed, error) {
	releases := release.Open(data)
	if id == "" {
		var err error
		if id, err = releases.Current(); err != nil {
			return nil, err
		}
	}
	m, err := releases.Get(id)
	if err != nil {
		return nil, err
	}
	e, err := store.Open(releases.Dir(id), dict)
	if err != nil {
		return nil, err
	}
	return &fixed{engine: e, facts: facts(m)}, nil
}

// Acquire implements warehouse.Source.
func (f *fixed) Acquire(context.Context) (driver.Engine, warehouse.Facts, func(), error) {
	return f.engine, f.facts, func() {}, nil
}

// Close closes the release.
func (f *fixed) Close() error { return f.engine.Close() }
