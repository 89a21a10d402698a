package synth

// unfinished writes the row of an episode that is still open at a year's end. It
// was delivered up to 2016-17, and the episode comes again, finished, in the
// file of the year in which it ends. EPIKEY need not tell the two apart: the
// financial year does.
func (o *output) unfinished(p *someone, s *stay, part, start, end, year int) {
	w := o.w
	if w.o.First+year > 2016 {
		return
	}
	last := w.yearEnd(year) - 1
	o.common(p, s, part, start, last, year)
	if end < w.to {
		// The finished row takes the same key.
		o.v[cEPIKEY] = o.keyOf(p.number, p.rows, year)
	} else {
		o.v[cEPIKEY] = o.key(p, year)
	}
	o.v[cEPISTAT] = "1"
	o.v[cFCE], o.v[cFDE], o.v[cFAE] = "0", "0", "0"
	o.v[cBEDYEAR] = w.number(last + 1 - max(start, w.starts[year]))
	o.dirty(p, s, year, true)
}

// episode writes the row of a finished episode.
func (o *output) episode(p *someone, s *stay, part, start, end int) {
	w := o.w
	year := w.year(end)
	o.common(p, s, part, start, end, year)
	v := &o.v
	v[cEPIKEY] = o.key(p, year)
	v[cEPISTAT] = "3"
	v[cEPIEND] = w.days[end]
	v[cEPIDUR] = w.number(end - start)
	v[cENDAGE] = o.age(p.birth, end)
	v[cBEDYEAR] = w.number(end - max(start, w.starts[year]))
	v[cFCE], v[cFDE] = "1", "0"
	v[cFAE] = "0"
	if part == 1 {
		v[cFAE] = "1"
	}
	if part == s.parts {
		v[cDISDATE] = w.days[s.discharged]
		v[cSPELEND] = "Y"
		v[cFDE] = "1"
		v[cSPELDUR] = w.number(s.discharged - s.admitted)
		switch {
		case s.died:
			v[cDISMETH], v[cDISDEST] = "4", "79"
		case s.stillborn:
			v[cDISMETH], v[cDISDEST] = "5", "79"
		case s.dest != "":
			v[cDISMETH], v[cDISDEST] = "1", s.dest
		default:
			v[cDISMETH], v[cDISDEST] = "1", "19"
			switch u := o.r.Float64(); {
			case u < 0.004:
				v[cDISMETH] = "2"
			case u < 0.0045 && s.lone():
				v[cDISMETH] = "9"
			case u < 0.007:
				v[cDISDEST] = "99"
			case u < 0.02 && s.emergency():
				v[cDISDEST] = pick(o, []string{"54", "65", "85", "29"})
			}
		}
	}
	o.dirty(p, s, year, false)
}

