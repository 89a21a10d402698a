package synth

// A rule is a cleansing rule by which a loader changes values.
type rule int

const (
	ruleNull rule = iota
	rule1800
	rule1801
	ruleOld
	ruleNotKnown
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
	ruleCount
)

// ids are the names under which a loader reports the rules.
func ids() [ruleCount]string {
	return [...]string{ruleNull: "C1", rule1800: "C2-1800", rule1801: "C2-1801", ruleOld: "C2-old", ruleNotKnown: "C3", ruleRecoded: "C4", ruleBabyAge: "C5",
		ruleSpellEnd: "C6", ruleDiagnosis: "C7", ruleProcedure: "C8", ruleNone: "C8-none", ruleNumber: "N1", ruleNotNumber: "N2", ruleDateForm: "N3",
		ruleCase: "N4", ruleYear: "N5", ruleText: "N6"}
}

// special says which texts of a field stand for “not known” (rule C3). Source:
// the conventions of HES_pipeline.
type special struct {
	column int
	texts  []string
}

func specials() []special {
	return []special{
		{cADMINCAT, []string{"98", "99"}}, {cADMISORC, []string{"98", "99"}}, {cDISDEST, []string{"98", "99"}}, {cEPIORDER, []string{"98", "99"}},
		{cCARERSI, []string{"99"}}, {cADMIMETH, []string{"98", "99"}}, {cETHNOS, []string{"99", "X", "Z"}}, {cCLASSPAT, []string{"8", "9"}},
		{cINTMANIG, []string{"8", "9"}}, {cNEOCARE, []string{"8", "9"}}, {cOPERSTAT, []string{"8", "9"}}, {cSEX, []string{"0", "X"}},
		{cPROCODE, []string{"89997", "89999"}}, {cSITETRET, []string{"89997", "89999"}}, {cPROCODE3, []string{"899"}},
		{cGPPRAC, []string{"V81997", "V81998", "V81999", "&"}}, {cMAINSPEF, []string{"&"}}, {cTRETSPEF, []string{"&"}}, {cLSOA01, []string{"Z99999999"}},
		// Wide extracts only, and so last.
		{cRTTPERSTAT, []string{"98", "99"}}, {cADMINCATST, []string{"98", "99"}},
	}
}

// counts are how many values the rules change in some rows.
type counts struct {
	rules    [ruleCount]int
	notKnown [23]int // of rule C3, by place in specials, then procedures, then diagnoses
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
			c.notKnown[len(w.special)]++
		}
	}
	for _, code := range v[cDIAG : cDIAG+diagnoses] {
		switch {
		case code == "":
		case code == "R69X":
			c.notKnown[len(w.special)+1]++
		case len(code) == 4 && code[3] == 'X':
			c.rules[ruleDiagnosis]++
		}
	}
	for _, n := range c.notKnown {
		c.rules[ruleNotKnown] += n
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
