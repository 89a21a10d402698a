package derive

import (
	"math/rand/v2"
	"testing"
)

// release is persons of 2.5 rows on average, as a year or two of HES have, and
// some with very many.
func release(t *Tables, persons int) [][]Episode {
	r := rand.New(rand.NewPCG(4, 0))
	all := make([][]Episode, persons)
	for i := range all {
		want := 1 + int(r.ExpFloat64()*2)
		for len(all[i]) < want {
			all[i] = append(all[i], person(r, t)...)
		}
		all[i] = all[i][:want]
	}
	return all
}

func BenchmarkDerive(b *testing.B) {
	tables := MustLoad(b)
	persons := release(tables, 4096)
	p, out := New(tables, Options{}), make([]Result, 1000)
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, eps := range persons {
			p.Derive(eps, out[:len(eps)])
			rows += len(eps)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
	b.ReportMetric(float64(rows)/float64(b.N)/float64(len(persons)), "rows/person")
}

// BenchmarkDeriveLong is one person with very many rows: the cost a row must
// not grow with their number.
func BenchmarkDeriveLong(b *testing.B) {
	tables := MustLoad(b)
	var eps []Episode
	for r := rand.New(rand.NewPCG(5, 0)); len(eps) < 10000; {
		eps = append(eps, person(r, tables)...)
	}
	p, out := New(tables, Options{}), make([]Result, len(eps))
	for b.Loop() {
		p.Derive(eps, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(eps)), "ns/row")
}

func BenchmarkDiagnosis(b *testing.B) {
	tables := MustLoad(b)
	for b.Loop() {
		tables.Diagnosis("L400", true)
	}
}

// Once the scratch has grown, persons cost no memory.
func TestDeriveDoesNotAllocate(t *testing.T) {
	tables := MustLoad(t)
	persons := release(tables, 200)
	p, out := New(tables, Options{Spells: S3}), make([]Result, 1000)
	run := func() {
		for _, eps := range persons {
			p.Derive(eps, out[:len(eps)])
		}
	}
	run()
	if n := testing.AllocsPerRun(5, run); n != 0 {
		t.Errorf("%d persons cost %.0f allocations", len(persons), n)
	}
}
