package dump

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/rollup"
)

// patientColumn is a column of a patient's line.
type patientColumn struct {
	Column
	needs []string // fields without which it cannot be worked out, families by their own name
	of    func(*rollup.Line) string
}

// PatientColumns returns the headings of the columns that lines of patients may
// have, in order: section O of the cleansing rules, with one flag for each group
// of skin conditions.
func PatientColumns(c *hes.Codes) []string {
	var out []string
	for _, p := range patientColumns(groups(c)) {
		out = append(out, p.Name)
	}
	return out
}

func groups(c *hes.Codes) []string {
	var out []string
	for _, v := range c.Values("CONDITION_GROUP") {
		out = append(out, v.Code)
	}
	return out
}

func patientColumns(groups []string) []patientColumn {
	text := func(name string, t hes.Type, of func(*rollup.Line) string, needs ...string) patientColumn {
		return patientColumn{Column{name, t}, needs, of}
	}
	count := func(name string, of func(*rollup.Line) int, needs ...string) patientColumn {
		return patientColumn{Column{name, hes.Int}, needs, func(p *rollup.Line) string { return strconv.Itoa(of(p)) }}
	}
	flag := func(name string, of func(*rollup.Line) bool, needs ...string) patientColumn {
		return patientColumn{Column{name, hes.Code}, needs, func(p *rollup.Line) string {
			if of(p) {
				return "1"
			}
			return "0"
		}}
	}
	out := []patientColumn{
		text(hes.PersonField, hes.Key, func(p *rollup.Line) string { return p.Key }, hes.PersonField),
		text("FIRST_ADMIDATE", hes.Date, func(p *rollup.Line) string { return p.FirstAdmitted }, hes.AdmissionDate),
		text("LAST_ADMIDATE", hes.Date, func(p *rollup.Line) string { return p.LastAdmitted }, hes.AdmissionDate),
		count(counted, func(p *rollup.Line) int { return p.Episodes }),
		count("SPELLS", func(p *rollup.Line) int { return p.Spells }, "PROVIDER_SPELL"),
		count("STAYS", func(p *rollup.Line) int { return p.Stays }, "STAY_NHSD"),
		count("DAY_CASES", func(p *rollup.Line) int { return p.DayCases }, "PROVIDER_SPELL", "CLASSPAT"),
		count("EMERGENCY_ADMISSIONS", func(p *rollup.Line) int { return p.Emergencies }, "PROVIDER_SPELL", "ADMIMETH"),
		text("BED_DAYS", hes.Int, func(p *rollup.Line) string { return p.BedDays }, "BED_DAYS"),
		text("FIRST_DIAGNOSIS", hes.Code, func(p *rollup.Line) string { return p.FirstDiagnosis }, hes.AnyDiagnosis),
		text("LAST_DIAGNOSIS", hes.Code, func(p *rollup.Line) string { return p.LastDiagnosis }, hes.AnyDiagnosis),
		count("DIAGNOSES", func(p *rollup.Line) int { return p.Diagnoses }, hes.AnyDiagnosis),
	}
	for _, g := range groups {
		out = append(out, flag("EVER_"+strings.ToUpper(g), func(p *rollup.Line) bool { return slices.Contains(p.Ever, g) }, "CONDITION_GROUP"))
	}
	return append(out,
		text("FIRST_AGE", hes.Int, func(p *rollup.Line) string { return p.FirstAge }, "STARTAGE"),
		text("LAST_AGE", hes.Int, func(p *rollup.Line) string { return p.LastAge }, "STARTAGE"),
		text("SEX", hes.Code, func(p *rollup.Line) string { return p.Sex }, "SEX"),
		flag("SEX_CONFLICT", func(p *rollup.Line) bool { return p.SexConflict }, "SEX"),
		text("ETHNOS", hes.Code, func(p *rollup.Line) string { return p.Ethnic }, "ETHNOS"),
		flag("DIED", func(p *rollup.Line) bool { return p.Died }, "DISMETH"),
		text("LAST_DISDATE", hes.Date, func(p *rollup.Line) string { return p.LastDischarged }, "DISDATE"),
	)
}

// patients resolves the columns of patients.
func (rs *resolver) patients(names []string, c *hes.Codes) error {
	t := rs.t
	all := patientColumns(groups(c))
	for _, name := range names {
		upper := strings.ToUpper(strings.TrimSpace(name))
		if upper == everything || upper == "*" {
			for _, p := range all {
				if rs.lacks(p) == "" {
					t.patient = append(t.patient, p)
				}
			}
			continue
		}
		heading := upper
		if f, ok := rs.d.Field(upper); ok && rs.d.Canonical(f).Name == hes.PersonField {
			upper, heading = hes.PersonField, f.Name // an older name of the key
		}
		i := slices.IndexFunc(all, func(p patientColumn) bool { return p.Name == upper })
		if i < 0 {
			list := PatientColumns(c)
			return noColumn(upper, list, "Patients have the columns "+strings.Join(list, ", ")+".")
		}
		p := all[i]
		p.Name = heading
		if lacks := rs.lacks(p); lacks != "" {
			if !rs.allow {
				rs.missing = append(rs.missing, p.Name+" ("+lacks+")")
			}
			p.of = func(*rollup.Line) string { return "" }
		}
		t.patient = append(t.patient, p)
	}
	for _, p := range t.patient {
		t.columns = append(t.columns, p.Column)
	}
	t.inputs = rollup.NewInputs(rs.d, rs.input)
	return nil
}

// lacks returns a field that a column needs and the release does not hold.
func (rs *resolver) lacks(p patientColumn) string {
	for _, n := range p.needs {
		if !rs.held[n] {
			return n
		}
	}
	return ""
}

// patient makes the line of the person whose rows were gathered.
func (l *Lines) patient() error {
	l.people = l.t.inputs.Episodes(l.people[:0], l.rows)
	p := rollup.Patient(l.people)
	for i, c := range l.t.patient {
		l.line[i] = c.of(&p)
	}
	return l.write(l.line)
}
