package hes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
)

func trees(t *testing.T) (icd, opcs *hes.Tree) {
	t.Helper()
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	return hes.NewTree(codes, hes.ICD10), hes.NewTree(codes, hes.OPCS4)
}

func TestTreePaths(t *testing.T) {
	icd, opcs := trees(t)
	for _, c := range []struct {
		name string
		tree *hes.Tree
		in   string
		want string
	}{
		{"code", icd, "L400", "XII › L40–L45 › L40 › L40.0"},
		{"with-a-dot-and-small", icd, "l40.0", "XII › L40–L45 › L40 › L40.0"},
		{"with-the-filler", icd, "L52X", "XII › L50–L54 › L52"},
		{"category", icd, "C44", "II › C43–C44 › C44"},
		{"block", icd, "l40-l45", "XII › L40–L45"},
		{"block-of-one", icd, "C50-C50", "II › C50"},
		{"chapter", icd, "xii", "XII"},
		{"chapter-of-one-letter", icd, "I", "I"},
		{"code-without-label", icd, "L40.7", "XII › L40–L45 › L40 › L40.7"},
		{"procedure", opcs, "S06.5", "S › S06 › S06.5"},
		{"procedure-chapter", opcs, "s", "S"},
		{"procedure-without-category", opcs, "X99.7", "X › X99 › X99.7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, ok := c.tree.Find(c.in)
			if !ok {
				t.Fatal("not found")
			}
			var got []string
			for _, at := range n.Path() {
				got = append(got, at.Display())
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " › ")); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, in := range []string{"", "L", "L4", "40", "L4O", "L40.0.1", "ZZZ", "XXIII", "L40-L46", "É40", "L40000"} {
		if n, ok := icd.Find(in); ok {
			t.Errorf("%q is %s", in, n.Display())
		}
	}
}

// Every code of the lists has its place, once, and every node's beginnings hold
// exactly the categories of its range.
func TestEveryCodeHasItsPlace(t *testing.T) {
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	icd, opcs := trees(t)
	for list, tree := range map[string]*hes.Tree{hes.ICD10: icd, hes.OPCS4: opcs} {
		met := map[string]int{}
		var visit func(n *hes.Node, above []string)
		visit = func(n *hes.Node, above []string) {
			met[n.Code]++
			prefixes := n.Prefixes()
			for _, p := range prefixes {
				if len(above) > 0 && !slices.ContainsFunc(above, func(a string) bool { return strings.HasPrefix(p, a) }) {
					t.Errorf("%s: %s does not lie in what is above it", n.Code, p)
				}
			}
			for _, child := range n.Children {
				if child.Parent != n {
					t.Errorf("%s is lost", child.Code)
				}
				visit(child, prefixes)
			}
		}
		for _, c := range tree.Chapters() {
			visit(c, nil)
		}
		for _, v := range codes.Values(list) {
			if met[v.Code] != 1 {
				t.Errorf("%s %s is in the tree %d times", list, v.Code, met[v.Code])
			}
		}
	}
}

func TestPrefixes(t *testing.T) {
	icd, opcs := trees(t)
	for _, c := range []struct {
		tree *hes.Tree
		code string
		want string
	}{
		{icd, "I", "A B"},
		{icd, "II", "C D0 D1 D2 D3 D40 D41 D42 D43 D44 D45 D46 D47 D48"},
		{icd, "VII", "H0 H1 H2 H3 H4 H5"},
		{icd, "XIX", "S T0 T1 T2 T3 T4 T5 T6 T7 T8 T90 T91 T92 T93 T94 T95 T96 T97 T98"},
		{icd, "L40-L45", "L40 L41 L42 L43 L44 L45"},
		{icd, "C50-C50", "C50"},
		{icd, "L400", "L400"},
		{opcs, "S", "S"},
	} {
		n, ok := c.tree.Find(c.code)
		if !ok {
			t.Fatalf("%s is not there", c.code)
		}
		if diff := cmp.Diff(c.want, strings.Join(n.Prefixes(), " ")); diff != "" {
			t.Errorf("%s: %s", c.code, diff)
		}
	}
}
