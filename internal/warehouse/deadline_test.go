package warehouse_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/warehouse/driver"
)

// endless answers when it is told to stop, and not before.
type endless struct{ driver.Engine }

func (e endless) Ask(ctx context.Context, _ driver.Plan) (*driver.Answer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A question that takes longer than a question may is stopped, says so, and shows
// nothing; the next one is answered.
func TestAQuestionIsStopped(t *testing.T) {
	d := setUp(t, func(o *warehouse.Options) { o.Deadline = 20 * time.Millisecond })
	whole := d.source.engine
	d.source.engine = endless{whole}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := d.Explore(ctx, researcher(t), ten, warehouse.Page{}, warehouse.Client{})
	if a != nil || fault.Of(err) != fault.Unavailable || !strings.Contains(fault.Say(err), "was stopped") || ctx.Err() != nil {
		t.Errorf("answer %v, error %v", a, err)
	}
	d = setUp(t)
	if _, err := d.Explore(t.Context(), researcher(t), ten, warehouse.Page{}, warehouse.Client{}); err != nil {
		t.Error(err)
	}
}
