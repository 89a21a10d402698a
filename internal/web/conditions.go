package web

import (
	"fmt"
	"hash/fnv"
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

// longForm is how many bytes of conditions a form may hold before it is sent in
// the body of a request: proxies refuse addresses of more than 8,000.
const longForm = 1500

// conditions is the page on which groups of conditions beyond the filters are put
// together. Each press of a button sends the whole form and changes nothing here,
// so Back takes it back; the conditions are in the form until “Use these
// conditions” puts them into the address of the records.
func (s *Server) conditions(w http.ResponseWriter, r *http.Request) error {
	v, err := s.who(r)
	if err != nil {
		return err
	}
	if !v.access.SeesRows() {
		return fault.New(fault.Denied, "This account does not see records. Ask the information governance lead if you need to.")
	}
	in := r.URL.Query()
	if r.Method == http.MethodPost { // a form that is too long for an address
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			return fault.Wrap(fault.Invalid, err, "The form could not be read. Go back and try again.")
		}
		in = r.PostForm
	}
	// Conditions in a link that cannot be read are shown as they stand, to be mended.
	inForce := in.Get("if")
	in.Del("if")
	sc, err := s.scene(r.Context(), v.access, in)
	if err != nil {
		return err
	}
	b := &builder{s: s, sc: sc}
	if b.fields, err = s.conditionFields(r, v); err != nil {
		return err
	}
	if sc.state.If, err = query.ParseIf(inForce, s.c.Dictionary, sc.offer); err != nil {
		b.text, b.said = inForce, fault.Say(err)
	}
	if err := b.press(in, sc.state.If); err != nil {
		return err
	}
	if b.use {
		sc.state.If = b.made
		http.Redirect(w, r, sc.withOpen(firstPage(sc.state)), http.StatusSeeOther)
		return nil
	}
	x := view.Conditions{Facts: s.facts(sc.facts)}
	x.Agreement, x.Purpose = v.access.Agreement()
	status := http.StatusOK
	counted := sc.state
	counted.If = b.made
	a, err := s.c.Warehouse.Explore(r.Context(), v.access, query.Query{Where: counted.Where(), Counts: true}, warehouse.Page{}, v.client)
	switch {
	case fault.Of(err) == fault.Denied: // what was typed goes beyond the agreement; it is not lost
		status, b.wrong = fault.Denied.Status(), fault.Say(err)
	case err != nil:
		return err
	default:
		x.Counted, x.Episodes, x.Patients = true, a.Episodes, a.Patients
	}
	b.show(&x, sc)
	if r.Header.Get("X-Part") == "conditions" {
		return s.show(w, r, status, view.ConditionsForm(x))
	}
	return s.show(w, r, status, view.ConditionsPage(s.frame(r, "Conditions", "records"), x))
}

// conditionFields are the fields that conditions may be about: those that the
// access covers, families as a whole, and the first diagnosis and procedure.
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
		if f.Name == hes.MainDiagnosis || f.Name == hes.MainProcedure {
			out = append(out, f)
		}
		if family, ok := s.c.Dictionary.Field(f.Family); ok && f.Slot == 1 {
			out = append(out, family)
		}
	}
	return out, nil
}

// builder is one turn of the form.
type builder struct {
	s          *Server
	sc         scene
	fields     []hes.Field
	tree       *branch
	made       query.Expr // the conditions of the tree; nil if there are none
	text       string     // as typed by somebody who writes conditions as text; "" to show that of the tree
	said       string     // what is wrong with it
	wrong      string     // what keeps the conditions from being used
	unfinished []*branch  // conditions that are not filled in
	refused    int        // conditions that are wrong
	use        bool
}

// press reads the form, or without one the conditions in force, and carries out
// what was pressed.
func (b *builder) press(in url.Values, inForce query.Expr) (err error) {
	do := in.Get("do")
	if !in.Has("node") {
		if b.tree = grow(inForce, b.write); len(b.tree.parts) == 0 {
			b.tree.parts = []*branch{{op: opIs}} // to begin with
		}
	} else if b.tree, err = readTree(in); err != nil {
		return err
	}
	if text := strings.TrimSpace(in.Get("text")); text != "" && mark(text) != in.Get("wrote") {
		b.text = text
	}
	if do == "text" && b.text != "" {
		e, err := query.ParseIf(b.text, b.s.c.Dictionary, b.sc.offer)
		if err != nil {
			b.said = fault.Say(err)
		} else {
			b.text, b.tree = "", grow(e, b.write)
		}
	}
	b.tree.change(do)
	b.read()
	if do != "use" {
		return nil
	}
	switch {
	case b.wrong != "":
	case len(b.unfinished) > 0:
		b.wrong = "Some conditions are not finished. Fill them in or remove them."
		for _, t := range b.unfinished {
			t.wrong = "Choose or write a value; several stand with commas between them."
			if strings.HasSuffix(t.op, opSpan) {
				t.wrong = "Write a beginning or an end."
			}
		}
	case b.text != "":
		b.wrong = "The text was changed and has not been read. Choose “Read the text”, or empty its box to keep the form."
	default:
		b.use = true
	}
	return nil
}

