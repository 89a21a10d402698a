package query_test

import (
	"net/url"
	"reflect"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

func MustLoad(t testing.TB) *hes.Dictionary {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestView(t *testing.T) {
	d := MustLoad(t)
	for in, c := range map[string]struct{ canonical, where string }{
		"":                             {"", ""},
		"sex=2&sex=1":                  {"sex=1&sex=2", "SEX is 1 or 2"},
		"sex=1,2":                      {"sex=1&sex=2", "SEX is 1 or 2"},
		"sex=!2":                       {"sex=!2", "not (SEX is 2)"},
		"not.sex=2":                    {"sex=!2", "not (SEX is 2)"},
		"sex=none":                     {"sex=none", "SEX is not recorded"},
		"dx=l40.0":                     {"dx=L400", "DIAG_01 starts with L400"},
		"dx=L40&dxpos=any":             {"dx=L40&dxpos=any", "DIAG_nn starts with L40"},
		"dx=none&dx=L40":               {"dx=L40&dx=none", "DIAG_01 starts with L40 or DIAG_01 is not recorded"},
		"age=18..64":                   {"age=18..64", "STARTAGE from 18 to 64"},
		"age_from=65":                  {"age=65..", "STARTAGE from 65"},
		"age=18":                       {"age=18", "STARTAGE from 18 to 18"},
		"adm=2008-04..2011-02":         {"adm=2008-04-01..2011-02-28", "ADMIDATE from 2008-04-01 to 2011-02-28"},
		"adm_from=1/4/2008":            {"adm=2008-04-01..", "ADMIDATE from 2008-04-01"},
		"adm_to=2008-02":               {"adm=..2008-02-29", "ADMIDATE up to 2008-02-29"},
		"sort=-ADMIDATE":               {"", ""},
		"sort=sex,-STARTAGE":           {"sort=SEX,-STARTAGE", ""},
		"cols=SEX&cols=ADMIDATE,SEX":   {"cols=SEX,ADMIDATE", ""},
		"view=patients&den=w&utm=junk": {"den=w&view=patients", ""},
		"prov=RAL&cls=2&sex=&op=S06.5": {"op=S065&prov=RAL&cls=2", "OPERTN_01 starts with S065 and PROCODE3 is RAL and CLASSPAT is 2"},
	} {
		t.Run(in, func(t *testing.T) {
			values, err := url.ParseQuery(in)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d)
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Encode(); got != c.canonical {
				t.Errorf("canonical = %q, want %q", got, c.canonical)
			}
			where := ""
			if w := v.Where(); w != nil {
				where = w.String()
			}
			if where != c.where && where != "("+c.where+")" {
				t.Errorf("where = %q, want %q", where, c.where)
			}
		})
	}
	for _, in := range []string{"sex=1%3Bdrop", "age=old", "age=-1", "age=64..18", "adm=2010-02-30", "adm=yesterday", "adm=2011..2008", "sex=1&sex=!2", "dx=%27+or+1", "sort=(select+1)", "cols=nope", "view=all", "dxpos=third", "sex=%00"} {
		values, _ := url.ParseQuery(in)
		if _, err := query.ParseView(values, d); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// Whatever a URL holds, reading it gives an error or a view whose text reads
// back as the same view, and whose question the dictionary accepts.
func FuzzView(f *testing.F) {
	for _, s := range []string{"", "sex=2&dx=L40&dxpos=any", "adm=2008-04..&age=..64&sort=-SEX", "not.cls=2&cols=DIAG_02&view=patients", "sort=EPISODES&view=patients", "op=none&op=!S06"} {
		f.Add(s)
	}
	d := MustLoad(f)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		v, err := query.ParseView(values, d)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		again, err := url.ParseQuery(v.Encode())
		if err != nil {
			t.Fatal(err)
		}
		w, err := query.ParseView(again, d)
		if err != nil || !reflect.DeepEqual(v, w) || v.Encode() != w.Encode() {
			t.Fatalf("%q reads back as %+v, want %+v (%v)", v.Encode(), w, v, err)
		}
		if err := (query.Query{Where: v.Where()}).Validate(d); err != nil && fault.Of(err) != fault.Invalid {
			t.Fatal(err)
		}
	})
}
