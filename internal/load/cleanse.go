package load

import (
	"bytes"
	"slices"
	"strconv"

	"webenablehes/internal/hes"
)

// rule is one named cleansing rule. Every change that a load makes to a value
// is one of these and is counted.
type rule struct {
	id, what, source string
}

// The rules. The ids C1 to C8 are those of the research pipeline that they come
// from; the others are ours.
const (
	ruleNull = iota
	ruleUnsubmitted
	ruleInvalidDate
	ruleOldDate
	ruleNotApplicable
	ruleNotKnown
	ruleNotStated
	ruleEthnic
	ruleSex
	ruleProvider
	rulePractice
	ruleSpecialty
	ruleUnknownDiagnosis
	ruleArea
	ruleOldMethod
	ruleBabyAge
	ruleSpellEnd
	ruleDiagnosis
	ruleProcedure
	ruleNoProcedure
	ruleNumber
	ruleNotANumber
	ruleDateForm
	ruleCase
	ruleYear
	ruleTrust
	ruleText
	ruleYearForm
	ruleNoYear
	ruleMonth
	ruleCount
)

func rules() [ruleCount]rule {
	const pipeline, spec, ours = "HES_pipeline, clean.R", "HES technical output specification", "WebEnable HES"
	return [...]rule{
		ruleNull:             {"C1", "The word NULL, in capitals or not, is not a recorded value.", pipeline},
		ruleUnsubmitted:      {"C2-1800", "The date 1800-01-01 means that nothing was submitted: not recorded.", spec},
		ruleInvalidDate:      {"C2-1801", "The date 1801-01-01 means that an invalid date was submitted: not recorded.", spec},
		ruleOldDate:          {"C2-old", "The dates 1600-01-01 and 1582-10-15 are fillers: not recorded.", pipeline},
		ruleNotApplicable:    {"C3-98-99", "98 and 99 in ADMINCAT, ADMINCATST, ADMIMETH, ADMISORC, DISDEST, EPIORDER and RTTPERSTAT mean not applicable and not known: not recorded.", pipeline},
		ruleNotKnown:         {"C3-99", "99 in CARERSI means not known: not recorded.", pipeline},
		ruleNotStated:        {"C3-8-9", "8 and 9 in CLASSPAT, INTMANIG, NEOCARE and OPERSTAT mean not applicable and not known: not recorded. In DISMETH they are kept, because spells need them.", pipeline},
		ruleEthnic:           {"C3-ethnic", "99, X and Z in ETHNOS mean not known and not stated: not recorded.", pipeline},
		ruleSex:              {"C3-sex", "0 and X in SEX mean not known: not recorded.", pipeline},
		ruleProvider:         {"C3-provider", "89997 and 89999 in PROCODE, PROCODE3 and SITETRET, and 899 in PROCODE3, are providers without a code: not recorded.", pipeline},
		rulePractice:         {"C3-practice", "“&”, V81997, V81998 and V81999 in GPPRAC are no practice: not recorded.", pipeline},
		ruleSpecialty:        {"C3-specialty", "“&” in MAINSPEF and TRETSPEF means not known: not recorded.", pipeline},
		ruleUnknownDiagnosis: {"C3-diagnosis", "R69X, R69X3, R69X6 and R69X8 in a diagnosis mean not known: not recorded.", pipeline},
		ruleArea:             {"C3-area", "Z99999999 in LSOA01 and LSOA11 means not known: not recorded.", pipeline},
		ruleOldMethod:        {"C4", "66, 67, 68 and 69 in ADMIMETH are 2A, 2B, 2C and 2D, recoded by a pipeline.", pipeline},
		ruleBabyAge:          {"C5", "Ages 7001 to 7007 are bands of days in the first year of life: 0 years.", pipeline},
		ruleSpellEnd:         {"C6", "Y and N in SPELEND are 1 and 0.", pipeline},
		ruleDiagnosis:        {"C7", "A diagnosis is its first four letters and digits, without point, dagger or asterisk marks, and a filler X in fourth place.", "HES data dictionary 2010"},
		ruleProcedure:        {"C8", "A procedure is its letters and digits without the point, four at most.", "NHS Digital artificial data"},
		ruleNoProcedure:      {"C8-none", "“-” and “&”, and X997, X998 and X999 in OPERTN, mean that there was no procedure: not recorded.", spec},
		ruleNumber:           {"N1", "Numbers are written plainly: 5.0 is 5 and 007 is 7.", "NHS Digital artificial data"},
		ruleNotANumber:       {"N2", "A number field that holds no number is not recorded.", ours},
		ruleDateForm:         {"N3", "Dates are written year-month-day.", spec},
		ruleCase:             {"N4", "Codes are in capital letters.", spec},
		ruleYear:             {"N5", "A missing financial year is that of the episode's end, else its start, else the admission.", ours},
		ruleText:             {"N6", "A text of more than 200 characters, or one that holds a line end, is not recorded.", ours},
		ruleTrust:            {"N10", "A missing PROCODE3 is the first three characters of PROCODE.", pipeline},
		ruleYearForm:         {"N7", "A financial year is two digits for each of its years: 2008-09, 200809 and 2008 are 0809.", spec},
		ruleNoYear:           {"N8", "A financial year that is none is not recorded.", ours},
		ruleMonth:            {"N9", "A month of birth is written month and year, 041960: of a full date the day is left out, and what is no month is not recorded.", ours},
	}
}

