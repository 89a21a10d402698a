package subset

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"webenablehes/internal/query"
)

var (
	nameText = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	idText   = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,7}$`)
	// ruleText is the head of a rule behind its keyword: id, title, remark.
	ruleText = regexp.MustCompile(`^([^\s"#]+)[ \t]+"([^"]*)"[ \t]*(#.*)?$`)
)

// maxTitle is how many characters a title may have: one line of a page.
const maxTitle = 80

// file is a subset's file while it is read.
type file struct {
	source query.Source
	taken  []string // names that it must not have
	out    Subset
	places map[string]place // of the lines that may be there once
}

type place struct{ line, column int }

// parse reads a subset's file; source names it and checks its conditions.
func parse(text string, source query.Source, taken []string) (Subset, error) {
	f := file{source: source, taken: taken, out: Subset{Text: text}, places: map[string]place{}}
	if !utf8.ValidString(text) {
		return Subset{}, source.Invalid(1, 1, "the file is not text in UTF-8; save it in that form.")
	}
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") // some editors begin a file with a byte order mark
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	for i := 0; i < len(lines); {
		head := lines[i]
		if idle(head) {
			i++
			continue
		}
		if indented(head) {
			return Subset{}, source.Invalid(i+1, 1, "an indented line goes on with the one before it, and there is none.")
		}
		next := i + 1
		for next < len(lines) && (idle(lines[next]) || indented(lines[next])) {
			next++
		}
		body := lines[i+1 : next]
		for len(body) > 0 && idle(body[len(body)-1]) {
			body = body[:len(body)-1]
		}
		if err := f.entry(i+1, head, body); err != nil {
			return Subset{}, err
		}
		i = next
	}
	if err := f.whole(len(lines)); err != nil {
		return Subset{}, err
	}
	return f.out, nil
}

// idle tells whether a line says nothing.
func idle(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return line == "" || line[0] == '#'
}

func indented(line string) bool { return line[0] == ' ' || line[0] == '\t' }

// entry reads a line that is not indented and those that go on with it.
func (f *file) entry(line int, head string, body []string) error {
	keyword, rest := head, ""
	if i := strings.IndexAny(head, " \t"); i >= 0 {
		keyword, rest = head[:i], strings.TrimLeft(head[i:], " \t")
	}
	at := place{line, utf8.RuneCountInString(strings.TrimSuffix(head, rest)) + 1}
	if keyword == "rule" {
		return f.rule(at, rest, body)
	}
	if !slices.Contains([]string{"subset", "title", "people", "start"}, keyword) {
		return f.source.Invalid(line, 1, "expected a line that begins with subset, title, people, start or rule.")
	}
	if first, twice := f.places[keyword]; twice {
		return f.source.Invalid(line, 1, "there is a line “%s” already, line %d.", keyword, first.line)
	}
	f.places[keyword] = at
	value := remarkless(rest)
	for _, more := range body {
		value = strings.TrimSpace(value + " " + remarkless(more))
	}
	return f.set(keyword, value, at)
}

// remarkless returns what a line says before its remark.
func remarkless(line string) string {
	for i := range line {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line)
}

// set takes the value of a line that may be there once.
func (f *file) set(keyword, value string, at place) error {
	switch keyword {
	case "subset":
		if !nameText.MatchString(value) {
			return f.source.Invalid(at.line, at.column, "expected a name of small letters, digits and hyphens, at most 40, that begins with a letter.")
		}
		if slices.Contains(f.taken, value) {
			return f.source.Invalid(at.line, at.column, "the program has a subset of that name; choose another, so that releases can be told apart.")
		}
		f.out.Name = value
	case "title":
		if !titled(value) {
			return f.source.Invalid(at.line, at.column, "expected a title of 1 to %d characters.", maxTitle)
		}
		f.out.Title = value
	case "people":
		if value != "yes" && value != "no" {
			return f.source.Invalid(at.line, at.column, "expected yes (all episodes of everyone who qualifies) or no.")
		}
		f.out.People = value == "yes"
	case "start":
		f.out.Start = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		if len(f.out.Start) == 0 {
			return f.source.Invalid(at.line, at.column, "expected the id of a rule; leave the line out to start with every episode.")
		}
	}
	return nil
}

func titled(title string) bool {
	n := utf8.RuneCountInString(title)
	return n > 0 && n <= maxTitle && !strings.ContainsFunc(title, func(r rune) bool { return !unicode.IsPrint(r) })
}

// rule reads a rule: id and title in its head, the condition in its body.
func (f *file) rule(at place, head string, body []string) error {
	part := ruleText.FindStringSubmatch(head)
	if part == nil {
		return f.source.Invalid(at.line, at.column, "expected the rule's id and its title in double quotes, and its condition indented below.")
	}
	r := Rule{ID: part[1], Title: part[2]}
	switch {
	case !idText.MatchString(r.ID):
		return f.source.Invalid(at.line, at.column, "expected an id of capital letters and digits, at most 8, that begins with a letter.")
	case f.has(r.ID):
		return f.source.Invalid(at.line, at.column, "there is a rule of that id already.")
	case !titled(r.Title):
		return f.source.Invalid(at.line, at.column, "expected a title of 1 to %d characters in double quotes.", maxTitle)
	case len(f.out.Rules) == MaxRules:
		return f.source.Invalid(at.line, 1, "a subset has at most %d rules; join some by “or”.", MaxRules)
	}
	// An empty body is parsed too: the error says what was expected.
	source := f.source
	source.Line = at.line + 1
	e, err := source.Parse(strings.Join(body, "\n"))
	if err != nil {
		return err
	}
	r.Where = e
	f.out.Rules = append(f.out.Rules, r)
	return nil
}

func (f *file) has(id string) bool {
	return slices.ContainsFunc(f.out.Rules, func(r Rule) bool { return r.ID == id })
}

// whole checks what can only be known at the end.
func (f *file) whole(lines int) error {
	for _, keyword := range [...]string{"subset", "title"} {
		if _, ok := f.places[keyword]; !ok {
			return f.source.Invalid(lines, 1, "the file ends without a line “%s”.", keyword)
		}
	}
	if len(f.out.Rules) == 0 {
		return f.source.Invalid(lines, 1, "the file ends without a rule.")
	}
	for i, id := range f.out.Start {
		at := f.places["start"]
		if !f.has(id) {
			return f.source.Invalid(at.line, at.column, "expected ids of rules of this file; one is not.")
		}
		if slices.Contains(f.out.Start[:i], id) {
			return f.source.Invalid(at.line, at.column, "a rule is named twice.")
		}
	}
	return nil
}
