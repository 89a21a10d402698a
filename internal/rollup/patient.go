package rollup

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
)

// Episode is what a patient's line needs of one episode: cleaned and derived
// values, "" if not recorded.
type Episode struct {
	Key, Start, Admitted, Spell, Stay, Class, Method, BedDays, Group, Age, Sex, Ethnic, DisMethod, Discharged string
	Diagnoses                                                                                                 []string // by position
}

// Line is one line per patient, section O of the cleansing rules.
type Line struct {
	Key                           string
	FirstAdmitted, LastAdmitted   string // ADMIDATE_FILLED; ADMIDATE in a release without it
	Episodes, Spells, Stays       int
	DayCases, Emergencies         int    // spells by CLASSPAT 2 and by an ADMIMETH of 2x of their first episode
	BedDays                       string // "" if none is recorded
	FirstDiagnosis, LastDiagnosis string // main ones
	Diagnoses                     int    // distinct categories of three characters, in any position
	Ever                          []string
	FirstAge, LastAge             string
	Sex                           string // the commoner of 1 and 2, the later one if there are as many; any other code only if there is neither
	SexConflict                   bool
	Ethnic                        string // the latest letter of a known category
	Died                          bool
	LastDischarged                string
	From                          Places
}

// Places says from which episodes a line has what it has of one alone, as their
// places in the order of rule S1; -1 for what is not recorded.
type Places struct{ FirstAdmitted, LastAdmitted, FirstDiagnosis, LastDiagnosis, Ethnic, Died, LastDischarged int }

// Patient makes a patient's line from the episodes in the order of rule S1. First
// and last go by EPISTART; episodes without one are asked only where no other has
// the value.
func Patient(eps []Episode) Line {
	p := Line{Episodes: len(eps), From: Places{-1, -1, -1, -1, -1, -1, -1}}
	var categories []string
	spells, stays := map[string]bool{}, map[string]bool{}
	sexes := [2]int{}
	days, some := 0, false
	for i := range eps {
		e := &eps[i]
		p.Key = e.Key
		if e.Admitted != "" && (p.FirstAdmitted == "" || e.Admitted < p.FirstAdmitted) {
			p.FirstAdmitted, p.From.FirstAdmitted = e.Admitted, i
		}
		if e.Admitted != "" && e.Admitted >= p.LastAdmitted {
			p.LastAdmitted, p.From.LastAdmitted = e.Admitted, i
		}
		if e.Discharged != "" && e.Discharged >= p.LastDischarged {
			p.LastDischarged, p.From.LastDischarged = e.Discharged, i
		}
		if e.Spell != "" && !spells[e.Spell] { // the first of its spell
			spells[e.Spell] = true
			if e.Class == "2" {
				p.DayCases++
			}
			if strings.HasPrefix(e.Method, "2") {
				p.Emergencies++
			}
		}
		if e.Stay != "" {
			stays[e.Stay] = true
		}
		if n, err := strconv.Atoi(e.BedDays); err == nil {
			days, some = days+n, true
		}
		for _, d := range e.Diagnoses {
			if len(d) >= 3 {
				categories = append(categories, d[:3])
			}
		}
		if e.Group != "" && !slices.Contains(p.Ever, e.Group) {
			p.Ever = append(p.Ever, e.Group)
		}
		switch e.Sex {
		case "1":
			sexes[0]++
		case "2":
			sexes[1]++
		}
		if e.DisMethod == "4" {
			p.Died, p.From.Died = true, i
		}
	}
	p.Spells, p.Stays = len(spells), len(stays)
	if some {
		p.BedDays = strconv.Itoa(days)
	}
	slices.Sort(categories)
	p.Diagnoses = len(slices.Compact(categories))
	p.SexConflict = sexes[0] > 0 && sexes[1] > 0
	p.ends(eps, sexes)
	return p
}

