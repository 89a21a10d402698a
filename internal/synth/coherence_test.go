package synth

import (
	"bytes"
	"encoding/csv"
	"sort"
	"strings"
	"testing"
	"time"
)

// rowsOf reads clean files in the plain form: each row by field, in the order of
// the years.
func rowsOf(t *testing.T, files map[string][]byte) []map[string]string {
	t.Helper()
	var names []string
	for name := range files {
		if strings.HasPrefix(name, "synthetic") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var out []map[string]string
	for _, name := range names {
		r := csv.NewReader(bytes.NewReader(files[name]))
		r.Comma = '|'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			m := map[string]string{}
			for i, v := range row {
				m[rows[0][i]] = v
			}
			out = append(out, m)
		}
	}
	return out
}

func daysBetween(t *testing.T, from, to string) int {
	t.Helper()
	a, err1 := time.Parse(time.DateOnly, from)
	b, err2 := time.Parse(time.DateOnly, to)
	if err1 != nil || err2 != nil {
		t.Fatalf("dates %q and %q", from, to)
	}
	return int(b.Sub(a).Hours() / 24)
}

// Clean files hold together.
func TestSynthCoherence(t *testing.T) {
	files, truth := MustWrite(t, Options{Patients: 5000, First: 2006, Last: 2010, Seed: 3})
	rows := rowsOf(t, files)
	if len(rows) != truth.Rows || truth.Rejected != 0 || len(truth.Planted) != 0 {
		t.Errorf("%d rows, truth %+v", len(rows), truth)
	}
	keys, sexes, died := map[string]bool{}, map[string]string{}, map[string]string{}
	open := map[string]map[string]string{} // unfinished episodes by EPIKEY
	pairs := 0
	spells := map[string][]map[string]string{}
	for _, v := range rows {
		key := v["EPIKEY"] + v["FYEAR"]
		if keys[key] || len(v["EPIKEY"]) != 12 {
			t.Fatalf("EPIKEY is there twice in a year or not of twelve digits")
		}
		keys[key] = true
		who := v["PSEUDO_HESID"]
		if !strings.HasPrefix(who, Mark) || len(who) != 32 {
			t.Fatalf("person id of %d characters", len(who))
		}
		if v["SEX"] == "1" || v["SEX"] == "2" {
			if s, ok := sexes[who]; ok && s != v["SEX"] {
				t.Fatal("a person of two sexes")
			}
			sexes[who] = v["SEX"]
		}
		if d, ok := died[who]; ok && v["ADMIDATE"] > d {
			t.Fatal("an admission after death")
		}
		if v["DISMETH"] == "4" || v["DISMETH"] == "5" {
			died[who] = v["DISDATE"]
		}
		last := v["EPIEND"]
		if v["EPISTAT"] == "1" {
			last = "20" + v["FYEAR"][2:] + "-03-31"
			open[v["EPIKEY"]] = v
			if v["EPIEND"] != "" || v["DISDATE"] != "" || v["FCE"] != "0" {
				t.Fatal("an unfinished episode that has ended")
			}
		} else if before := open[v["EPIKEY"]]; before != nil {
			pairs++
			if before["EPISTART"] != v["EPISTART"] || before["PSEUDO_HESID"] != who || before["FYEAR"] >= v["FYEAR"] || before["EPIORDER"] != v["EPIORDER"] {
				t.Fatal("an episode comes again as another")
			}
		}
		if v["ADMIDATE"] > v["EPISTART"] || v["EPISTART"] > last || v["DISDATE"] != "" && v["DISDATE"] != last {
			t.Fatalf("dates out of order: %s %s %s %s", v["ADMIDATE"], v["EPISTART"], v["EPIEND"], v["DISDATE"])
		}
		if v["EPISTAT"] == "3" && ((v["DISDATE"] != "") != (v["SPELEND"] == "Y") || (v["DISMETH"] == "8") != (v["SPELEND"] == "N")) {
			t.Fatal("a discharge on an episode that is not the last, or none on the last")
		}
		fyear := last[2:4]
		if last[5:7] < "04" && v["FYEAR"][2:] != fyear || last[5:7] >= "04" && v["FYEAR"][:2] != fyear {
			t.Fatalf("FYEAR %s for an end on %s", v["FYEAR"], last)
		}
		if (v["SUSSPELLID"] != "") != (v["FYEAR"] >= "0910") {
			t.Fatal("SUSSPELLID before 2009-10, or none after")
		}
		if v["EPITYPE"] == "3" && (v["ADMIMETH"] != "82" || v["STARTAGE"][:1] != "7") {
			t.Fatal("a birth of somebody not new-born")
		}
		if v["EPITYPE"] == "2" && v["SEX"] == "1" {
			t.Fatal("a delivering father")
		}
		if v["EPISTAT"] == "3" {
			spell := who + v["PROCODE"] + v["ADMIDATE"]
			spells[spell] = append(spells[spell], v)
		}
	}
	if pairs < 10 {
		t.Errorf("%d episodes over a year's end", pairs)
	}
	for _, s := range spells {
		for i, v := range s {
			if i > 0 && v["EPISTART"] != s[i-1]["EPIEND"] {
				t.Fatal("episodes of a spell do not abut")
			}
			if (v["SUSSPELLID"] != s[0]["SUSSPELLID"]) && s[0]["FYEAR"] >= "0910" {
				t.Fatal("episodes of a spell with different SUSSPELLID")
			}
		}
	}
}

