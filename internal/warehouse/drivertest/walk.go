package drivertest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// RunRandom opens an engine and an oracle over the suite's fixture, asks both n
// random questions, leafs through the pages of a tenth as many, and has as many
// scans made.
func RunRandom(t *testing.T, seed uint64, n int, open, oracle Open) {
	t.Helper()
	f := New(t)
	engine, want := open(t, f), oracle(t, f)
	t.Cleanup(func() {
		for _, e := range [...]driver.Engine{engine, want} {
			if err := e.Close(); err != nil {
				t.Error("close:", err)
			}
		}
	})
	runRandom(t, engine, want, f, seed, n)
	runWalks(t, engine, want, f, seed, n/10)
	runScans(t, engine, want, f, seed, n/10)
}

// runWalks leafs through the pages of n random questions.
func runWalks(t *testing.T, engine, oracle driver.Engine, f Fixture, seed uint64, n int) {
	t.Helper()
	g := newGenerator(f, oracle.Info(), seed)
	for i := range n {
		p := g.plan()
		p.After, p.Before, p.Facets, p.Tables, p.Misses = driver.NoRow, driver.NoRow, nil, nil, false
		p.Limit = 1 + g.r.IntN(60)
		whole := p
		whole.Limit = oracle.Info().Rows + 1
		all, err := oracle.Ask(context.Background(), whole)
		if err != nil {
			t.Fatal("oracle:", err)
		}
		if d := walk(t, engine, p, all.Rows); d != "" {
			t.Fatalf("seed %d, walk %d: %s\nguard %v, row %d, persons %d, limit %d\n%s", seed, i, p.Query, p.Guard, p.Row, p.People, p.Limit, d)
		}
		if d := listed(engine, p, all.Rows); d != "" {
			t.Fatalf("seed %d, list %d: %s\nguard %v, row %d, persons %d, limit %d\n%s", seed, i, p.Query, p.Guard, p.Row, p.People, p.Limit, d)
		}
	}
}

// walk goes through the pages of a question to the end and back to the start
// and says how they differ from the rows that they should hold.
func walk(t *testing.T, engine driver.Engine, p driver.Plan, rows []driver.Row) string {
	t.Helper()
	check := func(from, to int) string {
		got, err := engine.Ask(context.Background(), p)
		if err != nil {
			return err.Error()
		}
		want := driver.Answer{Offset: from, More: to < len(rows)}
		if from < to {
			want.Rows = rows[from:to]
		}
		got.Episodes, got.Patients, got.Spells = 0, 0, 0
		return cmp.Diff(want, tidy(got))
	}
	from := 0
	for {
		to := min(len(rows), from+p.Limit)
		if d := check(from, to); d != "" {
			return d
		}
		if to == len(rows) {
			break
		}
		p.After, from = rows[to-1].ID, to
	}
	for p.After = driver.NoRow; from > 0; from -= p.Limit {
		p.Before = rows[from].ID
		if d := check(max(0, from-p.Limit), from); d != "" {
			return "on the way back: " + d
		}
	}
	return ""
}

// listed has all rows listed and says how they differ from those that there are.
func listed(engine driver.Engine, p driver.Plan, rows []driver.Row) string {
	var got []driver.Row
	most := 0
	p.After = 0 // is left aside
	err := engine.List(context.Background(), p, func(some []driver.Row) error {
		if most = max(most, len(some)); len(some) == 0 {
			return errors.New("no rows were given")
		}
		got = append(got, some...)
		return nil
	})
	if err != nil {
		return err.Error()
	}
	if most > p.Limit {
		return fmt.Sprintf("%d rows were given at once, more than %d", most, p.Limit)
	}
	return cmp.Diff(tidy(&driver.Answer{Rows: rows}), tidy(&driver.Answer{Rows: got}))
}

// lists checks what a list promises beside its rows.
func lists(t *testing.T, engine driver.Engine) {
	p := driver.NewPlan(query.Query{Columns: []string{"SEX"}, Limit: 2})
	stop := errors.New("enough")
	n := 0
	err := engine.List(context.Background(), p, func([]driver.Row) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("%d visits and the error %v after a visit that failed at the third", n, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = engine.List(ctx, p, func([]driver.Row) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error = %v", err)
	}
}
