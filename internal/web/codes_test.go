package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
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
		{"/codes/icd10", "XII Skin", "51"},
		{"/codes/icd10/XII", "L40–L45 Psoriasis and scaly disorders", "50"},
		{"/codes/icd10/L40-L45", "L40 Psoriasis", "50 50"},
		{"/codes/icd10/L40", "L40.0 Psoriasis vulgaris", "48 48"},
		{"/codes/icd10/L40", "L40.7 No label in the lists of this site", "1 1"}, // in no list, in the data
		{"/codes/icd10/L20-L30", "L30 Other dermatitis", "0 3"},
		{"/codes/icd10/L50-L54", "L52 Erythema nodosum", "1 1"},
		{"/codes/opcs4", "S Skin", "51"},
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
	contains(t, body, "0 episodes of 0 patients have it as primary diagnosis, 3 episodes in any position.", "2009/10 0 3")
	_, body, _ = s.get(policy.Researcher, "/codes/icd10/L52")
	contains(t, body, "1 episodes of 1 patients have it as primary diagnosis, 1 episodes in any position.", "with the filters that the list of records begins with: Care under dermatology (N1), Finished episodes only, Duplicates left out")
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
