// Package warehouse is the only door to patient data.
//
// Every page, chart, drop-down and file puts a query.Query here, together with
// a policy.Access; there is no other way to a row. One function, ask, does for
// all of them, in this order: check the question against the dictionary; take it
// from the person's budget of the hour; narrow it to the access, refusing what goes
// beyond; cap it; put it to the engine; protect the counts; write the access event,
// durably, with the number of rows shown; only then return. If the event cannot be
// written there is no answer.
//
// Reports of loads, which count patients too, come through here as well
// (Report), protected and recorded likewise.
//
// So does the access record (oversight.go), for whoever oversees the others and for
// everybody's own part of it: reading it is itself an event.
//
// Files for whoever owns the machine go through Dump, which checks and records
// likewise: there the event comes before the first row, and one more at the end
// says how many there were.
//
// What comes out of the others holds values of fields that the access covers,
// counts of type policy.Count, and ids that are encrypted for this person and
// purpose. The person key itself comes out in a dump only, where it is named.
package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Facts are what is publicly known of a release: nothing of any patient.
type Facts struct {
	ID        string
	Loaded    time.Time
	Synthetic bool
	Subset    string   // "dermatology", "all"
	Years     []string // FYEAR values present, in order of time
	Rows      string   // for people, "about 100,000"
	First     string   // first and last admission, as dates
	Last      string
	Columns   []string // fields held, as driver.Info
	Spells    string   // method of the provider spells, "S1" or "S3"; "" for releases made before it was kept
	Rules     []Rule   // of the subset, in their order; none for "all" and for releases made before they were kept
}

// Rule is a rule of a subset, by which an episode can belong to it.
type Rule struct {
	ID    string // "N1", a value of the field SUBSET_n
	Title string // "Care under dermatology"
	Start bool   // a list of episodes starts with those that meet it
}

// Over is what the rules of access need to know of the release.
func (f Facts) Over() policy.Over { return policy.Over{Subset: f.Subset, Last: f.Last, Years: f.Years} }

// Source hands out the release that is being served.
type Source interface {
	// Acquire returns the current engine and its facts, and keeps the engine
	// open until release is called. The error is of kind Unavailable when
	// nothing has been published yet.
	Acquire(ctx context.Context) (e driver.Engine, f Facts, release func(), err error)
}

// Options are what a Warehouse is made of.
type Options struct {
	Dictionary *hes.Dictionary
	Source     Source
	Recorder   audit.Recorder
	Loads      Loads            // nil: no load reports are kept here
	Archive    audit.Archive    // the access record to be read; nil: it is not shown here
	Key        []byte           // 32 random bytes, kept; makes ids in URLs
	Now        func() time.Time // the wall clock
	Deadline   time.Duration    // longest that one question may take; 0: 30 s
	Log        *slog.Logger
	Budget     Budget // of each person and hour
}

// Warehouse is the door. It is safe for concurrent use.
type Warehouse struct {
	o            Options
	marker       marker
	publications publications
	purse        purse
}

// New makes the door.
func New(o Options) (*Warehouse, error) {
	if o.Dictionary == nil || o.Source == nil || o.Recorder == nil || o.Now == nil || o.Log == nil || len(o.Key) != 32 {
		return nil, errors.New("warehouse: dictionary, source, recorder, clock, log and a key of 32 bytes are needed")
	}
	if o.Deadline == 0 {
		o.Deadline = 30 * time.Second
	}
	o.Budget = o.Budget.whole()
	m, err := newMarker(o.Key)
	if err != nil {
		return nil, err
	}
	return &Warehouse{o: o, marker: m}, nil
}

// Client says where a request came from; it goes into the access record only.
type Client struct {
	Address string // network address
	Request string // id of the request
}

// Facts returns what is publicly known of the current release.
func (w *Warehouse) Facts(ctx context.Context) (Facts, error) {
	_, f, done, err := w.acquire(ctx)
	if err != nil {
		return Facts{}, err
	}
	done()
	return f, nil
}

// asking is one question on its way through ask.
type asking struct {
	kind    string // of the event
	query   query.Query
	scope   policy.Scope
	client  Client
	after   string // ids of the page wanted, at most one
	before  string
	episode string // id of the one episode wanted
	patient string // id of the one patient wanted
	spell   string // id of the one spell wanted
	words   string // added to the question in the access record
}

// asked is what ask returns to the functions of this package.
type asked struct {
	facts  Facts
	keys   *keyring
	raw    *driver.Answer
	bind   uint32
	engine driver.Engine
	guard  query.Expr
	where  query.Expr // of the question, with the spell that was asked for
	dates  bool       // the access covers the day of admission
	beside int        // rows that after found, shown beside those of raw
	used   int        // rows that after found and worked lines out from
	people []string   // person keys of those rows that after found beside
}

