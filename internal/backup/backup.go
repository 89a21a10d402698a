// Package backup writes a data folder into one encrypted file, and reads it back.
//
// The file is a tar archive inside age, to one or more recipients: whoever makes
// backups needs no key that opens them. It begins with what it is (backup.json) and
// ends with a list of everything in it with sizes and SHA-256 (manifest.json), so
// that it is written and read in one pass, in little memory. age notices every
// changed byte and a missing end; the list notices whatever else is wrong. What
// somebody else encrypted to the same recipients could be of any form, so nothing
// in it is believed before it is checked: names stay below one folder and are those
// of a data folder.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// Header says what a backup is.
type Header struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Program string    `json:"program"`           // version that made it
	Release string    `json:"release,omitempty"` // that was served; "" if none or none is in it
}

// Item is a file in a backup.
type Item struct {
	Path   string `json:"path"` // below the data folder, slash-separated
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	format       = 1
	headerName   = "backup.json"
	manifestName = "manifest.json"
	mostText     = 64 << 20 // bytes of header or manifest
)

// Source is a file that goes into a backup.
type Source struct {
	Path string // as in Item
	File string // where it lies
}

// Below lists the files below a folder or file of a data folder. What is not there
// is none. keep says of the base name of a file whether it is wanted; nil: all.
func Below(data, name string, keep func(base string) bool) ([]Source, error) {
	var out []Source
	err := filepath.WalkDir(filepath.Join(data, name), func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && file == filepath.Join(data, name) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || keep != nil && !keep(d.Name()) {
			return err
		}
		rel, err := filepath.Rel(data, file)
		out = append(out, Source{filepath.ToSlash(rel), file})
		return err
	})
	return out, fault.Wrap(fault.Unavailable, err, "The data folder cannot be read; check its rights and the disk")
}

// Write writes a backup of some files.
func Write(ctx context.Context, to io.Writer, recipients []age.Recipient, h Header, files []Source) ([]Item, error) {
	h.Format = format
	sealed, err := age.Encrypt(to, recipients...)
	if err != nil {
		return nil, cannotWrite(err)
	}
	out := tar.NewWriter(sealed)
	if err := writeText(out, headerName, h); err != nil {
		return nil, err
	}
	var items []Item
	for _, f := range files {
		item, err := writeFile(ctx, out, f)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if err := writeText(out, manifestName, items); err != nil {
		return nil, err
	}
	return items, cannotWrite(errors.Join(out.Close(), sealed.Close()))
}

func writeText(out *tar.Writer, name string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	err = out.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600, Format: tar.FormatPAX})
	if err == nil {
		_, err = out.Write(text)
	}
	return cannotWrite(err)
}

