package web_test

import (
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
)

// This file describes states of the explorer in words of its own: which filters
// there are, what each means for a row, and how a state is written into an
// address. It shares nothing with query.View, so that a mistake there shows.

// control is a filter of the explorer.
type control struct {
	key, field string
	kind       query.Kind
}

// panel is every filter, in the order of the page.
func panel() []control {
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
func TestThePanelIsWhole(t *testing.T) {
	var want, got []control
	for _, c := range query.Controls() {
		want = append(want, control{c.Key, c.Field, c.Kind})
	}
	for _, c := range panel() {
		got = append(got, c)
	}
	if !slices.Equal(want, got) {
		t.Errorf("the filters are %v; the test of states knows %v", want, got)
	}
}

// wish is one filter that is on.
type wish struct {
	control
	values   []string // sorted; "" is not recorded
	exclude  bool
	from, to string
	standing bool // it is on from the start, so that the address need not say it
}

func (w wish) is(other wish) bool {
	return w.key == other.key && w.exclude == other.exclude && w.from == other.from && w.to == other.to && slices.Equal(w.values, other.values)
}

// state is a state of the explorer.
type state struct {
	wishes []wish // in the order of the panel
	any    bool   // a diagnosis in any position
	unit   string // "", "spells", "patients", "charts"
	sort   []string
	cols   []string
	wrap   bool
	more   bool     // all columns of lines of patients
	by     []string // of the breakdown
	people bool     // the breakdown counts patients
	of     string   // whose distribution is drawn
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
	for i, c := range panel() {
		if c.key != w.key {
			continue
		}
		at := slices.IndexFunc(out.wishes, func(o wish) bool { return place(o.key) > i })
		if at < 0 {
			at = len(out.wishes)
		}
		out.wishes = slices.Insert(out.wishes, at, w)
	}
	return out
}

func (s state) without(key string) state {
	s.wishes = slices.DeleteFunc(slices.Clone(s.wishes), func(w wish) bool { return w.key == key })
	return s
}

func place(key string) int {
	return slices.IndexFunc(panel(), func(c control) bool { return c.key == key })
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
	if c.key == "dx" && s.any {
		return "DIAG_nn"
	}
	return c.field
}

// holds tells whether a row meets a wish.
func (r *realRelease) holds(row int, s state, w wish) bool {
	values := r.values(row, s.fieldOf(w.control))
	in := false
	switch w.kind {
	case query.Dates:
		for _, v := range values {
			in = in || (w.from == "" || v >= w.from) && (w.to == "" || v <= w.to)
		}
		return in
	case query.Numbers:
		for _, v := range values {
			n, _ := strconv.Atoi(v)
			from, err1 := strconv.Atoi(w.from)
			to, err2 := strconv.Atoi(w.to)
			in = in || (err1 != nil || n >= from) && (err2 != nil || n <= to)
		}
		return in
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

// expr writes a wish as a condition, for the readable engine.
func (s state) expr(w wish) query.Expr {
	field := s.fieldOf(w.control)
	if w.kind == query.Dates || w.kind == query.Numbers {
		return query.Range{Field: field, From: w.from, To: w.to}
	}
	either := query.Or{}
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
	return out
}

// walker makes random states and their addresses.
type walker struct {
	*rand.Rand
	r       *realRelease
	columns []hes.Field // that the agreement covers

	labelled map[string]labelled // of fields that charts have been made of
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

func (w *walker) chance(of int) bool { return w.IntN(of) == 0 }

func pick[T any](w *walker, from []T) T { return from[w.IntN(len(from))] }

// standing are the wishes that are on from the start.
func (w *walker) standing() []wish {
	of := func(key string) control { return panel()[place(key)] }
	return []wish{
		{control: of("rule"), values: w.r.start, standing: true},
		{control: of("fin"), values: []string{"3"}, standing: true},
		{control: of("dup"), values: []string{"1"}, exclude: true, standing: true},
	}
}

// beginning is the state that an empty address gives.
func (w *walker) beginning() state { return state{wishes: w.standing()} }

// state makes a random one. Half of them have a row that meets everything.
func (w *walker) state(role policy.Role) state {
	s := w.beginning()
	s.any = w.chance(2)
	row := -1
	if w.chance(2) {
		row = w.IntN(len(w.r.rows))
	}
	for range w.IntN(5) {
		if c := pick(w, panel()); w.r.holdsField(c.field) {
			s = s.with(w.wish(c, s, row))
		}
	}
	for _, d := range w.standing() {
		if w.chance(6) {
			s = s.without(d.key)
		}
	}
	s.wrap = w.chance(4)
	s.unit = pick(w, []string{"", "", "spells", "patients", "charts"})
	if role == policy.Clinician {
		s.unit = pick(w, []string{"patients", "patients", "charts"})
	}
	if s.unit == "charts" || w.chance(6) {
		by := slices.Compact([]string{pick(w, breaks()), pick(w, breaks())})
		s.by = by[:min(len(by), 1+w.IntN(2))]
		s.people = w.chance(3)
		s.of = pick(w, []string{"", "STARTAGE", "EPIDUR", "BED_DAYS", "CHARLSON"})
	}
	s.more = w.chance(3)
	s.sort = w.order(s.unit)
	if w.chance(3) {
		return s // the columns that a person has who chose none
	}
	s.cols = []string{"EPIKEY"}
	for range w.IntN(6) {
		if name := pick(w, w.columns).Name; !slices.Contains(s.cols, name) {
			s.cols = append(s.cols, name)
		}
	}
	w.Shuffle(len(s.cols), func(i, j int) { s.cols[i], s.cols[j] = s.cols[j], s.cols[i] })
	return s
}

// breaks are fields that a breakdown may be by.
func breaks() []string {
	return []string{"SEX", "FYEAR", "CLASSPAT", "PROCODE3", "ETHNIC5", "ADMISSION_GROUP", "CONDITION_GROUP", "DIAG_01", "OPERTN_02", "CHARLSON", "STARTAGE", "EPISTART"}
}

// order is a random one for lines of a unit.
func (w *walker) order(unit string) []string {
	sign := []string{"", "-"}
	if unit == "spells" || unit == "patients" {
		if w.chance(2) {
			return nil
		}
		return []string{pick(w, sign) + "EPISODES"}
	}
	var out, seen []string
	for range w.IntN(4) {
		if name := pick(w, w.columns).Name; !slices.Contains(seen, name) {
			seen, out = append(seen, name), append(out, pick(w, sign)+name)
		}
	}
	if slices.Equal(out, []string{"-ADMIDATE"}) {
		return nil // as if nothing was said
	}
	return out
}

// wish makes a random one on a filter that a row, if there is one, meets.
func (w *walker) wish(c control, s state, row int) wish {
	out := wish{control: c}
	field := s.fieldOf(c)
	anybody := func() int { return w.IntN(len(w.r.rows)) }
	if c.kind == query.Dates || c.kind == query.Numbers {
		mine := ""
		if row >= 0 {
			mine = w.r.rows[row][field]
		}
		out.from, out.to = w.r.rows[anybody()][field], w.r.rows[anybody()][field]
		numeric := c.kind == query.Numbers
		if out.from == "" || w.chance(3) {
			out.from = mine
		}
		before := func(a, b string) bool {
			if x, err := strconv.Atoi(a); numeric && err == nil {
				y, err := strconv.Atoi(b)
				return err == nil && x < y
			}
			return a < b
		}
		if out.from != "" && out.to != "" && before(out.to, out.from) {
			out.from, out.to = out.to, out.from
		}
		if mine != "" && out.to != "" && before(out.to, mine) {
			out.to = mine
		}
		if mine != "" && out.from != "" && before(mine, out.from) {
			out.from = mine
		}
		for _, end := range [...]*string{&out.from, &out.to} {
			if strings.HasPrefix(*end, "-") || numeric && *end == "0" && end == &out.from {
				*end = "" // numbers begin at nothing
			}
		}
		if w.chance(4) && out.to != "" {
			out.from = ""
		}
		if out.from == "" && out.to == "" {
			out.to = map[bool]string{false: "2011-03-31", true: "9999"}[numeric]
		}
		return out
	}
	values := func(row int) []string {
		got := slices.Clone(w.r.values(row, field))
		if c.kind == query.Prefixes {
			for i, v := range got {
				got[i] = v[:min(len(v), 1+w.IntN(4))]
			}
		}
		return got
	}
	out.exclude = w.chance(4)
	if c.key == "dup" {
		out.values = []string{"1"} // what the panel can say
		return out
	}
	out.values = values(anybody())
	for range w.IntN(3) {
		out.values = append(out.values, values(anybody())...)
	}
	if w.chance(6) {
		out.values = append(out.values, "")
	}
	if row >= 0 {
		mine := values(row)
		if len(mine) == 0 {
			mine = []string{""}
		}
		if out.exclude {
			out.values = slices.DeleteFunc(out.values, func(v string) bool {
				return slices.ContainsFunc(w.r.values(row, field), func(m string) bool {
					return m == v || c.kind == query.Prefixes && v != "" && strings.HasPrefix(m, v)
				})
			})
		} else {
			out.values = append(out.values, pick(w, mine))
		}
	}
	if len(out.values) > 6 {
		out.values = out.values[len(out.values)-6:]
	}
	if len(out.values) == 0 {
		out.values = []string{""}
		out.exclude = row >= 0 && len(w.r.values(row, field)) > 0
	}
	slices.Sort(out.values)
	out.values = slices.Compact(out.values)
	if c.kind == query.Prefixes { // a code under another one adds nothing
		all := slices.Clone(out.values)
		out.values = slices.DeleteFunc(out.values, func(v string) bool {
			return slices.ContainsFunc(all, func(wide string) bool { return wide != "" && wide != v && strings.HasPrefix(v, wide) })
		})
	}
	return out
}

// address writes a state as somebody might who does not know the canonical form:
// in any order, with defaults said, dots in codes, small letters, months.
func (w *walker) address(s state) string {
	var parts []string
	add := func(key, value string) { parts = append(parts, key+"="+url.QueryEscape(value)) }
	for _, d := range w.standing() {
		if _, on := s.wish(d.key); !on {
			add(d.key, "any")
		}
	}
	for _, o := range s.wishes {
		if slices.ContainsFunc(w.standing(), o.is) && w.chance(2) {
			continue
		}
		if o.kind == query.Dates || o.kind == query.Numbers {
			switch {
			case w.chance(3):
				add(o.key+"_from", o.from)
				add(o.key+"_to", o.to)
			case o.from == o.to && w.chance(2):
				add(o.key, o.from)
			case o.kind == query.Dates && strings.HasSuffix(o.from, "-01") && w.chance(2):
				add(o.key, o.from[:7]+".."+o.to)
			default:
				add(o.key, o.from+".."+o.to)
			}
			continue
		}
		said := slices.Clone(o.values)
		w.Shuffle(len(said), func(i, j int) { said[i], said[j] = said[j], said[i] })
		key, mark := o.key, ""
		if o.exclude {
			if mark = "!"; w.chance(3) {
				key, mark = "not."+key, ""
			}
		}
		for i, v := range said {
			switch {
			case v == "":
				v = "none"
			case o.kind == query.Prefixes && len(v) > 3 && w.chance(2):
				v = strings.ToLower(v[:3]) + "." + v[3:]
			}
			said[i] = mark + v
		}
		if w.chance(3) {
			add(key, strings.Join(said, ","))
			continue
		}
		for _, v := range said {
			add(key, v)
		}
	}
	if s.any {
		add("dxpos", "any")
	} else if w.chance(4) {
		add("dxpos", "primary")
	}
	for key, values := range map[string][]string{"sort": s.sort, "cols": s.cols, "by": s.by} {
		if len(values) > 0 {
			add(key, strings.Join(values, ","))
		}
	}
	if s.unit != "" {
		add("view", s.unit)
	}
	if s.wrap {
		add("den", "w")
	}
	if s.more {
		add("more", "1")
	}
	if s.people {
		add("count", "patients")
	}
	if s.of != "" {
		add("of", s.of)
	}
	slices.Sort(parts) // a map's order is not the seed's
	w.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	if len(parts) == 0 {
		return "/records"
	}
	return "/records?" + strings.Join(parts, "&")
}
