package web_test

import (
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// Everybody may read what codes mean; counts are for those who see records, and
// the page says why there are none. A page without counts asks the door nothing.
func TestCodePagesByRole(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct {
		role policy.Role
		says string
	}{
		{policy.Researcher, "Counts are of all episodes that your agreement covers in release " + now},
		{policy.Clinician, "Counts are of your own patients’ episodes in release " + now},
		{policy.Planner, "Planners see published tables only"},
		{policy.DataManager, "your account (Data manager) does not see records"},
		{policy.Governance, "does not see records"},
		{policy.Auditor, "does not see records"},
		{"", "Counts are for people who have signed in"},
	} {
		sees := c.role == policy.Researcher || c.role == policy.Clinician
		for _, address := range []string{"/codes/icd10", "/codes/icd10/XII", "/codes/icd10/L40-L45", "/codes/icd10/L40", "/codes/icd10/L40.0", "/codes/opcs4", "/codes/opcs4/S", "/codes/opcs4/S06", "/codes/opcs4/S06.5"} {
			before := s.events()
			status, body, _ := s.get(c.role, address)
			if status != http.StatusOK {
				t.Fatalf("%s at %s: %d", c.role, address, status)
			}
			contains(t, body, c.says)
			if got := strings.Contains(body, `class="num"`); got != sees {
				t.Errorf("%s at %s: counts %v", c.role, address, got)
			}
			if got := strings.Contains(body, "Filter records by this code"); got != (sees && strings.Count(address, "/") == 3) {
				t.Errorf("%s at %s: a link to the records %v", c.role, address, got)
			}
			if asked := s.events() - before; asked != map[bool]int{true: 1}[sees] {
				t.Errorf("%s at %s: %d entries in the access record", c.role, address, asked)
			}
		}
		if status, body, _ := s.get(c.role, "/codes"); status != http.StatusOK || strings.Contains(body, `class="num"`) {
			t.Errorf("%s at the entrance: %d", c.role, status)
		}
	}
}

// The counts of a code are those of the explorer's filter on it: 51 episodes of
// psoriasis, of which three have another diagnosis as well.
func TestCodeCounts(t *testing.T) {
	rows := episodes()
	for i := range 3 {
		rows[20+i]["DIAG_02"] = "L309"
	}
	rows[30]["DIAG_01"], rows[31]["DIAG_01"], rows[32]["DIAG_01"] = "L52", "L407", "L409"
	s := open(t, &web.Assets{}, serving(t, rows))
	cells := func(address string) []string {
		_, body, _ := s.get(policy.Researcher, address)
		_, body, _ = strings.Cut(body, "<tbody>")
		body, _, _ = strings.Cut(body, "</tbody>")
		return between(body, "<tr", "</tr>")
	}
	for _, c := range []struct{ address, row, counts string }{
		{"/codes/icd10", "XII Skin", "51 3 51"},
		{"/codes/icd10/XII", "L40–L45 Psoriasis and scaly disorders", "50 0 50"},
		{"/codes/icd10/L40-L45", "L40 Psoriasis", "50 0 50"},
		{"/codes/icd10/L40", "L40.0 Psoriasis vulgaris", "48 0 48"},
		{"/codes/icd10/L40", "L40.7 No label in the lists of this site", "1 0 1"}, // in no list, in the data
		{"/codes/icd10/L20-L30", "L30 Other dermatitis", "0 3 3"},
		{"/codes/icd10/L50-L54", "L52 Erythema nodosum", "1 0 1"},
		{"/codes/opcs4", "S Skin", "51 0 51"},
	} {
		found := ""
		for _, row := range cells(c.address) {
			if strings.Contains(row, c.row) {
				found = row
			}
		}
		if !strings.HasSuffix(found, " "+c.counts) {
			t.Errorf("%s: %q, want %s … %s", c.address, found, c.row, c.counts)
		}
	}
	_, body, _ := s.get(policy.Researcher, "/codes/icd10/L30")
	contains(t, body, "3 episodes of 2 patients have it in any position: 0 as primary diagnosis, 3 as a further diagnosis.", "2009/10 0 3 3", "All years 0 3 3")
	_, body, _ = s.get(policy.Researcher, "/codes/icd10/L52")
	contains(t, body, "1 episodes of 1 patients have it in any position: 1 as primary diagnosis, 0 as a further diagnosis.", "with the filters that the list of records begins with: Care under dermatology (N1), Finished episodes only, Duplicates left out")
	if strings.Contains(body, "What it holds") {
		t.Error("an undivided category holds something")
	}
	// its link brings as many records
	for _, link := range []string{`href="/records?dx=L52"`, `href="/records?dx=L52&amp;dxpos=any"`} {
		if !strings.Contains(body, link) {
			t.Errorf("no %s", link)
		}
	}
	_, body, _ = s.get(policy.Researcher, "/records?dx=L30&dxpos=any")
	if got := between(body, "<strong>", "</strong>")[0]; got != "3" {
		t.Errorf("the explorer says %s", got)
	}
	_, body, _ = s.get(policy.Clinician, "/codes/icd10/L40")
	if !strings.Contains(body, `href="/records?dx=L40&amp;view=patients"`) {
		t.Error("a clinician's link is not to patients")
	}
}

func TestCodeAddresses(t *testing.T) {
	s := open(t, &web.Assets{})
	for in, want := range map[string]string{"/codes/icd10/l400": "/codes/icd10/L40.0", "/codes/icd10/xii": "/codes/icd10/XII", "/codes/icd10/L52X": "/codes/icd10/L52", "/codes/opcs4/s065": "/codes/opcs4/S06.5"} {
		if status, _, at := s.get("", in); status != http.StatusOK || at != want {
			t.Errorf("%s leads to %s: %d", in, at, status)
		}
	}
	for _, address := range []string{"/codes/icd9", "/codes/icd9/L40", "/codes/icd10/ZZZ", "/codes/icd10/%2e%2e", "/codes/opcs4/XII", "/codes/icd10/L40-L46"} {
		if status, _, _ := s.get("", address); status != http.StatusNotFound {
			t.Errorf("%s: %d", address, status)
		}
	}
	_, body, _ := s.get("", "/codes/icd10/L41.2")
	contains(t, body, "Codes", "ICD-10", "XII Skin", "L40–L45", "L41", "Retired after 2015/16")
	_, body, _ = s.get("", "/codes/icd10/L41")
	contains(t, body, "(retired after 2015/16)")
	// a release without the fields
	bare := open(t, &web.Assets{}, func(s *source) { s.facts.Columns = []string{"SEX", "FYEAR", "EPISTAT"} })
	_, body, _ = bare.get(policy.Researcher, "/codes/icd10/L40")
	contains(t, body, "The release that is served does not hold these codes")
	if diff := cmp.Diff([]string(nil), between(body, `class="num">`, `</td>`)); diff != "" {
		t.Error(diff)
	}
}

func TestCodeSearch(t *testing.T) {
	s := open(t, &web.Assets{})
	before := s.events()
	_, body, _ := s.get(policy.Researcher, "/codes?find=psor")
	contains(t, body, "L40 Psoriasis L40–L45 Psoriasis and scaly disorders", "L40.0 Psoriasis vulgaris L40 Psoriasis", "OPCS-4")
	if !strings.Contains(body, `href="/codes/icd10/L40.0"`) {
		t.Error("no link to the code")
	}
	_, body, _ = s.get("", "/codes?find=%3Cb%3Exyzzy")
	contains(t, body, "Nothing found in ICD-10.", "Nothing found in OPCS-4.")
	if strings.Contains(body, "<b>xyzzy") {
		t.Error("what was typed is in the page as it is")
	}
	if s.events() != before {
		t.Error("a search was recorded, though it asked nothing of the data")
	}
}

// The counts of each page of the browser are what one counts in the records by
// hand, an episode once in each place, and each is the way to a list of as many.
func TestCodeCountsAreThose(t *testing.T) {
	slots := []string{"DIAG_01", "DIAG_02", "DIAG_03", "DIAG_20"}
	diagnoses := []string{"L400", "L401", "L409", "L209", "L20", "L309", "C443", "C434", "D225", "I10", "E119", "L407", ""}
	procedures := []string{"S065", "S061", "S121", "X921", ""}
	r := rand.New(rand.NewPCG(2026, 11))
	rows := episodes()
	for i := range 240 {
		row := maps.Clone(rows[20+i%20])
		row["EPIKEY"], row["FYEAR"] = fmt.Sprint(5000+i), []string{"0809", "0910", "1011"}[r.IntN(3)]
		for _, slot := range slots {
			row[slot] = diagnoses[r.IntN(len(diagnoses))]
		}
		row["OPERTN_01"], row["OPERTN_02"], row["OPERTN_24"] = procedures[r.IntN(5)], procedures[r.IntN(5)], procedures[r.IntN(5)]
		for name, v := range row {
			if v == "" {
				delete(row, name)
			}
		}
		rows = append(rows, row)
	}
	s := open(t, &web.Assets{}, func(s *source) {
		s.engine = memory.New(s.dict, drivertest.Columns(t, s.dict, append(held(), "DIAG_03", "DIAG_20", "OPERTN_02", "OPERTN_24")), rows)
		s.facts.Columns, s.facts.Years = s.engine.Info().Columns, []string{"0809", "0910", "1011"}
	})
	// byHand counts the rows of a year that the explorer begins with, in each place.
	byHand := func(family, year string, in func(code string) bool) string {
		var n [3]int
		for _, row := range rows {
			if row["SUBSET_1"] != "N1" || row["EPISTAT"] != "3" || row["DUPLICATE"] == "1" || year != "" && row["FYEAR"] != year {
				continue
			}
			first := in(row[family+"_01"])
			further := false
			for _, slot := range []string{"_02", "_03", "_20", "_24"} {
				further = further || in(row[family+slot])
			}
			for i, has := range []bool{first, further, first || further} {
				if has {
					n[i]++
				}
			}
		}
		return fmt.Sprintf("%d %d %d", n[0], n[1], n[2])
	}
	from := func(first, last string) func(string) bool {
		return func(code string) bool { return len(code) >= 3 && code[:3] >= first && code[:3] <= last }
	}
	under := func(p string) func(string) bool {
		return func(code string) bool { return strings.HasPrefix(code, p) }
	}
	for _, c := range []struct {
		address, row string
		in           func(string) bool // of the row
		whole        func(string) bool // of the page
	}{
		{"/codes/icd10", "XII Skin", from("L00", "L99"), nil},
		{"/codes/icd10", "II Cancers and", from("C00", "D48"), nil},
		{"/codes/icd10/XII", "L40–L45", from("L40", "L45"), from("L00", "L99")},
		{"/codes/icd10/XII", "L20–L30", from("L20", "L30"), from("L00", "L99")},
		{"/codes/icd10/L40-L45", "L40 ", under("L40"), from("L40", "L45")},
		{"/codes/icd10/L40", "L40.0 ", under("L400"), under("L40")},
		{"/codes/icd10/L40", "L40.7 ", under("L407"), under("L40")},
		{"/codes/icd10/L20", "L20 Not divided further", func(code string) bool { return code == "L20" }, under("L20")},
		{"/codes/icd10/L40.1", "", nil, under("L401")},
		{"/codes/opcs4", "S Skin", under("S"), nil},
		{"/codes/opcs4/S", "S06 ", under("S06"), under("S")},
		{"/codes/opcs4/S06", "S06.5 ", under("S065"), under("S06")},
	} {
		_, body, _ := s.get(policy.Researcher, c.address)
		family := map[bool]string{true: "DIAG", false: "OPERTN"}[strings.HasPrefix(c.address, "/codes/icd10")]
		wants := map[string]string{}
		if c.in != nil {
			wants[c.row] = byHand(family, "", c.in)
		}
		if c.whole != nil {
			wants["2008/09"], wants["2009/10"], wants["2010/11"] = byHand(family, "0809", c.whole), byHand(family, "0910", c.whole), byHand(family, "1011", c.whole)
			wants["All years"] = byHand(family, "", c.whole)
		}
		for _, row := range strings.Split(body, "<tr")[1:] {
			text := plain("<tr" + row)
			for name, want := range wants {
				if !strings.Contains(text, name) {
					continue
				}
				if got := strings.Join(between(row, `<td class="num">`, "</td>"), " "); got != want {
					t.Errorf("%s, %s: %s, by hand %s", c.address, name, got, want)
				}
				delete(wants, name)
				for _, cell := range strings.Split(row, `<td class="num">`)[1:] {
					_, link, ok := strings.Cut(cell, `href="`)
					link, _, _ = strings.Cut(link, `"`)
					count := between("<td>"+cell, "<td>", "</td>")[0]
					if undivided := strings.Contains(text, "Not divided"); ok == (count == "0" || undivided) {
						t.Errorf("%s, %s: %s with a link %v", c.address, name, count, ok)
					}
					if !ok {
						continue
					}
					_, list, at := s.get(policy.Researcher, html.UnescapeString(link))
					if got := between(list, "<strong>", "</strong>"); len(got) == 0 || got[0] != count || at != html.UnescapeString(link) {
						t.Errorf("%s, %s: %s leads to %s with %v", c.address, name, count, at, got)
					}
				}
			}
		}
		if len(wants) > 0 {
			t.Errorf("%s: no rows of %v", c.address, slices.Sorted(maps.Keys(wants)))
		}
	}
}
