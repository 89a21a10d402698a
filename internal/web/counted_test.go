package web_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/web"
)

// The explorer's numbers are walked through by TestStates. This file compares those
// of the pages beside it, over a release made as a site makes one, with what
// looking at every row in turn says: for a clinician of the team's own episodes
// only, for a planner protected.

// counted is a release, its site, and the rows that somebody has there.
type counted struct {
	*testing.T
	*site
	*walker
	role policy.Role
}

// rows are those of the list as it begins, without the filter on one field.
func (c *counted) rows(but ...string) []int {
	s := c.beginning()
	for _, w := range s.wishes {
		if slices.Contains(but, w.field) {
			s = s.without(w.key)
		}
	}
	return c.r.rowsOf(c.role, s)
}

// heads counts the rows that have each value of a field, by its first bytes; those
// without any under "".
func (c *counted) heads(rows []int, field string, chars int) map[string]int {
	t := truth{r: c.r, matching: rows}
	return t.tally("", field, chars)
}

// cells are the numbers of a table's lines, by the first text of each, with its
// code set apart.
func numbers(table node) (names []string, of map[string][]string) {
	of = map[string][]string{}
	for _, tr := range table.first(byTag("tbody")).all(byTag("tr")) {
		var texts, figures []string
		for _, cell := range tr.all(func(n node) bool { return n.Data == "td" || n.Data == "th" }) {
			if cell.class("num") {
				figures = append(figures, cell.text())
				continue
			}
			text, _, _ := strings.Cut(cell.text(), ": show the records")
			texts = append(texts, strings.TrimSpace(text))
		}
		name := ""
		for _, text := range texts {
			name = cmp.Or(name, text)
		}
		names = append(names, name)
		of[name] = figures
	}
	return names, of
}

func (c *counted) open(address string) node {
	c.Helper()
	got := c.visit(c.role, address)
	if got.Code != http.StatusOK {
		c.Fatalf("%s at %s: status %d", c.role, address, got.Code)
	}
	return parse(c.T, got.Body.String())
}

func (c *counted) captioned(doc node, caption string) node {
	return doc.first(func(n node) bool {
		return n.Data == "table" && strings.HasPrefix(n.first(byTag("caption")).text(), caption)
	})
}

func TestNumbersBesideTheExplorer(t *testing.T) {
	r := makeRelease(t, 8000)
	s := open(t, &web.Assets{}, func(o *source) {
		o.engine, o.facts, o.team, o.agreement = r.engine, r.facts, r.team, r.agreement(o.agreement.From.AddDate(0, 1, 0))
	})
	all := 0
	for _, role := range []policy.Role{policy.Researcher, policy.Clinician} {
		t.Run(string(role), func(t *testing.T) {
			c := &counted{T: t, site: s, walker: &walker{r: r}, role: role}
			n := len(c.rows())
			if n < 80 || role == policy.Clinician && n > all/2 {
				t.Fatalf("%d rows of %d, so this tests little", n, all)
			}
			all = n
			c.fields()
			c.codes()
			c.conditions()
		})
	}
	t.Run("planner", func(t *testing.T) { (&counted{T: t, site: s, walker: &walker{r: r}, role: policy.Planner}).tables() })
}

// fields checks the completeness by year and the values of each field.
func (c *counted) fields() {
	tables := 0
	for _, f := range c.r.dict.Fields() {
		if !c.r.holdsField(f.Name) || f.AliasOf != "" || f.Name == hes.PersonField || f.Class > hes.Ordinary {
			continue
		}
		doc := c.open("/dictionary/" + f.Name)
		if f.OfOthers() { // the agreement has not all years of the release
			if text := doc.text(); !strings.Contains(text, "worked out from all episodes of a patient") || strings.Contains(text, "Episodes in which") {
				c.Errorf("%s: %s", f.Name, text)
			}
			continue
		}
		rows := c.rows(f.Name, f.Family)
		years, byYear := numbers(c.captioned(doc, "Episodes in which"))
		if f.Name != hes.YearField {
			filled, of := map[string]int{}, c.heads(rows, hes.YearField, 0)
			for _, row := range rows {
				if len(c.r.values(row, f.Name)) > 0 {
					filled[c.r.rows[row][hes.YearField]]++
				}
			}
			if len(years) != len(c.r.facts.Years) {
				c.Errorf("%s: %d years", f.Name, len(years))
				continue
			}
			for i, year := range c.r.facts.Years {
				if got, want := strings.Join(byYear[years[i]][:2], " of "), grouped(filled[year])+" of "+grouped(of[year]); got != want {
					c.Errorf("%s in %s: %s, want %s", f.Name, years[i], got, want)
				}
			}
		}
		table := c.captioned(doc, "Values of")
		if !table.ok() {
			continue
		}
		tables++
		chars := 0
		switch {
		case f.Type == hes.Date:
			chars = len("2008")
		case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
			chars = len("L40")
		}
		want := map[string]string{}
		for value, n := range c.heads(rows, f.Name, chars) {
			want[cmp.Or(hes.Display(f.Codes, value), "Not recorded")] = grouped(n)
		}
		names, values := numbers(table)
		most := 0 // of those that are not shown
		for name, n := range want {
			if values[name] == nil {
				k, _ := number(n)
				most = max(most, k)
			}
		}
		for _, name := range names {
			got := values[name][0]
			if got != cmp.Or(want[name], "0") {
				c.Errorf("%s, %q: %s, want %s", f.Name, name, got, want[name])
			}
			if k, _ := number(got); name != "Not recorded" && k > 0 && k < most {
				c.Errorf("%s: %q is shown with %s, and one with %d is not", f.Name, name, got, most)
			}
		}
		if len(names) < min(len(want), 30) {
			c.Errorf("%s: %d values of %d", f.Name, len(names), len(want))
		}
	}
	if tables < 40 {
		c.Errorf("only %d tables of values", tables)
	}
}

