package synth

import (
	"math/rand/v2"
	"strings"
)

// output is a shard's rows, by file, and what is true of them.
type output struct {
	w        *world
	text     [][]byte // of each part of each year
	truth    []byte   // lines of truth_rows.csv
	rows     []int    // lines of each year
	all      counts   // values that rules change in lines that can be read
	kept     counts   // the same in rows that are kept
	derived  [derivedCount]int
	subset   [4]int // rows by N1, N2, N3 and any of them
	faults   map[string]int
	sex      map[string]int
	rejected int
	skin     int

	// The person and the row in hand.
	r         *rand.Rand
	p         *someone
	s         *stay
	part      int  // of the year's files
	back      bool // the next spell is an emergency readmission
	v         [columnCount]string
	odd       int  // place of a date that is not as others, or -1
	asIs      bool // it keeps its text in every form
	backwards bool // the episode ends before it begins
	flagged   bool // another row tells of the same episode, and better
	broken    broken
	planted   []rule
}

func newOutput(w *world) *output {
	n := len(w.starts)
	text, ok := w.texts.Get().(*[][]byte)
	if !ok {
		text = new([][]byte)
		*text = make([][]byte, n*w.o.Form.parts())
	}
	return &output{w: w, text: *text, rows: make([]int, n), faults: map[string]int{}, sex: map[string]int{}}
}

// recycle gives the text's memory to a later shard, once it has been written.
func (o *output) recycle() {
	text := o.text
	o.text = nil
	for i := range text {
		text[i] = text[i][:0]
	}
	o.w.texts.Put(&text)
}

// kind is what a reader makes of a line.
type kind int

const (
	good       kind = iota
	flagged         // kept, marked as a duplicate
	rejected        // its fields can be read, the row cannot be kept
	unreadable      // its fields cannot be told apart
)

// Derived figures, with their names in truth.json.
const (
	dV1 = iota
	dV2
	dV3
	dV4
	dV5
	dV6
	dV7
	dD1
	dValid
	dTransit0
	dTransit1
	dTransit2
	dTransit3
	dSpells
	dStaysNHSD
	dStaysCHE
	dDischarges
	dReadmissions
	dPeople
	derivedCount
)

func derivedNames() [derivedCount]string {
	return [...]string{dV1: "V1", dV2: "V2", dV3: "V3", dV4: "V4", dV5: "V5", dV6: "V6", dV7: "V7", dD1: "D1", dValid: "EPI_VALID",
		dTransit0: "TRANSIT-0", dTransit1: "TRANSIT-1", dTransit2: "TRANSIT-2", dTransit3: "TRANSIT-3", dSpells: "SPELLS",
		dStaysNHSD: "STAYS-P1", dStaysCHE: "STAYS-P2", dDischarges: "R1-DENOMINATOR", dReadmissions: "R1-NUMERATOR", dPeople: "PEOPLE"}
}

// emit writes the row in hand and counts what is true of it.
func (o *output) emit(year int, k kind) {
	at := year*o.w.o.Form.parts() + o.part
	o.text[at] = o.line(o.text[at])
	o.rows[year]++
	if k == unreadable {
		o.rejected++
		return
	}
	c := o.changes()
	o.all.add(&c)
	if k == rejected {
		o.rejected++
		return
	}
	o.kept.add(&c)
	o.sex[o.v[cSEX]]++
	if o.s.skin {
		o.skin++
	}
	o.choose()
	o.derive(year, k == flagged)
}

// choose counts the row for the rules of the dermatology subset: specialty,
// main diagnosis, procedure.
func (o *output) choose() {
	v := &o.v
	n1 := v[cMAINSPEF] == "330" || v[cTRETSPEF] == "330" || v[cTRETSPEF] == "257"
	n2 := skinDiagnosis(v[cDIAG])
	n3 := false
	for _, c := range v[cOPERTN : cOPERTN+procedures] {
		n3 = n3 || len(c) >= 3 && c[0] == 'S' && c[1:3] <= "70"
	}
	for i, met := range [...]bool{n1, n2, n3, n1 || n2 || n3} {
		if met {
			o.subset[i]++
		}
	}
}

func skinDiagnosis(code string) bool {
	if len(code) < 3 {
		return false
	}
	switch { // what faults do to a code
	case code[0] >= 'a':
		code = strings.ToUpper(strings.TrimRight(code, " "))
	case len(code) > 4:
		code = code[:3] + code[4:5]
	}
	switch code[0] {
	case 'L':
		return true
	case 'A':
		return code[:3] == "A46"
	case 'B':
		return code[1] == '0' || code[:3] == "B35" || code[:3] == "B36" || code[:2] == "B8" && code[2] >= '5' && code[2] <= '8'
	case 'C':
		return code[:3] == "C43" || code[:3] == "C44" || code == "C460" || code == "C840" || code == "C841"
	case 'D':
		switch code[1:3] {
		case "03", "04", "17", "18", "22", "23":
			return true
		}
	case 'Q':
		return code[:2] == "Q8" && code[2] <= '2'
	}
	return false
}

