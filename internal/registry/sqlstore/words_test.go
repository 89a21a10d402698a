package sqlstore

import (
	"fmt"
	"strings"
	"testing"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
	"webenablehes/internal/policy"
	"webenablehes/internal/registry"
)

// Whatever text is put into a statement is a value there: it finds itself and nothing
// else, and changes nothing.
func TestWordsAreNoSQL(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.AddUser(t.Context(), registry.User{Name: "ana", Display: "Ana", Role: policy.Planner, Hash: "x"}))
	must(t, s.Record(t.Context(), audit.Event{At: noon, Kind: "view", Actor: "ana", Purpose: "DSA-1", Outcome: "shown"}))
	var words []string
	for _, head := range []string{"", "ana", "x", "1", "ana'", `ana"`, "ana\x00"} {
		for _, tail := range []string{"' or 1=1--", "' or '1'='1", `" or ""="`, "') or 1=1--", "'; drop table person--", "' union select name, hash from person--", "%", "_", "*", "\\'", "' || 'a", "'/**/or/**/1=1", "\u2019 or 1=1", "?", ":a", "$1", "@a"} {
			words = append(words, head+tail)
		}
	}
	for _, word := range words {
		if _, err := s.UserByName(t.Context(), word); fault.Of(err) != fault.NotFound {
			t.Errorf("an account %q: %v", word, err)
		}
		if _, err := s.Agreement(t.Context(), word); fault.Of(err) != fault.NotFound {
			t.Errorf("an agreement %q: %v", word, err)
		}
		if _, err := s.UserByLink(t.Context(), word, word); fault.Of(err) != fault.NotFound {
			t.Errorf("a link %q: %v", word, err)
		}
		if n, _, err := s.Failures(t.Context(), word, noon); err != nil || n != 0 {
			t.Errorf("failures of %q: %d, %v", word, n, err)
		}
		for _, f := range []audit.Filter{{Actor: word}, {Kind: word}, {Outcome: word}, {Purpose: word}, {Patient: audit.Mark(word)}} {
			found := 0
			if err := s.Search(t.Context(), f, func(audit.Entry) bool { found++; return true }); err != nil || found != 0 {
				t.Errorf("entries of %q: %d, %v", word, found, err)
			}
		}
		// and kept, it comes back as it was
		u := registry.User{Name: fmt.Sprintf("u%x", word), Display: word, Role: policy.Planner, Hash: word, Columns: ""}
		must(t, s.AddUser(t.Context(), u))
		if got, err := s.UserByName(t.Context(), u.Name); err != nil || got.Display != word || got.Hash != word {
			t.Errorf("%q came back as %q, %v", word, got.Display, err)
		}
	}
	if u, err := s.UserByName(t.Context(), "ana"); err != nil || u.Role != policy.Planner || strings.Contains(u.Hash, "'") {
		t.Errorf("ana became %+v, %v", u, err)
	}
}
