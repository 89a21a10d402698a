package query

import (
	"slices"

	"webenablehes/internal/hes"
)

// View is the state of the explorer as its URL holds it: which filters are on,
// which columns are shown, in which order. ParseView and Encode turn it from
// and to a URL's query; the same view always gives the same text, so links can
// be compared and kept.
type View struct {
	Defaults  []Filter // on unless the URL says otherwise, in the order of Controls; the URL leaves them out
	Filters   []Filter // in the order of Controls, each key at most once
	Diagnosis Position // that the diagnosis filter looks at
	Procedure Position // likewise the procedure filter
	If        Expr     // what the condition builder made; holds besides the filters, nil if nothing
	Sort      []Sort   // empty: newest admission first
	Columns   []string // empty: the default ones
	Unit      Unit
	Wrap      bool // long texts wrap
	More      bool // lines of patients show all that is summed up
	Charts    bool // charts stand in place of rows; Unit is Episodes
	Chart     Chart
}

// Position is where among an episode's diagnoses or procedures a code stands.
type Position uint8

// The positions.
const (
	Main     Position = iota // the first
	Anywhere                 // any
	Further                  // any but the first
)

// of returns the field of a position.
func (p Position) of(main, anywhere, further string) string {
	return [...]string{main, anywhere, further}[p]
}

// Filter is one filter that is on.
type Filter struct {
	Key      string
	Values   []string // codes or code prefixes, sorted; "none" is "not recorded". Of Dates and Numbers "none", and of Numbers all spans ("0", "2..3", "15..") where there is more than one
	Exclude  bool     // the others are wanted
	From, To string   // of Dates and Numbers the one span; an empty end is open
}

// What a URL holds in place of a value.
const (
	None = "none" // "not recorded"
	Any  = "any"  // no filter; written where a default one has been taken off
)

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

// Controls returns the filters that the explorer knows, in the order of the
// page and of the URL: what it is about, who, where, when, how, and last what is
// counted at all.
func Controls() []Control {
	return []Control{
		{"dx", hes.MainDiagnosis, Prefixes, "Diagnosis"},
		{"cond", "CONDITION_GROUP", Choice, "Condition group"},
		{"op", hes.MainProcedure, Prefixes, "Main procedure"},
		{"age", "STARTAGE", Numbers, "Aged"},
		{"band", "AGE_BAND", Choice, "Age band"},
		{"sex", "SEX", Choice, "Sex"},
		{"eth", "ETHNIC5", Choice, "Ethnic group"},
		{"imd", "IMD04_DECILE", Choice, "Deprivation"},
		{"rgn", "RESGOR", Choice, "Region of residence"},
		{"prov", "PROCODE3", Choice, "Provider"},
		{"year", hes.YearField, Choice, "Financial year"},
		{"adm", hes.AdmissionDate, Dates, "Admitted"},
		{"main", "MAINSPEF", Choice, "Main specialty"},
		{"tret", "TRETSPEF", Choice, "Treatment specialty"},
		{"kind", "ADMISSION_GROUP", Choice, "Admission group"},
		{"meth", "ADMIMETH", Choice, "Admission method"},
		{"cls", "CLASSPAT", Choice, "Patient class"},
		{"los", "LOS_DAYS", Numbers, "Length of stay in days"},
		{"wait", "ELECDUR_CALC", Numbers, "Days waited"},
		{"read", "READMITTED_30", Choice, "Readmitted within 30 days"},
		{"charl", "CHARLSON", Numbers, "Charlson score"},
		{"rule", "SUBSET_n", Choice, "Subset rule"},
		{"fin", "EPISTAT", Choice, "Episode status"},
		{"dup", "DUPLICATE", Choice, "Duplicate"},
	}
}

// Offer is what the explorer can offer over a release.
type Offer struct {
	Columns  []string  // what may be filtered by: fields that the release holds, families by their own name
	Held     []string  // what the release holds; what else is asked of it is for the door to refuse
	Controls []Control // those whose field is among them, in the order of Controls
	Defaults []Filter  // those that a view begins with: no duplicates, finished episodes, the start rules of the subset
}

