package hes

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

func TestField(t *testing.T) {
	d, _ := MustLoad(t)
	for asked, want := range map[string]Field{
		"epikey":     {Name: "EPIKEY", Type: Key, Label: "Episode key"},
		"DIAG_nn":    {Name: "DIAG_nn", Type: Code, Label: "Diagnosis", Slots: 20},
		"diag_NN":    {Name: "DIAG_nn", Type: Code, Label: "Diagnosis", Slots: 20},
		"DIAG_01":    {Name: "DIAG_01", Type: Code, Label: "Primary diagnosis", Family: "DIAG_nn", Slot: 1},
		"diag_20":    {Name: "DIAG_20", Type: Code, Label: "Diagnosis 20", Family: "DIAG_nn", Slot: 20},
		"OPERTN_01":  {Name: "OPERTN_01", Type: Code, Label: "Main procedure", Family: "OPERTN_nn", Slot: 1},
		"OPDATE_24":  {Name: "OPDATE_24", Type: Date, Label: "Procedure date 24", Family: "OPDATE_nn", Slot: 24},
		"ACPDISP_9":  {Name: "ACPDISP_9", Type: Code, Label: "Period destination 9", Family: "ACPDISP_n", Slot: 9},
		"Diag_4_07":  {Name: "DIAG_4_07", Type: Code, Label: "Diagnosis (4 characters) 7", Family: "DIAG_4_nn", Slot: 7, AliasOf: "DIAG_07"},
		"DELMETH_D":  {Name: "DELMETH_D", Type: Code, Label: "Delivery method (derived)"},
		"DELMETH_2":  {Name: "DELMETH_2", Type: Code, Label: "Delivery method 2", Family: "DELMETH_n", Slot: 2},
		"hrg_n.n":    {Name: "HRG_N.N", Type: Code, Label: "Resource group (other version)"},
		"DIAG_21":    {},
		"DIAG_00":    {},
		"DIAG_1":     {},
		"DIAG_001":   {},
		"DIAG_+1":    {},
		"DIAG_-1":    {},
		"ACPDISP_10": {},
		"ACPDISP_01": {},
		"DIAG":       {},
		"DIAG_":      {},
		"EPIKEY_1":   {},
		"_1":         {},
		" EPIKEY":    {},
		"":           {},
	} {
		f, ok := d.Field(asked)
		got := Field{Name: f.Name, Type: f.Type, Label: f.Label, Family: f.Family, Slot: f.Slot, Slots: f.Slots, AliasOf: f.AliasOf}
		if diff := cmp.Diff(want, got); diff != "" || ok != (want.Name != "") {
			t.Errorf("Field(%q), found %v: (-want +got)\n%s", asked, ok, diff)
		}
		if f.List() != (want.Slots > 0) {
			t.Errorf("Field(%q).List() = %v", asked, f.List())
		}
	}
}

func TestWellKnownNames(t *testing.T) {
	d, _ := MustLoad(t)
	for _, name := range []string{PersonField, EpisodeKey, YearField, AdmissionDate, AnyDiagnosis, AnyProcedure, FurtherDiagnosis, FurtherProcedure, MainDiagnosis, MainProcedure} {
		if f, ok := d.Field(name); !ok || f.Name != name || d.Canonical(f).Name != name {
			t.Errorf("%s is not a field of that spelling", name)
		}
	}
}

// The further slots of a family are all of it but the first.
func TestFurther(t *testing.T) {
	d, _ := MustLoad(t)
	for asked, want := range map[string]string{"diag_02_nn": "Further diagnosis from DIAG_02 to DIAG_20", "OPERTN_02_nn": "Further procedure from OPERTN_02 to OPERTN_24",
		"SEX_02_nn": "", "DIAG_03_nn": "", "DIAG_02_02_nn": "", "_02_nn": ""} {
		f, ok := d.Field(asked)
		got := ""
		if ok {
			got = f.Label + " from " + f.SlotName(f.First) + " to " + f.SlotName(f.Slots)
		}
		if got != want || ok && (!f.List() || f.Family != AnyDiagnosis && f.Family != AnyProcedure) {
			t.Errorf("%s is %q of %q, want %q", asked, got, f.Family, want)
		}
	}
	f, _ := d.Field("DIAG_4_02_nn")
	if at := d.Canonical(f); at.Name != FurtherDiagnosis {
		t.Errorf("DIAG_4_02_nn belongs to %s", at.Name)
	}
}

func TestCanonical(t *testing.T) {
	d, _ := MustLoad(t)
	for name, want := range map[string]string{
		"PSEUDO_HESID": "TOKEN_PERSON_ID", "ENCRYPTED_HESID": "TOKEN_PERSON_ID", "EXTRACT_HESID": "TOKEN_PERSON_ID",
		"DIAG_4_07": "DIAG_07", "DIAG_4_nn": "DIAG_nn", "OPERTN_4_24": "OPERTN_24", "CAUSE_4": "CAUSE", "ALCDIAG_4": "ALCDIAG",
		"SOAL": "LSOA01", "SOAM": "MSOA01", "LSOA_2001": "LSOA01", "LSOA_2011": "LSOA11", "MSOA_2001": "MSOA01", "MSOA_2011": "MSOA11",
		"ADMIFLAG": "FAE", "DISFLAG": "FDE", "FCEFLAG": "FCE",
		"SEX": "SEX", "DIAG_03": "DIAG_03", "DIAG_3_03": "DIAG_3_03", "STUDY_ID": "STUDY_ID", "PERSON_ID": "PERSON_ID",
	} {
		f, ok := d.Field(name)
		if !ok {
			t.Errorf("%s is not a field", name)
			continue
		}
		if got := d.Canonical(f); got.Name != want || got.AliasOf != "" {
			t.Errorf("%s belongs to %s, want %s", name, got.Name, want)
		}
	}
	stray := Field{Name: "STRAY", AliasOf: "NOWHERE"}
	if got := d.Canonical(stray); got.Name != "STRAY" {
		t.Errorf("an alias of no field becomes %s, want it left alone", got.Name)
	}
}

// FuzzField asks for any name: it must not panic, and the name of what is found
// must find it again.
func FuzzField(f *testing.F) {
	d, _ := MustLoad(f)
	for _, seed := range []string{"", "DIAG_01", "diag_nn", "ACPDISP_9", "_", "_nn", "x_99999999999999999999", "DIAG_٠١", "LOCAL_SUB-SPECIALTY_CODE", "ſex"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		found, ok := d.Field(name)
		if !ok {
			if found != (Field{}) {
				t.Errorf("Field(%q) is not found and yet something", name)
			}
			return
		}
		again, ok := d.Field(found.Name)
		if !ok || again != found {
			t.Errorf("Field(%q) is %s, which finds %+v", name, found.Name, again)
		}
		if c := d.Canonical(found); c.AliasOf != "" {
			t.Errorf("Field(%q) belongs to %s, itself an alias", name, c.Name)
		}
	})
}
