package synth

// notKnown puts in the codes that stand for “not known”, at the rates of real
// extracts as far as they are published and else at estimates. Codes that tell
// of a move between hospitals stay.
func (o *output) notKnown(s *stay, year int) {
	v := &o.v
	v[cCARERSI] = "99"
	switch u := o.r.Float64(); {
	case u < 0.03:
		v[cCARERSI] = "01"
	case u < 0.1:
		v[cCARERSI] = "02"
	case u < 0.2:
		v[cCARERSI] = ""
	}
	if o.chance(0.03) {
		v[cETHNOS] = "X"
		if year >= 2013 {
			v[cETHNOS] = "99"
		}
	}
	// One draw decides on the rare ones, so that a row has one of them at most.
	u := o.r.Float64()
	for _, rare := range [...]struct {
		share float64
		put   func()
	}{
		{0.0005, func() {
			v[cSEX] = "0"
			if year >= 2022 {
				v[cSEX] = "X"
			}
		}},
		{0.0003, func() { v[cSEX] = "9" }},
		{0.003, func() { v[cGPPRAC] = pick(o, []string{"V81997", "V81997", "V81999", "V81998", "&"}) }},
		{0.002, func() {
			if s.source == "19" && !s.chained {
				v[cADMISORC] = pick(o, []string{"98", "99", "99"})
			}
		}},
		{0.0005, func() {
			if s.method[0] == '1' {
				v[cADMIMETH] = pick(o, []string{"98", "99"})
			}
		}},
		{0.002, func() { v[cADMINCAT] = pick(o, []string{"98", "99", "02", "02", "02", "02"}) }},
		{0.0004, func() {
			if s.class == "1" {
				v[cCLASSPAT] = pick(o, []string{"8", "9"})
			}
		}},
		{0.002, func() { v[cINTMANIG] = pick(o, []string{"8", "9"}) }},
		{0.001, func() { v[cNEOCARE] = "9" }},
		{0.001, func() { v[cOPERSTAT] = "9" }},
		{0.0004, func() {
			if s.lone() {
				v[cEPIORDER] = pick(o, []string{"98", "99"})
			}
		}},
		{0.0004, func() { v[cMAINSPEF] = "&" }},
		{0.0004, func() { v[cTRETSPEF] = "&" }},
		{0.002, func() { v[cLSOA01] = "Z99999999" }},
		{0.003, func() {
			if v[cOPERTN] == "-" {
				v[cOPERTN] = pick(o, []string{"&", "X997", "X998", "X999"})
			}
		}},
	} {
		if u -= rare.share; u < 0 {
			rare.put()
			return
		}
	}
}
