package dump

import (
	"slices"
	"strconv"

	"webenablehes/internal/rollup"
)

// spells makes a line for each spell of the person whose rows were gathered, in
// the order of the spells' numbers. Rows without a spell, because they are not
// valid (rule V5), are left out.
func (l *Lines) spells() error {
	t := l.t
	slices.SortFunc(l.rows, func(a, b []string) int {
		if c := rollup.CompareNumbers(a[t.spell], b[t.spell]); c != 0 {
			return c
		}
		return t.order.Compare(a, b)
	})
	for rest := l.rows; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n][t.spell] == rest[0][t.spell] {
			n++
		}
		episodes := rest[:n]
		rest = rest[n:]
		if episodes[0][t.spell] == "" {
			l.leftOut += n
			continue
		}
		if err := l.spell(t.order.Spell(episodes)); err != nil {
			return err
		}
	}
	return nil
}

// spell makes one spell's line by rule S4.
func (l *Lines) spell(s rollup.Spell) error {
	for i, from := range l.t.sources {
		if from.from == number {
			l.line[i] = strconv.Itoa(s.Len())
		} else {
			l.line[i] = s.Value(from.pick, from.cell)
		}
	}
	return l.write(l.line)
}
