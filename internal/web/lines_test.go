package web_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/warehouse/driver"
)

// This file says what a line of a patient or a spell must show, from the episodes
// that it is made of.

// of returns the matching episodes that have a value in a field, in the order in
// which they happened.
func (t truth) of(field, value string) []driver.Record {
	var out []driver.Record
	for _, row := range t.matching {
		if t.r.rows[row][field] == value {
			out = append(out, t.r.rows[row])
		}
	}
	number := func(r driver.Record, field string) int {
		if n, err := strconv.Atoi(r[field]); err == nil {
			return n
		}
		return -1 << 31
	}
	slices.SortStableFunc(out, func(a, b driver.Record) int {
		return cmp.Or(strings.Compare(a["EPISTART"], b["EPISTART"]), strings.Compare(a["EPIEND"], b["EPIEND"]), number(a, "EPIORDER")-number(b, "EPIORDER"),
			strings.Compare(a["TRANSIT"], b["TRANSIT"]), strings.Compare(a["EPIKEY"], b["EPIKEY"]))
	})
	return out
}

// person sums a patient's matching episodes up, as the columns of a line are
// called.
func (t truth) person(key string) map[string]string {
	rows := t.of(hes.PersonField, key)
	distinct := func(of func(driver.Record) []string) string {
		seen := map[string]bool{}
		for _, r := range rows {
			for _, v := range of(r) {
				if v != "" {
					seen[v] = true
				}
			}
		}
		return fmt.Sprint(len(seen))
	}
	field := func(name string) func(driver.Record) []string {
		return func(r driver.Record) []string { return []string{r[name]} }
	}
	var days []string
	bed, some, died, discharged := 0, false, "No", ""
	dayCases, emergencies := 0, 0
	spells := map[string]bool{}
	for _, r := range rows {
		if d := r["ADMIDATE_FILLED"]; d != "" {
			days = append(days, d)
		}
		if n, err := strconv.Atoi(r["BED_DAYS"]); err == nil {
			bed, some = bed+n, true
		}
		if r["DISMETH"] == "4" {
			died = "Yes"
		}
		discharged = max(discharged, r["DISDATE"])
		if s := r[hes.SpellField]; s != "" && !spells[s] {
			spells[s] = true
			if r["CLASSPAT"] == "2" {
				dayCases++
			}
			if strings.HasPrefix(r["ADMIMETH"], "2") {
				emergencies++
			}
		}
	}
	out := map[string]string{"Episodes": grouped(len(rows)), "Spells": distinct(field(hes.SpellField)), "Stays": distinct(field("STAY_NHSD")), "Bed days": "Not recorded",
		"Day cases": fmt.Sprint(dayCases), "Emergencies": fmt.Sprint(emergencies), "Died in hospital": died, "First": "Not recorded", "Last": "Not recorded", "Last discharge": "Not recorded",
		"Diagnoses": distinct(func(r driver.Record) []string {
			var out []string
			for slot := 1; slot <= 20; slot++ {
				if v := r[fmt.Sprintf("DIAG_%02d", slot)]; len(v) >= 3 {
					out = append(out, v[:3])
				}
			}
			return out
		})}
	if some {
		out["Bed days"] = fmt.Sprint(bed)
	}
	if len(days) > 0 {
		out["First"], out["Last"] = words(slices.Min(days)), words(slices.Max(days))
	}
	if discharged != "" {
		out["Last discharge"] = words(discharged)
	}
	return out
}

// person checks a line of the list.
func (p *stand) person(i int, tr node, line driver.Row) {
	want := p.truth.person(p.r.rows[line.ID][hes.PersonField])
	seen := 0
	for _, td := range tr.all(byTag("td")) {
		w, ok := want[td.attr("data-l")]
		if !ok {
			continue
		}
		seen++
		if got := td.first(byTag("a")); got.ok() && td.text() != w && strings.HasPrefix(td.text(), w+" ") && got.attr("aria-label") == "" {
			continue // what is read out behind the number
		}
		if td.text() != w {
			p.wrong("line %d, %s: %q, want %q", i, td.attr("data-l"), td.text(), w)
		}
	}
	if least := map[bool]int{false: 4, true: len(want)}[p.truth.s.more]; seen < least {
		p.wrong("line %d has %d of its columns", i, seen)
	}
}

// spell checks a line of the list: of how many of the episodes that one may see
// of the stay it is made.
func (p *stand) spell(i int, tr node, line driver.Row) {
	all := 0
	for row, rec := range p.r.rows {
		if p.r.guard(p.role, row) && rec[hes.SpellField] == p.r.rows[line.ID][hes.SpellField] {
			all++
		}
	}
	want := grouped(all)
	if line.Episodes != all {
		want = grouped(line.Episodes) + " of " + want
	}
	got := tr.first(func(n node) bool { return n.attr("data-l") == "Episodes" }).text()
	if got != want {
		p.wrong("line %d is of %q episodes, want %q", i, got, want)
	}
}
