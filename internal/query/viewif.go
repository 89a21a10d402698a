package query

import (
	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// Limits of the conditions that a URL holds.
const (
	MaxIf      = 4000         // bytes of text; proxies refuse lines of more than 8,000
	MaxIfDepth = MaxDepth - 2 // the filters that they stand beside are two groups more
)

// ParseIf reads the conditions beyond the filters as Format writes them, over
// what a release offers; nil if there are none, or they hold always. Fields may
// be written in small letters and by their older names. The error is of kind
// Invalid and says the line, the column and what to do.
func ParseIf(text string, d *hes.Dictionary, o Offer) (Expr, error) {
	if len(text) > MaxIf {
		return nil, fault.New(fault.Invalid, "The conditions are too long for a link: %d characters, at most %d. Take some out, or choose groups of codes by their beginning.", len(text), MaxIf)
	}
	if text == "" {
		return nil, nil
	}
	source := Source{Check: func(e Expr) error {
		e = renamed(e, d)
		if err := validate(d, e, false); err != nil {
			return err
		}
		if f, ok := d.Field(Fields(e)[0]); ok && !among(o.Held, f) {
			return fault.New(fault.Invalid, "the release that is served does not hold %s; choose another field.", f.Name)
		}
		return nil
	}}
	e, err := source.Parse(text)
	if err != nil {
		return nil, err
	}
	if depth(e) > MaxIfDepth {
		return nil, fault.New(fault.Invalid, "The conditions are too deep: at most %d groups, one in another.", MaxIfDepth)
	}
	if and, ok := e.(And); ok && len(and) == 0 {
		return nil, nil
	}
	return renamed(e, d), nil
}

// renamed gives each field its name in the dictionary, if it has one.
func renamed(e Expr, d *hes.Dictionary) Expr {
	name := func(text string) string {
		f, ok := d.Field(text)
		switch {
		case !ok:
			return text
		case f.AliasOf != "":
			return f.AliasOf
		}
		return f.Name
	}
	parts := func(in []Expr) []Expr {
		out := make([]Expr, len(in))
		for i, p := range in {
			out[i] = renamed(p, d)
		}
		return out
	}
	switch e := e.(type) {
	case And:
		return And(parts(e))
	case Or:
		return Or(parts(e))
	case Not:
		return Not{Of: renamed(e.Of, d)}
	case In:
		return In{Field: name(e.Field), Values: e.Values}
	case Prefix:
		return Prefix{Field: name(e.Field), Prefixes: e.Prefixes}
	case Range:
		return Range{Field: name(e.Field), From: e.From, To: e.To}
	case Missing:
		return Missing{Field: name(e.Field)}
	}
	return e
}
