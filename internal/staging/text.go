package staging

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// Text is a list of values, one after another in one piece of memory.
type Text struct {
	Bytes []byte
	Ends  []uint32 // of each value its end in Bytes
}

// Len returns the number of values.
func (t Text) Len() int { return len(t.Ends) }

// At returns a value. It shares memory with the list.
func (t Text) At(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = t.Ends[i-1]
	}
	return t.Bytes[start:t.Ends[i]]
}

// Append adds a value.
func (t *Text) Append(v []byte) {
	t.Bytes = append(t.Bytes, v...)
	t.Ends = append(t.Ends, uint32(len(t.Bytes)))
}

// Sort gives the distinct values in the order of their bytes, and for each value
// of the list its place there counted from 1. Empty values, which are not
// recorded, have place 0.
func (t Text) Sort() (sorted Text, codes []uint32) {
	n := t.Len()
	codes = make([]uint32, n)
	keys := t.keys()
	keys = radix(keys)
	// Values with equal keys may differ further on.
	for from := 0; from < len(keys); {
		to := from + 1
		for to < len(keys) && keys[to].key == keys[from].key {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(keys[from:to], func(a, b keyed) int {
				return cmp.Or(bytes.Compare(t.At(int(a.at)), t.At(int(b.at))), cmp.Compare(a.at, b.at))
			})
		}
		from = to
	}
	sorted.Bytes, sorted.Ends = make([]byte, 0, len(t.Bytes)), make([]uint32, 0, len(keys))
	var before []byte
	for i, k := range keys {
		v := t.At(int(k.at))
		if i == 0 || !bytes.Equal(v, before) {
			sorted.Append(v)
			before = v
		}
		codes[k.at] = uint32(sorted.Len())
	}
	return sorted, codes
}

type keyed struct {
	key uint64
	at  uint32
}

// keys gives each value that is not empty a number that sorts as its beginning
// does: the bytes behind what all share, each in as few bits as the bytes that
// occur at all need, as many as fit.
func (t Text) keys() []keyed {
	var present [256]bool
	shared := -1
	var first []byte
	count := 0
	for i := range t.Ends {
		v := t.At(i)
		if len(v) == 0 {
			continue
		}
		count++
		if shared < 0 {
			first, shared = v, len(v)
			continue
		}
		n := 0
		for n < shared && n < len(v) && v[n] == first[n] {
			n++
		}
		shared = n
	}
	shared = max(shared, 0)
	for i := range t.Ends {
		v := t.At(i)
		if len(v) > shared {
			for _, c := range v[shared:min(len(v), shared+64)] {
				present[c] = true
			}
		}
	}
	var rank [256]uint64 // from 1; 0 is the end of the value
	next := uint64(1)
	for c, p := range present {
		if p {
			rank[c] = next
			next++
		}
	}
	width := max(1, bits.Len64(next-1))
	chars := 64 / width
	out := make([]keyed, 0, count)
	for i := range t.Ends {
		v := t.At(i)
		if len(v) == 0 {
			continue
		}
		v = v[shared:]
		var k uint64
		for j := range chars {
			k <<= width
			if j < len(v) {
				k |= rank[v[j]]
			}
		}
		out = append(out, keyed{k, uint32(i)})
	}
	return out
}

// radix sorts by key, keeping the order of equal ones. It may return another
// slice than it was given.
func radix(a []keyed) []keyed {
	if len(a) < 1<<12 {
		slices.SortStableFunc(a, func(x, y keyed) int { return cmp.Compare(x.key, y.key) })
		return a
	}
	const digit = 11
	all, none := uint64(0), ^uint64(0)
	for _, x := range a {
		all |= x.key
		none &= x.key
	}
	varies := all &^ none
	b := make([]keyed, len(a))
	for shift := 0; shift < 64; shift += digit {
		if varies>>shift&(1<<digit-1) == 0 {
			continue
		}
		var at [1 << digit]uint32
		for _, x := range a {
			at[x.key>>shift&(1<<digit-1)]++
		}
		sum := uint32(0)
		for i, n := range at {
			at[i], sum = sum, sum+n
		}
		for _, x := range a {
			d := x.key >> shift & (1<<digit - 1)
			b[at[d]] = x
			at[d]++
		}
		a, b = b, a
	}
	return a
}
