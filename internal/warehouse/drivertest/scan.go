package drivertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

func (g *generator) scan() driver.Scan {
	s := driver.Scan{People: g.r.IntN(2) == 0}
	if g.r.IntN(3) > 0 {
		s.Where = g.expr(3)
	}
	for range g.r.IntN(5) {
		s.Columns = append(s.Columns, one(g, g.scalar))
	}
	for range g.r.IntN(4) {
		s.Raw = append(s.Raw, one(g, append([]string{"DIAG_01", "ADMIDATE", "SEX", "EPIDUR", "MARSTAT", "DIAG_20"}, g.scalar...)))
	}
	return s
}

// rows keeps what a scan hands out: the slices are used again, the strings may
// be kept.
func rows(s driver.Scanner, scan driver.Scan) ([]driver.ScanRow, error) {
	var out []driver.ScanRow
	err := s.Scan(context.Background(), scan, func(r driver.ScanRow) error {
		r.Values, r.Raw = slices.Clone(r.Values), slices.Clone(r.Raw)
		out = append(out, r)
		return nil
	})
	return out, err
}

// runScans lets both engines hand out rows for n random scans. An engine that
// is no driver.Scanner is let off.
func runScans(t *testing.T, engine, oracle driver.Engine, f Fixture, seed uint64, n int) {
	t.Helper()
	scanner, ok := engine.(driver.Scanner)
	if !ok {
		t.Skip(noScan)
	}
	g := newGenerator(f, oracle.Info(), seed)
	for i := range n {
		s := g.scan()
		want, err := rows(oracle.(driver.Scanner), s)
		if err != nil {
			t.Fatal("oracle:", err)
		}
		got, err := rows(scanner, s)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d, scan %d: %+v\n%s", seed, i, s, d)
		}
	}
}

// scans checks what a scan promises beside its rows.
func scans(t *testing.T, engine driver.Engine) {
	s, ok := engine.(driver.Scanner)
	if !ok {
		t.Skip(noScan)
	}
	for _, people := range []bool{false, true} {
		stop := errors.New("enough")
		n := 0
		err := s.Scan(context.Background(), driver.Scan{People: people}, func(driver.ScanRow) error {
			if n++; n == 3 {
				return stop
			}
			return nil
		})
		if err != stop || n != 3 {
			t.Errorf("by person %v: %d rows and the error %v after a visit that failed at the third", people, n, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err = s.Scan(ctx, driver.Scan{People: people}, func(driver.ScanRow) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("by person %v: cancelled: error = %v", people, err)
		}
	}
	for name, scan := range map[string]driver.Scan{
		"a family":                  {Columns: []string{hes.AnyDiagnosis}},
		"an unknown field":          {Columns: []string{"NOPE"}},
		"the delivered family":      {Raw: []string{hes.AnyDiagnosis}},
		"an unknown delivered text": {Raw: []string{"NOPE"}},
	} {
		if _, err := rows(s, scan); err == nil {
			t.Errorf("%s was handed out", name)
		}
	}
}
