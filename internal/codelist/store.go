package codelist

import (
	"bufio"
	"bytes"
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
	"time"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

const format = 1

// Store is the code lists of a data folder. It is safe for concurrent use, also
// by several processes.
type Store struct {
	root   string // data/codelists
	now    func() time.Time
	random io.Reader
	disk   disk
}

// disk is how the store changes what is there, so that tests can make each step
// fail.
type disk struct {
	write  func(path string, data []byte) error // makes the file and syncs it
	sync   func(path string) error
	rename func(from, to string) error
}

// StoreOptions are what a store has to do with the world.
type StoreOptions struct {
	Data   string // the data folder, which need not exist yet
	Now    func() time.Time
	Random io.Reader // for ids
}

// Open returns the code lists of a data folder.
func Open(o StoreOptions) *Store {
	return &Store{root: filepath.Join(o.Data, "codelists"), now: o.Now, random: o.Random,
		disk: disk{write: durable.Write, sync: durable.Sync, rename: os.Rename}}
}

func (s *Store) lists() string    { return filepath.Join(s.root, "lists") }
func (s *Store) building() string { return filepath.Join(s.root, "building") }
func (s *Store) pointer() string  { return filepath.Join(s.root, "in-use") }

var idText = regexp.MustCompile(`^[a-z0-9-]{3,20}-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$`)

// Status is a list and whether it answers questions.
type Status struct {
	List
	InUse   bool
	Damaged bool // its manifest is gone or unreadable; only the ID is known
}

// Lists returns all lists, the newest first.
func (s *Store) Lists() ([]Status, error) {
	used, err := s.inUse()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.lists())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list code lists: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && idText.MatchString(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	for _, id := range used {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var out []Status
	for _, id := range ids {
		l, err := s.get(id)
		if err != nil {
			l = List{ID: id}
		}
		out = append(out, Status{List: l, InUse: slices.Contains(used, id), Damaged: err != nil})
	}
	slices.SortFunc(out, newest)
	return out, nil
}

// newest sorts the list that was loaded last first.
func newest(a, b Status) int {
	if d := b.Loaded.Compare(a.Loaded); d != 0 {
		return d
	}
	return strings.Compare(b.ID, a.ID)
}

// inUse returns the ids of the lists in use.
func (s *Store) inUse() ([]string, error) {
	b, err := os.ReadFile(s.pointer())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which code lists are in use: %w", err)
	}
	ids := strings.Fields(string(b))
	for _, id := range ids {
		if !idText.MatchString(id) {
			return nil, fault.New(fault.Unavailable, "The file that names the code lists in use is damaged: remove codelists/in-use in the data folder and load the lists again.")
		}
	}
	return ids, nil
}

// get returns a list's manifest.
func (s *Store) get(id string) (List, error) {
	var l List
	b, err := os.ReadFile(filepath.Join(s.lists(), id, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(b, &l)
	}
	switch {
	case err != nil:
		return l, damaged(id, err)
	case l.ID != id || !slices.Contains(Kinds(), l.Kind):
		return l, damaged(id, errors.New("the manifest is of another list"))
	case l.Format != format:
		return l, damaged(id, errors.New("it was made by another version of this program"))
	}
	return l, nil
}

func damaged(id string, err error) error {
	return fault.Wrap(fault.Unavailable, err, "The code list %s is damaged: run “webenable codes remove %s” and load its file again", id, id)
}

// entries reads a list's codes and compares them with the manifest.
func (s *Store) entries(l List) ([]Entry, error) {
	b, err := os.ReadFile(filepath.Join(s.lists(), l.ID, "codes.json"))
	if err != nil {
		return nil, damaged(l.ID, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != l.Stored {
		return nil, damaged(l.ID, errors.New("its codes are not as they were written"))
	}
	out := make([]Entry, 0, l.Codes)
	in := json.NewDecoder(bufio.NewReader(bytes.NewReader(b)))
	for {
		var e Entry
		if err := in.Decode(&e); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, damaged(l.ID, err)
		}
		out = append(out, e)
	}
}

// begin makes the folders, takes the lock and removes what dead commands left.
func (s *Store) begin() (*os.File, error) {
	for _, dir := range []string{s.lists(), s.building()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, cannotWrite(err)
		}
	}
	for _, dir := range []string{filepath.Dir(s.root), s.root} {
		if err := s.disk.sync(dir); err != nil {
			return nil, cannotWrite(err)
		}
	}
	lock, err := durable.Lock(filepath.Join(s.root, "codes.lock"))
	if err != nil {
		return nil, cannotWrite(err)
	}
	left, err := os.ReadDir(s.building())
	for _, d := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.building(), d.Name())))
	}
	if err != nil {
		return nil, errors.Join(cannotWrite(err), lock.Close())
	}
	return lock, nil
}

