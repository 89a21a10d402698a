package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// conditions is the page on which groups of conditions beyond the filters are put
// together. Each press of a button sends the whole form and changes nothing here:
// the state is in the form until “Use these conditions” puts it into the address.
func (s *Server) conditions(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.SeesRows() {
		return fault.New(fault.Denied, "This account does not see records. Ask the information governance lead if you need to.")
	}
	in := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			return fault.Wrap(fault.Invalid, err, "The form could not be read. Go back and try again.")
		}
		if in, err = url.ParseQuery(r.PostForm.Get("state")); err != nil {
			return fault.Wrap(fault.Invalid, err, "This link is damaged. Start again from Records.")
		}
	}
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	fields, err := s.conditionFields(r, v)
	if err != nil {
		return err
	}
	b := &builder{s: s, sc: sc, fields: fields, tree: grow(sc.state.If)}
	if r.Method == http.MethodPost {
		b.press(r.PostForm)
		if b.use {
			http.Redirect(w, r, address(b.sc.state, warehouse.Page{}), http.StatusSeeOther)
			return nil
		}
	}
	x := b.page(in)
	if b.wrong == "" {
		a, err := s.c.Warehouse.Explore(r.Context(), v.access, query.Query{Where: b.sc.state.Where(), Counts: true}, warehouse.Page{}, v.client)
		if err != nil {
			return err
		}
		x.Counted, x.Episodes, x.Patients, x.Facts = true, a.Episodes, a.Patients, s.facts(a.Release)
	} else {
		x.Facts = s.facts(sc.facts)
	}
	x.Agreement, x.Purpose = v.access.Agreement()
	return s.show(w, r, http.StatusOK, view.ConditionsPage(s.frame(r, "Conditions", "records"), x))
}

