package web

import (
	"fmt"
	"net/url"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
)

// newBuilder makes builders over a release of a few fields.
func newBuilder(t testing.TB) func() *builder {
	t.Helper()
	dict, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{c: Config{Dictionary: dict, Codes: codes}}
	sc := scene{facts: warehouse.Facts{Years: []string{"0809", "0910"}, Rules: []warehouse.Rule{{ID: "N1", Title: "Care under dermatology"}}},
		offer: query.NewOffer(dict, []string{"ADMIDATE", "FYEAR", "STARTAGE", "SEX", "PROCODE3", "MAINSPEF", "DIAG_nn", "OPERTN_nn", "SUBSET_n", "STARTAGE_CALC"}, nil)}
	return func() *builder { return &builder{s: s, sc: sc} }
}

// sent is the form of a tree as a browser sends it.
func sent(b *branch, path string, out url.Values) url.Values {
	if b.how != "" {
		out.Add("node", "g "+path)
		out.Set("how "+path, b.how)
	} else {
		out.Add("node", "c "+path)
		for key, value := range map[string]string{"field": b.field, "op": b.op, "value": b.value, "to": b.to} {
			out.Set(key+" "+path, value)
		}
	}
	for i, p := range b.parts {
		sent(p, fmt.Sprintf("%s.%d", path, i), out)
	}
	return out
}

// Whatever a form holds, conditions that it makes come back through the form as
// they were; and so do all that can be written as text.
func FuzzConditions(f *testing.F) {
	fresh := newBuilder(f)
	for _, in := range []string{
		"node=g+0&how+0=none&node=c+0.0&field+0.0=SEX&op+0.0=is&value+0.0=Male&value+0.0=not+recorded&node=g+0.1&node=c+0.1.0&field+0.1.0=STARTAGE&op+0.1.0=not+span&value+0.1.0=18..64&do=up+0.1",
		"node=c+0.0&field+0.0=DIAG_nn&op+0.0=starts&value+0.0=l40.0,+C44&do=add+0",
		"node=c+0.0&field+0.0=ADMIDATE&op+0.0=span&value+0.0=Apr+2008&to+0.0=1%2F4%2F2009&do=group+0",
		"node=c+0.0&field+0.0=MAINSPEF&op+0.0=is&value+0.0=%22a%2C+b%22%2C+%22%5C%22&do=use",
		"node=c+0.0&field+0.0=*anything&node=c+0.1&field+0.1=*nothing&do=remove+0.0",
		"node=c+0.0&field+0.0=STARTAGE_CALC&op+0.0=is&value+0.0=-007.50%2C+%2B.5%2C+-0&text=SEX+is&do=text",
	} {
		f.Add(in, "")
	}
	for _, text := range []string{
		"SEX is 1, not recorded or not (DIAG_nn starts with L40 and anything)",
		`MAINSPEF is "a, b", "not recorded", "\"", " x", "x;y" and not not SEX is not recorded`,
		"SEX is male, 1 and DIAG_01 is l400 and FYEAR is 2008/09 and nothing",
		"STARTAGE up to 17 or STARTAGE from 65 or OPERTN_nn from S01 to S70~",
		"not (SEX is 1 or SEX is 2) and not (not (SEX is 1) or (SEX is 2 and SEX is 9))",
	} {
		f.Add("", text)
	}
	f.Fuzz(func(t *testing.T, in, text string) {
		again := func(e query.Expr) {
			t.Helper()
			b := fresh()
			tree := grow(e, b.write)
			if err := b.press(sent(tree, "0", url.Values{}), nil); err != nil {
				t.Fatal(err)
			}
			if query.Format(b.made) != query.Format(e) || b.wrong != "" || len(b.unfinished) > 0 {
				t.Errorf("%s\nbecomes %s\nwrong: %s", query.Format(e), query.Format(b.made), b.wrong)
			}
		}
		b := fresh()
		if e, err := query.ParseIf(text, b.s.c.Dictionary, b.sc.offer); err == nil && e != nil {
			again(e)
		}
		form, err := url.ParseQuery(in)
		if err != nil {
			return
		}
		if err := b.press(form, nil); err == nil && b.made != nil {
			again(b.made)
		}
	})
}

func TestTypedValues(t *testing.T) {
	for text, want := range map[string]string{
		"L40, C44":         "[{L40 false} {C44 false}]",
		" ,a;\n b c ,, ":   "[{a false} {b c false}]",
		`"a, b" , c`:       "[{a, b true} {c false}]",
		`"\"\\" ,"`:        "[{\"\\ true} {\" false}]",
		`"a" b, "c`:        `[{"a" b false} {"c false}]`,
		`"", x`:            "[{x false}]",
		"Not Recorded":     "[{Not Recorded false}]",
		`"not recorded", `: "[{not recorded true}]",
	} {
		if got := fmt.Sprint(splitTyped(text)); got != want {
			t.Errorf("%q is read as %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"007": "7", "+1.50": "1.5", "-0": "0", ".5": "0.5", "0": "0", "-3": "-3", "1.0": "1", "x1": "x1", "": "", "000": "0"} {
		if got := plainNumber(text); got != want {
			t.Errorf("%q is the number %q, want %q", text, got, want)
		}
	}
}
