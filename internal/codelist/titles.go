package codelist

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"webenablehes/internal/hes"
)

// NotInList is what stands for the name of an organisation that is in none of
// the lists: files of today leave out organisations that closed before April
// 2017, so that old episodes hold codes without a name.
const NotInList = "Code not in list"

// Titles answers what a code means from the program's own lists and those that
// the site has loaded. It is immutable and safe for concurrent use.
type Titles struct {
	own      *hes.Codes
	codes    *hes.Codes                 // own with what was loaded
	exact    map[string]map[string]bool // clinical list → codes with a label of our own
	lists    []List                     // those in use
	editions map[string][]held          // clinical list → editions, the oldest first
	orgs     []held                     // organisation lists, the one loaded last first
	areas    []held
	chains   chains
}

// held is a list in use with its codes.
type held struct {
	List
	entries map[string]Entry
}

// Title is what a loaded list says of a code.
type Title struct {
	Code    string // of which it is the title: the code itself, or the wider one that has it
	Text    string // as delivered
	Edition string
	List    string // ID of the list
	From    string // first and last day on which the code is valid, as far as the loaded lists tell; empty if open or not known
	To      string
	Sex     string // code of the one sex that it applies to, as in the field SEX; empty for both
	MinAge  string // in whole years; empty if none
	MaxAge  string
	Outside bool // the code was not valid in the year that was asked for
}

// Titles reads the lists in use. own are the program's lists.
func (s *Store) Titles(own *hes.Codes) (*Titles, error) {
	all, err := s.Lists()
	if err != nil {
		return nil, err
	}
	t := &Titles{own: own, exact: map[string]map[string]bool{}, editions: map[string][]held{}}
	var next [][]Entry
	for _, l := range all {
		if !l.InUse {
			continue
		}
		if l.Damaged {
			_, err := s.get(l.ID)
			return nil, err
		}
		entries, err := s.entries(l.List)
		if err != nil {
			return nil, err
		}
		t.lists = append(t.lists, l.List)
		if l.Kind == Successors {
			next = append(next, entries)
			continue
		}
		h := held{List: l.List, entries: make(map[string]Entry, len(entries))}
		for _, e := range entries {
			h.entries[e.Code] = e
		}
		switch l.Kind {
		case ICD10:
			t.editions[hes.ICD10] = append(t.editions[hes.ICD10], h)
		case OPCS4:
			t.editions[hes.OPCS4] = append(t.editions[hes.OPCS4], h)
		case ODS:
			t.orgs = append(t.orgs, h)
		case LSOA:
			t.areas = append(t.areas, h)
		}
	}
	for _, list := range [...]string{hes.ICD10, hes.OPCS4} {
		slices.SortStableFunc(t.editions[list], func(a, b held) int { return strings.Compare(a.From, b.From) })
		t.exact[list] = map[string]bool{}
		for _, v := range own.Values(list) {
			t.exact[list][v.Code] = true
		}
	}
	t.chains = follow(next...)
	t.codes = own.With(t.loaded())
	return t, nil
}

// Codes returns the program's lists with what was loaded, for screens: short
// labels of our own for diagnoses and procedures, with official titles where we
// have none, and loaded names of organisations.
func (t *Titles) Codes() *hes.Codes { return t.codes }

// practice is the form of a general practice's code.
var practice = regexp.MustCompile(`^[A-Z][0-9]{5}$`)

// loaded sorts what was loaded into the lists that fields use.
func (t *Titles) loaded() map[string][]hes.CodeValue {
	out := map[string][]hes.CodeValue{}
	for list, editions := range t.editions {
		seen := map[string]bool{}
		for _, h := range slices.Backward(editions) {
			for _, code := range slices.Sorted(maps.Keys(h.entries)) {
				if !seen[code] {
					seen[code] = true
					e := h.entries[code]
					from, to := t.valid(list, code, e)
					out[list] = append(out[list], hes.CodeValue{Code: code, Label: e.Title, From: yearOf(from), To: yearOf(to)})
				}
			}
		}
	}
	named := map[string]bool{}
	for _, h := range t.orgs {
		for code := range h.entries {
			named[code] = true
		}
	}
	for _, code := range slices.Sorted(maps.Keys(named)) {
		title, _ := t.organisation(code, "", "")
		v := hes.CodeValue{Code: code, Label: title.Text}
		out[referrers] = append(out[referrers], v)
		if practice.MatchString(code) {
			out[practices] = append(out[practices], v)
			continue
		}
		for _, list := range [...]string{hes.Provider, "PURCODE", "PRIMERCP", "PCT"} {
			out[list] = append(out[list], v)
		}
	}
	return out
}

// The lists of organisations besides hes.Provider that answers are asked of by
// name.
const (
	practices = "GPPRAC"
	referrers = "REFERORG"
)

// organisations tells whether a list is one of organisations.
func organisations(list string) bool {
	return slices.Contains([]string{hes.Provider, practices, referrers, "PURCODE", "PRIMERCP", "PCT"}, list)
}

// Label returns what stands beside a code on a screen: of a diagnosis or
// procedure our own short label, else the title of the edition in use in the
// financial year (FYEAR, "" for the newest); of an organisation its loaded name,
// else ours, else NotInList and false.
func (t *Titles) Label(list, code, fyear string) (string, bool) {
	code = plain(list, code)
	if !t.exact[list][code] {
		title, ok := t.Title(list, code, fyear)
		if ok && title.Code == code {
			return title.Text, true
		}
	}
	if label, ok := t.codes.Label(list, code); ok {
		return label, true
	}
	if organisations(list) && code != "" {
		return NotInList, false
	}
	return "", false
}