// ends fills in what is taken from the first or the last episode that has it.
func (p *Line) ends(eps []Episode, sexes [2]int) {
	main := func(e *Episode) string {
		if len(e.Diagnoses) == 0 {
			return ""
		}
		return e.Diagnoses[0]
	}
	age := func(e *Episode) string { return e.Age }
	order := undatedLast(eps)
	p.FirstDiagnosis, p.From.FirstDiagnosis = earliest(eps, order, main)
	p.LastDiagnosis, p.From.LastDiagnosis = latest(eps, order, main)
	p.FirstAge, _ = earliest(eps, order, age)
	p.LastAge, _ = latest(eps, order, age)
	p.Ethnic, p.From.Ethnic = latest(eps, order, func(e *Episode) string {
		if len(e.Ethnic) != 1 || !strings.Contains("ABCDEFGHJKLMNPRS", e.Ethnic) { // those of rule C9
			return ""
		}
		return e.Ethnic
	})
	p.Sex, _ = latest(eps, order, func(e *Episode) string {
		switch {
		case sexes == [2]int{}, e.Sex == "1" && sexes[0] >= sexes[1], e.Sex == "2" && sexes[1] >= sexes[0]:
			return e.Sex
		}
		return ""
	})
}

// undatedLast returns where the episodes with a date begin; those before, for what
// is not recorded sorts first, are asked last.
func undatedLast(eps []Episode) int {
	n := 0
	for n < len(eps) && eps[n].Start == "" {
		n++
	}
	return n
}

// earliest returns the first recorded value among the episodes from dated on, else
// among those before, and its place.
func earliest(eps []Episode, dated int, of func(*Episode) string) (value string, place int) {
	for _, part := range [...][2]int{{dated, len(eps)}, {0, dated}} {
		for i := part[0]; i < part[1]; i++ {
			if v := of(&eps[i]); v != "" {
				return v, i
			}
		}
	}
	return "", -1
}

// latest returns the last one likewise.
func latest(eps []Episode, dated int, of func(*Episode) string) (value string, place int) {
	for _, part := range [...][2]int{{dated, len(eps)}, {0, dated}} {
		for i := part[1] - 1; i >= part[0]; i-- {
			if v := of(&eps[i]); v != "" {
				return v, i
			}
		}
	}
	return "", -1
}

// Inputs are the cells that a patient's line is worked out from.
type Inputs struct {
	Order
	key, admitted, spell, stay, class, method, bedDays, group, age, sex, ethnic, dismethod, discharged int
	diagnoses                                                                                          []int
}

// NewInputs finds the cells. Those of the diagnoses follow one another in the order
// in which they are asked for.
func NewInputs(d *hes.Dictionary, cell Cell) Inputs {
	in := Inputs{Order: NewOrder(cell),
		key: cell(hes.PersonField), admitted: cell(hes.AdmissionDate), spell: cell(hes.SpellField), stay: cell("STAY_NHSD"),
		class: cell("CLASSPAT"), method: cell("ADMIMETH"), bedDays: cell("BED_DAYS"), group: cell("CONDITION_GROUP"),
		age: cell("STARTAGE"), sex: cell("SEX"), ethnic: cell("ETHNOS"), dismethod: cell("DISMETH"), discharged: cell("DISDATE"),
	}
	if filled := cell("ADMIDATE_FILLED"); filled >= 0 {
		in.admitted = filled
	}
	f, _ := d.Field(hes.AnyDiagnosis)
	for slot := 1; slot <= f.Slots; slot++ {
		if c := cell(f.SlotName(slot)); c >= 0 {
			in.diagnoses = append(in.diagnoses, c)
		}
	}
	return in
}

// Episodes appends what a line needs of a patient's rows, in the order of rule S1.
// The order of rows is changed; what is appended holds texts of the rows.
func (in *Inputs) Episodes(into []Episode, rows [][]string) []Episode {
	slices.SortFunc(rows, in.Compare)
	for _, r := range rows {
		e := Episode{Key: at(r, in.key), Start: at(r, in.start), Admitted: at(r, in.admitted), Spell: at(r, in.spell), Stay: at(r, in.stay),
			Class: at(r, in.class), Method: at(r, in.method), BedDays: at(r, in.bedDays), Group: at(r, in.group), Age: at(r, in.age), Sex: at(r, in.sex),
			Ethnic: at(r, in.ethnic), DisMethod: at(r, in.dismethod), Discharged: at(r, in.discharged)}
		if n := len(in.diagnoses); n > 0 { // the cells follow one another
			e.Diagnoses = r[in.diagnoses[0] : in.diagnoses[0]+n]
		}
		into = append(into, e)
	}
	return into
}
