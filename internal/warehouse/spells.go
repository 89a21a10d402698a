package warehouse

import (
	"context"
	"slices"
	"strconv"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/rollup"
	"webenablehes/internal/warehouse/driver"
)

// Spells is a page of provider spells, one line each.
type Spells struct {
	*Answer         // Values of its Rows are those of the spell, by rule S4
	Lines   []Spell // of Rows, one for one
}

// Spell is what a line tells of a spell beside its values: over all of its
// episodes that the access covers, whether they match or not.
type Spell struct {
	ID       string       // for Patient
	First    string       // id of the first episode
	Episodes policy.Count // the matching ones are Row.Episodes
}

// maxSpells is how many episodes the spells of a page may have together.
const maxSpells = 50_000

// Spells answers a question about spells with a page of their lines. q.Unit is
// query.Spells.
func (w *Warehouse) Spells(ctx context.Context, acc policy.Access, q query.Query, page Page, from Client) (*Spells, error) {
	if q.Unit != query.Spells {
		return nil, fault.New(fault.Internal, "lines of spells are asked for by spell")
	}
	out := &Spells{}
	sum := func(ctx context.Context, got *asked) error { return w.sumSpells(ctx, acc, got, q.Columns, out) }
	got, err := w.ask(ctx, acc, asking{kind: "view", query: q, after: page.After, before: page.Before, client: from}, sum)
	if err != nil {
		return nil, err
	}
	out.Answer = w.answer(acc, q, got)
	return out, nil
}

// sumSpells puts the values of the whole spells, as far as the access covers
// them, in place of those of their first matching rows. It is part of the question
// that got answers.
func (w *Warehouse) sumSpells(ctx context.Context, acc policy.Access, got *asked, shown []string, out *Spells) error {
	lines := got.raw.Rows
	if len(lines) == 0 {
		return nil
	}
	columns := slices.Clone(shown)
	cell := func(name string) int {
		if i := slices.Index(columns, name); i >= 0 {
			return i
		}
		columns = append(columns, name)
		return len(columns) - 1
	}
	number, order := cell(hes.SpellField), rollup.NewOrder(cell) // what the release does not hold no row has
	var numbers []string
	plan := driver.NewPlan(query.Query{Columns: columns, Limit: maxSpells})
	plan.Guard = got.guard
	for _, r := range lines {
		numbers = append(numbers, r.Values[len(shown)+1])
		if !slices.Contains(plan.People, r.Person) {
			plan.People = append(plan.People, r.Person) // a spell is of one person
		}
	}
	plan.Where = query.In{Field: hes.SpellField, Values: numbers}
	a, err := got.engine.Ask(ctx, plan)
	if err != nil {
		return w.failed(ctx, err)
	}
	if a.More {
		return fault.New(fault.Unavailable, "The stays of this page have too many episodes to be summed up. Add a filter and try again.")
	}
	got.used = len(a.Rows)
	episodes := map[string][][]string{}
	for _, r := range a.Rows {
		n := r.Values[number]
		episodes[n] = append(episodes[n], append(slices.Clip(r.Values), strconv.Itoa(int(r.ID))))
	}
	for i, n := range numbers {
		spell := order.Spell(episodes[n])
		for j, name := range shown {
			lines[i].Values[j] = spell.Value(rollup.PickOf(name), j)
		}
		first := spell.First()
		row, _ := strconv.Atoi(first[len(first)-1])
		line := Spell{First: got.keys.seal(episodeID, uint32(row), 0), Episodes: acc.Protect(spell.Len())}
		if id, err := strconv.ParseUint(n, 10, 32); err == nil {
			line.ID = got.keys.seal(spellID, uint32(id), 0)
		}
		out.Lines = append(out.Lines, line)
	}
	return nil
}
