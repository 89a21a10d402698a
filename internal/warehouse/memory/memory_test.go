package memory_test

import (
	"testing"

	"webenablehes/internal/warehouse/driver"
	"webenablehes/internal/warehouse/drivertest"
	"webenablehes/internal/warehouse/memory"
)

func TestConformance(t *testing.T) {
	drivertest.Run(t, func(_ testing.TB, f drivertest.Fixture) driver.Engine {
		return memory.New(f.Dictionary, f.Columns, f.Records)
	})
}
