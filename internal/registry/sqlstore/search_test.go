package sqlstore

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

func TestSearchFindsWhatMeetsTheFilter(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := audit.Mark("AAAAAAAAAAAA"), audit.Mark("BBBBBBBBBBBB")
	shifted := audit.Mark("AAAABBBBBBBB") // stands across two others below
	events := []audit.Event{
		{At: noon, Kind: "view", Actor: "ana", Purpose: "DSA-1 Study", Outcome: "shown", Rows: 2, Persons: audit.NewPersons([]audit.Mark{two, one})},
		{At: noon.Add(time.Hour), Kind: "view", Actor: "bob", Purpose: "DSA-10 Other study", Outcome: "refused", Question: `says "purpose":"DSA-1 Study"`},
		{At: noon.Add(2 * time.Hour), Kind: "patient", Actor: "ana", Purpose: "DSA-1", Outcome: "shown", Rows: 1, Persons: audit.NewPersons([]audit.Mark{one})},
		{At: noon.AddDate(0, 0, 1), Kind: "sign-in", Actor: "ana", Outcome: "done"},
		{At: noon.AddDate(0, 0, 1).Truncate(time.Second), Kind: "alert", Actor: "the server", Outcome: "done"},
	}
	for _, e := range events {
		must(t, s.Record(t.Context(), e))
	}
	for name, c := range map[string]struct {
		f    audit.Filter
		want []int64
	}{
		"all":             {audit.Filter{}, []int64{5, 4, 3, 2, 1}},
		"oldest":          {audit.Filter{Oldest: true, After: 1, Before: 4}, []int64{2, 3}},
		"person":          {audit.Filter{Actor: "ana"}, []int64{4, 3, 1}},
		"purpose":         {audit.Filter{Purpose: "DSA-1"}, []int64{3, 1}},
		"kind":            {audit.Filter{Kind: "view", Outcome: "shown"}, []int64{1}},
		"from":            {audit.Filter{From: noon.AddDate(0, 0, 1)}, []int64{4}},
		"to":              {audit.Filter{Until: noon.AddDate(0, 0, 1)}, []int64{5, 3, 2, 1}},
		"patient":         {audit.Filter{Patient: one}, []int64{3, 1}},
		"another patient": {audit.Filter{Patient: two, Actor: "ana"}, []int64{1}},
		"no patient":      {audit.Filter{Patient: shifted}, nil},
		"any rows":        {audit.Filter{Rows: true}, []int64{3, 1}},
		"text":            {audit.Filter{Actor: "ana' or 1=1 --"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int64
			must(t, s.Search(t.Context(), c.f, func(e audit.Entry) bool {
				want := events[e.Seq-1]
				want.At = want.At.UTC()
				if diff := cmp.Diff(want, e.Event); diff != "" {
					t.Error(diff)
				}
				got = append(got, e.Seq)
				return true
			}))
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	kinds, err := s.Kinds(t.Context())
	if diff := cmp.Diff([]string{"alert", "patient", "sign-in", "view"}, kinds); diff != "" || err != nil {
		t.Error(err, diff)
	}
	n := 0
	must(t, s.Search(t.Context(), audit.Filter{}, func(audit.Entry) bool { n++; return n < 2 }))
	if n != 2 {
		t.Errorf("it went on after %d entries", n)
	}
}

// An entry that somebody has spoilt is passed over, and does not keep the others
// from being found.
func TestASpoiltEntryIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for range 3 {
		must(t, s.Record(t.Context(), audit.Event{At: noon, Kind: "view", Actor: "ana", Outcome: "shown"}))
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "registry.db"))
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `drop trigger access_log_no_update`)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `update access_log set body = cast('{"kind":' as blob) where seq = 2`)
	must(t, err)
	var got []int64
	must(t, s.Search(t.Context(), audit.Filter{}, func(e audit.Entry) bool { got = append(got, e.Seq); return true }))
	if !slices.Equal(got, []int64{3, 1}) {
		t.Errorf("%v", got)
	}
}

func TestCheckpointsAreKept(t *testing.T) {
	s := open(t, t.TempDir())
	want := []audit.Signed{{Entries: 3, At: noon, Note: []byte("a"), State: []byte{1}}, {Entries: 9, At: noon.AddDate(0, 0, 1), Note: []byte("b"), State: []byte{2}}}
	must(t, s.AddCheckpoint(t.Context(), want[1]))
	must(t, s.AddCheckpoint(t.Context(), want[0]))
	wantKind(t, "one of as many entries", s.AddCheckpoint(t.Context(), want[0]), fault.Conflict)
	got, err := s.Checkpoints(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, text := range []string{`delete from checkpoint`, `update checkpoint set entries = 1`} {
		if _, err := s.db.ExecContext(t.Context(), text); err == nil {
			t.Errorf("%s was carried out", text)
		}
	}
}
