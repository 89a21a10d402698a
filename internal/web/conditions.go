package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

// mostChoosing is how many conditions show the list of all fields at once, which
// is longer than everything else of them: those without a field, and the others
// as soon as another one is wanted.
const mostChoosing = 8

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
	if err := v.mustSeeRows(); err != nil {
		return err
	}
	in := r.URL.Query()
	if r.Method == http.MethodPost { // a form that is too long for an address
		if err := v.form(w, r, 1<<20, unreadable); err != nil {
			return err
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
	if t.field == "" && b.choosing < mostChoosing {
		out.Choosing = true
		b.choosing++
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
