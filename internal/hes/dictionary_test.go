package hes

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestCounts is a list that a person has read: whoever adds a field or moves one
// to another class changes it here too.
func TestCounts(t *testing.T) {
	d, _ := MustLoad(t)
	classes, types, groups := map[string]int{}, map[string]int{}, map[string]int{}
	for _, f := range d.Fields() {
		classes[f.Class.String()]++
		types[f.Type.String()]++
		groups[f.Group]++
	}
	if got := len(d.Fields()); got != 439 {
		t.Errorf("%d fields, want 439", got)
	}
	if diff := cmp.Diff(map[string]int{"public": 16, "ordinary": 324, "quasi": 43, "sensitive": 38, "prohibited": 18}, classes); diff != "" {
		t.Errorf("classes (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"code": 291, "key": 33, "date": 35, "int": 62, "decimal": 18}, types); diff != "" {
		t.Errorf("types (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"Patient": 29, "Admission and stay": 26, "Discharge": 13, "Waiting and pathway": 16,
		"Diagnoses": 22, "Procedures": 13, "Organisation": 22, "Commissioning": 56, "Place": 38, "Deprivation": 12, "Maternity": 30,
		"Augmented care": 17, "Mental health": 16, "Resource groups": 11, "Record keeping": 34, "Commissioning data set extension": 61, "Derived": 23}, groups); diff != "" {
		t.Errorf("groups (-want +got)\n%s", diff)
	}
}

// TestClasses lists the fields that are not for everybody, so that none slips
// into a harmless class unseen.
func TestClasses(t *testing.T) {
	d, _ := MustLoad(t)
	got := map[Class][]string{}
	for _, f := range d.Fields() {
		got[f.Class] = append(got[f.Class], f.Name)
	}
	for class, names := range map[Class]string{
		Prohibited: `PERSON_ID HESID HESID_ORIG DOB NEWNHSNO LOPATID HOMEADD DELIVERY_TIMESTAMP DOBBABY_n MOTDOB
			PATIENT_FAMILY_NAME PATIENT_FULL_NAME PATIENT_GIVEN_NAME PATIENT_INITIALS PATIENT_NAME_SUFFIX PATIENT_TITLE
			PATIENT_USUAL_ADDRESS_STRUCTURED PATIENT_USUAL_ADDRESS_UNSTRUCTURED`,
		Sensitive: `CATEGORY PROVSPNO CONFIDENTIALITY_CATEGORY WITHHELD_IDENTITY_REASON OACODE01 OACODE11 GRIDLINK
			REGGMP PREGGMP REFERRER PREFERER REFERORG CONSULT PCONSULT PATPATHID ACPLCID_n
			ADMISTAT CENDUR CENSAGE CENSTAT CENWARD DETDUR DETNCAT DETNDATE LEGALGPA LEGALGPC LEGLCAT LEGLSTAT LEGLSTATST MENTCAT VIND
			AMBULANCE_CALL_IDENTIFIER CARE_CONTACT_IDENTIFIER_ EMED3_CONDITION EMED3_DIAGNOSIS SOCIAL_AND_PERSONAL_CIRCUMSTANCE
			ORGANISATION_LOCAL_PATIENT_IDENTIFIER REGISTRATION_ENTRY_IDENTIFIER`,
		Quasi: `SUSSPELLID SUSRECID TOKEN_PERSON_ID STUDY_ID PSEUDO_HESID ENCRYPTED_HESID EXTRACT_HESID PROVSPNOPS CDSUNIQUEID AEKEY
			MYDOB POSTDIST LSOA01 LSOA11 MSOA01 MSOA11 OACODE6 SOACODE SOAL SOAM LSOA_2001 LSOA_2011 MSOA_2001 MSOA_2011 WARD81 WARD91 WARD98 CURRWARD CURRWARD_ONS
			IMD04 IMD04RK IMD04I IMD04IA IMD04IC IMD04EM IMD04HD IMD04ED IMD04HS IMD04C IMD04LE PROVDIST SITEDIST BOOKREFNO`,
		Public: `FYEAR PARTYEAR YEAR PERSTART PEREND CDSEXTDATE CDSVERPROTID CDSVERSION SUBDATE SUSLDDATE DUPLICATE_FLAG
			GROSS_A GROSS_B RANK_ORDER SUSHRGVERS HRGNHSVN`,
	} {
		if diff := cmp.Diff(strings.Fields(names), got[class]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", class, diff)
		}
	}
}

// TestWording holds every field to the house style: a short label of its own and
// one plain sentence.
func TestWording(t *testing.T) {
	d, _ := MustLoad(t)
	type key struct{ group, label string }
	labels, meanings := map[key]string{}, map[string]string{}
	for _, f := range d.Fields() {
		if n := utf8.RuneCountInString(f.Label); n == 0 || n > 40 || strings.Contains(f.Label, "LABEL") || f.Label != strings.TrimSpace(f.Label) {
			t.Errorf("%s: label %q is empty, too long or no label", f.Name, f.Label)
		}
		if !unicode.IsUpper([]rune(f.Label)[0]) {
			t.Errorf("%s: label %q does not begin with a capital letter", f.Name, f.Label)
		}
		if !strings.HasSuffix(f.Meaning, ".") || strings.Contains(f.Meaning, ". ") || len(f.Meaning) < 25 || len(f.Meaning) > 220 || !unicode.IsUpper([]rune(f.Meaning)[0]) {
			t.Errorf("%s: meaning %q is not one plain sentence", f.Name, f.Meaning)
		}
		if other, twice := labels[key{f.Group, f.Label}]; twice && f.AliasOf != other {
			t.Errorf("%s and %s are both %q in %s", other, f.Name, f.Label, f.Group)
		}
		if other, twice := meanings[f.Meaning]; twice {
			t.Errorf("%s and %s mean the same: %q", other, f.Name, f.Meaning)
		}
		labels[key{f.Group, f.Label}], meanings[f.Meaning] = f.Name, f.Name
	}
}

// TestHeaders holds the labels that stand above columns.
func TestHeaders(t *testing.T) {
	d, _ := MustLoad(t)
	for name, want := range map[string]string{
		"TOKEN_PERSON_ID": "Patient", "ADMIDATE": "Admitted", "DISDATE": "Discharged", "SEX": "Sex", "STARTAGE": "Age",
		"DIAG_01": "Primary diagnosis", "DIAG_02": "Diagnosis 2", "OPERTN_01": "Main procedure", "OPDATE_01": "Procedure date 1",
		"PROCODE3": "Provider", "MAINSPEF": "Main specialty", "TRETSPEF": "Treatment specialty", "ADMIMETH": "Admission method",
		"CLASSPAT": "Patient class", "FYEAR": "Financial year", "EPIDUR": "Episode days", "EPISTART": "Episode start", "EPIEND": "Episode end",
	} {
		if f, _ := d.Field(name); f.Label != want {
			t.Errorf("%s is headed %q, want %q", name, f.Label, want)
		}
	}
}

func TestRows(t *testing.T) {
	d, c := MustLoad(t)
	year := regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)
	for _, f := range d.Fields() {
		if f.Codes != "" && len(c.Values(f.Codes)) == 0 {
			t.Errorf("%s: there is no list %s", f.Name, f.Codes)
		}
		for _, y := range []string{f.From, f.To} {
			if y != "" && !year.MatchString(y) {
				t.Errorf("%s: %q is no financial year", f.Name, y)
			}
		}
		if f.From != "" && f.To != "" && f.From > f.To {
			t.Errorf("%s: collected from %s to %s", f.Name, f.From, f.To)
		}
		if f.Source == "" {
			t.Errorf("%s has no source", f.Name)
		}
		if f.Repeats != "" {
			if _, ok := d.Field(f.Repeats); !ok || f.AliasOf != "" {
				t.Errorf("%s repeats %s, which is no field, or is an alias too", f.Name, f.Repeats)
			}
		}
		if f.AliasOf == "" {
			continue
		}
		target := d.Canonical(f)
		if target.Type != f.Type || target.Class != f.Class || target.Codes != f.Codes || target.Slots != f.Slots {
			t.Errorf("%s and %s, which it is an alias of, differ in type, class, codes or slots", f.Name, target.Name)
		}
	}
}

