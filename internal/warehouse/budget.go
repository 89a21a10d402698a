package warehouse

import (
	"context"
	"fmt"
	"sync"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// Budget is how much somebody who sees the fixed tables may look at within an hour.
// The tables do not change, so whoever asks for more wants to collect them.
type Budget struct {
	Views int // tables, lists and files
	Same  int // times the same table, before the governance lead hears of it
}

// spent is what one person has looked at.
type spent struct {
	views   []viewed // of the last hour, the oldest first
	alerted map[string]time.Time
}

type viewed struct {
	at   time.Time
	name string
}

// purse knows what everybody has looked at since the program started.
type purse struct {
	mu  sync.Mutex
	who map[string]*spent
}

const budgetTime = time.Hour

// take notes that somebody looks at a table, and tells what is to be said of it:
// that the hour's budget is spent, and what the governance lead should hear, once
// an hour.
func (p *purse) take(account, name string, b Budget, now time.Time) (over bool, alert string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.who == nil {
		p.who = map[string]*spent{}
	}
	s := p.who[account]
	if s == nil {
		s = &spent{alerted: map[string]time.Time{}}
		p.who[account] = s
	}
	for len(s.views) > 0 && !now.Before(s.views[0].at.Add(budgetTime)) {
		s.views = s.views[1:]
	}
	same := 1
	for _, v := range s.views {
		if v.name == name {
			same++
		}
	}
	kind := ""
	switch {
	case len(s.views) >= b.Views:
		over, kind, alert = true, "over", fmt.Sprintf("more than %d tables and files within an hour", b.Views)
	case same > b.Same && name != "":
		kind, alert = name, fmt.Sprintf("the table %s more than %d times within an hour", name, b.Same)
	}
	if !over {
		s.views = append(s.views, viewed{now, name})
	}
	if last, told := s.alerted[kind]; alert != "" && told && now.Before(last.Add(budgetTime)) {
		return over, ""
	}
	if alert != "" {
		s.alerted[kind] = now
	}
	return over, alert
}

// spend takes a look at a table from somebody's budget. An alert is an event before
// the answer, like every other.
func (w *Warehouse) spend(ctx context.Context, acc policy.Access, a asking, name string) error {
	over, alert := w.purse.take(acc.Account(), name, w.o.Budget, w.o.Now())
	outcome := "shown"
	if over {
		outcome = "refused"
	}
	if alert != "" {
		e := w.event(acc, a, "")
		e.Kind, e.Question, e.Unit, e.Outcome = "alert", alert, "", outcome
		if err := w.o.Recorder.Record(ctx, e); err != nil {
			return fault.Wrap(fault.Unavailable, err, "The access record cannot be written, so nothing can be shown. Please try again in a few minutes.")
		}
	}
	if !over {
		return nil
	}
	return w.recordRefusal(ctx, w.event(acc, a, ""), fault.New(fault.Limited, "You have opened %d tables and files within an hour, which is as many as one person may. Go on in an hour, or ask the information governance lead if your work needs more.", w.o.Budget.Views))
}
