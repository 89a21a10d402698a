package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"webenablehes/internal/fault"
)

// This file reads and writes conditions as text that a researcher can review:
//
//	MAINSPEF is 330 or TRETSPEF is 330, 257
//	DIAG_01 starts with L, C43, C44, C460
//	OPERTN_nn from S01 to S70~ and not (SEX is 9, not recorded)
//	ADMIDATE from 2004-04-01 and EPIDUR up to 3
//
// "and" binds tighter than "or"; "not" takes the condition or the parentheses
// that follow. "anything" and "nothing" hold always and never. Values are
// separated by commas, so that "or" only ever joins conditions. A value with a
// space, a comma, a parenthesis, "#" or a quote in it, and one that is a word of
// this language, stands in double quotes, in which \" and \\ are a quote and a
// backslash. Line ends are spaces; from "#" to the end of the line is a remark.
//
// String is for reading in the access record; Format is what ParseExpr reads.

// Source says where a text of conditions was found and what it may say. The
// zero Source is a text of its own that may say anything.
type Source struct {
	Name string // of the file, for errors; empty: there is no file
	Line int    // number of the text's first line; 0 counts as 1
	// Check is asked about each In, Prefix, Range and Missing as it is read.
	// Its error is returned with the place of the condition. It may be nil.
	Check func(Expr) error
}

// ParseExpr reads a condition. The error is of kind Invalid and says the line,
// the column in characters and what was expected; it never repeats the text.
// Whether fields exist and values fit them is for Validate to say; size and depth
// are bounded as there.
func ParseExpr(text string) (Expr, error) { return Source{}.Parse(text) }

// Parse is ParseExpr for a text that is part of something larger.
func (s Source) Parse(text string) (Expr, error) {
	p := &parser{source: s, text: text}
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.kind != end {
		return nil, p.expected("a comma, “and”, “or” or the end")
	}
	return e, nil
}

// Invalid returns an error of kind Invalid at a place of the source: a line and
// a column in characters, both from 1.
func (s Source) Invalid(line, column int, format string, args ...any) error {
	say := fmt.Sprintf(format, args...)
	if s.Name == "" {
		return fault.New(fault.Invalid, "Line %d, column %d: %s", line, column, say)
	}
	return fault.New(fault.Invalid, "%s:%d:%d: %s", s.Name, line, column, say)
}

// token is a sort of word of the text.
type token uint8

const (
	end    token = iota // of the text
	word                // a name, a value or a word of the language
	quoted              // a value in quotes, which is never a word of the language
	open
	shut
	comma
)

// reserved are the words of the language. As a value each must be quoted.
var reserved = [...]string{"and", "anything", "from", "is", "not", "nothing", "or", "recorded", "starts", "to", "up", "with"}

const (
	space   = " \t\r\n"
	special = space + `(),#"`
)

// parser holds one token, the one that comes next.
type parser struct {
	source Source
	text   string
	at     int // where the rest of the text begins
	nodes  int // conditions so far

	kind  token
	value string // of a word or a quoted value
	start int    // where the token begins
}

// fail returns an error at a place of the text.
func (p *parser) fail(at int, format string, args ...any) error {
	before := p.text[:at]
	line := strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return p.source.Invalid(max(p.source.Line, 1)+line, column, format, args...)
}

func (p *parser) expected(what string) error {
	found := [...]string{"the end", "another word", "a quoted value", "“(”", "“)”", "a comma"}[p.kind]
	return p.fail(p.start, "expected %s, found %s.", what, found)
}

// next steps to the next token.
func (p *parser) next() error {
	for {
		rest := strings.TrimLeft(p.text[p.at:], space)
		p.at = len(p.text) - len(rest)
		if !strings.HasPrefix(rest, "#") {
			break
		}
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			p.at += n
		} else {
			p.at = len(p.text)
		}
	}
	p.start, p.value = p.at, ""
	if p.at == len(p.text) {
		p.kind = end
		return nil
	}
	switch p.text[p.at] {
	case '(':
		p.kind = open
	case ')':
		p.kind = shut
	case ',':
		p.kind = comma
	case '"':
		return p.quote()
	default:
		n := strings.IndexAny(p.text[p.at:], special)
		if n < 0 {
			n = len(p.text) - p.at
		}
		p.kind, p.value = word, p.text[p.at:p.at+n]
		p.at += n
		return nil
	}
	p.at++
	return nil
}

// quote reads a value in quotes.
func (p *parser) quote() error {
	p.kind = quoted
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '"':
			if b.Len() == 0 {
				return p.fail(p.start, "a value cannot be empty; write “not recorded”.")
			}
			p.value, p.at = b.String(), i+1
			return nil
		case '\n', '\r':
			return p.fail(p.start, "the quote is not closed on its line.")
		case '\\':
			i++
			if i == len(p.text) || p.text[i] != '"' && p.text[i] != '\\' {
				return p.fail(i-1, `after \ in quotes, expected \ or a quote; write \\ for one backslash.`)
			}
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return p.fail(p.start, "the quote is not closed on its line.")
}

// is tells whether the next token is a word of the language.
func (p *parser) is(keyword string) bool { return p.kind == word && p.value == keyword }

// take steps over a word of the language if it comes next.
func (p *parser) take(keyword string) (bool, error) {
	if !p.is(keyword) {
		return false, nil
	}
	return true, p.next()
}

// must steps over a word of the language that has to come next.
func (p *parser) must(keyword string) error {
	ok, err := p.take(keyword)
	if err == nil && !ok {
		err = p.expected("“" + keyword + "”")
	}
	return err
}

