package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/fault"
	"webenablehes/internal/release"
)

// saved is a site with a backup of it.
type saved struct {
	data, file, key string
	people          []string // whose rows are in it
}

// backedUp makes a site with people and agreements, and a backup.
func backedUp(t *testing.T) saved {
	t.Helper()
	dir := t.TempDir()
	files, _ := extract(t, filepath.Join(dir, "raw"), "--patients", "120", "--years", "2008-2009", "--seed", "8")
	k := saved{file: filepath.Join(dir, "yesterday.age"), key: filepath.Join(dir, "backup.key")}
	k.data, _, _ = loaded(t, "dermatology", files)
	for _, ref := range []string{"DSA-1", "DSA-2"} {
		must(t, "agreement", "add", ref, "--title", "Study", "--basis", "study", "--until", "2099-01-01", "--years", "0809", "--proof", "dspt=8XX@2026-01-01..2027-06-30", "--data", k.data)
	}
	for _, name := range []string{"ana", "bob", "cat"} {
		must(t, "user", "add", name, "--role", "researcher", "--password-stdin", "--data", k.data)
		must(t, "agreement", "name", "DSA-2", name, "--trained", "2026-01-31", "--data", k.data)
	}
	must(t, "audit", "checkpoint", "--data", k.data)
	out := must(t, "backup", "keygen", "--out", k.key)
	recipient := regexp.MustCompile(`age1[0-9a-z]+`).FindString(out)
	must(t, "backup", "--to", k.file, "--recipient", recipient, "--data", k.data)
	list := filepath.Join(dir, "people.csv")
	must(t, "release", "dump", "--data", k.data, "--columns", "TOKEN_PERSON_ID,EPIKEY,FYEAR", "--format", "csv", "--out", list)
	seen := map[string]bool{}
	for _, row := range table(t, list) {
		if p := row["TOKEN_PERSON_ID"]; p != "" && !seen[p] {
			seen[p] = true
			k.people = append(k.people, p)
		}
	}
	return k
}

func (k saved) restore(t *testing.T, data string, more ...string) (out, errs string, code int) {
	t.Helper()
	return run(t, append([]string{"restore", "--from", k.file, "--identity", k.key, "--data", data}, more...)...)
}

