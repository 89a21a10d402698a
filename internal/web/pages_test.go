package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/query"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/web"
)

// A list begins without duplicates, unfinished episodes and those that only a
// diagnosis brought in; each is said, and can be taken off.
func TestTheExplorerBeginsWithDefaults(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, c := range []struct {
		name, in, canonical, count string
		chips                      []string
	}{
		{"start", "/records", "/records", "51", []string{"Care under dermatology (N1)", "Finished episodes only", "Duplicates left out"}},
		{"said-anyway", "/records?rule=N1&dup=!1&fin=3", "/records", "51", []string{"Care under dermatology (N1)", "Finished episodes only", "Duplicates left out"}},
		{"duplicates-too", "/records?dup=any", "/records?dup=any", "53", []string{"Care under dermatology (N1)", "Finished episodes only"}},
		{"unfinished-too", "/records?fin=any", "/records?fin=any", "54", []string{"Care under dermatology (N1)", "Duplicates left out"}},
		{"by-diagnosis", "/records?rule=N2", "/records?rule=N2", "4", []string{"A skin diagnosis (N2)", "Finished episodes only", "Duplicates left out"}},
		{"everything", "/records?rule=any&fin=any&dup=any", "/records?rule=any&fin=any&dup=any", "60", nil},
		{"duplicates-only", "/records?dup=1", "/records?dup=1", "2", []string{"Care under dermatology (N1)", "Finished episodes only", "Duplicates only"}},
		{"day-cases", "/records?kind=day+case&band=90%2B", "/records?band=90%2B&kind=day+case", "3", []string{"Age band is 90 and over", "Admission group is Planned, day case", "Care under dermatology (N1)", "Finished episodes only", "Duplicates left out"}},
		{"stay", "/records?los_from=3", "/records?los=3..", "13", []string{"Stayed 3 days or more", "Care under dermatology (N1)", "Finished episodes only", "Duplicates left out"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, canonical := s.get(policy.Researcher, c.in)
			if status != http.StatusOK || canonical != c.canonical {
				t.Fatalf("status %d at %s", status, canonical)
			}
			if got := between(body, `<strong>`, `</strong>`)[0]; got != c.count {
				t.Errorf("%s episodes, want %s", got, c.count)
			}
			if diff := cmp.Diff(c.chips, between(body, `<span class="chip"><span>`, `</span>`)); diff != "" {
				t.Errorf("chips (-want +got):\n%s", diff)
			}
		})
	}
	_, body, _ := s.get(policy.Researcher, "/records")
	for _, link := range []string{`"/records?dup=any"`, `"/records?fin=any"`, `"/records?rule=any"`, `"/records?rule=any&amp;fin=any&amp;dup=any"`} {
		if !strings.Contains(body, "href="+link) {
			t.Errorf("no link to %s", link)
		}
	}
	if strings.Contains(body, "Clear all") {
		t.Error("there is nothing to clear at the start")
	}
	_, body, _ = s.get(policy.Researcher, "/records?sex=1&dup=any&view=patients")
	if !strings.Contains(body, `href="/records?view=patients">Clear all`) {
		t.Error("“Clear all” does not bring the defaults back")
	}
	if _, body, _ = s.get(policy.Clinician, "/records?view=patients"); !slices.Contains(between(body, `<span class="chip"><span>`, `</span>`), "Duplicates left out") {
		t.Error("patients begin without the defaults")
	}
}

