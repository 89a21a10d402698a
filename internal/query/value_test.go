package query_test

import (
	"strings"
	"testing"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
	"webenablehes/internal/query"
)

// A value of a condition is written in one way, of its field's type; another way, or
// more than a value, is refused without being said back.
func TestValuesAreWrittenInOneWay(t *testing.T) {
	d, err := hes.Load()
	if err != nil {
		t.Fatal(err)
	}
	for field, c := range map[string]struct{ good, bad []string }{
		"ADMIDATE": {[]string{"2009-04-01", "1801-01-01"}, []string{"", "2009-4-1", "2009-04-01 ", "2009-04-01' or 1=1--", "01/04/2009", "2009-04-01\n", "today"}},
		"STARTAGE": {[]string{"0", "40", "7001", "-1"}, []string{"", "+1", "01", "1e9", "1.0", "0x10", "99999999999", "9223372036854775808", "1 or 1=1", "１"}},
		"SEX":      {[]string{"1", "x' or 1=1--"}, []string{"", "1\x00", "1\n2", "1\r", strings.Repeat("1", 201)}},
	} {
		f, ok := d.Field(field)
		if !ok {
			t.Fatal(field)
		}
		for _, v := range c.good {
			if err := query.CheckValue(f, v); err != nil {
				t.Errorf("%s %q: %v", field, v, err)
			}
		}
		for _, v := range c.bad {
			if err := query.CheckValue(f, v); fault.Of(err) != fault.Invalid || len(v) > 4 && strings.Contains(err.Error(), v) {
				t.Errorf("%s %q: %v", field, v, err)
			}
		}
	}
}
