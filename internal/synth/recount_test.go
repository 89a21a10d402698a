package synth

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recount reads files of the plain form slowly and by the wording of the rules:
// a second opinion on everything that the generator claims.
type recount struct {
	truth Truth
	kept  []map[string]string
}

func recounted(t *testing.T, files map[string][]byte, years []string) recount {
	t.Helper()
	c := recount{truth: Truth{Years: map[string]int{}, Sex: map[string]int{}, Rules: map[string]int{}, RulesKept: map[string]int{}, NotKnown: map[string]int{}, NotKnownKept: map[string]int{}, Derived: map[string]int{}, Kept: map[string]int{}}}
	keys := map[string]bool{}
	once := map[string]struct {
		v               string
		bad             bool
		rules, notKnown map[string]int
	}{}
	for _, year := range years {
		lines := strings.Split(strings.TrimSuffix(string(files["synthetic_hes_apc_"+year+".txt"]), "\n"), "\n")
		header := strings.Split(lines[0], "|")
		for _, line := range lines[1:] {
			c.truth.Rows++
			c.truth.Years[year]++
			r := csv.NewReader(strings.NewReader(line))
			r.Comma = '|'
			fields, err := r.Read()
			if err != nil || len(fields) != len(header) || strings.Contains(line, "\x00") {
				c.truth.Rejected++
				continue
			}
			raw, row, rules, notKnown := map[string]string{}, map[string]string{}, map[string]int{}, map[string]int{}
			bad := false
			for i, name := range header {
				raw[name] = fields[i]
				if fields[i] == "" {
					continue
				}
				answer, known := once[name+"|"+fields[i]]
				if !known {
					answer.rules, answer.notKnown = map[string]int{}, map[string]int{}
					answer.v, answer.bad = cleansed(name, strings.TrimSpace(fields[i]), answer.rules, answer.notKnown)
					if !strings.HasSuffix(name, "KEY") && !strings.HasSuffix(name, "ID") {
						once[name+"|"+fields[i]] = answer
					}
				}
				row[name], bad = answer.v, bad || answer.bad
				add(rules, answer.rules)
				add(notKnown, answer.notKnown)
			}
			add(c.truth.Rules, rules)
			add(c.truth.NotKnown, notKnown)
			if row["FYEAR"] == "" {
				row["FYEAR"] = year // where the generator put it
			}
			key := row["EPIKEY"] + " " + row["FYEAR"]
			if bad || row["EPIKEY"] == "" || keys[key] {
				c.truth.Rejected++
				if fields[0] == "" {
					t.Fatal("a rejected row without a year")
				}
				continue
			}
			if fields[0] == "" {
				c.truth.Rules["N5"]++
				rules["N5"]++
			}
			keys[key] = true
			add(c.truth.RulesKept, rules)
			add(c.truth.NotKnownKept, notKnown)
			c.truth.Sex[raw["SEX"]]++
			c.kept = append(c.kept, row)
		}
	}
	return c
}

func add(to, from map[string]int) {
	for k, n := range from {
		to[k] += n
	}
}

// Codes for not known, by rule.
var notKnownCodes = []struct {
	rule  string
	codes *regexp.Regexp
}{
	{"C3-98-99", regexp.MustCompile(`^(ADMINCAT|ADMISORC|DISDEST|EPIORDER|ADMIMETH)=(98|99)$`)},
	{"C3-99", regexp.MustCompile(`^(CARERSI)=(99)$`)},
	{"C3-ethnic", regexp.MustCompile(`^(ETHNOS)=(99|X|Z)$`)},
	{"C3-8-9", regexp.MustCompile(`^(CLASSPAT|INTMANIG|NEOCARE|OPERSTAT)=(8|9)$`)},
	{"C3-sex", regexp.MustCompile(`^(SEX)=(0|X)$`)},
	{"C3-provider", regexp.MustCompile(`^(PROCODE|SITETRET)=(89997|89999)$`)},
	{"C3-provider", regexp.MustCompile(`^(PROCODE3)=(899)$`)},
	{"C3-practice", regexp.MustCompile(`^(GPPRAC)=(&|V8199[789])$`)},
	{"C3-specialty", regexp.MustCompile(`^(MAINSPEF|TRETSPEF)=(&)$`)},
	{"C3-area", regexp.MustCompile(`^(LSOA01)=(Z99999999)$`)},
}

var (
	slot        = regexp.MustCompile(`_\d\d$`)
	marks       = regexp.MustCompile(`[^A-Z0-9]`)
	noProcedure = regexp.MustCompile(`^X99[789]$`)
	ageBand     = regexp.MustCompile(`^700[1-7]$`)
	longYear    = regexp.MustCompile(`^20(\d\d)[-/]?(\d\d)$`)
	figures     = regexp.MustCompile(`^[0-9.]+$`)
)

