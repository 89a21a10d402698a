package derive

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is an episode with the texts that a line per patient needs.
type told struct {
	Episode
	diagnoses []string
}

// line derives and rolls up one person; the first diagnosis is the main one.
func line(t *testing.T, rows ...told) Patient {
	t.Helper()
	tables, roll := MustLoad(t), NewRollUp()
	var eps []Episode
	for _, row := range rows {
		if len(row.diagnoses) > 0 {
			row.Group = tables.ConditionGroup(row.diagnoses[0])
		}
		eps = append(eps, row.Episode)
	}
	out, _ := derive(t, Options{}, eps...)
	// A patient before leaves nothing behind.
	other := episode(99, "1990-01-01", "1990-01-02", func(e *Episode) { e.Sex, e.Ethnic, e.DisMethod, e.Group = Pack("1"), Pack("B"), Pack("4"), 5 })
	roll.Add(&other, &Result{Filled: other.Admitted, Spell: 3, StayNHSD: 3, BedDays: 7}, "A00", []string{"A00", "B00"})
	roll.Reset()
	for i := range eps {
		main := ""
		if len(rows[i].diagnoses) > 0 {
			main = rows[i].diagnoses[0]
		}
		roll.Add(&eps[i], &out[i], main, rows[i].diagnoses)
	}
	return roll.Patient()
}

func TestPatient(t *testing.T) {
	tables := MustLoad(t)
	groups := func(codes ...string) (set uint64) {
		for _, c := range codes {
			set |= 1 << tables.ConditionGroup(c)
		}
		return set
	}
	got := line(t,
		told{episode(4, "2010-08-01", "2010-08-01", class("2"), disMethod("4"), func(e *Episode) { e.Age, e.Ethnic = 41, Pack("99") }), []string{"C439", "L400", "I10"}},
		told{episode(1, "2010-05-01", "2010-05-03", method("21"), disMethod("8")), []string{"L400", "L401", "L20"}},
		told{episode(2, "2010-05-03", "2010-05-06", disDest("51"), func(e *Episode) { e.Age, e.Ethnic = -1, Pack("C") }), nil},
		told{episode(3, "2010-05-07", "2010-05-09", provider(2), method("81"), func(e *Episode) { e.Ethnic = Pack("0") }), []string{"R69"}},
	)
	want := Patient{
		FirstAdmitted: ParseDay("2010-05-01"), LastAdmitted: ParseDay("2010-08-01"), LastDischarged: ParseDay("2010-08-01"),
		Episodes: 4, Spells: 3, Stays: 2, DayCases: 1, Emergencies: 1, BedDays: 7,
		FirstMain: "L400", LastMain: "C439", Diagnoses: 5, Groups: groups("L400", "R69", "C439") | 1,
		FirstAge: 40, LastAge: 41, Sex: Pack("2"), Ethnic: Pack("C"), Died: true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("line (-want +got):\n%s", d)
	}
}

func TestTwoEpisodesOfOneSpell(t *testing.T) {
	got := line(t, told{Episode: episode(1, "2010-05-01", "2010-05-03", disMethod("8"))}, told{Episode: episode(2, "2010-05-03", "2010-05-06")})
	if got.Spells != 1 || got.Episodes != 2 {
		t.Errorf("%d spells, %d episodes", got.Spells, got.Episodes)
	}
}

// A spell speaks through its first episode, and rows without a spell through
// themselves alone.
func TestSpellsOfThePatient(t *testing.T) {
	got := line(t,
		told{Episode: episode(2, "2010-05-03", "2010-05-06", method("21"), class("2"))},
		told{Episode: episode(1, "2010-05-01", "2010-05-03", disMethod("8"))},
		told{Episode: episode(3, "2010-06-01", "2010-06-02", method("21"), class("2"), func(e *Episode) { e.Stat = Pack("1") })},
	)
	if got.Spells != 1 || got.Episodes != 3 || got.DayCases != 0 || got.Emergencies != 0 {
		t.Errorf("%+v", got)
	}
}

func TestSexOfThePatient(t *testing.T) {
	for _, c := range []struct {
		sexes, want string // one a month; space = not recorded
		conflict    bool
	}{
		{"2", "2", false}, {"22", "2", false}, {"29", "2", false}, {"92", "2", false}, {"2 ", "2", false},
		{"12", "2", true}, {"21", "1", true}, {"2219", "2", true}, {"1999", "1", false}, {"9", "9", false}, {"9 ", "9", false}, {" ", "", false},
		{"93", "3", false},
	} {
		var rows []told
		for i, sex := range c.sexes {
			start := ParseDay("2010-01-01") + Day(31*i)
			rows = append(rows, told{Episode: episode(uint32(i+1), start.String(), start.String(), func(e *Episode) {
				if e.Sex = Pack(string(sex)); sex == ' ' {
					e.Sex = 0
				}
			})})
		}
		for range rows { // from each row on
			rows = append(rows[1:], rows[0])
			if got := line(t, rows...); got.Sex.String() != c.want || got.SexConflict != c.conflict {
				t.Errorf("%q is %q, conflict %t", c.sexes, got.Sex, got.SexConflict)
			}
		}
	}
}

// An episode without a start is neither the first nor the last while another
// has one.
func TestUndatedEpisode(t *testing.T) {
	undated := told{episode(5, "", "2010-05-03", func(e *Episode) { e.Age = 7 }), []string{"L400"}}
	dated := told{episode(6, "2010-05-01", "2010-05-03"), []string{"L20"}}
	for _, rows := range [][]told{{undated, dated}, {dated, undated}} {
		if got := line(t, rows...); got.FirstMain != "L20" || got.LastMain != "L20" || got.FirstAge != 40 || got.LastAge != 40 {
			t.Errorf("%+v", got)
		}
	}
	if got := line(t, undated); got.FirstMain != "L400" || got.LastAge != 7 || got.FirstAdmitted != NoDay {
		t.Errorf("%+v", got)
	}
}
