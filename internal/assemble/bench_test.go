package assemble_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webenablehes/internal/assemble"
	"webenablehes/internal/load"
	"webenablehes/internal/subset"
	"webenablehes/internal/warehouse/store"
)

// BenchmarkAssemble makes a release of the files that WEBENABLE_FILES names,
// separated by spaces.
func BenchmarkAssemble(b *testing.B) {
	names := strings.Fields(os.Getenv("WEBENABLE_FILES"))
	if len(names) == 0 {
		b.Skip("name files in WEBENABLE_FILES, such as those of webenable synth")
	}
	d, codes := vocabulary(b)
	l, err := load.Open(d, codes, load.Options{Files: names})
	if err != nil {
		b.Fatal(err)
	}
	batch, err := l.Run(b.Context(), filepath.Join(b.TempDir(), "batch"))
	if err != nil {
		b.Fatal(err)
	}
	defer batch.Close()
	for _, name := range []string{"all", "dermatology"} {
		b.Run(name, func(b *testing.B) {
			s, err := subset.Find(name, d)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var w *store.Builder
				_, err := assemble.Run(b.Context(), []assemble.Source{{Batch: batch}}, assemble.Options{Dictionary: d, Subset: s, Latest: 0, Sink: func(rows int) (assemble.Sink, error) {
					w, err = store.NewBuilder(b.TempDir(), d, rows)
					return w, err
				}})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := w.Finish(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch.Rows()*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
