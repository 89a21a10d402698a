package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"webenablehes/internal/policy"
	"webenablehes/internal/web"
)

// Whatever is published while a page is made, it is of one release: the one that
// it names, and that all of its questions were put to.
func TestAPageIsOfOneRelease(t *testing.T) {
	n := 0
	s := open(t, &web.Assets{}, func(o *source) {
		o.next = func() string { n++; return fmt.Sprintf("20261124-%06d-aaaa", n) }
	})
	named := 0
	for _, c := range []struct {
		who  policy.Role
		path string
	}{
		{policy.Researcher, "/records"}, {policy.Researcher, "/records?view=charts"}, {policy.Researcher, "/records?view=patients"}, {policy.Researcher, "/records?view=spells"}, {policy.Researcher, "/records/columns"},
		{policy.Researcher, "/dictionary/SEX"}, {policy.Planner, "/tables/year-by-sex"}, {policy.Clinician, "/records"},
	} {
		before, asked := s.events(), n
		status, body, _ := s.get(c.who, c.path)
		if status != http.StatusOK {
			t.Errorf("%s: status %d", c.path, status)
		}
		ids := regexp.MustCompile(`20261124-\d{6}-aaaa`).FindAllString(body, -1)
		for _, e := range s.since(before) {
			if e.Release != "" {
				ids = append(ids, e.Release)
			}
		}
		if ids = slices.Compact(ids); len(ids) > 1 {
			t.Errorf("%s is of the releases %q", c.path, ids)
		} else if len(ids) == 1 {
			named++
		}
		if n == asked {
			t.Errorf("%s asks nothing", c.path)
		}
	}
	if named < 5 {
		t.Errorf("only %d pages name a release", named)
	}
}
