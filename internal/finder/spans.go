package finder

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// oldest is the greatest age and the longest stay that a bare number is taken for.
const oldest = 120

// spans understands a text by its form: ages, days of stay, months, years and
// days, and spans of them.
func (s Scope) spans(text string) []Suggestion {
	text = strings.Join(strings.Fields(strings.ToLower(strings.NewReplacer("–", "-", "—", "-", ",", " ").Replace(text))), " ")
	var out []Suggestion
	for _, found := range [...][]Suggestion{s.years(text), s.times(text), s.ages(text), s.stays(text)} {
		out = append(out, found...)
	}
	return out
}

func (s Scope) span(key, from, to, label string) []Suggestion {
	if !s.has(key) {
		return nil
	}
	return []Suggestion{{Filter: query.Filter{Key: key, From: from, To: to}, Label: label}}
}

// between reads "18-64", "over 65", "65+", "under 18": a span of whole numbers
// from a text without its unit. An open end is -1.
func between(text string) (from, to int, ok bool) {
	whole := func(part string) int {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n > oldest || len(strings.TrimSpace(part)) > 3 {
			ok = false
		}
		return n
	}
	ok = true
	if n, found := strings.CutSuffix(text, "+"); found {
		return whole(n), -1, ok
	}
	for _, words := range [...]string{" and over", " or over", " and above", " or more", " and older", " or older", " plus"} {
		if n, found := strings.CutSuffix(text, words); found {
			return whole(n), -1, ok
		}
	}
	for _, words := range [...]string{"over ", "from ", "at least ", ">="} { // “the over 65s” are those of 65 too
		if n, found := strings.CutPrefix(text, words); found {
			return whole(n), -1, ok
		}
	}
	for _, words := range [...]string{"above ", "more than ", "older than ", ">"} {
		if n, found := strings.CutPrefix(text, words); found {
			return whole(n) + 1, -1, ok
		}
	}
	for _, words := range [...]string{"under ", "below ", "less than ", "younger than ", "<"} {
		if n, found := strings.CutPrefix(text, words); found && !strings.HasPrefix(n, "=") {
			return -1, whole(n) - 1, ok && whole(n) > 0
		}
	}
	for _, words := range [...]string{"up to ", "at most ", "<="} {
		if n, found := strings.CutPrefix(text, words); found {
			return -1, whole(n), ok
		}
	}
	for _, dash := range [...]string{" to ", " - ", "-", " and ", ".."} {
		if a, b, found := strings.Cut(strings.TrimPrefix(text, "between "), dash); found {
			from, to = whole(a), whole(b)
			return from, to, ok && from <= to
		}
	}
	n := whole(text)
	return n, n, ok
}

// ages reads "65", "65+", "aged 18 to 64", "under 18 years".
func (s Scope) ages(text string) []Suggestion {
	bare := text
	for _, before := range [...]string{"aged ", "ages ", "age ", "people "} {
		bare = strings.TrimPrefix(bare, before)
	}
	for _, after := range [...]string{" years old", " year olds", " year old", " years", " yrs", " yo"} {
		bare = strings.TrimSuffix(bare, after)
	}
	from, to, ok := between(bare)
	switch {
	case !ok:
		return nil
	case to < 0:
		return s.span("age", strconv.Itoa(from), "", strconv.Itoa(from)+" and over")
	case from < 0:
		return s.span("age", "", strconv.Itoa(to), "under "+strconv.Itoa(to+1))
	case from < to:
		return s.span("age", strconv.Itoa(from), strconv.Itoa(to), strconv.Itoa(from)+" to "+strconv.Itoa(to))
	}
	n := strconv.Itoa(from)
	return slices.Concat(s.span("age", n, n, n), s.span("age", n, "", n+" and over"))
}

// stays reads "3 days", "over 7 nights", "stay 2 to 5 days".
func (s Scope) stays(text string) []Suggestion {
	bare := strings.TrimPrefix(strings.TrimPrefix(text, "stays "), "stay ")
	for _, after := range [...]string{" days", " day", " nights", " night"} {
		bare = strings.TrimSuffix(bare, after)
	}
	if bare == text {
		return nil // nothing says that days are meant
	}
	from, to, ok := between(bare)
	switch {
	case !ok:
		return nil
	case to < 0:
		return s.span("los", strconv.Itoa(from), "", strconv.Itoa(from)+" and more")
	case from < 0:
		return s.span("los", "", strconv.Itoa(to), "up to "+strconv.Itoa(to))
	case from < to:
		return s.span("los", strconv.Itoa(from), strconv.Itoa(to), strconv.Itoa(from)+" to "+strconv.Itoa(to))
	}
	n := strconv.Itoa(from)
	return slices.Concat(s.span("los", n, n, n), s.span("los", n, "", n+" and more"))
}

