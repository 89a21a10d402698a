// Package checkpoint signs what the access record holds.
//
// The record's own chain shows any change of what is in it, but whoever cuts off
// its end, puts an older copy in its place or writes it anew from some entry on
// leaves a chain that is right in itself. A checkpoint is what shows that: the
// number of entries and the root of a Merkle tree over them (RFC 6962, as in the
// Go checksum database), signed with a key that is best kept elsewhere, to be
// printed, sent away or copied to another machine. A record extends a checkpoint
// if its first entries give the same root.
package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"webenablehes/internal/audit"
	"webenablehes/internal/fault"
)

// origin is the first line of each checkpoint.
const origin = "webenable access record"

// Checkpoint says what the record held at a moment.
type Checkpoint struct {
	Entries int64
	Root    tlog.Hash // of the tree over the bodies of the entries
	Head    string    // hash of the last entry in the chain
	At      time.Time
}

// text is what is signed.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n%s\n", origin, c.Entries, c.Root, c.Head, c.At.UTC().Format(time.RFC3339))
}

// Sign writes and signs a checkpoint.
func (k *Key) Sign(c Checkpoint) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: c.text()}, k.signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// Open reads a checkpoint and checks its signature.
func (k Public) Open(text []byte) (Checkpoint, error) {
	var c Checkpoint
	n, err := note.Open(text, k.verifiers)
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return c, fault.New(fault.Conflict, "The checkpoint was signed with another key than this one, so it proves nothing here.")
	case err != nil:
		return c, fault.New(fault.Conflict, "The checkpoint is not as it was signed.")
	}
	lines := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if len(lines) != 5 || lines[0] != origin {
		return c, fault.New(fault.Invalid, "This is no checkpoint of an access record.")
	}
	var bad [3]error
	c.Entries, bad[0] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, bad[1] = tlog.ParseHash(lines[2])
	c.Head = lines[3]
	c.At, bad[2] = time.Parse(time.RFC3339, lines[4])
	if err := errors.Join(bad[:]...); err != nil || c.text() != n.Text {
		return c, fault.New(fault.Invalid, "This is no checkpoint of an access record.")
	}
	return c, nil
}

// Split takes the checkpoints of a file apart: one after the other, with
// anything between them.
func Split(file []byte) [][]byte {
	var out [][]byte
	for {
		at := bytes.Index(file, []byte(origin+"\n"))
		if at < 0 {
			return out
		}
		file = file[at:]
		end := len(file)
		if next := bytes.Index(file[1:], []byte(origin+"\n")); next >= 0 {
			end = next + 1
		}
		one := file[:end]
		// a signature's line begins with a dash; what follows the last is not of it
		if sig := bytes.LastIndex(one, []byte("\n— ")); sig >= 0 {
			if stop := bytes.IndexByte(one[sig+1:], '\n'); stop >= 0 {
				one = one[:sig+1+stop+1]
			}
		}
		out = append(out, one)
		file = file[end:]
	}
}

// Tree is the Merkle tree over the bodies of entries, as far as it is needed to
// go on: the roots of the full subtrees from left to right.
type Tree struct {
	entries int64
	full    []tlog.Hash
}

// Add appends an entry by the hash of its body (tlog.RecordHash).
func (t *Tree) Add(h tlog.Hash) {
	for n := t.entries; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(t.full[len(t.full)-1], h)
		t.full = t.full[:len(t.full)-1]
	}
	t.full = append(t.full, h)
	t.entries++
}

// Root returns the root over all entries so far.
func (t *Tree) Root() tlog.Hash {
	if len(t.full) == 0 {
		return tlog.Hash{}
	}
	h := t.full[len(t.full)-1]
	for i := len(t.full) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.full[i], h)
	}
	return h
}

// Checker checks a record against its chain and against checkpoints. The zero
// Checker stands before the first entry and knows no checkpoint.
type Checker struct {
	chain  audit.Verifier
	tree   Tree
	want   []Checkpoint
	agreed int64 // entries of the last checkpoint that agreed
	agrees int   // how many did
}

// Expect adds a checkpoint that the record must extend.
func (c *Checker) Expect(p Checkpoint) { c.want = append(c.want, p) }

// Next checks the next entries. What can be told of each by itself is found out
// of many at once.
func (c *Checker) Next(entries []audit.Entry) error {
	leaves, forms := make([]tlog.Hash, len(entries)), make([]error, len(entries))
	var wait sync.WaitGroup
	share := len(entries)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(entries); from += share {
		wait.Go(func() {
			for i := from; i < min(from+share, len(entries)); i++ {
				leaves[i], forms[i] = tlog.RecordHash(entries[i].Body), audit.Canonical(entries[i].Body)
			}
		})
	}
	wait.Wait()
	for i, e := range entries {
		if err := c.next(e, leaves[i], forms[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checker) next(e audit.Entry, leaf tlog.Hash, form error) error {
	if err := c.chain.Follow(e, form); err != nil {
		return err
	}
	c.tree.Add(leaf)
	for _, p := range c.want {
		if p.Entries != e.Seq {
			continue
		}
		if p.Root != c.tree.Root() || p.Head != e.Hash {
			return fmt.Errorf("entry %d or one before it, but after entry %d: the record is not the one that was signed on %s; it was written anew or is another one", e.Seq, c.agreed, p.At.Format("2 January 2006 at 15:04 MST"))
		}
		c.agreed, c.agrees = p.Entries, c.agrees+1
	}
	return nil
}

// Agreed returns how many checkpoints the record was found to extend.
func (c *Checker) Agreed() int { return c.agrees }

// End checks that nothing is missing at the end.
func (c *Checker) End() error {
	n, _ := c.chain.Head()
	for _, p := range c.want {
		if p.Entries > n {
			return fmt.Errorf("entry %d: the record ends before it, but had %d entries on %s; its end was cut off, or it is an older copy", n+1, p.Entries, p.At.Format("2 January 2006 at 15:04 MST"))
		}
	}
	return nil
}

// Made returns the checkpoint of what was checked, and the state from which the
// next can go on.
func (c *Checker) Made(at time.Time) (Checkpoint, []byte) {
	n, head := c.chain.Head()
	state := binary.BigEndian.AppendUint64(nil, uint64(n))
	for _, h := range c.tree.full {
		state = append(state, h[:]...)
	}
	return Checkpoint{Entries: n, Root: c.tree.Root(), Head: head, At: at.UTC().Truncate(time.Second)}, state
}

// Resume returns a Checker that stands behind a checkpoint that was opened, from
// the state that was kept with it.
func Resume(p Checkpoint, state []byte) (*Checker, error) {
	c := &Checker{chain: audit.Resume(p.Entries, p.Head), agreed: p.Entries}
	if len(state) >= 8 {
		c.tree.entries = int64(binary.BigEndian.Uint64(state))
		for rest := state[8:]; len(rest) >= tlog.HashSize; rest = rest[tlog.HashSize:] {
			c.tree.full = append(c.tree.full, tlog.Hash(rest[:tlog.HashSize]))
		}
	}
	if c.tree.entries != p.Entries || c.tree.Root() != p.Root {
		return nil, fault.New(fault.Conflict, "What was kept with the last checkpoint is not what was signed. Check the whole record with “webenable audit verify”.")
	}
	return c, nil
}
