package warehouse

import (
	"context"
	"slices"
	"sync"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
)

// Table is a fixed table of protected counts.
type Table struct {
	Release Facts
	Rule    policy.Rule
	Fixed   policy.FixedTable
	// Withheld is why it is not shown; "" if it is. The rest is empty then.
	Withheld string
	Of       string // of a table by one dimension: the table whose sums its numbers are
	Rows     []policy.Part
	Columns  []policy.Part // none for a table by one dimension
	Cells    [][]policy.Count
	Totals   []policy.Count // of the rows, worked out from the published cells
	Under    []policy.Count // of the columns
	All      policy.Count
	Left     []policy.Count // for each dimension, the episodes that are left out of it
}

// publications keeps what is published of a release: it is worked out once, because
// whether one table is safe depends on all of them.
type publications struct {
	mu     sync.Mutex
	of     string // release
	rule   policy.Rule
	tables []*Table
}

// FixedTable returns one of the tables that planners may see, by name.
func (w *Warehouse) FixedTable(ctx context.Context, acc policy.Access, name string, from Client) (*Table, error) {
	return w.fixedTable(ctx, acc, name, asking{kind: "table", client: from})
}

// FixedFile returns one of the tables that planners may see, for a file.
func (w *Warehouse) FixedFile(ctx context.Context, acc policy.Access, name string, from Client) (*Table, error) {
	return w.fixedTable(ctx, acc, name, asking{kind: "file", client: from, words: "the table " + name + " as a file"})
}

func (w *Warehouse) fixedTable(ctx context.Context, acc policy.Access, name string, a asking) (*Table, error) {
	at := slices.IndexFunc(policy.FixedTables(), func(t policy.FixedTable) bool { return t.Name == name })
	if at < 0 {
		return nil, fault.New(fault.NotFound, "There is no table of that name. See the list under Tables.")
	}
	a.query = policy.FixedTables()[at].Query()
	all, err := w.published(ctx, acc, a, name)
	if err != nil {
		return nil, err
	}
	return all[at], nil
}

// FixedTables returns all tables that planners may see, with those that are
// withheld, in order. Their numbers are not for the page that lists them.
func (w *Warehouse) FixedTables(ctx context.Context, acc policy.Access, from Client) ([]*Table, error) {
	return w.published(ctx, acc, asking{kind: "table", client: from, words: "list of the tables, beginning with", query: policy.FixedTables()[0].Query()}, "")
}

// published answers a question about one of the fixed tables with all of them.
func (w *Warehouse) published(ctx context.Context, acc policy.Access, a asking, name string) ([]*Table, error) {
	if !acc.SeesTables() {
		return nil, w.refused(ctx, acc, a, fault.New(fault.Denied, "This account does not see the protected tables. Ask the information governance lead if you need to."))
	}
	if err := w.spend(ctx, acc, a, &look{table: true, name: name}); err != nil {
		return nil, err
	}
	var all []*Table
	_, err := w.ask(ctx, acc, a, func(ctx context.Context, got *asked) error {
		var err error
		all, err = w.publish(ctx, acc, got)
		return err
	})
	return all, err
}

// publish works out what is published of the release that is asked.
func (w *Warehouse) publish(ctx context.Context, acc policy.Access, got *asked) ([]*Table, error) {
	p := &w.publications
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == got.facts.ID && p.rule == acc.Rule() {
		return p.tables, nil
	}
	b := publisher{acc: acc, facts: got.facts, dict: w.o.Dictionary, fixed: policy.FixedTables()}
	if err := b.count(ctx, got.engine); err != nil {
		return nil, err
	}
	tables, err := b.tables()
	if err != nil {
		return nil, err
	}
	p.of, p.rule, p.tables = got.facts.ID, acc.Rule(), tables
	return tables, nil
}

// publisher makes the tables of a release.
type publisher struct {
	acc   policy.Access
	facts Facts
	dict  *hes.Dictionary
	fixed []policy.FixedTable
	raw   map[string][][]int       // table → its counts, the last line and column of what is left out
	parts map[string][]policy.Part // dimension → its parts
	left  map[string]int           // dimension → episodes left out
}

func (b *publisher) held(t policy.FixedTable) bool {
	return !slices.ContainsFunc(t.Dimensions, func(d policy.Dimension) bool { return !slices.Contains(b.facts.Columns, d.Field) })
}

// count asks for the numbers of all tables by two dimensions that the release holds
// the fields of.
func (b *publisher) count(ctx context.Context, engine driver.Engine) error {
	b.raw, b.parts, b.left = map[string][][]int{}, map[string][]policy.Part{}, map[string]int{}
	for some := range slices.Chunk(b.two(), query.MaxTables) {
		var q query.Query
		for _, t := range some {
			q.Tables = append(q.Tables, t.Query().Tables[0])
		}
		a, err := engine.Ask(ctx, driver.NewPlan(q))
		if err != nil {
			return err
		}
		for i, t := range some {
			b.gather(t, a.Tables[i])
		}
	}
	return nil
}

// two are the tables by two dimensions that the release holds the fields of.
func (b *publisher) two() []policy.FixedTable {
	return slices.DeleteFunc(slices.Clone(b.fixed), func(t policy.FixedTable) bool { return len(t.Dimensions) != 2 || !b.held(t) })
}

