package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/query"
)

// branch is a condition as the builder's form shows it: a group, which has a how,
// or one condition on a field. A form names a branch by its path, "0.2.1".
type branch struct {
	how   string // "all", "any", "none"; "" for one condition
	parts []*branch

	field, op, value, to string // as typed; of a span value is its beginning
	wrong                string // what is wrong with it
}

// The operations of one condition. Those that begin with "not " are complements.
const (
	opIs      = "is"
	opStarts  = "starts"
	opSpan    = "span"
	opMissing = "missing"
	opNot     = "not "
)

// operations are in the order in which they are offered.
func operations() [][2]string {
	return [][2]string{{opIs, "is"}, {opNot + opIs, "is not"}, {opStarts, "starts with"}, {opNot + opStarts, "does not start with"},
		{opSpan, "is from … to"}, {opNot + opSpan, "is not from … to"}, {opNot + opMissing, "is recorded"}, {opMissing, "is not recorded"}}
}

// grow makes a tree of a condition, whose top is always a group.
func grow(e query.Expr) *branch {
	top := &branch{how: "all"}
	switch e := e.(type) {
	case nil:
	case query.And:
		for _, p := range e {
			top.parts = append(top.parts, growPart(p))
		}
	default:
		if b := growPart(e); b.how != "" {
			return b
		} else {
			top.parts = append(top.parts, b)
		}
	}
	return top
}

func growPart(e query.Expr) *branch {
	group := func(how string, parts []query.Expr) *branch {
		b := &branch{how: how}
		for _, p := range parts {
			b.parts = append(b.parts, growPart(p))
		}
		return b
	}
	switch e := e.(type) {
	case query.And:
		return group("all", e)
	case query.Or:
		return group("any", e)
	case query.Not:
		if or, ok := e.Of.(query.Or); ok {
			return group("none", or)
		}
		b := growPart(e.Of)
		if b.how != "" || strings.HasPrefix(b.op, opNot) {
			return &branch{how: "none", parts: []*branch{b}}
		}
		b.op = opNot + b.op
		return b
	case query.In:
		values := slices.DeleteFunc(slices.Clone(e.Values), func(v string) bool { return v == "" })
		one := &branch{field: e.Field, op: opIs, value: strings.Join(values, ", ")}
		missing := &branch{field: e.Field, op: opMissing}
		switch {
		case len(values) == 0:
			return missing
		case len(values) < len(e.Values):
			return &branch{how: "any", parts: []*branch{one, missing}}
		}
		return one
	case query.Prefix:
		return &branch{field: e.Field, op: opStarts, value: strings.Join(e.Prefixes, ", ")}
	case query.Range:
		return &branch{field: e.Field, op: opSpan, value: e.From, to: e.To}
	case query.Missing:
		return &branch{field: e.Field, op: opMissing}
	}
	return &branch{how: "any"} // query.Never: none of nothing
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

// mostBranches bounds what is read from a form.
const mostBranches = query.MaxNodes

// readTree reads the form: its fields "node" name the branches, each group before
// its parts, "g 0.1" a group and "c 0.1.0" a condition. What has no place in the
// tree is passed over.
func readTree(in url.Values) *branch {
	top := &branch{how: "all"}
	for i, text := range in["node"] {
		kind, path, _ := strings.Cut(text, " ")
		if i >= mostBranches {
			break
		}
		b := &branch{}
		if kind == "g" {
			b.how = "all"
			if how := in.Get("how " + path); how == "any" || how == "none" {
				b.how = how
			}
		} else {
			b.field, b.op, b.value, b.to = in.Get("field "+path), in.Get("op "+path), in.Get("value "+path), in.Get("to "+path)
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
	return top
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
		found.parts = append(found.parts, &branch{op: opIs})
	case "group":
		found.parts = append(found.parts, &branch{how: "any", parts: []*branch{{op: opIs}}})
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
