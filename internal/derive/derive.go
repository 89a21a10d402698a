// Package derive works out what the rules say of a person's episodes.
//
// A cleaned episode tells of itself; a researcher asks about stays. Which rows
// tell of the same episode twice (D1), which episodes make one stay in one
// hospital (S1 or S3), which of those stays are one illness moved between
// hospitals (P1 and P2), how long it took (L), whether the patient came back as
// an emergency (R1), and how ill he or she was before (M): each answer needs all
// episodes of the person at once. So the one entrance, Person.Derive, takes
// them together and gives each its Result. (The line per patient, O, is made where
// it is handed out, by package dump.)
//
// Rules never drop a row and never change a value: they add remarks, numbers
// and flags beside it. Letters name the rules throughout; the sources that each
// follows are listed with its counts (Counts.List).
//
// The package does no input or output and holds no state but scratch memory:
// the same episodes give the same results, in whatever order they come. It is
// called for every person of a release, so a person costs no allocation once
// the scratch has grown.
package derive

import "cmp"

// Episode is what the rules need of one cleaned row. Codes and days of fields
// that are not recorded are 0 and NoDay.
type Episode struct {
	Person     bool   // the row has a person key
	Provider   uint32 // rank of PROCODE3 among the release's values; 0 = not recorded
	Key        uint32 // rank of EPIKEY in byte order; 0 = not recorded
	SUSSpell   uint32 // rank of SUSSPELLID; 0 = not recorded, or the -1 of an episode that SUS put in no spell
	Start      Day    // EPISTART
	End        Day    // EPIEND
	Admitted   Day    // ADMIDATE
	Discharged Day    // DISDATE
	Submitted  Day    // SUBDATE

	Order    int32 // EPIORDER; -1 = not recorded, as the next two
	Age      int32 // STARTAGE in whole years
	Duration int32 // SPELDUR in days
	Year     int16 // first calendar year of FYEAR, 2008 for 0809; 0 = not recorded

	Method    Code // ADMIMETH
	Source    Code // ADMISORC
	DisMethod Code // DISMETH
	DisDest   Code // DISDEST
	Class     Code // CLASSPAT
	Main      Code // MAINSPEF
	Treat     Code // TRETSPEF
	Sex       Code // SEX
	Stat      Code // EPISTAT
	Type      Code // EPITYPE
	Ethnic    Code // ETHNOS

	Quality  uint8     // how many of the 23 fields of rule D1 are recorded
	WellBaby bool      // WELL_BABY_IND is Y, or the HRG is PB03Z
	Dx       Diagnoses // of all the row's diagnoses together
	Group    uint8     // Tables.ConditionGroup of the main diagnosis
}

// Result is what the rules say of one episode.
type Result struct {
	Valid     bool  // V5: may enter spells and stays
	Bad       bool  // V3: ends before it begins
	Duplicate bool  // D1: another row of the person is the better copy
	Filled    Day   // V4: ADMIDATE_FILLED
	Transit   uint8 // E: 0 not moved, 1 out, 2 in and out, 3 in
	Ethnic    uint8 // C9: index in Ethnic5
	Flags     uint8 // bit i-1: rule Vi has something to say

	Spell    int32 // S: number of the provider spell within this call, from 0; -1 = none, as the next two
	StayNHSD int32 // P1
	StayCHE  int32 // P2
	LOS      int32 // L1: days of the spell; -1 = not known, as the next
	BedDays  int32 // L3: days of the episode in its financial year

	Admission  uint8 // A4, A2: index in AdmissionGroups
	Readmitted int8  // R1: -1 the stay does not count, 0 no, 1 yes
	Band       int8  // B2: index in AgeBands; -1 = not known

	Charlson, Charlson1, Charlson5       int16 // M: own diagnoses; with those of 1 and 5 years before
	Elixhauser, Elixhauser1, Elixhauser5 int16
}

// Method says how provider spells are found.
type Method uint8

// The methods.
const (
	S1 Method = iota // by dates and discharge methods of neighbouring episodes
	S3               // by SUSSPELLID where it is recorded, else as S1
)