// cleansed is a field's value by the rules of the research pipeline.
func cleansed(name, v string, rules, notKnown map[string]int) (clean string, bad bool) {
	empty := func(rule string) (string, bool) { rules[rule]++; return "", false }
	switch {
	case v == "":
		return "", false
	case strings.EqualFold(v, "null"):
		return empty("C1")
	case len(v) > 200:
		return empty("N6")
	}
	if isDateName(name) {
		for _, layout := range []string{time.DateOnly, "02/01/2006", "02Jan2006"} {
			day, err := time.Parse(layout, v)
			if err != nil {
				continue
			}
			if layout != time.DateOnly {
				rules["N3"]++
			}
			switch iso := day.Format(time.DateOnly); iso {
			case "1800-01-01":
				return empty("C2-1800")
			case "1801-01-01":
				return empty("C2-1801")
			case "1600-01-01", "1582-10-15":
				return empty("C2-old")
			default:
				return iso, false
			}
		}
		return "", true
	}
	family := slot.ReplaceAllString(name, "")
	if family == "DIAG" || family == "OPERTN" {
		if family == "OPERTN" && (v == "-" || v == "&") {
			return empty("C8-none")
		}
		if v != strings.ToUpper(v) {
			rules["N4"]++
			v = strings.ToUpper(v)
		}
		code := marks.ReplaceAllString(v, "")
		code = code[:min(4, len(code))]
		if family == "DIAG" && strings.HasPrefix(code, "R69") || family == "OPERTN" && noProcedure.MatchString(code) {
			notKnown[family]++
			return empty(map[string]string{"DIAG": "C3-diagnosis", "OPERTN": "C8-none"}[family])
		}
		if family == "DIAG" {
			code = strings.TrimSuffix(code, "X")
		}
		if code != v {
			rules[map[string]string{"DIAG": "C7", "OPERTN": "C8"}[family]]++
		}
		return code, false
	}
	for _, c := range notKnownCodes {
		if c.codes.MatchString(name + "=" + v) {
			notKnown[name]++
			return empty(c.rule)
		}
	}
	switch name {
	case "ADMIMETH":
		if code := map[string]string{"66": "2A", "67": "2B", "68": "2C", "69": "2D"}[v]; code != "" {
			rules["C4"]++
			return code, false
		}
	case "STARTAGE", "ENDAGE", "ADMIAGE":
		if ageBand.MatchString(v) {
			rules["C5"]++
			return "0", false
		}
	case "FYEAR":
		if plain := longYear.ReplaceAllString(v, "$1$2"); plain != v {
			rules["N7"]++
			return plain, false
		}
	case "MYDOB":
		if plain := strings.ReplaceAll(v, "/", ""); plain != v {
			rules["N9"]++
			return plain, false
		}
	case "SPELEND":
		rules["C6"]++
		return map[string]string{"Y": "1", "N": "0"}[v], false
	case "EPIDUR", "SPELDUR", "BEDYEAR", "ELECDUR", "IMD04RK", "EPIORDER":
		if !figures.MatchString(v) {
			return empty("N2")
		}
		plain := strings.TrimSuffix(v, ".0")
		if plain = strings.TrimLeft(plain, "0"); plain == "" {
			plain = "0"
		}
		if plain != v {
			rules["N1"]++
		}
		return plain, false
	}
	if name != "PSEUDO_HESID" && v != strings.ToUpper(v) {
		rules["N4"]++
	}
	return v, false
}

// canonical names spells and stays by where they are first met, so that two
// numberings can be compared.
func canonical(lines []string) []string {
	sort.Strings(lines)
	names := [3]map[string]string{{}, {}, {}}
	for n, line := range lines {
		f := strings.Split(line, ",")
		for i := range names {
			if id := f[2+i]; id != "" {
				if names[i][id] == "" {
					names[i][id] = fmt.Sprint(n)
				}
				f[2+i] = names[i][id]
			}
		}
		lines[n] = strings.Join(f, ",")
	}
	return lines
}

func TestSynthTruthIsTrue(t *testing.T) {
	for seed := range uint64(3) {
		files, truth := MustWrite(t, Options{Patients: 2000, First: 2009, Last: 2013, Seed: seed, Dirt: 0.15, TruthRows: true})
		c := recounted(t, files, []string{"0910", "1011", "1112", "1213", "1314"})
		lines := c.derived()
		written := strings.Split(strings.TrimSuffix(string(bytes.TrimPrefix(files["truth_rows.csv"], []byte("EPIKEY,FYEAR,SPELL,STAY_P1,STAY_P2,DUPLICATE,EPI_VALID\n"))), "\n"), "\n")
		if d := cmp.Diff(canonical(written), canonical(lines)); d != "" {
			t.Errorf("seed %d: truth_rows.csv (-) and recount (+) differ:\n%.3000s", seed, d)
		}
		for _, f := range flaws() {
			if truth.Planted[f.name] == 0 {
				t.Errorf("seed %d: %s is never planted", seed, f.name)
			}
		}
		want := c.truth
		want.Planted, want.Skin = truth.Planted, truth.Skin
		for _, m := range []struct{ all, found map[string]int }{{truth.Rules, want.Rules}, {truth.RulesKept, want.RulesKept}, {truth.NotKnown, want.NotKnown}, {truth.NotKnownKept, want.NotKnownKept}} {
			for name, n := range m.all {
				if n == 0 {
					m.found[name] += 0
				}
			}
		}
		if d := cmp.Diff(want, truth); d != "" {
			t.Errorf("seed %d: recount (-) and truth (+) differ:\n%s", seed, d)
		}
	}
}
