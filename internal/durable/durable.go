// Package durable writes files that outlive a crash.
//
// What a data folder holds is replaced in one way only: the new file is written
// beside the old one and synced, then renamed over it, then the folder is
// synced. Whatever stops the program, one whole file is there. Locks keep two
// processes from doing so at once; the system lets go of a lock when its
// process dies, however it dies.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Write makes or replaces a file that only its owner may read, and syncs it.
// It is not atomic: write beside the file that is in use, then rename.
func Write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Sync makes a file, or the names in a folder, durable.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Lock takes the lock of that file, waiting for whoever has it. Closing the
// file gives it back.
func Lock(path string) (*os.File, error) {
	f, _, err := lock(path, syscall.LOCK_EX)
	return f, err
}

// TryLock is Lock without waiting: held tells that another process, or another
// part of this one, has the lock, and then there is no file.
func TryLock(path string) (f *os.File, held bool, err error) {
	return lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
}

func lock(path string, how int) (*os.File, bool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, true, f.Close()
	case err != nil:
		return nil, false, errors.Join(fmt.Errorf("take %s: %w", filepath.Base(path), err), f.Close())
	}
	return f, false, nil
}

// Begin tells the system to start writing a part of a file to its disk, so that
// the sync at the end has little to wait for; size 0 is up to the end. It
// promises nothing, and a system that cannot do it is as good.
func Begin(f *os.File, at, size int64) {
	_ = unix.SyncFileRange(int(f.Fd()), at, size, unix.SYNC_FILE_RANGE_WRITE)
}
