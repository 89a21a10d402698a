package volume

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// write makes the files of a machine below a folder.
func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A volume is encrypted where its device encrypts, or all that it is made of.
func TestWhichVolumesAreEncrypted(t *testing.T) {
	folder := t.TempDir()
	var at unix.Stat_t
	if err := unix.Stat(folder, &at); err != nil {
		t.Fatal(err)
	}
	own := "sys/dev/block/" + number(at.Dev)
	if number(at.Dev)[0] == '0' {
		t.Logf("%s has a number of its own", folder)
		own = "sys/dev/block/9:9"
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"a-plain-disk":       {map[string]string{own + "/size": "1"}, false},
		"nothing-known":      {map[string]string{"proc/self/mountinfo": ""}, false},
		"luks":               {map[string]string{own + "/dm/uuid": "CRYPT-LUKS2-abc-data\n"}, true},
		"plain-crypt":        {map[string]string{own + "/dm/uuid": "CRYPT-PLAIN-data\n"}, true},
		"lvm":                {map[string]string{own + "/dm/uuid": "LVM-abc\n", own + "/slaves/sda2/dev": "8:2\n"}, false},
		"lvm-on-luks":        {map[string]string{own + "/dm/uuid": "LVM-abc\n", own + "/slaves/dm-0/dev": "253:90\n", "sys/dev/block/253:90/dm/uuid": "CRYPT-LUKS2-abc\n"}, true},
		"half-of-it":         {map[string]string{own + "/slaves/dm-0/dev": "253:90\n", "sys/dev/block/253:90/dm/uuid": "CRYPT-LUKS2-abc\n", own + "/slaves/sdb/dev": "8:16\n"}, false},
		"a-ring":             {map[string]string{own + "/slaves/dm-0/dev": "253:90\n", "sys/dev/block/253:90/slaves/dm-0/dev": "253:90\n"}, false},
		"called-like-one":    {map[string]string{own + "/dm/uuid": "LVM-CRYPT-abc\n"}, false},
		"a-volume-elsewhere": {map[string]string{"sys/dev/block/253:90/dm/uuid": "CRYPT-LUKS2-abc\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, c.files)
			id := filepath.Base(own)
			if got := crypt(root, id, 0); got != c.want {
				t.Errorf("got %v", got)
			}
			if number(at.Dev)[0] != '0' {
				if got, err := look(root, folder); err != nil || got != c.want {
					t.Errorf("of the folder: %v, %v", got, err)
				}
			}
		})
	}
	root := t.TempDir()
	write(t, root, map[string]string{"proc/self/mountinfo": "22 1 0:33 / / rw - btrfs /dev/null rw\n23 1 0:34 / /x rw - overlay overlay rw\n"})
	for id, want := range map[string]string{"0:33": "/dev/null", "0:34": "", "0:35": ""} {
		if got, err := mounted(root, id); err != nil || got != want {
			t.Errorf("%s is %q, %v", id, got, err)
		}
	}
	if _, err := Encrypted(filepath.Join(folder, "none")); err == nil {
		t.Error("a folder that is not there has a volume")
	}
}
