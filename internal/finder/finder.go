// Package finder finds the filter that a few words mean.
//
// A person types "psor", "L40", "Guildford", "2012", "female", "65" or pastes a
// list of codes, and gets the filters of the explorer that are meant, the
// likeliest first. What is searched is code lists and the names of filters,
// never data: a suggestion says that a code exists, not that anybody has it.
//
// An Index holds what can be found, in folded text (fold.go). Words that people
// use and no list has are in words.csv. Ages, stays, days, months and years are
// understood by their form (spans.go); a pasted list of codes is read by ReadCodes
// (codes.go).
package finder

import (
	"cmp"
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

//go:embed words.csv
var files embed.FS

// Suggestion is a filter that may be meant.
type Suggestion struct {
	Filter query.Filter // to be added to what is chosen already; its Key alone opens the filter
	Code   string       // of one value, as people write it
	Label  string       // of the values; "" where the filter says it all
}

// Opens tells whether the suggestion is a filter as such and no value of it.
func (s Suggestion) Opens() bool {
	return len(s.Filter.Values) == 0 && s.Filter.From == "" && s.Filter.To == ""
}

// Scope is where a person looks: what the release offers.
type Scope struct {
	Controls []query.Control            // the filters on offer
	Own      map[string][]hes.CodeValue // values that only the release knows, by filter: its years, its subset's rules
}

func (s Scope) has(key string) bool {
	return slices.ContainsFunc(s.Controls, func(c query.Control) bool { return c.Key == key })
}

// Index is everything that can be found. It is immutable and safe for
// concurrent use.
type Index struct {
	codes   *hes.Codes
	exact   map[string]bool // list and code: codes of the clinical lists
	trees   map[string]*hes.Tree
	entries []entry
	heads   map[string][]entry // by list: its chapters and blocks, as codes
}

// entry is one thing that can be found.
type entry struct {
	suggestion Suggestion
	code       string   // folded, without points; "" if it has none
	label      string   // folded, with a space before each word
	names      []string // other names, folded likewise
	whole      string   // all of these, for words that are met anywhere
	depth      int      // 0 for words of ours and filters, 1 for wide codes and values, 2 for codes below a category
	order      int      // of the filter
}

// New makes the index of all filters over the dictionary and the code lists.
func New(d *hes.Dictionary, codes *hes.Codes) (*Index, error) {
	x := &Index{codes: codes, exact: map[string]bool{}, trees: map[string]*hes.Tree{}, heads: map[string][]entry{}}
	for _, list := range [...]string{hes.ICD10, hes.OPCS4} {
		x.trees[list] = hes.NewTree(codes, list)
		x.addHeads(list, x.trees[list].Chapters())
		for _, v := range codes.Values(list) {
			x.exact[list+v.Code] = true
		}
	}
	for order, c := range query.Controls() {
		f, ok := d.Field(c.Field)
		if !ok {
			return nil, fmt.Errorf("finder: the filter %s is on no field", c.Key)
		}
		x.entries = append(x.entries, entry{suggestion: Suggestion{Filter: query.Filter{Key: c.Key}}, order: order, label: fold(c.Says), names: []string{fold(f.Label)}})
		if f.Codes == "FLAG" || c.Kind == query.Dates || c.Kind == query.Numbers {
			continue // "Yes" says nothing by itself
		}
		for _, v := range codes.Values(f.Codes) {
			x.entries = append(x.entries, value(c.Key, f.Codes, order, v))
		}
	}
	if err := x.readWords(x.places()); err != nil {
		return nil, err
	}
	for i := range x.entries {
		x.entries[i].complete()
	}
	return x, nil
}

// value makes the entry of a code.
func value(key, list string, order int, v hes.CodeValue) entry {
	e := entry{suggestion: Suggestion{Filter: query.Filter{Key: key, Values: []string{v.Code}}, Label: v.Label}, label: fold(v.Label), depth: 1, order: order}
	clinical := list == hes.ICD10 || list == hes.OPCS4
	// "1" is a code of a dozen lists, and codes in small letters are words of ours
	if clinical || len(v.Code) > 1 && len(v.Code) <= 6 && v.Code == strings.ToUpper(v.Code) && !strings.ContainsAny(v.Code, " -+") {
		e.code, e.suggestion.Code = plainCode(v.Code), hes.Display(list, v.Code)
	}
	if clinical && len(v.Code) > 3 {
		e.depth = 2
	}
	for name := range strings.SplitSeq(v.Synonyms, ";") {
		if name = fold(name); name != "" {
			e.names = append(e.names, name)
		}
	}
	return e
}

// complete adds what follows from the rest: American spellings and the whole.
func (e *entry) complete() {
	for _, text := range append([]string{e.label}, e.names...) {
		if a := american(text); a != text {
			e.names = append(e.names, a)
		}
	}
	e.whole = e.label + strings.Join(e.names, "")
	if e.code != "" {
		e.whole += " " + e.code // "L40 vulgaris"
	}
}

// addHeads adds the chapters and blocks of a list.
func (x *Index) addHeads(list string, nodes []*hes.Node) {
	for _, n := range nodes {
		if n.Level > hes.Block {
			continue
		}
		e := entry{suggestion: Suggestion{Filter: query.Filter{Values: []string{n.Code}}}, code: plainCode(n.Code), label: fold(n.Label)}
		e.complete()
		x.heads[list] = append(x.heads[list], e)
		x.addHeads(list, n.Children)
	}
}

// Codes returns the places in a classification that a text may mean, the
// likeliest first, at most limit of them, and how many there are in all.
func (x *Index) Codes(list, text string, limit int) (found []*hes.Node, all int) {
	folded := fold(text)
	if folded == "" {
		return nil, 0
	}
	key := FilterOf(list, nil).Key
	a := answering(text, folded)
	for i := range x.heads[list] {
		a.consider(&x.heads[list][i])
	}
	for i := range x.entries {
		if e := &x.entries[i]; e.suggestion.Filter.Key == key && e.suggestion.Code != "" {
			a.consider(e)
		}
	}
	best, all := a.best(exactCode, nothing-1, limit)
	for _, e := range best[:min(limit, len(best))] {
		if n, ok := x.trees[list].Find(e.suggestion.Filter.Values[0]); ok {
			found = append(found, n)
		}
	}
	return found, all
}

// places are the entries by filter and value, a filter as such by no value.
func (x *Index) places() map[string]int {
	at := make(map[string]int, len(x.entries))
	for i, e := range x.entries {
		at[place(e.suggestion.Filter.Key, strings.Join(e.suggestion.Filter.Values, ";"))] = i
	}
	return at
}

func place(key, value string) string { return key + "=" + value }

// readWords adds words.csv: words that people use, separated by semicolons; the
// filter; its values, separated likewise, a span such as "65..", or none to open
// the filter; a label where one value's own does not do; and where the words
// were met.
func (x *Index) readWords(at map[string]int) error {
	f, err := files.Open("words.csv")
	if err != nil {
		return fmt.Errorf("open words: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("read words.csv: %w", err)
	}
	for i, row := range rows[1:] {
		if err := x.addWords(at, row); err != nil {
			return fmt.Errorf("words.csv line %d: %w", i+2, err)
		}
	}
	return nil
}

func (x *Index) addWords(places map[string]int, row []string) error {
	words, key, values, label := row[0], row[1], row[2], row[3]
	order := slices.IndexFunc(query.Controls(), func(c query.Control) bool { return c.Key == key })
	if order < 0 || words == "" {
		return fmt.Errorf("words and a filter are needed")
	}
	var names []string
	for name := range strings.SplitSeq(words, ";") {
		names = append(names, fold(name))
	}
	if label == "" { // another name of something that is there
		at, ok := places[place(key, values)]
		if !ok {
			return fmt.Errorf("%s has no value %s", key, values)
		}
		x.entries[at].names = append(x.entries[at].names, names...)
		return nil
	}
	filter := query.Filter{Key: key}
	if from, to, ok := strings.Cut(values, ".."); ok {
		filter.From, filter.To = from, to
	} else {
		for v := range strings.SplitSeq(values, ";") {
			filter.Values = append(filter.Values, strings.TrimSpace(v))
		}
		slices.Sort(filter.Values)
	}
	x.entries = append(x.entries, entry{suggestion: Suggestion{Filter: filter, Label: label}, label: fold(label), names: names, order: order})
	return nil
}

// How well an entry answers, the best first.
const (
	exactCode  = iota
	codePrefix // of at least two characters
	wholeLabel // the label is what was typed
	wholeName  // another name is
	labelStart
	nameStart
	wordStarts // each word typed begins a word of the label
	otherWords // or of label and other names together
	codeStart  // of a list that is numbered: "65" begins 650 to 659, but means an age
	inside
	nothing
)

// minInside is how many letters of each word it takes to look inside words:
// fewer are inside too many.
const minInside = 4

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}

// rank says how well an entry answers the folded text typed, whose words are
// words and which as a code is code.
func (e *entry) rank(text string, words []string, code string) int {
	numbered := len(code) >= 2 && e.code != "" && strings.Trim(e.code, "0123456789") == ""
	switch {
	case e.code != "" && e.code == code:
		return exactCode
	case e.code != "" && len(code) >= 2 && !numbered && strings.HasPrefix(e.code, code):
		return codePrefix
	case e.label == text:
		return wholeLabel
	case slices.Contains(e.names, text):
		return wholeName
	case strings.HasPrefix(e.label, text):
		return labelStart
	}
	for _, name := range e.names {
		if strings.HasPrefix(name, text) {
			return nameStart
		}
	}
	all := func(in string, before string) bool {
		for _, w := range words {
			if !strings.Contains(in, before+w) {
				return false
			}
		}
		return true
	}
	switch {
	case all(e.label, " "):
		return wordStarts
	case all(e.whole, " "):
		return otherWords
	case numbered && strings.HasPrefix(e.code, code):
		return codeStart
	case shortest(words) >= minInside && all(e.whole, ""):
		return inside
	}
	return nothing
}

// answer gathers what answers a text, by how well.
type answer struct {
	folded, code string
	words        []string
	worst        int // the least that counts
	found        [nothing][]*entry
}

func answering(text, folded string) *answer {
	a := &answer{folded: folded, words: strings.Fields(folded), code: plainCode(text), worst: inside}
	if clinicalCode.MatchString(a.code) {
		a.worst = codePrefix // whoever types a code wants no words
	}
	return a
}

func (a *answer) consider(e *entry) {
	if r := e.rank(a.folded, a.words, a.code); r <= a.worst {
		a.found[r] = append(a.found[r], e)
	}
}

// best returns the likeliest answers in order, at least limit of them where there
// are as many, of the ranks from first to last; and how many there are in all. A
// common word is in a great many names, of which only the first are put in order.
func (a *answer) best(first, last, limit int) (out []*entry, all int) {
	for _, found := range a.found[first : last+1] {
		if len(out) < limit {
			slices.SortStableFunc(found, func(a, b *entry) int {
				return cmp.Or(a.depth-b.depth, a.order-b.order, cmp.Compare(len(a.code), len(b.code)), cmp.Compare(a.code, b.code))
			})
			out = append(out, found...)
		}
		all += len(found)
	}
	return out, all
}

// Find returns what a text may mean, the likeliest first, at most limit of them,
// and how many there are in all.
func (x *Index) Find(text string, in Scope, limit int) (found []Suggestion, all int) {
	folded := fold(text)
	if folded == "" {
		return nil, 0
	}
	a := answering(text, folded)
	offered := map[string]bool{}
	for order, c := range query.Controls() {
		if offered[c.Key] = in.has(c.Key); !offered[c.Key] {
			continue
		}
		for _, v := range in.Own[c.Key] {
			e := value(c.Key, "", order, v)
			e.suggestion.Code = ""
			e.complete()
			a.consider(&e)
		}
	}
	for i := range x.entries {
		if e := &x.entries[i]; offered[e.suggestion.Filter.Key] {
			a.consider(e)
		}
	}
	// what is understood by its form comes after codes that are written so
	for _, ranks := range [...][2]int{{exactCode, exactCode}, {exactCode + 1, nothing - 1}} {
		best, n := a.best(ranks[0], ranks[1], limit)
		for _, e := range best {
			found = append(found, e.suggestion)
		}
		all += n
		if ranks[0] == exactCode {
			spans := in.spans(text)
			found, all = append(found, spans...), all+len(spans)
		}
	}
	kept := unique(found)
	all -= len(found) - len(kept)
	return kept[:min(limit, len(kept))], all
}

// unique leaves out suggestions that come again.
func unique(in []Suggestion) []Suggestion {
	seen := map[string]bool{}
	var out []Suggestion
	for _, s := range in {
		f := s.Filter
		key := f.Key + "=" + f.From + ".." + f.To + "=" + strings.Join(f.Values, ",")
		if !seen[key] {
			out = append(out, s)
		}
		seen[key] = true
	}
	return out
}
