package derive

// Ways in which two episodes came to share a spell.
const (
	joinAdmission = iota
	joinStart
	joinUndischarged
	joinAcross
	joinSUS
	joinPaths
)

// What P1 put right in the dates of spells.
const (
	repairCutOff = iota
	repairNext
	repairDayBefore
	repairSwap
	repairKinds
)

// Reasons for which a stay is not in the denominator of R1; a stay counts under
// its first.
const (
	excludedUnfinished = iota
	excludedDayCase
	excludedDied
	excludedCancer
	excludedObstetric
	excludedReasons
)

// Counts says what the rules did. Its zero value counts nothing yet.
type Counts struct {
	Remarks     [7]int // episodes of which V1 to V7 have something to say
	Duplicates  int    // episodes flagged by D1
	Transit     [4]int // episodes by the value of rule E
	Spells      int
	SpellJoins  [joinPaths]int
	NHSD, CHE   StayCounts
	Repairs     [repairKinds]int
	Denominator int // stays in the denominator of R1
	Readmitted  int // those of them that an emergency admission followed
	Excluded    [excludedReasons]int
}

// StayCounts is the stays that a method found, and how often it joined a spell
// to the one before: stays and joins together are the spells.
type StayCounts struct{ Stays, Joins int }

// Count is one line of an account: what a rule did how often.
type Count struct {
	ID     string // "V1", "S1-start"
	What   string // a sentence for the person who reads the account
	Source string
	Count  int
}

// Add adds the counts of another Person.
func (c *Counts) Add(o Counts) {
	addAll(c.Remarks[:], o.Remarks[:])
	addAll(c.Transit[:], o.Transit[:])
	addAll(c.SpellJoins[:], o.SpellJoins[:])
	addAll(c.Repairs[:], o.Repairs[:])
	addAll(c.Excluded[:], o.Excluded[:])
	c.Duplicates += o.Duplicates
	c.Spells += o.Spells
	c.NHSD.Stays += o.NHSD.Stays
	c.NHSD.Joins += o.NHSD.Joins
	c.CHE.Stays += o.CHE.Stays
	c.CHE.Joins += o.CHE.Joins
	c.Denominator += o.Denominator
	c.Readmitted += o.Readmitted
}

func addAll(to, from []int) {
	for i, n := range from {
		to[i] += n
	}
}

// List returns the account line by line, always the same lines in the same
// order, those that count nothing too.
func (c Counts) List() []Count {
	const (
		pipeline  = "HES_pipeline"
		model     = "planning model, Strategy Unit"
		epidm     = "NHS Digital, as in epidm"
		york      = "Centre for Health Economics, York, as in HES_pipeline"
		indicator = "NHS Digital, indicator I02040"
	)
	return []Count{
		{"V1", "Episodes that are not finished (EPISTAT is not 3).", "HES data dictionary", c.Remarks[0]},
		{"V2", "Episodes that are not general (EPITYPE is not 1).", "HES data dictionary", c.Remarks[1]},
		{"V3", "Episodes that end before they begin; left out of lengths of stay.", pipeline + ", derive.R", c.Remarks[2]},
		{"V4", "Admission dates filled in from the start of the first episode.", pipeline + ", derive.R", c.Remarks[3]},
		{"V5", "Episodes not valid for spells and stays: not finished, or without person, provider, key, admission date, start or end.", pipeline + ", derive.R", c.Remarks[4]},
		{"V6", "Episodes without a person id; they count as episodes only.", "HES person id handbook", c.Remarks[5]},
		{"V7", "Episodes outside the sanity limits of sex, age, length of stay and well babies.", model, c.Remarks[6]},
		{"D1", "Episodes of which another row is the better copy.", pipeline + ", duplicates.R", c.Duplicates},
		{"E-0", "Episodes without a move between hospitals.", pipeline + ", derive.R", c.Transit[0]},
		{"E-1", "Episodes that end with a move to another hospital.", pipeline + ", derive.R", c.Transit[1]},
		{"E-2", "Episodes that begin and end with a move between hospitals.", pipeline + ", derive.R", c.Transit[2]},
		{"E-3", "Episodes that begin with a move from another hospital.", pipeline + ", derive.R", c.Transit[3]},
		{"S", "Provider spells.", pipeline + ", spells.R", c.Spells},
		{"S1-admission", "Episodes joined to the one before: same admission date.", pipeline + ", spells.R", c.SpellJoins[joinAdmission]},
		{"S1-start", "Episodes joined to the one before: same start.", pipeline + ", spells.R", c.SpellJoins[joinStart]},
		{"S1-undischarged", "Episodes joined to the one before: it ended on the day of this start, not discharged or not known how (DISMETH 8, 9).", pipeline + ", spells.R", c.SpellJoins[joinUndischarged]},
		{"S1-across", "Parts of a spell joined: same admission date, another episode between them.", "one admission is one spell", c.SpellJoins[joinAcross]},
		{"S3", "Episodes joined by their SUSSPELLID.", "SUS spell number", c.SpellJoins[joinSUS]},
		{"P1", "Continuous stays by the method of NHS Digital.", epidm, c.NHSD.Stays},
		{"P1-joins", "Spells joined to the one before by the method of NHS Digital.", epidm, c.NHSD.Joins},
		{"P1-cut-off", "Spells without a discharge date and with none after: they end with the data.", epidm, c.Repairs[repairCutOff]},
		{"P1-next", "Spells without a discharge date, discharged to another hospital: they end when the next begins.", epidm, c.Repairs[repairNext]},
		{"P1-day-before", "Other spells without a discharge date: they end on the day before the next.", epidm, c.Repairs[repairDayBefore]},
		{"P1-swap", "Spells that end before they begin: the dates change places.", epidm, c.Repairs[repairSwap]},
		{"P2", "Continuous stays by the method of the Centre for Health Economics.", york, c.CHE.Stays},
		{"P2-joins", "Spells joined to the one before by the method of the Centre for Health Economics.", york, c.CHE.Joins},
		{"R1", "Continuous stays (P1) that count for readmission.", indicator, c.Denominator},
		{"R1-readmitted", "Of these, stays that an emergency admission followed within 0 to 29 days.", indicator, c.Readmitted},
		{"R1-unfinished", "Stays left out: no discharge (DISMETH 1 to 5 and a date).", indicator, c.Excluded[excludedUnfinished]},
		{"R1-day-case", "Stays left out: day case.", indicator, c.Excluded[excludedDayCase]},
		{"R1-died", "Stays left out: died or stillborn.", indicator, c.Excluded[excludedDied]},
		{"R1-cancer", "Stays left out: cancer or chemotherapy among the diagnoses.", indicator, c.Excluded[excludedCancer]},
		{"R1-obstetric", "Stays left out: obstetric.", indicator, c.Excluded[excludedObstetric]},
	}
}
