package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFinancialYearsAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]struct {
		years  []string
		writes string
	}{
		"":                            {nil, ""},
		"0809":                        {[]string{"0809"}, "2008/09"},
		"2008/09, 2010-11":            {[]string{"0809", "1011"}, "2008/09 2010/11"},
		"08/09 09/10":                 {[]string{"0809", "0910"}, "2008/09 2009/10"},
		"2008/09 to 2011/12; 2013/14": {[]string{"0809", "0910", "1011", "1112", "1314"}, "2008/09 to 2011/12 2013/14"},
		"9899 to 0001":                {[]string{"9899", "9900", "0001"}, "1998/99 to 2000/01"},
		"2008/2009":                   {[]string{"0809"}, "2008/09"},
		"2008/09 to":                  {[]string{"0809"}, "2008/09"},
		"to 2008/09":                  {[]string{"to", "0809"}, "to 2008/09"},
		"all":                         {[]string{"all"}, "all"},
	} {
		got := readYears(text)
		if diff := cmp.Diff(want.years, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		if says := writeYears(got, " "); says != want.writes {
			t.Errorf("%q is written %q", text, says)
		}
	}
	if got := readYears("2009/10 to 2008/09"); len(got) > 110 { // a row that never ends is cut
		t.Errorf("%d years", len(got))
	}
}
