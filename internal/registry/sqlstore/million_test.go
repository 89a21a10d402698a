package sqlstore

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"webenablehes/internal/audit"
	"webenablehes/internal/checkpoint"
)

// fill writes n events as they come from pages: each eighth shows rows of 50
// patients.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	marks := make([]audit.Mark, 50)
	var together []pending
	for i := range n {
		e := audit.Event{At: noon.Add(time.Duration(i) * time.Second), Kind: "view", Actor: fmt.Sprintf("person-%d", i%40), Role: "researcher", Purpose: "DSA-2041 Psoriasis pathways study",
			Release: "20261124-090000-bbbb", Question: "episodes where DIAG_01 starts with L40 and FYEAR is 0809; columns ADMIDATE, SEX, DIAG_01, PROCODE3; 50 rows", Unit: "episodes", Outcome: "shown", Address: "10.0.0.1", Request: "abcdefghij"}
		if i%8 == 0 {
			for j := range marks {
				b := make([]byte, 9)
				_, _ = rand.Read(b)
				marks[j] = audit.Mark(base64.RawURLEncoding.EncodeToString(b))
			}
			e.Rows, e.Persons = 50, audit.NewPersons(marks)
		}
		body, err := audit.Encode(e)
		must(t, err)
		together = append(together, pending{event: e, body: body})
		if len(together) == 10_000 || i == n-1 {
			must(t, errors.Join(s.write(together)...))
			together = together[:0]
		}
	}
}

func BenchmarkMillion(b *testing.B) {
	s := open(b, b.TempDir())
	start := time.Now()
	fill(b, s, 1_000_000)
	b.Logf("written in %v", time.Since(start))
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			c, _, err := checkpoint.Check(b.Context(), s, checkpoint.Public{})
			must(b, err)
			if p, _ := c.Made(noon); p.Entries != 1_000_000 {
				b.Fatal(p.Entries)
			}
		}
	})
	for name, f := range map[string]audit.Filter{"patient": {Patient: "AAAAAAAAAAAA"}, "person": {Actor: "person-7", Outcome: "refused"}, "kind": {Kind: "alert"}, "purpose": {Purpose: "DSA-1"}, "week": {From: noon, Until: noon.AddDate(0, 0, 7), Rows: true}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b, s.Search(b.Context(), f, func(audit.Entry) bool { return true }))
			}
		})
	}
}
