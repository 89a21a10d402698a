// Package removal keeps what was taken away, so that a backup does not bring it back.
//
// A backup is older than the site that it is made of. What was revoked, closed,
// destroyed or opted out of since would be in force again once it is restored, so
// each of these is also a line of a small file beside the data (removals), before
// it is carried out: where the program dies between the two, too much stays away. A copy of that file is kept apart from the machine; restoring
// a backup wants it and applies it.
//
// The file is only ever added to. Each line holds a hash over all lines before it,
// so that a changed or missing one shows, and a file that goes on from the one in a
// backup can be told from an older one. It holds no value of a patient's record:
// people who opted out are in it by the hash that the list of opt-outs has.
package removal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"webenablehes/internal/durable"
	"webenablehes/internal/fault"
)

// Kind says what was done.
type Kind string

// The kinds, with what What and Also say.
const (
	Revoked   Kind = "agreement-revoked" // reference; why
	Removed   Kind = "member-removed"    // account; reference of the agreement
	Named     Kind = "member-named"      // likewise; takes an earlier removal back
	Closed    Kind = "account-closed"    // account
	Opened    Kind = "account-opened"    // likewise; takes an earlier closing back
	Destroyed Kind = "destroyed"         // id of a release or of staged rows
	Replaced  Kind = "replaced"          // id; id of what took its place, without some people
	OptedOut  Kind = "opted-out"         // hash of a person id
)

// Entry is one thing that was taken away or given back.
type Entry struct {
	Kind Kind   `json:"kind"`
	What string `json:"what"`
	Also string `json:"also,omitempty"`
}

// line is an entry as it is kept.
type line struct {
	Entry
	Hash string `json:"hash"` // over the hash before and the entry
}

// Name is the name of the file in a data folder.
const Name = "removals"

// Ledger is a file of removals, which need not be there yet.
type Ledger struct{ path string }

// In returns the ledger of a data folder.
func In(data string) Ledger { return Ledger{filepath.Join(data, Name)} }

// At returns the ledger of a file.
func At(path string) Ledger { return Ledger{path} }

// Add adds entries, durably, all or none of them. Several processes may.
func (l Ledger) Add(entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	cannot := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "What is taken away could not be noted for later restores: make room or check the rights of the data folder, and do it again")
	}
	lock, err := durable.Lock(l.path + ".lock")
	if err != nil {
		return cannot(err)
	}
	defer lock.Close()
	_, last, whole, err := l.read()
	if err != nil {
		return err
	}
	var text []byte
	for _, e := range entries {
		if last, err = link(last, e); err != nil {
			return err
		}
		b, err := json.Marshal(line{e, last})
		if err != nil {
			return err
		}
		text = append(append(text, b...), '\n')
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return cannot(err)
	}
	err = f.Truncate(whole) // what a dead program began was never carried out
	if err == nil {
		_, err = f.WriteAt(text, whole)
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(whole))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = durable.Sync(filepath.Dir(l.path))
	}
	return cannot(err)
}

// CopyTo brings a copy of the file up to date. What is there and is not the beginning
// of it is left alone: it is of another site, or newer.
func (l Ledger) CopyTo(path string) error {
	mine, err := l.Entries()
	if err != nil || len(mine) == 0 {
		return err
	}
	there := At(path)
	had, err := there.Entries()
	switch {
	case err != nil:
		return err
	case !Extends(mine, had):
		return fault.New(fault.Conflict, "What is where removals are copied to is not an earlier copy of them: it is of another site, or newer. Name another file.")
	}
	return there.Add(mine[len(had):]...)
}

// Entries returns all entries in order, once every line was checked.
func (l Ledger) Entries() ([]Entry, error) {
	out, _, _, err := l.read()
	return out, err
}

// read returns the entries, the last hash and how many bytes are whole lines.
func (l Ledger) read() ([]Entry, string, int64, error) {
	text, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", 0, nil
	}
	if err != nil {
		return nil, "", 0, fault.Wrap(fault.Unavailable, err, "The file of removals cannot be read; check its rights and the disk")
	}
	var out []Entry
	last, whole := "", int64(0)
	for raw := range bytes.Lines(text) {
		if raw[len(raw)-1] != '\n' {
			break // begun, and never carried out
		}
		var one line
		err := json.Unmarshal(raw, &one)
		if err == nil {
			last, err = link(last, one.Entry)
		}
		if err != nil || last != one.Hash {
			return nil, "", 0, fault.New(fault.Conflict, "The file of removals is damaged from line %d on. Take another copy of it.", len(out)+1)
		}
		out = append(out, one.Entry)
		whole += int64(len(raw))
	}
	return out, last, whole, nil
}

func link(before string, e Entry) (string, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(before+"\n"), text...))
	return hex.EncodeToString(sum[:]), nil
}

// State is what entries come to: the last word on each thing counts.
type State struct {
	Revoked  map[string]string   // agreement → why
	Removed  map[[2]string]bool  // account, agreement
	Closed   map[string]bool     // accounts
	OptedOut map[string]bool     // hashes
	gone     map[string]bool     // ids
	replaced map[string][]string // id → what took its place
}

// Sum says what entries come to.
func Sum(entries []Entry) State {
	s := State{map[string]string{}, map[[2]string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string][]string{}}
	for _, e := range entries {
		switch e.Kind {
		case Revoked:
			s.Revoked[e.What] = e.Also
		case Removed, Named:
			s.Removed[[2]string{e.What, e.Also}] = e.Kind == Removed
		case Closed, Opened:
			s.Closed[e.What] = e.Kind == Closed
		case OptedOut:
			s.OptedOut[e.What] = true
		case Destroyed:
			s.gone[e.What] = true
		case Replaced:
			s.replaced[e.What] = append(s.replaced[e.What], e.Also)
		}
	}
	return s
}

// Gone tells whether a release or staged rows were destroyed, or what took their
// place was.
func (s State) Gone(id string) bool {
	seen := map[string]bool{}
	var gone func(string) bool
	gone = func(id string) bool {
		if s.gone[id] || seen[id] {
			return s.gone[id]
		}
		seen[id] = true
		for _, next := range s.replaced[id] {
			if gone(next) {
				return true
			}
		}
		return false
	}
	return gone(id)
}

// Extends tells whether entries go on from earlier ones.
func Extends(entries, earlier []Entry) bool {
	if len(entries) < len(earlier) {
		return false
	}
	for i, e := range earlier {
		if entries[i] != e {
			return false
		}
	}
	return true
}
