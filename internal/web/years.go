package web

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// yearLike is a financial year as people write it: 2008/09, 2008-2009, 08/09, 0809.
var yearLike = regexp.MustCompile(`^(?:(?:19|20)?([0-9]{2})[/-](?:19|20)?([0-9]{2})|([0-9]{4}))$`)

// readYears reads financial years, with “to” between the first and the last of a
// row of them. What is no year is returned as it is, for the form to show.
func readYears(text string) []string {
	var out []string
	through := false
	for _, word := range listed(text) {
		if word == "to" && len(out) > 0 {
			through = true
			continue
		}
		year := word
		if m := yearLike.FindStringSubmatch(word); m != nil {
			year = m[1] + m[2] + m[3]
		}
		if through {
			last := out[len(out)-1]
			for next := yearAfter(last); next != "" && next != year && len(out) < 100; next = yearAfter(next) {
				out = append(out, next)
			}
		}
		out, through = append(out, year), false
	}
	return slices.Compact(out)
}

// yearAfter is the year that follows one written 0809; "" for what is none.
func yearAfter(year string) string {
	if len(year) != 4 {
		return ""
	}
	n, err := strconv.Atoi(year[2:])
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%02d%02d", n, (n+1)%100)
}

// writeYears writes financial years so that readYears reads them: three or more in
// a row by the first and the last.
func writeYears(years []string, between string) string {
	out := ""
	for i := 0; i < len(years); {
		last := i
		for last+1 < len(years) && yearAfter(years[last]) == years[last+1] {
			last++
		}
		if out != "" {
			out += between
		}
		out += yearLabel(years[i])
		switch {
		case last > i+1:
			out += " to " + yearLabel(years[last])
		case last == i+1:
			last = i // two stand side by side
		}
		i = last + 1
	}
	return out
}
