package query

import (
	"slices"
	"strings"
)

// Format writes a condition that Validate finds well formed as text that
// ParseExpr reads back. What comes back is the same but for forms that mean the
// same: an And or Or of one part is that part, an empty Or is Never, and In with
// the empty value alone is Missing. Nil is written as "anything".
func Format(e Expr) string {
	switch e := e.(type) {
	case And:
		return formatGroup(e, " and ", "anything")
	case Or:
		return formatGroup(e, " or ", "nothing")
	case Not:
		return "not (" + Format(e.Of) + ")"
	case In:
		return e.Field + " is " + formatValues(e.Values)
	case Prefix:
		return e.Field + " starts with " + formatValues(e.Prefixes)
	case Range:
		switch {
		case e.From == "":
			return e.Field + " up to " + formatValues([]string{e.To})
		case e.To == "":
			return e.Field + " from " + formatValues([]string{e.From})
		}
		return e.Field + " from " + formatValues([]string{e.From}) + " to " + formatValues([]string{e.To})
	case Missing:
		return e.Field + " is not recorded"
	case Whose: // of rules only, and not read back
		return "whose (" + Format(e.Of) + ")"
	case nil:
		return "anything"
	}
	return "nothing" // Never
}

func formatGroup(parts []Expr, joint, empty string) string {
	switch len(parts) {
	case 0:
		return empty
	case 1:
		return Format(parts[0])
	}
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = Format(part)
		// Parentheses keep a group within a group apart. And within Or could do
		// without them, but not every reader knows which binds tighter.
		if grouped(part) {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, joint)
}

// grouped tells whether a condition is written as several joined ones.
func grouped(e Expr) bool {
	var parts []Expr
	switch e := e.(type) {
	case And:
		parts = e
	case Or:
		parts = e
	}
	return len(parts) > 1 || len(parts) == 1 && grouped(parts[0])
}

func formatValues(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		switch {
		case v == "":
			out[i] = "not recorded"
		case strings.ContainsAny(v, special) || slices.Contains(reserved[:], v):
			out[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
		default:
			out[i] = v
		}
	}
	return strings.Join(out, ", ")
}
