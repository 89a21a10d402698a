package view

import (
	"fmt"
	"time"

	"webenablehes/internal/policy"
)

// Ending says when an access ends, to the minute, and from 90 days before then on
// warns, in other words at 30 and at 7. what is what ends.
func Ending(at time.Time, what string, now time.Time) (ends, warning string) {
	ends = at.In(now.Location()).Format("2 January 2006, 15:04")
	left := at.Sub(now)
	for _, days := range [...]int{7, 30, 90} {
		if left > time.Duration(days)*24*time.Hour || days == 90 && what == policy.Confirmation { // which never lasts longer
			continue
		}
		in := "less than a day"
		if n := int(left / (24 * time.Hour)); n >= 1 {
			in = plural(n, "day")
		}
		act := map[int]string{90: "Ask the information governance lead in time if you need it for longer.", 30: "Ask the information governance lead now if you need it for longer.", 7: "After that you see no records."}[days]
		if what == policy.Confirmation {
			act = "After that you see no records until you confirm it again."
		}
		return ends, fmt.Sprintf("%s ends in %s, on %s. %s", capital(what), in, ends, act)
	}
	return ends, ""
}
