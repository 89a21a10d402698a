package memory

import (
	"cmp"
	"context"
	"slices"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Scan implements driver.Scanner.
func (e *Engine) Scan(ctx context.Context, s driver.Scan, visit func(driver.ScanRow) error) error {
	columns, err := e.scannable(s.Columns)
	if err != nil {
		return err
	}
	delivered, err := e.scannable(s.Raw)
	if err != nil {
		return err
	}
	rows := e.match(driver.NewPlan(query.Query{}), s.Where)
	if s.People { // NoPerson is the largest number
		slices.SortStableFunc(rows, func(x, y driver.RowID) int { return cmp.Compare(e.person[x], e.person[y]) })
	}
	for _, id := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := e.rows[id]
		out := driver.ScanRow{ID: id, Person: e.person[id], Values: make([]string, len(s.Columns)), Raw: make([]string, len(s.Raw)), Origin: r[driver.OriginKey]}
		for i, name := range columns {
			out.Values[i] = r[name]
		}
		for i, name := range delivered {
			raw, changed := r[driver.RawKey(name)]
			if !changed {
				raw = r[name]
			}
			out.Raw[i] = raw
		}
		if err := visit(out); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// scannable returns the names of fields as the dictionary spells them.
func (e *Engine) scannable(names []string) ([]string, error) {
	out := make([]string, len(names))
	for i, name := range names {
		f, known := e.dict.Field(name)
		if err := driver.Scannable(f, known); err != nil {
			return nil, err
		}
		out[i] = f.Name
	}
	return out, nil
}

var _ driver.Scanner = (*Engine)(nil)
