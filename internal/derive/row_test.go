package derive

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
)

// The indexes of results and the code lists of the dictionary mean the same.
func TestCodesAreThoseOfTheLists(t *testing.T) {
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	for list, ours := range map[string][]string{
		"ADMISSION_GROUP": AdmissionGroups(), "AGE_BAND": AgeBands(), "ETHNIC5": Ethnic5(), "CONDITION_GROUP": MustLoad(t).Groups(),
		"TRANSIT": {"0", "1", "2", "3"}, "EPI_FLAG": {"V1", "V2", "V3", "V4", "V5", "V6", "V7"},
	} {
		var want []string
		for _, v := range codes.Values(list) {
			want = append(want, v.Code)
		}
		if d := cmp.Diff(want, ours); d != "" {
			t.Errorf("%s (-list +ours):\n%s", list, d)
		}
	}
}

func TestPack(t *testing.T) {
	for text, want := range map[string]Code{"": 0, "2B": is2B, "330": '3'<<24 | '3'<<16 | '0'<<8, "L4001": 'L'<<24 | '4'<<16 | '0'<<8 | '0'} {
		if got := Pack(text); got != want {
			t.Errorf("%q is %x, want %x", text, got, want)
		}
		if got := Pack(text).String(); got != text[:min(4, len(text))] {
			t.Errorf("%q reads %q", text, got)
		}
	}
	for _, c := range []struct {
		code Code
		text string
	}{{is9, "9"}, {is11, "11"}, {is12, "12"}, {is13, "13"}, {is19, "19"}, {is21, "21"}, {is31, "31"}, {is32, "32"}, {is49, "49"}, {is50, "50"},
		{is51, "51"}, {is52, "52"}, {is53, "53"}, {is81, "81"}, {is82, "82"}, {is83, "83"}, {is84, "84"}, {is87, "87"}, {is420, "420"}, {is424, "424"}, {is501, "501"}, {is560, "560"}} {
		if c.code.String() != c.text {
			t.Errorf("%s is not %s", c.code, c.text)
		}
	}
}

func TestTransit(t *testing.T) {
	for _, c := range []struct {
		source, method, dest string
		want                 uint8
	}{
		{"19", "11", "19", 0}, {"", "", "", 0}, {"49", "22", "84", 0}, {"54", "82", "50", 0},
		{"19", "11", "51", 1}, {"19", "11", "52", 1}, {"19", "11", "53", 1},
		{"51", "11", "51", 2}, {"19", "81", "53", 2}, {"19", "2B", "52", 2},
		{"51", "11", "19", 3}, {"52", "11", "", 3}, {"53", "11", "19", 3}, {"19", "2B", "19", 3}, {"", "81", "19", 3},
	} {
		out, counts := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", source(c.source), method(c.method), disDest(c.dest)))
		if out[0].Transit != c.want || counts.Transit[c.want] != 1 {
			t.Errorf("source %q, method %q, destination %q: %d", c.source, c.method, c.dest, out[0].Transit)
		}
	}
}

func TestEthnic5(t *testing.T) {
	for group, codes := range map[string]string{"White": "ABC0", "Mixed": "DEFG", "Asian": "HJKL456", "Black": "MNP123", "Other": "RS78", "Unknown": "ZX9IOQTa"} {
		for _, code := range append(strings.Split(codes, ""), map[bool][]string{true: {"", "99", "A1"}}[group == "Unknown"]...) {
			out, _ := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", func(e *Episode) { e.Ethnic = Pack(code) }))
			if got := Ethnic5()[out[0].Ethnic]; got != group {
				t.Errorf("%q is %s, want %s", code, got, group)
			}
		}
	}
}

