package staging

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
)

func TestWith(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []Part
		years  []string
		want   []Part
	}{
		{"the first", nil, []string{"0910", "0809"}, []Part{{"new", []string{"0809", "0910"}}}},
		{"another year", []Part{{"a", []string{"0809"}}}, []string{"0910"}, []Part{{"a", []string{"0809"}}, {"new", []string{"0910"}}}},
		{"the same year again", []Part{{"a", []string{"0809"}}}, []string{"0809"}, []Part{{"new", []string{"0809"}}}},
		{"one of several", []Part{{"a", []string{"0708", "0809"}}, {"b", []string{"0910"}}}, []string{"0809"}, []Part{{"a", []string{"0708"}}, {"b", []string{"0910"}}, {"new", []string{"0809"}}}},
		{"rows without a year", []Part{{"a", []string{"", "0809"}}}, []string{""}, []Part{{"a", []string{"0809"}}, {"new", []string{""}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := fmt.Sprint(c.before)
			if diff := cmp.Diff(c.want, With(c.before, "new", c.years)); diff != "" {
				t.Error(diff)
			}
			if fmt.Sprint(c.before) != before {
				t.Error("the parts that were given are changed")
			}
		})
	}
}

// adopt makes a batch of one row and takes it in.
func adopt(t *testing.T, a *Area, name string) error {
	t.Helper()
	d := dictionary(t)
	columns := fields(t, d, columnNames...)
	from := filepath.Join(t.TempDir(), name)
	write(t, from, d, columns, sample(rand.New(rand.NewPCG(1, 1)), columns, 1, 3), 3, nil)
	return a.Adopt(from, name)
}

func TestAreaOfNothing(t *testing.T) {
	a := At(filepath.Join(t.TempDir(), "none"))
	parts, err := a.Current()
	if err != nil || parts != nil {
		t.Errorf("current: %v, %v", parts, err)
	}
	batches, err := a.Batches()
	if err != nil || batches != nil {
		t.Errorf("batches: %v, %v", batches, err)
	}
	removed, err := a.Prune(func(string) bool { return false })
	if err != nil || removed != nil {
		t.Errorf("prune: %v, %v", removed, err)
	}
}

func TestAdoptReplaceAndPrune(t *testing.T) {
	a := At(t.TempDir())
	for _, name := range []string{"a", "b", "c"} {
		if err := adopt(t, a, name); err != nil {
			t.Fatal(err)
		}
	}
	want := []Part{{"a", []string{"0809"}}, {"c", []string{"", "0910"}}}
	if err := a.Replace(want); err != nil {
		t.Fatal(err)
	}
	// what a dead load may have left beside the batches
	if err := os.WriteFile(filepath.Join(a.root, "current.new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := a.Current()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	removed, err := a.Prune(func(b string) bool { return b != "b" })
	if err != nil || !slices.Equal(removed, []string{"b", "current.new"}) {
		t.Errorf("removed %v, %v", removed, err)
	}
	left, err := a.Batches()
	if err != nil || !slices.Equal(left, []string{"a", "c"}) {
		t.Errorf("left %v, %v", left, err)
	}
	for _, p := range want {
		open1(t, a.Dir(p.Batch), dictionary(t))
	}
}

// When the disk fails a move, the list in force stays what it was, and what was
// asked can be asked again.
func TestRenameFails(t *testing.T) {
	a := At(t.TempDir())
	if err := adopt(t, a, "a"); err != nil {
		t.Fatal(err)
	}
	before := []Part{{"a", []string{"0809"}}}
	if err := a.Replace(before); err != nil {
		t.Fatal(err)
	}
	failing := *a
	failing.rename = func(string, string) error { return errors.New("no space") }
	if err := adopt(t, &failing, "b"); fault.Of(err) != fault.Unavailable {
		t.Errorf("adopt: %v", err)
	}
	if err := failing.Replace([]Part{{"b", []string{"0910"}}}); fault.Of(err) != fault.Unavailable {
		t.Errorf("replace: %v", err)
	}
	got, err := a.Current()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, got); diff != "" {
		t.Error(diff)
	}
	if left, err := a.Batches(); err != nil || !slices.Equal(left, []string{"a"}) {
		t.Errorf("batches %v, %v", left, err)
	}
	if err := errors.Join(adopt(t, a, "b"), a.Replace([]Part{{"b", []string{"0910"}}})); err != nil {
		t.Error(err)
	}
}

func TestDamagedList(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `[{"batch":"a","ye`, "another shape": `{"batch":"a"}`, "a name that leads elsewhere": `[{"batch":"../releases","years":["0809"]}]`,
		"no name": `[{"batch":"","years":["0809"]}]`, "a batch twice": `[{"batch":"a","years":["0809"]},{"batch":"a","years":["0910"]}]`,
		"a year twice": `[{"batch":"a","years":["0809"]},{"batch":"b","years":["0809"]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			a := At(t.TempDir())
			if err := os.MkdirAll(a.root, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(a.root, "current"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if parts, err := a.Current(); fault.Of(err) != fault.Unavailable {
				t.Errorf("%v, %v", parts, err)
			}
		})
	}
}
