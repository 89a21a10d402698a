package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse"
	"webenablehes/internal/web/view"
)

const (
	wholeList     = 40 // the longest code list of which a facet shows every value, in the order of the list; of longer ones it shows the commonest
	mostShown     = 7  // so many
	mostChosen    = 12 // of so many chosen values at most that are not among them
	mostOpen      = 4  // of so many chosen categories at most the codes are shown unasked
	searchFrom    = 11 // values shown, from which on one may search among them
	categoryChars = 3
	codeChars     = 4
)

// counts says how the values of a control are counted: not at all where nobody
// sees them. The months are always seen, in the strip.
func (s *Server) counts(sc scene, c query.Control) []query.Facet {
	field, _ := s.c.Dictionary.Field(c.Field)
	f := query.Facet{Field: sc.state.FieldOf(c)}
	if c.Kind == query.Dates {
		f.Chars = len("2008-04")
		return []query.Facet{f}
	}
	if !sc.open[c.Key] {
		return nil
	}
	on, _ := sc.state.Filter(c.Key)
	switch {
	case c.Kind == query.Numbers:
		return []query.Facet{f}
	case c.Kind == query.Prefixes:
		shown := sc.categories(c)
		f.Chars, f.Limit, f.Also = categoryChars, mostShown, shown
		under := sc.opened(c)
		if len(under) == 0 {
			return []query.Facet{f}
		}
		kids := query.Facet{Field: f.Field, Chars: codeChars, Under: under}
		for _, v := range on.Values {
			if v != query.None && len(v) == codeChars && slices.Contains(under, v[:categoryChars]) {
				kids.Also = append(kids.Also, v)
			}
		}
		return []query.Facet{f, kids}
	case c.Field == subsetField:
		for _, r := range sc.facts.Rules {
			f.Also = append(f.Also, r.ID)
		}
	case s.inListOrder(field):
		f.Also = append(f.Also, s.listed(sc, field)...)
	case c.Field != hes.YearField:
		f.Limit = mostShown
	}
	f.Also = append(f.Also, chosen(on)...)
	return []query.Facet{f}
}

// chosen returns the values of a filter that a facet shows though they are not
// among its commonest.
func chosen(on query.Filter) []string {
	out := slices.DeleteFunc(slices.Clone(on.Values), func(v string) bool { return v == query.None })
	return out[:min(len(out), mostChosen)]
}

// valid tells whether a code may be in a release of these years.
func valid(c hes.CodeValue, years []string) bool {
	if len(years) == 0 {
		return true
	}
	first, last := hes.FirstYear(years[0]), hes.FirstYear(years[len(years)-1])
	year := func(text string, open int) int {
		if y, err := strconv.Atoi(text[:min(len(text), len("1996"))]); err == nil {
			return y
		}
		return open
	}
	return year(c.From, first) <= last && year(c.To, last) >= first
}