// The table of V4 and V5: which rows get an admission date, and which may enter
// spells.
func TestFilledAndValid(t *testing.T) {
	none := admitted("")
	for _, c := range []struct {
		name   string
		change []func(*Episode)
		filled string
		valid  bool
		flags  []int // rules with something to say
	}{
		{"plain", nil, "2010-05-01", true, nil},
		{"admitted-earlier", []func(*Episode){admitted("2010-04-01")}, "2010-04-01", true, nil},
		{"filled", []func(*Episode){none}, "2010-05-01", true, []int{4}},
		{"filled-without-method-and-source", []func(*Episode){none, method(""), source("")}, "2010-05-01", true, []int{4}},
		{"second-episode", []func(*Episode){none, order(2)}, "", false, []int{5}},
		{"order-not-known", []func(*Episode){none, order(-1)}, "", false, []int{5}},
		{"method-2B", []func(*Episode){none, method("2B")}, "", false, []int{5}},
		{"method-81", []func(*Episode){none, method("81")}, "", false, []int{5}},
		{"source-53", []func(*Episode){none, source("53")}, "", false, []int{5}},
		{"no-dates", []func(*Episode){none, func(e *Episode) { e.Start = NoDay }}, "", false, []int{5}},
		{"no-start", []func(*Episode){func(e *Episode) { e.Start = NoDay }}, "2010-05-01", false, []int{5}},
		{"no-end", []func(*Episode){func(e *Episode) { e.End = NoDay }}, "2010-05-01", false, []int{5}},
		{"no-provider", []func(*Episode){provider(0)}, "2010-05-01", false, []int{5}},
		{"no-key", []func(*Episode){func(e *Episode) { e.Key = 0 }}, "2010-05-01", false, []int{5}},
		{"no-person", []func(*Episode){func(e *Episode) { e.Person = false }}, "2010-05-01", false, []int{5, 6}},
		{"unfinished", []func(*Episode){func(e *Episode) { e.Stat = Pack("1") }}, "2010-05-01", false, []int{1, 5}},
		{"status-not-known", []func(*Episode){func(e *Episode) { e.Stat = 0 }}, "2010-05-01", false, []int{1, 5}},
		{"delivery", []func(*Episode){func(e *Episode) { e.Type = Pack("2") }}, "2010-05-01", true, []int{2}},
		{"ends-before-it-begins", []func(*Episode){func(e *Episode) { e.End = ParseDay("2010-04-30") }}, "2010-05-01", true, []int{3}},
		{"sex-9", []func(*Episode){func(e *Episode) { e.Sex = Pack("9") }}, "2010-05-01", true, []int{7}},
		{"age-not-known", []func(*Episode){func(e *Episode) { e.Age = -1 }}, "2010-05-01", true, []int{7}},
		{"730-days", []func(*Episode){func(e *Episode) { e.Duration = 730 }}, "2010-05-01", true, nil},
		{"731-days", []func(*Episode){func(e *Episode) { e.Duration = 731 }}, "2010-05-01", true, []int{7}},
		{"731-days-in-psychiatry", []func(*Episode){func(e *Episode) { e.Duration, e.Main = 731, Pack("712") }}, "2010-05-01", true, nil},
		{"731-days-of-many-episodes", []func(*Episode){func(e *Episode) { e.Duration, e.Order = 731, 10 }}, "2010-05-01", true, nil},
		{"well-baby", []func(*Episode){func(e *Episode) { e.WellBaby = true }}, "2010-05-01", true, []int{7}},
		{"well-baby-by-specialty", []func(*Episode){func(e *Episode) { e.Treat, e.Type = Pack("424"), Pack("3") }}, "2010-05-01", true, []int{2, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, counts := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", c.change...))
			if got := out[0].Filled.String(); got != c.filled || out[0].Valid != c.valid {
				t.Errorf("filled %q, valid %t", got, out[0].Valid)
			}
			var flags []int
			for i := range 7 {
				if out[0].Flags>>i&1 == 1 {
					flags = append(flags, i+1)
				}
				if counts.Remarks[i] != int(out[0].Flags>>i&1) {
					t.Errorf("V%d is counted %d times", i+1, counts.Remarks[i])
				}
			}
			if !slices.Equal(flags, c.flags) {
				t.Errorf("flags %v, want %v", flags, c.flags)
			}
			if out[0].Bad != slices.Contains(c.flags, 3) {
				t.Errorf("bad is %t", out[0].Bad)
			}
		})
	}
}

