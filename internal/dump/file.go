package dump

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// file is a Target that appears under its name only when it is whole: it is
// written beside it, readable by its owner only.
type file struct {
	*os.File
	path  string
	force bool
}

// Create begins a file. A file that is already there is not replaced unless
// force is set; then it stays as it is until the new one is whole.
func Create(path string, force bool) (Target, error) {
	f := &file{path: path, force: force}
	if err := f.mayReplace(); err != nil {
		return nil, err
	}
	dir, base := filepath.Split(path)
	var err error
	if f.File, err = os.CreateTemp(filepath.Clean(dir+"."), "."+base+".*.part"); err != nil { // with mode 0600
		return nil, fault.Wrap(fault.Unavailable, err, "No file can be made in that folder; look whether it is there and its rights")
	}
	return f, nil
}

func (f *file) mayReplace() error {
	info, err := os.Lstat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, "The place for the file cannot be looked at")
	case info.IsDir():
		return fault.New(fault.Invalid, "%s is a folder. Name a file in it.", f.path)
	case !f.force:
		return fault.New(fault.Conflict, "%s is there already. Name another file, or give --force to replace it.", f.path)
	case !info.Mode().IsRegular():
		return fault.New(fault.Invalid, "%s is not an ordinary file, so it is not replaced.", f.path)
	}
	return nil
}

// Commit gives the file its name, durably.
func (f *file) Commit() error {
	err := f.mayReplace() // somebody may have made it meanwhile
	if err == nil {
		err = f.File.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return cannotWrite(errors.Join(err, f.Abort()))
	}
	return cannotWrite(durable.Sync(filepath.Dir(f.path)))
}

// Abort removes the unfinished file.
func (f *file) Abort() error {
	err := f.File.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, os.Remove(f.Name()))
}

// stream is a Target that cannot be taken back, such as standard output.
type stream struct{ io.Writer }

// Stream returns a Target that writes to a stream at once. What went out before
// an Abort stays out.
func Stream(to io.Writer) Target { return stream{to} }

func (stream) Sync() error   { return nil }
func (stream) Commit() error { return nil }
func (stream) Abort() error  { return nil }
