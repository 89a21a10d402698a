package warehouse_test

import (
	"context"
	"fmt"
	"testing"

	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// fickle is a source that publishes another release each time it is asked.
type fickle struct {
	*source
	asked, open int
}

func (s *fickle) Acquire(ctx context.Context) (driver.Engine, warehouse.Facts, func(), error) {
	s.asked++
	s.open++
	f := s.facts
	f.ID = fmt.Sprintf("20261124-%06d-aaaa", s.asked)
	return s.engine, f, func() { s.open-- }, nil
}

// All that is asked for one answer is asked of one release, which is given back at
// its end; the next answer has the newest.
func TestOneRelease(t *testing.T) {
	var from *fickle
	d := setUp(t, func(o *warehouse.Options) { from = &fickle{source: o.Source.(*source)}; o.Source = from })
	look := func(ctx context.Context) (ids [3]string) {
		t.Helper()
		for i := range ids {
			if i == 1 {
				a, err := d.Explore(ctx, researcher(t), ten, warehouse.Page{}, warehouse.Client{})
				if err != nil {
					t.Fatal(err)
				}
				ids[i] = a.Release.ID
				continue
			}
			f, err := d.Facts(ctx)
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = f.ID
		}
		return ids
	}
	if ids := look(t.Context()); ids[0] == ids[1] || ids[1] == ids[2] {
		t.Fatalf("the source is not fickle: %v", ids)
	}
	before := ""
	for range 3 {
		ctx, done := d.OneRelease(t.Context())
		ids := look(ctx)
		if ids[0] != ids[1] || ids[1] != ids[2] || ids[0] == before {
			t.Errorf("one answer of %v after %s", ids, before)
		}
		if before = ids[0]; from.open != 1 {
			t.Errorf("%d are open", from.open)
		}
		done()
		if done(); from.open != 0 {
			t.Errorf("%d are left open", from.open)
		}
		if late := look(ctx); late[0] == before || from.open != 0 { // what goes on afterwards does not hold it
			t.Errorf("afterwards %v, %d open", late, from.open)
		}
	}
}
