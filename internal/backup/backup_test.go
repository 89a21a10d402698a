package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"webenablehes/internal/backup"
	"webenablehes/internal/fault"
)

// canary stands for a value of a patient's record.
const canary = "CANARY-4971"

// made is a backup of a small folder, and who opens it.
func made(t *testing.T) ([]byte, *age.X25519Identity, []backup.Item) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"registry.db": strings.Repeat(canary, 9000), "releases/current": "r\n", "releases/r/store/A.codes": canary, "releases/r/empty": "", "releases/x.lock": "", "other": "not asked for"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var files []backup.Source
	for _, name := range []string{"registry.db", "releases", "none"} {
		some, err := backup.Below(dir, name, func(base string) bool { return !strings.HasSuffix(base, ".lock") })
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	items, err := backup.Write(t.Context(), &out, []age.Recipient{key.Recipient()}, backup.Header{Made: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Program: "test", Release: "r"}, files)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), key, items
}

func read(t *testing.T, text []byte, key age.Identity, into string) (backup.Header, []backup.Item, error) {
	t.Helper()
	return backup.Read(t.Context(), bytes.NewReader(text), []age.Identity{key}, into, []string{"registry.db", "releases"})
}

func TestThereAndBack(t *testing.T) {
	text, key, items := made(t)
	if bytes.Contains(text, []byte("CANARY")) || bytes.Contains(text, []byte("registry.db")) {
		t.Error("the backup can be read without its key")
	}
	into := t.TempDir()
	h, got, err := read(t, text, key, into)
	if err != nil {
		t.Fatal(err)
	}
	if h.Release != "r" || h.Program != "test" {
		t.Errorf("header %+v", h)
	}
	if diff := cmp.Diff(items, got); diff != "" || len(got) != 4 {
		t.Errorf("%d files: %s", len(got), diff)
	}
	b, err := os.ReadFile(filepath.Join(into, "registry.db"))
	if err != nil || string(b) != strings.Repeat(canary, 9000) {
		t.Errorf("the registry is another one: %v", err)
	}
	err = filepath.WalkDir(into, func(path string, d os.DirEntry, err error) error {
		if info, e := d.Info(); e == nil && path != into && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	if _, _, err := read(t, text, other, empty); fault.Of(err) != fault.Denied {
		t.Errorf("with another key: %v", err)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("with another key: %v was written, %v", left, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := backup.Read(ctx, bytes.NewReader(text), []age.Identity{key}, t.TempDir(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// A backup that was cut off or changed anywhere is refused.
func TestDamage(t *testing.T) {
	text, key, _ := made(t)
	for at := 0; at < len(text); at += 1 + len(text)/150 {
		if _, _, err := read(t, text[:at], key, t.TempDir()); err == nil {
			t.Errorf("cut off after %d of %d bytes: taken", at, len(text))
		}
		changed := bytes.Clone(text)
		changed[at] ^= 4
		if _, _, err := read(t, changed, key, t.TempDir()); err == nil {
			t.Errorf("byte %d changed: taken", at)
		}
	}
	if _, _, err := read(t, append(bytes.Clone(text), 'x'), key, t.TempDir()); fault.Of(err) != fault.Invalid {
		t.Errorf("something added: %v", err)
	}
}

// What somebody else encrypted to the same recipient goes nowhere but below the folder.
func TestHostileBackups(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		name, text string
		kind       byte
	}
	head := entry{"backup.json", `{"format":1}`, tar.TypeReg}
	sum := "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // of "x"
	list := func(names ...string) entry {
		var items []backup.Item
		for _, n := range names {
			items = append(items, backup.Item{Path: n, Size: 1, SHA256: sum})
		}
		b, err := json.Marshal(items)
		if err != nil {
			t.Fatal(err)
		}
		return entry{"manifest.json", string(b), tar.TypeReg}
	}
	file := func(name string) entry { return entry{name, "x", tar.TypeReg} }
	for name, c := range map[string]struct {
		entries []entry
		good    bool
	}{
		"good":              {[]entry{head, file("releases/a"), list("releases/a")}, true},
		"up":                {[]entry{head, file("../a"), list("../a")}, false},
		"up-within":         {[]entry{head, file("releases/../../a"), list("releases/../../a")}, false},
		"absolute":          {[]entry{head, file("/releases/a"), list("/releases/a")}, false},
		"unclean":           {[]entry{head, file("releases//a"), list("releases//a")}, false},
		"of-no-data-folder": {[]entry{head, file("load.lock"), list("load.lock")}, false},
		"link":              {[]entry{head, {"releases/a", "", tar.TypeSymlink}, list("releases/a")}, false},
		"folder":            {[]entry{head, {"releases/a", "", tar.TypeDir}, list()}, false},
		"twice":             {[]entry{head, file("releases/a"), file("releases/a"), list("releases/a", "releases/a")}, false},
		"missing":           {[]entry{head, file("releases/a"), list("releases/a", "releases/b")}, false},
		"not-listed":        {[]entry{head, file("releases/a"), file("releases/b"), list("releases/a")}, false},
		"other-content":     {[]entry{head, {"releases/a", "y", tar.TypeReg}, list("releases/a")}, false},
		"after-the-list":    {[]entry{head, list(), file("releases/a")}, false},
		"no-list":           {[]entry{head, file("releases/a")}, false},
		"no-head":           {[]entry{file("releases/a"), list("releases/a")}, false},
		"another-format":    {[]entry{{"backup.json", `{"format":2}`, tar.TypeReg}, list()}, false},
		"empty":             {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			sealed, err := age.Encrypt(&text, key.Recipient())
			if err != nil {
				t.Fatal(err)
			}
			out := tar.NewWriter(sealed)
			for _, e := range c.entries {
				h := tar.Header{Name: e.name, Size: int64(len(e.text)), Mode: 0o777, Typeflag: e.kind}
				if e.kind == tar.TypeSymlink {
					h.Linkname = "/etc/passwd"
				}
				if err := out.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if _, err := out.Write([]byte(e.text)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(out.Close(), sealed.Close()); err != nil {
				t.Fatal(err)
			}
			into := filepath.Join(t.TempDir(), "in", "it")
			if err := os.MkdirAll(into, 0o700); err != nil {
				t.Fatal(err)
			}
			_, _, err = read(t, text.Bytes(), key, into)
			if (err == nil) != c.good || !c.good && fault.Of(err) == fault.Internal {
				t.Errorf("%v", err)
			}
			if beside, err := os.ReadDir(filepath.Dir(into)); err != nil || len(beside) != 1 {
				t.Errorf("beside the folder: %v, %v", beside, err)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	text, recipient, err := backup.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Identities(file); err != nil {
		t.Error(err)
	}
	if _, err := backup.Recipients([]string{recipient}); err != nil {
		t.Error(err)
	}
	secret := strings.Fields(text)[len(strings.Fields(text))-1]
	for _, bad := range [][]string{nil, {""}, {"age1"}, {secret}, {recipient + "\n" + recipient}} {
		if _, err := backup.Recipients(bad); fault.Of(err) != fault.Invalid || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Identities(file); fault.Of(err) != fault.Denied {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := errors.Join(os.WriteFile(file, []byte(recipient), 0o600), os.Chmod(file, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Identities(file); fault.Of(err) != fault.Invalid {
		t.Errorf("no key: %v", err)
	}
}
