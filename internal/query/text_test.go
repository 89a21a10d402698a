package query_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/drivertest"
)

func in(field string, values ...string) query.In { return query.In{Field: field, Values: values} }

func TestParseExpr(t *testing.T) {
	sex, age := in("SEX", "1"), query.Range{Field: "STARTAGE", From: "65"}
	for text, want := range map[string]query.Expr{
		"SEX is 1":                               sex,
		"MAINSPEF is 330 or TRETSPEF is 330,257": query.Or{in("MAINSPEF", "330"), in("TRETSPEF", "330", "257")},
		"DIAG_01 starts with L, C43":             query.Prefix{Field: "DIAG_01", Prefixes: []string{"L", "C43"}},
		"OPERTN_nn from S01 to S70~":             query.Range{Field: "OPERTN_nn", From: "S01", To: "S70~"},
		"STARTAGE up to 17":                      query.Range{Field: "STARTAGE", To: "17"},
		"SEX is not recorded":                    query.Missing{Field: "SEX"},
		"SEX is 9, not recorded":                 in("SEX", "9", ""),
		"SEX is not recorded, 9":                 in("SEX", "", "9"),
		// "and" binds tighter than "or", "not" tighter than both.
		"SEX is 1 or SEX is 1 and STARTAGE from 65":     query.Or{sex, query.And{sex, age}},
		"(SEX is 1 or SEX is 1) and STARTAGE from 65":   query.And{query.Or{sex, sex}, age},
		"not SEX is 1 and STARTAGE from 65":             query.And{query.Not{Of: sex}, age},
		"not (SEX is 1 and STARTAGE from 65)":           query.Not{Of: query.And{sex, age}},
		"not not SEX is 1":                              query.Not{Of: query.Not{Of: sex}},
		"((SEX is 1))":                                  sex,
		"(SEX is 1 and SEX is 1) and SEX is 1":          query.And{query.And{sex, sex}, sex},
		"anything":                                      query.And{},
		"nothing or SEX is 1":                           query.Or{query.Never{}, sex},
		`SITE is "a b", "or", "\"\\", "(x)", x"y"`:      nil,
		`SITE is "a b", "or", "\"\\", "(x)", "#"`:       in("SITE", "a b", "or", `"\`, "(x)", "#"),
		"SEX # a remark (with, \"signs\n is\r\n\t1 # x": sex,
	} {
		got, err := query.ParseExpr(text)
		if (err != nil) != (want == nil) {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

func TestParseExprErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "Line 1, column 1: expected a field, “not” or “(”, found the end.",
		"SEX":                     "Line 1, column 4: expected “is”, “starts with”, “from” or “up to”, found the end.",
		"SEX\n  equals 1":         "Line 2, column 3: expected “is”, “starts with”, “from” or “up to”, found another word.",
		"SEX is":                  "Line 1, column 7: expected a value or “not recorded”, found the end.",
		"SEX is 1,":               "Line 1, column 10: expected a value or “not recorded”, found the end.",
		"SEX is not 1":            "Line 1, column 12: expected “recorded” (to turn a condition round, write “not” before its field), found another word.",
		"SEX is 1 or 2":           "Line 1, column 14: expected “is”, “starts with”, “from” or “up to”, found the end.",
		"SEX is 1 2":              "Line 1, column 10: expected a comma, “and”, “or” or the end, found another word.",
		"SEX is or":               "Line 1, column 8: expected a value or “not recorded”, found a word of the language; as a value it stands in quotes.",
		"SEX is (1)":              "Line 1, column 8: expected a value or “not recorded”, found “(”.",
		"DIAG_01 starts L":        "Line 1, column 16: expected “with”, found another word.",
		"STARTAGE up 3":           "Line 1, column 13: expected “to”, found another word.",
		"STARTAGE from 3 to":      "Line 1, column 19: expected a value, found the end.",
		"(SEX is 1":               "Line 1, column 10: expected a comma, “and”, “or” or “)”, found the end.",
		"SEX is 1)":               "Line 1, column 9: expected a comma, “and”, “or” or the end, found “)”.",
		"is is 1":                 "Line 1, column 1: expected a field, “not” or “(”, found another word.",
		`"SEX" is 1`:              "Line 1, column 1: expected a field, “not” or “(”, found a quoted value.",
		`SITE is "é", "a`:         "Line 1, column 14: the quote is not closed on its line.",
		"SITE is \"a\nb\"":        "Line 1, column 9: the quote is not closed on its line.",
		`SITE is ""`:              "Line 1, column 9: a value cannot be empty; write “not recorded”.",
		`SITE is "a\b"`:           `Line 1, column 11: after \ in quotes, expected \ or a quote; write \\ for one backslash.`,
		"DIAG_01 starts with ,":   "Line 1, column 21: expected a value, found a comma.",
		strings.Repeat("(", 30):   "Line 1, column 10: the parentheses are too deep: at most 8, one in another.",
		strings.Repeat("not ", 9): "Line 1, column 33: the condition is too large: at most 200 conditions, 8 deep.",
		strings.Repeat("SEX is 1 or ", 200) + "SEX is 1":                                      "Line 1, column 2401: the condition is too large: at most 200 conditions, 8 deep.",
		"SEX is " + strings.Repeat("1,", 2000) + "1":                                          "Line 1, column 4008: a condition takes at most 2000 values.",
		strings.Repeat("SEX is 1 or SEX is 1 and (", 5) + "SEX is 1" + strings.Repeat(")", 5): "Line 1, column 13: the condition is too large: at most 200 conditions, 8 deep.",
	} {
		e, err := query.ParseExpr(text)
		if err == nil || fault.Say(err) != want || fault.Of(err) != fault.Invalid || e != nil {
			t.Errorf("%.60s: %v\nwant %s", text, err, want)
		}
	}
}

// The check of a source sees each condition on a field, and its error gets the
// place in the file.
func TestSourceCheck(t *testing.T) {
	var seen []string
	s := query.Source{Name: "own.subset", Line: 7, Check: func(e query.Expr) error {
		seen = append(seen, e.String())
		if _, ok := e.(query.Missing); ok {
			return fault.New(fault.Invalid, "no such field.")
		}
		return nil
	}}
	_, err := s.Parse("SEX is 1 and\n not (A from 1\n or   B is not recorded)")
	if want := "own.subset:9:7: no such field."; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if d := cmp.Diff([]string{"SEX is 1", "A from 1", "B is not recorded"}, seen); d != "" {
		t.Error(d)
	}
}

// plain puts a condition into the form that ParseExpr gives.
func plain(e query.Expr) query.Expr {
	all := func(parts []query.Expr) []query.Expr {
		out := make([]query.Expr, len(parts))
		for i, p := range parts {
			out[i] = plain(p)
		}
		return out
	}
	switch e := e.(type) {
	case query.And:
		if parts := all(e); len(parts) != 1 {
			return query.And(parts)
		} else {
			return parts[0]
		}
	case query.Or:
		switch parts := all(e); len(parts) {
		case 0:
			return query.Never{}
		case 1:
			return parts[0]
		default:
			return query.Or(parts)
		}
	case query.Not:
		return query.Not{Of: plain(e.Of)}
	case query.In:
		if len(e.Values) == 1 && e.Values[0] == "" {
			return query.Missing{Field: e.Field}
		}
	}
	return e
}

func TestFormatIsReadBack(t *testing.T) {
	next := drivertest.Conditions(drivertest.New(t), 5)
	for range 2000 {
		e := next()
		got, err := query.ParseExpr(query.Format(e))
		if err != nil {
			t.Fatalf("%s: %v", query.Format(e), err)
		}
		if d := cmp.Diff(plain(e), got); d != "" {
			t.Fatalf("%s (-want +got):\n%s", query.Format(e), d)
		}
	}
	if got := query.Format(nil); got != "anything" {
		t.Errorf("nil is written as %q", got)
	}
	deep := query.Expr(in("SEX", "1"))
	for i := range query.MaxDepth {
		if i%3 == 0 {
			deep = query.Not{Of: deep}
		} else {
			deep = query.And{in("SEX", fmt.Sprint(i)), deep}
		}
	}
	if got, err := query.ParseExpr(query.Format(deep)); err != nil || cmp.Diff(deep, got) != "" {
		t.Errorf("the deepest condition: %v", err)
	}
}

// No text makes the parser panic or grow without bound, and what it takes is
// written and read back the same.
func FuzzParseExpr(f *testing.F) {
	for _, seed := range []string{
		"MAINSPEF is 330 or TRETSPEF is 330, 257", "not (DIAG_01 starts with L, C43) and SEX is not recorded",
		"OPERTN_nn from S01 to S70~", "A up to 3 or (B from 2 and C is \"a b\", not recorded)", "anything # x\nand nothing",
		"((((", "not not not", `A is "\"`, "A is \x00\xff", "A is (", "A from to",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := query.ParseExpr(text)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("the error is not of kind invalid: %v", err)
			}
			return
		}
		nodes := 0
		query.Walk(e, func(query.Expr) { nodes++ })
		if nodes > query.MaxNodes {
			t.Fatalf("%d conditions", nodes)
		}
		again, err := query.ParseExpr(query.Format(e))
		if err != nil {
			t.Fatalf("%q is not read back: %v", query.Format(e), err)
		}
		if d := cmp.Diff(e, again); d != "" {
			t.Fatalf("%q comes back different:\n%s", query.Format(e), d)
		}
	})
}
