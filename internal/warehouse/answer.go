package warehouse

import (
	"context"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Page says which page of an answer is wanted; the zero Page is the first one.
// At most one of the two ids, which come from an earlier Answer, is given.
type Page struct{ After, Before string }

// Answer is what a question gave, ready to be shown.
type Answer struct {
	Release  Facts
	Columns  []hes.Field
	Rows     []Row
	From, To policy.Count // positions of the first and last row of the page, from 1
	After    string       // id of the next page; "" if this is the last
	Before   string       // id of the page before; "" if this is the first
	Episodes policy.Count
	Spells   policy.Count
	Patients policy.Count
	Misses   []policy.Count // for each of query.Query.Parts the episodes that there would be without it
	Facets   []Facet        // as asked for
	Tables   []Cells        // as asked for
}

// Row is one line: an episode, or a patient with the latest matching episode.
type Row struct {
	ID        string   // id of the episode
	Patient   string   // pseudonym, "9XM WZR"; "" if the episode has no person key
	PatientID string   // id of the patient; "" likewise
	Values    []string // as Answer.Columns; "" is not recorded
	// For one episode only, and only if the release holds it.
	Raw    []string // as Values: the text as delivered where the load changed it, else ""
	Origin string   // "file:line" that the episode was read from
	// For patients and spells only: over the matching episodes.
	Episodes    policy.Count
	First, Last string // admission dates; "" if the access covers none
}

// Facet is the counts of one field's values.
type Facet struct {
	Field    hes.Field
	Values   []Value
	Missing  policy.Count
	Distinct policy.Count // how many values there are
}

// Value is one value of a facet and its episodes.
type Value struct {
	Value string
	Count policy.Count
}

// Cells are those of a table that are not zero, sorted by their keys with missing
// ones last.
type Cells []Cell

// Cell is one cell of a table.
type Cell struct {
	Keys     []string // one for each dimension; "" is not recorded
	Episodes policy.Count
	Patients policy.Count
}

// Explore answers a question with a page of rows, totals and facets.
func (w *Warehouse) Explore(ctx context.Context, acc policy.Access, q query.Query, page Page, from Client) (*Answer, error) {
	got, err := w.ask(ctx, acc, asking{kind: "view", query: q, after: page.After, before: page.Before, client: from}, nil)
	if err != nil {
		return nil, err
	}
	return w.answer(acc, q, got), nil
}

// Tabulate answers a question that asks for counts only, for a file. what says of
// what, in the access record.
func (w *Warehouse) Tabulate(ctx context.Context, acc policy.Access, q query.Query, what string, from Client) (*Answer, error) {
	if q.Limit > 0 {
		return nil, fault.New(fault.Invalid, "A file of counts holds no rows.")
	}
	got, err := w.ask(ctx, acc, asking{kind: "file", query: q, client: from, words: what}, nil)
	if err != nil {
		return nil, err
	}
	return w.answer(acc, q, got), nil
}

func (w *Warehouse) answer(acc policy.Access, q query.Query, got *asked) *Answer {
	raw := got.raw
	a := &Answer{Release: got.facts, Columns: w.fields(q.Columns),
		Episodes: acc.Protect(raw.Episodes), Spells: acc.Protect(raw.Spells), Patients: acc.Protect(raw.Patients)}
	for _, n := range raw.Misses {
		a.Misses = append(a.Misses, acc.Protect(n))
	}
	for _, r := range raw.Rows {
		a.Rows = append(a.Rows, got.row(acc, r, len(q.Columns)))
	}
	if n := len(raw.Rows); n > 0 {
		a.From, a.To = acc.Protect(raw.Offset+1), acc.Protect(raw.Offset+n)
		if raw.More {
			a.After = got.keys.seal(afterID, uint32(raw.Rows[n-1].ID), got.bind)
		}
		if raw.Offset > 0 {
			a.Before = got.keys.seal(beforeID, uint32(raw.Rows[0].ID), got.bind)
		}
	}
	for i, f := range raw.Facets {
		field, _ := w.o.Dictionary.Field(q.Facets[i].Field)
		out := Facet{Field: field, Missing: acc.Protect(f.Missing), Distinct: acc.Protect(f.Distinct)}
		for _, v := range f.Values {
			out.Values = append(out.Values, Value{Value: v.Value, Count: acc.Protect(v.Count)})
		}
		a.Facets = append(a.Facets, out)
	}
	for _, t := range raw.Tables {
		out := make(Cells, len(t))
		for i, c := range t {
			out[i] = Cell{Keys: c.Keys, Episodes: acc.Protect(c.Episodes), Patients: acc.Protect(c.Patients)}
		}
		a.Tables = append(a.Tables, out)
	}
	return a
}

func (w *Warehouse) fields(names []string) []hes.Field {
	out := make([]hes.Field, len(names))
	for i, n := range names {
		out[i], _ = w.o.Dictionary.Field(n)
	}
	return out
}

// row turns an engine's row, whose last value is the person key, into what may
// be shown.
func (o *asked) row(acc policy.Access, r driver.Row, columns int) Row {
	out := Row{ID: o.keys.seal(episodeID, uint32(r.ID), 0), Values: r.Values[:columns:columns],
		Origin: baseName(r.Origin), Episodes: acc.Protect(r.Episodes)}
	if o.dates {
		out.First, out.Last = r.First, r.Last
	}
	if len(r.Raw) >= columns {
		out.Raw = r.Raw[:columns:columns] // not the person key's, which is the last
	}
	if r.Person != driver.NoPerson {
		out.PatientID = o.keys.seal(patientID, uint32(r.Person), 0)
		out.Patient = o.keys.pseudonym(r.Values[columns])
	}
	return out
}

// covered returns the fields that a release holds and an access covers, slot by
// slot.
func (w *Warehouse) covered(acc policy.Access, facts Facts) []string {
	var out []string
	for _, name := range facts.Columns {
		f, ok := w.o.Dictionary.Field(name)
		if !ok || !acc.Covers(f, facts.Over()) {
			continue
		}
		if !f.List() {
			out = append(out, f.Name)
		}
		for slot := 1; slot <= f.Slots; slot++ {
			out = append(out, f.SlotName(slot))
		}
	}
	return out
}

// Covered returns the fields that may be chosen as columns: what the current
// release holds and the access covers, families slot by slot.
func (w *Warehouse) Covered(ctx context.Context, acc policy.Access) ([]hes.Field, error) {
	facts, err := w.Facts(ctx)
	if err != nil {
		return nil, err
	}
	return w.fields(w.covered(acc, facts)), nil
}
