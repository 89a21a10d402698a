package web_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// This file says what a page of a state must show. Numbers come from looking at
// every row in turn; totals, order and pages from the readable engine, too.

// truth is what is so in a state for somebody.
type truth struct {
	r        *realRelease
	s        state
	matching []int            // rows
	missing  map[string][]int // of each filter the rows that meet all others but not it
	lines    []driver.Row     // all lines of the list, in order
	episodes int
	patients int
	spells   int
}

// guard says which rows somebody may see: a clinician those at the own provider of
// patients whom the team treated there in the years of the agreement.
func (r *realRelease) guard(role policy.Role, row int) bool {
	rec := r.rows[row]
	if !slices.Contains(r.agreement(time.Time{}).Years, rec["FYEAR"]) {
		return false
	}
	return role != policy.Clinician || rec["PROCODE3"] == r.team && r.treated[rec[hes.PersonField]]
}

func (r *realRelease) guardExpr(role policy.Role) query.Expr {
	out := query.And{query.In{Field: "FYEAR", Values: r.agreement(time.Time{}).Years}}
	if role == policy.Clinician {
		var keys []string
		for key := range r.treated {
			keys = append(keys, key)
		}
		out = append(out, query.In{Field: "PROCODE3", Values: []string{r.team}}, query.In{Field: hes.PersonField, Values: keys})
	}
	return out
}

func (w *walker) truth(role policy.Role, s state) truth {
	t := truth{r: w.r, s: s, missing: map[string][]int{}}
	people, spells := map[string]bool{}, map[string]bool{}
	for row := range w.r.rows {
		if !w.r.guard(role, row) || !w.r.meets(row, s.ifs) {
			continue
		}
		failed := ""
		fails := 0
		for _, o := range s.wishes {
			if !w.r.holds(row, s, o) {
				failed = o.key
				if fails++; fails > 1 {
					break
				}
			}
		}
		switch fails {
		case 0:
			t.matching = append(t.matching, row)
			if p := w.r.rows[row][hes.PersonField]; p != "" {
				people[p] = true
			}
			if n := w.r.rows[row][hes.SpellField]; n != "" {
				spells[n] = true
			}
		case 1:
			t.missing[failed] = append(t.missing[failed], row)
		}
	}
	t.episodes, t.patients, t.spells = len(t.matching), len(people), len(spells)
	q := query.Query{Where: s.where(), Limit: len(w.r.rows) + 1, Counts: true, Columns: []string{"EPIKEY", "STARTAGE"}}
	q.Unit = map[string]query.Unit{"spells": query.Spells, "patients": query.Patients}[s.unit]
	for _, key := range s.sort {
		name, down := strings.CutPrefix(key, "-")
		q.Sort = append(q.Sort, query.Sort{Field: name, Desc: down})
	}
	plan := driver.NewPlan(q)
	plan.Guard = w.r.guardExpr(role)
	a, err := w.r.oracle.Ask(w.r.t.Context(), plan)
	if err != nil {
		w.r.t.Fatal(err)
	}
	if a.Episodes != t.episodes || a.Patients != t.patients || a.Spells != t.spells {
		w.r.t.Fatalf("the readable engine has %d episodes, %d patients and %d spells, and looking at each row %d, %d and %d", a.Episodes, a.Patients, a.Spells, t.episodes, t.patients, t.spells)
	}
	t.lines = a.Rows
	return t
}

// rowsOf returns the rows that somebody has in a state.
func (r *realRelease) rowsOf(role policy.Role, s state) []int {
	var out []int
	for row := range r.rows {
		if r.guard(role, row) && r.meets(row, s.ifs) && !slices.ContainsFunc(s.wishes, func(w wish) bool { return !r.holds(row, s, w) }) {
			out = append(out, row)
		}
	}
	return out
}

// under returns the rows that a filter's values are counted over: those that
// meet all the others.
func (t truth) under(key string) []int {
	return slices.Concat(t.matching, t.missing[key])
}

// count is how many episodes there would be with one value or span of a filter
// chosen, as a form sends it.
func (t truth) count(c control, value string) int {
	w := wish{control: c, values: []string{value}}
	if (c.kind == query.Dates || c.kind == query.Numbers) && value != "" {
		from, to, ok := strings.Cut(value, "..")
		if !ok {
			to = from
		}
		w.values, w.spans = nil, [][2]string{{from, to}}
	}
	n := 0
	for _, row := range t.under(c.key) {
		if t.r.holds(row, t.s, w) {
			n++
		}
	}
	return n
}

// tally is the episodes that have each value of a field, by its first bytes.
func (t truth) tally(key, field string, chars int) map[string]int {
	out := map[string]int{}
	for _, row := range t.under(key) {
		seen := map[string]bool{}
		values := t.r.values(row, field)
		if len(values) == 0 {
			out[""]++
		}
		for _, v := range values {
			if head := query.Head(v, chars); !seen[head] {
				seen[head] = true
				out[head]++
			}
		}
	}
	return out
}

// size is how many lines the list has.
func (t truth) size() int {
	switch t.s.unit {
	case "patients":
		return t.patients
	case "spells":
		return t.spells
	}
	return t.episodes
}

// words is the date as pages write it.
func words(iso string) string {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return d.Format("2 Jan 2006")
}

func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return grouped(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
