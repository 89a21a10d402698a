package web_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/query"
)

// This file says what the side panel of a state must show, and ticks its values.

// panel checks the parts of the side panel: which are open, the number beside each
// value of those, which values are there, and which are chosen.
func (p *stand) panel() {
	opened := p.opened(p.truth.s)
	for _, c := range controls() {
		box := p.doc.first(byID("fac-" + c.key))
		if held := p.r.offers(c.field); box.ok() != held || !held {
			if box.ok() != held {
				p.wrong("the filter %s is there: %v", c.key, box.ok())
			}
			continue
		}
		on, chosen := p.truth.s.wish(c.key)
		if _, open := box.has("open"); open != slices.Contains(opened, c.key) {
			p.wrong("the filter %s is open: %v", c.key, open)
			continue
		} else if !open {
			if n := len(box.all(byClass("n"))); n > 0 {
				p.wrong("the filter %s is closed and holds %d values", c.key, n)
			}
			continue
		}
		if c.key == "dup" {
			p.duplicates(box, c, on)
			continue
		}
		if not := box.first(byAttr("name", "not")); not.ok() {
			if _, checked := not.has("checked"); checked != (chosen && on.exclude) {
				p.wrong("the filter %s leaves out what is chosen: %v", c.key, checked)
			}
		} else {
			p.wrong("in the filter %s nothing can be left out", c.key)
		}
		p.options(box, c, on)
	}
}

// options checks the values of a filter.
func (p *stand) options(box node, c control, on wish) {
	shown := map[string]bool{}
	for _, in := range box.all(func(n node) bool { return n.Data == "input" && n.attr("type") == "checkbox" && n.attr("name") == c.key }) {
		value := in.attr("value")
		if value == "none" {
			value = ""
		}
		if shown[value] {
			p.wrong("the filter %s offers %q twice", c.key, in.attr("value"))
		}
		shown[value] = true
		label := in.up(byTag("label"))
		n, ok := number(label.first(byClass("n")).text())
		if want := p.truth.count(c, value); !ok || n != want {
			p.wrong("%s: %q has %d episodes, want %d", c.key, label.text(), n, want)
		}
		_, checked := in.has("checked")
		if of := slices.Contains(on.values, value); checked != of && (value == "" || len(on.spans) == 0) {
			p.wrong("%s: %q is chosen: %v", c.key, label.text(), checked)
		}
	}
	if len(p.truth.tally(c.key, p.truth.s.fieldOf(c), 0)) > 0 && p.truth.count(c, "") > 0 && !shown[""] {
		p.wrong("%s: “not recorded” is not offered", c.key)
	}
	if c.kind == query.Dates || c.kind == query.Numbers {
		return
	}
	chars := 0
	if c.kind == query.Prefixes {
		chars = 3
	}
	p.rest(box, c, p.truth.tally(c.key, p.truth.s.fieldOf(c), chars), shown)
	for _, tw := range box.all(byAttr("aria-expanded", "true")) {
		category := strings.TrimPrefix(tw.attr("data-turn"), c.key+".")
		for value, n := range p.truth.tally(c.key, p.truth.s.fieldOf(c), 4) {
			if len(value) == 4 && strings.HasPrefix(value, category) && !shown[value] {
				p.wrong("%s: %s with %d episodes is not offered under %s", c.key, value, n, category)
			}
		}
	}
	for _, v := range on.values {
		written := strings.Split(strings.Join(box.form()[c.key], ", "), ", ")
		if !shown[v] && !slices.Contains(written, v) {
			p.wrong("%s: the chosen %q is neither offered nor written", c.key, v)
		}
	}
}

// leastOffered is how many values a filter offers at least, if there are so many.
const leastOffered = 7

// rest checks that only values are not offered that are none of the commonest, none
// of a short list, and that their number is said.
func (p *stand) rest(box node, c control, tally map[string]int, shown map[string]bool) {
	hidden := 0
	f, _ := p.r.dict.Field(c.field)
	short := p.r.codes.Closed(f.Codes) && len(p.r.codes.Values(f.Codes)) <= 40 || c.key == "year"
	for value, n := range tally {
		if value == "" || shown[value] {
			continue
		}
		hidden++
		before := 0
		for other, m := range tally {
			if other != "" && other != value && m >= n {
				before++
			}
		}
		if short || before < leastOffered {
			p.wrong("%s: the value %q with %d episodes is not offered", c.key, value, n)
		}
	}
	more, _, _ := strings.Cut(box.first(func(n node) bool { return n.class("more") && strings.Contains(n.text(), " more") }).text(), " ")
	if hidden > 0 && more != fmt.Sprint(hidden) || hidden == 0 && more != "" {
		p.wrong("%s: %d values are not shown, and it says %q", c.key, hidden, more)
	}
}

