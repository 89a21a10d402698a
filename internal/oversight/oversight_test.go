package oversight_test

import (
	"testing"
	"time"

	"webenablehes/internal/oversight"
)

func TestMoments(t *testing.T) {
	zone := time.FixedZone("here", 3600)
	for text, want := range map[string][2]string{
		"31/03/2027":         {"2027-03-31T00:00", "2027-04-01T00:00"},
		"1/3/2027":           {"2027-03-01T00:00", "2027-03-02T00:00"},
		"2027-03-31":         {"2027-03-31T00:00", "2027-04-01T00:00"},
		"31 March 2027":      {"2027-03-31T00:00", "2027-04-01T00:00"},
		"2027-03-31T17:00":   {"2027-03-31T17:00", "2027-03-31T17:00"},
		" 31/03/2027 17:05 ": {"2027-03-31T17:05", "2027-03-31T17:05"},
	} {
		for i, last := range [...]bool{false, true} {
			got, err := oversight.Moment(text, zone, last)
			if err != nil || got.Format("2006-01-02T15:04") != want[i] {
				t.Errorf("%q, last %v: %v, %v", text, last, got, err)
			}
			if again, err := oversight.Moment(oversight.Written(got, zone, last), zone, last); err != nil || !again.Equal(got) {
				t.Errorf("%q, last %v: written and read again it is %v, %v", text, last, again, err)
			}
		}
	}
	for _, text := range []string{"", "31/02/2027", "tomorrow", "2027", "31/03/2027 25:00"} {
		if got, err := oversight.Moment(text, zone, false); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
