package dump

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// patientColumn is a column of a patient's line.
type patientColumn struct {
	Column
	needs []string // fields without which it cannot be worked out, families by their own name
	of    func(*patientLine) string
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
	text := func(name string, t hes.Type, of func(*patientLine) string, needs ...string) patientColumn {
		return patientColumn{Column{name, t}, needs, of}
	}
	count := func(name string, of func(*patientLine) int, needs ...string) patientColumn {
		return patientColumn{Column{name, hes.Int}, needs, func(p *patientLine) string { return strconv.Itoa(of(p)) }}
	}
	flag := func(name string, of func(*patientLine) bool, needs ...string) patientColumn {
		return patientColumn{Column{name, hes.Code}, needs, func(p *patientLine) string {
			if of(p) {
				return "1"
			}
			return "0"
		}}
	}
	out := []patientColumn{
		text(hes.PersonField, hes.Key, func(p *patientLine) string { return p.Key }, hes.PersonField),
		text("FIRST_ADMIDATE", hes.Date, func(p *patientLine) string { return p.FirstAdmitted }, hes.AdmissionDate),
		text("LAST_ADMIDATE", hes.Date, func(p *patientLine) string { return p.LastAdmitted }, hes.AdmissionDate),
		count(counted, func(p *patientLine) int { return p.Episodes }),
		count("SPELLS", func(p *patientLine) int { return p.Spells }, "PROVIDER_SPELL"),
		count("STAYS", func(p *patientLine) int { return p.Stays }, "STAY_NHSD"),
		count("DAY_CASES", func(p *patientLine) int { return p.DayCases }, "PROVIDER_SPELL", "CLASSPAT"),
		count("EMERGENCY_ADMISSIONS", func(p *patientLine) int { return p.Emergencies }, "PROVIDER_SPELL", "ADMIMETH"),
		text("BED_DAYS", hes.Int, func(p *patientLine) string { return p.BedDays }, "BED_DAYS"),
		text("FIRST_DIAGNOSIS", hes.Code, func(p *patientLine) string { return p.FirstDiagnosis }, hes.AnyDiagnosis),
		text("LAST_DIAGNOSIS", hes.Code, func(p *patientLine) string { return p.LastDiagnosis }, hes.AnyDiagnosis),
		count("DIAGNOSES", func(p *patientLine) int { return p.Diagnoses }, hes.AnyDiagnosis),
	}
	for _, g := range groups {
		out = append(out, flag("EVER_"+strings.ToUpper(g), func(p *patientLine) bool { return slices.Contains(p.Ever, g) }, "CONDITION_GROUP"))
	}
	return append(out,
		text("FIRST_AGE", hes.Int, func(p *patientLine) string { return p.FirstAge }, "STARTAGE"),
		text("LAST_AGE", hes.Int, func(p *patientLine) string { return p.LastAge }, "STARTAGE"),
		text("SEX", hes.Code, func(p *patientLine) string { return p.Sex }, "SEX"),
		flag("SEX_CONFLICT", func(p *patientLine) bool { return p.SexConflict }, "SEX"),
		text("ETHNOS", hes.Code, func(p *patientLine) string { return p.Ethnic }, "ETHNOS"),
		flag("DIED", func(p *patientLine) bool { return p.Died }, "DISMETH"),
		text("LAST_DISDATE", hes.Date, func(p *patientLine) string { return p.LastDischarged }, "DISDATE"),
	)
}

// inputs are the cells that a patient's line is worked out from.
type inputs struct {
	key, admitted, spell, stay, class, method, bedDays, group, age, sex, ethnic, dismethod, discharged int
	diagnoses                                                                                          []int
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
			p.of = func(*patientLine) string { return "" }
		}
		t.patient = append(t.patient, p)
	}
	for _, p := range t.patient {
		t.columns = append(t.columns, p.Column)
	}
	t.order = rs.ordering()
	t.inputs = inputs{
		key: rs.input(hes.PersonField), admitted: rs.input(hes.AdmissionDate), spell: rs.input("PROVIDER_SPELL"), stay: rs.input("STAY_NHSD"),
		class: rs.input("CLASSPAT"), method: rs.input("ADMIMETH"), bedDays: rs.input("BED_DAYS"), group: rs.input("CONDITION_GROUP"),
		age: rs.input("STARTAGE"), sex: rs.input("SEX"), ethnic: rs.input("ETHNOS"), dismethod: rs.input("DISMETH"), discharged: rs.input("DISDATE"),
	}
	if filled := rs.input("ADMIDATE_FILLED"); filled >= 0 {
		t.inputs.admitted = filled
	}
	f, ok := rs.d.Field(hes.AnyDiagnosis)
	if !ok {
		return fault.New(fault.Internal, "the dictionary has no diagnoses")
	}
	for slot := 1; slot <= f.Slots; slot++ {
		if cell := rs.input(f.SlotName(slot)); cell >= 0 {
			t.inputs.diagnoses = append(t.inputs.diagnoses, cell)
		}
	}
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
	t, in := l.t, &l.t.inputs
	slices.SortFunc(l.rows, t.order.compare)
	l.people = l.people[:0]
	for _, r := range l.rows {
		e := patientEpisode{Key: at(r, in.key), Start: at(r, t.order.start), Admitted: at(r, in.admitted), Spell: at(r, in.spell), Stay: at(r, in.stay),
			Class: at(r, in.class), Method: at(r, in.method), BedDays: at(r, in.bedDays), Group: at(r, in.group), Age: at(r, in.age), Sex: at(r, in.sex),
			Ethnic: at(r, in.ethnic), DisMethod: at(r, in.dismethod), Discharged: at(r, in.discharged)}
		if n := len(in.diagnoses); n > 0 { // the cells follow one another
			e.Diagnoses = r[in.diagnoses[0] : in.diagnoses[0]+n]
		}
		l.people = append(l.people, e)
	}
	p := rollUp(l.people)
	for i, c := range t.patient {
		l.line[i] = c.of(&p)
	}
	return l.write(l.line)
}
