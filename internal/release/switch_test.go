package release

import (
	"sync"
	"testing"
)

// People roll back while others do, and while a load publishes: each switch
// succeeds, and whoever asks meanwhile is told a release that exists.
func TestSwitchesAtOnce(t *testing.T) {
	r := Open(t.TempDir())
	for n := byte(1); n <= 2; n++ {
		if err := make1(t, r, n, "content"); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for range 40 {
				if err := Open(r.root).Switch(id(byte(1 + n%2))); err != nil {
					t.Errorf("switch: %v", err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 300 {
			if _, err := r.Current(); err != nil {
				t.Errorf("current: %v", err)
				return
			}
			if err := r.Clean(); err != nil {
				t.Errorf("clean: %v", err)
				return
			}
		}
	})
	wg.Wait()
}
