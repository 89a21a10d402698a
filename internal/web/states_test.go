package web_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/query"
)

// This file describes states of the explorer in words of its own: which filters
// there are, and what each means for an episode. It shares nothing with
// query.View, so that a mistake there shows.

// control is a filter of the explorer.
type control struct {
	key, field string
	kind       query.Kind
}

// controls is every filter, in the order of the page.
func controls() []control {
	return []control{
		{"dx", "DIAG_01", query.Prefixes}, {"cond", "CONDITION_GROUP", query.Choice}, {"op", "OPERTN_01", query.Prefixes}, {"age", "STARTAGE", query.Numbers},
		{"band", "AGE_BAND", query.Choice}, {"sex", "SEX", query.Choice}, {"eth", "ETHNIC5", query.Choice}, {"imd", "IMD04_DECILE", query.Choice},
		{"rgn", "RESGOR", query.Choice}, {"prov", "PROCODE3", query.Choice}, {"year", "FYEAR", query.Choice}, {"adm", "ADMIDATE", query.Dates},
		{"main", "MAINSPEF", query.Choice}, {"tret", "TRETSPEF", query.Choice}, {"kind", "ADMISSION_GROUP", query.Choice}, {"meth", "ADMIMETH", query.Choice},
		{"cls", "CLASSPAT", query.Choice}, {"los", "LOS_DAYS", query.Numbers}, {"wait", "ELECDUR_CALC", query.Numbers}, {"read", "READMITTED_30", query.Choice},
		{"charl", "CHARLSON", query.Numbers}, {"rule", "SUBSET_n", query.Choice}, {"fin", "EPISTAT", query.Choice}, {"dup", "DUPLICATE", query.Choice},
	}
}

// The test must know every filter that there is.
func TestEveryFilterIsWalked(t *testing.T) {
	var want []control
	for _, c := range query.Controls() {
		want = append(want, control{c.Key, c.Field, c.Kind})
	}
	if got := controls(); !slices.Equal(want, got) {
		t.Errorf("the filters are %v; the test of states knows %v", want, got)
	}
}

// wish is one filter that is on.
type wish struct {
	control
	values  []string // sorted; "" is not recorded, of spans too
	spans   [][2]string
	exclude bool
}

func (w wish) is(other wish) bool {
	return w.key == other.key && w.exclude == other.exclude && slices.Equal(w.spans, other.spans) && slices.Equal(w.values, other.values)
}

// state is a state of the explorer.
type state struct {
	wishes []wish     // in the order of controls
	anyDx  bool       // a diagnosis in any position
	anyOp  bool       // a procedure in any position
	ifs    query.Expr // conditions beyond the filters
	unit   string     // "", "spells", "patients", "charts"
	sort   []string
	cols   []string
	wrap   bool
	more   bool     // all columns of lines of patients
	by     []string // of the breakdown
	people bool     // the breakdown counts patients
	of     string   // whose distribution is drawn
	open   []string // parts of the side panel; nil: as it opens by itself
}

func (s state) wish(key string) (wish, bool) {
	for _, w := range s.wishes {
		if w.key == key {
			return w, true
		}
	}
	return wish{}, false
}

// with returns the state with a wish in place of the one on the same filter.
func (s state) with(w wish) state {
	out := s.without(w.key)
	at := slices.IndexFunc(out.wishes, func(o wish) bool { return place(o.key) > place(w.key) })
	if at < 0 {
		at = len(out.wishes)
	}
	out.wishes = slices.Insert(out.wishes, at, w)
	return out
}

func (s state) without(key string) state {
	s.wishes = slices.DeleteFunc(slices.Clone(s.wishes), func(w wish) bool { return w.key == key })
	return s
}

// place is where a filter stands among all.
func place(key string) int {
	return slices.IndexFunc(controls(), func(c control) bool { return c.key == key })
}

func controlOf(key string) control { return controls()[place(key)] }

// standing are the wishes that are on from the start.
func (w *walker) standing() []wish {
	return []wish{
		{control: controlOf("rule"), values: w.r.start},
		{control: controlOf("fin"), values: []string{"3"}},
		{control: controlOf("dup"), values: []string{"1"}, exclude: true},
	}
}

// beginning is the state that an empty address gives.
func (w *walker) beginning() state { return state{wishes: w.standing()} }

// opened tells which parts of the side panel are open.
func (w *walker) opened(s state) []string {
	var out []string
	for _, c := range controls() {
		on, chosen := s.wish(c.key)
		begins := slices.ContainsFunc(w.standing(), on.is)
		if slices.Contains([]string{"dx", "op", "age", "sex"}, c.key) || chosen && !begins {
			out = append(out, c.key)
		}
	}
	if s.open != nil {
		return s.open
	}
	return out
}

