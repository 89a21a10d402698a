package hes

import "testing"

func TestFirstYear(t *testing.T) {
	for fyear, want := range map[string]int{"0809": 2008, "8990": 1989, "9900": 1999, "0001": 2000, "7980": 2079, "": 0, "080": 0, "08a9": 0, "2008/09": 0} {
		if got := FirstYear(fyear); got != want {
			t.Errorf("%q begins in %d, want %d", fyear, got, want)
		}
	}
}
