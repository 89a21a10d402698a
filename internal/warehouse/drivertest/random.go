package drivertest

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// generator makes random plans over a fixture's values.
type generator struct {
	r       *rand.Rand
	f       Fixture
	scalar  []string            // fields that are not families
	all     []string            // with families
	held    map[string][]string // values of each field in the fixture
	rows    int
	persons int
}

func newGenerator(f Fixture, info driver.Info, seed uint64) *generator {
	g := &generator{r: rand.New(rand.NewPCG(seed, 7)), f: f, held: map[string][]string{}, rows: info.Rows, persons: info.Persons}
	for _, c := range f.Columns {
		g.scalar = append(g.scalar, c.Name)
		for _, r := range f.Records {
			if v := r[c.Name]; v != "" {
				g.held[c.Name] = append(g.held[c.Name], v)
				if c.Family != "" {
					g.held[c.Family] = append(g.held[c.Family], v)
					further := strings.TrimSuffix(c.Family, "_nn") + "_02_nn"
					g.held[further] = append(g.held[further], v)
				}
			}
		}
	}
	g.all = append(append([]string{}, g.scalar...), hes.AnyDiagnosis, hes.AnyProcedure, hes.FurtherDiagnosis, hes.FurtherProcedure, "OPDATE_nn")
	g.scalar = append(g.scalar, "MARSTAT") // in the dictionary, not in the fixture
	g.all = append(g.all, "MARSTAT", "DIAG_20")
	return g
}

// Conditions returns a source of random conditions over a fixture's fields and
// values, the same for the same seed.
func Conditions(f Fixture, seed uint64) func() query.Expr {
	g := newGenerator(f, driver.Info{}, seed)
	return func() query.Expr { return g.expr(3) }
}

func one[T any](g *generator, from []T) T { return from[g.r.IntN(len(from))] }

// value returns a value of a field: mostly one that is there.
func (g *generator) value(f hes.Field) string {
	if held := g.held[f.Name]; len(held) > 0 && g.r.IntN(8) > 0 {
		return one(g, held)
	}
	switch f.Type {
	case hes.Date:
		return one(g, []string{"2005-01-01", "2007-06-15", "1066-10-14"})
	case hes.Int:
		return one(g, []string{"5", "-1", "1000"})
	case hes.Decimal:
		return one(g, []string{"9.8", "-0.25", "11"})
	}
	return one(g, []string{"0", "ZZZ", "L4", "l40", "33"})
}

// rule returns a row rule: a condition, or one on the patient, or both.
func (g *generator) rule() query.Expr {
	e := g.expr(2)
	switch g.r.IntN(4) {
	case 0:
		return query.Whose{Of: e}
	case 1:
		return query.And{query.Whose{Of: e}, g.expr(1)}
	case 2:
		return query.Not{Of: query.Whose{Of: e}}
	}
	return e
}

func (g *generator) expr(depth int) query.Expr {
	if depth > 0 && g.r.IntN(3) > 0 {
		parts := make([]query.Expr, g.r.IntN(4))
		for i := range parts {
			parts[i] = g.expr(depth - 1)
		}
		switch g.r.IntN(5) {
		case 0, 1:
			return query.And(parts)
		case 2, 3:
			return query.Or(parts)
		}
		return query.Not{Of: g.expr(depth - 1)}
	}
	f, _ := g.f.Dictionary.Field(one(g, g.all))
	switch g.r.IntN(8) {
	case 0:
		return query.Missing{Field: f.Name}
	case 1, 2:
		if f.Type == hes.Code || f.Type == hes.Key {
			p := query.Prefix{Field: f.Name}
			for range 1 + g.r.IntN(3) {
				p.Prefixes = append(p.Prefixes, query.Head(g.value(f), 1+g.r.IntN(5)))
			}
			for i, v := range p.Prefixes {
				if v[0] >= 0x80 {
					p.Prefixes[i] = "A"
				}
			}
			return p
		}
	case 3, 4:
		x := query.Range{Field: f.Name, From: g.value(f), To: g.value(f)}
		if query.Compare(f.Type, x.From, x.To) > 0 && g.r.IntN(4) > 0 {
			x.From, x.To = x.To, x.From
		}
		switch g.r.IntN(4) {
		case 0:
			x.From = ""
		case 1:
			x.To = ""
		}
		return x
	case 5:
		if g.r.IntN(6) == 0 {
			return query.Never{}
		}
	}
	x := query.In{Field: f.Name}
	for range 1 + g.r.IntN(4) {
		x.Values = append(x.Values, g.value(f))
	}
	if g.r.IntN(4) == 0 {
		x.Values = append(x.Values, "")
	}
	return x
}

