package derive

// AdmissionGroups returns the codes of the list ADMISSION_GROUP; Result.Admission
// is an index in them.
func AdmissionGroups() []string {
	return []string{"regular", "birth", "paediatric", "maternity", "emergency", "transfer", "ordinary elective", "day case", "elective", "other"}
}

const (
	groupRegular uint8 = iota
	groupBirth
	groupPaediatric
	groupMaternity
	groupEmergency
	groupTransfer
	groupOrdinary
	groupDayCase
	groupElective
	groupOther
)

// AgeBands returns the codes of the list AGE_BAND; Result.Band is an index in
// them.
func AgeBands() []string {
	return []string{"0", "1-4", "5-9", "10-14", "15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49",
		"50-54", "55-59", "60-64", "65-69", "70-74", "75-79", "80-84", "85-89", "90+"}
}

// Ethnic5 returns the codes of the list ETHNIC5; Result.Ethnic is an index in
// them.
func Ethnic5() []string { return []string{"White", "Mixed", "Asian", "Black", "Other", "Unknown"} }

const (
	ethnicWhite uint8 = iota
	ethnicMixed
	ethnicAsian
	ethnicBlack
	ethnicOther
	ethnicUnknown
)

// row applies the rules that need one row alone.
func (p *Person) row(e *Episode, r *Result) {
	*r = Result{Spell: -1, StayNHSD: -1, StayCHE: -1, LOS: -1, BedDays: -1, Readmitted: -1}
	r.Transit = e.transit()
	r.Ethnic = e.ethnic5()
	r.Admission = e.admissionGroup()
	r.Band = e.ageBand()
	r.Bad = e.Start != NoDay && e.End != NoDay && e.End < e.Start
	filled := e.Admitted == NoDay && e.Start != NoDay && e.Order == 1 && !e.Method.transferred() && !e.Source.ward()
	if r.Filled = e.Admitted; filled {
		r.Filled = e.Start
	}
	finished := e.Stat == is3
	r.Valid = e.Person && e.Provider != 0 && r.Filled != NoDay && e.Key != 0 && e.Start != NoDay && e.End != NoDay && finished
	if !r.Bad {
		r.BedDays = e.bedDays()
	}
	r.Flags = uint8(truth(!finished) | truth(e.Type != is1)<<1 | truth(r.Bad)<<2 | truth(filled)<<3 |
		truth(!r.Valid)<<4 | truth(!e.Person)<<5 | truth(!e.sane())<<6)
	p.flagged[r.Flags]++
	p.counts.Transit[r.Transit]++
}

// transit applies rule E.
func (e *Episode) transit() uint8 {
	in, out := e.Source.ward() || e.Method.transferred(), e.DisDest.ward()
	switch {
	case in && out:
		return 2
	case in:
		return 3
	case out:
		return 1
	}
	return 0
}

// ethnic5 applies rule C9 to the letters of 2001-02 and after and to the digits
// before.
func (e *Episode) ethnic5() uint8 {
	if e.Ethnic<<8 != 0 {
		return ethnicUnknown // longer than one character: 99
	}
	switch c := e.Ethnic.first(); {
	case 'A' <= c && c <= 'C', c == '0':
		return ethnicWhite
	case 'D' <= c && c <= 'G':
		return ethnicMixed
	case c == 'H', 'J' <= c && c <= 'L', '4' <= c && c <= '6':
		return ethnicAsian
	case c == 'M', c == 'N', c == 'P', '1' <= c && c <= '3':
		return ethnicBlack
	case c == 'R', c == 'S', c == '7', c == '8':
		return ethnicOther
	}
	return ethnicUnknown
}

// sane applies rule V7, the sanity limits of a planning model. The limit on
// SPELDUR does not hold in mental health, which is every specialty from 700
// (learning disability) on, nor late in a long spell.
func (e *Episode) sane() bool {
	mental := e.Main.first() == '7' || e.Treat.first() == '7'
	long := e.Duration > 730 && !mental && e.Order < 10
	well := e.WellBaby || e.Treat == is424 && e.Type == is3
	return (e.Sex == is1 || e.Sex == is2) && e.Age >= 0 && !long && !well
}

// bedDays applies rule L3: the days of [EPISTART, EPIEND) in the financial
// year, 1 April to 31 March. It is -1 where a date or the year is not recorded.
func (e *Episode) bedDays() int32 {
	if e.Start == NoDay || e.End == NoDay || e.Year == 0 {
		return -1
	}
	from, to := civil(int(e.Year), 4, 1), civil(int(e.Year)+1, 4, 1)
	return max(0, int32(min(e.End, to)-max(e.Start, from)))
}

// admissionGroup applies rule A4, the order of a planning model in which the
// first match wins, and A2 to what it leaves.
func (e *Episode) admissionGroup() uint8 {
	m := e.Method
	switch {
	case e.Class.regular():
		return groupRegular
	case m == is82 || m == is83:
		return groupBirth
	case e.Main == is420:
		return groupPaediatric
	case (m.first() == '3' || e.Main.obstetric()) && e.Sex == is2 && e.Age >= 13 && e.Age <= 55:
		return groupMaternity
	case m.emergency():
		return groupEmergency
	case m == is81:
		return groupTransfer
	case m.elective() && e.Class == is1:
		return groupOrdinary
	case m.elective() && e.Class == is2:
		return groupDayCase
	case m.elective():
		return groupElective
	case m == is31 || m == is32:
		return groupMaternity
	}
	return groupOther
}

// ageBand applies rule B2: 0, 1 to 4, then five years each, 90 and over.
func (e *Episode) ageBand() int8 {
	switch {
	case e.Age < 0 || e.Age > 120:
		return -1
	case e.Age == 0:
		return 0
	}
	return int8(min(e.Age, 90)/5 + 1)
}
