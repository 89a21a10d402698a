package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"webenablehes/internal/fault"
)

// Certificate says what was destroyed, by whom and when.
type Certificate struct {
	At        time.Time   `json:"at"`
	By        string      `json:"by"`
	Why       string      `json:"why,omitempty"`
	Releases  []Destroyed `json:"releases"`
	Staged    []Destroyed `json:"staged"` // batches of staged rows
	Exports   []HandedOut `json:"exports"`
	Remaining []string    `json:"remaining_releases"`
	Checked   string      `json:"checked"` // what was looked at afterwards
}

// Destroyed is one release or batch: its files as they were just before.
type Destroyed struct {
	ID        string `json:"id"`
	Agreement string `json:"agreement,omitempty"`
	Files     []File `json:"files"`
}

// HandedOut is a file that was made of a release for somebody to take away. It is
// removed; what was fetched is with who fetched it.
type HandedOut struct {
	ID      int64  `json:"id"`
	By      string `json:"asked_for_by"` // account
	Release string `json:"release"`
	State   string `json:"state"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Fetched int    `json:"fetched"` // how often
}

// Destruction says what is to be destroyed.
type Destruction struct {
	Releases, Batches []string
	Exports           []HandedOut // which were removed already
	Unserve           bool        // the release that is served may be among them; nothing is served then
	Everything        bool        // all of them, and whatever dead loads and lost files left beside them
	By, Why           string
}

// Destroy removes releases and batches of staged rows, every byte, and writes a
// certificate, whose path it returns. The release that is served is refused, unless
// nothing is to be served. The caller holds the load's lock.
func (r *Releases) Destroy(ctx context.Context, d Destruction, now time.Time) (Certificate, string, error) {
	ids, batches, unserve := d.Releases, d.Batches, d.Unserve || d.Everything
	c := Certificate{At: now.UTC().Truncate(time.Second), By: d.By, Why: d.Why, Releases: []Destroyed{}, Staged: []Destroyed{}, Exports: slices.Concat([]HandedOut{}, d.Exports), Remaining: []string{}}
	current, err := r.Current()
	if err != nil && fault.Of(err) != fault.NotFound && !unserve {
		return c, "", err
	}
	if !unserve && slices.Contains(ids, current) {
		return c, "", fault.New(fault.Conflict, "Release %s is being served. Publish another one first, or destroy everything with --everything.", current)
	}
	if unserve { // nothing is served from here on, whatever happens
		if err := os.Remove(r.pointer()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c, "", halfDestroyed(err)
		}
	}
	remove := func(dir string, d Destroyed) (Destroyed, error) {
		var err error
		if d.Files, err = hashAll(ctx, dir); err != nil {
			return d, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return d, halfDestroyed(err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			return d, fmt.Errorf("destroy: %s is still there", filepath.Base(dir))
		}
		return d, halfDestroyed(r.disk.sync(filepath.Dir(dir)))
	}
	for _, id := range ids {
		if !validID(id) {
			return c, "", fault.New(fault.NotFound, "There is no such release: see “webenable release list”.")
		}
		d := Destroyed{ID: id}
		if m, err := r.Get(id); err == nil {
			d.Agreement = m.Agreement
		}
		if d, err = remove(filepath.Join(r.releases(), id), d); err != nil {
			return c, "", err
		}
		c.Releases = append(c.Releases, d)
	}
	for _, b := range batches {
		d, err := remove(filepath.Join(r.root, "staging", b), Destroyed{ID: b})
		if err != nil {
			return c, "", err
		}
		c.Staged = append(c.Staged, d)
	}
	if d.Everything {
		if err := r.sweep(); err != nil {
			return c, "", halfDestroyed(err)
		}
	}
	left, err := r.List()
	if err != nil {
		return c, "", err
	}
	for _, m := range left {
		c.Remaining = append(c.Remaining, m.ID)
	}
	c.Checked = "Each folder named here was looked for after its removal and was not there. Files that were made for people are removed with their folders. Copies outside the data folder, such as backups and files handed out, are not covered."
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return c, "", fmt.Errorf("write certificate: %w", err)
	}
	dir := filepath.Join(r.root, "certificates")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, "", noCertificate(err)
	}
	path := filepath.Join(dir, "destroyed-"+now.UTC().Format("20060102-150405.000")+".json")
	if err := errors.Join(r.disk.write(path, append(text, '\n')), r.disk.sync(dir)); err != nil {
		return c, "", noCertificate(err)
	}
	return c, path, nil
}

// sweep removes what is beside releases and staged rows and belongs to none: what
// dead loads were making, and names that nobody gave here.
func (r *Releases) sweep() error {
	var failed error
	for dir, keep := range map[string]string{"building": "", "staging": "current", "exports": ""} {
		in, err := os.ReadDir(filepath.Join(r.root, dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		failed = errors.Join(failed, err)
		for _, e := range in {
			if e.Name() != keep {
				failed = errors.Join(failed, os.RemoveAll(filepath.Join(r.root, dir, e.Name())))
			}
		}
		failed = errors.Join(failed, r.disk.sync(filepath.Join(r.root, dir)))
	}
	return failed
}

func halfDestroyed(err error) error {
	return fault.Wrap(fault.Unavailable, err, "Not all of it was destroyed, and there is no certificate: mend the disk, then say it again for what “webenable release list” still shows")
}

func noCertificate(err error) error {
	return fault.Wrap(fault.Unavailable, err, "It was destroyed, but the certificate could not be written: make room or mend the disk, and keep a note of it; “webenable release list” shows what is left")
}

// Lock takes the load's lock for something else that must not run beside a load.
func (r *Releases) Lock() (unlock func() error, err error) {
	lock, err := r.lock(loadLock, false)
	if errors.Is(err, errHeld) {
		return nil, fault.New(fault.Conflict, "Another load is running in this data folder. Wait until it has ended.")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
	}
	return lock.Close, nil
}

// Remove takes away a release that a dead load left behind: whole, but never
// served, its rows not staged. The caller holds the load's lock.
func (r *Releases) Remove(id string) error {
	if !validID(id) {
		return fmt.Errorf("remove release: %q is no release id", id)
	}
	return r.discard(id)
}

// discard takes a release away in one step: half of one among the releases would
// be nobody's to remove. What is moved aside goes now, or with what the next load
// tidies up.
func (r *Releases) discard(id string) error {
	if err := os.MkdirAll(r.building(), 0o700); err != nil {
		return err
	}
	aside := filepath.Join(r.building(), id+"-discarded")
	switch err := r.disk.rename(filepath.Join(r.releases(), id), aside); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return os.RemoveAll(aside)
}