// values returns what a field holds in a row, a family's slots one by one. The
// whole field is looked up once.
func (r *realRelease) values(row int, field string) []string {
	if all, ok := r.held[field]; ok {
		return all[row]
	}
	names := []string{field}
	if f, _ := r.dict.Field(field); f.List() {
		names = nil
		for slot := 1; slot <= f.Slots; slot++ {
			names = append(names, f.SlotName(slot))
		}
	}
	all := make([][]string, len(r.rows))
	for i, rec := range r.rows {
		for _, name := range names {
			if v := rec[name]; v != "" {
				all[i] = append(all[i], v)
			}
		}
	}
	r.held[field] = all
	return all[row]
}

// fieldOf is the field that a filter looks at.
func (s state) fieldOf(c control) string {
	switch {
	case c.key == "dx" && s.anyDx:
		return "DIAG_nn"
	case c.key == "op" && s.anyOp:
		return "OPERTN_nn"
	}
	return c.field
}

// inside tells whether a recorded value is in a span.
func inside(kind query.Kind, v string, span [2]string) bool {
	if kind == query.Dates {
		return (span[0] == "" || v >= span[0]) && (span[1] == "" || v <= span[1])
	}
	n, _ := strconv.Atoi(v)
	from, err1 := strconv.Atoi(span[0])
	to, err2 := strconv.Atoi(span[1])
	return (err1 != nil || n >= from) && (err2 != nil || n <= to)
}

// holds tells whether a row meets a wish.
func (r *realRelease) holds(row int, s state, w wish) bool {
	values := r.values(row, s.fieldOf(w.control))
	in := false
	for _, span := range w.spans {
		for _, v := range values {
			in = in || inside(w.kind, v, span)
		}
	}
	for _, wanted := range w.values {
		if wanted == "" {
			in = in || len(values) == 0
			continue
		}
		for _, v := range values {
			in = in || v == wanted || w.kind == query.Prefixes && strings.HasPrefix(v, wanted)
		}
	}
	return in != w.exclude
}

// meets tells whether a row meets the conditions beyond the filters.
func (r *realRelease) meets(row int, e query.Expr) bool {
	test := func(field string, of func(string) bool) bool { return slices.ContainsFunc(r.values(row, field), of) }
	switch e := e.(type) {
	case nil:
		return true
	case query.And:
		return !slices.ContainsFunc(e, func(part query.Expr) bool { return !r.meets(row, part) })
	case query.Or:
		return slices.ContainsFunc(e, func(part query.Expr) bool { return r.meets(row, part) })
	case query.Not:
		return !r.meets(row, e.Of)
	case query.In:
		return test(e.Field, func(v string) bool { return slices.Contains(e.Values, v) })
	case query.Prefix:
		return test(e.Field, func(v string) bool { return strings.HasPrefix(v, e.Prefixes[0]) })
	case query.Range:
		return test(e.Field, func(v string) bool { return inside(query.Dates, v, [2]string{e.From, e.To}) })
	case query.Missing:
		return !test(e.Field, func(string) bool { return true })
	}
	return false
}

// expr writes a wish as a condition, for the readable engine.
func (s state) expr(w wish) query.Expr {
	field := s.fieldOf(w.control)
	either := query.Or{}
	for _, span := range w.spans {
		either = append(either, query.Range{Field: field, From: span[0], To: span[1]})
	}
	for _, v := range w.values {
		switch {
		case v == "":
			either = append(either, query.Missing{Field: field})
		case w.kind == query.Prefixes:
			either = append(either, query.Prefix{Field: field, Prefixes: []string{v}})
		default:
			either = append(either, query.In{Field: field, Values: []string{v}})
		}
	}
	if w.exclude {
		return query.Not{Of: either}
	}
	return either
}

// where writes all wishes as a condition.
func (s state) where() query.Expr {
	out := query.And{}
	for _, w := range s.wishes {
		out = append(out, s.expr(w))
	}
	if s.ifs != nil {
		out = append(out, s.ifs)
	}
	return out
}

// seed is the one of the environment, or a fixed one.
func seed(t testing.TB) uint64 {
	n := uint64(20261124)
	if text := os.Getenv("WEBENABLE_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("WEBENABLE_SEED is a number:", err)
		}
	}
	t.Logf("WEBENABLE_SEED=%d", n)
	return n
}
