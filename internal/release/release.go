// Package release keeps the releases: immutable folders of data, one of which
// is being served.
//
//	data/releases/ID/manifest.json   what it is made of, with a hash of every file
//	data/releases/ID/manifest.sha256 hash of the manifest itself
//	data/releases/ID/report.json     the load's report
//	data/releases/ID/store/          the data
//	data/releases/current            the ID of the release that is served
//	data/building/ID/                a release that is being made
//	data/load.lock                   held while a load runs
//	data/switch.lock                 held while "current" is replaced
//
// A load builds beside what is served. Publishing syncs every file, moves the
// folder into place and then replaces the file "current" by rename, which is the
// one atomic switch: before it the old release is served, after it the new one,
// and a crash at any moment leaves one of the two. What a dead load left behind
// is removed when the next one begins; a live one holds the lock.
package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
	"webenablehes/internal/quality"
)

// Manifest says what a release is.
type Manifest struct {
	Format      int          `json:"format"`
	ID          string       `json:"id"`
	Made        time.Time    `json:"made"`
	Program     string       `json:"program"`   // version that made it
	Synthetic   bool         `json:"synthetic"` // every person id in the input carried a generator's mark
	Subset      string       `json:"subset"`
	Agreement   string       `json:"agreement,omitempty"`
	Identifiers []string     `json:"identifiers,omitempty"` // identifying fields that it holds
	Rows        quality.Rows `json:"rows"`
	Persons     int          `json:"persons"`
	Years       []string     `json:"years"` // FYEAR values, in order of time
	First       string       `json:"first"` // first and last admission
	Last        string       `json:"last"`
	Columns     []string     `json:"columns"`
	Files       []File       `json:"files"` // every file of the release but the manifest

	Subsets []SubsetRule `json:"subset_rules,omitempty"` // rules of the subset that its rows may meet
	Text    string       `json:"subset_text,omitempty"`  // the subset as written
	Methods []Method     `json:"methods,omitempty"`      // versions of rules and methods
	Stages  []Stage      `json:"stages,omitempty"`       // rows at each stage
	Parts   []Part       `json:"parts,omitempty"`        // the staged rows that it was derived from
	OptOut  string       `json:"opt_out,omitempty"`      // whether and when the national data opt-out was applied at the source, as confirmed at the load
	Broken  string       `json:"-"`                      // why the manifest cannot be read; see List
	Content string       `json:"content,omitempty"`      // one hash of the data files but for what says where rows came from: equal for equal content
}

// SubsetRule is a rule of the subset.
type SubsetRule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Start bool   `json:"start"` // the explorer starts with it
}

// Method is a rule set or method and its version.
type Method struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Stage is a number of rows on the way to the release.
type Stage struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// Part is a load whose rows, of some years, the release was derived from.
type Part struct {
	Batch   string   `json:"batch"`
	Years   []string `json:"years"`
	Inputs  []Input  `json:"inputs"`
	Extract []string `json:"extracts,omitempty"` // PARTYEAR values: year and number of the extract
}

// Input is a file as delivered.
type Input struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

// File is one file of a release.
type File struct {
	Path   string `json:"path"` // slash-separated, from the release's folder
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	format   = 1
	sealFile = "manifest.sha256"
)

// Releases is a data folder's releases. It is safe for concurrent use.
type Releases struct {
	root string
	disk disk
}

// disk is how publishing touches the disk, so that tests can make each step fail.
type disk struct {
	write  func(path string, data []byte) error // makes the file and syncs it
	sync   func(path string) error              // of a file or folder
	rename func(from, to string) error
}

// Open returns the releases of a data folder, which need not exist yet.
func Open(data string) *Releases {
	return &Releases{root: data, disk: disk{write: durable.Write, sync: durable.Sync, rename: os.Rename}}
}

func (r *Releases) releases() string { return filepath.Join(r.root, "releases") }
func (r *Releases) building() string { return filepath.Join(r.root, "building") }
func (r *Releases) pointer() string  { return filepath.Join(r.releases(), "current") }

// Dir returns the folder of a release's data.
func (r *Releases) Dir(id string) string { return filepath.Join(r.releases(), id, "store") }