func TestLengths(t *testing.T) {
	end := func(day string) func(*Episode) { return func(e *Episode) { e.End = ParseDay(day) } }
	year := func(y int16) func(*Episode) { return func(e *Episode) { e.Year = y } }
	for _, c := range []struct {
		name         string
		change       []func(*Episode)
		los, bedDays int32
	}{
		{"two-nights", nil, 2, 2},
		{"same-day", []func(*Episode){discharge("2010-05-01"), end("2010-05-01")}, 0, 0},
		{"day-case", []func(*Episode){class("2")}, 0, 2},
		{"day-case-without-discharge", []func(*Episode){class("2"), discharge("")}, 0, 2},
		{"no-discharge", []func(*Episode){discharge("")}, -1, 2},
		{"discharged-before-admission", []func(*Episode){discharge("2010-04-30")}, -1, 2},
		{"bad-episode", []func(*Episode){end("2010-04-30")}, -1, -1},
		{"no-spell", []func(*Episode){func(e *Episode) { e.Stat = 0 }}, -1, 2},
		{"no-year", []func(*Episode){year(0)}, 2, -1},
		{"no-end", []func(*Episode){end("")}, -1, -1},
		{"into-the-next-year", []func(*Episode){discharge("2011-04-05"), end("2011-04-05")}, 339, 335},
		{"the-year-after", []func(*Episode){discharge("2011-04-05"), end("2011-04-05"), year(2011)}, 339, 4},
		{"whole-leap-year", []func(*Episode){discharge("2013-04-05"), end("2013-04-05"), year(2011)}, 1070, 366},
		{"another-year", []func(*Episode){year(2012)}, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _ := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", c.change...))
			if out[0].LOS != c.los || out[0].BedDays != c.bedDays {
				t.Errorf("%d and %d bed days, want %d and %d", out[0].LOS, out[0].BedDays, c.los, c.bedDays)
			}
		})
	}
	t.Run("spell-of-two", func(t *testing.T) {
		out, _ := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", disMethod("8"), discharge("2010-06-01")), episode(2, "2010-05-03", "2010-05-06"))
		if out[0].LOS != 5 || out[1].LOS != 5 {
			t.Errorf("%d and %d, want the first admission to the last discharge", out[0].LOS, out[1].LOS)
		}
	})
}

func TestAdmissionGroups(t *testing.T) {
	for _, c := range []struct {
		method, class, main, sex string
		age                      int32
		want                     string
	}{
		{"21", "3", "420", "2", 30, "regular"},
		{"82", "4", "330", "2", 0, "regular"},
		{"82", "1", "420", "2", 0, "birth"},
		{"83", "1", "501", "2", 0, "birth"},
		{"21", "1", "420", "1", 5, "paediatric"},
		{"31", "1", "330", "2", 30, "maternity"},
		{"21", "1", "501", "2", 13, "maternity"},
		{"11", "1", "560", "2", 55, "maternity"},
		{"21", "1", "501", "2", 56, "emergency"},
		{"21", "1", "501", "2", 12, "emergency"},
		{"21", "1", "501", "1", 30, "emergency"},
		{"31", "1", "330", "1", 30, "maternity"}, // by A2, for want of a match in A4
		{"32", "1", "330", "", -1, "maternity"},
		{"2D", "1", "330", "1", 30, "emergency"},
		{"28", "2", "330", "1", 30, "emergency"},
		{"81", "1", "330", "1", 30, "transfer"},
		{"11", "1", "330", "1", 30, "ordinary elective"},
		{"12", "2", "330", "1", 30, "day case"},
		{"13", "5", "330", "1", 30, "elective"},
		{"13", "", "330", "1", 30, "elective"},
		{"84", "1", "330", "1", 30, "other"},
		{"89", "1", "330", "1", 30, "other"},
		{"", "1", "330", "1", 30, "other"},
		{"", "", "", "", -1, "other"},
	} {
		out, _ := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", method(c.method), class(c.class), func(e *Episode) {
			e.Main, e.Sex, e.Age = Pack(c.main), Pack(c.sex), c.age
		}))
		if got := AdmissionGroups()[out[0].Admission]; got != c.want {
			t.Errorf("%+v is %s", c, got)
		}
	}
}

func TestAgeBands(t *testing.T) {
	for age, want := range map[int32]string{0: "0", 1: "1-4", 4: "1-4", 5: "5-9", 9: "5-9", 10: "10-14", 17: "15-19", 64: "60-64", 65: "65-69", 89: "85-89", 90: "90+", 120: "90+", 121: "", -1: ""} {
		out, _ := derive(t, Options{}, episode(1, "2010-05-01", "2010-05-03", func(e *Episode) { e.Age = age }))
		got := ""
		if out[0].Band >= 0 {
			got = AgeBands()[out[0].Band]
		}
		if got != want {
			t.Errorf("%d years are in band %q, want %q", age, got, want)
		}
	}
}

