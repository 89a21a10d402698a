package web_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"webenablehes/internal/warehouse/driver"
)

// loot is what somebody who sees the fixed tables has read, over HTTP: the cells by
// condition and age, and everything else that may help.
type loot struct {
	target  [][]string // rows are conditions, columns are ages
	alls    []float64  // what each other table sums to
	percent map[string]string
	before  *loot // of the release before
	size    int   // of the page
	same    bool  // asking again, and with other words in the address, gives the same
}

// read reads everything that there is to read.
func read(s *site) *loot {
	l := &loot{target: s.tableOf("condition-by-age"), percent: map[string]string{}}
	if l.target == nil {
		return nil
	}
	for _, name := range tableNames() {
		if lines := s.tableOf(name); lines != nil && strings.Contains(name, "-by-") && name != "condition-by-age" {
			l.alls = append(l.alls, inner(lines))
		}
	}
	for _, line := range cutTable(s.bytes("/tables/condition")) {
		l.percent[line[0]] = line[1]
	}
	page := s.bytes("/tables/condition-by-age")
	l.size, l.same = len(page), true
	for _, again := range []string{"", "?find=a", "?sex=1", "?dx=L40&min=1", "?sort=-All", "?limit=1", "?after=2&view=patients"} {
		l.same = l.same && s.bytes("/tables/condition-by-age"+again) == page
	}
	return l
}

// inner adds up the cells of a table, its totals left out.
func inner(lines [][]string) float64 {
	sum := 0.
	for _, line := range lines[1 : len(lines)-1] {
		sum += about(line[1 : len(line)-1])
	}
	return sum
}

// about adds up cells, with a hidden one as what it is on average.
func about(cells []string) float64 {
	sum := 0.
	for _, c := range cells {
		n, err := strconv.Atoi(c)
		if err != nil {
			n = 4
		}
		sum += float64(n)
	}
	return sum
}

// all is the number of all episodes, as the other tables tell it together.
func (l *loot) all() float64 {
	sum := 0.
	for _, x := range l.alls {
		sum += x / float64(len(l.alls))
	}
	return sum
}

// rest is what is left for a hidden cell of the number of all.
func (l *loot) rest() float64 { return l.all() - inner(l.target) + 4 }

func clamp(x float64) int { return int(math.Round(min(7, max(1, x)))) }

// attackers guess a hidden cell of a condition and an age.
func attackers() map[string]func(l *loot, i, j int) int {
	return map[string]func(l *loot, i, j int) int{
		"differencing": func(l *loot, i, j int) int { return clamp(l.rest()) },
		"releases":     func(l *loot, i, j int) int { return clamp((l.rest() + l.before.rest()) / 2) },
		"averaging":    func(l *loot, i, j int) int { return map[bool]int{true: 4, false: 1}[l.same] },
		"padding":      func(l *loot, i, j int) int { return map[bool]int{true: 2, false: 1}[l.same] },
		"percentages": func(l *loot, i, j int) int {
			line := l.target[1+i]
			percent, err := strconv.ParseFloat(strings.Trim(l.percent[line[0]], "<>%"), 64)
			if err != nil {
				return 1 + (i+j)%7
			}
			return clamp(percent*l.all()/100 - about(line[1:len(line)-1]) + 4)
		},
		"boundary": func(l *loot, i, j int) int { return map[bool]int{true: 7, false: 1}[l.rest() > 4] },
		"neighbours": func(l *loot, i, j int) int { // a cell like those of its line
			line := l.target[1+i]
			return clamp(about(line[1:len(line)-1]) / 100)
		},
		"order":    func(l *loot, i, j int) int { return 1 + i*7/19 },
		"size":     func(l *loot, i, j int) int { return 1 + (l.size+i)%7 },
		"position": func(l *loot, i, j int) int { return 1 + (i*10+j)%7 },
	}
}

// Whoever reads all tables, again and again, with other words in the address, and in
// two releases, guesses a hidden number no better than by chance.
func TestTortureAttackers(t *testing.T) {
	targets := 100
	if os.Getenv("WEBENABLE_TORTURE") != "" {
		targets = 1000
	}
	// Without these a table with hidden numbers has no other beside it that tells what
	// its lines sum to; with them it is not shown, see TestLinkedTablesAreWithheld.
	without := []string{"FYEAR", "CHARLSON"}
	hits, tried := map[string]int{}, 0
	for seed := uint64(0); tried < targets; seed++ {
		r := rand.New(rand.NewPCG(seed, 11))
		rows, cells := stock(r, "age", true, 0)
		l := read(stocked(t, rows, without...))
		if l == nil {
			t.Fatalf("seed %d: the table is withheld", seed)
		}
		l.before = read(stocked(t, rows[:len(rows)-40], without...)) // the release before has 40 episodes less
		if l.before == nil {
			l.before = l
		}
		for i := range cells[0] {
			for j := range cells {
				if l.target[1+i][1+j] != "*" || tried == targets {
					continue
				}
				tried++
				for name, guess := range attackers() {
					if guess(l, i, j) == cells[j][i] {
						hits[name]++
					}
				}
			}
		}
	}
	chance := 1. / 7
	limit := chance + 3*math.Sqrt(chance*(1-chance)/float64(tried))
	for _, name := range slices.Sorted(maps.Keys(attackers())) {
		rate := float64(hits[name]) / float64(tried)
		t.Logf("TORTURE attacker %-13s %.3f of %d targets, limit %.3f", name, rate, tried, limit)
		if rate > limit {
			t.Errorf("%s guesses %.3f of %d targets, more than %.3f", name, rate, tried, limit)
		}
	}
}

