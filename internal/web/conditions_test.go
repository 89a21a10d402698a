package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// press sends the builder's form as somebody and returns the page, or where it
// leads.
func (s *site) press(role policy.Role, form url.Values) (status int, body, to string) {
	s.t.Helper()
	form.Set("purpose", s.purpose(role))
	r := httptest.NewRequest(http.MethodPost, "/records/conditions", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if c, ok := s.cookies[role]; ok {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

// conditionsForm reads the builder's form off a page.
func conditionsForm(t testing.TB, body string) url.Values {
	t.Helper()
	f := parse(t, body).first(byID("conditions"))
	if !f.ok() {
		t.Fatal("the page has no form")
	}
	return f.form()
}

// Whatever conditions there are, the form gives them back.
func TestConditionsThroughTheForm(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	for _, text := range []string{
		"SEX is 1",
		"SEX is 1, 2",
		"not SEX is 1",
		"SEX is not recorded",
		"not STARTAGE is not recorded",
		"SEX is 1 or STARTAGE from 18 to 64",
		"DIAG_nn starts with L40, C44 and not (SEX is 1 or STARTAGE up to 17)",
		"not DIAG_01 starts with L4",
		"ADMIDATE from 2009-04-01 and (SEX is 2 or PROCODE3 is R01, R02) and not MAINSPEF is 330",
		"not (SEX is 1 and STARTAGE from 65)",
		"SEX is 1 and (STARTAGE up to 17 or (STARTAGE from 65 and not (SEX is 2 or LOS_DAYS is 0)))",
		"not (SEX is 1 or (not SEX is 2))",
		"not (not (SEX is 1))",
		"not (not (SEX is 1 or SEX is 2))",
		"not (SEX is 1, not recorded)",
		"SEX is 9, not recorded",
		"MAINSPEF is not recorded, 330",
		"SEX is 1 or anything",
		"not (anything) or nothing and SEX is 1",
		`MAINSPEF is "a, b", "not", "not recorded", "\"x\" \\", " y" or MAINSPEF is dermatology`,
		`DIAG_01 is l40.0, "l400" and DIAG_nn starts with l40, L4`,
		`DIAG_01 from L40 to L40~ and PROCODE3 is ral, RAL`,
		"FYEAR is 0910 and SUBSET_n is N1 and DIAG_02 is recorded_",
	} {
		status, body, _ := s.get(policy.Researcher, "/records/conditions?rule=any&if="+url.QueryEscape(text))
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", text, status)
		}
		f := conditionsForm(t, body)
		f.Set("do", "use")
		status, _, first := s.press(policy.Researcher, f)
		if status != http.StatusSeeOther {
			t.Errorf("%s: status %d", text, status)
			continue
		}
		u, err := url.Parse(first)
		e, bad := query.ParseExpr(text)
		if err != nil || bad != nil || u.Query().Get("if") != query.Format(e) {
			t.Errorf("%s: the form makes of it %s", text, first)
		}
		_, want, _ := s.get(policy.Researcher, "/records?rule=any&if="+url.QueryEscape(text))
		_, got, at := s.get(policy.Researcher, first)
		if total(t, want) != total(t, got) || total(t, got) == "" {
			t.Errorf("%s: %s episodes, and %s behind the form", text, total(t, want), total(t, got))
		}
		// and once more it is the same to the letter
		_, body, _ = s.get(policy.Researcher, "/records/conditions"+strings.TrimPrefix(at, "/records"))
		f = conditionsForm(t, body)
		f.Set("do", "use")
		if _, _, second := s.press(policy.Researcher, f); second != first {
			t.Errorf("%s: the form leads to %s, and from there to %s", text, first, second)
		}
	}
}

// total is what the headline of the records counts.
func total(t testing.TB, body string) string {
	t.Helper()
	return parse(t, body).first(byID("app")).attr("data-total")
}

// Conditions are put together button by button.
func TestConditionsStepByStep(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	_, body, _ := s.get(policy.Researcher, "/records/conditions?sex=2")
	step := func(do string, set ...string) {
		t.Helper()
		f := conditionsForm(t, body)
		for i := 0; i < len(set); i += 2 {
			f.Set(set[i], set[i+1])
		}
		f.Set("do", do)
		var status int
		if status, body, _ = s.press(policy.Researcher, f); status != http.StatusOK {
			t.Fatalf("%s: status %d", do, status)
		}
	}
	step("group 0", "field 0.0", "DIAG_nn", "op 0.0", "starts", "value 0.0", "l40.0, L20")
	step("add 0.1", "how 0.1", "none", "field 0.1.0", "SEX", "op 0.1.0", "is", "value 0.1.0", "Male")
	step("up 0.1", "field 0.1.1", "ADMIDATE", "op 0.1.1", "span", "value 0.1.1", "Mar 2009", "to 0.1.1", "1/4/2009")
	step("show")
	f := conditionsForm(t, body)
	f.Set("do", "use")
	status, _, to := s.press(policy.Researcher, f)
	text := `not (SEX is 1 or ADMIDATE from 2009-03-01 to 2009-04-01) and DIAG_nn starts with L400, L20`
	u, err := url.Parse(to)
	if err != nil || status != http.StatusSeeOther || u.Query().Get("if") != text || u.Query().Get("sex") != "2" {
		t.Errorf("status %d, to %s\nwant %s", status, to, text)
	}
	step("remove 0.0")
	step("remove 0.0")
	if strings.Contains(body, `value="c 0.0"`) || !strings.Contains(body, "No conditions yet") {
		t.Error("something is left")
	}
}

// What is wrong is said beside its field, and nothing that was typed is lost.
func TestConditionsThatAreWrong(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(50)))
	row := func(field, op, value, to string) url.Values {
		return url.Values{"state": {"sex=2"}, "node": {"g 0", "c 0.0"}, "field 0.0": {field}, "op 0.0": {op}, "value 0.0": {value}, "to 0.0": {to}, "do": {"use"}}
	}
	for name, c := range map[string]struct {
		form url.Values
		say  string
	}{
		"no field":      {row("", "is", "X1<b>", ""), "Choose a field."},
		"unknown field": {row("NOPE", "is", "1", ""), "Choose a field."},
		"no value":      {row("MAINSPEF", "is", " , ", ""), "write a value"},
		"no number":     {row("STARTAGE", "is", "old", ""), "a whole number"},
		"no date":       {row("ADMIDATE", "span", "31/2/2009", ""), "write a day as"},
		"a month":       {row("ADMIDATE", "is", "Apr 2009", ""), "a whole month"},
		"backwards":     {row("STARTAGE", "span", "64", "18"), "The beginning comes after the end."},
		"no end":        {row("STARTAGE", "span", "", ""), "Write a beginning or an end."},
		"no codes":      {row("STARTAGE", "starts", "1", ""), "no codes that begin"},
		"identifying":   {row("NEWNHSNO", "is", "1", ""), "does not hold"},
		"text":          {url.Values{"text": {"SEX is"}, "do": {"text"}}, "column"},
		"text, field":   {url.Values{"text": {"NOPE is 1"}, "do": {"text"}}, "no field of that name"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := s.press(policy.Researcher, c.form)
			if status != http.StatusOK || !strings.Contains(body, c.say) {
				t.Errorf("status %d, without %q", status, c.say)
			}
			if v := c.form.Get("value 0.0"); v != "" && conditionsForm(t, body).Get("value 0.0") != v {
				t.Errorf("%q is lost", v)
			}
			if v := c.form.Get("text"); v != "" && !strings.Contains(body, ">"+v+"</textarea>") {
				t.Errorf("%q is lost", v)
			}
		})
	}
	for _, role := range []policy.Role{policy.Planner, policy.DataManager} {
		if status, _, _ := s.press(role, url.Values{}); status != http.StatusForbidden {
			t.Errorf("%s: status %d", role, status)
		}
	}
	// odd forms do no harm
	for _, f := range []url.Values{{"node": {"c 0.5", "x", "g 1", "c", "g 0.0.0.0"}, "do": {"up 9"}}, {"do": {"remove 0"}}, {"do": {"add 0.7"}, "node": {"c 0.0"}}, {"do": {"add 0.0"}, "node": {"c 0.0"}}} {
		if status, _, _ := s.press(policy.Researcher, f); status != http.StatusOK {
			t.Errorf("%v: status %d", f, status)
		}
	}
}

