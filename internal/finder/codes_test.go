package finder

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

func TestReadCodes(t *testing.T) {
	x, _ := index(t)
	for _, c := range []struct {
		name, in             string
		icd, opcs, both, not string
	}{
		{name: "lines", in: "L40\nL20\nL30.9", icd: "L20 L309 L40"},
		{name: "windows-lines-and-blank-ones", in: "L40\r\n\r\nL20\r\n", icd: "L20 L40"},
		{name: "commas", in: "l40, l20,l30.9", icd: "L20 L309 L40"},
		{name: "spaces", in: "L40 L20  L309", icd: "L20 L309 L40"},
		{name: "semicolons-and-tabs", in: "L40;L20\tL309", icd: "L20 L309 L40"},
		{name: "twice", in: "L40 l40 L40.", icd: "L40"},
		{name: "fillers", in: "L52X\nL97.X\nL40.x\nL20.-\nL30*\nL50%", icd: "L20 L30 L40 L50 L52 L97"},
		{name: "dagger-and-asterisk", in: "L40.5+\nM07.3*\nL99.0A", icd: "L405 L990 M073"},
		{name: "labels-behind", in: "L40 Psoriasis\nL20.8 Other atopic dermatitis, unspecified\nL30", icd: "L208 L30 L40"},
		{name: "labels-in-columns", in: "L40,Psoriasis\nL20,Atopic dermatitis", icd: "L20 L40"},
		{name: "labels-in-quotes", in: "\"L40\",\"Psoriasis, any\"\n\"L20\",\"Eczema\"", icd: "L20 L40"},
		{name: "labels-before", in: "Psoriasis (L40)\nEczema: L20", icd: "L20 L40"},
		{name: "numbers-in-labels", in: "E11 Type 2 diabetes\nE10 Type 1 diabetes", icd: "E10 E11"},
		{name: "codes-in-labels", in: "L40 Psoriasis with L20\nL21", icd: "L21 L40"},
		{name: "range", in: "L40-L42 L50–52", icd: "L40 L41 L42 L50 L51 L52"},
		{name: "range-backwards", in: "L42-L40\nL20\nL21", icd: "L20 L21", not: "L42-L40"},
		{name: "range-over-letters", in: "L42-M40, L20, L21", icd: "L20 L21", not: "L42-M40"},
		{name: "procedures", in: "S12.1, S12.2, Z94", opcs: "S121 S122 Z94"},
		{name: "both-lists-by-what-is-known", in: "L40.0\nS12.2", icd: "L400", opcs: "S122"},
		{name: "in-both-with-a-label", in: "S06.5 Excision of lesion of skin\nL40 Psoriasis", icd: "L40", opcs: "S065"},
		{name: "in-both-with-the-other-label", in: "S06.5 Traumatic subdural haemorrhage\nS12.2 UVB", icd: "S065", opcs: "S122"},
		{name: "in-both-with-nothing-to-tell", in: "S06, S13", icd: "S06 S13", opcs: "S06 S13", both: "S06 S13"},
		{name: "in-both-beside-others-of-one", in: "S06, S122", opcs: "S06 S122"},
		{name: "in-both-beside-others-of-both", in: "S06, S122, L40", icd: "L40 S06", opcs: "S06 S122", both: "S06"},
		{name: "junk-lines", in: "my list\nL40\nL20\nthank you", icd: "L20 L40", not: "my list|thank you"},
		{name: "junk-between", in: "L40, ABC, L20", icd: "L20 L40", not: "ABC"},
		{name: "nearly", in: "L40, L4O, 40.1, L20", icd: "L20 L40", not: "L4O|40.1"},
		{name: "american", in: "C44.311 L40 L20", icd: "L20 L40", not: "C44.311"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := x.ReadCodes(c.in)
			if n := len(got.Codes[hes.ICD10]) + len(got.Codes[hes.OPCS4]); ok != (n > 1) && c.name != "twice" {
				t.Errorf("a list: %v", ok)
			}
			say := []string{strings.Join(got.Codes[hes.ICD10], " "), strings.Join(got.Codes[hes.OPCS4], " "), strings.Join(got.Both, " "), strings.Join(got.Unread, "|")}
			if diff := cmp.Diff([]string{c.icd, c.opcs, c.both, c.not}, say); diff != "" {
				t.Errorf("ICD-10, OPCS-4, both, not understood (-want +got):\n%s", diff)
			}
		})
	}
	for _, in := range []string{"", "psoriasis", "L40", "L40 psoriasis", "65", "2012", "skin cancer", "12,13", "apr 2010", "vitamin B12"} {
		if _, ok := x.ReadCodes(in); ok {
			t.Errorf("%q is no list", in)
		}
	}
}