func (g *generator) chars(f hes.Field) int {
	if (f.Type == hes.Code || f.Type == hes.Date) && g.r.IntN(2) == 0 {
		return 1 + g.r.IntN(7)
	}
	return 0
}

func (g *generator) plan() driver.Plan {
	p := driver.NewPlan(query.Query{Limit: g.r.IntN(12), Counts: g.r.IntN(2) == 0, Misses: g.r.IntN(3) == 0})
	if g.r.IntN(8) > 0 {
		p.Where = g.expr(3)
	}
	if g.r.IntN(3) == 0 {
		p.Guard = g.rule()
	}
	for range g.r.IntN(4) {
		name := one(g, g.all)
		if len(p.Columns) == 0 || p.Columns[len(p.Columns)-1] != name {
			p.Columns = append(p.Columns, name)
		}
	}
	p.Raw = g.r.IntN(3) == 0
	switch {
	case g.r.IntN(3) == 0:
		p.Unit = one(g, []query.Unit{query.Patients, query.Spells})
		if g.r.IntN(2) == 0 {
			p.Sort = []query.Sort{{Field: query.ByEpisodes, Desc: g.r.IntN(2) == 0}}
		}
	default:
		for range g.r.IntN(4) {
			p.Sort = append(p.Sort, query.Sort{Field: one(g, g.scalar), Desc: g.r.IntN(2) == 0})
		}
	}
	for range g.r.IntN(3) {
		f, _ := g.f.Dictionary.Field(one(g, g.all))
		facet := query.Facet{Field: f.Name, Chars: g.chars(f), Limit: g.r.IntN(5)}
		for range g.r.IntN(3) {
			facet.Also = append(facet.Also, query.Head(g.value(f), facet.Chars))
		}
		for range g.r.IntN(3) {
			facet.Leave = append(facet.Leave, one(g, g.all))
		}
		if f.Type == hes.Code || f.Type == hes.Key {
			for range g.r.IntN(3) {
				facet.Under = append(facet.Under, query.Head(g.value(f), 1+g.r.IntN(4)))
			}
		}
		if f.Type == hes.Code && facet.Chars == 0 {
			for i := range g.r.IntN(4) {
				b := query.Bundle{Name: string(rune('z' - i))}
				for range 1 + g.r.IntN(3) {
					b.Starts = append(b.Starts, query.Head(g.value(f), 1+g.r.IntN(3)))
				}
				facet.Bundles = append(facet.Bundles, b)
			}
		}
		if g.r.IntN(4) == 0 {
			facet.Where = g.expr(1)
		}
		p.Facets = append(p.Facets, facet)
	}
	for range max(0, g.r.IntN(5)-2) {
		var t []query.Group
		for range 1 + g.r.IntN(query.MaxGroups) {
			f, _ := g.f.Dictionary.Field(one(g, g.scalar))
			t = append(t, query.Group{Field: f.Name, Chars: g.chars(f), Free: g.r.IntN(3) == 0})
		}
		p.Tables = append(p.Tables, t)
	}
	switch mark := driver.RowID(g.r.IntN(max(1, g.rows))); g.r.IntN(8) {
	case 0, 1:
		p.After = mark
	case 2:
		p.Before = mark
	case 3:
		p.Row = mark
	case 4:
		for range 1 + g.r.IntN(4) {
			p.People = append(p.People, driver.PersonID(g.r.IntN(max(1, g.persons))))
		}
	}
	return p
}

// runRandom asks both engines n random questions and fails on the first that
// they answer differently, after taking away what does not matter.
func runRandom(t *testing.T, engine, oracle driver.Engine, f Fixture, seed uint64, n int) {
	t.Helper()
	g := newGenerator(f, oracle.Info(), seed)
	for i := range n {
		p := g.plan()
		if d := differ(t, engine, oracle, p); d != "" {
			p = shrink(t, engine, oracle, p)
			t.Fatalf("seed %d, question %d: %s\nguard %v, after %d, before %d, row %d, persons %d, limit %d, columns %v, facets %+v, tables %+v\n%s",
				seed, i, p.Query, p.Guard, p.After, p.Before, p.Row, p.People, p.Limit, p.Columns, p.Facets, p.Tables, differ(t, engine, oracle, p))
		}
	}
}