// NewOffer works out the offer for a release that holds the fields columns (a
// family by its own name) and whose subset starts with the rules start. A
// release made before a field was kept offers no control and no default for it.
func NewOffer(d *hes.Dictionary, columns, start []string) Offer {
	o := Offer{Columns: columns, Held: columns}
	for _, c := range Controls() {
		f, ok := d.Field(c.Field)
		if !ok || !o.Holds(f) {
			continue
		}
		o.Controls = append(o.Controls, c)
		switch c.Key {
		case "rule":
			if values := slices.Compact(slices.Sorted(slices.Values(start))); len(values) > 0 {
				o.Defaults = append(o.Defaults, Filter{Key: c.Key, Values: values})
			}
		case "fin":
			o.Defaults = append(o.Defaults, Filter{Key: c.Key, Values: []string{"3"}})
		case "dup":
			// not "is 0": a row of which nobody knows is no duplicate
			o.Defaults = append(o.Defaults, Filter{Key: c.Key, Values: []string{"1"}, Exclude: true})
		}
	}
	return o
}

// Holds tells whether the release holds a field.
func (o Offer) Holds(f hes.Field) bool { return among(o.Columns, f) }

// among tells whether fields, families by their own name, hold a field.
func among(fields []string, f hes.Field) bool {
	return slices.Contains(fields, f.Name) || f.Family != "" && slices.Contains(fields, f.Family)
}

// Has tells whether the filter with a key is on offer.
func (o Offer) Has(key string) bool {
	return slices.ContainsFunc(o.Controls, func(c Control) bool { return c.Key == key })
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

// Where returns the condition that the filters make, together with If; nil
// without any. If is a group of its own, so that no facet leaves it out.
func (v View) Where() Expr {
	var out And
	for _, f := range v.Filters {
		if e := v.condition(f); e != nil {
			out = append(out, e)
		}
	}
	if v.If != nil {
		out = append(out, And{v.If})
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// FieldOf returns the field that a control filters on in this view: a
// diagnosis or procedure in any position is the family, in a further one the
// family but for its first slot.
func (v View) FieldOf(c Control) string {
	switch c.Key {
	case "dx":
		return v.Diagnosis.of(hes.MainDiagnosis, hes.AnyDiagnosis, hes.FurtherDiagnosis)
	case "op":
		return v.Procedure.of(hes.MainProcedure, hes.AnyProcedure, hes.FurtherProcedure)
	}
	return c.Field
}

func (v View) condition(f Filter) Expr {
	c, ok := ControlOf(f.Key)
	if !ok {
		return Never{}
	}
	field := v.FieldOf(c)
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
	case c.Kind == Dates || c.Kind == Numbers:
		var any Or
		for _, span := range f.Spans() {
			any = append(any, Range{Field: field, From: span.From, To: span.To})
		}
		if missing {
			any = append(any, Missing{Field: field})
		}
		if e = any; len(any) == 1 {
			e = any[0]
		}
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
func (v View) Filter(key string) (Filter, bool) { return filterOf(v.Filters, key) }

func filterOf(filters []Filter, key string) (Filter, bool) {
	for _, f := range filters {
		if f.Key == key {
			return f, true
		}
	}
	return Filter{}, false
}

// Clear returns the view without the person's own filters: the defaults are on
// again.
func (v View) Clear() View {
	v.Filters, v.Diagnosis, v.Procedure, v.If = slices.Clone(v.Defaults), Main, Main, nil
	return v
}

// Everything returns the view without any filter, the defaults lifted too.
func (v View) Everything() View {
	v.Filters, v.Diagnosis, v.Procedure, v.If = nil, Main, Main, nil
	return v
}

// Default returns the filter that a control begins with, if there is one.
func (v View) Default(key string) (Filter, bool) { return filterOf(v.Defaults, key) }
