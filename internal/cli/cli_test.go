package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
)

// TestMain lets the test binary stand in for the program, so that a load can be
// run as a process of its own and killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "read-files" { // the process that a load starts
		os.Exit(Main(context.Background(), os.Args[1:], Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	if args := os.Getenv("WEBENABLE_RUN"); args != "" {
		code := Main(context.Background(), strings.Split(args, "\n"), Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
		if to := os.Getenv("WEBENABLE_PEAK"); to != "" {
			_ = os.WriteFile(to, strconv.AppendInt(nil, peak(), 10), 0o600) // not there: not known
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// peak is how many bytes this process or the largest of those that it started took
// at most. What the kernel says of a process that has ended counts the memory of
// the one that started it, as it was then; what it says of this one does not.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	own, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	kB, _ := strconv.ParseInt(own, 10, 64)
	var started syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &started); err != nil {
		return 0
	}
	return max(kB, started.Maxrss) << 10
}

// run runs a command and returns what it printed and its exit code.
func run(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(t.Context(), args, Env{In: strings.NewReader("a good long password\n"), Out: &o, Err: &e})
	return o.String(), e.String(), code
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := run(t, args...)
	if code != 0 {
		t.Fatalf("webenable %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

type shown struct {
	ID        string
	Synthetic bool
	Rows      struct {
		Read, Kept, Rejected int
		OutsideSubset        int `json:"outside_subset"`
	}
}

func show(t *testing.T, data string) shown {
	t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(must(t, "release", "show", "--json", "--data", data)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatCommandsRefuse(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := filepath.Join(dir, "x.txt")
	if err := os.WriteFile(file, []byte("EPIKEY|ADMIDATE|FYEAR|TOKEN_PERSON_ID\n1|2008-04-01|0809|REALLOOKING\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"serve", "--listen", "0.0.0.0:0"}, fault.Invalid.Exit(), "certificate"},
		{[]string{"serve", "--listen", "127.0.0.1:0", "--site", file}, fault.Invalid.Exit(), "must be JSON"},
		{[]string{"release", "show"}, fault.NotFound.Exit(), "Nothing has been loaded"},
		{[]string{"load", filepath.Join(dir, "none.txt")}, fault.NotFound.Exit(), "none.txt"},
		{[]string{"load", "--subset", "cardiology", file}, fault.Invalid.Exit(), "dermatology"},
		{[]string{"load", file}, fault.Invalid.Exit(), "No row was kept"},
		{[]string{"user", "add", "ana", "--role", "admin"}, fault.Invalid.Exit(), "role"},
		{[]string{"user", "add", "a b", "--role", "planner"}, fault.Invalid.Exit(), "small letters"},
		{[]string{"load", "--identifiers", "NEWNHSNO", file}, fault.Invalid.Exit(), "agreement"},
		{[]string{"dictionary", "NOPE"}, fault.NotFound.Exit(), "no field"},
		{[]string{"nonsense"}, fault.Invalid.Exit(), "nonsense"},
	} {
		_, errs, code := run(t, append(c.args, "--data", data)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
	must(t, "load", "--quiet", "--subset", "all", "--data", data, file)
	if show(t, data).Synthetic {
		t.Error("a file with an unmarked person id is said to be synthetic")
	}
	if _, errs, code := run(t, "demo", "--data", data); code != fault.Denied.Exit() || !strings.Contains(errs, "synthetic") {
		t.Errorf("demo people over real-looking data: exit %d, %s", code, errs)
	}
	lock, err := release.Open(data).Begin(release.NewID(time.Now(), [2]byte{9, 9}))
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, "load", "--quiet", "--subset", "all", "--data", data, file); code != fault.Conflict.Exit() || !strings.Contains(errs, "Another load") {
		t.Errorf("a second load: exit %d, %s", code, errs)
	}
	if err := lock.Abort(); err != nil {
		t.Fatal(err)
	}
	must(t, "agreement", "add", "DSA-1", "--title", "Study", "--basis", "study", "--until", "2099-01-01", "--years", "0809", "--proof", "dspt=8XX@2026-01-01..2027-06-30", "--data", data)
	must(t, "user", "add", "ana", "--role", "researcher", "--password-stdin", "--data", data)
	must(t, "agreement", "name", "DSA-1", "ana", "--trained", "2026-01-31", "--data", data)
	if out := must(t, "agreement", "list", "--data", data); !strings.Contains(out, "study") || !strings.Contains(out, "protocol") || strings.Contains(out, "dspt") {
		t.Error("what the agreement lacks is not said:", out)
	}
	must(t, "agreement", "proof", "DSA-1", "protocol=v1@2026-01-01", "--data", data)
	must(t, "agreement", "remove", "DSA-1", "ana", "--data", data)
	must(t, "agreement", "revoke", "DSA-1", "--why", "the study is over", "--data", data)
	if _, errs, code := run(t, "agreement", "revoke", "DSA-1", "--why", "again", "--data", data); code != fault.Conflict.Exit() || !strings.Contains(errs, "already") {
		t.Errorf("revoked twice: exit %d, %s", code, errs)
	}
	if out := must(t, "audit", "verify", "--data", data); !strings.Contains(out, "all as they were written") {
		t.Error(out)
	}
	if out := must(t, "dictionary", "SEX"); !strings.Contains(out, "Female") {
		t.Error(out)
	}
}
