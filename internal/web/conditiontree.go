package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
)

// branch is a condition as the builder's form shows it: a group, which has a how,
// or one condition on a field. A form names a branch by its path, "0.2.1".
type branch struct {
	how   string // "all", "any", "none"; "" for one condition
	parts []*branch

	field, op, value, to string // as typed; of a span value is its beginning
	wrong                string // what is wrong with it
	added                bool   // by the button that was pressed
}

// The operations of one condition. Those that begin with "not " are complements.
const (
	opIs      = "is"
	opStarts  = "starts"
	opSpan    = "span"
	opMissing = "missing"
	opNot     = "not "
)

// What stands in place of a field in conditions that are about none. A text can
// hold them; they are not offered.
const (
	anything = "*anything"
	nothing  = "*nothing"
)

// operations are in the order in which they are offered.
func operations() [][2]string {
	return [][2]string{{opIs, "is"}, {opNot + opIs, "is not"}, {opStarts, "starts with"}, {opNot + opStarts, "does not start with"},
		{opSpan, "is from … to"}, {opNot + opSpan, "is not from … to"}, {opNot + opMissing, "is recorded"}, {opMissing, "is not recorded"}}
}

// grow makes a tree of a condition, whose top is always a group. write writes a
// value of a field so that it is read back as the same.
func grow(e query.Expr, write func(field, value string) string) *branch {
	top := growPart(e, write)
	if top.how == "" {
		top = &branch{how: "all", parts: []*branch{top}}
	}
	return top
}

func growPart(e query.Expr, write func(field, value string) string) *branch {
	group := func(how string, parts []query.Expr) *branch {
		b := &branch{how: how}
		for _, p := range parts {
			b.parts = append(b.parts, growPart(p, write))
		}
		return b
	}
	list := func(field string, values []string) string {
		out := make([]string, len(values))
		for i, v := range values {
			if out[i] = notRecorded; v != "" {
				out[i] = write(field, v)
			}
		}
		return strings.Join(out, ", ")
	}
	switch e := e.(type) {
	case nil:
		return &branch{how: "all"}
	case query.And:
		if len(e) > 0 {
			return group("all", e)
		}
		return &branch{field: anything, op: opIs}
	case query.Or:
		if len(e) > 0 {
			return group("any", e)
		}
	case query.Not:
		if or, ok := e.Of.(query.Or); ok && len(or) > 0 {
			return group("none", or)
		}
		b := growPart(e.Of, write)
		if b.how != "" || strings.HasPrefix(b.op, opNot) || b.field == anything || b.field == nothing {
			return &branch{how: "none", parts: []*branch{b}}
		}
		b.op = opNot + b.op
		return b
	case query.In:
		if slices.Equal(e.Values, []string{""}) {
			return &branch{field: e.Field, op: opMissing}
		}
		return &branch{field: e.Field, op: opIs, value: list(e.Field, e.Values)}
	case query.Prefix:
		return &branch{field: e.Field, op: opStarts, value: list(e.Field, e.Prefixes)}
	case query.Range:
		b := &branch{field: e.Field, op: opSpan}
		if e.From != "" {
			b.value = write(e.Field, e.From)
		}
		if e.To != "" {
			b.to = write(e.Field, e.To)
		}
		return b
	case query.Missing:
		return &branch{field: e.Field, op: opMissing}
	}
	return &branch{field: nothing, op: opIs}
}

// at finds a branch by its path, and the group that it is in.
func (b *branch) at(path string) (found, group *branch, place int) {
	if path == "" {
		return nil, nil, 0
	}
	found = b
	for i, step := range strings.Split(path, ".") {
		n, err := strconv.Atoi(step)
		if i == 0 {
			if err != nil || n != 0 {
				return nil, nil, 0
			}
			continue
		}
		if err != nil || n < 0 || n >= len(found.parts) {
			return nil, nil, 0
		}
		found, group, place = found.parts[n], found, n
	}
	return found, group, place
}

// mostBranches bounds what is read from a form. It is far more than conditions
// may have, so that nothing is lost that can still be put right.
const mostBranches = 4 * query.MaxNodes

