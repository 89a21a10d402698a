package synth

import (
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed data/*.csv
var data embed.FS

// world is what all people share. But for the pool it does not change while people
// are made.
type world struct {
	o          Options
	days       []string // of each day from epoch on, its date
	numbers    []string // 0 to 9999
	years2     []string // FYEAR of each year
	ranks      [10]string
	from, to   int   // first day of the first year, day after the last of the last
	starts     []int // first day of each year
	columns    []int // places written, in the order of the file
	date       [columnCount]bool
	dates      []int // places of dates among those written
	special    []special
	flaws      []flaw
	acute      weighted // main diagnoses of other patients
	secondary  weighted
	procedures weighted
	skinDx     weighted
	skinOp     weighted
	providers  []provider // trusts
	private    []provider // the independent sector
	texts      *sync.Pool // of [][]byte: buffers of shards that are written
}

type provider struct {
	code, region string
	numbering    numbering
}

var epoch = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

func dayOf(y int, m time.Month, d int) int {
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(epoch) / (24 * time.Hour))
}

// weighted draws codes by their weight.
type weighted struct {
	codes []string
	upto  []int
}

func (w *weighted) add(code string, weight int) {
	last := 0
	if len(w.upto) > 0 {
		last = w.upto[len(w.upto)-1]
	}
	w.codes, w.upto = append(w.codes, code), append(w.upto, last+weight)
}

func (w *weighted) draw(intN func(int) int) string {
	n := intN(w.upto[len(w.upto)-1])
	return w.codes[sort.SearchInts(w.upto, n+1)]
}

// mix makes a weighted list of "L400 30, L401 5".
func mix(text string) weighted {
	var w weighted
	for _, part := range strings.Split(text, ",") {
		code, weight, _ := strings.Cut(strings.TrimSpace(part), " ")
		n, _ := strconv.Atoi(weight)
		w.add(code, n)
	}
	return w
}

func newWorld(o Options) (*world, error) {
	w := &world{o: o, special: specials(), flaws: flaws(), texts: &sync.Pool{}}
	for c := range columnCount {
		if c < cWide || c < cLOPATID && o.Form.Wide || c == cLOPATID && o.LocalIDs {
			w.columns = append(w.columns, c)
		}
	}
	w.dates = dateColumns()
	for _, c := range w.dates {
		w.date[c] = true
	}
	w.from, w.to = dayOf(o.First, time.April, 1), dayOf(o.Last+1, time.April, 1)
	for y := o.First; y <= o.Last; y++ {
		w.starts = append(w.starts, dayOf(y, time.April, 1))
		w.years2 = append(w.years2, yearName(y))
	}
	for d := range w.to + 800 {
		w.days = append(w.days, epoch.AddDate(0, 0, d).Format(time.DateOnly))
	}
	for n := range 10_000 {
		w.numbers = append(w.numbers, strconv.Itoa(n))
	}
	for i := range w.ranks {
		w.ranks[i] = strconv.Itoa((i + 1) * 3200)
	}
	if err := w.frequencies(); err != nil {
		return nil, err
	}
	regions := map[string]string{"A": "RTD RVW RXF", "B": "R0A RM3 RBL RXR", "D": "RR8 RCB RHQ RWY", "E": "RTG RWE RX1 RK5", "F": "RRK RJE RXK RKB", "G": "RGT RC1 RGN RM1", "H": "RJ1 RYJ RAL RJZ RRV RKE", "J": "RTH RHM RA2 RWF RDU RXC", "K": "RA7 RH8 RBA RK9 RD1"}
	for _, r := range "ABDEFGHJK" {
		for _, code := range strings.Fields(regions[string(r)]) {
			w.providers = append(w.providers, provider{code, string(r), newNumbering(o.Seed, code)})
		}
	}
	for _, p := range [...]struct{ code, region string }{{"NT3", "H"}, {"NT4", "J"}, {"NVC", "B"}, {"89997", ""}, {"89999", ""}} {
		w.private = append(w.private, provider{p.code, p.region, newNumbering(o.Seed, p.code)})
	}
	return w, nil
}

// frequencies reads how often each code is met.
func (w *world) frequencies() error {
	for _, f := range [...]struct {
		name string
		take func(code string, weight int)
	}{
		{"diagnoses", func(code string, weight int) {
			w.secondary.add(code, weight)
			if code[0] != 'Z' && code[0] != 'L' && code[0] != 'O' && code[0] != 'P' {
				w.acute.add(code, weight)
			}
		}},
		{"procedures", func(code string, weight int) {
			if code[0] != 'R' && code[0] != 'S' {
				w.procedures.add(code, weight)
			}
		}},
	} {
		b, err := data.Open("data/" + f.name + ".csv")
		if err != nil {
			return fmt.Errorf("open frequencies: %w", err)
		}
		rows, err := csv.NewReader(b).ReadAll()
		if err != nil {
			return fmt.Errorf("read frequencies: %w", err)
		}
		for _, r := range rows[1:] {
			n, err := strconv.Atoi(r[1])
			if err != nil {
				return fmt.Errorf("read frequencies: %w", err)
			}
			f.take(r[0], n)
		}
	}
	// Estimates: the skin recipe of the project's own notes.
	w.skinDx = mix("C443 90, C444 40, C445 45, C446 45, C447 50, C449 30, L400 40, L401 4, L405 14, L409 22, L208 20, L209 24, L309 36, D225 24, D226 12, D229 10, D235 18, D239 16, " +
		"L570 60, C435 12, C436 10, C437 12, C439 6, L720 26, D171 12, D179 12, L97X 40, L120 12, L100 8, L130 6, L501 14, L509 16, L031 22, L039 18, L732 22, L905 16, L920 12, L820 10, L82X 40, L821 10, L610 8, L639 6, L710 8")
	w.skinOp = mix("S065 160, S064 20, S066 40, S068 30, S069 50, S051 20, S055 40, S052 20, S131 30, S132 30, S141 40, S142 30, S151 30, S152 20, S121 50, S122 50, S123 20, S081 30, S082 30, S083 20, S091 30, S095 15, S101 25, S111 25, S351 15, S271 10, S361 10, X921 25, S411 15")
	return nil
}

// number is a count's text; those up to 9999 cost no allocation.
func (w *world) number(n int) string {
	if n >= 0 && n < len(w.numbers) {
		return w.numbers[n]
	}
	return strconv.Itoa(n)
}

// year returns the index of the financial year of a day, which must be in the
// extract.
func (w *world) year(day int) int {
	i, found := slices.BinarySearch(w.starts, day)
	if !found {
		i--
	}
	return i
}

// yearEnd is the day after a year's last.
func (w *world) yearEnd(year int) int {
	if year+1 < len(w.starts) {
		return w.starts[year+1]
	}
	return w.to
}

// years are the completed years between two days.
func (w *world) years(birth, day int) int {
	b, d := w.days[birth], w.days[day]
	n := digits(d[:4]) - digits(b[:4])
	if d[5:] < b[5:] {
		n--
	}
	return n
}

func digits(text string) int {
	n := 0
	for i := range len(text) {
		n = n*10 + int(text[i]-'0')
	}
	return n
}