func cannotWrite(err error) error {
	return fault.Wrap(fault.Unavailable, err, "The code lists could not be written; those that were in use still are. Check free space and the rights of the data folder, then try again")
}

// Add stores lists and takes all of them into use at once; of each kind and
// edition the list that was in use goes out of use. On an error all is as it was,
// unless the error says that only the disk did not confirm the change.
func (s *Store) Add(drafts ...*Draft) ([]List, error) {
	lock, err := s.begin()
	if err != nil {
		return nil, err
	}
	added, err := s.add(drafts)
	return added, errors.Join(err, lock.Close())
}

func (s *Store) add(drafts []*Draft) ([]List, error) {
	all, err := s.Lists()
	if err != nil {
		return nil, err
	}
	var added []List
	for _, d := range drafts {
		for _, have := range all {
			if have.InUse && have.slot() == d.List.slot() && have.SHA256 == d.List.SHA256 && have.From == d.List.From && have.To == d.List.To {
				return nil, fault.New(fault.Conflict, "%s is in use already, as %s.", d.List.Source, have.ID)
			}
		}
		for _, other := range added {
			if other.slot() == d.List.slot() {
				return nil, fault.New(fault.Invalid, "%s and %s would both be %s, edition %s: name one of them, or load them one by one with --edition.", other.Source, d.List.Source, d.List.Kind, d.List.Edition)
			}
		}
		l := d.List
		var tail [2]byte
		if _, err := io.ReadFull(s.random, tail[:]); err != nil {
			return nil, fmt.Errorf("make list id: %w", err)
		}
		l.Loaded = s.now().UTC().Truncate(time.Second)
		l.ID = string(l.Kind) + l.Loaded.Format("-20060102-150405-") + hex.EncodeToString(tail[:])
		added = append(added, l)
	}
	var used []Status
	for _, have := range all {
		replaced := slices.ContainsFunc(added, func(l List) bool { return !have.Damaged && l.slot() == have.slot() })
		if have.InUse && !replaced {
			used = append(used, have)
		}
	}
	if err := s.checkChains(used, drafts); err != nil {
		return nil, err
	}
	for i := range added {
		if err := s.write(&added[i], drafts[i].Entries); err != nil {
			return nil, errors.Join(err, s.giveUp(added))
		}
		used = append(used, Status{List: added[i]})
	}
	if err := s.disk.sync(s.lists()); err != nil {
		return nil, errors.Join(cannotWrite(err), s.giveUp(added))
	}
	if err := s.point(used); err != nil {
		return nil, errors.Join(err, s.giveUp(added))
	}
	return added, nil
}

// giveUp deletes lists that were written but did not come into use.
func (s *Store) giveUp(added []List) error {
	used, err := s.inUse()
	if err != nil {
		return err
	}
	for _, l := range added {
		if !slices.Contains(used, l.ID) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.lists(), l.ID)))
		}
	}
	return err
}

