package dump

import (
	"slices"
	"strconv"
	"strings"
)

// patientEpisode is what a patient's line needs of one episode: cleaned and
// derived values, "" if not recorded.
type patientEpisode struct {
	Key, Start, Admitted, Spell, Stay, Class, Method, BedDays, Group, Age, Sex, Ethnic, DisMethod, Discharged string
	Diagnoses                                                                                                 []string // by position
}

// patientLine is one line per patient, section O of the cleansing rules.
type patientLine struct {
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
}

// rollUp makes a patient's line from the episodes in the order of rule S1,
// duplicates left out. First and last go by EPISTART; episodes without one are
// asked only where no other has the value.
func rollUp(eps []patientEpisode) patientLine {
	p := patientLine{Episodes: len(eps)}
	undated := 0
	for undated < len(eps) && eps[undated].Start == "" {
		undated++
	}
	none, dated := eps[:undated], eps[undated:] // what is not recorded sorts first
	var categories []string
	spells, stays := map[string]bool{}, map[string]bool{}
	sexes := [2]int{}
	days, some := 0, false
	for i := range eps {
		e := &eps[i]
		p.Key = e.Key
		if e.Admitted != "" && (p.FirstAdmitted == "" || e.Admitted < p.FirstAdmitted) {
			p.FirstAdmitted = e.Admitted
		}
		p.LastAdmitted, p.LastDischarged = max(p.LastAdmitted, e.Admitted), max(p.LastDischarged, e.Discharged)
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
		p.Died = p.Died || e.DisMethod == "4"
	}
	p.Spells, p.Stays = len(spells), len(stays)
	if some {
		p.BedDays = strconv.Itoa(days)
	}
	slices.Sort(categories)
	p.Diagnoses = len(slices.Compact(categories))
	main := func(e *patientEpisode) string {
		if len(e.Diagnoses) == 0 {
			return ""
		}
		return e.Diagnoses[0]
	}
	age := func(e *patientEpisode) string { return e.Age }
	p.FirstDiagnosis, p.LastDiagnosis = earliest(dated, none, main), latest(dated, none, main)
	p.FirstAge, p.LastAge = earliest(dated, none, age), latest(dated, none, age)
	p.Ethnic = latest(dated, none, func(e *patientEpisode) string {
		if len(e.Ethnic) != 1 || !strings.Contains("ABCDEFGHJKLMNPRS", e.Ethnic) { // those of rule C9
			return ""
		}
		return e.Ethnic
	})
	p.SexConflict = sexes[0] > 0 && sexes[1] > 0
	p.Sex = latest(dated, none, func(e *patientEpisode) string {
		switch {
		case sexes == [2]int{}, e.Sex == "1" && sexes[0] >= sexes[1], e.Sex == "2" && sexes[1] >= sexes[0]:
			return e.Sex
		}
		return ""
	})
	return p
}

// earliest returns the first recorded value among dated episodes, else among
// those without a date.
func earliest(dated, none []patientEpisode, of func(*patientEpisode) string) string {
	for _, eps := range [...][]patientEpisode{dated, none} {
		for i := range eps {
			if v := of(&eps[i]); v != "" {
				return v
			}
		}
	}
	return ""
}

// latest returns the last one likewise.
func latest(dated, none []patientEpisode, of func(*patientEpisode) string) string {
	for _, eps := range [...][]patientEpisode{dated, none} {
		for i := len(eps) - 1; i >= 0; i-- {
			if v := of(&eps[i]); v != "" {
				return v
			}
		}
	}
	return ""
}
