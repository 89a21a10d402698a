package finder

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

func index(t testing.TB) (*Index, *hes.Codes) {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(d, codes)
	if err != nil {
		t.Fatal(err)
	}
	return x, codes
}

// scope offers everything over three financial years and a subset of two rules.
func scope() Scope {
	return Scope{Controls: query.Controls(), Own: map[string][]hes.CodeValue{
		"year": {{Code: "0910", Label: "2009/10"}, {Code: "1011", Label: "2010/11"}, {Code: "1112", Label: "2011/12"}},
		"rule": {{Code: "N1", Label: "Care under dermatology (N1)"}, {Code: "N2", Label: "A skin diagnosis (N2)"}},
	}}
}

// say writes a suggestion as an address has it, "open prov" for a filter as such.
func say(s Suggestion) string {
	f := s.Filter
	switch {
	case s.Opens():
		return "open " + f.Key
	case f.From != "" || f.To != "":
		return f.Key + "=" + f.From + ".." + f.To
	}
	return f.Key + "=" + strings.Join(f.Values, ",")
}

// What people type, and what comes first. Where two answers are as likely both
// are named, in their order.
func TestFind(t *testing.T) {
	x, _ := index(t)
	for _, c := range []struct{ typed, want string }{
		// codes
		{"L40", "dx=L40 | dx=L400 | dx=L401"},
		{"l40", "dx=L40 | dx=L400"},
		{"L40.0", "dx=L400"},
		{"l400", "dx=L400"},
		{"L4", "dx=L40 | dx=L41"},
		{"C44", "dx=C44 | dx=C440"},
		{"S06", "dx=S06 | op=S06"},
		{"s06.5", "dx=S065 | op=S065"},
		{"S12.2", "op=S122"},
		{"330", "main=330 | tret=330"},
		{"RTH", "prov=RTH"},
		{"rth", "prov=RTH"},
		{"2A", "meth=2A"},
		{"1011", "year=1011"},
		{" L40 ", "dx=L40"},
		// diagnoses
		{"psor", "dx=L40 | dx=M07 | cond=psoriasis"},
		{"psoriasis", "dx=L40 | cond=psoriasis | dx=L400"},
		{"Psoriasis Vulgaris", "dx=L400"},
		{"vulgaris psor", "dx=L400"},
		{"eczema", "dx=L20,L21,L22,L23,L24,L25,L26,L27,L28,L29,L30"},
		{"atopic", "dx=L20 | dx=J450 | cond=atopic_eczema"},
		{"mole", "dx=D22"},
		{"skin cancer", "dx=C43,C44"},
		{"melanoma", "dx=C43 | dx=D03"}, // not an excision that is done for one
		{"BCC", "dx=C44"},
		{"basal cell", "dx=C44"},
		{"squamous cell carcinoma", "dx=C44"},
		{"wart", "dx=B07"},
		{"shingles", "dx=B02"},
		{"acne", "dx=L70"},
		{"rosacea", "dx=L71"},
		{"cellulitis", "dx=L03 | dx=A46,L03"},
		{"pemphigoid", "dx=L12"},
		{"hidradenitis", "dx=L732"},
		{"HS", "dx=L732"},
		{"alopecia", "dx=L63,L64,L65,L66"},
		{"vitiligo", "dx=L80"},
		{"leg ulcer", "dx=I830,I832,L97"},
		{"pressure sore", "dx=L89"},
		{"lupus", "dx=L93"},
		{"hives", "dx=L50"},
		{"scabies", "dx=B86"},
		{"Sézary", "dx=C84"},
		{"Bowen's disease", "dx=D04"},
		{"hemangioma", "dx=D180"},
		{"haemangioma", "dx=D180"},
		{"skin", "dx=L | dx=C43,C44"},
		{"cancer", "dx=C"},
		{"rash", "dx=R21"},
		{"atopic derm", "dx=L20"},
		// procedures
		{"phototherapy", "op=S12"},
		{"UVB", "op=S122"},
		{"puva", "op=S123"},
		{"biologic", "op=X89,X92"},
		{"biologics", "op=X89,X92"},
		{"adalimumab", "op=X89,X92"},
		{"mohs", "op=S05"},
		{"pdt", "op=S07"},
		{"punch biopsy", "op=S13"},
		{"skin graft", "op=S33,S34,S35,S36,S37,S38,S39"},
		{"curettage", "op=S08"},
		// who
		{"female", "sex=2"},
		{"women", "sex=2"},
		{"male", "sex=1"},
		{"asian", "eth=Asian"},
		{"black", "eth=Black"},
		{"65", "age=65..65 | age=65.. | band=65-69"},
		{"65+", "age=65.."},
		{"over 65", "age=65.."},
		{"older than 65", "age=66.."},
		{">65", "age=66.."},
		{">=65", "age=65.."},
		{"under 18", "age=..17"},
		{"18-64", "age=18..64"},
		{"aged 18 to 64", "age=18..64"},
		{"65 years old", "age=65..65"},
		{"children", "age=..15"},
		{"elderly", "age=65.."},
		{"90 and over", "age=90.. | band=90+"},
		{"most deprived", "imd=MOST DEPRIVED 10%"},
		// where
		{"Guildford", "prov=RA2"},
		{"oxford", "prov=RTH | prov=RNU"},
		{"royal free", "prov=RAL"},
		{"guys", "prov=RJ1"},
		{"Guy's", "prov=RJ1"},
		{"london", "rgn=H"},
		{"south east", "rgn=J"},
		// when
		{"2010", "year=0910 | year=1011 | adm=2010-01-01..2010-12-31"},
		{"2012", "year=1112 | adm=2012-01-01..2012-12-31"},
		{"1999", "adm=1999-01-01..1999-12-31"},
		{"2010/11", "year=1011"},
		{"2010-11", "year=1011 | adm=2010-11-01..2010-11-30"},
		{"2010/2011", "year=1011"},
		{"apr 2010", "adm=2010-04-01..2010-04-30"},
		{"April 2010", "adm=2010-04-01..2010-04-30"},
		{"sept 2009", "adm=2009-09-01..2009-09-30"},
		{"2010-04", "adm=2010-04-01..2010-04-30"},
		{"04/2010", "adm=2010-04-01..2010-04-30"},
		{"1 apr 2010", "adm=2010-04-01..2010-04-01"},
		{"1/4/2010", "adm=2010-04-01..2010-04-01"},
		{"since 2010", "adm=2010-01-01.."},
		{"before apr 2010", "adm=..2010-03-31"},
		{"after mar 2010", "adm=2010-04-01.."},
		{"apr 2010 to mar 2011", "adm=2010-04-01..2011-03-31"},
		{"2009-2011", "adm=2009-01-01..2011-12-31"},
		// how
		{"day case", "cls=2 | kind=day case"},
		{"daycase", "cls=2"},
		{"inpatient", "cls=1"},
		{"emergency", "kind=emergency"},
		{"waiting list", "meth=11"},
		{"dermatology", "main=330 | tret=330"},
		{"plastic surgery", "main=160 | tret=160"},
		{"3 days", "los=3..3 | los=3.."},
		{"over 7 nights", "los=7.."},
		{"more than 7 nights", "los=8.."},
		{"readmitted", "read=1"},
		{"unfinished", "fin=1"},
		{"duplicates only", "dup=1"},
		{"N2", "rule=N2"},
		{"care under", "rule=N1"},
		// filters by name
		{"sex", "open sex"},
		{"gender", "open sex"},
		{"age", "open age"},
		{"provider", "open prov"},
		{"hospital", "open prov"},
		{"ethnicity", "open eth"},
		{"deprivation", "open imd"},
		{"region", "open rgn"},
		{"length of stay", "open los"},
		{"diagnosis", "open dx"},
		{"procedure", "open op"},
		{"specialty", "open main"},
		{"admission method", "open meth"},
		{"charlson", "open charl"},
		{"admission date", "open adm"},
	} {
		t.Run(strings.ReplaceAll(c.typed, " ", "-"), func(t *testing.T) {
			want := strings.Split(c.want, " | ")
			var got []string
			found, _ := x.Find(c.typed, scope(), len(want))
			for _, s := range found {
				got = append(got, say(s))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.typed, diff)
			}
		})
	}
	for _, typed := range []string{"", "  ", "?!", "xyzzy", "L40Z9", "999999", "zz zz", "31 feb 2010", "2010/13", "mar 2011 to apr 2010"} {
		if got, all := x.Find(typed, scope(), 10); len(got) > 0 || all > 0 {
			t.Errorf("%q gives %d: %v", typed, all, got)
		}
	}
}

