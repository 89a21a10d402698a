package web

import (
	"strconv"

	"webenablehes/internal/warehouse"
)

// when says a moment for people: the day, or where the access does not cover it
// how many days it was after the patient's first admission, which is day 0.
func when(m warehouse.Moment) string {
	switch {
	case !m.Recorded:
		return "Not recorded"
	case m.Date != "":
		return shortDate(m.Date)
	}
	return "Day " + strconv.Itoa(m.Day)
}