// differ returns how the engines' answers to a plan differ; "" if they agree.
func differ(t *testing.T, engine, oracle driver.Engine, p driver.Plan) string {
	t.Helper()
	want, err := oracle.Ask(context.Background(), p)
	if err != nil {
		t.Fatal("oracle:", err)
	}
	got, err := engine.Ask(context.Background(), p)
	if err != nil {
		return err.Error()
	}
	return cmp.Diff(tidy(want), tidy(got))
}

// tidy makes empty and nil slices the same.
func tidy(a *driver.Answer) driver.Answer {
	out := *a
	if len(out.Rows) == 0 {
		out.Rows = nil
	}
	for i, t := range out.Tables {
		if len(t) == 0 {
			out.Tables[i] = nil
		}
	}
	for i, f := range out.Facets {
		if len(f.Values) == 0 {
			out.Facets[i].Values = nil
		}
	}
	return out
}

// shrink takes parts of a failing plan away as long as it still fails.
func shrink(t *testing.T, engine, oracle driver.Engine, p driver.Plan) driver.Plan {
	t.Helper()
	fails := func(q driver.Plan) bool { return differ(t, engine, oracle, q) != "" }
	for changed := true; changed; {
		changed = false
		var tries []driver.Plan
		try := func(change func(*driver.Plan)) {
			q := p
			change(&q)
			tries = append(tries, q)
		}
		if p.Where != nil {
			try(func(q *driver.Plan) { q.Where = nil })
			for _, e := range smaller(p.Where) {
				try(func(q *driver.Plan) { q.Where = e })
			}
		}
		if p.Guard != nil {
			try(func(q *driver.Plan) { q.Guard = nil })
			for _, e := range smaller(p.Guard) {
				try(func(q *driver.Plan) { q.Guard = e })
			}
		}
		if len(p.Sort) > 0 {
			try(func(q *driver.Plan) { q.Sort = q.Sort[1:] })
		}
		if len(p.Columns) > 0 {
			try(func(q *driver.Plan) { q.Columns = nil })
		}
		try(func(q *driver.Plan) { q.Raw = false })
		if len(p.Facets) > 0 {
			try(func(q *driver.Plan) { q.Facets = q.Facets[1:] })
			try(func(q *driver.Plan) { q.Facets = q.Facets[:1] })
		}
		for i := range p.Facets {
			for _, change := range []func(f *query.Facet){
				func(f *query.Facet) { f.Chars = 0 },
				func(f *query.Facet) { f.Limit = 0 },
				func(f *query.Facet) { f.Also = nil },
				func(f *query.Facet) { f.Leave = nil },
				func(f *query.Facet) { f.Under = nil },
				func(f *query.Facet) { f.Bundles = nil },
				func(f *query.Facet) { f.Where = nil },
			} {
				try(func(q *driver.Plan) {
					q.Facets = slices.Clone(q.Facets)
					change(&q.Facets[i])
				})
			}
		}
		if len(p.Tables) > 0 {
			try(func(q *driver.Plan) { q.Tables = q.Tables[1:] })
			try(func(q *driver.Plan) { q.Tables = q.Tables[:1] })
		}
		try(func(q *driver.Plan) { q.Misses = false })
		try(func(q *driver.Plan) { q.Limit, q.Counts = 0, false })
		try(func(q *driver.Plan) { q.After, q.Before = driver.NoRow, driver.NoRow })
		try(func(q *driver.Plan) { q.Row, q.People = driver.NoRow, nil })
		for _, q := range tries {
			if !reflect.DeepEqual(p, q) && fails(q) {
				p, changed = q, true
				break
			}
		}
	}
	return p
}

// smaller returns a condition's parts, and the condition with one part left
// out or made smaller.
func smaller(e query.Expr) []query.Expr {
	rest := func(parts []query.Expr, join func([]query.Expr) query.Expr) (out []query.Expr) {
		out = append(out, parts...)
		for i, part := range parts {
			out = append(out, join(slices.Delete(slices.Clone(parts), i, i+1)))
			for _, s := range smaller(part) {
				with := slices.Clone(parts)
				with[i] = s
				out = append(out, join(with))
			}
		}
		return out
	}
	switch e := e.(type) {
	case query.And:
		return rest(e, func(p []query.Expr) query.Expr { return query.And(p) })
	case query.Or:
		return rest(e, func(p []query.Expr) query.Expr { return query.Or(p) })
	case query.Not:
		out := []query.Expr{e.Of}
		for _, s := range smaller(e.Of) {
			out = append(out, query.Not{Of: s})
		}
		return out
	case query.Whose:
		out := []query.Expr{e.Of}
		for _, s := range smaller(e.Of) {
			out = append(out, query.Whose{Of: s})
		}
		return out
	}
	return nil
}
