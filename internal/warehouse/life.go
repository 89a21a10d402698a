package warehouse

import (
	"context"
	"slices"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Life is one patient: the episodes that meet the filters, their sum, and where
// all episodes that the access covers lie in time.
type Life struct {
	*Answer               // Rows are the matching episodes, newest first, at most query.MaxLimit
	Patient  string       // pseudonym
	Admitted []Moment     // of Rows, one for one; not recorded where MaxSummed match and more
	All      policy.Count // episodes that the access covers
	Person   Person       // the line of the matching ones, without Marks
	Fields   []string     // as People.Fields
	Bars     []Bar        // the newest episodes, newest first, at most query.MaxLimit
	Whole    bool         // Bars are all of them
	Previous string       // ids of the patients beside this one on the page of the list; "" at its ends and where the list has other lines
	Next     string
}

// List is a page of a list of patients, from which one was opened.
type List struct {
	Query query.Query // as People was asked
	Page  Page
}

// Bar is one episode on a patient's timeline.
type Bar struct {
	ID                         string
	From, To                   Moment // of the episode; From is the admission where its start is not recorded
	Group, Diagnosis, Provider string // "" is not recorded, or not covered by the access
	Matches, Duplicate, Died   bool
}

// Patient returns one patient that the person was shown. q.Where and q.Columns
// are used of q. spell, if given, is the id of a spell from Spells: only its
// episodes match. list, if given, is the list that the patient was opened from.
func (w *Warehouse) Patient(ctx context.Context, acc policy.Access, q query.Query, id, spell string, list *List, from Client) (*Life, error) {
	q = query.Query{Where: q.Where, Columns: q.Columns, Limit: query.MaxLimit, Counts: true}
	out := &Life{}
	beside := func(ctx context.Context, got *asked) error {
		n, err := got.keys.unseal(patientID, id, 0)
		if err != nil {
			return err
		}
		who := driver.PersonID(n)
		var few []driver.PersonID
		if got.raw.Episodes <= MaxSummed {
			few = append(few, who)
		}
		l, err := w.lives(ctx, acc, got, []driver.PersonID{who}, few)
		if err != nil {
			return err
		}
		if err := w.bars(ctx, got, l, who, out); err != nil {
			return err
		}
		if err := w.onPage(ctx, acc, got, list, who, out); err != nil {
			return err
		}
		out.Fields, out.Person = l.fields, Person{TooMany: len(few) == 0}
		if len(few) > 0 {
			out.Person = l.person(who)
		}
		days := map[driver.RowID]string{}
		for _, r := range l.rows[who] {
			days[r.id] = at(r.cells, l.admit)
		}
		for _, r := range got.raw.Rows {
			out.Admitted = append(out.Admitted, l.moment(who, hes.AdmissionDate, days[r.ID]))
		}
		return nil
	}
	words := "one patient"
	if spell != "" {
		words = "one stay of one patient"
	}
	got, err := w.ask(ctx, acc, asking{kind: "patient", query: q, scope: policy.Scope{OnePerson: true}, patient: id, spell: spell, client: from, words: words}, beside)
	if err != nil {
		return nil, err
	}
	out.Answer = w.answer(acc, q, got)
	return out, nil
}

// onPage finds the patients beside one on the page of a list. It tells nothing
// that the page did not: a list that the access does not cover, and a page that
// was not this person's, have no neighbours. The list has a guard of its own: that
// of an exception, which is for one patient, would let everybody's at the trust in.
func (w *Warehouse) onPage(ctx context.Context, acc policy.Access, got *asked, list *List, who driver.PersonID, out *Life) error {
	if list == nil || list.Query.Unit != query.Patients || list.Query.Validate(w.o.Dictionary) != nil {
		return nil
	}
	guard, err := acc.Narrow(list.Query, policy.Scope{}, got.facts.Over(), w.o.Dictionary, w.o.Now())
	if err != nil {
		return nil
	}
	plan := driver.NewPlan(query.Query{Unit: query.Patients, Where: list.Query.Where, Sort: list.Query.Sort, Limit: list.Query.Limit})
	plan.Guard = guard
	page := *got
	page.bind = bind(list.Query)
	if err := page.place(&plan, asking{after: list.Page.After, before: list.Page.Before}); err != nil {
		return nil
	}
	a, err := got.engine.Ask(ctx, plan)
	if err != nil {
		return w.failed(ctx, err)
	}
	at := slices.IndexFunc(a.Rows, func(r driver.Row) bool { return r.Person == who })
	if at < 0 {
		return nil
	}
	if at > 0 {
		out.Previous = got.keys.seal(patientID, uint32(a.Rows[at-1].Person), 0)
	}
	if at+1 < len(a.Rows) {
		out.Next = got.keys.seal(patientID, uint32(a.Rows[at+1].Person), 0)
	}
	return nil
}

// bars asks for the person's episodes that the access covers. A person of whom it
// covers none is like one who does not exist.
func (w *Warehouse) bars(ctx context.Context, got *asked, l *lives, who driver.PersonID, out *Life) error {
	names := []string{hes.AdmissionDate, "EPISTART", "EPIEND", "CONDITION_GROUP", hes.MainDiagnosis, "PROCODE3", "DUPLICATE", "DISMETH"}
	plan := driver.NewPlan(query.Query{Columns: append(slices.Clone(names), hes.PersonField), Limit: query.MaxLimit, Counts: true,
		Facets: []query.Facet{{Field: hes.AdmissionDate}}})
	plan.Guard, plan.People = got.guard, []driver.PersonID{who}
	a, err := got.engine.Ask(ctx, plan)
	if err != nil {
		return w.failed(ctx, err)
	}
	if len(a.Rows) == 0 {
		return fault.New(fault.NotFound, "There is no such patient, or it is not one that you may see.")
	}
	if days := a.Facets[0].Values; len(days) > 0 {
		l.begins(who, days[0].Value)
	}
	key := a.Rows[0].Values[len(names)]
	out.Patient, got.people = got.keys.pseudonym(key), append(got.people, key)
	out.All, out.Whole = l.acc.Protect(a.Episodes), !a.More
	matching := map[driver.RowID]bool{} // the newest of each are enough: the bars are the newest of all
	for _, r := range got.raw.Rows {
		matching[r.ID] = true
	}
	for _, r := range a.Rows {
		text := func(i int) string {
			if !l.covers(names[i]) {
				return ""
			}
			return r.Values[i]
		}
		b := Bar{ID: got.keys.seal(episodeID, uint32(r.ID), 0), From: l.moment(who, names[1], r.Values[1]), To: l.moment(who, names[2], r.Values[2]), Matches: matching[r.ID],
			Group: text(3), Diagnosis: text(4), Provider: text(5), Duplicate: text(6) == "1", Died: text(7) == "4"}
		if !b.From.Recorded {
			b.From = l.moment(who, names[0], r.Values[0])
		}
		out.Bars = append(out.Bars, b)
		if !b.Matches {
			got.beside++ // the others are in the list
		}
	}
	return nil
}