// common fills what an episode has, finished or not. end is the last day that
// the row knows of.
func (o *output) common(p *someone, s *stay, part, start, end, year int) {
	w := o.w
	clear(o.v[:])
	v := &o.v
	first := w.o.First + year
	v[cFYEAR] = w.years2[year]
	v[cPARTYEAR] = w.number(first) + "99"
	v[cPERSON] = p.id
	v[cADMIDATE] = w.days[s.admitted]
	v[cEPISTART] = w.days[start]
	v[cEPIORDER] = w.number(part)
	v[cEPITYPE] = "1"
	switch {
	case s.delivery:
		v[cEPITYPE] = "2"
	case s.baby:
		v[cEPITYPE] = "3"
	}
	v[cDISMETH], v[cDISDEST], v[cSPELEND] = "8", "98", "N"
	v[cSPELBGIN] = "0"
	if part == 1 {
		v[cSPELBGIN] = "2"
		if w.year(s.admitted) != year {
			v[cSPELBGIN] = "1"
		}
	}
	v[cADMIMETH], v[cADMISORC], v[cADMINCAT] = s.method, s.source, "01"
	v[cCLASSPAT], v[cINTMANIG] = s.class, s.class
	if s.class == "3" {
		v[cINTMANIG] = "4"
		v[cFIRSTREG] = "1"
	} else {
		v[cFIRSTREG] = "8"
	}
	v[cELECDUR] = "9998"
	if s.method[0] == '1' {
		wait := int(o.r.ExpFloat64() * 50)
		v[cELECDATE] = w.days[max(0, s.admitted-wait)]
		v[cELECDUR] = w.number(wait)
	}
	v[cSEX] = "2"
	if p.male {
		v[cSEX] = "1"
	}
	v[cSTARTAGE] = o.age(p.birth, start)
	v[cADMIAGE] = o.age(p.birth, s.admitted)
	v[cMYDOB] = w.days[p.birth][5:7] + w.days[p.birth][:4]
	v[cETHNOS] = p.ethnic
	v[cNEOCARE] = "8"
	if s.baby {
		v[cNEOCARE], v[cWELLBABY] = "1", "N"
		if s.well {
			v[cNEOCARE], v[cWELLBABY] = "0", "Y"
		}
	}
	v[cMAINSPEF], v[cTRETSPEF] = s.specialty, s.treatment
	o.place(p, s)
	v[cGPPRAC] = p.practice
	v[cRESGOR] = p.home.region
	v[cLSOA01] = p.lsoa
	v[cIMDRANK] = w.ranks[p.decile-1]
	v[cIMDDECILE] = deprivation(p.decile)
	v[cRURURB] = "5"
	v[cSUSRECID] = "31" + number5(p.number/1000) + number5(p.number%1000*100+p.rows) + "07"
	if first >= 2009 {
		v[cSUSHRG] = group(s)
	}
	if first >= 2009 || w.o.SpellIDs {
		v[cSUSSPELLID] = spellID(p.number, s.number)
	}
	v[cSUBDATE] = w.days[end+40]
	o.codes(p, s, start, end)
	o.notKnown(s, first)
	if w.o.Form.Wide {
		o.wide(p, s, start)
	}
}

// place fills the provider's fields. Two codes stand for providers that have
// none; the organisation that paid sent those records, without a number of the
// patient's.
func (o *output) place(p *someone, s *stay) {
	v := &o.v
	code := s.where.code
	v[cPROCODE], v[cPROCODE5], v[cSITETRET], v[cSENDER] = code+"00", code+"00", code+"01", code+"00"
	if len(code) == 5 {
		v[cPROCODE], v[cPROCODE5], v[cSITETRET], v[cSENDER] = code, "", code, p.home.code+"00"
	}
	v[cPROCODE3] = code[:3]
	v[cPURCODE] = "5" + p.home.code[1:] + "00"
	v[cGORTREAT] = s.where.region
	if o.w.o.LocalIDs && len(code) == 3 {
		v[cLOPATID] = s.where.numbering.of(p.number)
	}
}

// codes fills diagnoses and procedures: the main diagnosis, then what the person
// has had before, then others.
func (o *output) codes(p *someone, s *stay, start, end int) {
	w, v := o.w, &o.v
	slots := v[cDIAG : cDIAG+diagnoses]
	slots[0] = s.main
	n := 1
	add := func(c string) {
		if n == len(slots) {
			return
		}
		for _, d := range slots[:n] {
			if d == c {
				return
			}
		}
		slots[n] = c
		n++
	}
	for _, c := range p.illness {
		if o.chance(0.75) {
			add(c)
		}
	}
	extra := 2.0
	if s.class != "1" {
		extra = 0.8
	}
	if s.baby {
		extra = 0
	}
	for range int(o.r.ExpFloat64() * extra) {
		if c := w.secondary.draw(o.r.IntN); c[0] != 'O' && c[0] != 'P' && c[0] != 'N' && c != "R69X" {
			add(c)
		}
	}
	share := 0.55
	switch {
	case s.skin:
		share = 0.72
	case s.baby:
		share = 0.02
	case s.class == "3":
		share = 0.98
	}
	v[cOPERTN], v[cOPERSTAT] = "-", "8"
	if !o.chance(share) {
		return
	}
	v[cOPERSTAT] = "1"
	for i := range 1 + min(4, int(o.r.ExpFloat64())) {
		code := "X403"
		switch {
		case s.skin, i == 0 && s.class == "2" && o.chance(0.03): // surgeons cut skin too
			code = w.skinOp.draw(o.r.IntN)
		case s.class != "3":
			code = w.procedures.draw(o.r.IntN)
		}
		v[cOPERTN+i] = code
		v[cOPDATE+i] = w.days[start+o.r.IntN(end-start+1)]
	}
}

