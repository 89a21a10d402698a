package load

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/staging"
)

// maxEntries is how many distinct texts a column of codes may have. Identifiers
// have no such limit; a code, a date or a number with more is none.
const maxEntries = 4 << 20

// table gives each distinct text of a column a number, an entry, and remembers
// what the rules made of it. All workers share it; each has a cache before it.
type table struct {
	field   *hes.Field
	list    map[string]bool // codes of the field's list; nil: it is open
	mu      sync.Mutex
	ids     map[string]uint32 // text as delivered → entry, from 1
	entries []entry           // entry n is the n-1st
}

type entry struct {
	staging.Entry
	rules    []ruleUse
	bad      bool // rejects its row
	unlisted bool // a code that is not in its field's list
}

type ruleUse struct{ rule, times int }

// Of the numbers that lookups return, the highest bits say that how often the
// entry is met is to be counted, and that it rejects its row.
const (
	counted = 1 << 31
	refused = 1 << 30
)

func newTable(f *hes.Field, codes *hes.Codes) *table {
	t := &table{field: f, ids: map[string]uint32{}}
	if f.Type == hes.Code && codes.Closed(f.Codes) {
		t.list = map[string]bool{}
		for _, v := range codes.Values(f.Codes) {
			t.list[v.Code] = true
		}
	}
	return t
}

// id returns the entry of a text that is not empty.
func (t *table) id(text []byte) (uint32, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, ok := t.ids[string(text)]; ok {
		return id, nil
	}
	var n counts
	raw := trim(text)
	v, bad := clean(t.field, raw, make([]byte, 0, 256), &n)
	return t.add(string(text), entry{Entry: staging.Entry{Raw: string(raw), Clean: string(v)}, bad: bad, rules: n.uses(),
		unlisted: t.list != nil && len(v) > 0 && !t.list[string(v)]})
}

// made returns the entry of a value that was worked out and not delivered.
func (t *table) made(value string) (uint32, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := "\n" + value // no delivered text holds a line end
	if id, ok := t.ids[key]; ok {
		return id, nil
	}
	return t.add(key, entry{Entry: staging.Entry{Clean: value}})
}

func (t *table) add(key string, e entry) (uint32, error) {
	if len(t.entries) == maxEntries {
		return 0, fault.New(fault.Invalid, "The column %s has more than %d different texts, so it does not hold what its name says. Take the column out, or name it rightly, and load again.", t.field.Name, maxEntries)
	}
	t.entries = append(t.entries, e)
	id := uint32(len(t.entries))
	if len(e.rules) > 0 || e.unlisted {
		id |= counted
	}
	if e.bad {
		id |= refused
	}
	t.ids[key] = id
	return id, nil
}

// entry returns an entry by its number, without the bits.
func (t *table) entry(id uint32) entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries[id-1]
}

// cache is a worker's memory of a table: texts of up to 16 bytes by their bytes,
// longer ones by text.
//
// Texts of one or two printable characters, which most codes are, and dates
// written year-month-day are found by their place in a list.
type cache struct {
	t     *table
	short []uint32 // by shortPlace
	days  []uint32 // by dayPlace; nil if the column holds no dates
	slots []slot
	used  int
	shift int
	long  map[string]uint32
}

type slot struct {
	lo, hi uint64
	id     uint32
}

// maxSlots bounds a cache; beyond it, old texts make room.
const maxSlots = 1 << 18

func newCache(t *table) *cache {
	c := &cache{t: t, slots: make([]slot, 64), shift: 64 - 6, long: map[string]uint32{}, short: make([]uint32, shortPlaces)}
	if t.field.Type == hes.Date {
		c.days = make([]uint32, dayPlaces)
	}
	return c
}

const (
	firstPrintable, printable = 0x20, 0x5f
	shortPlaces               = (printable + 1) * printable
	firstDay, dayPlaces       = 1800 * 12 * 32, 300 * 12 * 32
)

