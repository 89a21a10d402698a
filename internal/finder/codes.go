package finder

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// Pasted is what was understood of a list of codes that somebody pasted.
type Pasted struct {
	Codes      map[string][]string // by list, hes.ICD10 and hes.OPCS4: as the data have them, sorted, each once
	Both       []string            // those of them that are in both lists, because nothing says which is meant
	Unread     []string            // parts that are no code, as they were written, cut to a line
	UnreadMore int                 // how many more there are
}

const (
	maxPaste  = 64 << 10 // bytes of a paste
	maxUnread = 20       // parts that are listed as not understood
	unreadLen = 40       // characters shown of each
	maxLabel  = 400      // bytes of a line that is a code and its label
	maxRange  = 100      // categories of a range "L40-L45": never more than a letter has
)

var (
	clinicalCode = regexp.MustCompile(`^[a-z][0-9]{2}[0-9]{0,2}$`)
	// a code, perhaps with a point, a filler X, a sign for all below, or a mark of
	// dagger and asterisk
	writtenCode = regexp.MustCompile(`^([A-Za-z][0-9]{2})(?:\.?([0-9]{1,2})[xX]?|\.?[xX-]|\.)?[*%+†-]?[AaDd]?$`)
	codeRange   = regexp.MustCompile(`^([A-Za-z])([0-9]{2})[-–—]([A-Za-z])?([0-9]{2})$`)
	nearlyCode  = regexp.MustCompile(`^[A-Za-z]{1,2}[0-9OoIl][0-9A-Za-z.]*$|^[0-9]+\.[0-9]+$|^[0-9]+[A-Za-z]+$`)
)

// ReadCodes reads a list of codes as people paste them: one a line or many, with
// or without points, ICD-10 and OPCS-4 together, with labels before or behind,
// separated by commas, semicolons, tabs or spaces, with ranges ("L40-L45") and
// signs for "all below" ("L40.*", "L40.x"). The two lists write codes alike, so
// where a code may be of either its label decides, then the rest of the list; if
// nothing does it is taken for both, and said. ok is false for a text that is no
// list: less than two codes.
func (x *Index) ReadCodes(text string) (p Pasted, ok bool) {
	if len(text) > maxPaste {
		text = strings.ToValidUTF8(text[:maxPaste], "")
	}
	r := reading{index: x, seen: map[string]bool{}}
	for line := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == '\n' || c == '\r' || c == ';' }) {
		r.line(line)
	}
	p = Pasted{Codes: map[string][]string{}, Unread: r.unread, UnreadMore: r.more}
	sure := map[string]int{}
	for _, c := range r.codes {
		if len(c.lists) == 1 {
			sure[c.lists[0]]++
		}
	}
	for _, c := range r.codes {
		lists := c.lists
		if len(lists) > 1 && len(sure) == 1 { // the rest of the list is of one kind
			for list := range sure {
				lists = []string{list}
			}
		}
		if len(lists) > 1 {
			p.Both = append(p.Both, c.code)
		}
		for _, list := range lists {
			p.Codes[list] = append(p.Codes[list], c.code)
		}
	}
	for list, codes := range p.Codes {
		slices.Sort(codes)
		p.Codes[list] = slices.Compact(codes)
	}
	slices.Sort(p.Both)
	return p, len(r.codes) > 1
}

// reading is a list on its way.
type reading struct {
	index  *Index
	codes  []readCode
	seen   map[string]bool
	unread []string
	more   int
}

type readCode struct {
	code  string
	lists []string // it may be of these
}

// line reads a line: "L40", "L40, L20", "L40 Psoriasis", "L40,Psoriasis",
// "Psoriasis (L40)". Of each part between commas the first run of codes is read
// and the other words are its label.
func (r *reading) line(line string) {
	label := words(line)
	type part struct {
		text            string
		codes, labelled bool
	}
	var parts []part
	codes := 0
	for text := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ',' || c == '\t' || c == '|' }) {
		p := part{text: strings.TrimSpace(text)}
		over := false // the run of codes
		for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`"'“”‘’()[]{}:`, c) }) {
			n := 0
			if !over {
				n = r.word(word, label)
			}
			codes += n
			switch {
			case n > 0:
				p.codes = true
			case nearlyCode.MatchString(word) && strings.ContainsAny(word, "0123456789") && !p.labelled:
				r.miss(word) // "L4O"
				over = p.codes
			default:
				p.labelled, over = true, p.codes
			}
		}
		if p.codes || p.labelled {
			parts = append(parts, p)
		}
	}
	switch codes {
	case 0:
		if len(parts) > 0 {
			r.miss(strings.TrimSpace(line))
		}
		return
	case 1:
		return // whatever else there is, is its label
	}
	labelled := false
	for _, p := range parts {
		if !p.codes && !labelled {
			r.miss(p.text)
		}
		labelled = p.labelled && (p.codes || labelled)
	}
}