// The page counts what a plain loop counts, says it in words, and leaves out what
// is not finished.
func TestConditionsAreCounted(t *testing.T) {
	records := mixture(400)
	s := open(t, &web.Assets{}, over(t, records))
	want := 0
	for _, e := range records {
		if e["CLASSPAT"] == "2" && (e["SEX"] == "2" || strings.HasPrefix(e["DIAG_01"], "L40") || strings.HasPrefix(e["DIAG_02"], "L40")) {
			want++
		}
	}
	status, body, _ := s.press(policy.Researcher, url.Values{"cls": {"2"}, "node": {"g 0", "c 0.0", "c 0.1", "c 0.2", "c 0.3"}, "how 0": {"any"}, "field 0.0": {"SEX"}, "value 0.0": {"Female"},
		"field 0.1": {"DIAG_nn"}, "op 0.1": {"starts"}, "value 0.1": {"l40"}, "field 0.2": {"STARTAGE"}, "field 0.3": {"LOS_DAYS"}, "value 0.3": {"x"}})
	said := parse(t, body).first(byID("says")).text()
	if status != http.StatusOK || !strings.HasPrefix(said, fmt.Sprintf("Sex is Female or Any diagnosis starts with L40 Psoriasis %d episodes of ", want)) || !strings.HasSuffix(said, "2 conditions are not finished and are left out of this.") {
		t.Errorf("status %d: %s; want %d", status, said, want)
	}
}

