package query

import (
	"regexp"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Expr is a condition on an episode: And, Or, Not, In, Prefix, Range, Missing,
// Whose or Never. The set is closed; engines switch over it.
type Expr interface {
	// String says the condition in words with the dictionary's field names.
	String() string
	expr()
}

// The conditions. Values are canonical text of the field's type.
type (
	// And holds when all parts do; an empty And always holds.
	And []Expr
	// Or holds when any part does; an empty Or never holds.
	Or []Expr
	// Not holds when its part does not.
	Not struct{ Of Expr }
	// In holds when the value is one of Values; the empty value stands for
	// "not recorded".
	In struct {
		Field  string
		Values []string
	}
	// Prefix holds when the value starts with one of Prefixes, byte by byte.
	// Only for codes and keys.
	Prefix struct {
		Field    string
		Prefixes []string
	}
	// Range holds when From ≤ value ≤ To; an empty end is open. At least one
	// end is given.
	Range struct{ Field, From, To string }
	// Missing holds when the field is not recorded; for a family, when no slot is.
	Missing struct{ Field string }
	// Whose holds for every episode of a patient one of whose episodes meets Of,
	// whatever else is asked; not for episodes without a person key. It looks past
	// the rule that it stands in, so that only such rules may hold it (a clinical
	// team's patients), and never a question.
	Whose struct{ Of Expr }
	// Never does not hold for any row: what an access without rows is narrowed to.
	Never struct{}
)

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (In) expr()      {}
func (Prefix) expr()  {}
func (Range) expr()   {}
func (Missing) expr() {}
func (Whose) expr()   {}
func (Never) expr()   {}

func join(parts []Expr, word, empty string) string {
	switch len(parts) {
	case 0:
		return empty
	case 1:
		return parts[0].String()
	}
	out := make([]string, len(parts))
	for i, p := range parts {
		if out[i] = p.String(); grouped(p) {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, word)
}

func (e And) String() string { return join(e, " and ", "anything") }
func (e Or) String() string  { return join(e, " or ", "nothing") }
func (e Not) String() string { return "not (" + e.Of.String() + ")" }
func (e In) String() string {
	out := make([]string, len(e.Values))
	for i, v := range e.Values {
		out[i] = v
		if v == "" {
			out[i] = "not recorded"
		}
	}
	return e.Field + " is " + strings.Join(out, " or ")
}
func (e Prefix) String() string { return e.Field + " starts with " + strings.Join(e.Prefixes, " or ") }
func (e Range) String() string {
	switch {
	case e.From == "":
		return e.Field + " up to " + e.To
	case e.To == "":
		return e.Field + " from " + e.From
	}
	return e.Field + " from " + e.From + " to " + e.To
}
func (e Missing) String() string { return e.Field + " is not recorded" }
func (e Whose) String() string   { return "is of a patient with (" + e.Of.String() + ")" }
func (Never) String() string     { return "nothing" }

// Fields returns the names of the fields that a condition mentions, sorted,
// each once.
func Fields(e Expr) []string {
	var out []string
	Walk(e, func(x Expr) {
		switch x := x.(type) {
		case In:
			out = append(out, x.Field)
		case Prefix:
			out = append(out, x.Field)
		case Range:
			out = append(out, x.Field)
		case Missing:
			out = append(out, x.Field)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Walk calls visit for a condition and everything in it. A nil condition has
// nothing to visit.
func Walk(e Expr, visit func(Expr)) {
	if e == nil {
		return
	}
	visit(e)
	switch e := e.(type) {
	case And:
		for _, p := range e {
			Walk(p, visit)
		}
	case Or:
		for _, p := range e {
			Walk(p, visit)
		}
	case Not:
		Walk(e.Of, visit)
	case Whose:
		Walk(e.Of, visit)
	}
}

// Both joins two conditions by And, flattening, so that the top level stays a
// plain list. Nil stands for "anything" and is left out; two nils give nil.
func Both(a, b Expr) Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	var out And
	for _, e := range [...]Expr{a, b} {
		if and, ok := e.(And); ok {
			out = append(out, and...)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// Without leaves out the top-level conditions that mention no other fields than
// the named ones: what a facet's counts are taken under. An And that stands in
// the top-level And is a group that belongs to no facet, and stays. A person's
// row rule must never be left out, so policy keeps it as Guard, apart from Where.
func Without(e Expr, fields []string) Expr {
	only := func(p Expr) bool {
		named := Fields(p)
		for _, f := range named {
			if !slices.Contains(fields, f) {
				return false
			}
		}
		return len(named) > 0
	}
	and, ok := e.(And)
	if !ok {
		if e == nil || only(e) {
			return nil
		}
		return e
	}
	var out And
	for _, p := range and {
		if _, group := p.(And); group || !only(p) {
			out = append(out, p)
		}
	}
	switch len(out) {
	case 0:
		return nil
	case len(and):
		return e
	}
	return out
}

var prefixText = regexp.MustCompile(`^[0-9A-Za-z &.-]{1,40}$`)

// CheckRule checks a row rule against the dictionary, as Validate does a
// question's condition; a rule may hold Whose, once in depth.
func CheckRule(d *hes.Dictionary, e Expr) error { return validate(d, e, true) }

func validate(d *hes.Dictionary, e Expr, rule bool) error {
	nodes := 0
	var check func(Expr, int) error
	check = func(e Expr, depth int) error {
		nodes++
		if nodes > MaxNodes || depth > MaxDepth {
			return fault.New(fault.Invalid, "The filter is too large: at most %d conditions, %d deep.", MaxNodes, MaxDepth)
		}
		switch e := e.(type) {
		case And:
			for _, p := range e {
				if err := check(p, depth+1); err != nil {
					return err
				}
			}
			return nil
		case Or:
			for _, p := range e {
				if err := check(p, depth+1); err != nil {
					return err
				}
			}
			return nil
		case Not:
			return check(e.Of, depth+1)
		case In:
			f, err := known(d, e.Field)
			if err != nil {
				return err
			}
			if len(e.Values) == 0 || len(e.Values) > MaxValues {
				return fault.New(fault.Invalid, "%s takes 1 to %d values.", e.Field, MaxValues)
			}
			for _, v := range e.Values {
				if v == "" {
					continue
				}
				if err := CheckValue(f, v); err != nil {
					return err
				}
			}
			return nil
		case Prefix:
			f, err := known(d, e.Field)
			if err != nil {
				return err
			}
			if f.Type != hes.Code && f.Type != hes.Key {
				return fault.New(fault.Invalid, "%s has no codes to match by their beginning.", e.Field)
			}
			if len(e.Prefixes) == 0 || len(e.Prefixes) > MaxValues {
				return fault.New(fault.Invalid, "%s takes 1 to %d codes.", e.Field, MaxValues)
			}
			for _, p := range e.Prefixes {
				if !prefixText.MatchString(p) {
					return fault.New(fault.Invalid, "%s takes codes of letters and digits.", e.Field)
				}
			}
			return nil
		case Range:
			f, err := known(d, e.Field)
			if err != nil {
				return err
			}
			if e.From == "" && e.To == "" {
				return fault.New(fault.Invalid, "%s needs a beginning or an end.", e.Field)
			}
			for _, v := range [...]string{e.From, e.To} {
				if v == "" {
					continue
				}
				if err := CheckValue(f, v); err != nil {
					return err
				}
			}
			return nil
		case Missing:
			_, err := known(d, e.Field)
			return err
		case Whose:
			if rule {
				return validate(d, e.Of, false)
			}
		case Never:
			return nil
		}
		return fault.New(fault.Invalid, "The filter holds a condition that is not understood.")
	}
	if e == nil {
		return nil
	}
	return check(e, 0)
}
