package drivertest

import (
	"context"
	"sort"
	"strings"

	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// page fills in the page. A person stands where the first of the matching rows
// stands; the mark is a row like any other, so it has a place even if it does
// not match.
func (n *naive) page(a *driver.Answer, p driver.Plan, rows []int) {
	field := "TOKEN_PERSON_ID"
	if p.Unit == query.Spells {
		field = "PROVIDER_SPELL"
	}
	episodes := map[string][]int{} // matching rows of each person or spell
	for _, i := range rows {
		if key := n.rows[i][field]; key != "" {
			episodes[key] = append(episodes[key], i)
		}
	}
	if p.Unit != query.Episodes {
		rows = nil
		for _, mine := range episodes {
			rows = append(rows, mine[0])
		}
	}
	before := func(i, j int) bool {
		for _, s := range p.Sort {
			if s.Field == query.ByEpisodes {
				x, y := len(episodes[n.rows[i][field]]), len(episodes[n.rows[j][field]])
				if x != y {
					return (x < y) != s.Desc
				}
				continue
			}
			x, y := n.rows[i][s.Field], n.rows[j][s.Field]
			if x == y {
				continue
			}
			if x == "" || y == "" {
				return y == ""
			}
			return less(n.typ(s.Field), x, y) != s.Desc
		}
		return i < j
	}
	sort.Slice(rows, func(x, y int) bool { return before(rows[x], rows[y]) })
	from, to := 0, len(rows)
	for at, i := range rows {
		if p.After != driver.NoRow && !before(int(p.After), i) {
			from = at + 1 // the row is the mark or stands before it
		}
		if p.Before != driver.NoRow && !before(i, int(p.Before)) && to == len(rows) {
			to = at
		}
	}
	if p.Before != driver.NoRow {
		for to-from > p.Limit {
			from++
		}
	}
	for to-from > p.Limit {
		to--
	}
	a.Offset, a.More = from, to < len(rows)
	for _, i := range rows[from:to] {
		a.Rows = append(a.Rows, n.line(p, i, episodes[n.rows[i][field]]))
	}
}

// line is one row of the page; theirs are the rows of its person or spell.
func (n *naive) line(p driver.Plan, i int, theirs []int) driver.Row {
	r := n.rows[i]
	out := driver.Row{ID: driver.RowID(i), Person: driver.NoPerson, Values: make([]string, len(p.Columns))}
	key := r["TOKEN_PERSON_ID"]
	if key != "" {
		out.Person = driver.PersonID(place(n.person, key))
	}
	for c, field := range p.Columns {
		slots, last := n.slots(r, field), 0
		for slot := range slots {
			last = max(last, slot)
		}
		texts := []string{slots[0]}
		if last > 0 {
			texts = make([]string, last)
			for slot, v := range slots {
				texts[slot-1] = v
			}
		}
		out.Values[c] = strings.Join(texts, ",")
	}
	if p.Raw {
		out.Raw, out.Origin = make([]string, len(p.Columns)), r["ORIGIN"]
		for c, field := range p.Columns {
			out.Raw[c] = r["RAW:"+field]
		}
	}
	if p.Unit == query.Episodes {
		return out
	}
	out.Episodes = len(theirs)
	for _, other := range theirs {
		day := n.rows[other]["ADMIDATE"]
		if day == "" {
			continue
		}
		if out.First == "" || day < out.First {
			out.First = day
		}
		if day > out.Last {
			out.Last = day
		}
	}
	return out
}

// Scan hands out rows.
func (n *naive) List(ctx context.Context, p driver.Plan, visit func([]driver.Row) error) error {
	return driver.Leaf(ctx, n, p, visit)
}

func (n *naive) Scan(_ context.Context, s driver.Scan, visit func(driver.ScanRow) error) error {
	var order []int
	people := []string{""}
	if s.People {
		people = append(append([]string(nil), n.person...), "")
	}
	for _, who := range people {
		for i, r := range n.rows {
			if n.holds(r, s.Where) && (!s.People || r["TOKEN_PERSON_ID"] == who) {
				order = append(order, i)
			}
		}
	}
	for _, i := range order {
		r := n.rows[i]
		line := n.line(driver.Plan{Query: query.Query{Columns: s.Columns}}, i, nil)
		out := driver.ScanRow{ID: line.ID, Person: line.Person, Values: line.Values, Raw: make([]string, len(s.Raw)), Origin: r["ORIGIN"]}
		for c, field := range s.Raw {
			if out.Raw[c] = r[field]; n.changed(r, field) {
				out.Raw[c] = r["RAW:"+field]
			}
		}
		if err := visit(out); err != nil {
			return err
		}
	}
	return nil
}

// changed tells whether the load changed a field of a record.
func (n *naive) changed(r driver.Record, field string) bool {
	for name := range r {
		if name == "RAW:"+field {
			return true
		}
	}
	return false
}