func TestLongListsAreBounded(t *testing.T) {
	x, _ := index(t)
	var b strings.Builder
	for i := range 30000 {
		fmt.Fprintf(&b, []string{"line %d of a letter\n", "L4%[2]d\n"}[i%2], i, i%10)
	}
	got, _ := x.ReadCodes(b.String())
	if len(got.Unread) != maxUnread || got.UnreadMore < 1000 || len(got.Codes[hes.ICD10]) != 5 {
		t.Errorf("%d not understood, %d codes", len(got.Unread), len(got.Codes[hes.ICD10]))
	}
}

func TestFewest(t *testing.T) {
	for in, want := range map[string]string{"": "", "L40": "L40", "L400 L40 L41 L409": "L40 L41", "L L40 M40": "L M40", "L400 L401": "L400 L401"} {
		if got := strings.Join(Fewest(strings.Fields(in)), " "); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := strings.Join(Categories([]string{"L400", "L401", "M07", "L99"}), " "); got != "L40 L99 M07" {
		t.Error(got)
	}
}

// A list is written shorter only where it stays the same.
func TestEqual(t *testing.T) {
	x, _ := index(t)
	for in, want := range map[string]string{
		"L200 L208 L209 L30":       "L20 L30", // all of L20 that the site knows
		"L200 L208 L30":            "L200 L208 L30",
		"L200 L208 L209 L207 L204": "L20", // others lie below it all the same
		"L200 L208 L207":           "L200 L207 L208",
		"L20 L200":                 "L20",
		"Z999 Z998":                "Z998 Z999", // in no list
	} {
		if got := strings.Join(x.Equal(hes.ICD10, strings.Fields(in)), " "); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Whatever is pasted, what comes out are codes that a filter takes, each once, and
// reading them again gives the same.
func FuzzReadCodes(f *testing.F) {
	x, _ := index(f)
	d, err := hes.Load()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"L40 L20", "L40-L45", "S06.5 Excision\nL40", "L4O, 40.1", "L52X;L97.X", "\"L40\",\"a, b\"", "Z99-Z00 ", "C44.311", "É40 L40 L20", "\x00L40\xffL41 L42", "a-b-c L40–L99"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := x.ReadCodes(text)
		for _, part := range got.Unread {
			if utf8.ValidString(text) && !utf8.ValidString(part) || len([]rune(part)) > unreadLen || strings.ContainsAny(part, "\n\r") {
				t.Errorf("not understood: %q", part)
			}
		}
		for list, codes := range got.Codes {
			if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
				t.Errorf("%s: %v", list, codes)
			}
			field := hes.MainDiagnosis
			if list == hes.OPCS4 {
				field = hes.MainProcedure
			}
			if len(codes) > query.MaxValues {
				continue
			}
			if err := (query.Query{Where: query.Prefix{Field: field, Prefixes: codes}}).Validate(d); err != nil {
				t.Errorf("%v: %v", codes, err)
			}
			again, _ := x.ReadCodes(strings.Join(codes, "\n"))
			both := slices.Sorted(slices.Values(slices.Concat(again.Codes[hes.ICD10], again.Codes[hes.OPCS4])))
			if diff := cmp.Diff(codes, slices.Compact(both)); diff != "" {
				t.Errorf("read again (-first +again):\n%s", diff)
			}
		}
		short := Fewest(got.Codes[hes.ICD10])
		for _, c := range got.Codes[hes.ICD10] {
			if !slices.ContainsFunc(short, func(s string) bool { return strings.HasPrefix(c, s) }) {
				t.Errorf("%s is lost", c)
			}
		}
	})
}
