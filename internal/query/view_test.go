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

// everything is the offer of a release that holds every field and starts with
// no rule of a subset, and whose duplicates and unfinished episodes are shown.
func everything(d *hes.Dictionary) query.Offer {
	var columns []string
	for _, f := range d.Fields() {
		columns = append(columns, f.Name)
	}
	o := query.NewOffer(d, columns, nil)
	o.Defaults = nil
	return o
}

func TestView(t *testing.T) {
	d := MustLoad(t)
	for in, c := range map[string]struct{ canonical, where string }{
		"":                                {"", ""},
		"sex=2&sex=1":                     {"sex=1&sex=2", "SEX is 1 or 2"},
		"sex=1,2":                         {"sex=1&sex=2", "SEX is 1 or 2"},
		"sex=!2":                          {"sex=!2", "not (SEX is 2)"},
		"not.sex=2":                       {"sex=!2", "not (SEX is 2)"},
		"sex=none":                        {"sex=none", "SEX is not recorded"},
		"dx=l40.0":                        {"dx=L400", "DIAG_01 starts with L400"},
		"dx=L40&dxpos=any":                {"dx=L40&dxpos=any", "DIAG_nn starts with L40"},
		"per=month&view=charts":           {"view=charts&per=month", ""},
		"per=year&view=charts":            {"view=charts", ""},
		"dx=L40&dxpos=further":            {"dx=L40&dxpos=further", "DIAG_02_nn starts with L40"},
		"op=S06&oppos=further&dxpos=any":  {"op=S06&dxpos=any&oppos=further", "OPERTN_02_nn starts with S06"},
		"dx=none&dx=L40":                  {"dx=L40&dx=none", "DIAG_01 starts with L40 or DIAG_01 is not recorded"},
		"age=18..64":                      {"age=18..64", "STARTAGE from 18 to 64"},
		"age_from=65":                     {"age=65..", "STARTAGE from 65"},
		"age=18":                          {"age=18", "STARTAGE from 18 to 18"},
		"adm=2008-04..2011-02":            {"adm=2008-04..2011-02", "ADMIDATE from 2008-04-01 to 2011-02-28"},
		"adm=2008..2010":                  {"adm=2008-01..2010-12", "ADMIDATE from 2008-01-01 to 2010-12-31"},
		"adm=2008":                        {"adm=2008-01..2008-12", "ADMIDATE from 2008-01-01 to 2008-12-31"},
		"adm_from=1/4/2008":               {"adm=2008-04..", "ADMIDATE from 2008-04-01"},
		"adm_to=2008-02":                  {"adm=..2008-02", "ADMIDATE up to 2008-02-29"},
		"adm=2008-04-01..2008-04-30":      {"adm=2008-04", "ADMIDATE from 2008-04-01 to 2008-04-30"},
		"adm=2008-04-01":                  {"adm=2008-04-01", "ADMIDATE from 2008-04-01 to 2008-04-01"},
		"adm=2008-04-02..2008-04-30":      {"adm=2008-04-02..2008-04", "ADMIDATE from 2008-04-02 to 2008-04-30"},
		"adm_from=Apr+2008&adm_to=3/2009": {"adm=2008-04..2009-03", "ADMIDATE from 2008-04-01 to 2009-03-31"},
		"sort=-ADMIDATE":                  {"", ""},
		"sort=sex,-STARTAGE":              {"sort=SEX,-STARTAGE", ""},
		"cols=SEX&cols=ADMIDATE,SEX":      {"cols=SEX,ADMIDATE", ""},
		"view=patients&den=w&utm=junk":    {"den=w&view=patients", ""},
		"view=spells&more=1&den=w":        {"den=w&more=1&view=spells", ""},
		"view=charts":                     {"view=charts", ""},
		"of=los_days&count=patients&by=sex&by=&by=FYEAR,SEX&view=charts": {"view=charts&by=SEX,FYEAR&count=patients&of=LOS_DAYS", ""},
		"by=ADMIDATE&count=episodes&of=":                                 {"by=ADMIDATE", ""},
		"kind=day+case&kind=other":                                       {"kind=day+case&kind=other", "ADMISSION_GROUP is day case or other"},
		"band=90%2B&cond=in_situ":                                        {"cond=in_situ&band=90%2B", "CONDITION_GROUP is in_situ and AGE_BAND is 90+"},
		"los=0..3&charl=1..&read=1":                                      {"los=0..3&read=1&charl=1..", "LOS_DAYS from 0 to 3 and READMITTED_30 is 1 and CHARLSON from 1"},
		"imd=MOST+DEPRIVED+10%25":                                        {"imd=MOST+DEPRIVED+10%25", "IMD04_DECILE is MOST DEPRIVED 10%"},
		"sex=any&dup=any&dx=any":                                         {"", ""},
		"sex=any&sex=1":                                                  {"sex=1", "SEX is 1"},
		"rule=N1&rule=N2":                                                {"rule=N1&rule=N2", "SUBSET_n is N1 or N2"},
		"prov=RAL&cls=2&sex=&op=S06.5":                                   {"op=S065&prov=RAL&cls=2", "OPERTN_01 starts with S065 and PROCODE3 is RAL and CLASSPAT is 2"},
	} {
		t.Run(in, func(t *testing.T) {
			values, err := url.ParseQuery(in)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d, everything(d))
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
	for _, in := range []string{"sex=1%3Bdrop", "age=old", "age=-1", "age=64..18", "adm=2010-02-30", "adm=0000-01..", "adm=yesterday", "adm=2011..2008", "adm=Apr+2009..Mar+2009", "sex=1&sex=!2", "dx=%27+or+1", "sort=(select+1)", "cols=nope", "view=all", "dxpos=third", "sex=%00", "sex=!any", "cond=a%27b", "los=-1", "kind=day%0acase",
		"view=charts&by=nope", "by=DIAG_nn", "by=EPIKEY", "by=PROVIDER_SPELL", "by=STARTAGE_CALC", "by=SEX,FYEAR,CLASSPAT", "count=beds", "of=nope", "of=SEX", "of=STAY_CHE", "of=ADMIDATE"} {
		values, _ := url.ParseQuery(in)
		if _, err := query.ParseView(values, d, everything(d)); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// What a view begins with is not in its URL; what has been taken off is.
func TestDefaults(t *testing.T) {
	d := MustLoad(t)
	held := []string{"SEX", "DIAG_nn", "EPISTAT", "DUPLICATE", "SUBSET_n"}
	const finished, single, care = "EPISTAT is 3", "not (DUPLICATE is 1)", "SUBSET_n is N1"
	for _, c := range []struct{ name, in, canonical, where string }{
		{"nothing-said", "", "", care + " and " + finished + " and " + single},
		{"said-anyway", "rule=N1&fin=3&dup=!1", "", care + " and " + finished + " and " + single},
		{"a-form-says-both", "rule=any&rule=N1&fin=any&fin=3", "", care + " and " + finished + " and " + single},
		{"duplicates-too", "dup=any", "dup=any", care + " and " + finished},
		{"everything", "dup=any&fin=any&rule=any", "rule=any&fin=any&dup=any", ""},
		{"another-rule", "rule=N2", "rule=N2", "SUBSET_n is N2 and " + finished + " and " + single},
		{"more-rules", "rule=N2,N1", "rule=N1&rule=N2", "SUBSET_n is N1 or N2 and " + finished + " and " + single},
		{"unfinished-only", "fin=1", "fin=1", care + " and EPISTAT is 1 and " + single},
		{"duplicates-only", "dup=1", "dup=1", care + " and " + finished + " and DUPLICATE is 1"},
		{"the-other-way-round", "fin=!3", "fin=!3", care + " and not (EPISTAT is 3) and " + single},
		{"with-a-filter", "sex=2", "sex=2", "SEX is 2 and " + care + " and " + finished + " and " + single},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, err := url.ParseQuery(c.in)
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d, query.NewOffer(d, held, []string{"N1"}))
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
			if where != c.where {
				t.Errorf("where = %q, want %q", where, c.where)
			}
			if got := v.Clear().Encode(); got != "" {
				t.Errorf("cleared = %q", got)
			}
			if got := v.Everything().Encode(); got != "rule=any&fin=any&dup=any" {
				t.Errorf("everything = %q", got)
			}
		})
	}
}

// A release made before a field was kept has no default on it, shows no control
// and refuses the filter in words; taking it off is harmless.
func TestFieldsThatAReleaseDoesNotHold(t *testing.T) {
	d := MustLoad(t)
	o := query.NewOffer(d, []string{"SEX", "DIAG_nn"}, []string{"N1"})
	var keys []string
	for _, c := range o.Controls {
		keys = append(keys, c.Key)
	}
	if len(o.Defaults) > 0 || !reflect.DeepEqual(keys, []string{"dx", "sex"}) {
		t.Errorf("controls %v, defaults %v", keys, o.Defaults)
	}
	if v, err := query.ParseView(url.Values{"dup": {"any"}, "rule": {"any"}}, d, o); err != nil || v.Encode() != "" || v.Where() != nil {
		t.Errorf("%q, %v", v.Encode(), err)
	}
	for _, in := range []url.Values{{"dup": {"1"}}, {"rule": {"N1"}}, {"los_from": {"3"}}, {"band": {"none"}}} {
		if _, err := query.ParseView(in, d, o); fault.Of(err) != fault.Invalid {
			t.Errorf("%v: %v", in, err)
		}
	}
	// a subset without rules, such as "all", starts with every row
	if o := query.NewOffer(d, []string{"SUBSET_n"}, nil); len(o.Defaults) > 0 {
		t.Errorf("defaults %v", o.Defaults)
	}
}

// Whatever a URL holds, reading it gives an error or a view whose text reads
// back as the same view, and whose question the dictionary accepts.
func FuzzView(f *testing.F) {
	for _, s := range []string{"", "sex=2&dx=L40&dxpos=any", "adm=2008-04..&age=..64&sort=-SEX", "not.cls=2&cols=DIAG_02&view=patients", "sort=EPISODES&view=patients", "view=spells&more=1&sort=-EPISODES", "op=none&op=!S06", "dup=any&fin=1&rule=N2", "rule=any&rule=N1&dup=!1", "kind=day+case&band=90%2B&los=..3", "view=charts&by=DIAG_01,SEX&of=ELECDUR&count=patients"} {
		f.Add(s)
	}
	for s := range forms() {
		f.Add(s)
	}
	d := MustLoad(f)
	o := everything(d)
	o.Defaults = []query.Filter{{Key: "rule", Values: []string{"N1", "N3"}}, {Key: "fin", Values: []string{"3"}}, {Key: "dup", Values: []string{"1"}, Exclude: true}}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		v, err := query.ParseView(values, d, o)
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
		w, err := query.ParseView(again, d, o)
		if err != nil || !reflect.DeepEqual(v, w) || v.Encode() != w.Encode() {
			t.Fatalf("%q reads back as %+v, want %+v (%v)", v.Encode(), w, v, err)
		}
		if err := (query.Query{Where: v.Where()}).Validate(d); err != nil && fault.Of(err) != fault.Invalid {
			t.Fatal(err)
		}
	})
}
