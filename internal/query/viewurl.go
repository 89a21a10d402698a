package query

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// MaxView is how many bytes of a URL's query a view may take: proxies refuse lines
// of more than 8,000.
const MaxView = 7500

// choiceText is codes, and the words that derived fields hold: "day case", "90+",
// "in_situ", "MOST DEPRIVED 10%".
var choiceText = regexp.MustCompile(`^[0-9A-Za-z&.+_-][0-9A-Za-z&.+_% -]{0,39}$`)

// FilterError is an error of ParseView that lies in one filter.
type FilterError struct {
	Key string // of the filter's Control
	Err error
}

// Error is the error's text, which names the filter.
func (e *FilterError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *FilterError) Unwrap() error { return e.Err }

// ParseView reads a URL's query over what a release offers. A filter that the
// query does not mention is as its default says; "any" takes it off. Keys that
// it does not know are left alone, so that a page can have its own. Unreadable
// values, and filters on fields that the release does not hold, give an error of
// kind Invalid that names the filter and what is wanted.
//
// Besides the canonical form it takes what forms send: "age_from" and "age_to"
// for a span, "not=sex" or "not.sex=1" for an exclusion, and "was.dx=L40" for
// what was ticked before, by which it knows what has been ticked now.
func ParseView(in url.Values, d *hes.Dictionary, o Offer) (View, error) {
	v := View{Defaults: o.Defaults}
	for _, c := range Controls() {
		f, off, err := parseFilter(c, in)
		if err != nil {
			return View{}, &FilterError{c.Key, err}
		}
		if f != nil && !o.Has(c.Key) {
			return View{}, &FilterError{c.Key, fault.New(fault.Invalid, "%s: the release that is served does not hold this field, or your agreement does not cover it, so records cannot be filtered by it. Take the filter out of the link.", c.Says)}
		}
		if standing, ok := v.Default(c.Key); ok && f == nil && !off {
			f = &standing
		}
		if f != nil {
			v.Filters = append(v.Filters, *f)
		}
	}
	var err error
	if v.Diagnosis, err = parsePosition(in, "dxpos", "primary", "Diagnosis"); err != nil {
		return View{}, err
	}
	if v.Procedure, err = parsePosition(in, "oppos", "main", "Procedure"); err != nil {
		return View{}, err
	}
	if v.If, err = ParseIf(in.Get("if"), d, o); err != nil {
		return View{}, err
	}
	switch in.Get("view") {
	case "", "episodes":
	case "patients":
		v.Unit = Patients
	case "spells":
		v.Unit = Spells
	case "charts":
		v.Charts = true
	default:
		return View{}, fault.New(fault.Invalid, "There is no such view; choose episodes, spells, patients or charts.")
	}
	if err := v.Chart.parse(in, d); err != nil {
		return View{}, err
	}
	v.Wrap, v.More = in.Get("den") == "w", in.Get("more") == "1"
	for _, name := range split(in["cols"]) {
		f, ok := d.Field(name)
		if !ok {
			return View{}, fault.New(fault.Invalid, "One of the columns in this link is not in the data dictionary. Choose columns again.")
		}
		if !slices.Contains(v.Columns, f.Name) {
			v.Columns = append(v.Columns, f.Name)
		}
	}
	for _, key := range split(in["sort"]) {
		s := Sort{Field: strings.TrimPrefix(key, "-"), Desc: strings.HasPrefix(key, "-")}
		if f, ok := d.Field(s.Field); ok {
			s.Field = f.Name
		} else if s.Field != ByEpisodes {
			return View{}, fault.New(fault.Invalid, "The sort column in this link is not in the data dictionary. Click a column heading to sort.")
		}
		v.Sort = append(v.Sort, s)
	}
	if len(v.Sort) == 1 && v.Sort[0] == (Sort{hes.AdmissionDate, true}) && v.Unit == Episodes {
		v.Sort = nil // the default
	}
	if n := len(v.Encode()); n > MaxView { // each link of a page holds it
		return View{}, fault.New(fault.Invalid, "The filters, columns and conditions are too long for a link: %d characters, at most %d. Choose groups of codes by their beginning, such as L40 in place of its codes.", n, MaxView)
	}
	return v, nil
}

func parsePosition(in url.Values, key, first, of string) (Position, error) {
	switch in.Get(key) {
	case "", first:
		return Main, nil
	case "any":
		return Anywhere, nil
	case "further":
		return Further, nil
	}
	return Main, fault.New(fault.Invalid, "%s position is “%s”, “further” or “any”.", of, first)
}

// split takes repeated and comma-joined values alike.
func split(in []string) []string {
	var out []string
	for _, part := range in {
		for _, one := range strings.Split(part, ",") {
			if one = strings.TrimSpace(one); one != "" {
				out = append(out, one)
			}
		}
	}
	return out
}

