package drivertest

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/memory"
)

// Run runs the whole suite against an engine.
func Run(t *testing.T, open Open) {
	f := New(t)
	engine := open(t, f)
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	oracle := memory.New(f.Dictionary, f.Columns, f.Records)
	t.Run("info", func(t *testing.T) {
		if d := cmp.Diff(oracle.Info(), engine.Info()); d != "" {
			t.Error(d)
		}
	})
	t.Run("questions", func(t *testing.T) { runQuestions(t, engine, f) })
	seed := seed(t)
	t.Run("random", func(t *testing.T) { runRandom(t, engine, oracle, f, seed, 1000) })
	t.Run("walks", func(t *testing.T) { runWalks(t, engine, oracle, f, seed, 100) })
	t.Run("random-scans", func(t *testing.T) { runScans(t, engine, oracle, f, seed, 100) })
	t.Run("scans", func(t *testing.T) { scans(t, engine) })
	t.Run("lists", func(t *testing.T) { lists(t, engine) })
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := engine.Ask(ctx, driver.NewPlan(query.Query{Limit: 5})); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
	})
	for name, set := range map[string]func(p *driver.Plan, id driver.RowID){
		"after-no-such-row":  func(p *driver.Plan, id driver.RowID) { p.After = id },
		"before-no-such-row": func(p *driver.Plan, id driver.RowID) { p.Before = id },
		"no-such-row":        func(p *driver.Plan, id driver.RowID) { p.Row = id },
	} {
		t.Run(name, func(t *testing.T) {
			p := driver.NewPlan(query.Query{Limit: 5})
			set(&p, driver.RowID(len(f.Records)))
			if _, err := engine.Ask(context.Background(), p); err == nil {
				t.Error("no error for a row that is not there")
			}
		})
	}
	t.Run("at-once", func(t *testing.T) { atOnce(t, engine, oracle, f) })
	t.Run("empty-release", func(t *testing.T) { empty(t, open, f) })
	t.Run("no-person-column", func(t *testing.T) { noPersons(t, open, f) })
}

// seed returns the seed of this run, which a failure is repeated with.
func seed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WEBENABLE_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal("WEBENABLE_SEED is not a number")
		}
		seed = n
	}
	t.Logf("seed %d; repeat with WEBENABLE_SEED", seed)
	return seed
}

func atOnce(t *testing.T, engine, oracle driver.Engine, f Fixture) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			g := newGenerator(f, oracle.Info(), uint64(worker))
			for range 20 {
				p := g.plan()
				want, err := oracle.Ask(context.Background(), p)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := engine.Ask(context.Background(), p)
				if err != nil {
					t.Error(err)
					return
				}
				if d := cmp.Diff(tidy(want), tidy(got)); d != "" {
					t.Error(d)
					return
				}
			}
		})
	}
	wg.Wait()
}

func empty(t *testing.T, open Open, f Fixture) {
	f.Records = nil
	engine := open(t, f)
	defer engine.Close()
	p := driver.NewPlan(query.Query{Limit: 5, Counts: true, Facets: []query.Facet{{Field: "SEX", Also: []string{"1"}}}, Misses: true, Where: query.And{query.In{Field: "SEX", Values: []string{"1"}}}, Tables: [][]query.Group{{{Field: "SEX"}}}})
	a, err := engine.Ask(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := driver.Answer{Misses: []int{0}, Tables: [][]driver.GroupCount{nil}, Facets: []driver.FacetCounts{{Values: []driver.ValueCount{{Value: "1"}}}}}
	if d := cmp.Diff(want, tidy(a)); d != "" {
		t.Error(d)
	}
	if s, ok := engine.(driver.Scanner); ok {
		for _, people := range []bool{false, true} {
			got, err := rows(s, driver.Scan{Columns: []string{"SEX"}, Raw: []string{"SEX"}, People: people})
			if err != nil || len(got) != 0 {
				t.Errorf("%d rows were handed out of none, error %v", len(got), err)
			}
		}
	}
}

func noPersons(t *testing.T, open Open, f Fixture) {
	var columns []hes.Field
	for _, c := range f.Columns {
		if c.Name != hes.PersonField {
			columns = append(columns, c)
		}
	}
	var records []driver.Record
	for _, r := range f.Records {
		n := driver.Record{}
		for k, v := range r {
			if k != hes.PersonField && k != driver.RawKey(hes.PersonField) {
				n[k] = v
			}
		}
		records = append(records, n)
	}
	f.Columns, f.Records = columns, records
	engine := open(t, f)
	defer engine.Close()
	oracle := memory.New(f.Dictionary, columns, records)
	runRandom(t, engine, oracle, f, 5, 100)
	runScans(t, engine, oracle, f, 5, 20)
}