// readTree reads the form: its fields "node" name the branches, each group before
// its parts, "g 0.1" a group and "c 0.1.0" a condition. What has no place in the
// tree is passed over.
func readTree(in url.Values) (*branch, error) {
	top := &branch{how: "all"}
	if len(in["node"]) > mostBranches {
		return nil, fault.New(fault.Invalid, "There are too many conditions: at most %d. Go back and take some out.", query.MaxNodes)
	}
	for _, text := range in["node"] {
		kind, path, _ := strings.Cut(text, " ")
		b := &branch{}
		if kind == "g" {
			b.how = "all"
			if how := in.Get("how " + path); how == "any" || how == "none" {
				b.how = how
			}
		} else {
			values := slices.DeleteFunc(slices.Clone(in["value "+path]), func(v string) bool { return strings.TrimSpace(v) == "" })
			b.field, b.op, b.value, b.to = in.Get("field "+path), opIs, strings.Join(values, ", "), in.Get("to "+path)
			if slices.ContainsFunc(operations(), func(o [2]string) bool { return o[0] == in.Get("op "+path) }) {
				b.op = in.Get("op " + path)
			}
		}
		if path == "0" && kind == "g" {
			top.how = b.how
			continue
		}
		above, last, ok := cutLast(path)
		group, _, _ := top.at(above)
		if n, err := strconv.Atoi(last); !ok || err != nil || group == nil || group.how == "" || n != len(group.parts) {
			continue
		}
		group.parts = append(group.parts, b)
	}
	return top, nil
}

func cutLast(path string) (above, last string, ok bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}

// change carries out what a button asks: "add 0", "group 0", "remove 0.1",
// "up 0.1", "down 0.1".
func (b *branch) change(do string) {
	verb, path, _ := strings.Cut(do, " ")
	found, group, place := b.at(path)
	if found == nil || found.how == "" && (verb == "add" || verb == "group") {
		return
	}
	switch verb {
	case "add":
		found.parts = append(found.parts, &branch{op: opIs, added: true})
	case "group":
		found.parts = append(found.parts, &branch{how: "any", parts: []*branch{{op: opIs, added: true}}})
	case "remove":
		if group != nil {
			group.parts = slices.Delete(group.parts, place, place+1)
		}
	case "up":
		if group != nil && place > 0 {
			group.parts[place-1], group.parts[place] = group.parts[place], group.parts[place-1]
		}
	case "down":
		if group != nil && place+1 < len(group.parts) {
			group.parts[place+1], group.parts[place] = group.parts[place], group.parts[place+1]
		}
	}
}

// notRecorded stands among values for the missing one.
const notRecorded = "not recorded"

// typed is one value of a list of them: as it is if it stood in quotes, else to
// be read as people write.
type typed struct {
	text   string
	quoted bool
}

// missing tells whether it stands for the missing value.
func (t typed) missing() bool { return !t.quoted && strings.EqualFold(t.text, notRecorded) }

// splitTyped reads values with commas or line ends between them. One that holds
// such a sign itself stands in double quotes, in which \" and \\ are a quote and a
// backslash.
func splitTyped(text string) []typed {
	var out []typed
	for {
		text = strings.TrimLeft(text, " \t\r\n,;")
		if text == "" {
			return out
		}
		if value, rest, ok := cutQuoted(text); ok {
			if value != "" {
				out = append(out, typed{value, true})
			}
			text = rest
			continue
		}
		n := strings.IndexAny(text, ",;\r\n")
		if n < 0 {
			n = len(text)
		}
		out = append(out, typed{strings.TrimSpace(text[:n]), false})
		text = text[n:]
	}
}

// cutQuoted takes a value in quotes off the beginning of a text, if it is the
// whole value.
func cutQuoted(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			rest = strings.TrimLeft(text[i+1:], " \t")
			return b.String(), rest, rest == "" || strings.ContainsAny(rest[:1], ",;\r\n")
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}

// quoteTyped writes a value so that splitTyped reads it as it is.
func quoteTyped(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
