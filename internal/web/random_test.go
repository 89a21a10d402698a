package web_test

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
)

// This file makes random states, and writes them into addresses as somebody might
// who does not know the canonical form.

// walker makes random states and their addresses.
type walker struct {
	*rand.Rand
	r       *realRelease
	columns []hes.Field // that the agreement covers

	labelled map[string]labelled // of fields that charts have been made of
}

func (w *walker) chance(of int) bool { return w.IntN(of) == 0 }

func pick[T any](w *walker, from []T) T { return from[w.IntN(len(from))] }

// anybody is a random row.
func (w *walker) anybody() int { return w.IntN(len(w.r.rows)) }

// state makes a random one. Half of them have a row that meets everything.
func (w *walker) state(role policy.Role) state {
	s := w.beginning()
	s.anyDx, s.anyOp = w.chance(2), w.chance(3)
	row := -1
	if w.chance(2) {
		row = w.anybody()
	}
	for range w.IntN(5) {
		c := pick(w, controls())
		if w.chance(4) { // which can be said in more ways
			c = controlOf(pick(w, []string{"adm", "age", "los"}))
		}
		if w.r.offers(c.field) {
			s = s.with(w.wish(c, s, row))
		}
	}
	for _, d := range w.standing() {
		if w.chance(6) {
			s = s.without(d.key)
		}
	}
	if w.chance(6) {
		s.ifs = w.condition(2)
	}
	s.wrap, s.more = w.chance(4), w.chance(3)
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
	if w.chance(2) {
		for _, c := range controls() {
			if w.r.offers(c.field) && !w.chance(4) {
				s.open = append(s.open, c.key)
			}
		}
	}
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

// condition makes a random condition beyond the filters, of groups in groups.
func (w *walker) condition(depth int) query.Expr {
	if depth > 0 && !w.chance(3) {
		parts := []query.Expr{w.condition(depth - 1), w.condition(depth - 1)}
		switch w.IntN(3) {
		case 0:
			return query.And(parts)
		case 1:
			return query.Or(parts)
		}
		return query.Not{Of: parts[0]}
	}
	field := pick(w, []string{"SEX", "DIAG_nn", "OPERTN_nn", "ADMIDATE", "MAINSPEF", "PROCODE3", "ETHNOS"})
	values := w.r.values(w.anybody(), field)
	switch {
	case len(values) == 0:
		return query.Missing{Field: field}
	case field == "ADMIDATE":
		return query.Range{Field: field, From: values[0]}
	case strings.HasSuffix(field, "_nn"):
		return query.Prefix{Field: field, Prefixes: []string{values[0][:2]}}
	}
	return query.In{Field: field, Values: []string{values[0]}}
}

// wish makes a random one on a filter that a row, if there is one, meets.
func (w *walker) wish(c control, s state, row int) wish {
	for {
		out := w.free(c, s)
		if row < 0 || w.r.holds(row, s, out) || w.chance(40) {
			return out
		}
	}
}

func (w *walker) free(c control, s state) wish {
	out, field := wish{control: c, exclude: w.chance(4)}, s.fieldOf(c)
	switch {
	case c.key == "dup" && !w.chance(4): // what the panel can say
		out.values = []string{"1"}
		return out
	case c.kind == query.Dates || c.kind == query.Numbers:
		return w.spans(out, field)
	}
	for range 1 + w.IntN(3) {
		for _, v := range w.r.values(w.anybody(), field) {
			if c.kind == query.Prefixes {
				v = v[:min(len(v), 1+w.IntN(4))]
			}
			out.values = append(out.values, v)
		}
	}
	if w.chance(6) || len(out.values) == 0 {
		out.values = append(out.values, "")
	}
	out.values = tidy(c, out.values[max(0, len(out.values)-6):])
	return out
}

// tidy sorts values, and leaves out codes under others, which add nothing.
func tidy(c control, values []string) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	if c.kind != query.Prefixes {
		return values
	}
	all := slices.Clone(values)
	return slices.DeleteFunc(values, func(v string) bool {
		return slices.ContainsFunc(all, func(wide string) bool { return wide != "" && wide != v && strings.HasPrefix(v, wide) })
	})
}

