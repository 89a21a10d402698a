package web_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/policy"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
	"webenablehes/internal/web"
)

// Beside a main diagnosis or procedure stands how many further ones the episode
// has, in whatever slots.
func TestFurtherCodes(t *testing.T) {
	rows := episodes()[20:24]
	rows[0]["DIAG_02"] = "I10"
	rows[1]["DIAG_03"], rows[1]["DIAG_20"], rows[1]["OPERTN_24"] = "E119", "E119", "S061"
	rows[2]["OPERTN_02"], rows[2]["OPERTN_24"] = "S061", "S062"
	delete(rows[2], "OPERTN_01")
	s := open(t, &web.Assets{}, func(s *source) {
		s.engine = memory.New(s.dict, drivertest.Columns(t, s.dict, append(held(), "DIAG_03", "DIAG_20", "OPERTN_02", "OPERTN_24")), rows)
		s.facts.Columns = s.engine.Info().Columns
	})
	list := func(address string) []string {
		_, body, _ := s.get(policy.Researcher, address)
		_, body, _ = strings.Cut(body, `<table class="grid ge"`)
		_, body, _ = strings.Cut(body, "<tbody>")
		body, _, _ = strings.Cut(body, "</tbody>")
		return between(body, "<tr>", "</tr>")
	}
	for address, want := range map[string][]string{
		"/records?cols=DIAG_01,OPERTN_01&sort=EPIKEY": {
			"+1 further diagnosis", "+2 further diagnoses +1 further procedure", "+2 further procedures", ""},
		"/records?cols=EPIKEY,OPERTN_01&sort=EPIKEY": {"", "+1 further procedure", "+2 further procedures", ""},
		"/records?cols=EPIKEY,DIAG_02&sort=EPIKEY":   {"", "", "", ""},
	} {
		var got []string
		for _, line := range list(address) {
			var said []string
			for _, part := range strings.Split(line, "+")[1:] {
				words := strings.Fields(part)
				said = append(said, "+"+strings.Join(words[:3], " "))
			}
			got = append(got, strings.Join(said, " "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
		_, body, _ := s.get(policy.Researcher, address)
		if strings.Contains(body, "Further diagnosis</") || strings.Contains(body, ",E119") {
			t.Errorf("%s: what is counted is a column", address)
		}
	}
	if _, body, _ := s.get(policy.Clinician, "/records?cols=DIAG_01"); strings.Contains(body, `class="and"`) {
		t.Error("a clinician's patients have counts of an episode's diagnoses")
	}
	// no further slots, nothing to count
	bare := open(t, &web.Assets{}, func(s *source) { s.facts.Columns = []string{"EPIKEY", "SEX", "FYEAR", "EPISTAT"} })
	if _, body, _ := bare.get(policy.Researcher, "/records?cols=EPIKEY"); strings.Contains(body, `class="and"`) {
		t.Error("a release without diagnoses has further ones")
	}
}
