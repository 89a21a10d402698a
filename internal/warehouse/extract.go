package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// extractAtOnce is how many lines are made at a time. Each such part is an event
// of its own, with the marks of its patients, before a byte of it is written.
const extractAtOnce = 1000

// extractTime is the longest that a file may take.
const extractTime = time.Hour

// Extract says of what a file of lines is made.
type Extract struct {
	Name  string                                       // of the file, in the access record: "export 12"
	Query query.Query                                  // unit, condition, order and columns of a list; pages and counts are left aside
	May   func(context.Context) (policy.Access, error) // read afresh, before each part
	From  Client
}

// Lines is some of the lines, one after another, as pages would have them.
type Lines struct {
	Release Facts
	Columns []hes.Field
	Rows    []Row
	People  *People // with Rows, if the unit is query.Patients
	Spells  *Spells // with Rows, if the unit is query.Spells
}

// Extract makes the lines of a file: all that a list shows, in its order, from
// one release. visit is called at least once, with no rows if there are none,
// and may keep nothing of the part. Whatever ends the person's access, or
// changes what it covers, ends the file too. It returns how many lines there were.
func (w *Warehouse) Extract(ctx context.Context, x Extract, visit func(Lines) error) (lines int, err error) {
	ctx, cancel := context.WithTimeout(ctx, extractTime)
	defer cancel()
	acc, err := x.May(ctx)
	if err != nil {
		return 0, err
	}
	q := query.Query{Unit: x.Query.Unit, Where: x.Query.Where, Sort: x.Query.Sort, Columns: x.Query.Columns}
	if err := q.Validate(w.o.Dictionary); err != nil {
		return 0, err
	}
	q.Limit = extractAtOnce
	a := asking{kind: "export", query: q, client: x.From, words: x.Name}
	engine, facts, release, err := w.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	got, plan, err := w.narrowed(acc, a, engine, facts)
	if err == nil {
		err = acc.MayExport(policy.Records)
	}
	if err != nil {
		return 0, w.refused(ctx, acc, a, err)
	}
	event := w.event(acc, a, facts.ID)
	if err := w.extracting(ctx, event, "begun", 0, ""); err != nil {
		return 0, err
	}
	part := Lines{Release: facts, Columns: w.fields(q.Columns)}
	err = engine.List(ctx, plan, func(rows []driver.Row) error {
		if err := w.same(ctx, x, a, facts, got.guard); err != nil {
			return err
		}
		if err := w.part(ctx, acc, q, got, rows, event, &part); err != nil {
			return err
		}
		lines += len(rows)
		return visit(part)
	})
	if err == nil && lines == 0 {
		err = visit(part)
	}
	if err == nil {
		err = w.same(ctx, x, a, facts, got.guard)
	}
	if err != nil {
		if _, told := errors.AsType[*fault.Error](err); !told {
			err = w.failed(ctx, err)
		}
		return lines, errors.Join(err, w.extracting(ctx, event, "failed", lines, "stopped half-way"))
	}
	return lines, w.extracting(ctx, event, "done", lines, "")
}

// extracting records the beginning or the end of a file.
func (w *Warehouse) extracting(ctx context.Context, e audit.Event, outcome string, lines int, how string) error {
	e.At, e.Outcome, e.Rows = w.o.Now(), outcome, lines
	if how != "" {
		e.Question += "; " + how
	}
	err := w.o.Recorder.Record(context.WithoutCancel(ctx), e)
	return fault.Wrap(fault.Unavailable, err, "The access record cannot be written, so no file can be made. Please try again in a few minutes.")
}

// same checks that the access still is what it was when the file was begun.
func (w *Warehouse) same(ctx context.Context, x Extract, a asking, facts Facts, guard query.Expr) error {
	acc, err := x.May(ctx)
	if err != nil {
		return err
	}
	now, err := acc.Narrow(a.query, a.scope, facts.Over(), w.o.Dictionary, w.o.Now())
	if err == nil {
		err = acc.MayExport(policy.Records)
	}
	if err == nil && fmt.Sprint(now) != fmt.Sprint(guard) {
		ref, _ := acc.Agreement()
		err = fault.New(fault.Denied, "Agreement %s was changed while the file was made, so it was not finished. Ask for it again.", ref)
	}
	return err
}

// part makes the lines of some rows, and records them.
func (w *Warehouse) part(ctx context.Context, acc policy.Access, q query.Query, got *asked, rows []driver.Row, event audit.Event, out *Lines) error {
	here := *got
	here.raw, here.used = &driver.Answer{Rows: rows}, 0
	out.People, out.Spells = nil, nil
	switch q.Unit {
	case query.Patients:
		out.People = &People{}
		if err := w.sumPeople(ctx, acc, &here, out.People); err != nil {
			return err
		}
	case query.Spells:
		out.Spells = &Spells{}
		if err := w.sumSpells(ctx, acc, &here, q.Columns, out.Spells); err != nil {
			return err
		}
	}
	persons := make([]string, len(rows))
	out.Rows = out.Rows[:0]
	for i, r := range rows {
		persons[i] = r.Values[len(q.Columns)]
		out.Rows = append(out.Rows, here.row(acc, r, len(q.Columns)))
	}
	answer := &Answer{Release: out.Release, Columns: out.Columns, Rows: out.Rows}
	if out.People != nil {
		out.People.Answer = answer
	}
	if out.Spells != nil {
		out.Spells.Answer = answer
	}
	event.At, event.Outcome, event.Rows, event.Persons = w.o.Now(), "shown", len(rows), w.marks(persons)
	if err := w.o.Recorder.Record(ctx, event); err != nil {
		return fault.Wrap(fault.Unavailable, err, "The access record cannot be written, so no file can be made. Please try again in a few minutes.")
	}
	return nil
}
