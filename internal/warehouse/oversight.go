package warehouse

import (
	"cmp"
	"context"
	"slices"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
)

// The access record is shown to whoever oversees the others, and to everybody
// what it holds of themselves. No record of a patient is in it, and no number but
// those of its events. Looking is itself an event, durable before the answer.

// EventsAtOnce is how many events a page of the record has.
const EventsAtOnce = 50

// Events is a page of the access record, the newest first.
type Events struct {
	List  []audit.Entry
	Newer bool // there are newer ones that meet the filter
	Older bool
	Kinds []string // of all events that there are
}

// oversee refuses whoever does not oversee the others. what is in our words.
func (w *Warehouse) oversee(ctx context.Context, acc policy.Access, what string, from Client) error {
	switch {
	case acc.Account() == "":
		return fault.New(fault.SignIn, "Sign in first.")
	case !acc.Oversees():
		why := fault.New(fault.Denied, "This account does not see the access record of others. What was recorded about you is under “Your account”.")
		return w.recordRefusal(ctx, w.oversightEvent(acc, what, from), why)
	case w.o.Archive == nil:
		return fault.New(fault.Unavailable, "The access record is not shown here.")
	}
	return nil
}

func (w *Warehouse) oversightEvent(acc policy.Access, what string, from Client) audit.Event {
	e := w.event(acc, asking{kind: "oversight", client: from}, "")
	e.Question, e.Unit, e.Outcome = what, "", "shown"
	return e
}

// looked records that somebody looked at the record. Without the event there is
// no answer.
func (w *Warehouse) looked(ctx context.Context, e audit.Event) error {
	return audit.Unwritten(w.o.Recorder.Record(ctx, e), "nothing can be shown")
}

// page reads a page of the record: from Before down, or from After up.
func (w *Warehouse) page(ctx context.Context, f audit.Filter) (*Events, error) {
	f.Oldest = f.After > 0
	out := &Events{}
	more := false
	err := w.o.Archive.Search(ctx, f, func(e audit.Entry) bool {
		if more = len(out.List) == EventsAtOnce; !more {
			out.List = append(out.List, e)
		}
		return !more
	})
	if err != nil {
		return nil, err
	}
	out.Newer, out.Older = f.Before > 0, more
	if f.After > 0 {
		slices.Reverse(out.List)
		out.Newer, out.Older = more, true
	}
	return out, nil
}

// Reads records that somebody who oversees the others reads what is kept elsewhere
// and may name a patient, such as the reasons of exceptions. what is in our words.
func (w *Warehouse) Reads(ctx context.Context, acc policy.Access, what string, from Client) error {
	if err := w.oversee(ctx, acc, what, from); err != nil {
		return err
	}
	return w.looked(ctx, w.oversightEvent(acc, what, from))
}

// Record returns a page of the access record.
func (w *Warehouse) Record(ctx context.Context, acc policy.Access, f audit.Filter, from Client) (*Events, error) {
	if err := w.oversee(ctx, acc, "list of events", from); err != nil {
		return nil, err
	}
	out, err := w.page(ctx, f)
	if err != nil {
		return nil, err
	}
	if out.Kinds, err = w.o.Archive.Kinds(ctx); err != nil {
		return nil, err
	}
	if len(out.List) == 0 { // else the names are those of the record, not what somebody typed
		f.Actor, f.Purpose, f.Kind, f.Outcome = "", "", "", ""
	}
	e := w.oversightEvent(acc, "list of "+f.Words(), from)
	if f.Patient != "" {
		e.Persons = audit.NewPersons([]audit.Mark{f.Patient})
	}
	return out, w.looked(ctx, e)
}

// RecordEntry returns one entry of the access record.
func (w *Warehouse) RecordEntry(ctx context.Context, acc policy.Access, seq int64, from Client) (*audit.Entry, error) {
	if err := w.oversee(ctx, acc, "one event", from); err != nil {
		return nil, err
	}
	var out *audit.Entry
	if seq > 0 {
		if err := w.o.Archive.Search(ctx, audit.Filter{After: seq - 1, Before: seq + 1}, func(e audit.Entry) bool { out = &e; return false }); err != nil {
			return nil, err
		}
	}
	if out == nil {
		return nil, fault.New(fault.NotFound, "There is no such event in the access record, or it was spoilt; check it with “webenable audit verify”.")
	}
	return out, w.looked(ctx, w.oversightEvent(acc, "one event", from))
}

// OwnRecord returns what the record holds of somebody's own account. It asks for
// no purpose and no agreement: whoever has an account may see it.
func (w *Warehouse) OwnRecord(ctx context.Context, account string, role policy.Role, f audit.Filter, from Client) (*Events, error) {
	if account == "" {
		return nil, fault.New(fault.SignIn, "Sign in first.")
	}
	if w.o.Archive == nil {
		return nil, fault.New(fault.Unavailable, "The access record is not shown here.")
	}
	out, err := w.page(ctx, audit.Filter{Actor: account, After: f.After, Before: f.Before})
	if err != nil {
		return nil, err
	}
	return out, w.looked(ctx, audit.Event{At: w.o.Now(), Kind: "own-record", Actor: account, Role: string(role), Outcome: "shown", Address: from.Address, Request: from.Request})
}