// Build is a release that is being made. It holds the load lock.
type Build struct {
	r    *Releases
	id   string
	lock *os.File
	over bool // published or given up
}

// Begin starts a release. It fails with Conflict while another load runs. What
// dead loads left is removed.
func (r *Releases) Begin(id string) (*Build, error) {
	if !validID(id) {
		return nil, fmt.Errorf("begin release: %q is no release id", id)
	}
	for _, dir := range []string{r.root, r.releases(), r.building()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
		}
	}
	// The folder of the releases may be new: without this a power cut after the
	// first load could lose it with the release in it.
	if err := r.disk.sync(r.root); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
	}
	lock, err := r.lock(loadLock, false)
	if errors.Is(err, errHeld) {
		return nil, fault.New(fault.Conflict, "Another load is running in this data folder. Wait until it has ended.")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The data folder cannot be written; check its rights and free space")
	}
	b := &Build{r: r, id: id, lock: lock}
	if err := r.clean(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := os.MkdirAll(b.Dir(), 0o700); err != nil {
		return nil, errors.Join(cannotWrite(err), lock.Close())
	}
	return b, nil
}

// clean removes what dead loads left. The caller holds the load lock, so
// nothing there belongs to a live one.
func (r *Releases) clean() error {
	left, err := os.ReadDir(r.building())
	if err != nil {
		return cannotTidy(err)
	}
	for _, d := range left {
		if err := os.RemoveAll(filepath.Join(r.building(), d.Name())); err != nil {
			return cannotTidy(err)
		}
	}
	// a pointer file that was not renamed; not one that a live switch is about to
	switching, err := r.lock(switchLock, true)
	if err != nil {
		return cannotTidy(err)
	}
	defer switching.Close()
	if err := os.Remove(r.pointer() + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannotTidy(err)
	}
	return nil
}

// Clean removes what dead loads left, unless a load runs now.
func (r *Releases) Clean() error {
	if _, err := os.Stat(r.building()); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever loaded here
	}
	lock, err := r.lock(loadLock, false)
	if errors.Is(err, errHeld) {
		return nil
	}
	if err != nil {
		return cannotTidy(err)
	}
	defer lock.Close()
	return r.clean()
}

// ID returns the id that the release will have.
func (b *Build) ID() string { return b.id }

// Dir returns the empty folder for the release's data.
func (b *Build) Dir() string { return filepath.Join(b.r.building(), b.id, "store") }

// Batch returns the folder for the rows that the load stages, which does not
// become part of the release.
func (b *Build) Batch() string { return filepath.Join(b.r.building(), b.id+batchSuffix) }

const batchSuffix = "-batch"

// Abort gives up and removes what was made. After a release was published it
// does nothing.
func (b *Build) Abort() error {
	if b.over {
		return nil
	}
	b.over = true
	err := errors.Join(os.RemoveAll(filepath.Join(b.r.building(), b.id)), os.RemoveAll(b.Batch()))
	if switching, lockErr := b.r.lock(switchLock, true); lockErr != nil {
		err = errors.Join(err, lockErr)
	} else {
		// moved into place, but the switch to it failed
		current, unknown := b.r.Current()
		if unknown == nil && current != b.id || fault.Of(unknown) == fault.NotFound {
			err = errors.Join(err, b.r.discard(b.id))
		}
		err = errors.Join(err, switching.Close())
	}
	return errors.Join(err, b.lock.Close())
}

// Publish completes the manifest with the files and their hashes, makes
// everything durable and switches to the release. adopt, if not nil, is called
// when the release is whole and in place, before the switch: it takes the staged
// rows into the staging area. On an error the release that was served still is,
// and Abort is still to be called.
func (b *Build) Publish(ctx context.Context, m Manifest, report *quality.Report, adopt func() error) error {
	if err := b.complete(ctx, m, report); err != nil {
		return err
	}
	if adopt != nil {
		if err := adopt(); err != nil {
			return err
		}
	}
	if err := b.r.point(b.id); err != nil {
		return err
	}
	b.over = true
	return b.lock.Close()
}

