package query

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// View is the state of the explorer as its URL holds it: which filters are on,
// which columns are shown, in which order. ParseView and Encode turn it from
// and to a URL's query; the same view always gives the same text, so links can
// be compared and kept.
type View struct {
	Filters      []Filter // in the order of Controls, each key at most once
	AnyDiagnosis bool     // the diagnosis filter looks at any position, not only the primary one
	Sort         []Sort   // empty: newest admission first
	Columns      []string // empty: the default ones
	Unit         Unit
	Wrap         bool // long texts wrap
}

// Filter is one filter that is on.
type Filter struct {
	Key      string
	Values   []string // codes or code prefixes, sorted; "none" is "not recorded". Kinds Choice and Prefixes
	Exclude  bool     // the others are wanted
	From, To string   // kinds Dates and Numbers; an empty end is open
}

// None stands for "not recorded" in a URL.
const None = "none"

// Kind says how a filter is written.
type Kind uint8

// The kinds of filter.
const (
	Choice   Kind = iota // some of a list of codes
	Prefixes             // codes by their beginning: L40 means L40 and all below
	Dates                // a span of days
	Numbers              // a span of numbers
)

// Control is a filter that the explorer offers.
type Control struct {
	Key   string // in the URL
	Field string
	Kind  Kind
	Says  string // how a filter's sentence begins: "Sex is"
}

// Controls returns the filters that the explorer offers, in the order of the
// page.
func Controls() []Control {
	return []Control{
		{"year", hes.YearField, Choice, "Financial year"},
		{"adm", hes.AdmissionDate, Dates, "Admitted"},
		{"age", "STARTAGE", Numbers, "Aged"},
		{"sex", "SEX", Choice, "Sex"},
		{"dx", hes.MainDiagnosis, Prefixes, "Diagnosis"},
		{"op", hes.MainProcedure, Prefixes, "Main procedure"},
		{"prov", "PROCODE3", Choice, "Provider"},
		{"main", "MAINSPEF", Choice, "Main specialty"},
		{"tret", "TRETSPEF", Choice, "Treatment specialty"},
		{"meth", "ADMIMETH", Choice, "Admission method"},
		{"cls", "CLASSPAT", Choice, "Patient class"},
	}
}

// ControlOf returns the control with a key.
func ControlOf(key string) (Control, bool) {
	for _, c := range Controls() {
		if c.Key == key {
			return c, true
		}
	}
	return Control{}, false
}

var (
	choiceText = regexp.MustCompile(`^[0-9A-Za-z&.-]{1,20}$`)
	monthText  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)
)

