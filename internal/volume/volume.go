// Package volume tells whether what lies in a folder is encrypted on the disk, as
// far as Linux says: by its device mapper, under whatever else is stacked on it.
//
// Encryption that the system knows nothing of, by the disk itself or by the machine
// that this one runs on, cannot be seen from here.
package volume

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Encrypted tells whether the volume of a folder is known to be encrypted.
func Encrypted(folder string) (bool, error) { return look("/", folder) }

// look is Encrypted where /sys and /proc are below root.
func look(root, folder string) (bool, error) {
	var at unix.Stat_t
	if err := unix.Stat(folder, &at); err != nil {
		return false, fmt.Errorf("look at the volume: %w", err)
	}
	id := number(at.Dev)
	if !strings.HasPrefix(id, "0:") {
		return crypt(root, id, 0), nil
	}
	// Some file systems have numbers of their own; the device is in the list of mounts.
	source, err := mounted(root, id)
	if err != nil || source == "" {
		return false, err
	}
	if err := unix.Stat(source, &at); err != nil {
		return false, fmt.Errorf("look at the volume: %w", err)
	}
	return crypt(root, number(at.Rdev), 0), nil
}

func number(dev uint64) string { return fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev)) }

// mounted is the device that is mounted under a number; "" if there is none.
func mounted(root, id string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc", "self", "mountinfo"))
	if err != nil {
		return "", fmt.Errorf("look at the volume: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if ok && len(f) > 2 && f[2] == id && len(g) > 1 && strings.HasPrefix(g[1], "/dev/") {
			return g[1], nil
		}
	}
	return "", nil
}

// deepest is how many devices may be stacked: more is a ring.
const deepest = 16

// crypt tells whether a device encrypts, or every device that it is made of does.
func crypt(root, id string, depth int) bool {
	dir := filepath.Join(root, "sys", "dev", "block", id)
	if kind, err := os.ReadFile(filepath.Join(dir, "dm", "uuid")); err == nil && strings.HasPrefix(string(kind), "CRYPT-") {
		return true
	}
	below, err := os.ReadDir(filepath.Join(dir, "slaves"))
	if err != nil || len(below) == 0 || depth == deepest {
		return false
	}
	for _, b := range below {
		id, err := os.ReadFile(filepath.Join(dir, "slaves", b.Name(), "dev"))
		if err != nil || !crypt(root, strings.TrimSpace(string(id)), depth+1) {
			return false
		}
	}
	return true
}
