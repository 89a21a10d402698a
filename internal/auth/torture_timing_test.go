package auth_test

import (
	"crypto/rand"
	"math"
	mrand "math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"webenablehes/internal/auth"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
	"webenablehes/internal/registry/sqlstore"
)

// Nobody learns from an answer, nor from how long it takes, whether there is an
// account: 400 refusals each of an account that there is, of one that there is not
// and of one that has no password yet, in a fixed order that mixes them. Under
// WEBENABLE_TORTURE=1 alone, how long they take is compared by the test of Mann and
// Whitney, and what work they are, which other programs on the machine do not
// change, by the medians. Hashing costs a fifth of what it does on a site, so that a
// difference has less to hide behind. What differs by chance once in a hundred
// rounds does so twice running once in ten thousand.
func TestTortureAccountsAreNotFoundOutByTime(t *testing.T) {
	times, cost, tries := os.Getenv("WEBENABLE_TORTURE") == "1", auth.Cost{Time: 1, MemoryKiB: 64, Threads: 1}, 10
	if times {
		cost, tries = auth.Cost{Time: 2, MemoryKiB: 19 << 10, Threads: 1}, 400
	}
	store, err := sqlstore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c := &clock{time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	s, err := auth.New(auth.Options{Store: store, Now: c.now, Random: rand.Reader, Cost: cost})
	if err != nil {
		t.Fatal(err)
	}
	known := registry.User{Name: "known", Display: "Known", Role: policy.Planner}
	if known.Hash, err = s.Hash(t.Context(), known, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	for _, u := range []registry.User{known, {Name: "waits", Display: "Waits", Role: policy.Planner}} {
		if err := store.AddUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"known", "nobody", "waits"}
	for round := range 2 {
		took, work := map[string][]float64{}, map[string][]float64{}
		var order []string
		for _, name := range names {
			order = append(order, slices.Repeat([]string{name}, tries)...)
		}
		mrand.New(mrand.NewPCG(5, uint64(round))).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, name := range order {
			c.t = c.t.Add(25 * time.Hour) // so that nobody waits
			began, worked := time.Now(), spent(t)
			_, _, err := s.SignIn(t.Context(), name, "incorrect horse battery", from("10.0.0.1"))
			took[name], work[name] = append(took[name], time.Since(began).Seconds()), append(work[name], (spent(t)-worked).Seconds())
			if fault.Of(err) != fault.Denied || fault.Say(err) != "The name or the password is not right." {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if !times {
			return
		}
		differ := false
		for _, name := range names[1:] {
			p, apart := mannWhitney(took["known"], took[name]), median(work[name])/median(work["known"])-1
			t.Logf("TORTURE refusals of known and %s, round %d: they take %.4f s and %.4f s, p = %.3f; they are %.4f s and %.4f s of work (%+.2f %%)", name, round+1, median(took["known"]), median(took[name]), p, median(work["known"]), median(work[name]), 100*apart)
			differ = differ || p <= 0.01 || math.Abs(apart) >= 0.05
		}
		if !differ {
			return
		}
	}
	t.Error("an account that there is takes another time than one that there is not, in both rounds")
}

// spent is how long this process has been at work.
func spent(t *testing.T) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// mannWhitney returns how probable it is that two samples of one distribution
// differ as much as these, by the normal approximation, which is close from 20 on.
func mannWhitney(a, b []float64) float64 {
	less := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x < y:
				less++
			case x == y:
				less += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	z := (less - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}

// The test that the timing is judged by finds what is there, and nothing else.
func TestMannWhitney(t *testing.T) {
	r := mrand.New(mrand.NewPCG(5, 5))
	sample := func(shift float64) []float64 {
		out := make([]float64, 400)
		for i := range out {
			out[i] = 1 + shift + 0.05*r.NormFloat64()
		}
		return out
	}
	if p := mannWhitney(sample(0), sample(0)); p <= 0.01 {
		t.Errorf("of one distribution: p = %v", p)
	}
	if p := mannWhitney(sample(0), sample(0.02)); p > 0.001 {
		t.Errorf("two per cent apart: p = %v", p)
	}
	// 1, 2, 3 and 4, 5, 6, 7: by hand, U is 12, and z is 6 / sqrt(8)
	if p := mannWhitney([]float64{1, 2, 3}, []float64{4, 5, 6, 7}); math.Abs(p-0.033895) > 1e-5 {
		t.Errorf("p = %v", p)
	}
}