// notRecorded is what rule C3 says of a field: values that stand for "not
// known". They are compared as they are written after all other rules.
func notRecorded(f *hes.Field) (rule int, values [4]string) {
	switch f.Name {
	case "ADMINCAT", "ADMINCATST", "ADMIMETH", "ADMISORC", "DISDEST", "EPIORDER", "RTTPERSTAT":
		return ruleNotApplicable, [4]string{"98", "99"}
	case "CARERSI":
		return ruleNotKnown, [4]string{"99"}
	case "CLASSPAT", "INTMANIG", "NEOCARE", "OPERSTAT":
		return ruleNotStated, [4]string{"8", "9"}
	case "ETHNOS":
		return ruleEthnic, [4]string{"99", "X", "Z"}
	case "SEX":
		return ruleSex, [4]string{"0", "X"}
	case "PROCODE", "SITETRET":
		return ruleProvider, [4]string{"89997", "89999"}
	case "PROCODE3":
		return ruleProvider, [4]string{"89997", "89999", "899"}
	case "GPPRAC":
		return rulePractice, [4]string{"&", "V81997", "V81998", "V81999"}
	case "MAINSPEF", "TRETSPEF":
		return ruleSpecialty, [4]string{"&"}
	case "LSOA01", "LSOA11":
		return ruleArea, [4]string{"Z99999999"}
	}
	if f.Family == hes.AnyProcedure {
		return ruleNoProcedure, [4]string{"X997", "X998", "X999"}
	}
	return 0, values
}

// maxText is the longest value that a question may name, and so the longest that
// can be found again.
const maxText = 200

// counts are how often each rule changed something.
type counts [ruleCount]int

// uses lists the rules that did something.
func (n *counts) uses() []ruleUse {
	var out []ruleUse
	for rule, times := range n {
		if times > 0 {
			out = append(out, ruleUse{rule, times})
		}
	}
	return out
}

// clean turns a field's trimmed text into its canonical value. "" is not
// recorded. bad is true for a date that is none, which rejects the row. The
// result depends on field and text alone and may share memory with text or with
// scratch.
func clean(f *hes.Field, text, scratch []byte, n *counts) (value []byte, bad bool) {
	if len(text) == 0 {
		return nil, false
	}
	if len(text) == 4 && bytes.EqualFold(text, []byte("NULL")) {
		n[ruleNull]++
		return nil, false
	}
	if len(text) > maxText || bytes.IndexByte(text, '\r') >= 0 {
		n[ruleText]++
		return nil, f.Type == hes.Date
	}
	switch f.Type {
	case hes.Date:
		return cleanDate(text, scratch, n)
	case hes.Key:
		return text, false
	case hes.Int:
		value = cleanInt(text, scratch, n)
		if isAge(f.Name) && len(value) == 4 && string(value) >= "7001" && string(value) <= "7007" {
			n[ruleBabyAge]++
			value = append(scratch[:0], '0')
		}
	case hes.Decimal:
		value = cleanDecimal(text, scratch, n)
	default:
		value = cleanCode(f, text, scratch, n)
	}
	if string(value) == "NULL" { // of a code, once its signs are gone
		n[ruleNull]++
		return nil, false
	}
	if len(value) > 0 {
		if rule, values := notRecorded(f); slices.Contains(values[:], string(value)) {
			n[rule]++
			return nil, false
		}
	}
	return value, false
}

