package web

import (
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

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
	beyond     bool       // a field is not covered
	choosing   int        // conditions that show the list of all fields
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
	case b.wrong != "", b.beyond:
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
	if !b.sc.offer.Holds(f) { // if the release holds it the door is asked, which refuses and keeps a record of it
		t.wrong, b.beyond = "Your agreement does not cover this field. Choose another.", true
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
		out = append(out, value)
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
