package hes

import (
	"cmp"
	"slices"
	"strings"
)

// Level is how deep in a classification a node lies.
type Level uint8

// The levels, from the widest. OPCS-4 has no blocks.
const (
	Chapter Level = iota
	Block
	Category
	Subcode
)

// String returns the level's name for people.
func (l Level) String() string { return [...]string{"chapter", "block", "category", "code"}[l] }

// Node is a place in a classification: a chapter, a block, a category or a code.
// It is immutable.
type Node struct {
	CodeValue // Code is "XII", "L40-L45", "L40" or "L400"; Label is "" if nobody has labelled it
	Level     Level
	List      string // ICD10 or OPCS4
	Parent    *Node  // nil for a chapter
	Children  []*Node
	first     string // categories that a chapter or block spans
	last      string
}

// Tree is a classification as its book has it: chapters, blocks, categories and
// codes. It is immutable and safe for concurrent use.
type Tree struct {
	list     string
	chapters []*Node
	nodes    map[string]*Node
}

// NewTree makes the tree of a clinical list, ICD10 or OPCS4, of the codes that
// are known. A code without its category known gets one without a label.
func NewTree(c *Codes, list string) *Tree {
	t := &Tree{list: list, nodes: map[string]*Node{}}
	chapters, blocks := OPCS4Chapter, ""
	if list == ICD10 {
		chapters, blocks = ICD10Chapter, ICD10Block
	}
	for _, v := range c.Values(chapters) {
		t.chapters = append(t.chapters, t.add(nil, Chapter, v))
	}
	for _, v := range c.Values(blocks) {
		for _, chapter := range t.chapters {
			if chapter.spans(v.From) {
				t.add(chapter, Block, v)
			}
		}
	}
	values := slices.Clone(c.Values(list))
	slices.SortFunc(values, func(a, b CodeValue) int { return cmp.Compare(a.Code, b.Code) })
	for _, v := range values {
		if len(v.Code) < 3 || v.Code != noFillerOf(list, v.Code) {
			continue // the same as its category
		}
		level := Category
		if len(v.Code) > 3 {
			level = Subcode
			if t.nodes[v.Code[:3]] == nil {
				t.add(t.above(v.Code[:3]), Category, CodeValue{Code: v.Code[:3]})
			}
		}
		t.add(t.above(v.Code), level, v)
	}
	return t
}

func (t *Tree) add(parent *Node, level Level, v CodeValue) *Node {
	n := &Node{CodeValue: v, Level: level, List: t.list, Parent: parent}
	if level <= Block {
		n.first, n.last, n.From, n.To = v.From, v.To, "", ""
	}
	if parent != nil {
		parent.Children = append(parent.Children, n)
	}
	t.nodes[v.Code] = n
	return n
}

// above returns the narrowest node that a code lies in; nil if it lies in none.
func (t *Tree) above(code string) *Node {
	if len(code) > 3 {
		return t.nodes[code[:3]]
	}
	for _, chapter := range t.chapters {
		if !chapter.spans(code) {
			continue
		}
		for _, block := range chapter.Children {
			if block.Level == Block && block.spans(code) {
				return block
			}
		}
		return chapter
	}
	return nil
}

func (n *Node) spans(category string) bool { return n.first <= category && category <= n.last }

// Chapters returns the chapters in order.
func (t *Tree) Chapters() []*Node { return t.chapters }

// Find returns the place of a code, a block ("L40-L45") or a chapter ("XII"). A
// code may be written as people do ("l40.0", "L52X"). One that nobody has
// labelled is found too, under its category or block, if there is such a block.
func (t *Tree) Find(text string) (*Node, bool) {
	code := strings.ToUpper(strings.TrimSpace(text))
	if n, ok := t.nodes[code]; ok {
		return n, true
	}
	code, ok := ParseCode(t.list, code)
	if !ok {
		return nil, false
	}
	if n, ok := t.nodes[code]; ok {
		return n, true
	}
	parent, level := t.above(code[:3]), Category
	if len(code) > 3 {
		if category, ok := t.nodes[code[:3]]; ok {
			parent = category
		} else if parent != nil {
			parent = &Node{CodeValue: CodeValue{Code: code[:3]}, Level: Category, List: t.list, Parent: parent}
		}
		level = Subcode
	}
	if parent == nil {
		return nil, false
	}
	return &Node{CodeValue: CodeValue{Code: code}, Level: level, List: t.list, Parent: parent}, true
}

// ParseCode reads a code of a clinical list as people write it, "l40.0" or
// "L52X", into the form of the data, "L400" and "L52".
func ParseCode(list, text string) (string, bool) {
	code := strings.ToUpper(strings.Replace(text, ".", "", 1))
	if len(code) < 3 || len(code) > 5 || code[0] < 'A' || code[0] > 'Z' {
		return "", false
	}
	for i := 1; i < len(code); i++ {
		digit := code[i] >= '0' && code[i] <= '9'
		if !digit && !(list == ICD10 && code[i] == 'X' && i == 3) {
			return "", false
		}
	}
	return noFillerOf(list, code), true
}

func noFillerOf(list, code string) string {
	if list == ICD10 {
		return noFiller(code)
	}
	return code
}

// Path returns the nodes from the chapter down to this one.
func (n *Node) Path() []*Node {
	var out []*Node
	for at := n; at != nil; at = at.Parent {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}

// Display returns the node's code as people write it: "XII", "L40–L45", "L40.0".
func (n *Node) Display() string {
	switch n.Level {
	case Chapter:
		return n.Code
	case Block:
		if n.first == n.last {
			return n.first
		}
		return n.first + "–" + n.last
	}
	return Display(n.List, n.Code)
}

// Prefixes returns the beginnings of exactly the codes that lie in the node, as
// few as there can be: "L" for the chapter L00 to L99.
func (n *Node) Prefixes() []string {
	if n.Level >= Category {
		return []string{n.Code}
	}
	return spanPrefixes(n.first, n.last)
}

// spanPrefixes covers the categories from first to last, "A00" to "B99", by
// letters, tens and categories.
func spanPrefixes(first, last string) []string {
	var out []string
	for letter := first[0]; letter <= last[0]; letter++ {
		from, to := 0, 99
		if letter == first[0] {
			from = number(first[1:])
		}
		if letter == last[0] {
			to = number(last[1:])
		}
		if from <= 1 && to == 99 { // there is no category 00 where a chapter begins with 01
			out = append(out, string(letter))
			continue
		}
		for at := from; at <= to; {
			if at%10 == 0 && at+9 <= to {
				out = append(out, string([]byte{letter, byte('0' + at/10)}))
				at += 10
				continue
			}
			out = append(out, string([]byte{letter, byte('0' + at/10), byte('0' + at%10)}))
			at++
		}
	}
	return out
}

// number reads two digits.
func number(text string) int { return int(text[0]-'0')*10 + int(text[1]-'0') }
