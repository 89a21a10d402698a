package drivertest

import (
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// parseExpr reads a condition such as
//
//	SEX is 1 or 2 and not (DIAG_nn starts with L40)
//
// "not" and "whose" bind closest, then "and", then "or". An "or" behind a value adds a
// value, unless what follows is a condition of its own.
func parseExpr(d *hes.Dictionary, text string) (query.Expr, error) {
	p := &conditions{d: d}
	for rest := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text); ; {
		rest = strings.TrimSpace(rest)
		if rest == "" {
			break
		}
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		p.words = append(p.words, word)
	}
	e, err := p.or()
	if err == nil && p.at < len(p.words) {
		err = fmt.Errorf("%q is left over", p.words[p.at])
	}
	return e, err
}

type conditions struct {
	d     *hes.Dictionary
	words []string
	at    int
}

// peek returns the word that lies some words ahead; "" behind the end.
func (p *conditions) peek(ahead int) string {
	if p.at+ahead < len(p.words) {
		return p.words[p.at+ahead]
	}
	return ""
}

// take steps over the words if they come next.
func (p *conditions) take(words ...string) bool {
	for i, w := range words {
		if p.peek(i) != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *conditions) or() (query.Expr, error) {
	return p.joined("or", p.and, func(parts []query.Expr) query.Expr { return query.Or(parts) })
}

func (p *conditions) and() (query.Expr, error) {
	return p.joined("and", p.one, func(parts []query.Expr) query.Expr { return query.And(parts) })
}

func (p *conditions) joined(word string, part func() (query.Expr, error), join func([]query.Expr) query.Expr) (query.Expr, error) {
	var parts []query.Expr
	for {
		e, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		if p.take(word) {
			continue
		}
		if len(parts) == 1 {
			return e, nil
		}
		return join(parts), nil
	}
}

func (p *conditions) one() (query.Expr, error) {
	switch {
	case p.take("not"):
		e, err := p.one()
		return query.Not{Of: e}, err
	case p.take("whose"):
		e, err := p.one()
		return query.Whose{Of: e}, err
	case p.take("("):
		e, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a bracket is not closed")
		}
		return e, err
	case p.take("anything"):
		return query.And{}, nil
	case p.take("nothing"):
		return query.Or{}, nil
	case p.take("never"):
		return query.Never{}, nil
	}
	field := p.peek(0)
	if _, ok := p.d.Field(field); !ok {
		return nil, fmt.Errorf("%q is no field", field)
	}
	p.at++
	switch {
	case p.take("is", "missing"):
		return query.Missing{Field: field}, nil
	case p.take("starts", "with"):
		return query.Prefix{Field: field, Prefixes: p.values()}, nil
	case p.take("from"):
		r := query.Range{Field: field, From: p.word()}
		if p.take("to") {
			r.To = p.word()
		}
		return r, nil
	case p.take("up", "to"):
		return query.Range{Field: field, To: p.word()}, nil
	case p.take("is"):
		return query.In{Field: field, Values: p.values()}, nil
	}
	return nil, fmt.Errorf("%s has no condition", field)
}

// condition tells whether a condition begins some words ahead.
func (p *conditions) condition(ahead int) bool {
	if slices.Contains([]string{"not", "whose", "(", "anything", "nothing", "never"}, p.peek(ahead)) {
		return true
	}
	return slices.Contains([]string{"is", "starts", "from", "up"}, p.peek(ahead+1))
}

// values reads "1 or 2 or blank": blank is the empty value.
func (p *conditions) values() []string {
	out := []string{p.word()}
	for p.peek(0) == "or" && !p.condition(1) {
		p.at++
		out = append(out, p.word())
	}
	return out
}

func (p *conditions) word() string {
	w := p.peek(0)
	p.at++
	if w == "blank" {
		return ""
	}
	return w
}