// Hold is Publish without the switch: the release waits for somebody to sign it
// off by publishing it.
func (b *Build) Hold(ctx context.Context, m Manifest, report *quality.Report, adopt func() error) error {
	if err := b.complete(ctx, m, report); err != nil {
		return err
	}
	if adopt != nil {
		if err := adopt(); err != nil {
			return err
		}
	}
	b.over = true
	return b.lock.Close()
}

// complete writes report and manifest and moves the release into place.
func (b *Build) complete(ctx context.Context, m Manifest, report *quality.Report) error {
	dir := filepath.Join(b.r.building(), b.id)
	text, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := b.r.disk.write(filepath.Join(dir, "report.json"), append(text, '\n')); err != nil {
		return cannotWrite(err)
	}
	m.Format, m.ID = format, b.id
	if m.Files, err = hashAll(ctx, dir); err != nil {
		return err
	}
	m.Content = content(m.Files)
	if text, err = json.MarshalIndent(m, "", " "); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	text = append(text, '\n')
	hash := sha256.Sum256(text)
	if err := b.r.disk.write(filepath.Join(dir, "manifest.json"), text); err != nil {
		return cannotWrite(err)
	}
	if err := b.r.disk.write(filepath.Join(dir, sealFile), []byte(hex.EncodeToString(hash[:])+"\n")); err != nil {
		return cannotWrite(err)
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return b.r.disk.sync(path)
	})
	if err != nil {
		return cannotWrite(err)
	}
	if err := b.r.disk.rename(dir, filepath.Join(b.r.releases(), b.id)); err != nil {
		return cannotWrite(err)
	}
	return cannotWrite(b.r.disk.sync(b.r.releases()))
}

func cannotWrite(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The new release could not be written; the one that was served still is. Check free space and the disk, then load again")
}

// cannotRead says that the disk fails, or that somebody took files away.
func cannotRead(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The releases cannot be read: check the disk and the rights of the data folder; if files are lost, load them again")
}

func cannotTidy(err error) error {
	return fault.Wrap(fault.Unavailable, err, "What an earlier load left behind could not be removed: check the disk and the rights of the data folder, then do it again")
}

// point makes a release the current one.
func (r *Releases) point(id string) error {
	switching, err := r.lock(switchLock, true)
	if err != nil {
		return cannotWrite(err)
	}
	defer switching.Close()
	next := r.pointer() + ".new"
	if err := r.disk.write(next, []byte(id+"\n")); err != nil {
		return cannotWrite(err)
	}
	if err := r.disk.rename(next, r.pointer()); err != nil {
		return cannotWrite(err)
	}
	return fault.Wrap(fault.Unavailable, r.disk.sync(r.releases()), "Release %s is served now, but the disk did not confirm it: check the disk, and which release is served after the next start", id)
}

// Switch makes an existing release the current one: how one rolls back.
func (r *Releases) Switch(id string) error {
	if _, err := r.Get(id); err != nil {
		return err
	}
	return r.point(id)
}

// Current returns the id of the release that is served; NotFound if there is
// none yet.
func (r *Releases) Current() (string, error) {
	b, err := os.ReadFile(r.pointer())
	id := strings.TrimSpace(string(b))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fault.New(fault.NotFound, "Nothing has been loaded yet: run “webenable load FILE”.")
	case err != nil:
		return "", cannotRead(err)
	case !validID(id):
		return "", fault.New(fault.Unavailable, "The file that names the current release is damaged: run “webenable release publish ID”.")
	}
	return id, nil
}