// categories returns the categories that a tree shows though they may not be
// among the commonest: those chosen, those with a code chosen, those opened.
func (sc *scene) categories(c query.Control) []string {
	var out []string
	on, _ := sc.state.Filter(c.Key)
	for _, v := range chosen(on) {
		if len(v) == categoryChars || len(v) == codeChars {
			out = append(out, v[:categoryChars])
		}
	}
	for _, name := range sc.openCategories(c.Key) {
		out = append(out, strings.TrimPrefix(name, c.Key+"."))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// opened returns the categories whose codes are shown: those opened, those with
// a code chosen, and the first that are chosen.
func (sc *scene) opened(c query.Control) []string {
	var out []string
	on, _ := sc.state.Filter(c.Key)
	whole := 0
	for _, v := range sc.categories(c) {
		switch {
		case sc.open[c.Key+"."+v], slices.ContainsFunc(chosen(on), func(x string) bool { return len(x) == codeChars && strings.HasPrefix(x, v) }):
			out = append(out, v)
		case whole < mostOpen:
			whole++
			out = append(out, v)
		}
	}
	return out
}

func (s *Server) inListOrder(f hes.Field) bool {
	return s.c.Codes.Closed(f.Codes) && len(s.c.Codes.Values(f.Codes)) <= wholeList
}

// facet makes one filter of the side panel from its counts, which are missing
// where it is closed.
func (s *Server) facet(sc scene, c query.Control, counts []warehouse.Facet) view.Facet {
	field, _ := s.c.Dictionary.Field(c.Field)
	on, active := sc.state.Filter(c.Key)
	_, begins := sc.state.Default(c.Key)
	f := view.Facet{Key: c.Key, Open: sc.open[c.Key], Span: c.Kind == query.Dates || c.Kind == query.Numbers, Dates: c.Kind == query.Dates,
		Codes: c.Kind == query.Prefixes, From: on.From, To: on.To, Exclude: on.Exclude, Begins: begins, Note: method(c.Field)}
	f.Title = title(c, field)
	if active {
		f.Active = max(1, len(on.Values))
	}
	for _, t := range s.trees {
		if t.control == c.Key {
			f.Hint, f.Browse = t.name, view.Link{Text: "Browse " + t.name, URL: "/codes/" + t.key}
		}
	}
	f.Positions = positions(sc.state, c)
	if !f.Open {
		f.Hidden = kept(sc.state, c)
		return f
	}
	f.AllURL = "/records/values/" + c.Key
	if q := sc.state.Encode(); q != "" {
		f.AllURL += "?" + q
	}
	switch {
	case c.Key == "dup":
		f.Radio, f.Options = true, s.duplicates(sc, field, on, active, &counts[0])
		return f
	case f.Span:
		s.spanFacet(&f, c, on, &counts[0])
		return f
	}
	s.options(&f, sc, field, on, counts)
	return f
}

// kept returns what a closed part of the panel keeps in the form.
func kept(state query.View, c query.Control) []view.Pair {
	f, _ := state.Filter(c.Key)
	one := query.View{Defaults: state.Defaults, Diagnosis: state.Diagnosis, Procedure: state.Procedure}
	var out []view.Pair
	for _, p := range pairs(one.With(f)) {
		if p.Key == c.Key || p.Key == c.Key+"pos" {
			out = append(out, p)
		}
	}
	return out
}

// positions are the places of a code in the record that a tree looks at.
func positions(state query.View, c query.Control) []view.Position {
	at, first, label := state.Diagnosis, "primary", "Primary"
	switch c.Key {
	case "dx":
	case "op":
		at, first, label = state.Procedure, "main", "Main"
	default:
		return nil
	}
	name := c.Key + "pos"
	return []view.Position{{Name: name, Value: first, Label: label, On: at == query.Main},
		{Name: name, Value: "further", Label: "Further", On: at == query.Further}, {Name: name, Value: "any", Label: "Any position", On: at == query.Anywhere}}
}

// options makes the values of a facet, with the codes under the categories that
// are open.
func (s *Server) options(f *view.Facet, sc scene, field hes.Field, on query.Filter, counts []warehouse.Facet) {
	option := func(v warehouse.Value) view.Option {
		o := view.Option{Value: v.Value, Count: v.Count, On: slices.Contains(on.Values, v.Value)}
		o.Code, o.Label = s.optionLabel(sc, field, v.Value)
		return o
	}
	c, _ := query.ControlOf(f.Key)
	opened := sc.opened(c)
	shown := map[string]bool{}
	for _, v := range s.ordered(field, counts[0].Values) {
		o := option(v)
		shown[v.Value] = true
		if f.Codes {
			o.Opens, o.Open = f.Key+"."+v.Value, slices.Contains(opened, v.Value)
			o.Stays = o.Open && !sc.open[o.Opens]
		}
		if o.Open {
			for _, kid := range counts[1].Values {
				if strings.HasPrefix(kid.Value, v.Value) && kid.Value != v.Value {
					o.Kids = append(o.Kids, option(kid))
					shown[kid.Value] = true
				}
			}
			share(o.Kids)
		}
		f.Options = append(f.Options, o)
	}
	missing := view.Option{Value: query.None, Label: "Not recorded", Count: counts[0].Missing, On: on.Missing()}
	if f.Key == "op" {
		missing.Label = "No procedure recorded"
	}
	if !missing.Count.Zero() || missing.On {
		f.Options = append(f.Options, missing)
	}
	if !s.inListOrder(field) && field.Name != hes.YearField {
		slices.SortStableFunc(f.Options, func(a, b view.Option) int { return policy.CompareCounts(a.Count, b.Count) })
	}
	share(f.Options)
	there := 0 // values shown that somebody has
	for _, v := range counts[0].Values {
		if !v.Count.Zero() {
			there++
		}
	}
	f.More = max(0, counts[0].Distinct.Published()-there)
	f.Search = len(f.Options) >= searchFrom
	var rest []string // chosen, and not among the options
	for _, v := range on.Values {
		if v != query.None && !shown[v] {
			rest = append(rest, v)
		}
	}
	if f.Codes {
		f.Typed = strings.Join(rest, ", ")
		f.Was = strings.Join(on.Values, ",")
		return
	}
	for _, v := range rest {
		f.Hidden = append(f.Hidden, view.Pair{Key: f.Key, Value: v})
	}
}

// share works out how long the lines under options are.
func share(options []view.Option) {
	most := 1
	for _, o := range options {
		most = max(most, o.Count.Published())
	}
	for i := range options {
		options[i].Share = 100 * options[i].Count.Published() / most
	}
}

// duplicates makes the three ways in which duplicates can be dealt with, and
// beside them any other that a link has brought.
func (s *Server) duplicates(sc scene, field hes.Field, on query.Filter, active bool, counts *warehouse.Facet) []view.Option {
	var twice policy.Count
	rest := []policy.Count{counts.Missing}
	for _, v := range counts.Values {
		if v.Value == "1" {
			twice = v.Count
		} else {
			rest = append(rest, v.Count)
		}
	}
	if !slices.ContainsFunc(counts.Values, func(v warehouse.Value) bool { return v.Value == "1" }) {
		twice = policy.Sum(nil)
	}
	is := active && slices.Equal(on.Values, []string{"1"})
	all := policy.Sum(append(rest, twice))
	out := []view.Option{
		{Value: "!1", Label: "Left out", Count: policy.Sum(rest), On: is && on.Exclude},
		{Value: query.Any, Label: "Shown with the rest", Count: all, On: !active},
		{Value: "1", Label: "Duplicates only", Count: twice, On: is && !on.Exclude},
	}
	if active && !is {
		out = append(out, s.otherwise(sc, field, on, counts))
	}
	share(out)
	return out
}

// otherwise makes of a whole filter one option, which is chosen.
func (s *Server) otherwise(sc scene, field hes.Field, on query.Filter, counts *warehouse.Facet) view.Option {
	var values, names []string
	var in []policy.Count
	add := func(value string, n policy.Count) {
		if slices.Contains(on.Values, value) != on.Exclude {
			in = append(in, n)
		}
	}
	for _, v := range on.Values {
		if v != query.None {
			_, label := s.optionLabel(sc, field, v)
			names = append(names, label)
		}
		if on.Exclude {
			v = "!" + v
		}
		values = append(values, v)
	}
	for _, v := range counts.Values {
		add(v.Value, v.Count)
	}
	add(query.None, counts.Missing)
	begin, rest := recorded(field.Label+" is", on, names)
	return view.Option{Value: strings.Join(values, ","), Label: begin + " " + rest, Count: policy.Sum(in), On: true}
}

// ordered puts values into the order of their code list; without one they keep
// the order of the counts.
func (s *Server) ordered(f hes.Field, values []warehouse.Value) []warehouse.Value {
	if !s.inListOrder(f) {
		return values
	}
	values = slices.Clone(values)
	slices.SortStableFunc(values, func(a, b warehouse.Value) int {
		return cmp.Compare(s.listPlace(f, a.Value), s.listPlace(f, b.Value))
	})
	return values
}

// listPlace returns the place of a value in its field's code list; a value that
// is not listed comes last.
func (s *Server) listPlace(f hes.Field, value string) int {
	list := s.c.Codes.Values(f.Codes)
	if i := slices.IndexFunc(list, func(c hes.CodeValue) bool { return c.Code == value }); i >= 0 {
		return i
	}
	return len(list)
}

// optionLabel returns a value's code, for clinical lists, and its label.
func (s *Server) optionLabel(sc scene, f hes.Field, value string) (code, label string) {
	if f.Name == hes.YearField {
		return "", yearLabel(value)
	}
	for _, r := range sc.facts.Rules {
		if f.Name == subsetField && r.ID == value {
			return "", ruleLabel(r)
		}
	}
	label, ok := s.c.Codes.Label(f.Codes, value)
	switch {
	case f.Codes == hes.ICD10, f.Codes == hes.OPCS4:
		return hes.Display(f.Codes, value), label
	case ok:
		return "", label
	}
	return "", value
}

func shortDate(iso string) string { return date(iso, "2 Jan 2006") }
func longDate(iso string) string  { return date(iso, "2 January 2006") }

func date(iso, form string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return t.Format(form)
}

// yearLabel writes a FYEAR for people: "0809" is 2008/09.
func yearLabel(fyear string) string {
	year := hes.FirstYear(fyear)
	if year == 0 {
		return fyear
	}
	return strconv.Itoa(year) + "/" + fyear[2:]
}
