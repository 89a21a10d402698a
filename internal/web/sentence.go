package web

import (
	"regexp"
	"slices"
	"strings"

	"webenablehes/internal/audit"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// say says a condition in plain words, with the labels of fields and values:
// "Any diagnosis starts with L40 Psoriasis, or (Sex is Male and Age is 65 or more)".
func (s *Server) say(sc scene, e query.Expr) string {
	switch e := e.(type) {
	case query.And:
		return s.sayGroup(sc, e, "and", "Anything")
	case query.Or:
		return s.sayGroup(sc, e, "or", "Nothing")
	case query.Not:
		return s.sayNot(sc, e.Of)
	case query.In:
		if values := slices.DeleteFunc(slices.Clone(e.Values), func(v string) bool { return v == "" }); len(values) < len(e.Values) {
			return s.fieldName(e.Field) + " is " + strings.Join(append(s.names(sc, e.Field, values), "not recorded"), " or ")
		}
		return s.fieldName(e.Field) + " is " + strings.Join(s.names(sc, e.Field, e.Values), " or ")
	case query.Prefix:
		return s.fieldName(e.Field) + " starts with " + strings.Join(s.names(sc, e.Field, e.Prefixes), " or ")
	case query.Range:
		return s.fieldName(e.Field) + " is " + s.sayRange(e)
	case query.Missing:
		return s.fieldName(e.Field) + " is not recorded"
	}
	return "Nothing"
}

func (s *Server) sayNot(sc scene, e query.Expr) string {
	switch e := e.(type) {
	case query.In:
		return s.fieldName(e.Field) + " is not " + strings.TrimPrefix(s.say(sc, e), s.fieldName(e.Field)+" is ")
	case query.Prefix:
		return s.fieldName(e.Field) + " does not start with " + strings.Join(s.names(sc, e.Field, e.Prefixes), " or ")
	case query.Range:
		return s.fieldName(e.Field) + " is not " + s.sayRange(e)
	case query.Missing:
		return s.fieldName(e.Field) + " is recorded"
	}
	return "Not (" + s.say(sc, e) + ")"
}

// sayGroup joins parts; a group in a group stands in parentheses, and behind a
// comma so that the eye finds it.
func (s *Server) sayGroup(sc scene, parts []query.Expr, word, empty string) string {
	if len(parts) == 0 {
		return empty
	}
	var b strings.Builder
	for i, p := range parts {
		inner := false
		switch q := p.(type) {
		case query.And:
			inner = len(q) > 1
		case query.Or:
			inner = len(q) > 1
		}
		if i > 0 && inner {
			b.WriteString(",")
		}
		if i > 0 {
			b.WriteString(" " + word + " ")
		}
		said := s.say(sc, p)
		if rest, ok := strings.CutPrefix(said, "Not ("); ok && i > 0 {
			said = "not (" + rest
		}
		if inner {
			said = "(" + said + ")"
		}
		b.WriteString(said)
	}
	return b.String()
}

// sayRange says the span of a condition; whole days, and numbers with what they
// count.
func (s *Server) sayRange(r query.Range) string {
	from, to := r.From, r.To
	f, _ := s.c.Dictionary.Field(r.Field)
	if f.Type == hes.Date {
		from, to = longDate(from), longDate(to)
		switch {
		case from == to:
			return from
		case to == "":
			return "on or after " + from
		case from == "":
			return "on or before " + to
		}
		return from + " to " + to
	}
	switch {
	case from == to:
		return from
	case to == "":
		return from + " or more"
	case from == "":
		return to + " or less"
	}
	return from + " to " + to
}

// names returns values with their labels, few enough for a sentence.
func (s *Server) names(sc scene, field string, values []string) []string {
	f, _ := s.c.Dictionary.Field(field)
	var out []string
	for _, v := range values {
		code, label := s.optionLabel(sc, f, v)
		out = append(out, strings.TrimSpace(code+" "+label))
	}
	return shorten(out, chipNames)
}

// nameLike is what may be a field's name in a question as the record has it.
var nameLike = regexp.MustCompile(`\b[A-Z][A-Z0-9]+(?:_[A-Za-z0-9]+)*\b`)

// inWords is the question of an event with the labels of fields for their names.
// Values stay codes. Questions that are not about rows, such as what was changed
// in an agreement, stay as they are.
func (s *Server) inWords(e audit.Event) string {
	if e.Unit == "" {
		return e.Question
	}
	return nameLike.ReplaceAllStringFunc(e.Question, s.fieldName)
}

// fieldName is a field's name in a sentence.
func (s *Server) fieldName(name string) string {
	switch name {
	case hes.MainDiagnosis:
		return "Primary diagnosis"
	case hes.AnyDiagnosis:
		return "Any diagnosis"
	case hes.MainProcedure:
		return "Main procedure"
	case hes.AnyProcedure:
		return "Any procedure"
	case hes.AdmissionDate:
		return "Admission date"
	}
	if f, ok := s.c.Dictionary.Field(name); ok {
		return f.Label
	}
	return name
}