// The code browser looks in one list, headings too.
func TestCodes(t *testing.T) {
	x, _ := index(t)
	for _, c := range []struct{ list, typed, want string }{
		{hes.ICD10, "L40", "L40 L40-L45 L400"},
		{hes.ICD10, "l40-l45", "L40-L45"},
		{hes.ICD10, "skin", "XII"},
		{hes.ICD10, "psor", "L40-L45 L40 M07"},
		{hes.ICD10, "mole", "D22"},
		{hes.OPCS4, "skin", "S"},
		{hes.OPCS4, "mohs", "S05"},
		{hes.OPCS4, "S06", "S06 S061"},
		{hes.OPCS4, "psoriasis vulgaris", ""},
		{hes.ICD10, " ", ""},
	} {
		var got []string
		found, _ := x.Codes(c.list, c.typed, max(1, len(strings.Fields(c.want))))
		for _, n := range found {
			got = append(got, n.Code)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.typed, diff)
		}
	}
}

// Nothing is suggested that the release does not offer.
func TestFindOffersWhatThereIs(t *testing.T) {
	x, _ := index(t)
	in := scope()
	in.Controls = slices.DeleteFunc(in.Controls, func(c query.Control) bool { return c.Key != "sex" })
	for _, typed := range []string{"psoriasis", "65", "2010", "3 days", "L40", "hospital", "apr 2010", "N1", "skin cancer"} {
		if got, all := x.Find(typed, in, 10); len(got) > 0 || all > 0 {
			t.Errorf("%q gives %d: %v", typed, all, got)
		}
	}
	if got, all := x.Find("female", in, 10); len(got) != 1 || all != 1 {
		t.Errorf("female gives %d of %d", len(got), all)
	}
	// the number of all does not depend on how many are wanted
	_, all := x.Find("skin", scope(), 1<<20)
	for _, limit := range []int{1, 10, 100} {
		if got, n := x.Find("skin", scope(), limit); len(got) != limit || n < all || n > all+10 {
			t.Errorf("%d of %d, and %d with all of them", len(got), n, all)
		}
	}
}

