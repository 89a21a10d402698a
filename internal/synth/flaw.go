package synth

import "strings"

// A flaw is something wrong that real deliveries have. rejects: no reader can
// keep the row. may tells whether the current row can have it, nil: any.
type flaw struct {
	name    string
	rejects bool
	may     func(o *output, s *stay) bool
	plant   func(o *output, p *someone, year int)
}

func flaws() []flaw {
	lone := func(_ *output, s *stay) bool { return s.lone() }
	has := func(column int) func(*output, *stay) bool {
		return func(o *output, _ *stay) bool { return o.v[column] != "" }
	}
	put := func(column int, text string, rules ...rule) func(*output, *someone, int) {
		return func(o *output, _ *someone, _ int) { o.v[column], o.planted = text, append(o.planted, rules...) }
	}
	return []flaw{
		// Rows that nobody can keep.
		{"no-key", true, lone, put(cEPIKEY, "")},
		{"bad-date", true, lone, func(o *output, _ *someone, _ int) {
			o.odd, o.asIs = pick(o, []int{cADMIDATE, cEPISTART, cEPIEND, cDISDATE}), true
			o.v[o.odd] = o.v[cEPIEND][:4] + pick(o, []string{"-02-30", "-06-31", "-13-01", "-00-10", "-11-00"})
		}},
		{"too-few-fields", true, lone, func(o *output, _ *someone, _ int) { o.broken = missingField }},
		{"too-many-fields", true, lone, func(o *output, _ *someone, _ int) { o.broken = extraField }},
		{"unclosed-quotation", true, lone, func(o *output, _ *someone, _ int) { o.broken = openQuotation }},
		{"nul-byte", true, lone, func(o *output, _ *someone, _ int) { o.broken, o.v[cSENDER] = nulByte, "R\x0000" }},
		// The row itself is good; its second delivery goes.
		{"key-twice", true, nil, func(o *output, _ *someone, year int) { o.emit(year, good) }},
		{"key-twice-differing", true, named, func(o *output, _ *someone, year int) {
			o.emit(year, good)
			o.v[cSITETRET] = "" // the second is the poorer one
		}},
		// The same episode under two keys. Which one is the better differs.
		{"duplicate-poorer", false, named, func(o *output, p *someone, year int) {
			o.emit(year, good)
			o.v[cEPIKEY], o.v[cSITETRET], o.flagged = o.key(p, year), "", true
		}},
		{"duplicate-older", false, duplicable, func(o *output, p *someone, year int) {
			o.emit(year, good)
			o.v[cEPIKEY], o.v[cSUBDATE], o.flagged = o.key(p, year), o.v[cDISDATE], true
			if o.v[cSUBDATE] == "" {
				o.v[cSUBDATE] = o.v[cEPIEND]
			}
		}},
		{"duplicate-lower-key", false, duplicable, func(o *output, p *someone, year int) {
			o.emit(year, flagged)
			o.v[cEPIKEY] = o.key(p, year)
		}},
		// Rows that count as an episode and enter no spell or no length of stay.
		{"no-person", false, lone, put(cPERSON, "")},
		{"end-before-start", false, lone, func(o *output, _ *someone, _ int) {
			o.v[cEPIEND], o.backwards = o.w.days[o.s.admitted-1-o.r.IntN(10)], true
		}},
		{"sentinel-1801", false, lone, func(o *output, _ *someone, _ int) {
			o.odd, o.v[cADMIDATE], o.planted = cADMIDATE, "1801-01-01", append(o.planted, rule1801)
		}},
		// Values.
		{"sentinel-1800", false, nil, func(o *output, _ *someone, _ int) {
			o.odd, o.v[cELECDATE], o.planted = cELECDATE, "1800-01-01", append(o.planted, rule1800)
		}},
		{"sentinel-old", false, nil, func(o *output, _ *someone, _ int) {
			o.odd, o.v[cELECDATE], o.planted = cELECDATE, pick(o, []string{"1600-01-01", "1582-10-15"}), append(o.planted, ruleOld)
		}},
		{"null-word", false, nil, func(o *output, _ *someone, _ int) {
			o.v[pick(o, []int{cADMINCAT, cRESGOR, cGPPRAC, cPURCODE, cCARERSI})] = pick(o, []string{"NULL", "Null", "null"})
			o.planted = append(o.planted, ruleNull)
		}},
		{"unknown-code", false, nil, put(cINTMANIG, "7")},
		{"unknown-diagnosis", false, nil, put(cDIAG, "R69X")},
		{"no-age", false, nil, put(cSTARTAGE, "")},
		{"padded-lower-case", false, plainDiagnosis, func(o *output, _ *someone, _ int) {
			o.v[cDIAG], o.planted = strings.ToLower(o.v[cDIAG])+"  ", append(o.planted, ruleCase)
		}},
		{"dotted-diagnosis", false, plainDiagnosis, func(o *output, _ *someone, _ int) {
			d := o.v[cDIAG]
			o.v[cDIAG], o.planted = d[:3]+"."+d[3:]+pick(o, []string{"", " D", " A"}), append(o.planted, ruleDiagnosis)
		}},
		{"dotted-procedure", false, has(cOPDATE), func(o *output, _ *someone, _ int) {
			c := o.v[cOPERTN]
			o.v[cOPERTN], o.planted = c[:3]+"."+c[3:], append(o.planted, ruleProcedure)
		}},
		{"number-form", false, nil, func(o *output, _ *someone, _ int) {
			o.v[cBEDYEAR], o.planted = pick(o, []string{o.v[cBEDYEAR] + ".0", "00" + o.v[cBEDYEAR]}), append(o.planted, ruleNumber)
		}},
		{"no-number", false, nil, put(cBEDYEAR, "n/a", ruleNotNumber)},
		{"date-form", false, nil, func(o *output, _ *someone, _ int) {
			o.odd, o.asIs, o.v[cEPISTART] = cEPISTART, true, string(dateText(nil, o.v[cEPISTART], pick(o, []string{DatesSlash, DatesSAS})))
			o.planted = append(o.planted, ruleDateForm)
		}},
		{"recoded-method", false, func(o *output, s *stay) bool { return s.emergency() && !s.chained }, func(o *output, _ *someone, _ int) {
			o.v[cADMIMETH] = pick(o, []string{"66", "69"})
		}},
		{"no-year", false, lone, put(cFYEAR, "", ruleYear)},
		{"year-form", false, lone, func(o *output, _ *someone, _ int) {
			y := o.v[cPARTYEAR][:4] // 2008
			o.v[cFYEAR] = pick(o, []string{y + "-" + o.v[cFYEAR][2:], y + "/" + o.v[cFYEAR][2:], y + o.v[cFYEAR][2:]})
			o.planted = append(o.planted, ruleYearForm)
		}},
		{"month-form", false, nil, func(o *output, _ *someone, _ int) {
			o.v[cMYDOB], o.planted = o.v[cMYDOB][:2]+"/"+o.v[cMYDOB][2:], append(o.planted, ruleMonth)
		}},
		{"long-text", false, nil, put(cPURCODE, strings.Repeat("5QX00", 41), ruleText)},
		{"accent", false, nil, put(cSENDER, "R\u00c900")},
	}
}