func content(t *testing.T, data string) release.Manifest {
	t.Helper()
	r := release.Open(data)
	id, err := r.Current()
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Yesterday's backup on an empty machine is the site of yesterday: the same release
// to the byte, the same people, a record that verifies.
func TestRestore(t *testing.T) {
	k := backedUp(t)
	b, err := os.ReadFile(k.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(k.people[:10:10], "DSA-1", "registry.db") {
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s can be read in the backup", text)
		}
	}
	if out := must(t, "backup", "check", "--from", k.file, "--identity", k.key, "--data", k.data); !strings.Contains(out, "whole") {
		t.Error(out)
	}
	if left, err := os.ReadDir(filepath.Join(k.data, "building")); err != nil || len(left) > 0 {
		t.Errorf("after a check %v is left, %v", left, err)
	}
	to := filepath.Join(t.TempDir(), "new")
	if _, errs, code := k.restore(t, to); code != fault.Invalid.Exit() || !strings.Contains(errs, "--without-removals") {
		t.Errorf("without a word on removals: %d, %s", code, errs)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("without a word on removals a folder was made")
	}
	out, errs, code := k.restore(t, to, "--from-data", k.data)
	if code != 0 {
		t.Fatal(errs)
	}
	if !strings.Contains(out, "as they were written") {
		t.Error(out)
	}
	if diff := cmp.Diff(content(t, k.data), content(t, to)); diff != "" {
		t.Error(diff)
	}
	must(t, "release", "verify", "--data", to)
	for _, args := range [][]string{{"user", "list"}, {"agreement", "list"}, {"release", "list"}} {
		if diff := cmp.Diff(must(t, append(args, "--data", k.data)...), must(t, append(args, "--data", to)...)); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
	if out := must(t, "audit", "verify", "--data", to); !strings.Contains(out, "extends 1 checkpoint") {
		t.Error(out)
	}
	if out := must(t, "audit", "search", "--kind", "restore", "--data", to); strings.Count(out, "restore") < 2 {
		t.Error("the restore is not in the record:", out)
	}
	for _, name := range []string{"registry.key", "checkpoint.key"} {
		a, err := os.ReadFile(filepath.Join(k.data, name))
		b, err2 := os.ReadFile(filepath.Join(to, name))
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
	}
	if _, errs, code := k.restore(t, to, "--without-removals"); code != fault.Conflict.Exit() || !strings.Contains(errs, "not empty") {
		t.Errorf("into a folder that is used: %d, %s", code, errs)
	}
	// The rows are staged as they were: another release can be made of them.
	must(t, "release", "make", "--subset", "all", "--data", to)
}

// What was taken away since a backup stays away: nobody whose access ended, and no
// row of anybody who opted out, comes back with it.
func TestRemovalsOutliveARestore(t *testing.T) {
	k := backedUp(t)
	must(t, "agreement", "revoke", "DSA-1", "--why", "the study is over", "--data", k.data)
	must(t, "agreement", "remove", "DSA-2", "ana", "--data", k.data)
	must(t, "user", "disable", "bob", "--data", k.data)
	must(t, "user", "disable", "cat", "--data", k.data)
	must(t, "user", "enable", "cat", "--data", k.data)
	list, out := filepath.Join(t.TempDir(), "list"), k.people[:5]
	if err := os.WriteFile(list, []byte(strings.Join(out, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "optout", list, "--yes", "--data", k.data)
	apart := filepath.Join(t.TempDir(), "removals")
	b, err := os.ReadFile(filepath.Join(k.data, "removals"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(apart, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"kept-apart": {"--removals", apart}, "old-folder": {"--from-data", k.data}} {
		to := filepath.Join(t.TempDir(), name)
		said, errs, code := k.restore(t, to, args...)
		if code != 0 {
			t.Fatal(errs)
		}
		if !strings.Contains(said, "1 agreement, 1 place on one, 1 account") {
			t.Error(said)
		}
		if list := must(t, "agreement", "list", "--data", to); !regexp.MustCompile(`DSA-1.*revoked`).MatchString(list) || regexp.MustCompile(`DSA-2.*revoked`).MatchString(list) {
			t.Error(list)
		}
		users := must(t, "user", "list", "--data", to)
		if !regexp.MustCompile(`(?m)^bob .*closed`).MatchString(users) || regexp.MustCompile(`(?m)^(ana|cat) .*closed`).MatchString(users) || regexp.MustCompile(`(?m)^ana .*DSA-2`).MatchString(users) || !regexp.MustCompile(`(?m)^cat .*DSA-2`).MatchString(users) {
			t.Error(users)
		}
		if n := holding(t, to, out); n != 0 {
			t.Errorf("%s: %d files hold people who opted out since", name, n)
		}
		if a, b := content(t, k.data), content(t, to); a.Content != b.Content {
			t.Errorf("%s: the release has other rows than the one that was served: %d and %d", name, episodes(a), episodes(b))
		}
		must(t, "audit", "verify", "--data", to)
		must(t, "release", "verify", "--data", to)
	}
	// Without it somebody has to say so, and is told what that means.
	to := filepath.Join(t.TempDir(), "bare")
	if said, errs, code := k.restore(t, to, "--without-removals"); code != 0 || !strings.Contains(said, "WARNING") || holding(t, to, out) == 0 {
		t.Errorf("%d: %s%s", code, said, errs)
	}
	// A newer backup knows more than an older file of removals.
	recipient := regexp.MustCompile(`age1[0-9a-z]+`).FindString(string(mustRead(t, k.key)))
	must(t, "agreement", "revoke", "DSA-2", "--why", "over as well", "--data", k.data)
	must(t, "backup", "--to", k.file, "--force", "--recipient", recipient, "--data", k.data)
	to = filepath.Join(t.TempDir(), "older")
	if _, errs, code := k.restore(t, to, "--removals", apart); code != fault.Conflict.Exit() || !strings.Contains(errs, "older than the backup") {
		t.Errorf("an older file of removals: %d, %s", code, errs)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A release that was destroyed since does not come back, also where opt-outs had
// replaced it in between.
func TestDestroyedReleasesDoNotComeBack(t *testing.T) {
	k := backedUp(t)
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(k.people[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "optout", list, "--yes", "--data", k.data)
	must(t, "release", "destroy", "--everything", "--yes", "--data", k.data)
	to := filepath.Join(t.TempDir(), "new")
	if _, errs, code := k.restore(t, to, "--from-data", k.data); code != 0 {
		t.Fatal(errs)
	}
	if n := holding(t, to, k.people); n != 0 {
		t.Errorf("%d files hold people of the destroyed release", n)
	}
	if _, errs, code := run(t, "release", "show", "--data", to); code != fault.NotFound.Exit() {
		t.Errorf("%d, %s", code, errs)
	}
	must(t, "audit", "verify", "--data", to)
}

// Whatever is wrong with a restore, it says so, and nothing is left.
func TestRestoresThatFail(t *testing.T) {
	k := backedUp(t)
	other := filepath.Join(t.TempDir(), "other.key")
	must(t, "backup", "keygen", "--out", other)
	whole := mustRead(t, k.file)
	cut, changed := filepath.Join(t.TempDir(), "cut"), filepath.Join(t.TempDir(), "changed")
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 1
	for file, b := range map[string][]byte{cut: whole[:len(whole)*2/3], changed: bad} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(t.TempDir(), "data")
	for name, c := range map[string]struct {
		args []string
		kind fault.Kind
		says string
	}{
		"another key":        {[]string{"--from", k.file, "--identity", other, "--without-removals"}, fault.Denied, "does not open"},
		"no key":             {[]string{"--from", k.file, "--identity", k.file + ".none", "--without-removals"}, fault.NotFound, "key file"},
		"cut off":            {[]string{"--from", cut, "--identity", k.key, "--without-removals"}, fault.Invalid, "damaged"},
		"changed":            {[]string{"--from", changed, "--identity", k.key, "--without-removals"}, fault.Invalid, "damaged"},
		"no backup":          {[]string{"--from", other, "--identity", k.key, "--without-removals"}, fault.Invalid, "damaged"},
		"no removals":        {[]string{"--from", k.file, "--identity", k.key, "--removals", other + ".none"}, fault.NotFound, "removals"},
		"damaged removals":   {[]string{"--from", k.file, "--identity", k.key, "--removals", other}, fault.Conflict, "removals"},
		"two of those words": {[]string{"--from", k.file, "--identity", k.key, "--removals", other, "--without-removals"}, fault.Invalid, "removals"},
	} {
		_, errs, code := run(t, append([]string{"restore", "--data", data}, c.args...)...)
		if code != c.kind.Exit() || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
		if left, err := os.ReadDir(data); err == nil && len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
		if len(c.args) == 5 && c.kind != fault.NotFound {
			if _, errs, code := run(t, append([]string{"backup", "check", "--data", data}, c.args[:4]...)...); code != c.kind.Exit() {
				t.Errorf("%s: a check: exit %d, %s", name, code, errs)
			}
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A restore that was killed leaves no site that could be served.
	if err := os.MkdirAll(filepath.Join(data, restoringName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, "user", "list", "--data", data); code != fault.Conflict.Exit() || !strings.Contains(errs, "did not come to its end") {
		t.Errorf("in the middle of a restore: %d, %s", code, errs)
	}
	if _, errs, code := k.restore(t, data, "--without-removals"); code != fault.Conflict.Exit() {
		t.Errorf("a second restore: %d, %s", code, errs)
	}
}

// A record that was changed, or a release that was, is not brought back by its backup.
func TestABackupOfADamagedSite(t *testing.T) {
	k := backedUp(t)
	recipient := regexp.MustCompile(`age1[0-9a-z]+`).FindString(string(mustRead(t, k.key)))
	m := content(t, k.data)
	victim := filepath.Join(k.data, "releases", m.ID, "store", "meta.json")
	b := mustRead(t, victim)
	if err := os.WriteFile(victim, append(b, ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "backup", "--to", k.file, "--force", "--recipient", recipient, "--data", k.data)
	if _, errs, code := k.restore(t, filepath.Join(t.TempDir(), "a"), "--without-removals"); code != fault.Unavailable.Exit() || !strings.Contains(errs, "damaged") {
		t.Errorf("a changed release: %d, %s", code, errs)
	}
	must(t, "backup", "--to", k.file, "--force", "--registry-only", "--recipient", recipient, "--data", k.data)
	to := filepath.Join(t.TempDir(), "b")
	if out, errs, code := k.restore(t, to, "--from-data", k.data); code != 0 || !strings.Contains(out, "no release") {
		t.Errorf("the registry only: %d, %s%s", code, out, errs)
	}
	if n := holding(t, to, k.people); n != 0 {
		t.Errorf("a backup of the registry only holds people: %d files", n)
	}
}

// Where backups do not go, and who is asked before one is made.
func TestWhatBackupsRefuse(t *testing.T) {
	data := t.TempDir()
	key := filepath.Join(t.TempDir(), "key")
	recipient := regexp.MustCompile(`age1[0-9a-z]+`).FindString(must(t, "backup", "keygen", "--out", key))
	to := filepath.Join(t.TempDir(), "b.age")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"backup", "--to", to, "--recipient", recipient, "--data", data}, fault.NotFound.Exit(), "no site"},
		{[]string{"backup", "--to", filepath.Join(data, "b.age"), "--recipient", recipient, "--data", data}, fault.Invalid.Exit(), "elsewhere"},
		{[]string{"backup", "--to", to, "--recipient", "age1nonsense", "--data", data}, fault.Invalid.Exit(), "age1"},
		{[]string{"backup", "--to", to, "--data", data}, fault.Invalid.Exit(), "--recipient"},
		{[]string{"backup", "keygen", "--out", key}, fault.Conflict.Exit(), "already"},
	} {
		if _, errs, code := run(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%v: a file was made", c.args)
		}
	}
	must(t, "user", "list", "--data", data)
	lock, err := release.Open(data).Begin(release.NewID(time.Now(), [2]byte{9, 9}))
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, "backup", "--to", to, "--recipient", recipient, "--data", data); code != fault.Conflict.Exit() {
		t.Errorf("beside a load: %d, %s", code, errs)
	}
	if err := lock.Abort(); err != nil {
		t.Fatal(err)
	}
	must(t, "backup", "--to", to, "--recipient", recipient, "--data", data)
	if _, errs, code := run(t, "backup", "--to", to, "--recipient", recipient, "--data", data); code != fault.Conflict.Exit() {
		t.Errorf("over another: %d, %s", code, errs)
	}
}