var idText = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[0-9a-z]{4}$`)

func validID(id string) bool { return idText.MatchString(id) }

// NewID makes an id that sorts by time, to the millisecond: 20261124-093000-a3f9.
// tail is random.
func NewID(now time.Time, tail [2]byte) string {
	now = now.UTC()
	n := uint16(now.Nanosecond()/1e6)<<6 | uint16(tail[0]&63)
	return now.Format("20060102-150405-") + fmt.Sprintf("%04x", n)
}

// Get returns a release's manifest.
func (r *Releases) Get(id string) (Manifest, error) {
	var m Manifest
	if !validID(id) {
		return m, fault.New(fault.NotFound, "There is no such release: see “webenable release list”.")
	}
	b, err := os.ReadFile(filepath.Join(r.releases(), id, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return m, fault.New(fault.NotFound, "There is no such release: see “webenable release list”.")
	}
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, fault.Wrap(fault.Unavailable, err, "The manifest of release %s is damaged: publish another release, or load the files again", id)
	}
	if m.ID != id {
		return m, fault.New(fault.Unavailable, "The folder of release %s holds another release: put its name right or load the files again.", id)
	}
	switch {
	case m.Format < format:
		return m, fault.New(fault.Unavailable, "Release %s was made by version %s of this program, and this one reads it no more: make it again from the staged rows (“webenable release make --subset %s”), or load the files again.", id, m.Program, m.Subset)
	case m.Format > format:
		return m, fault.New(fault.Unavailable, "Release %s was made by a newer version of this program, %s: install that version again, or load the files again.", id, m.Program)
	}
	return m, nil
}

// Report returns a release's load report.
func (r *Releases) Report(id string) (*quality.Report, error) {
	if _, err := r.Get(id); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(r.releases(), id, "report.json"))
	if err != nil {
		return nil, cannotRead(err)
	}
	out := &quality.Report{}
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The report of release %s is damaged: publish another release, or load the files again", id)
	}
	return out, nil
}

// List returns all releases, the newest first. Of one whose manifest cannot be
// read it returns the id, and in Broken why.
func (r *Releases) List() ([]Manifest, error) {
	entries, err := os.ReadDir(r.releases())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cannotRead(err)
	}
	var out []Manifest
	for _, e := range entries {
		if e.IsDir() && validID(e.Name()) {
			m, err := r.Get(e.Name())
			if err != nil {
				m = Manifest{ID: e.Name(), Broken: fault.Say(err)}
			}
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Manifest) int { return strings.Compare(b.ID, a.ID) })
	return out, nil
}

// Verify reads a release's files again and compares them with the manifest.
func (r *Releases) Verify(ctx context.Context, id string) error {
	m, err := r.Get(id)
	if err != nil {
		return err
	}
	have, err := hashAll(ctx, filepath.Join(r.releases(), id))
	if err != nil {
		return err
	}
	seal, err := os.ReadFile(filepath.Join(r.releases(), id, sealFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannotRead(err)
	}
	if !slices.ContainsFunc(have, func(f File) bool { return f.Path == "manifest.json" && f.SHA256+"\n" == string(seal) }) {
		return fault.New(fault.Unavailable, "Release %s is damaged: its manifest is not as it was made. Switch to another release or load again.", id)
	}
	have = slices.DeleteFunc(have, func(f File) bool { return f.Path == "manifest.json" || f.Path == sealFile })
	for i, f := range m.Files {
		if i >= len(have) || have[i] != f {
			return fault.New(fault.Unavailable, "Release %s is damaged: %s is not as it was made. Switch to another release or load again.", id, f.Path)
		}
	}
	if len(have) != len(m.Files) {
		return fault.New(fault.Unavailable, "Release %s is damaged: it holds files that do not belong to it.", id)
	}
	return nil
}

// content hashes the hashes of the data files, but for those that say where rows
// came from and how they were delivered, and for the description, which names
// those.
func content(files []File) string {
	h := sha256.New()
	for _, f := range files {
		if strings.HasPrefix(f.Path, "store/") && !strings.Contains(f.Path, ".raw") && !strings.HasPrefix(f.Path, "store/origin.") && f.Path != "store/meta.json" {
			fmt.Fprintf(h, "%s %d %s\n", f.Path, f.Size, f.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashAll hashes every file below a folder, in order of path, two at a time.
func hashAll(ctx context.Context, dir string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out = append(out, File{Path: filepath.ToSlash(rel)})
		return nil
	})
	if err != nil {
		return nil, cannotRead(err)
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var next atomic.Int64
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(out) {
					return
				}
				errs[w] = errors.Join(ctx.Err(), hashFile(filepath.Join(dir, filepath.FromSlash(out[i].Path)), &out[i]))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("hash release: %w", err)
		}
		return nil, cannotRead(err)
	}
	return out, nil
}

func hashFile(path string, into *File) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if into.Size, err = io.Copy(h, f); err != nil {
		return err
	}
	into.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}
