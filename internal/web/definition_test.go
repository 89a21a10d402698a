package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/codelist"
	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/web"
)

// What a list is of is there for every study team at once, with or without leave to
// take files away, and is an event; it leads back to the list.
func TestDefinitionOfAList(t *testing.T) {
	for name, exports := range map[string][]string{"records": {"records"}, "no-files": nil} {
		t.Run(name, func(t *testing.T) {
			s := open(t, &web.Assets{}, func(o *source) {
				o.agreement.Exports, o.lists = exports, []codelist.List{{Kind: codelist.ICD10, Edition: "5", SHA256: "ab12"}}
			})
			const who = policy.Researcher
			_, body, _ := s.get(who, "/records?sex=1&dx=L40&dup=any")
			page := parse(t, body)
			if exports != nil {
				_, body, _ = s.get(who, page.first(func(n node) bool { return n.Data == "a" && n.text() == "Export" }).attr("href"))
				page = parse(t, body)
			}
			address := page.first(func(n node) bool { return n.Data == "a" && strings.Contains(n.attr("href"), "/hes-list.txt?") }).attr("href")
			before := s.events()
			got := s.visit(who, address)
			if got.Code != http.StatusOK || got.Header().Get("Content-Disposition") != `attachment; filename="hes-list.txt"` || got.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Fatalf("%q: status %d, %v", address, got.Code, got.Header())
			}
			text := got.Body.String()
			for _, want := range []string{"Definition of a list: Episodes: Primary diagnosis is L40 Psoriasis; and Sex is Male; and ", "\nFilter: Sex is Male\n", "\nRelease: " + now + ", loaded 24 November 2026, dermatology, 2009/10\n", "\nAgreement: DSA-1 Study\n", "\nMade: 2026-11-24T12:00:00Z\n", "Sex = SEX", "\nCode lists: the program’s own; icd10 5 (SHA-256 ab12)\n"} {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			if e := s.last(); s.events() != before+1 || e.Kind != "definition" || e.Outcome != "shown" || e.Actor != "researcher" || e.Rows != 0 || !strings.Contains(e.Question, now) || !strings.Contains(e.Question, "Sex is Male") {
				t.Errorf("the event is %+v", e)
			}
			var d struct {
				What, State, Agreement string
				Filters                []string
				Columns                []struct{ Name, Field string }
				Lists                  []struct{ Kind, Edition, SHA256 string } `json:"code_lists"`
			}
			if err := json.Unmarshal(s.visit(who, strings.Replace(address, ".txt", ".json", 1)).Body.Bytes(), &d); err != nil {
				t.Fatal(err)
			}
			if len(d.Filters) < 3 || d.Agreement != "DSA-1 Study" || len(d.Columns) < 3 || len(d.Lists) != 1 || d.Lists[0].Edition != "5" || d.Lists[0].SHA256 != "ab12" {
				t.Errorf("%+v", d)
			}
			_, one, at := s.get(who, d.State)
			_, other, _ := s.get(who, "/records?sex=1&dx=L40&dup=any")
			if at != d.State || between(one, "<strong>", "</strong>")[0] != between(other, "<strong>", "</strong>")[0] {
				t.Errorf("it leads to %s, which is another list", d.State)
			}
		})
	}
}

// It tells nothing of records: of other episodes it is the same, byte for byte.
func TestADefinitionTellsNothingOfRecords(t *testing.T) {
	rows := episodes()[:7]
	for i := range rows {
		rows[i]["SEX"], rows[i]["DIAG_01"] = "2", "C443"
	}
	few := open(t, &web.Assets{}, serving(t, append([]driver.Record{}, rows...)))
	many := open(t, &web.Assets{})
	for _, address := range []string{"/exports/definition/hes-list.txt?sex=1", "/exports/definition/hes-list.json?view=patients&dx=L40", "/exports/definition/hes-list.json?view=spells", "/exports/definition/hes-list.txt"} {
		if diff := cmp.Diff(many.visit(policy.Researcher, address).Body.String(), few.visit(policy.Researcher, address).Body.String()); diff != "" {
			t.Errorf("%s (-many +few):\n%s", address, diff)
		}
	}
	for _, role := range append(policy.Roles(), "") {
		if role == policy.Researcher {
			continue
		}
		before := many.events()
		got := many.visit(role, "/exports/definition/hes-list.txt?sex=1")
		if got.Code == http.StatusOK || got.Header().Get("Content-Disposition") != "" || role != "" && (got.Code != http.StatusForbidden || many.events() != before+1 || many.last().Outcome != "refused") {
			t.Errorf("%s gets %d", role, got.Code)
		}
	}
	for address, status := range map[string]int{"/exports/definition/hes-list.csv": http.StatusNotFound, "/exports/definition/": http.StatusNotFound, "/exports/definition": http.StatusNotFound, "/exports/definition/hes-list.txt?adm=yesterday": http.StatusBadRequest, "/exports/definition/hes-list.txt?if=nope+is+1": http.StatusBadRequest} {
		if got := many.visit(policy.Researcher, address); got.Code != status {
			t.Errorf("%s: status %d, want %d", address, got.Code, status)
		}
	}
}
