package release

import (
	"errors"
	"os"
	"path/filepath"

	"webenablehes/internal/durable"
)

// The lock files of a data folder.
const (
	loadLock   = "load.lock"   // held while a load runs
	switchLock = "switch.lock" // held for the moment in which "current" is replaced
)

// errHeld says that another process, or another part of this one, holds a lock.
var errHeld = errors.New("the lock is held")

// lock takes a lock, which closing the file gives back. Without wait it returns
// errHeld if somebody has it.
func (r *Releases) lock(name string, wait bool) (*os.File, error) {
	path := filepath.Join(r.root, name)
	if wait {
		return durable.Lock(path)
	}
	f, held, err := durable.TryLock(path)
	if held {
		err = errors.Join(errHeld, err)
	}
	return f, err
}
