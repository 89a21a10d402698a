package staging

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math/bits"
	"slices"

	"webenablehes/internal/bulk"
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
//
// With millions of values the time goes into waiting for memory that is not read
// in order, so texts are looked at once, from the first to the last: a number of
// 64 bits that holds the whole text, as most identifiers fit into, is sorted and
// turned back into the text; of longer texts the distinct ones are found first.
func (t Text) Sort() (sorted Text, codes []uint32) {
	p := t.packing()
	if !p.whole && t.Len() > 1<<12 {
		return t.sortDistinct()
	}
	codes = bulk.Make[uint32](t.Len())
	keys := radix(p.keys(t))
	if !p.whole {
		t.settle(keys)
	}
	sorted.Bytes, sorted.Ends = bulk.Make[byte](min(len(t.Bytes), 32*len(keys)))[:0], bulk.Make[uint32](len(keys))[:0]
	var before []byte
	for i, k := range keys {
		switch {
		case p.whole && (i == 0 || k.key != keys[i-1].key):
			sorted.Bytes = p.unpack(sorted.Bytes, k.key)
			sorted.Ends = append(sorted.Ends, uint32(len(sorted.Bytes)))
		case !p.whole:
			if v := t.At(int(k.at)); i == 0 || !bytes.Equal(v, before) {
				sorted.Append(v)
				before = v
			}
		}
		codes[k.at] = uint32(sorted.Len())
	}
	return sorted, codes
}

// settle puts values with equal keys, which may differ further on, into order.
func (t Text) settle(keys []keyed) {
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
}

// sortDistinct finds the distinct values by hashes of 128 bits, and sorts those.
// That two of 20 million values have one hash happens less than once in 10^24
// lists.
func (t Text) sortDistinct() (sorted Text, codes []uint32) {
	seedA, seedB := maphash.MakeSeed(), maphash.MakeSeed()
	seen := map[[2]uint64]uint32{}
	var distinct Text
	codes = bulk.Make[uint32](t.Len())
	for i := range codes {
		v := t.At(i)
		if len(v) == 0 {
			continue
		}
		h := [2]uint64{maphash.Bytes(seedA, v), maphash.Bytes(seedB, v)}
		id, ok := seen[h]
		if !ok {
			distinct.Append(v)
			id = uint32(distinct.Len())
			seen[h] = id
		}
		codes[i] = id
	}
	keys := radix(distinct.packing().keys(distinct))
	distinct.settle(keys)
	rank := make([]uint32, distinct.Len()+1)
	sorted.Bytes, sorted.Ends = make([]byte, 0, len(distinct.Bytes)), make([]uint32, 0, len(keys))
	for i, k := range keys {
		sorted.Append(distinct.At(int(k.at)))
		rank[k.at+1] = uint32(i) + 1
	}
	for i, id := range codes {
		codes[i] = rank[id]
	}
	return sorted, codes
}

type keyed struct {
	key uint64
	at  uint32
}

// packing says how the beginning of a value becomes a number that sorts as it
// does: the bytes behind what all values share, each in as few bits as the bytes
// that occur at all need, as many as fit.
type packing struct {
	shared []byte
	rank   [256]uint64 // of each byte, from 1; 0 is the end of the value
	byRank []byte
	width  int  // bits of a rank
	chars  int  // bytes that fit
	whole  bool // every value fits whole
}

func (t Text) packing() *packing {
	p := &packing{}
	var present [256]bool
	longest, any := 0, false
	for i := range t.Ends {
		v := t.At(i)
		if len(v) == 0 {
			continue
		}
		longest = max(longest, len(v))
		if !any {
			p.shared, any = v, true
			continue
		}
		n := 0
		for n < len(p.shared) && n < len(v) && v[n] == p.shared[n] {
			n++
		}
		p.shared = p.shared[:n]
	}
	for i := range t.Ends {
		if v := t.At(i); len(v) > len(p.shared) {
			for _, c := range v[len(p.shared):min(len(v), len(p.shared)+64)] {
				present[c] = true
			}
		}
	}
	p.byRank = []byte{0}
	for c, here := range present {
		if here {
			p.rank[c] = uint64(len(p.byRank))
			p.byRank = append(p.byRank, byte(c))
		}
	}
	p.width = max(1, bits.Len64(uint64(len(p.byRank)-1)))
	p.chars = 64 / p.width
	p.whole = longest-len(p.shared) <= min(p.chars, 64)
	return p
}

// keys gives each value that is not empty its number.
func (p *packing) keys(t Text) []keyed {
	out := bulk.Make[keyed](t.Len())[:0]
	for i := range t.Ends {
		v := t.At(i)
		if len(v) == 0 {
			continue
		}
		v = v[len(p.shared):]
		var k uint64
		for j := range p.chars {
			k <<= p.width
			if j < len(v) {
				k |= p.rank[v[j]]
			}
		}
		out = append(out, keyed{k, uint32(i)})
	}
	return out
}

// unpack appends the value of a number, if every value fits whole.
func (p *packing) unpack(out []byte, key uint64) []byte {
	out = append(out, p.shared...)
	for shift := (p.chars - 1) * p.width; shift >= 0; shift -= p.width {
		c := key >> shift & (1<<p.width - 1)
		if c == 0 {
			break
		}
		out = append(out, p.byRank[c])
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
	const digit = 8 // so that what is written to stays within reach
	all, none := uint64(0), ^uint64(0)
	for _, x := range a {
		all |= x.key
		none &= x.key
	}
	varies := all &^ none
	b := bulk.Make[keyed](len(a))
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