// parseFilter reads one filter; nil if there is none. off tells that the query
// says so: "any", which beside values is what a form sends for none else.
func parseFilter(c Control, in url.Values) (f *Filter, off bool, err error) {
	values, exclude, off, err := bare(c, in)
	if err != nil {
		return nil, false, err
	}
	was := split(in["was."+c.Key])
	if len(values) > MaxValues || len(was) > MaxValues { // before they are compared with each other
		return nil, false, fault.New(fault.Invalid, "%s: at most %d values. Choose groups of codes by their beginning.", c.Says, MaxValues)
	}
	f = &Filter{Key: c.Key, Exclude: exclude}
	if c.Kind == Dates || c.Kind == Numbers {
		ends := [2]string{strings.TrimSpace(in.Get(c.Key + "_from")), strings.TrimSpace(in.Get(c.Key + "_to"))}
		f, err = parseSpans(c, f, values, ends)
		return f, off, err
	}
	if len(values) == 0 {
		return nil, off, nil
	}
	for _, v := range values {
		if c.Kind == Prefixes && v != None {
			v = code(v)
		}
		if !choiceText.MatchString(v) || v == Any {
			return nil, false, fault.New(fault.Invalid, "%s: a code has letters and digits only, such as L40 or 330.", c.Says)
		}
		f.Values = append(f.Values, v)
	}
	slices.Sort(f.Values)
	f.Values = slices.Compact(f.Values)
	if c.Kind == Prefixes {
		f.Values = widest(f.Values, was)
	}
	return f, false, nil
}

// bare reads the values of one filter, without the mark of an exclusion.
func bare(c Control, in url.Values) (values []string, exclude, off bool, err error) {
	values = split(in[c.Key])
	for _, v := range split(in["not."+c.Key]) {
		values = append(values, "!"+v)
	}
	given := len(values)
	values = slices.DeleteFunc(values, func(v string) bool { return v == Any })
	turned := slices.Contains(split(in["not"]), c.Key)
	for i, v := range values {
		rest, not := strings.CutPrefix(v, "!")
		if i > 0 && not != exclude {
			return nil, false, false, fault.New(fault.Invalid, "%s: choose values to keep or values to leave out, not both.", c.Says)
		}
		values[i], exclude = rest, not
	}
	return values, exclude || turned, given > 0 && len(values) == 0, nil
}

// code is a clinical code as the data hold it: in capitals, without the point.
func code(text string) string {
	return strings.ToUpper(strings.NewReplacer(".", "", " ", "").Replace(text))
}

// widest leaves out of sorted codes those under another of them, which they add
// nothing to. But of a code that was ticked before and one under it that is
// ticked now, the narrower one is meant.
func widest(codes, was []string) []string {
	drop := map[string]bool{}
	for _, wide := range codes {
		for _, narrow := range codes {
			switch {
			case wide == narrow || wide == None || !strings.HasPrefix(narrow, wide):
			case slices.Contains(was, wide) && !slices.Contains(was, narrow):
				drop[wide] = true
			case !drop[wide]:
				drop[narrow] = true
			}
		}
	}
	return slices.DeleteFunc(codes, func(c string) bool { return drop[c] })
}

// Encode writes the view as a URL's query, without "?": keys in a fixed order,
// defaults left out, "any" where a default filter has been taken off.
func (v View) Encode() string {
	var b strings.Builder
	add := func(key, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(key + "=" + escape(value))
	}
	for _, c := range Controls() {
		f, on := v.Filter(c.Key)
		if standing, ok := v.Default(c.Key); ok {
			if !on {
				add(c.Key, Any)
			}
			if f.Exclude == standing.Exclude && slices.Equal(f.Values, standing.Values) {
				continue
			}
		}
		values := f.Values
		if f.From != "" || f.To != "" {
			span := Span{f.From, f.To}
			if c.Kind == Dates {
				span = span.months()
			}
			values = append([]string{span.String()}, values...)
		}
		for _, value := range values {
			if f.Exclude {
				value = "!" + value
			}
			add(f.Key, value)
		}
	}
	for _, p := range [...]struct {
		key string
		at  Position
	}{{"dxpos", v.Diagnosis}, {"oppos", v.Procedure}} {
		if p.at != Main {
			add(p.key, p.at.of("", "any", "further"))
		}
	}
	if v.If != nil {
		add("if", Format(v.If))
	}
	if len(v.Sort) > 0 {
		keys := make([]string, len(v.Sort))
		for i, s := range v.Sort {
			keys[i] = s.Field
			if s.Desc {
				keys[i] = "-" + s.Field
			}
		}
		add("sort", strings.Join(keys, ","))
	}
	if len(v.Columns) > 0 {
		add("cols", strings.Join(v.Columns, ","))
	}
	if v.Wrap {
		add("den", "w")
	}
	if v.More {
		add("more", "1")
	}
	switch {
	case v.Charts:
		add("view", "charts")
	case v.Unit != Episodes:
		add("view", v.Unit.String())
	}
	v.Chart.encode(add)
	return b.String()
}

// escape is url.QueryEscape that leaves what a reader can do with readable.
func escape(s string) string {
	out := url.QueryEscape(s)
	if !strings.Contains(out, "%") {
		return out // nearly always, and there are thousands of links on a page
	}
	return strings.NewReplacer("%21", "!", "%2C", ",", "%28", "(", "%29", ")").Replace(out)
}
