package web_test

import (
	stdcmp "cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

// This file counts again, in the plainest way, what the tests of charts expect on a
// page, and what the rule for small numbers makes of it in a file.

// narrow is a filter: how a URL holds it, and which episodes it lets through.
type narrow struct {
	key, query string
	holds      func(driver.Record) bool
	rare       []string // values chosen that are not among the commonest ten
}

func is(field string, values ...string) func(driver.Record) bool {
	return func(r driver.Record) bool { return slices.Contains(values, r[field]) }
}

func starts(field string, heads ...string) func(driver.Record) bool {
	return func(r driver.Record) bool {
		return slices.ContainsFunc(heads, func(h string) bool { return strings.HasPrefix(r[field], h) })
	}
}

// plainly counts what should be counted, one episode after another.
type plainly struct {
	filters []narrow
	codes   *hes.Codes
	dict    *hes.Dictionary
	file    bool // as files have it: each count under the rule of 2018, sums of what is published
}

// shownAs is what the rule of 2018 makes of counts that are shown as one number, the
// weight of it in an order too.
func shownAs(counts ...int) (says string, weight int) {
	hidden := false
	for _, n := range counts {
		_, published := publish(n)
		weight, hidden = weight+published, hidden || n > 0 && published == 0
	}
	if hidden && weight == 0 {
		return "*", 0
	}
	return strconv.Itoa(weight), weight
}

// say is how a number made of counts is shown.
func (p plainly) say(counts ...int) string {
	if p.file {
		says, _ := shownAs(counts...)
		return says
	}
	n := 0
	for _, c := range counts {
		n += c
	}
	return strconv.Itoa(n)
}

// among are the values of a field that are counted together.
type among struct {
	field  string
	values []string
}

// numbersOf are the counts of each value of each group with each other.
func numbersOf(rows []driver.Record, groups ...among) []int {
	if len(groups) == 0 {
		return []int{len(rows)}
	}
	var out []int
	for _, v := range groups[0].values {
		out = append(out, numbersOf(only(rows, is(groups[0].field, v)), groups[1:]...)...)
	}
	return out
}

func only(rows []driver.Record, holds func(driver.Record) bool) []driver.Record {
	return slices.DeleteFunc(slices.Clone(rows), func(r driver.Record) bool { return !holds(r) })
}

// kinds are how many episodes there are of each kind, in no order.
func kinds(rows []driver.Record, kind func(driver.Record) string) []int {
	n := map[string]int{}
	for _, r := range rows {
		n[kind(r)]++
	}
	return slices.Collect(maps.Values(n))
}

func head(field string, chars int) func(driver.Record) string {
	return func(r driver.Record) string { return r[field][:min(len(r[field]), stdcmp.Or(chars, len(r[field])))] }
}

// left are the episodes that the agreement, the defaults and the filters let
// through, but for the filters named.
func (p plainly) left(own ...string) []driver.Record {
	var out []driver.Record
	for _, r := range charted() {
		ok := slices.Contains([]string{"0809", "0910", "1011"}, r["FYEAR"]) && r["EPISTAT"] == "3" && r["DUPLICATE"] != "1" && r["SUBSET_1"] == "N1"
		for _, f := range p.filters {
			ok = ok && (slices.Contains(own, f.key) || f.holds(r))
		}
		if ok {
			out = append(out, r)
		}
	}
	return out
}

func count(rows []driver.Record, holds ...func(driver.Record) bool) string {
	return strconv.Itoa(tally(rows, holds...))
}

func tally(rows []driver.Record, holds ...func(driver.Record) bool) int {
	n := 0
	for _, r := range rows {
		ok := true
		for _, h := range holds {
			ok = ok && h(r)
		}
		if ok {
			n++
		}
	}
	return n
}

// commonest are the values of a field by their first characters, the most
// frequent first by what is shown of them; what they are split by makes that a sum
// of several counts.
func (p plainly) commonest(rows []driver.Record, value func(driver.Record) string, split ...func(driver.Record) string) []string {
	var out []string
	weight := map[string]int{}
	for _, r := range rows {
		if v := value(r); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	for _, v := range out {
		of := only(rows, func(r driver.Record) bool { return value(r) == v })
		if weight[v] = len(of); p.file {
			parts := []int{len(of)}
			for _, s := range split {
				parts = kinds(of, s)
			}
			_, weight[v] = shownAs(parts...)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return stdcmp.Or(stdcmp.Compare(weight[b], weight[a]), stdcmp.Compare(a, b))
	})
	return out
}

// filled leaves the missing value out.
func filled(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
}

// named is a line's name with its code: in a file they stand apart.
func (p plainly) named(code, text string) []string {
	if p.file {
		return []string{code, text}
	}
	return []string{strings.TrimSpace(code + " " + text)}
}

func (p plainly) label(field, value string) string {
	f, _ := p.dict.Field(field)
	if field == hes.YearField {
		return "20" + value[:2] + "/" + value[2:]
	}
	if label, ok := p.codes.Label(f.Codes, value); ok {
		return label
	}
	return stdcmp.Or(value, "Not recorded")
}

// ranking are the lines that a chart of the commonest values should have.
func (p plainly) ranking(own, field string, chars int) [][]string {
	rows := p.left(own)
	var out [][]string
	line := func(v, text string, n int) {
		name := []string{text}
		if chars > 0 {
			name = p.named(v, text)
		}
		out = append(out, append(name, p.say(n)))
	}
	for i, v := range filled(p.commonest(rows, head(field, chars))) {
		chosen := slices.ContainsFunc(p.filters, func(f narrow) bool { return f.key == own && slices.Contains(f.rare, v) })
		if i < 10 || chosen {
			line(v, p.label(field, v), tally(rows, starts(field, v)))
		}
	}
	if n := tally(rows, is(field, "")); n > 0 {
		line("", "Not recorded", n)
	}
	return out
}

// wanted are the lines that each chart's table should have.
func (p plainly) wanted() map[string][][]string {
	out := map[string][][]string{
		"diagnosis": p.ranking("dx", "DIAG_01", 3), "procedure": p.ranking("op", "OPERTN_01", 3),
		"provider": p.ranking("prov", "PROCODE3", 0), "condition": p.ranking("cond", "CONDITION_GROUP", 0),
	}
	years := p.left("year")
	for _, y := range []string{"0809", "0910", "1011"} {
		if in := only(years, is("FYEAR", y)); len(in) > 0 {
			out["trend"] = append(out["trend"], p.moment(p.label("FYEAR", y), in, p.lines(years, head("FYEAR", 0)), head("FYEAR", 0)))
		}
	}
	places := [][]string{{"A"}, {"B", "C"}, {"D"}, {"F"}, {"E"}, {"G"}, {"K"}, {"J"}, {"H"}, {"W"}, {"Y"}, {""}}
	regions, both := p.left("rgn"), p.left("rgn", "year")
	for i, place := range places {
		n := p.say(numbersOf(regions, among{"RESGOR", place})...)
		if i < 9 || n != "0" {
			out["region"] = append(out["region"], []string{p.label("RESGOR", place[0]), n})
		}
		line := []string{p.label("RESGOR", place[0])}
		for _, y := range []string{"0809", "0910", "1011"} {
			line = append(line, p.say(numbersOf(both, among{"RESGOR", place}, among{"FYEAR", []string{y}})...))
		}
		out["region-year"] = append(out["region-year"], line)
	}
	ages := p.left("band", "sex")
	for _, b := range [][]string{{"90 and over", "90+"}, {"80 to 89", "80-84", "85-89"}, {"70 to 79"}, {"60 to 69"}, {"50 to 59"}, {"40 to 49"}, {"30 to 39", "30-34", "35-39"}, {"20 to 29"}, {"10 to 19", "10-14", "15-19"}, {"0 to 9", "0", "1-4", "5-9"}, {"Not recorded", ""}} {
		line := b[:1:1]
		for _, sexes := range [][]string{{"1"}, {"2"}, {"9", ""}} {
			line = append(line, p.say(numbersOf(ages, among{"AGE_BAND", b[1:]}, among{"SEX", sexes})...))
		}
		out["age-sex"] = append(out["age-sex"], line)
	}
	return out
}

// lines are the diagnoses of which the trend of some episodes has a line each.
func (p plainly) lines(rows []driver.Record, when func(driver.Record) string) []string {
	codes := filled(p.commonest(rows, head("DIAG_01", 3), when))
	return codes[:min(5, len(codes))]
}

// moment is a line of the trend's table. In a file all of them together are the
// sum of what is published of each diagnosis, those without a line of their own
// too, and of each of the years or months that stand in it.
func (p plainly) moment(label string, rows []driver.Record, codes []string, when func(driver.Record) string) []string {
	out := []string{label, p.say(kinds(rows, func(r driver.Record) string { return when(r) + " " + head("DIAG_01", 3)(r) })...)}
	for _, c := range codes {
		out = append(out, p.say(kinds(only(rows, starts("DIAG_01", c)), when)...))
	}
	return out
}

// crossed is the table of primary diagnoses by providers: twelve lines and eight
// columns at most, what the limits cut off added up, and totals.
func (p plainly) crossed(rows []driver.Record) [][]string {
	dx, prov := head("DIAG_01", 3), head("PROCODE3", 0)
	cut := func(of, by func(driver.Record) string, most int) (shown, rest []string) {
		all := p.commonest(rows, of, by)
		shown, rest = all[:min(most, len(all))], all[min(most, len(all)):]
		if slices.Contains(shown, "") {
			shown = append(filled(shown), "")
		}
		return shown, rest
	}
	lines, moreLines := cut(dx, prov, 12)
	columns, moreColumns := cut(prov, dx, 8)
	number := func(lines, columns []string) string {
		in := func(r driver.Record) bool { return slices.Contains(lines, dx(r)) && slices.Contains(columns, prov(r)) }
		return p.say(kinds(only(rows, in), func(r driver.Record) string { return dx(r) + " " + prov(r) })...)
	}
	heading := []string{"Primary diagnosis"}
	if p.file {
		heading = []string{"Code", "Primary diagnosis"}
	}
	for _, c := range columns {
		heading = append(heading, p.label("PROCODE3", c))
	}
	out := [][]string{append(heading, "Others ("+strconv.Itoa(len(moreColumns))+")", "All")}
	add := func(name []string, of ...string) {
		for _, c := range columns {
			name = append(name, number(of, []string{c}))
		}
		out = append(out, append(name, number(of, moreColumns), number(of, slices.Concat(columns, moreColumns))))
	}
	for _, l := range lines {
		if l == "" {
			add(p.named("", "Not recorded"), l)
			continue
		}
		add(p.named(l, p.label("DIAG_01", l)), l)
	}
	add(p.named("", "Others ("+strconv.Itoa(len(moreLines))+")"), moreLines...)
	add(p.named("", "All"), slices.Concat(lines, moreLines)...)
	return out
}