// duplicable rows have a person, without whom nobody can tell.
func duplicable(o *output, _ *stay) bool { return o.v[cPERSON] != "" }

// named rows have a hospital site, so that one without it is the poorer.
func named(o *output, _ *stay) bool { return o.v[cSITETRET] != "" && o.v[cPROCODE3] != "899" }

func plainDiagnosis(o *output, _ *stay) bool {
	d := o.v[cDIAG]
	return len(d) == 4 && d[3] != 'X'
}

// dirty writes the row, now and then with a fault. Rows of unfinished episodes
// have none.
func (o *output) dirty(p *someone, s *stay, year int, unfinished bool) {
	o.p, o.s = p, s
	o.odd, o.asIs, o.broken, o.flagged, o.backwards, o.planted = -1, false, whole, false, false, o.planted[:0]
	if w := o.w; !unfinished && w.o.Dirt > 0 && o.chance(w.o.Dirt) {
		for range 20 {
			f := &w.flaws[o.r.IntN(len(w.flaws))]
			if f.may != nil && !f.may(o, s) {
				continue
			}
			f.plant(o, p, year)
			o.faults[f.name]++
			switch {
			case f.rejects && o.broken == whole:
				o.emit(year, rejected)
			case f.rejects:
				o.emit(year, unreadable)
			case o.flagged:
				o.emit(year, flagged)
			default:
				o.emit(year, good)
			}
			return
		}
	}
	o.emit(year, good)
}