// checkChains refuses successors that make a loop with those of other lists.
func (s *Store) checkChains(used []Status, drafts []*Draft) error {
	var all [][]Entry
	name := ""
	for _, d := range drafts {
		if d.List.Kind == Successors {
			name = d.List.Source
			all = append(all, d.Entries)
		}
	}
	if name == "" {
		return nil
	}
	for _, l := range used {
		if l.Kind == Successors {
			entries, err := s.entries(l.List)
			if err != nil {
				return err
			}
			all = append(all, entries)
		}
	}
	return follow(all...).check(name)
}

// write writes a list's folder beside the others and moves it among them.
func (s *Store) write(l *List, entries []Entry) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	for _, e := range entries {
		if err := out.Encode(e); err != nil {
			return fmt.Errorf("write code list: %w", err)
		}
	}
	sum := sha256.Sum256(b.Bytes())
	l.Stored = hex.EncodeToString(sum[:])
	manifest, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return fmt.Errorf("write code list: %w", err)
	}
	dir := filepath.Join(s.building(), l.ID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return cannotWrite(err)
	}
	err = s.disk.write(filepath.Join(dir, "codes.json"), b.Bytes())
	if err == nil {
		err = s.disk.write(filepath.Join(dir, "manifest.json"), append(manifest, '\n'))
	}
	if err == nil {
		err = s.disk.sync(dir)
	}
	if err == nil {
		err = s.disk.rename(dir, filepath.Join(s.lists(), l.ID))
	}
	if err != nil {
		return cannotWrite(err)
	}
	return nil
}

// point says which lists are in use. The caller holds the lock.
func (s *Store) point(used []Status) error {
	var text strings.Builder
	for _, l := range used {
		text.WriteString(l.ID + "\n")
	}
	next := s.pointer() + ".new"
	err := s.disk.write(next, []byte(text.String()))
	if err == nil {
		err = s.disk.rename(next, s.pointer())
	}
	if err != nil {
		return cannotWrite(err)
	}
	return fault.Wrap(fault.Unavailable, s.disk.sync(s.root), "The code lists were changed, but the disk did not confirm it: check the disk, and what “webenable codes list” says after the next start")
}

// Remove takes a list out of use and deletes it. If an older list of the same
// kind and edition is there it comes back into use and is returned.
func (s *Store) Remove(id string) (back List, err error) {
	if !idText.MatchString(id) {
		return List{}, noList()
	}
	if _, err := os.Stat(s.root); errors.Is(err, fs.ErrNotExist) {
		return List{}, noList()
	}
	lock, err := s.begin()
	if err != nil {
		return List{}, err
	}
	back, err = s.remove(id)
	return back, errors.Join(err, lock.Close())
}

func noList() error {
	return fault.New(fault.NotFound, "There is no such code list: see “webenable codes list”.")
}

func (s *Store) remove(id string) (List, error) {
	all, err := s.Lists()
	if err != nil {
		return List{}, err
	}
	at := slices.IndexFunc(all, func(l Status) bool { return l.ID == id })
	if at < 0 {
		return List{}, noList()
	}
	gone := all[at]
	var used []Status
	var back List
	for _, l := range all {
		switch {
		case l.ID == id:
		case l.InUse:
			used = append(used, l)
		case gone.InUse && back.ID == "" && !gone.Damaged && !l.Damaged && l.slot() == gone.slot() && !l.Loaded.After(gone.Loaded):
			back = l.List
			used = append(used, l)
		}
	}
	if gone.InUse {
		if err := s.point(used); err != nil {
			return List{}, err
		}
	}
	trash := filepath.Join(s.building(), id)
	if err := s.disk.rename(filepath.Join(s.lists(), id), trash); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return back, fault.Wrap(fault.Unavailable, err, "The list %s is out of use, but could not be deleted: try again", id)
	}
	if err := errors.Join(s.disk.sync(s.lists()), os.RemoveAll(trash)); err != nil {
		return back, fault.Wrap(fault.Unavailable, err, "The list %s is out of use, but could not be deleted: try again", id)
	}
	return back, nil
}