// mark tells by a few characters whether a text is the one that the form was
// given, so that it need not be sent twice.
func mark(text string) string {
	h := fnv.New64a()
	h.Write([]byte(text))
	return strconv.FormatUint(h.Sum64(), 36)
}

// read makes the conditions of the tree and says what is wrong with them.
func (b *builder) read() {
	e := b.prune(b.tree)
	if e != nil {
		made, err := query.ParseIf(query.Format(e), b.s.c.Dictionary, b.sc.offer)
		if err != nil {
			b.wrong = unplaced(err)
			return
		}
		e = made
	}
	b.made = e
}

// unplaced is an error about conditions as text, for somebody who sees no text.
func unplaced(err error) string {
	say := fault.Say(err)
	if _, rest, ok := strings.Cut(say, ": "); ok && strings.HasPrefix(say, "Line ") && rest != "" {
		return strings.ToUpper(rest[:1]) + rest[1:]
	}
	return say
}

// prune makes the condition of a tree; nil if it says nothing. Branches that are
// not filled in are left out and counted, what is wrong stands by its branch.
func (b *builder) prune(t *branch) query.Expr {
	if t.how == "" {
		e, err := b.leaf(t)
		if err != nil {
			t.wrong, b.wrong = fault.Say(err), "Some conditions cannot be used yet: see what stands beside them."
			b.refused++
			return nil
		}
		return e
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

// leaf makes one condition; nil if it is not filled in.
func (b *builder) leaf(t *branch) (query.Expr, error) {
	switch {
	case t.field == anything:
		return query.And{}, nil
	case t.field == nothing:
		return query.Never{}, nil
	case t.field == "" && strings.TrimSpace(t.value+t.to) != "":
		return nil, fault.New(fault.Invalid, "Choose a field.")
	case t.field == "":
		return nil, nil // an empty line does no harm
	}
	f, ok := b.s.c.Dictionary.Field(t.field)
	if !ok {
		return nil, fault.New(fault.Invalid, "There is no field of that name. Choose a field.")
	}
	if !b.sc.offer.Holds(f) {
		return nil, fault.New(fault.Invalid, "Your agreement does not cover this field, or the release does not hold it. Choose a field.")
	}
	e, err := b.about(f, t)
	if err != nil || e == nil {
		return nil, err
	}
	if _, err := query.ParseIf(query.Format(e), b.s.c.Dictionary, b.sc.offer); err != nil {
		return nil, sayLabel(f, fault.New(fault.Invalid, "%s", unplaced(err)))
	}
	if strings.HasPrefix(t.op, opNot) {
		return query.Not{Of: e}, nil
	}
	return e, nil
}

// about makes what a condition says of its field, without its "not"; nil if it is
// not filled in.
func (b *builder) about(f hes.Field, t *branch) (query.Expr, error) {
	op := strings.TrimPrefix(t.op, opNot)
	if op == opMissing {
		return query.Missing{Field: f.Name}, nil
	}
	values := splitTyped(t.value)
	if len(values) == 0 && strings.TrimSpace(t.to) == "" {
		b.unfinished = append(b.unfinished, t)
		return nil, nil
	}
	if op == opSpan {
		return b.span(f, t)
	}
	if f.Type != hes.Code && f.Type != hes.Key && op == opStarts {
		return nil, fault.New(fault.Invalid, "%s has no codes that begin in some way; choose “is from … to”.", f.Label)
	}
	var out []string
	for _, v := range values {
		value, err := "", error(nil)
		switch {
		case v.missing() && op == opStarts:
			return nil, fault.New(fault.Invalid, "Codes that are not recorded do not start with anything; choose “is”.")
		case v.missing():
		case op == opStarts && !v.quoted:
			value = b.code(f, v.text)
		case op == opStarts:
			value = v.text
		default:
			value, err = b.one(f, v)
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	switch {
	case len(out) == 0:
		b.unfinished = append(b.unfinished, t)
		return nil, nil
	case op == opStarts:
		return query.Prefix{Field: f.Name, Prefixes: out}, nil
	}
	return query.In{Field: f.Name, Values: out}, nil
}

// span makes a condition of two ends, one of which may be open.
func (b *builder) span(f hes.Field, t *branch) (query.Expr, error) {
	if from, to, ok := spanOf(t.value); ok && t.to == "" {
		t.value, t.to = from, to
	}
	from, err := b.edge(f, t.value, false)
	if err != nil {
		return nil, err
	}
	to, err := b.edge(f, t.to, true)
	switch {
	case err != nil:
		return nil, err
	case from == "" && to == "":
		b.unfinished = append(b.unfinished, t)
		return nil, nil
	case from != "" && to != "" && query.Compare(f.Type, from, to) > 0:
		return nil, fault.New(fault.Invalid, "The beginning comes after the end.")
	}
	return query.Range{Field: f.Name, From: from, To: to}, nil
}

// show makes what the form shows.
func (b *builder) show(x *view.Conditions, sc scene) {
	x.Back = sc.withOpen(firstPage(sc.state))
	x.State = pairs(sc.state)
	if open := sc.openNow(); !slices.Equal(open, sc.atFirst()) {
		x.State = append(x.State, view.Pair{Key: "open", Value: strings.Join(open, ",")})
	}
	if sc.state.If != nil {
		without := sc
		without.state.If = nil
		x.RemoveURL = without.withOpen(firstPage(without.state))
	}
	x.Wrong, x.TextWrong = b.wrong, b.said
	text := ""
	if b.made != nil {
		x.Sentence, text = b.s.say(b.sc, b.made), query.Format(b.made)
	}
	x.Text, x.Wrote = text, mark(text)
	if b.text != "" {
		x.Text, x.Unread = b.text, true
	}
	x.Long = len(x.Text) > longForm
	for _, f := range b.fields {
		x.Fields = append(x.Fields, view.Choice{Value: f.Name, Label: b.s.fieldName(f.Name), Group: f.Group})
	}
	lists := map[string]hes.Field{}
	x.Top = b.shown(b.tree, "0", 0, lists)
	x.Uncounted = len(b.unfinished) + b.refused
	for _, f := range b.fields {
		id := listID(f)
		if _, wanted := lists[id]; !wanted {
			continue
		}
		delete(lists, id)
		l := view.ValueList{ID: id}
		for _, c := range b.values(f) {
			l.Values = append(l.Values, view.Pair{Key: c.Code, Value: c.Label})
		}
		x.Lists = append(x.Lists, l)
	}
}

// listID names the list of values that is offered for a field.
func listID(f hes.Field) string {
	if f.Codes == "" {
		return "list-" + f.Name
	}
	return "list-" + f.Codes
}

func (b *builder) shown(t *branch, path string, level int, lists map[string]hes.Field) view.Branch {
	out := view.Branch{Path: path, How: t.how, Field: t.field, Op: t.op, Value: t.value, To: t.to, Wrong: t.wrong, Added: t.added, Full: level >= query.MaxIfDepth-1}
	for i, p := range t.parts {
		part := b.shown(p, fmt.Sprintf("%s.%d", path, i), level+1, lists)
		part.First, part.Last, part.In = i == 0, i == len(t.parts)-1, t.how
		out.Parts = append(out.Parts, part)
	}
	if t.how != "" {
		return out
	}
	f, known := b.s.c.Dictionary.Field(t.field)
	switch {
	case t.field == anything:
		out.Label = "Anything (every episode)"
	case t.field == nothing:
		out.Label = "Nothing (no episode)"
	case known:
		out.Label = b.s.fieldName(f.Name)
	default:
		out.Label = "Unknown field"
	}
	for _, o := range operations() {
		if !known || o[0] == t.op || !strings.HasSuffix(o[0], opStarts) || f.Type == hes.Code || f.Type == hes.Key {
			out.Operations = append(out.Operations, view.Pair{Key: o[0], Value: o[1]})
		}
	}
	if !known {
		return out
	}
	out.Example = written(f)
	if strings.TrimPrefix(t.op, opNot) == opIs {
		out.Ticks = b.ticks(f, t.value)
	}
	if out.Ticks == nil {
		out.Reads = b.reads(f, t.value)
		if len(b.values(f)) > 0 {
			out.List = listID(f)
			lists[out.List] = f
		}
	}
	return out
}

// written shows how a value of a field is written.
func written(f hes.Field) string {
	switch {
	case f.Codes == hes.ICD10:
		return "L40, C44.3"
	case f.Codes == hes.OPCS4:
		return "S06, S12.1"
	case f.Type == hes.Date:
		return "1/4/2008"
	case f.Type == hes.Int, f.Type == hes.Decimal:
		return "65"
	}
	return "code, code"
}
