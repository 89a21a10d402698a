package policy

import (
	"fmt"
	"slices"
	"strconv"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Dimension is what a fixed table counts by. Its groups are fixed, whatever the
// data are, and no dimension follows from another: a table could else be worked
// out from two others.
type Dimension struct {
	Name   string // in addresses
	Label  string // "Region of home"
	Field  string
	Group  string // under which its tables stand on the list
	Parts  []Part // in order; nil: every value of the field is a part
	Least  int    // where every value is a part: those of which fewer episodes are published are left out
	chars  [2]int // of the value, which stand for it: of dates the month; {0, 0}: all
	bounds []int  // of numbers: the smallest of each part
}

// Part is one group of values.
type Part struct {
	Value  string // in place of the values; of one value the value itself
	Label  string // "" for the label of the value
	values []string
}

// Group returns how the dimension is asked for.
func (d Dimension) query() query.Group { return query.Group{Field: d.Field, Chars: d.chars[1]} }

// Of returns the part that a value belongs to; "" for what is left out: values
// that are not recorded or belong nowhere.
func (d Dimension) Of(value string) string {
	switch {
	case value == "":
		return ""
	case len(d.bounds) > 0:
		n, err := strconv.Atoi(value)
		if err != nil || n < d.bounds[0] {
			return ""
		}
		at, exact := slices.BinarySearch(d.bounds, n)
		if !exact {
			at--
		}
		return d.Parts[at].Value
	case d.chars[1] > 0:
		if len(value) < d.chars[1] {
			return ""
		}
		value = value[d.chars[0]:d.chars[1]]
	}
	if d.Parts == nil {
		return value
	}
	for _, p := range d.Parts {
		if p.Value == value || slices.Contains(p.values, value) {
			return p.Value
		}
	}
	return ""
}

// Plain tells whether the parts of the dimension are the values of its field, not
// groups of them.
func (d Dimension) Plain() bool {
	return d.chars[1] == 0 && !slices.ContainsFunc(d.Parts, func(p Part) bool { return p.Label != "" })
}

// FixedTable is a table that planners may see: by two dimensions, or by one, whose
// numbers are then the sums of a table by two.
type FixedTable struct {
	Name       string // in the URL
	Title      string
	Why        string // the reason that it is there
	Dimensions []Dimension
}

// Query returns the only question that the table may be made from.
func (t FixedTable) Query() query.Query {
	var groups []query.Group
	for _, d := range t.Dimensions {
		groups = append(groups, d.query())
	}
	return query.Query{Tables: [][]query.Group{groups}}
}

func (t FixedTable) is(q query.Query) bool {
	return q.Unit == query.Episodes && q.Where == nil && len(q.Sort) == 0 && q.Limit == 0 &&
		len(q.Columns) == 0 && !q.Counts && !q.Misses && len(q.Facets) == 0 && len(q.Tables) == 1 && slices.Equal(q.Tables[0], t.Query().Tables[0])
}

// FixedTables returns the tables that planners may see, those that matter most
// first. Those by two dimensions hang together as a tree: of any two dimensions at
// most one chain of tables leads from one to the other. So whatever each of them
// may hold, with the same margins, all of them may hold together, and the proof
// that a hidden cell stays hidden is one of each table and its neighbours.
func FixedTables() []FixedTable {
	d := dimensions()
	var out []FixedTable
	two := func(a, b, title, why string) {
		out = append(out, FixedTable{Name: a + "-by-" + b, Title: "Episodes by " + title, Why: why, Dimensions: []Dimension{d[a], d[b]}})
	}
	two("year", "condition", "financial year and skin condition", "Which conditions grow, and which shrink.")
	two("year", "provider", "financial year and provider", "How much work each trust does, and how that changes.")
	two("year", "region", "financial year and region", "How demand changes from region to region.")
	two("year", "class", "financial year and patient class", "How care moves from beds to day cases.")
	two("year", "method", "financial year and admission method", "How much of the work can be planned.")
	two("year", "sex", "financial year and sex", "Whether demand changes differently among men and women.")
	two("year", "month", "financial year and month of admission", "When the year is busy.")
	two("condition", "age", "skin condition and age", "Which conditions belong to which ages.")
	two("age", "comorbidity", "age and other illnesses", "How ill the patients are apart from their skin.")
	two("region", "stay", "region and length of stay", "Whether patients stay longer in some regions.")
	two("region", "deprivation", "region and deprivation", "Whether care reaches deprived neighbourhoods.")
	two("region", "ethnicity", "region and ethnic group", "Whether care reaches everybody.")
	two("region", "readmission", "region and emergency readmission", "Where patients come back within 30 days.")
	two("region", "discharge", "region and discharge", "How stays end.")
	for _, one := range [...]struct{ name, why string }{
		{"year", "How much work there is in all."}, {"month", "When the year is busy, all years together."}, {"condition", "What the work is."}, {"age", "How old the patients are."},
		{"sex", "How many are men and how many women."}, {"region", "Where the patients live."}, {"provider", "Who does the work."}, {"class", "How many need a bed."},
		{"method", "How much can be planned."}, {"stay", "How long patients stay."}, {"deprivation", "How deprived the neighbourhoods are."}, {"ethnicity", "Who the patients are."},
		{"comorbidity", "How ill the patients are apart from their skin."}, {"readmission", "How many come back within 30 days."}, {"discharge", "How stays end."},
	} {
		x := d[one.name]
		out = append(out, FixedTable{Name: one.name, Title: "Episodes by " + x.title(), Why: one.why, Dimensions: []Dimension{x}})
	}
	return out
}

func (d Dimension) title() string {
	return string(d.Label[0]|0x20) + d.Label[1:]
}

// dimensions are those of the fixed tables, by name.
func dimensions() map[string]Dimension {
	const time, patient, place, care = "Time", "Patients", "Place and provider", "Care"
	values := func(values ...string) (out []Part) {
		for _, v := range values {
			out = append(out, Part{Value: v})
		}
		return out
	}
	many := func(value, label string, values ...string) Part { return Part{value, label, values} }
	ages := []Part{many("0-9", "0 to 9", "0", "1-4", "5-9")}
	for from := 10; from < 90; from += 10 {
		ages = append(ages, many(fmt.Sprintf("%d-%d", from, from+9), fmt.Sprintf("%d to %d", from, from+9), fmt.Sprintf("%d-%d", from, from+4), fmt.Sprintf("%d-%d", from+5, from+9)))
	}
	ages = append(ages, many("90+", "90 and over"))
	var months []Part
	for i, m := range [...]string{"April", "May", "June", "July", "August", "September", "October", "November", "December", "January", "February", "March"} {
		months = append(months, many(fmt.Sprintf("%02d", (i+3)%12+1), m))
	}
	out := map[string]Dimension{}
	for _, d := range []Dimension{
		{Name: "year", Label: "Financial year", Field: hes.YearField, Group: time},
		{Name: "month", Label: "Month of admission", Field: hes.AdmissionDate, Group: time, Parts: months, chars: [2]int{5, 7}},
		{Name: "condition", Label: "Skin condition", Field: "CONDITION_GROUP", Group: care, Parts: []Part{many("melanoma", ""), many("nmsc", ""), many("other_cancer", "Other and in situ skin cancer", "lymphoma_other_cancer", "in_situ"), many("benign", ""), many("sun_damage", ""),
			many("scaly", "Psoriasis and other scaly disorders", "psoriasis", "lichen_scaly"), many("atopic_eczema", ""), many("other_eczema", "Other eczema, dermatitis and itch", "contact_dermatitis"), many("urticaria_erythema", ""), many("bullous", ""),
			many("connective", "Connective tissue disease and vasculitis", "connective_tissue", "vasculitis_neutrophilic"), many("hidradenitis", ""), many("follicles", "Acne, hair, nails and sweat glands", "acne_rosacea", "hair", "nail", "sweat"), many("ulcer", ""), many("bacterial", ""),
			many("infection", "Other infection and parasites", "viral", "fungal", "infestation"), many("scar_atrophy", "Scars, atrophy, corns and pigment", "thickening", "pigment"), many("other_skin", "Other and unclear skin disorders", "vascular", "congenital", "symptom"), many("not_skin", "")}},
		{Name: "provider", Label: "Provider", Field: "PROCODE3", Group: place, Least: 200},
		{Name: "region", Label: "Region of home", Field: "RESGOR", Group: place, Parts: values("A", "B", "D", "E", "F", "G", "H", "J", "K")},
		{Name: "class", Label: "Patient class", Field: "CLASSPAT", Group: care, Parts: []Part{many("1", ""), many("2", ""), many("3", "Regular day or night attender", "4"), many("5", "")}},
		{Name: "method", Label: "Admission method", Field: "ADMIMETH", Group: care, Parts: []Part{many("planned", "Planned", "11", "12", "13"),
			many("emergency", "Emergency", "21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D", "66", "67", "68", "69"), many("other", "Maternity, birth and transfer", "31", "32", "81", "82", "83", "84", "89")}},
		{Name: "age", Label: "Age", Field: "AGE_BAND", Group: patient, Parts: ages},
		{Name: "sex", Label: "Sex", Field: "SEX", Group: patient, Parts: values("1", "2")},
		{Name: "stay", Label: "Length of stay", Field: "LOS_DAYS", Group: care, bounds: []int{0, 1, 2, 4, 8, 15}, Parts: []Part{many("0", "No night"), many("1", "1 night"), many("2-3", "2 or 3 nights"), many("4-7", "4 to 7 nights"), many("8-14", "8 to 14 nights"), many("15+", "15 nights or more")}},
		{Name: "deprivation", Label: "Deprivation of the neighbourhood", Field: "IMD04_DECILE", Group: patient, Parts: []Part{many("1", "Most deprived fifth", "MOST DEPRIVED 10%", "MORE DEPRIVED 10-20%"), many("2", "Second fifth", "MORE DEPRIVED 20-30%", "MORE DEPRIVED 30-40%"),
			many("3", "Middle fifth", "MORE DEPRIVED 40-50%", "LESS DEPRIVED 40-50%"), many("4", "Fourth fifth", "LESS DEPRIVED 30-40%", "LESS DEPRIVED 20-30%"), many("5", "Least deprived fifth", "LESS DEPRIVED 10-20%", "LEAST DEPRIVED 10%")}},
		{Name: "ethnicity", Label: "Ethnic group", Field: "ETHNIC5", Group: patient, Parts: values("White", "Mixed", "Asian", "Black", "Other", "Unknown")},
		{Name: "comorbidity", Label: "Other illnesses", Field: "CHARLSON", Group: patient, bounds: []int{0, 1, 2, 3}, Parts: []Part{many("0", "Charlson score 0"), many("1", "Charlson score 1"), many("2", "Charlson score 2"), many("3+", "Charlson score 3 or more")}},
		{Name: "readmission", Label: "Emergency readmission", Field: "READMITTED_30", Group: care, Parts: []Part{many("1", "Within 30 days"), many("0", "Not within 30 days")}},
		{Name: "discharge", Label: "Discharge", Field: "DISMETH", Group: care, Parts: []Part{many("1", "By a clinician"), many("2", "By the patient, a relative, a court or tribunal", "3", "6", "7"), many("4", "Died", "5"), many("8", "Not yet discharged")}},
	} {
		out[d.Name] = d
	}
	return out
}
