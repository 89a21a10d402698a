package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// values are those of a column on their way into a dictionary's file.
type values interface {
	size() int
	check(hes.Type) error // are they distinct and in order, and do they fit a file?
	write(*file)
}

// texts are values as strings.
type texts []string

func (t texts) size() int { return len(t) }

func (t texts) write(out *file) {
	out.number(uint32(len(t)))
	end := uint32(0)
	for _, v := range t {
		end += uint32(len(v))
		out.number(end)
	}
	for _, v := range t {
		out.text(v)
	}
}

func (t texts) check(typ hes.Type) error {
	total := 0
	for _, v := range t {
		total += len(v)
	}
	return errors.Join(fits(total), inOrder(typ, len(t), func(i int) string { return t[i] }))
}

// joined are values one after another, with the end of each.
type joined struct {
	text []byte
	ends []uint32
}

func (j joined) size() int { return len(j.ends) }

func (j joined) write(out *file) {
	out.number(uint32(len(j.ends)))
	out.numbers(j.ends)
	out.bytes(j.text)
}

// value returns a value without copying it; it must not outlive the text.
func (j joined) value(i int) string {
	start := uint32(0)
	if i > 0 {
		start = j.ends[i-1]
	}
	b := j.text[start:j.ends[i]]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (j joined) check(t hes.Type) error {
	if err := rising(j.ends, len(j.text)); err != nil {
		return errors.New("the values end outside their text")
	}
	if len(j.ends) == 0 && len(j.text) > 0 || len(j.ends) > 0 && int(j.ends[len(j.ends)-1]) != len(j.text) {
		return errors.New("the values leave a rest of their text")
	}
	return inOrder(t, len(j.ends), j.value)
}

// counting are the values "1", "2", … up to a number.
type counting int

func (n counting) size() int { return int(n) }

func (n counting) write(out *file) {
	out.number(uint32(n))
	end, digits, ten := uint32(0), uint32(1), 10
	for i := 1; i <= int(n); i++ {
		if i == ten {
			digits, ten = digits+1, ten*10
		}
		end += digits
		out.number(end)
	}
	for i := 1; i <= int(n); i++ {
		out.room(20)
		out.buf = strconv.AppendInt(out.buf, int64(i), 10)
	}
}

func (n counting) check(t hes.Type) error {
	if n < 0 || t != hes.Int {
		return errors.New("only whole numbers are counted from 1")
	}
	return fits(int(n) * len(strconv.Itoa(int(n))))
}

func fits(bytes int) error {
	if bytes > math.MaxUint32 {
		return errors.New("its distinct values take more than 4 GiB")
	}
	return nil
}

// delivered is the type of texts as delivered: in the order of their bytes, and
// one may be empty.
const delivered hes.Type = 0

// inOrder checks that values are recorded, distinct and in the order of their
// type; equal ones
// in that of their bytes.
func inOrder(t hes.Type, n int, value func(int) string) error {
	before := ""
	for i := range n {
		v := value(i)
		if v == "" && t != delivered || i > 0 && cmp.Or(query.Compare(t, before, v), cmp.Compare(before, v)) >= 0 {
			return fmt.Errorf("value %d of its dictionary is empty or out of order", i+1)
		}
		before = v
	}
	return nil
}