// conditionFields are the fields that conditions may be about: those that the
// access covers, families as a whole and by their first position.
func (s *Server) conditionFields(r *http.Request, v visitor) ([]hes.Field, error) {
	covered, err := s.c.Warehouse.Covered(r.Context(), v.access)
	if err != nil {
		return nil, err
	}
	var out []hes.Field
	for _, f := range covered {
		if f.Family == "" {
			out = append(out, f)
			continue
		}
		if f.Slot == 1 {
			if family, ok := s.c.Dictionary.Field(f.Family); ok {
				out = append(out, family)
			}
			if f.Name == hes.MainDiagnosis || f.Name == hes.MainProcedure {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// builder is one turn of the form.
type builder struct {
	s      *Server
	sc     scene
	fields []hes.Field
	tree   *branch
	text   string // as typed by somebody who writes conditions as text; "" to show that of the tree
	said   string // what is wrong with it
	wrong  string // what keeps the conditions from being used
	use    bool
}

// press carries out what was pressed and reads the conditions again.
func (b *builder) press(form url.Values) {
	do := form.Get("do")
	if do == "text" {
		b.text = form.Get("text")
		e, err := query.ParseIf(strings.TrimSpace(b.text), b.s.c.Dictionary, b.sc.offer)
		if err != nil {
			b.said, b.wrong = fault.Say(err), fault.Say(err)
			b.tree = readTree(form)
			return
		}
		b.text, b.tree, b.sc.state.If = "", grow(e), e
		return
	}
	b.tree = readTree(form)
	b.tree.change(do)
	e := b.prune(b.tree)
	if b.wrong != "" {
		return
	}
	if e != nil {
		read, err := query.ParseIf(query.Format(e), b.s.c.Dictionary, b.sc.offer)
		if err != nil {
			b.wrong = fault.Say(err)
			return
		}
		e = read
	}
	b.sc.state.If = e
	b.use = do == "use"
}

// prune makes the condition of a tree; nil if it says nothing. Branches that
// nobody has filled in yet are left out. What is wrong stands by its branch.
func (b *builder) prune(t *branch) query.Expr {
	if t.how == "" {
		return b.leaf(t)
	}
	var parts []query.Expr
	for _, p := range t.parts {
		if e := b.prune(p); e != nil {
			parts = append(parts, e)
		}
	}
	switch {
	case len(parts) == 0:
		return nil
	case t.how == "none" && len(parts) == 1:
		return query.Not{Of: parts[0]}
	case t.how == "none":
		return query.Not{Of: query.Or(parts)}
	case len(parts) == 1:
		return parts[0]
	case t.how == "any":
		return query.Or(parts)
	}
	return query.And(parts)
}

// leaf makes one condition.
func (b *builder) leaf(t *branch) query.Expr {
	if t.field == "" && t.value == "" && t.to == "" {
		return nil
	}
	fail := func(say string) query.Expr {
		t.wrong, b.wrong = say, "Some conditions cannot be used yet: see what stands beside them."
		return nil
	}
	f, ok := b.s.c.Dictionary.Field(t.field)
	if !ok || !slices.ContainsFunc(b.fields, func(o hes.Field) bool { return o.Name == f.Name }) && !b.sc.offer.Holds(f) {
		return fail("Choose a field.")
	}
	op, not := strings.CutPrefix(t.op, opNot)
	var e query.Expr
	switch op {
	case opMissing:
		e = query.Missing{Field: f.Name}
	case opSpan:
		from, err := b.edge(f, t.value, false)
		to, err2 := b.edge(f, t.to, true)
		switch {
		case err != nil:
			return fail(fault.Say(err))
		case err2 != nil:
			return fail(fault.Say(err2))
		case from == "" && to == "":
			return fail("Write a beginning or an end.")
		case from != "" && to != "" && query.Compare(f.Type, from, to) > 0:
			return fail("The beginning comes after the end.")
		}
		e = query.Range{Field: f.Name, From: from, To: to}
	default:
		var values []string
		for text := range strings.SplitSeq(t.value, ",") {
			value, err := b.one(f, text)
			if err != nil {
				return fail(fault.Say(err))
			}
			if value != "" && !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
		if len(values) == 0 {
			return fail("Write a value, or several with commas between them.")
		}
		if op == opStarts {
			if f.Type != hes.Code && f.Type != hes.Key {
				return fail(f.Label + " has no codes that begin in some way; choose “is from … to”.")
			}
			e = query.Prefix{Field: f.Name, Prefixes: values}
		} else {
			e = query.In{Field: f.Name, Values: values}
		}
	}
	if not {
		return query.Not{Of: e}
	}
	return e
}

// one reads one value as people write it: a code, its meaning, a day.
func (b *builder) one(f hes.Field, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", nil
	case f.Type == hes.Date:
		first, err := dayOf(f, text, false)
		if last, _ := query.Day(text, true); err == nil && last != first {
			return "", fault.New(fault.Invalid, "That is a whole month: choose “is from … to” and write it at both ends.")
		}
		return first, err
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		text = strings.ToUpper(strings.ReplaceAll(text, ".", ""))
	case f.Codes != "":
		list := b.s.c.Codes.Values(f.Codes)
		if !slices.ContainsFunc(list, func(c hes.CodeValue) bool { return c.Code == text }) {
			if i := slices.IndexFunc(list, func(c hes.CodeValue) bool { return strings.EqualFold(c.Label, text) }); i >= 0 {
				text = list[i].Code
			}
		}
	}
	return text, query.CheckValue(f, text)
}

// dayOf reads a day; a month is its first or last.
func dayOf(f hes.Field, text string, last bool) (string, error) {
	if iso, ok := query.Day(text, last); ok || text == "" {
		return iso, nil
	}
	return "", fault.New(fault.Invalid, "%s: write a day as 2008-04-01 or 1/4/2008, or a month as 2008-04 or Apr 2008.", f.Label)
}

// edge reads an end of a span; a month is its first or its last day.
func (b *builder) edge(f hes.Field, text string, last bool) (string, error) {
	if f.Type == hes.Date {
		return dayOf(f, strings.TrimSpace(text), last)
	}
	return b.one(f, text)
}

// page makes what the form shows.
func (b *builder) page(state url.Values) view.Conditions {
	without := b.sc.state
	without.If = nil
	x := view.Conditions{State: state.Encode(), Back: address(b.sc.state, warehouse.Page{}), Wrong: b.wrong, Text: b.text, TextWrong: b.said}
	if b.sc.state.If != nil {
		x.Sentence, x.RemoveURL = b.s.say(b.sc, b.sc.state.If), address(without, warehouse.Page{})
	}
	if x.Text == "" && b.sc.state.If != nil {
		x.Text = query.Format(b.sc.state.If)
	}
	for _, f := range b.fields {
		x.Fields = append(x.Fields, view.Choice{Value: f.Name, Label: b.s.fieldName(f.Name), Group: f.Group})
	}
	for _, o := range operations() {
		x.Operations = append(x.Operations, view.Pair{Key: o[0], Value: o[1]})
	}
	lists := map[string]bool{}
	x.Top = b.shown(b.tree, "0", lists)
	for _, f := range b.fields {
		if !lists[f.Codes] {
			continue
		}
		delete(lists, f.Codes)
		l := view.ValueList{ID: "list-" + f.Codes}
		for _, c := range b.s.c.Codes.Values(f.Codes) {
			l.Values = append(l.Values, view.Pair{Key: c.Code, Value: c.Label})
		}
		x.Lists = append(x.Lists, l)
	}
	return x
}

// mostListed is the longest code list that is offered under a value's box.
const mostListed = 300

func (b *builder) shown(t *branch, path string, lists map[string]bool) view.Branch {
	out := view.Branch{Path: path, How: t.how, Field: t.field, Op: t.op, Value: t.value, To: t.to, Wrong: t.wrong}
	for i, p := range t.parts {
		part := b.shown(p, path+"."+strconv.Itoa(i), lists)
		part.First, part.Last = i == 0, i == len(t.parts)-1
		out.Parts = append(out.Parts, part)
	}
	if f, ok := b.s.c.Dictionary.Field(t.field); ok && t.how == "" {
		out.Label = b.s.fieldName(f.Name)
		if n := len(b.s.c.Codes.Values(f.Codes)); b.s.c.Codes.Closed(f.Codes) && n > 0 && n <= mostListed {
			lists[f.Codes] = true
			out.List = "list-" + f.Codes
		}
	}
	return out
}
