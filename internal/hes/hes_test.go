package hes

import "testing"

func MustLoad(t testing.TB) (*Dictionary, *Codes) {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func TestLookup(t *testing.T) {
	d, c := MustLoad(t)
	for name, want := range map[string]struct {
		ok    bool
		typ   Type
		label string
	}{
		"epikey": {true, Key, ""}, "DIAG_01": {true, Code, "Primary diagnosis"}, "diag_20": {true, Code, ""},
		"DIAG_21": {}, "DIAG_1": {}, "DIAG_nn": {true, Code, ""}, "ACPDISP_9": {true, Code, ""}, "ACPDISP_10": {}, "NOPE": {}, "": {}, "_1": {},
	} {
		f, ok := d.Field(name)
		if ok != want.ok || f.Type != want.typ || want.label != "" && f.Label != want.label {
			t.Errorf("Field(%q) = %+v, %v", name, f, ok)
		}
	}
	alias, _ := d.Field("DIAG_4_07")
	if got := d.Canonical(alias).Name; got != "DIAG_07" {
		t.Errorf("DIAG_4_07 belongs to %q, want DIAG_07", got)
	}
	if l, ok := c.Label(ICD10, "L400"); !ok || l == "" {
		t.Error("L400 has no label")
	}
	if got := Display(ICD10, "L52X"); got != "L52" {
		t.Errorf("L52X is shown as %q", got)
	}
}
