package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
)

// Protect returns what may be published of a raw count under the access. The
// zero Access hides every count.
func (a Access) Protect(n int) Count { return a.counts.protect(n) }

// Grid returns what may be published of the cells of a table, lines first, and
// hides further cells where the rule says so.
func (a Access) Grid(raw [][]int) [][]Count { return a.counts.grid(raw) }

// Whole returns what may be published of a number about a load as a whole: rows
// read, kept, rejected, or changed by a rule. Such a number is of millions of
// rows and breaks nobody down, and the account of a load must add up, so it is
// exact for those who see load reports and hidden from everybody else. A number
// of a part of the load (a provider, a field, a year) goes through Protect.
func (a Access) Whole(n int) Count {
	if !a.SeesLoads() {
		return Count{}
	}
	return Count{n: n, state: shown}
}

// Protects tells whether counts are changed before they are shown, so that a
// page can say so.
func (a Access) Protects() bool { return !a.counts.exact }

// Rule returns the rule of the counts; the zero Rule for those who see records.
func (a Access) Rule() Rule {
	if a.counts.exact {
		return Rule{}
	}
	return a.counts
}

type state uint8

const (
	hidden state = iota // the zero Count is hidden
	shown
	rounded
)

// Count is a number that may be published: exact, rounded or hidden. The raw
// number is not in it and cannot be got back. The zero Count is hidden.
type Count struct {
	n     int // the published number; 0 when hidden
	state state
	hides [2]int // the range that a hidden count is said to be in
}

// String returns the count for people: "12,374", "10", or the hidden range "1–7".
func (c Count) String() string {
	if c.state != hidden {
		return Thousands(c.n)
	}
	if c.hides[1] == 0 {
		return "not shown"
	}
	return strconv.Itoa(c.hides[0]) + "–" + strconv.Itoa(c.hides[1])
}

// Published returns the published number; 0 for a hidden count. Bars are drawn
// and lines are sorted from it.
func (c Count) Published() int { return c.n }

// Hidden tells whether the number is not shown.
func (c Count) Hidden() bool { return c.state == hidden }

// About tells whether the number was rounded.
func (c Count) About() bool { return c.state == rounded }

// Zero tells whether the count is published as zero.
func (c Count) Zero() bool { return c.state != hidden && c.n == 0 }

// MarshalJSON writes the published number, or "*" for a hidden one, as in files.
func (c Count) MarshalJSON() ([]byte, error) {
	if c.state == hidden {
		return []byte(`"*"`), nil
	}
	return json.Marshal(c.n)
}

// Share is a part of a whole, worked out from what is published of both.
// Source: the methodology named at Rule: percentages come from the published
// numbers, with a decimal only over 4,000 or more.
type Share struct{ Part, Of Count }

// decimals is the smallest whole of which tenths of a percent say anything.
const decimals = 4000

// Percent returns the share in percent; ok is false where the part or the whole
// is hidden or there is nothing to share.
func (s Share) Percent() (percent float64, ok bool) {
	if s.Part.Hidden() || s.Of.Hidden() || s.Of.n == 0 {
		return 0, false
	}
	return 100 * float64(s.Part.n) / float64(s.Of.n), true
}

// String returns the share for people: "99.1%", "99%" of a small whole, "*" where
// it is hidden, "–" of nothing. Only all is 100% and only none is 0%: what comes
// near is said to be over or under the nearest that is told.
func (s Share) String() string {
	p, ok := s.Percent()
	switch {
	case !ok && s.Of.Zero():
		return "–"
	case !ok:
		return "*"
	}
	places, step := 1, 0.1
	if s.Of.n < decimals {
		places, step = 0, 1
	}
	switch {
	case s.Part.n < s.Of.n && p >= 100-step/2:
		return fmt.Sprintf(">%.*f%%", places, 100-step)
	case s.Part.n > 0 && p < step/2:
		return fmt.Sprintf("<%.*f%%", places, step)
	}
	return fmt.Sprintf("%.*f%%", places, p)
}

// MarshalJSON writes the share as a page shows it.
func (s Share) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// Change says how a published number differs from an earlier one: "+1,234",
// "no change", or "*" where either is hidden.
func Change(before, now Count) string {
	d := now.n - before.n
	switch {
	case before.Hidden() || now.Hidden():
		return "*"
	case d > 0:
		return "+" + Thousands(d)
	case d < 0:
		return "−" + Thousands(-d)
	}
	return "no change"
}

// CompareCounts orders counts by what is published of them, the largest first,
// so that an order tells nothing more than the numbers do.
func CompareCounts(a, b Count) int { return cmp.Compare(b.n, a.n) }

// Sum adds published counts: a total is worked out from what is published, so
// that it tells nothing about the hidden cells.
func Sum(counts []Count) Count {
	total := Count{state: shown}
	for _, c := range counts {
		total.n += c.n
		if c.state != shown {
			total.state = rounded
		}
	}
	return total
}

// Thousands writes a number for people: "12,374".
func Thousands(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
