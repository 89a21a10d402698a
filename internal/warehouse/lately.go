package warehouse

import (
	"cmp"
	"context"
	"slices"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/policy"
)

// MostCounted is how far the events of a kind are counted: whoever looks wants to
// know whether there are any, and goes to the list for the rest.
const MostCounted = 100

// Lately is what the access record holds of late that somebody should look at.
type Lately struct {
	Alerts, Refusals int       // MostCounted stands for that many or more
	Signed           time.Time // when the last checkpoint was made; zero: never
}

// Lately counts the alerts and the refusals from a moment on.
func (w *Warehouse) Lately(ctx context.Context, acc policy.Access, alerts, refusals time.Time, from Client) (Lately, error) {
	var out Lately
	if err := w.oversee(ctx, acc, "what happened of late", from); err != nil {
		return out, err
	}
	for _, c := range [...]struct {
		filter audit.Filter
		to     *int
	}{{audit.Filter{Kind: "alert", From: alerts}, &out.Alerts}, {audit.Filter{Outcome: "refused", From: refusals}, &out.Refusals}} {
		if err := w.o.Archive.Search(ctx, c.filter, func(audit.Entry) bool { *c.to++; return *c.to < MostCounted }); err != nil {
			return out, err
		}
	}
	signed, err := w.o.Archive.Checkpoints(ctx)
	if err != nil {
		return out, err
	}
	if n := len(signed); n > 0 {
		out.Signed = signed[n-1].At
	}
	return out, w.looked(ctx, w.oversightEvent(acc, "what happened of late", from))
}

// Seer is somebody who was shown rows of a patient.
type Seer struct {
	Person      string
	Times, Rows int
	First, Last time.Time
	Agreements  []string // under which, as the record names them
}

// WhoSaw returns everybody who was shown rows of a patient, whoever saw them last
// first, and the newest events that are of the patient, questions about them too.
func (w *Warehouse) WhoSaw(ctx context.Context, acc policy.Access, patient audit.Mark, from Client) ([]Seer, *Events, error) {
	if err := w.oversee(ctx, acc, "list of events", from); err != nil {
		return nil, nil, err
	}
	page, seen := &Events{}, map[string]*Seer{}
	f := audit.Filter{Patient: patient}
	err := w.o.Archive.Search(ctx, f, func(e audit.Entry) bool {
		if page.Older = len(page.List) == EventsAtOnce; !page.Older {
			page.List = append(page.List, e)
		}
		v := e.Event
		if v.Rows == 0 {
			return true
		}
		s := seen[v.Actor]
		if s == nil {
			s = &Seer{Person: v.Actor, Last: v.At}
			seen[v.Actor] = s
		}
		s.Times, s.Rows, s.First = s.Times+1, s.Rows+v.Rows, v.At
		if v.Purpose != "" && !slices.Contains(s.Agreements, v.Purpose) {
			s.Agreements = append(s.Agreements, v.Purpose)
		}
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	var out []Seer
	for _, s := range seen {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Seer) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Person, b.Person)) })
	e := w.oversightEvent(acc, "list of "+f.Words(), from)
	e.Persons = audit.NewPersons([]audit.Mark{patient})
	return out, page, w.looked(ctx, e)
}
