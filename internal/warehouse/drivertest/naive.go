package drivertest

import (
	"context"
	"fmt"
	"math/big"
	"sort"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// naive answers plans a second way, so that package memory is tested too. It
// shares no code with memory, nor the helpers of driver and query that memory
// uses, but for query.Walk: it counts by scanning, compares numbers as fractions
// and days as times, and reads slots from the names that a record holds.
type naive struct {
	f      Fixture
	rows   []driver.Record // in release order
	person []string        // keys, in order of first appearance
}

func newNaive(f Fixture) *naive {
	n := &naive{f: f, rows: append([]driver.Record(nil), f.Records...)}
	sort.SliceStable(n.rows, func(i, j int) bool {
		a, b := n.rows[i], n.rows[j]
		if x, y := a["ADMIDATE"], b["ADMIDATE"]; x != y {
			return y == "" || x != "" && x > y
		}
		for _, key := range []string{"EPIKEY", "FYEAR", "PROCODE3"} {
			if x, y := a[key], b[key]; x != y {
				return y == "" || x != "" && x < y
			}
		}
		for _, c := range f.Columns { // a NUL byte ends each value, and no value holds one
			if x, y := a[c.Name], b[c.Name]; x != y {
				return x+"\x00" < y+"\x00"
			}
		}
		return false
	})
	for _, r := range n.rows {
		if key := r["TOKEN_PERSON_ID"]; key != "" && place(n.person, key) < 0 {
			n.person = append(n.person, key)
		}
	}
	return n
}

// place returns where a text stands in a list; -1 if it is not there.
func place(in []string, s string) int {
	for i, x := range in {
		if x == s {
			return i
		}
	}
	return -1
}

// names says how people name the fixture's rows and persons.
func (n *naive) names() names {
	out := names{row: map[string]driver.RowID{}, person: map[string]driver.PersonID{}}
	for i, r := range n.rows {
		out.row[r["EPIKEY"]] = driver.RowID(i)
	}
	for i, key := range n.person {
		out.person[key] = driver.PersonID(i)
	}
	return out
}

// Info describes the release.
func (n *naive) Info() driver.Info {
	info := driver.Info{Rows: len(n.rows), Persons: len(n.person)}
	for _, c := range n.f.Columns {
		name := c.Name
		if c.Family != "" {
			name = c.Family
		}
		if place(info.Columns, name) < 0 {
			info.Columns = append(info.Columns, name)
		}
	}
	return info
}

// Close does nothing.
func (n *naive) Close() error { return nil }

// slots returns a field's values in a record by slot number; a plain field has
// the slot 0 only.
func (n *naive) slots(r driver.Record, field string) map[int]string {
	out := map[int]string{}
	whole, first := field, 0
	if at := strings.Index(field, "_02_nn"); at > 0 {
		whole, first = field[:at]+"_nn", 2
	}
	for name, v := range r {
		if name == field {
			return map[int]string{0: v}
		}
		if f, _ := n.f.Dictionary.Field(name); f.Family == whole && f.Slot >= first {
			out[f.Slot] = v
		}
	}
	return out
}

func (n *naive) typ(field string) hes.Type {
	f, _ := n.f.Dictionary.Field(field)
	return f.Type
}

// less compares two recorded values.
func less(t hes.Type, a, b string) bool {
	switch t {
	case hes.Int, hes.Decimal:
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		return x.Cmp(y) < 0
	case hes.Date:
		x, errX := time.Parse(time.DateOnly, a)
		y, errY := time.Parse(time.DateOnly, b)
		if errX == nil && errY == nil {
			return x.Before(y)
		}
	}
	return a < b
}

// holds says whether a record meets a condition.
func (n *naive) holds(r driver.Record, e query.Expr) bool {
	met := func(field string, test func(v string) bool) bool {
		for _, v := range n.slots(r, field) {
			if test(v) {
				return true
			}
		}
		return false
	}
	switch e := e.(type) {
	case nil:
		return true
	case query.And:
		failed := 0
		for _, p := range e {
			if !n.holds(r, p) {
				failed++
			}
		}
		return failed == 0
	case query.Or:
		held := 0
		for _, p := range e {
			if n.holds(r, p) {
				held++
			}
		}
		return held > 0
	case query.Not:
		return !n.holds(r, e.Of)
	case query.Whose:
		met := 0
		for _, other := range n.rows {
			if who := other["TOKEN_PERSON_ID"]; who != "" && who == r["TOKEN_PERSON_ID"] && n.holds(other, e.Of) {
				met++
			}
		}
		return met > 0
	case query.Missing:
		return len(n.slots(r, e.Field)) == 0
	case query.In:
		for _, want := range e.Values {
			if want == "" && len(n.slots(r, e.Field)) == 0 || met(e.Field, func(v string) bool { return v == want }) {
				return true
			}
		}
	case query.Prefix:
		for _, want := range e.Prefixes {
			if met(e.Field, func(v string) bool { return len(v) >= len(want) && v[:len(want)] == want }) {
				return true
			}
		}
	case query.Range:
		t := n.typ(e.Field)
		return met(e.Field, func(v string) bool {
			below := e.From != "" && less(t, v, e.From)
			above := e.To != "" && less(t, e.To, v)
			return !below && !above
		})
	}
	return false
}

// left returns a condition without the top-level parts that name only the
// fields given.
func left(e query.Expr, fields []string) query.Expr {
	and, ok := e.(query.And)
	if !ok {
		and = query.And{e}
	}
	var out query.And
	for _, p := range and {
		mine, others := 0, 0
		name := func(field string) {
			if place(fields, field) >= 0 {
				mine++
			} else {
				others++
			}
		}
		query.Walk(p, func(x query.Expr) {
			switch x := x.(type) {
			case query.In:
				name(x.Field)
			case query.Prefix:
				name(x.Field)
			case query.Range:
				name(x.Field)
			case query.Missing:
				name(x.Field)
			}
		})
		_, group := p.(query.And)
		if group || mine == 0 || others > 0 {
			out = append(out, p)
		}
	}
	return out
}

// Ask answers a plan.
func (n *naive) Ask(ctx context.Context, p driver.Plan) (*driver.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, mark := range []driver.RowID{p.After, p.Before, p.Row} {
		if mark != driver.NoRow && int(mark) >= len(n.rows) {
			return nil, fmt.Errorf("no such row")
		}
	}
	rows := n.find(p, p.Where)
	a := &driver.Answer{}
	if p.Counts {
		a.Episodes, a.Patients, a.Spells = len(rows), n.different(rows, "TOKEN_PERSON_ID"), n.different(rows, "PROVIDER_SPELL")
	}
	if p.Misses {
		a.Misses = n.misses(p)
	}
	for _, f := range p.Facets {
		leave := f.Leave
		if len(leave) == 0 {
			leave = []string{f.Field}
		}
		var rows []int
		for _, i := range n.find(p, left(p.Where, leave)) {
			if n.holds(n.rows[i], f.Where) {
				rows = append(rows, i)
			}
		}
		a.Facets = append(a.Facets, n.facet(rows, f))
	}
	for _, t := range p.Tables {
		var free []string
		for _, dimension := range t {
			if dimension.Free {
				free = append(free, dimension.Field)
			}
		}
		a.Tables = append(a.Tables, n.table(n.find(p, left(p.Where, free)), t))
	}
	if p.Limit > 0 {
		n.page(a, p, rows)
	}
	return a, nil
}

func (n *naive) find(p driver.Plan, where query.Expr) []int {
	var out []int
	for i, r := range n.rows {
		wanted := p.Row == driver.NoRow || int(p.Row) == i
		theirs := p.People == nil
		for _, who := range p.People {
			theirs = theirs || int(who) < len(n.person) && r["TOKEN_PERSON_ID"] == n.person[who]
		}
		if wanted && theirs && n.holds(r, p.Guard) && n.holds(r, where) {
			out = append(out, i)
		}
	}
	return out
}

// different counts the values of a field that rows hold.
func (n *naive) different(rows []int, field string) int {
	var seen []string
	for _, i := range rows {
		if key := n.rows[i][field]; key != "" && place(seen, key) < 0 {
			seen = append(seen, key)
		}
	}
	return len(seen)
}

// misses counts, for each part of the condition, the rows that fail no other.
func (n *naive) misses(p driver.Plan) []int {
	var parts []query.Expr
	if and, ok := p.Where.(query.And); ok {
		parts = and
	} else if p.Where != nil {
		parts = append(parts, p.Where)
	}
	var out []int
	for range parts {
		out = append(out, 0)
	}
	for _, row := range n.find(p, nil) {
		var failed []int
		for i, part := range parts {
			if !n.holds(n.rows[row], part) {
				failed = append(failed, i)
			}
		}
		for i := range out {
			if len(failed) == 0 || len(failed) == 1 && failed[0] == i {
				out[i]++
			}
		}
	}
	return out
}

// start returns the beginning of a value.
func start(v string, chars int) string {
	if chars > 0 && len(v) > chars {
		return v[:chars]
	}
	return v
}

func (n *naive) facet(rows []int, f query.Facet) driver.FacetCounts {
	var out driver.FacetCounts
	count := map[string]int{}
	for _, i := range rows {
		slots := n.slots(n.rows[i], f.Field)
		if len(slots) == 0 {
			out.Missing++
		}
		once := map[string]bool{}
		for _, v := range slots {
			under := len(f.Under) == 0
			for _, u := range f.Under {
				under = under || start(v, len(u)) == u
			}
			counted := start(v, f.Chars)
			if len(f.Bundles) > 0 {
				counted, under = bundle(f.Bundles, v, under)
			}
			if under {
				once[counted] = true
			}
		}
		for v := range once {
			count[v]++
		}
	}
	out.Distinct = len(count)
	t := n.typ(f.Field)
	for v, c := range count {
		before := 0 // values that the limit prefers
		for w, d := range count {
			if d > c || d == c && less(t, w, v) {
				before++
			}
		}
		if f.Limit == 0 || before < f.Limit {
			out.Values = append(out.Values, driver.ValueCount{Value: v, Count: c})
		}
	}
	sort.Slice(out.Values, func(i, j int) bool {
		a, b := out.Values[i], out.Values[j]
		if f.Limit > 0 && a.Count != b.Count {
			return a.Count > b.Count
		}
		return less(t, a.Value, b.Value)
	})
	top := len(out.Values)
	for _, v := range f.Also {
		there := v == ""
		for _, have := range out.Values {
			there = there || have.Value == v
		}
		if !there {
			out.Values = append(out.Values, driver.ValueCount{Value: v, Count: count[v]})
		}
	}
	if f.Limit == 0 {
		top = 0
	}
	also := out.Values[top:]
	sort.Slice(also, func(i, j int) bool { return less(t, also[i].Value, also[j].Value) })
	return out
}

// bundle returns the first bundle that a value starts like.
func bundle(bundles []query.Bundle, v string, under bool) (name string, ok bool) {
	for i := len(bundles) - 1; i >= 0; i-- {
		for _, s := range bundles[i].Starts {
			if start(v, len(s)) == s && s != "" {
				name, ok = bundles[i].Name, under
			}
		}
	}
	return name, ok
}

func (n *naive) table(rows []int, by []query.Group) []driver.GroupCount {
	cells := map[string][]int{}
	for _, i := range rows {
		key := ""
		for _, g := range by {
			key += start(n.rows[i][g.Field], g.Chars) + "|"
		}
		cells[key] = append(cells[key], i)
	}
	var out []driver.GroupCount
	for key, rows := range cells {
		keys := strings.Split(strings.TrimSuffix(key, "|"), "|")
		out = append(out, driver.GroupCount{Keys: keys, Episodes: len(rows), Patients: n.different(rows, "TOKEN_PERSON_ID")})
	}
	sort.Slice(out, func(i, j int) bool {
		for k, g := range by {
			if x, y := out[i].Keys[k], out[j].Keys[k]; x != y {
				return y == "" || x != "" && less(n.typ(g.Field), x, y)
			}
		}
		return false
	})
	return out
}
