package hes

// FirstYear returns the calendar year in which a financial year begins, 2008 for
// the FYEAR "0809"; 0 if the text is none. HES began in 1989: "8" and "9" are of
// the last century.
func FirstYear(fyear string) int {
	if len(fyear) != 4 {
		return 0
	}
	for _, c := range fyear {
		if c < '0' || c > '9' {
			return 0
		}
	}
	year := 2000 + int(fyear[0]-'0')*10 + int(fyear[1]-'0')
	if fyear[0] >= '8' {
		year -= 100
	}
	return year
}