// Each of the words that we have added leads where its line says, and each value
// is one that the lists have; otherwise the line is a mistake.
func TestWords(t *testing.T) {
	x, codes := index(t)
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open("words.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	icd, opcs := hes.NewTree(codes, hes.ICD10), hes.NewTree(codes, hes.OPCS4)
	for i, row := range rows[1:] {
		c, ok := query.ControlOf(row[1])
		if !ok {
			t.Fatalf("line %d: no filter %s", i+2, row[1])
		}
		field, _ := d.Field(c.Field)
		var values []string
		if !strings.Contains(row[2], "..") && row[2] != "" {
			for v := range strings.SplitSeq(row[2], ";") {
				values = append(values, strings.TrimSpace(v))
			}
		}
		for _, v := range values {
			switch {
			case c.Kind == query.Numbers:
			case field.Codes == hes.ICD10 || field.Codes == hes.OPCS4:
				tree := map[string]*hes.Tree{hes.ICD10: icd, hes.OPCS4: opcs}[field.Codes]
				chapter := slices.ContainsFunc(tree.Chapters(), func(n *hes.Node) bool { return strings.HasPrefix(n.Prefixes()[0], v) })
				if _, ok := codes.Label(field.Codes, v); !ok && !chapter {
					t.Errorf("line %d: %s is no code of ours", i+2, v)
				}
			default:
				if _, ok := codes.Label(field.Codes, v); !ok {
					t.Errorf("line %d: %s has no value %s", i+2, c.Key, v)
				}
			}
		}
		for name := range strings.SplitSeq(row[0], ";") {
			want := slices.Sorted(slices.Values(values))
			found, _ := x.Find(name, scope(), 10)
			at := slices.IndexFunc(found, func(s Suggestion) bool {
				return s.Filter.Key == c.Key && (len(values) == 0 && s.Filter.From+".."+s.Filter.To != ".." || len(values) == 0 && row[2] == "" && s.Opens() || slices.Equal(s.Filter.Values, want))
			})
			if at < 0 || at > 4 {
				t.Errorf("line %d: %q is number %d of what is found", i+2, strings.TrimSpace(name), at+1)
			}
		}
	}
}

// Whatever is typed, the answer is filters that the explorer takes.
func FuzzFind(f *testing.F) {
	x, _ := index(f)
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"psor", "65+", "apr 2010 to mar 2011", "2010/11", "L40.0", "under 0", "é", "\xff", "3 days", "- to -", "<5", "9999-12-31"} {
		f.Add(seed)
	}
	var columns []string
	for _, c := range query.Controls() {
		field, _ := d.Field(c.Field)
		columns = append(columns, field.Name)
	}
	offer := query.NewOffer(d, columns, nil)
	f.Fuzz(func(t *testing.T, typed string) {
		found, _ := x.Find(typed, scope(), 30)
		for _, s := range found {
			if s.Opens() {
				continue
			}
			values, err := url.ParseQuery((query.View{Defaults: offer.Defaults}).With(s.Filter).Encode())
			if err != nil {
				t.Fatal(err)
			}
			v, err := query.ParseView(values, d, offer)
			if err != nil {
				t.Fatalf("%s: %v", say(s), err)
			}
			if got, ok := v.Filter(s.Filter.Key); !ok || got.From != s.Filter.From || got.To != s.Filter.To || !slices.Equal(got.Values, s.Filter.Values) {
				t.Errorf("%s comes back as %+v", say(s), got)
			}
		}
	})
}
