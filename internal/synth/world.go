package synth

import (
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed data/*.csv
var data embed.FS

// world is what all people share.
type world struct {
	o          Options
	columns    []string
	at         map[string]int
	days       []string // of each day from epoch on, its date
	from, to   int      // first day of the first year, day after the last of the last
	starts     []int    // first day of each year
	acute      weighted // main diagnoses of other patients
	secondary  weighted
	procedures weighted
	skinDx     weighted
	skinOp     weighted
	providers  []provider
}

type provider struct{ code, region string }

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

// columns of an extract, in the order of the file. Slots are added behind.
const plain = "FYEAR PARTYEAR EPIKEY PSEUDO_HESID ADMIDATE EPISTART EPIEND EPIDUR EPIORDER EPISTAT EPITYPE DISDATE DISDEST DISMETH " +
	"ADMIMETH ADMISORC ADMINCAT CLASSPAT INTMANIG FIRSTREG SPELBGIN SPELEND SPELDUR BEDYEAR ELECDATE ELECDUR FAE FCE FDE " +
	"SEX STARTAGE ENDAGE ADMIAGE MYDOB ETHNOS NEOCARE CARERSI MAINSPEF TRETSPEF PROCODE PROCODE3 PROCODE5 SITETRET SENDER PURCODE GPPRAC " +
	"RESGOR GORTREAT LSOA01 IMD04RK IMD04_DECILE RURURB_IND OPERSTAT SUSRECID SUSHRG SUBDATE"

func newWorld(o Options) (*world, error) {
	w := &world{o: o, at: map[string]int{}}
	w.columns = strings.Fields(plain)
	for i := range 20 {
		w.columns = append(w.columns, fmt.Sprintf("DIAG_%02d", i+1))
	}
	for i := range 24 {
		w.columns = append(w.columns, fmt.Sprintf("OPERTN_%02d", i+1))
	}
	for i := range 24 {
		w.columns = append(w.columns, fmt.Sprintf("OPDATE_%02d", i+1))
	}
	for i, c := range w.columns {
		w.at[c] = i
	}
	w.from, w.to = dayOf(o.First, time.April, 1), dayOf(o.Last+1, time.April, 1)
	for y := o.First; y <= o.Last; y++ {
		w.starts = append(w.starts, dayOf(y, time.April, 1))
	}
	for d := range w.to + 800 {
		w.days = append(w.days, epoch.AddDate(0, 0, d).Format(time.DateOnly))
	}
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
			return nil, fmt.Errorf("open frequencies: %w", err)
		}
		rows, err := csv.NewReader(b).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("read frequencies: %w", err)
		}
		for _, r := range rows[1:] {
			n, err := strconv.Atoi(r[1])
			if err != nil {
				return nil, fmt.Errorf("read frequencies: %w", err)
			}
			f.take(r[0], n)
		}
	}
	// Estimates: the skin recipe of the project's own notes.
	w.skinDx = mix("C443 90, C444 40, C445 45, C446 45, C447 50, C449 30, L400 40, L401 4, L405 14, L409 22, L208 20, L209 24, L309 36, D225 24, D226 12, D229 10, D235 18, D239 16, " +
		"L570 60, C435 12, C436 10, C437 12, C439 6, L720 26, D171 12, D179 12, L97X 40, L120 12, L100 8, L130 6, L501 14, L509 16, L031 22, L039 18, L732 22, L905 16, L920 12, L820 10, L82X 40, L821 10, L610 8, L639 6, L710 8")
	w.skinOp = mix("S065 160, S064 20, S066 40, S068 30, S069 50, S051 20, S055 40, S052 20, S131 30, S132 30, S141 40, S142 30, S151 30, S152 20, S121 50, S122 50, S123 20, S081 30, S082 30, S083 20, S091 30, S095 15, S101 25, S111 25, S351 15, S271 10, S361 10, X921 25, S411 15")
	regions := map[string]string{"A": "RTD RVW RXF", "B": "R0A RM3 RBL RXR", "D": "RR8 RCB RHQ RWY", "E": "RTG RWE RX1 RK5", "F": "RRK RJE RXK RKB", "G": "RGT RC1 RGN RM1", "H": "RJ1 RYJ RAL RJZ RRV RKE", "J": "RTH RHM RA2 RWF RDU RXC", "K": "RA7 RH8 RBA RK9 RD1"}
	for _, r := range "ABDEFGHJK" {
		for _, code := range strings.Fields(regions[string(r)]) {
			w.providers = append(w.providers, provider{code, string(r)})
		}
	}
	return w, nil
}

func (w *world) separator() byte {
	if w.o.Comma {
		return ','
	}
	return '|'
}

func (w *world) header() string { return strings.Join(w.columns, string(w.separator())) }

// year returns the index of the financial year of a day, which must be in the
// extract.
func (w *world) year(day int) int {
	i, found := slices.BinarySearch(w.starts, day)
	if !found {
		i--
	}
	return i
}
