package web_test

import (
	"net/http"
	"strings"
	"testing"

	"webenablehes/internal/hes"
	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// Everybody may read what a field means. Its counts come through the door for
// those who see records, from published tables for planners, and for nobody else.
func TestFieldPagesByRole(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct {
		role                  policy.Role
		records, tables, says string // beside the field ADMIMETH and, in a published table, SEX
	}{
		{policy.Researcher, "60 episodes", "", "Counts are of all episodes that your agreement covers in release " + now},
		{policy.Clinician, "60 episodes", "", "Counts are of your own patients’ episodes in release " + now},
		{policy.Planner, "", "Episodes by sex", "Planners see published tables only"},
		{policy.DataManager, "", "", "There are no counts here, because your account (Data manager) does not see records."},
		{policy.Governance, "", "", "does not see records."},
		{policy.Auditor, "", "", "does not see records."},
		{"", "", "", "Counts are for people who have signed in"},
	} {
		for _, address := range []string{"/dictionary/ADMIMETH", "/dictionary/SEX"} {
			before := s.events()
			status, body, _ := s.get(c.role, address)
			if status != http.StatusOK {
				t.Fatalf("%s at %s: %d", c.role, address, status)
			}
			contains(t, body, c.says, "Kind of value", "Who may see it")
			fromTable := c.tables != "" && address == "/dictionary/SEX"
			counts := c.records != "" || fromTable
			if got := strings.Contains(body, `class="num"`); got != counts {
				t.Errorf("%s at %s: counts %v", c.role, address, got)
			}
			if got := strings.Contains(body, "Completeness by year"); got != (c.records != "") {
				t.Errorf("%s at %s: completeness %v", c.role, address, got)
			}
			if got := strings.Contains(body, "show the records"); got != (c.records != "") {
				t.Errorf("%s at %s: links to records %v", c.role, address, got)
			}
			if fromTable {
				contains(t, body, c.tables)
			}
			if asked := s.events() - before; asked != map[bool]int{true: 1}[counts] {
				t.Errorf("%s at %s: %d entries in the access record", c.role, address, asked)
			}
			if !counts && !strings.Contains(body, "<th scope=\"col\">Meaning</th>") {
				t.Errorf("%s at %s: the values are not explained", c.role, address)
			}
		}
		before := s.events()
		if status, body, _ := s.get(c.role, "/dictionary"); status != http.StatusOK || strings.Contains(body, `class="num"`) || s.events() != before {
			t.Errorf("%s at the dictionary: %d", c.role, status)
		}
	}
}

// A field's values and its completeness are counted under the filters that a
// list begins with, its own left out.
func TestFieldCounts(t *testing.T) {
	rows := episodes()
	for i := 20; i < 30; i++ {
		delete(rows[i], "ADMIMETH")
	}
	rows[31]["ADMIMETH"], rows[32]["ADMIMETH"] = "21", "ZZ"
	rows[33]["DIAG_02"], rows[34]["DIAG_02"] = "L309", "L400"
	s := open(t, &web.Assets{}, serving(t, rows))
	for _, c := range []struct {
		field string
		says  []string
	}{
		{"ADMIMETH", []string{"80% of 51 episodes have it.", "2009/10 41 51 80%", "12 Elective: booked : show the records 39", "21 Emergency: emergency department : show the records 1", "ZZ ZZ : show the records 1", "Not recorded : show the records 10", "82 Birth in this provider : show the records 0"}},
		{"EPISTAT", []string{"of 54 episodes have it.", "3 Finished : show the records 51", "1 Unfinished : show the records (retired after 2016/17) 3", "begins with: Care under dermatology (N1), Duplicates left out."}},
		{"DUPLICATE", []string{"98% of 53 episodes have it.", "1 Yes : show the records 2", "0 No : show the records 50", "Not recorded : show the records 1"}},
		{"SUBSET_n", []string{"N1", "Care under dermatology (N1)"}},
		{"DIAG_01", []string{"L40 Psoriasis : show the records 51", "Browse all codes of ICD-10"}},
		{"DIAG_nn", []string{"L30 Other dermatitis 1", "L40 Psoriasis 51", "An episode counts once for each value"}},
		{"LOS_DAYS", []string{"L1 Days from the admission", "0 : show the records 12"}},
		{"ADMIDATE", []string{"100% of 51 episodes have it.", "2009 51", "Days are counted by calendar year.", "C9-9 A rule of the test. Source: the test."}},
		{"FYEAR", []string{"0910 2009/10 : show the records 51"}},
		{"EPIKEY", []string{"100% of 51 episodes have it."}},
	} {
		t.Run(c.field, func(t *testing.T) {
			status, body, _ := s.get(policy.Researcher, "/dictionary/"+c.field)
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			contains(t, body, c.says...)
		})
	}
	_, body, _ := s.get(policy.Researcher, "/dictionary/EPIKEY")
	if strings.Contains(body, "1010") {
		t.Error("keys are listed")
	}
	_, body, _ = s.get(policy.Researcher, "/dictionary/"+hes.PersonField)
	contains(t, body, "The person key is never shown")
	if strings.Contains(body, "SYNTH0") {
		t.Error("person keys are listed")
	}
	for address, says := range map[string]string{"/dictionary/LSOA01": "does not hold this field", "/dictionary/HESID": "does not hold this field", "/dictionary/PSEUDO_HESID": "Another name of", "/dictionary/EPI_FLAG_3": "V7", "/dictionary/DIAG_02": "DIAG_nn"} {
		_, body, _ := s.get(policy.Researcher, address)
		contains(t, body, says)
	}
	// the small numbers of a planner's table
	small := episodes()
	for i := range small {
		small[i]["SEX"] = map[bool]string{true: "1", false: "2"}[i < 4]
	}
	s = open(t, &web.Assets{}, serving(t, small))
	_, body, _ = s.get(policy.Planner, "/dictionary/SEX")
	contains(t, body, "the one that tells of this is not shown: Its numbers are sums of a table")
	if strings.Contains(body, "56") || strings.Contains(body, `class="num"`) {
		t.Error("a raw number is on the page")
	}
}

// A field that the agreement does not cover is explained and not counted.
func TestFieldsOutsideTheAgreement(t *testing.T) {
	s := open(t, &web.Assets{}, func(s *source) { s.facts.Columns = append(s.facts.Columns, "LSOA01", "CONSULT") })
	for _, field := range []string{"LSOA01", "CONSULT"} {
		before := s.events()
		_, body, _ := s.get(policy.Researcher, "/dictionary/"+field)
		contains(t, body, "Agreement DSA-1 does not cover this field", "Your agreement does not cover it.")
		if strings.Contains(body, `class="num"`) || s.events() != before {
			t.Errorf("%s is counted", field)
		}
	}
}

func TestDictionarySearch(t *testing.T) {
	s := open(t, &web.Assets{})
	for find, want := range map[string]string{"length+of+stay": "LOS_DAYS", "dob+birth": "MYDOB", "PSEUDO_HESID": "TOKEN_PERSON_ID", "SEX": "SEX"} {
		if _, body, _ := s.get("", "/dictionary?find="+find); !strings.Contains(body, `href="/dictionary/`+want+`"`) {
			t.Errorf("%s does not find %s", find, want)
		}
	}
	_, body, _ := s.get("", "/dictionary?find=xyzzy")
	contains(t, body, "No field has that")
	_, body, _ = s.get("", "/dictionary?held=1")
	if strings.Contains(body, "/dictionary/LSOA01") || !strings.Contains(body, "/dictionary/DIAG_nn") {
		t.Error("what the release holds")
	}
	if status, _, at := s.get("", "/dictionary/admimeth"); status != http.StatusOK || at != "/dictionary/ADMIMETH" {
		t.Errorf("small letters lead to %s", at)
	}
	if status, _, _ := s.get("", "/dictionary/NOTHING"); status != http.StatusNotFound {
		t.Errorf("an unknown field: %d", status)
	}
}
