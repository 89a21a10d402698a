package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/web"
)

// valueLines returns the values on a page of all values with their counts, in order,
// and those ticked.
func valueLines(body string) (order []string, counts map[string]string, ticked []string) {
	counts = map[string]string{}
	for _, m := range optionHTML.FindAllStringSubmatch(body, -1) {
		order = append(order, m[2])
		counts[m[2]] = m[5]
		if m[3] != "" {
			ticked = append(ticked, m[2])
		}
	}
	return order, counts, ticked
}

// Every value is there, with what a plain loop counts under the other filters.
func TestAllValues(t *testing.T) {
	records := mixture(400)
	s := open(t, &web.Assets{}, over(t, records))
	plain := func(of func(driver.Record) []string, holds func(driver.Record) bool) map[string]string {
		n := map[string]int{}
		for _, e := range records {
			if !holds(e) {
				continue
			}
			once := map[string]bool{}
			for _, v := range of(e) {
				once[v] = true
			}
			for v := range once {
				n[v]++
			}
		}
		out := map[string]string{}
		for v, c := range n {
			out[v] = fmt.Sprint(c)
		}
		return out
	}
	head := func(v string, n int) string {
		if v == "" {
			return "none"
		}
		return v[:min(len(v), n)]
	}
	women := func(e driver.Record) bool { return e["SEX"] == "2" }
	for _, c := range []struct {
		name, url string
		want      map[string]string
		ticked    []string
	}{
		{"providers", "prov?prov=R01&prov=R02&sex=2", plain(func(e driver.Record) []string { return []string{e["PROCODE3"]} }, women), []string{"R01", "R02"}},
		{"categories", "dx?sex=2&dx=L40", plain(func(e driver.Record) []string { return []string{head(e["DIAG_01"], 3)} }, women), []string{"L40"}},
		{"codes", "dx?sex=2&detail=1", plain(func(e driver.Record) []string { return []string{head(e["DIAG_01"], 4)} }, women), nil},
		{"any position", "dx?sex=2&dxpos=any", plain(func(e driver.Record) []string {
			var out []string
			for _, v := range []string{e["DIAG_01"], e["DIAG_02"]} {
				if v != "" {
					out = append(out, v[:3])
				}
			}
			if out == nil {
				out = []string{"none"}
			}
			return out
		}, women), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, _ := s.get(policy.Researcher, "/records/values/"+c.url)
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			_, counts, ticked := valueLines(body)
			slices.Sort(ticked)
			for v, n := range counts {
				if n == "0" {
					delete(counts, v)
				}
			}
			if d := cmp.Diff(c.want, counts); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.ticked, ticked); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestValuesThatAreLookedFor(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	_, body, _ := s.get(policy.Researcher, "/records/values/dx?find=psoriasis&dx=C44&dx=L40")
	order, _, ticked := valueLines(body)
	if d := cmp.Diff([]string{"L40"}, order); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"L40"}, ticked); d != "" {
		t.Error(d)
	}
	if !strings.Contains(body, `<input type="hidden" name="dx" value="C44">`) {
		t.Error("what is chosen and not shown is lost")
	}
	if _, body, _ = s.get(policy.Researcher, "/records/values/dx?find=zzz"); !strings.Contains(body, "No value matches") {
		t.Error("nothing says that nothing was found")
	}
	_, body, _ = s.get(policy.Researcher, "/records/values/prov?order=code")
	order, _, _ = valueLines(body)
	if len(order) < 20 || order[0] != "R00" || order[1] != "R01" {
		t.Errorf("by code: %v", order)
	}
	for path, want := range map[string]int{"age": http.StatusNotFound, "dup": http.StatusNotFound, "nope": http.StatusNotFound, "prov?sex=%00": http.StatusBadRequest} {
		if status, _, _ := s.get(policy.Researcher, "/records/values/"+path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	for _, role := range []policy.Role{policy.Planner, policy.DataManager} {
		if status, body, _ := s.get(role, "/records/values/prov"); status != http.StatusForbidden || strings.Contains(body, "R01") {
			t.Errorf("%s: status %d", role, status)
		}
	}
}

// The form leads back to the records with what is ticked.
func TestValuesApply(t *testing.T) {
	s := open(t, &web.Assets{}, over(t, mixture(400)))
	form := url.Values{"sex": {"2"}, "prov": {"R01", "R05"}, "not": {"prov"}, "find": {"x"}, "order": {"code"}}
	_, _, to := s.get(policy.Researcher, "/records?"+form.Encode())
	if want := "/records?sex=2&prov=!R01&prov=!R05"; to != want {
		t.Errorf("it leads to %s, want %s", to, want)
	}
}