// cleanCode writes a code in capitals, and those fields' that have a form of
// their own in that form.
func cleanCode(f *hes.Field, text, scratch []byte, n *counts) []byte {
	switch {
	case f.Codes == hes.ICD10:
		return cleanDiagnosis(f, text, scratch, n)
	case f.Codes == hes.OPCS4:
		return cleanProcedure(text, scratch, n)
	case f.Name == hes.YearField:
		return cleanYear(text, scratch, n)
	case f.Name == "MYDOB":
		return cleanMonth(text, scratch, n)
	}
	value := upper(text, scratch, n)
	switch {
	case f.Name == "ADMIMETH" && len(value) == 2 && value[0] == '6' && value[1] >= '6' && value[1] <= '9':
		n[ruleOldMethod]++
		return append(scratch[:0], '2', value[1]-'6'+'A')
	case f.Name == "SPELEND" && (string(value) == "Y" || string(value) == "N"):
		n[ruleSpellEnd]++
		if value[0] == 'Y' {
			return append(scratch[:0], '1')
		}
		return append(scratch[:0], '0')
	}
	return value
}

func isAge(name string) bool {
	return name == "STARTAGE" || name == "ENDAGE" || name == "ADMIAGE" || name == "ACTIVAGE"
}

func upper(text, scratch []byte, n *counts) []byte {
	if bytes.IndexFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' }) < 0 {
		return text
	}
	n[ruleCase]++
	out := append(scratch[:0], text...)
	for i, c := range out {
		if c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
	}
	return out
}

// cleanDiagnosis keeps the first four letters and digits of a code, in
// capitals, without the X that fills up a category that is not divided.
func cleanDiagnosis(f *hes.Field, text, scratch []byte, n *counts) []byte {
	out := lettersAndDigits(text, scratch, n)
	if f.Family == hes.AnyDiagnosis {
		switch string(out) {
		case "R69X", "R69X3", "R69X6", "R69X8":
			n[ruleUnknownDiagnosis]++
			return nil
		}
	}
	if len(out) > 4 {
		out = out[:4]
	}
	if len(out) == 4 && out[3] == 'X' {
		out = out[:3]
	}
	if len(out) != len(text) {
		n[ruleDiagnosis]++
	}
	return out
}

// cleanProcedure keeps the first four letters and digits of a code, in capitals.
func cleanProcedure(text, scratch []byte, n *counts) []byte {
	if len(text) == 1 && (text[0] == '-' || text[0] == '&') {
		n[ruleNoProcedure]++
		return nil
	}
	out := lettersAndDigits(text, scratch, n)
	if len(out) > 4 {
		out = out[:4]
	}
	if len(out) != len(text) {
		n[ruleProcedure]++
	}
	return out
}

func lettersAndDigits(text, scratch []byte, n *counts) []byte {
	out := scratch[:0]
	lower := false
	for _, c := range text {
		if c >= 'a' && c <= 'z' {
			c, lower = c-'a'+'A', true
		}
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			out = append(out, c)
		}
	}
	if lower {
		n[ruleCase]++
	}
	return out
}

// cleanInt writes a whole number plainly; text that is none is not recorded.
func cleanInt(text, scratch []byte, n *counts) []byte {
	whole := text
	if dot := bytes.IndexByte(text, '.'); dot >= 0 && len(bytes.Trim(text[dot+1:], "0")) == 0 {
		whole = text[:dot]
	}
	v, err := strconv.ParseInt(string(whole), 10, 32)
	if err != nil {
		n[ruleNotANumber]++
		return nil
	}
	out := strconv.AppendInt(scratch[:0], v, 10)
	if !bytes.Equal(out, text) {
		n[ruleNumber]++
	}
	return out
}

func cleanDecimal(text, scratch []byte, n *counts) []byte {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v != v || v >= 1e15 || v <= -1e15 || bytes.ContainsAny(text, "xX") { // no hexadecimal
		n[ruleNotANumber]++
		return nil
	}
	if v == 0 {
		v = 0 // minus zero
	}
	out := strconv.AppendFloat(scratch[:0], v, 'f', -1, 64)
	if dot := bytes.IndexByte(out, '.'); dot >= 0 && len(out)-dot > 19 {
		out = bytes.TrimRight(bytes.TrimRight(out[:dot+19], "0"), ".")
	}
	if string(out) == "-0" {
		out = out[1:]
	}
	if !bytes.Equal(out, text) {
		n[ruleNumber]++
	}
	return out
}
