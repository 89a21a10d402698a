package assemble

import (
	"cmp"
	"slices"
	"strconv"

	"webenablehes/internal/bulk"
	"webenablehes/internal/derive"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// worked is a derived column: for each row a number from 0, or below 0 for not
// recorded, and what a number means.
type worked struct {
	field  hes.Field
	number func(*outcome) int
	value  func(number int) string
}

// derived are the derived columns but for the numbered ones and the rules of the
// subset.
func (a *assembly) derived() []worked {
	list := func(values []string) func(int) string { return func(n int) string { return values[n] } }
	flag := func(v bool) int {
		if v {
			return 1
		}
		return 0
	}
	const least = 1000 // scores may be negative: they are kept above 0
	scored := func(n int) string { return strconv.Itoa(n - least) }
	first := derive.ParseDay("1800-01-01")
	var out []worked
	add := func(name string, number func(*outcome) int, value func(int) string) {
		f, _ := a.o.Dictionary.Field(name)
		out = append(out, worked{f, number, value})
	}
	add("EPI_VALID", func(r *outcome) int { return flag(r.Valid) }, strconv.Itoa)
	add("EPI_BAD", func(r *outcome) int { return flag(r.Bad) }, strconv.Itoa)
	add("ADMIDATE_FILLED", func(r *outcome) int {
		if r.Filled == derive.NoDay {
			return -1
		}
		return max(0, int(r.Filled-first))
	}, func(n int) string { return (first + derive.Day(n)).String() })
	add("TRANSIT", func(r *outcome) int { return int(r.Transit) }, strconv.Itoa)
	add("ETHNIC5", func(r *outcome) int { return int(r.Ethnic) }, list(derive.Ethnic5()))
	add("DUPLICATE", func(r *outcome) int { return flag(r.Duplicate) }, strconv.Itoa)
	add("LOS_DAYS", func(r *outcome) int { return int(r.LOS) }, strconv.Itoa)
	add("BED_DAYS", func(r *outcome) int { return int(r.BedDays) }, strconv.Itoa)
	add("ADMISSION_GROUP", func(r *outcome) int { return int(r.Admission) }, list(derive.AdmissionGroups()))
	add("READMITTED_30", func(r *outcome) int { return int(r.Readmitted) }, strconv.Itoa)
	add("AGE_BAND", func(r *outcome) int { return int(r.Band) }, list(derive.AgeBands()))
	add("CHARLSON", func(r *outcome) int { return int(r.Charlson) + least }, scored)
	add("CHARLSON_1Y", func(r *outcome) int { return int(r.Charlson1) + least }, scored)
	add("CHARLSON_5Y", func(r *outcome) int { return int(r.Charlson5) + least }, scored)
	add("ELIXHAUSER", func(r *outcome) int { return int(r.Elixhauser) + least }, scored)
	add("ELIXHAUSER_1Y", func(r *outcome) int { return int(r.Elixhauser1) + least }, scored)
	add("ELIXHAUSER_5Y", func(r *outcome) int { return int(r.Elixhauser5) + least }, scored)
	add("CONDITION_GROUP", func(r *outcome) int { return int(r.group) }, list(a.tables.Groups()))
	return out
}

// of gives the values of all outcomes, in order, and the codes of each.
func (w worked) of(results []outcome, codes []uint32) []string {
	most := -1
	for i := range results {
		n := w.number(&results[i])
		codes[i] = uint32(n + 1)
		most = max(most, n)
	}
	used := make([]bool, most+2)
	for _, c := range codes {
		used[c] = true
	}
	type pair struct {
		value  string
		number int
	}
	var pairs []pair
	for n, u := range used {
		if u && n > 0 {
			pairs = append(pairs, pair{w.value(n - 1), n})
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(query.Compare(w.field.Type, x.value, y.value), cmp.Compare(x.value, y.value))
	})
	rank := make([]uint32, most+2)
	values := make([]string, len(pairs))
	for i, p := range pairs {
		values[i], rank[p.number] = p.value, uint32(i)+1
	}
	for i, c := range codes {
		codes[i] = rank[c]
	}
	return values
}

// numbered gives the numbers of spells or stays of the kept rows: 1, 2, … in the
// order in which they come in the release.
func (a *assembly) numbered(of func(*outcome) int32) (codes []uint32, n int) {
	codes = a.take(len(a.order))
	number := bulk.Make[uint32](a.n)
	for k := range a.results {
		id := of(&a.results[k])
		if id < 0 {
			codes[k] = 0
			continue
		}
		if number[id] == 0 {
			n++
			number[id] = uint32(n)
		}
		codes[k] = number[id]
	}
	return codes, n
}

func flagRules() []string { return []string{"V1", "V2", "V3", "V4", "V5", "V6", "V7"} }

// flags gives the list column EPI_FLAG_n: of each kept row the V rules that have
// something to say of it.
func (a *assembly) flags() (slots []hes.Field, values []string, offsets, list []uint32) {
	return a.bitList("EPI_FLAG_n", flagRules(), func(k int) uint16 { return uint16(a.results[k].Flags) })
}

// bitList makes a list column of which each row has the values whose bits are set.
func (a *assembly) bitList(family string, names []string, bits func(k int) uint16) (slots []hes.Field, values []string, offsets, list []uint32) {
	values = slices.Sorted(slices.Values(names))
	code := make([]uint32, len(names))
	order := make([]int, 0, len(names)) // bits in the order of their values
	for _, v := range values {
		order = append(order, slices.Index(names, v))
	}
	for i, n := range names {
		code[i] = uint32(slices.Index(values, n)) + 1
	}
	offsets = bulk.Make[uint32](len(a.order) + 1)[:1]
	used := make([]bool, len(values)+1)
	most := 0
	for k := range a.order {
		start := len(list)
		if b := bits(k); b != 0 {
			for _, i := range order {
				if b>>i&1 == 1 {
					list = append(list, code[i])
					used[code[i]] = true
				}
			}
		}
		most = max(most, len(list)-start)
		offsets = append(offsets, uint32(len(list)))
	}
	for slot := 1; slot <= most; slot++ {
		f, _ := a.o.Dictionary.Field(family)
		s, _ := a.o.Dictionary.Field(f.SlotName(slot))
		slots = append(slots, s)
	}
	// values that no row has do not belong to the release
	rank := make([]uint32, len(values)+1)
	var left []string
	for i, v := range values {
		if used[i+1] {
			left = append(left, v)
			rank[i+1] = uint32(len(left))
		}
	}
	for i, c := range list {
		list[i] = rank[c]
	}
	return slots, left, offsets, list
}