// shortPlace is the place of a text of one or two bytes, given as a number; -1 if
// it is not of printable characters.
func shortPlace(lo uint64, n int) int {
	a := int(lo&0xff) - firstPrintable
	b := 0
	if n == 2 {
		b = int(lo>>8) - firstPrintable + 1
		if b < 1 || b > printable {
			return -1
		}
	}
	if a < 0 || a >= printable {
		return -1
	}
	return a*(printable+1) + b
}

// dayPlace is the place of a text of ten bytes, given as two numbers, that is
// written as a day from 1800 on for 300 years is; -1 for any other. Whether there
// is such a day is not asked.
func dayPlace(lo, hi uint64) int {
	d := lo ^ 0x2d30302d30303030 // "0000-00-", the first byte lowest
	e := hi ^ 0x3030             // "00"
	const most, over = 0x7676767676767676, 0x8080808080808080
	if (d+most|d)&over != 0 || (e+most|e)&over != 0 || d&0xff0000ff00000000 != 0 {
		return -1
	}
	b := func(i int) int { return int(d >> (8 * i) & 0xff) }
	place := (((b(0)*10+b(1))*10+b(2))*10+b(3))*12*32 + (b(5)*10+b(6)-1)*32 + int(e&0xff)*10 + int(e>>8) - firstDay
	if month, day := b(5)*10+b(6), int(e&0xff)*10+int(e>>8); month < 1 || month > 12 || day > 31 || place < 0 || place >= dayPlaces {
		return -1
	}
	return place
}

// at returns the entry of a text by its place in a list, which is filled as texts
// are met.
func (c *cache) at(list []uint32, place int, lo, hi uint64, text []byte) (uint32, error) {
	if id := list[place]; id != 0 {
		return id, nil
	}
	id, err := c.find(lo, hi, text)
	list[place] = id
	return id, err
}

func (c *cache) home(lo, hi uint64) uint64 {
	return ((lo ^ bits.RotateLeft64(hi, 29)*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9) >> c.shift
}

// find returns the entry of a text of up to 16 bytes, given as two numbers.
func (c *cache) find(lo, hi uint64, text []byte) (uint32, error) {
	mask := uint64(len(c.slots) - 1)
	for i := c.home(lo, hi); ; i = (i + 1) & mask {
		s := &c.slots[i]
		if s.lo == lo && s.hi == hi && s.id != 0 {
			return s.id, nil
		}
		if s.id == 0 {
			return c.miss(lo, hi, text)
		}
	}
}

func (c *cache) miss(lo, hi uint64, text []byte) (uint32, error) {
	id, err := c.t.id(text)
	if err != nil {
		return 0, err
	}
	if c.used*2 >= len(c.slots) {
		old := c.slots
		if len(old) < maxSlots {
			c.slots = make([]slot, 4*len(old))
			c.shift -= 2
		} else {
			c.slots, old = make([]slot, len(old)), nil
		}
		c.used = 0
		for _, s := range old {
			if s.id != 0 {
				c.put(s)
			}
		}
	}
	c.put(slot{lo, hi, id})
	return id, nil
}

func (c *cache) put(s slot) {
	mask := uint64(len(c.slots) - 1)
	i := c.home(s.lo, s.hi)
	for c.slots[i].id != 0 {
		i = (i + 1) & mask
	}
	c.slots[i] = s
	c.used++
}

// text returns the entry of any text that is not empty.
func (c *cache) text(b []byte) (uint32, error) {
	if len(b) <= 16 {
		var w [16]byte
		copy(w[:], b)
		return c.find(binary.LittleEndian.Uint64(w[:8]), binary.LittleEndian.Uint64(w[8:]), b)
	}
	if id, ok := c.long[string(b)]; ok {
		return id, nil
	}
	id, err := c.t.id(b)
	if err == nil && len(c.long) < maxSlots {
		c.long[string(b)] = id
	}
	return id, err
}