func TestTables(t *testing.T) {
	tables := MustLoad(t)
	if len(tables.charlson.conditions) != 17 || len(tables.elixhauser.conditions) != 31 || len(tables.Groups()) != 33 {
		t.Fatalf("%d, %d and %d conditions and groups", len(tables.charlson.conditions), len(tables.elixhauser.conditions), len(tables.Groups()))
	}
	for _, c := range []struct {
		codes                string // of one row
		charlson, elixhauser int16
	}{
		{"", 0, 0},
		{"L400 L40 R69", 0, 0},
		{"I21", 1, 0}, {"I219", 1, 0}, {"I252", 1, 0}, {"I251", 0, 0}, {"I25", 0, 0},
		{"I21 I22", 1, 0},    // once a condition
		{"C439", 2, 4},       // melanoma counts,
		{"C449", 0, 0},       // other skin cancer does not
		{"C439 C792", 6, 12}, // M3: spread cancer removes cancer
		{"C800", 6, 12},
		{"K703 K704", 3, 11},                // severe liver disease removes mild
		{"E119", 1, 0}, {"E119 E112", 2, 0}, // diabetes with complication removes that without
		{"I10 I110", 1, 7}, // hypertensive heart failure: chf in both
		{"E66 D500", 0, -6},
		{"B20", 6, 0}, {"B23", 0, 0},
		{"F204", 0, -3},
		{"I21 I50 G30 J449 K25", 5, 10},
		{"X", 0, 0}, {"L4", 0, 0}, {"l400", 0, 0}, {"6960", 0, 0},
		{"I50X", 1, 7}, {"I50-", 1, 7}, // a filler or mark in the fourth place
	} {
		var d Diagnoses
		for _, code := range strings.Fields(c.codes) {
			d = d.Or(tables.Diagnosis(code, false))
		}
		if a, b := tables.charlson.sum(d.Charlson), tables.elixhauser.sum(d.Elixhauser); a != c.charlson || b != c.elixhauser {
			t.Errorf("%q scores %d and %d, want %d and %d", c.codes, a, b, c.charlson, c.elixhauser)
		}
	}
	for _, c := range []struct {
		code string
		main bool
		want uint8
	}{
		{"C00", false, MarkCancer}, {"C979", true, MarkCancer}, {"C98", true, 0}, {"D00", true, 0}, {"B99", true, 0},
		{"Z511", false, MarkChemotherapy}, {"Z51", false, 0}, {"Z510", false, 0},
		{"O00", true, MarkObstetric}, {"O998", true, MarkObstetric}, {"O998", false, 0}, {"P00", true, 0}, {"N999", true, 0},
	} {
		if got := tables.Diagnosis(c.code, c.main).Marks; got != c.want {
			t.Errorf("%s is marked %b, want %b", c.code, got, c.want)
		}
	}
	for code, want := range map[string]string{
		"C439": "melanoma", "C43": "melanoma", "C449": "nmsc", "C460": "lymphoma_other_cancer", "C461": "not_skin", "C46": "not_skin",
		"L400": "psoriasis", "L40": "psoriasis", "L412": "lymphoma_other_cancer", "L413": "lichen_scaly", "L41": "lichen_scaly",
		"B002": "not_skin", "B001": "viral", "B00": "viral", "D174": "not_skin", "D179": "benign", "L984": "ulcer", "L985": "other_skin",
		"L732": "hidradenitis", "L739": "acne_rosacea", "R21": "symptom", "M332": "not_skin", "M339": "connective_tissue",
		"": "not_skin", "I219": "not_skin", "R69": "not_skin", "-": "not_skin",
	} {
		if got := tables.Groups()[tables.ConditionGroup(code)]; got != want {
			t.Errorf("%q is %s, want %s", code, got, want)
		}
	}
	for _, bad := range []string{"", "L4", "L4000", "L40X", "4000"} {
		if under(bad, func(int) {}) == nil {
			t.Errorf("the prefix %q is taken", bad)
		}
	}
}

// The hierarchy of either score, pair by pair.
func TestHierarchy(t *testing.T) {
	tables := MustLoad(t)
	for _, c := range []struct {
		s            *score
		severe, mild string
	}{
		{&tables.charlson, "msld", "mld"}, {&tables.charlson, "diabwc", "diab"}, {&tables.charlson, "metacanc", "canc"},
		{&tables.elixhauser, "diabc", "diabunc"}, {&tables.elixhauser, "metacanc", "solidtum"}, {&tables.elixhauser, "hypc", "hypunc"},
	} {
		severe, mild := uint32(1)<<slices.Index(c.s.conditions, c.severe), uint32(1)<<slices.Index(c.s.conditions, c.mild)
		if c.s.removes[slices.Index(c.s.conditions, c.severe)] != mild {
			t.Errorf("%s does not remove %s", c.severe, c.mild)
		}
		if c.s.sum(severe|mild) != c.s.sum(severe) {
			t.Errorf("%s beside %s still counts", c.mild, c.severe)
		}
	}
}
