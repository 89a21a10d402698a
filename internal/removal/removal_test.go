package removal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/removal"
)

func some() []removal.Entry {
	return []removal.Entry{
		{Kind: removal.Revoked, What: "DSA-1", Also: "over"}, {Kind: removal.Removed, What: "ana", Also: "DSA-2"}, {Kind: removal.Closed, What: "bob"},
		{Kind: removal.Replaced, What: "a", Also: "b"}, {Kind: removal.OptedOut, What: "77"}, {Kind: removal.Destroyed, What: "b"},
	}
}

func TestTheLastWordCounts(t *testing.T) {
	s := removal.Sum(append(some(), removal.Entry{Kind: removal.Opened, What: "bob"}, removal.Entry{Kind: removal.Named, What: "ana", Also: "DSA-2"}))
	if s.Closed["bob"] || s.Removed[[2]string{"ana", "DSA-2"}] {
		t.Error("what was given back is taken away")
	}
	s = removal.Sum(append(some(), removal.Entry{Kind: removal.Replaced, What: "b", Also: "a"}, removal.Entry{Kind: removal.Replaced, What: "c", Also: "d"}))
	if !s.Closed["bob"] || !s.Removed[[2]string{"ana", "DSA-2"}] || s.Removed[[2]string{"ana", "DSA-1"}] || s.Revoked["DSA-1"] != "over" || !s.OptedOut["77"] {
		t.Errorf("%+v", s)
	}
	for id, want := range map[string]bool{"a": true, "b": true, "c": false, "d": false, "e": false} {
		if s.Gone(id) != want {
			t.Errorf("%s is gone: %v", id, !want)
		}
	}
}

func TestLinesAreAsTheyWereWritten(t *testing.T) {
	l := removal.In(t.TempDir())
	if got, err := l.Entries(); err != nil || got != nil {
		t.Errorf("of no file: %v, %v", got, err)
	}
	var together sync.WaitGroup
	for range 20 {
		together.Go(func() {
			if err := l.Add(some()...); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	got, err := l.Entries()
	if err != nil || len(got) != 120 || cmp.Diff(some(), got[114:]) != "" {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	if !removal.Extends(got, got[:50]) || removal.Extends(got[:50], got) || removal.Extends(got, append(got[:50:50], got[0], got[0])) {
		t.Error("which goes on from which is not told")
	}
}

// A copy follows, and takes the place of nothing that is not an earlier one.
func TestCopies(t *testing.T) {
	l, path := removal.In(t.TempDir()), filepath.Join(t.TempDir(), "copy")
	same := func() {
		t.Helper()
		if err := l.CopyTo(path); err != nil {
			t.Fatal(err)
		}
		mine, err := l.Entries()
		got, err2 := removal.At(path).Entries()
		if err != nil || err2 != nil || cmp.Diff(mine, got) != "" {
			t.Fatalf("%v and %v, %v, %v", mine, got, err, err2)
		}
	}
	same() // nothing yet
	for _, e := range some() {
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
		same()
	}
	same()
	other := removal.In(t.TempDir())
	if err := other.Add(some()[3]); err != nil {
		t.Fatal(err)
	}
	if err := other.CopyTo(path); fault.Of(err) != fault.Conflict {
		t.Errorf("over another site's: %v", err)
	}
	same()
}

func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	l, file := removal.In(dir), filepath.Join(dir, removal.Name)
	if err := l.Add(some()...); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for name, bad := range map[string][]byte{
		"changed":  bytes.Replace(text, []byte("DSA-1"), []byte("DSA-3"), 1),
		"left-out": bytes.Join(append([][]byte{lines[0]}, lines[2:]...), nil),
		"swapped":  bytes.Join(append([][]byte{lines[1], lines[0]}, lines[2:]...), nil),
		"not-ours": []byte("hello\n"),
	} {
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Entries(); fault.Of(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		if err := l.Add(some()[0]); fault.Of(err) != fault.Conflict {
			t.Errorf("%s: added to: %v", name, err)
		}
	}
	// A line that a dead program began was never carried out, and the next takes its place.
	if err := os.WriteFile(file, text[:len(text)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(some()[0]); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Entries(); err != nil || len(got) != 6 || got[5] != some()[0] {
		t.Errorf("%v, %v", got, err)
	}
}
