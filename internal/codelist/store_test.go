package codelist

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/hes"
)

// clock goes on by a minute each time that it is asked.
func clock() func() time.Time {
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return func() time.Time {
		at = at.Add(time.Minute)
		return at
	}
}

func open(t testing.TB) *Store {
	t.Helper()
	return Open(StoreOptions{Data: filepath.Join(t.TempDir(), "data"), Now: clock(), Random: rand.Reader})
}

func add(t testing.TB, s *Store, drafts ...*Draft) []List {
	t.Helper()
	l, err := s.Add(drafts...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func own(t testing.TB) *hes.Codes {
	t.Helper()
	c, err := hes.LoadCodes()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// state says in short what is there: kind, edition, codes, whether in use.
func state(t testing.TB, s *Store) []string {
	t.Helper()
	all, err := s.Lists()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range all {
		text := string(l.Kind) + " " + l.Edition + " " + l.Source
		if l.InUse {
			text += " in use"
		}
		out = append(out, text)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	s := open(t)
	if got := state(t, s); got != nil {
		t.Errorf("a new data folder holds %v", got)
	}
	d := must(t, icdName5, icd5, Options{})
	l := add(t, s, d, must(t, "epraccur.csv", legacy("A81001", "P & CO", "19740401", ""), Options{}))
	got, err := s.get(l[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l[0], got); diff != "" {
		t.Errorf("(-added +read)\n%s", diff)
	}
	if got.Loaded.IsZero() || got.SHA256 != d.List.SHA256 || got.Source != icdName5 || !strings.HasPrefix(got.ID, "icd10-20261124-09") {
		t.Errorf("%+v", got)
	}
	entries, err := s.entries(got)
	if diff := cmp.Diff(d.Entries, entries); diff != "" || err != nil {
		t.Errorf("%v (-added +read)\n%s", err, diff)
	}
	if _, err := s.Add(d); fault.Of(err) != fault.Conflict {
		t.Errorf("the same file again: %v", err)
	}
}

func TestVersions(t *testing.T) {
	s := open(t)
	add(t, s, must(t, icdName4, icd5, Options{}))
	first := add(t, s, must(t, icdName5, icd5, Options{}))[0]
	second := add(t, s, must(t, "second icd10 edition5.txt", icdHeader+"L40\tL40\t\t\tAnother title\t\t\t\t\t\t\t\n", Options{}))[0]
	if diff := cmp.Diff([]string{"icd10 5 second icd10 edition5.txt in use", "icd10 5 " + icdName5, "icd10 4 " + icdName4 + " in use"}, state(t, s)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	titles, err := s.Titles(own(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := titles.Title(hes.ICD10, "L40", ""); got.Text != "Another title" {
		t.Errorf("the newer list does not answer: %+v", got)
	}
	back, err := s.Remove(second.ID)
	if err != nil || back.ID != first.ID {
		t.Errorf("%s came back, %v; want %s", back.ID, err, first.ID)
	}
	if back, err = s.Remove(first.ID); err != nil || back.ID != "" {
		t.Errorf("%+v came back, %v", back, err)
	}
	if diff := cmp.Diff([]string{"icd10 4 " + icdName4 + " in use"}, state(t, s)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, id := range []string{first.ID, "icd10-20261124-090000-zzzz", "../../x", ""} {
		if _, err := s.Remove(id); fault.Of(err) != fault.NotFound {
			t.Errorf("remove %q: %v", id, err)
		}
	}
	if _, err := open(t).Remove(first.ID); fault.Of(err) != fault.NotFound {
		t.Errorf("remove from an empty folder: %v", err)
	}
}

func TestTwoFilesOfOneEditionAreRefused(t *testing.T) {
	s := open(t)
	_, err := s.Add(must(t, icdName5, icd5, Options{}), must(t, "icd10 edition5.txt", icd5+"\n", Options{}))
	if fault.Of(err) != fault.Invalid || len(state(t, s)) != 0 {
		t.Errorf("%v, %v", err, state(t, s))
	}
}

func TestLoopAcrossListsIsRefused(t *testing.T) {
	s := open(t)
	add(t, s, must(t, "succ.csv", "RAA,RAB,R,20100401,\n", Options{}))
	_, err := s.Add(must(t, "succarc.csv", "RAB,RAA,R,20100401,\n", Options{}))
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "succarc.csv: ") || len(state(t, s)) != 1 {
		t.Errorf("%v, %v", err, state(t, s))
	}
	add(t, s, must(t, "succarc.csv", "RAB,RAC,R,20150401,\n", Options{}))
}

// Whatever step fails, what was in use still is, and the next load succeeds.
func TestEachStepMayFail(t *testing.T) {
	broken, codes := errors.New("the disk is broken"), own(t)
	for fails := 1; ; fails++ {
		s := open(t)
		old := add(t, s, must(t, icdName5, icd5, Options{}), must(t, opcsFile, "S06\tOld\n", Options{}))
		good, n := s.disk, 0
		step := func() error {
			if n++; n == fails {
				return broken
			}
			return nil
		}
		s.disk = disk{
			write: func(path string, data []byte) error {
				if err := step(); err != nil {
					return errors.Join(err, os.WriteFile(path, data[:len(data)/2], 0o600))
				}
				return good.write(path, data)
			},
			sync: func(path string) error { return errors.Join(step(), good.sync(path)) },
			rename: func(from, to string) error {
				if err := step(); err != nil {
					return err
				}
				return good.rename(from, to)
			},
		}
		_, err := s.Add(must(t, icdName5, icd5+"\n", Options{}), must(t, opcsFile, "S06\tNew\n", Options{}))
		s.disk = good
		if err == nil {
			if n >= fails {
				t.Fatalf("step %d failed and nobody noticed", fails)
			}
			if fails < 10 {
				t.Fatalf("only %d steps", fails)
			}
			return
		}
		if !errors.Is(err, broken) || fault.Of(err) != fault.Unavailable {
			t.Errorf("step %d: %v", fails, err)
		}
		titles, err := s.Titles(codes)
		if err != nil {
			t.Fatalf("step %d: %v", fails, err)
		}
		all, err := s.Lists()
		if err != nil {
			t.Fatal(err)
		}
		used := slices.DeleteFunc(slices.Clone(all), func(l Status) bool { return !l.InUse })
		got, _ := titles.Title(hes.OPCS4, "S06", "")
		before := len(all) == 2 && got.Text == "Old" && slices.ContainsFunc(used, func(l Status) bool { return l.ID == old[0].ID })
		after := len(all) == 4 && got.Text == "New" // only the last sync failed
		if len(used) != 2 || !before && !after {
			t.Errorf("step %d: %d of %d lists are in use, title %q", fails, len(used), len(all), got.Text)
		}
		add(t, s, must(t, opcsFile, "S06\tNewer\n", Options{}))
		left, err := os.ReadDir(s.building())
		if err != nil || len(left) != 0 {
			t.Errorf("step %d: %d left-overs, %v", fails, len(left), err)
		}
	}
}

func TestDamage(t *testing.T) {
	for name, harm := range map[string]func(s *Store, id string) error{
		"codes-changed": func(s *Store, id string) error {
			return os.WriteFile(filepath.Join(s.lists(), id, "codes.json"), []byte(`{"code":"L40","title":"Forged"}`), 0o600)
		},
		"codes-gone":    func(s *Store, id string) error { return os.Remove(filepath.Join(s.lists(), id, "codes.json")) },
		"manifest-gone": func(s *Store, id string) error { return os.Remove(filepath.Join(s.lists(), id, "manifest.json")) },
		"manifest-bad": func(s *Store, id string) error {
			return os.WriteFile(filepath.Join(s.lists(), id, "manifest.json"), []byte("{}"), 0o600)
		},
		"all-gone": func(s *Store, id string) error { return os.RemoveAll(filepath.Join(s.lists(), id)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			id := add(t, s, must(t, icdName5, icd5, Options{}))[0].ID
			if err := harm(s, id); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Titles(own(t)); fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "codes remove "+id) {
				t.Errorf("titles of a damaged list: %v", err)
			}
			if got := state(t, s); len(got) != 1 {
				t.Errorf("%v", got)
			}
			if _, err := s.Remove(id); err != nil {
				t.Errorf("a damaged list cannot be removed: %v", err)
			}
			if _, err := s.Titles(own(t)); err != nil || len(state(t, s)) != 0 {
				t.Errorf("%v, %v", err, state(t, s))
			}
		})
	}
	s := open(t)
	add(t, s, must(t, icdName5, icd5, Options{}))
	if err := os.WriteFile(s.pointer(), []byte("../../etc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lists(); fault.Of(err) != fault.Unavailable {
		t.Errorf("a damaged pointer: %v", err)
	}
}
