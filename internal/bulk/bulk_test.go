package bulk

import "testing"

func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1 << 20, 5<<20 + 3} {
		s := Make[uint32](n)
		if len(s) != n {
			t.Fatalf("%d entries, want %d", len(s), n)
		}
		for i := range s {
			if s[i] != 0 {
				t.Fatalf("entry %d of %d is %d, want 0", i, n, s[i])
			}
			s[i] = uint32(i)
		}
		for i := range s {
			if s[i] != uint32(i) {
				t.Fatalf("entry %d of %d is %d after it was set", i, n, s[i])
			}
		}
	}
}