// A move between hospitals is told by both, within three days, at two providers.
func TestSynthTransfers(t *testing.T) {
	files, truth := MustWrite(t, Options{Patients: 6000, First: 2012, Last: 2014, Seed: 3, TruthRows: true})
	stays := map[string][]map[string]string{}
	lines := map[string][]string{}
	for _, l := range strings.Split(strings.TrimSpace(string(files["truth_rows.csv"])), "\n")[1:] {
		f := strings.Split(l, ",")
		lines[f[0]+f[1]] = f
	}
	if len(lines) != truth.Rows {
		t.Errorf("%d lines of truth for %d rows", len(lines), truth.Rows)
	}
	first, last := map[string]map[string]string{}, map[string]map[string]string{}
	order := map[string][]string{}
	for _, v := range rowsOf(t, files) {
		f := lines[v["EPIKEY"]+v["FYEAR"]]
		if f[6] == "0" {
			continue
		}
		spell := f[2]
		if first[spell] == nil {
			first[spell] = v
			order[f[4]] = append(order[f[4]], spell)
			stays[f[4]] = append(stays[f[4]], v)
		}
		last[spell] = v
	}
	moves, late, codes := 0, 0, map[string]bool{}
	for _, spells := range order {
		sort.Strings(spells)
		for i := 1; i < len(spells); i++ {
			a, b := last[spells[i-1]], first[spells[i]]
			moves++
			codes[a["DISDEST"]+" "+b["ADMISORC"]+" "+b["ADMIMETH"]] = true
			gap := daysBetween(t, a["DISDATE"], b["ADMIDATE"])
			if gap < 0 || gap > 3 || a["PROCODE3"] == b["PROCODE3"] {
				t.Fatalf("a move of %d days from %s to %s", gap, a["PROCODE3"], b["PROCODE3"])
			}
			if gap == 3 {
				late++
			}
		}
	}
	if moves < 100 || late == 0 || len(codes) < 6 || !codes["51 51 81"] {
		t.Errorf("%d moves, %d of three days, recorded as %v", moves, late, codes)
	}
}

func TestSynthRates(t *testing.T) {
	files, truth := MustWrite(t, Options{Patients: 8000, First: 2006, Last: 2012, Seed: 9})
	n := map[string]float64{}
	rows := rowsOf(t, files)
	for _, v := range rows {
		n["female"] += is(v["SEX"] == "2")
		n["day-case"] += is(v["CLASSPAT"] == "2")
		n["regular"] += is(v["CLASSPAT"] == "3")
		n["dermatology"] += is(v["MAINSPEF"] == "330")
		n["emergency"] += is(v["ADMIMETH"][0] == '2')
		n["birth"] += is(v["EPITYPE"] == "3")
		n["delivery"] += is(v["EPITYPE"] == "2")
		n["paediatrics"] += is(v["MAINSPEF"] == "420")
		n["unknown-diagnosis"] += is(v["DIAG_01"] == "R69X")
		n["unfinished"] += is(v["EPISTAT"] == "1")
		n["died"] += is(v["DISMETH"] == "4")
		n["ethnos-not-known"] += is(v["ETHNOS"] == "Z" || v["ETHNOS"] == "X")
		n["sex-not-known"] += is(v["SEX"] == "0" || v["SEX"] == "9")
		n["independent"] += is(v["PROCODE3"][0] != 'R')
		n["well-baby"] += is(v["WELL_BABY_IND"] == "Y")
		n["class-not-known"] += is(v["CLASSPAT"] == "8" || v["CLASSPAT"] == "9")
		n["source-not-known"] += is(v["ADMISORC"] == "98" || v["ADMISORC"] == "99")
	}
	for name, bounds := range map[string][2]float64{
		"female": {0.48, 0.62}, "day-case": {0.3, 0.6}, "regular": {0.02, 0.08}, "dermatology": {0.15, 0.3}, "emergency": {0.15, 0.4}, "birth": {0.01, 0.06},
		"delivery": {0.01, 0.06}, "paediatrics": {0.02, 0.15}, "unknown-diagnosis": {0.015, 0.035}, "unfinished": {0.002, 0.015}, "died": {0.005, 0.03},
		"ethnos-not-known": {0.07, 0.15}, "sex-not-known": {0.0002, 0.002}, "independent": {0.005, 0.03}, "well-baby": {0.01, 0.05}, "class-not-known": {0.00002, 0.001},
		"source-not-known": {0.0005, 0.004},
	} {
		if share := n[name] / float64(len(rows)); share < bounds[0] || share > bounds[1] {
			t.Errorf("%s: %.5f, want %v", name, share, bounds)
		}
	}
	if r := float64(truth.Derived["R1-NUMERATOR"]) / float64(truth.Derived["R1-DENOMINATOR"]); r < 0.05 || r > 0.1 {
		t.Errorf("%.3f readmitted", r)
	}
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
