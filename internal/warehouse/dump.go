package warehouse

import (
	"context"
	"errors"
	"slices"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/dump"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Dump says what is handed out to a file.
type Dump struct {
	Table *dump.Table // columns and unit, resolved against Facts.Columns of the release
	Where query.Expr  // nil: every row
}

// Sink is where the lines of a dump go. Line's values are as the columns and
// are used again. After Finish, which returns the SHA-256 of everything written,
// comes Commit, which makes it the file that was asked for; when anything goes
// wrong, Commit included, the file is gone. Abort takes it away before that.
type Sink interface {
	Line(values []string) error
	Finish() (sha256 string, err error)
	Commit() error
	Abort() error
}

// Dumped says what a dump handed out.
type Dumped struct {
	Lines   int
	LeftOut int // episodes that entered no line: without a person or a spell. Duplicates are not among them
	SHA256  string
}

// Dump hands columns of a release to a sink, under an Access that policy.Handover
// made for that release and those columns (the headings, and the fields that Where
// mentions). Every other Access is refused. The release is the one that the
// Source serves.
//
// One event, with the outcome "begun", is durable before the first row is read;
// a second one has the number of lines and the SHA-256 of the file, and is durable
// before the file has its name. If something fails, that is what the second one
// says, with the number of lines until then, and the sink is aborted. The sink
// has come to its end when Dump returns.
func (w *Warehouse) Dump(ctx context.Context, acc policy.Access, d Dump, sink Sink, from Client) (Dumped, error) {
	event := audit.Event{Kind: "dump", Actor: acc.Account(), Role: string(acc.Role()), Address: from.Address, Request: from.Request}
	got, err := w.dump(ctx, acc, d, sink, &event)
	if err != nil {
		return Dumped{}, errors.Join(err, sink.Abort())
	}
	if err := sink.Commit(); err != nil {
		return Dumped{}, errors.Join(err, w.close(ctx, &event, "failed", "it could not be given its name"))
	}
	return got, nil
}

func (w *Warehouse) dump(ctx context.Context, acc policy.Access, d Dump, sink Sink, event *audit.Event) (Dumped, error) {
	var got Dumped
	if d.Table == nil {
		return got, errors.New("warehouse: a dump needs a table")
	}
	if err := (query.Query{Where: d.Where}).Validate(w.o.Dictionary); err != nil {
		return got, err
	}
	engine, facts, release, err := w.acquire(ctx)
	if err != nil {
		return got, err
	}
	defer release()
	event.At, event.Release, event.Unit, event.Question = w.o.Now(), facts.ID, d.Table.Unit().String(), d.words()
	if err := acc.Hands(facts.ID, slices.Concat(d.Table.Names(), query.Fields(d.Where)), w.o.Now()); err != nil {
		if acc.Account() != "" {
			err = w.recordRefusal(ctx, *event, err)
		}
		return got, err
	}
	scanner, ok := engine.(driver.Scanner)
	if !ok {
		return got, fault.New(fault.Unavailable, "The engine that holds this release cannot hand out all of its rows.")
	}
	event.Outcome = "begun"
	if err := w.o.Recorder.Record(ctx, *event); err != nil {
		return got, audit.Unwritten(err, "nothing can be handed out")
	}
	err = w.scan(ctx, scanner, d, sink, &got)
	event.Rows = got.Lines
	if err != nil {
		return got, errors.Join(err, w.close(ctx, event, "failed", "stopped half-way"))
	}
	return got, w.close(ctx, event, "done", "SHA-256 "+got.SHA256)
}

// close writes the event with which a dump ends, also when the dump was stopped
// by hand.
func (w *Warehouse) close(ctx context.Context, event *audit.Event, outcome, how string) error {
	e := *event
	e.At, e.Outcome, e.Question = w.o.Now(), outcome, event.Question+"; "+how
	err := w.o.Recorder.Record(context.WithoutCancel(ctx), e)
	return audit.Unwritten(err, "no file was left")
}

// scan writes all lines and finishes the sink. got has the lines written even if
// it fails.
func (w *Warehouse) scan(ctx context.Context, from driver.Scanner, d Dump, sink Sink, got *Dumped) error {
	lines := d.Table.Lines(func(values []string) error {
		if err := sink.Line(values); err != nil {
			return err
		}
		got.Lines++
		return nil
	})
	scan := driver.Scan{Where: d.Table.Where(d.Where), Columns: d.Table.Fields(), Raw: d.Table.Raw(), People: d.Table.People()}
	err := from.Scan(ctx, scan, func(r driver.ScanRow) error {
		return lines.Add(dump.Row{Person: uint32(r.Person), HasPerson: r.Person != driver.NoPerson, Values: r.Values, Raw: r.Raw, Origin: r.Origin})
	})
	if err == nil {
		err = lines.End()
	}
	if err == nil {
		err = ctx.Err() // it was stopped, and the engine did not say so
	}
	if err != nil {
		return err
	}
	got.LeftOut = lines.LeftOut()
	got.SHA256, err = sink.Finish()
	return err
}

// words says for the access record what is handed out.
func (d Dump) words() string {
	s := "columns " + strings.Join(d.Table.Names(), ", ") + " of " + d.Table.Unit().String()
	if d.Where != nil {
		s += " where " + d.Where.String()
	}
	return s
}
