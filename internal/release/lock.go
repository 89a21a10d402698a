package release

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// The lock files of a data folder. The system lets go of a lock when its process
// dies, however it dies.
const (
	loadLock   = "load.lock"   // held while a load runs
	switchLock = "switch.lock" // held for the moment in which "current" is replaced
)

// errHeld says that another process, or another part of this one, holds a lock.
var errHeld = errors.New("the lock is held")

// lock takes a lock, which closing the file gives back. Without wait it returns
// errHeld if somebody has it.
func (r *Releases) lock(name string, wait bool) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(r.root, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errHeld
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take %s: %w", name, err), f.Close())
	}
	return f, nil
}