func writeFile(ctx context.Context, out *tar.Writer, s Source) (Item, error) {
	item := Item{Path: s.Path}
	f, err := os.Open(s.File)
	if err != nil {
		return item, cannotRead(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return item, cannotRead(err)
	}
	item.Size = info.Size()
	if err := out.WriteHeader(&tar.Header{Name: s.Path, Size: item.Size, Mode: 0o600, Format: tar.FormatPAX}); err != nil {
		return item, cannotWrite(err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), stoppable{ctx, io.LimitReader(f, item.Size)})
	switch {
	case ctx.Err() != nil:
		return item, ctx.Err()
	case err != nil:
		return item, cannotWrite(err)
	case n != item.Size:
		return item, fault.New(fault.Unavailable, "A file became shorter while it was copied. Make the backup again.")
	}
	item.SHA256 = hex.EncodeToString(h.Sum(nil))
	return item, nil
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

func cannotWrite(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The backup could not be written: make room or mend the disk, and make it again")
}

func cannotRead(err error) error {
	return fault.Wrap(fault.Unavailable, err, "A file of the data folder could not be read for the backup: check the disk and its rights")
}

// Read checks a whole backup and puts its files below a folder, which is there and
// empty. Whatever is wrong is an error, and what was put there by then is nothing to
// be used. part names what may be in it: the first element of each path.
func Read(ctx context.Context, from io.Reader, identities []age.Identity, into string, part []string) (Header, []Item, error) {
	var h Header
	opened, err := age.Decrypt(stoppable{ctx, from}, identities...)
	var none *age.NoIdentityMatchError
	switch {
	case ctx.Err() != nil:
		return h, nil, ctx.Err()
	case errors.As(err, &none):
		return h, nil, fault.New(fault.Denied, "The key does not open this backup: it was made for other recipients. Name the key file that belongs to one of them.")
	case err != nil:
		return h, nil, damaged(err)
	}
	r := reader{ctx: ctx, tar: tar.NewReader(opened), into: into, part: part}
	h, items, err := r.all()
	if err == nil {
		// nothing but the padding of the archive may follow, up to the end that age vouches for
		var rest bytes.Buffer
		_, err = io.Copy(&rest, io.LimitReader(opened, 1<<20))
		if err == nil && len(bytes.Trim(rest.Bytes(), "\x00")) > 0 {
			err = errors.New("something follows the archive")
		}
	}
	if ctx.Err() != nil {
		return h, nil, ctx.Err()
	}
	return h, items, damaged(err)
}

func damaged(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "The backup is damaged, cut off or no backup, so nothing of it is used. Take another copy of it, or an earlier one")
}

type reader struct {
	ctx  context.Context
	tar  *tar.Reader
	into string
	part []string
}

func (r *reader) all() (Header, []Item, error) {
	var h Header
	if err := r.text(headerName, &h); err != nil {
		return h, nil, err
	}
	if h.Format != format {
		return h, nil, fault.New(fault.Unavailable, "The backup was made by another version of this program. Restore it with that version (%s), then upgrade.", h.Program)
	}
	var have, want []Item
	for {
		next, err := r.tar.Next()
		if err != nil {
			return h, nil, errors.Join(err, errors.New("there is no manifest"))
		}
		if next.Name == manifestName {
			if err := r.decode(next, &want); err != nil {
				return h, nil, err
			}
			break
		}
		item, err := r.file(next)
		if err != nil {
			return h, nil, err
		}
		have = append(have, item)
	}
	if !slices.Equal(have, want) {
		return h, nil, errors.New("the files are not those of the manifest")
	}
	if _, err := r.tar.Next(); !errors.Is(err, io.EOF) {
		return h, nil, errors.Join(err, errors.New("something follows the manifest"))
	}
	return h, have, nil
}

func (r *reader) text(name string, into any) error {
	next, err := r.tar.Next()
	if err != nil {
		return err
	}
	if next.Name != name {
		return fmt.Errorf("there is no %s", name)
	}
	return r.decode(next, into)
}

func (r *reader) decode(next *tar.Header, into any) error {
	if next.Size > mostText {
		return fmt.Errorf("%s is too long", next.Name)
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (r *reader) file(next *tar.Header) (Item, error) {
	item := Item{Path: next.Name}
	first, _, _ := strings.Cut(next.Name, "/")
	if next.Typeflag != tar.TypeReg || path.Clean(next.Name) != next.Name || !filepath.IsLocal(next.Name) || strings.Contains(next.Name, "\\") || !slices.Contains(r.part, first) {
		return item, errors.New("it holds a file that is of no data folder")
	}
	file := filepath.Join(r.into, filepath.FromSlash(next.Name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return item, cannotKeep(err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return item, errors.New("it holds a file twice")
	}
	if err != nil {
		return item, cannotKeep(err)
	}
	h := sha256.New()
	kept := &keeping{Writer: f}
	item.Size, err = io.Copy(io.MultiWriter(kept, h), r.tar)
	item.SHA256 = hex.EncodeToString(h.Sum(nil))
	failed := errors.Join(kept.failed, f.Sync(), f.Close())
	if failed != nil {
		return item, cannotKeep(failed)
	}
	return item, err
}

// keeping tells a disk that is full from a backup that is damaged.
type keeping struct {
	io.Writer
	failed error
}

func (k *keeping) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	k.failed = errors.Join(k.failed, err)
	return n, err
}

func cannotKeep(err error) error {
	return fault.Wrap(fault.Unavailable, err, "What is in the backup could not be written: make room or mend the disk, and do it again")
}

// Settle makes the folders below one lasting; files are when they are written.
func Settle(dir string) error {
	return cannotKeep(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return durable.Sync(name)
	}))
}