// duplicates checks the three ways to deal with them.
func (p *stand) duplicates(box node, c control, on wish) {
	twice := p.truth.count(c, "1")
	all := len(p.truth.under("dup"))
	options := map[string]int{"!1": all - twice, "any": all, "1": twice}
	other := !slices.Equal(on.values, []string{"1"}) && len(on.values) > 0 // which a link has brought
	if other {
		options[p.said(on)] = len(p.truth.matching)
	}
	if n := len(box.all(byAttr("type", "radio"))); n != len(options) {
		p.wrong("%d ways to deal with duplicates, want %d", n, len(options))
	}
	for value, want := range options {
		in := box.first(func(n node) bool { return n.attr("name") == "dup" && n.attr("value") == value })
		if n, ok := number(in.up(byTag("label")).first(byClass("n")).text()); !ok || n != want {
			p.wrong("duplicates, %s: %d episodes, want %d", value, n, want)
		}
		_, checked := in.has("checked")
		is := slices.Equal(on.values, []string{"1"})
		if want := value == "!1" && is && on.exclude || value == "1" && is && !on.exclude || value == "any" && len(on.values) == 0 || other && value == p.said(on); checked != want {
			p.wrong("duplicates, %s: chosen %v", value, checked)
		}
	}
}

// said is a wish as one value of a form.
func (p *stand) said(w wish) string {
	var out []string
	for _, v := range w.values {
		out = append(out, map[bool]string{true: "!"}[w.exclude]+cmp.Or(v, "none"))
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(strings.TrimPrefix(a, "!"), strings.TrimPrefix(b, "!")) })
	return strings.Join(out, ",")
}

// tick changes one value of a filter in the form and sends it; now and then, what
// is chosen is left out instead.
func (p *stand) tick() string {
	c := controlOf(pick(p.walker, p.opened(p.truth.s)))
	box := p.doc.first(byID("fac-" + c.key))
	options := box.all(func(n node) bool {
		return n.Data == "input" && (n.attr("name") == c.key || n.attr("name") == "not") && (n.attr("type") == "checkbox" || n.attr("type") == "radio")
	})
	if len(options) == 0 {
		return ""
	}
	in := pick(p.walker, options)
	form := p.doc.first(byID("f")).form()
	s := p.truth.s
	on, chosen := s.wish(c.key)
	value := in.attr("value")
	_, checked := in.has("checked")
	name := in.attr("name")
	switch {
	case name == "not":
		if !chosen {
			return ""
		}
		on.exclude = !checked
		s = s.with(on)
	case in.attr("type") == "radio":
		if checked {
			return ""
		}
		if s = s.without(c.key); value != "any" {
			bare, exclude := strings.CutPrefix(value, "!")
			s = s.with(wish{control: c, values: []string{bare}, exclude: exclude})
		}
		form.Del(name)
	case c.kind == query.Numbers || c.kind == query.Dates:
		if value != "none" && (len(on.spans) > 0 || on.exclude) {
			return "" // spans may be joined and taken apart: for tests of their own
		}
		on.control = c
		on = p.flip(on, value, checked)
		s = s.without(c.key)
		if len(on.values)+len(on.spans) > 0 {
			s = s.with(on)
		}
	default:
		on.control = c
		on = p.flip(on, value, checked)
		if s = s.without(c.key); len(on.values) > 0 {
			s = s.with(on)
		}
	}
	if in.attr("type") == "checkbox" && checked {
		i := slices.Index(form[name], value)
		form[name] = slices.Delete(form[name], i, i+1)
	} else {
		form.Add(name, value)
	}
	if s.open = nil; form.Get("open") != "" {
		s.open = strings.Split(form.Get("open"), ",")
	}
	p.path = append(p.path, fmt.Sprintf("%s=%s", name, value))
	p.openState(p.doc.first(byID("f")).attr("action")+"?"+form.Encode(), s)
	return "a facet"
}

// flip puts a value of a wish on or takes it off. Of codes under each other that
// are ticked one after another the later is meant.
func (p *stand) flip(on wish, value string, off bool) wish {
	if on.kind == query.Numbers && value != "none" {
		from, to, ok := strings.Cut(value, "..")
		if !ok {
			to = from
		}
		on.spans = [][2]string{{from, to}}
		return on
	}
	if value == "none" {
		value = ""
	}
	under := func(a, b string) bool {
		return on.kind == query.Prefixes && b != "" && a != "" && strings.HasPrefix(a, b)
	}
	on.values = slices.DeleteFunc(slices.Clone(on.values), func(v string) bool {
		return v == value || !off && (under(v, value) || under(value, v))
	})
	if !off {
		on.values = tidy(on.control, append(on.values, value))
	}
	return on
}