// codes checks chapters, and categories with their codes and years.
func (c *counted) codes() {
	rows := c.rows()
	for _, list := range []struct{ key, family, chapter, letter, name string }{
		{"icd10", "DIAG_nn", "XII", "L", "ICD-10"}, {"opcs4", "OPERTN_nn", "S", "S", "OPCS-4"},
	} {
		_, chapters := numbers(c.open("/codes/" + list.key).first(byTag("table")))
		want := c.places(rows, list.family, begins(list.letter))
		if got := strings.Join(chapters[list.chapter], " "); got != want || strings.HasPrefix(want, "0 ") {
			c.Errorf("chapter %s: %s, want %s", list.chapter, got, want)
		}
		c.codePage(list.key, list.chapter, list.letter, list.family, rows)
		found := slices.Sorted(maps.Keys(c.heads(rows, list.family, len("L40"))))
		elsewhere := slices.DeleteFunc(slices.Sorted(maps.Keys(c.heads(c.everybody(), list.family, len("L40")))), func(code string) bool { return slices.Contains(found, code) })
		pages := 0
		for i, code := range append(slices.Clone(found), elsewhere...) {
			if code == "" || i%5 > 0 && i < len(found) || c.visit(c.role, "/codes/"+list.key+"/"+code).Code != http.StatusOK { // in no list
				continue
			}
			if pages++; pages > 60 {
				break
			}
			names, below := numbers(c.captioned(c.codePage(list.key, code, code, list.family, rows), list.name))
			for _, name := range names {
				stored := strings.ReplaceAll(name, ".", "")
				want := c.places(rows, list.family, func(v string) bool { return query.Head(v, len("L400")) == stored })
				if got := strings.Join(below[name], " "); got != want {
					c.Errorf("%s, in %s: %s, want %s", name, code, got, want)
				}
			}
		}
		if pages < 10 {
			c.Errorf("only %d categories of %s", pages, list.key)
		}
	}
}

func begins(prefix string) func(string) bool {
	return func(v string) bool { return strings.HasPrefix(v, prefix) }
}

// everybody is every row of the release.
func (c *counted) everybody() []int {
	out := make([]int, len(c.r.rows))
	for i := range out {
		out[i] = i
	}
	return out
}

// having are the rows that have a code in the main position of a family, in a
// further one, and in any.
func (c *counted) having(rows []int, family string, is func(string) bool) (main, further, anywhere []int) {
	f, _ := c.r.dict.Field(family)
	for _, row := range rows {
		first, later := false, false
		for slot := 1; slot <= f.Slots; slot++ {
			if v := c.r.rows[row][f.SlotName(slot)]; v != "" && is(v) {
				first, later = first || slot == 1, later || slot > 1
			}
		}
		if first {
			main = append(main, row)
		}
		if later {
			further = append(further, row)
		}
		if first || later {
			anywhere = append(anywhere, row)
		}
	}
	return main, further, anywhere
}

// places counts them, as a line of a table does.
func (c *counted) places(rows []int, family string, is func(string) bool) string {
	main, further, anywhere := c.having(rows, family, is)
	return grouped(len(main)) + " " + grouped(len(further)) + " " + grouped(len(anywhere))
}