// Checkpoints returns the checkpoints that are kept with the record, the newest
// first.
func (w *Warehouse) Checkpoints(ctx context.Context, acc policy.Access, from Client) ([]audit.Signed, error) {
	if err := w.oversee(ctx, acc, "checkpoints", from); err != nil {
		return nil, err
	}
	out, err := w.o.Archive.Checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	slices.Reverse(out)
	return out, w.looked(ctx, w.oversightEvent(acc, "checkpoints", from))
}

// Span says over which time somebody's viewing is added up.
type Span struct {
	Days  int       // 1 or 7
	Start time.Time // midnight UTC
}

// End returns when the span ends, exclusive.
func (s Span) End() time.Time { return s.Start.AddDate(0, 0, s.Days) }

// Viewing is what one person was shown in a span, beside what is usual for them:
// the median of the spans of the twelve weeks before in which they were shown
// anything.
type Viewing struct {
	Person                   string
	Views, Rows, Patients    int
	Spans                    int // that the usual is of
	UsualRows, UsualPatients int
	LimitRows, LimitPatients int
	Marked                   bool // one of the two is over its limit
}

// Three times what is usual is marked, but not below what a person reads with
// care in a day; where too little is known of what is usual, a fixed number.
const (
	weeksBefore    = 12
	enoughSpans    = 5
	timesUsual     = 3
	floorPatients  = 50 // a day
	fixedPatients  = 200
	rowsForPatient = 5
)

// limit returns from which number on viewing is marked.
func limit(usual, spans, days, floor, fixed int) int {
	scale := 1
	if days > 1 {
		scale = 3
	}
	if spans < enoughSpans {
		return fixed * scale
	}
	return max(floor*scale, timesUsual*usual)
}

// Viewing adds up for each person what they were shown in a span, whoever was
// shown most patients first.
func (w *Warehouse) Viewing(ctx context.Context, acc policy.Access, s Span, from Client) ([]Viewing, error) {
	if err := w.oversee(ctx, acc, "bulk viewing", from); err != nil {
		return nil, err
	}
	people := map[string]*tally{}
	f := audit.Filter{From: s.Start.AddDate(0, 0, -7*weeksBefore), Until: s.End(), Rows: true, Oldest: true}
	err := w.o.Archive.Search(ctx, f, func(e audit.Entry) bool {
		t := people[e.Event.Actor]
		if t == nil {
			t = &tally{}
			people[e.Event.Actor] = t
		}
		t.add(e.Event, int(e.Event.At.Sub(f.From)/(24*time.Hour))/s.Days)
		return true
	})
	if err != nil {
		return nil, err
	}
	this := 7 * weeksBefore / s.Days
	var out []Viewing
	for person, t := range people {
		t.end()
		v := Viewing{Person: person}
		var rows, patients []int
		for _, d := range t.done {
			if d.span == this {
				v.Views, v.Rows, v.Patients = d.views, d.rows, d.patients
				continue
			}
			rows, patients = append(rows, d.rows), append(patients, d.patients)
		}
		if v.Views == 0 {
			continue
		}
		v.Spans, v.UsualRows, v.UsualPatients = len(rows), median(rows), median(patients)
		v.LimitPatients = limit(v.UsualPatients, v.Spans, s.Days, floorPatients, fixedPatients)
		v.LimitRows = limit(v.UsualRows, v.Spans, s.Days, floorPatients*rowsForPatient, fixedPatients*rowsForPatient)
		v.Marked = v.Rows > v.LimitRows || v.Patients > v.LimitPatients
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Viewing) int {
		return cmp.Or(cmp.Compare(b.Patients, a.Patients), cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Person, b.Person))
	})
	return out, w.looked(ctx, w.oversightEvent(acc, "bulk viewing from "+s.Start.Format(time.DateOnly)+" before "+s.End().Format(time.DateOnly), from))
}

// tally adds up one person's events, which come in order of time.
type tally struct {
	now  added
	seen map[audit.Mark]bool // in the span of now
	done []added
}

type added struct{ span, views, rows, patients int }

func (t *tally) add(e audit.Event, span int) {
	if span != t.now.span {
		t.end()
		t.now = added{span: span}
	}
	if t.seen == nil {
		t.seen = map[audit.Mark]bool{}
	}
	for m := range e.Persons.All() {
		t.seen[m] = true
	}
	t.now.views++
	t.now.rows += e.Rows
}

// end closes the span of now.
func (t *tally) end() {
	if t.now.views > 0 {
		t.now.patients = len(t.seen)
		t.done = append(t.done, t.now)
	}
	t.now, t.seen = added{}, nil
}

// median is the middle of numbers, the lower of two; 0 of none.
func median(of []int) int {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[(len(of)-1)/2]
}
