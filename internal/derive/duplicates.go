package derive

import (
	"cmp"
	"slices"
	"strings"
)

// sortEpisodes puts all episodes in the order of S1.
func (p *Person) sortEpisodes() {
	p.order = p.order[:0]
	for i := range p.eps {
		p.order = append(p.order, int32(i))
	}
	eps := p.eps
	slices.SortFunc(p.order, func(a, b int32) int { return compare(&eps[a], &eps[b]) })
}

// markDuplicates applies rule D1. Two rows of a person are duplicates if they
// agree in provider, EPISTART, EPIEND, EPIORDER, TRANSIT, ADMIDATE_FILLED and
// DISDATE, where missing agrees with missing. Rows that agree in the first five
// are neighbours already.
func (p *Person) markDuplicates() {
	for lo := 0; lo < len(p.order); {
		first, hi := p.order[lo], lo+1
		for hi < len(p.order) && p.sameTimes(first, p.order[hi]) {
			hi++
		}
		if hi-lo > 1 && p.eps[first].Person {
			p.markWorse(p.order[lo:hi])
		}
		lo = hi
	}
}

func (p *Person) sameTimes(i, j int32) bool {
	a, b := &p.eps[i], &p.eps[j]
	return a.Provider == b.Provider && a.Start == b.Start && a.End == b.End && a.Order == b.Order && p.out[i].Transit == p.out[j].Transit
}

// markWorse flags, of rows with the same times, all but the best of each set
// that agree in ADMIDATE_FILLED and DISDATE as well.
func (p *Person) markWorse(rows []int32) {
	p.list = append(p.list[:0], rows...)
	eps, out := p.eps, p.out
	slices.SortFunc(p.list, func(i, j int32) int {
		a, b := &eps[i], &eps[j]
		if c := cmp.Or(cmp.Compare(out[i].Filled, out[j].Filled), cmp.Compare(a.Discharged, b.Discharged)); c != 0 {
			return c
		}
		// The best comes first: the fullest, then the newest, then the largest key.
		return cmp.Or(cmp.Compare(b.Quality, a.Quality), cmp.Compare(b.Submitted, a.Submitted), compareKeys(b, a))
	})
	for k := 1; k < len(p.list); k++ {
		i, j := p.list[k-1], p.list[k]
		if out[i].Filled == out[j].Filled && eps[i].Discharged == eps[j].Discharged {
			out[j].Duplicate = true
			p.counts.Duplicates++
		}
	}
}

// QualityFields are the 23 fields whose number of recorded values says which of
// two rows is the better one (D1). Source: HES_pipeline, duplicates.R.
func QualityFields() []string {
	return strings.Fields("ADMIMETH ADMISORC DISDEST DISMETH MAINSPEF STARTAGE SITETRET TRETSPEF OPERTN_01 " +
		"DIAG_01 DIAG_02 DIAG_03 DIAG_04 DIAG_05 DIAG_06 DIAG_07 DIAG_08 DIAG_09 DIAG_10 DIAG_11 DIAG_12 DIAG_13 DIAG_14")
}
