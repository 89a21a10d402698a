package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Verifier checks a chain entry by entry. The zero Verifier stands before the
// first entry.
type Verifier struct {
	seq  int64
	head string
}

// Resume returns a Verifier that stands behind an entry that was checked before.
func Resume(entries int64, hash string) Verifier { return Verifier{seq: entries, head: hash} }

// Next checks the next entry. The error names the entry that is wrong: one is
// missing or out of place before it, its hash is not that of its content, or its
// content is not the canonical form of an event.
func (v *Verifier) Next(e Entry) error { return v.Follow(e, Canonical(e.Body)) }

// Follow is Next where the content was looked at before: form is what Canonical
// said of it, which can be asked of many entries at once.
func (v *Verifier) Follow(e Entry, form error) error {
	switch {
	case e.Seq != v.seq+1:
		return fmt.Errorf("entry %d: in its place stands entry %d, so entries are missing or out of place", v.seq+1, e.Seq)
	case Link(e.Seq, v.head, e.Body) != e.Hash:
		return fmt.Errorf("entry %d: its content or its place in the chain was changed", e.Seq)
	case form != nil:
		return fmt.Errorf("entry %d: %w", e.Seq, form)
	}
	v.seq, v.head = e.Seq, e.Hash
	return nil
}

// Canonical says what is wrong with the body of an entry by itself.
func Canonical(body []byte) error {
	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		return errors.New("it is not an event")
	}
	if again, err := Encode(event); err != nil || !bytes.Equal(again, body) {
		return errors.New("it is not written in the canonical form")
	}
	return nil
}

// Head returns the number of entries checked and the hash of the last one. Kept
// elsewhere, it shows later whether the end of the record was cut off.
func (v *Verifier) Head() (entries int64, hash string) { return v.seq, v.head }
