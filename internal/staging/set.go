package staging

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"webenablehes/internal/fault"
)

// Part is a batch and the financial years of it that are in force: a later load
// of a year puts the rows of that year out of force.
type Part struct {
	Batch string   `json:"batch"`
	Years []string `json:"years"` // FYEAR values, sorted; "" for rows without one
}

// Area is a data folder's staging area. The folder need not exist.
type Area struct {
	root   string
	rename func(from, to string) error
}

// At returns the staging area of a data folder.
func At(data string) *Area {
	return &Area{root: filepath.Join(data, "staging"), rename: os.Rename}
}

// Dir returns the folder of a batch.
func (a *Area) Dir(batch string) string { return filepath.Join(a.root, batch) }

var batchName = regexp.MustCompile(`^[0-9a-z-]{1,40}$`)

// Current returns the batches in force, the oldest first.
func (a *Area) Current() ([]Part, error) {
	raw, err := os.ReadFile(filepath.Join(a.root, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var parts []Part
	if err == nil {
		err = json.Unmarshal(raw, &parts)
	}
	batches, years := map[string]bool{}, map[string]bool{}
	for _, p := range parts {
		if !batchName.MatchString(p.Batch) || batches[p.Batch] {
			err = errDamaged
		}
		batches[p.Batch] = true
		for _, y := range p.Years { // a year twice would count its rows twice
			if years[y] {
				err = errDamaged
			}
			years[y] = true
		}
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The list of the staged rows is damaged; load the files again")
	}
	return parts, nil
}

// With returns the parts in force once a batch with rows of some years is
// adopted: it takes the place of those years in every other part.
func With(parts []Part, batch string, years []string) []Part {
	var out []Part
	for _, p := range parts {
		left := slices.DeleteFunc(slices.Clone(p.Years), func(y string) bool { return slices.Contains(years, y) })
		if len(left) > 0 {
			out = append(out, Part{p.Batch, left})
		}
	}
	return append(out, Part{batch, slices.Sorted(slices.Values(years))})
}

// Adopt moves a batch's folder, whose files it makes lasting, into the area.
func (a *Area) Adopt(from, batch string) error {
	if err := os.MkdirAll(a.root, 0o700); err != nil {
		return cannotWrite(err)
	}
	if err := syncAll(from); err != nil {
		return cannotWrite(err)
	}
	if err := a.rename(from, a.Dir(batch)); err != nil {
		return cannotWrite(err)
	}
	return cannotWrite(errors.Join(syncPath(a.root), syncPath(filepath.Dir(a.root))))
}

// Replace puts other parts in force, at once.
func (a *Area) Replace(parts []Part) error {
	if err := os.MkdirAll(a.root, 0o700); err != nil {
		return cannotWrite(err)
	}
	b, err := json.MarshalIndent(parts, "", " ")
	if err != nil {
		return fmt.Errorf("write the list of staged rows: %w", err)
	}
	next := filepath.Join(a.root, "current.new")
	if err := errors.Join(writeFile(next, append(b, '\n')), syncPath(next)); err != nil {
		return cannotWrite(err)
	}
	if err := a.rename(next, filepath.Join(a.root, "current")); err != nil {
		return cannotWrite(err)
	}
	return cannotWrite(syncPath(a.root))
}

// Prune removes the batches that nobody keeps, and says which. The caller holds
// the load's lock.
func (a *Area) Prune(keep func(batch string) bool) (removed []string, err error) {
	entries, err := os.ReadDir(a.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cannotRead(err)
	}
	for _, e := range entries {
		if e.IsDir() && keep(e.Name()) || e.Name() == "current" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(a.root, e.Name())); err != nil {
			return removed, cannotRead(err)
		}
		removed = append(removed, e.Name())
	}
	return removed, nil
}

func cannotWrite(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The staged rows could not be written; what was served still is. Check free space and the disk, then load again")
}

func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Batches returns the batches that the area holds, in force or not.
func (a *Area) Batches() ([]string, error) {
	entries, err := os.ReadDir(a.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, cannotRead(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}
