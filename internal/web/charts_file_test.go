package web_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// A file of counts is for whom the agreement allows one: others find no link to it
// and no file where it would be, and the record says that they asked.
func TestChartFilesNeedTheAgreement(t *testing.T) {
	for name, c := range map[string]struct {
		role    policy.Role
		exports []string
		may     bool
	}{
		"tables":              {policy.Researcher, []string{"tables"}, true},
		"records-and-tables":  {policy.Researcher, []string{"records", "tables"}, true},
		"records":             {policy.Researcher, []string{"records"}, false},
		"no-files":            {policy.Researcher, nil, false},
		"a-clinical-team":     {policy.Clinician, []string{"records", "tables"}, false},
		"a-planner":           {policy.Planner, []string{"tables"}, false},
		"whoever-loads":       {policy.DataManager, []string{"tables"}, false},
		"whoever-governs":     {policy.Governance, []string{"tables"}, false},
		"whoever-looks-after": {policy.Auditor, []string{"tables"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := charts(t, func(o *source) { o.agreement.Exports = c.exports })
			for _, key := range []string{"trend", "diagnosis", "region", "age-sex", "provider", "procedure", "condition", "region-year", "stay", "waiting", "breakdown", "distribution"} {
				address := "/records/charts/" + key + ".csv?sex=2&by=SEX,FYEAR&of=LOS_DAYS"
				before := s.events()
				got := s.visit(c.role, address)
				event := s.last()
				if n := s.events() - before; n != 1 {
					t.Errorf("%s: %d events", key, n)
				}
				if c.may {
					if got.Code != http.StatusOK || event.Kind != "file" || event.Outcome != "shown" {
						t.Errorf("%s: status %d, %+v", key, got.Code, event)
					}
				} else if got.Code != http.StatusForbidden || event.Outcome != "refused" || strings.Contains(got.Header().Get("Content-Disposition"), "attachment") {
					t.Errorf("%s: status %d, %+v", key, got.Code, event)
				}
			}
			if c.role != policy.Researcher && c.role != policy.Clinician {
				return
			}
			status, body, _ := s.get(c.role, "/records?sex=2&by=SEX,FYEAR&of=LOS_DAYS&view=charts")
			want := 0
			if c.may {
				want = len(figure(body))
			}
			if n := strings.Count(body, ".csv"); status != http.StatusOK || len(figure(body)) < 8 || n != want || strings.Count(body, "Download CSV") != n || strings.Count(body, "In the file 1 to 7 are hidden, others rounded") != n {
				t.Errorf("status %d: %d links to files for %d charts, want %d", status, n, len(figure(body)), want)
			}
		})
	}
	// the refusal says what is missing and whom to ask
	s := charts(t, func(o *source) { o.agreement.Exports = []string{"records"} })
	_, body, _ := s.get(policy.Researcher, "/records/charts/trend.csv")
	contains(t, body, "Agreement DSA-1 allows no files of tables.", "information governance lead")
	// planners' own files need no agreement
	if got := s.visit(policy.Planner, "/tables/sex.csv"); got.Code != http.StatusOK || !strings.Contains(got.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("a planner gets %d", got.Code)
	}
}

// Cells of 1, 8 and 8 are published as hidden, 10 and 10. Were their total rounded
// by itself it would be 15, and the hidden cell could be 1 only; so totals in files
// are sums of what is published, which tell nothing that the cells do not.
func TestTotalsOfAFileGiveNothingAway(t *testing.T) {
	var rows []driver.Record
	add := func(n int, sex, year, diagnosis string) {
		for range n {
			rows = append(rows, driver.Record{"EPIKEY": strconv.Itoa(1000 + len(rows)), "TOKEN_PERSON_ID": "SYNTH" + strconv.Itoa(len(rows)), "SEX": sex, "FYEAR": year, "DIAG_01": diagnosis,
				"ADMIDATE": "20" + year[:2] + "-05-01", "EPISTAT": "3", "DUPLICATE": "0", "SUBSET_1": "N1", "PROCODE3": "RAL", "LOS_DAYS": "1"})
		}
	}
	for _, c := range []struct{ sex, year, diagnosis string }{{"1", "0809", "L400"}, {"2", "0910", "L209"}, {"9", "1011", "C449"}} {
		add(1, c.sex, c.year, c.diagnosis)
	}
	for _, c := range []struct{ sex, year, diagnosis string }{{"2", "0809", "L209"}, {"9", "0809", "C449"}, {"1", "0910", "L400"}, {"9", "0910", "C449"}, {"1", "1011", "L400"}, {"2", "1011", "L209"}} {
		add(8, c.sex, c.year, c.diagnosis)
	}
	s := open(t, &web.Assets{}, func(r *source) {
		r.engine = memory.New(r.dict, drivertest.Columns(t, r.dict, held()), rows)
		r.facts.Years = []string{"0809", "0910", "1011"}
	})
	for _, key := range []string{"trend", "breakdown"} {
		for _, query := range []string{"by=SEX,FYEAR", "by=FYEAR,SEX&per=month", "by=DIAG_01,FYEAR", "by=SEX,FYEAR&year=0809&year=0910"} {
			_, file := s.file(policy.Researcher, key, query)
			file = flat(file)
			all := slices.IndexFunc(file[0], func(c string) bool { return strings.HasPrefix(c, "All") })
			if all < 0 {
				t.Fatalf("%s, %s: no total: %v", key, query, file)
			}
			hidden, foot := 0, make([]int, len(file[0]))
			for _, line := range file[1:] {
				sum := 0
				for j, cell := range line {
					n, err := strconv.Atoi(cell)
					if cell == "*" {
						hidden++
					} else if j > 0 && err != nil {
						t.Fatalf("%s, %s: %v", key, query, line)
					}
					if foot[j] += n; j > 0 && j != all {
						sum += n
					}
				}
				if line[0] == "All" {
					for j, n := range foot {
						if j > 0 && line[j] != strconv.Itoa(n/2) {
							t.Errorf("%s, %s: the total of %s is %s, want the sum of what is published: %d", key, query, file[0][j], line[j], n/2)
						}
					}
				}
				if line[all] != strconv.Itoa(sum) {
					t.Errorf("%s, %s: the total of %v is %s, want the sum of what is published: %d", key, query, line, line[all], sum)
				}
			}
			if hidden < 2 {
				t.Errorf("%s, %s: %d cells are hidden: that tests too little", key, query, hidden)
			}
		}
	}
	_, file := s.file(policy.Researcher, "trend", "")
	if line := file[1]; !slices.Contains(line, "*") || line[1] != "20" {
		t.Errorf("1, 8 and 8: %v", line)
	}
}