// codePage checks the sentence and the years of one code.
func (c *counted) codePage(list, code, prefix, family string, rows []int) node {
	doc := c.open("/codes/" + list + "/" + code)
	main, further, anywhere := c.having(rows, family, begins(prefix))
	people := map[string]bool{}
	for _, row := range anywhere {
		if p := c.r.rows[row][hes.PersonField]; p != "" {
			people[p] = true
		}
	}
	text := doc.first(byTag("main")).text()
	for _, want := range []string{fmt.Sprintf("%s episodes of %s patients have it in any position: %s as ", grouped(len(anywhere)), grouped(len(people)), grouped(len(main))), fmt.Sprintf(", %s as a further ", grouped(len(further)))} {
		if !strings.Contains(text, want) {
			c.Errorf("%s does not say %q", code, want)
		}
	}
	table := c.captioned(doc, "Episodes with")
	names, years := numbers(table)
	for i, year := range c.r.facts.Years {
		of := slices.DeleteFunc(slices.Clone(rows), func(row int) bool { return c.r.rows[row][hes.YearField] != year })
		want := c.places(of, family, begins(prefix))
		if len(names) != len(c.r.facts.Years) || strings.Join(years[names[i]], " ") != want {
			c.Errorf("%s: %v, want %s in %s", code, years, want, year)
		}
	}
	if all := table.first(byTag("tfoot")).text(); !strings.HasSuffix(all, " "+c.places(rows, family, begins(prefix))) {
		c.Errorf("%s, of all years: %s", code, all)
	}
	return doc
}

// conditions checks what the form of conditions counts.
func (c *counted) conditions() {
	sex := query.In{Field: "SEX", Values: []string{"2"}}
	skin := query.Prefix{Field: "DIAG_nn", Prefixes: []string{"C44"}}
	for text, e := range map[string]query.Expr{"SEX is 2": sex, "not (SEX is 2)": query.Not{Of: sex}, "SEX is 2 and DIAG_nn starts with C44": query.And{sex, skin}, "SEX is 2 or DIAG_nn starts with C44": query.Or{sex, skin}, "LOS_DAYS is not recorded": query.Missing{Field: "LOS_DAYS"}} {
		s := c.beginning()
		s.ifs = e
		rows, people := c.r.rowsOf(c.role, s), map[string]bool{}
		for _, row := range rows {
			if p := c.r.rows[row][hes.PersonField]; p != "" {
				people[p] = true
			}
		}
		want := fmt.Sprintf("%s episodes of %s patients", grouped(len(rows)), grouped(len(people)))
		if got := c.open("/records/conditions?if=" + url.QueryEscape(text)).first(byTag("main")).text(); !strings.Contains(got, want) {
			c.Errorf("%q: not %s in %s", text, want, got)
		}
	}
}

// publish is what may be said of a number to a planner.
func publish(n int) (text string, published int) {
	switch {
	case n == 0:
		return "0", 0
	case n <= 7:
		return "1–7", 0
	}
	return grouped((n + 2) / 5 * 5), (n + 2) / 5 * 5
}

// tables checks a table that a planner may see, where it is shown; TestFixedTables
// checks all of them over a release that is large enough.
func (c *counted) tables() {
	raw := map[string]map[string]int{}
	years, sexes := map[string]bool{}, map[string]bool{"1": true, "2": true}
	for _, rec := range c.r.rows {
		year, sex := rec[hes.YearField], rec["SEX"]
		if raw[year] == nil {
			raw[year] = map[string]int{}
		}
		raw[year][sex]++
		years[year] = true
	}
	doc := c.open("/tables/year-by-sex")
	if strings.Contains(doc.first(byTag("main")).text(), "This table is not shown.") {
		for _, n := range doc.all(byTag("table")) {
			c.Errorf("a table that is not shown: %s", n.text())
		}
		return
	}
	table := map[string][]string{}
	for _, tr := range doc.first(byTag("tbody")).all(byTag("tr")) {
		for _, td := range tr.all(byTag("td")) {
			name := tr.first(byTag("th")).text()
			table[name] = append(table[name], td.text())
		}
	}
	for year := range years {
		var want []string
		all := 0
		for _, sex := range slices.Sorted(maps.Keys(sexes)) {
			text, n := publish(raw[year][sex])
			want, all = append(want, text), all+n
		}
		if want, got := append(want, grouped(all)), table[yearName(year)]; !slices.Equal(want, got) {
			c.Errorf("%s: %v, want %v", year, got, want)
		}
	}
}

func yearName(fyear string) string { return "20" + fyear[:2] + "/" + fyear[2:] }
