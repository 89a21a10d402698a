package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLoad reads the files that WEBENABLE_FILES names, separated by spaces.
func BenchmarkLoad(b *testing.B) {
	names := strings.Fields(os.Getenv("WEBENABLE_FILES"))
	if len(names) == 0 {
		b.Skip("name files in WEBENABLE_FILES, such as those of webenable synth")
	}
	d, codes := vocabulary(b)
	rows := 0
	for b.Loop() {
		l, err := Open(d, codes, Options{Files: names})
		if err != nil {
			b.Fatal(err)
		}
		batch, err := l.Run(b.Context(), filepath.Join(b.TempDir(), "batch"))
		if err != nil {
			b.Fatal(err)
		}
		rows += batch.Rows()
		if err := batch.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
