package staging

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func listOf(values []string) Text {
	var t Text
	for _, v := range values {
		t.Append([]byte(v))
	}
	return t
}

// sortedAsPlain compares Sort with a sort that has nothing clever.
func sortedAsPlain(t *testing.T, values []string) {
	t.Helper()
	want := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	slices.Sort(want)
	want = slices.Compact(want)
	sorted, codes := listOf(values).Sort()
	if sorted.Len() != len(want) || len(codes) != len(values) {
		t.Fatalf("%d distinct of %d values, want %d; %d codes", sorted.Len(), len(values), len(want), len(codes))
	}
	for i, v := range want {
		if string(sorted.At(i)) != v {
			t.Fatalf("place %d is %q, want %q", i, sorted.At(i), v)
		}
	}
	for i, v := range values {
		switch {
		case v == "" && codes[i] != 0:
			t.Fatalf("an empty value has place %d", codes[i])
		case v != "" && (codes[i] == 0 || want[codes[i]-1] != v):
			t.Fatalf("value %d has place %d", i, codes[i])
		}
	}
}

// Identifiers of every shape, in numbers below and above where the radix sort
// begins.
func TestSort(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	long := strings.Repeat("x", 70)
	shapes := map[string]func() string{
		"numbers":          func() string { return fmt.Sprint(r.Uint64N(1e12)) },
		"20 digits":        func() string { return fmt.Sprintf("1234567890%010d", r.Uint64N(1e10)) },
		"hexadecimal":      func() string { return fmt.Sprintf("%032X%016X", r.Uint64N(1<<20), r.Uint64()) },
		"few":              func() string { return fmt.Sprint(r.IntN(20)) },
		"one":              func() string { return "the same" },
		"prefixes":         func() string { return "AAAAAAAAAAAAAAAAAAAA"[:r.IntN(21)] },
		"differ far on":    func() string { return long + fmt.Sprint(r.IntN(3000)) },
		"any bytes":        func() string { b := make([]byte, r.IntN(12)); fill(r, b); return string(b) },
		"NUL at the end":   func() string { return "A" + strings.Repeat("\x00", r.IntN(10)) },
		"empty for a part": func() string { return []string{"", fmt.Sprint(r.IntN(1e6))}[r.IntN(2)] },
		"empty":            func() string { return "" },
	}
	for name, shape := range shapes {
		for _, n := range []int{0, 1, 2, 100, 4095, 4096, 9000} {
			t.Run(fmt.Sprint(name, " ", n), func(t *testing.T) {
				values := make([]string, n)
				for i := range values {
					values[i] = shape()
				}
				sortedAsPlain(t, values)
			})
		}
	}
}

func fill(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
}

func FuzzSort(f *testing.F) {
	f.Add([]byte("b\na\n\nab\na\n"), uint16(1))
	f.Add([]byte("\x00\n\x00\x00\n\xff"), uint16(2000))
	f.Fuzz(func(t *testing.T, text []byte, times uint16) {
		var values []string
		for range min(int(times), 5000/(1+len(text))+1) { // enough of them for the radix sort
			for _, v := range bytes.Split(text, []byte("\n")) {
				values = append(values, string(v))
			}
		}
		sortedAsPlain(t, values)
	})
}

// Lists long enough for each way of sorting, with and without repeats.
func TestSortOfLongLists(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for name, value := range map[string]func() string{
		"digits": func() string { return fmt.Sprintf("3100%08d", r.IntN(1e8)) }, "digits of two lengths": func() string { return strings.Repeat("7", r.IntN(3)) + strconv.Itoa(r.IntN(1e6)) },
		"long, repeated":        func() string { return fmt.Sprintf("SYNTH%027d", r.IntN(3000)) },
		"long, mostly once":     func() string { return fmt.Sprintf("SYNTH%027x%d", r.Uint64(), r.IntN(2)) },
		"some not recorded":     func() string { return strings.Repeat("A", r.IntN(2)) + strings.Repeat("é", r.IntN(20)) },
		"all equal":             func() string { return "same" },
		"one begins the others": func() string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:r.IntN(27)] },
	} {
		var list Text
		var want []string
		for range 9000 {
			v := value()
			list.Append([]byte(v))
			want = append(want, v)
		}
		sorted, codes := list.Sort()
		for i, code := range codes {
			got := ""
			if code > 0 {
				got = string(sorted.At(int(code) - 1))
			}
			if got != want[i] {
				t.Fatalf("%s: value %d is %q, want %q", name, i, got, want[i])
			}
		}
		slices.Sort(want)
		want = slices.DeleteFunc(slices.Compact(want), func(v string) bool { return v == "" })
		var got []string
		for i := range sorted.Len() {
			got = append(got, string(sorted.At(i)))
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s: %d values in another order than %d", name, len(got), len(want))
		}
	}
}
