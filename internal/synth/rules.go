package synth

// A rule is a cleansing rule by which a loader changes values.
type rule int

const (
	ruleNull rule = iota
	rule1800
	rule1801
	ruleOld
	ruleNotApplicable
	ruleCarer
	ruleClass
	ruleEthnic
	ruleSex
	ruleProvider
	rulePractice
	ruleSpecialty
	ruleUnknownDiagnosis
	ruleArea
	ruleRecoded
	ruleBabyAge
	ruleSpellEnd
	ruleDiagnosis
	ruleProcedure
	ruleNone
	ruleNumber
	ruleNotNumber
	ruleDateForm
	ruleCase
	ruleYear
	ruleText
	ruleYearForm
	ruleMonth
	ruleCount
)

// ids are the names under which a loader reports the rules.
func ids() [ruleCount]string {
	return [...]string{ruleNull: "C1", rule1800: "C2-1800", rule1801: "C2-1801", ruleOld: "C2-old",
		ruleNotApplicable: "C3-98-99", ruleCarer: "C3-99", ruleClass: "C3-8-9", ruleEthnic: "C3-ethnic", ruleSex: "C3-sex", ruleProvider: "C3-provider",
		rulePractice: "C3-practice", ruleSpecialty: "C3-specialty", ruleUnknownDiagnosis: "C3-diagnosis", ruleArea: "C3-area",
		ruleRecoded: "C4", ruleBabyAge: "C5",
		ruleSpellEnd: "C6", ruleDiagnosis: "C7", ruleProcedure: "C8", ruleNone: "C8-none", ruleNumber: "N1", ruleNotNumber: "N2", ruleDateForm: "N3",
		ruleCase: "N4", ruleYear: "N5", ruleText: "N6", ruleYearForm: "N7", ruleMonth: "N9"}
}

// special says which texts of a field stand for “not known” (rules C3). Source:
// the conventions of HES_pipeline.
type special struct {
	column int
	rule   rule
	texts  []string
}

func specials() []special {
	return []special{
		{cADMINCAT, ruleNotApplicable, []string{"98", "99"}}, {cADMISORC, ruleNotApplicable, []string{"98", "99"}}, {cDISDEST, ruleNotApplicable, []string{"98", "99"}}, {cEPIORDER, ruleNotApplicable, []string{"98", "99"}},
		{cCARERSI, ruleCarer, []string{"99"}}, {cADMIMETH, ruleNotApplicable, []string{"98", "99"}}, {cETHNOS, ruleEthnic, []string{"99", "X", "Z"}}, {cCLASSPAT, ruleClass, []string{"8", "9"}},
		{cINTMANIG, ruleClass, []string{"8", "9"}}, {cNEOCARE, ruleClass, []string{"8", "9"}}, {cOPERSTAT, ruleClass, []string{"8", "9"}}, {cSEX, ruleSex, []string{"0", "X"}},
		{cPROCODE, ruleProvider, []string{"89997", "89999"}}, {cSITETRET, ruleProvider, []string{"89997", "89999"}}, {cPROCODE3, ruleProvider, []string{"899"}},
		{cGPPRAC, rulePractice, []string{"V81997", "V81998", "V81999", "&"}}, {cMAINSPEF, ruleSpecialty, []string{"&"}}, {cTRETSPEF, ruleSpecialty, []string{"&"}}, {cLSOA01, ruleArea, []string{"Z99999999"}},
		// Wide extracts only, and so last.
		{cRTTPERSTAT, ruleNotApplicable, []string{"98", "99"}}, {cADMINCATST, ruleNotApplicable, []string{"98", "99"}},
	}
}

// counts are how many values the rules change in some rows.
type counts struct {
	rules    [ruleCount]int
	notKnown [23]int // of the codes for not known, by place in specials, then procedures, then diagnoses
}

func (c *counts) add(d *counts) {
	for i, n := range d.rules {
		c.rules[i] += n
	}
	for i, n := range d.notKnown {
		c.notKnown[i] += n
	}
}

// changes counts which of the current row's values a loader changes. It knows
// what the generator writes and no more: it is no cleansing.
func (o *output) changes() (c counts) {
	w, v := o.w, &o.v
	for i := range w.special {
		sp := &w.special[i]
		text := v[sp.column]
		if text == "" || sp.column >= cWide && !w.o.Form.Wide {
			continue
		}
		for _, t := range sp.texts {
			if text == t {
				c.notKnown[i]++
				c.rules[sp.rule]++
				break
			}
		}
	}
	for _, code := range v[cOPERTN : cOPERTN+procedures] {
		switch {
		case code == "":
		case code == "-" || code == "&":
			c.rules[ruleNone]++
		case code[0] == 'X' && (code == "X997" || code == "X998" || code == "X999"):
			c.rules[ruleNone]++
			c.notKnown[len(w.special)]++
		}
	}
	for _, code := range v[cDIAG : cDIAG+diagnoses] {
		switch {
		case code == "":
		case code == "R69X":
			c.rules[ruleUnknownDiagnosis]++
			c.notKnown[len(w.special)+1]++
		case len(code) == 4 && code[3] == 'X':
			c.rules[ruleDiagnosis]++
		}
	}
	switch v[cADMIMETH] {
	case "66", "67", "68", "69":
		c.rules[ruleRecoded]++
	}
	for _, at := range [...]int{cSTARTAGE, cENDAGE, cADMIAGE} {
		if len(v[at]) == 4 {
			c.rules[ruleBabyAge]++
		}
	}
	c.rules[ruleSpellEnd]++ // every row says Y or N
	if w.o.Form.otherDates() {
		for _, at := range w.dates {
			if v[at] != "" && at != o.odd {
				c.rules[ruleDateForm]++
			}
		}
	}
	for _, r := range o.planted {
		c.rules[r]++
	}
	return c
}