// What an agreement does not cover is not offered, and refused by the door where
// it is written as text; a link that cannot be read is shown to be mended.
func TestConditionsTypedBeyondTheAgreement(t *testing.T) {
	s := open(t, &web.Assets{}, func(r *source) {
		r.engine = memory.New(r.dict, drivertest.Columns(t, r.dict, append(held(), "CONSULT")), episodes())
		r.facts.Columns = r.engine.Info().Columns
	})
	_, body, _ := s.get(policy.Researcher, "/records/conditions")
	offers := parse(t, body).first(byID("conditions")).all(func(n node) bool { return n.Data == "option" && n.attr("value") == "CONSULT" })
	if len(offers) > 0 {
		t.Error("a sensitive field is offered")
	}
	for _, form := range []url.Values{
		{"text": {"CONSULT is C1"}, "do": {"text"}},
		{"node": {"c 0.0"}, "field 0.0": {"CONSULT"}, "op 0.0": {"is"}, "value 0.0": {"C1"}, "do": {"use"}},
		{"node": {"c 0.0"}, "field 0.0": {hes.PersonField}, "op 0.0": {"is"}, "value 0.0": {"C1"}, "do": {"use"}},
	} {
		before := s.events()
		status, body, _ := s.press(policy.Researcher, form)
		f := parse(t, body).first(byID("conditions"))
		if status != http.StatusForbidden || !strings.Contains(f.first(byClass("error-summary")).text(), "overed by agreement DSA-1") || f.form().Get("value 0.0") != "C1" {
			t.Errorf("status %d: %s", status, f.text())
		}
		if s.events() == before {
			t.Error("the refusal is not in the access record")
		}
	}
	status, body, _ := s.get(policy.Researcher, "/records/conditions?sex=2&if=SEX+is")
	f := parse(t, body).first(byID("conditions"))
	if wrong := f.first(byID("text-wrong")).text(); status != http.StatusOK || !strings.HasPrefix(wrong, "Line 1, column 7:") || f.form().Get("text") != "SEX is" || f.form().Get("sex") != "2" {
		t.Errorf("status %d, %q, %v", status, wrong, f.form())
	}
}