// Title returns what a loaded list says of a code in a financial year (FYEAR, ""
// for the newest edition). A code that is not in that year's edition has the
// title of the nearest one that holds it, marked Outside; one that is in none has
// that of its category or, a hospital site, of its trust.
func (t *Titles) Title(list, code, fyear string) (Title, bool) {
	code = plain(list, code)
	first, last, _ := year(fyear)
	find := t.classified
	shorter := []int{4, 3}
	switch {
	case list == hes.Provider:
		find, shorter = func(_, code, first, last string) (Title, bool) { return t.organisation(code, first, last) }, []int{3}
	case organisations(list):
		find, shorter = func(_, code, first, last string) (Title, bool) { return t.organisation(code, first, last) }, nil
	}
	if title, ok := find(list, code, first, last); ok {
		return title, true
	}
	for _, n := range shorter {
		if len(code) > n {
			if title, ok := find(list, code[:n], first, last); ok {
				return title, true
			}
		}
	}
	return Title{}, false
}

// Lists returns the loaded lists that are in use.
func (t *Titles) Lists() []List { return slices.Clone(t.lists) }

// Editions returns what each loaded list says of exactly that code, the newest
// edition first.
func (t *Titles) Editions(list, code string) []Title {
	code = plain(list, code)
	var out []Title
	if organisations(list) {
		for _, h := range t.orgs {
			if e, ok := h.entries[code]; ok {
				out = append(out, h.title(e))
			}
		}
		return out
	}
	for _, h := range slices.Backward(t.editions[list]) {
		if e, ok := h.entries[code]; ok {
			title := h.title(e)
			title.From, title.To = t.valid(list, code, e)
			out = append(out, title)
		}
	}
	return out
}

func (h held) title(e Entry) Title {
	return Title{Code: e.Code, Text: e.Title, Edition: h.Edition, List: h.ID, From: e.From, To: e.To, Sex: e.Sex, MinAge: e.MinAge, MaxAge: e.MaxAge}
}

// classified looks a code up in the edition of the year, then in the nearest.
func (t *Titles) classified(list, code, first, last string) (Title, bool) {
	all := t.editions[list]
	now := len(all) - 1
	for now > 0 && first != "" && all[now].From > first {
		now--
	}
	for step := range len(all) {
		for _, at := range [...]int{now - step, now + step} {
			if at < 0 || at >= len(all) {
				continue
			}
			if e, ok := all[at].entries[code]; ok {
				title := all[at].title(e)
				title.From, title.To = t.valid(list, code, e)
				title.Outside = first != "" && (title.From > last || title.To != "" && title.To < first)
				return title, true
			}
		}
	}
	return Title{}, false
}

// valid returns from when to when a code is valid: what its list says, else what
// follows from the editions. In the oldest edition that is loaded a code may be
// of any age, and only a newer edition without it says that it has ended.
func (t *Titles) valid(list, code string, e Entry) (from, to string) {
	all := t.editions[list]
	holds := func(h held) bool { _, ok := h.entries[code]; return ok }
	first := slices.IndexFunc(all, holds)
	last := len(all) - 1
	for last > 0 && !holds(all[last]) {
		last--
	}
	if from = e.From; from == "" && first > 0 {
		from = all[first].From
	}
	if to = e.To; to == "" && last < len(all)-1 {
		if to = dayBefore(all[last+1].From); all[last].To != "" && all[last].To < to {
			to = all[last].To
		}
	}
	return from, to
}

// organisation looks a code up among organisations: the one that was open in the
// year, else the one that is open, else the one that closed last.
func (t *Titles) organisation(code, first, last string) (Title, bool) {
	var best Title
	found := false
	open := func(title Title) bool {
		return first != "" && title.From <= last && (title.To == "" || title.To >= first)
	}
	for _, h := range t.orgs {
		e, ok := h.entries[code]
		if !ok {
			continue
		}
		title := h.title(e)
		better := !found
		switch {
		case !found:
		case open(title) != open(best):
			better = open(title)
		case best.To != "":
			better = title.To == "" || title.To > best.To
		}
		if better {
			best, found = title, true
		}
	}
	best.Outside = found && first != "" && !open(best)
	return best, found
}

// Successors returns the organisations that followed one, in order of time. It
// stops where the work was divided among several, and then split is true.
func (t *Titles) Successors(code string) (steps []Step, split bool) {
	steps, split, _ = t.chains.walk(plain(hes.Provider, code))
	return steps, split
}

// Area returns where a neighbourhood lies; the list that was loaded last and
// holds it answers, and others fill what it leaves out.
func (t *Titles) Area(lsoa string) (Area, bool) {
	var a Area
	found := false
	for _, h := range t.areas {
		e, ok := h.entries[plain("", lsoa)]
		if !ok {
			continue
		}
		found = true
		for _, fill := range [...]struct {
			to   *string
			from string
		}{{&a.Decile, e.Area.Decile}, {&a.RegionCode, e.Area.RegionCode}, {&a.Region, e.Area.Region}, {&a.ICBCode, e.Area.ICBCode}, {&a.ICB, e.Area.ICB}} {
			if *fill.to == "" {
				*fill.to = fill.from
			}
		}
	}
	return a, found
}
