package audit

import (
	"encoding/base64"
	"iter"
	"slices"
	"strings"
)

// Mark stands for one patient in the record: a keyed hash, 12 characters of
// base64. Who has the site's key and the patient's person key can make it again,
// and so answer who saw the patient; from the record alone nobody can tell whose
// it is. Package warehouse makes marks.
type Mark string

// MarkLength is the number of characters of a Mark, of 9 bytes.
const MarkLength = 12

// ReadMark returns the mark that a text is; ok is false if it is none.
func ReadMark(text string) (m Mark, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return Mark(text), err == nil && base64.RawURLEncoding.EncodedLen(len(raw)) == MarkLength && len(text) == MarkLength
}

// Persons are the marks of the patients whose rows an event showed: in order,
// each once, written one after the other.
type Persons string

// NewPersons puts marks together.
func NewPersons(marks []Mark) Persons {
	marks = slices.Clone(marks)
	slices.Sort(marks)
	var b strings.Builder
	for _, m := range slices.Compact(marks) {
		b.WriteString(string(m))
	}
	return Persons(b.String())
}

// Len returns how many patients they are.
func (p Persons) Len() int { return len(p) / MarkLength }

// All returns them one by one.
func (p Persons) All() iter.Seq[Mark] {
	return func(yield func(Mark) bool) {
		for ; len(p) >= MarkLength; p = p[MarkLength:] {
			if !yield(Mark(p[:MarkLength])) {
				return
			}
		}
	}
}

// Holds tells whether a patient is among them.
func (p Persons) Holds(m Mark) bool {
	for have := range p.All() {
		if have == m {
			return true
		}
	}
	return false
}
