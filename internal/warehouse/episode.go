package warehouse

import (
	"context"
	"slices"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Record is one episode with its neighbours in the order of the question that
// it was opened from, and its patient's episodes in short.
type Record struct {
	Release  Facts
	Columns  []hes.Field
	Row      Row
	Previous string // ids of the neighbouring episodes; "" at the ends
	Next     string
	Course   Course
}

// Episode returns one episode that the person was shown, with every field that
// the release holds and the access covers, and beside each value the text that
// was delivered, where the load changed it. q gives the order for Previous and
// Next; its page and counts are not used.
func (w *Warehouse) Episode(ctx context.Context, acc policy.Access, q query.Query, id string, from Client) (*Record, error) {
	facts, err := w.Facts(ctx)
	if err != nil {
		return nil, err
	}
	one := query.Query{Limit: 1, Raw: true, Columns: w.covered(acc, facts)}
	if q.Unit != query.Episodes {
		q = query.Query{Where: q.Where}
	}
	if err := q.Validate(w.o.Dictionary); err != nil {
		return nil, err
	}
	whole := asking{kind: "record", query: one, scope: policy.Scope{OneEpisode: true}, episode: id, client: from, words: "one episode and the patient's others in short"}
	if _, err := acc.Narrow(query.Query{Where: q.Where, Sort: q.Sort}, whole.scope, facts.Over(), w.o.Dictionary, w.o.Now()); err != nil {
		return nil, w.refused(ctx, acc, whole, err)
	}
	rec := &Record{}
	beside := func(ctx context.Context, got *asked) error {
		if len(got.raw.Rows) == 0 {
			return fault.New(fault.NotFound, "There is no such record, or it is not one that you may see.")
		}
		this := got.raw.Rows[0]
		if acc.SeesEpisodes() { // else they are neighbours in a list that may not be shown
			plan := driver.NewPlan(query.Query{Where: q.Where, Sort: q.Sort, Limit: 1})
			plan.Before = this.ID
			if rec.Previous, err = w.neighbour(ctx, got, plan); err != nil {
				return err
			}
			plan.Before, plan.After = driver.NoRow, this.ID
			if rec.Next, err = w.neighbour(ctx, got, plan); err != nil {
				return err
			}
		}
		rec.Course, err = w.course(ctx, acc, got, this)
		got.beside = max(0, len(rec.Course.Briefs)-1) // one of them is this
		return err
	}
	got, err := w.ask(ctx, acc, whole, beside)
	if err != nil {
		return nil, err
	}
	rec.Release, rec.Columns, rec.Row = got.facts, w.fields(one.Columns), got.row(acc, got.raw.Rows[0], len(one.Columns))
	return rec, nil
}

// neighbour returns the id of the one row that a plan asks for, "" if there is
// none.
func (w *Warehouse) neighbour(ctx context.Context, got *asked, plan driver.Plan) (string, error) {
	plan.Guard = got.guard
	a, err := got.engine.Ask(ctx, plan)
	if err != nil {
		return "", w.failed(ctx, err)
	}
	if len(a.Rows) == 0 {
		return "", nil
	}
	return got.keys.seal(episodeID, uint32(a.Rows[0].ID), 0), nil
}

// Course is a patient's episodes in short, those that the access covers.
type Course struct {
	Episodes policy.Count // how many there are; 1 if nobody knows whose the episode is
	Briefs   []Brief      // newest first: the newest, at most query.MaxLimit, and the one that was opened
	All      bool         // there are no others
}

// Brief is one of a patient's episodes in short.
type Brief struct {
	ID                  string
	This                bool // it is the one that was opened
	Admitted, Ended     Moment
	Diagnosis, Provider string // "" is not recorded, or not covered by the access
	Duplicate           bool
}

// Moment is when something happened to a patient. Nobody sees a day that the
// access does not cover; everybody sees how many days it was after the patient's
// first admission, the first among those that the access covers.
type Moment struct {
	Date     string // "" if the access does not cover it
	Day      int    // days after the first admission
	Recorded bool
}

// course asks for the episodes of a row's person in short. It is part of the
// question that got answers.
func (w *Warehouse) course(ctx context.Context, acc policy.Access, got *asked, this driver.Row) (Course, error) {
	fields := w.fields([]string{hes.AdmissionDate, "EPIEND", hes.MainDiagnosis, "PROCODE3", "DUPLICATE"})
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = f.Name
	}
	plan := driver.NewPlan(query.Query{Columns: columns, Limit: query.MaxLimit, Counts: true, Facets: []query.Facet{{Field: hes.AdmissionDate}}})
	plan.Guard, plan.Row = got.guard, this.ID
	if this.Person != driver.NoPerson {
		plan.People, plan.Row = []driver.PersonID{this.Person}, driver.NoRow
	}
	a, err := got.engine.Ask(ctx, plan)
	if err != nil {
		return Course{}, w.failed(ctx, err)
	}
	out := Course{Episodes: acc.Protect(a.Episodes), All: !a.More}
	first := ""
	if days := a.Facets[0].Values; len(days) > 0 {
		first = days[0].Value
	}
	rows := a.Rows
	if !slices.ContainsFunc(rows, func(r driver.Row) bool { return r.ID == this.ID }) { // it is older than those
		plan.Row, plan.Counts, plan.Facets = this.ID, false, nil
		if a, err = got.engine.Ask(ctx, plan); err != nil {
			return Course{}, w.failed(ctx, err)
		}
		rows = append(rows, a.Rows...)
	}
	for _, r := range rows {
		text := func(i int) string {
			if !acc.Covers(fields[i], got.facts.Over()) {
				return ""
			}
			return r.Values[i]
		}
		out.Briefs = append(out.Briefs, Brief{ID: got.keys.seal(episodeID, uint32(r.ID), 0), This: r.ID == this.ID,
			Admitted: moment(first, r.Values[0], text(0)), Ended: moment(first, r.Values[1], text(1)), Diagnosis: text(2), Provider: text(3), Duplicate: text(4) == "1"})
	}
	return out, nil
}

// moment places a day in a patient's time, which begins at first. date is the
// day as far as the access covers it.
func moment(first, day, date string) Moment {
	from, err := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, day)
	if err != nil || err2 != nil {
		return Moment{Date: date, Recorded: date != ""}
	}
	return Moment{Date: date, Day: int(to.Sub(from) / (24 * time.Hour)), Recorded: true}
}
