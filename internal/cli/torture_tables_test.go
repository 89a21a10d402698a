package cli

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/metrics"
	"webenablehes/internal/policy"
	"webenablehes/internal/release"
	"webenablehes/internal/warehouse"
)

type unrecorded struct{}

func (unrecorded) Record(context.Context, audit.Event) error { return nil }

// A planner gets something for all the protection: over a release like the demo's,
// of which this is a smaller one in the short form, most tables are shown and in
// them most cells.
func TestTortureTablesOverASite(t *testing.T) {
	data := t.TempDir()
	raw := filepath.Join(data, "raw")
	patients, least := sized(12_000, 60_000), sized(12, 20)
	must(t, "synth", "--patients", strconv.Itoa(patients), "--years", "2004-2013", "--dirt", "0.01", "--out", raw)
	files, err := filepath.Glob(filepath.Join(raw, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	must(t, append([]string{"load", "--quiet", "--data", data, "--subset", "dermatology"}, files...)...)
	dict, _, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	door, err := warehouse.New(warehouse.Options{Dictionary: dict, Source: &served{releases: release.Open(data), dict: dict, log: log, fit: func(release.Manifest) error { return nil }, seen: metrics.New()}, Recorder: unrecorded{}, Key: make([]byte, 32), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	acc, err := policy.New(policy.Evidence{Account: "pat", Role: policy.Planner}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all, err := door.FixedTables(t.Context(), acc, warehouse.Client{})
	if err != nil {
		t.Fatal(err)
	}
	offered, cells, hidden := 0, 0, 0
	for _, x := range all {
		if x.Withheld != "" {
			t.Logf("%s: %s", x.Fixed.Name, x.Withheld)
			continue
		}
		offered++
		for _, line := range x.Cells {
			for _, c := range line {
				switch {
				case c.Hidden():
					hidden++
					cells++
				case !c.Zero():
					cells++
				}
			}
		}
	}
	t.Logf("TORTURE tables: %d of %d shown, %d of %d cells that are not zero", offered, len(all), cells-hidden, cells)
	if offered < least || 10*(cells-hidden) < 7*cells {
		t.Errorf("%d tables with %d of %d cells shown", offered, cells-hidden, cells)
	}
}