// wide fills the columns of wide extracts.
func (o *output) wide(p *someone, s *stay, start int) {
	v := &o.v
	v[cPROCODET], v[cHATREAT] = v[cPROCODE5], "Q"+s.where.region+"0"
	v[cLSOA11] = p.lsoa
	v[cSTARTAGECALC] = v[cSTARTAGE]
	if a := v[cSTARTAGE]; len(a) == 4 {
		v[cSTARTAGECALC] = [...]string{"0.002", "0.01", "0.043", "0.167", "0.375", "0.625", "0.875"}[a[3]-'1']
	}
	v[cRTTPERSTAT], v[cADMINCATST] = pick(o, []string{"30", "30", "20", "90", "98", "99"}), v[cADMINCAT]
	count := func(from, n int) string {
		k := 0
		for _, c := range v[from : from+n] {
			if c != "" && c != "-" {
				k++
			}
		}
		return o.w.number(k)
	}
	v[cDIAGCOUNT], v[cOPERTNCOUNT] = count(cDIAG, diagnoses), count(cOPERTN, procedures)
	if s.delivery {
		v[cMATAGE], v[cANTEDUR], v[cNUMBABY] = o.w.number(o.w.years(p.birth, start)), "0", "1"
		v[cPOSTDUR] = o.w.number(s.discharged - s.admitted)
	}
	v[cMARSTAT] = pick(o, []string{"S", "M", "8", "9"})
	v[cRESLADST], v[cCURRWARD], v[cWARDSTRT] = "00"+p.home.code[1:], p.home.code[1:]+"AB", "1200200"
}

// group is a healthcare resource group of the right kind. No grouper is run.
func group(s *stay) string {
	switch {
	case s.well:
		return "PB03Z"
	case s.baby:
		return "PB01Z"
	case s.delivery:
		return "NZ30C"
	case s.class == "3" && !s.skin:
		return "LD05A"
	case s.skin && s.main[0] == 'C':
		return "JC42C"
	case s.skin:
		return "JD07J"
	case s.class == "2":
		return "FZ60Z"
	}
	return "WH09G"
}

// spellID is SUSSPELLID: twelve digits, or -1 for the one spell in a hundred in
// which the national service could not place the episodes.
func spellID(person, spell int) string {
	if (person+spell)%100 == 0 {
		return "-1"
	}
	return "2" + number5(person/1000) + digits3(person%1000) + digits3(spell)
}

func digits3(n int) string { return number5(n)[2:] }

func deprivation(decile int) string {
	return [...]string{"MOST DEPRIVED 10%", "MORE DEPRIVED 10-20%", "MORE DEPRIVED 20-30%", "MORE DEPRIVED 30-40%", "MORE DEPRIVED 40-50%",
		"LESS DEPRIVED 40-50%", "LESS DEPRIVED 30-40%", "LESS DEPRIVED 20-30%", "LESS DEPRIVED 10-20%", "LEAST DEPRIVED 10%"}[decile-1]
}

// key gives the next EPIKEY: twelve digits, nineteen from 2021-22. A person's
// keys rise within a year.
func (o *output) key(p *someone, year int) string {
	key := o.keyOf(p.number, p.rows, year)
	p.rows++
	return key
}

func (o *output) keyOf(person, row, year int) string {
	key := "5" + digits3(person/100_000) + number5(person%100_000) + digits3(row)
	if o.w.o.First+year >= 2021 {
		return "1000000" + key
	}
	return key
}

// age is as HES has it: years, or a band of days in the first year of life.
func (o *output) age(birth, day int) string {
	days := day - birth
	switch {
	case days < 1:
		return "7001"
	case days < 7:
		return "7002"
	case days < 29:
		return "7003"
	case days < 91:
		return "7004"
	case days < 182:
		return "7005"
	case days < 273:
		return "7006"
	case days < 365:
		return "7007"
	}
	return o.w.number(max(1, o.w.years(birth, day)))
}
