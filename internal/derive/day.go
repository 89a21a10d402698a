package derive

import "math"

// Day is a day as the number of days since 1970-01-01.
type Day int32

// NoDay is "not recorded".
const NoDay Day = math.MinInt32

// ParseDay reads a canonical date, "2008-04-01". Anything that is not a day of
// the calendar is NoDay.
func ParseDay(iso string) Day {
	if len(iso) != 10 || iso[4] != '-' || iso[7] != '-' {
		return NoDay
	}
	y, ok1 := number(iso[:4])
	m, ok2 := number(iso[5:7])
	d, ok3 := number(iso[8:])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return NoDay
	}
	return civil(y, m, d)
}

// String returns the day as a canonical date; NoDay is "".
func (d Day) String() string {
	if d == NoDay {
		return ""
	}
	year, month, day := d.date()
	b := make([]byte, 0, 10)
	b = append(b, byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-')
	b = append(b, byte('0'+month/10), byte('0'+month%10), '-', byte('0'+day/10), byte('0'+day%10))
	return string(b)
}

// yearsBefore returns the same day of the calendar some years earlier; of a 29
// February it is the 28th.
func (d Day) yearsBefore(n int) Day {
	y, m, day := d.date()
	if m == 2 && day == 29 {
		day = 28
	}
	return civil(y-n, m, day)
}

// civil returns a day of the Gregorian calendar. Years are counted from March,
// so that the leap day is the last of its year and months need no table.
func civil(y, m, d int) Day {
	if m <= 2 {
		y--
		m += 12
	}
	return Day(365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468)
}

// date is the inverse of civil for years 1 to 9999.
func (d Day) date() (y, m, day int) {
	z := int(d) + 719468
	era := z / 146097 // of 400 years
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m, day = yoe+era*400, mp+3, doy-(153*mp+2)/5+1
	if m > 12 {
		y, m = y+1, m-12
	}
	return y, m, day
}

func monthDays(y, m int) int {
	switch {
	case m == 4 || m == 6 || m == 9 || m == 11:
		return 30
	case m != 2:
		return 31
	case y%4 == 0 && (y%100 != 0 || y%400 == 0):
		return 29
	}
	return 28
}

func number(digits string) (int, bool) {
	n := 0
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = n*10 + int(digits[i]-'0')
	}
	return n, true
}