// TestArtificialColumns names the columns that a load of NHS Digital's
// artificial admitted patient care meets, with families as one.
func TestArtificialColumns(t *testing.T) {
	d, _ := MustLoad(t)
	names := strings.Fields(`FYEAR PARTYEAR EPIKEY AEKEY PSEUDO_HESID ADMIDATE ADMIMETH ADMINCAT ADMINCATST ADMISORC ALCDIAG_4 ALCFRAC
		AT_GP_PRACTICE AT_RESIDENCE AT_TREATMENT CANNET CANREG CAUSE_3 CAUSE_4 CCG_GP_PRACTICE CCG_RESIDENCE CCG_RESPONSIBILITY
		CCG_RESPONSIBILITY_ORIGIN CCG_TREATMENT CCG_TREATMENT_ORIGIN CLASSPAT CR_GP_PRACTICE CR_RESIDENCE CR_TREATMENT
		DIAG_3_01 DIAG_3_20 DIAG_3_CONCAT DIAG_4_01 DIAG_4_20 DIAG_4_CONCAT DIAG_COUNT DISDATE DISDEST DISMETH ELECDATE ELECDUR ELECDUR_CALC
		EPIDUR EPIEND EPIORDER EPISTART EPISTAT EPITYPE ETHNOS FAE FAE_EMERGENCY FCE FDE GORTREAT GPPRAC MAINSPEF MYDOB NEODUR
		OPERTN_3_01 OPERTN_3_24 OPERTN_3_CONCAT OPERTN_4_01 OPERTN_4_24 OPERTN_4_CONCAT OPERTN_COUNT PCON PCON_ONS PCTCODE_HIS PCTORIG_HIS PCTTREAT
		PROCODE3 PROCODE5 PROCODET PURCODE RANK_ORDER RESCTY RESCTY_ONS RESGOR RESGOR_ONS RESLADST RESLADST_ONS RESPCT_HIS RESSTHA_HIS
		SEX SITETRET LSOA01 MSOA01 SPELBGIN SPELDUR SPELDUR_CALC SPELEND STARTAGE STARTAGE_CALC STHATRET SUSHRG SUSRECID TRETSPEF LSOA11 MSOA11
		WAITLIST ALCNRWFRAC ALCNRWDIAG ALCBRDFRAC ALCBRDDIAG SITEDIST SITEDIST_FLAG PROVDIST PROVDIST_FLAG HRG40 HRGLATE35
		NER_GP_PRACTICE NER_RESIDENCE NER_TREATMENT`)
	for _, name := range names {
		if _, ok := d.Field(name); !ok {
			t.Errorf("%s is not in the dictionary", name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const header = "name,slots,type,class,group,codes,label,meaning,from,to,source,alias_of,repeats\n"
	const good = "SEX,,code,ordinary,Patient,SEX,Sex,Sex of the patient.,,,TOS,,\n"
	if _, err := read(strings.NewReader(header + good)); err != nil {
		t.Fatalf("a good table is refused: %v", err)
	}
	for name, c := range map[string]struct{ table, want string }{
		"empty":              {"", "the header is not"},
		"wrong-header":       {strings.Replace(header, "class", "klass", 1) + good, "the header is not"},
		"too-few-columns":    {header + "SEX,,code\n", "wrong number of fields"},
		"open-quote":         {header + `SEX,"`, "read dictionary"},
		"no-name":            {header + ",,code,ordinary,Patient,,Sex,,,,,,\n", "are needed"},
		"no-label":           {header + "SEX,,code,ordinary,Patient,,,,,,,,\n", "are needed"},
		"no-group":           {header + "SEX,,code,ordinary,,,Sex,,,,,,\n", "are needed"},
		"no-type":            {header + "SEX,,,ordinary,Patient,,Sex,,,,,,\n", "are needed"},
		"unknown-type":       {header + "SEX,,text,ordinary,Patient,,Sex,,,,,,\n", "are needed"},
		"no-class":           {header + "SEX,,code,,Patient,,Sex,,,,,,\n", "are needed"},
		"unknown-class":      {header + "SEX,,code,secret,Patient,,Sex,,,,,,\n", "are needed"},
		"slots-not-a-number": {header + "DIAG_nn,x,code,ordinary,Diagnoses,,Diagnosis,,,,,,\n", "slots is not a number"},
		"no-slots":           {header + "DIAG_nn,0,code,ordinary,Diagnoses,,Diagnosis,,,,,,\n", "slots is not a number"},
		"family-name":        {header + "DIAG,20,code,ordinary,Diagnoses,,Diagnosis,,,,,,\n", "must end in"},
		"twice":              {header + good + strings.Replace(good, "SEX", "sex", 1), "line 3: sex is there twice"},
		"alias-of-nothing":   {header + "GENDER,,code,ordinary,Patient,,Gender,,,,,SEX,\n", "not a field of its kind"},
		"alias-of-alias": {header + good + "A,,code,ordinary,Patient,,A,,,,,SEX,\nB,,code,ordinary,Patient,,B,,,,,A,\n",
			"B is an alias of A, which is not a field of its kind"},
		"alias-of-family": {header + "DIAG_nn,20,code,ordinary,Diagnoses,,Diagnosis,,,,,,\nD,,code,ordinary,Diagnoses,,D,,,,,DIAG_nn,\n",
			"not a field of its kind"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := read(strings.NewReader(c.table))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
			if d != nil {
				t.Error("there is a dictionary besides the error")
			}
		})
	}
}

// Every derived field names rules that we can say, and every rule that we say
// works out some field.
func TestDerivations(t *testing.T) {
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range d.Fields() {
		rules := d.Derivation(f)
		if f.Derived() != (len(rules) > 0) {
			t.Errorf("%s: %d rules", f.Name, len(rules))
		}
		for _, r := range rules {
			used[r.ID] = true
			if !strings.HasSuffix(r.What, ".") {
				t.Errorf("%s: %q is no sentence", r.ID, r.What)
			}
		}
	}
	for id := range d.rules {
		if !used[id] {
			t.Errorf("no field is worked out by %s", id)
		}
	}
	f, _ := d.Field("EPI_FLAG_3")
	if got := d.Derivation(f); len(got) != 7 || got[6].ID != "V7" {
		t.Errorf("%v", got)
	}
}