// Options chooses between the rules. The zero Options is usable: S1, and a
// cut-off before every admission, which fills no end.
type Options struct {
	Spells Method
	CutOff Day // P1: end of a person's last stay that has no discharge date; without effect before its start
}

// Person applies the rules to one person after another and counts what they
// did. It keeps scratch memory and is not safe for concurrent use: give each
// goroutine its own and add up their Counts.
type Person struct {
	tables  *Tables
	options Options
	counts  Counts
	flagged [128]int // episodes by their Flags; Counts makes Remarks of them

	// The episodes of the call and their results.
	eps []Episode
	out []Result

	order  []int32 // all episodes, in the order of S1
	rows   []int32 // those that enter spells, in that order
	parent []int32 // union-find over rows
	spells []spell
	stays  []stay
	list   []int32 // passing work
	index  []uint64

	lookBack lookBack
}

// New returns a Person that follows the options.
func New(t *Tables, o Options) *Person { return &Person{tables: t, options: o} }

// Counts returns the sums over all calls so far.
func (p *Person) Counts() Counts {
	c := p.counts
	for flags, n := range p.flagged {
		for i := range c.Remarks {
			c.Remarks[i] += flags >> i & 1 * n
		}
	}
	return c
}

// Derive fills out, one Result an episode and of the same length as eps, which
// are all the episodes of one person in any order. A row without a person key
// is a call of its own.
func (p *Person) Derive(eps []Episode, out []Result) {
	p.eps, p.out = eps, out[:len(eps)]
	for i := range eps {
		p.row(&eps[i], &out[i])
	}
	p.sortEpisodes()
	p.markDuplicates()
	p.findSpells()
	p.stayLengths()
	p.joinNHSD()
	p.joinCHE()
	p.readmissions()
	p.comorbidity()
	p.eps, p.out = nil, nil
}

// compare puts two episodes in the order of S1: provider, then EPISTART,
// EPIEND, EPIORDER, TRANSIT and EPIKEY. The other fields only settle ties, so
// that the order in which episodes come never matters.
func compare(a, b *Episode) int {
	if c := cmp.Compare(a.Provider, b.Provider); c != 0 {
		return c
	}
	return compareInTime(a, b)
}

// compareInTime is compare across providers.
func compareInTime(a, b *Episode) int {
	if c := cmp.Compare(a.Start, b.Start); c != 0 {
		return c
	}
	if c := cmp.Compare(a.End, b.End); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Order, b.Order); c != 0 {
		return c
	}
	if c := cmp.Compare(a.transit(), b.transit()); c != 0 {
		return c
	}
	return compareKeys(a, b)
}

// compareKeys settles ties: EPIKEY, FYEAR and provider name an episode, and
// where even they are equal every other field is looked at.
func compareKeys(a, b *Episode) int {
	if c := cmp.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Year, b.Year), cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.SUSSpell, b.SUSSpell), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End),
		cmp.Compare(a.Admitted, b.Admitted), cmp.Compare(a.Discharged, b.Discharged), cmp.Compare(a.Submitted, b.Submitted),
		cmp.Compare(a.Order, b.Order), cmp.Compare(a.Age, b.Age), cmp.Compare(a.Duration, b.Duration),
		cmp.Compare(a.Method, b.Method), cmp.Compare(a.Source, b.Source), cmp.Compare(a.DisMethod, b.DisMethod),
		cmp.Compare(a.DisDest, b.DisDest), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Main, b.Main),
		cmp.Compare(a.Treat, b.Treat), cmp.Compare(a.Sex, b.Sex), cmp.Compare(a.Stat, b.Stat),
		cmp.Compare(a.Type, b.Type), cmp.Compare(a.Ethnic, b.Ethnic), cmp.Compare(a.Quality, b.Quality),
		cmp.Compare(truth(a.WellBaby), truth(b.WellBaby)), cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Dx.Charlson, b.Dx.Charlson), cmp.Compare(a.Dx.Elixhauser, b.Dx.Elixhauser), cmp.Compare(a.Dx.Marks, b.Dx.Marks))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