// ask is the one way to an engine. after is called with the raw answer once it
// is there and before the event is written, to ask the engine for what belongs
// to the same view (a record's neighbours, the patient's other episodes); it may
// be nil.
func (w *Warehouse) ask(ctx context.Context, acc policy.Access, a asking, after func(context.Context, *asked) error) (*asked, error) {
	ctx, cancel := context.WithTimeout(ctx, w.o.Deadline)
	defer cancel()
	// 1. the question is well formed
	if err := a.query.Validate(w.o.Dictionary); err != nil {
		return nil, err
	}
	engine, facts, release, err := w.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	shown := 0
	if l := a.look(acc); l != nil {
		if err := w.spend(ctx, acc, a, l); err != nil {
			return nil, err
		}
		defer func() { w.purse.settle(acc.Account(), l, shown) }()
	}
	// 2. and within the person's rights over this release; a refusal is an event too
	out, plan, err := w.narrowed(acc, a, engine, facts)
	if err != nil {
		return nil, w.refused(ctx, acc, a, err)
	}
	// 3. the engine answers
	out.raw, err = engine.Ask(ctx, plan)
	if err != nil {
		return nil, w.failed(ctx, err)
	}
	if a.episode != "" && len(out.raw.Rows) == 0 {
		if err := w.excepted(ctx, acc, a, plan, out); err != nil {
			return nil, err
		}
	}
	if after != nil {
		if err := after(ctx, out); err != nil {
			return nil, w.refused(ctx, acc, a, err)
		}
	}
	// 4. nothing leaves before the access record holds it
	event := w.event(acc, a, facts.ID)
	event.Rows, event.Outcome = len(out.raw.Rows)+out.beside, "shown"
	if acc.SeesRows() && a.query.Limit > 0 {
		for _, r := range out.raw.Rows {
			out.people = append(out.people, r.Values[len(a.query.Columns)])
		}
		event.Persons = w.marks(out.people)
	}
	if out.used > 0 {
		event.Question += fmt.Sprintf("; worked out from %d episodes", out.used)
	}
	if err := w.o.Recorder.Record(ctx, event); err != nil {
		return nil, audit.Unwritten(err, "nothing can be shown")
	}
	shown = event.Rows
	return out, nil
}

// narrowed makes the plan of a question under an access.
func (w *Warehouse) narrowed(acc policy.Access, a asking, engine driver.Engine, facts Facts) (*asked, driver.Plan, error) {
	a.scope.Patient = a.patient
	guard, err := acc.Narrow(a.query, a.scope, facts.Over(), w.o.Dictionary, w.o.Now())
	if err != nil {
		return nil, driver.Plan{}, err
	}
	keys, err := newKeyring(w.o.Key, acc, facts.ID)
	if err != nil {
		return nil, driver.Plan{}, err
	}
	admitted, _ := w.o.Dictionary.Field(hes.AdmissionDate)
	out := &asked{facts: facts, keys: keys, bind: bind(a.query), engine: engine, guard: guard, dates: acc.Covers(admitted, facts.Over())}
	plan := driver.NewPlan(a.query)
	plan.Guard = guard
	if acc.SeesRows() && plan.Limit > 0 {
		// Only for the pseudonym; taken off again below.
		plan.Columns = append(slices.Clone(plan.Columns), hes.PersonField)
		if plan.Unit == query.Spells {
			plan.Columns = append(plan.Columns, hes.SpellField) // likewise, to find its other episodes
		}
	}
	err = out.place(&plan, a)
	out.where = plan.Where
	return out, plan, err
}

// place puts the ids of the request into the plan.
func (o *asked) place(plan *driver.Plan, a asking) error {
	for _, id := range [...]struct {
		text string
		kind idKind
		bind uint32
		set  func(uint32)
	}{
		{a.after, afterID, o.bind, func(n uint32) { plan.After = driver.RowID(n) }},
		{a.before, beforeID, o.bind, func(n uint32) { plan.Before = driver.RowID(n) }},
		{a.episode, episodeID, 0, func(n uint32) { plan.Row = driver.RowID(n) }},
		{a.patient, patientID, 0, func(n uint32) { plan.People = []driver.PersonID{driver.PersonID(n)} }},
		{a.spell, spellID, 0, func(n uint32) {
			plan.Where = query.Both(plan.Where, query.In{Field: hes.SpellField, Values: []string{strconv.Itoa(int(n))}})
		}},
	} {
		if id.text == "" {
			continue
		}
		n, err := o.keys.unseal(id.kind, id.text, id.bind)
		if err != nil {
			return err
		}
		id.set(n)
	}
	return nil
}

// bind ties a cursor to the question whose page it ended.
func bind(q query.Query) uint32 {
	q.Limit = 0
	sum := sha256.Sum256([]byte(q.String()))
	return binary.BigEndian.Uint32(sum[:])
}

func (w *Warehouse) event(acc policy.Access, a asking, release string) audit.Event {
	e := audit.Event{At: w.o.Now(), Kind: a.kind, Actor: acc.Account(), Role: string(acc.Role()), Purpose: acc.Purpose(),
		Release: release, Question: a.query.Whole(), Unit: a.query.Unit.String(), Address: a.client.Address, Request: a.client.Request}
	if a.scope.Number != "" { // the question has nothing more, and the number stays out of the record
		e.Question = a.words
	} else if a.words != "" {
		e.Question = a.words + ": " + e.Question
	}
	return e
}

func (w *Warehouse) failed(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "This question took longer than %d seconds and was stopped. Add a filter and try again.", int(w.o.Deadline.Seconds()))
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("engine: %w", err)
}
