package durable

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, text := range []string{"a longer first text", "second", ""} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: others may read it", st.Mode(), err)
	}
	if Write(filepath.Join(path, "y"), nil) == nil || Sync(filepath.Join(path, "y")) == nil {
		t.Error("a file below a file was written")
	}
	if err := Sync(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, held, err := TryLock(path); again != nil || !held || err != nil {
		t.Errorf("a lock that is held was taken: %v, %v", held, err)
	}
	got := make(chan error)
	go func() {
		second, err := Lock(path)
		if err == nil {
			err = second.Close()
		}
		got <- err
	}()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	if f, held, err := TryLock(path); f == nil || held || err != nil {
		t.Errorf("a lock that nobody has was not taken: %v, %v", held, err)
	} else if err := f.Close(); err != nil {
		t.Error(err)
	}
}
