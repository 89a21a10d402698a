// Package memory is the engine that one can read: the specification of what
// every engine must answer, the oracle that the others are compared with, and
// what tests of pages run on. It keeps the records of a release as they are and
// loops over all of them for each question.
package memory

import (
	"context"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Engine answers questions about records in memory.
type Engine struct {
	dict    *hes.Dictionary
	columns []hes.Field
	rows    []driver.Record   // in release order; the index is the RowID
	person  []driver.PersonID // of each row
	persons int
}

// New puts records into release order and numbers rows and persons. columns
// are the fields that the records may hold, slots one by one.
func New(dict *hes.Dictionary, columns []hes.Field, records []driver.Record) *Engine {
	e := &Engine{dict: dict, columns: columns, rows: slices.Clone(records)}
	slices.SortStableFunc(e.rows, func(a, b driver.Record) int {
		if c := driver.Compare(orderKeys(a), orderKeys(b)); c != 0 {
			return c
		}
		return strings.Compare(e.content(a), e.content(b))
	})
	seen := map[string]driver.PersonID{}
	for _, r := range e.rows {
		key := r[hes.PersonField]
		if key == "" {
			e.person = append(e.person, driver.NoPerson)
			continue
		}
		id, ok := seen[key]
		if !ok {
			id = driver.PersonID(len(seen))
			seen[key] = id
		}
		e.person = append(e.person, id)
	}
	e.persons = len(seen)
	return e
}

func orderKeys(r driver.Record) []string {
	var out []string
	for _, k := range driver.OrderKeys() {
		out = append(out, r[k])
	}
	return out
}

// content is the bytes of a whole record: all columns in order, each followed
// by a NUL byte.
func (e *Engine) content(r driver.Record) string {
	var b strings.Builder
	for _, f := range e.columns {
		b.WriteString(r[f.Name])
		b.WriteByte(0)
	}
	return b.String()
}

// Info describes the release.
func (e *Engine) Info() driver.Info {
	return driver.Info{Rows: len(e.rows), Persons: e.persons, Columns: driver.Held(e.columns)}
}

// Close does nothing.
func (e *Engine) Close() error { return nil }

// Ask answers a plan.
func (e *Engine) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, mark := range [...]driver.RowID{p.After, p.Before, p.Row} {
		if mark != driver.NoRow && int(mark) >= len(e.rows) {
			return nil, fault.New(fault.Invalid, "There is no such row in this release.")
		}
	}
	a := &driver.Answer{}
	matching := e.match(p, query.Both(p.Guard, p.Where))
	if p.Counts {
		a.Episodes, a.Patients, a.Spells = len(matching), e.distinct(matching), e.spells(matching)
	}
	if p.Misses {
		parts := p.Parts()
		for i := range parts {
			others := query.And(slices.Delete(slices.Clone(parts), i, i+1))
			a.Misses = append(a.Misses, len(e.match(p, query.Both(p.Guard, others))))
		}
	}
	for _, f := range p.Facets {
		leave := f.Leave
		if len(leave) == 0 {
			leave = []string{f.Field}
		}
		rows := e.match(p, query.Both(p.Guard, query.Both(query.Without(p.Where, leave), f.Where)))
		a.Facets = append(a.Facets, e.facet(rows, f))
	}
	for _, t := range p.Tables {
		rows := e.match(p, query.Both(p.Guard, query.Without(p.Where, query.Free(t))))
		a.Tables = append(a.Tables, e.groups(rows, t))
	}
	if p.Limit > 0 {
		if p.Unit == query.Episodes {
			e.page(a, p, matching)
		} else {
			e.lines(a, p, matching)
		}
	}
	return a, nil
}

// match returns the rows that meet a condition and the plan's restrictions.
func (e *Engine) match(p driver.Plan, where query.Expr) []driver.RowID {
	var out []driver.RowID
	for i, r := range e.rows {
		id := driver.RowID(i)
		if p.Row != driver.NoRow && p.Row != id || p.People != nil && !slices.Contains(p.People, e.person[i]) {
			continue
		}
		if where == nil || e.holds(r, where) {
			out = append(out, id)
		}
	}
	return out
}

func (e *Engine) distinct(rows []driver.RowID) int {
	seen := map[driver.PersonID]bool{}
	for _, id := range rows {
		if p := e.person[id]; p != driver.NoPerson {
			seen[p] = true
		}
	}
	return len(seen)
}

func (e *Engine) spells(rows []driver.RowID) int {
	seen := map[string]bool{}
	for _, id := range rows {
		if n := e.rows[id][hes.SpellField]; n != "" {
			seen[n] = true
		}
	}
	return len(seen)
}

// values returns what a field holds in a record: for a family its filled slots.
// A missing field gives none.
func (e *Engine) values(r driver.Record, name string) []string {
	f, _ := e.dict.Field(name)
	if !f.List() {
		if v := r[f.Name]; v != "" {
			return []string{v}
		}
		return nil
	}
	var out []string
	for slot := f.First; slot <= f.Slots; slot++ {
		if v := r[f.SlotName(slot)]; v != "" {
			out = append(out, v)
		}
	}
	return out
}

// holds says whether a record meets a condition.
func (e *Engine) holds(r driver.Record, x query.Expr) bool {
	any := func(field string, test func(string) bool) bool {
		return slices.ContainsFunc(e.values(r, field), test)
	}
	switch x := x.(type) {
	case query.And:
		for _, part := range x {
			if !e.holds(r, part) {
				return false
			}
		}
		return true
	case query.Or:
		return slices.ContainsFunc(x, func(part query.Expr) bool { return e.holds(r, part) })
	case query.Not:
		return !e.holds(r, x.Of)
	case query.Whose:
		return r[hes.PersonField] != "" && slices.ContainsFunc(e.rows, func(o driver.Record) bool {
			return o[hes.PersonField] == r[hes.PersonField] && e.holds(o, x.Of)
		})
	case query.In:
		if slices.Contains(x.Values, "") && len(e.values(r, x.Field)) == 0 {
			return true
		}
		return any(x.Field, func(v string) bool { return slices.Contains(x.Values, v) })
	case query.Prefix:
		return any(x.Field, func(v string) bool {
			return slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(v, p) })
		})
	case query.Range:
		f, _ := e.dict.Field(x.Field)
		return any(x.Field, func(v string) bool {
			return (x.From == "" || query.Compare(f.Type, v, x.From) >= 0) && (x.To == "" || query.Compare(f.Type, v, x.To) <= 0)
		})
	case query.Missing:
		return len(e.values(r, x.Field)) == 0
	}
	return false // query.Never
}
