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
	t.Run("random", func(t *testing.T) {
		seed := uint64(time.Now().UnixNano())
		if s := os.Getenv("WEBENABLE_SEED"); s != "" {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				t.Fatal("WEBENABLE_SEED is not a number")
			}
			seed = n
		}
		t.Logf("seed %d", seed)
		runRandom(t, engine, oracle, f, seed, 1000)
	})
	t.Run("walk", func(t *testing.T) { walk(t, engine) })
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := engine.Ask(ctx, driver.NewPlan(query.Query{Limit: 5})); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
	})
	t.Run("mark-beyond-the-end", func(t *testing.T) {
		p := driver.NewPlan(query.Query{Limit: 5})
		p.After = driver.RowID(len(f.Records))
		if _, err := engine.Ask(context.Background(), p); err == nil {
			t.Error("no error for a row that is not there")
		}
	})
	t.Run("at-once", func(t *testing.T) { atOnce(t, engine, oracle, f) })
	t.Run("empty-release", func(t *testing.T) { empty(t, open, f) })
	t.Run("no-person-column", func(t *testing.T) { noPersons(t, open, f) })
}

// walk goes through all pages to the end and back, and must see every row once
// and the same pages both ways.
func walk(t *testing.T, engine driver.Engine) {
	q := query.Query{Limit: 37, Sort: []query.Sort{{Field: "STARTAGE", Desc: true}, {Field: "SEX"}}, Columns: []string{hes.EpisodeKey}}
	var pages [][]driver.RowID
	seen := map[driver.RowID]bool{}
	ask := func(p driver.Plan) *driver.Answer {
		t.Helper()
		a, err := engine.Ask(context.Background(), p)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ids := func(a *driver.Answer) (out []driver.RowID) {
		for _, r := range a.Rows {
			out = append(out, r.ID)
		}
		return out
	}
	p := driver.NewPlan(q)
	for {
		a := ask(p)
		if a.Offset != len(seen) {
			t.Fatalf("page %d begins at %d, want %d", len(pages), a.Offset, len(seen))
		}
		for _, id := range ids(a) {
			if seen[id] {
				t.Fatalf("row %d is on two pages", id)
			}
			seen[id] = true
		}
		pages = append(pages, ids(a))
		if !a.More {
			break
		}
		p.After = a.Rows[len(a.Rows)-1].ID
	}
	if len(seen) != engine.Info().Rows {
		t.Fatalf("the pages hold %d rows, want %d", len(seen), engine.Info().Rows)
	}
	p.After = driver.NoRow
	for i := len(pages) - 2; i >= 0; i-- {
		p.Before = pages[i+1][0]
		if d := cmp.Diff(pages[i], ids(ask(p))); d != "" {
			t.Fatalf("page %d on the way back: %s", i, d)
		}
	}
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
	p := driver.NewPlan(query.Query{Limit: 5, Counts: true, Facets: []query.Facet{{Field: "SEX", Also: []string{"1"}}}, Groups: []query.Group{{Field: "SEX"}}})
	a, err := engine.Ask(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := driver.Answer{Facets: []driver.FacetCounts{{Values: []driver.ValueCount{{Value: "1"}}}}}
	if d := cmp.Diff(want, tidy(a)); d != "" {
		t.Error(d)
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
			if k != hes.PersonField {
				n[k] = v
			}
		}
		records = append(records, n)
	}
	f.Columns, f.Records = columns, records
	engine := open(t, f)
	defer engine.Close()
	runRandom(t, engine, memory.New(f.Dictionary, columns, records), f, 5, 100)
}
