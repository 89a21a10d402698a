package dump

import (
	"slices"
	"strconv"
	"strings"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// spells makes a line for each spell of the person whose rows were gathered, in
// the order of the spells' numbers. Rows without a spell, because they are not
// valid (rule V5), are left out.
func (l *Lines) spells() error {
	t := l.t
	slices.SortFunc(l.rows, func(a, b []string) int {
		if c := compareNumber(a[t.spell], b[t.spell]); c != 0 {
			return c
		}
		return t.order.compare(a, b)
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
		if err := l.spell(episodes); err != nil {
			return err
		}
	}
	return nil
}

// spell makes one spell's line from its episodes in order, by rule S4: the
// admission and everything that is not named otherwise from the first episode,
// the discharge from the last, the latest end, the sum of bed days.
func (l *Lines) spell(episodes [][]string) error {
	latest := slices.MaxFunc(episodes, func(a, b []string) int {
		return strings.Compare(at(a, l.t.order.end), at(b, l.t.order.end))
	})
	for i, s := range l.t.sources {
		switch {
		case s.from == number:
			l.line[i] = strconv.Itoa(len(episodes))
		case s.pick == total:
			l.line[i] = sum(episodes, s.cell)
		case s.pick == latestEnd:
			l.line[i] = at(latest, s.cell)
		case s.pick == last:
			l.line[i] = at(episodes[len(episodes)-1], s.cell)
		default:
			l.line[i] = at(episodes[0], s.cell)
		}
	}
	return l.write(l.line)
}

// compareNumber orders whole numbers by size; what is not recorded comes first.
func compareNumber(a, b string) int {
	if a == "" || b == "" {
		return strings.Compare(a, b)
	}
	return query.Compare(hes.Int, a, b)
}
