package subset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

func mustDictionary(t testing.TB) *hes.Dictionary {
	t.Helper()
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustFind(t testing.TB, name string) Subset {
	t.Helper()
	s, err := Find(name, mustDictionary(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// met returns the ids of the rules that an episode, "FIELD=value …", meets.
func met(t *testing.T, d *hes.Dictionary, s Subset, episode string) string {
	t.Helper()
	var columns []hes.Field
	var values []string
	for _, pair := range strings.Fields(episode) {
		name, v, _ := strings.Cut(pair, "=")
		f, ok := d.Field(name)
		if !ok {
			t.Fatalf("no field %s", name)
		}
		columns, values = append(columns, f), append(values, v)
	}
	var ids []string
	for _, r := range s.Rules {
		test, err := Compile(r.Where, columns, func(c int) []string { return values[c : c+1] })
		if err != nil {
			t.Fatal(err)
		}
		if test.Row(func(int) uint32 { return 1 }) {
			ids = append(ids, r.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestDermatology(t *testing.T) {
	d, s := mustDictionary(t), mustFind(t, "dermatology")
	for episode, want := range map[string]string{
		"MAINSPEF=330": "N1", "TRETSPEF=330": "N1", "TRETSPEF=257": "N1",
		"MAINSPEF=257": "", "MAINSPEF=33": "", "MAINSPEF=160 TRETSPEF=160": "",
		"DIAG_01=L00X": "N2", "DIAG_01=L998": "N2", "DIAG_01=L": "N2", "DIAG_01=K999": "", "DIAG_01=M000": "",
		"DIAG_01=C43": "N2", "DIAG_01=C439": "N2", "DIAG_01=C449": "N2", "DIAG_01=C42": "", "DIAG_01=C45": "",
		"DIAG_01=C460": "N2", "DIAG_01=C461": "", "DIAG_01=C46": "", "DIAG_01=C840": "N2", "DIAG_01=C841": "N2", "DIAG_01=C842": "",
		"DIAG_01=D03": "N2", "DIAG_01=D049": "N2", "DIAG_01=D05": "", "DIAG_01=D17": "N2", "DIAG_01=D189": "N2", "DIAG_01=D19": "",
		"DIAG_01=D22": "N2", "DIAG_01=D239": "N2", "DIAG_01=D24X": "", "DIAG_01=D21": "",
		"DIAG_01=Q799": "", "DIAG_01=Q800": "N2", "DIAG_01=Q81": "N2", "DIAG_01=Q829": "N2", "DIAG_01=Q83": "",
		"DIAG_01=B00": "N2", "DIAG_01=B099": "N2", "DIAG_01=B10": "", "DIAG_01=B34": "", "DIAG_01=B350": "N2", "DIAG_01=B369": "N2", "DIAG_01=B37": "",
		"DIAG_01=B84": "", "DIAG_01=B85": "N2", "DIAG_01=B889": "N2", "DIAG_01=B89X": "", "DIAG_01=A46X": "N2", "DIAG_01=A45": "",
		"DIAG_01=I10X DIAG_02=L400": "", // second position
		"OPERTN_01=S01":             "N3", "OPERTN_24=S065": "N3", "OPERTN_02=S709": "N3", "OPERTN_01=S70": "N3",
		"OPERTN_01=S71": "", "OPERTN_01=S711": "", "OPERTN_01=S00": "", "OPERTN_01=R999": "", "OPERTN_01=T011": "",
		"MAINSPEF=330 DIAG_01=L400 OPERTN_01=X1 OPERTN_02=S065": "N1 N2 N3",
		"SEX=1": "",
	} {
		if got := met(t, d, s, episode); got != want {
			t.Errorf("%s meets %q, want %q", episode, got, want)
		}
	}
}

func TestPlasticSkinCancer(t *testing.T) {
	d, s := mustDictionary(t), mustFind(t, "plastic-skin-cancer")
	for episode, want := range map[string]string{
		"MAINSPEF=160 DIAG_01=C439": "P1", "TRETSPEF=160 DIAG_01=C443": "P2", "TRETSPEF=160 DIAG_01=D039": "P3", "MAINSPEF=160 DIAG_01=D04": "P3",
		"MAINSPEF=330 DIAG_01=C439": "", "MAINSPEF=160 DIAG_01=C450": "", "MAINSPEF=160 DIAG_01=L400 DIAG_02=C439": "", "MAINSPEF=160": "", "DIAG_01=C439": "",
	} {
		if got := met(t, d, s, episode); got != want {
			t.Errorf("%s meets %q, want %q", episode, got, want)
		}
	}
}

// format writes a subset as a file.
func format(s Subset) string {
	text := fmt.Sprintf("subset %s\ntitle %s\npeople %s\n", s.Name, s.Title, map[bool]string{true: "yes", false: "no"}[s.People])
	if len(s.Start) > 0 {
		text += "start " + strings.Join(s.Start, ", ") + "\n"
	}
	for _, r := range s.Rules {
		text += fmt.Sprintf("rule %s \"%s\"\n\t%s\n", r.ID, r.Title, query.Format(r.Where))
	}
	return text
}

func TestEmbedded(t *testing.T) {
	all, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
		found := mustFind(t, s.Name) // which checks it against the dictionary
		if d := cmp.Diff(s, found); d != "" {
			t.Errorf("%s is found different:\n%s", s.Name, d)
		}
		again, err := parse(format(s), query.Source{Name: "again"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again.Text = s.Text; cmp.Diff(s, again) != "" {
			t.Errorf("%s comes back different:\n%s", s.Name, cmp.Diff(s, again))
		}
		text, err := os.ReadFile(filepath.Join("data", s.Name+".subset"))
		if err != nil || s.Text != string(text) {
			t.Errorf("%s is not the text of the file of its name: %v", s.Name, err)
		}
	}
	if d := cmp.Diff([]string{"dermatology", "plastic-skin-cancer"}, names); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"N1"}, all[0].Start); d != "" {
		t.Error(d)
	}
}

func TestString(t *testing.T) {
	one := []Rule{{ID: "A", Title: "First"}}
	for want, s := range map[string]Subset{
		"Every episode": mustFind(t, All),
		"Dermatology: the episodes that meet at least one of N1 (Care under dermatology), N2 (Skin disease as main diagnosis) and N3 (Skin procedure)": mustFind(t, "dermatology"),
		"Own: the episodes that meet A (First)":                                 {Title: "Own", Rules: one},
		"Own: all episodes of everyone who has an episode that meets A (First)": {Title: "Own", Rules: one, People: true},
		"Own: the episodes that meet at least one of A (First) and A (First)":   {Title: "Own", Rules: append(one, one...)},
	} {
		if got := s.String(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

const head = "subset own\ntitle Own\n"

func TestFindOwnFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "own.subset")
	text := "\ufeff# ours\r\nsubset\town  # a name\r\ntitle Our\r\n   own #1\r\n\r\npeople yes\r\nstart B2,A\r\n" +
		"rule A \"Young # here\" # a remark\r\n  # nothing yet\r\n\r\n  STARTAGE up to 17 and\r\n# in between\r\n\tAGE_BAND is \"0\"\r\n\r\n# the next\r\n" +
		"rule B2 \"Valid\"\n EPI_FLAG_n is V1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := Subset{Name: "own", Title: "Our own", People: true, Start: []string{"B2", "A"}, Text: text, Rules: []Rule{
		{"A", "Young # here", query.And{query.Range{Field: "STARTAGE", To: "17"}, query.In{Field: "AGE_BAND", Values: []string{"0"}}}},
		{"B2", "Valid", query.In{Field: "EPI_FLAG_n", Values: []string{"V1"}}},
	}}
	if d := cmp.Diff(want, mustFind(t, path)); d != "" {
		t.Error(d)
	}

	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"cardiology":                           "There is no subset of that name; choose dermatology, plastic-skin-cancer or all, or give the path of a file of your own that ends in .subset.",
		filepath.Join(dir, "not-there.subset"): "There is no subset file not-there.subset; give the path of a file that ends in .subset.",
		path:                                   "own.subset has more than 1048576 bytes and is no subset file; give a text file of rules.",
	} {
		if _, err := Find(name, mustDictionary(t)); err == nil || err.Error() != want || fault.Of(err) != fault.Invalid {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	rule := func(where string) string { return head + "rule A \"First\"\n  " + where + "\n" }
	derived := "of the derived fields a rule may ask for EPI_VALID, EPI_BAD, EPI_FLAG_n, ADMIDATE_FILLED, TRANSIT, ETHNIC5, BED_DAYS, ADMISSION_GROUP, AGE_BAND, CHARLSON, ELIXHAUSER, CONDITION_GROUP."
	many := head
	for i := range 10 {
		many += fmt.Sprintf("rule A%d \"x\"\n SEX is 1\n", i)
	}
	d := mustDictionary(t)
	for text, want := range map[string]string{
		"":                                 "1:1: the file ends without a line “subset”.",
		"subset own\n":                     "2:1: the file ends without a line “title”.",
		head:                               "3:1: the file ends without a rule.",
		"\n  SEX is 1":                     "2:1: an indented line goes on with the one before it, and there is none.",
		"\xff":                             "1:1: the file is not text in UTF-8; save it in that form.",
		head + "rules A":                   "3:1: expected a line that begins with subset, title, people, start or rule.",
		head + "title Again":               "3:1: there is a line “title” already, line 2.",
		"subset Own":                       "1:8: expected a name of small letters, digits and hyphens, at most 40, that begins with a letter.",
		"subset":                           "1:7: expected a name of small letters, digits and hyphens, at most 40, that begins with a letter.",
		"subset dermatology":               "1:8: the program has a subset of that name; choose another, so that releases can be told apart.",
		"subset all":                       "1:8: the program has a subset of that name; choose another, so that releases can be told apart.",
		"title # none":                     "1:7: expected a title of 1 to 80 characters.",
		"title a\x00":                      "1:7: expected a title of 1 to 80 characters.",
		"people  maybe":                    "1:9: expected yes (all episodes of everyone who qualifies) or no.",
		"start ,":                          "1:7: expected the id of a rule; leave the line out to start with every episode.",
		"start B\n" + rule("SEX is 1"):     "1:7: expected ids of rules of this file; one is not.",
		"start A, A\n" + rule("SEX is 1"):  "1:7: a rule is named twice.",
		head + "rule A":                    "3:6: expected the rule's id and its title in double quotes, and its condition indented below.",
		head + "rule A \"First\" SEX is 1": "3:6: expected the rule's id and its title in double quotes, and its condition indented below.",
		head + "rule a \"First\"":          "3:6: expected an id of capital letters and digits, at most 8, that begins with a letter.",
		head + "rule A \"\"":               "3:6: expected a title of 1 to 80 characters in double quotes.",
		rule("SEX is 1") + "rule A \"x\"":  "5:6: there is a rule of that id already.",
		many:                               "21:1: a subset has at most 9 rules; join some by “or”.",
		head + "rule A \"First\"\n":        "4:1: expected a field, “not” or “(”, found the end.",
		rule("SEX is 1 or\n\n  # é\n\té MAINSPEF"): "7:4: expected “is”, “starts with”, “from” or “up to”, found another word.",
		rule("(SEX is 1"):              "4:12: expected a comma, “and”, “or” or “)”, found the end.",
		rule("SEX is 1 and XES is 1"):  "4:16: there is no field of that name in the data dictionary.",
		rule("sex is 1"):               "4:3: the field is written SEX.",
		rule("NEWNHSNO is 1"):          "4:3: NEWNHSNO identifies a patient, and no subset may ask for it.",
		rule("SUBSET_n is N1"):         "4:3: SUBSET_n does not follow from the episode alone; " + derived,
		rule("CHARLSON_1Y from 2"):     "4:3: CHARLSON_1Y does not follow from the episode alone; " + derived,
		rule("STARTAGE is old"):        "4:3: STARTAGE takes a whole number.",
		rule("ADMIDATE from 2004"):     "4:3: ADMIDATE takes a date such as 2008-04-01.",
		rule("STARTAGE starts with 1"): "4:3: STARTAGE has no codes to match by their beginning.",
	} {
		_, err := parse(text, query.Source{Name: "own.subset", Check: checker(d)}, []string{"dermatology", All})
		if err == nil || err.Error() != "own.subset:"+want || fault.Of(err) != fault.Invalid {
			t.Errorf("%q\n%v\nwant %s", text, err, want)
		}
	}
}

// Older names and repeated columns never reach a release, so that a rule on
// one would silently keep nothing.
func TestFieldsThatALoadLeavesOut(t *testing.T) {
	d := mustDictionary(t)
	check := checker(d)
	aliases, repeats := 0, 0
	for _, f := range d.Fields() {
		err := check(query.Missing{Field: f.Name})
		switch {
		case f.Class == hes.Prohibited:
		case f.AliasOf != "":
			aliases++
			if err == nil || !strings.Contains(err.Error(), "write "+f.AliasOf) {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		case f.Repeats != "":
			repeats++
			if err == nil || !strings.Contains(err.Error(), "only repeats "+f.Repeats) {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		case !f.Derived():
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		default:
			continue
		}
		if err == nil {
			t.Errorf("%s is let through", f.Name)
		}
	}
	if aliases == 0 || repeats == 0 {
		t.Errorf("the dictionary has %d aliases and %d repeats", aliases, repeats)
	}
}

// What the package says of the dictionary is so.
func TestDerivedFields(t *testing.T) {
	d := mustDictionary(t)
	for _, name := range own {
		if f, ok := d.Field(name); !ok || !f.Derived() || f.Name != name {
			t.Errorf("%s is not a derived field", name)
		}
	}
	if f, _ := d.Field("SUBSET_n"); f.Slots != MaxRules {
		t.Errorf("SUBSET_n has %d slots for %d rules", f.Slots, MaxRules)
	}
}

func FuzzParse(f *testing.F) {
	all, err := Embedded()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range all {
		f.Add(s.Text)
	}
	f.Add("\ufeffsubset a\r\ntitle b\n c\nstart A\nrule A \"x\" # y\n#\n\tSEX is 1 #\n\n")
	f.Add("rule\nrule \"\n \n\tx\nsubset")
	check := checker(mustDictionary(f))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text, query.Source{Name: "f", Check: check}, nil)
		if err != nil {
			if fault.Of(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("the error has no place: %v", err)
			}
			return
		}
		if len(s.Rules) == 0 || len(s.Rules) > MaxRules || s.Text != text {
			t.Fatalf("%d rules", len(s.Rules))
		}
		again, err := parse(format(s), query.Source{Name: "f", Check: check}, nil)
		if err != nil {
			t.Fatalf("%s\nis not read back: %v", format(s), err)
		}
		if again.Text = text; cmp.Diff(s, again) != "" {
			t.Fatalf("comes back different:\n%s", cmp.Diff(s, again))
		}
	})
}

// The subset of a release is found again from its manifest.
func TestAgain(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{All, "dermatology"} {
		want, err := Find(name, d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Again(want.Name, want.Text, d)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	own := "subset ours\ntitle Ours\nrule N1 \"Men\"\n    SEX is 1\n"
	if got, err := Again("ours", own, d); err != nil || got.Name != "ours" || len(got.Rules) != 1 {
		t.Errorf("a site's own: %+v, %v", got, err)
	}
}