// gather counts the cells of a table by the parts of its dimensions.
func (b *publisher) gather(t policy.FixedTable, cells []driver.GroupCount) {
	var at [2]map[string]int
	for side, d := range t.Dimensions {
		parts := b.partsOf(d, side, cells)
		b.parts[d.Name] = parts
		at[side] = map[string]int{}
		for i, p := range parts {
			at[side][p.Value] = i
		}
	}
	raw := make([][]int, len(at[0])+1)
	for i := range raw {
		raw[i] = make([]int, len(at[1])+1)
	}
	for _, c := range cells {
		var to [2]int
		for side, d := range t.Dimensions {
			i, ok := at[side][d.Of(c.Keys[side])]
			if !ok {
				i = len(at[side])
			}
			to[side] = i
		}
		raw[to[0]][to[1]] += c.Episodes
	}
	b.raw[t.Name] = raw
	for side, d := range t.Dimensions {
		b.left[d.Name] = 0
		for i := range raw {
			for j, n := range raw[i] {
				if [2]int{i, j}[side] == len(b.parts[d.Name]) {
					b.left[d.Name] += n
				}
			}
		}
	}
}

// partsOf returns the parts of a dimension; of one by all values of its field, those
// that the release has.
func (b *publisher) partsOf(d policy.Dimension, side int, cells []driver.GroupCount) []policy.Part {
	if d.Parts != nil {
		return d.Parts
	}
	var values []string
	for _, c := range cells {
		if v := c.Keys[side]; v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	f, _ := b.dict.Field(d.Field)
	slices.SortFunc(values, func(x, y string) int {
		if f.Name == hes.YearField {
			return hes.FirstYear(x) - hes.FirstYear(y)
		}
		return query.Compare(f.Type, x, y)
	})
	var out []policy.Part
	for _, v := range values {
		if b.published(v, side, cells) >= d.Least {
			out = append(out, policy.Part{Value: v})
		}
	}
	return out
}

// published is the sum of what is published of a value.
func (b *publisher) published(value string, side int, cells []driver.GroupCount) int {
	n := 0
	for _, c := range cells {
		if c.Keys[side] == value {
			n += b.acc.Protect(c.Episodes).Published()
		}
	}
	return n
}

// tables protects the numbers, has them audited, and makes the tables of what may
// be shown.
func (b *publisher) tables() ([]*Table, error) {
	cells := map[string][][]policy.Count{}
	for _, t := range b.two() {
		raw := b.raw[t.Name]
		inner := make([][]int, len(raw)-1)
		for i := range inner {
			inner[i] = raw[i][:len(raw[i])-1]
		}
		cells[t.Name] = b.acc.Grid(inner)
	}
	withheld, err := b.audit(cells)
	if err != nil {
		return nil, err
	}
	out := make([]*Table, len(b.fixed))
	for i, t := range b.fixed {
		x := &Table{Release: b.facts, Rule: b.acc.Rule(), Fixed: t, Withheld: withheld[t.Name]}
		out[i] = x
		switch {
		case !b.held(t):
			x.Withheld = "The release that is served does not hold what it counts by."
		case x.Withheld != "":
		case len(t.Dimensions) == 2:
			b.fill(x, cells[t.Name])
		default:
			b.one(x, cells, withheld)
		}
	}
	return out, nil
}

// fill gives a table its cells and the sums of what is shown.
func (b *publisher) fill(x *Table, cells [][]policy.Count) {
	for _, d := range x.Fixed.Dimensions {
		x.Left = append(x.Left, b.acc.Protect(b.left[d.Name]))
	}
	x.Rows, x.Columns, x.Cells = b.parts[x.Fixed.Dimensions[0].Name], b.parts[x.Fixed.Dimensions[1].Name], cells
	x.Totals, x.Under = sums(cells), sums(transposed(cells))
	x.All = policy.Sum(x.Totals)
}

// one makes a table by one dimension: the sums of the table by two that loses least
// in them. So it says nothing that was not said before.
func (b *publisher) one(x *Table, cells map[string][][]policy.Count, withheld map[string]string) {
	d := x.Fixed.Dimensions[0]
	least := -1
	for _, t := range b.two() {
		side := slices.IndexFunc(t.Dimensions, func(y policy.Dimension) bool { return y.Name == d.Name })
		if side < 0 || withheld[t.Name] != "" {
			continue
		}
		grid, lost := cells[t.Name], 0
		if side == 1 {
			grid = transposed(grid)
		}
		for _, line := range grid {
			for _, c := range line {
				if c.Hidden() {
					lost += 100 // more than any rounding
				} else if !c.Zero() {
					lost++
				}
			}
		}
		if least >= 0 && lost >= least {
			continue
		}
		least = lost
		x.Of, x.Rows, x.Left = t.Title, b.parts[d.Name], []policy.Count{b.acc.Protect(b.left[d.Name])}
		x.Totals, x.Cells = sums(grid), nil
		for _, c := range x.Totals {
			x.Cells = append(x.Cells, []policy.Count{c})
		}
		x.All = policy.Sum(x.Totals)
	}
	if least < 0 {
		x.Withheld = "Its numbers are sums of a table by two dimensions, and none of those can be shown safely."
	}
}

// sums are those of what is shown of each line; of one of which nothing is shown
// there is none, for that is not nobody.
func sums(cells [][]policy.Count) []policy.Count {
	var out []policy.Count
	for _, line := range cells {
		sum := policy.Sum(line)
		if sum.Published() == 0 && slices.ContainsFunc(line, policy.Count.Hidden) {
			sum = policy.Count{}
		}
		out = append(out, sum)
	}
	return out
}

func transposed(cells [][]policy.Count) [][]policy.Count {
	var out [][]policy.Count
	for _, line := range cells {
		for j, c := range line {
			if j == len(out) {
				out = append(out, nil)
			}
			out[j] = append(out[j], c)
		}
	}
	return out
}
