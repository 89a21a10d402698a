package load

import (
	"bytes"
	"time"
)

// cleanDate reads the forms in which dates are delivered, each with a time of
// day behind it or not: year, month and day or day, month and year, with one of
// "-/. " between them ("2008-04-01", "01/04/2008", "1-Apr-2008"), or together
// ("20080401", "01APR2008"). A year has four digits. bad is true for anything
// else and for a day that the calendar does not have.
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
	out := append(scratch[:0], digits(y/100)...)
	out = append(append(append(out, digits(y%100)...), '-'), digits(m)...)
	out = append(append(out, '-'), digits(d)...)
	if !bytes.Equal(out, text) {
		n[ruleDateForm]++
	}
	return out, false
}

// digits writes a number from 0 to 99 with two digits.
func digits(v int) []byte { return []byte{byte('0' + v/10), byte('0' + v%10)} }

// splitDate finds year, month and day, which need not be a day that exists.
func splitDate(t []byte) (y, m, d int, ok bool) {
	t = withoutTime(t)
	switch len(t) {
	case 8:
		if y, m, d = number(t[:4]), number(t[4:6]), number(t[6:]); y >= 0 {
			return y, m, d, m > 0 && d > 0
		}
	case 9:
		if m = month(t[2:5]); m > 0 {
			d, y = number(t[:2]), number(t[5:])
			return y, m, d, y > 0 && d > 0
		}
	}
	at := bytes.IndexAny(t, "-/. ")
	if at < 0 {
		return 0, 0, 0, false
	}
	parts := bytes.Split(t, t[at:at+1])
	if len(parts) != 3 {
		return 0, 0, 0, false
	}
	first, last := parts[0], parts[2]
	if len(first) == 4 {
		first, last = last, first
	}
	if len(first) < 1 || len(first) > 2 || len(last) != 4 {
		return 0, 0, 0, false
	}
	y, d = number(last), number(first)
	if m = month(parts[1]); m == 0 && (len(parts[1]) == 1 || len(parts[1]) == 2) {
		m = number(parts[1])
	}
	return y, m, d, y > 0 && m > 0 && d > 0
}

// withoutTime cuts off a time of day: what follows a space, a T or, as SAS
// writes it, a colon, if it has a colon itself.
func withoutTime(t []byte) []byte {
	for i := 8; i < len(t); i++ {
		if t[i] != ' ' && t[i] != 'T' && t[i] != ':' {
			continue
		}
		rest := t[i+1:]
		if len(bytes.Trim(rest, "0123456789:.Z")) == 0 && bytes.IndexByte(rest, ':') >= 0 {
			return t[:i]
		}
	}
	return t
}

// number reads digits; -1 if there is anything else or nothing.
func number(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	v := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		v = v*10 + int(c-'0')
	}
	return v
}

// month reads the three letters of a month's name in any case; 0 if they are none.
func month(b []byte) int {
	if len(b) != 3 {
		return 0
	}
	at := bytes.Index([]byte("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"), bytes.ToUpper(b))
	if at < 0 || at%3 != 0 {
		return 0
	}
	return at/3 + 1
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
	y := number(date[2:4])
	if string(date[5:7]) < "04" {
		y += 99
	}
	return pair(y)
}

// pair is the FYEAR of the financial year that begins in a year.
func pair(y int) []byte { return append(digits(y%100), digits((y+1)%100)...) }

// firstYear is the first financial year of HES, 1989-90.
const firstYear = 1989

// cleanYear writes a financial year as FYEAR does, two digits for each of its
// two years: 0809. It may be delivered as 2008-09, 2008/09, 2008-2009, 200809,
// 20082009, 08/09 or as 2008, the year in which it begins. Four digits that are
// a pair already are never read as a calendar year: 1920 is 2019-20.
func cleanYear(text, scratch []byte, n *counts) []byte {
	first, second := text, []byte(nil)
	if at := bytes.IndexAny(text, "-/"); at >= 0 {
		first, second = text[:at], text[at+1:]
	} else if half := len(text) / 2; len(text) == 4 && follows(text[:half], text[half:]) || len(text) == 8 {
		first, second = text[:half], text[half:]
	} else if len(text) == 6 {
		first, second = text[:4], text[4:]
	}
	y := number(first)
	switch {
	case y < 0 || len(first) != 2 && len(first) != 4:
		y = -1
	case len(first) == 4 && (y < firstYear || y >= firstYear+100):
		y = -1
	case second == nil && len(first) != 4, second != nil && !follows(first, second):
		y = -1
	}
	if y < 0 {
		n[ruleNoYear]++
		return nil
	}
	out := append(scratch[:0], pair(y)...)
	if !bytes.Equal(out, text) {
		n[ruleYearForm]++
	}
	return out
}

// follows tells whether the second of two years is the next one. Of 2 and 4
// digits each, a year of two digits may stand behind one of four.
func follows(first, second []byte) bool {
	a, b := number(first), number(second)
	switch {
	case a < 0 || b < 0 || len(first) != 2 && len(first) != 4:
		return false
	case len(second) == 2:
		return (a+1)%100 == b
	case len(second) == 4 && len(first) == 4:
		return a+1 == b
	}
	return false
}

// cleanMonth writes a month of birth as MYDOB does, MMYYYY. It may be delivered
// as 04/1960, 1960-04 or 196004. Of a full date the day is left out: a day of
// birth identifies, and a file must not bring it in under another name.
func cleanMonth(text, scratch []byte, n *counts) []byte {
	y, m := 0, 0
	parts := bytes.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '/' })
	switch {
	case len(parts) == 2 && len(parts[0]) == 4 && len(parts[1]) <= 2:
		y, m = number(parts[0]), number(parts[1])
	case len(parts) == 2 && len(parts[1]) == 4 && len(parts[0]) <= 2:
		y, m = number(parts[1]), number(parts[0])
	case len(parts) == 1 && len(text) == 6:
		if y, m = number(text[2:]), number(text[:2]); m > 12 { // no year begins with 12 or less
			y, m = number(text[:4]), number(text[4:])
		}
	default:
		var d int
		if y, m, d, _ = splitDate(text); !exists(y, m, d) {
			y = 0
		}
	}
	if y < 1800 || y > 2100 || m < 1 || m > 12 {
		n[ruleMonth]++
		return nil
	}
	out := append(append(append(scratch[:0], digits(m)...), digits(y/100)...), digits(y%100)...)
	if !bytes.Equal(out, text) {
		n[ruleMonth]++
	}
	return out
}
