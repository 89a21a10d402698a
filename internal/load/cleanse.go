package load

import (
	"bytes"
	"strconv"
	"time"

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
	ruleBabyAge
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
	ruleCount
)

func rules() [ruleCount]rule {
	return [...]rule{
		ruleNull:        {"C1", "The words NULL, Null and null are not recorded values.", "HES_pipeline, clean.R"},
		ruleUnsubmitted: {"C2-1800", "The date 1800-01-01 means that nothing was submitted: not recorded.", "HES technical output specification"},
		ruleInvalidDate: {"C2-1801", "The date 1801-01-01 means that an invalid date was submitted: not recorded.", "HES technical output specification"},
		ruleOldDate:     {"C2-old", "The dates 1600-01-01 and 1582-10-15 are fillers: not recorded.", "HES_pipeline, clean.R"},
		ruleBabyAge:     {"C5", "Ages 7001 to 7007 are bands of days in the first year of life: 0 years.", "HES_pipeline, clean.R"},
		ruleDiagnosis:   {"C7", "A diagnosis is its first four letters and digits, without point and dagger or asterisk marks.", "HES data dictionary 2010"},
		ruleProcedure:   {"C8", "A procedure is its letters and digits without the point, four at most.", "NHS Digital artificial data"},
		ruleNoProcedure: {"C8-none", "“-” and “&” in a procedure mean that there was none: not recorded.", "HES technical output specification"},
		ruleNumber:      {"N1", "Numbers are written plainly: 5.0 is 5 and 007 is 7.", "NHS Digital artificial data"},
		ruleNotANumber:  {"N2", "A number field that holds no number is not recorded.", "WebEnable HES"},
		ruleDateForm:    {"N3", "Dates are written year-month-day.", "HES technical output specification"},
		ruleCase:        {"N4", "Codes are in capital letters.", "HES technical output specification"},
		ruleYear:        {"N5", "A missing financial year is that of the episode's end, else its start, else the admission.", "WebEnable HES"},
		ruleTrust:       {"N7", "A missing PROCODE3 is the first three characters of PROCODE.", "HES_pipeline, clean.R"},
		ruleText:        {"N6", "A text of more than 200 characters, or one that holds a line end, is not recorded.", "WebEnable HES"},
	}
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
// result may share memory with text or with scratch.
func clean(f *hes.Field, text, scratch []byte, n *counts) (value []byte, bad bool) {
	if len(text) == 0 {
		return nil, false
	}
	if len(text) == 4 && (string(text) == "NULL" || string(text) == "Null" || string(text) == "null") {
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
	case hes.Int:
		v := cleanInt(text, scratch, n)
		if isAge(f.Name) && len(v) == 4 && v[0] == '7' && string(v) >= "7001" && string(v) <= "7007" {
			n[ruleBabyAge]++
			return append(scratch[:0], '0'), false
		}
		return v, false
	case hes.Decimal:
		return cleanDecimal(text, scratch, n), false
	case hes.Key:
		return text, false
	}
	if f.Codes == hes.ICD10 || f.Codes == hes.OPCS4 {
		return cleanClinical(f.Codes, text, scratch, n), false
	}
	return upper(text, scratch, n), false
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

// cleanClinical keeps the first four letters and digits of a code, in capitals.
func cleanClinical(list string, text, scratch []byte, n *counts) []byte {
	if list == hes.OPCS4 && (text[0] == '-' || text[0] == '&') {
		n[ruleNoProcedure]++
		return nil
	}
	out := scratch[:0]
	lower := false
	for _, c := range text {
		if c >= 'a' && c <= 'z' {
			c, lower = c-'a'+'A', true
		}
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			out = append(out, c)
		}
		if len(out) == 4 {
			break
		}
	}
	if lower {
		n[ruleCase]++
	}
	if len(out) != len(text) {
		if list == hes.ICD10 {
			n[ruleDiagnosis]++
		} else {
			n[ruleProcedure]++
		}
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

// cleanDate reads the forms in which dates are delivered: 2008-04-01, with a
// time of day behind it or not, 01/04/2008, 01APR2008 and 20080401.
func cleanDate(text, scratch []byte, n *counts) (value []byte, bad bool) {
	y, m, d, ok := splitDate(text)
	if !ok || !exists(y, m, d) {
		return nil, true
	}
	switch {
	case y == 1800 && m == 1 && d == 1:
		n[ruleUnsubmitted]++
		return nil, false
	case y == 1801 && m == 1 && d == 1:
		n[ruleInvalidDate]++
		return nil, false
	case y == 1600 && m == 1 && d == 1, y == 1582 && m == 10 && d == 15:
		n[ruleOldDate]++
		return nil, false
	}
	if len(text) == 10 && text[4] == '-' {
		return text, false
	}
	n[ruleDateForm]++
	out := scratch[:0]
	for _, part := range [...]int{y / 100, y % 100, m, d} {
		if len(out) == 4 || len(out) == 7 {
			out = append(out, '-')
		}
		out = append(out, byte('0'+part/10), byte('0'+part%10))
	}
	return out, false
}

func splitDate(t []byte) (y, m, d int, ok bool) {
	if len(t) > 11 && (t[10] == ' ' || t[10] == 'T') && len(bytes.Trim(t[11:], "0123456789:.Z")) == 0 {
		t = t[:10] // a time of day
	}
	digits := func(b []byte) int {
		v := 0
		for _, c := range b {
			if c < '0' || c > '9' {
				return -1
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	switch {
	case len(t) == 10 && t[4] == '-' && t[7] == '-':
		y, m, d = digits(t[:4]), digits(t[5:7]), digits(t[8:])
	case len(t) == 10 && t[2] == '/' && t[5] == '/':
		d, m, y = digits(t[:2]), digits(t[3:5]), digits(t[6:])
	case len(t) == 9:
		d, y = digits(t[:2]), digits(t[5:])
		at := bytes.Index([]byte("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"), bytes.ToUpper(t[2:5]))
		if at < 0 || at%3 != 0 {
			return 0, 0, 0, false
		}
		m = at/3 + 1
	case len(t) == 8:
		y, m, d = digits(t[:4]), digits(t[4:6]), digits(t[6:])
	}
	return y, m, d, y > 0 && m > 0 && d > 0
}

func exists(y, m, d int) bool {
	if y < 1500 || m > 12 || d > 31 {
		return false
	}
	return d <= 28 || time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() == d
}

// financialYear returns the FYEAR of a canonical date: "0809" for any day from
// 2008-04-01 to 2009-03-31.
func financialYear(date []byte) []byte {
	y := int(date[2]-'0')*10 + int(date[3]-'0')
	if string(date[5:7]) < "04" {
		y += 99
	}
	y %= 100
	next := (y + 1) % 100
	return []byte{byte('0' + y/10), byte('0' + y%10), byte('0' + next/10), byte('0' + next%10)}
}