// grown counts a condition that was read and refuses what is too large.
func (p *parser) grown(e Expr, at int) (Expr, error) {
	p.nodes++
	if p.nodes > MaxNodes || depth(e) > MaxDepth {
		return nil, p.fail(at, "the condition is too large: at most %d conditions, %d deep.", MaxNodes, MaxDepth)
	}
	return e, nil
}

// depth is how many groups a condition has one in another.
func depth(e Expr) int {
	deepest := 0
	inside := func(part Expr) { deepest = max(deepest, 1+depth(part)) }
	switch e := e.(type) {
	case And:
		for _, part := range e {
			inside(part)
		}
	case Or:
		for _, part := range e {
			inside(part)
		}
	case Not:
		inside(e.Of)
	}
	return deepest
}

// chain reads parts joined by a word; a part alone is no group.
func (p *parser) chain(keyword string, part func() (Expr, error), group func([]Expr) Expr) (Expr, error) {
	at := p.start
	var parts []Expr
	for {
		e, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		more, err := p.take(keyword)
		switch {
		case err != nil:
			return nil, err
		case more:
		case len(parts) == 1:
			return e, nil
		default:
			return p.grown(group(parts), at)
		}
	}
}

// or reads a whole condition; level is how many parentheses and nots are
// open, which bounds the stack.
func (p *parser) or(level int) (Expr, error) {
	if level > MaxDepth {
		return nil, p.fail(p.start, "the parentheses are too deep: at most %d, one in another.", MaxDepth)
	}
	and := func() (Expr, error) {
		return p.chain("and", func() (Expr, error) { return p.part(level) }, func(parts []Expr) Expr { return And(parts) })
	}
	return p.chain("or", and, func(parts []Expr) Expr { return Or(parts) })
}

// part reads what "and" and "or" join.
func (p *parser) part(level int) (Expr, error) {
	at := p.start
	if p.kind == open {
		return p.group(level)
	}
	if p.kind != word {
		return nil, p.expected("a field, “not” or “(”")
	}
	keyword := p.value
	if err := p.next(); err != nil {
		return nil, err
	}
	switch keyword {
	case "anything":
		return p.grown(And{}, at)
	case "nothing":
		return p.grown(Never{}, at)
	case "not":
		if p.kind == open {
			e, err := p.group(level)
			if err != nil {
				return nil, err
			}
			return p.grown(Not{Of: e}, at)
		}
		if level == MaxDepth {
			return nil, p.fail(at, "the condition is too large: at most %d conditions, %d deep.", MaxNodes, MaxDepth)
		}
		e, err := p.part(level + 1)
		if err != nil {
			return nil, err
		}
		return p.grown(Not{Of: e}, at)
	}
	if slices.Contains(reserved[:], keyword) {
		return nil, p.fail(at, "expected a field, “not” or “(”, found another word.")
	}
	e, err := p.leaf(keyword)
	if err != nil {
		return nil, err
	}
	if p.source.Check != nil {
		if err := p.source.Check(e); err != nil {
			return nil, p.fail(at, "%s", fault.Say(err))
		}
	}
	return p.grown(e, at)
}

func (p *parser) group(level int) (Expr, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	e, err := p.or(level + 1)
	if err != nil {
		return nil, err
	}
	if p.kind != shut {
		return nil, p.expected("a comma, “and”, “or” or “)”")
	}
	return e, p.next()
}

// leaf reads what a condition says of a field.
func (p *parser) leaf(field string) (Expr, error) {
	verb := p.value
	if p.kind != word || !slices.Contains([]string{"is", "starts", "from", "up"}, verb) {
		return nil, p.expected("“is”, “starts with”, “from” or “up to”")
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	switch verb {
	case "is":
		values, err := p.values(true)
		if err != nil {
			return nil, err
		}
		if len(values) == 1 && values[0] == "" {
			return Missing{Field: field}, nil
		}
		return In{Field: field, Values: values}, nil
	case "starts":
		if err := p.must("with"); err != nil {
			return nil, err
		}
		values, err := p.values(false)
		return Prefix{Field: field, Prefixes: values}, err
	case "up":
		if err := p.must("to"); err != nil {
			return nil, err
		}
		to, err := p.one("a value")
		return Range{Field: field, To: to}, err
	}
	from, err := p.one("a value")
	if err != nil {
		return nil, err
	}
	more, err := p.take("to")
	if err != nil || !more {
		return Range{Field: field, From: from}, err
	}
	to, err := p.one("a value")
	return Range{Field: field, From: from, To: to}, err
}

// values reads a list of values, among which "not recorded" may be the empty one.
func (p *parser) values(missing bool) ([]string, error) {
	what := "a value"
	if missing {
		what = "a value or “not recorded”"
	}
	var out []string
	for {
		at := p.start
		if missing && p.is("not") {
			if err := p.next(); err != nil {
				return nil, err
			}
			if !p.is("recorded") {
				return nil, p.expected("“recorded” (to turn a condition round, write “not” before its field)")
			}
			if err := p.next(); err != nil {
				return nil, err
			}
			out = append(out, "")
		} else {
			v, err := p.one(what)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if len(out) > MaxValues {
			return nil, p.fail(at, "a condition takes at most %d values.", MaxValues)
		}
		if p.kind != comma {
			return out, nil
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

// one reads a value.
func (p *parser) one(what string) (string, error) {
	v := p.value
	switch {
	case p.kind == word && slices.Contains(reserved[:], v):
		return "", p.fail(p.start, "expected %s, found a word of the language; as a value it stands in quotes.", what)
	case p.kind != word && p.kind != quoted:
		return "", p.expected(what)
	}
	return v, p.next()
}
