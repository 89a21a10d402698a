package cli

import (
	"context"

	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
	"webenablehes/internal/release"
	"webenablehes/internal/warehouse"
)

// kept tells the site of the releases in the data folder and of their reports.
type kept struct{ releases *release.Releases }

// List implements warehouse.Loads.
func (k kept) List(context.Context) ([]warehouse.Loaded, error) {
	all, err := k.releases.List()
	if err != nil {
		return nil, err
	}
	current, err := k.releases.Current()
	if err != nil && fault.Of(err) != fault.NotFound {
		return nil, err
	}
	out := make([]warehouse.Loaded, len(all))
	for i, m := range all {
		out[i] = warehouse.Loaded{ID: m.ID, Made: m.Made, Program: m.Program, Synthetic: m.Synthetic, Subset: m.Subset, Agreement: m.Agreement,
			Years: m.Years, Served: m.ID == current, Rows: m.Rows}
	}
	return out, nil
}

// Report implements warehouse.Loads.
func (k kept) Report(_ context.Context, id string) (*quality.Report, error) {
	return k.releases.Report(id)
}
