package load

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/hes"
)

func TestRulesOfFields(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	touched := map[string]bool{}
	for _, f := range d.Fields() {
		for _, r := range Rules(f) {
			touched[r.ID] = true
		}
	}
	for _, r := range rules() {
		if !touched[r.id] {
			t.Errorf("no trial shows what %s does", r.id)
		}
	}
	for name, want := range map[string][]string{
		"SEX": {"C1", "C3-sex", "N4", "N6"}, "DIAG_02": {"C1", "C3-diagnosis", "C7", "N4", "N6"}, "OPERTN_nn": {"C1", "C8", "C8-none", "N4", "N6"}, "OPERTN_01": {"C1", "C8", "C8-none", "N4", "N6"},
		"STARTAGE": {"C1", "C5", "N1", "N2", "N6"}, "ADMIDATE": {"C1", "C2-1800", "C2-1801", "C2-old", "N3", "N6"}, "EPIKEY": {"C1", "N6"}, "LOS_DAYS": nil,
		"PROCODE3": {"C1", "C3-provider", "N4", "N6", "N10"}, "FYEAR": {"C1", "N5", "N6", "N7", "N8"},
	} {
		f, ok := d.Field(name)
		if !ok {
			t.Fatal(name)
		}
		var got []string
		for _, r := range Rules(f) {
			got = append(got, r.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