// ParseView reads a URL's query. Keys that it does not know are left alone, so
// that a page can have its own. Unreadable values give an error of kind Invalid
// that names the filter and the form wanted.
//
// Besides the canonical form it takes what forms send: "age_from" and "age_to"
// for a span, and "not.sex=1" for an exclusion.
func ParseView(in url.Values, d *hes.Dictionary) (View, error) {
	var v View
	for _, c := range Controls() {
		f, err := parseFilter(c, in)
		if err != nil {
			return View{}, err
		}
		if f != nil {
			v.Filters = append(v.Filters, *f)
		}
	}
	switch in.Get("dxpos") {
	case "", "primary":
	case "any":
		v.AnyDiagnosis = true
	default:
		return View{}, fault.New(fault.Invalid, "Diagnosis position is “primary” or “any”.")
	}
	switch in.Get("view") {
	case "", "episodes":
	case "patients":
		v.Unit = Patients
	default:
		return View{}, fault.New(fault.Invalid, "There is no such view; choose episodes or patients.")
	}
	v.Wrap = in.Get("den") == "w"
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
	return v, nil
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

func parseFilter(c Control, in url.Values) (*Filter, error) {
	f := &Filter{Key: c.Key}
	if c.Kind == Dates || c.Kind == Numbers {
		return parseSpan(c, in)
	}
	values := split(in[c.Key])
	for _, v := range split(in["not."+c.Key]) {
		values = append(values, "!"+v)
	}
	if len(values) == 0 {
		return nil, nil
	}
	f.Exclude = strings.HasPrefix(values[0], "!")
	for _, v := range values {
		bare, not := strings.CutPrefix(v, "!")
		if not != f.Exclude {
			return nil, fault.New(fault.Invalid, "%s: choose values to keep or values to leave out, not both.", c.Says)
		}
		if c.Kind == Prefixes && bare != None {
			bare = strings.ToUpper(strings.ReplaceAll(bare, ".", ""))
		}
		if !choiceText.MatchString(bare) {
			return nil, fault.New(fault.Invalid, "%s: a code has letters and digits only, such as L40 or 330.", c.Says)
		}
		f.Values = append(f.Values, bare)
	}
	slices.Sort(f.Values)
	f.Values = slices.Compact(f.Values)
	return f, nil
}

func parseSpan(c Control, in url.Values) (*Filter, error) {
	f := &Filter{Key: c.Key, From: strings.TrimSpace(in.Get(c.Key + "_from")), To: strings.TrimSpace(in.Get(c.Key + "_to"))}
	if text := strings.TrimSpace(in.Get(c.Key)); text != "" {
		var ok bool
		if f.From, f.To, ok = strings.Cut(text, ".."); !ok {
			f.To = f.From // one day, one age
		}
	}
	var err error
	if c.Kind == Dates {
		if f.From, err = day(c, f.From, false); err == nil {
			f.To, err = day(c, f.To, true)
		}
	} else {
		if f.From, err = number(c, f.From); err == nil {
			f.To, err = number(c, f.To)
		}
	}
	if err != nil || f.From == "" && f.To == "" {
		return nil, err
	}
	t := hes.Date
	if c.Kind == Numbers {
		t = hes.Int
	}
	if f.From != "" && f.To != "" && Compare(t, f.From, f.To) > 0 {
		return nil, fault.New(fault.Invalid, "%s: the beginning comes after the end.", c.Says)
	}
	return f, nil
}

// day reads a day ("2008-04-01", "1/4/2008") or a month ("2008-04"), which
// stands for its first or last day.
func day(c Control, text string, last bool) (string, error) {
	if text == "" {
		return "", nil
	}
	if monthText.MatchString(text) {
		t, err := time.Parse("2006-01", text)
		if err == nil {
			if last {
				t = t.AddDate(0, 1, -1)
			}
			return t.Format(time.DateOnly), nil
		}
	}
	for _, form := range [...]string{time.DateOnly, "2/1/2006", "2 Jan 2006"} {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1000 {
			return t.Format(time.DateOnly), nil
		}
	}
	return "", fault.New(fault.Invalid, "%s: write a day as 2008-04-01 or 1/4/2008, or a month as 2008-04.", c.Says)
}

func number(c Control, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 9999 {
		return "", fault.New(fault.Invalid, "%s: write a whole number such as 18.", c.Says)
	}
	return strconv.Itoa(n), nil
}

// Encode writes the view as a URL's query, without "?": keys in a fixed order,
// defaults left out.
func (v View) Encode() string {
	var b strings.Builder
	add := func(key, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(key + "=" + escape(value))
	}
	for _, f := range v.Filters {
		if f.From != "" || f.To != "" {
			if f.From == f.To {
				add(f.Key, f.From)
			} else {
				add(f.Key, f.From+".."+f.To)
			}
			continue
		}
		for _, value := range f.Values {
			if f.Exclude {
				value = "!" + value
			}
			add(f.Key, value)
		}
	}
	if v.AnyDiagnosis {
		add("dxpos", "any")
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
	if v.Unit == Patients {
		add("view", "patients")
	}
	return b.String()
}

// escape is url.QueryEscape that leaves "!" and "," readable.
func escape(s string) string {
	return strings.NewReplacer("%21", "!", "%2C", ",").Replace(url.QueryEscape(s))
}

// Where returns the condition that the filters make; nil without filters.
func (v View) Where() Expr {
	var out And
	for _, f := range v.Filters {
		if e := v.condition(f); e != nil {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// FieldOf returns the field that a control filters on in this view: a
// diagnosis in any position is the family.
func (v View) FieldOf(c Control) string {
	if c.Key == "dx" && v.AnyDiagnosis {
		return hes.AnyDiagnosis
	}
	return c.Field
}

func (v View) condition(f Filter) Expr {
	c, ok := ControlOf(f.Key)
	if !ok {
		return Never{}
	}
	field := v.FieldOf(c)
	if c.Kind == Dates || c.Kind == Numbers {
		return Range{Field: field, From: f.From, To: f.To}
	}
	var e Expr
	var codes []string
	missing := false
	for _, value := range f.Values {
		if value == None {
			missing = true
		} else {
			codes = append(codes, value)
		}
	}
	switch {
	case c.Kind == Choice:
		if missing {
			codes = append(codes, "")
		}
		e = In{Field: field, Values: codes}
	case len(codes) == 0:
		e = Missing{Field: field}
	case missing:
		e = Or{Prefix{Field: field, Prefixes: codes}, Missing{Field: field}}
	default:
		e = Prefix{Field: field, Prefixes: codes}
	}
	if f.Exclude {
		return Not{Of: e}
	}
	return e
}

// With returns the view with a filter put in place of the one with its key; a
// filter without values takes it away. The view itself is not changed.
func (v View) With(f Filter) View {
	var out []Filter
	for _, c := range Controls() {
		if c.Key == f.Key {
			if len(f.Values) > 0 || f.From != "" || f.To != "" {
				out = append(out, f)
			}
			continue
		}
		if old, ok := v.Filter(c.Key); ok {
			out = append(out, old)
		}
	}
	v.Filters = out
	return v
}

// Filter returns the filter with a key, if it is on.
func (v View) Filter(key string) (Filter, bool) {
	for _, f := range v.Filters {
		if f.Key == key {
			return f, true
		}
	}
	return Filter{}, false
}
