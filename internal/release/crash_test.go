package release

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
)

// childMode names the variable that turns this test binary into a load that a
// test will kill: "publish" makes one release after another, "hold" stops in the
// middle of one.
const (
	childMode = "WEBENABLE_RELEASE_CHILD"
	childDir  = "WEBENABLE_RELEASE_DIR"
)

// TestChild is no test but what the children of the tests below run.
func TestChild(t *testing.T) {
	mode := os.Getenv(childMode)
	if mode == "" {
		return
	}
	r := Open(os.Getenv(childDir))
	for n := 0; ; n++ {
		b, err := r.Begin(NewID(time.Now(), [2]byte{byte(n >> 8), byte(n)}))
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			if err := os.WriteFile(filepath.Join(b.Dir(), fmt.Sprint(i)), bytes.Repeat([]byte(b.ID()), 2000), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if n == 0 {
			fmt.Println("\nat work")
		}
		if mode == "hold" {
			if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // until it is killed
				t.Fatal(err)
			}
		}
		if err := b.Publish(t.Context(), Manifest{Subset: "all"}, &quality.Report{}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

const files = 5 // of a child's release

// child starts a load in another process and waits until it is at work. The
// result kills it with SIGKILL.
func child(t *testing.T, mode, dir string) (kill func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childMode+"="+mode, childDir+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill() // it cannot be gone: it works until it is killed
			_ = cmd.Wait()         // which says that it was killed
		}
	}
	t.Cleanup(kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "at work" {
			return kill
		}
	}
	kill()
	t.Fatal("the child did not get to work")
	return nil
}

// Whenever a load is killed, a whole release is served, made in one piece, and
// the next load begins without anybody's help and leaves nothing of the dead one.
func TestKilledAtAnyMoment(t *testing.T) {
	r := Open(t.TempDir())
	if err := make1(t, r, 1, "old"); err != nil {
		t.Fatal(err)
	}
	for kill := range 10 {
		dead := child(t, "publish", r.root)
		time.Sleep(time.Duration(kill*kill) * time.Millisecond) // 0 to 81 ms: a release takes about 20
		dead()
		current, err := r.Current()
		if err != nil {
			t.Fatalf("kill %d: %v", kill, err)
		}
		if err := r.Verify(t.Context(), current); err != nil {
			t.Errorf("kill %d: %v", kill, err)
		}
		if current != id(1) {
			for i := range files {
				b, err := os.ReadFile(filepath.Join(r.Dir(current), fmt.Sprint(i)))
				if err != nil || !bytes.Equal(b, bytes.Repeat([]byte(current), 2000)) {
					t.Errorf("kill %d: file %d is not of the release that is served (%v)", kill, i, err)
				}
			}
		}
		next, err := r.Begin(id(byte(10 + kill)))
		if err != nil {
			t.Fatalf("kill %d: the next load: %v", kill, err)
		}
		if left, err := os.ReadDir(r.building()); err != nil || len(left) != 1 || left[0].Name() != next.ID() {
			t.Errorf("kill %d: %v is left (%v)", kill, left, err)
		}
		if err := next.Abort(); err != nil {
			t.Errorf("kill %d: %v", kill, err)
		}
	}
	if all, err := r.List(); err != nil || len(all) < 2 {
		t.Errorf("no child ever published (%v): the kills came too early to test anything", err)
	}
}

// What a live process is building is left alone; once it is dead it goes.
func TestAnotherProcessLoads(t *testing.T) {
	r := Open(t.TempDir())
	kill := child(t, "hold", r.root)
	if _, err := r.Begin(id(1)); fault.Of(err) != fault.Conflict {
		t.Errorf("a second load: %v", err)
	}
	if err := r.Clean(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(r.building())
	if err != nil || len(left) != 1 {
		t.Fatalf("a live load's folder was cleaned away: %v, %v", left, err)
	}
	kill()
	if err := r.Clean(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(r.building()); err != nil || len(left) != 0 {
		t.Errorf("a dead load's folder is still there: %v, %v", left, err)
	}
}

// Giving up after a release was published must not take it away.
func TestAbortAfterPublish(t *testing.T) {
	r := Open(t.TempDir())
	b, err := r.Begin(id(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), Manifest{}, &quality.Report{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := make1(t, r, 2, "newer"); err != nil {
		t.Fatal(err)
	}
	if err := b.Abort(); err != nil {
		t.Error(err)
	}
	if err := r.Verify(t.Context(), id(1)); err != nil {
		t.Error(err)
	}
}

// A folder under another release's name is not taken for that release.
func TestRenamedFolder(t *testing.T) {
	r := Open(t.TempDir())
	if err := make1(t, r, 1, "content"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(r.releases(), id(1)), filepath.Join(r.releases(), id(2))); err != nil {
		t.Fatal(err)
	}
	if err := r.Switch(id(2)); fault.Of(err) != fault.Unavailable {
		t.Errorf("switching to a renamed folder: %v", err)
	}
	if _, err := r.Get(id(1)); fault.Of(err) != fault.NotFound || errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old name: %v", err)
	}
}

// A release that is taken away is all there or not among the releases: half of one
// would be broken for ever, as nobody would know what it was.
func TestNoReleaseIsTakenAwayByHalves(t *testing.T) {
	r := Open(t.TempDir())
	for n, name := range []string{"old", "dead"} {
		if err := make1(t, r, byte(n+1), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Switch(id(1)); err != nil {
		t.Fatal(err)
	}
	good, stopped := r.disk.rename, errors.New("killed")
	r.disk.rename = func(string, string) error { return stopped }
	if err := r.Remove(id(2)); !errors.Is(err, stopped) {
		t.Errorf("it was removed in another way: %v", err)
	}
	if err := r.Verify(t.Context(), id(2)); err != nil {
		t.Errorf("killed before the step: %v", err)
	}
	r.disk.rename = func(from, to string) error { return errors.Join(good(from, to), stopped) }
	if err := r.Remove(id(2)); !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
	r.disk.rename = good
	if all, err := r.List(); err != nil || len(all) != 1 || all[0].ID != id(1) {
		t.Errorf("killed after the step: %v, %v", all, err)
	}
	if err := make1(t, r, 3, "next"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(r.building()); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := r.Remove(id(2)); err != nil {
		t.Errorf("what is gone: %v", err)
	}
}
