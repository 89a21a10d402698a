package derive

import "cmp"

// Patient is one line per patient (O).
type Patient struct {
	FirstAdmitted, LastAdmitted Day // ADMIDATE_FILLED
	LastDischarged              Day // DISDATE
	Episodes                    int
	Spells                      int
	Stays                       int    // P1
	DayCases                    int    // spells that begin as a day case
	Emergencies                 int    // spells that begin with an emergency admission
	BedDays                     int    // BED_DAYS of all episodes
	FirstMain, LastMain         string // main diagnosis of the first and last episode that has one; "" = none
	Diagnoses                   int    // distinct three-character diagnoses
	Groups                      uint64 // bit i: some episode is of condition group i
	FirstAge, LastAge           int32  // STARTAGE of the first and last episode that has one; -1 = none
	Sex                         Code   // the commoner of 1 and 2, of equals the later; else the latest recorded
	SexConflict                 bool   // both 1 and 2 are recorded
	Ethnic                      Code   // ETHNOS, latest letter of a known category; 0 = none
	Died                        bool   // in hospital: some DISMETH is 4
}

// RollUp gathers the episodes of one patient into a line. Episodes may come in
// any order; the caller leaves out duplicates and rows without a person. It
// keeps its memory from patient to patient and is not safe for concurrent use.
type RollUp struct {
	line   Patient
	spells []rolledSpell // by number
	stays  []bool        // by number
	codes  map[Code]struct{}
	sexes  [2]int

	firstMain, lastMain, firstAge, lastAge, lastSex, ethnic kept
}

// rolledSpell is a spell, for which its first episode speaks.
type rolledSpell struct {
	seen  bool
	first Episode
}

// kept is an episode that was the first or last of its kind so far.
type kept struct {
	set  bool
	e    Episode
	text string
}

// first takes the episode if it is earlier than the one kept.
func (k *kept) first(e *Episode, text string) { k.take(e, text, -1) }

// last takes the episode if it is later than the one kept.
func (k *kept) last(e *Episode, text string) { k.take(e, text, 1) }

// take takes the episode if it lies on the wanted side of the one kept: -1
// before it, 1 after it. One without a start only stands in while there is no
// other.
func (k *kept) take(e *Episode, text string, side int) {
	better := !k.set
	if k.set {
		if undated := e.Start == NoDay; undated != (k.e.Start == NoDay) {
			better = !undated
		} else {
			better = cmp.Or(compareInTime(e, &k.e), cmp.Compare(text, k.text)) == side
		}
	}
	if better {
		*k = kept{true, *e, text}
	}
}

// NewRollUp returns a RollUp without episodes.
func NewRollUp() *RollUp {
	r := &RollUp{codes: map[Code]struct{}{}}
	r.Reset()
	return r
}

// Reset forgets the patient.
func (r *RollUp) Reset() {
	clear(r.codes)
	*r = RollUp{spells: r.spells[:0], stays: r.stays[:0], codes: r.codes, line: Patient{FirstAdmitted: NoDay, LastAdmitted: NoDay, LastDischarged: NoDay, FirstAge: -1, LastAge: -1}}
}

// Add takes in one episode: what Derive was given and gave for it, its cleaned
// main diagnosis and all its diagnoses, the main one among them. Empty texts
// are not recorded.
func (r *RollUp) Add(e *Episode, res *Result, mainDiagnosis string, diagnoses []string) {
	p := &r.line
	p.Episodes++
	if res.Filled != NoDay {
		if p.FirstAdmitted == NoDay || res.Filled < p.FirstAdmitted {
			p.FirstAdmitted = res.Filled
		}
		p.LastAdmitted = max(p.LastAdmitted, res.Filled)
	}
	p.LastDischarged = max(p.LastDischarged, e.Discharged)
	p.BedDays += int(max(0, res.BedDays))
	p.Groups |= 1 << e.Group
	p.Died = p.Died || e.DisMethod == is4
	if n := int(res.Spell); n >= 0 {
		r.spells = grown(r.spells, n)
		if s := &r.spells[n]; !s.seen || compare(e, &s.first) < 0 {
			*s = rolledSpell{true, *e}
		}
	}
	if n := int(res.StayNHSD); n >= 0 {
		r.stays = grown(r.stays, n)
		r.stays[n] = true
	}
	for _, code := range diagnoses {
		if len(code) >= 3 {
			r.codes[Pack(code[:3])] = struct{}{}
		}
	}
	if mainDiagnosis != "" {
		r.firstMain.first(e, mainDiagnosis)
		r.lastMain.last(e, mainDiagnosis)
	}
	if e.Age >= 0 {
		r.firstAge.first(e, "")
		r.lastAge.last(e, "")
	}
	r.addSex(e)
	if c := e.Ethnic.first(); c >= 'A' && e.ethnic5() != ethnicUnknown {
		r.ethnic.last(e, "")
	}
}

// grown returns the slice, made long enough to hold index n.
func grown[T any](s []T, n int) []T {
	var zero T
	for len(s) <= n {
		s = append(s, zero)
	}
	return s
}

// addSex counts male and female; of the other values only the latest is kept,
// in case there is nothing else.
func (r *RollUp) addSex(e *Episode) {
	known := e.Sex == is1 || e.Sex == is2
	seen := r.sexes[0]+r.sexes[1] > 0
	switch {
	case known && !seen:
		r.lastSex = kept{}
		fallthrough
	case e.Sex != 0 && known == seen:
		r.lastSex.last(e, "")
	}
	if e.Sex == is1 {
		r.sexes[0]++
	} else if e.Sex == is2 {
		r.sexes[1]++
	}
}

// Patient returns the line of the episodes since the last Reset.
func (r *RollUp) Patient() Patient {
	p := r.line
	p.Diagnoses = len(r.codes)
	for i := range r.spells {
		s := &r.spells[i]
		p.Spells += truth(s.seen)
		p.DayCases += truth(s.seen && s.first.Class == is2)
		p.Emergencies += truth(s.seen && s.first.Method.emergency())
	}
	for _, seen := range r.stays {
		p.Stays += truth(seen)
	}
	p.FirstMain, p.LastMain = r.firstMain.text, r.lastMain.text
	if r.firstAge.set {
		p.FirstAge, p.LastAge = r.firstAge.e.Age, r.lastAge.e.Age
	}
	p.SexConflict = r.sexes[0] > 0 && r.sexes[1] > 0
	p.Sex = r.lastSex.e.Sex
	if r.sexes[0] > r.sexes[1] {
		p.Sex = is1
	} else if r.sexes[1] > r.sexes[0] {
		p.Sex = is2
	}
	p.Ethnic = r.ethnic.e.Ethnic
	return p
}