// Where other tables tell what the lines sum to, a table with hidden numbers is not
// shown, and nothing else tells of its cells.
func TestLinkedTablesAreWithheld(t *testing.T) {
	rows, _ := stock(rand.New(rand.NewPCG(5, 11)), "year", true, 0)
	s := stocked(t, rows)
	page := s.bytes("/tables/year-by-condition")
	contains(t, page, "This table is not shown.", "could be guessed, because other tables tell what its lines sum to.")
	if strings.Contains(page, "<table") || s.tableOf("year-by-condition") != nil {
		t.Error("a table that is withheld has cells")
	}
	contains(t, s.bytes("/tables"), "Not shown")
}

// The example of the rounded total, by what is left out: of 17 episodes, published as
// 15 by their class, 8 are of men and 8 of women, so that at most 1 is of neither.
// The audit finds that, and the one of the two tables that tells of it is not shown.
func TestWhatIsLeftOutGivesNothingAway(t *testing.T) {
	for few, shown := range map[int]bool{1: false, 4: true} {
		var rows []driver.Record
		for i := range 16 + few {
			rec := driver.Record{"EPIKEY": strconv.Itoa(i), "FYEAR": "0910", "CLASSPAT": "2"}
			if i < 16 {
				rec["SEX"] = strconv.Itoa(1 + i%2)
			}
			rows = append(rows, rec)
		}
		s := stocked(t, rows)
		if got := s.tableOf("year-by-sex") != nil; got != shown {
			t.Errorf("8 men, 8 women and %d others of %d: shown %v, want %v", few, len(rows), got, shown)
		}
		if !shown {
			contains(t, s.bytes("/tables/year-by-sex"), "From this table and the others together a number from 1 to 7 could be narrowed down to fewer than 5 values.")
		}
	}
}

// cutTable is the table of a page of one dimension.
func cutTable(page string) (out [][]string) {
	_, body, _ := strings.Cut(page, `<table class="twin">`)
	for _, tr := range strings.Split(body, "<tr>")[1:] {
		if name, rest, ok := strings.Cut(tr, "</th>"); ok {
			out = append(out, []string{plain(name), plain(rest)[strings.LastIndex(" "+plain(rest), " "):]})
		}
	}
	return out
}

// What is measured where totals are published otherwise: how many hidden cells of a
// line can only be one number. It is why totals are sums of what is shown.
func TestWhatTotalsGiveAway(t *testing.T) {
	rule := func(n int) (low, high int) {
		switch {
		case n == 0:
			return 0, 0
		case n <= 7:
			return 1, 7
		}
		at := (n + 2) / 5 * 5
		return max(8, at-2), at + 2
	}
	for _, c := range []struct {
		cells                         int
		least, exact, rounded, summed float64 // shares of hidden cells that are pinned, in per cent: at least, at most
	}{{3, 40, 60, 1, 0}, {5, 20, 40, .2, 0}} {
		r := rand.New(rand.NewPCG(uint64(c.cells), 13))
		hidden, exact, rounded, summed := 0, 0, 0, 0
		for range 50_000 {
			var cells []int
			total := 0
			for range c.cells {
				n := r.IntN(26)
				cells, total = append(cells, n), total+n
			}
			few, sumFew := 0, 0
			low, high := 0, 0
			for _, n := range cells {
				a, b := rule(n)
				low, high = low+a, high+b
				if n >= 1 && n <= 7 {
					few++
					sumFew += n
				}
			}
			totalLow, totalHigh := rule(total)
			for _, n := range cells {
				if n < 1 || n > 7 {
					continue
				}
				hidden++
				// the others exact: the hidden ones of the line sum to a known number
				if from, to := max(1, sumFew-7*(few-1)), min(7, sumFew-(few-1)); from == to {
					exact++
				}
				// the others and the total rounded
				if from, to := max(1, totalLow-(high-7)), min(7, totalHigh-(low-1)); from == to {
					rounded++
				}
				// the total a sum of what is shown: it says nothing
				if from, to := 1, 7; from == to {
					summed++
				}
			}
		}
		share := func(n int) float64 { return 100 * float64(n) / float64(hidden) }
		t.Logf("%d cells and a total: %.1f%% pinned where the others are exact, %.2f%% where all are rounded, %.2f%% where the total is a sum of what is shown", c.cells, share(exact), share(rounded), share(summed))
		if share(exact) < c.least || share(exact) > c.exact || rounded == 0 || share(rounded) > c.rounded || share(summed) > c.summed {
			t.Errorf("%d cells: %.1f, %.2f, %.2f", c.cells, share(exact), share(rounded), share(summed))
		}
	}
}