// words returns the words of a line that may be a code's label. A long line is a
// list and no label.
func words(line string) []string {
	if len(line) > maxLabel {
		return nil
	}
	return slices.DeleteFunc(strings.Fields(fold(line)), func(w string) bool { return len(w) < 4 || strings.ContainsAny(w, "0123456789") })
}

func (r *reading) miss(text string) {
	if r.missed(text) {
		return
	}
	if len(r.unread) == maxUnread {
		r.more++
		return
	}
	r.unread = append(r.unread, short(text))
}

func (r *reading) missed(text string) bool { return slices.Contains(r.unread, short(text)) }

func short(text string) string {
	runes := []rune(text)
	if len(runes) > unreadLen {
		return string(runes[:unreadLen-1]) + "…"
	}
	return text
}

// word reads a word and says how many codes it gave.
func (r *reading) word(word string, label []string) int {
	if m := codeRange.FindStringSubmatch(word); m != nil {
		letter := strings.ToUpper(m[1])
		if m[3] != "" && strings.ToUpper(m[3]) != letter || m[2] > m[4] {
			return 0
		}
		n := 0
		for at := 0; at < maxRange; at++ {
			code := letter + string([]byte{byte('0' + at/10), byte('0' + at%10)})
			if code[1:] >= m[2] && code[1:] <= m[4] {
				r.add(code, label)
				n++
			}
		}
		return n
	}
	m := writtenCode.FindStringSubmatch(word)
	if m == nil {
		return 0
	}
	r.add(strings.ToUpper(m[1]+m[2]), label)
	return 1
}

func (r *reading) add(code string, label []string) {
	if r.seen[code] {
		return
	}
	r.seen[code] = true
	r.codes = append(r.codes, readCode{code, r.index.listsOf(code, label)})
}

// listsOf says of which list a code may be: the one whose label of it shares more
// words with the label that was pasted, else the one that has it, else the one
// that has its category, else the one that has room for it, else both.
func (x *Index) listsOf(code string, label []string) []string {
	both := []string{hes.ICD10, hes.OPCS4}
	said := func(list string) int {
		own, _ := x.codes.Label(list, code)
		n := 0
		for _, w := range strings.Fields(fold(own)) {
			if slices.Contains(label, w) {
				n++
			}
		}
		return n
	}
	has := func(code string) func(string) int {
		return func(list string) int {
			if x.exact[list+code] {
				return 1
			}
			return 0
		}
	}
	room := func(list string) int {
		if _, ok := x.trees[list].Find(code); ok {
			return 1
		}
		return 0
	}
	for _, score := range [...]func(list string) int{said, has(code), has(code[:3]), room} {
		switch a, b := score(hes.ICD10), score(hes.OPCS4); {
		case a > b:
			return both[:1]
		case b > a:
			return both[1:]
		}
	}
	return both
}

// Fewest leaves out the codes that lie below others of the list: whoever wants
// L40 has L40.0 too.
func Fewest(codes []string) []string {
	sorted := slices.Compact(slices.Sorted(slices.Values(codes)))
	var out []string
	for _, c := range sorted {
		if len(out) == 0 || !strings.HasPrefix(c, out[len(out)-1]) {
			out = append(out, c)
		}
	}
	return out
}

// Categories returns the three-character categories of codes: a shorter and
// wider list.
func Categories(codes []string) []string {
	var out []string
	for _, c := range codes {
		out = append(out, c[:min(3, len(c))])
	}
	return Fewest(out)
}

// Equal writes a list of codes with fewer: a category stands for its codes where
// the list has all of them that the site knows, and not only one.
func (x *Index) Equal(list string, codes []string) []string {
	here := map[string]int{}
	for _, c := range codes {
		if len(c) > 3 {
			if n, ok := x.trees[list].Find(c); ok && slices.Contains(n.Parent.Children, n) {
				here[c[:3]]++
			}
		}
	}
	out := slices.Clone(codes)
	for category, n := range here {
		if node, ok := x.trees[list].Find(category); ok && n > 1 && n == len(node.Children) {
			out = append(out, category)
		}
	}
	return Fewest(out)
}

// FilterOf returns the filter on the main code of a list.
func FilterOf(list string, codes []string) query.Filter {
	key := "dx"
	if list == hes.OPCS4 {
		key = "op"
	}
	return query.Filter{Key: key, Values: codes}
}