var (
	calendarYear  = regexp.MustCompile(`^(19|20)[0-9]{2}$`)
	financialYear = regexp.MustCompile(`^((?:19|20)[0-9]{2})[/-]((?:19|20)?[0-9]{2})$`)
)

// years reads "2012", which is a part of two financial years, and "2012/13".
func (s Scope) years(text string) []Suggestion {
	var first []int
	if calendarYear.MatchString(text) {
		year, _ := strconv.Atoi(text)
		first = []int{year - 1, year}
	} else if m := financialYear.FindStringSubmatch(text); m != nil {
		year, _ := strconv.Atoi(m[1])
		next := strconv.Itoa(year + 1)
		if m[2] != next && m[2] != next[2:] {
			return nil
		}
		first = []int{year}
	}
	var out []Suggestion
	for _, v := range s.Own["year"] {
		if s.has("year") && slices.Contains(first, hes.FirstYear(v.Code)) {
			out = append(out, Suggestion{Filter: query.Filter{Key: "year", Values: []string{v.Code}}, Label: v.Label})
		}
	}
	return out
}

// moment is a year, a month or a day.
type moment struct {
	first, last time.Time
	label       string
}

// times reads "2012", "apr 2010", "1 apr 2010", and spans of them: "apr 2010 to
// mar 2011", "since 2010".
func (s Scope) times(text string) []Suggestion {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "admitted "), "in ")
	say := func(m moment) (string, string) { return m.first.Format(time.DateOnly), m.last.Format(time.DateOnly) }
	if m, ok := readMoment(text); ok {
		from, to := say(m)
		return s.span("adm", from, to, "in "+m.label)
	}
	for _, words := range [...]string{"since ", "from ", "after "} {
		if m, ok := readMoment(strings.TrimPrefix(text, words)); ok {
			from, _ := say(m)
			if words == "after " {
				from = m.last.AddDate(0, 0, 1).Format(time.DateOnly)
			}
			return s.span("adm", from, "", strings.TrimSpace(words)+" "+m.label)
		}
	}
	for _, words := range [...]string{"before ", "until ", "up to ", "to "} {
		if m, ok := readMoment(strings.TrimPrefix(text, words)); ok {
			_, to := say(m)
			if words == "before " {
				to = m.first.AddDate(0, 0, -1).Format(time.DateOnly)
			}
			return s.span("adm", "", to, strings.TrimSpace(words)+" "+m.label)
		}
	}
	for _, dash := range [...]string{" to ", " - ", "-"} {
		a, b, ok := strings.Cut(text, dash)
		if !ok {
			continue
		}
		first, ok1 := readMoment(strings.TrimPrefix(a, "from "))
		last, ok2 := readMoment(b)
		if ok1 && ok2 && !last.last.Before(first.first) {
			from, _ := say(first)
			_, to := say(last)
			return s.span("adm", from, to, first.label+" to "+last.label)
		}
	}
	return nil
}

// readMoment reads a year, a month or a day as people write them.
func readMoment(text string) (moment, bool) {
	text = strings.ReplaceAll(text, "sept ", "sep ")
	read := func(forms []string) (time.Time, bool) {
		for _, form := range forms {
			if t, err := time.Parse(form, text); err == nil && t.Year() >= 1900 && t.Year() < 2100 {
				return t, true
			}
		}
		return time.Time{}, false
	}
	if t, ok := read([]string{"2006"}); ok {
		return moment{t, t.AddDate(1, 0, -1), t.Format("2006")}, true
	}
	if t, ok := read([]string{"Jan 2006", "January 2006", "Jan-2006", "2006-01", "2006-1", "01/2006", "1/2006", "2006 Jan", "2006 January"}); ok {
		return moment{t, t.AddDate(0, 1, -1), t.Format("January 2006")}, true
	}
	if t, ok := read([]string{"2006-01-02", "2/1/2006", "2 Jan 2006", "2 January 2006"}); ok {
		return moment{t, t, t.Format("2 January 2006")}, true
	}
	return moment{}, false
}