// A release made before these fields were kept shows all of its rows and no
// control for them, and says so of a link that filters by one.
func TestAReleaseWithoutDerivedFields(t *testing.T) {
	s := open(t, &web.Assets{}, func(r *source) {
		r.facts.Columns = slices.DeleteFunc(slices.Clone(r.facts.Columns), func(f string) bool {
			return !slices.Contains([]string{"EPIKEY", "ADMIDATE", "FYEAR", "SEX", "DIAG_nn", "OPERTN_nn"}, f)
		})
		r.facts.Rules = nil
	})
	status, body, _ := s.get(policy.Researcher, "/records")
	if status != http.StatusOK || between(body, `<strong>`, `</strong>`)[0] != "60" {
		t.Errorf("status %d", status)
	}
	if strings.Contains(body, `id="fac-dup"`) || strings.Contains(body, `id="fac-los"`) || !strings.Contains(body, `id="fac-sex"`) {
		t.Error("the controls are not those of the fields")
	}
	status, body, _ = s.get(policy.Researcher, "/records?los=3..")
	if status != http.StatusBadRequest || !strings.Contains(body, "Length of stay in days: the release that is served does not hold this field") {
		t.Errorf("status %d: %s", status, plain(body))
	}
}

// The record page names the rule of each derived field, and shows delivered
// beside cleaned text where they differ.
func TestRecordPage(t *testing.T) {
	s := open(t, &web.Assets{})
	_, body, _ := s.get(policy.Researcher, "/records?sort=EPIKEY&rule=any&fin=any&dup=any&cols=EPIKEY")
	rows := regexp.MustCompile(`href="(/records/[\w-]{22}[^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(rows) != 50 {
		t.Fatalf("%d rows", len(rows))
	}
	status, body, _ := s.get(policy.Researcher, strings.ReplaceAll(rows[10][1], "&amp;", "&"))
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	contains(t, body, "Derived", "Emergency", "P1 Number of the continuous inpatient stay", "R1 Whether an emergency admission followed")
	if strings.Contains(body, "SYNTH0") {
		t.Error("the person key is on the page")
	}
	if r, err := s.records.engine.Ask(t.Context(), driver.NewPlan(query.Query{Limit: 1, Raw: true, Columns: []string{"SEX"}})); err != nil || r.Rows[0].Raw == nil {
		t.Fatalf("the delivered text is not there: %v", err)
	}
	contains(t, body, "Delivered as “ L40.0 ”, cleaned to “L400”", "Delivered as “ null ”, cleaned to not recorded", "Read from hes_0910.txt , line 12.")
	if n := strings.Count(body, "Delivered as"); n != 2 {
		t.Errorf("delivered text beside %d values, want 2", n)
	}
}

func TestLoadReportPages(t *testing.T) {
	s := open(t, &web.Assets{})
	for _, role := range append(policy.Roles(), "") {
		for _, address := range []string{"/quality", "/quality/loads/" + now, "/quality/loads/" + now + ".json"} {
			status, body, at := s.get(role, address)
			switch {
			case role == "" && !strings.HasPrefix(at, "/sign-in"):
				t.Errorf("a stranger at %s: %d", address, status)
			case role != "" && role.SeesLoads() != (status == http.StatusOK):
				t.Errorf("%s at %s: %d", role, address, status)
			case role.SeesLoads() && strings.Contains(address, "quality") && !strings.HasSuffix(address, ".json") && !strings.Contains(body, `aria-current="page"`):
				t.Errorf("%s: no entry in the navigation", role)
			}
		}
		if _, body, _ := s.get(role, "/dictionary"); role != "" && strings.Contains(body, `href="/quality"`) != role.SeesLoads() {
			t.Errorf("%s: the entry in the navigation", role)
		}
	}
	_, body, _ := s.get(policy.DataManager, "/quality")
	contains(t, body, now+" Served", "42,011", "10,022", before)
	_, body, _ = s.get(policy.Auditor, "/quality/loads/"+now)
	contains(t, body, "10,022 episodes kept of 42,011 rows read.", "31,977", "hes_0910.txt", "5.4 MB", "pipe-separated, gzip", strings.Repeat("ab", 32), "Column WHAT was left out: not in the data dictionary",
		"D1 Another row tells", "N1 Care under dermatology.", "hes_0910.txt:9:EPIKEY", "hes_0910.txt:12", "RTH", "2010/11 1–7 0", "it holds rows of 2010/11",
		"Ethnic category, 2008/09 80.0% 68.0% −12.0 points", "C1 3 4 +1", "D1 – 2 –", "2009/10 – 5,015 –")
	if strings.Contains(body, "in/hes") || strings.Contains(body, "5,016") {
		t.Error("a folder, or a raw number of a year, is on the page")
	}
	heat, _, _ := strings.Cut(body[strings.Index(body, "Completeness by year"):], "</table>")
	contains(t, heat, "2008/09 2009/10 2010/11", "Admitted 100.0% 100.0% *", "Ethnic category 68.0% 93.0% *")
	if !strings.Contains(heat, "heat-d") || strings.Contains(heat, "DIAG_02") {
		t.Error("the table of the main fields")
	}
	_, body, _ = s.get(policy.Auditor, "/quality/loads/"+now+".json")
	var got struct {
		Kept   int
		ByYear []struct{ Kept any } `json:"by_year"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Kept != 10022 || got.ByYear[1].Kept != 5015.0 || got.ByYear[2].Kept != "*" {
		t.Errorf("%+v, %v", got, err)
	}
	if strings.Contains(body, "5016") || strings.Contains(body, "in/hes") {
		t.Error("a raw number, or a folder, is in the JSON")
	}
	for _, id := range []string{"nothing", now + ".xml", "..%2f" + now} {
		if status, _, _ := s.get(policy.Auditor, "/quality/loads/"+id); status != http.StatusNotFound {
			t.Errorf("%s: %d", id, status)
		}
	}
	if status, body, _ := s.get(policy.Auditor, "/quality/loads/"+before); status != http.StatusOK || !strings.Contains(body, "This is the first release.") {
		t.Errorf("the first release: %d", status)
	}
}

// A data manager has another release served, having read the account of its load;
// nobody else does, and each time is in the record before it happens.
func TestServingAnotherRelease(t *testing.T) {
	s := open(t, &web.Assets{})
	var served []string
	s.publish = func(id string) error {
		if e := s.last(); e.Kind != "publish" || e.Outcome != "begun" || e.Release != id {
			t.Errorf("published without a record: %+v", e)
		}
		served = append(served, id)
		return nil
	}
	at := "/quality/loads/" + before
	if _, body, _ := s.get(policy.DataManager, at); !strings.Contains(body, "Serve this release") {
		t.Error("a data manager is not asked")
	}
	for _, role := range []policy.Role{policy.Governance, policy.Auditor} {
		if _, body, _ := s.get(role, at); strings.Contains(body, "Serve this release") {
			t.Errorf("%s is asked", role)
		}
	}
	if _, body, _ := s.get(policy.DataManager, "/quality/loads/"+now); strings.Contains(body, "Serve this release") {
		t.Error("the release that is served is offered")
	}
	sure := func() url.Values { return url.Values{"sure": {"yes"}} }
	for _, role := range policy.Roles() {
		if role == policy.DataManager {
			continue
		}
		if w := s.post(role, at+"/serve", sure()); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", role, w.Code)
		}
	}
	if w := s.post(policy.DataManager, at+"/serve", url.Values{}); w.Code != http.StatusBadRequest {
		t.Errorf("without having read it: %d", w.Code)
	}
	if w := s.post(policy.DataManager, "/quality/loads/20200101-000000-0000/serve", sure()); w.Code != http.StatusNotFound {
		t.Errorf("a release that is not there: %d", w.Code)
	}
	if len(served) != 0 {
		t.Fatalf("served %v", served)
	}
	s.paper.torn = true
	if w := s.post(policy.DataManager, at+"/serve", sure()); w.Code != http.StatusServiceUnavailable || len(served) != 0 {
		t.Errorf("without a record: %d, served %v", w.Code, served)
	}
	s.paper.torn = false
	if w := s.post(policy.DataManager, at+"/serve", sure()); w.Code != http.StatusSeeOther || len(served) != 1 || served[0] != before {
		t.Errorf("status %d, served %v", w.Code, served)
	}
	if e := s.last(); e.Kind != "publish" || e.Outcome != "done" || e.Actor != "data-manager" || e.Release != before {
		t.Errorf("event %+v", e)
	}
}