func between(code string) bool { return code == "51" || code == "52" || code == "53" }

// derive counts what a kept row adds to the derived figures.
func (o *output) derive(year int, copied bool) {
	v, p, d := &o.v, o.p, &o.derived
	flag := func(at int, is bool) {
		if is {
			d[at]++
		}
	}
	in := between(v[cADMISORC]) || v[cADMIMETH] == "2B" || v[cADMIMETH] == "81"
	admitted := o.odd != cADMIDATE
	filled := !admitted && v[cEPIORDER] == "1" && !in
	person := v[cPERSON] != ""
	valid := person && v[cPROCODE3] != "899" && (admitted || filled) && v[cEPISTAT] == "3"
	flag(dV1, v[cEPISTAT] != "3")
	flag(dV2, v[cEPITYPE] != "1")
	flag(dV3, o.backwards)
	flag(dV4, filled)
	flag(dV5, !valid)
	flag(dV6, !person)
	flag(dV7, v[cSEX] != "1" && v[cSEX] != "2" || v[cSTARTAGE] == "" || v[cWELLBABY] == "Y")
	flag(dD1, copied)
	flag(dValid, valid)
	moved := 0
	switch out := between(v[cDISDEST]); {
	case in && out:
		moved = 2
	case in:
		moved = 3
	case out:
		moved = 1
	}
	d[dTransit0+moved]++
	if person && !p.seen {
		p.seen = true
		d[dPeople]++
	}
	if valid && !copied {
		o.staying()
	}
	if o.w.o.TruthRows {
		o.truthLine(year, valid, copied)
	}
}

// truthLine writes a line of truth_rows.csv.
func (o *output) truthLine(year int, valid, copied bool) {
	b := append(o.truth, o.v[cEPIKEY]...)
	b = append(append(b, ','), o.w.years2[year]...)
	for _, n := range [...]int{o.s.number, o.s.nhsd, o.s.che} {
		b = append(b, ',')
		if valid && !copied {
			b = append(append(b, number5(o.p.number/1000)...), digits3(o.p.number%1000)...)
			b = append(b, digits3(n)...)
		}
	}
	for _, is := range [...]bool{copied, valid} {
		b = append(b, ',', '0')
		if is {
			b[len(b)-1] = '1'
		}
	}
	o.truth = append(b, '\n')
}

// stayTruth is a continuous stay by method P1, as far as readmission asks.
type stayTruth struct {
	number                int
	admitted, discharged  int // days; 0: not discharged
	emergency, dayCase    bool
	ended, died, excluded bool // last discharge method 1 to 5, 4 or 5; cancer or maternity
	readmitted            bool
}

// staying enters the row in hand, which is valid, into its spell and stays.
func (o *output) staying() {
	v, p, s := &o.v, o.p, o.s
	if p.spell != s.number {
		p.spell = s.number
		o.derived[dSpells]++
	}
	for i, number := range [...]int{s.nhsd, s.che} {
		if p.counted[i] != number {
			p.counted[i] = number
			o.derived[dStaysNHSD+i]++
		}
	}
	if n := len(p.stays); n == 0 || p.stays[n-1].number != s.nhsd {
		p.stays = append(p.stays, stayTruth{number: s.nhsd, admitted: s.admitted, emergency: s.emergency(), dayCase: s.class == "2"})
	}
	t := &p.stays[len(p.stays)-1]
	t.discharged, t.ended, t.died = 0, false, false
	if v[cDISDATE] != "" {
		t.discharged = s.discharged
		t.ended = v[cDISMETH] <= "5"
		t.died = v[cDISMETH] == "4" || v[cDISMETH] == "5"
	}
	if v[cMAINSPEF] == "501" || v[cTRETSPEF] == "501" || v[cMAINSPEF] == "560" || v[cTRETSPEF] == "560" ||
		v[cADMIMETH] == "31" || v[cEPITYPE] == "2" || strings.HasPrefix(strings.ToUpper(v[cDIAG]), "O") {
		t.excluded = true
	}
	for _, c := range v[cDIAG : cDIAG+diagnoses] {
		if c != "" && (c[0] == 'C' || c[0] == 'c' || c[0] == 'Z' && isChemotherapy(c)) {
			t.excluded = true
		}
	}
}

// isChemotherapy tells a session of chemotherapy, Z51.1, with a planted point too.
func isChemotherapy(code string) bool { return code == "Z511" || len(code) > 4 && code[:5] == "Z51.1" }

// readmissions counts, at the end of a history, discharges and those of them
// that an emergency admission followed within 0 to 29 days: for each such
// admission the last discharge before it that counts.
func (o *output) readmissions(p *someone) {
	last := -1
	for i := range p.stays {
		t := &p.stays[i]
		if t.emergency && last >= 0 && t.admitted-p.stays[last].discharged <= 29 {
			p.stays[last].readmitted = true
		}
		if t.ended && !t.died && !t.dayCase && !t.excluded {
			last = i
			o.derived[dDischarges]++
		}
	}
	for _, t := range p.stays {
		if t.readmitted {
			o.derived[dReadmissions]++
		}
	}
}