// spans makes a wish on numbers or dates: one span or, of numbers, several that
// leave something out.
func (w *walker) spans(out wish, field string) wish {
	if w.chance(5) {
		out.values = []string{""}
	}
	n := 1
	if out.kind == query.Numbers && w.chance(3) {
		n = 3
	}
	var ends []string
	for range 2 * n {
		v := w.r.rows[w.anybody()][field]
		if i, err := strconv.Atoi(v); v == "" || out.kind == query.Numbers && (err != nil || i < 1) {
			continue // numbers begin at nothing
		}
		ends = append(ends, v)
	}
	slices.SortFunc(ends, func(a, b string) int {
		if out.kind == query.Dates {
			return strings.Compare(a, b)
		}
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	for i := 0; i+1 < len(ends); i += 2 {
		span := [2]string{ends[i], ends[i+1]}
		switch {
		case out.kind == query.Dates && w.chance(2): // whole months
			last, _ := time.Parse("2006-01", span[1][:7])
			span = [2]string{span[0][:7] + "-01", last.AddDate(0, 1, -1).Format(time.DateOnly)}
		case i > 0 && w.chance(2): // hard upon the one before: a number, or none, between
			n, _ := strconv.Atoi(ends[i-1])
			if m, _ := strconv.Atoi(span[1]); m >= n+2 {
				span[0] = strconv.Itoa(n + 1 + w.IntN(2))
			}
		}
		out.spans = append(out.spans, span)
	}
	if len(out.spans) == 0 && len(out.values) == 0 {
		out.values = []string{""}
	}
	if i := len(out.spans) - 1; i >= 0 && w.chance(4) {
		if w.chance(2) {
			out.spans[i][1] = ""
		} else {
			out.spans[0][0] = ""
		}
	}
	return out
}

// address writes a state in any order, with defaults said, dots in codes, small
// letters, months.
func (w *walker) address(s state) string {
	var parts []string
	add := func(key, value string) { parts = append(parts, key+"="+url.QueryEscape(value)) }
	for _, d := range w.standing() {
		if _, on := s.wish(d.key); !on {
			add(d.key, "any")
		}
	}
	for _, o := range s.wishes {
		if !slices.ContainsFunc(w.standing(), o.is) || w.chance(2) {
			w.say(o, add)
		}
	}
	if s.anyDx {
		add("dxpos", "any")
	} else if w.chance(4) {
		add("dxpos", "primary")
	}
	if s.anyOp {
		add("oppos", "any")
	}
	if s.ifs != nil {
		add("if", query.Format(s.ifs))
	}
	for _, x := range [...]struct {
		key    string
		values []string
	}{{"sort", s.sort}, {"cols", s.cols}, {"by", s.by}, {"open", s.open}} {
		if len(x.values) > 0 {
			add(x.key, strings.Join(x.values, ","))
		}
	}
	for _, x := range [...]struct {
		on         bool
		key, value string
	}{{s.unit != "", "view", s.unit}, {s.wrap, "den", "w"}, {s.more, "more", "1"}, {s.people, "count", "patients"}, {s.of != "", "of", s.of}} {
		if x.on {
			add(x.key, x.value)
		}
	}
	w.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	if len(parts) == 0 {
		return "/records"
	}
	return "/records?" + strings.Join(parts, "&")
}

// say writes one filter.
func (w *walker) say(o wish, add func(key, value string)) {
	var said []string
	for _, v := range o.values {
		switch {
		case v == "":
			v = "none"
		case o.kind == query.Prefixes && len(v) > 3 && w.chance(2):
			v = strings.ToLower(v[:3]) + "." + v[3:]
		}
		said = append(said, v)
	}
	for i, span := range o.spans {
		switch {
		case i == 0 && w.chance(3):
			add(o.key+"_from", span[0])
			add(o.key+"_to", span[1])
			continue
		case span[0] == span[1] && w.chance(2):
			said = append(said, span[0])
			continue
		case o.kind == query.Dates && strings.HasSuffix(span[0], "-01") && w.chance(2):
			span[0] = span[0][:7]
			if end, err := time.Parse(time.DateOnly, span[1]); err == nil && end.AddDate(0, 0, 1).Day() == 1 {
				span[1] = span[1][:7]
			}
		}
		said = append(said, span[0]+".."+span[1])
	}
	w.Shuffle(len(said), func(i, j int) { said[i], said[j] = said[j], said[i] })
	key, mark := o.key, ""
	if o.exclude {
		switch {
		case len(said) < len(o.values)+len(o.spans) || w.chance(3): // ends of their own have no mark
			add("not", o.key)
		case w.chance(3):
			key = "not." + key
		default:
			mark = "!"
		}
	}
	for i := range said {
		said[i] = mark + said[i]
	}
	if w.chance(3) && len(said) > 0 {
		add(key, strings.Join(said, ","))
		return
	}
	for _, v := range said {
		add(key, v)
	}
}
