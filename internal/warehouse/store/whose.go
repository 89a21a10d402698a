package store

import (
	"context"
	"slices"
	"sync"

	"webenablehes/internal/query"
)

// The persons whom a row rule is about are asked for with every question of
// everybody who stands under it, and a release never changes: so they are found
// once and kept.

// mostTeams is how many rules are kept; 1.6 MB each at 13 million persons.
const mostTeams = 32

// teams keeps the persons of row rules, those used last at the end.
type teams struct {
	lock  sync.Mutex
	rules []string
	of    map[string]bitmap // by rule; a bit for each person. Never changed
}

func (t *teams) get(rule string) bitmap {
	t.lock.Lock()
	defer t.lock.Unlock()
	who, ok := t.of[rule]
	if ok {
		t.rules = append(slices.DeleteFunc(t.rules, func(r string) bool { return r == rule }), rule)
	}
	return who
}

func (t *teams) keep(rule string, who bitmap) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if _, ok := t.of[rule]; ok {
		return
	}
	if t.of == nil {
		t.of = map[string]bitmap{}
	}
	if len(t.rules) == mostTeams {
		delete(t.of, t.rules[0])
		t.rules = t.rules[1:]
	}
	t.rules, t.of[rule] = append(t.rules, rule), who
}

// whose returns the persons one of whose rows meets a condition.
func (s *Store) whose(ctx context.Context, e query.Whose) (bitmap, error) {
	rule := query.Format(e.Of)
	if who := s.teams.get(rule); who != nil {
		return who, nil
	}
	rows, err := s.match(ctx, e.Of)
	if err != nil {
		return nil, err
	}
	who := s.personsOf(rows)
	s.teams.keep(rule, who)
	return who, nil
}

// matchWhose returns all rows of those persons.
func (s *Store) matchWhose(ctx context.Context, e query.Whose) (bitmap, error) {
	who, err := s.whose(ctx, e)
	if err != nil {
		return nil, err
	}
	out := s.empty()
	who.each(func(p int) bool {
		for _, row := range s.list[s.starts[p]:s.starts[p+1]] {
			out.set(int(row))
		}
		return true
	})
	return out, ctx.Err()
}

// personsOf returns the persons of rows, a bit for each.
func (s *Store) personsOf(rows bitmap) bitmap {
	seen := make(bitmap, (s.persons+63)/64)
	if s.person == nil {
		return seen
	}
	rows.each(func(row int) bool {
		if p := s.person[row]; int(p) < s.persons {
			seen.set(int(p))
		}
		return true
	})
	return seen
}
